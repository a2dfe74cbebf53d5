//! Disk images by what comes out of them: FAT of every width, partitions, virtual disks, and what is damaged.

use crate::{Hints, Input, Tree, unpack};

fn tree(bytes: Vec<u8>) -> Tree {
    unpack("", vec![Input { name: "a.img".into(), declared: None, bytes: bytes.into() }], &Hints::default())
}

/// Kind, files inside with their sizes, and what was not read.
fn check(bytes: Vec<u8>) -> String {
    let tree = tree(bytes);
    let mut out = vec![tree.files[0].kind.name().to_owned()];
    for file in &tree.files[1..] {
        let hidden = if file.hidden { " hidden" } else { "" };
        out.push(format!("{}={}{hidden}", file.path.split(" > ").last().unwrap(), file.size));
    }
    let gaps = tree.files[0].findings.iter().filter(|f| f.id.name() == "SCAN-INCOMPLETE");
    out.extend(gaps.map(|f| format!("({})", f.evidence)));
    out.join(", ")
}

const LISTED: &str = "A long name, with blanks.txt=1300, dir/run.cmd=3 hidden";

fn put(image: &mut [u8], at: usize, bytes: &[u8]) {
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

fn record(name: &[u8; 11], flags: u8, cluster: u16, size: u32) -> Vec<u8> {
    let mut out = name.to_vec();
    out.push(flags);
    out.extend([0; 14]);
    out.extend(cluster.to_le_bytes());
    out.extend(size.to_le_bytes());
    out
}

fn long(name: &str, short: &[u8; 11]) -> Vec<u8> {
    let sum = short.iter().fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
    let mut units: Vec<u16> = name.encode_utf16().collect();
    units.push(0);
    let count = units.len().div_ceil(13);
    units.resize(count * 13, 0xFFFF);
    let mut out = Vec::new();
    for (n, piece) in units.chunks(13).enumerate().rev() {
        let mut raw = [0u8; 32];
        raw[0] = (n as u8 + 1) | if n + 1 == count { 0x40 } else { 0 };
        (raw[11], raw[13]) = (0x0F, sum);
        let places = (1..11).step_by(2).chain((14..26).step_by(2)).chain([28, 30]);
        for (at, unit) in places.zip(piece) {
            put(&mut raw, at, &unit.to_le_bytes());
        }
        out.extend(raw);
    }
    out
}

/// A volume of one-sector clusters: a file of three clusters out of order, a deleted one, a folder with a hidden file.
fn volume(width: u8) -> Vec<u8> {
    let mut image = vec![0; 64 * 512];
    let total: u32 = if width == 16 { 5_000 } else { 64 };
    put(&mut image, 0, &[0xEB, 0x3C, 0x90]);
    put(&mut image, 11, &512u16.to_le_bytes());
    put(&mut image, 13, &[1, 1, 0, 1]);
    put(&mut image, 19, &(total as u16).to_le_bytes());
    put(&mut image, 510, &[0x55, 0xAA]);
    let data = if width == 32 {
        put(&mut image, 36, &2u32.to_le_bytes());
        put(&mut image, 44, &9u32.to_le_bytes());
        3
    } else {
        put(&mut image, 17, &16u16.to_le_bytes());
        put(&mut image, 22, &2u16.to_le_bytes());
        4
    };
    for (from, to) in
        [(2u32, 5u32), (5, 3), (3, 0x0FFF_FFFF), (6, 0x0FFF_FFFF), (7, 0x0FFF_FFFF), (9, 0x0FFF_FFFF)]
    {
        let from = from as usize;
        match width {
            12 => {
                let at = 512 + from + from / 2;
                let old = u16::from_le_bytes([image[at], image[at + 1]]);
                let to = to as u16 & 0xFFF;
                let pair = if from.is_multiple_of(2) { (old & 0xF000) | to } else { (old & 0xF) | (to << 4) };
                put(&mut image, at, &pair.to_le_bytes());
            }
            16 => put(&mut image, 512 + from * 2, &(to as u16).to_le_bytes()),
            _ => put(&mut image, 512 + from * 4, &to.to_le_bytes()),
        }
    }
    let cluster = |n: usize| (data + n - 2) * 512;
    let mut root = record(b"LABEL      ", 8, 0, 0);
    root.extend(record(b"\xE5ONE    TXT", 0x20, 8, 5));
    root.extend(long("A long name, with blanks.txt", b"ALONGN~1TXT"));
    root.extend(record(b"ALONGN~1TXT", 0x20, 2, 1_300));
    let mut folder = record(b"DIR        ", 0x10, 6, 0);
    folder[12] = 8;
    root.extend(folder);
    put(&mut image, if width == 32 { cluster(9) } else { 3 * 512 }, &root);
    let mut inner = record(b".          ", 0x10, 6, 0);
    inner.extend(record(b"..         ", 0x10, 0, 0));
    let mut hidden = record(b"RUN     CMD", 0x22, 7, 3);
    hidden[12] = 0x18;
    inner.extend(hidden);
    put(&mut image, cluster(6), &inner);
    put(&mut image, cluster(7), b"dir");
    for (n, letter) in [(2, b'a'), (5, b'b'), (3, b'c')] {
        put(&mut image, cluster(n), &[letter; 512]);
    }
    image
}

#[test]
fn volumes_of_every_width() {
    for width in [12, 16, 32] {
        assert_eq!(check(volume(width)), format!("img, {LISTED}"), "FAT{width}");
        let bytes = &tree(volume(width)).files[1].bytes;
        let runs: Vec<u8> = bytes.chunks(512).map(|c| c[0]).collect();
        assert_eq!((runs.as_slice(), bytes.len()), (&b"abc"[..], 1_300));
    }
}

fn partitioned(volumes: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut image = vec![0; 512];
    for (n, (kind, volume)) in volumes.iter().enumerate() {
        let first = (image.len() / 512) as u32;
        image.extend(volume);
        image[446 + n * 16 + 4] = *kind;
        put(&mut image, 446 + n * 16 + 8, &first.to_le_bytes());
    }
    put(&mut image, 510, &[0x55, 0xAA]);
    image
}

#[test]
fn partitions() {
    assert_eq!(check(partitioned(&[(6, volume(16))])), format!("img, {LISTED}"));
    let mut ntfs = vec![0; 1_024];
    put(&mut ntfs, 3, b"NTFS    ");
    let both = check(partitioned(&[(7, ntfs), (1, volume(12))]));
    assert_eq!(both, format!("img, {LISTED}, (a volume of NTFS is not read)"));
    // The table of a disk with GUIDs: the protective partition leads to it.
    let mut disk = partitioned(&[(0xEE, vec![0; 512 * 3])]);
    put(&mut disk, 512, b"EFI PART");
    put(&mut disk, 512 + 72, &2u64.to_le_bytes());
    put(&mut disk, 512 + 80, &4u32.to_le_bytes());
    put(&mut disk, 512 + 84, &128u32.to_le_bytes());
    put(&mut disk, 1_024, &[7; 16]);
    put(&mut disk, 1_024 + 32, &4u64.to_le_bytes());
    disk.extend(volume(12));
    assert_eq!(check(disk), format!("img, {LISTED}"));
}

fn footer(kind: u32, header: u64) -> Vec<u8> {
    let mut out = vec![0; 512];
    put(&mut out, 0, b"conectix");
    put(&mut out, 16, &header.to_be_bytes());
    put(&mut out, 60, &kind.to_be_bytes());
    out
}

/// Blocks of 4 KiB, the last one first; a sector of bitmap before each.
fn dynamic(disk: &[u8]) -> Vec<u8> {
    let mut out = footer(3, 512);
    let mut header = vec![0; 1_024];
    put(&mut header, 0, b"cxsparse");
    put(&mut header, 16, &1_536u64.to_be_bytes());
    let blocks: Vec<&[u8]> = disk.chunks(4_096).collect();
    put(&mut header, 28, &(blocks.len() as u32).to_be_bytes());
    put(&mut header, 32, &4_096u32.to_be_bytes());
    out.extend(header);
    let mut table = vec![0xFF; 512];
    let mut data = Vec::new();
    for (n, block) in blocks.iter().enumerate().rev() {
        if block.iter().any(|b| *b != 0) {
            put(&mut table, n * 4, &(4 + (data.len() / 512) as u32).to_be_bytes());
            data.extend([0; 512]);
            data.extend_from_slice(block);
        }
    }
    out.extend(table);
    out.extend(data);
    out.extend(footer(3, 512));
    out
}

#[test]
fn virtual_disks() {
    let mut fixed = volume(12);
    fixed.extend(footer(2, u64::MAX));
    assert_eq!(check(fixed), format!("vhd, {LISTED}"));
    assert_eq!(check(dynamic(&volume(12))), format!("vhd, {LISTED}"));
    assert_eq!(check(dynamic(&partitioned(&[(1, volume(32))]))), format!("vhd, {LISTED}"));
    let mut child = vec![0; 2_048];
    child.extend(footer(4, 512));
    assert_eq!(check(child), "vhd, (a differencing disk without the disk that it differs from)");
}

fn vhdx(disk: &[u8], parent: u8) -> Vec<u8> {
    const MIB: usize = 1 << 20;
    let mut out = vec![0; 3 * MIB];
    put(&mut out, 0, b"vhdxfile");
    put(&mut out, 192 << 10, b"regi");
    put(&mut out, (192 << 10) + 8, &2u32.to_le_bytes());
    let region = |out: &mut Vec<u8>, n: usize, id: &[u8], at: usize| {
        let entry = (192 << 10) + 16 + n * 32;
        put(out, entry, id);
        put(out, entry + 16, &(at as u64).to_le_bytes());
    };
    region(&mut out, 0, b"\x66\x77\xC2\x2D\x23\xF6\x00\x42\x9D\x64\x11\x5E\x9B\xFD\x4A\x08", MIB);
    region(&mut out, 1, b"\x06\xA2\x7C\x8B\x90\x47\x9A\x4B\xB8\xFE\x57\x5F\x05\x0F\x88\x6E", MIB + 65_536);
    let metadata = MIB + 65_536;
    put(&mut out, metadata, b"metadata");
    put(&mut out, metadata + 10, &1u16.to_le_bytes());
    put(&mut out, metadata + 32, b"\x37\x67\xA1\xCA\x36\xFA\x43\x4D\xB3\xB6\x33\xF0\xAA\x44\xE7\x6B");
    put(&mut out, metadata + 48, &4_096u32.to_le_bytes());
    put(&mut out, metadata + 4_096, &(MIB as u32).to_le_bytes());
    out[metadata + 4_100] = parent;
    put(&mut out, MIB, &(2u64 << 20 | 6).to_le_bytes());
    put(&mut out, 2 * MIB, disk);
    out
}

#[test]
fn virtual_disks_of_the_second_kind() {
    assert_eq!(check(vhdx(&volume(12), 0)), format!("vhdx, {LISTED}"));
    let parent = check(vhdx(&volume(12), 2));
    assert_eq!(parent, "vhdx, (a differencing disk without the disk that it differs from)");
}

#[test]
fn circles_end() {
    // The chain of the file leads back to its start, that of the folder to itself, and the folder holds itself.
    let mut image = volume(32);
    put(&mut image, 512 + 3 * 4, &2u32.to_le_bytes());
    put(&mut image, 512 + 6 * 4, &6u32.to_le_bytes());
    let root = (3 + 9 - 2) * 512 + 5 * 32;
    put(&mut image, root + 28, &u32::MAX.to_le_bytes());
    let inner = (3 + 6 - 2) * 512 + 3 * 32;
    put(&mut image, inner, &record(b"SELF       ", 0x10, 6, 0));
    let found = check(image);
    assert!(found.starts_with("img, ") && found.contains("run.cmd") && found.len() < 400, "{found}");
}

#[test]
fn damaged_images_end() {
    for image in [volume(12), volume(32), dynamic(&volume(12)), partitioned(&[(6, volume(16))])] {
        for at in (0..3_072).step_by(11) {
            for value in [0, 0xFF, 0x80] {
                let mut image = image.clone();
                image[at] = value;
                tree(image);
            }
        }
        for cut in (0..image.len()).step_by(301) {
            tree(image[..cut].to_vec());
        }
    }
}
