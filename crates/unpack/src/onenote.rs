//! OneNote sections ([MS-ONESTORE]): the files embedded in them, found by the GUID of their store, and the words around.
//!
//! The revision store itself is not walked: an embedded file is a FileDataStoreObject wherever the tables put it, and
//! a damaged section must not hide one.

use bytes::Bytes;
use memchr::memmem;

use crate::{
    Derived, Id, Kind, Place, Relation,
    gaps::Gaps,
    kind::Family,
    scan::{Child, Scan, TextKind},
    sniff::sniff,
};

/// {BDE316E7-2665-4511-A4C4-8D4D0B7A9EAC}: an embedded file begins.
const FILE_DATA: [u8; 16] =
    [0xE7, 0x16, 0xE3, 0xBD, 0x65, 0x26, 0x11, 0x45, 0xA4, 0xC4, 0x8D, 0x4D, 0x0B, 0x7A, 0x9E, 0xAC];
/// Bytes from the GUID to the data: the size stands behind the GUID.
const HEADER: usize = 36;
/// Embedded files that are entered.
const FILES_MAX: usize = 256;
/// Bytes around a file's data in which its name is looked for.
const NAME_WINDOW: usize = 2_048;
/// Bytes of text that are taken out.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Characters of a run of text that count.
const RUN_MIN: usize = 6;

/// Words on a button that covers a file.
const BUTTON: [&str; 12] = [
    "double click",
    "double-click",
    "doubleclick",
    "click to view",
    "view document",
    "open document",
    "click here",
    "doppelklick",
    "double-cliquez",
    "doble clic",
    "ダブルクリック",
    "双击",
];

/// Reads a section.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let mut embedded = false;
    let mut from = 0;
    for (count, at) in memmem::find_iter(bytes, &FILE_DATA).enumerate() {
        if !scan.budget.gaps.room(count, FILES_MAX, "embedded files") || !scan.budget.spend(16) {
            break;
        }
        let size =
            bytes.get(at + 16..).and_then(|b| b.first_chunk::<8>()).map_or(0, |b| u64::from_le_bytes(*b));
        let start = at.saturating_add(HEADER).min(bytes.len());
        let end = usize::try_from(size).map_or(bytes.len(), |n| start.saturating_add(n)).min(bytes.len());
        let data = bytes.slice(start..end);
        let before = bytes.get(from.max(at.saturating_sub(NAME_WINDOW))..at).unwrap_or_default();
        let name = name_in(before).or_else(|| name_in(bytes.get(end..(end + NAME_WINDOW).min(bytes.len()))?));
        embedded |= judge(&data, name.as_deref(), at, scan);
        scan.child(Child {
            name: name.unwrap_or_default(),
            bytes: data,
            relation: Relation::Embedded,
            same_depth: true,
            ..Child::default()
        });
        from = end;
    }
    let words = texts(bytes, &mut scan.budget.gaps);
    scan.active |= embedded;
    let lower = words.to_lowercase();
    if embedded && let Some(phrase) = BUTTON.iter().find(|phrase| lower.contains(*phrase)) {
        scan.find(Id::OneLureButton, "", *phrase);
    }
    scan.facts.text = Some(words.clone());
    scan.text(TextKind::Shown, words, "");
}

/// Whether the file acts when it is opened.
fn judge(data: &Bytes, name: Option<&str>, at: usize, scan: &mut Scan<'_>) -> bool {
    let name = name.unwrap_or_default();
    let kind = sniff(data, name, None);
    let extension = crate::kind::extension(name);
    let id = match kind.family() {
        Family::Script => Id::OneEmbedScript,
        Family::Program => Id::OneEmbedExec,
        Family::Shortcut => Id::OneEmbedLnk,
        _ if script(data, kind) => Id::OneEmbedScript,
        _ => match extension.as_str() {
            "hta" | "js" | "jse" | "vbs" | "vbe" | "wsf" | "cmd" | "bat" | "ps1" | "sct" => {
                Id::OneEmbedScript
            }
            "lnk" | "url" => Id::OneEmbedLnk,
            "exe" | "scr" | "dll" | "com" | "msi" | "chm" | "cpl" => Id::OneEmbedExec,
            _ => return false,
        },
    };
    let shown = if name.is_empty() { kind.name() } else { name };
    scan.find_as(id, id.severity(), Derived::Carved, Place::offset(at), shown);
    true
}

/// A page that only its extension keeps from being an application.
fn script(data: &[u8], kind: Kind) -> bool {
    let head = data.get(..4_096).unwrap_or(data).to_ascii_lowercase();
    kind == Kind::Html && memmem::find(&head, b"<script").is_some() && memmem::find(&head, b"<html").is_some()
}

/// A file name in UTF-16 near a file's data: the last one.
fn name_in(window: &[u8]) -> Option<String> {
    let is_name = |run: &String| {
        let extension = crate::kind::extension(run);
        (1..=5).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let runs = (0..2).flat_map(|odd| runs(window.get(odd..).unwrap_or_default()));
    runs.filter(|run| run.chars().count() <= 255).rfind(is_name)
}

/// All runs of printable UTF-16, whichever byte they begin at.
fn texts(bytes: &[u8], gaps: &mut Gaps) -> String {
    let mut out = String::new();
    for odd in 0..2 {
        for run in runs(bytes.get(odd..).unwrap_or_default()) {
            if run.chars().count() >= RUN_MIN {
                if !gaps.room(out.len(), TEXT_BYTES_MAX, "bytes of text") {
                    break;
                }
                out.push_str(&run);
                out.push('\n');
            }
        }
    }
    out
}

/// Runs of at least three characters that are written in one of the usual scripts.
fn runs(bytes: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    let mut run = String::new();
    let printable = |unit: u16| matches!(unit, 0x20..=0x7E | 0xA0..=0x24F | 0x370..=0x52F | 0x2010..=0x2027 | 0x3040..=0x30FF | 0x4E00..=0x9FFF);
    for unit in bytes.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u)) {
        match char::from_u32(u32::from(unit)).filter(|_| printable(unit)) {
            Some(c) => run.push(c),
            None => {
                // Two bytes of a picture pass for a rare letter; words have Latin letters or many of a kind.
                if run.chars().count() >= 3
                    && run.chars().any(|c| c.is_ascii_alphabetic() || run.chars().count() > 5)
                {
                    out.push(std::mem::take(&mut run));
                }
                run.clear();
            }
        }
    }
    if run.chars().count() >= 3 {
        out.push(run);
    }
    out
}
