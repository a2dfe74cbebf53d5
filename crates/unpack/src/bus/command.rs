//! Command lines: a program that Windows brings along and that runs other code, with its arguments.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::{
    programs::{self, Program},
    scan::TextKind,
};

/// Command lines of one text at most.
const LINES_MAX: usize = 64;
/// Bytes of a command line at most.
const LINE_BYTES_MAX: usize = 2_048;

/// Characters of a program's path at most.
const PATH_CHARS_MAX: usize = 1_024;

/// Calls for each command line with arguments; `false` when there are more than are read.
pub(super) fn each(text: &str, kind: TextKind, call: &mut impl FnMut(&str)) -> bool {
    let mut quotes = Quotes::default();
    let lower = text.to_ascii_lowercase();
    let mut left = LINES_MAX;
    let mut from = 0;
    while left > 0 {
        let Some((at, program)) = next(&lower, from) else { return true };
        let after = at + program.name.len();
        from = after;
        let start = program_start(text, at);
        let quote = text.get(..start).and_then(|b| b.chars().next_back()).filter(|c| matches!(c, '"' | '\''));
        // In source only a string is a command; a decoded string is one as a whole.
        if kind == TextKind::Code && quote.is_none() && !quotes.inside(text, at) {
            continue;
        }
        let end = line_end(text, after);
        let Some(line) = text.get(start..end).map(str::trim_end) else { continue };
        if has_arguments(text.get(after..end).unwrap_or_default(), program.common) {
            left -= 1;
            call(line);
            from = end.max(after);
        }
    }
    next(&lower, from).is_none()
}

/// Names of such programs in a line, in order, each once.
pub(super) fn names(line: &str) -> Vec<String> {
    let lower = line.to_ascii_lowercase();
    let mut out: Vec<String> = Vec::new();
    let mut from = 0;
    while let Some((at, Program { name, .. })) = next(&lower, from) {
        if !out.iter().any(|n| n == name) {
            out.push((*name).to_owned());
        }
        from = at + name.len();
    }
    out
}

/// The next program that stands as a word.
fn next(lower: &str, from: usize) -> Option<(usize, &'static Program)> {
    static KNOWN: LazyLock<Vec<&Program>> = LazyLock::new(|| programs::of(Program::runs_code));
    static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(KNOWN.iter().map(|program| program.name))
            .ok()
    });
    let finder = FINDER.as_ref()?;
    let mut at = from;
    loop {
        let found = finder.find(lower.get(at..)?)?;
        let (start, end) = (at + found.start(), at + found.end());
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
        let before = lower.get(..start).and_then(|b| b.chars().next_back());
        let after = lower.get(end..).and_then(|r| r.chars().next());
        if !is_word(before) && !is_word(after) {
            return Some((start, KNOWN.get(found.pattern().as_usize())?));
        }
        at = end;
    }
}

/// The program's path belongs to the line.
fn program_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    if !before.ends_with('\\') {
        return at;
    }
    let path = before
        .char_indices()
        .rev()
        .take(PATH_CHARS_MAX)
        .take_while(|(_, c)| {
            !(c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '|' | ',' | ';' | '(' | ' '))
        })
        .last();
    path.map_or(at, |(start, _)| start)
}

/// Quotes in a line up to a place that only goes on: lines may be as long as the file.
#[derive(Default)]
struct Quotes {
    at: usize,
    double: bool,
    single: bool,
}

impl Quotes {
    /// Inside a string of the line: an odd number of quotes before the place.
    fn inside(&mut self, text: &str, at: usize) -> bool {
        for byte in text.as_bytes().get(self.at..at).unwrap_or_default() {
            match byte {
                b'"' => self.double = !self.double,
                b'\'' => self.single = !self.single,
                b'\n' | b'\r' => (self.double, self.single) = (false, false),
                _ => {}
            }
        }
        self.at = self.at.max(at);
        self.double || self.single
    }
}

fn line_end(text: &str, after: usize) -> usize {
    let rest = text.get(after..).unwrap_or_default();
    // `program.exe" "argument`: the quote closes the program only.
    let mut end = 0;
    for (at, c) in rest.char_indices() {
        if at > LINE_BYTES_MAX || c == '\n' || c == '\r' || c == '\0' {
            break;
        }
        if c == '"' && !rest.get(at + 1..).is_some_and(|r| r.starts_with([' ', '"'])) && at > 6 {
            break;
        }
        end = at + c.len_utf8();
    }
    after + end
}

/// Something follows that can be an argument.
fn has_arguments(rest: &str, common: bool) -> bool {
    let (extension, rest) = match rest.get(..4) {
        Some(dot) if dot.eq_ignore_ascii_case(".exe") => (true, rest.get(4..).unwrap_or_default()),
        _ => (false, rest),
    };
    let rest = rest.trim_start_matches('"');
    if !rest.starts_with([' ', '\t']) || rest.trim().is_empty() {
        return false;
    }
    let first = rest.trim_start();
    let telling = first.starts_with(['/', '-', '%', '"', '\\', '.'])
        || first.contains("://")
        || first.contains('\\')
        || first.contains('.');
    telling && (extension || !common || first.starts_with(['/', '-']) || first.contains("://"))
}
