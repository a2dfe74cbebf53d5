//! Functions over arrays.

use rustc_hash::FxHashSet;

use crate::columns::{NO_FRAME, Scope};
use crate::eval::Eval;
use crate::limits::MAX_LAID_OUT;
use crate::masks::{Chunk, bits};
use crate::memory::{Identity, Slot, identity};
use crate::node::{Id, NO_SLOT};
use crate::scalar::{number, plain};
use crate::truth::Truth;
use crate::typed::Builtin;
use crate::value::{List, Missing, Value};

/// An array as a function gets it.
pub(crate) enum Array<'a> {
    Unknown(Missing),
    /// The result of something that failed.
    Null,
    List(List<'a>),
}

impl<'a> Eval<'a, '_> {
    pub(crate) fn is_quantifier(&self, function: Builtin) -> bool {
        matches!(function, Builtin::Any | Builtin::All)
    }

    pub(crate) fn array(&mut self, id: Id) -> Array<'a> {
        match self.value(id) {
            Value::Unknown(missing) => Array::Unknown(missing),
            Value::List(List::Items(_)) => Array::List(self.lay_out(id)),
            value => value.as_list().map_or(Array::Null, Array::List),
        }
    }

    /// Items that are made when asked for, made once for all rules that loop over them.
    fn lay_out(&mut self, id: Id) -> List<'a> {
        let Value::List(list) = self.value(id) else { return List::Values(&[]) };
        let slot = self.program.slot(id);
        if slot == NO_SLOT || list.len() > MAX_LAID_OUT {
            return list;
        }
        let items: Vec<Value<'a>> = (0..list.len()).map(|i| plain(list.get(i, self.arena))).collect();
        self.steps += items.len() as u64;
        let list = List::Values(self.arena.alloc_slice(&items));
        self.remember(slot, Slot::Value(Value::List(list)));
        list
    }

    /// The columns of an array; `id` is its node.
    fn frame(&mut self, id: Id, list: List<'a>) -> u32 {
        match self.program.slot(id) {
            NO_SLOT => NO_FRAME,
            _ => self.columns.frame(list),
        }
    }

    /// Calls `each` with every item as the innermost scope, until it gives `false`; what is missing when the budget
    /// ended it.
    ///
    /// `id` is the array's node: items of an array that is remembered have columns.
    fn each(
        &mut self,
        id: Id,
        list: List<'a>,
        mut each: impl FnMut(&mut Self, Value<'a>) -> bool,
    ) -> Result<(), Missing> {
        let frame = self.frame(id, list);
        for i in 0..list.len() {
            self.steps += 1;
            if let Some(missing) = self.spent() {
                return Err(missing);
            }
            let item = plain(list.get(i, self.arena));
            self.scopes.push(Scope { item, frame, at: i as u32 });
            let go_on = each(self, item);
            self.scopes.pop();
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    /// `any` and `all`.
    pub(crate) fn quantifier(&mut self, function: Builtin, id: Id, body: Option<Id>) -> Truth {
        let any = function == Builtin::Any;
        let Some(body) = body else { return Truth::NULL };
        let list = match self.array(id) {
            Array::Unknown(missing) => return Truth::unknown(missing),
            Array::Null if any => return Truth::NULL,
            Array::Null => return Truth::TRUE,
            Array::List(list) => list,
        };
        let frame = self.frame(id, list);
        let mut total = if any { Truth::FALSE } else { Truth::TRUE };
        for chunk in Chunk::all(list, frame) {
            let items = chunk.items();
            self.steps += u64::from(items.count_ones());
            if let Some(missing) = self.spent() {
                return Truth::unknown(missing);
            }
            let known = self.masks(body, &chunk, items);
            if items & if any { known.yes } else { known.no } != 0 {
                return any.into();
            }
            let open = items & !(if any { known.no } else { known.yes });
            if open & !known.null == 0 {
                if open != 0 {
                    total = if any { total.or(Truth::NULL) } else { total.and(Truth::NULL) };
                }
                continue;
            }
            // What is missing depends on the order of the items.
            for item in bits(open) {
                let truth = self.truth_of_item(body, &chunk, known, item);
                total = if any { total.or(truth) } else { total.and(truth) };
            }
        }
        match self.spent() {
            Some(missing) => Truth::unknown(missing),
            None => total,
        }
    }

    /// The loops that do not give a truth value.
    pub(crate) fn array_loop(&mut self, function: Builtin, id: Id, body: Option<Id>) -> Value<'a> {
        let list = match self.array(id) {
            Array::Unknown(missing) => return Value::Unknown(missing),
            Array::Null => {
                return match function {
                    Builtin::Filter | Builtin::Distinct => self.list_of(&[]),
                    Builtin::Sum => Value::Int(0),
                    _ => Value::Null,
                };
            }
            Array::List(list) => list,
        };
        let result = match (function, body) {
            (Builtin::Filter, Some(body)) => self.filter(id, list, body),
            (Builtin::Map, Some(body)) => self.map(id, list, body),
            (Builtin::Distinct, body) => self.distinct(id, list, body),
            (Builtin::Sum, body) => self.sum(id, list, body),
            (Builtin::Ratio, Some(body)) => self.ratio(id, list, body),
            _ => Ok(Value::Null),
        };
        result.unwrap_or_else(Value::Unknown)
    }

    fn filter(&mut self, id: Id, list: List<'a>, body: Id) -> Result<Value<'a>, Missing> {
        let frame = self.frame(id, list);
        let mut kept = Vec::new();
        self.each_true(list, frame, body, |item| kept.push(item))?;
        Ok(self.list_of(&kept))
    }

    fn map(&mut self, id: Id, list: List<'a>, body: Id) -> Result<Value<'a>, Missing> {
        let mut out = Vec::with_capacity(list.len());
        self.each(id, list, |eval, _| {
            let value = eval.value(body);
            out.push(value);
            true
        })?;
        Ok(self.list_of(&out))
    }

    fn distinct(&mut self, id: Id, list: List<'a>, body: Option<Id>) -> Result<Value<'a>, Missing> {
        let mut seen: FxHashSet<Key<'a>> = FxHashSet::default();
        let mut kept = Vec::new();
        let mut missing = Missing::NONE;
        self.each(id, list, |eval, item| {
            let value = body.map_or(item, |body| eval.value(body));
            if let Value::Unknown(more) = value {
                missing = missing | more;
            } else if seen.insert(key(value)) {
                kept.push(item);
            }
            true
        })?;
        if missing.is_empty() { Ok(self.list_of(&kept)) } else { Err(missing) }
    }

    fn sum(&mut self, id: Id, list: List<'a>, body: Option<Id>) -> Result<Value<'a>, Missing> {
        let (mut ints, mut floats, mut exact) = (0i64, 0f64, true);
        let mut missing = Missing::NONE;
        self.each(id, list, |eval, item| {
            match body.map_or(item, |body| eval.value(body)) {
                Value::Int(i) => match ints.checked_add(i) {
                    Some(sum) => ints = sum,
                    None => (floats, exact) = (floats + i as f64, false),
                },
                Value::Unknown(more) => missing = missing | more,
                value => {
                    if let Some(f) = number(value) {
                        (floats, exact) = (floats + f, false);
                    }
                }
            }
            true
        })?;
        match (missing.is_empty(), exact) {
            (false, _) => Err(missing),
            (_, true) => Ok(Value::Int(ints)),
            _ => Ok(Value::Float(floats + ints as f64)),
        }
    }

    fn ratio(&mut self, id: Id, list: List<'a>, body: Id) -> Result<Value<'a>, Missing> {
        let frame = self.frame(id, list);
        let mut hits = 0u32;
        self.each_true(list, frame, body, |_| hits += 1)?;
        match list.len() {
            0 => Ok(Value::Null),
            len => Ok(Value::Float(f64::from(hits) / len as f64)),
        }
    }

    /// `flatten`: the leaves of nested arrays.
    pub(crate) fn flatten(&mut self, id: Id) -> Value<'a> {
        let list = match self.array(id) {
            Array::Unknown(missing) => return Value::Unknown(missing),
            Array::Null => return self.list_of(&[]),
            Array::List(list) => list,
        };
        let mut out = Vec::new();
        match self.leaves(list, 0, &mut out) {
            Err(missing) => Value::Unknown(missing),
            Ok(()) => self.list_of(&out),
        }
    }

    fn leaves(&mut self, list: List<'a>, depth: u32, out: &mut Vec<Value<'a>>) -> Result<(), Missing> {
        for i in 0..list.len() {
            self.steps += 1;
            if let Some(missing) = self.spent() {
                return Err(missing);
            }
            let item = plain(list.get(i, self.arena));
            match item.as_list() {
                // Types nest no deeper than a source does; JSON could.
                Some(inner) if depth < 64 => self.leaves(inner, depth + 1, out)?,
                _ => out.push(item),
            }
        }
        Ok(())
    }
}

/// What makes two values the same for `distinct`.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Scalar(Identity),
    Text(&'a str),
    Whole(String),
}

fn key(value: Value<'_>) -> Key<'_> {
    match value {
        Value::Str(s) => Key::Text(s),
        Value::Int(i) => Key::Scalar((3, i as usize, 0)),
        Value::Float(f) => Key::Scalar((4, f.to_bits() as usize, 0)),
        Value::Bool(b) => Key::Scalar((2, usize::from(b), 0)),
        Value::Json(json) => Key::Whole(json.to_string()),
        Value::Object(o) => Key::Scalar((12, o.identity(), o.shape().as_ptr() as usize)),
        value if value.is_null() => Key::Scalar((1, 0, 0)),
        value => Key::Scalar(identity(&value)),
    }
}
