//! Archives and disk images that real programs wrote: members come out, the right password opens, a wrong one does not,
//! and broken ones still give a tree.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]

use std::path::PathBuf;

use bytes::Bytes;
use proptest::prelude::*;
use sekisho_unpack::{Candidate, Hints, Input, Origin, Secret, Tree, unpack};

const HELLO: &str = "Hello from an archive.\n";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/archives")
}

fn open(name: &str, bytes: impl Into<Bytes>, password: Option<&str>) -> Tree {
    let passwords =
        password.map(|p| Candidate { password: Secret::new(p), origin: Origin::Body }).into_iter().collect();
    let input = Input { name: name.to_owned(), declared: None, bytes: bytes.into() };
    unpack("", vec![input], &Hints { passwords, ..Hints::default() })
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

/// Names of the files inside that were opened, with `*` for the hidden ones; then the findings.
fn check(name: &str, password: Option<&str>) -> String {
    let tree = open(name, read(name), password);
    let mut names: Vec<String> = Vec::new();
    for file in tree.files.iter().skip(1) {
        let whole = match file.name.as_str() {
            inner if inner.ends_with("hello.txt") && !name.ends_with("rar") => {
                file.bytes[..] == *HELLO.repeat(40).as_bytes()
            }
            inner if inner.ends_with("notes.csv") => file.bytes.len() == 4 + 4 * 300,
            _ => !file.bytes.is_empty(),
        };
        let mark = match (file.listed_only, whole) {
            (true, _) => " (listed)",
            (_, true) => "",
            _ => " (broken)",
        };
        names.push(format!("{}{}{mark}", file.name, if file.hidden { "*" } else { "" }));
    }
    names.sort();
    let mut ids: Vec<&str> = tree.files.iter().flat_map(|f| &f.findings).map(|f| f.id.name()).collect();
    ids.sort_unstable();
    ids.dedup();
    format!("{} | {}", names.join(" "), ids.join(" "))
}

const BOTH: &str = "folder/notes.csv hello.txt | ";

#[test]
fn seven_zip_of_every_method() {
    for name in ["plain.7z", "ppmd.7z", "bzip2.7z", "deflate.7z", "bcj.7z"] {
        assert_eq!(check(name, None), BOTH, "{name}");
    }
}

#[test]
fn zip_of_every_method() {
    for name in ["deflate64.zip", "lzma.zip", "bzip2.zip"] {
        assert_eq!(check(name, None), BOTH, "{name}");
    }
    // PPMd is only named.
    assert_eq!(check("ppmd.zip", None), "folder/notes.csv (listed) hello.txt (listed) | ZIP-ANOMALY");
}

#[test]
fn the_right_password_opens_and_a_wrong_one_does_not() {
    for name in ["encrypted.7z", "aes256.zip", "zipcrypto.zip"] {
        let opened = "folder/notes.csv hello.txt | ARC-ENCRYPTED ARC-PW-IN-BODY";
        assert_eq!(check(name, Some("U4613")), opened, "{name}");
        let closed = "folder/notes.csv (listed) hello.txt (listed) | ARC-ENCRYPTED";
        assert_eq!(check(name, Some("U4614")), closed, "{name}");
        assert_eq!(check(name, None), closed, "{name}");
    }
    assert_eq!(
        check("headers-encrypted.7z", Some("U4613")),
        "folder/notes.csv hello.txt | ARC-ENCRYPTED ARC-PW-IN-BODY"
    );
    assert_eq!(check("headers-encrypted.7z", Some("x")), " | ARC-ENCRYPTED");
}

#[test]
fn rar_of_both_ages() {
    assert_eq!(check("rar3.rar", None), "text.txt | ");
    assert_eq!(check("rar3-solid.rar", None), "one.txt two.txt | ");
    assert_eq!(check("rar3-encrypted.rar", None), "hello.txt | ARC-ENCRYPTED");
    assert_eq!(check("rar3-headers-encrypted.rar", None), "hello.txt | ARC-ENCRYPTED");
    assert_eq!(check("rar5-solid.rar", None), "hello.txt tiny.txt | ");
    assert_eq!(check("rar5-filter.rar", None), "x86_e8_stream.bin | ");
    assert_eq!(check("rar5-encrypted.rar", None), "hello.txt | ARC-ENCRYPTED");
    assert_eq!(check("rar5-headers-encrypted.rar", None), "hello.txt | ARC-ENCRYPTED");
}

#[test]
fn cabinets() {
    for name in ["mszip.cab", "stored.cab"] {
        assert_eq!(check(name, None), BOTH, "{name}");
    }
}

#[test]
fn single_streams() {
    for name in ["hello.txt.gz", "hello.txt.bz2", "hello.txt.xz", "hello.txt.lzma", "hello.txt.zst"] {
        assert_eq!(check(name, None), "hello.txt | ", "{name}");
    }
}

#[test]
fn disk_images() {
    assert_eq!(
        check("udf-only.iso.xz", None),
        "folder/notes.csv hello.txt udf-only.iso | FMT-DANGEROUS-EXT ISO-CONTAINER"
    );
    assert_eq!(
        check("hybrid.iso.xz", None),
        "folder/notes.csv hello.txt hybrid.iso | FMT-DANGEROUS-EXT ISO-CONTAINER"
    );
}

#[test]
fn images_and_virtual_disks_of_fat() {
    for name in ["fat12.img.xz", "fixed.vhd.xz", "dynamic.vhd.xz", "disk.vhdx.xz"] {
        let found = check(name, None);
        // The second file carries the hidden attribute.
        let (files, ids) = found.split_once(" | ").unwrap();
        assert!(files.contains("folder/notes.csv") && files.contains("hello.txt*"), "{name}: {found}");
        assert_eq!(ids, "FMT-DANGEROUS-EXT ISO-CONTAINER ISO-HIDDEN-FILE", "{name}");
    }
}

fn archives() -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    // Images are mutated behind their packing elsewhere: the packing would only break.
    let mut names: Vec<String> =
        entries.filter(|n| n.ends_with(".7z") || n.ends_with("rar") || n.ends_with("cab")).collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), read(&name))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn broken_archives_give_a_tree(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut in any::<prop::sample::Index>()) {
        for (name, seed) in archives() {
            let mut bytes = seed;
            for (at, value) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            prop_assert!(!open(&name, bytes.clone(), None).files.is_empty());
            bytes.truncate(cut.index(bytes.len()));
            prop_assert!(!open(&name, bytes, None).files.is_empty());
        }
    }
}
