//! The directory of a compound file: entries of 128 bytes, linked as trees; those that no tree reaches are read too.

use super::{ENTRIES_MAX, Entry, EntryKind, Gaps, NESTING_MAX, SECTOR_MAX, u16_at, u32_at, u64_at};

const ENTRY: usize = 128;

/// An entry as stored.
struct Raw {
    name: String,
    kind: u8,
    left: u32,
    right: u32,
    child: u32,
    clsid: [u8; 16],
    start: u32,
    size: u64,
}

struct Walk {
    raw: Vec<Option<Raw>>,
    seen: Vec<bool>,
    out: Vec<Entry>,
    odd: Vec<&'static str>,
}

/// All entries, and what is odd about them.
pub(super) fn read(bytes: &[u8], shift: u32, gaps: &mut Gaps) -> (Vec<Entry>, Vec<&'static str>) {
    let all = bytes.as_chunks::<ENTRY>().0;
    let raw: Vec<Option<Raw>> = all.iter().take(ENTRIES_MAX).map(|b| entry(b, shift)).collect();
    if all.iter().skip(ENTRIES_MAX).any(|b| entry(b, shift).is_some()) {
        gaps.over(ENTRIES_MAX, "entries of a compound file");
    }
    let mut walk = Walk { seen: vec![false; raw.len()], raw, out: Vec::new(), odd: Vec::new() };
    walk.tree();
    walk.orphans();
    walk.check();
    (walk.out, walk.odd)
}

fn entry(bytes: &[u8; ENTRY], shift: u32) -> Option<Raw> {
    let kind = *bytes.get(0x42)?;
    if !matches!(kind, 1 | 2 | 5) {
        return None;
    }
    let declared = usize::from(u16_at(bytes, 0x40)?);
    let stored = bytes.get(..64)?;
    // The length counts the closing NUL; a wrong one is not believed.
    let length = if (2..=64).contains(&declared) { declared } else { 64 };
    let units: Vec<u16> = stored
        .get(..length)?
        .as_chunks::<2>()
        .0
        .iter()
        .map(|unit| u16::from_le_bytes(*unit))
        .take_while(|unit| *unit != 0)
        .collect();
    let size = u64_at(bytes, 0x78)?;
    Some(Raw {
        name: String::from_utf16_lossy(&units),
        kind,
        left: u32_at(bytes, 0x44)?,
        right: u32_at(bytes, 0x48)?,
        child: u32_at(bytes, 0x4C)?,
        clsid: *bytes.get(0x50..)?.first_chunk::<16>()?,
        start: u32_at(bytes, 0x74)?,
        // Small sectors belong to version 3, where the upper half of the size is not defined.
        size: if shift < 12 { size & 0xFFFF_FFFF } else { size },
    })
}

impl Walk {
    /// The tree under the first root; without one, everything is an orphan.
    fn tree(&mut self) {
        let Some(root) = self.raw.iter().position(|raw| raw.as_ref().is_some_and(|r| r.kind == 5)) else {
            self.odd.push("no root entry");
            return;
        };
        if let Some(seen) = self.seen.get_mut(root) {
            *seen = true;
        }
        let index = self.push(root, None, false);
        self.below(root, index, 0, false);
    }

    fn orphans(&mut self) {
        for id in 0..self.raw.len() {
            let free = self.seen.get(id).is_some_and(|seen| !seen);
            let Some(Some(raw)) = self.raw.get(id) else { continue };
            if !free || raw.name.is_empty() && raw.size == 0 {
                continue;
            }
            if raw.kind == 5 {
                self.odd.push("two root entries");
            }
            if let Some(seen) = self.seen.get_mut(id) {
                *seen = true;
            }
            let index = self.push(id, None, true);
            self.below(id, index, 0, true);
        }
    }

    /// Everything in a storage, depth first in the order of the names.
    fn below(&mut self, storage: usize, index: usize, depth: usize, orphan: bool) {
        enum Step {
            Visit(u32, usize, usize),
            Emit(usize, usize, usize),
        }
        let Some(Some(raw)) = self.raw.get(storage) else { return };
        let mut stack = vec![Step::Visit(raw.child, index, depth)];
        while let Some(step) = stack.pop() {
            match step {
                Step::Visit(id, parent, depth) => {
                    if id > SECTOR_MAX {
                        continue;
                    }
                    let at = id as usize;
                    let Some(Some(raw)) = self.raw.get(at) else { continue };
                    match self.seen.get_mut(at) {
                        Some(seen) if !*seen => *seen = true,
                        _ => {
                            self.odd.push("the directory has a cycle");
                            continue;
                        }
                    }
                    stack.push(Step::Visit(raw.right, parent, depth));
                    stack.push(Step::Emit(at, parent, depth));
                    stack.push(Step::Visit(raw.left, parent, depth));
                }
                Step::Emit(at, parent, depth) => {
                    let index = self.push(at, Some(parent), orphan);
                    let Some(Some(raw)) = self.raw.get(at) else { continue };
                    // What is deeper is found again among the orphans.
                    if raw.kind == 1 && depth < NESTING_MAX {
                        stack.push(Step::Visit(raw.child, index, depth + 1));
                    }
                }
            }
        }
    }

    fn push(&mut self, at: usize, parent: Option<usize>, orphan: bool) -> usize {
        let index = self.out.len();
        let Some(Some(raw)) = self.raw.get(at) else { return index };
        let kind = match raw.kind {
            5 if index == 0 => EntryKind::Root,
            2 => EntryKind::Stream,
            _ => EntryKind::Storage,
        };
        let above = parent.and_then(|p| self.out.get(p)).map_or("", |p| p.path.as_str());
        let path = match (kind, above) {
            (EntryKind::Root, _) => String::new(),
            (_, "") => raw.name.clone(),
            (_, above) => format!("{above}/{}", raw.name),
        };
        self.out.push(Entry {
            path,
            name: raw.name.clone(),
            kind,
            parent,
            clsid: raw.clsid,
            size: raw.size,
            orphan,
            index,
            start: raw.start,
        });
        index
    }

    fn check(&mut self) {
        if self.out.iter().any(|e| e.is_stream() && e.clsid != [0; 16]) {
            self.odd.push(super::STREAM_WITH_CLASS);
        }
        self.odd.sort_unstable();
        self.odd.dedup();
    }
}
