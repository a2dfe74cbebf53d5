//! The sectors of a disk: an image as it is, or a virtual disk (VHD, VHDX) whose blocks lie anywhere in its file.
//!
//! Nothing is unpacked: reading gives the bytes that a block has in the file. A block that the file does not have ends
//! what is read, so that nothing grows out of a size that is only claimed.

use bytes::Bytes;

use super::bytes::{magic_at, u16_at, u32_at, u64_at};

/// Bytes of a sector where nothing says otherwise.
const SECTOR: u64 = 512;
/// A table entry for a block that was never written.
const UNUSED: u32 = u32::MAX;

/// What one can read at an offset.
#[derive(Debug)]
pub(super) struct Disk {
    bytes: Bytes,
    layout: Layout,
    /// Bytes of a logical sector.
    pub(super) sector: u64,
}

#[derive(Debug)]
enum Layout {
    /// The sectors stand one after another from the start; so many bytes.
    Plain(u64),
    /// VHD: offset of the table, entries, bytes of a block, bytes of the bitmap before each block.
    Vhd { table: u64, entries: u64, block: u64, bitmap: u64 },
    /// VHDX: offset of the table, bytes of a block, blocks after which one entry is about something else.
    Vhdx { table: u64, block: u64, ratio: u64 },
}

impl Disk {
    /// Opens an image; the error says in words why it cannot be read.
    pub(super) fn open(bytes: &Bytes) -> Result<Disk, &'static str> {
        if magic_at(bytes, 0, b"vhdxfile") {
            return vhdx(bytes);
        }
        let tail = bytes.len().saturating_sub(512);
        let footer = [tail, tail + 1, 0].into_iter().find(|at| magic_at(bytes, *at, b"conectix"));
        match footer {
            Some(at) => vhd(bytes, at),
            None => Ok(Disk::plain(bytes.clone(), bytes.len() as u64)),
        }
    }

    fn plain(bytes: Bytes, size: u64) -> Disk {
        Disk { bytes, layout: Layout::Plain(size), sector: SECTOR }
    }

    /// Bytes of the file: more cannot be read.
    pub(super) fn stored(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Bytes at `at`, at most `most`: as many as stand together.
    pub(super) fn run(&self, at: u64, most: u64) -> Option<Bytes> {
        let (from, room) = match self.layout {
            Layout::Plain(size) => (at, size.checked_sub(at)?),
            Layout::Vhd { table, entries, block, bitmap } => {
                let (number, inside) = (at / block, at % block);
                let entry = table.checked_add(number.checked_mul(4)?)?;
                let first = be32(&self.bytes, entry).filter(|first| number < entries && *first != UNUSED)?;
                (u64::from(first) * SECTOR + bitmap + inside, block - inside)
            }
            Layout::Vhdx { table, block, ratio } => {
                let (number, inside) = (at / block, at % block);
                let entry = number.checked_add(number / ratio)?.checked_mul(8)?.checked_add(table)?;
                let entry = u64_at(&self.bytes, usize::try_from(entry).ok()?)?;
                // Fully present, or partly: of the other states nothing is in the file.
                if !matches!(entry & 7, 6 | 7) {
                    return None;
                }
                ((entry >> 20 << 20).checked_add(inside)?, block - inside)
            }
        };
        let from = usize::try_from(from).ok()?;
        let left = self.bytes.len().checked_sub(from)? as u64;
        let length = usize::try_from(most.min(room).min(left)).ok().filter(|length| *length > 0)?;
        Some(self.bytes.slice(from..from + length))
    }

    /// Exactly `size` bytes at `at`, also across the end of a block.
    pub(super) fn read(&self, at: u64, size: usize) -> Option<Bytes> {
        let first = self.run(at, size as u64)?;
        if first.len() == size {
            return Some(first);
        }
        let mut out = first.to_vec();
        while out.len() < size {
            let next = self.run(at.checked_add(out.len() as u64)?, (size - out.len()) as u64)?;
            out.extend_from_slice(&next);
        }
        Some(out.into())
    }
}

fn be32(bytes: &[u8], at: u64) -> Option<u32> {
    let at = usize::try_from(at).ok()?;
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn be64(bytes: &[u8], at: u64) -> Option<u64> {
    Some(u64::from(be32(bytes, at)?) << 32 | u64::from(be32(bytes, at.checked_add(4)?)?))
}

fn vhd(bytes: &Bytes, footer: usize) -> Result<Disk, &'static str> {
    const DAMAGED: &str = "the virtual disk's header is damaged";
    let at = footer as u64;
    match be32(bytes, at + 60) {
        Some(2) if footer > 0 => Ok(Disk::plain(bytes.clone(), at)),
        Some(3) => {
            let header = be64(bytes, at + 16).ok_or(DAMAGED)?;
            let inside = usize::try_from(header).is_ok_and(|header| magic_at(bytes, header, b"cxsparse"));
            let field = |offset: u64| header.checked_add(offset).and_then(|at| be32(bytes, at));
            let table = header.checked_add(16).and_then(|at| be64(bytes, at));
            let (Some(table), Some(entries), Some(block), true) = (table, field(28), field(32), inside)
            else {
                return Err(DAMAGED);
            };
            let block = u64::from(block);
            if block < SECTOR || !block.is_multiple_of(SECTOR) {
                return Err(DAMAGED);
            }
            // One bit a sector, in whole sectors.
            let bitmap = (block / SECTOR).div_ceil(8).next_multiple_of(SECTOR);
            let layout = Layout::Vhd { table, entries: entries.into(), block, bitmap };
            Ok(Disk { bytes: bytes.clone(), layout, sector: SECTOR })
        }
        Some(4) => Err("a differencing disk without the disk that it differs from"),
        _ => Err(DAMAGED),
    }
}

/// Identifiers as they are stored.
const REGION_BAT: &[u8] = b"\x66\x77\xC2\x2D\x23\xF6\x00\x42\x9D\x64\x11\x5E\x9B\xFD\x4A\x08";
const REGION_METADATA: &[u8] = b"\x06\xA2\x7C\x8B\x90\x47\x9A\x4B\xB8\xFE\x57\x5F\x05\x0F\x88\x6E";
const ITEM_PARAMETERS: &[u8] = b"\x37\x67\xA1\xCA\x36\xFA\x43\x4D\xB3\xB6\x33\xF0\xAA\x44\xE7\x6B";
const ITEM_SECTOR: &[u8] = b"\x1D\xBF\x41\x81\x6F\xA9\x09\x47\xBA\x47\xF2\x33\xA8\xFA\xAB\x5F";
/// Where the two copies of the region table stand.
const REGIONS: [usize; 2] = [192 << 10, 256 << 10];
/// Entries of a table that are looked at.
const ENTRIES_MAX: usize = 2_048;

fn vhdx(bytes: &Bytes) -> Result<Disk, &'static str> {
    let open = || {
        let regions = REGIONS.into_iter().find(|at| magic_at(bytes, *at, b"regi"))?;
        let entry = |count: usize, first: usize, id: &[u8]| {
            (0..count.min(ENTRIES_MAX)).map(|n| first + n * 32).find(|at| magic_at(bytes, *at, id))
        };
        let count = u32_at(bytes, regions + 8)? as usize;
        let bat = entry(count, regions + 16, REGION_BAT)?;
        let metadata = entry(count, regions + 16, REGION_METADATA)?;
        let table = u64_at(bytes, bat + 16)?;
        let metadata = usize::try_from(u64_at(bytes, metadata + 16)?).ok()?;
        if metadata >= bytes.len() || !magic_at(bytes, metadata, b"metadata") {
            return None;
        }
        let count = usize::from(u16_at(bytes, metadata + 10)?);
        let item = |id: &[u8]| {
            let at = entry(count, metadata + 32, id)?;
            metadata.checked_add(u32_at(bytes, at + 16)? as usize)
        };
        let parameters = item(ITEM_PARAMETERS)?;
        let block = u64::from(u32_at(bytes, parameters)?);
        let parent = u32_at(bytes, parameters.checked_add(4)?)? & 2 != 0;
        let sector = item(ITEM_SECTOR).and_then(|at| u32_at(bytes, at)).map_or(SECTOR, u64::from);
        let plausible = (1 << 20..=256 << 20).contains(&block) && matches!(sector, 512 | 4_096);
        let ratio = plausible.then(|| (sector << 23) / block).filter(|ratio| *ratio > 0)?;
        Some((parent, Disk { bytes: bytes.clone(), layout: Layout::Vhdx { table, block, ratio }, sector }))
    };
    match open() {
        Some((false, disk)) => Ok(disk),
        Some((true, _)) => Err("a differencing disk without the disk that it differs from"),
        None => Err("the virtual disk's header is damaged"),
    }
}
