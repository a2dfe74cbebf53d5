//! The text of Word documents before 2007: pieces by the piece table, field codes, document variables.
//!
//! Field codes are handed to the reader of fields that RTF and OOXML have too; what a reader of the document would see
//! is the rest.

use super::{
    cfb::{Cfb, u16_at, u32_at},
    codepage,
};
use crate::{
    Place,
    gaps::Gaps,
    office::fields::Fields,
    scan::{Scan, TextKind},
};

/// Text that is taken out of one document, in bytes.
const TEXT_BYTES_MAX: usize = 8 << 20;
/// Pieces of one document.
const PIECES_MAX: usize = 65_536;
/// Variables of one document.
const VARIABLES_MAX: usize = 1_024;
/// Offsets in the file information block.
const FLAGS: usize = 0x0A;
const CLX: usize = 0x01A2;
const VARIABLES: usize = 0x027A;

/// Reads the document's text and fields; gives its variables by the names by which code reads them.
pub(super) fn analyse(cfb: &Cfb, document: &[u8], scan: &mut Scan<'_>) -> Vec<(String, String)> {
    let flags = u16_at(document, FLAGS).unwrap_or(0);
    let (first, second) = if flags & 0x0200 != 0 { ("1Table", "0Table") } else { ("0Table", "1Table") };
    let table = cfb.find_stream(first).or_else(|| cfb.find_stream(second)).unwrap_or_default();
    let text = text(document, &table, &mut scan.budget.gaps);
    if !scan.budget.spend(1 + (text.len() >> 8) as u64) {
        return Vec::new();
    }
    let place = Place::new("document text");
    let shown = fields(&text, &place, scan);
    if !shown.trim().is_empty() {
        scan.facts.text = Some(shown.clone());
        scan.text(TextKind::Shown, shown, place);
    }
    let variables = variables(document, &table, &mut scan.budget.gaps);
    for (name, value) in &variables {
        scan.text(TextKind::Meta, value.clone(), Place::new(name.clone()));
    }
    variables
}

/// The characters of all parts of the document: the body, notes, headers, text boxes.
fn text(document: &[u8], table: &[u8], gaps: &mut Gaps) -> String {
    let pieces = pieces(document, table, gaps).filter(|text| !text.is_empty());
    pieces.unwrap_or_else(|| plain(document, gaps))
}

/// By the piece table.
fn pieces(document: &[u8], table: &[u8], gaps: &mut Gaps) -> Option<String> {
    let at = u32_at(document, CLX)? as usize;
    let size = u32_at(document, CLX + 4)? as usize;
    let mut clx = table.get(at..)?;
    clx = clx.get(..size).unwrap_or(clx);
    // Changes to properties come first.
    while let [1, rest @ ..] = clx {
        clx = rest.get(2 + usize::from(u16_at(rest, 0)?)..)?;
    }
    let [2, rest @ ..] = clx else { return None };
    let length = u32_at(rest, 0)? as usize;
    let body = rest.get(4..)?;
    let body = body.get(..length).unwrap_or(body);
    let count = body.len().saturating_sub(4) / 12;
    let mut out = String::new();
    for n in 0..count {
        if !gaps.room(n, PIECES_MAX, "pieces of a document's text") {
            break;
        }
        let from = u32_at(body, n * 4)?;
        let to = u32_at(body, n * 4 + 4)?;
        let place = u32_at(body, (count + 1) * 4 + n * 8 + 2)?;
        let Some(characters) = to.checked_sub(from).map(|n| n as usize) else { continue };
        // The bit says that a character is one byte.
        let narrow = place & 0x4000_0000 != 0;
        let place = (place & 0x3FFF_FFFF) as usize;
        let (start, size, page) =
            if narrow { (place / 2, characters, 1252) } else { (place, characters.saturating_mul(2), 1200) };
        let Some(rest) = document.get(start..) else { continue };
        let room = TEXT_BYTES_MAX.saturating_sub(out.len());
        let bytes = rest.get(..size.min(room)).unwrap_or(rest);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        if size > room {
            gaps.over(TEXT_BYTES_MAX, "bytes of a document's text");
        }
        if room == 0 {
            break;
        }
        out.push_str(&codepage::decode(bytes, page));
    }
    Some(out)
}

/// As Word 6 and 95 wrote it, and where the piece table is broken: one run of bytes.
fn plain(document: &[u8], gaps: &mut Gaps) -> String {
    let from = u32_at(document, 0x18).unwrap_or(0) as usize;
    let to = u32_at(document, 0x1C).unwrap_or(0) as usize;
    let bytes = document.get(from..to.min(document.len())).unwrap_or_default();
    if bytes.len() > TEXT_BYTES_MAX {
        gaps.over(TEXT_BYTES_MAX, "bytes of a document's text");
    }
    let bytes = bytes.get(..TEXT_BYTES_MAX).unwrap_or(bytes);
    // Every second byte is zero: the characters have two bytes.
    let zeros = bytes.iter().skip(1).step_by(2).filter(|b| **b == 0).count();
    codepage::decode(bytes, if zeros * 4 > bytes.len() { 1200 } else { 1252 })
}

/// Judges the fields; what is left is what is shown.
fn fields(text: &str, place: &Place, scan: &mut Scan<'_>) -> String {
    let mut fields = Fields::default();
    let mut shown = String::with_capacity(text.len());
    let mut code = String::new();
    for c in text.chars() {
        if matches!(c, '\u{13}' | '\u{14}' | '\u{15}') && !code.is_empty() {
            fields.code(&std::mem::take(&mut code));
        }
        match c {
            '\u{13}' => fields.begin(),
            '\u{14}' => fields.separate(),
            '\u{15}' => fields.end(place, scan),
            c if fields.in_code() => code.push(c),
            // Ends of cells, rows, pages and lines.
            '\u{7}' | '\u{B}' | '\u{C}' | '\r' => shown.push('\n'),
            c if c.is_control() && c != '\t' => {}
            c => shown.push(c),
        }
    }
    fields.code(&code);
    fields.finish(place, scan);
    shown
}

/// Variables of the document, which code reads as `ActiveDocument.Variables`: a table of names, then the values.
fn variables(document: &[u8], table: &[u8], gaps: &mut Gaps) -> Vec<(String, String)> {
    let mut read = || -> Option<Vec<(String, String)>> {
        let at = u32_at(document, VARIABLES)? as usize;
        let size = u32_at(document, VARIABLES + 4)? as usize;
        let bytes = table.get(at..at.checked_add(size)?)?;
        if u16_at(bytes, 0)? != 0xFFFF {
            return None;
        }
        let count = usize::from(u16_at(bytes, 2)?);
        let extra = usize::from(u16_at(bytes, 4)?);
        let mut at = 6;
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(counted(bytes, &mut at)?);
            at = at.checked_add(extra)?;
        }
        let named = |name: String| format!("ActiveDocument.Variables(\"{name}\")");
        let all = names.into_iter().map_while(|name| Some((named(name), counted(bytes, &mut at)?)));
        Some(gaps.most(all, VARIABLES_MAX, "variables of a document"))
    };
    read().unwrap_or_default()
}

/// A string behind the number of its characters.
fn counted(bytes: &[u8], at: &mut usize) -> Option<String> {
    let size = usize::from(u16_at(bytes, *at)?) * 2;
    let start = at.checked_add(2)?;
    let text = bytes.get(start..start.checked_add(size)?)?;
    *at = start + size;
    Some(codepage::decode(text, 1200))
}
