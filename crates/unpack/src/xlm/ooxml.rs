//! Workbooks in OOXML packages: the XML parts and the binary ones, read through a door that the package opens.
//!
//! Parts are found by relations and never by their names. A workbook may mix XML and binary parts; which of the two
//! a part is, its first bytes say.

use std::rc::Rc;

use bytes::Bytes;

use super::{
    model::{SheetKind, Workbook},
    ptg::Links,
};
use crate::Budget;

mod biff12;
mod drawing;
mod sheet;
mod strings;
mod styles;
mod workbook;
pub(crate) mod xml;

/// A relation of a part.
#[derive(Debug, Clone, Default)]
pub(crate) struct Relation {
    pub(crate) id: String,
    /// The relation type, a URI.
    pub(crate) kind: String,
    /// Part name without the leading slash, resolved against the part that has the relation; or the URL.
    pub(crate) target: String,
    pub(crate) external: bool,
}

impl Relation {
    /// Whether its type ends so, as those of transitional and strict files both do.
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(kind))
    }
}

/// How parts of a package are got.
pub(crate) trait Parts {
    /// A part's bytes; names are compared in whatever case, with either slash.
    fn part(&mut self, name: &str) -> Option<Bytes>;
    /// Relations of a part; of the package for an empty name.
    fn relations(&mut self, of: &str) -> Vec<Relation>;
}

/// A workbook and what only its package knows.
pub(crate) struct Read {
    pub(crate) book: Workbook,
    /// Declared type of the main part.
    pub(crate) main_type: Option<String>,
}

/// What all parts are read with.
struct Reading<'a> {
    parts: &'a mut dyn Parts,
    budget: &'a mut Budget,
    book: Workbook,
    strings: Vec<Rc<str>>,
    links: Links,
    has_macros: bool,
    cells: usize,
}

/// A sheet as the workbook lists it; in the order of [`Workbook::sheets`].
struct Listed {
    relation: String,
}

/// Reads the workbook of a package.
pub(crate) fn read_workbook(parts: &mut dyn Parts, budget: &mut Budget) -> Option<Read> {
    let main = parts.relations("").into_iter().find(|r| r.is("officeDocument") && !r.external)?.target;
    let main_type = parts.part("[Content_Types].xml").and_then(|types| declared_type(&types, &main));
    let bytes = parts.part(&main)?;
    let relations = parts.relations(&main);
    let mut reading = Reading {
        parts,
        budget,
        book: Workbook::default(),
        strings: Vec::new(),
        links: Links::default(),
        has_macros: false,
        cells: 0,
    };
    let inner = |kind: &str| relations.iter().find(|r| r.is(kind) && !r.external).map(|r| r.target.clone());
    if let Some(name) = inner("sharedStrings") {
        reading.shared_strings(&name);
    }
    let binary = is_binary(&bytes);
    let (listed, names) = if binary { reading.binary_workbook(&bytes) } else { reading.workbook(&bytes) };
    drop(bytes);
    let targets: Vec<Option<&Relation>> =
        listed.iter().map(|l| relations.iter().find(|r| r.id == l.relation && !r.external)).collect();
    for (sheet, relation) in reading.book.sheets.iter_mut().zip(&targets) {
        sheet.kind = match relation {
            Some(r) if r.is("xlMacrosheet") || r.is("xlIntlMacrosheet") => SheetKind::Macro,
            Some(r) if r.is("chartsheet") => SheetKind::Chart,
            _ => SheetKind::Work,
        };
        reading.has_macros |= sheet.kind == SheetKind::Macro;
    }
    if let Some(name) = inner("styles") {
        reading.styles(&name);
    }
    match names {
        workbook::Names::Text(names) => reading.names(names),
        workbook::Names::Tokens(names) => reading.binary_names(names),
    }
    if let Some(name) = inner("connections") {
        reading.connections(&name);
    }
    for (index, target) in targets.iter().enumerate() {
        match target {
            Some(relation) => reading.sheet(index, &relation.target),
            None => reading.defect("a sheet has no part"),
        }
    }
    Some(Read { book: reading.book, main_type })
}

/// Whether a part is a sequence of records and not XML.
fn is_binary(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    !matches!(text, [b'<', ..] | [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, b'<', ..])
}

/// The type that the package declares for a part.
fn declared_type(types: &[u8], part: &str) -> Option<String> {
    let text = xml::utf8(types);
    let mut reader = xml::Xml::new(&text);
    let extension = part.rsplit('.').next().unwrap_or_default();
    let mut by_extension = None;
    while let Some(event) = reader.next() {
        let xml::Event::Open(element) = event else { continue };
        let same = |name: &str| {
            let name = name.trim_start_matches(['/', '\\']).replace('\\', "/");
            name.eq_ignore_ascii_case(part)
        };
        match element.name.as_ref() {
            "Override" if element.get("PartName").is_some_and(|n| same(&n)) => {
                return element.get("ContentType");
            }
            "Default" if element.get("Extension").is_some_and(|e| e.eq_ignore_ascii_case(extension)) => {
                by_extension = element.get("ContentType");
            }
            _ => {}
        }
    }
    by_extension
}

impl Reading<'_> {
    fn defect(&mut self, what: &str) {
        // There are fewer kinds than that.
        if self.book.defects.len() < 64 && !self.book.defects.iter().any(|d| d == what) {
            self.book.defects.push(what.to_owned());
        }
    }

    /// A sheet, its drawings and links.
    fn sheet(&mut self, index: usize, part: &str) {
        match self.parts.part(part) {
            Some(bytes) if is_binary(&bytes) => self.binary_sheet(index, &bytes),
            Some(bytes) => self.xml_sheet(index, &bytes),
            None => self.defect("the part of a sheet is missing"),
        }
        // A package reads no more relations of a part than its own limit.
        for relation in self.parts.relations(part) {
            if relation.external {
                // All relations to the outside are judged with the package.
                if relation.is("hyperlink") && self.book.hyperlinks.len() < 4_096 {
                    self.book.hyperlinks.push(relation.target);
                }
            } else if ["drawing", "vmlDrawing", "comments", "threadedComment"].iter().any(|k| relation.is(k))
            {
                self.drawing(index, &relation.target);
            }
        }
    }
}

#[cfg(test)]
mod tests;
