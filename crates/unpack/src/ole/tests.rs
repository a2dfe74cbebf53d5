//! Documents in compound files, put together from streams: kind, texts, objects and findings as text out.

use bytes::Bytes;
use proptest::prelude::*;

use super::cfb::tests::build;
use crate::{
    Budget, Candidate, Hints, Kind, Origin, Relation, Secret,
    scan::{About, Scan, TextKind},
};

fn look(bytes: &[u8], passwords: &[&str]) -> String {
    let passwords =
        passwords.iter().map(|p| Candidate { password: Secret::new(*p), origin: Origin::Body }).collect();
    let hints = Hints { passwords, ..Hints::default() };
    let mut budget = Budget::new(bytes.len() as u64);
    let about =
        About { name: "x".to_owned(), kind: Kind::Ole, declared: None, relation: Relation::Input, depth: 0 };
    let mut scan = Scan::new(about, &hints, &mut budget);
    super::analyse(&Bytes::copy_from_slice(bytes), &mut scan);
    let mut out = vec![scan.about.kind.name().to_owned()];
    out.extend(scan.findings.iter().map(|f| format!("{} {:?} {}", f.id.name(), f.severity, f.evidence)));
    let shown = scan.texts.iter().filter(|t| t.kind == TextKind::Shown);
    out.extend(shown.map(|t| format!("shown {}", t.text.trim().replace('\n', "|"))));
    out.extend(scan.children.iter().map(|c| format!("child {} {}", c.name, c.bytes.len())));
    if scan.locked {
        out.push("locked".to_owned());
    }
    out.join("\n")
}

fn check(streams: &[(&str, &[u8])]) -> String {
    look(&build(streams), &[])
}

#[test]
fn kinds() {
    assert_eq!(
        check(&[("EncryptedPackage", b"x"), ("EncryptionInfo", b"")]).lines().next(),
        Some("ooxml-encrypted")
    );
    assert_eq!(check(&[("\u{4840}\u{3F3F}", b"x")]), "msi");
    assert_eq!(check(&[("Anything", b"x")]), "ole");
}

/// A Word document of two pieces, one byte and two bytes a character.
fn document(first: &str, second: &str) -> Vec<u8> {
    let mut stream = vec![0; 0x400];
    stream[..2].copy_from_slice(&0xA5ECu16.to_le_bytes());
    let narrow = stream.len() as u32;
    stream.extend(first.bytes());
    let wide = stream.len() as u32;
    stream.extend(second.encode_utf16().flat_map(u16::to_le_bytes));
    let mut places = Vec::new();
    let (a, b) = (first.chars().count() as u32, second.chars().count() as u32);
    for cp in [0, a, a + b] {
        places.extend(cp.to_le_bytes());
    }
    for place in [(narrow * 2) | 0x4000_0000, wide] {
        places.extend([0, 0]);
        places.extend(place.to_le_bytes());
        places.extend([0, 0]);
    }
    let mut table = vec![1, 2, 0, 9, 9, 2];
    table.extend((places.len() as u32).to_le_bytes());
    table.extend(places);
    stream[0x01A6..0x01AA].copy_from_slice(&(table.len() as u32).to_le_bytes());
    build(&[("WordDocument", &stream), ("0Table", &table)])
}

#[test]
fn text_and_fields_of_word() {
    assert_eq!(look(&document("Dear all,\r", "m\u{F6}chten\r"), &[]), "doc\nshown Dear all,|möchten");
    let field = "\u{13} DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe \"/k calc.exe\" \u{14}x\u{15} text";
    let seen = look(&document("", field), &[]);
    assert!(seen.contains("DDE-AUTO High") && seen.contains("DDE-CMD Critical"), "{seen}");
    assert!(seen.ends_with("shown x text"), "{seen}");
    // Page numbers and links do nothing.
    assert_eq!(look(&document("", "\u{13} PAGE \u{14}1\u{15}"), &[]), "doc\nshown 1");
}

/// `\x01Ole10Native` of a packaged file.
fn package(label: &str, data: &[u8]) -> Vec<u8> {
    let mut body = vec![2, 0];
    body.extend(label.bytes().chain([0]));
    body.extend(format!("C:\\in\\{label}\0").bytes());
    body.extend([0, 0, 3, 0]);
    let temp = format!("C:\\Temp\\{label}\0");
    body.extend((temp.len() as u32).to_le_bytes());
    body.extend(temp.bytes());
    body.extend((data.len() as u32).to_le_bytes());
    body.extend(data);
    [&(body.len() as u32).to_le_bytes()[..], &body].concat()
}

#[test]
fn packages() {
    let script = package("invoice.js", b"INERT");
    assert_eq!(
        check(&[("ObjectPool/_1/\u{1}Ole10Native", &script)]),
        "ole\nOLE-PACKAGE-EXEC Critical invoice.js (C:\\in\\invoice.js, C:\\Temp\\invoice.js)\nchild invoice.js 5"
    );
    let picture = package("logo.png", b"\x89PNG\r\n\x1A\n");
    assert_eq!(
        check(&[("\u{1}oLE10nATIVE", &picture)]),
        "ole\nOLE-PACKAGE Info logo.png (C:\\in\\logo.png, C:\\Temp\\logo.png)\nchild logo.png 8"
    );
    assert_eq!(check(&[("Package", b"PK\x03\x04rest")]), "ole\nchild Package 8");
}

#[test]
fn equations_and_links() {
    let equation = |name: &[u8]| {
        let mut out = b"\x1C\0\0\0\x02\0\x6D\xC1".to_vec();
        out.resize(28, 0);
        [&out, &b"\x03\x01\x01\x03\x0A\x0A\x01\x08\x5A\x5A"[..], name, b"\0"].concat()
    };
    let seen = check(&[("eQuATION nATIVE", &equation(&[b'A'; 48]))]);
    assert!(seen.contains("OLE-EQUATION Critical font name of 48 bytes"), "{seen}");
    assert_eq!(check(&[("Equation Native", &equation(b"Times"))]), "ole\nOLE-EQUATION Low an equation");

    let link = |text: &str| {
        let mut out = vec![1, 0, 0, 2, 1, 0, 0, 0];
        out.extend([
            0xE0, 0xC9, 0xEA, 0x79, 0xF9, 0xBA, 0xCE, 0x11, 0x8C, 0x82, 0, 0xAA, 0, 0x4B, 0xA9, 0x0B,
        ]);
        let wide: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        out.extend((wide.len() as u32).to_le_bytes());
        out.extend(wide);
        out
    };
    let seen = check(&[("\u{1}Ole", &link("http://e.example/a.hta"))]);
    assert!(seen.contains("OLE-LINK-EXT High http://e.example/a.hta"), "{seen}");
    let seen = check(&[("\u{1}Ole", &link("mhtml:http://e.example/a.html!x-usc:http://e.example/a.html"))]);
    assert!(seen.contains("OLE-LINK-MONIKER Critical"), "{seen}");
    assert_eq!(check(&[("\u{1}Ole", &link(r"C:\Users\me\book.xls"))]), "ole");
}

/// A workbook of Excel 5 under a password: the reverse of what the reader does.
fn old_book(password: &str) -> Vec<u8> {
    let record =
        |id: u16, data: &[u8]| [&id.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat();
    let key = 0x1234u16;
    let mut verifier = 0u16;
    for byte in password.bytes().rev().chain([password.len() as u8]) {
        verifier = (verifier >> 14 & 1 | verifier << 1 & 0x7FFF) ^ u16::from(byte);
    }
    let pass = [key.to_le_bytes(), (verifier ^ 0xCE4B).to_le_bytes()].concat();
    let mut out = record(0x0809, &[0, 5, 5, 0, 0, 0, 0, 0]);
    out.extend(record(0x2F, &pass));
    out.extend(record(0x42, &[0; 2]));
    out.extend(record(0x0A, &[]));
    out
}

#[test]
fn passwords() {
    let file = build(&[("Book", &old_book("abc"))]);
    assert_eq!(look(&file, &[]), "xls\nOLE-ENCRYPTED Low no known password opens it\nlocked");
    let opened = look(&file, &["x", "abc"]);
    assert!(opened.contains("OLE-ENCRYPTED Medium opened with a password from: body"), "{opened}");
    assert!(opened.contains("child Book"), "{opened}");
    let default = look(&build(&[("Book", &old_book("VelvetSweatshop"))]), &[]);
    assert!(default.contains("OLE-ENCRYPTED-DEFAULT Medium"), "{default}");
}

#[test]
fn data_behind_the_end() {
    let mut bytes = build(&[("Data", &[1; 5000])]);
    assert_eq!(look(&bytes, &[]), "ole");
    // Free sectors at the end are nothing; data there, or padding that is no sector, is.
    bytes.extend([0; 1024]);
    assert_eq!(look(&bytes, &[]), "ole");
    bytes.extend([7; 100]);
    assert_eq!(look(&bytes, &[]), "ole\nFMT-OVERLAY Low 1124 bytes behind the last sector");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_change_is_read(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30), which in 0usize..4) {
        let equation = [&b"\x1C\0\0\0\x02\0"[..], &[0; 22], b"\x03\x01\x01\x03\x0A\x08\x01\x01abc\0"].concat();
        let mut bytes = match which {
            0 => document("Text \x13 DDE a b \x15", "more"),
            1 => build(&[("\u{1}Ole10Native", &package("a.exe", b"MZ")), ("Equation Native", &equation)]),
            2 => build(&[("Book", &old_book("VelvetSweatshop")), ("\u{5}SummaryInformation", &[0xFE, 0xFF, 0, 0])]),
            _ => build(&[("PowerPoint Document", &[0x0F, 0, 0xE8, 3, 40, 0, 0, 0, 0, 0, 0xA8, 0x0F, 3, 0, 0, 0, b'a', b'b', b'c'])]),
        };
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        look(&bytes, &["a"]);
    }
}
