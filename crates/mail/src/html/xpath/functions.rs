//! XPath's core functions (XPath 1.0 §4).

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::Expr;
use super::claims::{contains, translate};
use super::eval::{Context, Eval, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Boolean,
    Ceiling,
    Concat,
    Contains,
    Count,
    False,
    Floor,
    Last,
    Name,
    NormalizeSpace,
    Not,
    Number,
    Position,
    Round,
    StartsWith,
    Str,
    StringLength,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Translate,
    True,
}

/// One space where there was white space, none at the ends. Most texts of a page are so already, or nothing else.
fn normalized(text: Cow<'_, str>) -> Cow<'_, str> {
    let trimmed = text.trim_ascii();
    let mut before = b'x';
    let tidy = trimmed.bytes().all(|byte| {
        let tidy = !byte.is_ascii_whitespace() || byte == b' ' && before != b' ';
        before = byte;
        tidy
    });
    match text {
        Cow::Borrowed(text) if tidy => Cow::Borrowed(text.trim_ascii()),
        _ if tidy => Cow::Owned(trimmed.to_owned()),
        _ => Cow::Owned(trimmed.split_ascii_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

impl Function {
    pub(super) fn of(name: &str) -> Option<Function> {
        Some(match name {
            "boolean" => Function::Boolean,
            "ceiling" => Function::Ceiling,
            "concat" => Function::Concat,
            "contains" => Function::Contains,
            "count" => Function::Count,
            "false" => Function::False,
            "floor" => Function::Floor,
            "last" => Function::Last,
            "local-name" | "name" => Function::Name,
            "normalize-space" => Function::NormalizeSpace,
            "not" => Function::Not,
            "number" => Function::Number,
            "position" => Function::Position,
            "round" => Function::Round,
            "starts-with" => Function::StartsWith,
            "string" => Function::Str,
            "string-length" => Function::StringLength,
            "substring" => Function::Substring,
            "substring-after" => Function::SubstringAfter,
            "substring-before" => Function::SubstringBefore,
            "sum" => Function::Sum,
            "translate" => Function::Translate,
            "true" => Function::True,
            _ => return None,
        })
    }

    pub(super) fn arity(self) -> RangeInclusive<usize> {
        match self {
            Function::False | Function::Last | Function::Position | Function::True => 0..=0,
            Function::Name
            | Function::NormalizeSpace
            | Function::Number
            | Function::Str
            | Function::StringLength => 0..=1,
            Function::Boolean
            | Function::Ceiling
            | Function::Count
            | Function::Floor
            | Function::Not
            | Function::Round
            | Function::Sum => 1..=1,
            Function::Contains
            | Function::StartsWith
            | Function::SubstringAfter
            | Function::SubstringBefore => 2..=2,
            Function::Substring => 2..=3,
            Function::Translate => 3..=3,
            Function::Concat => 2..=64,
        }
    }

    pub(super) fn call<'v, 'a: 'v>(
        self,
        eval: &Eval<'a>,
        arguments: &'v [Expr],
        context: Context,
    ) -> Value<'v> {
        let value = |index: usize| match arguments.get(index) {
            Some(expr) => eval.value(expr, context),
            None => Value::Nodes(vec![context.item]),
        };
        let text = |index: usize| eval.text_at(arguments, index, context);
        let number = |index: usize| eval.number(&value(index));
        match self {
            Function::Boolean => Value::Bool(value(0).truth()),
            Function::Not => Value::Bool(!value(0).truth()),
            Function::True => Value::Bool(true),
            Function::False => Value::Bool(false),
            Function::Last => Value::Number(context.size as f64),
            Function::Position => Value::Number(context.position as f64),
            Function::Ceiling => Value::Number(number(0).ceil()),
            Function::Floor => Value::Number(number(0).floor()),
            Function::Round => Value::Number((number(0) + 0.5).floor()),
            Function::Number => Value::Number(number(0)),
            Function::Count => match value(0) {
                Value::Nodes(nodes) => Value::Number(nodes.len() as f64),
                _ => Value::Number(f64::NAN),
            },
            Function::Sum => match value(0) {
                Value::Nodes(nodes) => {
                    Value::Number(nodes.iter().map(|item| eval.number(&Value::Nodes(vec![*item]))).sum())
                }
                _ => Value::Number(f64::NAN),
            },
            Function::Name => match value(0) {
                Value::Nodes(nodes) => {
                    Value::Text(Cow::Borrowed(nodes.first().map_or("", |item| eval.name(*item))))
                }
                _ => Value::Text(Cow::Borrowed("")),
            },
            Function::Str => Value::Text(text(0)),
            Function::StringLength => Value::Number(text(0).chars().count() as f64),
            Function::NormalizeSpace => Value::Text(normalized(text(0))),
            Function::Concat => Value::Text((0..arguments.len()).map(text).collect::<String>().into()),
            Function::Contains => Value::Bool(contains(&text(0), &text(1))),
            Function::StartsWith => Value::Bool(text(0).starts_with(&*text(1))),
            Function::SubstringAfter => {
                let after =
                    text(0).split_once(&*text(1)).map_or(String::new(), |(_, after)| after.to_owned());
                Value::Text(after.into())
            }
            Function::SubstringBefore => {
                let before =
                    text(0).split_once(&*text(1)).map_or(String::new(), |(before, _)| before.to_owned());
                Value::Text(before.into())
            }
            Function::Substring => {
                let start = (number(1) + 0.5).floor();
                let end = if arguments.len() > 2 { start + (number(2) + 0.5).floor() } else { f64::INFINITY };
                let inside = |at: usize| (at + 1) as f64 >= start && ((at + 1) as f64) < end;
                let kept =
                    text(0).chars().enumerate().filter(|(at, _)| inside(*at)).map(|(_, c)| c).collect();
                Value::Text(Cow::Owned(kept))
            }
            Function::Translate => Value::Text(translate(text(0), &text(1), &text(2))),
        }
    }
}
