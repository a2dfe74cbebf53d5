//! Whether a predicate holds of a node, without making the text and the lists of nodes that it asks about: `//*[…]`
//! asks every element of a page, and nearly all of them have no such attribute.

use std::borrow::Cow;

use memchr::memmem;

use super::eval::{Context, Eval};
use super::functions::Function;
use super::{Axis, Expr, Op, Step, Test};
use crate::html::tree::NONE;

impl<'a> Eval<'a> {
    /// The truth of an expression that is not a number (a number is a place; see `filter`).
    pub(super) fn holds(&self, expr: &Expr, context: Context) -> bool {
        match expr {
            Expr::Binary(Op::Or, left, right) => self.holds(left, context) || self.holds(right, context),
            Expr::Binary(Op::And, left, right) => self.holds(left, context) && self.holds(right, context),
            Expr::Call(Function::Not, inner) => match inner.first() {
                Some(inner) => !self.holds(inner, context),
                None => self.value(expr, context).truth(),
            },
            Expr::Call(Function::Contains, arguments) => self.of_two(arguments, context, contains),
            Expr::Call(Function::StartsWith, arguments) => {
                self.of_two(arguments, context, |text, start| text.starts_with(start))
            }
            Expr::Call(Function::NormalizeSpace, arguments) => {
                let text = self.text_at(arguments, 0, context);
                text.bytes().any(|byte| !byte.is_ascii_whitespace())
            }
            _ => match attribute(expr) {
                Some(name) if self.spend(1) => self.attribute(context, name).is_some(),
                _ => self.value(expr, context).truth(),
            },
        }
    }

    fn of_two(&self, arguments: &[Expr], context: Context, test: fn(&str, &str) -> bool) -> bool {
        test(&self.text_at(arguments, 0, context), &self.text_at(arguments, 1, context))
    }

    /// An argument as text; without it, the text of the node itself.
    pub(super) fn text_at<'v>(&self, arguments: &'v [Expr], index: usize, context: Context) -> Cow<'v, str>
    where
        'a: 'v,
    {
        let Some(expr) = arguments.get(index) else { return self.text_of(context.item) };
        match attribute(expr) {
            Some(name) if self.spend(1) => Cow::Borrowed(self.attribute(context, name).unwrap_or_default()),
            _ => self.string(self.value(expr, context)),
        }
    }

    /// The value of an attribute of the node.
    fn attribute(&self, context: Context, name: &str) -> Option<&'a str> {
        let item = context.item;
        let node = self.html.tree.get(item.id).filter(|_| item.attr == NONE)?;
        let attr = self.html.tree.attrs_of(&node.data).iter().find(|attr| *attr.name == *name)?;
        let value = attr.value.of(&self.html.tree.text);
        self.spend(value.len() / 64);
        Some(value)
    }
}

/// `@name`, with nothing before or after it.
fn attribute(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Path { absolute: false, steps } => match steps.as_slice() {
            [Step { axis: Axis::Attribute, test: Test::Name(name), predicates }] if predicates.is_empty() => {
                Some(name)
            }
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn contains(text: &str, part: &str) -> bool {
    part.len() <= text.len() && memmem::find(text.as_bytes(), part.as_bytes()).is_some()
}

/// Each character of `from` becomes the one of `to` at its place, or nothing.
pub(super) fn translate<'t>(text: Cow<'t, str>, from: &str, to: &str) -> Cow<'t, str> {
    let pairs = || from.chars().zip(to.chars().map(Some).chain(std::iter::repeat(None)));
    if from.is_ascii() && to.is_ascii() {
        return translate_ascii(text, pairs());
    }
    let pairs: Vec<(char, Option<char>)> = pairs().collect();
    let map = |c: char| pairs.iter().find(|(from, _)| *from == c).map_or(Some(c), |(_, to)| *to);
    Cow::Owned(text.chars().filter_map(map).collect())
}

/// Nearly always capitals to small letters, asked about an attribute of every element.
fn translate_ascii<'t>(
    text: Cow<'t, str>,
    pairs: impl Iterator<Item = (char, Option<char>)>,
) -> Cow<'t, str> {
    if text.is_empty() {
        return text;
    }
    let mut table: [Option<char>; 128] = std::array::from_fn(|at| char::from_u32(at as u32));
    let mut changed = 0u128;
    for (from, to) in pairs {
        let bit = 1 << (from as u32);
        if changed & bit == 0
            && let Some(place) = table.get_mut(from as usize)
        {
            *place = to;
            changed |= bit;
        }
    }
    if !text.bytes().any(|b| b.is_ascii() && changed & (1 << b) != 0) {
        return text;
    }
    let map = |c: char| table.get(c as usize).copied().unwrap_or(Some(c));
    Cow::Owned(text.chars().filter_map(map).collect())
}
