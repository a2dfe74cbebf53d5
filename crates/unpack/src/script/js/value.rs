//! Values of the machine. Arrays, objects and closures live in its heap and are named by index, so nothing can cycle.

use std::{collections::BTreeMap, rc::Rc};

use super::tree::{Func, Name};

/// Text in UTF-16, and whether it was decoded from something.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) units: Rc<Vec<u16>>,
    pub(crate) decoded: bool,
}

impl Text {
    pub(crate) fn new(text: &str) -> Text {
        Text { units: Rc::new(text.encode_utf16().collect()), decoded: false }
    }

    pub(crate) fn of(units: Vec<u16>, decoded: bool) -> Text {
        Text { units: Rc::new(units), decoded }
    }

    pub(crate) fn string(&self) -> String {
        String::from_utf16_lossy(&self.units)
    }

    /// One byte a unit, when all fit.
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        self.units.iter().map(|u| u8::try_from(*u).ok()).collect()
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Nothing is known of it.
    Unknown,
    Undef,
    Null,
    Bool(bool),
    Num(f64),
    Str(Text),
    Array(usize),
    Obj(usize),
    Func(usize),
    /// Something of the surroundings, by its path: `navigator.userAgent`.
    Host(Name),
    /// A method taken off its value.
    Method(Rc<(Value, Name)>),
    Regex(Name, Name),
}

impl Value {
    pub(crate) fn text(text: &str) -> Value {
        Value::Str(Text::new(text))
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Value::Unknown | Value::Host(_))
    }

    /// Whether it counts as true; `None` when that is unknown.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Value::Unknown | Value::Host(_) => None,
            Value::Undef | Value::Null => Some(false),
            Value::Bool(b) => Some(*b),
            Value::Num(n) => Some(*n != 0.0 && !n.is_nan()),
            Value::Str(text) => Some(!text.units.is_empty()),
            _ => Some(true),
        }
    }

    pub(crate) fn type_of(&self) -> Option<&'static str> {
        Some(match self {
            Value::Unknown | Value::Host(_) => return None,
            Value::Undef => "undefined",
            Value::Bool(_) => "boolean",
            Value::Num(_) => "number",
            Value::Str(_) => "string",
            Value::Func(_) | Value::Method(_) => "function",
            _ => "object",
        })
    }
}

/// Number of a text as JavaScript reads it.
pub(crate) fn number_of(text: &str) -> f64 {
    let text = text.trim();
    if text.is_empty() {
        return 0.0;
    }
    let radix = match text.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    if radix != 10 {
        return text.get(2..).and_then(|t| u64::from_str_radix(t, radix).ok()).map_or(f64::NAN, |n| n as f64);
    }
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if plain { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// Text of a number as JavaScript writes it, near enough.
pub(crate) fn number_text(n: f64) -> String {
    if n.is_nan() {
        "NaN".to_owned()
    } else if n.is_infinite() {
        if n > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if n.fract() == 0.0 && n.abs() < 1e21 {
        format!("{n:.0}")
    } else {
        n.to_string()
    }
}

/// To a 32-bit integer, as bit operators do.
pub(crate) fn int32(n: f64) -> i32 {
    if !n.is_finite() {
        return 0;
    }
    let wrapped = n.trunc().rem_euclid(4_294_967_296.0);
    (wrapped as u64 as u32).cast_signed()
}

#[derive(Debug, Default)]
pub(crate) struct Object {
    /// `a`, `script`, `blob`, `response`, …; empty for plain objects.
    pub(crate) class: String,
    pub(crate) props: BTreeMap<Name, Value>,
}

#[derive(Debug)]
pub(crate) struct Closure {
    pub(crate) func: Rc<Func>,
    pub(crate) env: usize,
    pub(crate) this: Value,
    pub(crate) called: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Env {
    pub(crate) vars: rustc_hash::FxHashMap<Name, Value>,
    pub(crate) parent: Option<usize>,
}
