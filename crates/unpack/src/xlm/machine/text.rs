//! Text functions.

use std::rc::Rc;

use super::{
    Limit, Machine, codes as c,
    eval::Call,
    event,
    value::{Res, TEXT_MAX, VALUE, Val},
};

/// Characters under a key of the environment from which on it is one.
const KEYED_CHARS: u32 = 8;
/// See [`Machine::character`].
const ROUNDING: f64 = 1e-7;

/// What Windows' code page 1252 has at 128 to 159; `CHAR` and `CODE` use that code page.
const UPPER_1252: [u16; 32] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152,
    0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161,
    0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
];

/// A character of code page 1252.
pub(super) fn from_1252(code: u8) -> char {
    let upper = code.checked_sub(128).and_then(|i| UPPER_1252.get(usize::from(i)));
    upper.and_then(|u| char::from_u32(u32::from(*u))).unwrap_or(char::from(code))
}

fn to_1252(c: char) -> u32 {
    let upper = UPPER_1252.iter().position(|u| u32::from(*u) == u32::from(c));
    upper.map_or(if u32::from(c) < 256 { u32::from(c) } else { 63 }, |i| 128 + i as u32)
}

impl Machine<'_> {
    pub(super) fn text_function(&mut self, code: u16, call: Call) -> Option<Res> {
        Some(match code {
            c::CHAR => self.character(call),
            c::UNICHAR => self.number_arg(call, 0).map(|n| {
                char::from_u32(n as u32)
                    .filter(|c| *c != '\0')
                    .map_or(Val::Err(VALUE), |c| Val::text(c.to_string()))
            }),
            c::CODE => self
                .text_arg(call, 0)
                .map(|t| t.chars().next().map_or(Val::Err(VALUE), |c| Val::Num(f64::from(to_1252(c))))),
            c::UNICODE => self
                .text_arg(call, 0)
                .map(|t| t.chars().next().map_or(Val::Err(VALUE), |c| Val::Num(f64::from(u32::from(c))))),
            c::CONCATENATE | c::CONCAT => self.concat(call),
            c::TEXTJOIN => self.text_join(call),
            c::MID | c::MIDB => self.mid(call),
            c::LEFT | c::LEFTB => self.side(call, true),
            c::RIGHT | c::RIGHTB => self.side(call, false),
            c::LEN | c::LENB => self.text_arg(call, 0).map(|t| Val::Num(units(&t) as f64)),
            c::UPPER => self.map_text(call, |t| t.to_uppercase()),
            c::LOWER => self.map_text(call, |t| t.to_lowercase()),
            c::PROPER => self.map_text(call, proper),
            c::TRIM => {
                self.map_text(call, |t| t.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" "))
            }
            c::CLEAN => self.map_text(call, |t| t.chars().filter(|c| u32::from(*c) >= 32).collect()),
            c::REPT => self.repeat(call),
            c::REPLACE | c::REPLACEB => self.replace(call),
            c::SUBSTITUTE => self.substitute(call),
            c::SEARCH | c::SEARCHB => self.search(call, true),
            c::FIND | c::FINDB => self.search(call, false),
            c::EXACT => self.exact(call),
            c::T => Ok(match self.scalar_arg(call, 0) {
                value @ (Val::Text(_) | Val::Unknown(_) | Val::Err(_)) => value,
                _ => Val::text(""),
            }),
            c::N => Ok(match self.scalar_arg(call, 0) {
                Val::Bool(b) => Val::Num(f64::from(u8::from(b))),
                value @ (Val::Num(_) | Val::Unknown(_) | Val::Err(_)) => value,
                _ => Val::Num(0.0),
            }),
            c::VALUE | c::NUMBERVALUE => self.number_arg(call, 0).map(Val::from),
            c::TEXT => self.format(call),
            c::FIXED => self.fixed(call, ""),
            c::DOLLAR | c::USDOLLAR => self.fixed(call, "$"),
            c::PHONETIC => self.text_arg(call, 0).map(Val::Text),
            _ => return None,
        })
    }

    /// `CHAR`, whose arguments say whether a key of the environment decodes, and whether it is right.
    fn character(&mut self, call: Call) -> Res {
        let outer = std::mem::take(&mut self.taint);
        let value = self.scalar_arg(call, 0);
        let inner = std::mem::replace(&mut self.taint, outer);
        self.taint |= inner;
        let code = value.number();
        let keyed = inner & (event::CLOCK | event::LOOK | event::SPACE | event::KEY) != 0;
        if keyed {
            self.keyed_chars = self.keyed_chars.saturating_add(1);
            if self.keyed_chars == KEYED_CHARS {
                self.log(event::Act::EnvKey, Vec::new());
            }
        }
        let result = match code {
            // What divisions leave below a whole number is nothing that Excel would see.
            Ok(n) if (1.0..256.0).contains(&(n + ROUNDING)) => {
                Val::text(from_1252((n + ROUNDING) as u8).to_string())
            }
            Ok(_) => Val::Err(VALUE),
            Err(v) => v,
        };
        if keyed || !matches!(result, Val::Text(_)) {
            self.quality.chars = self.quality.chars.saturating_add(1);
            let good = matches!(&result, Val::Text(t) if t.bytes().all(|b| (32..127).contains(&b) || b"\t\r\n".contains(&b)));
            self.quality.bad_chars = self.quality.bad_chars.saturating_add(u32::from(!good));
        }
        self.decoded_in_loop();
        Ok(result)
    }

    fn map_text(&mut self, call: Call, map: impl Fn(&str) -> String) -> Res {
        match self.text_arg(call, 0) {
            Ok(text) => {
                self.spend_text(text.len());
                Ok(self.text(map(&text)))
            }
            // The known part of a partly unknown text changes the same way.
            Err(Val::Unknown(Some(text))) => Err(Val::Unknown(Some(map(&text).into()))),
            Err(other) => Err(other),
        }
    }

    fn concat(&mut self, call: Call) -> Res {
        let mut parts = Vec::new();
        for i in 0..call.n {
            let value = self.arg(call, i);
            self.values(value, &mut parts);
        }
        Ok(self.join(parts))
    }

    fn text_join(&mut self, call: Call) -> Res {
        let between = self.text_arg(call, 0)?;
        let skip = self.scalar_arg(call, 1).truth().unwrap_or(true);
        let mut parts = Vec::new();
        for i in 2..call.n {
            let value = self.arg(call, i);
            self.values(value, &mut parts);
        }
        let empty =
            |v: &Val| matches!(v, Val::Blank | Val::Missing) || matches!(v, Val::Text(t) if t.is_empty());
        parts.retain(|p| !skip || !empty(p));
        let mut joined = Vec::with_capacity(parts.len() * 2);
        for (i, part) in parts.into_iter().enumerate() {
            if i > 0 {
                joined.push(Val::Text(between.clone()));
            }
            joined.push(part);
        }
        Ok(self.join(joined))
    }

    fn mid(&mut self, call: Call) -> Res {
        let text = self.text_arg(call, 0)?;
        let (start, count) = (self.number_arg(call, 1)?, self.number_arg(call, 2)?);
        if start < 1.0 || count < 0.0 {
            return Err(Val::Err(VALUE));
        }
        self.decoded_in_loop();
        self.spend_text(text.len() / 16);
        Ok(Val::Text(slice(&text, start as usize - 1, count as usize)))
    }

    fn side(&mut self, call: Call, left: bool) -> Res {
        let text = self.text_arg(call, 0)?;
        let count = self.number_or(call, 1, 1.0)?;
        if count < 0.0 {
            return Err(Val::Err(VALUE));
        }
        let count = count as usize;
        let start = if left { 0 } else { units(&text).saturating_sub(count) };
        Ok(Val::Text(slice(&text, start, count)))
    }

    fn repeat(&mut self, call: Call) -> Res {
        let text = self.text_arg(call, 0)?;
        let count = self.number_arg(call, 1)?;
        if count < 0.0 {
            return Err(Val::Err(VALUE));
        }
        let count = count as usize;
        if text.len().saturating_mul(count) > TEXT_MAX {
            self.limit(Limit::Text);
            return Err(Val::Err(VALUE));
        }
        self.spend_text(text.len() * count);
        Ok(Val::text(text.repeat(count.min(TEXT_MAX))))
    }

    fn replace(&mut self, call: Call) -> Res {
        let text = self.text_arg(call, 0)?;
        let (start, count) = (self.number_arg(call, 1)?, self.number_arg(call, 2)?);
        let new = self.text_arg(call, 3)?;
        if start < 1.0 || count < 0.0 {
            return Err(Val::Err(VALUE));
        }
        let (start, count) = (start as usize - 1, count as usize);
        let before = slice(&text, 0, start);
        let after = slice(&text, start.saturating_add(count), usize::MAX);
        self.spend_text(text.len());
        Ok(self.text([&*before, &*new, &*after].concat()))
    }

    fn substitute(&mut self, call: Call) -> Res {
        let text = self.scalar_arg(call, 0);
        let (old, new) = (self.text_arg(call, 1)?, self.text_arg(call, 2)?);
        let which = match self.scalar_arg(call, 3) {
            Val::Missing => None,
            value => Some(value.number()? as usize),
        };
        let replaced = |text: &str| match which {
            _ if old.is_empty() => text.to_owned(),
            None => text.replace(&*old, &new),
            Some(nth) => match text.match_indices(&*old).nth(nth.saturating_sub(1)) {
                Some((at, _)) => {
                    let (head, tail) = text.split_at(at);
                    [head, &*new, tail.get(old.len()..).unwrap_or("")].concat()
                }
                None => text.to_owned(),
            },
        };
        match text {
            Val::Unknown(Some(part)) => Err(Val::Unknown(Some(super::value::cut(&replaced(&part)).into()))),
            text => {
                let text = text.to_text()?;
                self.spend_text(text.len());
                // A short old text and a long new one could make much of little.
                if text.len().saturating_mul(new.len().max(1)) > TEXT_MAX * 64 {
                    self.limit(Limit::Text);
                    return Err(Val::Err(VALUE));
                }
                Ok(self.text(replaced(&text)))
            }
        }
    }

    fn search(&mut self, call: Call, wildcards: bool) -> Res {
        let (what, text) = (self.text_arg(call, 0)?, self.text_arg(call, 1)?);
        let start = self.number_or(call, 2, 1.0)?;
        if start < 1.0 {
            return Err(Val::Err(VALUE));
        }
        let fold = |t: &str| -> Vec<char> {
            if wildcards { t.chars().flat_map(char::to_lowercase).collect() } else { t.chars().collect() }
        };
        let (what, text) = (fold(&what), fold(&text));
        let work = (what.len() as u64).saturating_mul(text.len() as u64) / 64;
        if !self.spend(1 + work) {
            return Err(Val::Unknown(None));
        }
        let from = start as usize - 1;
        let mut found = None;
        for at in from..=text.len() {
            let rest = text.get(at..).unwrap_or(&[]);
            let matches = if wildcards { wild_prefix(&what, rest) } else { rest.starts_with(&what) };
            if matches {
                found = Some(at);
                break;
            }
        }
        found.map_or(Err(Val::Err(VALUE)), |at| Ok(Val::Num(at as f64 + 1.0)))
    }

    fn exact(&mut self, call: Call) -> Res {
        let (a, b) = (self.text_arg(call, 0)?, self.text_arg(call, 1)?);
        Ok(Val::Bool(a == b))
    }

    fn format(&mut self, call: Call) -> Res {
        let value = self.scalar_arg(call, 0);
        let format = self.text_arg(call, 1)?;
        let Ok(number) = value.number() else { return Ok(value) };
        if format.is_empty() || format.eq_ignore_ascii_case("general") || &*format == "@" {
            return Ok(value);
        }
        // Zeros, digits and one point: how decoders pad numbers. Dates and the rest are beyond what is needed.
        if format.bytes().all(|b| matches!(b, b'0' | b'#' | b'.')) {
            let (whole, decimals) = format.split_once('.').unwrap_or((&format, ""));
            let width = whole.bytes().filter(|b| *b == b'0').count();
            let decimals = decimals.len().min(30);
            let text = format!("{:.decimals$}", number.abs());
            let digits = text.split('.').next().map_or(0, str::len);
            let zeros = "0".repeat(width.saturating_sub(digits).min(300));
            let sign = if number < 0.0 { "-" } else { "" };
            return Ok(Val::text(format!("{sign}{zeros}{text}")));
        }
        Err(Val::Unknown(None))
    }

    fn fixed(&mut self, call: Call, sign: &str) -> Res {
        let number = self.number_arg(call, 0)?;
        let decimals = self.number_or(call, 1, 2.0)?.clamp(0.0, 30.0) as usize;
        let plain = !sign.is_empty() || !self.scalar_arg(call, 2).truth().unwrap_or(false);
        let text = format!("{:.decimals$}", number.abs());
        let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
        let whole = if plain { thousands(whole) } else { whole.to_owned() };
        let minus = if number < 0.0 { "-" } else { "" };
        Ok(Val::text(format!("{minus}{sign}{whole}{rest}")))
    }
}

/// Length as Excel counts: UTF-16 units.
fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// `count` characters from `start`.
fn slice(text: &str, start: usize, count: usize) -> Rc<str> {
    if text.is_ascii() {
        let end = start.saturating_add(count).min(text.len());
        return text.get(start.min(end)..end).unwrap_or("").into();
    }
    text.chars().skip(start).take(count).collect::<String>().into()
}

fn proper(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        inside = c.is_alphabetic();
    }
    out
}

fn thousands(digits: &str) -> String {
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Whether a pattern with `?`, `*` and `~` matches at the start of a text.
fn wild_prefix(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = pattern.get(p) {
        let literal = *c == '~' && pattern.get(p + 1).is_some();
        let wanted = if literal { pattern.get(p + 1) } else { Some(c) };
        let width = if literal { 2 } else { 1 };
        if *c == '*' {
            star = Some((p + 1, t));
            p += 1;
        } else if t < text.len() && (*c == '?' && !literal || text.get(t) == wanted) {
            p += width;
            t += 1;
        } else if let Some((after, at)) = star.filter(|(_, at)| *at < text.len()) {
            star = Some((after, at + 1));
            p = after;
            t = at + 1;
        } else {
            return false;
        }
    }
    true
}
