//! The type checker: resolves names, binds arguments, and gives every node a type. Errors are collected; one mistake
//! gives one message, because `Type::Unknown` fits everywhere.

mod access;
mod call;
mod operator;
mod params;

use rustc_hash::FxHashMap;

use crate::ast::{Expr, ExprKind, Literal, Span};
use crate::diagnostic::{Diagnostic, Severity};
use crate::limits::MAX_DIAGNOSTICS;
use crate::schema::Schema;
use crate::typed::{Checked, Const, Typed, TypedKind, Uses};
use crate::types::Type;

/// What checking found.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The typed tree, when there is no error.
    pub checked: Option<Checked>,
    /// Errors and warnings in source order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks a parsed source against the host's world. The result may have any type; see [`require_bool`].
#[must_use]
pub fn check(source: &str, expr: &Expr, schema: &Schema) -> Outcome {
    let mut checker = Checker {
        source,
        schema,
        scopes: Vec::new(),
        lists: Vec::new(),
        list_ids: FxHashMap::default(),
        uses: Uses::default(),
        diagnostics: Vec::new(),
    };
    let root = checker.expr(expr);
    let Checker { lists, uses, mut diagnostics, .. } = checker;
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    Outcome { checked: (!failed).then_some(Checked { root, lists, uses }), diagnostics }
}

/// The error of a rule whose value is not a truth value.
#[must_use]
pub fn require_bool(source: &str, checked: &Checked, schema: &Schema) -> Option<Diagnostic> {
    let ty = &checked.root.ty;
    if *ty == Type::Bool || ty.is_open() {
        return None;
    }
    let message = format!("a rule must be bool, this is {}", ty.name(schema));
    let help = truth_help(ty).map(str::to_owned);
    Some(Diagnostic::new(Severity::Error, source, checked.root.span, message).with_help(help))
}

fn truth_help(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Json => Some("compare it, as in `x == true`"),
        Type::Array(_) => Some("write `length(…) > 0` or `any(…, …)`"),
        Type::String | Type::Shape(_) => Some("write `… is not null`, or compare it"),
        Type::Int | Type::Float => Some("compare it, as in `x > 0`"),
        _ => None,
    }
}

struct Checker<'a> {
    source: &'a str,
    schema: &'a Schema,
    /// Item types, innermost last.
    scopes: Vec<Type>,
    lists: Vec<Box<str>>,
    list_ids: FxHashMap<Box<str>, u32>,
    uses: Uses,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    fn report(&mut self, severity: Severity, span: Span, message: String, help: Option<String>) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            let diagnostic = Diagnostic::new(severity, self.source, span, message).with_help(help);
            self.diagnostics.push(diagnostic);
        }
    }

    fn error(&mut self, span: Span, message: impl Into<String>, help: Option<String>) -> Typed {
        self.report(Severity::Error, span, message.into(), help);
        unknown(span)
    }

    fn warn(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        self.report(Severity::Warning, span, message.into(), help);
    }

    fn name(&self, ty: &Type) -> String {
        ty.name(self.schema)
    }

    fn expr(&mut self, expr: &Expr) -> Typed {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Literal(literal) => constant(span, literal),
            ExprKind::List(name) => self.list(span, name),
            ExprKind::Root(name) => self.root(span, name),
            ExprKind::Item { dots } => self.item(span, *dots),
            ExprKind::Access { base, steps } => self.access(base, steps),
            ExprKind::Call { name, args } => self.call(span, name, args),
            ExprKind::Array(items) => self.array(span, items),
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Not(operand) => {
                let operand = self.truth(operand, "`not`");
                typed(span, Type::Bool, TypedKind::Not(Box::new(operand)))
            }
            ExprKind::Neg(operand) => self.neg(span, operand),
            ExprKind::And(items) => {
                let items = items.iter().map(|item| self.truth(item, "`and`")).collect();
                typed(span, Type::Bool, TypedKind::And(items))
            }
            ExprKind::Or(items) => {
                let items = items.iter().map(|item| self.truth(item, "`or`")).collect();
                typed(span, Type::Bool, TypedKind::Or(items))
            }
            ExprKind::Compare { first, rest } => self.compare(span, first, rest),
            ExprKind::Arith { first, rest } => self.arith(span, first, rest),
            ExprKind::In { left, negated, fold, right } => {
                self.membership(span, left, (*negated, *fold), right)
            }
            ExprKind::IsNull { operand, negated } => self.is_null(span, operand, *negated),
            ExprKind::Of { threshold, items } => self.of(span, threshold, items),
        }
    }

    /// An expression where a truth value is needed.
    fn truth(&mut self, expr: &Expr, place: &str) -> Typed {
        let value = self.expr(expr);
        if value.ty == Type::Bool || value.ty.is_open() {
            return value;
        }
        let message = format!("{place} needs bool, this is {}", self.name(&value.ty));
        let help = truth_help(&value.ty).map(str::to_owned);
        self.error(value.span, message, help)
    }

    /// A value where text is needed: JSON values are unwrapped.
    fn text(&mut self, value: Typed, place: &str) -> Typed {
        match value.ty {
            Type::Json => json_text(value),
            Type::String | Type::Null | Type::Unknown => value,
            _ => {
                let message = format!("{place} needs string, this is {}", self.name(&value.ty));
                self.error(value.span, message, None)
            }
        }
    }

    fn list(&mut self, span: Span, name: &str) -> Typed {
        let element = match self.schema.list(name) {
            Some(element) => element.clone(),
            None => {
                if !self.list_ids.contains_key(name) {
                    let help = self.suggest(name, self.schema.lists().iter().map(|(name, _)| &**name), "$");
                    self.warn(
                        span,
                        format!("unknown list `${name}`; it is taken as a list of strings"),
                        help,
                    );
                }
                Type::String
            }
        };
        self.uses.lists.insert(name.to_owned());
        let next = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        let id = *self.list_ids.entry(name.into()).or_insert(next);
        if id == next {
            self.lists.push(name.into());
        }
        typed(span, element.array(), TypedKind::List(id))
    }

    fn suggest<'n>(&self, wanted: &str, names: impl Iterator<Item = &'n str>, sigil: &str) -> Option<String> {
        crate::diagnostic::nearest(wanted, names).map(|name| format!("did you mean `{sigil}{name}`?"))
    }

    fn array(&mut self, span: Span, items: &[Expr]) -> Typed {
        let items: Vec<Typed> = items.iter().map(|item| self.expr(item)).collect();
        let mut of = Type::Null;
        for item in &items {
            match of.common(&item.ty) {
                Some(common) => of = common,
                None => {
                    let message = format!(
                        "elements of an array have one type: {} after {}",
                        self.name(&item.ty),
                        self.name(&of)
                    );
                    return self.error(item.span, message, None);
                }
            }
        }
        typed(span, of.array(), TypedKind::Array(items))
    }
}

fn typed(span: Span, ty: Type, kind: TypedKind) -> Typed {
    Typed { span, ty, kind }
}

/// What stands for an expression that is wrong.
fn unknown(span: Span) -> Typed {
    typed(span, Type::Unknown, TypedKind::Const(Const::Null))
}

fn json_text(value: Typed) -> Typed {
    typed(value.span, Type::String, TypedKind::JsonText(Box::new(value)))
}

fn constant(span: Span, literal: &Literal) -> Typed {
    let (ty, value) = match literal {
        Literal::Null => (Type::Null, Const::Null),
        Literal::Bool(value) => (Type::Bool, Const::Bool(*value)),
        Literal::Int(value) => (Type::Int, Const::Int(*value)),
        Literal::Float(value) => (Type::Float, Const::Float(*value)),
        Literal::Str { value, .. } => (Type::String, Const::Str(value.clone())),
    };
    typed(span, ty, TypedKind::Const(value))
}

#[cfg(test)]
mod tests;
