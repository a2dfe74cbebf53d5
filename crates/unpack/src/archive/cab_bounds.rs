//! Files of a cabinet that begin behind the end of their folder: the crate that unpacks cabinets must not be asked for
//! them, as it looks for a block that there is not.

use rustc_hash::FxHashSet;

use super::bytes::{magic_at, u16_at, u32_at};

/// Files that must not be read.
pub(super) enum Outside {
    /// Those of these names.
    Named(FxHashSet<String>),
    /// All: which they are cannot be told.
    All,
}

impl Outside {
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Outside::Named(names) => names.contains(name),
            Outside::All => true,
        }
    }
}

/// Reads the tables of a cabinet.
pub(super) fn outside(bytes: &[u8]) -> Outside {
    read(bytes).map_or(Outside::All, |names| names.map_or(Outside::All, Outside::Named))
}

/// The outer `None`: the tables are broken. The inner: a name that is not plain ASCII, which may be decoded in two ways.
fn read(bytes: &[u8]) -> Option<Option<FxHashSet<String>>> {
    let (folders, files, flags) = (u16_at(bytes, 26)?, u16_at(bytes, 28)?, u16_at(bytes, 30)?);
    let (mut at, mut folder_extra, mut block_extra) = (36_usize, 0, 0);
    if flags & 4 != 0 {
        let header = usize::from(u16_at(bytes, 36)?);
        (folder_extra, block_extra) = (usize::from(*bytes.get(38)?), usize::from(*bytes.get(39)?));
        at = 40 + header;
    }
    // Names of the cabinets before and behind, two strings each.
    for _ in 0..2 * ((flags & 1) + (flags >> 1 & 1)) {
        at += memchr::memchr(0, bytes.get(at..)?)? + 1;
    }
    let mut sizes = Vec::new();
    for n in 0..usize::from(folders) {
        let folder = at + n * (8 + folder_extra);
        let (start, blocks) = (u32_at(bytes, folder)? as usize, u16_at(bytes, folder + 4)?);
        let stored = u16_at(bytes, folder + 6)? & 0xF == 0;
        sizes.push(size(bytes, start, blocks, block_extra, stored));
    }
    let mut out = FxHashSet::default();
    let mut at = u32_at(bytes, 16)? as usize;
    for _ in 0..files {
        let (from, folder) = (u32_at(bytes, at.checked_add(4)?)?, u16_at(bytes, at.checked_add(8)?)?);
        let name = bytes.get(at.checked_add(16)?..)?;
        let name = name.get(..memchr::memchr(0, name)?)?;
        at += 17 + name.len();
        let inside = sizes.get(usize::from(folder)).is_some_and(|size| u64::from(from) <= *size);
        if !inside {
            if !name.is_ascii() {
                return Some(None);
            }
            out.insert(String::from_utf8_lossy(name).into_owned());
        }
    }
    magic_at(bytes, 0, b"MSCF").then_some(Some(out))
}

/// Bytes of a folder, as far as its blocks are there; a stored block that claims another size than it has ends it.
fn size(bytes: &[u8], start: usize, blocks: u16, extra: usize, stored: bool) -> u64 {
    let (mut at, mut size) = (start, 0);
    for _ in 0..blocks {
        let (Some(packed), Some(unpacked)) =
            (u16_at(bytes, at.saturating_add(4)), u16_at(bytes, at.saturating_add(6)))
        else {
            break;
        };
        if stored && packed != unpacked {
            break;
        }
        size += u64::from(unpacked);
        at = at.saturating_add(8 + extra + usize::from(packed));
    }
    size
}
