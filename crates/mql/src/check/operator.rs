//! Checks operators against the table of mql.md §1.5.

use super::{Checker, json_text, typed, unknown};
use crate::ast::{ArithOp, CmpOp, Expr, ExprKind, InRight, Literal, Span};
use crate::typed::{Set, Typed, TypedKind};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn neg(&mut self, span: Span, operand: &Expr) -> Typed {
        let operand = self.number(operand, "-");
        typed(span, operand.ty.clone(), TypedKind::Neg(Box::new(operand)))
    }

    fn number(&mut self, expr: &Expr, op: &str) -> Typed {
        let value = self.expr(expr);
        if value.ty.is_numeric() || value.ty.is_open() {
            return value;
        }
        let help = (value.ty == Type::String && op == "+")
            .then(|| "join strings with `strings.concat(a, b)`".to_owned());
        let message = format!("`{op}` needs numbers, this is {}", self.name(&value.ty));
        self.error(value.span, message, help)
    }

    pub(super) fn arith(&mut self, span: Span, first: &Expr, rest: &[(ArithOp, Expr)]) -> Typed {
        let op = rest.first().map_or("+", |(op, _)| op.text());
        let first = self.number(first, op);
        let mut ty = first.ty.clone();
        let mut tails = Vec::with_capacity(rest.len());
        for (op, operand) in rest {
            let operand = self.number(operand, op.text());
            ty = ty.common(&operand.ty).unwrap_or(Type::Unknown);
            tails.push((*op, operand));
        }
        typed(span, ty, TypedKind::Arith { first: Box::new(first), rest: tails })
    }

    pub(super) fn compare(&mut self, span: Span, first: &Expr, rest: &[(CmpOp, Expr)]) -> Typed {
        let mut first = self.expr(first);
        let mut tails: Vec<(CmpOp, Typed)> = Vec::with_capacity(rest.len());
        for (op, operand) in rest {
            let mut right = self.expr(operand);
            let left = tails.last_mut().map_or(&mut first, |(_, operand)| operand);
            if self.compare_pair(span, *op, left, &right) && matches!(op, CmpOp::EqFold | CmpOp::NeFold) {
                for side in [left, &mut right] {
                    if side.ty == Type::Json {
                        *side = json_text(std::mem::replace(side, unknown(span)));
                    }
                }
            }
            tails.push((*op, right));
        }
        typed(span, Type::Bool, TypedKind::Compare { first: Box::new(first), rest: tails })
    }

    /// Reports a pair that does not compare; true when it does.
    fn compare_pair(&mut self, span: Span, op: CmpOp, left: &Typed, right: &Typed) -> bool {
        let null = [left, right].into_iter().find(|side| side.ty == Type::Null);
        if let Some(null) = null {
            let help = match op {
                CmpOp::Eq => Some("write `is null`".to_owned()),
                CmpOp::Ne => Some("write `is not null`".to_owned()),
                _ => None,
            };
            self.warn(null.span, format!("`{}` with null is never true", op.text()), help);
            return true;
        }
        let (a, b) = (&left.ty, &right.ty);
        if a.is_open() || b.is_open() {
            return true;
        }
        let scalar_or_json = |ty: &Type| ty.is_scalar() || *ty == Type::Json;
        let same = a == b || (a.is_numeric() && b.is_numeric());
        let json = *a == Type::Json || *b == Type::Json;
        let fits = match op {
            CmpOp::Eq | CmpOp::Ne => scalar_or_json(a) && scalar_or_json(b) && (same || json),
            CmpOp::EqFold | CmpOp::NeFold => {
                [a, b].into_iter().all(|ty| matches!(ty, Type::String | Type::Json))
            }
            CmpOp::Lt | CmpOp::Le | CmpOp::Gt | CmpOp::Ge => {
                let ordered = |ty: &Type| scalar_or_json(ty) && *ty != Type::Bool;
                ordered(a) && ordered(b) && (same || json)
            }
        };
        if !fits {
            let message = format!("`{}` cannot compare {} with {}", op.text(), self.name(a), self.name(b));
            let array = [a, b].into_iter().any(|ty| matches!(ty, Type::Array(_)));
            let help = array.then(|| "look into an array with `in` or `any(…, …)`".to_owned());
            self.error(span, message, help);
        }
        fits
    }

    pub(super) fn membership(
        &mut self,
        span: Span,
        left: &Expr,
        (negated, fold): (bool, bool),
        right: &InRight,
    ) -> Typed {
        let mut left = self.expr(left);
        if fold {
            left = self.text(left, "`in~`");
        } else if !(left.ty.is_scalar() || left.ty == Type::Json || left.ty.is_open()) {
            let message = format!("`in` looks for a string or a number, this is {}", self.name(&left.ty));
            left = self.error(left.span, message, None);
        }
        let right = match right {
            InRight::Tuple(items, _) => {
                Set::Tuple(items.iter().map(|item| self.tuple_item(item, &left.ty, fold)).collect())
            }
            InRight::Expr(expr) => Set::Array(Box::new(self.set(expr, &left.ty))),
        };
        typed(span, Type::Bool, TypedKind::In { left: Box::new(left), negated, fold, right })
    }

    fn tuple_item(&mut self, item: &Expr, left: &Type, fold: bool) -> Typed {
        let value = self.expr(item);
        let word = if fold { "in~" } else { "in" };
        if fold && value.ty == Type::Json {
            return json_text(value);
        }
        if same_kind(left, &value.ty) {
            return value;
        }
        let help = matches!(value.ty, Type::Array(_)).then(|| format!("write `{word} …` without brackets"));
        let message = format!("`{word}` looks for {}, this is {}", self.name(left), self.name(&value.ty));
        self.error(value.span, message, help)
    }

    fn set(&mut self, expr: &Expr, left: &Type) -> Typed {
        let value = self.expr(expr);
        match &value.ty {
            Type::Array(of) if same_kind(left, of) => value,
            Type::Json | Type::Unknown | Type::Null => value,
            Type::Array(of) => {
                let message = format!("`in` looks for {} in an array of {}", self.name(left), self.name(of));
                self.error(value.span, message, None)
            }
            other => {
                let message = format!("right of `in` stands an array, this is {}", self.name(other));
                let help = other.is_scalar().then(|| "write `(…)` around it for one value".to_owned());
                self.error(value.span, message, help)
            }
        }
    }

    pub(super) fn is_null(&mut self, span: Span, operand: &Expr, negated: bool) -> Typed {
        let operand = self.expr(operand);
        if matches!(operand.ty, Type::Array(_)) {
            let help = "an absent array is empty: write `length(…) == 0`";
            return self.error(operand.span, "an array cannot be tested for null", Some(help.to_owned()));
        }
        typed(span, Type::Bool, TypedKind::IsNull { operand: Box::new(operand), negated })
    }

    pub(super) fn of(&mut self, span: Span, threshold: &Expr, items: &[Expr]) -> Typed {
        let count = items.len();
        let items = items.iter().map(|item| self.truth(item, "`of`")).collect();
        let wanted = match &threshold.kind {
            ExprKind::Literal(Literal::Int(wanted)) => *wanted,
            _ => {
                let help = Some("as in `2 of (a, b, c)`".to_owned());
                return self.error(threshold.span, "before `of` stands a whole number", help);
            }
        };
        match u32::try_from(wanted) {
            Ok(wanted) if wanted >= 1 && wanted as usize <= count => {
                typed(span, Type::Bool, TypedKind::Of { threshold: wanted, items })
            }
            _ => {
                let message = format!("`{wanted} of` has {count} clauses, so the number is 1 to {count}");
                self.error(threshold.span, message, None)
            }
        }
    }
}

/// Values of the two can be equal.
fn same_kind(a: &Type, b: &Type) -> bool {
    a.is_open()
        || b.is_open()
        || (a.is_scalar() && a == b)
        || (a.is_numeric() && b.is_numeric())
        || (*a == Type::Json && (b.is_scalar() || *b == Type::Json))
        || (*b == Type::Json && a.is_scalar())
}
