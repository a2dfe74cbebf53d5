//! What is remembered of a message while all rules are judged: values of shared nodes, answers of functions.

use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::columns::NO_FRAME;
use crate::eval::Eval;
use crate::node::{COLUMN, NEGATED, Operand};
use crate::truth::Truth;
use crate::value::{List, Missing, Value};

/// What is remembered of a node.
#[derive(Clone, Copy)]
pub(crate) enum Slot<'a> {
    Empty,
    Truth(Truth),
    Value(Value<'a>),
}

/// What identifies a value as an argument, for as long as the message is judged.
pub(crate) type Identity = (u8, usize, usize);

/// From here on, what stands in a slot is the place of its value; below are truths.
const PLACES: u16 = 8;
/// Values for which there is room from the start: a common mail needs no more.
const VALUES_FIRST: usize = 1024;
/// The same for answers of functions.
const CALLS_FIRST: usize = 256;

/// The memory of one message.
pub(crate) struct Memory<'a> {
    /// For each slot: nothing (0), its truth as [`Truth::bits`] when it is known, or [`PLACES`] and its place among the
    /// values. There are thousands of slots and a message fills few, so what is written for every message is small.
    slots: Vec<u16>,
    values: Vec<Slot<'a>>,
    calls: FxHashMap<Box<[Identity]>, Value<'a>>,
    key: Vec<Identity>,
}

impl<'a> Memory<'a> {
    pub(crate) fn new(slots: usize) -> Self {
        Memory {
            slots: vec![0; slots],
            values: Vec::with_capacity(VALUES_FIRST),
            calls: FxHashMap::with_capacity_and_hasher(CALLS_FIRST, FxBuildHasher),
            key: Vec::new(),
        }
    }

    #[inline]
    fn at(&self, slot: u32) -> u16 {
        self.slots.get(slot as usize).copied().unwrap_or(0)
    }

    /// Nothing is remembered there.
    #[inline]
    pub(crate) fn is_empty(&self, slot: u32) -> bool {
        self.at(slot) == 0
    }

    #[inline]
    fn get(&self, slot: u32) -> Slot<'a> {
        const TRUE: u16 = Truth::IS_TRUE as u16;
        const FALSE: u16 = Truth::IS_FALSE as u16;
        match self.at(slot) {
            0 => Slot::Empty,
            place @ PLACES.. => self.values.get(usize::from(place - PLACES)).copied().unwrap_or(Slot::Empty),
            TRUE => Slot::Truth(Truth::TRUE),
            FALSE => Slot::Truth(Truth::FALSE),
            _ => Slot::Truth(Truth::NULL),
        }
    }

    /// Forgets when there is no number left for a place: it only costs time.
    fn set(&mut self, slot: u32, content: Slot<'a>) {
        let truth = match content {
            Slot::Empty => return,
            Slot::Truth(truth) => truth,
            Slot::Value(value @ (Value::Bool(_) | Value::Null)) => Truth::of(value),
            // More than one value, which is looked up.
            Slot::Value(_) => Truth::unknown(Missing::NONE),
        };
        let Some(state) = self.slots.get_mut(slot as usize) else { return };
        if truth.bits().is_power_of_two() {
            *state = u16::from(truth.bits());
        } else if let Ok(place) = u16::try_from(self.values.len() + usize::from(PLACES)) {
            *state = place;
            self.values.push(content);
        }
    }

    /// A truth that is known: false when there is more than one that it may be.
    #[inline]
    fn set_truth(&mut self, slot: u32, truth: Truth) -> bool {
        let known = truth.bits().is_power_of_two();
        if known && let Some(state) = self.slots.get_mut(slot as usize) {
            *state = u16::from(truth.bits());
        }
        known
    }

    /// The truth of an operand as [`Truth::bits`], if it is remembered; else something else.
    #[inline]
    pub(crate) fn truth(&self, operand: &Operand) -> u8 {
        let bits = self.at(operand.slot & !NEGATED).min(PLACES) as u8;
        if operand.slot & NEGATED == 0 { bits } else { Truth::negated(bits) }
    }
}

impl<'a> Eval<'a, '_> {
    #[inline]
    pub(crate) fn recall(&self, slot: u32) -> Slot<'a> {
        if slot & COLUMN == 0 {
            return self.memory.get(slot);
        }
        self.recall_of_item(slot)
    }

    fn recall_of_item(&self, slot: u32) -> Slot<'a> {
        match self.scopes.last() {
            Some(scope) if scope.frame != NO_FRAME => self.columns.get(scope, slot & !COLUMN),
            _ => Slot::Empty,
        }
    }

    /// Not once the budget is spent: what comes then is cut short.
    pub(crate) fn remember(&mut self, slot: u32, content: Slot<'a>) {
        if self.spent().is_some() {
            return;
        }
        if slot & COLUMN == 0 {
            self.memory.set(slot, content);
        } else if let Some(scope) = self.scopes.last()
            && scope.frame != NO_FRAME
        {
            self.columns.set(scope, slot & !COLUMN, content);
        }
    }

    /// As [`Eval::remember`] does.
    #[inline]
    pub(crate) fn remember_truth(&mut self, slot: u32, truth: Truth) {
        let whole = slot & COLUMN == 0 && self.spent().is_none();
        if !(whole && self.memory.set_truth(slot, truth)) {
            self.remember(slot, Slot::Truth(truth));
        }
    }

    /// Remembers what a function gave for these arguments.
    pub(crate) fn memoised(
        &mut self,
        function: Identity,
        args: &[Value<'a>],
        make: impl FnOnce(&mut Self, &[Value<'a>]) -> Value<'a>,
    ) -> Value<'a> {
        let mut key = std::mem::take(&mut self.memory.key);
        key.clear();
        key.push(function);
        key.extend(args.iter().map(identity));
        if let Some(&value) = self.memory.calls.get(key.as_slice()) {
            self.memory.key = key;
            return value;
        }
        let value = make(self, args);
        if self.spent().is_none() {
            self.memory.calls.insert(key.as_slice().into(), value);
        }
        self.memory.key = key;
        value
    }
}

pub(crate) fn identity(value: &Value<'_>) -> Identity {
    match *value {
        Value::Unknown(missing) => (0, missing.0 as usize, 0),
        Value::Null => (1, 0, 0),
        Value::Bool(b) => (2, usize::from(b), 0),
        Value::Int(i) => (3, i as usize, 0),
        Value::Float(f) => (4, f.to_bits() as usize, 0),
        Value::Str(s) => (5, s.as_ptr() as usize, s.len()),
        Value::Bytes(b) => (6, b.as_ptr() as usize, b.len()),
        Value::Json(j) => (7, std::ptr::from_ref(j) as usize, 0),
        Value::List(List::Values(v)) => (8, v.as_ptr() as usize, v.len()),
        Value::List(List::Strings(v)) => (9, v.as_ptr() as usize, v.len()),
        Value::List(List::Json(v)) => (10, v.as_ptr() as usize, v.len()),
        Value::List(List::Items(v)) => (11, std::ptr::from_ref(v).cast::<()>() as usize, v.len()),
        Value::Object(o) => (12, o.identity(), o.shape().as_ptr() as usize),
        Value::Map(m) => (13, std::ptr::from_ref(m).cast::<()>() as usize, m.len()),
    }
}
