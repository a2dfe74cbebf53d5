//! Evaluation: one walk over the shared nodes for all rules of a message, with a memory for what rules have in common.

use rustc_hash::FxHashMap;

use crate::columns::{Columns, Scope};
use crate::limits::{MESSAGE_STEPS, RULE_STEPS};
use crate::memory::{Memory, Slot};
use crate::node::{Id, Logic, NEGATED, NO_SLOT, Node, Operand, Program};
use crate::prefilter::Haystacks;
use crate::scalar::{arith, compare, cut, plain};
use crate::text::fold;
use crate::truth::{Count, Truth};
use crate::typed::CmpOp;
use crate::value::{Arena, Host, List, ListData, Missing, Outcome, Value};

/// The state of one message's evaluation.
pub(crate) struct Eval<'a, 'h> {
    pub(crate) program: &'a Program,
    pub(crate) host: &'h dyn Host<'a>,
    pub(crate) arena: &'a Arena,
    pub(crate) haystacks: Haystacks<'a>,
    /// Items of the loops around, outermost first.
    pub(crate) scopes: Vec<Scope<'a>>,
    /// What is remembered of nodes that read the item of one loop.
    pub(crate) columns: Columns<'a>,
    /// Steps that the rule took.
    pub(crate) steps: u64,
    pub(crate) regex_memo: FxHashMap<(u32, u32), bool>,
    pub(crate) memory: Memory<'a>,
    /// Where texts are put together.
    pub(crate) joined: String,
    lists: Vec<Option<Result<&'a ListData, Missing>>>,
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
            columns: Columns::default(),
            steps: 0,
            regex_memo: FxHashMap::default(),
            memory: Memory::new(program.slots),
            joined: String::new(),
            lists: vec![None; program.lists.len()],
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
    #[inline(always)]
    pub(crate) fn decide(&mut self, operand: &'a Operand) -> Truth {
        match self.memory.truth(operand) {
            Truth::IS_TRUE => Truth::TRUE,
            Truth::IS_FALSE => Truth::FALSE,
            Truth::IS_NULL => Truth::NULL,
            _ => self.find_out(operand),
        }
    }

    /// What is not remembered as surely true, false or null. Kept apart, so that what is remembered costs no call.
    #[inline(never)]
    fn find_out(&mut self, operand: &'a Operand) -> Truth {
        let program = self.program;
        match operand.logic {
            Logic::All => {
                let mut all = Truth::TRUE;
                for part in program.operands_at(operand.parts()) {
                    let t = match self.memory.truth(part) {
                        Truth::IS_TRUE => continue,
                        Truth::IS_FALSE | Truth::IS_NULL => return Truth::FALSE,
                        _ => self.find_out(part),
                    };
                    if !t.can_be_true() {
                        return Truth::FALSE;
                    }
                    all = all.and(t);
                }
                all
            }
            Logic::Any => {
                let mut any = Truth::FALSE;
                for part in program.operands_at(operand.parts()) {
                    any = any.or(self.decide(part));
                    if any.is_true() {
                        break;
                    }
                }
                any
            }
            // Nothing reads an item here, so what has a slot has it in the memory.
            Logic::Leaf if operand.slot & NEGATED != 0 => self.make_truth(operand.id),
            Logic::Leaf if self.memory.is_empty(operand.slot) => {
                let truth = self.make_truth(operand.id);
                self.remember_truth(operand.slot, truth);
                truth
            }
            Logic::Leaf => self.truth(operand.id),
        }
    }

    /// The truth of an operand, remembered or not.
    #[inline]
    fn truth_of(&mut self, operand: &Operand) -> Truth {
        match self.memory.truth(operand) {
            Truth::IS_TRUE => Truth::TRUE,
            Truth::IS_FALSE => Truth::FALSE,
            Truth::IS_NULL => Truth::NULL,
            _ => self.truth(operand.id),
        }
    }

    /// The value of a boolean node.
    #[inline]
    pub(crate) fn truth(&mut self, id: Id) -> Truth {
        let slot = self.program.slot(id);
        if slot == NO_SLOT {
            return self.make_truth(id);
        }
        match self.recall(slot) {
            Slot::Truth(t) => return t,
            Slot::Value(v) => return Truth::of(v),
            Slot::Empty => {}
        }
        let truth = self.make_truth(id);
        self.remember_truth(slot, truth);
        truth
    }

    /// The value of any node.
    #[inline]
    pub(crate) fn value(&mut self, id: Id) -> Value<'a> {
        let slot = self.program.slot(id);
        if slot == NO_SLOT {
            return self.make_value(id);
        }
        match self.recall(slot) {
            Slot::Truth(t) => return t.value(),
            Slot::Value(v) => return v,
            Slot::Empty => {}
        }
        let value = self.make_value(id);
        self.remember(slot, Slot::Value(value));
        value
    }

    pub(crate) fn make_truth(&mut self, id: Id) -> Truth {
        self.steps += 1;
        if let Some(missing) = self.spent() {
            return Truth::unknown(missing);
        }
        let program = self.program;
        match program.node(id) {
            Node::And(_) => self.all_of(program.operands(id)),
            Node::Or(_) => self.any_of(program.operands(id)),
            Node::Not(inner) => self.truth(*inner).not(),
            Node::Of { threshold, items } => self.count_of(*threshold, program.ids(*items)),
            Node::Compare { op, left, right } => self.compare(*op, *left, *right),
            Node::IsNull(inner) => match self.value(*inner) {
                Value::Unknown(missing) => Truth::unknown(missing),
                value => value.is_null().into(),
            },
            Node::InTuple { left, fold, set, rest } => self.in_tuple(*left, *fold, *set, program.ids(*rest)),
            Node::InList { left, fold, list } => self.in_list(*left, *fold, *list),
            Node::InArray { left, fold, right } => self.in_array(*left, *fold, *right),
            Node::Loop { function, list, body } if self.is_quantifier(*function) => {
                self.quantifier(*function, *list, *body)
            }
            Node::Text { test, fold, source, needles, rest } => {
                self.text_test(*test, *fold, *source, program.ids(*needles), program.ids(*rest))
            }
            Node::Regex { source, patterns } => self.regex_test(*source, program.ids(*patterns)),
            Node::IpIn { ip, set, rest } => self.ip_in(*ip, *set, program.ids(*rest)),
            Node::Outer(inner) => self.outside(|eval| eval.truth(*inner)),
            _ => Truth::of(self.make_other(id)),
        }
    }

    fn make_value(&mut self, id: Id) -> Value<'a> {
        let program = self.program;
        match program.node(id) {
            // What is there already is no step.
            Node::Str(s) => Value::Str(program.words(*s)),
            Node::Int(i) => Value::Int(*i),
            Node::Item(n) => self.item(*n),
            Node::Outer(inner) => self.outside(|eval| eval.value(*inner)),
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
            Node::Str(s) => Value::Str(program.words(*s)),
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
                let values: Vec<Value<'a>> = program.ids(*items).iter().map(|&i| self.value(i)).collect();
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
            Node::Call { function, args } => self.builtin(*function, program.ids(*args)),
            Node::Host { function, args } => self.host_call(*function, program.ids(*args)),
            _ => Value::Null,
        }
    }

    /// Evaluates outside the innermost loop.
    fn outside<T>(&mut self, evaluate: impl FnOnce(&mut Self) -> T) -> T {
        let scope = self.scopes.pop();
        let result = evaluate(self);
        self.scopes.extend(scope);
        result
    }

    fn item(&self, n: u32) -> Value<'a> {
        let at = self.scopes.len().checked_sub(1 + n as usize);
        at.and_then(|at| self.scopes.get(at)).map_or(Value::Null, |s| s.item)
    }

    pub(crate) fn list_of(&self, values: &[Value<'a>]) -> Value<'a> {
        Value::List(List::Values(self.arena.alloc_slice(values)))
    }

    fn all_of(&mut self, operands: &[Operand]) -> Truth {
        let mut all = Truth::TRUE;
        for operand in operands {
            all = all.and(self.truth_of(operand));
            if all.is_false() {
                break;
            }
        }
        all
    }

    fn any_of(&mut self, operands: &[Operand]) -> Truth {
        let mut any = Truth::FALSE;
        for operand in operands {
            any = any.or(self.truth_of(operand));
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
        if self.too_far_apart(op, left, right) {
            return Truth::FALSE;
        }
        let left = self.value(left);
        if left.is_null() {
            return Truth::NULL;
        }
        let right = match self.program.node(right) {
            // What nearly everything is compared with, and remembered nowhere.
            Node::Str(s) => Value::Str(self.program.words(*s)),
            Node::Int(i) => Value::Int(*i),
            _ => self.value(right),
        };
        self.charge_text(left, right);
        compare(op, left, right)
    }

    fn in_tuple(&mut self, left: Id, fold_case: bool, set: u32, rest: &[Id]) -> Truth {
        let left = self.value(left);
        self.value_in_tuple(left, fold_case, set, rest)
    }

    pub(crate) fn value_in_tuple(
        &mut self,
        left: Value<'a>,
        fold_case: bool,
        set: u32,
        rest: &[Id],
    ) -> Truth {
        let Some(set) = self.program.sets.get(set as usize) else { return Truth::NULL };
        let found = match left {
            Value::Unknown(missing) => return Truth::unknown(missing),
            // Folded ASCII keeps its length; what is longer than all of them need not be folded.
            Value::Str(s) if fold_case => {
                (s.len() <= set.longest || !s.is_ascii()) && set.strings.contains(&*fold(s))
            }
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
        self.value_in_list(left, fold_case, list)
    }

    pub(crate) fn value_in_list(&mut self, left: Value<'a>, fold_case: bool, list: u32) -> Truth {
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
        if let Some(Some(known)) = self.lists.get(list as usize) {
            return *known;
        }
        let name = self.program.lists.get(list as usize).map_or("", |n| n);
        let found = self.host.list(name).ok_or_else(|| self.arena.missing(&format!("${name}")));
        if let Some(slot) = self.lists.get_mut(list as usize) {
            *slot = Some(found);
        }
        found
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
}
