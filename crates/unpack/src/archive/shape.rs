//! What stands around a file's own format: data behind its end, a second format, padding.
//!
//! Only formats whose end is certain are measured. Phones write further pictures or a film behind a photograph, and
//! self-extracting archives are programs with an archive behind; neither is told.

use bytes::Bytes;
use memchr::memmem;

use super::{
    bytes::{magic_at, u32_at, u64_at},
    zip::{self, ZipReader},
};
use crate::{
    Derived, Id, Kind, Place, Relation, Severity,
    kind::Family,
    scan::{Child, Scan},
};

/// Bytes behind the end that are not nothing.
const OVERLAY_MIN: usize = 64;
/// Bytes of one value at the end that make a file inflated, when they are half of it too.
const INFLATED_MIN: usize = 4 << 20;
/// Bytes within which a second format's magic is looked for.
const HEAD: usize = 1_024;
/// Formats that are looked for behind another.
const BEHIND: &[(&[u8], &str)] = &[
    (b"Rar!\x1A\x07", "rar"),
    (b"7z\xBC\xAF\x27\x1C", "7z"),
    (b"%PDF-", "pdf"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "ole"),
    (b"<hta:application", "hta"),
    (b"<html", "html"),
    (b"<HTML", "html"),
    (b"<script", "html"),
];

pub(crate) fn check(bytes: &Bytes, scan: &mut Scan<'_>) {
    inflated(bytes, scan);
    let kind = scan.about.kind;
    if kind == Kind::Mhtml {
        active_mime(bytes, scan);
    }
    let end = end(kind, bytes);
    let second = zip_behind(bytes, end, scan);
    if kind.family() == Family::Image || kind == Kind::Exe {
        let head = bytes.get(..HEAD).unwrap_or(bytes);
        if let Some(at) = memmem::find(head, b"%PDF-") {
            scan.find(Id::FmtPolyglot, Place::offset(at), format!("{} and pdf", kind.name()));
        }
    }
    let Some(end) = end.filter(|end| *end < bytes.len()) else { return };
    let rest = bytes.slice(end..);
    let more = rest
        .iter()
        .filter(|b| !matches!(b, 0 | b' ' | b'\r' | b'\n' | b'\t' | 0xFF))
        .take(OVERLAY_MIN)
        .count();
    if more < OVERLAY_MIN || kind == Kind::Jpeg && phone(&rest) {
        return;
    }
    scan.find(
        Id::FmtOverlay,
        Place::offset(end),
        format!("{} bytes behind the end of the {}", rest.len(), kind.name()),
    );
    if !second && kind.family() == Family::Image {
        behind(&rest, end, scan);
    }
}

/// A zip whose directory is at the end of something else.
fn zip_behind(bytes: &Bytes, end: Option<usize>, scan: &mut Scan<'_>) -> bool {
    let kind = scan.about.kind;
    let looked_at = kind.family() == Family::Image
        || matches!(
            kind,
            Kind::Exe | Kind::Pdf | Kind::Html | Kind::Rtf | Kind::Text | Kind::Svg | Kind::Hta
        );
    let tail = bytes.get(bytes.len().saturating_sub((64 << 10) + 22)..).unwrap_or(bytes);
    if !looked_at || memmem::rfind(tail, b"PK\x05\x06").is_none() {
        return false;
    }
    let reader = ZipReader::open(bytes);
    let range = reader.range();
    let members = reader.entries().iter().filter(|e| e.central && e.present && !e.folder).count();
    // A file that a PDF embeds as it is has the rest of the PDF behind it.
    let enclosed = kind == Kind::Pdf && end.is_some_and(|end| end > range.end);
    if members == 0 || enclosed {
        return false;
    }
    if kind != Kind::Exe {
        let text = format!("{} and zip with {members} members", kind.name());
        scan.find(Id::FmtPolyglot, Place::offset(range.start), text);
    }
    zip::members(&reader, "zip", scan);
    true
}

/// Another format that begins behind a picture.
fn behind(rest: &Bytes, end: usize, scan: &mut Scan<'_>) {
    let head = rest.get(..64 << 10).unwrap_or(rest);
    let found =
        BEHIND.iter().filter_map(|(magic, name)| memmem::find(head, magic).map(|at| (at, *name))).min();
    let program = magic_at(rest, 0, b"MZ").then_some((0, "exe"));
    let Some((at, name)) = program.or(found) else { return };
    let text = format!("{} and {name}", scan.about.kind.name());
    scan.find(Id::FmtPolyglot, Place::offset(end + at), text);
    scan.child(Child {
        name: format!("behind.{name}"),
        bytes: rest.slice(at..),
        size: (rest.len() - at) as u64,
        relation: Relation::Embedded,
        ..Child::default()
    });
}

/// What phones write behind a photograph: more pictures, a film, a maker's own records.
fn phone(rest: &[u8]) -> bool {
    let start = rest.iter().position(|b| *b != 0).unwrap_or(0);
    let film = rest.get(start..start + 16).is_some_and(|head| memmem::find(head, b"ftyp").is_some());
    magic_at(rest, start, b"\xFF\xD8\xFF")
        || film
        || rest.ends_with(b"SEFT")
        || memmem::find(rest, b"SEFH").is_some()
}

/// Where the format's own bytes end.
fn end(kind: Kind, bytes: &[u8]) -> Option<usize> {
    match kind {
        Kind::Png => png(bytes),
        Kind::Gif => gif(bytes),
        Kind::Jpeg => jpeg(bytes),
        Kind::Webp => Some(8_usize.saturating_add(u32_at(bytes, 4)? as usize)),
        Kind::Pdf => memmem::rfind(bytes, b"%%EOF").map(|at| at + 5),
        Kind::SevenZip => {
            let size = u64_at(bytes, 12)?.checked_add(u64_at(bytes, 20)?)?.checked_add(32)?;
            usize::try_from(size).ok()
        }
        Kind::Zip
        | Kind::Jar
        | Kind::Docx
        | Kind::Xlsx
        | Kind::Xlsb
        | Kind::Pptx
        | Kind::Odf
        | Kind::Visio => {
            let at = memmem::rfind(bytes, b"PK\x05\x06")?;
            let comment = super::bytes::u16_at(bytes, at + 20)?;
            Some((at + 22).saturating_add(comment.into()))
        }
        _ => None,
    }
}

/// Length, type, data, checksum, until `IEND`.
fn png(bytes: &[u8]) -> Option<usize> {
    let mut at = 8_usize;
    loop {
        let size = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
        let last = magic_at(bytes, at + 4, b"IEND");
        at = at.checked_add(12)?.checked_add(size as usize)?;
        if last {
            return Some(at);
        }
    }
}

/// Segments with lengths, and scans that end at the next marker, until the end of the picture.
fn jpeg(bytes: &[u8]) -> Option<usize> {
    let mut at = 2_usize;
    loop {
        let skipped = memchr::memchr(0xFF, bytes.get(at..)?)?;
        at += skipped;
        match *bytes.get(at + 1)? {
            0xD9 => return Some(at + 2),
            0xFF => at += 1,
            0x00 | 0x01 | 0xD0..=0xD8 => at += 2,
            _ => at += 2 + usize::from(u16::from_be_bytes(bytes.get(at + 2..at + 4)?.try_into().ok()?)),
        }
    }
}

/// Colour tables, extensions and pictures, each a chain of short blocks, until the trailer.
fn gif(bytes: &[u8]) -> Option<usize> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13_usize + table(*bytes.get(10)?);
    loop {
        match *bytes.get(at)? {
            0x3B => return Some(at + 1),
            0x21 => at += 2,
            0x2C => at += 11 + table(*bytes.get(at + 9)?),
            _ => return None,
        }
        loop {
            let size = usize::from(*bytes.get(at)?);
            at += size + 1;
            if size == 0 {
                break;
            }
        }
    }
}

/// The same byte again and again at the end of a file that something can be done with.
fn inflated(bytes: &Bytes, scan: &mut Scan<'_>) {
    use Family as F;
    let family = scan.about.kind.family();
    let matters =
        matches!(family, F::Office | F::Program | F::Page | F::Script | F::Shortcut | F::Document | F::Text);
    let Some(last) = bytes.last().filter(|_| matters && bytes.len() > INFLATED_MIN) else { return };
    let block = [*last; 4_096];
    let run = bytes
        .rchunks(block.len())
        .take_while(|chunk| block.starts_with(chunk))
        .map(<[u8]>::len)
        .sum::<usize>();
    if run >= INFLATED_MIN && run >= bytes.len() / 2 {
        scan.find(Id::FmtInflated, Place::offset(bytes.len() - run), format!("{run} bytes of {last:#04x}"));
    }
}

/// A page under a document's name carries macros.
fn active_mime(bytes: &[u8], scan: &mut Scan<'_>) {
    let office = crate::extensions::class(&crate::kind::extension(&scan.about.name))
        == crate::extensions::Class::Office;
    let carries =
        || memmem::find(bytes, b"QWN0aXZlTWltZQ").is_some() || memmem::find(bytes, b"ActiveMime").is_some();
    if office && carries() {
        scan.find_as(
            Id::FmtExtMismatch,
            Severity::Medium,
            Derived::Static,
            "",
            "page with ActiveMime, named as a document",
        );
    }
}
