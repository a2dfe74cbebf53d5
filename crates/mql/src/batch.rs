//! Tests of what the items of an array hold, 64 items at a time: the constant that they are compared with is looked at
//! once, and what is read of an item is taken from its column without a walk over nodes.

use crate::eval::Eval;
use crate::limits::SEARCH_BYTES_PER_STEP;
use crate::masks::{CHUNK, Chunk, Masks, bits};
use crate::memory::Slot;
use crate::node::{COLUMN, Id, NO_SLOT, Node};
use crate::scalar::{compare, plain};
use crate::truth::Truth;
use crate::value::Value;

/// What a test reads of each item.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// The same for all: it reads no item, or one further out.
    Same(Value<'a>),
    /// The item itself.
    Item,
    /// This column, which is filled by evaluating the node.
    Column(u32, Id),
}

impl<'a> Eval<'a, '_> {
    /// The truth of a test about each of these items; `None` when each item must be evaluated by itself.
    pub(crate) fn masks_of_test(&mut self, id: Id, chunk: &Chunk<'a>, items: u64) -> Option<Masks> {
        let program = self.program;
        match program.node(id) {
            Node::Compare { op, left, right } => {
                let right = match program.node(*right) {
                    Node::Str(s) => Value::Str(program.words(*s)),
                    Node::Int(i) => Value::Int(*i),
                    Node::Bool(b) => Value::Bool(*b),
                    _ => return None,
                };
                let source = self.source(*left, chunk)?;
                Some(self.test_each(source, chunk, items, |eval, left| {
                    eval.charge_text(left, right);
                    compare(*op, left, right)
                }))
            }
            Node::IsNull(inner) => {
                let source = self.source(*inner, chunk)?;
                Some(self.test_each(source, chunk, items, |_, value| match value {
                    Value::Unknown(missing) => Truth::unknown(missing),
                    value => value.is_null().into(),
                }))
            }
            Node::InTuple { left, fold, set, rest } if rest.is_empty() => {
                let source = self.source(*left, chunk)?;
                Some(self.test_each(source, chunk, items, |eval, left| {
                    eval.value_in_tuple(left, *fold, *set, &[])
                }))
            }
            Node::InList { left, fold, list } => {
                let source = self.source(*left, chunk)?;
                Some(
                    self.test_each(source, chunk, items, |eval, left| eval.value_in_list(left, *fold, *list)),
                )
            }
            Node::Text { test, fold, source, needles, rest } if rest.is_empty() => {
                let (source, needles) = (self.source(*source, chunk)?, program.ids(*needles));
                Some(self.test_each(source, chunk, items, |eval, value| {
                    eval.value_text_test(*test, *fold, value, needles, &[])
                }))
            }
            Node::Text { test, fold, source, needles, rest } if needles.is_empty() => {
                let [needle] = program.ids(*rest) else { return None };
                let Source::Same(text) = self.source(*source, chunk)? else { return None };
                let needle = self.source(*needle, chunk)?;
                Some(self.test_each(needle, chunk, items, |eval, needle| {
                    eval.steps += 1;
                    eval.value_in_value(*test, *fold, text, needle)
                }))
            }
            Node::Regex { source, patterns } => {
                let (source, patterns) = (self.source(*source, chunk)?, program.ids(*patterns));
                Some(
                    self.test_each(source, chunk, items, |eval, value| {
                        eval.value_regex_test(value, patterns)
                    }),
                )
            }
            _ => None,
        }
    }

    /// Where a node's values for the items of a chunk are; `None` when they have to be worked out one by one.
    fn source(&mut self, id: Id, chunk: &Chunk<'a>) -> Option<Source<'a>> {
        let slot = self.program.slot(id);
        match self.program.node(id) {
            Node::Item(0) => Some(Source::Item),
            // The scope of the items is not there yet, so the one around them is the innermost.
            Node::Outer(inner) => Some(Source::Same(self.value(*inner))),
            _ if slot == NO_SLOT => None,
            _ if slot & COLUMN == 0 => Some(Source::Same(self.value(id))),
            _ if chunk.has_columns() => Some(Source::Column(slot & !COLUMN, id)),
            _ => None,
        }
    }

    fn test_each(
        &mut self,
        source: Source<'a>,
        chunk: &Chunk<'a>,
        items: u64,
        mut test: impl FnMut(&mut Self, Value<'a>) -> Truth,
    ) -> Masks {
        let mut out = Masks::default();
        for bit in bits(items) {
            self.steps += 1;
            let truth = match self.spent() {
                Some(missing) => Truth::unknown(missing),
                None => {
                    let value = self.value_of_item(source, chunk, bit);
                    test(self, value)
                }
            };
            out.put(bit, truth);
        }
        out
    }

    #[inline]
    fn value_of_item(&mut self, source: Source<'a>, chunk: &Chunk<'a>, item: u64) -> Value<'a> {
        match source {
            Source::Same(value) => value,
            Source::Item => plain(chunk.item(self, item)),
            Source::Column(column, id) => {
                let at = chunk.first() + item.trailing_zeros();
                match self.columns.cell(chunk.columns(), column, at) {
                    Slot::Value(value) => value,
                    _ => {
                        let scope = chunk.scope(self, item);
                        self.scopes.push(scope);
                        let value = self.value(id);
                        self.scopes.pop();
                        value
                    }
                }
            }
        }
    }

    pub(crate) fn charge_text(&mut self, left: Value<'a>, right: Value<'a>) {
        if let (Value::Str(a), Value::Str(b)) = (left, right) {
            self.steps += (a.len().min(b.len()) / (2 * SEARCH_BYTES_PER_STEP)) as u64;
        }
    }
}

const _: () = assert!(CHUNK == u64::BITS as usize);
