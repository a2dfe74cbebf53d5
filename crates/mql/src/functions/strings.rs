//! Tests of text and functions that give text or numbers from text.

use std::borrow::Cow;

use crate::distance::levenshtein;
use crate::eval::Eval;
use crate::limits::{DISTANCE_CELLS_PER_STEP, SEARCH_BYTES_PER_STEP};
use crate::node::{Id, Needle, Node, TextTest};
use crate::prefilter::{ANY, holds_ends, holds_piece};
use crate::text::{ends_with_folded, fold, starts_with_folded};
use crate::truth::Truth;
use crate::typed::{Builtin, CmpOp};
use crate::value::{Missing, Value};

/// A text argument.
pub(crate) enum Text<'a> {
    Unknown(Missing),
    Null,
    Is(&'a str),
}

impl<'a> Text<'a> {
    pub(crate) fn of(value: Value<'a>) -> Text<'a> {
        match value {
            Value::Str(text) => Text::Is(text),
            Value::Unknown(missing) => Text::Unknown(missing),
            value => value.as_str().map_or(Text::Null, Text::Is),
        }
    }
}

impl<'a> Eval<'a, '_> {
    pub(crate) fn text(&mut self, id: Id) -> Text<'a> {
        Text::of(self.value(id))
    }

    /// Any of the needles; Kleene over those that are null or unknown.
    pub(crate) fn text_test(
        &mut self,
        test: TextTest,
        fold_case: bool,
        source: Id,
        needles: &[u32],
        rest: &[Id],
    ) -> Truth {
        let value = self.value(source);
        self.value_text_test(test, fold_case, value, needles, rest)
    }

    pub(crate) fn value_text_test(
        &mut self,
        test: TextTest,
        fold_case: bool,
        value: Value<'a>,
        needles: &[u32],
        rest: &[Id],
    ) -> Truth {
        let text = match Text::of(value) {
            Text::Unknown(missing) => return Truth::unknown(missing),
            Text::Null => return Truth::NULL,
            Text::Is(text) => text,
        };
        let found = match test {
            TextTest::Contains | TextTest::Like => self.any_inside(test, fold_case, text, needles),
            TextTest::StartsWith | TextTest::EndsWith => self.any_at_an_end(test, fold_case, text, needles),
        };
        if found {
            return Truth::TRUE;
        }
        let mut any = Truth::FALSE;
        for &needle in rest {
            let needle = self.value(needle);
            any = any.or(self.value_in_value(test, fold_case, Value::Str(text), needle));
            if any.is_true() {
                break;
            }
        }
        any
    }

    /// A needle that is not a constant.
    pub(crate) fn value_in_value(
        &mut self,
        test: TextTest,
        fold_case: bool,
        text: Value<'a>,
        needle: Value<'a>,
    ) -> Truth {
        match (Text::of(text), Text::of(needle)) {
            (Text::Unknown(missing), _) => Truth::unknown(missing),
            (Text::Null, _) | (_, Text::Null) => Truth::NULL,
            (_, Text::Unknown(missing)) => Truth::unknown(missing),
            (Text::Is(text), Text::Is(needle)) => self.dynamic_test(test, fold_case, text, needle).into(),
        }
    }

    /// Tests often have dozens of needles, nearly all of which the text's pieces rule out.
    fn any_inside(&mut self, test: TextTest, fold_case: bool, text: &'a str, needles: &[u32]) -> bool {
        let program = self.program;
        self.steps += needles.len() as u64;
        let hay = self.haystacks.id(text, self.arena, &mut self.steps);
        let held = self.haystacks.held(hay, needles.len(), self.arena, &mut self.steps);
        needles.iter().any(|&number| {
            let piece = program.needle_pieces.get(number as usize).copied().unwrap_or(ANY);
            if held.is_some_and(|held| !holds_piece(held, piece)) {
                return false;
            }
            let Some(needle) = program.needles.get(number as usize) else { return false };
            match test {
                TextTest::Like => self.like(fold_case, hay, text, needle),
                _ => self.contains(fold_case, hay, text, needle),
            }
        })
    }

    fn any_at_an_end(&mut self, test: TextTest, fold_case: bool, text: &str, needles: &[u32]) -> bool {
        let program = self.program;
        self.steps += needles.len() as u64;
        let needles = needles.iter().filter_map(|&number| program.needles.get(number as usize));
        match (test, fold_case) {
            (TextTest::StartsWith, false) => needles.into_iter().any(|n| text.starts_with(&*n.text)),
            (TextTest::StartsWith, true) => needles.into_iter().any(|n| starts_with_folded(text, &n.folded)),
            (_, false) => needles.into_iter().any(|n| text.ends_with(&*n.text)),
            (_, true) => needles.into_iter().any(|n| ends_with_folded(text, &n.folded)),
        }
    }

    fn contains(&mut self, fold_case: bool, hay: u32, text: &'a str, needle: &Needle) -> bool {
        let Some(literal) = needle.literal else { return true };
        let held = self.haystacks.holds(hay, literal, &self.program.literals, self.arena, &mut self.steps);
        if !held || fold_case {
            return held;
        }
        self.charge(text.len());
        needle.finder.find(text.as_bytes()).is_some()
    }

    fn like(&mut self, fold_case: bool, hay: u32, text: &'a str, needle: &Needle) -> bool {
        if let Some(literal) = needle.literal {
            let held =
                self.haystacks.holds(hay, literal, &self.program.literals, self.arena, &mut self.steps);
            if !held || fold_case && needle.literal_decides {
                return held;
            }
        }
        self.charge(needle.glob.as_ref().map_or(0, |g| g.work(text.len())));
        match fold_case {
            _ if self.spent().is_some() => false,
            true => needle.glob.as_ref().is_some_and(|g| g.matches(self.haystacks.folded(hay))),
            false => needle.exact_glob.as_ref().is_some_and(|g| g.matches(text)),
        }
    }

    fn charge(&mut self, bytes: usize) {
        self.steps += (bytes / SEARCH_BYTES_PER_STEP) as u64;
    }

    fn dynamic_test(&mut self, test: TextTest, fold_case: bool, text: &'a str, needle: &'a str) -> bool {
        self.steps += 1;
        // The text is folded once for all that is asked about it; a needle is seldom asked for twice.
        let (text, needle) = match fold_case {
            true => {
                let hay = self.haystacks.id(text, self.arena, &mut self.steps);
                let folded = self.haystacks.folded(hay);
                self.charge(needle.len());
                // Folded ASCII keeps its length and its pieces: most needles need not be folded.
                let inside = test == TextTest::Contains && needle.is_ascii();
                if inside && (needle.len() > folded.len() || !self.may_hold(hay, needle)) {
                    return false;
                }
                (folded, fold(needle))
            }
            false => (text, Cow::Borrowed(needle)),
        };
        let needle = &*needle;
        match test {
            TextTest::Contains => {
                if needle.len() > text.len() {
                    return false;
                }
                self.charge(text.len());
                memchr::memmem::find(text.as_bytes(), needle.as_bytes()).is_some()
            }
            TextTest::StartsWith => text.starts_with(needle),
            TextTest::EndsWith => text.ends_with(needle),
            TextTest::Like => {
                let glob = crate::glob::Glob::new(needle, false);
                self.charge(needle.len() * 16 + glob.work(text.len()));
                self.spent().is_none() && glob.matches(text)
            }
        }
    }

    /// False when the text's pieces rule the needle out. To build a searcher costs more than to search a text.
    fn may_hold(&mut self, hay: u32, needle: &str) -> bool {
        let held = self.haystacks.held(hay, 1, self.arena, &mut self.steps);
        self.haystacks.asked(hay);
        held.is_none_or(|held| holds_ends(held, needle))
    }

    pub(crate) fn concat(&mut self, args: &[Id]) -> Value<'a> {
        let mut out = std::mem::take(&mut self.joined);
        out.clear();
        let joined = self.join(args, &mut out);
        self.joined = out;
        joined
    }

    fn join(&mut self, args: &[Id], out: &mut String) -> Value<'a> {
        let mut missing = Missing::NONE;
        for &arg in args {
            match self.text(arg) {
                Text::Null => return Value::Null,
                Text::Unknown(more) => missing = missing | more,
                Text::Is(text) => {
                    // Made text stays for the message: memory is what this costs.
                    self.charge(text.len() * 32);
                    if let Some(missing) = self.spent() {
                        return Value::Unknown(missing);
                    }
                    out.push_str(text);
                }
            }
        }
        if missing.is_empty() { Value::Str(self.arena.alloc_str(out)) } else { Value::Unknown(missing) }
    }

    /// Two texts, or what the function gives without them.
    fn two_texts(&mut self, args: &[Id]) -> Result<(&'a str, &'a str), Value<'a>> {
        let [a, b] = args else { return Err(Value::Null) };
        match (self.text(*a), self.text(*b)) {
            (Text::Is(a), Text::Is(b)) => Ok((a, b)),
            (Text::Null, _) | (_, Text::Null) => Err(Value::Null),
            (Text::Unknown(a), Text::Unknown(b)) => Err(Value::Unknown(a | b)),
            (Text::Unknown(missing), _) | (_, Text::Unknown(missing)) => Err(Value::Unknown(missing)),
        }
    }

    /// The lengths alone tell that an edit distance is not as small as is asked: nearly always. Folding keeps the number
    /// of code points.
    pub(crate) fn too_far_apart(&mut self, op: CmpOp, distance: Id, most: Id) -> bool {
        let program = self.program;
        let Node::Call { function: Builtin::Levenshtein | Builtin::ILevenshtein, args } =
            program.node(distance)
        else {
            return false;
        };
        let most = match (op, program.node(most)) {
            (CmpOp::Le, Node::Int(most)) => *most,
            (CmpOp::Lt, Node::Int(over)) => over.saturating_sub(1),
            _ => return false,
        };
        let Ok((a, b)) = self.two_texts(program.ids(*args)) else { return false };
        self.charge(a.len() + b.len());
        let length = |text: &str| if text.is_ascii() { text.len() } else { text.chars().count() };
        i64::try_from(length(a).abs_diff(length(b))).is_ok_and(|least| least > most)
    }

    /// Edit distance in code points. Its cost is paid before it is run.
    pub(crate) fn levenshtein(&mut self, function: Builtin, args: &[Id]) -> Value<'a> {
        let (a, b) = match self.two_texts(args) {
            Ok(texts) => texts,
            Err(value) => return value,
        };
        let cells = a.len().saturating_mul(b.len());
        self.steps = self.steps.saturating_add((cells / DISTANCE_CELLS_PER_STEP) as u64);
        if let Some(missing) = self.spent() {
            return Value::Unknown(missing);
        }
        let distance = match function {
            Builtin::ILevenshtein => {
                // Folded once for all distances that are asked about the text.
                let mut folded = |text: &'a str| {
                    let hay = self.haystacks.id(text, self.arena, &mut self.steps);
                    self.haystacks.folded(hay)
                };
                levenshtein(folded(a), folded(b))
            }
            _ => levenshtein(a, b),
        };
        int(distance)
    }

    pub(crate) fn count(&mut self, function: Builtin, args: &[Id]) -> Value<'a> {
        let (text, needle) = match self.two_texts(args) {
            Ok(texts) => texts,
            Err(value) => return value,
        };
        self.charge(text.len() * 4);
        let (text, needle) = match function {
            // The text is folded once for all needles that are counted in it.
            Builtin::ICount => {
                let hay = self.haystacks.id(text, self.arena, &mut self.steps);
                (self.haystacks.folded(hay), fold(needle))
            }
            _ => (text, needle.into()),
        };
        if needle.is_empty() {
            // As Go counts: between all code points, before the first and after the last.
            return int(text.chars().count() + 1);
        }
        int(memchr::memmem::find_iter(text.as_bytes(), needle.as_bytes()).count())
    }

    pub(crate) fn length(&mut self, arg: Id) -> Value<'a> {
        match self.value(arg) {
            Value::Unknown(missing) => Value::Unknown(missing),
            Value::Str(s) => {
                self.charge(s.len());
                int(s.chars().count())
            }
            Value::Bytes(b) => int(b.len()),
            Value::Map(m) => int(m.len()),
            Value::Json(serde_json::Value::Object(o)) => int(o.len()),
            value => value.as_list().map_or(Value::Null, |l| int(l.len())),
        }
    }
}

pub(crate) fn int<'a>(n: usize) -> Value<'a> {
    i64::try_from(n).map_or(Value::Null, Value::Int)
}
