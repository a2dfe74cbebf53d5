//! Operators over values: comparison, arithmetic, cutting.

use crate::text::eq_fold;
use crate::truth::Truth;
use crate::typed::{ArithOp, CmpOp};
use crate::value::Value;

/// JSON scalars are scalars wherever they come from.
pub(crate) fn plain(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Json(json) => Value::json(json),
        value => value,
    }
}

/// Comparison of two values; null when either is null or the types differ.
pub(crate) fn compare(op: CmpOp, left: Value<'_>, right: Value<'_>) -> Truth {
    use std::cmp::Ordering as O;
    if let (Value::Str(a), Value::Str(b)) = (left, right) {
        return compare_texts(op, a, b);
    }
    if left.is_null() || right.is_null() {
        return Truth::NULL;
    }
    let order = match (plain(left), plain(right)) {
        (Value::Unknown(a), Value::Unknown(b)) => return Truth::unknown(a | b),
        (Value::Unknown(missing), _) | (_, Value::Unknown(missing)) => return Truth::unknown(missing),
        (Value::Str(a), Value::Str(b)) => return compare_texts(op, a, b),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(&b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(&b)),
        (Value::Int(a), Value::Float(b)) => (a as f64).partial_cmp(&b),
        (Value::Float(a), Value::Int(b)) => a.partial_cmp(&(b as f64)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(&b),
        (Value::Object(a), Value::Object(b)) => {
            let same = a.identity() == b.identity() && a.shape() == b.shape();
            return match op {
                CmpOp::Eq => same.into(),
                CmpOp::Ne => (!same).into(),
                _ => Truth::NULL,
            };
        }
        _ => None,
    };
    order.map_or(Truth::NULL, |o: O| ordered(op, o))
}

/// Nearly all that is compared.
#[inline]
fn compare_texts(op: CmpOp, a: &str, b: &str) -> Truth {
    match op {
        CmpOp::EqFold => eq_fold(a, b).into(),
        CmpOp::NeFold => (!eq_fold(a, b)).into(),
        CmpOp::Eq => (a == b).into(),
        CmpOp::Ne => (a != b).into(),
        op => ordered(op, a.cmp(b)),
    }
}

fn ordered(op: CmpOp, order: std::cmp::Ordering) -> Truth {
    match op {
        CmpOp::Eq | CmpOp::EqFold => order.is_eq(),
        CmpOp::Ne | CmpOp::NeFold => order.is_ne(),
        CmpOp::Lt => order.is_lt(),
        CmpOp::Le => order.is_le(),
        CmpOp::Gt => order.is_gt(),
        CmpOp::Ge => order.is_ge(),
    }
    .into()
}

/// Integer when both are; overflow and division by zero give null.
pub(crate) fn arith<'a>(op: ArithOp, left: Value<'a>, right: Value<'a>) -> Value<'a> {
    if left.is_null() || right.is_null() {
        return Value::Null;
    }
    let (a, b) = match (left, right) {
        (Value::Unknown(a), Value::Unknown(b)) => return Value::Unknown(a | b),
        (Value::Unknown(missing), _) | (_, Value::Unknown(missing)) => return Value::Unknown(missing),
        (Value::Int(a), Value::Int(b)) => {
            let result = match op {
                ArithOp::Add => a.checked_add(b),
                ArithOp::Sub => a.checked_sub(b),
                ArithOp::Mul => a.checked_mul(b),
                ArithOp::Div => a.checked_div(b),
                ArithOp::Rem => a.checked_rem(b),
            };
            return result.map_or(Value::Null, Value::Int);
        }
        (a, b) => match (number(a), number(b)) {
            (Some(a), Some(b)) => (a, b),
            _ => return Value::Null,
        },
    };
    let result = match op {
        ArithOp::Add => a + b,
        ArithOp::Sub => a - b,
        ArithOp::Mul => a * b,
        ArithOp::Div => a / b,
        ArithOp::Rem => a % b,
    };
    if result.is_finite() { Value::Float(result) } else { Value::Null }
}

pub(crate) fn number(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Int(i) => Some(i as f64),
        Value::Float(f) => Some(f),
        _ => None,
    }
}

/// Code points `from..to`.
pub(crate) fn cut(text: &str, from: usize, to: usize) -> &str {
    if to <= from {
        return "";
    }
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    let (start, end) =
        if text.is_ascii() { (from.min(text.len()), to.min(text.len())) } else { (at(from), at(to)) };
    text.get(start..end).unwrap_or("")
}
