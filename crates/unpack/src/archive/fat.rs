//! FAT12, FAT16 and FAT32: partitions, directories with their long names, files by their chains of clusters.

use rustc_hash::FxHashSet;

use super::{
    bytes::{magic_at, u16_at, u32_at, u64_at},
    disk::FOLDERS,
    output::{Member, Output},
    virtual_disk::Disk,
};
use crate::{
    gaps::Gaps,
    limits::{FILES_LISTED_MAX, NESTING_MAX},
    scan::Scan,
};

/// Partitions that are looked at.
const PARTITIONS_MAX: usize = 32;
/// Entries of a table of partitions: as many as every system makes.
const ENTRIES_MAX: u32 = 128;
const PARTITIONS: &str = "partitions";
/// Entries of all directories that are looked at.
const RECORDS_MAX: usize = 40_000;
/// Bytes of one directory: as many as FAT allows.
const FOLDER_BYTES_MAX: u64 = 2 << 20;
/// Bytes of a directory entry.
const RECORD: usize = 32;
/// Pieces of a long name.
const PIECES_MAX: u8 = 20;

/// Reads every volume of a disk; gives how many were read, and what could not be, in words.
pub(super) fn read(disk: &Disk, out: &mut Output, scan: &mut Scan<'_>) -> (usize, Vec<String>) {
    let (mut read, mut gaps) = (0, Vec::new());
    for start in volumes(disk, &mut scan.budget.gaps) {
        match Volume::open(disk, start) {
            Ok(volume) => {
                volume.walk(out, scan);
                read += 1;
            }
            Err(what) => gaps.push(what.to_owned()),
        }
    }
    (read, gaps)
}

/// Where volumes begin: the disk itself, or its partitions.
fn volumes(disk: &Disk, gaps: &mut Gaps) -> Vec<u64> {
    let Some(first) = disk.read(0, 512) else { return Vec::new() };
    if named(&first).is_some() || Shape::read(&first).is_some() {
        return vec![0];
    }
    let mut out = Vec::new();
    let (mut table, mut base) = (0, 0);
    // The last entry of an extended partition leads to the next table.
    let mut tables = 0;
    while gaps.room(tables, PARTITIONS_MAX, PARTITIONS) {
        tables += 1;
        let Some(sector) = disk.read(table, 512).filter(|s| magic_at(s, 510, b"\x55\xAA")) else { break };
        let mut next = None;
        for entry in (0..4).map(|n| 446 + n * 16) {
            let (Some(kind), Some(first)) = (sector.get(entry + 4).copied(), u32_at(&sector, entry + 8))
            else {
                continue;
            };
            let first = u64::from(first) * disk.sector;
            match kind {
                0 => {}
                0xEE => out.extend(guid_partitions(disk, gaps)),
                0x05 | 0x0F | 0x85 => next = Some(if base == 0 { first } else { base + first }),
                _ => out.push(table + first),
            }
        }
        match next {
            Some(at) if at > 0 => {
                base = if base == 0 { at } else { base };
                table = at;
            }
            _ => break,
        }
    }
    gaps.most(out, PARTITIONS_MAX, PARTITIONS)
}

fn guid_partitions(disk: &Disk, gaps: &mut Gaps) -> Vec<u64> {
    let Some(header) = disk.read(disk.sector, 92).filter(|h| magic_at(h, 0, b"EFI PART")) else {
        return Vec::new();
    };
    let (Some(table), Some(count), Some(size)) =
        (u64_at(&header, 72), u32_at(&header, 80), u32_at(&header, 84))
    else {
        return Vec::new();
    };
    let table = table.saturating_mul(disk.sector);
    if count > ENTRIES_MAX {
        gaps.over(ENTRIES_MAX as usize, "entries of a partition table");
    }
    let entries = (0..u64::from(count.min(ENTRIES_MAX))).map(|n| table.saturating_add(n * u64::from(size)));
    let entries = entries.map_while(|at| disk.read(at, 40));
    let used = entries.filter(|entry| entry.get(..16).is_some_and(|kind| kind.iter().any(|b| *b != 0)));
    used.filter_map(|entry| u64_at(&entry, 32)).map(|first| first.saturating_mul(disk.sector)).collect()
}

/// A file system that says its name and is not FAT.
fn named(boot: &[u8]) -> Option<&'static str> {
    let known: [(usize, &[u8], &str); 5] = [
        (3, b"NTFS    ", "a volume of NTFS is not read"),
        (3, b"EXFAT   ", "a volume of exFAT is not read"),
        (3, b"ReFS\0\0\0\0", "a volume of ReFS is not read"),
        (3, b"-FVE-FS-", "a volume is encrypted by BitLocker"),
        (0, b"H+\0\x04", "a volume of HFS+ is not read"),
    ];
    known.iter().find(|(at, magic, _)| magic_at(boot, *at, magic)).map(|(.., name)| *name)
}

/// How wide an entry of the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Twelve,
    Sixteen,
    ThirtyTwo,
}

/// What the boot sector says, in bytes.
#[derive(Debug, Clone, Copy)]
struct Shape {
    width: Width,
    table: u64,
    /// The root of FAT12 and FAT16.
    root: u64,
    root_entries: u64,
    /// The root of FAT32.
    root_cluster: u32,
    data: u64,
    cluster: u64,
    clusters: u32,
}

impl Shape {
    fn read(boot: &[u8]) -> Option<Shape> {
        let small = |at: usize| u16_at(boot, at).map(u64::from);
        let byte = |at: usize| boot.get(at).copied().map(u64::from);
        let (sector, per_cluster, reserved, tables) = (small(11)?, byte(13)?, small(14)?, byte(16)?);
        let plausible = matches!(sector, 512 | 1_024 | 2_048 | 4_096)
            && per_cluster.is_power_of_two()
            && reserved > 0
            && (1..=2).contains(&tables);
        if !plausible {
            return None;
        }
        let root_entries = small(17)?;
        let total = small(19).filter(|n| *n > 0).or(u32_at(boot, 32).map(u64::from))?;
        let size = small(22).filter(|n| *n > 0);
        let wide = size.is_none() && root_entries == 0;
        let size = size.or(u32_at(boot, 36).map(u64::from)).filter(|n| *n > 0)?;
        let root = reserved + tables * size;
        let data = root + (root_entries * RECORD as u64).div_ceil(sector);
        let clusters = total.checked_sub(data)? / per_cluster;
        let width = match clusters {
            _ if wide => Width::ThirtyTwo,
            0..4_085 => Width::Twelve,
            _ => Width::Sixteen,
        };
        Some(Shape {
            width,
            table: reserved * sector,
            root: root * sector,
            root_entries,
            root_cluster: u32_at(boot, 44).unwrap_or(0),
            data: data * sector,
            cluster: per_cluster * sector,
            clusters: u32::try_from(clusters).ok()?,
        })
    }
}

struct Volume<'d> {
    disk: &'d Disk,
    start: u64,
    shape: Shape,
}

impl Volume<'_> {
    fn open(disk: &Disk, start: u64) -> Result<Volume<'_>, &'static str> {
        let boot = disk.read(start, 512).ok_or("a partition begins behind the end of the image")?;
        if let Some(what) = named(&boot) {
            return Err(what);
        }
        let shape = Shape::read(&boot).ok_or("a partition of an unknown file system is not read")?;
        Ok(Volume { disk, start, shape })
    }

    /// Where a cluster's bytes are.
    fn place(&self, cluster: u32) -> Option<u64> {
        let number = cluster.checked_sub(2).filter(|n| *n < self.shape.clusters)?;
        self.start.checked_add(self.shape.data)?.checked_add(u64::from(number) * self.shape.cluster)
    }

    /// The cluster after this one; `None` at the end of the chain.
    fn next(&self, cluster: u32) -> Option<u32> {
        let table = self.start.checked_add(self.shape.table)?;
        let n = u64::from(cluster);
        let next = match self.shape.width {
            Width::Twelve => {
                let pair = u16_at(&self.disk.read(table + n + n / 2, 2)?, 0)?;
                u32::from(if n % 2 == 0 { pair & 0xFFF } else { pair >> 4 })
            }
            Width::Sixteen => u16_at(&self.disk.read(table + n * 2, 2)?, 0)?.into(),
            Width::ThirtyTwo => u32_at(&self.disk.read(table + n * 4, 4)?, 0)? & 0x0FFF_FFFF,
        };
        // Marks for the end and for bad clusters are larger than any cluster there is.
        self.place(next).map(|_| next)
    }

    /// The bytes of a chain, as many as there are; no cluster twice, so that a circle ends.
    fn chain(&self, first: u32, most: u64) -> Vec<u8> {
        let mut out: Vec<u8> = Vec::new();
        let mut at = Some(first);
        let mut seen = FxHashSet::default();
        while let Some(cluster) = at.filter(|_| (out.len() as u64) < most) {
            if !seen.insert(cluster) {
                break;
            }
            let wanted = self.shape.cluster.min(most - out.len() as u64);
            let piece = self.place(cluster).and_then(|place| {
                let whole = usize::try_from(wanted).ok().and_then(|size| self.disk.read(place, size));
                // Of the last cluster of a truncated image there may be a part.
                whole.or_else(|| self.disk.run(place, wanted))
            });
            let Some(piece) = piece else { break };
            out.extend_from_slice(&piece);
            at = self.next(cluster);
        }
        out
    }

    fn walk(&self, out: &mut Output, scan: &mut Scan<'_>) {
        let (mut records, mut files) = (0, 0);
        let mut visited = FxHashSet::default();
        // No cluster: the root.
        let mut waiting = vec![(String::new(), None, 0)];
        while let Some((folder, cluster, depth)) = waiting.pop() {
            let (bytes, more) = self.folder(cluster);
            if more {
                scan.over(FOLDER_BYTES_MAX as usize, "bytes of a folder");
            }
            if !scan.budget.spend(1 + bytes.len() as u64 / 64) {
                return;
            }
            let mut folders = Vec::new();
            for record in entries(&bytes) {
                let gaps = &mut scan.budget.gaps;
                if !gaps.room(records, RECORDS_MAX, "entries of folders") || !scan.budget.spend(1) {
                    return;
                }
                records += 1;
                let path = if folder.is_empty() { record.name } else { format!("{folder}/{}", record.name) };
                if record.folder {
                    if visited.insert(record.cluster) && scan.budget.gaps.room(depth, NESTING_MAX, FOLDERS) {
                        folders.push((path, Some(record.cluster), depth + 1));
                    }
                    continue;
                }
                if !scan.budget.gaps.room(files, FILES_LISTED_MAX, "files of a volume") {
                    return;
                }
                files += 1;
                let member = Member { path, hidden: record.hidden, packed: None, size: record.size.into() };
                self.file(member, record.cluster, out, scan);
            }
            waiting.extend(folders.into_iter().rev());
        }
    }

    /// The bytes of a directory, and whether there are more; without a cluster, of the root.
    fn folder(&self, cluster: Option<u32>) -> (Vec<u8>, bool) {
        let chain = |first: u32| {
            let mut bytes = self.chain(first, FOLDER_BYTES_MAX + 1);
            let most = usize::try_from(FOLDER_BYTES_MAX).unwrap_or(usize::MAX);
            let more = bytes.len() > most;
            bytes.truncate(most);
            (bytes, more)
        };
        match (cluster, self.shape.width) {
            (Some(cluster), _) => chain(cluster),
            (None, Width::ThirtyTwo) => chain(self.shape.root_cluster),
            (None, _) => {
                let size = self.shape.root_entries * RECORD as u64;
                let at = self.start.saturating_add(self.shape.root);
                (self.disk.run(at, size).map(|found| found.to_vec()).unwrap_or_default(), false)
            }
        }
    }

    fn file(&self, member: Member, cluster: u32, out: &mut Output, scan: &mut Scan<'_>) {
        let cap = out.cap(scan).min(self.disk.stored());
        if !out.room(scan) || !scan.budget.spend(member.size.min(cap) / 4_096) {
            return out.list(scan, &member);
        }
        let data = self.chain(cluster, member.size.min(cap));
        if data.is_empty() && member.size > 0 {
            return out.list(scan, &member);
        }
        let cut = (data.len() as u64) < member.size;
        out.add(scan, member, data.into(), cut);
    }
}

struct Record {
    name: String,
    folder: bool,
    hidden: bool,
    cluster: u32,
    size: u32,
}

/// The files and folders of a directory; deleted ones and the volume's label are none.
fn entries(bytes: &[u8]) -> Vec<Record> {
    let mut out = Vec::new();
    let mut long: Vec<(u8, u8, Vec<u16>)> = Vec::new();
    for raw in bytes.chunks_exact(RECORD) {
        let (Some(first), Some(flags)) = (raw.first().copied(), raw.get(11).copied()) else { break };
        match first {
            0 => break,
            0xE5 => {
                long.clear();
                continue;
            }
            _ => {}
        }
        if flags & 0x3F == 0x0F {
            let order = first & 0x1F;
            if first & 0x40 != 0 {
                long.clear();
            }
            if (1..=PIECES_MAX).contains(&order) && long.len() < usize::from(PIECES_MAX) {
                long.push((order, raw.get(13).copied().unwrap_or(0), piece(raw)));
            }
            continue;
        }
        let pieces = std::mem::take(&mut long);
        if flags & 0x08 != 0 || first == b'.' {
            continue;
        }
        let short = raw.get(..11).unwrap_or_default();
        let name = joined(pieces, sum(short)).unwrap_or_else(|| self::short(raw));
        let high = u32::from(u16_at(raw, 20).unwrap_or(0)) << 16;
        out.push(Record {
            name: name.replace('/', "_"),
            folder: flags & 0x10 != 0,
            hidden: flags & 0x02 != 0,
            cluster: high | u32::from(u16_at(raw, 26).unwrap_or(0)),
            size: u32_at(raw, 28).unwrap_or(0),
        });
    }
    out
}

/// Thirteen characters of a long name.
fn piece(raw: &[u8]) -> Vec<u16> {
    let places = (1..11).step_by(2).chain((14..26).step_by(2)).chain([28, 30]);
    places.filter_map(|at| u16_at(raw, at)).take_while(|unit| *unit != 0).collect()
}

/// The long name, when its pieces are those of this entry.
fn joined(mut pieces: Vec<(u8, u8, Vec<u16>)>, sum: u8) -> Option<String> {
    pieces.sort_by_key(|(order, ..)| *order);
    let fit = pieces.iter().zip(1..).all(|((order, of, _), n)| *order == n && *of == sum);
    let units = pieces.iter().flat_map(|(.., units)| units.iter().copied());
    let name: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    (fit && !name.is_empty()).then_some(name)
}

/// The checksum that ties a long name to its entry.
fn sum(short: &[u8]) -> u8 {
    short.iter().fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
}

/// A name of eight and three characters; two bits say which half is in small letters.
fn short(raw: &[u8]) -> String {
    let small = raw.get(12).copied().unwrap_or(0);
    let half = |range: std::ops::Range<usize>, bit: u8| {
        let text: String = raw.get(range).unwrap_or_default().iter().map(|b| char::from(*b)).collect();
        let text = text.trim_end().to_owned();
        if small & bit != 0 { text.to_lowercase() } else { text }
    };
    let mut base = half(0..8, 0x08);
    // The first byte of a name that begins with the mark for deleted ones.
    if base.starts_with('\u{5}') {
        base.replace_range(..1, "\u{E5}");
    }
    let extension = half(8..11, 0x10);
    if extension.is_empty() { base } else { format!("{base}.{extension}") }
}
