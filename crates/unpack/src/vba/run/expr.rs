//! Expressions: operators, names with members and arguments.

use std::rc::Rc;

use super::*;
use crate::vba::value::{Object, XOR};

/// An argument of a call.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    pub(super) name: Option<Rc<str>>,
    pub(super) value: Val,
}

/// The argument of a name, or at a place.
pub(super) fn given(args: &[Given], at: usize, name: &str) -> Val {
    let named = args.iter().find(|a| a.name.as_deref() == Some(name));
    let placed = || args.get(at).filter(|a| a.name.is_none());
    match named.or_else(placed) {
        Some(arg) => arg.value.clone(),
        None => Val::Missing,
    }
}

impl<'p> Machine<'p> {
    /// The value of an expression; objects stay objects.
    pub(super) fn expr(&mut self, expr: &'p Expr) -> Val {
        if self.depth >= DEPTH_MAX || self.steps == 0 {
            self.out.limited = true;
            return Val::Unknown;
        }
        self.depth += 1;
        let out = match expr {
            Expr::Value(value) => value.clone(),
            Expr::Path(path) => self.path(path),
            Expr::Not(inner) => match self.settled(inner) {
                Val::Bool(b) => Val::Bool(!b),
                other => match other.to_int() {
                    Some(n) => Val::Number(!n as f64, other.to_number().map_or(0, |(_, how)| how)),
                    None => Val::Unknown,
                },
            },
            Expr::Minus(inner) => match self.settled(inner).to_number() {
                Some((n, how)) => Val::Number(-n, how),
                None => Val::Unknown,
            },
            Expr::Chain(first, rest) => self.chain(first, rest),
            Expr::AddressOf(name) => {
                let target = self.procs.get(name).and_then(|p| p.first()).copied();
                if let Some(index) = target {
                    self.callback(index);
                }
                Val::Unknown
            }
        };
        self.depth -= 1;
        out
    }

    /// What is handed to an API as a callback runs.
    fn callback(&mut self, index: usize) {
        let count = self.program.procs.get(index).map_or(0, |p| p.params.len());
        let _ = self.call(index, vec![Val::Unknown; count]);
    }

    /// The value of an expression; an object gives what it holds.
    pub(super) fn settled(&mut self, expr: &'p Expr) -> Val {
        let value = self.expr(expr);
        self.settle(value)
    }

    pub(super) fn text_of(&mut self, expr: &'p Expr) -> Rc<Text> {
        self.settled(expr).to_text()
    }

    fn chain(&mut self, first: &'p Expr, rest: &'p [(Op, Expr)]) -> Val {
        let mut left = self.settled(first);
        if rest.iter().all(|(op, _)| *op == Op::Concat) && rest.len() > 1 {
            return self.concat(&left, rest);
        }
        for (op, right) in rest {
            let right = self.settled(right);
            left = self.binary(*op, &left, &right);
            if !self.tick(0) {
                return Val::Unknown;
            }
        }
        left
    }

    /// A long row of `&` is put together once.
    fn concat(&mut self, left: &Val, rest: &'p [(Op, Expr)]) -> Val {
        let mut out = (*left.to_text()).clone();
        let mut pieces = usize::from(!out.text.is_empty());
        for (_, right) in rest {
            let right = self.settled(right).to_text();
            pieces += usize::from(!right.text.is_empty());
            out.append(&right);
        }
        if !self.book_bytes(out.text.len()) {
            return Val::Unknown;
        }
        out.how |= if pieces > 1 { PIECES } else { 0 };
        Val::Text(Rc::new(out))
    }

    pub(super) fn binary(&mut self, op: Op, left: &Val, right: &Val) -> Val {
        match op {
            Op::Concat => self.joined(left, right),
            Op::Add => match (left, right) {
                (Val::Text(_), Val::Text(_) | Val::Unknown) | (Val::Unknown, Val::Text(_)) => {
                    self.joined(left, right)
                }
                (Val::Text(t), _) | (_, Val::Text(t)) if t.partial => self.joined(left, right),
                (Val::Text(_), Val::Empty) | (Val::Empty, Val::Text(_)) => self.joined(left, right),
                _ => numeric(left, right, |a, b| Some(a + b)),
            },
            Op::Sub => numeric(left, right, |a, b| Some(a - b)),
            Op::Mul => numeric(left, right, |a, b| Some(a * b)),
            Op::Div => numeric(left, right, |a, b| (b != 0.0).then(|| a / b)),
            Op::Power => numeric(left, right, |a, b| Some(a.powf(b))),
            Op::IntDiv => whole(left, right, 0, i64::checked_div),
            Op::Mod => whole(left, right, 0, i64::checked_rem),
            Op::And => self.logic(left, right, 0, |a, b| Some(a & b)),
            Op::Or => self.logic(left, right, 0, |a, b| Some(a | b)),
            Op::Xor => self.logic(left, right, XOR, |a, b| Some(a ^ b)),
            Op::Eqv => self.logic(left, right, XOR, |a, b| Some(!(a ^ b))),
            Op::Imp => self.logic(left, right, 0, |a, b| Some(!a | b)),
            Op::Like | Op::Is => match (left, right) {
                (Val::Object(Object::Nothing), Val::Object(Object::Nothing)) => Val::Bool(true),
                (Val::Object(_), Val::Object(Object::Nothing)) if op == Op::Is => Val::Bool(false),
                _ => Val::Unknown,
            },
            _ => compare(op, left, right),
        }
    }

    fn logic(&mut self, left: &Val, right: &Val, how: How, f: fn(i64, i64) -> Option<i64>) -> Val {
        match (left, right) {
            (Val::Bool(a), Val::Bool(b)) => {
                f(-i64::from(*a), -i64::from(*b)).map_or(Val::Unknown, |n| Val::Bool(n != 0))
            }
            // One side decides.
            (Val::Bool(false), Val::Unknown) | (Val::Unknown, Val::Bool(false)) if f(0, -1) == Some(0) => {
                Val::Bool(false)
            }
            (Val::Bool(true), Val::Unknown) | (Val::Unknown, Val::Bool(true))
                if f(0, -1) == Some(-1) && f(-1, -1) == Some(-1) =>
            {
                Val::Bool(true)
            }
            _ => whole(left, right, how, f),
        }
    }

    /// The value of a name with members and arguments.
    pub(super) fn path(&mut self, path: &'p Path) -> Val {
        if self.depth >= DEPTH_MAX {
            self.out.limited = true;
            return Val::Unknown;
        }
        self.depth += 1;
        let out = self.steps_of(&path.base, &path.steps);
        self.depth -= 1;
        out
    }

    pub(super) fn args(&mut self, args: &'p [Arg]) -> Vec<Given> {
        let mut out = Vec::with_capacity(args.len());
        for arg in args {
            let value = arg.value.as_ref().map_or(Val::Missing, |v| self.expr(v));
            out.push(Given { name: arg.name.map(|n| self.program.names.word(n)), value });
        }
        out
    }

    /// The value of a base and some of its steps.
    pub(super) fn steps_of(&mut self, base: &'p Base, steps: &'p [Step]) -> Val {
        if !self.tick(1) {
            return Val::Unknown;
        }
        let (mut value, mut at) = match base {
            Base::Name(name) => self.named(*name, steps),
            Base::With => {
                let object = self.frames.last().and_then(|f| f.with.last()).cloned();
                (object.unwrap_or_default(), 0)
            }
            Base::Bracket(text) => (self.bracket(text), 0),
            Base::New(class) => {
                let class = self.program.names.word(*class);
                (self.class(&class).unwrap_or_else(|| Val::host(&class)), 0)
            }
            Base::Inner(inner) => (self.expr(inner), 0),
        };
        while let Some(step) = steps.get(at) {
            at += 1;
            value = match step {
                Step::Member(member) => {
                    let args = match steps.get(at) {
                        Some(Step::Args(args)) => {
                            at += 1;
                            Some(self.args(args))
                        }
                        _ => None,
                    };
                    let member = self.program.names.word(*member);
                    self.member(&value, &member, args.as_deref())
                }
                Step::Args(args) => {
                    let args = self.args(args);
                    self.indexed(&value, &args)
                }
            };
        }
        value
    }

    /// A name, with its arguments when it is called; gives how many steps that took.
    fn named(&mut self, name: Sym, steps: &'p [Step]) -> (Val, usize) {
        let args = match steps.first() {
            Some(Step::Args(args)) => Some(args.as_slice()),
            _ => None,
        };
        let procs = self.procs.get(&name);
        if let Some(value) = self.variable(name) {
            let recursive =
                args.is_some() && procs.is_some() && !matches!(value, Val::Array(_) | Val::Object(_));
            if !recursive {
                return (value, 0);
            }
        }
        if let Some(index) = procs.and_then(|p| self.nearest(p)) {
            return (self.call_path(index, args.unwrap_or_default()), usize::from(args.is_some()));
        }
        let given = args.map(|args| self.args(args));
        let taken = usize::from(args.is_some());
        if let Some(index) = self.declares.get(&name).copied() {
            return (self.api(index, given.as_deref().unwrap_or_default()), taken);
        }
        let word = self.program.names.word(name);
        if let Some(value) = self.function(&word, given.as_deref().unwrap_or_default()) {
            return (value, taken);
        }
        if let Some(value) = self.root(&word, given.as_deref()) {
            return (value, taken);
        }
        match given {
            // A function that is not there, or an array that is not known.
            Some(args) => {
                for arg in &args {
                    self.note(&arg.value);
                }
                let path = host::with_args(&word, &args);
                (Val::host(&path), taken)
            }
            None if !steps.is_empty() => (Val::host(&word), 0),
            None => (self.undeclared(&word), 0),
        }
    }

    /// A procedure of that name in this module comes first.
    fn nearest(&self, procs: &[usize]) -> Option<usize> {
        let here = |index: &&usize| self.program.procs.get(**index).is_some_and(|p| p.module == self.module);
        procs.iter().find(here).or(procs.first()).copied()
    }

    /// A variable that nothing was assigned to: empty, unless it is a constant of the host (`wdOpen`).
    fn undeclared(&mut self, word: &str) -> Val {
        let control = host::is_host_constant(word);
        if control || self.cold {
            return Val::Unknown;
        }
        if let Some(value) = self.around_at(word) {
            return value;
        }
        Val::Empty
    }

    /// Calls a procedure; what it leaves in its parameters goes back to the variables that were given.
    fn call_path(&mut self, index: usize, args: &'p [Arg]) -> Val {
        let mut given = Vec::with_capacity(args.len());
        let params = self.program.procs.get(index).map(|p| p.params.as_slice()).unwrap_or_default();
        for (at, arg) in args.iter().enumerate() {
            let value = arg.value.as_ref().map_or(Val::Missing, |v| self.expr(v));
            // Arguments by name go to their places.
            let place = arg.name.and_then(|name| params.iter().position(|p| p.name == name)).unwrap_or(at);
            if place < 64 && given.len() <= place {
                given.resize(place + 1, Val::Missing);
            }
            if let Some(slot) = given.get_mut(place) {
                *slot = value;
            }
        }
        for value in &given {
            self.note(value);
        }
        let (result, left) = self.call(index, given);
        for ((arg, param), value) in args.iter().zip(params).zip(left) {
            if !param.by_value
                && !param.rest
                && arg.name.is_none()
                && let Some(Expr::Path(path)) = &arg.value
                && let (Base::Name(name), true) = (&path.base, path.steps.is_empty())
                && self.slot_known(*name)
            {
                self.assign(path, value);
            }
        }
        result
    }

    fn slot_known(&self, name: Sym) -> bool {
        self.variable(name).is_some() || !self.procs.contains_key(&name)
    }

    /// Calls a procedure by its name, as `Application.Run` and `CallByName` do.
    pub(super) fn call_named(&mut self, name: &str, args: Vec<Val>) -> Option<Val> {
        let plain = name.rsplit(['!', '.']).next().unwrap_or(name).trim_matches('\'');
        let sym = self.program.names.find(plain)?;
        let index = self.procs.get(&sym).and_then(|p| self.nearest(p))?;
        Some(self.call(index, args).0)
    }
}

fn numeric(left: &Val, right: &Val, f: impl Fn(f64, f64) -> Option<f64>) -> Val {
    match (left.to_number(), right.to_number()) {
        (Some((a, h)), Some((b, i))) => f(a, b).map_or(Val::Unknown, |n| Val::Number(n, h | i)),
        _ => Val::Unknown,
    }
}

fn whole(left: &Val, right: &Val, how: How, f: impl Fn(i64, i64) -> Option<i64>) -> Val {
    let (Some(a), Some(b)) = (left.to_int(), right.to_int()) else { return Val::Unknown };
    let tricks = |v: &Val| v.to_number().map_or(0, |(_, how)| how);
    f(a, b).map_or(Val::Unknown, |n| Val::Number(n as f64, how | tricks(left) | tricks(right)))
}

fn compare(op: Op, left: &Val, right: &Val) -> Val {
    use std::cmp::Ordering;
    let unknown = |v: &Val| match v {
        Val::Unknown | Val::Object(_) | Val::Array(_) | Val::Null => true,
        Val::Text(t) => t.partial,
        _ => false,
    };
    if unknown(left) || unknown(right) {
        return Val::Unknown;
    }
    let order = match (left, right) {
        (Val::Text(a), Val::Text(b)) => a.text.cmp(&b.text),
        (Val::Text(a), Val::Empty | Val::Missing) => a.text.as_str().cmp(""),
        (Val::Empty | Val::Missing, Val::Text(b)) => "".cmp(b.text.as_str()),
        _ => {
            let (Some((a, _)), Some((b, _))) = (left.to_number(), right.to_number()) else {
                return Val::Unknown;
            };
            a.partial_cmp(&b).unwrap_or(Ordering::Equal)
        }
    };
    Val::Bool(match op {
        Op::Equal => order.is_eq(),
        Op::NotEqual => order.is_ne(),
        Op::Less => order.is_lt(),
        Op::LessEqual => order.is_le(),
        Op::Greater => order.is_gt(),
        _ => order.is_ge(),
    })
}
