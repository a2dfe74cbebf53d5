//! Source text → tokens → tree.
//!
//! Our own tokenizer, by the rules of HTML §13.2.5, because html5ever's takes time in the square of an element's
//! attributes (31 s for one megabyte of them) and looks at characters one by one where this one searches bytes.
//! A test compares the trees that both give.

mod entity;
mod markup;
mod tag;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use html5ever::LocalName;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Token, TokenSink, TokenSinkResult};
use memchr::{memchr, memchr2};

use super::sink::Limiter;
use super::tree::Tree;

/// The tree of a source, and whether a limit was reached.
pub(crate) fn build(source: &str) -> (Tree, bool) {
    let source = normalise(source);
    let sink = Limiter::new(source.len());
    let mut tokenizer = Tokenizer { text: &source, at: 0, sink: &sink, last_start: LocalName::default() };
    tokenizer.run();
    let _ = sink.process_token(Token::EOFToken, 1);
    sink.end();
    sink.finish()
}

/// Line ends become `\n`; a byte order mark goes.
fn normalise(source: &str) -> Cow<'_, str> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    match memchr(b'\r', source.as_bytes()) {
        Some(_) => Cow::Owned(source.replace("\r\n", "\n").replace('\r', "\n")),
        None => Cow::Borrowed(source),
    }
}

/// Where the next token is looked for.
struct Tokenizer<'s> {
    text: &'s str,
    at: usize,
    sink: &'s Limiter,
    /// The start tag whose end tag ends raw text.
    last_start: LocalName,
}

/// How text is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Data,
    /// Until the end tag; with character references or without.
    Raw {
        references: bool,
        script: bool,
    },
    Plain,
}

impl<'s> Tokenizer<'s> {
    fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn slice(&self, start: usize, end: usize) -> &'s str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn run(&mut self) {
        let mut mode = Mode::Data;
        while self.at < self.text.len() && !self.sink.is_full() {
            match mode {
                Mode::Data => mode = self.data(),
                Mode::Raw { references, script } => {
                    let end = if script { self.script_end() } else { self.raw_end() };
                    self.raw_text(end, references);
                    mode = Mode::Data;
                }
                Mode::Plain => {
                    self.raw_text(self.text.len(), false);
                }
            }
        }
    }

    /// Text, then one tag, comment or declaration.
    fn data(&mut self) -> Mode {
        let end = self.markup_start();
        if end > self.at {
            self.characters(self.at, end);
            self.at = end;
        }
        match self.byte(self.at + 1) {
            _ if self.at >= self.text.len() => Mode::Data,
            Some(b'!' | b'?') => {
                self.declaration();
                Mode::Data
            }
            Some(b'/') => self.end_tag(),
            _ => self.start_tag(),
        }
    }

    /// The next `<` that begins something; others are text.
    fn markup_start(&self) -> usize {
        let mut from = self.at;
        while let Some(found) = memchr(b'<', self.text.as_bytes().get(from..).unwrap_or_default()) {
            let at = from + found;
            match self.byte(at + 1) {
                Some(b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z') => return at,
                Some(b'/') if self.byte(at + 2).is_some() => return at,
                _ => from = at + 1,
            }
        }
        self.text.len()
    }

    /// Gives text with character references to the tree.
    fn characters(&self, start: usize, end: usize) {
        let mut from = start;
        while from < end {
            let piece = self.slice(from, end);
            let stop = memchr(0, piece.as_bytes()).unwrap_or(piece.len());
            if stop > 0 {
                let text = entity::decode(piece.get(..stop).unwrap_or_default(), false);
                self.send(Token::CharacterTokens(StrTendril::from_slice(&text)));
            }
            if stop < piece.len() {
                self.send(Token::NullCharacterToken);
            }
            from += stop + 1;
        }
    }

    fn send(&self, token: Token) {
        // Text and comments never change how the next ones are read.
        let _ = self.sink.process_token(token, 1);
    }

    /// Gives a tag to the tree, which says how to go on.
    fn send_tag(&mut self, tag: html5ever::tokenizer::Tag) -> Mode {
        match self.sink.process_token(Token::TagToken(tag), 1) {
            TokenSinkResult::RawData(RawKind::Rcdata) => Mode::Raw { references: true, script: false },
            TokenSinkResult::RawData(RawKind::Rawtext) => Mode::Raw { references: false, script: false },
            TokenSinkResult::RawData(_) => Mode::Raw { references: false, script: true },
            TokenSinkResult::Plaintext => Mode::Plain,
            _ => Mode::Data,
        }
    }

    fn raw_text(&mut self, end: usize, references: bool) {
        let text = self.slice(self.at, end);
        self.at = end;
        if text.is_empty() {
            return;
        }
        let text = if references { entity::decode(text, false) } else { Cow::Borrowed(text) };
        let text = match memchr(0, text.as_bytes()) {
            Some(_) => Cow::Owned(text.replace('\0', "\u{fffd}")),
            None => text,
        };
        self.send(Token::CharacterTokens(StrTendril::from_slice(&text)));
    }

    /// `name` stands at `at` as a whole tag name.
    fn is_tag_name(&self, at: usize, name: &str) -> bool {
        let end = at + name.len();
        self.text.as_bytes().get(at..end).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
            && matches!(self.byte(end), Some(b'\t' | b'\n' | b'\x0c' | b' ' | b'/' | b'>'))
    }

    /// The end tag that ends raw text.
    fn raw_end(&self) -> usize {
        let mut from = self.at;
        while let Some(found) = memchr(b'<', self.text.as_bytes().get(from..).unwrap_or_default()) {
            let at = from + found;
            if self.byte(at + 1) == Some(b'/') && self.is_tag_name(at + 2, &self.last_start) {
                return at;
            }
            from = at + 1;
        }
        self.text.len()
    }

    /// The same for scripts, which may hold comments with scripts in them (HTML §13.2.5.15 ff.).
    fn script_end(&self) -> usize {
        let (mut escaped, mut double) = (false, false);
        let mut from = self.at;
        while let Some(found) = memchr2(b'<', b'-', self.text.as_bytes().get(from..).unwrap_or_default()) {
            let at = from + found;
            let here = self.text.as_bytes().get(at..).unwrap_or_default();
            from = at + 1;
            if here.starts_with(b"-->") {
                (escaped, double) = (false, false);
            } else if here.starts_with(b"<!--") && !escaped {
                escaped = true;
            } else if here.starts_with(b"</") && self.is_tag_name(at + 2, "script") {
                match double {
                    true => double = false,
                    false => return at,
                }
            } else if escaped && here.starts_with(b"<") && self.is_tag_name(at + 1, "script") {
                double = true;
            }
        }
        self.text.len()
    }
}
