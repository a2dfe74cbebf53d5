//! Header fields as they were written.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use serde::{Deserialize, Serialize};

use crate::{DefectKind, Span, charset, defect::Defects, limits};

/// One header field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Name in its original case.
    pub name: String,
    /// Unfolded value, trimmed, charset repaired, encoded words as written (not decoded).
    pub value: String,
    /// The whole field with its line end.
    pub span: Span,
    /// The value alone.
    pub value_span: Span,
}

impl Field {
    /// True when the field has this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// One field as a piece of the raw message: borrowed, nothing decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawField<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
    /// Offsets of field, value and end.
    pub(crate) start: usize,
    pub(crate) value_start: usize,
    pub(crate) end: usize,
}

/// Walks the fields of a header that begins at an offset of the message.
pub(crate) struct RawFields<'a> {
    raw: &'a [u8],
    at: usize,
    /// Lines that are no field.
    pub(crate) malformed: usize,
    /// The empty line was seen; `at` is behind it.
    ended: bool,
    /// A MIME part: it may have no header at all, and a boundary line ends it.
    part: bool,
    seen: bool,
}

impl<'a> RawFields<'a> {
    pub(crate) fn new(raw: &'a [u8], at: usize) -> Self {
        RawFields { raw, at, malformed: 0, ended: false, part: false, seen: false }
    }

    pub(crate) fn of_part(raw: &'a [u8], at: usize) -> Self {
        RawFields { part: true, ..Self::new(raw, at) }
    }

    /// Where the next line begins; the body's start once the iterator is through.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.raw.get(from..).unwrap_or_default();
        memchr(b'\n', rest).map_or(self.raw.len(), |n| from + n + 1)
    }
}

impl<'a> Iterator for RawFields<'a> {
    type Item = RawField<'a>;

    fn next(&mut self) -> Option<RawField<'a>> {
        while !self.ended && self.at < self.raw.len() {
            let start = self.at;
            let mut end = self.line_end(start);
            let line = self.raw.get(start..end).unwrap_or_default();
            if matches!(line, b"\n" | b"\r\n") {
                self.at = end;
                self.ended = true;
                return None;
            }
            if self.part && line.starts_with(b"--") {
                self.ended = true;
                return None;
            }
            while matches!(self.raw.get(end), Some(b' ' | b'\t')) {
                end = self.line_end(end);
            }
            self.at = end;
            let colon = memchr(b':', line);
            let name = colon.and_then(|c| line.get(..c)).map(<[u8]>::trim_ascii_end).unwrap_or_default();
            if let Some(colon) = colon
                && !name.is_empty()
                && name.iter().all(|b| (0x21..0x7F).contains(b))
            {
                let value_start = start + colon + 1;
                let value = self.raw.get(value_start..end).unwrap_or_default();
                self.seen = true;
                return Some(RawField { name, value, start, value_start, end });
            }
            if self.part && !self.seen {
                (self.at, self.ended) = (start, true);
                return None;
            }
            self.malformed += 1;
        }
        None
    }
}

/// Removes folding and outer white space.
pub(crate) fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    let value = value.trim_ascii();
    match memchr::memchr3(b'\r', b'\n', b'\0', value) {
        None => Cow::Borrowed(value),
        Some(first) => {
            let mut out = Vec::with_capacity(value.len());
            let (mut rest, mut next) = (value, Some(first));
            while let Some(at) = next {
                out.extend_from_slice(rest.get(..at).unwrap_or_default());
                rest = rest.get(at + 1..).unwrap_or_default();
                next = memchr::memchr3(b'\r', b'\n', b'\0', rest);
            }
            out.extend_from_slice(rest);
            Cow::Owned(out)
        }
    }
}

/// The text of a header value that was unfolded: UTF-8, or what its bytes and the message's charset suggest.
pub(crate) fn text<'a>(bytes: &'a [u8], hint: Option<&str>) -> charset::Decoded<'a> {
    if bytes.is_ascii() && memchr(0x1B, bytes).is_none() {
        return charset::Decoded { text: String::from_utf8_lossy(bytes), mislabelled: None, lossy: false };
    }
    let guess = charset::detect(bytes);
    if guess.name() == "windows-1252"
        && let Some(hint) = hint
    {
        return charset::decode(bytes, Some(hint));
    }
    charset::decode_as(bytes, guess)
}

/// The first charset that the header names, for raw bytes that nothing else explains.
fn charset_hint(header: &[u8]) -> Option<String> {
    let lower = header.to_ascii_lowercase();
    let at = memmem::find(&lower, b"charset=")?;
    let rest = lower.get(at + 8..)?;
    let label = rest.trim_ascii_start().iter().skip_while(|b| **b == b'"').take(40);
    let label: Vec<u8> =
        label.take_while(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b';')).copied().collect();
    String::from_utf8(label).ok().filter(|l| !l.is_empty() && !l.eq_ignore_ascii_case("us-ascii"))
}

/// Reads the header; gives back the fields and where the body begins.
pub(crate) fn read(raw: &[u8], defects: &mut Defects) -> (Vec<Field>, usize) {
    let mut walk = RawFields::new(raw, start(raw));
    let mut fields = Vec::with_capacity(40);
    let mut hint: Option<Option<String>> = None;
    let (mut crlf, mut bare_lf, mut nul) = (false, false, false);
    let mut dropped = 0usize;
    for field in walk.by_ref() {
        if fields.len() >= limits::FIELDS_MAX {
            dropped += 1;
            continue;
        }
        let whole = Span::new(field.start, field.end);
        match raw.get(field.start..field.end) {
            Some([.., b'\r', b'\n']) => crlf = true,
            Some([.., b'\n']) => bare_lf = true,
            _ => {}
        }
        nul |= memchr(0, field.value).is_some();
        let value = unfold(field.value);
        let hint = if value.is_ascii() {
            None
        } else {
            hint.get_or_insert_with(|| charset_hint(raw.get(..65_536).unwrap_or(raw))).as_deref()
        };
        let decoded = text(&value, hint);
        if decoded.lossy {
            defects.note(DefectKind::UndecodableText, Some(whole), String::from_utf8_lossy(field.name));
        }
        fields.push(Field {
            name: String::from_utf8_lossy(field.name).into_owned(),
            value: decoded.text.into_owned(),
            span: whole,
            value_span: Span::new(field.value_start, field.end),
        });
    }
    if walk.malformed > 0 && !fields.is_empty() {
        defects.note(
            DefectKind::MalformedField,
            None,
            format!("{} lines of the header are no field", walk.malformed),
        );
    }
    if dropped > 0 {
        defects.note(DefectKind::OverLimit, None, format!("{dropped} header fields over FIELDS_MAX"));
    }
    if nul {
        defects.note(DefectKind::NulByte, None, "in the header");
    }
    if crlf && bare_lf {
        defects.note(DefectKind::MixedLineEnds, None, "CRLF and bare LF in the header");
    }
    if fields.is_empty() {
        defects.note(DefectKind::Empty, None, if raw.is_empty() { "no bytes" } else { "no header" });
        return (fields, start(raw));
    }
    (fields, walk.offset())
}

/// Where the header begins and where the body does, as [`read`] finds them.
pub(crate) fn place(raw: &[u8]) -> (usize, usize) {
    let head = start(raw);
    let mut walk = RawFields::new(raw, head);
    let fields = walk.by_ref().count();
    (head, if fields == 0 { head } else { walk.offset() })
}

/// Behind empty lines and an mbox separator.
fn start(raw: &[u8]) -> usize {
    let mut at = raw.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let rest = raw.get(at..).unwrap_or_default();
    if rest.starts_with(b"From ") || rest.starts_with(b">From ") {
        at += memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
    }
    at
}

/// Notes fields that may stand once and stand more often; the first one counts.
pub(crate) fn note_duplicates(fields: &[Field], defects: &mut Defects) {
    const ONCE: [&str; 13] = [
        "From",
        "Sender",
        "Reply-To",
        "To",
        "Cc",
        "Bcc",
        "Subject",
        "Date",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
    for name in ONCE {
        if let Some(second) = fields.iter().filter(|f| f.is(name)).nth(1) {
            let kind = if name.starts_with("Content-") {
                DefectKind::AmbiguousStructure
            } else {
                DefectKind::DuplicateField
            };
            defects.note(kind, Some(second.span), format!("more than one {name}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &[u8], want: &[(&str, &str)], body: &str, kinds: &[DefectKind]) {
        let mut defects = Defects::default();
        let (fields, at) = read(raw, &mut defects);
        note_duplicates(&fields, &mut defects);
        let got: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
        assert_eq!(got, want);
        assert_eq!(String::from_utf8_lossy(&raw[at..]), body);
        assert_eq!(defects.into_vec().iter().map(|d| d.kind).collect::<Vec<_>>(), kinds);
    }

    #[test]
    fn fields_keep_case_and_unfold() {
        check(b"FROM: a\r\nx-Y:b\r\n\tc\r\n\r\nbody", &[("FROM", "a"), ("x-Y", "b\tc")], "body", &[]);
        check(b"\r\nA: 1\n\nb", &[("A", "1")], "b", &[]);
        check(b"From x@y Sat\nA: 1\n\nb", &[("A", "1")], "b", &[]);
    }

    #[test]
    fn spans_point_at_the_bytes() {
        let raw = b"A: 1\r\nSubject: x\r\n y\r\n\r\n";
        let (fields, _) = read(raw, &mut Defects::default());
        assert_eq!(fields[1].span.slice(raw), b"Subject: x\r\n y\r\n");
        assert_eq!(fields[1].value_span.slice(raw), b" x\r\n y\r\n");
    }

    #[test]
    fn raw_bytes_become_text() {
        check("Subject: é\n\n".as_bytes(), &[("Subject", "é")], "", &[]);
        check(b"Subject: \x1B$B$\"\x1B(B\n\n", &[("Subject", "あ")], "", &[]);
        check(
            b"Subject: \xCF\xF0\nContent-Type: text/plain; charset=\"windows-1251\"\n\n",
            &[("Subject", "Пр"), ("Content-Type", "text/plain; charset=\"windows-1251\"")],
            "",
            &[],
        );
    }

    #[test]
    fn damage_is_noted() {
        check(b"A: 1\nno colon here\nB: 2\n\n", &[("A", "1"), ("B", "2")], "", &[DefectKind::MalformedField]);
        check(b"From: a\nfrom: b\n\n", &[("From", "a"), ("from", "b")], "", &[DefectKind::DuplicateField]);
        check(b"A: 1\r\nB: 2\n\n", &[("A", "1"), ("B", "2")], "", &[DefectKind::MixedLineEnds]);
        check(b"", &[], "", &[DefectKind::Empty]);
        check(b"just text\n", &[], "just text\n", &[DefectKind::Empty]);
    }
}
