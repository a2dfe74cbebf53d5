//! Archives as a whole: what fires, what stays silent, what is too much, and that nothing panics.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up fails")]

use std::io::Write as _;

use bytes::Bytes;
use proptest::prelude::*;
use zip::{CompressionMethod, write::SimpleFileOptions};

use crate::{Hints, Id, Input, Severity, Tree, unpack};

fn packed(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn deflated(members: &[(&str, &[u8])]) -> Vec<u8> {
    packed(members, CompressionMethod::Deflated)
}

fn open(name: &str, bytes: Vec<u8>) -> Tree {
    let input = Input { name: name.to_owned(), declared: None, bytes: bytes.into() };
    unpack("", vec![input], &Hints::default())
}

/// Paths and findings, one line each.
fn check(name: &str, bytes: impl Into<Bytes>) -> String {
    let tree = open(name, bytes.into().to_vec());
    let lines = tree.files.iter().map(|f| {
        let ids: Vec<&str> = f.findings.iter().map(|f| f.id.name()).collect();
        format!("{} {}", f.path, ids.join(" ")).trim().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn members_of_every_method_come_out() {
    use CompressionMethod as M;
    for method in [M::Stored, M::Deflated, M::Bzip2] {
        let found = check("a.zip", packed(&[("b.txt", b"hello hello hello hello")], method));
        assert_eq!(found, "a.zip\na.zip > b.txt", "{method:?}");
    }
}

#[test]
fn names_that_lie_and_names_that_do_not() {
    assert_eq!(check("invoice.pdf.exe", "MZ"), "invoice.pdf.exe FMT-DOUBLE-EXT FMT-DANGEROUS-EXT");
    assert_eq!(check("v1.2.tar.gz", ""), "v1.2.tar.gz");
    assert_eq!(
        check("scan.pdf          .js", "x"),
        "scan.pdf          .js FMT-PADDED-NAME FMT-DOUBLE-EXT FMT-DANGEROUS-EXT SCRIPT-ATTACHMENT"
    );
    assert_eq!(check("report.txt", "hello"), "report.txt");
}

#[test]
fn a_script_alone_and_one_among_pages() {
    assert_eq!(
        check("a.zip", deflated(&[("b.js", b"x")])),
        "a.zip ARC-SINGLE-SCRIPT\na.zip > b.js FMT-DANGEROUS-EXT SCRIPT-ATTACHMENT"
    );
    let severity = |bytes: Vec<u8>| {
        let input = Input { name: "a.zip".into(), declared: None, bytes: bytes.into() };
        let tree = unpack("", vec![input], &Hints::default());
        let script = tree.files.iter().flat_map(|f| &f.findings).find(|f| f.id == Id::ScriptAttachment);
        script.map(|f| f.severity)
    };
    assert_eq!(severity(deflated(&[("b.js", b"x")])), Some(Severity::High));
    assert_eq!(severity(deflated(&[("b.js", b"x"), ("c.css", b"y")])), Some(Severity::Low));
}

#[test]
fn programs_and_libraries() {
    let of = |members: &[(&str, &[u8])]| {
        let tree = open("a.zip", deflated(members));
        let found = tree.files[0].findings.iter().find(|f| f.id.name() == "ARC-EXEC");
        found.map_or_else(String::new, |f| format!("{:?}", f.severity))
    };
    assert_eq!(of(&[("setup.exe", b"MZ"), ("readme.txt", b"x")]), "High");
    assert_eq!(of(&[("lib/a.dll", b"MZ"), ("include/a.h", b"x")]), "Medium");
    assert_eq!(of(&[("readme.txt", b"x")]), "");
    let found = check("a.zip", deflated(&[("lib/a.so.1.2", b"\x7FELF")]));
    assert!(!found.contains("FMT-EXT-MISMATCH"), "{found}");
}

#[test]
fn a_zip_behind_a_picture_is_two_files() {
    let mut bytes = b"GIF89a\x01\0\x01\0\0\0\0\x3B".to_vec();
    bytes.extend(deflated(&[("b.txt", b"hello")]));
    let found = check("a.gif", bytes);
    assert!(found.contains("FMT-POLYGLOT") && found.contains("a.gif > b.txt"), "{found}");
}

#[test]
fn bombs_end() {
    let zeros = vec![0; 20 << 20];
    assert!(check("a.zip", deflated(&[("b.bin", &zeros)])).contains("ARC-BOMB-RATIO"));
    let mut layer = deflated(&[("0.txt", &vec![0; 4 << 20])]);
    for _ in 0..7 {
        let names: Vec<String> = (0..8).map(|n| format!("{n}.zip")).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), layer.as_slice())).collect();
        layer = deflated(&members);
    }
    let tree = open("42.zip", layer);
    let ids: Vec<&str> = tree.files.iter().flat_map(|f| &f.findings).map(|f| f.id.name()).collect();
    assert!(ids.contains(&"ARC-DEPTH") && tree.files.len() <= crate::limits::FILES_LISTED_MAX);
    let names: Vec<String> = (0..1_000).map(|n| format!("{n}.txt")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), b"x".as_slice())).collect();
    let many = open("a.zip", deflated(&members));
    assert_eq!(many.files.len(), 1_001);
    assert!(many.files.iter().flat_map(|f| &f.findings).any(|f| f.id.name() == "SCAN-INCOMPLETE"));
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let text = b"hello hello hello hello hello".as_slice();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(text.len() as u64);
    header.set_cksum();
    tar.append_data(&mut header, "b.txt", text).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(text).unwrap();
    let iso = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/files/benign/b_photos.iso"))
        .unwrap();
    vec![
        ("a.zip", deflated(&[("b.txt", text), ("c\\d.txt", text)])),
        ("a.tar", tar.into_inner().unwrap()),
        ("a.gz", gz.finish().unwrap()),
        ("a.zip", packed(&[("b", text)], CompressionMethod::Bzip2)),
        ("a.iso", iso),
        ("a.7z", b"7z\xBC\xAF\x27\x1C\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec()),
        ("a.rar", b"Rar!\x1A\x07\x01\0\x33\x92\xB5\xE5\x0A\x01\x05\x06\0\x05\x01\x01\x80\x80\0".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn broken_archives_give_a_tree(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut in any::<prop::sample::Index>()) {
        for (name, seed) in seeds() {
            let mut bytes = seed;
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            prop_assert!(!open(name, bytes.clone()).files.is_empty());
            bytes.truncate(cut.index(bytes.len()));
            prop_assert!(!open(name, bytes).files.is_empty());
        }
    }
}
