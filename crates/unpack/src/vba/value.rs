//! Values of the evaluator: known, partly known, or not; texts remember by which tricks they came about.

use std::{cell::RefCell, rc::Rc};

use rustc_hash::FxHashMap;

use crate::{gaps::Gaps, xlm::model::At};

/// Stands in a text where something is not known.
pub(crate) const GAP: char = '\u{fffd}';
/// Arrays inside arrays.
const ARRAY_DEPTH_MAX: u8 = 6;
/// Items of an array.
pub(super) const ITEMS_MAX: usize = 65_536;
/// Empty items that a write far behind the last one makes; a size field alone makes nothing.
const EMPTY_MAX: usize = 4_096;
const ITEMS: &str = "items of an array in macros";

/// How a text came about: bits.
pub(crate) type How = u16;
/// Of pieces by `&`.
pub(crate) const PIECES: How = 1;
/// Of character codes.
pub(crate) const CHR: How = 1 << 1;
/// Turned around.
pub(crate) const REVERSE: How = 1 << 2;
/// Of hexadecimal digits.
pub(crate) const HEX: How = 1 << 3;
/// Of base64.
pub(crate) const BASE64: How = 1 << 4;
/// By a key.
pub(crate) const XOR: How = 1 << 5;
/// By replacing.
pub(crate) const REPLACE: How = 1 << 6;
/// Of a list: `Split`, `Join`.
pub(crate) const SPLIT: How = 1 << 7;
/// Cut out of a longer text.
pub(crate) const CUT: How = 1 << 8;
/// From a form.
pub(crate) const FORM: How = 1 << 9;
/// From a property, variable or shape of the document.
pub(crate) const PROPERTY: How = 1 << 10;
/// From a cell.
pub(crate) const CELL: How = 1 << 11;

/// A text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) how: How,
    /// Characters that came from codes, of those that are letters and the like.
    pub(crate) codes: u32,
    /// Something in it is not known ([`GAP`]).
    pub(crate) partial: bool,
    pub(crate) ascii: bool,
}

impl Text {
    pub(crate) fn new(text: impl Into<String>, how: How) -> Text {
        let text = text.into();
        let ascii = text.is_ascii();
        let partial = !ascii && text.contains(GAP);
        Text { text, how, codes: 0, partial, ascii }
    }

    /// Appends, with all that is known of the other.
    pub(super) fn append(&mut self, other: &Text) {
        self.text.push_str(&other.text);
        self.how |= other.how;
        self.codes = self.codes.saturating_add(other.codes);
        self.partial |= other.partial;
        self.ascii &= other.ascii;
    }
}

/// A value.
#[derive(Debug, Clone, Default)]
pub(crate) enum Val {
    #[default]
    Unknown,
    Empty,
    Null,
    Bool(bool),
    Number(f64, How),
    Text(Rc<Text>),
    Array(Rc<Arr>),
    Object(Object),
    /// An argument that was left out.
    Missing,
}

/// An array.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arr {
    pub(super) lower: i64,
    pub(super) items: Vec<Val>,
    /// Items of arrays with more than one dimension.
    pub(super) more: FxHashMap<Vec<i64>, Val>,
    depth: u8,
}

impl Arr {
    pub(super) fn of(items: Vec<Val>, gaps: &mut Gaps) -> Arr {
        let mut out = Arr::default();
        for item in gaps.most(items, ITEMS_MAX, ITEMS) {
            let item = out.shallow(item);
            out.items.push(item);
        }
        out
    }

    /// Arrays in arrays in arrays are not followed: the tree of values stays flat.
    fn shallow(&mut self, item: Val) -> Val {
        match item {
            Val::Array(inner) if inner.depth + 1 >= ARRAY_DEPTH_MAX => Val::Unknown,
            Val::Array(inner) => {
                self.depth = self.depth.max(inner.depth + 1);
                Val::Array(inner)
            }
            other => other,
        }
    }

    fn slot(&self, index: i64) -> Option<usize> {
        usize::try_from(index.checked_sub(self.lower)?).ok()
    }

    pub(super) fn get(&self, at: &[i64]) -> Val {
        match at {
            [index] => self.slot(*index).and_then(|i| self.items.get(i)).cloned().unwrap_or_default(),
            _ => self.more.get(at).cloned().unwrap_or_default(),
        }
    }

    pub(super) fn set(&mut self, at: &[i64], value: Val, gaps: &mut Gaps) {
        let value = self.shallow(value);
        match at {
            [index] => {
                let Some(slot) = self.slot(*index) else { return };
                if slot >= ITEMS_MAX {
                    return gaps.over(ITEMS_MAX, ITEMS);
                }
                if slot >= self.items.len() {
                    if slot - self.items.len() > EMPTY_MAX {
                        return gaps.over(EMPTY_MAX, "empty items of an array in macros");
                    }
                    self.items.resize(slot + 1, Val::Empty);
                }
                if let Some(place) = self.items.get_mut(slot) {
                    *place = value;
                }
            }
            _ if self.more.contains_key(at) || gaps.room(self.more.len(), ITEMS_MAX, ITEMS) => {
                self.more.insert(at.to_vec(), value);
            }
            _ => {}
        }
    }
}

/// An object, as far as code can do something telling with it.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    /// A path in the object model, lower case: `activedocument.shapes(1)`.
    Host(Rc<str>),
    /// What `CreateObject` gives.
    Com(Rc<Com>),
    /// A collection of sheets; those of Excel 4 macros, or any.
    Sheets {
        macros: bool,
    },
    Sheet(usize),
    /// Sheet, first and last cell.
    Range(usize, At, At),
    Nothing,
}

/// An object of a class: its ProgID in lower case, and what was put into it.
#[derive(Debug, Default)]
pub(crate) struct Com {
    pub(super) class: Rc<str>,
    pub(super) state: RefCell<State>,
}

/// What an object holds. Only texts and numbers: objects do not hold objects.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) values: FxHashMap<Rc<str>, Val>,
    pub(super) items: Vec<(Option<Rc<str>>, Val)>,
    pub(super) content: Option<Text>,
}

impl Val {
    pub(crate) fn text(text: impl Into<String>) -> Val {
        Val::Text(Rc::new(Text::new(text, 0)))
    }

    pub(crate) fn made(text: impl Into<String>, how: How) -> Val {
        Val::Text(Rc::new(Text::new(text, how)))
    }

    pub(crate) fn number(number: f64) -> Val {
        Val::Number(number, 0)
    }

    pub(super) fn host(path: &str) -> Val {
        Val::Object(Object::Host(Rc::from(path)))
    }

    /// As a number, and the tricks behind it.
    pub(super) fn to_number(&self) -> Option<(f64, How)> {
        match self {
            Val::Empty => Some((0.0, 0)),
            Val::Bool(b) => Some((if *b { -1.0 } else { 0.0 }, 0)),
            Val::Number(n, how) => Some((*n, *how)),
            Val::Text(t) if !t.partial => parse_number(&t.text).map(|(n, hex)| (n, t.how | hex)),
            _ => None,
        }
    }

    /// As a whole number; VBA rounds halves to even.
    pub(super) fn to_int(&self) -> Option<i64> {
        let (n, _) = self.to_number()?;
        (n.is_finite() && n.abs() < 9e15).then(|| n.round_ties_even() as i64)
    }

    pub(super) fn to_bool(&self) -> Option<bool> {
        match self {
            Val::Bool(b) => Some(*b),
            Val::Text(t) if t.text.eq_ignore_ascii_case("true") => Some(true),
            Val::Text(t) if t.text.eq_ignore_ascii_case("false") => Some(false),
            other => other.to_number().map(|(n, _)| n != 0.0),
        }
    }

    /// As a text; what is not known is a [`GAP`].
    pub(super) fn to_text(&self) -> Rc<Text> {
        match self {
            Val::Text(t) => t.clone(),
            Val::Number(n, how) => Rc::new(Text::new(number_text(*n), *how)),
            Val::Bool(b) => Rc::new(Text::new(if *b { "True" } else { "False" }, 0)),
            Val::Empty | Val::Null | Val::Missing => Rc::new(Text { ascii: true, ..Text::default() }),
            Val::Unknown | Val::Object(_) => Rc::new(Text::new(GAP, 0)),
            Val::Array(items) => Rc::new(bytes_text(items)),
        }
    }
}

impl Val {
    /// The text that it is; `None` for what is none.
    pub(crate) fn as_text(&self) -> Option<&Rc<Text>> {
        match self {
            Val::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// An array of bytes as the text that it is.
fn bytes_text(items: &Arr) -> Text {
    let mut out = Text { ascii: true, ..Text::default() };
    for item in &items.items {
        let Val::Number(n, how) = item else { return Text::new(GAP, 0) };
        let Some(c) = char_of(*n as i64) else { return Text::new(GAP, 0) };
        out.text.push(c);
        out.how |= how;
    }
    out.ascii = out.text.is_ascii();
    out
}

/// The character of a code in Windows-1252.
pub(super) fn char_of(code: i64) -> Option<char> {
    let byte = [u8::try_from(code).ok()?];
    if byte.is_ascii() {
        return Some(char::from(byte[0]));
    }
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte).0.chars().next()
}

/// The code of a character in Windows-1252.
pub(super) fn code_of(c: char) -> Option<u8> {
    if c.is_ascii() {
        return u8::try_from(c).ok();
    }
    let mut buffer = [0; 4];
    let (bytes, _, failed) = encoding_rs::WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
    if failed { u8::try_from(u32::from(c)).ok() } else { bytes.first().copied() }
}

/// A number as VBA writes it.
pub(super) fn number_text(n: f64) -> String {
    if n.fract() == 0.0 && n.abs() < 1e15 { format!("{}", n as i64) } else { format!("{n}") }
}

/// A number as VBA reads it, all of the text; hexadecimal digits are a trick.
fn parse_number(text: &str) -> Option<(f64, How)> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('&') {
        let (radix, digits) = match rest.as_bytes().first()? {
            b'H' | b'h' => (16, rest.get(1..)?),
            b'O' | b'o' => (8, rest.get(1..)?),
            _ => return None,
        };
        let value = u64::from_str_radix(digits.trim_end_matches('&'), radix).ok()?;
        return Some((value as f64, HEX));
    }
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    if !plain || text.is_empty() {
        return None;
    }
    text.parse().ok().map(|n| (n, 0))
}

/// `Val`: the number at the beginning, blanks left out; 0 when there is none.
pub(super) fn leading_number(text: &str) -> (f64, How) {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).take(64).collect();
    let lower = text.to_ascii_lowercase();
    for (prefix, radix) in [("&h", 16), ("&o", 8)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            let length = digits.chars().take_while(|c| c.is_digit(radix)).take(15).count();
            let value = u64::from_str_radix(digits.get(..length).unwrap_or_default(), radix).unwrap_or(0);
            return (value as f64, HEX);
        }
    }
    let mut end = 0;
    let (mut point, mut digits) = (false, false);
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'0'..=b'9' => digits = true,
            b'+' | b'-' if at == 0 => {}
            b'.' if !point => point = true,
            _ => break,
        }
        end = at + 1;
    }
    let number = text.get(..end).filter(|_| digits).and_then(|t| t.parse().ok()).unwrap_or(0.0);
    (number, 0)
}
