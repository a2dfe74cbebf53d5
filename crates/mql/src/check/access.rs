//! Checks names and what is reached from them: roots, loop items, members, indexes, slices.

use super::{Checker, json_text, typed, unknown};
use crate::ast::{Expr, Name, Span, Step};
use crate::typed::{IndexKind, Typed, TypedKind};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn root(&mut self, span: Span, name: &str) -> Typed {
        let schema = self.schema;
        if let Some(id) = schema.root_id(name)
            && let Some((_, ty)) = schema.roots().get(id as usize)
        {
            self.uses.roots.insert(name.to_owned());
            return typed(span, ty.clone(), TypedKind::Root(id));
        }
        // Inside a loop the dot is what people forget.
        let member = match self.scopes.last() {
            Some(Type::Shape(id)) => schema.shape(*id).and_then(|shape| shape.field(name)).is_some(),
            _ => false,
        };
        let help = if member {
            Some(format!("did you mean `.{name}`, the member of the loop's item?"))
        } else {
            self.suggest(name, schema.roots().iter().map(|(name, _)| &**name), "")
        };
        self.error(span, format!("unknown name `{name}`"), help)
    }

    pub(super) fn item(&mut self, span: Span, dots: u32) -> Typed {
        let loops = self.scopes.len();
        let at = loops.checked_sub(dots as usize);
        if let Some(ty) = at.and_then(|at| self.scopes.get(at)) {
            return typed(span, ty.clone(), TypedKind::Item(dots.saturating_sub(1)));
        }
        let shown = if dots <= 8 { ".".repeat(dots as usize) } else { format!("{dots} dots") };
        let message = match loops {
            0 => format!("`{shown}` stands outside of any loop"),
            1 => format!("`{shown}` needs {dots} loops around it, there is 1"),
            _ => format!("`{shown}` needs {dots} loops around it, there are {loops}"),
        };
        let help = "only the arguments after the first of any, all, filter, map, distinct, sum and ratio are in the loop";
        self.error(span, message, Some(help.to_owned()))
    }

    pub(super) fn access(&mut self, base: &Expr, steps: &[Step]) -> Typed {
        let mut value = self.expr(base);
        for step in steps {
            value = match step {
                Step::Member(name) => self.member(value, name),
                Step::Index(index, at) => self.index(value, index, *at),
                Step::Slice(from, to, at) => self.slice(value, (from.as_deref(), to.as_deref()), *at),
            };
        }
        value
    }

    fn member(&mut self, base: Typed, name: &Name) -> Typed {
        let span = base.span.to(name.span);
        let id = match &base.ty {
            Type::Shape(id) => *id,
            Type::Unknown | Type::Null => return unknown(span),
            other => {
                let help = match other {
                    Type::Array(_) => Some(format!(
                        "loop over it, as in `any(…, .{} …)`, or take one, as in `[0]`",
                        name.text
                    )),
                    Type::Json | Type::Map(_) => Some(format!("write `[\"{}\"]`", name.text)),
                    _ => None,
                };
                let message = format!("{} has no members, so no `{}`", self.name(other), name.text);
                return self.error(name.span, message, help);
            }
        };
        let Some(shape) = self.schema.shape(id) else { return unknown(span) };
        if let Some((field, ty)) = shape.field(&name.text) {
            let kind = TypedKind::Field { base: Box::new(base), shape: id, field };
            return typed(span, ty.clone(), kind);
        }
        let help = self.suggest(&name.text, shape.fields.iter().map(|(name, _)| &**name), "");
        let message = format!("unknown member `{}` of {}", name.text, shape.name);
        self.error(name.span, message, help)
    }

    fn index(&mut self, base: Typed, index: &Expr, at: Span) -> Typed {
        let index = self.expr(index);
        let span = base.span.to(at);
        let (by, ty) = match &base.ty {
            Type::Array(of) => (IndexKind::Array, (**of).clone()),
            Type::Map(of) => (IndexKind::Map, (**of).clone()),
            Type::Json => (IndexKind::Json, Type::Json),
            Type::Unknown | Type::Null => return unknown(span),
            other => {
                let help = (*other == Type::String).then(|| "a part of a string is `[from:to]`".to_owned());
                let message = format!("{} cannot be indexed", self.name(other));
                return self.error(at, message, help);
            }
        };
        let fits = match by {
            IndexKind::Array => index.ty == Type::Int,
            IndexKind::Map => matches!(index.ty, Type::String | Type::Json),
            IndexKind::Json => matches!(index.ty, Type::String | Type::Int | Type::Json),
        };
        if !fits && !index.ty.is_open() {
            let wanted = match by {
                IndexKind::Array => "int",
                IndexKind::Map => "string",
                IndexKind::Json => "string or int",
            };
            let message =
                format!("index of {} is {wanted}, this is {}", self.name(&base.ty), self.name(&index.ty));
            return self.error(index.span, message, None);
        }
        let index = if by == IndexKind::Map && index.ty == Type::Json { json_text(index) } else { index };
        typed(span, ty, TypedKind::Index { base: Box::new(base), index: Box::new(index), by })
    }

    fn slice(&mut self, base: Typed, (from, to): (Option<&Expr>, Option<&Expr>), at: Span) -> Typed {
        let span = base.span.to(at);
        let mut bound = |expr: Option<&Expr>| {
            let value = self.expr(expr?);
            if value.ty == Type::Int || value.ty.is_open() {
                return Some(Box::new(value));
            }
            let message = format!("bound of a slice is int, this is {}", self.name(&value.ty));
            Some(Box::new(self.error(value.span, message, None)))
        };
        let (from, to) = (bound(from), bound(to));
        match &base.ty {
            Type::String | Type::Array(_) => {
                typed(span, base.ty.clone(), TypedKind::Slice { base: Box::new(base), from, to })
            }
            Type::Unknown | Type::Null => unknown(span),
            other => {
                let message = format!("{} has no slices", self.name(other));
                self.error(at, message, None)
            }
        }
    }
}
