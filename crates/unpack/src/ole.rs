//! Compound files and what they carry: documents of Office before 2007, encrypted newer ones, objects.
//!
//! [`analyse`] decides what the file is by its streams, then every part is read by its own module: [`props`] the
//! properties, [`word`] and [`slides`] the texts, [`objects`] packages, equations and links, [`crypto`] what is
//! encrypted; workbooks go to `xlm`, macros to `vba`, messages to `mail`. [`cfb`] reads the container and never fails.

pub(crate) mod cfb;
mod clsid;
pub(crate) mod codepage;
mod crypto;
pub(crate) mod objects;
pub(crate) mod props;
mod slides;
mod word;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::{
    Derived, Id, Kind, Relation, Severity,
    scan::{Child, Scan},
    vba, xlm,
};
use cfb::Cfb;

/// Bytes behind the end that are no padding.
const OVERLAY_MIN: usize = 64;
/// Bytes behind the end that are there to be too many.
const INFLATED_MIN: usize = 16 << 20;
/// Workbooks in one file: its own and those that are embedded.
const BOOKS_MAX: usize = 16;

/// Reads a compound file.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let Some(cfb) = Cfb::open(bytes) else {
        scan.find(Id::OleAnomaly, "", "the header is cut off");
        return;
    };
    scan.about.kind = kind(&cfb);
    anomalies(&cfb, scan);
    match scan.about.kind {
        Kind::Msg => crate::mail::msg::analyse(&cfb, scan),
        Kind::Msi => {}
        _ => document(&cfb, scan),
    }
    scan.budget.gaps.extend(&cfb.gaps());
}

/// A document of Office, or objects without one.
fn document(cfb: &Cfb, scan: &mut Scan<'_>) {
    let mut strings = props::analyse(cfb, scan);
    scan.facts.office.get_or_insert_default().application = application(scan.about.kind).to_owned();
    if let Some(lock) = crypto::lock(cfb, scan.about.kind) {
        crypto::analyse(cfb, lock, scan);
        return;
    }
    let pool = cfb.entries().iter().any(|e| e.is_storage() && e.is_named("ObjectPool"));
    scan.facts.office.get_or_insert_default().object_pool = pool;
    if let Some(document) = cfb.find_stream("WordDocument") {
        strings.extend(word::analyse(cfb, &document, scan));
    }
    let inner = match cfb.find_stream("PowerPoint Document") {
        Some(stream) => slides::analyse(&stream, scan),
        None => Vec::new(),
    };
    objects::analyse(cfb, scan);
    embedded(inner, &strings, scan);
    let project = vba::project::read(cfb, scan);
    books(cfb, project.as_ref(), &strings, scan);
}

/// What the file is, by the streams at its top; an orphan counts where the tree has none.
fn kind(cfb: &Cfb) -> Kind {
    let top = |name: &str| cfb.find(name).is_some();
    if top("EncryptedPackage") && top("EncryptionInfo") {
        Kind::OleEncrypted
    } else if top("Workbook") || top("Book") {
        Kind::Excel
    } else if top("WordDocument") {
        Kind::Word
    } else if top("PowerPoint Document") {
        Kind::PowerPoint
    } else if top("__properties_version1.0") {
        Kind::Msg
    } else if cfb.entries().iter().any(|e| e.name.chars().next().is_some_and(packed)) {
        Kind::Msi
    } else {
        Kind::Ole
    }
}

/// Names of an installer's tables are packed into a block of their own.
fn packed(c: char) -> bool {
    ('\u{3800}'..='\u{4840}').contains(&c)
}

fn application(kind: Kind) -> &'static str {
    match kind {
        Kind::Excel => "excel",
        Kind::Word => "word",
        Kind::PowerPoint => "powerpoint",
        _ => "",
    }
}

fn anomalies(cfb: &Cfb, scan: &mut Scan<'_>) {
    for anomaly in cfb.anomalies() {
        // Harmless by itself: some writers leave rubbish there.
        let harmless = *anomaly == cfb::STREAM_WITH_CLASS;
        let severity = if harmless { Severity::Info } else { Id::OleAnomaly.severity() };
        scan.find_as(Id::OleAnomaly, severity, Derived::Static, "", anomaly);
    }
    let orphans = cfb.entries().iter().filter(|e| e.orphan && e.is_stream() && e.size > 0).count();
    if orphans > 0 {
        // Editors leave deleted streams there; code among them is found by its bytes.
        let evidence = format!("{orphans} streams outside the tree");
        scan.find_as(Id::OleAnomaly, Severity::Info, Derived::Static, "", evidence);
    }
    overlay(cfb, scan);
}

/// What stands behind the end: data, padding that is no whole sector, or so much of it that scanners give up.
fn overlay(cfb: &Cfb, scan: &mut Scan<'_>) {
    let overlay = cfb.overlay();
    let data = overlay.iter().filter(|b| **b != 0).take(OVERLAY_MIN).count() >= OVERLAY_MIN;
    // Office writes whole sectors, and free ones among them are no surprise.
    let odd = overlay.len() > cfb.sector_size() && !cfb.bytes().len().is_multiple_of(cfb.sector_size());
    if data || odd {
        let what = if data { "bytes" } else { "zeros" };
        scan.find(Id::FmtOverlay, "", format!("{} {what} behind the last sector", overlay.len()));
    }
    if overlay.len() >= INFLATED_MIN && overlay.len() > cfb.bytes().len() / 2 {
        scan.find(
            Id::FmtInflated,
            "",
            format!("{} of {} bytes are padding", overlay.len(), cfb.bytes().len()),
        );
    }
}

/// Compound files in a presentation: its macros are read here, objects are files of their own.
fn embedded(inner: Vec<Bytes>, strings: &[(String, String)], scan: &mut Scan<'_>) {
    for (n, bytes) in inner.into_iter().enumerate() {
        let Some(cfb) = Cfb::open(&bytes) else { continue };
        let macros = cfb.entries().iter().any(|e| e.is_storage() && e.is_named("VBA"));
        if let Some(project) = macros.then(|| vba::project::read(&cfb, scan)).flatten() {
            vba::analyse(&project, strings, scan);
            scan.budget.gaps.extend(&cfb.gaps());
            continue;
        }
        let name = format!("object {}", n + 1);
        scan.child(Child { name, bytes, relation: Relation::Embedded, ..Child::default() });
    }
}

/// Workbooks: the file's own stream first, then those of embedded workbooks. Macros read and write the first one.
fn books(cfb: &Cfb, mut project: Option<&vba::Project>, strings: &[(String, String)], scan: &mut Scan<'_>) {
    let named = |e: &&cfb::Entry| e.is_stream() && (e.is_named("Workbook") || e.is_named("Book"));
    let mut books = scan.most(cfb.entries().iter().filter(named), BOOKS_MAX, "workbooks");
    // An old copy beside the new one is what old versions read.
    books.sort_by_key(|e| (e.parent != Some(0), e.is_named("Book")));
    for entry in books {
        let stream = cfb.stream(entry);
        if stream.is_empty() {
            continue;
        }
        let mut book = xlm::read_workbook_stream(&stream, scan);
        match project.take() {
            Some(project) => vba::analyse_with_book(project, strings, &mut book, scan),
            None => xlm::conclude(&mut book, scan),
        }
    }
    if let Some(project) = project {
        vba::analyse(project, strings, scan);
    }
}
