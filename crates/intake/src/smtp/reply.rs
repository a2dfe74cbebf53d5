//! Replies of SMTP (RFC 5321 4.2): what we say, and what the next hop says.

use std::fmt;

use crate::limits::{SMTP_REPLY_LINE_BYTES_MAX, SMTP_REPLY_LINES_MAX};

/// A reply: a code of three digits and its lines, with an enhanced status code (RFC 3463) at the beginning of each where
/// there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// At least one; without code and line end. No control characters.
    pub lines: Vec<String>,
}

impl Reply {
    /// A reply of one line.
    pub fn new(code: u16, text: impl AsRef<str>) -> Self {
        Self { code, lines: vec![clean(text.as_ref())] }
    }

    fn enhanced(mut self) -> Self {
        let class = self.code / 100;
        for line in self.lines.iter_mut().filter(|line| !is_enhanced(line, class)) {
            *line = format!("{class}.0.0 {line}");
        }
        self
    }

    /// 2xx.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 5xx: for good.
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// 4xx: for now.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// The first line.
    pub fn text(&self) -> &str {
        self.lines.first().map_or("", String::as_str)
    }

    /// Appends it as it is sent.
    pub fn write(&self, out: &mut Vec<u8>) {
        let last = self.lines.len().saturating_sub(1);
        for (at, line) in self.lines.iter().enumerate() {
            let sign = if at == last { ' ' } else { '-' };
            out.extend_from_slice(format!("{}{sign}{line}\r\n", self.code).as_bytes());
        }
    }

    /// The next hop's reply as we may repeat it: codes that say something about its connection, or about a state that our
    /// peer does not know, become plain ones. Where an enhanced status code is missing, which we promised, it gets one.
    pub fn repeated(self) -> Self {
        match self.code {
            421 => Self { code: 451, lines: vec!["4.3.2 The next server is not ready, come again".into()] },
            250 | 251 | 252 | 400..=420 | 422..=499 | 500..=599 => self.enhanced(),
            _ => Self::new(451, "4.3.0 The next server answered something else"),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.lines.join(" / "))
    }
}

/// The text begins with an enhanced status code of this class (RFC 3463).
fn is_enhanced(text: &str, class: u16) -> bool {
    let mut numbers = text.split(' ').next().unwrap_or_default().split('.');
    let number = |word: Option<&str>| {
        word.is_some_and(|word| {
            (1..=3).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    numbers.next() == Some(class.to_string().as_str())
        && number(numbers.next())
        && number(numbers.next())
        && numbers.next().is_none()
}

/// Text without control characters, shorter than a line of a reply may be.
fn clean(text: &str) -> String {
    let mut out: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let mut end = out.len().min(500);
    while !out.is_char_boundary(end) {
        end -= 1;
    }
    out.truncate(end);
    out
}

/// Puts the lines of a reply together.
#[derive(Debug, Default)]
pub struct Assembler {
    code: Option<u16>,
    lines: Vec<String>,
}

/// What a peer said is no SMTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonsense;

impl Assembler {
    /// Takes one line, without its line end; the reply when it was the last one.
    ///
    /// # Errors
    /// The line is no line of a reply, or of another one, or there are too many.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, Nonsense> {
        let (code, rest) = line.split_at_checked(3).ok_or(Nonsense)?;
        let code = digits(code).ok_or(Nonsense)?;
        let (last, text) = match rest.split_first() {
            None => (true, rest),
            Some((b' ', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err(Nonsense),
        };
        let same = *self.code.get_or_insert(code) == code;
        if !same || self.lines.len() >= SMTP_REPLY_LINES_MAX || line.len() > SMTP_REPLY_LINE_BYTES_MAX {
            return Err(Nonsense);
        }
        self.lines.push(clean(&String::from_utf8_lossy(text)));
        if !last {
            return Ok(None);
        }
        self.code = None;
        Ok(Some(Reply { code, lines: std::mem::take(&mut self.lines) }))
    }
}

fn digits(code: &[u8]) -> Option<u16> {
    let text =
        std::str::from_utf8(code).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok().filter(|code| (200..600).contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str]) -> String {
        let mut assembler = Assembler::default();
        let mut out = Vec::new();
        for line in lines {
            match assembler.line(line.as_bytes()) {
                Ok(Some(reply)) => out.push(reply.to_string()),
                Ok(None) => {}
                Err(Nonsense) => out.push("nonsense".into()),
            }
        }
        out.join("; ")
    }

    #[test]
    fn replies_are_put_together() {
        assert_eq!(check(&["250-a", "250-SIZE 10", "250 b", "354"]), "250 a / SIZE 10 / b; 354 ");
        assert_eq!(check(&["250-a", "251 b"]), "nonsense");
        for line in ["", "25", "999 x", "250_x", "+50 x", "\u{660}\u{661} x"] {
            assert_eq!(check(&[line]), "nonsense", "{line}");
        }
    }

    #[test]
    fn a_reply_that_never_ends_is_none() {
        let mut assembler = Assembler::default();
        let lines = (0..1_000).take_while(|_| assembler.line(b"250-x").is_ok()).count();
        assert_eq!(lines, SMTP_REPLY_LINES_MAX);
    }

    #[test]
    fn what_is_repeated_cannot_end_a_line_or_a_connection() {
        let mut out = Vec::new();
        Reply::new(550, "5.1.1 a\r\n250 b\u{85}").write(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "550 5.1.1 a  250 b \r\n");
        assert_eq!(Reply::new(421, "bye").repeated().code, 451);
        assert_eq!(Reply::new(354, "go on").repeated().code, 451);
        assert_eq!(Reply::new(550, "no").repeated().to_string(), "550 5.0.0 no");
        assert_eq!(Reply::new(550, "5.1.1 no").repeated().to_string(), "550 5.1.1 no");
        assert_eq!(Reply::new(550, "4.1.1 5.1 no").repeated().to_string(), "550 5.0.0 4.1.1 5.1 no");
    }
}
