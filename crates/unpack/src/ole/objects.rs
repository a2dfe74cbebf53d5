//! Objects in a compound file: packages, equations, links, controls and whole files in streams.

use bytes::Bytes;
use memchr::memmem;

use super::{
    cfb::{Cfb, Entry, clsid_text, u16_at, u32_at},
    clsid,
};
use crate::{
    Derived, Id, Kind, Place, Relation, Severity,
    gaps::Gaps,
    office::{
        equation::{self, Equation},
        fields, ole1,
        target::Target,
    },
    scan::{Child, Scan},
};

/// Links of one object.
const LINKS_MAX: usize = 16;
/// Bytes of a link. Where it leads stands at its beginning, and no program takes a longer one.
const LINK_BYTES_MAX: usize = 8 << 10;
/// Bytes of an equation of OLE 1 that overflow nothing.
const SMALL_EQUATION: u64 = 256;
/// Files in streams.
const FILES_MAX: usize = 64;

const URL_MONIKER: [u8; 16] =
    [0xE0, 0xC9, 0xEA, 0x79, 0xF9, 0xBA, 0xCE, 0x11, 0x8C, 0x82, 0x00, 0xAA, 0x00, 0x4B, 0xA9, 0x0B];
const FILE_MONIKER: [u8; 16] =
    [0x03, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46];

/// Looks at every storage and stream.
pub(super) fn analyse(cfb: &Cfb, scan: &mut Scan<'_>) {
    let mut files = 0;
    for entry in cfb.entries() {
        if !scan.budget.spend(1) {
            return;
        }
        if entry.is_storage() {
            class(cfb, entry, scan);
        } else {
            stream(cfb, entry, &mut files, scan);
        }
    }
}

fn place(entry: &Entry) -> Place {
    Place::new(entry.path.chars().map(|c| if c.is_control() { '_' } else { c }).collect::<String>())
}

/// The class of a storage.
fn class(cfb: &Cfb, entry: &Entry, scan: &mut Scan<'_>) {
    if entry.clsid == [0; 16] {
        return;
    }
    let text = clsid_text(&entry.clsid);
    let Some(risk) = clsid::risk(&text) else { return };
    let evidence = format!("{{{text}}} {}", risk.name);
    let mut severity = risk.severity;
    if risk.equation {
        if harmless_equation(cfb, entry, scan) {
            severity = Severity::Low;
        } else {
            scan.find(Id::OleEquation, place(entry), &evidence);
        }
    }
    scan.active |= severity >= Severity::Medium;
    scan.find_as(Id::OleClsidRisk, severity, Derived::Static, place(entry), evidence);
}

/// The editor itself wrote it: its records can be read and overflow nothing, or it is too small to.
fn harmless_equation(cfb: &Cfb, storage: &Entry, scan: &mut Scan<'_>) -> bool {
    if let Some(stream) = cfb.child(storage.index, "Equation Native") {
        return plain_equation(&cfb.stream(stream), &mut scan.budget.gaps);
    }
    cfb.child(storage.index, "\u{1}Ole10Native").is_none_or(|e| e.size <= SMALL_EQUATION)
}

fn plain_equation(bytes: &[u8], gaps: &mut Gaps) -> bool {
    match equation::find(bytes, gaps) {
        Some(found) => found == Equation::Plain,
        // Later versions belong to another program, which replaced the editor.
        None => bytes.get(28).is_some_and(|version| (4..=7).contains(version)),
    }
}

fn stream(cfb: &Cfb, entry: &Entry, files: &mut usize, scan: &mut Scan<'_>) {
    let bytes = cfb.stream(entry);
    if bytes.is_empty() {
        return;
    }
    let named = |name: &str| entry.is_named(name);
    if named("\u{1}Ole10Native") {
        native(entry, &bytes, files, scan);
    } else if named("Equation Native") {
        equation(entry, &bytes, scan);
    } else if named("\u{1}Ole") {
        links(entry, &bytes, scan);
    } else if named("\u{3}OCXNAME") || named("\u{3}OCXDATA") {
        control(entry, &bytes, scan);
    } else if whole_file(&bytes) {
        carry(entry, bytes, files, scan);
    }
}

/// `\x01Ole10Native`: a package, or the bytes of an object of OLE 1.
fn native(entry: &Entry, bytes: &Bytes, files: &mut usize, scan: &mut Scan<'_>) {
    let place = place(entry);
    if let Some(package) = ole1::package(bytes, true).filter(|p| !p.label.is_empty() || !p.file.is_empty()) {
        if scan.budget.gaps.room(*files, FILES_MAX, "files in streams") {
            *files += 1;
            ole1::carry(&package, &place, scan);
        }
        return;
    }
    equation(entry, bytes, scan);
    let content = bytes.slice(4.min(bytes.len())..);
    if whole_file(&content) {
        carry(entry, content, files, scan);
    }
}

/// An equation of the old editor, by its records; a stream of that name counts even when they are broken.
fn equation(entry: &Entry, bytes: &[u8], scan: &mut Scan<'_>) {
    let by_name = entry.is_named("Equation Native");
    let (severity, evidence) = match equation::find(bytes, &mut scan.budget.gaps) {
        Some(Equation::LongFont(length)) => (Severity::Critical, format!("font name of {length} bytes")),
        Some(Equation::Matrix(rows, columns)) => {
            (Severity::Critical, format!("matrix of {rows} by {columns}"))
        }
        // Old schoolbooks are full of them; one says enough.
        _ if by_name && plain_equation(bytes, &mut scan.budget.gaps) => {
            if scan.has(Id::OleEquation) {
                return;
            }
            (Severity::Low, "an equation".to_owned())
        }
        Some(Equation::Plain) => (Severity::Low, "an equation in another stream".to_owned()),
        None if by_name => (Id::OleEquation.severity(), "an equation that cannot be read".to_owned()),
        None => return,
    };
    scan.active |= severity > Severity::Low;
    scan.find_as(Id::OleEquation, severity, Derived::Static, place(entry), &evidence);
    if severity == Severity::Critical {
        scan.find(Id::RtfEqnOverlongFont, place(entry), evidence);
    }
}

/// `\x01Ole`: what a linked object is loaded from.
fn links(entry: &Entry, bytes: &[u8], scan: &mut Scan<'_>) {
    for text in monikers(bytes, &mut scan.budget.gaps) {
        let target = Target::of(&text);
        let place = place(entry);
        scan.facts.office.get_or_insert_default().relationships.push(("oleLink".to_owned(), text));
        fields::external(Id::OleLinkExt, &target, &place, scan);
    }
}

/// Addresses and paths of the monikers, wherever they stand.
fn monikers(bytes: &[u8], gaps: &mut Gaps) -> Vec<String> {
    let after = |at: usize| bytes.get(at.saturating_add(16)..).unwrap_or_default();
    let mut out = Vec::new();
    for at in gaps.most(memmem::find_iter(bytes, &URL_MONIKER), LINKS_MAX, "addresses of a linked object") {
        let rest = after(at);
        let size = (u32_at(rest, 0).unwrap_or(0) as usize).min(LINK_BYTES_MAX);
        let text = rest.get(4..).unwrap_or_default();
        out.push(wide(text.get(..size).unwrap_or(text.get(..LINK_BYTES_MAX).unwrap_or(text))));
    }
    for at in gaps.most(memmem::find_iter(bytes, &FILE_MONIKER), LINKS_MAX, "paths of a linked object") {
        out.extend(file(after(at)));
    }
    out.retain(|text| !text.is_empty());
    out.dedup();
    out
}

/// A file moniker: an ANSI path, then perhaps the same in Unicode, which counts more.
fn file(rest: &[u8]) -> Option<String> {
    let size = (u32_at(rest, 2)? as usize).min(LINK_BYTES_MAX);
    let ansi = rest.get(6..6 + size)?;
    let ansi: String = ansi.iter().take_while(|b| **b != 0).map(|b| char::from(*b)).collect();
    let tail = rest.get(6 + size..).unwrap_or_default();
    let unicode = || -> Option<String> {
        if u16_at(tail, 2)? != 0xDEAD {
            return None;
        }
        let size = (u32_at(tail, 28)? as usize).min(LINK_BYTES_MAX);
        Some(wide(tail.get(34..34 + size)?)).filter(|text| !text.is_empty())
    };
    Some(unicode().unwrap_or(ansi))
}

fn wide(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u)).take_while(|u| *u != 0);
    char::decode_utf16(units).map_while(Result::ok).collect()
}

/// An ActiveX control.
fn control(entry: &Entry, bytes: &[u8], scan: &mut Scan<'_>) {
    scan.active = true;
    let name = if entry.is_named("\u{3}OCXNAME") { wide(bytes) } else { String::new() };
    if !name.is_empty() {
        scan.find(Id::Activex, place(entry), name);
    }
}

/// The bytes begin like a file that is worth to be opened.
fn whole_file(bytes: &[u8]) -> bool {
    const BEGINS: [&[u8]; 8] = [
        b"PK\x03\x04",
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
        b"{\\rt",
        b"%PDF-",
        b"\x4C\0\0\0\x01\x14\x02\0",
        b"MSCF\0\0\0\0",
        b"Rar!\x1A\x07",
        b"7z\xBC\xAF\x27\x1C",
    ];
    let program = || {
        let header = u32_at(bytes, 0x3C).map(|n| n as usize);
        bytes.starts_with(b"MZ")
            && header.and_then(|at| bytes.get(at..)).is_some_and(|b| b.starts_with(b"PE\0\0"))
    };
    BEGINS.iter().any(|begin| bytes.starts_with(begin)) || program()
}

/// Hands over a file that is a stream: an embedded document, or something that hides.
fn carry(entry: &Entry, bytes: Bytes, files: &mut usize, scan: &mut Scan<'_>) {
    if !scan.budget.gaps.room(*files, FILES_MAX, "files in streams") {
        return;
    }
    *files += 1;
    if crate::sniff::sniff(&bytes, "", None) == Kind::Exe {
        scan.active = true;
        scan.find(Id::OlePackageExec, place(entry), "a program in a stream");
    }
    scan.child(Child {
        name: place(entry).as_str().rsplit('/').next().unwrap_or_default().to_owned(),
        bytes,
        relation: Relation::Embedded,
        ..Child::default()
    });
}
