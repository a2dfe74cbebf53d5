//! Takes an RTF apart: groups, control words, symbols, raw bytes, text. Any bytes are tokens; each byte is read once.

/// A piece of an RTF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'r> {
    Open,
    Close,
    /// A control word and its number, saturated.
    Word(&'r [u8], Option<i32>),
    /// A backslash and one byte that is no letter.
    Symbol(u8),
    /// `\'hh`; `None` when no two digits follow.
    Hex(Option<u8>),
    /// What follows `\binN`.
    Raw(&'r [u8]),
    Text(&'r [u8]),
}

/// Letters of a control word; Word takes no more.
const WORD_MAX: usize = 250;
/// Digits of a number.
const DIGITS_MAX: usize = 10;

/// Reads tokens one after another.
#[derive(Debug)]
pub(super) struct Tokens<'r> {
    bytes: &'r [u8],
    at: usize,
    /// Raw bytes that the last word announced.
    raw: Option<usize>,
}

impl<'r> Tokens<'r> {
    pub(super) fn new(bytes: &'r [u8]) -> Tokens<'r> {
        Tokens { bytes, at: 0, raw: None }
    }

    fn rest(&self) -> &'r [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, n: usize) -> &'r [u8] {
        let rest = self.rest();
        let n = n.min(rest.len());
        self.at += n;
        rest.get(..n).unwrap_or_default()
    }

    /// A control word or symbol; the backslash is taken already.
    fn control(&mut self) -> Token<'r> {
        let letters = self.rest().iter().take(WORD_MAX).take_while(|b| b.is_ascii_alphabetic()).count();
        if letters > 0 {
            return self.word(letters);
        }
        match self.take(1) {
            [b'\''] => {
                let digits = self.rest().get(..2).and_then(|d| match d {
                    [a, b] => Some(nibble(*a)? << 4 | nibble(*b)?),
                    _ => None,
                });
                if digits.is_some() {
                    self.at += 2;
                }
                Token::Hex(digits)
            }
            [symbol] => Token::Symbol(*symbol),
            _ => Token::Text(&[]),
        }
    }

    fn word(&mut self, letters: usize) -> Token<'r> {
        let name = self.take(letters);
        let negative = self.rest().first() == Some(&b'-');
        let digits = self.rest().get(usize::from(negative)..).unwrap_or_default();
        let count = digits.iter().take(DIGITS_MAX).take_while(|b| b.is_ascii_digit()).count();
        let mut number = None;
        if count > 0 {
            self.at += usize::from(negative);
            let value = self.take(count).iter().fold(0_i64, |n, d| n * 10 + i64::from(d - b'0'));
            let value = if negative { -value } else { value };
            let bounds = i64::from(i32::MIN)..=i64::from(i32::MAX);
            number = Some(value.clamp(*bounds.start(), *bounds.end()) as i32);
        }
        // One blank ends the word and is no text.
        if self.rest().first() == Some(&b' ') {
            self.at += 1;
        }
        if name == b"bin" {
            self.raw = Some(number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0));
        }
        Token::Word(name, number)
    }
}

impl<'r> Iterator for Tokens<'r> {
    type Item = Token<'r>;

    fn next(&mut self) -> Option<Token<'r>> {
        if let Some(n) = self.raw.take() {
            return Some(Token::Raw(self.take(n)));
        }
        match self.rest().first()? {
            b'{' => {
                self.at += 1;
                Some(Token::Open)
            }
            b'}' => {
                self.at += 1;
                Some(Token::Close)
            }
            b'\\' => {
                self.at += 1;
                Some(self.control())
            }
            _ => {
                let rest = self.rest();
                let end = memchr::memchr3(b'{', b'}', b'\\', rest).unwrap_or(rest.len());
                Some(Token::Text(self.take(end)))
            }
        }
    }
}

/// The value of a hexadecimal digit.
pub(super) fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|n| u8::try_from(n).ok())
}
