//! Splits VBA and VBScript source into words, texts, numbers and signs.
//!
//! Comments, `Attribute` lines and compiler directives are left out (both branches of `#If` stay), continued lines are
//! joined, type suffixes (`x$`) are dropped. Words are numbers of a table, in lower case: names do not care about case.

use std::rc::Rc;

use rustc_hash::FxHashMap;

/// A word, by its number in [`Names`].
pub(crate) type Sym = u32;

/// The words of a program, in lower case.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: FxHashMap<Rc<str>, Sym>,
    words: Vec<Rc<str>>,
    lower: String,
}

impl Names {
    /// The number of a word.
    pub(crate) fn sym(&mut self, word: &str) -> Sym {
        self.lower.clear();
        if word.is_ascii() {
            self.lower.push_str(word);
            self.lower.make_ascii_lowercase();
        } else {
            self.lower.extend(word.chars().flat_map(char::to_lowercase));
        }
        if let Some(known) = self.numbers.get(self.lower.as_str()) {
            return *known;
        }
        let word: Rc<str> = Rc::from(self.lower.as_str());
        let number = Sym::try_from(self.words.len()).unwrap_or(Sym::MAX);
        self.words.push(word.clone());
        self.numbers.insert(word, number);
        number
    }

    /// The number of a word that occurs.
    pub(crate) fn find(&self, word: &str) -> Option<Sym> {
        self.numbers.get(word.to_lowercase().as_str()).copied()
    }

    /// A word.
    pub(crate) fn word(&self, sym: Sym) -> Rc<str> {
        self.words.get(sym as usize).cloned().unwrap_or_else(|| Rc::from(""))
    }
}

/// A token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Tok<'s> {
    Word(Sym),
    /// `[A1]`.
    Bracket(&'s str),
    /// What stands between the quotes; a doubled quote is still doubled.
    Text(&'s str),
    Number(f64),
    /// `#1/2/2020#`.
    Date,
    /// A sign; `≤`, `≥`, `≠` and `≔` (`:=`) for those of two characters.
    Sign(char),
    /// The end of a line.
    End,
}

/// A token, its line, and whether a blank stands before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'s> {
    pub(super) tok: Tok<'s>,
    pub(super) line: u32,
    pub(super) spaced: bool,
}

/// Splits a source.
pub(super) fn split<'s>(source: &'s str, names: &mut Names) -> Vec<Token<'s>> {
    let mut lexer = Lexer { source, at: 0, line: 1, out: Vec::with_capacity(source.len() / 5), names };
    lexer.run();
    lexer.out
}

struct Lexer<'s, 'n> {
    source: &'s str,
    at: usize,
    line: u32,
    out: Vec<Token<'s>>,
    names: &'n mut Names,
}

impl<'s> Lexer<'s, '_> {
    fn run(&mut self) {
        while let Some(c) = self.peek() {
            let start_of_line = matches!(self.out.last(), None | Some(Token { tok: Tok::End, .. }));
            let before = self.at;
            match c {
                '\n' | '\r' => self.newline(c),
                _ if c.is_whitespace() || c == '\0' || c == '\u{feff}' => self.at += c.len_utf8(),
                '\'' => self.skip_line(),
                '_' if self.continues() => {}
                '#' if start_of_line => self.skip_line(),
                '#' => self.date(),
                '"' => self.text(),
                '[' => self.bracket(),
                '&' if self.based() => {}
                '0'..='9' => self.number(),
                '.' if !self.after_operand() && self.next_is(1, |c| c.is_ascii_digit()) => self.number(),
                _ if c.is_alphabetic() || c == '_' => self.word(start_of_line),
                _ => self.sign(c),
            }
            if self.at <= before {
                self.at = before + c.len_utf8();
            }
        }
        self.push(Tok::End, self.at);
    }

    fn peek(&self) -> Option<char> {
        self.source.get(self.at..)?.chars().next()
    }

    fn next_is(&self, ahead: usize, test: impl Fn(char) -> bool) -> bool {
        self.source.get(self.at + ahead..).and_then(|r| r.chars().next()).is_some_and(test)
    }

    fn push(&mut self, tok: Tok<'s>, start: usize) {
        let before = self.source.get(..start).and_then(|b| b.bytes().next_back());
        let spaced = before.is_none_or(|b| b.is_ascii_whitespace());
        self.out.push(Token { tok, line: self.line, spaced });
    }

    fn newline(&mut self, c: char) {
        if !matches!(self.out.last(), None | Some(Token { tok: Tok::End, .. })) {
            self.push(Tok::End, self.at);
        }
        self.at += 1;
        if c == '\r' && self.peek() == Some('\n') {
            self.at += 1;
        }
        self.line = self.line.saturating_add(1);
    }

    /// To the end of the line, with the lines that continue it.
    fn skip_line(&mut self) {
        loop {
            let rest = self.source.get(self.at..).unwrap_or_default();
            let length = memchr::memchr2(b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
            let continued = rest.get(..length).is_some_and(|line| line.ends_with(" _"));
            let ending = rest.get(length..).unwrap_or_default();
            self.at += length;
            if !continued || ending.is_empty() {
                return;
            }
            self.at += if ending.starts_with("\r\n") { 2 } else { 1 };
            self.line = self.line.saturating_add(1);
        }
    }

    /// A blank, an underscore and the end of the line: the statement goes on.
    fn continues(&mut self) -> bool {
        let rest = self.source.get(self.at + 1..).unwrap_or_default();
        let blanks = rest.bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let after = rest.get(blanks..).unwrap_or_default();
        let ending = if after.starts_with("\r\n") {
            2
        } else if after.starts_with(['\r', '\n']) {
            1
        } else {
            return false;
        };
        self.at += 1 + blanks + ending;
        self.line = self.line.saturating_add(1);
        true
    }

    fn date(&mut self) {
        let rest = self.source.get(self.at + 1..).unwrap_or_default();
        let inner =
            |b: &u8| b.is_ascii_digit() || matches!(b, b'/' | b'-' | b':' | b' ' | b'A' | b'P' | b'M');
        let length = rest.as_bytes().iter().take_while(|b| inner(b)).take(32).count();
        let dated = length >= 3 && rest.as_bytes().get(length) == Some(&b'#');
        self.push(if dated { Tok::Date } else { Tok::Sign('#') }, self.at);
        self.at += if dated { length + 2 } else { 1 };
    }

    fn text(&mut self) {
        let start = self.at;
        let from = start + 1;
        let bytes = self.source.as_bytes();
        let mut at = from;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(next) = memchr::memchr3(b'"', b'\n', b'\r', rest) else {
                at = bytes.len();
                break;
            };
            at += next;
            let doubled = bytes.get(at) == Some(&b'"') && bytes.get(at + 1) == Some(&b'"');
            if !doubled {
                break;
            }
            at += 2;
        }
        self.push(Tok::Text(self.source.get(from..at).unwrap_or_default()), start);
        self.at = if bytes.get(at) == Some(&b'"') { at + 1 } else { at };
    }

    fn bracket(&mut self) {
        let rest = self.source.get(self.at + 1..).unwrap_or_default();
        let end = memchr::memchr3(b']', b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
        self.push(Tok::Bracket(rest.get(..end).unwrap_or_default()), self.at);
        let closed = rest.as_bytes().get(end) == Some(&b']');
        self.at += 1 + end + usize::from(closed);
    }

    /// Whether what stands before can be the left side of an operator.
    fn after_operand(&self) -> bool {
        match self.out.last().map(|t| t.tok) {
            Some(Tok::Word(_) | Tok::Bracket(_) | Tok::Text(_) | Tok::Number(_) | Tok::Date) => true,
            Some(Tok::Sign(c)) => c == ')',
            _ => false,
        }
    }

    /// `&H41`, `&O17`: after an operand only where a word takes arguments (`Chr &H41`).
    fn based(&mut self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.source.as_bytes().get(at)).copied();
        let after_word = matches!(self.out.last().map(|t| t.tok), Some(Tok::Word(_)));
        if self.after_operand() && !(after_word && before == Some(b' ')) {
            return false;
        }
        let rest = self.source.get(self.at + 1..).unwrap_or_default();
        let (radix, skip) = match rest.as_bytes().first() {
            Some(b'H' | b'h') => (16, 1),
            Some(b'O' | b'o') => (8, 1),
            Some(b'0'..=b'7') => (8, 0),
            _ => return false,
        };
        let digits = rest.get(skip..).unwrap_or_default();
        let length = digits.chars().take_while(|c| c.is_digit(radix)).take(17).count();
        let follows = digits.get(length..).and_then(|r| r.chars().next());
        if length == 0 || length > 16 || follows.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            return false;
        }
        let value = u64::from_str_radix(digits.get(..length).unwrap_or_default(), radix).unwrap_or(0);
        let long = follows == Some('&');
        self.push(Tok::Number(signed(value, long, length)), self.at);
        self.at += 1 + skip + length + usize::from(follows.is_some_and(|c| matches!(c, '&' | '%' | '^')));
        true
    }

    fn number(&mut self) {
        let rest = self.source.get(self.at..).unwrap_or_default().as_bytes();
        let mut length = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').take(64).count();
        if matches!(rest.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
            let exponent =
                rest.iter().skip(length + 1 + sign).take_while(|b| b.is_ascii_digit()).take(4).count();
            length += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
        let text = self.source.get(self.at..self.at + length).unwrap_or_default();
        self.push(Tok::Number(text.parse().unwrap_or(0.0)), self.at);
        self.at += length;
        self.suffix();
    }

    fn word(&mut self, start_of_line: bool) {
        let rest = self.source.get(self.at..).unwrap_or_default();
        let length = rest
            .char_indices()
            .find(|(_, c)| !(c.is_alphanumeric() || *c == '_'))
            .map_or(rest.len(), |(at, _)| at);
        let word = rest.get(..length).unwrap_or_default();
        let after_dot = matches!(self.out.last().map(|t| t.tok), Some(Tok::Sign('.')));
        let statement = start_of_line || matches!(self.out.last().map(|t| t.tok), Some(Tok::Sign(':')));
        if statement && word.eq_ignore_ascii_case("rem") && !after_dot
            || start_of_line && word == "Attribute" && rest.get(length..).is_some_and(|r| r.starts_with(' '))
        {
            self.skip_line();
            return;
        }
        let sym = self.names.sym(word);
        self.push(Tok::Word(sym), self.at);
        self.at += length;
        self.suffix();
    }

    /// A type suffix says nothing. `&` is one only where no operand follows.
    fn suffix(&mut self) {
        let rest = self.source.get(self.at..).unwrap_or_default();
        let mut chars = rest.chars();
        let drop = match chars.next() {
            Some('$' | '%' | '@') => true,
            Some('!') => !chars.next().is_some_and(|c| c.is_alphabetic() || c == '[' || c == '_'),
            Some('#') => !chars.next().is_some_and(|c| c.is_ascii_digit()),
            Some('^') => matches!(chars.next(), Some(')' | ',')),
            Some('&') => {
                let after = chars.as_str().trim_start_matches([' ', '\t']);
                after.is_empty() || after.starts_with(['=', ')', ',', '\r', '\n', ':'])
            }
            _ => false,
        };
        self.at += usize::from(drop);
    }

    fn sign(&mut self, c: char) {
        let second = self.source.get(self.at + c.len_utf8()..).and_then(|r| r.chars().next());
        let (sign, length) = match (c, second) {
            ('<', Some('=')) | ('=', Some('<')) => ('≤', 2),
            ('>', Some('=')) | ('=', Some('>')) => ('≥', 2),
            ('<', Some('>')) => ('≠', 2),
            (':', Some('=')) => ('≔', 2),
            _ => (c, c.len_utf8()),
        };
        self.push(Tok::Sign(sign), self.at);
        self.at += length;
    }
}

/// `&HFFFF` is minus one, `&HFFFF&` is not.
fn signed(value: u64, long: bool, digits: usize) -> f64 {
    match value {
        0x8000..=0xFFFF if !long && digits <= 4 => value as f64 - 65_536.0,
        0x8000_0000..=0xFFFF_FFFF => value as f64 - 4_294_967_296.0,
        _ => value as f64,
    }
}
