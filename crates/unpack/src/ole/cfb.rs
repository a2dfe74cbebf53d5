//! A reader of compound files (MS-CFB) that gives what there is: broken, truncated and deliberately twisted files too.
//!
//! Open a file with [`Cfb::open`], look at [`Cfb::entries`] (the tree first, then the entries that the tree does not
//! reach), read one with [`Cfb::stream`]. Nothing is an error after the first eight bytes: chains end where they leave
//! the file or come back to themselves, sizes are believed only as far as bytes exist, and whatever was wrong is listed
//! in [`Cfb::anomalies`].
//!
//! A stream whose sectors follow one another is a slice of the file; others are put together once. All streams together
//! show at most four times the file ([`SHOWN_RATIO`]), so entries that share sectors cannot multiply work.

use std::cell::{Cell, RefCell};

use bytes::{Bytes, BytesMut};

use crate::{gaps::Gaps, limits::NESTING_MAX};

mod directory;
#[cfg(test)]
pub(crate) mod tests;

const MAGIC: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
/// What a beta of the format began with; Windows still opens it.
const MAGIC_BETA: [u8; 8] = [0x0E, 0x11, 0xFC, 0x0D, 0xD0, 0xCF, 0x11, 0x0E];
const HEADER: usize = 512;
/// The last number that is a sector; higher ones are marks.
const SECTOR_MAX: u32 = 0xFFFF_FFFA;
const FREE: u32 = 0xFFFF_FFFF;
const MINI_SHIFT: u32 = 6;
/// All streams together show so many times the file.
const SHOWN_RATIO: usize = 4;
/// And this in any case, in bytes.
const SHOWN_BASE: usize = 1 << 20;
/// Entries that are kept.
const ENTRIES_MAX: usize = 65_536;

/// An anomaly that some harmless writers have.
pub(crate) const STREAM_WITH_CLASS: &str = "a stream has a class";

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A folder.
    Storage,
    /// Bytes.
    Stream,
    /// The top; its bytes are the mini stream.
    Root,
}

/// An entry of the directory.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Names from the top, joined by `/`; the top's own name is left out. Control characters stay.
    pub(crate) path: String,
    /// The last name of the path.
    pub(crate) name: String,
    pub(crate) kind: EntryKind,
    /// Index of the storage that it is in; the top is 0.
    pub(crate) parent: Option<usize>,
    /// The class, as stored (the first three fields are little endian); zeros for none. See [`clsid_text`].
    pub(crate) clsid: [u8; 16],
    /// Size as declared.
    pub(crate) size: u64,
    /// The tree does not reach it.
    pub(crate) orphan: bool,
    /// Its index among the entries.
    pub(crate) index: usize,
    start: u32,
}

impl Entry {
    pub(crate) fn is_stream(&self) -> bool {
        self.kind == EntryKind::Stream
    }

    /// A folder or the top.
    pub(crate) fn is_storage(&self) -> bool {
        self.kind != EntryKind::Stream
    }

    /// Its name is this one, in any case.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        same(&self.name, name)
    }
}

/// An open compound file.
#[derive(Debug)]
pub(crate) struct Cfb {
    bytes: Bytes,
    shift: u32,
    cutoff: u64,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    mini: Bytes,
    entries: Vec<Entry>,
    anomalies: Vec<&'static str>,
    /// Streams that were read, by entry.
    read: RefCell<rustc_hash::FxHashMap<usize, Bytes>>,
    /// Bytes that may still be shown.
    room: Cell<usize>,
    /// Which chain last came by each sector; one list for all chains.
    passed: RefCell<Passed>,
    /// The allocation table has all its declared sectors.
    whole: bool,
    gaps: RefCell<Gaps>,
}

#[derive(Debug, Default)]
struct Passed {
    by: Vec<u32>,
    chain: u32,
}

impl Passed {
    fn begin(&mut self, sectors: usize) {
        self.chain = self.chain.wrapping_add(1);
        if self.by.len() < sectors {
            self.by.resize(sectors, 0);
        }
    }

    /// Whether this chain comes here for the first time; never for a sector that the file has not.
    fn first(&mut self, sector: u32, sectors: usize) -> bool {
        match self.by.get_mut(sector as usize) {
            Some(by) if *by != self.chain && (sector as usize) < sectors => {
                *by = self.chain;
                true
            }
            _ => false,
        }
    }
}

impl Cfb {
    /// Whether the bytes begin like a compound file.
    pub(crate) fn is(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC) || bytes.starts_with(&MAGIC_BETA)
    }

    /// Opens a file; `None` when it does not begin like one or has no whole header.
    pub(crate) fn open(bytes: &Bytes) -> Option<Cfb> {
        if !Cfb::is(bytes) || bytes.len() < HEADER {
            return None;
        }
        let mut anomalies = Vec::new();
        let shift = match u16_at(bytes, 0x1E)? {
            shift @ 7..=16 => u32::from(shift),
            _ => {
                anomalies.push("sector size out of range");
                if u16_at(bytes, 0x1A) == Some(4) { 12 } else { 9 }
            }
        };
        let mut cfb = Cfb {
            bytes: bytes.clone(),
            shift,
            cutoff: u64::from(u32_at(bytes, 0x38)?).clamp(64, 1 << 20),
            fat: Vec::new(),
            mini_fat: Vec::new(),
            mini: Bytes::new(),
            entries: Vec::new(),
            anomalies,
            read: RefCell::default(),
            room: Cell::new(bytes.len().saturating_mul(SHOWN_RATIO).saturating_add(SHOWN_BASE)),
            passed: RefCell::default(),
            whole: true,
            gaps: RefCell::default(),
        };
        cfb.read_fat();
        let mini_fat = cfb.chain(&cfb.fat, u32_at(bytes, 0x3C)?, u64::MAX, None);
        cfb.mini_fat = words(&cfb.gather(&mini_fat));
        let directory = cfb.chain(&cfb.fat, u32_at(bytes, 0x30)?, u64::MAX, None);
        let directory = cfb.gather(&directory);
        let (entries, odd) = directory::read(&directory, shift, cfb.gaps.get_mut());
        cfb.entries = entries;
        cfb.anomalies.extend(odd);
        if let Some(root) = cfb.entries.iter().find(|e| e.kind == EntryKind::Root).map(|e| e.index) {
            cfb.mini = cfb.mini_stream(root);
        }
        Some(cfb)
    }

    /// All entries: the tree from the top, then those that it does not reach.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry at a path, in any case; one of the tree before an orphan.
    pub(crate) fn find(&self, path: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| same(&e.path, path))
    }

    /// The stream at a path, in any case.
    pub(crate) fn find_stream(&self, path: &str) -> Option<Bytes> {
        let entry = self.entries.iter().find(|e| e.is_stream() && same(&e.path, path))?;
        Some(self.stream(entry))
    }

    /// The entries that lie in a storage, given by its index.
    pub(crate) fn children(&self, storage: usize) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |e| e.parent == Some(storage))
    }

    /// The entry of a storage that has this name, in any case.
    pub(crate) fn child(&self, storage: usize, name: &str) -> Option<&Entry> {
        self.children(storage).find(|e| e.is_named(name))
    }

    /// The bytes of a stream, as far as they exist.
    pub(crate) fn stream(&self, entry: &Entry) -> Bytes {
        if !entry.is_stream() {
            return Bytes::new();
        }
        if let Some(bytes) = self.read.borrow().get(&entry.index) {
            return bytes.clone();
        }
        let room = self.room.get();
        let size = entry.size.min(room as u64);
        let small = entry.size < self.cutoff;
        let bytes = if small { self.mini_chain(entry, size) } else { self.big_chain(entry, size) };
        if size < entry.size && bytes.len() as u64 >= size {
            self.gaps.borrow_mut().over(SHOWN_RATIO, "times the file's bytes in its streams");
        }
        self.room.set(room.saturating_sub(bytes.len()));
        self.read.borrow_mut().insert(entry.index, bytes.clone());
        bytes
    }

    /// What is wrong with the file.
    pub(crate) fn anomalies(&self) -> &[&'static str] {
        &self.anomalies
    }

    /// What was left out of the streams and of the directory so far.
    pub(crate) fn gaps(&self) -> Gaps {
        self.gaps.borrow().clone()
    }

    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Bytes of a sector.
    pub(crate) fn sector_size(&self) -> usize {
        1 << self.shift
    }

    /// What stands behind the last sector that is in use; empty for most files.
    pub(crate) fn overlay(&self) -> &[u8] {
        let last = self.fat.iter().rposition(|next| *next != FREE).unwrap_or(0);
        // A table that is cut off says nothing about what it leaves out.
        if !self.whole {
            return &[];
        }
        let end = (last + 2) << self.shift;
        self.bytes.get(end..).unwrap_or_default()
    }

    fn sectors(&self) -> usize {
        (self.bytes.len() >> self.shift) + 1
    }

    fn sector(&self, number: u32) -> Option<&[u8]> {
        let start = (number as usize).checked_add(1)?.checked_shl(self.shift)?;
        let end = start.saturating_add(1 << self.shift).min(self.bytes.len());
        self.bytes.get(start..end).filter(|sector| !sector.is_empty())
    }

    /// The table of chains: its sectors are listed in the header and in a chain of further lists.
    fn read_fat(&mut self) {
        let header = self.bytes.clone();
        let declared = u32_at(&header, 0x2C).unwrap_or(0) as usize;
        let mut list: Vec<u32> = words(header.get(0x4C..HEADER).unwrap_or_default());
        let mut next = u32_at(&header, 0x44).unwrap_or(FREE);
        let mut steps = self.sectors();
        while next <= SECTOR_MAX && steps > 0 {
            let Some(sector) = self.sector(next) else { break };
            let mut more = words(sector);
            next = more.pop().unwrap_or(FREE);
            list.extend(more);
            steps -= 1;
            if list.len() > self.sectors() + 256 {
                break;
            }
        }
        let mut seen = rustc_hash::FxHashSet::default();
        let mut fat = Vec::new();
        let mut used = 0;
        for number in list.into_iter().filter(|n| *n <= SECTOR_MAX) {
            let Some(sector) = self.sector(number) else { continue };
            // Zeros behind the declared number are padding, not the first sector.
            if !seen.insert(number) || number == 0 && used >= declared && declared > 0 {
                continue;
            }
            used += 1;
            fat.extend(words(sector));
            if fat.len() > self.sectors() {
                break;
            }
        }
        if used < declared && fat.len() < self.sectors() - 1 {
            self.whole = false;
            self.anomalies.push("allocation table is not complete");
        }
        fat.truncate(self.sectors());
        self.fat = fat;
    }

    /// Sector numbers of a chain until `size` bytes are reached; `mini` is the size of the mini stream when it is one of
    /// that.
    fn chain(&self, table: &[u32], start: u32, size: u64, mini: Option<usize>) -> Vec<u32> {
        let shift = if mini.is_some() { MINI_SHIFT } else { self.shift };
        let wanted = usize::try_from(size.div_ceil(1 << shift)).unwrap_or(usize::MAX);
        let sectors = mini.map_or_else(|| self.sectors(), |bytes| (bytes >> shift) + 1);
        let mut passed = self.passed.borrow_mut();
        passed.begin(sectors);
        let mut out = Vec::new();
        let mut next = start;
        while out.len() < wanted && next <= SECTOR_MAX && passed.first(next, sectors) {
            out.push(next);
            // Where the table is cut off: most streams lie in one piece.
            next = table.get(next as usize).copied().unwrap_or_else(|| next.saturating_add(1));
        }
        out
    }

    fn gather(&self, sectors: &[u32]) -> Bytes {
        gather(&self.bytes, sectors, self.shift, 1)
    }

    fn mini_stream(&self, root: usize) -> Bytes {
        let Some(root) = self.entries.get(root) else { return Bytes::new() };
        self.big_chain(root, root.size)
    }

    fn big_chain(&self, entry: &Entry, size: u64) -> Bytes {
        cut(self.gather(&self.chain(&self.fat, entry.start, size, None)), size)
    }

    fn mini_chain(&self, entry: &Entry, size: u64) -> Bytes {
        let sectors = self.chain(&self.mini_fat, entry.start, size, Some(self.mini.len()));
        let bytes = cut(gather(&self.mini, &sectors, MINI_SHIFT, 0), size);
        // A small stream that only the big table knows: written by tools that have no mini stream.
        let none = bytes.is_empty() && self.mini.is_empty();
        if none { self.big_chain(entry, size) } else { bytes }
    }
}

/// The bytes of sectors: a slice when they follow one another.
fn gather(from: &Bytes, sectors: &[u32], shift: u32, offset: usize) -> Bytes {
    let place = |n: u32| (n as usize).saturating_add(offset).checked_shl(shift).unwrap_or(usize::MAX);
    let Some(first) = sectors.first() else { return Bytes::new() };
    if sectors.windows(2).all(|pair| matches!(pair, [a, b] if a.checked_add(1) == Some(*b))) {
        let start = place(*first).min(from.len());
        let end = start.saturating_add(sectors.len() << shift).min(from.len());
        return from.slice(start..end);
    }
    let mut out = BytesMut::new();
    for sector in sectors {
        let start = place(*sector).min(from.len());
        let end = start.saturating_add(1 << shift).min(from.len());
        out.extend_from_slice(from.get(start..end).unwrap_or_default());
    }
    out.freeze()
}

fn cut(bytes: Bytes, size: u64) -> Bytes {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if bytes.len() > size { bytes.slice(..size) } else { bytes }
}

/// A class as it is usually written: `0002CE02-0000-0000-C000-000000000046`.
pub(crate) fn clsid_text(clsid: &[u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *clsid;
    let head = format!(
        "{:08X}-{:04X}-{:04X}",
        u32::from_le_bytes([a, b, c, d]),
        u16::from_le_bytes([e, f]),
        u16::from_le_bytes([g, h])
    );
    format!("{head}-{i:02X}{j:02X}-{k:02X}{l:02X}{m:02X}{n:02X}{o:02X}{p:02X}")
}

/// Names and paths are compared without case, as Windows does.
pub(crate) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
        || !a.is_ascii()
            && !b.is_ascii()
            && a.chars().flat_map(char::to_uppercase).eq(b.chars().flat_map(char::to_uppercase))
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let [a, b] = *bytes.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_le_bytes([a, b]))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<4>()?))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<8>()?))
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}
