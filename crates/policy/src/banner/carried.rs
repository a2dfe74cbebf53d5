//! Banners of ours in messages that leave: a reply quotes the message that it answers, with what was put into it.
//!
//! A quoted banner has been rewritten by a mail program: lines begin with `>`, ids have a prefix or are gone. It is
//! known by its frame (text), by the id of its element, or else by the colours of its table (HTML).

use sekisho_mail::{Leaf, Message, Span, TransferEncoding, leaf};
use sekisho_record::{Change, Patch};

use super::{
    coding::Coding,
    html::{self, ID, PRODUCT},
    parts::{self, Kind, kind},
    place,
    text::RULE,
    weave,
};
use crate::{apply, limits::BANNER_QUOTED_BYTES_MAX};

/// Lines of a banner in a plain text, at most.
const LINES_MAX: usize = 40;

/// Banners of ours in a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried {
    /// Their encoded bytes in the message.
    pub spans: Vec<Span>,
    /// The change that takes them out; empty when there is none.
    pub change: Change,
}

/// Finds our banners in the texts of a message that leaves (`raw`, which was parsed to `message`). Signed and encrypted
/// parts are left alone. Up to two blanks may take a banner's place (base64).
pub fn carried(raw: &[u8], message: &Message) -> Carried {
    let mut out = Carried::default();
    let structure = leaf::structure(raw, message);
    if structure.body != apply::body_start(raw) {
        return out;
    }
    let line_end = if apply::line_end(raw) == b"\n" { "\n" } else { "\r\n" };
    for leaf in structure.leaves.iter().filter(|leaf| leaf.shown && parts::closed(leaf).is_none()) {
        let Some(kind) = kind(leaf) else { continue };
        let start = leaf.body.start as usize;
        for patch in taken_out(leaf.body.slice(raw), leaf, kind, line_end) {
            out.spans.push(Span::new(start + patch.at, start + patch.at + patch.cut));
            out.change.body.push(Patch { at: start - structure.body + patch.at, ..patch });
        }
    }
    out
}

/// The patches of one part, counted from its first encoded byte.
fn taken_out(encoded: &[u8], leaf: &Leaf, kind: Kind, line_end: &str) -> Vec<Patch> {
    let (bytes, _) = leaf.encoding.decode(encoded);
    let coding = Coding::of(&bytes, leaf.charset.as_deref());
    let view = coding.view(&bytes);
    let places = match kind {
        Kind::Plain => framed(&view.units),
        Kind::Html => elements(&view.units),
    };
    let blank = coding.write(" ").unwrap_or_default();
    let mut out: Vec<Patch> = Vec::new();
    for (start, end) in places {
        let (start, end) = (view.offset(start), view.offset(end));
        let patch = match leaf.encoding {
            TransferEncoding::Uuencode => None,
            encoding => weave::cut(encoded, encoding, start, end, &blank, line_end),
        };
        let free = out.last().map_or(0, |last| last.at + last.cut);
        out.extend(patch.filter(|patch| patch.at >= free));
    }
    out
}

/// Framed texts, with the marks of a quotation before each line.
fn framed(units: &[u8]) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let mut at = 0;
    let mut closed = false;
    for line in units.split_inclusive(|unit| *unit == b'\n') {
        let start = at;
        at += line.len();
        let text = line.trim_ascii();
        let quoted = text.iter().take_while(|unit| matches!(unit, b'>' | b'|' | b' ' | b'\t')).count();
        let text = text.get(quoted..).unwrap_or_default();
        if std::mem::take(&mut closed)
            && text.is_empty()
            && let Some((_, end)) = out.last_mut()
        {
            // The empty line behind it is ours, too.
            *end = at;
        }
        let framed = text.starts_with(RULE.as_bytes()) && text.ends_with(RULE.as_bytes());
        let inner = if framed { text.trim_ascii() } else { &[] };
        let inner = inner.get(RULE.len()..).unwrap_or_default().trim_ascii_start();
        if inner.starts_with(b"[") && memchr::memmem::find(inner, PRODUCT.as_bytes()).is_some() {
            open = Some((start, 0));
        } else if let Some((first, lines)) = open {
            open = Some((first, lines + 1)).filter(|(_, lines)| *lines < LINES_MAX);
            if inner.starts_with(PRODUCT.as_bytes()) {
                out.push((first, at));
                (open, closed) = (None, true);
            }
        }
    }
    out
}

/// Elements with our id, and tables in our colours.
fn elements(units: &[u8]) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(found) = units.get(at..).and_then(|rest| memchr::memchr(b'<', rest)) {
        let start = at + found;
        let Some(markup) = place::markup(units, start) else { break };
        at = markup.end;
        let tag: Vec<u8> =
            units.get(start..markup.end.min(start + 4_096)).unwrap_or_default().to_ascii_lowercase();
        let tag: Vec<u8> = tag.into_iter().filter(|unit| !unit.is_ascii_whitespace()).collect();
        let has = |needle: &str| memchr::memmem::find(&tag, needle.as_bytes()).is_some();
        let is = |name: &[u8]| markup.opens && markup.name.eq_ignore_ascii_case(name);
        let ours =
            (is(b"div") && has(ID)) || (is(b"table") && html::grounds().iter().any(|ground| has(ground)));
        if !ours {
            continue;
        }
        if let Some(end) = closing(units, markup.end, markup.name)
            && memchr::memmem::find(units.get(start..end).unwrap_or_default(), PRODUCT.as_bytes()).is_some()
        {
            out.push((start, end));
            at = end;
        }
    }
    out
}

/// Behind the end tag of the element of this name whose content begins at `at`.
fn closing(units: &[u8], at: usize, name: &[u8]) -> Option<usize> {
    let bounded = units.get(..units.len().min(at + BANNER_QUOTED_BYTES_MAX))?;
    let (mut at, mut depth) = (at, 1_usize);
    loop {
        let found = at + memchr::memchr(b'<', bounded.get(at..)?)?;
        let markup = place::markup(bounded, found)?;
        at = markup.end;
        if markup.name.eq_ignore_ascii_case(name) {
            depth = if markup.opens { depth + 1 } else { depth - 1 };
            if depth == 0 {
                return Some(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_in_quotations_and_nothing_else_is() {
        let text = b"a\n> ==== [X] Danger - Sekisho ====\n> risk\n> ==== Sekisho 4f9 =====\n> \n> b\n";
        assert_eq!(framed(text), [(2, text.len() - 4)]);
        for text in [
            "==== Sekisho 4f9 ====\n",
            "==== [X] Danger - Sekisho ====\nno end\n",
            "====\n[X] Sekisho\n====\n",
        ] {
            assert_eq!(framed(text.as_bytes()), [], "{text}");
        }
        let far = format!("==== [X] Danger - Sekisho ====\n{}==== Sekisho 4f9 ====\n", "x\n".repeat(50));
        assert_eq!(framed(far.as_bytes()), []);
    }

    #[test]
    fn elements_end_where_they_end() {
        let page = "<p>a<div id=\"x_sekisho-4\"><div>Sekisho</div></div><p>b";
        assert_eq!(elements(page.as_bytes()), [(4, page.len() - 4)]);
        let page = "<table style='background: rgb(253, 231, 231)'><tr><td>Sekisho</table>b";
        assert_eq!(elements(page.as_bytes()), [(0, page.len() - 1)]);
        for page in ["<div id=sekisho-1>", "<div id=x>Sekisho</div>", "<div id=sekisho-1>other</div>"] {
            assert_eq!(elements(page.as_bytes()), [], "{page}");
        }
    }
}
