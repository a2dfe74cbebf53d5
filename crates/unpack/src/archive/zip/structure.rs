//! Reads what a zip says it holds: the central directory first, then the local headers that it does not name.
//!
//! ```text
//! [other bytes] local header, data … | central directory | end record, comment [other bytes]
//! ```
//!
//! Offsets count from the first local header, so bytes before it shift all of them (`base`).

use std::ops::Range;

use memchr::memmem;

use super::{
    Anomaly, Entry,
    crypt::Encryption,
    names::{decode, escapes, plain},
};
use crate::archive::bytes::{magic_at, u16_at, u32_at, u64_at};

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// Entries that are read of one archive.
pub(super) const ENTRIES_MAX: usize = 20_000;
/// End records and directories that are looked at until one fits.
const TRIES: usize = 16;

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Structure {
    pub(crate) entries: Vec<Entry>,
    pub(crate) anomalies: Vec<(Anomaly, String)>,
    /// Where the first byte of the archive is, and the first behind it.
    pub(crate) range: Range<usize>,
    pub(crate) comment: String,
    /// There are more entries than are read.
    pub(crate) more: bool,
    /// Two entries whose bytes overlap, and how many do.
    pub(crate) overlap: Option<(String, usize)>,
}

/// Where the central directory is.
struct Directory {
    start: usize,
    end: usize,
    base: i64,
    count: u64,
    /// Behind the end record and its comment.
    close: usize,
    comment: String,
    displaced: bool,
}

/// Reads any bytes; what is not a zip has no entries.
pub(crate) fn read(bytes: &[u8]) -> Structure {
    let mut out = Structure::default();
    let mut covered = Vec::new();
    let mut close = bytes.len();
    if let Some(directory) = find_directory(bytes) {
        central(bytes, &directory, &mut out);
        covered.push(directory.start..directory.close);
        close = directory.close;
        if directory.displaced {
            out.anomaly(Anomaly::Directory, "the end record points elsewhere");
        }
        if !out.more
            && directory.count != out.entries.len() as u64 & 0xFFFF
            && directory.count != out.entries.len() as u64
        {
            out.anomaly(
                Anomaly::Directory,
                format!("{} entries declared, {} there", directory.count, out.entries.len()),
            );
        }
        out.comment = directory.comment;
    }
    covered.extend(out.entries.iter().map(|e| e.header..e.data.end.max(e.header)));
    unnamed(bytes, covered, &mut out);
    let start = out.entries.iter().filter(|e| e.present).map(|e| e.header).min().unwrap_or(0);
    let end = out.entries.iter().map(|e| e.data.end).max().unwrap_or(0).max(close);
    out.range = start..end;
    out.check_names();
    out.check_overlaps();
    out
}

impl Structure {
    fn anomaly(&mut self, anomaly: Anomaly, evidence: impl Into<String>) {
        if self.anomalies.iter().filter(|(a, _)| *a == anomaly).count() < 4 {
            self.anomalies.push((anomaly, evidence.into()));
        }
    }

    fn check_overlaps(&mut self) {
        let mut order: Vec<&Entry> = self.entries.iter().filter(|e| e.present).collect();
        order.sort_by_key(|e| (e.header, e.data.end));
        let (mut end, mut count, mut first) = (0, 0, None);
        for entry in order {
            if entry.header < end {
                count += 1;
                first.get_or_insert(&entry.stored);
            }
            end = end.max(entry.data.end);
        }
        self.overlap = first.map(|name| (name.clone(), count));
    }

    fn check_names(&mut self) {
        let mut seen = rustc_hash::FxHashSet::default();
        let mut odd = Vec::new();
        for entry in &self.entries {
            if !seen.insert((entry.name.clone(), entry.central)) {
                odd.push((Anomaly::Duplicate, entry.stored.clone()));
            }
            if entry.stored.contains('\\') {
                odd.push((Anomaly::Backslash, entry.stored.clone()));
            }
            if escapes(&entry.stored) {
                odd.push((Anomaly::Escape, entry.stored.clone()));
            }
        }
        odd.into_iter().for_each(|(anomaly, evidence)| self.anomaly(anomaly, evidence));
    }
}

/// The last end record whose directory can be found.
fn find_directory(bytes: &[u8]) -> Option<Directory> {
    let mut end = bytes.len();
    let mut empty = None;
    for _ in 0..TRIES {
        let at = memmem::rfind(bytes.get(..end)?, END)?;
        match directory(bytes, at) {
            Some(directory) if directory.start < directory.end => return Some(directory),
            Some(directory) if empty.is_none() => empty = Some(directory),
            _ => {}
        }
        end = at;
        if end == 0 {
            break;
        }
    }
    empty
}

/// The directory that the end record at `at` belongs to.
fn directory(bytes: &[u8], at: usize) -> Option<Directory> {
    let mut count = u64::from(u16_at(bytes, at + 10)?);
    let mut size = u64::from(u32_at(bytes, at + 12)?);
    let mut offset = u64::from(u32_at(bytes, at + 16)?);
    let comment_size = usize::from(u16_at(bytes, at + 20)?);
    let comment_end = (at + 22).saturating_add(comment_size).min(bytes.len());
    let comment = bytes.get(at + 22..comment_end).map(decode).unwrap_or_default();
    let mut end = at;
    if let Some(wide) = end64(bytes, at) {
        count = u64_at(bytes, wide + 32)?;
        size = u64_at(bytes, wide + 40)?;
        offset = u64_at(bytes, wide + 48)?;
        end = wide;
    }
    let by_size = usize::try_from(size).ok().and_then(|size| end.checked_sub(size));
    let by_offset = usize::try_from(offset).ok();
    let found = |start: usize, base: i64, displaced: bool| Directory {
        start,
        end,
        base,
        count,
        close: comment_end,
        comment: comment.clone(),
        displaced,
    };
    let shift = |start: usize| i64::try_from(start).unwrap_or(0) - i64::try_from(offset).unwrap_or(0);
    if count == 0 && size == 0 && !by_offset.is_some_and(|start| magic_at(bytes, start, CENTRAL)) {
        return Some(found(end, 0, false));
    }
    if let Some(start) = by_size.filter(|start| magic_at(bytes, *start, CENTRAL)) {
        return Some(found(start, shift(start), false));
    }
    if let Some(start) = by_offset.filter(|start| *start < end && magic_at(bytes, *start, CENTRAL)) {
        return Some(found(start, 0, true));
    }
    let mut candidates = memmem::find_iter(bytes.get(..end)?, CENTRAL).take(TRIES * 4);
    candidates.find(|start| chain_end(bytes, *start, end) == end).map(|start| found(start, 0, true))
}

/// The end record of a zip of 64 bits that belongs to the end record at `at`.
fn end64(bytes: &[u8], at: usize) -> Option<usize> {
    let locator = at.checked_sub(20).filter(|locator| magic_at(bytes, *locator, LOCATOR64))?;
    let stated = usize::try_from(u64_at(bytes, locator + 8)?).ok();
    let beside = locator.checked_sub(56);
    [beside, stated].into_iter().flatten().find(|wide| *wide < locator && magic_at(bytes, *wide, END64))
}

/// Where the run of directory entries from `at` stops.
fn chain_end(bytes: &[u8], mut at: usize, end: usize) -> usize {
    while at < end && magic_at(bytes, at, CENTRAL) {
        let Some(size) = central_size(bytes, at) else { break };
        at += size;
    }
    at
}

fn central_size(bytes: &[u8], at: usize) -> Option<usize> {
    let sizes = [28, 30, 32].map(|field| u16_at(bytes, at + field).map(usize::from));
    sizes.into_iter().try_fold(46, |sum, size| Some(sum + size?))
}

fn central(bytes: &[u8], directory: &Directory, out: &mut Structure) {
    let mut at = directory.start;
    while at < directory.end && magic_at(bytes, at, CENTRAL) {
        let Some(size) = central_size(bytes, at) else { break };
        if out.entries.len() >= ENTRIES_MAX {
            out.more = true;
            return;
        }
        if let Some(entry) = central_entry(bytes, at, directory.base, out) {
            out.entries.push(entry);
        }
        at += size;
    }
    if at < directory.end && !magic_at(bytes, at, b"PK\x05\x05") {
        out.anomaly(Anomaly::Directory, "the directory cannot be read to its end");
    }
}

/// The fields that both headers share, from the flags on.
struct Head {
    flags: u16,
    method: u16,
    time: u16,
    crc: u32,
    packed: u64,
    size: u64,
}

impl Head {
    fn read(bytes: &[u8], at: usize) -> Option<Head> {
        Some(Head {
            flags: u16_at(bytes, at)?,
            method: u16_at(bytes, at + 2)?,
            time: u16_at(bytes, at + 4)?,
            crc: u32_at(bytes, at + 8)?,
            packed: u32_at(bytes, at + 12)?.into(),
            size: u32_at(bytes, at + 16)?.into(),
        })
    }
}

/// What the extra fields add.
#[derive(Default)]
struct Extra {
    /// Key bytes of AES, whether the CRC counts, the real method.
    aes: Option<(usize, bool, u16)>,
    offset: Option<u64>,
    name: Option<String>,
}

fn extra(mut fields: &[u8], head: &mut Head, offset: u64) -> Extra {
    let mut out = Extra::default();
    while let (Some(id), Some(size)) = (u16_at(fields, 0), u16_at(fields, 2)) {
        let Some(rest) = fields.get(4..) else { break };
        let Some((field, rest)) = rest.split_at_checked(usize::from(size)) else { break };
        match id {
            1 => {
                let mut at = 0;
                let mut wide = |value: u64| match u64_at(field, at) {
                    Some(wide) if value == 0xFFFF_FFFF => {
                        at += 8;
                        wide
                    }
                    _ => value,
                };
                head.size = wide(head.size);
                head.packed = wide(head.packed);
                out.offset = Some(wide(offset));
            }
            0x9901 => {
                if let (Some(version), Some(strength), Some(method)) =
                    (u16_at(field, 0), field.get(4), u16_at(field, 5))
                {
                    let key = match strength {
                        1 => 16,
                        2 => 24,
                        _ => 32,
                    };
                    out.aes = Some((key, version == 1, method));
                }
            }
            0x7075 => out.name = field.get(5..).and_then(|name| String::from_utf8(name.to_vec()).ok()),
            _ => {}
        }
        fields = rest;
    }
    out
}

fn encryption(head: &Head, extra: &Extra) -> Encryption {
    if head.flags & 1 == 0 {
        return Encryption::None;
    }
    match extra.aes {
        Some((key, crc, _)) if head.method == 99 => Encryption::Aes { key, crc },
        _ if head.flags & 0x40 != 0 => Encryption::Strong,
        // Where the CRC follows the data the check is the time's.
        _ if head.flags & 8 != 0 => Encryption::Old((head.time >> 8) as u8),
        _ => Encryption::Old((head.crc >> 24) as u8),
    }
}

fn central_entry(bytes: &[u8], at: usize, base: i64, out: &mut Structure) -> Option<Entry> {
    let mut head = Head::read(bytes, at + 8)?;
    let name_size = usize::from(u16_at(bytes, at + 28)?);
    let extra_size = usize::from(u16_at(bytes, at + 30)?);
    let raw = bytes.get(at + 46..at + 46 + name_size)?;
    let fields = bytes.get(at + 46 + name_size..at + 46 + name_size + extra_size).unwrap_or_default();
    let offset = u64::from(u32_at(bytes, at + 42)?);
    let extra = extra(fields, &mut head, offset);
    let offset = extra.offset.unwrap_or(offset);
    let attributes = u32_at(bytes, at + 38)?;
    let masked = head.flags & 0x2000 != 0;
    let stored = extra.name.clone().unwrap_or_else(|| decode(raw));
    let header = local_offset(bytes, offset, base);
    let mut entry = Entry {
        name: plain(&stored),
        folder: stored.ends_with(['/', '\\']) || head.size == 0 && head.packed == 0 && attributes & 0x10 != 0,
        encryption: encryption(&head, &extra),
        method: extra.aes.filter(|_| head.method == 99).map_or(head.method, |(_, _, method)| method),
        crc: head.crc,
        packed: head.packed,
        size: head.size,
        hidden: attributes & 2 != 0,
        header: header.unwrap_or(0),
        central: true,
        present: header.is_some(),
        stored,
        ..Entry::default()
    };
    if masked {
        out.anomaly(Anomaly::Masked, entry.stored.clone());
    }
    match header {
        Some(header) => compare(bytes, header, raw, &head, &mut entry, out),
        None => out.anomaly(Anomaly::NoLocal, entry.stored.clone()),
    }
    Some(entry)
}

/// The local header: where the directory says, with or without the bytes before the archive.
fn local_offset(bytes: &[u8], offset: u64, base: i64) -> Option<usize> {
    let shifted = offset.checked_add_signed(base);
    let at = |offset: u64| usize::try_from(offset).ok().filter(|at| magic_at(bytes, *at, LOCAL));
    shifted.and_then(at).or_else(|| at(offset))
}

/// Fills in where the data is and notes where the local header says something else.
fn compare(bytes: &[u8], header: usize, raw: &[u8], head: &Head, entry: &mut Entry, out: &mut Structure) {
    let (Some(mut local), Some(name_size), Some(extra_size)) =
        (Head::read(bytes, header + 6), u16_at(bytes, header + 26), u16_at(bytes, header + 28))
    else {
        return;
    };
    let name_end = header + 30 + usize::from(name_size);
    let start = name_end + usize::from(extra_size);
    let local_extra = extra(bytes.get(name_end..start).unwrap_or_default(), &mut local, 0);
    let name = bytes.get(header + 30..name_end).unwrap_or_default();
    let masked = (head.flags | local.flags) & 0x2000 != 0;
    if name != raw && !masked {
        out.anomaly(Anomaly::Name, format!("{} and {}", entry.stored, decode(name)));
    }
    if local.method != head.method {
        out.anomaly(Anomaly::Method, format!("{}: {} and {}", entry.stored, head.method, local.method));
        entry.other_method =
            Some(local_extra.aes.filter(|_| local.method == 99).map_or(local.method, |(_, _, m)| m));
    }
    if (local.flags ^ head.flags) & 1 != 0 {
        // Programs believe the local header: a mark in one of both hides members from scanners.
        out.anomaly(Anomaly::Method, format!("{}: encrypted by one header only", entry.stored));
        entry.encryption = encryption(&local, &local_extra);
    }
    let stated = local.packed != 0 && local.packed != 0xFFFF_FFFF && local.flags & 8 == 0 && !masked;
    if stated && local.packed != head.packed {
        out.anomaly(
            Anomaly::Size,
            format!("{}: {} and {} packed bytes", entry.stored, head.packed, local.packed),
        );
    }
    let start = start.min(bytes.len());
    let packed = usize::try_from(head.packed).unwrap_or(usize::MAX);
    entry.data = start..start.saturating_add(packed).min(bytes.len());
}

/// Local headers in the bytes that nothing named so far covers.
fn unnamed(bytes: &[u8], mut covered: Vec<Range<usize>>, out: &mut Structure) {
    covered.sort_by_key(|range| range.start);
    let mut next = covered.into_iter().peekable();
    let mut at = 0;
    let named = out.entries.len();
    while let Some(found) = bytes.get(at..).and_then(|rest| memmem::find(rest, LOCAL)) {
        let header = at + found;
        let mut inside = None;
        while let Some(range) = next.next_if(|range| range.start <= header) {
            if range.end > header {
                inside = Some(inside.unwrap_or(0).max(range.end));
            }
        }
        if let Some(end) = inside {
            at = end;
            continue;
        }
        if out.entries.len() >= ENTRIES_MAX {
            out.more = true;
            return;
        }
        let limit = next.peek().map_or(bytes.len(), |range| range.start);
        match local_entry(bytes, header, limit) {
            Some(entry) => {
                at = entry.data.end.max(header + 4);
                if named > 0 {
                    out.anomaly(Anomaly::Unnamed, entry.stored.clone());
                }
                out.entries.push(entry);
            }
            None => at = header + 4,
        }
    }
    if named == 0 && !out.entries.is_empty() {
        out.anomaly(Anomaly::Directory, "no directory");
    }
}

fn local_entry(bytes: &[u8], header: usize, limit: usize) -> Option<Entry> {
    let mut head = Head::read(bytes, header + 6)?;
    let name_size = usize::from(u16_at(bytes, header + 26)?);
    let extra_size = usize::from(u16_at(bytes, header + 28)?);
    let name_end = header + 30 + name_size;
    let start = name_end + extra_size;
    let raw = bytes.get(header + 30..name_end)?;
    let plausible = u16_at(bytes, header + 4)? & 0xFF <= 63 && !raw.is_empty() && !raw.contains(&0);
    if !plausible || start > limit {
        return None;
    }
    let extra = extra(bytes.get(name_end..start)?, &mut head, 0);
    let stored = extra.name.clone().unwrap_or_else(|| decode(raw));
    let end = if head.packed == 0 && head.flags & 8 != 0 {
        described_end(bytes, start, limit, head.method)
    } else {
        start.saturating_add(usize::try_from(head.packed).unwrap_or(usize::MAX)).min(limit)
    };
    Some(Entry {
        name: plain(&stored),
        folder: stored.ends_with(['/', '\\']),
        encryption: encryption(&head, &extra),
        method: extra.aes.filter(|_| head.method == 99).map_or(head.method, |(_, _, method)| method),
        crc: head.crc,
        packed: (end - start) as u64,
        size: head.size,
        header,
        data: start..end,
        present: true,
        stored,
        ..Entry::default()
    })
}

/// Where data ends whose size stands behind it.
fn described_end(bytes: &[u8], start: usize, limit: usize, method: u16) -> usize {
    let Some(area) = bytes.get(start..limit) else { return start };
    let described = memmem::find_iter(area, DESCRIPTOR)
        .take(64)
        .find(|at| u32_at(area, at + 8).is_some_and(|size| size as usize == *at));
    if let Some(at) = described {
        return start + at;
    }
    // A deflate stream knows its own end; whatever else is left over belongs to nobody.
    let next = memmem::find(area, LOCAL).filter(|_| method != 0);
    start + next.unwrap_or(area.len())
}
