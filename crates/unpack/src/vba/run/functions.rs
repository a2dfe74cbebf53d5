//! Functions of the language: texts, codes, numbers, lists.

use std::rc::Rc;

use super::{
    expr::{Given, given},
    *,
};
use crate::vba::{
    text::{base64, hex_bytes, latin},
    value::{
        BASE64, CHR, CUT, GAP, HEX, ITEMS_MAX, Object, REPLACE, REVERSE, SPLIT, char_of, code_of,
        leading_number, number_text,
    },
};

/// Characters of `Space` and `String`.
const REPEAT_MAX: usize = 65_536;
/// Lists of numbers that are kept.
const LISTS_MAX: usize = 64;
/// Numbers in a list that may be characters.
const LIST_MIN: usize = 6;

impl Machine<'_> {
    /// A function of the language; `None` when there is none of that name.
    pub(super) fn function(&mut self, name: &str, args: &[Given]) -> Option<Val> {
        // Most names are none: do not settle arguments for them.
        let arity = arity(name)?;
        if args.len() < arity {
            return (arity == 0).then_some(Val::Unknown);
        }
        if !self.tick(1) {
            return Some(Val::Unknown);
        }
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.settle(arg.value.clone()));
        }
        Some(self.apply(name, &values, args))
    }

    fn apply(&mut self, name: &str, v: &[Val], args: &[Given]) -> Val {
        let first = v.first().cloned().unwrap_or(Val::Missing);
        match name {
            "chr" | "chrw" | "chrb" => chr(&first, name == "chrw"),
            "asc" | "ascw" | "ascb" => match first.to_text() {
                t if t.partial && t.text.starts_with(GAP) => Val::Unknown,
                t => match t.text.chars().next() {
                    Some(c) if name == "ascw" => Val::Number(f64::from(u32::from(c)), t.how),
                    Some(c) => code_of(c).map_or(Val::Unknown, |b| Val::Number(f64::from(b), t.how)),
                    None => Val::Unknown,
                },
            },
            "mid" | "midb" | "left" | "leftb" | "right" | "rightb" => self.cut(name, v),
            "replace" => self.replace(args),
            "strreverse" => self.map(&first, REVERSE, |t| t.chars().rev().collect()),
            "lcase" | "ucase" | "trim" | "ltrim" | "rtrim" => self.map(&first, 0, |t| match name {
                "lcase" => t.to_lowercase(),
                "ucase" => t.to_uppercase(),
                "trim" => t.trim_matches(' ').to_owned(),
                "ltrim" => t.trim_start_matches(' ').to_owned(),
                _ => t.trim_end_matches(' ').to_owned(),
            }),
            "split" => self.split(&first, v),
            "join" => self.join(&first, v),
            "filter" => self.filter(&first, v),
            "array" => self.list(v),
            "len" | "lenb" => match &first {
                Val::Unknown => Val::Unknown,
                other => {
                    let t = other.to_text();
                    let length = if t.ascii { t.text.len() } else { t.text.chars().count() };
                    if t.partial { Val::Unknown } else { Val::number(length as f64) }
                }
            },
            "instr" | "instrrev" => instr(name, v),
            "val" => match &first {
                Val::Number(..) => first,
                Val::Text(t) if !t.partial => {
                    let (n, how) = leading_number(&t.text);
                    Val::Number(n, t.how | how)
                }
                _ => Val::Unknown,
            },
            "cint" | "clng" | "cbyte" | "clnglng" | "clngptr" => match first.to_int() {
                Some(n) => Val::Number(n as f64, first.to_number().map_or(0, |(_, how)| how)),
                None => Val::Unknown,
            },
            "cdbl" | "csng" | "ccur" | "cdec" => {
                first.to_number().map_or(Val::Unknown, |(n, h)| Val::Number(n, h))
            }
            "int" | "fix" | "abs" | "sgn" | "sqr" | "round" | "cos" | "sin" | "tan" | "atn" | "exp"
            | "log" => number(name, &first),
            "cbool" => first.to_bool().map_or(Val::Unknown, Val::Bool),
            "cstr" | "str" | "cvar" | "format" | "formatnumber" => match (&first, name) {
                (Val::Unknown | Val::Object(_), _) => first,
                (_, "cvar") => first,
                (Val::Number(n, how), "str") => {
                    Val::made(format!("{}{}", if *n >= 0.0 { " " } else { "" }, number_text(*n)), *how)
                }
                (_, "format" | "formatnumber") if v.len() > 1 => Val::Unknown,
                _ => Val::Text(first.to_text()),
            },
            "hex" | "oct" => match first.to_int() {
                Some(n) if name == "hex" => Val::made(format!("{:X}", n as u32), HEX),
                Some(n) => Val::made(format!("{:o}", n as u32), 0),
                None => Val::Unknown,
            },
            "space" => {
                let blanks = self.repeated(' ', first.to_int());
                self.booked(blanks)
            }
            "string" => {
                let c = match v.get(1) {
                    Some(Val::Text(t)) => t.text.chars().next(),
                    Some(other) => other.to_int().and_then(char_of),
                    None => None,
                };
                let row = c.map_or(Val::Unknown, |c| self.repeated(c, first.to_int()));
                self.booked(row)
            }
            "strconv" => self.strconv(&first, v.get(1)),
            "ubound" | "lbound" => bound(name, &first),
            "iif" => match first.to_bool() {
                Some(yes) => v.get(if yes { 1 } else { 2 }).cloned().unwrap_or_default(),
                None => v.get(1).cloned().unwrap_or_default(),
            },
            "choose" => first
                .to_int()
                .and_then(|i| usize::try_from(i).ok())
                .filter(|i| *i > 0)
                .and_then(|i| v.get(i))
                .cloned()
                .unwrap_or_default(),
            "switch" => v
                .as_chunks::<2>()
                .0
                .iter()
                .find(|[c, _]| c.to_bool() == Some(true))
                .map(|[_, value]| value.clone())
                .unwrap_or_default(),
            "environ" => match &first {
                Val::Text(t) => Val::made(format!("%{}%", t.text.to_uppercase()), 0),
                _ => Val::Unknown,
            },
            "isempty" => Val::Bool(matches!(first, Val::Empty)),
            "isnull" => Val::Bool(matches!(first, Val::Null)),
            "isarray" => Val::Bool(matches!(first, Val::Array(_))),
            "isnumeric" => match &first {
                Val::Unknown | Val::Object(_) => Val::Unknown,
                other => Val::Bool(other.to_number().is_some()),
            },
            "strcomp" => match (&first, v.get(1)) {
                (Val::Text(a), Some(Val::Text(b))) if !a.partial && !b.partial => {
                    Val::number(f64::from(a.text.cmp(&b.text) as i8))
                }
                _ => Val::Unknown,
            },
            "rgb" => match (
                v.first().and_then(Val::to_int),
                v.get(1).and_then(Val::to_int),
                v.get(2).and_then(Val::to_int),
            ) {
                (Some(r), Some(g), Some(b)) => {
                    Val::number(((r & 255) | (g & 255) << 8 | (b & 255) << 16) as f64)
                }
                _ => Val::Unknown,
            },
            "createobject" | "getobject" => self.create(&first, v.get(1)),
            "shell" => {
                self.execute(&first.to_text(), "Shell");
                Val::Unknown
            }
            "callbyname" => {
                let member = v.get(1).map(Val::to_text).unwrap_or_default();
                let object = args.first().map(|a| a.value.clone()).unwrap_or_default();
                let rest = args.get(3..).unwrap_or_default();
                self.member(&object, &member.text.to_lowercase(), Some(rest))
            }
            "executeexcel4macro" => {
                self.excel4(&first.to_text());
                Val::Unknown
            }
            "eval" | "execute" | "executeglobal" => {
                let text = first.to_text();
                self.note_text(&text);
                self.event(Act::Script, &text, None, "Execute");
                Val::Unknown
            }
            "filecopy" => {
                let (from, to) = (first.to_text(), v.get(1).map(Val::to_text).unwrap_or_default());
                self.note_text(&from);
                self.event(Act::Write, &to, None, "FileCopy");
                Val::Unknown
            }
            // Kill, MkDir, Dir, MsgBox, Now, …: nothing comes back, or nothing that is known.
            _ => {
                for value in v {
                    self.note(value);
                }
                Val::Unknown
            }
        }
    }

    /// A text that a function made out of little.
    fn booked(&mut self, value: Val) -> Val {
        let fits = match &value {
            Val::Text(text) => self.book_bytes(text.text.len()),
            _ => true,
        };
        if fits { value } else { Val::Unknown }
    }

    fn repeated(&mut self, c: char, count: Option<i64>) -> Val {
        let Some(count) = count else { return Val::Unknown };
        let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
        if count > REPEAT_MAX {
            self.out.gaps.over(REPEAT_MAX, "equal characters in a row in macros");
        }
        Val::text(std::iter::repeat_n(c, count.min(REPEAT_MAX)).collect::<String>())
    }

    fn map(&mut self, value: &Val, how: How, f: impl Fn(&str) -> String) -> Val {
        if matches!(value, Val::Unknown | Val::Object(_)) {
            return Val::Unknown;
        }
        let text = value.to_text();
        if !self.book_bytes(text.text.len()) {
            return Val::Unknown;
        }
        let mut out = Text::new(f(&text.text), text.how | how);
        out.codes = text.codes;
        Val::Text(Rc::new(out))
    }

    fn cut(&mut self, name: &str, v: &[Val]) -> Val {
        let Some(source @ (Val::Text(_) | Val::Number(..) | Val::Array(_))) = v.first() else {
            return Val::Unknown;
        };
        let text = source.to_text();
        let (from, count) = match name {
            "mid" | "midb" => (v.get(1).and_then(Val::to_int), v.get(2).map(Val::to_int)),
            _ => (Some(1), Some(v.get(1).and_then(Val::to_int))),
        };
        let (Some(from), count) = (from, count.unwrap_or(Some(i64::MAX))) else { return Val::Unknown };
        let Some(count) = count else { return Val::Unknown };
        if text.partial && name != "left" {
            return Val::Unknown;
        }
        let length = if text.ascii { text.text.len() } else { text.text.chars().count() };
        let (from, count) = (usize::try_from(from - 1).unwrap_or(0), usize::try_from(count).unwrap_or(0));
        let from = if name.starts_with("right") { length.saturating_sub(count) } else { from };
        let to = from.saturating_add(count).min(length);
        let piece = if text.ascii {
            text.text.get(from.min(length)..to.max(from.min(length))).unwrap_or_default().to_owned()
        } else {
            self.tick((length / BYTES_PER_STEP) as u64);
            text.text.chars().skip(from).take(to.saturating_sub(from)).collect()
        };
        let whole = piece.len() == text.text.len();
        let mut out = Text::new(piece, text.how | if whole { 0 } else { CUT });
        out.codes = text.codes.min(u32::try_from(out.text.len()).unwrap_or(u32::MAX));
        self.book_bytes(out.text.len());
        Val::Text(Rc::new(out))
    }

    fn replace(&mut self, args: &[Given]) -> Val {
        let mut get = |at, name| {
            let value = given(args, at, name);
            self.settle(value)
        };
        let (source, find, by) = (get(0, "expression"), get(1, "find"), get(2, "replace"));
        let (Val::Text(_), Val::Text(find)) = (&source, &find) else { return Val::Unknown };
        let by = by.to_text();
        if find.text.is_empty() || find.partial {
            return source;
        }
        let text = source.to_text();
        let hits = memchr::memmem::find_iter(text.text.as_bytes(), find.text.as_bytes()).count();
        let size = text.text.len().saturating_add(hits.saturating_mul(by.text.len()));
        if hits == 0 || !self.book_bytes(size) {
            return if hits == 0 { source } else { Val::Unknown };
        }
        let mut out = Text::new(text.text.replace(&find.text, &by.text), text.how | by.how | REPLACE);
        out.codes = text.codes;
        Val::Text(Rc::new(out))
    }

    fn split(&mut self, source: &Val, v: &[Val]) -> Val {
        let Val::Text(text) = source else { return Val::Unknown };
        let by = match v.get(1) {
            Some(Val::Text(by)) if !by.text.is_empty() => by.text.clone(),
            Some(Val::Missing) | None => " ".to_owned(),
            _ => return Val::Unknown,
        };
        if !self.book_bytes(text.text.len()) {
            return Val::Unknown;
        }
        let pieces =
            self.out.gaps.most(text.text.split(by.as_str()), ITEMS_MAX, "pieces of a text in macros");
        let items: Vec<Val> = pieces.into_iter().map(|p| Val::made(p, text.how | SPLIT)).collect();
        self.tick((items.len() / 8) as u64);
        self.note_list(&items);
        self.array_of(items)
    }

    fn join(&mut self, source: &Val, v: &[Val]) -> Val {
        let by = match v.get(1) {
            Some(value @ (Val::Text(_) | Val::Number(..) | Val::Empty)) => value.to_text(),
            Some(Val::Missing) | None => Rc::new(Text::new(" ", 0)),
            _ => return Val::Unknown,
        };
        let items = match source {
            Val::Array(items) => items.clone(),
            _ => return Val::Unknown,
        };
        let mut out = Text { ascii: true, how: SPLIT, ..Text::default() };
        for (at, item) in items.items.iter().enumerate() {
            if at > 0 {
                out.append(&by);
            }
            out.append(&item.to_text());
            if out.text.len() > STRING_BYTES_MAX {
                break;
            }
        }
        self.book_bytes(out.text.len());
        Val::Text(Rc::new(out))
    }

    fn filter(&mut self, source: &Val, v: &[Val]) -> Val {
        let (Val::Array(items), Some(Val::Text(by))) = (source, v.get(1)) else { return Val::Unknown };
        let keep = v.get(2).and_then(Val::to_bool).unwrap_or(true);
        let fits = |item: &&Val| item.to_text().text.contains(by.text.as_str()) == keep;
        let items: Vec<Val> = items.items.iter().filter(fits).cloned().collect();
        self.tick((items.len() / 4) as u64);
        self.array_of(items)
    }

    fn list(&mut self, v: &[Val]) -> Val {
        self.note_list(v);
        self.array_of(v.to_vec())
    }

    /// Numbers that may be characters are looked at for a key.
    fn note_list(&mut self, items: &[Val]) {
        if items.len() < LIST_MIN {
            return;
        }
        let mut bytes = Vec::with_capacity(items.len());
        for item in items {
            let Some((n, _)) = item.to_number() else { return };
            if !(0.0..256.0).contains(&n) || n.fract() != 0.0 {
                return;
            }
            bytes.push(n as u8);
        }
        let known = self.out.lists.iter().any(|(_, _, known)| *known == bytes);
        if !known && self.out.gaps.room(self.out.lists.len(), LISTS_MAX, "lists of numbers in macros") {
            self.out.lists.push((self.module, self.line, bytes));
        }
    }

    fn strconv(&mut self, value: &Val, how: Option<&Val>) -> Val {
        match how.and_then(Val::to_int) {
            Some(1) => self.map(value, 0, str::to_uppercase),
            Some(2) => self.map(value, 0, str::to_lowercase),
            // Bytes to text and back: bytes are a text here.
            Some(64 | 128) => match value {
                Val::Unknown | Val::Object(_) => Val::Unknown,
                other => self.map(&Val::Text(other.to_text()), 0, |t| t.replace('\0', "")),
            },
            _ => Val::Unknown,
        }
    }

    /// Base64 or hexadecimal digits as an XML node decodes them.
    pub(super) fn decode(&mut self, text: &Rc<Text>, kind: &str) -> Val {
        let (bytes, how) = match kind {
            "bin.base64" => (base64(&text.text), BASE64),
            "bin.hex" => (hex_bytes(&text.text), HEX),
            _ => return Val::Text(text.clone()),
        };
        match bytes {
            Some(bytes) => self.made(latin(&bytes), text.how | how),
            None => Val::Unknown,
        }
    }
}

/// How many arguments a function needs at least; `None` when there is no such function.
fn arity(name: &str) -> Option<usize> {
    Some(match name {
        "chr" | "chrw" | "chrb" | "asc" | "ascw" | "ascb" | "strreverse" | "lcase" | "ucase" | "trim"
        | "ltrim" | "rtrim" | "split" | "join" | "len" | "lenb" | "val" | "cint" | "clng" | "cbyte"
        | "clnglng" | "clngptr" | "cdbl" | "csng" | "ccur" | "cdec" | "int" | "fix" | "abs" | "sgn"
        | "sqr" | "round" | "cos" | "sin" | "tan" | "atn" | "exp" | "log" | "cbool" | "cstr" | "str"
        | "cvar" | "format" | "formatnumber" | "hex" | "oct" | "space" | "ubound" | "lbound" | "environ"
        | "isempty" | "isnull" | "isarray" | "isnumeric" | "createobject" | "getobject" | "shell"
        | "executeexcel4macro" | "eval" | "execute" | "executeglobal" | "msgbox" | "inputbox" | "kill"
        | "mkdir" | "rmdir" | "chdir" | "cdate" | "isobject" | "iserror" | "isdate" | "filelen"
        | "typename" | "vartype" | "sendkeys" | "loadpicture" | "unload" => 1,
        "mid" | "midb" | "left" | "leftb" | "right" | "rightb" | "instr" | "instrrev" | "string"
        | "strconv" | "choose" | "switch" | "filter" | "strcomp" | "callbyname" | "filecopy" | "setattr" => 2,
        "iif" | "replace" | "rgb" => 3,
        "array" | "now" | "date" | "time" | "timer" | "rnd" | "doevents" | "freefile" | "dir" | "curdir"
        | "randomize" | "beep" | "command" | "dateadd" | "datediff" | "datepart" | "dateserial" | "day"
        | "month" | "year" | "hour" | "minute" | "second" | "weekday" | "timeserial" | "timevalue"
        | "datevalue" | "eof" | "lof" | "reset" | "qbcolor" => 0,
        _ => return None,
    })
}

fn chr(value: &Val, wide: bool) -> Val {
    let Some((_, how)) = value.to_number() else { return Val::Unknown };
    let Some(code) = value.to_int() else { return Val::Unknown };
    let c = if (0..128).contains(&code) || !wide {
        char_of(code)
    } else {
        u32::try_from(if code < 0 { code + 65_536 } else { code }).ok().and_then(char::from_u32)
    };
    let Some(c) = c else { return Val::Unknown };
    let mut text = Text::new(c, how | CHR);
    // Quotes and line ends are written by code in honest macros, too.
    text.codes = u32::from(c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '\\' | '-'));
    text.partial = false;
    Val::Text(Rc::new(text))
}

fn number(name: &str, value: &Val) -> Val {
    let Some((n, how)) = value.to_number() else { return Val::Unknown };
    let out = match name {
        "int" => n.floor(),
        "fix" => n.trunc(),
        "abs" => n.abs(),
        "sgn" if n == 0.0 => 0.0,
        "sgn" => n.signum(),
        "sqr" => n.sqrt(),
        "round" => n.round_ties_even(),
        "cos" => n.cos(),
        "sin" => n.sin(),
        "tan" => n.tan(),
        "atn" => n.atan(),
        "exp" => n.exp(),
        _ => n.ln(),
    };
    if out.is_finite() { Val::Number(out, how) } else { Val::Unknown }
}

fn instr(name: &str, v: &[Val]) -> Val {
    // `InStr([start,] text, what [, compare])`; `InStrRev(text, what [, start])`.
    let started = name == "instr" && matches!(v.first(), Some(Val::Number(..))) && v.len() > 2;
    let (start, rest) =
        if started { (v.first().and_then(Val::to_int).unwrap_or(1), v.get(1..)) } else { (1, Some(v)) };
    let (Some(Val::Text(text)), Some(Val::Text(what))) =
        (rest.and_then(|r| r.first()), rest.and_then(|r| r.get(1)))
    else {
        return Val::Unknown;
    };
    if text.partial || what.partial {
        return Val::Unknown;
    }
    let start = usize::try_from(start - 1).unwrap_or(0);
    let from = text.text.char_indices().nth(start).map_or(text.text.len(), |(at, _)| at);
    let blind = v.last().and_then(Val::to_int) == Some(1) && v.len() > 2 + usize::from(started);
    let (hay, needle) = if blind {
        (text.text.to_ascii_lowercase(), what.text.to_ascii_lowercase())
    } else {
        (text.text.clone(), what.text.clone())
    };
    let found = match name {
        "instr" => hay.get(from..).and_then(|rest| rest.find(&needle)).map(|at| at + from),
        _ => hay.rfind(&needle),
    };
    let place = found.map_or(0, |at| 1 + hay.get(..at).map_or(0, |before| before.chars().count()));
    Val::number(place as f64)
}

fn bound(name: &str, value: &Val) -> Val {
    match value {
        Val::Array(items) if name == "lbound" => Val::number(items.lower as f64),
        Val::Array(items) => Val::number((items.lower + items.items.len() as i64 - 1) as f64),
        // Bytes are a text here.
        Val::Text(text) if name == "ubound" && !text.partial => {
            Val::number(text.text.chars().count() as f64 - 1.0)
        }
        Val::Text(_) => Val::number(0.0),
        Val::Object(Object::Nothing) => Val::Unknown,
        _ => Val::Unknown,
    }
}
