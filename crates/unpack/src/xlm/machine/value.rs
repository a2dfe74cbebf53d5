//! Values of the machine: what a formula gives, how one kind turns into another, and how numbers are written.

use std::{cmp::Ordering, rc::Rc};

use crate::xlm::model::{At, Value};

/// Longest text that a cell or formula can hold.
pub(super) const TEXT_MAX: usize = 32_767;

/// Error values by their numbers in the file formats.
pub(super) const DIV0: u8 = 0x07;
pub(super) const VALUE: u8 = 0x0F;
pub(super) const REF: u8 = 0x17;
pub(super) const NAME: u8 = 0x1D;
pub(super) const NUM: u8 = 0x24;
pub(super) const NA: u8 = 0x2A;

/// A cell: sheet, row, column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(in crate::xlm) struct Pos {
    pub(in crate::xlm) sheet: u32,
    pub(in crate::xlm) row: u32,
    pub(in crate::xlm) column: u32,
}

impl Pos {
    pub(super) fn new(sheet: u32, at: At) -> Pos {
        Pos { sheet, row: at.0, column: at.1 }
    }

    pub(super) fn below(self) -> Pos {
        Pos { row: self.row.saturating_add(1), ..self }
    }

    pub(super) fn area(self) -> Area {
        Area { sheet: self.sheet, from: (self.row, self.column), to: (self.row, self.column) }
    }
}

/// A reference: a rectangle of a sheet, both ends inclusive and in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Area {
    pub(super) sheet: u32,
    pub(super) from: At,
    pub(super) to: At,
}

impl Area {
    pub(super) fn first(self) -> Pos {
        Pos::new(self.sheet, self.from)
    }

    pub(super) fn rows(self) -> u32 {
        self.to.0.saturating_sub(self.from.0).saturating_add(1)
    }

    pub(super) fn columns(self) -> u32 {
        self.to.1.saturating_sub(self.from.1).saturating_add(1)
    }

    pub(super) fn cells(self) -> u64 {
        u64::from(self.rows()).saturating_mul(u64::from(self.columns()))
    }

    pub(super) fn contains(self, pos: Pos) -> bool {
        self.sheet == pos.sheet
            && (self.from.0..=self.to.0).contains(&pos.row)
            && (self.from.1..=self.to.1).contains(&pos.column)
    }
}

/// An array, row by row.
#[derive(Debug, PartialEq)]
pub(super) struct Grid {
    pub(super) columns: u32,
    pub(super) items: Vec<Val>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Val {
    /// An argument that was left out.
    Missing,
    #[default]
    Blank,
    Num(f64),
    Text(Rc<str>),
    Bool(bool),
    Err(u8),
    Ref(Area),
    Array(Rc<Grid>),
    /// Not known; with the text as far as it is known, `?` for what is not.
    Unknown(Option<Rc<str>>),
}

/// A function's result; `Err` carries what an argument was that ends the evaluation: an error or something unknown.
pub(super) type Res = Result<Val, Val>;

impl Val {
    pub(super) fn text(text: impl AsRef<str>) -> Val {
        Val::Text(cut(text.as_ref()).into())
    }

    pub(super) fn stored(value: &Value) -> Val {
        match value {
            Value::Blank => Val::Blank,
            Value::Number(n) => Val::Num(*n),
            Value::Text(t) => Val::Text(t.clone()),
            Value::Bool(b) => Val::Bool(*b),
            Value::Error(e) => Val::Err(*e),
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Val::Unknown(_))
    }

    /// As a number; of a scalar.
    pub(super) fn number(&self) -> Result<f64, Val> {
        match self {
            Val::Missing | Val::Blank => Ok(0.0),
            Val::Num(n) => Ok(*n),
            Val::Bool(b) => Ok(f64::from(u8::from(*b))),
            Val::Text(t) => parse_number(t).ok_or(Val::Err(VALUE)),
            Val::Err(e) => Err(Val::Err(*e)),
            Val::Ref(_) | Val::Array(_) => Err(Val::Err(VALUE)),
            Val::Unknown(_) => Err(Val::Unknown(None)),
        }
    }

    /// As text; of a scalar. What is not wholly known is an error that carries the known part.
    pub(super) fn to_text(&self) -> Result<Rc<str>, Val> {
        match self {
            Val::Missing | Val::Blank => Ok("".into()),
            Val::Num(n) => Ok(general(*n).into()),
            Val::Bool(true) => Ok("TRUE".into()),
            Val::Bool(false) => Ok("FALSE".into()),
            Val::Text(t) => Ok(t.clone()),
            other => Err(other.clone()),
        }
    }

    /// For people and for the event log: whatever is known.
    pub(super) fn shown(&self) -> Rc<str> {
        match self {
            Val::Unknown(Some(text)) => text.clone(),
            Val::Unknown(None) => "?".into(),
            Val::Err(code) => error_text(*code).into(),
            Val::Ref(area) => address(area.first()).into(),
            Val::Array(grid) => grid.items.first().map_or_else(|| "".into(), Val::shown),
            other => other.to_text().unwrap_or_else(|_| "?".into()),
        }
    }

    /// As a truth value; of a scalar.
    pub(super) fn truth(&self) -> Result<bool, Val> {
        match self {
            Val::Missing | Val::Blank => Ok(false),
            Val::Bool(b) => Ok(*b),
            Val::Num(n) => Ok(*n != 0.0),
            Val::Text(t) if t.eq_ignore_ascii_case("true") => Ok(true),
            Val::Text(t) if t.eq_ignore_ascii_case("false") => Ok(false),
            Val::Text(_) | Val::Ref(_) | Val::Array(_) => Err(Val::Err(VALUE)),
            other => Err(other.clone()),
        }
    }
}

impl From<f64> for Val {
    fn from(n: f64) -> Val {
        if n.is_finite() { Val::Num(n) } else { Val::Err(NUM) }
    }
}

impl From<bool> for Val {
    fn from(b: bool) -> Val {
        Val::Bool(b)
    }
}

/// At most [`TEXT_MAX`] bytes, cut between characters.
pub(super) fn cut(text: &str) -> &str {
    if text.len() <= TEXT_MAX {
        return text;
    }
    let mut end = TEXT_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

pub(super) fn error_text(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        DIV0 => "#DIV/0!",
        VALUE => "#VALUE!",
        REF => "#REF!",
        NAME => "#NAME?",
        NUM => "#NUM!",
        _ => "#N/A",
    }
}

/// `F15`.
pub(in crate::xlm) fn address(pos: Pos) -> String {
    let mut letters = Vec::new();
    let mut column = pos.column;
    loop {
        letters.push(b'A' + (column % 26) as u8);
        if column < 26 {
            break;
        }
        column = column / 26 - 1;
    }
    let mut out: String = letters.iter().rev().map(|b| *b as char).collect();
    out.push_str(&pos.row.saturating_add(1).to_string());
    out
}

/// Compares as Excel does: numbers before text before truth values, text without regard to case.
pub(super) fn compare(a: &Val, b: &Val) -> Option<Ordering> {
    let rank = |v: &Val| match v {
        Val::Num(_) => 0,
        Val::Text(_) => 1,
        _ => 2,
    };
    let blank_as = |v: &Val, other: &Val| match (v, other) {
        (Val::Blank | Val::Missing, Val::Text(_)) => Val::text(""),
        (Val::Blank | Val::Missing, Val::Bool(_)) => Val::Bool(false),
        (Val::Blank | Val::Missing, _) => Val::Num(0.0),
        (v, _) => v.clone(),
    };
    let (left, right) = (blank_as(a, b), blank_as(b, a));
    match (&left, &right) {
        (Val::Num(x), Val::Num(y)) => x.partial_cmp(y),
        (Val::Bool(x), Val::Bool(y)) => Some(x.cmp(y)),
        (Val::Text(x), Val::Text(y)) => Some(fold(x, y)),
        (x, y) => Some(rank(x).cmp(&rank(y))),
    }
}

fn fold(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        let (a, b) = (a.bytes(), b.bytes());
        return a.map(|c| c.to_ascii_lowercase()).cmp(b.map(|c| c.to_ascii_lowercase()));
    }
    a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase))
}

/// A number in the General format: up to 15 digits.
pub(super) fn general(n: f64) -> String {
    if n == n.trunc() && n.abs() < 1e15 {
        return format!("{}", n as i64);
    }
    let scientific = format!("{n:.14e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-10..=20).contains(&exponent) {
        let decimals = usize::try_from(14 - exponent).unwrap_or(0);
        let rounded: f64 = scientific.parse().unwrap_or(n);
        let plain = format!("{rounded:.decimals$}");
        return if plain.contains('.') {
            plain.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            plain
        };
    }
    let mantissa =
        if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}E{sign}{:02}", exponent.unsigned_abs())
}

/// A number as it may be typed: blanks around it, thousands, percent, exponent, a currency sign.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    let trimmed = text.trim().trim_start_matches('$').trim();
    let (trimmed, scale) = match trimmed.strip_suffix('%') {
        Some(rest) => (rest.trim(), 0.01),
        None => (trimmed, 1.0),
    };
    let allowed = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E' | b',');
    if trimmed.is_empty() || !trimmed.bytes().all(allowed) || !trimmed.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let parsed: Result<f64, _> =
        if trimmed.contains(',') { trimmed.replace(',', "").parse() } else { trimmed.parse() };
    parsed.ok().map(|n| n * scale).filter(|n| n.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_the_general_format() {
        let cases = [
            (44526.0, "44526"),
            (0.1 + 0.2, "0.3"),
            (1e21, "1E+21"),
            (1e20, "100000000000000000000"),
            (-0.5, "-0.5"),
            (1.0 / 3.0, "0.333333333333333"),
            (0.00001, "0.00001"),
            (1.5e-20, "1.5E-20"),
        ];
        for (n, text) in cases {
            assert_eq!(general(n), text);
        }
    }

    #[test]
    fn addresses() {
        for (row, column, text) in [(0, 0, "A1"), (14, 5, "F15"), (0, 26, "AA1"), (299, 701, "ZZ300")] {
            assert_eq!(address(Pos { sheet: 0, row, column }), text);
        }
    }
}
