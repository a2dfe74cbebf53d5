//! XML read as a stream: elements, attributes, text. No tree, no entities but the five of XML and numbers, any bytes.
//!
//! A document type is passed over and its entities are never expanded, so that nothing can grow. Names are compared
//! without their prefix; tags that do not match are taken as they come, as Office's own parsers never see them.

use std::borrow::Cow;

use quick_xml::{
    Reader as Quick,
    escape::unescape,
    events::{BytesStart, Event as Raw},
};

/// What a stream consists of.
#[derive(Debug)]
pub(crate) enum Event<'x> {
    /// An element begins; `true` when it ends at once, without a [`Event::Close`].
    Open(Element<'x>, bool),
    /// An element of this local name ends.
    Close(Vec<u8>),
    Text(Cow<'x, str>),
}

/// An element's start.
#[derive(Debug)]
pub(crate) struct Element<'x> {
    raw: BytesStart<'x>,
}

impl Element<'_> {
    /// The name without its prefix.
    pub(crate) fn name(&self) -> &[u8] {
        self.raw.local_name().into_inner()
    }

    /// An attribute by its name without prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.raw.attributes();
        let found = attributes
            .with_checks(false)
            .filter_map(Result::ok)
            .find(|a| a.key.local_name().into_inner() == name.as_bytes())?;
        Some(value(&found.value))
    }

    /// All attributes: local name and value.
    pub(crate) fn attributes(&self) -> Vec<(String, String)> {
        let mut attributes = self.raw.attributes();
        attributes
            .with_checks(false)
            .filter_map(Result::ok)
            .map(|a| {
                let key = String::from_utf8_lossy(a.key.local_name().into_inner()).into_owned();
                (key, value(&a.value))
            })
            .collect()
    }

    /// The attribute `val` is there and means yes, or is not there.
    pub(crate) fn on(&self) -> bool {
        !matches!(self.attribute("val").as_deref(), Some("0" | "false" | "off" | "none"))
    }
}

fn value(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    unescape(&text).map_or_else(|_| text.clone().into_owned(), Cow::into_owned)
}

/// A stream over a text.
pub(crate) struct Reader<'x> {
    quick: Quick<&'x [u8]>,
}

impl<'x> Reader<'x> {
    pub(crate) fn new(text: &'x str) -> Reader<'x> {
        let mut quick = Quick::from_str(text);
        let config = quick.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        Reader { quick }
    }

    /// Bytes of the text that were read.
    pub(crate) fn position(&self) -> usize {
        usize::try_from(self.quick.buffer_position()).unwrap_or(usize::MAX)
    }

    /// The next piece; `None` at the end or where nothing makes sense any more.
    pub(crate) fn next(&mut self) -> Option<Event<'x>> {
        loop {
            match self.quick.read_event().ok()? {
                Raw::Start(raw) => return Some(Event::Open(Element { raw }, false)),
                Raw::Empty(raw) => return Some(Event::Open(Element { raw }, true)),
                Raw::End(raw) => return Some(Event::Close(raw.local_name().into_inner().to_vec())),
                Raw::Text(text) => return Some(Event::Text(lossy(text.into_inner()))),
                Raw::CData(text) => return Some(Event::Text(lossy(text.into_inner()))),
                Raw::GeneralRef(name) => {
                    if let Some(c) = character(&name.into_inner()) {
                        return Some(Event::Text(Cow::Owned(c.to_string())));
                    }
                }
                Raw::Eof => return None,
                _ => {}
            }
        }
    }
}

fn lossy(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// One of XML's own entities or a number.
fn character(name: &[u8]) -> Option<char> {
    match name {
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"amp" => Some('&'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x' | b'X', hex @ ..] => {
            let hex = std::str::from_utf8(hex).ok()?;
            char::from_u32(u32::from_str_radix(hex, 16).ok()?)
        }
        [b'#', decimal @ ..] => char::from_u32(std::str::from_utf8(decimal).ok()?.parse().ok()?),
        _ => None,
    }
}

/// The bytes of a part as text: UTF-16 by its mark or look, the declared encoding, UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
    let encoding = match bytes {
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => UTF_16LE,
        [0xFE, 0xFF, ..] | [0, b'<', ..] => UTF_16BE,
        _ => declared(bytes).and_then(Encoding::for_label).unwrap_or(UTF_8),
    };
    if encoding == UTF_16LE || encoding == UTF_16BE || encoding != UTF_8 {
        return encoding.decode(bytes).0;
    }
    String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes))
}

/// What `encoding="…"` of the declaration says, unless it is UTF-16, which the bytes would show.
fn declared(bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes.get(..bytes.len().min(200))?;
    let end = memchr::memmem::find(head, b"?>")?;
    let at = memchr::memmem::find(head.get(..end)?, b"encoding")? + 8;
    let rest = head.get(at..end)?;
    let open = rest.iter().position(|b| matches!(b, b'"' | b'\''))?;
    let quote = *rest.get(open)?;
    let label = rest.get(open + 1..)?.split(|b| *b == quote).next()?;
    (!label.to_ascii_lowercase().starts_with(b"utf-16")).then_some(label)
}

/// The bytes look like XML.
pub(crate) fn looks_like(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    matches!(bytes, [0xFF, 0xFE, b'<', 0, ..] | [0xFE, 0xFF, 0, b'<', ..] | [b'<', 0, ..] | [0, b'<', ..])
        || bytes.iter().take(256).find(|b| !b.is_ascii_whitespace()) == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        let mut reader = Reader::new(text);
        let mut out = String::new();
        while let Some(event) = reader.next() {
            match event {
                Event::Open(e, _) => {
                    out.push_str(&format!("<{} {:?}>", String::from_utf8_lossy(e.name()), e.attributes()));
                }
                Event::Close(name) => out.push_str(&format!("</{}>", String::from_utf8_lossy(&name))),
                Event::Text(t) => out.push_str(&t),
            }
        }
        out
    }

    #[test]
    fn streams() {
        assert_eq!(
            check("<a:b x:c='1&amp;2'>t&#x41;&lt;<![CDATA[<&]]></a:b>"),
            r#"<b [("c", "1&2")]>tA<<&</b>"#
        );
        // Entities of the document are never expanded.
        let laughs = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><x y='&b;'>&b;!</x>";
        assert_eq!(check(laughs), r#"<x [("y", "&b;")]>!</x>"#);
        assert_eq!(check("<a><b>x</c></a>"), "<a []><b []>x</c></a>");
        assert_eq!(check("<a><b"), "<a []>");
        assert_eq!(decode(b"\xFF\xFE<\0a\0/\0>\0"), "<a/>");
        assert_eq!(
            decode(b"<?xml version='1.0' encoding='windows-1252'?><a>\xE9</a>").chars().nth(48),
            Some('\u{e9}')
        );
    }
}
