//! OOXML packages: documents, workbooks and presentations, whatever their parts are called.
//!
//! Every part is looked at, also those that nothing refers to. XML is read by the names of its elements ([`walk`]),
//! properties become facts ([`props`]), relations to the outside are judged ([`relations`]). Macro projects are read
//! here, together with the strings that their code may read out of the document; sheets are read by [`crate::xlm`];
//! everything else that is a file of its own becomes a child.

pub(crate) mod props;
pub(crate) mod relations;
#[cfg(test)]
mod tests;
pub(crate) mod walk;

use bytes::Bytes;
use memchr::memmem;
use rustc_hash::FxHashMap;

use crate::{
    Budget, Id, Kind, Place, Relation,
    kind::Family,
    office::{
        package::{PARTS_MAX, Package, Part},
        xml,
    },
    ole::cfb::Cfb,
    scan::{Child, PICTURE_LARGE, PICTURE_WORDS, Scan, TextKind},
    sniff::sniff,
    vba,
    xlm::{self, model::Workbook, ooxml::Parts},
};
use walk::Gathered;

/// Pictures that are handed on; more are counted only, which hides nothing that acts.
const PICTURES_MAX: u32 = 64;
/// Packed bytes of a part whose entities are weighed where nothing else of it is needed.
const BOMB_BYTES_MAX: u64 = 4_096;
/// Other files that are handed on.
const CHILDREN_MAX: usize = 256;
/// Roots of a workbook's parts, which the reader of workbooks reads.
const SHEET_ROOTS: [&str; 10] = [
    "worksheet",
    "macrosheet",
    "dialogsheet",
    "chartsheet",
    "sst",
    "styleSheet",
    "workbook",
    "calcChain",
    "theme",
    "pivotCacheRecords",
];

/// Reads an OOXML package in a zip.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let package = Package::of_zip(bytes, scan.budget);
    package.zip().report(scan);
    read(&package, scan);
}

/// Reads an OOXML package.
pub(crate) fn read(package: &Package, scan: &mut Scan<'_>) {
    if package.more {
        scan.over(PARTS_MAX, "parts of a package");
    }
    let main_type = package.main().map(|p| p.content_type.clone()).unwrap_or_default();
    if let Some(kind) = kind(&main_type).filter(|_| scan.about.kind != Kind::FlatOpc) {
        scan.about.kind = kind;
    }
    scan.facts.office.get_or_insert_default().application =
        application(&main_type, scan.about.kind).to_owned();
    let mut reading = Reading {
        package,
        ways: package.ways(),
        excel: matches!(scan.about.kind, Kind::Xlsx | Kind::Xlsb) || main_type.contains("spreadsheet"),
        all: Gathered::default(),
        projects: Vec::new(),
        children: 0,
        macros: None,
    };
    relations::check(package, scan);
    for part in package.parts() {
        reading.part(part, scan);
    }
    reading.conclude(&main_type, scan);
}

fn kind(main_type: &str) -> Option<Kind> {
    let has = |word: &str| main_type.contains(word);
    if has("ms-excel.sheet.binary") {
        Some(Kind::Xlsb)
    } else if has("spreadsheetml") || has("ms-excel") {
        Some(Kind::Xlsx)
    } else if has("presentationml") || has("ms-powerpoint") {
        Some(Kind::Pptx)
    } else if has("visio") {
        Some(Kind::Visio)
    } else if has("wordprocessingml") || has("ms-word") {
        Some(Kind::Docx)
    } else {
        None
    }
}

fn application(main_type: &str, kind: Kind) -> &'static str {
    match kind {
        Kind::Xlsx | Kind::Xlsb => "excel",
        Kind::Pptx => "powerpoint",
        Kind::Visio => "visio",
        Kind::FlatOpc if main_type.contains("presentation") => "powerpoint",
        _ => "word",
    }
}

struct Reading<'p> {
    package: &'p Package,
    /// Types of the relations that lead to each part.
    ways: FxHashMap<String, Vec<String>>,
    excel: bool,
    all: Gathered,
    projects: Vec<(String, Bytes)>,
    children: u32,
    /// The macro project, which only a file with macros may have (macro sheets are judged with the workbook).
    macros: Option<String>,
}

impl Reading<'_> {
    fn part(&mut self, part: &Part, scan: &mut Scan<'_>) {
        let lower = part.name.to_lowercase();
        let ways = self.ways.get(&lower).cloned().unwrap_or_default();
        let way = |name: &str| ways.iter().any(|w| w == name);
        if lower.ends_with(".rels")
            || lower == "[content_types].xml"
            || self.excel && sheet_data(&part.content_type)
        {
            return self.entities_of(part, scan);
        }
        let Some(bytes) = self.package.read(part, scan.budget).filter(|b| !b.is_empty()) else { return };
        crate::entities::check(&bytes, Place::new(&part.name), scan);
        if xml::looks_like(&bytes) && !way("afchunk") && !part.content_type.contains("html") {
            return self.markup(
                &part.name,
                &bytes,
                way("customxml") || lower.starts_with("customxml/"),
                scan,
            );
        }
        let embedded =
            ["oleobject", "package", "control", "activexcontrolbinary", "afchunk"].into_iter().any(way);
        if !embedded && Cfb::is(&bytes) && (way("vbaproject") || holds_project(&bytes)) {
            mismatch(part, &ways, scan);
            self.macros.get_or_insert_with(|| part.name.clone());
            self.projects.push((part.name.clone(), bytes));
            return;
        }
        self.hand_on(part, bytes, embedded, scan);
    }

    /// Parts that are read elsewhere: a bomb has a document type, and is small.
    fn entities_of(&self, part: &Part, scan: &mut Scan<'_>) {
        let small = self.package.packed_size(part).is_some_and(|size| size <= BOMB_BYTES_MAX);
        if small && let Some(bytes) = self.package.read(part, scan.budget) {
            crate::entities::check(&bytes, Place::new(&part.name), scan);
        }
    }

    fn markup(&mut self, name: &str, bytes: &[u8], loose: bool, scan: &mut Scan<'_>) {
        let text = xml::decode(bytes);
        match root(&text).as_str() {
            "coreProperties" | "Properties" => props::read(name, &text, &mut self.all, scan),
            root if self.excel && SHEET_ROOTS.contains(&root) => {}
            _ => walk::part(name, &text, loose, &mut self.all, scan),
        }
    }

    /// What is a file of its own becomes a child.
    fn hand_on(&mut self, part: &Part, bytes: Bytes, embedded: bool, scan: &mut Scan<'_>) {
        let kind = sniff(&bytes, &part.name, None);
        let picture = kind.family() == Family::Image || part.content_type.starts_with("image/");
        let office = scan.facts.office.get_or_insert_default();
        if picture && !part.name.to_lowercase().contains("thumbnail") {
            office.images = office.images.saturating_add(1);
            if office.images > PICTURES_MAX {
                scan.aside(format!("pictures behind the first {PICTURES_MAX}"));
                return;
            }
        }
        let known = !matches!(kind.family(), Family::Other | Family::Media);
        if !(known || embedded) || kind == Kind::Empty {
            return;
        }
        if !scan.budget.gaps.room(self.children as usize, CHILDREN_MAX, "files in a document") {
            return;
        }
        self.children += 1;
        scan.active |= embedded && !picture && packaged(&bytes);
        let nested =
            matches!(kind.family(), Family::Archive | Family::Office | Family::Mail) && kind != Kind::Ole;
        scan.child(Child {
            name: part.name.clone(),
            declared: Some(part.content_type.clone()).filter(|t| !t.is_empty()),
            relation: if embedded { Relation::Embedded } else { Relation::Part },
            same_depth: !nested,
            bytes,
            ..Child::default()
        });
    }

    /// What only all parts together say.
    fn conclude(mut self, main_type: &str, scan: &mut Scan<'_>) {
        let plain = main_type.ends_with("main+xml") && !main_type.contains("macroenabled");
        if let Some(part) = self.macros.as_ref().filter(|_| plain) {
            scan.find(Id::FmtTypeMismatch, Place::new(part), format!("in a file of the type {main_type}"));
        }
        finish(&mut self.all, scan);
        let mut book = None;
        if self.excel {
            let steps = scan.budget.steps_left();
            let mut door = Door { package: self.package, budget: scan.budget.clone(), spent: 0 };
            book = xlm::read_ooxml(&mut door, scan);
            scan.budget.spend_bytes(door.spent);
            scan.budget.spend_as(&door.budget, steps);
        }
        for (name, bytes) in &self.projects {
            project(name, bytes, &self.all.strings, &mut book, scan);
        }
        if let Some(mut book) = book {
            xlm::conclude(&mut book, scan);
        }
    }
}

/// Facts of all texts, and files that stand in the XML.
pub(crate) fn finish(all: &mut Gathered, scan: &mut Scan<'_>) {
    let office = scan.facts.office.get_or_insert_default();
    office.words = u32::try_from(all.words).unwrap_or(u32::MAX);
    office.slides = all.slides;
    let (size, words) = (all.largest, all.words);
    if office.application == "word" && size >= PICTURE_LARGE && words < PICTURE_WORDS {
        scan.looks.picture_only = Some(format!("a picture of {size:.0} cm² and {words} words"));
    }
    scan.looks.unseen = all.unseen.take();
    if !all.shown.trim().is_empty() {
        scan.facts.text = Some(std::mem::take(&mut all.shown));
    }
    for (name, text) in scan.most(all.binary.drain(..), PICTURES_MAX as usize, "binary parts of a document") {
        let bytes = super::package::decode(&text);
        scan.budget.spend_bytes(bytes.len() as u64);
        scan.child(Child { name, bytes, relation: Relation::Part, same_depth: true, ..Child::default() });
    }
}

/// Reads a macro project with the strings and the workbook that its code may read; the first project takes the workbook.
fn project(
    name: &str,
    bytes: &Bytes,
    strings: &[(String, String)],
    book: &mut Option<Workbook>,
    scan: &mut Scan<'_>,
) {
    let Some(cfb) = Cfb::open(bytes) else { return };
    let Some(project) = vba::project::read(&cfb, scan) else {
        return scan.text(TextKind::Meta, name, "macro project");
    };
    match book.take() {
        Some(mut book) => vba::analyse_with_book(&project, strings, &mut book, scan),
        None => vba::analyse(&project, strings, scan),
    }
    scan.budget.gaps.extend(&cfb.gaps());
}

/// A project under another name, type or relation than it should have.
fn mismatch(part: &Part, ways: &[String], scan: &mut Scan<'_>) {
    let name = part.name.rsplit('/').next().unwrap_or_default();
    let wrong = if !part.content_type.ends_with("vbaproject") {
        Some(format!("content type {}", part.content_type))
    } else if !ways.is_empty() && !ways.iter().any(|w| w == "vbaproject") {
        Some(format!("relation {}", ways.join(", ")))
    } else if !name.eq_ignore_ascii_case("vbaProject.bin") {
        Some(format!("name {name}"))
    } else {
        None
    };
    if let Some(wrong) = wrong {
        scan.active = true;
        scan.find(Id::OoxmlPartMismatch, Place::new(&part.name), wrong);
    }
}

/// A stream name that only macro projects have.
fn holds_project(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"_\0V\0B\0A\0_\0P\0R\0O\0J\0E\0C\0T\0").is_some()
}

/// An object that holds a file, not a document of Office itself.
fn packaged(bytes: &[u8]) -> bool {
    !Cfb::is(bytes) && !bytes.starts_with(b"PK")
        || memmem::find(&bytes.to_ascii_lowercase(), b"\x01\0o\0l\0e\x001\x000\0n\0a\0t\0i\0v\0e\0").is_some()
}

/// Binary and XML parts that hold cells.
fn sheet_data(content_type: &str) -> bool {
    let has = |word: &str| content_type.contains(word);
    (has("spreadsheetml") || has("ms-excel"))
        && ["worksheet", "macrosheet", "sharedstrings", "styles", "sheet.binary", "calcchain", "pivotcache"]
            .into_iter()
            .any(has)
}

/// The local name of the first element.
fn root(text: &str) -> String {
    let mut reader = xml::Reader::new(text);
    while let Some(event) = reader.next() {
        if let xml::Event::Open(e, _) = event {
            return String::from_utf8_lossy(e.name()).into_owned();
        }
    }
    String::new()
}

/// Parts for the reader of workbooks, on a budget that is settled afterwards.
struct Door<'p> {
    package: &'p Package,
    budget: Budget,
    spent: u64,
}

impl Parts for Door<'_> {
    fn part(&mut self, name: &str) -> Option<Bytes> {
        let bytes = self.package.read(self.package.find(name)?, &mut self.budget)?;
        self.spent = self.spent.saturating_add(bytes.len() as u64);
        Some(bytes)
    }

    fn relations(&mut self, of: &str) -> Vec<xlm::ooxml::Relation> {
        self.package.relations(of).to_vec()
    }
}
