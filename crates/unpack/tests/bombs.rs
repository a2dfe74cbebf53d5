//! Files that are made to cost: each ends within its limits, says so, and stays below eight times the input and 64 MiB.
//!
//! One test after the other measures here, for the counting allocator counts the whole process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

mod made;

use std::{
    io::Write as _,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use bytes::Bytes;
use peak_alloc::PeakAlloc;
use sekisho_unpack::{Hints, Input, Tree, unpack};
use zip::{CompressionMethod, write::SimpleFileOptions};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;
static ALONE: Mutex<()> = Mutex::new(());

/// What a bomb may take here: a debug build on a busy machine takes many times what a release build does.
const TIME_MAX: Duration = Duration::from_secs(40);

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Opens a file, checks time and memory, and that it is called what it is: one of these is found.
fn check(name: &str, bytes: Vec<u8>, any_of: &[&str]) {
    let found = look(name, bytes);
    let said = found.split(' ').any(|id| any_of.contains(&id));
    assert!(said, "{name}: {found:?} has none of {any_of:?}");
}

/// Opens a file, checks time and memory, and gives the findings, each once.
fn look(name: &str, bytes: Vec<u8>) -> String {
    let size = bytes.len();
    let input = Input { name: name.to_owned(), declared: None, bytes: Bytes::from(bytes) };
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let start = Instant::now();
    let tree = unpack("", vec![input], &Hints::default());
    let took = start.elapsed();
    let peak = MEMORY.peak_usage().saturating_sub(before);
    println!("{name}: {size} bytes, {} files, {took:?}, peak {} KiB", tree.files.len(), peak >> 10);
    assert!(took < TIME_MAX, "{name} took {took:?}");
    assert!(peak < (64 << 20) + 8 * size, "{name}: peak of {} KiB for {} KiB", peak >> 10, size >> 10);
    ids(&tree)
}

fn ids(tree: &Tree) -> String {
    let mut ids: Vec<&str> = tree.files.iter().flat_map(|f| &f.findings).map(|f| f.id.name()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.join(" ")
}

/// Something was left out, and that is said.
const LIMIT: &[&str] = &["SCAN-INCOMPLETE"];

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn zeros() {
    let _alone = alone();
    let zeros = vec![0; 16 << 20];
    // One gigabyte: members of each format may follow one another.
    let many = |one: Vec<u8>| one.repeat(64);
    let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bz.write_all(&zeros).unwrap();
    let (gz, bz) = (many(gzipped(&zeros)), many(bz.finish().unwrap()));
    let zip = zipped(&[("a.bin", &vec![0; 300 << 20])]);
    let docx = zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", &[b"<w:t>".as_slice(), &b"a ".repeat(50 << 20)].concat()),
    ]);
    drop(zeros);
    let twice = gzipped(&gz);
    check("a.zip", zip, &["ARC-BOMB-RATIO"]);
    for (name, bytes) in [("a.gz", gz), ("a.bz2", bz), ("a.gz.gz", twice), ("a.docx", docx)] {
        check(name, bytes, &["ARC-BOMB-RATIO", "SCAN-INCOMPLETE"]);
    }
}

#[test]
fn archives_in_archives() {
    let _alone = alone();
    let mut layer = zipped(&[("0.txt", &vec![0; 4 << 20])]);
    for _ in 0..7 {
        let names: Vec<String> = (0..16).map(|n| format!("{n}.zip")).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), layer.as_slice())).collect();
        layer = zipped(&members);
    }
    check("42.zip", layer, &["ARC-DEPTH"]);
    check("quine.zip", made::quine(), &["ARC-DEPTH"]);
    let mut mail = "Subject: a\r\n\r\nend".to_owned();
    for _ in 0..200 {
        mail = format!(
            "From: a@b.example\r\nTo: a@b.example\r\nSubject: a\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n{mail}"
        );
    }
    check("deep.eml", mail.into_bytes(), &["ARC-DEPTH"]);
}

#[test]
fn members_that_share_their_bytes() {
    let _alone = alone();
    check("overlap.zip", made::overlapping(5_000), &["ARC-OVERLAP"]);
    let names_of: Vec<String> = (0..60_000).map(|n| format!("{n}.txt")).collect();
    let members: Vec<(&str, &[u8])> = names_of.iter().map(|n| (n.as_str(), b"".as_slice())).collect();
    check("many.zip", zipped(&members), LIMIT);
}

#[test]
fn xml_that_multiplies_itself() {
    let _alone = alone();
    let mut entities = "<!ENTITY a0 \"ha\">".to_owned();
    for n in 1..30 {
        entities += &format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10));
    }
    let xml =
        format!("<?xml version='1.0'?><!DOCTYPE w [{entities}]><w:document xmlns:w='x'>&a29;</w:document>");
    let types = b"<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>".as_slice();
    for part in ["word/document.xml", "xl/workbook.xml", "ppt/presentation.xml", "_rels/.rels"] {
        let bytes = zipped(&[("[Content_Types].xml", types), (part, xml.as_bytes())]);
        check("laughs.docx", bytes, &["ARC-BOMB-RATIO"]);
    }
    check("laughs.svg", xml.replace("w:document", "svg").into_bytes(), &["ARC-BOMB-RATIO"]);
    check("laughs.html", xml.into_bytes(), &["ARC-BOMB-RATIO"]);
}

#[test]
fn files_that_point_at_themselves() {
    let _alone = alone();
    check("cycle.doc", made::cyclic_compound(), &["OLE-ANOMALY"]);
    check("cycle.pdf", made::cyclic_pdf(), LIMIT);
}

#[test]
fn macros_without_end() {
    let _alone = alone();
    let sylk = |lines: &[&str]| {
        let cells: String =
            lines.iter().enumerate().map(|(n, l)| format!("C;X1;Y{};K0;E{l}\n", n + 1)).collect();
        format!("ID;P\nO;E\nNN;NAuto_open;ER1C1\n{cells}E\n").into_bytes()
    };
    let loops: [&[&str]; 4] = [
        &["GOTO(R1C1)"],
        &["WHILE(TRUE)", "SET.NAME(\"a\",1)", "NEXT()", "RETURN()"],
        &["SET.NAME(\"a\",\"xxxxxxxxxxxxxxxx\")", "SET.NAME(\"a\",a&a)", "GOTO(R2C1)"],
        &["RUN(R1C1)"],
    ];
    for lines in loops {
        check("loop.slk", sylk(lines), &["XLM-EMU-LIMIT"]);
    }
    let vba = [
        "Do\nx = x + 1\nLoop",
        "s = \"a\"\nDo\ns = s & s\nLoop",
        "For i = 1 To 2000000000\nFor j = 1 To 2000000000\nx = x & Chr(i Mod 90)\nNext\nNext",
        "x = b(1)\nEnd Sub\nFunction b(n)\nb = c(n) & \"x\"\nEnd Function\nFunction c(n)\nc = b(n) & \"y\"\nEnd Function\nSub d()",
    ];
    for body in vba {
        let source = format!("Attribute VB_Name = \"M\"\r\nSub AutoOpen()\n{body}\nEnd Sub\n");
        check("vbaProject.bin", made::vba_project(&source.replace('\n', "\r\n")), &["VBA-EMU-LIMIT"]);
        let source = format!("Sub AutoOpen()\n{body}\nEnd Sub\nAutoOpen\n");
        check("loop.vbs", source.into_bytes(), LIMIT);
    }
    let scripts = [
        "while(true){a=1}",
        "var s='a';while(true){s+=s}",
        "function f(){f()};f()",
        "var a=[];for(;;){a.push('xxxxxxxxxxxxxxxxxxxx')}",
        "for(var i=0;i<1e9;i++){for(var j=0;j<1e9;j++){String.fromCharCode(i)}}",
    ];
    for script in scripts {
        check("loop.js", script.as_bytes().to_vec(), LIMIT);
        check("loop.html", format!("<html><script>{script}</script></html>").into_bytes(), LIMIT);
    }
}

#[test]
fn pictures_that_promise_too_much() {
    let _alone = alone();
    check("huge.png", made::png(60_000, 60_000), LIMIT);
    check("large.png", made::png(5_000, 5_000), LIMIT);
}

/// What is deeper than is read is said. What is only long, and tables and XML however deep, cost what their bytes cost
/// and need no limit.
#[test]
fn nesting() {
    let _alone = alone();
    let deep = |open: &str, close: &str, n: usize| {
        [open.repeat(n), "x".to_owned(), close.repeat(n)].concat().into_bytes()
    };
    let with = |head: &str, body: Vec<u8>| [head.as_bytes(), &body].concat();
    check("deep.rtf", with("{\\rtf1", deep("{", "}", 2_000_000)), LIMIT);
    look("wide.rtf", with("{\\rtf1", "{\\b a}".repeat(1_000_000).into_bytes()));
    check("object.rtf", with("{\\rtf1", deep("{\\object\\objemb{\\*\\objdata 01", "}}", 50_000)), LIMIT);
    check("deep.html", deep("<div><b>", "</b></div>", 300_000), LIMIT);
    check("tables.html", deep("<table><tr><td>", "", 200_000), LIMIT);
    check("deep.svg", with("<svg xmlns='http://www.w3.org/2000/svg'>", deep("<g>", "</g>", 500_000)), LIMIT);
    look("deep.xml", with("<?xml version='1.0'?>", deep("<a>", "</a>", 500_000)));
    for (open, close) in
        [("(", ")"), ("[", "]"), ("{", "}"), ("function(){", "}"), ("!", ""), ("a?", ":b"), ("`${", "}`")]
    {
        check("deep.js", with("var a=", deep(open, close, 200_000)), LIMIT);
    }
    check("deep.vbs", with("a = ", deep("(", ")", 300_000)), LIMIT);
    look("deep.ps1", with("$a = ", deep("(", ")", 300_000)));
    check("deep.pdf", with("%PDF-1.7\n1 0 obj\n", deep("[", "]", 500_000)), LIMIT);
    check("dicts.pdf", with("%PDF-1.7\n1 0 obj\n", deep("<</A", ">>", 300_000)), LIMIT);
    look(
        "objects.pdf",
        with("%PDF-1.7\n", "1 0 obj\n<</Type/Page/Kids[1 0 R]>>\nendobj\n".repeat(60_000).into_bytes()),
    );
    let head = "ID;P\nO;E\nNN;NAuto_open;ER1C1\nC;X1;Y1;K0;E";
    check("formula.slk", with(head, deep("CHAR(", ")", 100_000)), LIMIT);
    check("deep.ics", deep("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "END:VEVENT\r\n", 60_000), LIMIT);
}

#[test]
fn workbooks_of_a_million_cells() {
    let _alone = alone();
    check("sheet.xls", made::dense_sheet(1_000_000, 0x10), LIMIT);
    check("macros.xls", made::dense_sheet(1_000_001, 0x40), LIMIT);
    let rows: String = (1..=200_000).map(|r| format!("<row r=\"{r}\"><c r=\"A{r}\"><v>{r}</v></c><c r=\"B{r}\" t=\"str\"><f>A{r}&amp;\"x\"</f><v>x</v></c></row>")).collect();
    let sheet = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
    );
    let bytes = zipped(&made::workbook_parts(&sheet));
    drop((rows, sheet));
    check("sheet.xlsx", bytes, LIMIT);
    let csv = "1;2;3;4;5;6;7;8;9\r\n".repeat(1_200_000);
    check("table.csv", csv.into_bytes(), LIMIT);
}

/// What is more than is read is said, whatever the format.
#[test]
fn no_limit_is_silent() {
    let _alone = alone();
    let many = |head: &str, unit: &str, n: usize| format!("{head}{}", unit.repeat(n)).into_bytes();
    check("long.js", many("", "a=1;", 120_000), LIMIT);
    check("long.html", many("<script>", "a=1;", 120_000), LIMIT);
    check("long.ics", many("BEGIN:VCALENDAR\r\n", "BEGIN:VEVENT\r\nEND:VEVENT\r\n", 1_200), LIMIT);
    check("long.url", many("[InternetShortcut]\r\nURL=https://a.example/\r\n", "A=b\r\n", 60_000), LIMIT);
    check("long.csv", many("", "a;b;c;d\r\n", 1_000_000), LIMIT);
    check("long.txt", many("", "Please look at the file. ", 12_000), LIMIT);
    let head = "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    let part = "--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nhello\r\n";
    check("parts.eml", many(head, part, 520), LIMIT);
    let links: String = (0..600).map(|n| format!("https://a{n}.example/x\n")).collect();
    check("links.ps1", links.into_bytes(), LIMIT);
    let pages: String =
        (10..230).map(|n| format!("{n} 0 obj <</Type/Page/Parent 2 0 R>> endobj\n")).collect();
    check("pages.pdf", format!("%PDF-1.7\n{pages}trailer <<>>").into_bytes(), LIMIT);
}
