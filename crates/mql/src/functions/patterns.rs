//! Regular expressions and address sets.

use crate::eval::Eval;
use crate::functions::strings::{Text, int};
use crate::limits::{AUTOMATON_BYTES_PER_STEP, MAX_MATCHES};
use crate::node::{Id, Pattern};
use crate::prefilter::holds_piece;
use crate::truth::Truth;
use crate::value::{Arena, List, Map, Object, Value};

/// Answers on texts at least this long are remembered by pattern and text.
const REMEMBER_FROM: usize = 128;

impl<'a> Eval<'a, '_> {
    /// Any of the patterns.
    pub(crate) fn regex_test(&mut self, source: Id, patterns: &[u32]) -> Truth {
        let value = self.value(source);
        self.value_regex_test(value, patterns)
    }

    pub(crate) fn value_regex_test(&mut self, value: Value<'a>, patterns: &[u32]) -> Truth {
        let text = match Text::of(value) {
            Text::Unknown(missing) => return Truth::unknown(missing),
            Text::Null => return Truth::NULL,
            Text::Is(text) => text,
        };
        let hay = self.haystacks.id(text, self.arena, &mut self.steps);
        for &number in patterns {
            self.steps += 1;
            if let Some(missing) = self.spent() {
                return Truth::unknown(missing);
            }
            if self.hit(number, hay, text) {
                return Truth::TRUE;
            }
        }
        Truth::FALSE
    }

    fn hit(&mut self, number: u32, hay: u32, text: &'a str) -> bool {
        if !self.promising(number, hay) {
            return false;
        }
        let Some(pattern) = self.program.patterns.get(number as usize) else { return false };
        if text.len() < REMEMBER_FROM {
            return self.run(pattern, text);
        }
        if let Some(&hit) = self.regex_memo.get(&(number, hay)) {
            return hit;
        }
        let hit = self.run(pattern, text);
        self.regex_memo.insert((number, hay), hit);
        hit
    }

    fn run(&mut self, pattern: &'a Pattern, text: &str) -> bool {
        self.steps += (text.len() / AUTOMATON_BYTES_PER_STEP) as u64;
        pattern.regex().is_some_and(|r| r.is_match(text))
    }

    /// The text holds one of the literals without which the pattern cannot match.
    fn promising(&mut self, number: u32, hay: u32) -> bool {
        let program = self.program;
        let Some(&Some((first, count))) = program.pattern_ranges.get(number as usize) else { return true };
        let (first, count) = (first as usize, count as usize);
        let held = self.haystacks.held(hay, count, self.arena, &mut self.steps);
        let pieces = program.pattern_pieces.get(first..first + count).unwrap_or(&[]);
        // Nearly always this rules it out, and the pattern itself is not looked at.
        pieces.iter().enumerate().any(|(at, &piece)| {
            if held.is_some_and(|held| !holds_piece(held, piece)) {
                return false;
            }
            let pattern = program.patterns.get(number as usize);
            let literal = pattern.and_then(|p| p.required.as_deref()).and_then(|required| required.get(at));
            literal.is_none_or(|&literal| {
                self.haystacks.holds(hay, literal, &program.literals, self.arena, &mut self.steps)
            })
        })
    }

    /// `regex.count` and `regex.extract`.
    pub(crate) fn matches(&mut self, extract: bool, source: Id, number: u32) -> Value<'a> {
        let text = match self.text(source) {
            Text::Unknown(missing) => return Value::Unknown(missing),
            Text::Null => return Value::Null,
            Text::Is(text) => text,
        };
        let Some(pattern) = self.program.patterns.get(number as usize) else { return Value::Null };
        let hay = self.haystacks.id(text, self.arena, &mut self.steps);
        if !self.promising(number, hay) {
            return if extract { self.list_of(&[]) } else { Value::Int(0) };
        }
        self.steps += (text.len() / AUTOMATON_BYTES_PER_STEP) as u64;
        let Some(regex) = pattern.regex() else { return Value::Null };
        if !extract {
            let count = regex.find_iter(text).take(MAX_MATCHES).count();
            self.steps += count as u64;
            return int(count);
        }
        self.memoised((u8::MAX - 1, number as usize, 0), &[Value::Str(text)], |eval, _| {
            let found: Vec<Value<'a>> = (regex.captures_iter(text).take(MAX_MATCHES))
                .map(|captures| Value::Object(Match::new(regex, &captures, eval.arena)))
                .collect();
            eval.steps += found.len() as u64 * 4;
            eval.list_of(&found)
        })
    }

    /// `beta.ip_in`.
    pub(crate) fn ip_in(&mut self, ip: Id, set: u32, rest: &[Id]) -> Truth {
        let ip = match self.text(ip) {
            Text::Unknown(missing) => return Truth::unknown(missing),
            Text::Null => return Truth::NULL,
            Text::Is(ip) => ip,
        };
        let set = self.program.ip_sets.get(set as usize);
        let Some(found) = set.and_then(|s| s.contains(ip)) else { return Truth::NULL };
        let mut any = Truth::from(found);
        for &literal in rest {
            if any.is_true() {
                break;
            }
            any = any.or(match self.text(literal) {
                Text::Unknown(missing) => Truth::unknown(missing),
                Text::Null => Truth::NULL,
                Text::Is(text) => crate::ipset::IpSet::new([text]).contains(ip).into(),
            });
        }
        any
    }
}

/// A match of a regular expression, of the shape [`crate::schema::REGEX_MATCH`].
#[derive(Clone, Copy)]
struct Match<'a> {
    full: &'a str,
    groups: &'a [Value<'a>],
    named: &'a Named<'a>,
}

#[derive(Clone, Copy)]
struct Named<'a>(&'a [(&'a str, &'a str)]);

impl<'a> Match<'a> {
    /// Groups that took no part are empty, not null.
    fn new(regex: &'a regex::Regex, captures: &regex::Captures<'a>, arena: &'a Arena) -> &'a Match<'a> {
        let text = |m: Option<regex::Match<'a>>| m.map_or("", |m| m.as_str());
        let groups: Vec<Value<'a>> = captures.iter().skip(1).map(|m| Value::Str(text(m))).collect();
        let named: Vec<(&'a str, &'a str)> = (regex.capture_names().zip(captures.iter()))
            .filter_map(|(name, m)| Some((name?, text(m))))
            .collect();
        let named = arena.alloc(Named(arena.alloc_slice(&named)));
        arena.alloc(Match { full: text(captures.get(0)), groups: arena.alloc_slice(&groups), named })
    }
}

impl Object for Match<'_> {
    fn shape(&self) -> &'static str {
        "RegexMatch"
    }

    fn field<'b>(&'b self, index: usize, _: &'b Arena) -> Value<'b> {
        match index {
            0 => Value::Str(self.full),
            1 => Value::List(List::Values(self.groups)),
            2 => Value::Map(self.named),
            _ => Value::Null,
        }
    }
}

impl Map for Named<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn key(&self, i: usize) -> Option<&str> {
        self.0.get(i).map(|(name, _)| *name)
    }

    fn get<'b>(&'b self, name: &str, _: &'b Arena) -> Value<'b> {
        self.0.iter().find(|(n, _)| *n == name).map_or(Value::Null, |(_, value)| Value::Str(value))
    }
}
