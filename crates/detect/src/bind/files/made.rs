//! Objects that a function makes, their fields named as in the schema.

use std::cell::OnceCell;

use sekisho_mql::{
    schema::Shape,
    value::{Arena, List, Object, Value},
};

use super::node::Node;
use crate::rules::schema;

fn shape(name: &str) -> Option<&'static Shape> {
    schema().shape_id(name).and_then(|id| schema().shape(id))
}

/// An object whose fields are known; those that are not given are null.
pub(super) fn made<'a>(arena: &'a Arena, name: &str, fields: &[(&str, Value<'a>)]) -> Value<'a> {
    let Some(shape) = shape(name) else { return Value::Null };
    debug_assert!(fields.iter().all(|(n, _)| shape.fields.iter().any(|(d, _)| **d == **n)), "{name}");
    let value = |declared: &str| fields.iter().find(|(n, _)| *n == declared).map_or(Value::Null, |(_, v)| *v);
    let values: Vec<Value<'a>> = shape.fields.iter().map(|(declared, _)| value(declared)).collect();
    Value::Object(arena.alloc(Made { shape, values: arena.alloc_slice(&values) }))
}

#[derive(Clone, Copy)]
struct Made<'a> {
    shape: &'static Shape,
    values: &'a [Value<'a>],
}

impl Object for Made<'_> {
    fn shape(&self) -> &'static str {
        &self.shape.name
    }

    fn field<'a>(&'a self, index: usize, _: &'a Arena) -> Value<'a> {
        self.values.get(index).copied().unwrap_or(Value::Null)
    }
}

/// Computes a field of an object about a file.
type Get<'a> = fn(&'a Node<'a>, &str) -> Value<'a>;

/// An object about a file with at most `N` fields, each computed when it is read first.
pub(super) fn lazy<'a, const N: usize>(node: &'a Node<'a>, name: &str, get: Get<'a>) -> Value<'a> {
    let Some(shape) = shape(name) else { return Value::Null };
    debug_assert!(shape.fields.len() <= N, "{name}");
    let cells = [const { OnceCell::new() }; N];
    Value::Object(node.arena.place(Lazy { shape, node, get, cells }))
}

struct Lazy<'a, const N: usize> {
    shape: &'static Shape,
    node: &'a Node<'a>,
    get: Get<'a>,
    cells: [OnceCell<Value<'a>>; N],
}

impl<const N: usize> Object for Lazy<'_, N> {
    fn shape(&self) -> &'static str {
        &self.shape.name
    }

    fn field<'a>(&'a self, index: usize, _: &'a Arena) -> Value<'a> {
        let (Some(cell), Some((name, _))) = (self.cells.get(index), self.shape.fields.get(index)) else {
            return Value::Null;
        };
        *cell.get_or_init(|| (self.get)(self.node, name))
    }
}

/// A list of values.
pub(super) fn list<'a>(arena: &'a Arena, values: impl IntoIterator<Item = Value<'a>>) -> Value<'a> {
    let values: Vec<Value<'a>> = values.into_iter().collect();
    Value::List(List::Values(arena.alloc_slice(&values)))
}

/// A list of texts.
pub(super) fn texts<'a, T: AsRef<str> + ?Sized + 'a>(
    arena: &'a Arena,
    texts: impl IntoIterator<Item = &'a T>,
) -> Value<'a> {
    list(arena, texts.into_iter().map(|t| Value::Str(t.as_ref())))
}

/// A number of things.
pub(super) fn int(n: impl TryInto<i64>) -> Value<'static> {
    Value::Int(n.try_into().unwrap_or(i64::MAX))
}

/// A text that may be missing.
pub(super) fn text(text: &Option<String>) -> Value<'_> {
    Value::opt_str(text.as_deref())
}

/// `Scan.KeyVal`s.
pub(super) fn pairs<'a>(arena: &'a Arena, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value<'a> {
    list(
        arena,
        pairs.into_iter().map(|(key, value)| {
            made(arena, "Scan.KeyVal", &[("key", Value::Str(key)), ("value", Value::Str(value))])
        }),
    )
}
