//! Start and end tags.

use html5ever::interface::QualName;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{EndTag, StartTag, Tag, TagKind};
use html5ever::{Attribute, LocalName, ns};
use memchr::{memchr, memchr2};

use super::{Mode, Tokenizer, entity};
use crate::limits::HTML_ATTRIBUTES_MAX;

impl Tokenizer<'_> {
    pub(super) fn start_tag(&mut self) -> Mode {
        self.at += 1;
        match self.tag(StartTag) {
            Some(tag) => {
                self.last_start = tag.name.clone();
                self.send_tag(tag)
            }
            None => Mode::Data,
        }
    }

    pub(super) fn end_tag(&mut self) -> Mode {
        match self.byte(self.at + 2) {
            Some(b'a'..=b'z' | b'A'..=b'Z') => {
                self.at += 2;
                match self.tag(EndTag) {
                    Some(tag) => self.send_tag(tag),
                    None => Mode::Data,
                }
            }
            // `</>` is nothing.
            Some(b'>') => {
                self.at += 3;
                Mode::Data
            }
            _ => {
                self.bogus_comment(2);
                Mode::Data
            }
        }
    }

    /// Reads a tag from its name on; `None` when the source ends in it.
    fn tag(&mut self, kind: TagKind) -> Option<Tag> {
        let start = self.at;
        while !matches!(self.byte(self.at)?, b'\t' | b'\n' | b'\x0c' | b' ' | b'/' | b'>') {
            self.at += 1;
        }
        let name = local_name(self.slice(start, self.at));
        let mut tag =
            Tag { kind, name, self_closing: false, attrs: Vec::new(), had_duplicate_attributes: false };
        loop {
            match self.byte(self.at) {
                Some(b'\t' | b'\n' | b'\x0c' | b' ') => self.at += 1,
                Some(b'/') => {
                    self.at += 1;
                    tag.self_closing = self.byte(self.at) == Some(b'>');
                }
                Some(b'>') => {
                    self.at += 1;
                    return Some(tag);
                }
                Some(_) => self.attribute(&mut tag),
                None => return None,
            }
        }
    }

    fn attribute(&mut self, tag: &mut Tag) {
        let start = self.at;
        // A `=` in front belongs to the name.
        self.at += 1;
        while let Some(byte) = self.byte(self.at) {
            if matches!(byte, b'\t' | b'\n' | b'\x0c' | b' ' | b'/' | b'>' | b'=') {
                break;
            }
            self.at += 1;
        }
        let name = self.slice(start, self.at);
        self.skip_space();
        let value = match self.byte(self.at) {
            Some(b'=') => {
                self.at += 1;
                self.skip_space();
                self.value()
            }
            _ => "",
        };
        if tag.kind == EndTag || tag.attrs.len() >= HTML_ATTRIBUTES_MAX {
            return;
        }
        let name = local_name(name);
        if tag.attrs.iter().any(|attr| attr.name.local == name) {
            return;
        }
        let value = entity::decode(value, true);
        let value = match memchr(0, value.as_bytes()) {
            Some(_) => StrTendril::from_slice(&value.replace('\0', "\u{fffd}")),
            None => StrTendril::from_slice(&value),
        };
        tag.attrs.push(Attribute { name: QualName::new(None, ns!(), name), value });
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(self.at), Some(b'\t' | b'\n' | b'\x0c' | b' ')) {
            self.at += 1;
        }
    }

    /// What stands behind `=`.
    fn value(&mut self) -> &str {
        let bytes = self.text.as_bytes();
        let start = self.at;
        match self.byte(start) {
            Some(quote @ (b'"' | b'\'')) => {
                let inside = bytes.get(start + 1..).unwrap_or_default();
                let length = memchr(quote, inside).unwrap_or(inside.len());
                self.at = (start + length + 2).min(bytes.len());
                self.slice(start + 1, start + 1 + length)
            }
            _ => {
                let rest = bytes.get(start..).unwrap_or_default();
                let mut length = memchr2(b'>', b' ', rest).unwrap_or(rest.len());
                let head = rest.get(..length).unwrap_or_default();
                length =
                    head.iter().position(|byte| matches!(byte, b'\t' | b'\n' | b'\x0c')).unwrap_or(length);
                self.at = start + length;
                self.slice(start, start + length)
            }
        }
    }
}

/// The name in lower case.
fn local_name(name: &str) -> LocalName {
    if name.bytes().any(|byte| byte.is_ascii_uppercase() || byte == 0) {
        return LocalName::from(name.to_ascii_lowercase().replace('\0', "\u{fffd}"));
    }
    LocalName::from(name)
}
