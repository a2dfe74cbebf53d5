//! Evaluation: one walk over the shared nodes for all rules of a message, with a memory for what rules have in common.

use rustc_hash::FxHashMap;

use crate::limits::{MESSAGE_STEPS, RULE_STEPS};
use crate::node::{Id, NO_SLOT, Node, Program};
use crate::prefilter::Haystacks;
use crate::text::{eq_fold, fold};
use crate::truth::{Count, Truth};
use crate::typed::{ArithOp, CmpOp};
use crate::value::{Arena, Host, List, ListData, Missing, Outcome, Value};

/// What is remembered of a node that reads no loop item.
#[derive(Clone, Copy)]
pub(crate) enum Slot<'a> {
    Empty,
    Truth(Truth),
    Value(Value<'a>),
}

/// What identifies a value as an argument, for as long as the message is judged.
pub(crate) type Identity = (u8, usize, usize);

/// The state of one message's evaluation.
pub(crate) struct Eval<'a, 'h> {
    pub(crate) program: &'a Program,
    pub(crate) host: &'h dyn Host<'a>,
    pub(crate) arena: &'a Arena,
    pub(crate) haystacks: Haystacks<'a>,
    /// Items of the loops around, outermost first.
    pub(crate) scopes: Vec<Value<'a>>,
    /// Steps that the rule took.
    pub(crate) steps: u64,
    pub(crate) regex_memo: FxHashMap<(u32, u32), bool>,
    slots: Vec<Slot<'a>>,
    lists: Vec<Option<Option<&'a ListData>>>,
    calls: FxHashMap<Box<[Identity]>, Value<'a>>,
    key: Vec<Identity>,
    /// Steps that the rule may take.
    limit: u64,
    /// Steps of the rules before.
    total: u64,
    /// The set with the name `budget`.
    budget: Missing,
}

impl<'a, 'h> Eval<'a, 'h> {
    pub(crate) fn new(program: &'a Program, host: &'h dyn Host<'a>, arena: &'a Arena) -> Eval<'a, 'h> {
        Eval {
            program,
            host,
            arena,
            haystacks: Haystacks::default(),
            scopes: Vec::with_capacity(8),
            steps: 0,
            regex_memo: FxHashMap::default(),
            slots: vec![Slot::Empty; program.slots],
            lists: vec![None; program.lists.len()],
            calls: FxHashMap::default(),
            key: Vec::new(),
            limit: RULE_STEPS,
            total: 0,
            budget: Missing::NONE,
        }
    }

    /// Gives the next rule its budget.
    pub(crate) fn begin(&mut self) {
        self.total = self.total.saturating_add(self.steps);
        self.steps = 0;
        self.limit = RULE_STEPS.min(MESSAGE_STEPS.saturating_sub(self.total));
        self.scopes.clear();
    }

    /// What is missing because the budget is spent: nothing, or `budget`.
    #[inline]
    pub(crate) fn spent(&mut self) -> Option<Missing> {
        if self.steps <= self.limit { None } else { Some(self.over_budget()) }
    }

    #[cold]
    fn over_budget(&mut self) -> Missing {
        if self.budget.is_empty() {
            self.budget = self.arena.missing("budget");
        }
        self.budget
    }

    /// Whether a rule matches. Null is as good as false here, so conjunctions end earlier than in [`Eval::truth`].
    pub(crate) fn decide(&mut self, id: Id) -> Truth {
        let program = self.program;
        match program.node(id) {
            Node::And(items) => {
                let mut all = Truth::TRUE;
                for &item in program.ordered(id, items) {
                    let t = self.decide(item);
                    if !t.can_be_true() {
                        return Truth::FALSE;
                    }
                    all = all.and(t);
                }
                all
            }
            Node::Or(items) => {
                let mut any = Truth::FALSE;
                for &item in program.ordered(id, items) {
                    any = any.or(self.decide(item));
                    if any.is_true() {
                        break;
                    }
                }
                any
            }
            _ => self.truth(id),
        }
    }

    /// The value of a boolean node.
    #[inline]
    pub(crate) fn truth(&mut self, id: Id) -> Truth {
        let slot = self.program.slot(id);
        if slot == NO_SLOT {
            return self.make_truth(id);
        }
        match self.slots.get(slot as usize) {
            Some(Slot::Truth(t)) => return *t,
            Some(Slot::Value(v)) => return Truth::of(*v),
            _ => {}
        }
        let truth = self.make_truth(id);
        self.remember(slot, Slot::Truth(truth));
        truth
    }

    /// The value of any node.
    #[inline]
    pub(crate) fn value(&mut self, id: Id) -> Value<'a> {
        let slot = self.program.slot(id);
        if slot == NO_SLOT {
            return self.make_value(id);
        }
        match self.slots.get(slot as usize) {
            Some(Slot::Truth(t)) => return t.value(),
            Some(Slot::Value(v)) => return *v,
            _ => {}
        }
        let value = self.make_value(id);
        self.remember(slot, Slot::Value(value));
        value
    }

    /// Not once the budget is spent: what comes then is cut short.
    pub(crate) fn remember(&mut self, slot: u32, content: Slot<'a>) {
        if self.spent().is_none()
            && let Some(place) = self.slots.get_mut(slot as usize)
        {
            *place = content;
        }
    }

    fn make_truth(&mut self, id: Id) -> Truth {
        self.steps += 1;
        if let Some(missing) = self.spent() {
            return Truth::unknown(missing);
        }
        let program = self.program;
        match program.node(id) {
            Node::And(items) => self.all_of(program.ordered(id, items)),
            Node::Or(items) => self.any_of(program.ordered(id, items)),
            Node::Not(inner) => self.truth(*inner).not(),
            Node::Of { threshold, items } => self.count_of(*threshold, items),
            Node::Compare { op, left, right } => self.compare(*op, *left, *right),
            Node::IsNull(inner) => match self.value(*inner) {
                Value::Unknown(missing) => Truth::unknown(missing),
                value => value.is_null().into(),
            },
            Node::InTuple { left, fold, set, rest } => self.in_tuple(*left, *fold, *set, rest),
            Node::InList { left, fold, list } => self.in_list(*left, *fold, *list),
            Node::InArray { left, fold, right } => self.in_array(*left, *fold, *right),
            Node::Loop { function, list, body } if self.is_quantifier(*function) => {
                self.quantifier(*function, *list, *body)
            }
            Node::Text { test, fold, source, needles, rest } => {
                self.text_test(*test, *fold, *source, needles, rest)
            }
            Node::Regex { source, patterns } => self.regex_test(*source, patterns),
            Node::IpIn { ip, set, rest } => self.ip_in(*ip, *set, rest),
            _ => Truth::of(self.make_other(id)),
        }
    }

    fn make_value(&mut self, id: Id) -> Value<'a> {
        let program = self.program;
        match program.node(id) {
            Node::And(_)
            | Node::Or(_)
            | Node::Not(_)
            | Node::Of { .. }
            | Node::Compare { .. }
            | Node::IsNull(_)
            | Node::InTuple { .. }
            | Node::InList { .. }
            | Node::InArray { .. }
            | Node::Text { .. }
            | Node::Regex { .. }
            | Node::IpIn { .. } => self.make_truth(id).value(),
            Node::Loop { function, .. } if self.is_quantifier(*function) => self.make_truth(id).value(),
            _ => {
                self.steps += 1;
                match self.spent() {
                    Some(missing) => Value::Unknown(missing),
                    None => self.make_other(id),
                }
            }
        }
    }

    /// Nodes that are not logic.
    fn make_other(&mut self, id: Id) -> Value<'a> {
        let program = self.program;
        match program.node(id) {
            Node::Bool(b) => Value::Bool(*b),
            Node::Int(i) => Value::Int(*i),
            Node::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Node::Str(s) => Value::Str(s),
            Node::Root(root) => plain(self.host.root(*root as usize, self.arena)),
            Node::Item(n) => self.item(*n),
            Node::Field { base, field, .. } => match self.value(*base) {
                Value::Object(object) => plain(object.field(*field as usize, self.arena)),
                Value::Unknown(missing) => Value::Unknown(missing),
                _ => Value::Null,
            },
            Node::Index { base, index } => self.index(*base, *index),
            Node::Slice { base, from, to, text } => self.slice(*base, *from, *to, *text),
            Node::List(list) => match self.list(*list) {
                Ok(data) => data.as_value(),
                Err(missing) => Value::Unknown(missing),
            },
            Node::Array(items) => {
                let values: Vec<Value<'a>> = items.iter().map(|&i| self.value(i)).collect();
                self.list_of(&values)
            }
            Node::JsonText(inner) => match self.value(*inner) {
                Value::Unknown(missing) => Value::Unknown(missing),
                value => Value::opt_str(value.as_str()),
            },
            Node::Neg(inner) => match self.value(*inner) {
                Value::Int(i) => i.checked_neg().map_or(Value::Null, Value::Int),
                Value::Float(f) => Value::Float(-f),
                Value::Unknown(missing) => Value::Unknown(missing),
                _ => Value::Null,
            },
            Node::Arith { op, left, right } => {
                let (left, right) = (self.value(*left), self.value(*right));
                arith(*op, left, right)
            }
            Node::Loop { function, list, body } => self.array_loop(*function, *list, *body),
            Node::Matches { extract, source, pattern } => self.matches(*extract, *source, *pattern),
            Node::Call { function, args } => self.builtin(*function, args),
            Node::Host { function, args } => self.host_call(*function, args),
            _ => Value::Null,
        }
    }

    fn item(&self, n: u32) -> Value<'a> {
        let at = self.scopes.len().checked_sub(1 + n as usize);
        at.and_then(|at| self.scopes.get(at)).copied().unwrap_or(Value::Null)
    }

    pub(crate) fn list_of(&self, values: &[Value<'a>]) -> Value<'a> {
        Value::List(List::Values(self.arena.alloc_slice(values)))
    }

    fn all_of(&mut self, items: &[Id]) -> Truth {
        let mut all = Truth::TRUE;
        for &item in items {
            all = all.and(self.truth(item));
            if all.is_false() {
                break;
            }
        }
        all
    }

    fn any_of(&mut self, items: &[Id]) -> Truth {
        let mut any = Truth::FALSE;
        for &item in items {
            any = any.or(self.truth(item));
            if any.is_true() {
                break;
            }
        }
        any
    }

    fn count_of(&mut self, threshold: u32, items: &[Id]) -> Truth {
        let mut count = Count::new(threshold);
        for &item in items {
            let truth = self.truth(item);
            if count.add(truth) {
                break;
            }
        }
        count.finish()
    }

    fn compare(&mut self, op: CmpOp, left: Id, right: Id) -> Truth {
        let left = self.value(left);
        if left.is_null() {
            return Truth::NULL;
        }
        let right = self.value(right);
        self.charge_text(left, right);
        compare(op, left, right)
    }

    fn charge_text(&mut self, left: Value<'a>, right: Value<'a>) {
        if let (Value::Str(a), Value::Str(b)) = (left, right) {
            self.steps += (a.len().min(b.len()) / 256) as u64;
        }
    }

    fn in_tuple(&mut self, left: Id, fold_case: bool, set: u32, rest: &[Id]) -> Truth {
        let left = self.value(left);
        let Some(set) = self.program.sets.get(set as usize) else { return Truth::NULL };
        let found = match left {
            Value::Unknown(missing) => return Truth::unknown(missing),
            Value::Str(s) if fold_case => set.strings.contains(&*fold(s)),
            Value::Str(s) => set.strings.contains(s),
            Value::Int(i) => set.ints.binary_search(&i).is_ok(),
            Value::Float(f) => set.ints.iter().any(|&i| i as f64 == f),
            Value::Bool(_) => false,
            _ => return Truth::NULL,
        };
        if found {
            return Truth::TRUE;
        }
        let op = if fold_case { CmpOp::EqFold } else { CmpOp::Eq };
        let mut any = if set.has_null { Truth::NULL } else { Truth::FALSE };
        for &item in rest {
            any = any.or(compare(op, left, self.value(item)));
            if any.is_true() {
                break;
            }
        }
        any
    }

    fn in_list(&mut self, left: Id, fold_case: bool, list: u32) -> Truth {
        let left = self.value(left);
        let missing = match left {
            Value::Str(_) => Missing::NONE,
            Value::Unknown(missing) => missing,
            _ => return Truth::NULL,
        };
        match (self.list(list), left) {
            (Ok(data), Value::Str(s)) if fold_case => data.contains_folded(s).into(),
            (Ok(data), Value::Str(s)) => data.contains(s).into(),
            (Ok(_), _) => Truth::unknown(missing),
            (Err(more), _) => Truth::unknown(missing | more),
        }
    }

    fn in_array(&mut self, left: Id, fold_case: bool, right: Id) -> Truth {
        let left = self.value(left);
        if left.is_null() {
            return Truth::NULL;
        }
        let list = match self.value(right) {
            Value::Unknown(missing) => return Truth::unknown(missing),
            value => match value.as_list() {
                Some(list) => list,
                None => return Truth::NULL,
            },
        };
        let op = if fold_case { CmpOp::EqFold } else { CmpOp::Eq };
        let mut any = Truth::FALSE;
        for i in 0..list.len() {
            self.steps += 1;
            if let Some(missing) = self.spent() {
                return Truth::unknown(missing);
            }
            any = any.or(compare(op, left, plain(list.get(i, self.arena))));
            if any.is_true() {
                break;
            }
        }
        any
    }

    /// The named list, or the set `$name`.
    pub(crate) fn list(&mut self, list: u32) -> Result<&'a ListData, Missing> {
        let name = self.program.lists.get(list as usize).map_or("", |n| n);
        let host = self.host;
        let found = match self.lists.get_mut(list as usize) {
            Some(slot) => *slot.get_or_insert_with(|| host.list(name)),
            None => None,
        };
        found.ok_or_else(|| self.arena.missing(&format!("${name}")))
    }

    fn index(&mut self, base: Id, index: Id) -> Value<'a> {
        let base = self.value(base);
        let index = self.value(index);
        if base.is_null() || index.is_null() {
            return Value::Null;
        }
        match (base, index) {
            (Value::Unknown(a), Value::Unknown(b)) => Value::Unknown(a | b),
            (Value::Unknown(missing), _) | (_, Value::Unknown(missing)) => Value::Unknown(missing),
            (Value::Json(json), Value::Str(name)) => json.get(name).map_or(Value::Null, Value::json),
            (Value::Map(map), Value::Str(name)) => plain(map.get(name, self.arena)),
            (base, Value::Int(i)) => match (base.as_list(), usize::try_from(i)) {
                (Some(list), Ok(i)) => plain(list.get(i, self.arena)),
                _ => Value::Null,
            },
            _ => Value::Null,
        }
    }

    fn slice(&mut self, base: Id, from: Option<Id>, to: Option<Id>, text: bool) -> Value<'a> {
        let base = self.value(base);
        if let Value::Unknown(missing) = base {
            return Value::Unknown(missing);
        }
        if base.is_null() {
            return if text { Value::Null } else { self.list_of(&[]) };
        }
        let mut bound = |id: Option<Id>, open: usize| match id.map(|id| self.value(id)) {
            None => Ok(open),
            Some(Value::Int(i)) => Ok(usize::try_from(i).unwrap_or(0)),
            Some(Value::Unknown(missing)) => Err(Value::Unknown(missing)),
            Some(_) => Err(Value::Null),
        };
        let (from, to) = match (bound(from, 0), bound(to, usize::MAX)) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(Value::Null), _) | (_, Err(Value::Null)) => return Value::Null,
            (Err(value), _) | (_, Err(value)) => return value,
        };
        match base {
            Value::Str(s) => Value::Str(cut(s, from, to)),
            base => self.slice_list(base.as_list(), from, to),
        }
    }

    fn slice_list(&mut self, list: Option<List<'a>>, from: usize, to: usize) -> Value<'a> {
        let Some(list) = list else { return Value::Null };
        let end = to.min(list.len());
        let values: Vec<Value<'a>> = (from.min(end)..end).map(|i| plain(list.get(i, self.arena))).collect();
        self.steps += values.len() as u64;
        self.list_of(&values)
    }

    fn host_call(&mut self, function: u32, args: &[Id]) -> Value<'a> {
        let Some(info) = self.program.functions.get(function as usize) else { return Value::Null };
        let mut missing = Missing::NONE;
        let mut values = Vec::with_capacity(args.len());
        for (i, &arg) in args.iter().enumerate() {
            let value = self.value(arg);
            if let Value::Unknown(more) = value {
                missing = missing | more;
            }
            if value.is_null() && info.required.get(i).copied().unwrap_or(false) {
                return Value::Null;
            }
            values.push(value);
        }
        if !missing.is_empty() {
            return Value::Unknown(missing);
        }
        let host = self.host;
        let arena = self.arena;
        self.memoised((u8::MAX, function as usize, 0), &values, |_, values| {
            match host.call(function as usize, values, arena) {
                Outcome::Value(value) => plain(value),
                Outcome::Missing(name) => arena.unknown(name),
            }
        })
    }

    /// Remembers what a function gave for these arguments.
    pub(crate) fn memoised(
        &mut self,
        function: Identity,
        args: &[Value<'a>],
        make: impl FnOnce(&mut Self, &[Value<'a>]) -> Value<'a>,
    ) -> Value<'a> {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.push(function);
        key.extend(args.iter().map(identity));
        if let Some(&value) = self.calls.get(key.as_slice()) {
            self.key = key;
            return value;
        }
        let value = make(self, args);
        if self.spent().is_none() {
            self.calls.insert(key.as_slice().into(), value);
        }
        self.key = key;
        value
    }
}

/// JSON scalars are scalars wherever they come from.
pub(crate) fn plain(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Json(json) => Value::json(json),
        value => value,
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

/// Comparison of two values; null when either is null or the types differ.
pub(crate) fn compare(op: CmpOp, left: Value<'_>, right: Value<'_>) -> Truth {
    use std::cmp::Ordering as O;
    if left.is_null() || right.is_null() {
        return Truth::NULL;
    }
    let order = match (plain(left), plain(right)) {
        (Value::Unknown(a), Value::Unknown(b)) => return Truth::unknown(a | b),
        (Value::Unknown(missing), _) | (_, Value::Unknown(missing)) => return Truth::unknown(missing),
        (Value::Str(a), Value::Str(b)) => {
            return match op {
                CmpOp::EqFold => eq_fold(a, b).into(),
                CmpOp::NeFold => (!eq_fold(a, b)).into(),
                CmpOp::Eq => (a == b).into(),
                CmpOp::Ne => (a != b).into(),
                op => ordered(op, a.cmp(b)),
            };
        }
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
fn arith<'a>(op: ArithOp, left: Value<'a>, right: Value<'a>) -> Value<'a> {
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
fn cut(text: &str, from: usize, to: usize) -> &str {
    if to <= from {
        return "";
    }
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    let (start, end) =
        if text.is_ascii() { (from.min(text.len()), to.min(text.len())) } else { (at(from), at(to)) };
    text.get(start..end).unwrap_or("")
}
