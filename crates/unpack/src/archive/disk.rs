//! Disk images: ISO 9660 with Joliet by their own directories, which carry the hidden attribute; UDF by a crate that
//! walks it; FAT, also in virtual disks, by [`fat`].
//!
//! An image may hold several trees over the same bytes, and which one is shown depends on the system: all of them are
//! walked, and a file that was met in one is not taken again.

use std::io::Cursor;

use bytes::Bytes;
use isomage::TreeNode;
use memchr::memmem;
use rustc_hash::FxHashSet;

use super::{
    bytes::u32_at,
    fat,
    output::{Member, Output},
    virtual_disk::Disk,
};
use crate::{
    Id,
    gaps::Gaps,
    limits::{FILES_LISTED_MAX, NESTING_MAX},
    scan::Scan,
};

const SECTOR: usize = 2_048;
/// Volume descriptors that are looked at.
const DESCRIPTORS: usize = 16;
/// Entries of directories that are looked at.
const RECORDS_MAX: usize = 20_000;
pub(super) const FOLDERS: &str = "folders inside one another";

pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let mut out = Output::new(scan.about.kind.name(), bytes.len());
    let mut seen = FxHashSet::default();
    let members = iso(bytes, &mut scan.budget.gaps);
    for (member, range) in members {
        let data = bytes.get(range.clone()).map(|_| bytes.slice(range.clone())).unwrap_or_default();
        if seen.insert((range.start, data.len())) || data.is_empty() {
            let whole = data.len() as u64 == member.size;
            take(&mut out, scan, member, data, whole);
        }
    }
    let mut source = Cursor::new(bytes.clone());
    let area = bytes.get(16 * SECTOR..).unwrap_or_default();
    let udf = memmem::find(area.get(..DESCRIPTORS * SECTOR).unwrap_or(area), b"NSR0").is_some();
    if udf && let Ok(root) = isomage::udf::parse_udf(&mut source) {
        walk(&root, &mut source, &mut seen, &mut out, scan);
    }
    let mut gaps = Vec::new();
    let mut volumes = 0;
    if scan.children.is_empty() {
        match Disk::open(bytes) {
            Ok(disk) => (volumes, gaps) = fat::read(&disk, &mut out, scan),
            Err(why) => gaps.push(why.to_owned()),
        }
    }
    // What an unread file system holds is not known, and that is said.
    if scan.children.is_empty() && volumes == 0 && gaps.is_empty() {
        gaps.push(format!("no file system of this {} image was read", scan.about.kind.name()));
    }
    for gap in gaps {
        scan.find(Id::ScanIncomplete, "", gap);
    }
    out.finish(scan);
}

fn take(out: &mut Output, scan: &mut Scan<'_>, member: Member, data: Bytes, whole: bool) {
    if data.is_empty() && member.size > 0 || !out.room(scan) {
        out.list(scan, &member);
        return;
    }
    let cap = usize::try_from(out.cap(scan)).unwrap_or(usize::MAX);
    let cut = data.len() > cap || !whole;
    let data = data.slice(..data.len().min(cap));
    out.add(scan, member, data, cut);
}

/// Files of all ISO 9660 trees, those with long names first.
fn iso(bytes: &[u8], gaps: &mut Gaps) -> Vec<(Member, std::ops::Range<usize>)> {
    let mut roots: Vec<(bool, usize, usize)> = Vec::new();
    for n in 0.. {
        let at = (16 + n) * SECTOR;
        let Some(descriptor) = bytes.get(at..at + SECTOR) else { break };
        if descriptor.get(1..6) != Some(b"CD001") || !gaps.room(n, DESCRIPTORS, "descriptors of a disk image")
        {
            break;
        }
        let kind = descriptor.first().copied().unwrap_or(255);
        if let (1 | 2, Some(start), Some(size)) = (kind, u32_at(descriptor, 158), u32_at(descriptor, 166)) {
            let wide = kind == 2 && descriptor.get(88..90) == Some(b"%/");
            roots.push((wide, start as usize, size as usize));
        }
        if kind == 255 {
            break;
        }
    }
    roots.sort_by_key(|(wide, ..)| !wide);
    let mut out = Vec::new();
    let mut visited = FxHashSet::default();
    let mut records = 0;
    for (wide, start, size) in roots {
        let mut waiting = vec![(String::new(), start, size, 0)];
        while let Some((folder, start, size, depth)) = waiting.pop() {
            if !visited.insert(start) || !gaps.room(depth, NESTING_MAX + 1, FOLDERS) {
                continue;
            }
            let from = start.saturating_mul(SECTOR).min(bytes.len());
            let to = from.saturating_add(size).min(bytes.len());
            let area = bytes.get(from..to).unwrap_or_default();
            for record in records_of(area) {
                if !gaps.room(records, RECORDS_MAX, "entries of folders") {
                    return out;
                }
                records += 1;
                let Some((name, flags, extent, length)) = read(record, wide) else { continue };
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                if flags & 2 != 0 {
                    waiting.push((path, extent, length, depth + 1));
                } else {
                    let from = extent.saturating_mul(SECTOR).min(bytes.len());
                    let to = from.saturating_add(length).min(bytes.len());
                    let hidden = flags & 1 != 0;
                    out.push((Member { path, hidden, packed: None, size: length as u64 }, from..to));
                }
            }
        }
    }
    out
}

/// Records of a directory; none crosses a sector, and zeros fill the rest of one.
fn records_of(area: &[u8]) -> impl Iterator<Item = &[u8]> {
    area.chunks(SECTOR).flat_map(|sector| {
        let mut at = 0;
        std::iter::from_fn(move || {
            let size = usize::from(*sector.get(at)?);
            let record = sector.get(at..at + size).filter(|_| size >= 34)?;
            at += size;
            Some(record)
        })
    })
}

/// Name, flags, first sector, bytes. The entries for the folder itself and its parent are none.
fn read(record: &[u8], wide: bool) -> Option<(String, u8, usize, usize)> {
    let size = usize::from(*record.get(32)?);
    let raw = record.get(33..33 + size)?;
    if matches!(raw, [] | [0] | [1]) {
        return None;
    }
    let name = if wide {
        let units = raw.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else {
        String::from_utf8_lossy(raw).into_owned()
    };
    let name = name.split_once(';').map_or(name.as_str(), |(name, _)| name).trim_end_matches('.').to_owned();
    Some((name, *record.get(25)?, u32_at(record, 2)? as usize, u32_at(record, 10)? as usize))
}

/// The tree of another file system.
fn walk(
    root: &TreeNode,
    source: &mut Cursor<Bytes>,
    seen: &mut FxHashSet<(usize, usize)>,
    out: &mut Output,
    scan: &mut Scan<'_>,
) {
    let mut waiting = vec![(String::new(), root, 0)];
    let mut nodes = 0;
    while let Some((path, node, depth)) = waiting.pop() {
        let gaps = &mut scan.budget.gaps;
        if !gaps.room(depth, NESTING_MAX + 1, FOLDERS) {
            continue;
        }
        if !gaps.room(nodes, FILES_LISTED_MAX, "files and folders of a disk image") {
            return;
        }
        nodes += 1;
        if node.is_directory {
            for child in &node.children {
                let path =
                    if path.is_empty() { child.name.clone() } else { format!("{path}/{}", child.name) };
                waiting.push((path, child, depth + 1));
            }
            continue;
        }
        let start = node.file_location.and_then(|at| usize::try_from(at).ok());
        let size = usize::try_from(node.size).unwrap_or(usize::MAX);
        if start.is_some_and(|start| !seen.insert((start, size))) {
            continue;
        }
        let member = Member { path, size: node.size, ..Member::default() };
        let fits = node.size <= out.cap(scan) && node.size <= source.get_ref().len() as u64;
        if !fits || !out.room(scan) {
            out.list(scan, &member);
            continue;
        }
        let mut data = Vec::new();
        match isomage::cat_node(source, node, &mut data) {
            Ok(_) => out.add(scan, member, data.into(), false),
            Err(_) => out.list(scan, &member),
        }
    }
}
