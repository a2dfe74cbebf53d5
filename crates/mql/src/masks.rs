//! Loops over an array a column at a time: the truth of a condition is worked out for 64 items at once, as bits that
//! all rules share. A conjunction over dozens of links is then a few operations on words, and its dear operands are asked only
//! about the items that the cheap ones left.

use crate::columns::{NO_FRAME, Scope};
use crate::eval::Eval;
use crate::memory::Slot;
use crate::node::{COLUMN, Id, NO_SLOT, Node, Operand};
use crate::scalar::plain;
use crate::truth::Truth;
use crate::value::{List, Missing, Value};

/// Items that are looked at together: the bits of a word.
pub(crate) const CHUNK: usize = 64;

/// The truth of 64 items, a bit an item. What is in none of the sets has not been asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    pub(crate) yes: u64,
    pub(crate) no: u64,
    pub(crate) null: u64,
    /// Nobody can say; what is missing is told by evaluating the item by itself.
    pub(crate) unknown: u64,
}

impl Masks {
    pub(crate) fn asked(self) -> u64 {
        self.yes | self.no | self.null | self.unknown
    }

    /// The truth of the item with this bit, when it is known.
    pub(crate) fn truth(self, bit: u64) -> Option<Truth> {
        match bit {
            _ if self.yes & bit != 0 => Some(Truth::TRUE),
            _ if self.no & bit != 0 => Some(Truth::FALSE),
            _ if self.null & bit != 0 => Some(Truth::NULL),
            _ => None,
        }
    }

    /// These items have this truth.
    pub(crate) fn put(&mut self, items: u64, truth: Truth) {
        match truth.bits() {
            Truth::IS_TRUE => self.yes |= items,
            Truth::IS_FALSE => self.no |= items,
            Truth::IS_NULL => self.null |= items,
            _ => self.unknown |= items,
        }
    }

    pub(crate) fn join(&mut self, more: Masks) {
        self.yes |= more.yes;
        self.no |= more.no;
        self.null |= more.null;
        self.unknown |= more.unknown;
    }

    fn only(self, items: u64) -> Masks {
        Masks {
            yes: self.yes & items,
            no: self.no & items,
            null: self.null & items,
            unknown: self.unknown & items,
        }
    }

    fn not(self) -> Masks {
        Masks { yes: self.no, no: self.yes, ..self }
    }
}

/// Up to 64 items of an array, one after the other.
pub(crate) struct Chunk<'a> {
    list: List<'a>,
    /// The array's columns.
    frame: u32,
    /// Which 64.
    number: usize,
}

impl<'a> Chunk<'a> {
    /// The chunks of an array.
    pub(crate) fn all(list: List<'a>, frame: u32) -> impl Iterator<Item = Chunk<'a>> {
        (0..list.len().div_ceil(CHUNK)).map(move |number| Chunk { list, frame, number })
    }

    /// Its items, as bits.
    pub(crate) fn items(&self) -> u64 {
        match self.list.len().saturating_sub(self.number * CHUNK) {
            left @ 0..CHUNK => (1 << left) - 1,
            _ => u64::MAX,
        }
    }

    pub(crate) fn scope(&self, eval: &Eval<'a, '_>, item: u64) -> Scope<'a> {
        let at = self.first() + item.trailing_zeros();
        Scope { item: plain(self.item(eval, item)), frame: self.frame, at }
    }

    pub(crate) fn item(&self, eval: &Eval<'a, '_>, item: u64) -> Value<'a> {
        self.list.get(self.number * CHUNK + item.trailing_zeros() as usize, eval.arena)
    }

    /// The position of its first item.
    pub(crate) fn first(&self) -> u32 {
        (self.number * CHUNK) as u32
    }

    /// The array's columns.
    pub(crate) fn columns(&self) -> u32 {
        self.frame
    }

    pub(crate) fn has_columns(&self) -> bool {
        self.frame != NO_FRAME
    }
}

/// The single bits of a set, lowest first.
pub(crate) fn bits(mut set: u64) -> impl Iterator<Item = u64> {
    std::iter::from_fn(move || {
        let bit = set & set.wrapping_neg();
        set ^= bit;
        (bit != 0).then_some(bit)
    })
}

impl<'a> Eval<'a, '_> {
    /// The truth of a condition about each of these items of a chunk; the answer may tell about others too.
    pub(crate) fn masks(&mut self, id: Id, chunk: &Chunk<'a>, items: u64) -> Masks {
        let slot = self.program.slot(id);
        if slot == NO_SLOT {
            return self.make_masks(id, chunk, items);
        }
        if slot & COLUMN == 0 {
            // It reads no item: one answer for all.
            let mut same = Masks::default();
            same.put(items, self.truth(id));
            return same;
        }
        if chunk.frame == NO_FRAME {
            return self.make_masks(id, chunk, items);
        }
        let mut known = self.columns.masks(chunk.frame, slot & !COLUMN, chunk.number);
        let open = items & !known.asked();
        if open != 0 {
            let made = self.make_masks(id, chunk, open).only(open);
            if self.spent().is_none() {
                self.columns.add_masks(chunk.frame, slot & !COLUMN, chunk.number, made);
            }
            known.join(made);
        }
        known
    }

    fn make_masks(&mut self, id: Id, chunk: &Chunk<'a>, items: u64) -> Masks {
        let program = self.program;
        match program.node(id) {
            Node::And(_) => self.masks_of_all(program.operands(id), chunk, items),
            Node::Or(_) => self.masks_of_any(program.operands(id), chunk, items),
            Node::Not(inner) => {
                self.steps += 1;
                self.masks(*inner, chunk, items).not()
            }
            // The scope of the items is not there yet.
            Node::Outer(inner) => {
                let mut same = Masks::default();
                same.put(items, self.truth(*inner));
                same
            }
            _ => match self.masks_of_test(id, chunk, items) {
                Some(masks) => masks,
                None => self.masks_by_item(id, chunk, items),
            },
        }
    }

    fn masks_of_all(&mut self, operands: &[Operand], chunk: &Chunk<'a>, items: u64) -> Masks {
        self.steps += 1;
        let (mut left, mut out) = (items, Masks::default());
        for operand in operands {
            let one = self.masks(operand.id, chunk, left).only(left);
            out.null |= one.null;
            out.unknown |= one.unknown;
            left &= !one.no;
            if left == 0 {
                break;
            }
        }
        // False whatever the others are; else unknown when any is, so that what is missing is told exactly; else null.
        out.no = items & !left;
        out.unknown &= left;
        out.null &= left & !out.unknown;
        out.yes = left & !out.unknown & !out.null;
        out
    }

    fn masks_of_any(&mut self, operands: &[Operand], chunk: &Chunk<'a>, items: u64) -> Masks {
        self.steps += 1;
        let (mut left, mut out) = (items, Masks::default());
        for operand in operands {
            let one = self.masks(operand.id, chunk, left).only(left);
            out.null |= one.null;
            out.unknown |= one.unknown;
            left &= !one.yes;
            if left == 0 {
                break;
            }
        }
        out.yes = items & !left;
        out.unknown &= left;
        out.null &= left & !out.unknown;
        out.no = left & !out.unknown & !out.null;
        out
    }

    fn masks_by_item(&mut self, id: Id, chunk: &Chunk<'a>, items: u64) -> Masks {
        let mut out = Masks::default();
        let slot = self.program.slot(id);
        for bit in bits(items) {
            let scope = chunk.scope(self, bit);
            self.scopes.push(scope);
            let truth = self.make_truth(id);
            if slot != NO_SLOT && truth.bits() & (truth.bits() - 1) != 0 {
                self.remember(slot, Slot::Truth(truth));
            }
            self.scopes.pop();
            out.put(bit, truth);
        }
        out
    }

    /// The truth of a condition about one item of a chunk, exactly: with what is missing when nobody can say.
    pub(crate) fn truth_of_item(&mut self, id: Id, chunk: &Chunk<'a>, known: Masks, item: u64) -> Truth {
        known.truth(item).unwrap_or_else(|| {
            let scope = chunk.scope(self, item);
            self.scopes.push(scope);
            let truth = self.truth(id);
            self.scopes.pop();
            truth
        })
    }

    /// Calls `each` with the items of an array of which a condition is true, and gives what is missing to know them
    /// all.
    pub(crate) fn each_true(
        &mut self,
        list: List<'a>,
        frame: u32,
        body: Id,
        mut each: impl FnMut(Value<'a>),
    ) -> Result<(), Missing> {
        let mut missing = Missing::NONE;
        for chunk in Chunk::all(list, frame) {
            let items = chunk.items();
            self.steps += u64::from(items.count_ones());
            if let Some(missing) = self.spent() {
                return Err(missing);
            }
            let known = self.masks(body, &chunk, items);
            for item in bits(items & !known.no & !known.null) {
                let truth = self.truth_of_item(body, &chunk, known, item);
                if truth.is_true() {
                    each(chunk.scope(self, item).item);
                } else if truth.can_be_true() {
                    missing = missing | truth.missing();
                }
            }
            if let Some(missing) = self.spent() {
                return Err(missing);
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }
}
