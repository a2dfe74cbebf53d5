//! The machine: expressions, and what is noted of their doings.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::{gaps::Gaps, limits::INDICATOR_CHARS_MAX};

use super::{
    tree::{Expr, Func, Name, Op, Step},
    value::{Closure, Env, Object, Text, Value, int32, number_of, number_text},
};

/// Expressions and calls inside one another.
const DEPTH_MAX: usize = 120;
/// Ticks after the budget is used up: loops end, what follows them is still looked at.
const GRACE_TICKS: u64 = 20_000;
/// Text units and array elements that one script may make.
const CELLS_MAX: usize = 24 << 20;
/// Ticks of a step of the message's budget.
pub(crate) const TICKS_PER_STEP: u64 = 10;
/// Events kept.
const EVENTS_MAX: usize = 512;

/// What a script would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Leads elsewhere.
    Location,
    /// Asks or tells a server.
    Request,
    /// Loads a script, frame or picture.
    Load,
    /// Writes the page.
    Write,
    /// Runs text.
    Eval,
    /// Puts a file together.
    Blob,
    /// Makes an address of it.
    ObjectUrl,
    /// Saves it.
    Save,
    /// Presses a link or button.
    Click,
    /// Makes an object of the system.
    Com,
    /// Starts a program.
    Run,
    /// Writes a file.
    Drop,
    /// Decrypts by a library.
    Decrypt,
}

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) what: What,
    pub(crate) text: String,
    /// The text, or the name of what was done, was decoded.
    pub(crate) decoded: bool,
    /// A person had to do something first.
    pub(crate) user: bool,
}

/// A file that was decoded.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) bytes: Vec<u8>,
    pub(crate) name: Option<String>,
    /// It has the magic of a file type; otherwise it is a page.
    pub(crate) file: bool,
}

/// An element of the page that scripts name by its id: tag, attributes, text.
#[derive(Debug, Default, Clone)]
pub(crate) struct Element {
    pub(crate) tag: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
}

pub(crate) struct Machine<'p> {
    pub(crate) page: &'p FxHashMap<String, Element>,
    pub(crate) ids: FxHashMap<String, Value>,
    pub(crate) arrays: Vec<Vec<Value>>,
    pub(crate) objects: Vec<Object>,
    pub(crate) closures: Vec<Closure>,
    pub(crate) envs: Vec<Env>,
    pub(crate) patterns: FxHashMap<(Name, Name), Option<regex::Regex>>,
    pub(crate) ticks: u64,
    pub(crate) grace: bool,
    stopped: bool,
    cells: usize,
    depth: usize,
    pub(crate) user: bool,
    pub(crate) thrown: bool,
    pub(crate) deferred: Vec<Value>,
    pub(crate) events: Vec<Event>,
    pub(crate) payloads: Vec<Payload>,
    /// Names that files are saved under.
    pub(crate) names: Vec<String>,
    /// Texts that were decoded, for the bus.
    pub(crate) decoded: Vec<String>,
    /// A script has more tokens than are read.
    pub(crate) cut: bool,
    /// What was not kept.
    pub(crate) gaps: Gaps,
    /// Calls or expressions went deeper than they are followed.
    pub(crate) deep: bool,
}

impl<'p> Machine<'p> {
    pub(crate) fn new(page: &'p FxHashMap<String, Element>, steps: u64) -> Machine<'p> {
        Machine {
            page,
            ids: FxHashMap::default(),
            arrays: Vec::new(),
            objects: Vec::new(),
            closures: Vec::new(),
            envs: vec![Env::default()],
            patterns: FxHashMap::default(),
            ticks: steps.saturating_mul(TICKS_PER_STEP),
            grace: false,
            stopped: false,
            cells: 0,
            depth: 0,
            user: false,
            thrown: false,
            cut: false,
            deep: false,
            gaps: Gaps::default(),
            deferred: Vec::new(),
            events: Vec::new(),
            payloads: Vec::new(),
            names: Vec::new(),
            decoded: Vec::new(),
        }
    }

    /// Books work; `false` when nothing may be done any more.
    pub(crate) fn tick(&mut self, n: u64) -> bool {
        self.ticks = self.ticks.saturating_sub(n);
        if self.ticks == 0 {
            self.stopped = self.grace;
            self.grace = true;
            self.ticks = if self.stopped { 0 } else { GRACE_TICKS };
        }
        !self.stopped
    }

    /// Books memory, and the work of filling it.
    pub(crate) fn cells(&mut self, n: usize) -> bool {
        self.cells = self.cells.saturating_add(n);
        self.tick(1 + n as u64 / 64)
            && self.gaps.room(
                self.cells.saturating_sub(1),
                CELLS_MAX,
                "characters and items that a script makes",
            )
    }

    pub(crate) fn event(&mut self, what: What, text: &str, decoded: bool) {
        if self.gaps.room(self.events.len(), EVENTS_MAX, "actions of a script") {
            // Executed code is followed as a whole; of what else it does the beginning tells nearly all.
            if what != What::Eval && text.chars().nth(INDICATOR_CHARS_MAX).is_some() {
                self.gaps.aside(INDICATOR_CHARS_MAX, "characters of an action of a script");
            }
            let text: String = text.chars().take(INDICATOR_CHARS_MAX).collect();
            self.events.push(Event { what, text, decoded, user: self.user });
        }
    }

    pub(crate) fn array(&mut self, items: Vec<Value>) -> Value {
        if !self.cells(items.len() + 4) {
            return Value::Unknown;
        }
        self.arrays.push(items);
        Value::Array(self.arrays.len() - 1)
    }

    pub(crate) fn object(&mut self, class: &str) -> usize {
        self.cells(8);
        self.objects.push(Object { class: class.to_owned(), ..Object::default() });
        self.objects.len() - 1
    }

    pub(crate) fn items(&self, array: usize) -> &[Value] {
        self.arrays.get(array).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn string(&mut self, units: Vec<u16>, decoded: bool) -> Value {
        if self.cells(units.len()) { Value::Str(Text::of(units, decoded)) } else { Value::Unknown }
    }

    pub(crate) fn prop(&self, object: usize, key: &str) -> Option<&Value> {
        self.objects.get(object)?.props.get(key)
    }

    pub(crate) fn number(&self, value: &Value) -> Option<f64> {
        Some(match value {
            Value::Num(n) => *n,
            Value::Bool(b) => f64::from(u8::from(*b)),
            Value::Null => 0.0,
            Value::Str(text) if text.units.len() < 400 => number_of(&text.string()),
            Value::Undef | Value::Str(_) => f64::NAN,
            Value::Array(id) => match self.items(*id) {
                [] => 0.0,
                [one] if !matches!(one, Value::Array(_)) => self.number(one)?,
                _ => f64::NAN,
            },
            Value::Obj(_) | Value::Func(_) | Value::Method(_) | Value::Regex(..) => f64::NAN,
            Value::Unknown | Value::Host(_) => return None,
        })
    }

    /// As text; `None` when it is unknown.
    pub(crate) fn text(&mut self, value: &Value) -> Option<Text> {
        Some(match value {
            Value::Str(text) => text.clone(),
            Value::Num(n) => Text::new(&number_text(*n)),
            Value::Bool(b) => Text::new(if *b { "true" } else { "false" }),
            Value::Null => Text::new("null"),
            Value::Undef => Text::new("undefined"),
            Value::Array(id) => self.join(*id, &[u16::from(b',')], 0)?,
            Value::Obj(id) => match self.prop(*id, "#url").cloned() {
                Some(Value::Str(text)) => text,
                _ => Text::new("[object Object]"),
            },
            Value::Func(_) | Value::Method(_) | Value::Regex(..) => {
                Text::new("function () { [native code] }")
            }
            Value::Unknown | Value::Host(_) => return None,
        })
    }

    pub(crate) fn eval(&mut self, expr: &Expr, env: usize) -> Value {
        if self.depth >= DEPTH_MAX || !self.tick(1) || self.thrown {
            self.deep |= self.depth >= DEPTH_MAX;
            return Value::Unknown;
        }
        self.depth += 1;
        let out = self.eval_inner(expr, env);
        self.depth -= 1;
        out
    }

    fn eval_inner(&mut self, expr: &Expr, env: usize) -> Value {
        match expr {
            Expr::Unknown => Value::Unknown,
            Expr::Undefined => Value::Undef,
            Expr::Null => Value::Null,
            Expr::Bool(b) => Value::Bool(*b),
            Expr::Num(n) => Value::Num(*n),
            Expr::Str(units, hidden) => Value::Str(Text { units: units.clone(), decoded: *hidden }),
            Expr::Regex(body, flags) => Value::Regex(body.clone(), flags.clone()),
            Expr::This => self.lookup("this", env).unwrap_or_else(|| Value::Host("window".into())),
            Expr::Ident(name) => self.lookup(name, env).unwrap_or_else(|| Value::Host(name.clone())),
            Expr::Func(func) => self.closure(func, env),
            Expr::Template(pieces) => self.template(pieces, env),
            Expr::Array(items) => {
                let items = self.list(items, env);
                self.array(items)
            }
            Expr::Object(props) => self.literal(props, env),
            Expr::Unary(op, inner) => self.unary(op, inner, env),
            Expr::Update { op, prefix, target } => self.update(op, *prefix, target, env),
            Expr::Chain(first, rest) => self.chain(first, rest, env),
            Expr::Cond(test, then, other) => self.conditional(test, then, other, env),
            Expr::Assign(op, target, value) => self.assign(op, target, value, env),
            Expr::Seq(all) => {
                let mut out = Value::Undef;
                for one in all {
                    out = self.eval(one, env);
                }
                out
            }
            Expr::Post(base, steps) => self.post(base, steps, env).1,
            Expr::New(callee, args) => {
                let callee = self.eval(callee, env);
                let args = self.list(args, env);
                self.construct(&callee, args)
            }
            Expr::Spread(inner) => self.eval(inner, env),
        }
    }

    pub(crate) fn lookup(&self, name: &str, env: usize) -> Option<Value> {
        let mut at = Some(env);
        while let Some(scope) = at.and_then(|id| self.envs.get(id)) {
            if let Some(value) = scope.vars.get(name) {
                return Some(value.clone());
            }
            at = scope.parent;
        }
        None
    }

    pub(crate) fn closure(&mut self, func: &Rc<Func>, env: usize) -> Value {
        self.cells(8);
        let this = if func.arrow { self.lookup("this", env).unwrap_or(Value::Undef) } else { Value::Undef };
        self.closures.push(Closure { func: func.clone(), env, this, called: false });
        Value::Func(self.closures.len() - 1)
    }

    fn template(&mut self, pieces: &[(Rc<Vec<u16>>, Option<Expr>)], env: usize) -> Value {
        let (mut out, mut decoded) = (Vec::new(), false);
        for (text, inner) in pieces {
            out.extend_from_slice(text);
            if let Some(inner) = inner {
                let value = self.eval(inner, env);
                if let Some(text) = self.text(&value) {
                    out.extend_from_slice(&text.units);
                    decoded |= text.decoded;
                }
            }
        }
        self.string(out, decoded)
    }

    /// Arguments or elements; spread arrays are laid out.
    pub(crate) fn list(&mut self, items: &[Expr], env: usize) -> Vec<Value> {
        let mut out = Vec::with_capacity(items.len().min(1 << 16));
        for item in items {
            match item {
                // Long lists of numbers are the common payload: no detour.
                Expr::Num(n) => out.push(Value::Num(*n)),
                Expr::Spread(inner) => match self.eval(inner, env) {
                    Value::Array(id) => {
                        let more = self.items(id).to_vec();
                        if self.cells(more.len()) {
                            out.extend(more);
                        }
                    }
                    Value::Str(text) if self.cells(text.units.len() * 4) => {
                        out.extend(text.units.iter().map(|u| Value::Str(Text::of(vec![*u], text.decoded))));
                    }
                    other => out.push(other),
                },
                other => {
                    let value = self.eval(other, env);
                    out.push(value);
                }
            }
        }
        out
    }

    fn literal(&mut self, props: &[(Expr, Expr)], env: usize) -> Value {
        let id = self.object("");
        for (key, value) in props {
            if let Expr::Spread(inner) = value {
                if let Value::Obj(other) = self.eval(inner, env) {
                    let more = self.objects.get(other).map(|o| o.props.clone()).unwrap_or_default();
                    if self.cells(more.len() * 4)
                        && let Some(object) = self.objects.get_mut(id)
                    {
                        object.props.extend(more);
                    }
                }
                continue;
            }
            let key = self.eval(key, env);
            let value = self.eval(value, env);
            if let Some(key) = self.text(&key)
                && let Some(object) = self.objects.get_mut(id)
            {
                object.props.insert(key.string().into(), value);
            }
        }
        Value::Obj(id)
    }

    fn unary(&mut self, op: Op, inner: &Expr, env: usize) -> Value {
        let value = self.eval(inner, env);
        match op {
            "!" => value.truth().map_or(Value::Unknown, |b| Value::Bool(!b)),
            "typeof" => value.type_of().map_or(Value::Unknown, Value::text),
            "void" => Value::Undef,
            "await" | "yield" => value,
            "delete" => Value::Bool(true),
            _ => match self.number(&value) {
                None => Value::Unknown,
                Some(n) if op == "-" => Value::Num(-n),
                Some(n) if op == "~" => Value::Num(f64::from(!int32(n))),
                Some(n) => Value::Num(n),
            },
        }
    }

    fn conditional(&mut self, test: &Expr, then: &Expr, other: &Expr, env: usize) -> Value {
        match self.eval(test, env).truth() {
            Some(true) => self.eval(then, env),
            Some(false) => self.eval(other, env),
            None => {
                let first = self.eval(then, env);
                let second = self.eval(other, env);
                if first.is_unknown() { second } else { first }
            }
        }
    }

    fn chain(&mut self, first: &Expr, rest: &[(Op, Expr)], env: usize) -> Value {
        let mut left = self.eval(first, env);
        for (op, right) in rest {
            if let "&&" | "||" | "??" = *op {
                left = self.logical(op, left, right, env);
                continue;
            }
            let right = self.eval(right, env);
            left = self.binary(op, left, &right);
        }
        left
    }

    pub(crate) fn logical(&mut self, op: Op, left: Value, right: &Expr, env: usize) -> Value {
        let truth = match op {
            "??" if left.is_unknown() => None,
            "??" => Some(!matches!(left, Value::Undef | Value::Null)),
            _ => left.truth(),
        };
        match truth {
            Some(true) if op == "&&" => self.eval(right, env),
            Some(false) if op != "&&" => self.eval(right, env),
            Some(_) => left,
            None => {
                let right = self.eval(right, env);
                if op == "&&" || !matches!(left, Value::Unknown) && right.is_unknown() { left } else { right }
            }
        }
    }

    pub(crate) fn binary(&mut self, op: Op, left: Value, right: &Value) -> Value {
        match op {
            "+" => self.add(left, right),
            "===" | "==" => self.equal(&left, right).map_or(Value::Unknown, Value::Bool),
            "!==" | "!=" => self.equal(&left, right).map_or(Value::Unknown, |b| Value::Bool(!b)),
            "in" | "instanceof" => Value::Unknown,
            _ => {
                if let (Value::Str(a), Value::Str(b)) = (&left, right)
                    && let "<" | ">" | "<=" | ">=" = op
                {
                    return Value::Bool(compare(op, a.units.cmp(&b.units) as i8 as f64, 0.0));
                }
                match (self.number(&left), self.number(right)) {
                    (Some(a), Some(b)) => arithmetic(op, a, b),
                    _ => Value::Unknown,
                }
            }
        }
    }

    fn add(&mut self, left: Value, right: &Value) -> Value {
        let textual =
            |v: &Value| matches!(v, Value::Str(_) | Value::Array(_) | Value::Obj(_) | Value::Func(_));
        if !textual(&left) && !textual(right) {
            return match (self.number(&left), self.number(right)) {
                (Some(a), Some(b)) => Value::Num(a + b),
                _ => Value::Unknown,
            };
        }
        let empty = || Text::new("");
        let b = self.text(right).unwrap_or_else(empty);
        // What is unknown adds nothing: `"https://…?e=" + address` keeps what is known.
        let mut a = match left {
            Value::Str(text) => text,
            other => self.text(&other).unwrap_or_else(empty),
        };
        if !self.cells(b.units.len() + if Rc::strong_count(&a.units) > 1 { a.units.len() } else { 0 }) {
            return Value::Unknown;
        }
        a.decoded |= b.decoded;
        Rc::make_mut(&mut a.units).extend_from_slice(&b.units);
        Value::Str(a)
    }

    pub(crate) fn equal(&mut self, a: &Value, b: &Value) -> Option<bool> {
        Some(match (a, b) {
            (a, b) if a.is_unknown() || b.is_unknown() => return None,
            (Value::Str(a), Value::Str(b)) => a.units == b.units,
            (Value::Array(a), Value::Array(b)) | (Value::Obj(a), Value::Obj(b)) => a == b,
            (Value::Func(a), Value::Func(b)) => a == b,
            (Value::Undef | Value::Null, b) => matches!(b, Value::Undef | Value::Null),
            (_, Value::Undef | Value::Null) => false,
            (a, b) => self.number(a)? == self.number(b)?,
        })
    }

    /// Walks `a.b(c)[d]`; gives what the last step was taken on, and the result.
    pub(crate) fn post(&mut self, base: &Expr, steps: &[Step], env: usize) -> (Value, Value) {
        let mut this = Value::Undef;
        let mut at = self.eval(base, env);
        let mut walk = steps.iter();
        while let Some(step) = walk.next() {
            if let (Value::Str(text), Some(rest)) = (&at, reversal(step, walk.as_slice())) {
                let units = text.units.iter().rev().copied().collect();
                at = self.string(units, true);
                walk = rest.iter();
                continue;
            }
            if !self.tick(1) || self.thrown {
                return (Value::Unknown, Value::Unknown);
            }
            match step {
                Step::Member(name) => {
                    let next = self.member(&at, name);
                    this = std::mem::replace(&mut at, next);
                }
                Step::Index(index) => {
                    let index = self.eval(index, env);
                    let next = self.index(&at, &index);
                    this = std::mem::replace(&mut at, next);
                }
                Step::Call(args) => {
                    let args = self.list(args, env);
                    at = self.call(&at, std::mem::replace(&mut this, Value::Undef), args);
                }
            }
        }
        (this, at)
    }

    pub(crate) fn index(&mut self, base: &Value, index: &Value) -> Value {
        if let Value::Num(n) = index
            && *n >= 0.0
            && n.fract() == 0.0
        {
            match base {
                Value::Array(id) => return self.items(*id).get(*n as usize).cloned().unwrap_or(Value::Undef),
                Value::Str(text) => {
                    let unit = text.units.get(*n as usize).copied();
                    let decoded = text.decoded;
                    return unit.map_or(Value::Undef, |u| Value::Str(Text::of(vec![u], decoded)));
                }
                _ => {}
            }
        }
        match self.text(index) {
            Some(key) if key.units.len() < 4_096 => self.member(base, &Name::from(key.string())),
            _ => Value::Unknown,
        }
    }
}

/// `.split("").reverse().join("")` turns a text round without a list of its characters; gives the steps behind it.
fn reversal<'s>(step: &Step, rest: &'s [Step]) -> Option<&'s [Step]> {
    let empty = |args: &[Expr]| matches!(args, [Expr::Str(units, _)] if units.is_empty());
    let named = |step: &Step, name: &str| match step {
        Step::Member(member) => &**member == name,
        Step::Index(Expr::Str(units, _)) => String::from_utf16_lossy(units) == name,
        _ => false,
    };
    match rest {
        [Step::Call(a), reverse, Step::Call(b), join, Step::Call(c), rest @ ..]
            if named(step, "split")
                && named(reverse, "reverse")
                && named(join, "join")
                && empty(a)
                && b.is_empty()
                && empty(c) =>
        {
            Some(rest)
        }
        _ => None,
    }
}

fn compare(op: Op, a: f64, b: f64) -> bool {
    match op {
        "<" => a < b,
        ">" => a > b,
        "<=" => a <= b,
        _ => a >= b,
    }
}

fn arithmetic(op: Op, a: f64, b: f64) -> Value {
    let (x, y) = (int32(a), int32(b));
    Value::Num(match op {
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "%" => a % b,
        "**" => a.powf(b),
        "&" => f64::from(x & y),
        "|" => f64::from(x | y),
        "^" => f64::from(x ^ y),
        "<<" => f64::from(x.wrapping_shl(y.cast_unsigned())),
        ">>" => f64::from(x.wrapping_shr(y.cast_unsigned())),
        ">>>" => f64::from(x.cast_unsigned().wrapping_shr(y.cast_unsigned())),
        "<" | ">" | "<=" | ">=" => return Value::Bool(compare(op, a, b)),
        _ => return Value::Unknown,
    })
}
