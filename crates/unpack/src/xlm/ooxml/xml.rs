//! XML as a stream of elements and texts, by local names whatever the prefixes; broken XML ends where it breaks.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE};
use quick_xml::{
    Reader,
    events::{BytesStart, Event as Raw},
};

/// What comes next.
pub(crate) enum Event<'a> {
    Open(Element<'a>),
    /// Also behind an element without content.
    Close(Cow<'static, str>),
    Text(String),
}

/// An element's beginning.
pub(crate) struct Element<'a> {
    pub(crate) name: Cow<'static, str>,
    start: BytesStart<'a>,
}

impl Element<'_> {
    /// An attribute by its local name.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let mut attributes = self.start.html_attributes();
        let attributes = attributes.with_checks(false).flatten();
        let mut found = attributes.filter(|a| a.key.local_name().as_ref() == name.as_bytes());
        found.next().map(|a| unescape(&String::from_utf8_lossy(&a.value)))
    }

    /// A number.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name).and_then(|t| t.trim().parse().ok())
    }

    /// A truth value; what is not there is not true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|t| matches!(t.trim(), "1" | "true" | "on"))
    }
}

/// The bytes of a part as UTF-8.
pub(crate) fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let encoding = match bytes {
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => UTF_16LE,
        [0xFE, 0xFF, ..] | [0, b'<', ..] => UTF_16BE,
        _ => return Cow::Borrowed(bytes),
    };
    Cow::Owned(encoding.decode_with_bom_removal(bytes).0.into_owned().into_bytes())
}

/// Reads XML.
pub(crate) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    /// The element before had no content, and its end is still to be told.
    closing: Option<Cow<'static, str>>,
}

impl<'a> Xml<'a> {
    pub(crate) fn new(utf8: &'a [u8]) -> Xml<'a> {
        let mut reader = Reader::from_reader(utf8);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        Xml { reader, closing: None }
    }

    pub(crate) fn next(&mut self) -> Option<Event<'a>> {
        if let Some(name) = self.closing.take() {
            return Some(Event::Close(name));
        }
        loop {
            return Some(match self.reader.read_event().ok()? {
                Raw::Start(start) => Event::Open(Element { name: local(start.local_name().as_ref()), start }),
                Raw::Empty(start) => {
                    let name = local(start.local_name().as_ref());
                    self.closing = Some(name.clone());
                    Event::Open(Element { name, start })
                }
                Raw::End(end) => Event::Close(local(end.local_name().as_ref())),
                Raw::Text(text) => Event::Text(String::from_utf8_lossy(&text).into_owned()),
                Raw::CData(text) => Event::Text(String::from_utf8_lossy(&text).into_owned()),
                Raw::GeneralRef(reference) => Event::Text(entity(&String::from_utf8_lossy(&reference))),
                Raw::Eof => return None,
                _ => continue,
            });
        }
    }
}

/// A name; those that sheets repeat a million times cost nothing.
fn local(name: &[u8]) -> Cow<'static, str> {
    Cow::Borrowed(match name {
        b"c" => "c",
        b"v" => "v",
        b"f" => "f",
        b"t" => "t",
        b"r" => "r",
        b"is" => "is",
        b"si" => "si",
        b"row" => "row",
        b"rPr" => "rPr",
        _ => return Cow::Owned(String::from_utf8_lossy(name).into_owned()),
    })
}

/// What stands between `&` and `;`; unknown ones stay as they are.
fn entity(name: &str) -> String {
    let number = name.strip_prefix('#').and_then(|n| match n.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => n.parse().ok(),
    });
    match (name, number.and_then(char::from_u32)) {
        (_, Some(c)) => c.to_string(),
        ("lt", _) => "<".to_owned(),
        ("gt", _) => ">".to_owned(),
        ("amp", _) => "&".to_owned(),
        ("quot", _) => "\"".to_owned(),
        ("apos", _) => "'".to_owned(),
        _ => format!("&{name};"),
    }
}

/// An attribute's value without entities.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match after.split_once(';') {
            Some((name, behind)) if name.len() <= 10 => {
                out.push_str(&entity(name));
                rest = behind;
            }
            _ => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Undoes `_x000D_`.
pub(crate) fn unescape_units(text: String) -> String {
    if !text.contains("_x") {
        return text;
    }
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("_x") {
        units.extend(rest.get(..at).unwrap_or_default().encode_utf16());
        let code = rest.get(at + 2..at + 6).filter(|_| rest.get(at + 6..at + 7) == Some("_"));
        match code.and_then(|c| u16::from_str_radix(c, 16).ok()) {
            Some(unit) => {
                units.push(unit);
                rest = rest.get(at + 7..).unwrap_or_default();
            }
            None => {
                units.extend("_x".encode_utf16());
                rest = rest.get(at + 2..).unwrap_or_default();
            }
        }
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}
