//! Source text to tokens.

use memchr::memchr;

use crate::ast::Span;

/// A token and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// The kinds of token. Words are told apart by the parser, because after a dot every word is a member's name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Word,
    InFold,
    Int(i64),
    Float(f64),
    Str { value: Box<str>, raw: bool },
    List,
    Dots(u32),
    Sign(&'static str),
    End,
}

/// What is wrong and where.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LexError {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

type Result<T> = std::result::Result<T, LexError>;

/// Two-character signs come first.
const SIGNS: &[&str] = &[
    "=~", "!~", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", ":", "=",
];

/// Cuts a source into tokens; the last is `End`.
pub(crate) fn lex(source: &str) -> Result<Vec<Token>> {
    let mut lexer = Lexer { source, at: 0, tokens: Vec::with_capacity(source.len() / 6) };
    while lexer.skip_blank() {
        let start = lexer.at;
        let kind = lexer.token()?;
        lexer.tokens.push(Token { span: Span::new(start, lexer.at), kind });
    }
    let end = source.len();
    lexer.tokens.push(Token { span: Span::new(end, end), kind: Kind::End });
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    tokens: Vec<Token>,
}

fn is_letter(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_'
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.source.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn fail<T>(&self, start: usize, end: usize, message: impl Into<String>, help: Option<&str>) -> Result<T> {
        Err(LexError { span: Span::new(start, end), message: message.into(), help: help.map(str::to_owned) })
    }

    /// Skips white space and comments; there is something left.
    fn skip_blank(&mut self) -> bool {
        loop {
            match self.peek(0) {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'/' if self.peek(1) == b'/' => {
                    let rest = self.rest().as_bytes();
                    self.at += memchr(b'\n', rest).unwrap_or(rest.len());
                }
                _ => return self.at < self.source.len(),
            }
        }
    }

    fn take_while(&mut self, test: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.at < self.source.len() && test(self.peek(0)) {
            self.at += 1;
        }
        self.source.get(start..self.at).unwrap_or("")
    }

    fn token(&mut self) -> Result<Kind> {
        match self.peek(0) {
            b if is_letter(b) => Ok(self.word()),
            b if b.is_ascii_digit() => self.number(),
            b'"' => self.escaped(),
            b'\'' => self.raw(),
            b'$' => self.list(),
            b'.' => {
                let dots = self.take_while(|b| b == b'.').len();
                Ok(Kind::Dots(u32::try_from(dots).unwrap_or(u32::MAX)))
            }
            _ => self.sign(),
        }
    }

    fn word(&mut self) -> Kind {
        let word = self.take_while(|b| is_letter(b) || b.is_ascii_digit());
        if word == "in" && self.peek(0) == b'~' {
            self.at += 1;
            return Kind::InFold;
        }
        Kind::Word
    }

    fn number(&mut self) -> Result<Kind> {
        let start = self.at;
        self.take_while(|b| b.is_ascii_digit());
        let float = self.peek(0) == b'.' && self.peek(1).is_ascii_digit();
        if float {
            self.at += 1;
            self.take_while(|b| b.is_ascii_digit());
        }
        let text = self.source.get(start..self.at).unwrap_or("");
        if is_letter(self.peek(0)) {
            return self.fail(start, self.at + 1, "a number cannot run into a name", None);
        }
        if float {
            return match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Kind::Float(value)),
                _ => self.fail(start, self.at, "number is too large", None),
            };
        }
        text.parse().map(Kind::Int).or_else(|_| {
            self.fail(start, self.at, "number is too large", Some("integers go up to 9223372036854775807"))
        })
    }

    fn list(&mut self) -> Result<Kind> {
        let start = self.at;
        self.at += 1;
        if !is_letter(self.peek(0)) {
            return self.fail(start, self.at, "`$` must be followed by the name of a list", None);
        }
        let name = self.take_while(|b| is_letter(b) || b.is_ascii_digit() || b == b'.');
        self.at -= name.len() - name.trim_end_matches('.').len();
        Ok(Kind::List)
    }

    fn sign(&mut self) -> Result<Kind> {
        let rest = self.rest();
        if let Some(sign) = SIGNS.iter().copied().find(|sign| rest.starts_with(*sign)) {
            self.at += sign.len();
            return Ok(Kind::Sign(sign));
        }
        let c = rest.chars().next().unwrap_or(' ');
        let help = match c {
            '&' => Some("write `and`"),
            '|' => Some("write `or`"),
            '!' => Some("write `not`"),
            '#' => Some("comments begin with `//`"),
            '“' | '”' | '‘' | '’' => Some("use straight quotes"),
            '\u{a0}' | '\u{feff}' => Some("an invisible character; write a plain space"),
            _ => None,
        };
        let shown = if c.is_control() || c.is_whitespace() || c == '\u{feff}' {
            format!("unexpected character U+{:04X}", u32::from(c))
        } else {
            format!("unexpected `{c}`")
        };
        self.fail(self.at, self.at + c.len_utf8(), shown, help)
    }

    /// `'…'`: a doubled quote is one quote, nothing else is special.
    fn raw(&mut self) -> Result<Kind> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let from = self.at;
            self.take_while(|b| b != b'\'' && b != b'\n' && b != b'\r');
            value.push_str(self.source.get(from..self.at).unwrap_or(""));
            if self.peek(0) != b'\'' || self.at >= self.source.len() {
                return self.fail(start, self.at, "string is not closed", Some("strings cannot span lines"));
            }
            self.at += 1;
            if self.peek(0) != b'\'' {
                return Ok(Kind::Str { value: value.into(), raw: true });
            }
            value.push('\'');
            self.at += 1;
        }
    }

    /// `"…"` with escapes.
    fn escaped(&mut self) -> Result<Kind> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let from = self.at;
            self.take_while(|b| !matches!(b, b'"' | b'\\' | b'\n' | b'\r'));
            value.push_str(self.source.get(from..self.at).unwrap_or(""));
            match self.peek(0) {
                b'"' => {
                    self.at += 1;
                    return Ok(Kind::Str { value: value.into(), raw: false });
                }
                b'\\' => value.push(self.escape()?),
                _ => {
                    return self.fail(
                        start,
                        self.at,
                        "string is not closed",
                        Some("strings cannot span lines"),
                    );
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let start = self.at;
        let c = match self.peek(1) {
            b'r' => '\r',
            b'n' => '\n',
            b't' => '\t',
            b'\'' => '\'',
            b'"' => '"',
            b'\\' => '\\',
            b'u' if self.peek(2) == b'{' => return self.unicode(start),
            _ => {
                let shown = self.rest().chars().take(2).collect::<String>();
                let help = "known are \\r \\n \\t \\' \\\" \\\\ and \\u{…}; use a single-quoted string for a \
                            regular expression";
                return self.fail(
                    start,
                    start + shown.len(),
                    format!("unknown escape `{shown}`"),
                    Some(help),
                );
            }
        };
        self.at += 2;
        Ok(c)
    }

    fn unicode(&mut self, start: usize) -> Result<char> {
        self.at += 3;
        let hex = self.take_while(|b| b.is_ascii_hexdigit());
        let closed = self.peek(0) == b'}';
        let code = u32::from_str_radix(hex, 16).ok().filter(|code| *code != 0).and_then(char::from_u32);
        match code {
            Some(c) if closed && (2..=8).contains(&hex.len()) => {
                self.at += 1;
                Ok(c)
            }
            _ => self.fail(
                start,
                self.at,
                "not a code point",
                Some("write \\u{…} with 2 to 8 hexadecimal digits, up to 10FFFF"),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
