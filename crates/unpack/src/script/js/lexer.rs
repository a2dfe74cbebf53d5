//! Tokens of JavaScript: one pass, any text gives a list that ends with [`Kind::End`].

use std::borrow::Cow;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind<'s> {
    Ident(Cow<'s, str>),
    Keyword(&'s str),
    /// A string, unescaped, and how many of its characters were escaped though they need not be.
    Str(String, u32),
    /// Pieces of text, each with the source of the expression behind it.
    Template(Vec<(String, Option<&'s str>)>),
    Num(f64),
    Regex(&'s str, &'s str),
    Punct(&'static str),
    End,
}

/// A token, and whether a line ended before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token<'s> {
    pub(crate) kind: Kind<'s>,
    pub(crate) newline: bool,
}

/// All tokens, and what they say about escapes.
#[derive(Debug, Default)]
pub(crate) struct Lexed<'s> {
    pub(crate) tokens: Vec<Token<'s>>,
    /// Bytes of needless escapes in strings (`\x6c`).
    pub(crate) escaped_bytes: usize,
    /// There are more tokens than are read.
    pub(crate) cut: bool,
}

/// Tokens of one script; a library of a megabyte has fewer. Beyond: `SCAN-INCOMPLETE`.
const TOKENS_MAX: usize = 300_000;
/// Longest first.
const PUNCTUATORS: &[&str] = &[
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=", "<=",
    ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>",
    "**", "{", "}", "(", ")", "[", "]", ";", ",", "<", ">", "+", "-", "*", "/", "%", "&", "|", "^", "!", "~",
    "?", ":", "=", ".", "@", "#",
];

const KEYWORDS: &[&str] = &[
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "import",
    "in",
    "instanceof",
    "let",
    "new",
    "null",
    "of",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    newline: bool,
    out: Lexed<'s>,
}

/// Reads a script.
pub(crate) fn lex(source: &str) -> Lexed<'_> {
    let mut lexer = Lexer { source, at: 0, newline: false, out: Lexed::default() };
    while lexer.next() {
        if lexer.out.tokens.len() >= TOKENS_MAX {
            lexer.out.cut = true;
            break;
        }
    }
    lexer.push(Kind::End);
    lexer.out
}

impl<'s> Lexer<'s> {
    fn byte(&self, ahead: usize) -> u8 {
        self.source.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn slice(&self, from: usize, to: usize) -> &'s str {
        self.source.get(from..to).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind<'s>) {
        self.out.tokens.push(Token { kind, newline: self.newline });
        self.newline = false;
    }

    fn next(&mut self) -> bool {
        self.blank();
        let Some(c) = self.rest().chars().next() else { return false };
        match c {
            '"' | '\'' => self.string(c as u8),
            '`' => self.template(),
            '0'..='9' => self.number(),
            '.' if self.byte(1).is_ascii_digit() => self.number(),
            '/' if self.regex_may_stand() && self.regex() => {}
            'a'..='z' | 'A'..='Z' | '_' | '$' | '\\' => self.word(),
            c if c as u32 >= 0x80 => self.word(),
            _ => {
                let found = PUNCTUATORS.iter().find(|p| self.rest().starts_with(**p));
                match found {
                    Some(p) => {
                        self.at += p.len();
                        self.push(Kind::Punct(p));
                    }
                    None => self.at += c.len_utf8(),
                }
            }
        }
        true
    }

    /// Blanks and comments; `<!--` and `-->` begin comments in pages.
    fn blank(&mut self) {
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next() else { return };
            if c == '\n' || c == '\r' || c == '\u{2028}' || c == '\u{2029}' {
                self.newline = true;
                self.at += c.len_utf8();
            } else if c.is_whitespace() || c == '\u{feff}' || c.is_control() {
                self.at += c.len_utf8();
            } else if rest.starts_with("//")
                || rest.starts_with("<!--")
                || rest.starts_with("-->") && self.newline
            {
                self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.get(2..).and_then(|r| r.find("*/")).map_or(rest.len(), |n| n + 4);
            } else {
                return;
            }
        }
    }

    fn word(&mut self) {
        let start = self.at;
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '\u{200c}' | '\u{200d}');
        let rest = self.rest();
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        self.at += end;
        if self.byte(0) != b'\\' {
            if end == 0 {
                self.at += rest.chars().next().map_or(1, char::len_utf8);
                return;
            }
            let word = self.slice(start, self.at);
            let member = matches!(self.out.tokens.last(), Some(Token { kind: Kind::Punct("." | "?."), .. }));
            let keyword = KEYWORDS.binary_search(&word).is_ok() && !member;
            return self.push(if keyword { Kind::Keyword(word) } else { Kind::Ident(Cow::Borrowed(word)) });
        }
        let mut name = self.slice(start, self.at).to_owned();
        loop {
            if self.byte(0) == b'\\' {
                let before = self.at;
                self.escape(&mut name);
                if self.at == before {
                    self.at += 1;
                }
                continue;
            }
            match self.rest().chars().next() {
                Some(c) if part(c) => {
                    name.push(c);
                    self.at += c.len_utf8();
                }
                _ => break,
            }
        }
        self.push(Kind::Ident(Cow::Owned(name)));
    }

    fn number(&mut self) {
        let start = self.at;
        let radix = match (self.byte(0), self.byte(1) | 0x20) {
            (b'0', b'x') => 16,
            (b'0', b'o') => 8,
            (b'0', b'b') => 2,
            _ => 10,
        };
        if radix != 10 {
            self.at += 2;
            let digits = self.take(|b| b.is_ascii_alphanumeric() || b == b'_');
            let value = digits.bytes().filter_map(|b| (b as char).to_digit(radix));
            let value = value.fold(0.0, |v, d| v * f64::from(radix) + f64::from(d));
            return self.push(Kind::Num(value));
        }
        self.take(|b| b.is_ascii_digit() || b == b'_');
        if self.byte(0) == b'.' {
            self.at += 1;
            self.take(|b| b.is_ascii_digit() || b == b'_');
        }
        if self.byte(0) | 0x20 == b'e'
            && (self.byte(1).is_ascii_digit() || matches!(self.byte(1), b'+' | b'-'))
        {
            self.at += 2;
            self.take(|b| b.is_ascii_digit());
        }
        let text = self.slice(start, self.at).replace('_', "");
        let octal =
            text.len() > 1 && text.starts_with('0') && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
        let value = if octal {
            text.bytes().fold(0.0, |v, b| v * 8.0 + f64::from(b - b'0'))
        } else {
            text.parse().unwrap_or(f64::NAN)
        };
        if self.byte(0) == b'n' {
            self.at += 1;
        }
        self.push(Kind::Num(value));
    }

    fn take(&mut self, fits: impl Fn(u8) -> bool) -> &'s str {
        let start = self.at;
        while self.at < self.source.len() && fits(self.byte(0)) {
            self.at += 1;
        }
        self.slice(start, self.at)
    }

    fn string(&mut self, quote: u8) {
        self.at += 1;
        let (mut text, mut escapes) = (String::new(), 0);
        loop {
            let rest = self.rest();
            let end = rest.bytes().position(|b| b == quote || b == b'\\' || b == b'\n');
            let (plain, _) = rest.split_at(end.unwrap_or(rest.len()));
            text.push_str(plain);
            self.at += plain.len();
            if self.byte(0) == b'\\' {
                escapes += u32::from(self.escape(&mut text));
                continue;
            }
            self.at += usize::from(self.byte(0) == quote);
            break;
        }
        self.push(Kind::Str(text, escapes));
    }

    /// One escape; `true` when it stands for a character that needs none.
    fn escape(&mut self, out: &mut String) -> bool {
        self.at += 1;
        let Some(c) = self.rest().chars().next() else { return false };
        self.at += c.len_utf8();
        let plain = match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            '\r' => {
                self.at += usize::from(self.byte(0) == b'\n');
                return false;
            }
            '\n' | '\u{2028}' | '\u{2029}' => return false,
            '0'..='7' => {
                let mut value = c as u32 - 48;
                while (b'0'..=b'7').contains(&self.byte(0)) && value < 32 {
                    value = value * 8 + u32::from(self.byte(0) - b'0');
                    self.at += 1;
                }
                return self.coded(value, 3, out);
            }
            'x' => {
                let value = self.hex(2);
                return self.coded(value, 4, out);
            }
            'u' => return self.unicode(out),
            other => other,
        };
        out.push(plain);
        false
    }

    fn unicode(&mut self, out: &mut String) -> bool {
        if self.byte(0) == b'{' {
            self.at += 1;
            let digits = self.take(|b| b.is_ascii_hexdigit());
            self.at += usize::from(self.byte(0) == b'}');
            return self.coded(u32::from_str_radix(digits, 16).unwrap_or(0xfffd), 8, out);
        }
        let mut value = self.hex(4);
        if (0xd800..0xdc00).contains(&value) && self.rest().starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.hex(4);
            if (0xdc00..0xe000).contains(&low) {
                value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
            } else {
                self.at = back;
            }
        }
        self.coded(value, 6, out)
    }

    fn hex(&mut self, most: usize) -> u32 {
        let digits = self.rest().bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
        let value = u32::from_str_radix(self.slice(self.at, self.at + digits), 16).unwrap_or(0);
        self.at += digits;
        value
    }

    fn coded(&mut self, value: u32, bytes: usize, out: &mut String) -> bool {
        out.push(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
        let needless = (0x20..0x7f).contains(&value);
        self.out.escaped_bytes += if needless { bytes } else { 0 };
        needless
    }

    fn template(&mut self) {
        self.at += 1;
        let mut pieces = Vec::new();
        let mut text = String::new();
        while self.at < self.source.len() && self.byte(0) != b'`' {
            if self.byte(0) == b'\\' {
                self.escape(&mut text);
            } else if self.rest().starts_with("${") {
                self.at += 2;
                let start = self.at;
                self.skip_expression();
                pieces.push((std::mem::take(&mut text), Some(self.slice(start, self.at))));
                self.at += 1;
            } else if let Some(c) = self.rest().chars().next() {
                text.push(c);
                self.at += c.len_utf8();
            }
        }
        self.at = (self.at + 1).min(self.source.len());
        pieces.push((text, None));
        self.push(Kind::Template(pieces));
    }

    /// To the brace that closes `${`; strings inside are stepped over.
    fn skip_expression(&mut self) {
        let (mut open, mut quote) = (0u32, 0u8);
        while self.at < self.source.len() {
            let b = self.byte(0);
            match b {
                b'\\' => self.at += 1,
                _ if quote != 0 => quote = if b == quote { 0 } else { quote },
                b'"' | b'\'' | b'`' => quote = b,
                b'{' => open += 1,
                b'}' if open == 0 => return,
                b'}' => open -= 1,
                _ => {}
            }
            self.at += 1;
        }
        self.at = self.source.len();
    }

    /// A slash divides behind a value and begins a regular expression elsewhere.
    fn regex_may_stand(&self) -> bool {
        match self.out.tokens.last().map(|t| &t.kind) {
            None => true,
            Some(Kind::Punct(p)) => !matches!(*p, ")" | "]" | "}" | "++" | "--"),
            Some(Kind::Keyword(word)) => !matches!(*word, "this" | "super" | "null" | "true" | "false"),
            _ => false,
        }
    }

    fn regex(&mut self) -> bool {
        let rest = self.rest();
        let (mut class, mut skip, mut end) = (false, false, None);
        for (at, b) in rest.bytes().enumerate().skip(1) {
            match b {
                b'\n' | b'\r' => break,
                _ if skip => skip = false,
                b'\\' => skip = true,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let Some(end) = end else { return false };
        let body = rest.get(1..end).unwrap_or_default();
        self.at += end + 1;
        let flags = self.take(|b| b.is_ascii_alphabetic());
        self.push(Kind::Regex(body, flags));
        true
    }
}
