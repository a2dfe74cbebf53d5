//! Limits of archives, disk images and passwords.

use super::{check, zipped};
use crate::{
    Candidate, Hints, Id, Input, Origin, Secret, hints,
    read::{self, Package},
    unpack,
};

#[test]
fn members_of_archives() {
    check(&[
        ("a.tar", 2_000, "members of an archive", |n| {
            let mut builder = tar::Builder::new(Vec::new());
            for i in 0..n {
                let mut header = tar::Header::new_gnu();
                header.set_size(0);
                builder.append_data(&mut header, format!("{i}/"), std::io::empty()).unwrap();
            }
            builder.into_inner().unwrap()
        }),
        ("a.cab", 2_000, "members of an archive", |n| {
            let mut builder = cab::CabinetBuilder::new();
            let folder = builder.add_folder(cab::CompressionType::None);
            (0..n).for_each(|i| _ = folder.add_file(format!("{i}.txt")));
            let mut writer = builder.build(std::io::Cursor::new(Vec::new())).unwrap();
            while let Some(mut file) = writer.next_file().unwrap() {
                std::io::Write::write_all(&mut file, b"a").unwrap();
            }
            writer.finish().unwrap().into_inner()
        }),
        ("a.zip", 20_000, "members of an archive", |n| {
            zipped(&(0..n).map(|i| (format!("{i}/"), String::new())).collect::<Vec<_>>())
        }),
    ]);
}

/// Of more members than are opened those that can do something are; that others are not is said.
#[test]
fn members_that_are_not_opened() {
    let said = |n: usize| {
        let bytes = zipped(&(0..n).map(|i| (format!("{i}.txt"), format!("text {i}"))).collect::<Vec<_>>());
        gaps("a.zip", bytes, &Hints::default())
    };
    assert_eq!(said(398), "");
    assert!(said(401).lines().any(|line| line == "400 of 401 members opened"), "{}", said(401));
}

/// A stream that asks for a dictionary of more than is given, and the same of one that does not.
#[test]
fn memory_of_a_stream() {
    // Magic, then a frame's window: 2^(10 + exponent) bytes; a last block of one byte.
    let zstd = |exponent: u8| vec![0x28, 0xB5, 0x2F, 0xFD, 0, exponent << 3, 9, 0, 0, b'a'];
    assert_eq!(gaps("a.zst", zstd(16), &Hints::default()), "");
    let said = gaps("a.zst", zstd(17), &Hints::default());
    assert_eq!(said, "what is packed is damaged, or asks for more memory or room than there is");
}

fn gaps(name: &str, bytes: Vec<u8>, hints: &Hints) -> String {
    let tree = unpack("", vec![Input { name: name.into(), declared: None, bytes: bytes.into() }], hints);
    let findings = tree.files.iter().flat_map(|f| &f.findings).filter(|f| f.id == Id::ScanIncomplete);
    findings.map(|f| f.evidence.as_str()).collect::<Vec<_>>().join("\n")
}

const SECTOR: usize = 2_048;

/// An ISO 9660 image of so many descriptors, whose folders stand inside one another, with files in the last.
fn iso(descriptors: usize, folders: usize, files: usize) -> Vec<u8> {
    let record = |name: &[u8], folder: bool, start: usize, size: usize| {
        let mut out = vec![0; 33];
        out[0] = (33 + name.len()).next_multiple_of(2) as u8;
        out[2..6].copy_from_slice(&(start as u32).to_le_bytes());
        out[10..14].copy_from_slice(&(size as u32).to_le_bytes());
        out[25] = if folder { 2 } else { 0 };
        out[32] = name.len() as u8;
        out.extend(name);
        out.resize(usize::from(out[0]), 0);
        out
    };
    let sectors = (files * 40).div_ceil(2_000) + 1;
    let first = 16 + descriptors;
    let mut image = vec![0; (first + folders + sectors) * SECTOR];
    for n in 0..descriptors {
        let at = (16 + n) * SECTOR;
        image[at] = if n == 0 { 1 } else { 0 };
        image[at + 1..at + 6].copy_from_slice(b"CD001");
    }
    let size = |level: usize| if level == folders { sectors * SECTOR } else { SECTOR };
    image[16 * SECTOR + 158..16 * SECTOR + 162].copy_from_slice(&(first as u32).to_le_bytes());
    image[16 * SECTOR + 166..16 * SECTOR + 170].copy_from_slice(&(size(0) as u32).to_le_bytes());
    for level in 0..folders {
        let inner = record(b"A", true, first + level + 1, size(level + 1));
        let at = (first + level) * SECTOR;
        image[at..at + inner.len()].copy_from_slice(&inner);
    }
    let mut at = (first + folders) * SECTOR;
    for n in 0..files {
        // Each begins in a place of its own, so that it is another file.
        let file = record(format!("{n:05}").as_bytes(), false, 0, 0);
        if at % SECTOR + file.len() > SECTOR {
            at = at.next_multiple_of(SECTOR);
        }
        image[at..at + file.len()].copy_from_slice(&file);
        at += file.len();
    }
    image
}

#[test]
fn disk_images() {
    check(&[
        ("a.iso", 16, "descriptors of a disk image", |n| iso(n, 0, 1)),
        ("a.iso", 65, "folders inside one another", |n| iso(1, n - 1, 1)),
        ("a.iso", 20_000, "entries of folders", |n| iso(1, 0, n)),
        ("a.img", 32, "partitions", |n| {
            // Tables that lead to one another, each with one partition.
            let mut image = vec![0; (n + 1) * 512];
            for table in 0..n.div_ceil(3) {
                let at = table * 512;
                let extended = table + 1 < n.div_ceil(3);
                for entry in 0..(n - table * 3).min(3) {
                    image[at + 446 + entry * 16 + 4] = 6;
                    image[at + 446 + entry * 16 + 8] = 100;
                }
                if extended {
                    image[at + 446 + 48 + 4] = 5;
                    image[at + 446 + 48 + 8] = if table == 0 { 1 } else { table as u8 };
                }
                image[at + 510..at + 512].copy_from_slice(&[0x55, 0xAA]);
            }
            image
        }),
        ("a.img", 128, "entries of a partition table", |n| {
            let mut image = vec![0; 4 * 512];
            image[450] = 0xEE;
            image[454] = 1;
            image[510..512].copy_from_slice(&[0x55, 0xAA]);
            image[512..520].copy_from_slice(b"EFI PART");
            image[512 + 72] = 2;
            image[512 + 80..512 + 84].copy_from_slice(&(n as u32).to_le_bytes());
            image[512 + 84] = 1;
            image
        }),
    ]);
}

fn candidates(n: usize) -> Vec<Candidate> {
    (0..n).map(|i| Candidate { password: Secret::new(format!("wrong{i}")), origin: Origin::Body }).collect()
}

#[test]
fn passwords() {
    let said = |n: usize| {
        let mut bytes = zipped(&[("a.txt".to_owned(), "a text of some length".to_owned())]);
        // Both headers call the member encrypted.
        let central = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
        (bytes[6], bytes[central + 8]) = (bytes[6] | 1, bytes[central + 8] | 1);
        gaps("a.zip", bytes, &Hints { passwords: candidates(n), ..Hints::default() })
    };
    assert_eq!(said(198), "");
    assert_eq!(said(199), "more than 198 passwords that a message gives");
    assert_eq!(said(300), "more than 198 passwords that a message gives");
}

/// A text may give one more than are tried, so that who tries them says so.
#[test]
fn passwords_of_a_text() {
    let count = |n: usize| {
        let text = super::lines(n, |i| format!("password: word{i}\n"));
        hints::passwords(&[(Origin::Body, &text)]).len()
    };
    assert_eq!((count(200), count(201), count(250)), (200, 201, 201));
    // One that stands there again and again leaves room for others.
    let text = "password: word1\n".repeat(500) + "password: word2\n";
    let found = hints::passwords(&[(Origin::Body, &text)]);
    assert_eq!(found.iter().map(|c| c.password.reveal()).collect::<Vec<_>>(), ["word1", "word2"]);
}

#[test]
fn packages() {
    let package = |n: usize| {
        let parts: Vec<(String, String)> = (0..n).map(|i| (format!("{i}.xml"), "<a/>".to_owned())).collect();
        let package = Package::open(&zipped(&parts).into());
        (package.members().count(), package.more())
    };
    assert_eq!((package(1_000), package(1_001)), ((1_000, false), (1_000, true)));
}

/// Doors without a scan say it in what they give.
#[test]
fn words_without_a_scan() {
    let script = |n: usize| read::javascript(&super::lines(n, |i| format!("a{i};"))).cut;
    assert_eq!((script(20_000), script(20_001)), (false, true));
    let xml = |n: usize| read::xml(&super::lines(n, |i| format!("<a{i}/>"))).cut;
    assert_eq!((xml(4_096), xml(4_097)), (false, true));
}
