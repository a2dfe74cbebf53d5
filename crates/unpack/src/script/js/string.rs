//! Methods of strings, numbers and regular expressions.

use super::{
    Machine,
    tree::Name,
    value::{Text, Value, number_text},
};

/// Compiled size of a regular expression.
const PATTERN_BYTES_MAX: usize = 1 << 18;
/// Regular expressions compiled of one file.
const PATTERNS_MAX: usize = 64;
/// Units of a padded text: nobody pads so far but to fill memory.
const PADDED_MAX: usize = 1 << 16;
/// Bytes of a replacement that refers to groups.
const EXPANDED_MAX: usize = 64;

/// Looks for a text in time that grows with both lengths together, however the two repeat themselves (Knuth, Morris and
/// Pratt 1977).
struct Needle<'n> {
    units: &'n [u16],
    /// For each beginning of the text how much of its end is a beginning as well.
    borders: Vec<usize>,
}

impl<'n> Needle<'n> {
    fn new(units: &'n [u16]) -> Needle<'n> {
        let mut needle = Needle { units, borders: Vec::with_capacity(units.len()) };
        let mut known = 0;
        for (at, unit) in units.iter().enumerate() {
            known = if at == 0 { 0 } else { needle.step(known, *unit) };
            needle.borders.push(known);
        }
        needle
    }

    /// Units that fit after one more, of which so many fitted before.
    fn step(&self, mut known: usize, unit: u16) -> usize {
        while self.units.get(known) != Some(&unit) {
            match known.checked_sub(1).and_then(|last| self.borders.get(last)) {
                Some(shorter) => known = *shorter,
                None => return 0,
            }
        }
        known + 1
    }

    fn find(&self, units: &[u16], from: usize) -> Option<usize> {
        if self.units.is_empty() {
            return Some(from.min(units.len()));
        }
        let mut known = 0;
        for (at, unit) in units.iter().enumerate().skip(from) {
            known = self.step(known, *unit);
            if known == self.units.len() {
                return Some(at + 1 - known);
            }
        }
        None
    }
}

fn split(units: &[u16], by: &[u16]) -> Vec<Vec<u16>> {
    if by.is_empty() {
        return units.iter().map(|u| vec![*u]).collect();
    }
    let needle = Needle::new(by);
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(found) = needle.find(units, at) {
        out.push(units.get(at..found).unwrap_or_default().to_vec());
        at = found + by.len();
    }
    out.push(units.get(at..).unwrap_or_default().to_vec());
    out
}

impl Machine<'_> {
    pub(crate) fn string_method(&mut self, text: &Text, name: &str, args: &[Value]) -> Value {
        let units = &text.units;
        let first = args.first().cloned().unwrap_or(Value::Undef);
        self.tick(1 + units.len() as u64 / 128);
        match name {
            "charCodeAt" | "codePointAt" => {
                let at = self.number(&first).unwrap_or(f64::NAN);
                let at = if at.is_nan() { 0 } else { at as usize };
                units.get(at).map_or(Value::Num(f64::NAN), |u| Value::Num(f64::from(*u)))
            }
            "charAt" | "at" => match self.number(&first) {
                Some(n) => match units.get(n.max(0.0) as usize) {
                    Some(u) => Value::Str(Text::of(vec![*u], text.decoded)),
                    None => Value::text(""),
                },
                None => Value::Unknown,
            },
            "split" => self.split_text(text, &first),
            "replace" | "replaceAll" => self.replace(text, name, args),
            "slice" => {
                let (from, to) = self.range(args, units.len());
                self.cut(text, from, to)
            }
            "substring" => {
                let clamp = |v: Option<&Value>, or: usize| {
                    v.and_then(|v| self.number(v)).map_or(or, |n| (n.max(0.0) as usize).min(units.len()))
                };
                let (a, b) = (clamp(args.first(), 0), clamp(args.get(1), units.len()));
                self.cut(text, a.min(b), a.max(b))
            }
            "substr" => {
                let (from, _) = self.range(args.get(..1).unwrap_or_default(), units.len());
                let count =
                    args.get(1).and_then(|v| self.number(v)).map_or(units.len(), |n| n.max(0.0) as usize);
                self.cut(text, from, from.saturating_add(count).min(units.len()))
            }
            "toString" | "valueOf" | "normalize" | "toLocaleString" => Value::Str(text.clone()),
            "toLowerCase" | "toUpperCase" | "trim" | "trimStart" | "trimEnd" | "trimLeft" | "trimRight" => {
                let plain = text.string();
                let changed = match name {
                    "toLowerCase" => plain.to_lowercase(),
                    "toUpperCase" => plain.to_uppercase(),
                    "trimStart" | "trimLeft" => plain.trim_start().to_owned(),
                    "trimEnd" | "trimRight" => plain.trim_end().to_owned(),
                    _ => plain.trim().to_owned(),
                };
                self.string(changed.encode_utf16().collect(), text.decoded)
            }
            "concat" => {
                let mut out = Value::Str(text.clone());
                for arg in args {
                    out = self.binary("+", out, arg);
                }
                out
            }
            "repeat" => {
                let n = self.number(&first).unwrap_or(0.0).max(0.0) as usize;
                if !self.cells(n.saturating_mul(units.len())) {
                    return Value::Unknown;
                }
                self.string(units.repeat(n), text.decoded)
            }
            "padStart" | "padEnd" => {
                let want = self.number(&first).unwrap_or(0.0).max(0.0) as usize;
                let with = match args.get(1) {
                    Some(Value::Str(t)) if !t.units.is_empty() => t.units.to_vec(),
                    _ => vec![u16::from(b' ')],
                };
                if want > PADDED_MAX.max(units.len()) {
                    self.gaps.over(PADDED_MAX, "characters of a padded text");
                }
                let missing = want.min(PADDED_MAX).saturating_sub(units.len());
                let pad: Vec<u16> = with.iter().copied().cycle().take(missing).collect();
                let all = if name == "padStart" {
                    [&pad[..], &units[..]].concat()
                } else {
                    [&units[..], &pad[..]].concat()
                };
                self.string(all, text.decoded)
            }
            "indexOf" | "includes" | "startsWith" | "endsWith" | "lastIndexOf" | "search" => {
                let Value::Str(needle) = &first else { return Value::Unknown };
                self.tick(needle.units.len() as u64 / 128);
                let found = Needle::new(&needle.units).find(units, 0);
                match name {
                    "includes" => Value::Bool(found.is_some()),
                    "startsWith" => Value::Bool(units.starts_with(&needle.units)),
                    "endsWith" => Value::Bool(units.ends_with(&needle.units)),
                    _ => Value::Num(found.map_or(-1.0, |n| n as f64)),
                }
            }
            "match" | "matchAll" => match &first {
                Value::Regex(body, flags) => self.matches(text, body, flags),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    fn cut(&mut self, text: &Text, from: usize, to: usize) -> Value {
        self.string(text.units.get(from..to).unwrap_or_default().to_vec(), text.decoded)
    }

    fn split_text(&mut self, text: &Text, by: &Value) -> Value {
        let pieces = match by {
            Value::Str(by) => {
                if by.units.is_empty() && !self.cells(text.units.len().saturating_mul(16)) {
                    return Value::Unknown;
                }
                split(&text.units, &by.units)
            }
            Value::Regex(body, flags) => {
                let Some(pattern) = self.pattern(body, flags) else { return Value::Unknown };
                let plain = text.string();
                pattern.split(&plain).map(|piece| piece.encode_utf16().collect()).collect()
            }
            _ => vec![text.units.to_vec()],
        };
        let items = pieces.into_iter().map(|piece| Value::Str(Text::of(piece, text.decoded))).collect();
        self.array(items)
    }

    /// A compiled pattern, shared by its uses; what the engine does not know is unknown.
    pub(crate) fn pattern(&mut self, body: &Name, flags: &Name) -> Option<regex::Regex> {
        let key = (body.clone(), flags.clone());
        if let Some(known) = self.patterns.get(&key) {
            return known.clone();
        }
        if !self.gaps.room(self.patterns.len(), PATTERNS_MAX, "regular expressions of a script")
            || !self.tick(2_000)
        {
            return None;
        }
        let built = match regex::RegexBuilder::new(&body.replace("\\/", "/"))
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .dot_matches_new_line(flags.contains('s'))
            .size_limit(PATTERN_BYTES_MAX)
            .build()
        {
            Ok(built) => Some(built),
            Err(regex::Error::CompiledTooBig(_)) => {
                self.gaps.over(PATTERN_BYTES_MAX, "bytes of a compiled regular expression");
                None
            }
            Err(_) => None,
        };
        self.patterns.insert(key, built.clone());
        built
    }

    fn matches(&mut self, text: &Text, body: &Name, flags: &Name) -> Value {
        let Some(pattern) = self.pattern(body, flags) else { return Value::Unknown };
        let plain = text.string();
        self.tick(plain.len() as u64 / 8);
        let all = flags.contains('g');
        let items: Vec<Value> = if all {
            pattern.find_iter(&plain).map(|m| m.as_str().to_owned()).collect::<Vec<_>>()
        } else {
            let groups = pattern.captures(&plain);
            groups
                .map(|g| g.iter().map(|m| m.map_or(String::new(), |m| m.as_str().to_owned())).collect())
                .unwrap_or_default()
        }
        .into_iter()
        .map(|piece| Value::Str(Text::of(piece.encode_utf16().collect(), text.decoded)))
        .collect();
        if items.is_empty() { Value::Null } else { self.array(items) }
    }

    fn replace(&mut self, text: &Text, name: &str, args: &[Value]) -> Value {
        let (Some(what), Some(with)) = (args.first(), args.get(1)) else { return Value::Unknown };
        match what {
            Value::Regex(body, flags) => {
                let Some(pattern) = self.pattern(body, flags) else { return Value::Unknown };
                self.replace_pattern(text, &pattern, flags.contains('g'), with)
            }
            Value::Str(needle) => {
                let Some(with) = self.text(with) else { return Value::Unknown };
                let mut pieces = split(&text.units, &needle.units);
                if needle.units.is_empty() || pieces.len() < 2 {
                    return Value::Str(text.clone());
                }
                if name == "replace" && pieces.len() > 2 {
                    let rest = pieces.split_off(1).join(&needle.units[..]);
                    pieces.push(rest);
                }
                if !self.cells(pieces.len().saturating_mul(with.units.len())) {
                    return Value::Unknown;
                }
                let out = pieces.join(&with.units[..]);
                self.string(out, true)
            }
            _ => Value::Unknown,
        }
    }

    fn replace_pattern(&mut self, text: &Text, pattern: &regex::Regex, all: bool, with: &Value) -> Value {
        let plain = text.string();
        self.tick(plain.len() as u64 / 8);
        let fixed = if let Value::Func(_) | Value::Host(_) | Value::Method(_) = with {
            None
        } else {
            self.text(with)
        };
        let fixed = fixed.map(|f| f.string());
        let (mut out, mut last) = (String::with_capacity(plain.len()), 0);
        if fixed.as_ref().is_some_and(|f| f.contains('$') && f.len() > EXPANDED_MAX) {
            self.gaps.over(EXPANDED_MAX, "bytes of a replacement that refers to groups");
        }
        for groups in pattern.captures_iter(&plain) {
            let Some(whole) = groups.get(0) else { break };
            out.push_str(plain.get(last..whole.start()).unwrap_or_default());
            last = whole.end();
            match &fixed {
                Some(fixed) if fixed.contains('$') && fixed.len() <= EXPANDED_MAX => {
                    groups.expand(fixed, &mut out)
                }
                Some(fixed) => out.push_str(fixed),
                None => {
                    let args =
                        groups.iter().map(|g| g.map_or(Value::Undef, |g| Value::text(g.as_str()))).collect();
                    let made = self.call(with, Value::Undef, args);
                    if let Some(made) = self.text(&made) {
                        out.push_str(&made.string());
                    }
                }
            }
            if !all || self.grace || !self.tick(1) || !self.cells(fixed.as_ref().map_or(1, String::len)) {
                break;
            }
        }
        out.push_str(plain.get(last..).unwrap_or_default());
        self.string(out.encode_utf16().collect(), last > 0 || text.decoded)
    }

    pub(crate) fn number_method(&mut self, n: f64, name: &str, args: &[Value]) -> Value {
        match name {
            "toString" => {
                let radix = args.first().and_then(|v| self.number(v)).unwrap_or(10.0);
                if radix == 10.0
                    || n.fract() != 0.0
                    || !(0.0..=9e15).contains(&n)
                    || !(2.0..=36.0).contains(&radix)
                {
                    return Value::text(&number_text(n));
                }
                let (mut rest, mut digits) = (n as u64, Vec::new());
                loop {
                    digits.push(char::from_digit((rest % radix as u64) as u32, radix as u32).unwrap_or('0'));
                    rest /= radix as u64;
                    if rest == 0 {
                        break;
                    }
                }
                Value::text(&digits.iter().rev().collect::<String>())
            }
            "toFixed" => Value::text(&number_text(n.round())),
            "valueOf" => Value::Num(n),
            _ => Value::Unknown,
        }
    }

    pub(crate) fn regex_method(&mut self, body: &Name, flags: &Name, name: &str, args: &[Value]) -> Value {
        let Some(Value::Str(text)) = args.first() else { return Value::Unknown };
        let text = text.clone();
        match name {
            "test" => match self.pattern(body, flags) {
                Some(pattern) => Value::Bool(pattern.is_match(&text.string())),
                None => Value::Unknown,
            },
            "exec" => {
                // A search that goes on from its last place would need state; one answer and then unknown.
                if flags.contains('g') { Value::Unknown } else { self.matches(&text, body, flags) }
            }
            _ => Value::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Needle;

    proptest! {
        #[test]
        fn a_needle_is_found_where_it_stands_first(text in prop::collection::vec(0u16..2, 0..40), what in prop::collection::vec(0u16..2, 1..6), from in 0usize..45) {
            let expected = text.get(from..).and_then(|rest| rest.windows(what.len()).position(|w| w == what));
            prop_assert_eq!(Needle::new(&what).find(&text, from), expected.map(|at| at + from));
        }
    }

    /// A long text that repeats itself, in one that nearly does, takes as long as both together.
    #[test]
    fn long_needles() {
        for length in [256, 257, 100_000] {
            let what = [vec![0u16; length], vec![1]].concat();
            let text = [vec![0u16; 300_000], vec![1]].concat();
            assert_eq!(Needle::new(&what).find(&text, 0), Some(300_000 - length));
        }
    }
}
