//! Objects as OLE 1 wrote them, which RTF still carries, and the packages ("Object Packager") in them.

use bytes::Bytes;

use crate::{
    Derived, Id, IndicatorKind, Kind, Place, Relation, Severity, extensions,
    kind::{Family, extension},
    scan::{Child, Scan},
    sniff::sniff,
};

/// Bytes of a name in an object.
/// What has a longer one is no such object; its bytes are looked through all the same.
const NAME_BYTES_MAX: usize = 4_096;

/// An object of OLE 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ole1<'o> {
    /// It is a link; otherwise the object is in it.
    pub(crate) linked: bool,
    pub(crate) class: &'o [u8],
    /// For a link: the file.
    pub(crate) topic: &'o [u8],
    pub(crate) item: &'o [u8],
    /// The object itself, as far as it is there.
    pub(crate) native: &'o [u8],
}

/// Reads the header of an OLE 1 object; `None` when there is none.
pub(crate) fn parse(bytes: &[u8]) -> Option<Ole1<'_>> {
    let mut at = Reader { rest: bytes };
    let _version = at.u32()?;
    let format = at.u32()?;
    // Word looks at the low byte only.
    let linked = match format & 0xFF {
        1 => true,
        2 => false,
        _ => return None,
    };
    let class = at.counted()?;
    let topic = at.counted()?;
    let item = at.counted()?;
    if linked {
        return Some(Ole1 { linked, class: trim(class), topic: trim(topic), item: trim(item), native: &[] });
    }
    // The size may be wrong: what is there counts, and Word needs no more of a compound file than that.
    let size = at.u32().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let native = at.rest.get(..size).filter(|n| !n.is_empty()).unwrap_or(at.rest);
    Some(Ole1 { linked, class: trim(class), topic: trim(topic), item: trim(item), native })
}

fn trim(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// A packaged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package<'o> {
    pub(crate) label: String,
    pub(crate) file: String,
    pub(crate) temp: String,
    pub(crate) data: &'o [u8],
}

/// Reads a package; `sized` when its size stands before it, as in the stream `\x01Ole10Native`.
pub(crate) fn package(bytes: &[u8], sized: bool) -> Option<Package<'_>> {
    let mut at = Reader { rest: bytes };
    if sized {
        at.u32()?;
    }
    if at.u16()? != 2 {
        return None;
    }
    let label = at.terminated()?;
    let file = at.terminated()?;
    // Reserved, then 3 for a file that is inside, 1 for one that is only linked.
    at.u16()?;
    let inside = at.u16()? != 1;
    let temp = at.counted()?;
    let size = if inside { at.u32()? } else { 0 };
    let data = at.rest.get(..usize::try_from(size).ok()?).unwrap_or(at.rest);
    Some(Package {
        label: text(label),
        file: text(file),
        temp: text(trim(temp)),
        data: if inside { data } else { &[] },
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec())
        .unwrap_or_else(|_| encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned())
}

/// A part of a path behind the last slash.
fn last(path: &str) -> &str {
    path.rsplit(['\\', '/']).next().unwrap_or(path)
}

/// What kind of file a package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carried {
    /// It runs when it is opened.
    Runs,
    /// A document or picture.
    Harmless,
    /// Anything else.
    Other,
}

/// Judges a package by its names and its content, notes it and hands its file over.
pub(crate) fn carry(package: &Package<'_>, place: &Place, scan: &mut Scan<'_>) -> Carried {
    let name = [&package.label, &package.file, &package.temp]
        .into_iter()
        .map(|path| last(path))
        .find(|name| name.contains('.'))
        .unwrap_or_else(|| last(&package.label))
        .to_owned();
    let kind = sniff(package.data, "", None);
    let by_name = [&package.label, &package.file, &package.temp]
        .into_iter()
        .any(|path| extensions::runs(&extension(path.trim_end_matches([' ', '.', '\0']))));
    let by_content = matches!(kind.family(), Family::Program | Family::Script | Family::Shortcut)
        || matches!(kind, Kind::Hta | Kind::Wsf | Kind::OneNote);
    scan.active = true;
    scan.indicate(IndicatorKind::Filename, &name, place.clone());
    let names = format!("{} ({}, {})", package.label, package.file, package.temp);
    let carried = if by_name || by_content {
        scan.find(Id::OlePackageExec, place.clone(), &names);
        Carried::Runs
    } else {
        scan.find_as(Id::OlePackage, Severity::Info, Derived::Static, place.clone(), &names);
        // Archives and pages are read as files of their own.
        let known = matches!(
            kind.family(),
            Family::Document | Family::Image | Family::Office | Family::Text | Family::Archive | Family::Mail
        ) || kind == Kind::Html;
        if known { Carried::Harmless } else { Carried::Other }
    };
    if !package.data.is_empty() {
        scan.child(Child {
            name,
            bytes: Bytes::copy_from_slice(package.data),
            relation: Relation::Embedded,
            ..Child::default()
        });
    }
    carried
}

struct Reader<'o> {
    rest: &'o [u8],
}

impl<'o> Reader<'o> {
    fn take(&mut self, n: usize) -> Option<&'o [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn counted(&mut self) -> Option<&'o [u8]> {
        let size = usize::try_from(self.u32()?).ok().filter(|n| *n <= NAME_BYTES_MAX)?;
        self.take(size)
    }

    fn terminated(&mut self) -> Option<&'o [u8]> {
        let end = memchr::memchr(0, self.rest)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(text)
    }
}
