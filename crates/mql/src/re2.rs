//! RE2 syntax into that of Rust's `regex`, so that both find the same (mql.md §1.12).

use std::fmt::Write as _;

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::Hir;

use crate::limits::{REGEX_CACHE, REGEX_SIZE};

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\f\r ";

/// The same expression for Rust. What RE2 rejects stays as it is, for Rust to reject.
#[must_use]
pub fn translate(pattern: &str) -> String {
    let mut walk = Walk { rest: pattern, out: String::with_capacity(pattern.len() + 16) };
    while let Some(c) = walk.next() {
        match c {
            '\\' => walk.escape(),
            '[' => walk.class(),
            '{' => walk.brace(),
            '}' => walk.out.push_str(r"\}"),
            c => walk.out.push(c),
        }
    }
    walk.out
}

/// Compiles for search, or for the whole text.
///
/// # Errors
/// What is wrong with the pattern.
pub fn compile(pattern: &str, fold: bool, whole: bool) -> Result<Regex, String> {
    let mut translated = translate(pattern);
    if whole {
        translated = format!(r"\A(?:{translated})\z");
    }
    RegexBuilder::new(&translated)
        .case_insensitive(fold)
        .size_limit(REGEX_SIZE)
        .dfa_size_limit(REGEX_CACHE)
        .build()
        .map_err(|e| e.to_string())
}

/// The syntax tree, to learn about a pattern without compiling it.
///
/// # Errors
/// What is wrong with the pattern.
pub fn parse(pattern: &str, fold: bool) -> Result<Hir, String> {
    let mut parser = regex_syntax::ParserBuilder::new().case_insensitive(fold).build();
    parser.parse(&translate(pattern)).map_err(|e| e.to_string())
}

struct Walk<'p> {
    rest: &'p str,
    out: String,
}

impl Walk<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or("");
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or("");
    }

    /// After a backslash outside classes.
    fn escape(&mut self) {
        match self.next() {
            Some('d') => self.set("[", DIGIT),
            Some('D') => self.set("[^", DIGIT),
            Some('w') => self.set("[", WORD),
            Some('W') => self.set("[^", WORD),
            Some('s') => self.set("[", SPACE),
            Some('S') => self.set("[^", SPACE),
            Some('b') => self.out.push_str(r"(?-u:\b)"),
            Some('B') => self.out.push_str(r"(?-u:\B)"),
            Some('C') => self.out.push_str("(?s:.)"),
            Some('Q') => self.quoted(),
            Some(c @ ('p' | 'P')) => self.property(c),
            Some(c) => {
                self.escaped(c);
                self.hex(c);
            }
            None => self.out.push('\\'),
        }
    }

    fn set(&mut self, open: &str, members: &str) {
        let _ = write!(self.out, "{open}{members}]");
    }

    /// `\Q…\E`, to the end when `\E` is missing.
    fn quoted(&mut self) {
        let (literal, skip) = match self.rest.find(r"\E") {
            Some(end) => (self.rest.get(..end).unwrap_or(""), end + 2),
            None => (self.rest, self.rest.len()),
        };
        self.out.push_str(&regex_syntax::escape(literal));
        self.skip(skip);
    }

    /// An escape that means the same inside and outside classes.
    fn escaped(&mut self, c: char) {
        match c {
            '0'..='7' if c == '0' || self.peek().is_some_and(|d| d.is_digit(8)) => self.octal(c),
            // Bare `<` and `>`: escaped they are word boundaries for Rust.
            '<' | '>' => self.out.push(c),
            c if c.is_ascii_alphanumeric() || c.is_ascii_punctuation() => {
                self.out.push('\\');
                self.out.push(c);
                if matches!(c, 'x' | 'p' | 'P') {
                    self.named();
                }
            }
            c => self.out.push(c),
        }
    }

    /// The braces of `\x{…}` and `\p{…}` are no repetition.
    fn named(&mut self) {
        let end = self.rest.starts_with('{').then(|| self.rest.find('}')).flatten();
        if let Some(end) = end {
            self.out.push_str(self.rest.get(..=end).unwrap_or(""));
            self.skip(end + 1);
        }
    }

    fn octal(&mut self, first: char) {
        let mut code = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|d| d.to_digit(8)) else { break };
            code = code * 8 + digit;
            self.skip(1);
        }
        let _ = write!(self.out, r"\x{{{code:x}}}");
    }

    /// After `{`: a repetition, or a literal brace.
    fn brace(&mut self) {
        let Some(len) = repetition(self.rest) else {
            self.out.push_str(r"\{");
            return;
        };
        self.out.push('{');
        self.out.push_str(self.rest.get(..len).unwrap_or(""));
        self.skip(len);
    }

    /// After `[`: everything to the end of the class.
    fn class(&mut self) {
        self.out.push('[');
        if self.peek() == Some('^') {
            self.skip(1);
            self.out.push('^');
        }
        if self.peek() == Some(']') {
            self.skip(1);
            self.class_range(']');
        }
        while let Some(c) = self.next() {
            match c {
                ']' => {
                    self.out.push(']');
                    return;
                }
                '[' if self.rest.starts_with(':') && self.posix() => {}
                '\\' => self.class_escape(),
                c => self.class_range(c),
            }
        }
    }

    /// `[:alpha:]`; the bracket is consumed.
    fn posix(&mut self) -> bool {
        let Some(end) = self.rest.find(":]") else { return false };
        let name = self.rest.get(..end + 2).unwrap_or("");
        let inner = name.trim_matches([':', ']', '^']);
        if inner.is_empty() || !inner.bytes().all(|b| b.is_ascii_lowercase()) {
            return false;
        }
        self.out.push('[');
        self.out.push_str(name);
        self.skip(end + 2);
        true
    }

    fn class_escape(&mut self) {
        match self.next() {
            Some('d') => self.out.push_str(DIGIT),
            Some('w') => self.out.push_str(WORD),
            Some('s') => self.out.push_str(SPACE),
            Some('D') => self.set("[^", DIGIT),
            Some('W') => self.set("[^", WORD),
            Some('S') => self.set("[^", SPACE),
            Some(c @ ('p' | 'P')) => self.property(c),
            Some(c) if c.is_ascii_punctuation() => self.class_range(c),
            Some(c) => {
                self.escaped(c);
                self.hex(c);
                self.range_end();
            }
            None => self.out.push('\\'),
        }
    }

    /// `\pL`, `\p{Lu}`.
    fn property(&mut self, c: char) {
        self.out.push('\\');
        self.out.push(c);
        self.hex('x');
        if !self.out.ends_with('}')
            && let Some(name) = self.next()
        {
            self.out.push(name);
        }
    }

    /// The rest of `\x{…}` or `\xHH`, so that its end is known.
    fn hex(&mut self, escaped: char) {
        if escaped != 'x' {
            return;
        }
        let len = match self.rest.strip_prefix('{') {
            Some(_) => self.rest.find('}').map_or(0, |end| end + 1),
            None if self.out.ends_with('x') => {
                self.rest.chars().take_while(char::is_ascii_hexdigit).take(2).count()
            }
            None => 0,
        };
        self.out.push_str(self.rest.get(..len).unwrap_or(""));
        self.skip(len);
    }

    /// A literal member of a class, and the range that it may begin.
    fn class_range(&mut self, c: char) {
        self.class_literal(c);
        self.range_end();
    }

    fn range_end(&mut self) {
        let mut after = self.rest.chars();
        if after.next() != Some('-') || matches!(after.next(), None | Some(']')) {
            return;
        }
        self.skip(1);
        self.out.push('-');
        match self.next() {
            Some('\\') => match self.next() {
                Some(c) if c.is_ascii_punctuation() => self.class_literal(c),
                Some(c) => {
                    self.escaped(c);
                    self.hex(c);
                }
                None => self.out.push('\\'),
            },
            Some(c) => self.class_literal(c),
            None => {}
        }
    }

    fn class_literal(&mut self, c: char) {
        // Rust has set operators (`&&`, `--`, `~~`) and nested classes; RE2 does not.
        if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
            self.out.push('\\');
        }
        self.out.push(c);
    }
}

/// The length of `n}`, `n,}` or `n,m}`, if RE2 reads one; counts with a leading zero are literals.
fn repetition(rest: &str) -> Option<usize> {
    let end = rest.find('}')?;
    let inner = rest.get(..end)?;
    let count = |n: &str| {
        let digits = !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
        digits && (n.len() == 1 || !n.starts_with('0'))
    };
    let ok = match inner.split_once(',') {
        None => count(inner),
        Some((from, "")) => count(from),
        Some((from, to)) => count(from) && count(to),
    };
    ok.then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translates_every_rule() {
        let table = [
            (r"\d\w\s\b", r"[0-9][0-9A-Za-z_][\t\n\f\r ](?-u:\b)"),
            (r"\D\W\S\B", r"[^0-9][^0-9A-Za-z_][^\t\n\f\r ](?-u:\B)"),
            (r"[\d\S_]", r"[0-9[^\t\n\f\r ]\_]"),
            (r"^<(?P<cid>.*)\>$", r"^<(?P<cid>.*)>$"),
            (r"[\<\>]", r"[<>]"),
            (r"a{b}{1,2}{,3}{1,x}", r"a\{b\}{1,2}\{,3\}\{1,x\}"),
            (r"a{010}", r"a\{010\}"),
            (r"[[:alpha:][a&&b~~]", r"[[:alpha:]\[a\&\&b\~\~]"),
            (r"[]a][^]]", r"[\]a][^\]]"),
            (r"\Qa.b\E+", r"a\.b+"),
            (r"\x{200F}\x41[\x{1}-\x41]", r"\x{200F}\x41[\x{1}-\x41]"),
            (r"(?m)^a$|(?i)b", r"(?m)^a$|(?i)b"),
            (r"[\p{L}\pN-z]", r"[\p{L}\pN\-z]"),
            (r"[a\-z-]", r"[a\-z\-]"),
            (r"\p{Lu}{2}\PL", r"\p{Lu}{2}\PL"),
            (r"\@\é\012", r"\@é\x{a}"),
        ];
        for (re2, rust) in table {
            assert_eq!(translate(re2), rust, "{re2}");
            if let Err(e) = compile(re2, true, false) {
                panic!("{re2}: {e}");
            }
        }
    }

    #[test]
    fn means_what_re2_means() {
        let hit = |p: &str, t: &str| compile(p, false, false).unwrap().is_match(t);
        assert!(!hit(r"\d", "٣") && !hit(r"\w", "é") && !hit(r"\s", "\u{B}"));
        assert!(hit(r"\bé", "aé") && hit(r"a{,2}", "a{,2}") && hit("[+--]", ","));
        assert!(hit(r"\bx\b", "éxé") && hit(r"[[a]", "["));
        let whole = compile("a|b", false, true).unwrap();
        assert!(whole.is_match("b") && !whole.is_match("ab") && !whole.is_match("b\n"));
        assert!(compile("k", true, false).unwrap().is_match("\u{212A}"));
        assert!(compile("(", false, false).is_err());
    }
}
