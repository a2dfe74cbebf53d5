//! Blocks of properties in forms (MS-OFORMS): a mask says which fields are there, strings stand behind them.

use crate::ole::cfb::{u16_at, u32_at};

/// Fields of a property block: the bit that says that a field is there, and what it is.
#[derive(Clone, Copy)]
enum Field {
    /// So many bytes, of no interest.
    Skip(usize),
    /// Two bytes of interest.
    Short(Slot),
    /// Four bytes of interest.
    Long(Slot),
    /// Length of a string.
    Text,
}

/// Parts behind the fields, in their order.
#[derive(Clone, Copy)]
enum Extra {
    /// A size or position.
    Pair,
    Text(Slot),
}

/// What a field or part is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Name,
    Tag,
    Tip,
    Caption,
    Value,
    More,
    License,
    Id,
    Flags,
    Size,
    Class,
    Font,
    Picture,
    Icon,
}

/// Which fields and parts a block may have.
pub(super) struct Layout {
    /// Bytes of the mask.
    mask: usize,
    /// In their order, in one list or more.
    fields: &'static [&'static [(u32, Field)]],
    extra: &'static [(u32, Extra)],
}

use Field::{Long, Short, Skip, Text};

pub(super) const FORM: Layout = Layout {
    mask: 4,
    fields: &[&[
        (1, Skip(4)),
        (2, Skip(4)),
        (3, Skip(4)),
        (6, Long(Slot::Flags)),
        (7, Skip(1)),
        (8, Skip(1)),
        (9, Skip(1)),
        (13, Skip(4)),
        (15, Short(Slot::Icon)),
        (16, Skip(1)),
        (17, Skip(1)),
        (18, Skip(4)),
        (19, Text),
        (20, Short(Slot::Font)),
        (21, Short(Slot::Picture)),
        (22, Skip(4)),
        (23, Skip(1)),
        (25, Skip(1)),
        (26, Skip(4)),
        (27, Skip(4)),
    ]],
    extra: &[(10, Extra::Pair), (11, Extra::Pair), (12, Extra::Pair), (19, Extra::Text(Slot::Caption))],
};

pub(super) const SITE: Layout = Layout {
    mask: 4,
    fields: &[&[
        (0, Text),
        (1, Text),
        (2, Long(Slot::Id)),
        (3, Skip(4)),
        (4, Long(Slot::Flags)),
        (5, Long(Slot::Size)),
        (6, Skip(2)),
        (7, Short(Slot::Class)),
        (9, Skip(2)),
        (11, Text),
        (12, Text),
        (13, Text),
        (14, Text),
    ]],
    extra: &[
        (0, Extra::Text(Slot::Name)),
        (1, Extra::Text(Slot::Tag)),
        (8, Extra::Pair),
        (11, Extra::Text(Slot::Tip)),
        (12, Extra::Text(Slot::License)),
        (13, Extra::Text(Slot::More)),
        (14, Extra::Text(Slot::More)),
    ],
};

/// What buttons and labels begin with.
const CAPTIONED: &[(u32, Field)] =
    &[(0, Skip(4)), (1, Skip(4)), (2, Skip(4)), (3, Text), (4, Skip(4)), (6, Skip(1))];
const CAPTION: &[(u32, Extra)] = &[(3, Extra::Text(Slot::Caption)), (5, Extra::Pair)];

pub(super) const BUTTON: Layout =
    Layout { mask: 4, fields: &[CAPTIONED, &[(7, Skip(2)), (8, Skip(2)), (10, Skip(2))]], extra: CAPTION };

pub(super) const LABEL: Layout = Layout {
    mask: 4,
    fields: &[
        CAPTIONED,
        &[(7, Skip(4)), (8, Skip(2)), (9, Skip(2)), (10, Skip(2)), (11, Skip(2)), (12, Skip(2))],
    ],
    extra: CAPTION,
};

/// Text boxes, lists, check boxes, option and toggle buttons.
pub(super) const MORPH: Layout = Layout {
    mask: 8,
    fields: &[&[
        (0, Skip(4)),
        (1, Skip(4)),
        (2, Skip(4)),
        (3, Skip(4)),
        (4, Skip(1)),
        (5, Skip(1)),
        (6, Skip(1)),
        (7, Skip(1)),
        (9, Skip(2)),
        (10, Skip(4)),
        (11, Skip(2)),
        (12, Skip(2)),
        (13, Skip(2)),
        (14, Skip(2)),
        (15, Skip(2)),
        (16, Skip(1)),
        (17, Skip(1)),
        (18, Skip(1)),
        (20, Skip(1)),
        (21, Skip(1)),
        (22, Text),
        (23, Text),
        (24, Skip(4)),
        (25, Skip(4)),
        (26, Skip(4)),
        (27, Skip(2)),
        (28, Skip(2)),
        (29, Skip(2)),
        (32, Text),
    ]],
    extra: &[
        (8, Extra::Pair),
        (22, Extra::Text(Slot::Value)),
        (23, Extra::Text(Slot::Caption)),
        (32, Extra::Text(Slot::More)),
    ],
};

/// A property block that was read: numbers, strings and where it ended.
#[derive(Default)]
pub(super) struct Block {
    numbers: Vec<(Slot, u32)>,
    pub(super) texts: Vec<(Slot, String)>,
}

impl Block {
    pub(super) fn number(&self, slot: Slot) -> Option<u32> {
        self.numbers.iter().find(|(s, _)| *s == slot).map(|(_, n)| *n)
    }
}

/// Reads a block behind its version and length fields (the mask is at 4); offsets are aligned to each field's size.
pub(super) fn read(bytes: &[u8], layout: &Layout) -> Option<Block> {
    let low = u64::from(u32_at(bytes, 4)?);
    let mask = if layout.mask == 8 { low | u64::from(u32_at(bytes, 8)?) << 32 } else { low };
    let has = |bit: u32| mask >> bit & 1 == 1;
    let mut at = 4 + layout.mask;
    let mut block = Block::default();
    let mut lengths: Vec<(u32, u32)> = Vec::new();
    for (bit, field) in layout.fields.iter().copied().flatten().filter(|(bit, _)| has(*bit)) {
        let size = match field {
            Skip(n) => *n,
            Short(_) => 2,
            Long(_) | Text => 4,
        };
        at = at.next_multiple_of(size);
        match field {
            Skip(_) => {}
            Short(slot) => block.numbers.push((*slot, u32::from(u16_at(bytes, at)?))),
            Long(slot) => block.numbers.push((*slot, u32_at(bytes, at)?)),
            Text => lengths.push((*bit, u32_at(bytes, at)?)),
        }
        at += size;
    }
    at = at.next_multiple_of(4);
    for (bit, extra) in layout.extra.iter().filter(|(bit, _)| has(*bit)) {
        match extra {
            Extra::Pair => at = at.saturating_add(8),
            Extra::Text(slot) => {
                let length = lengths.iter().find(|(b, _)| b == bit).map_or(0, |(_, n)| *n);
                let size = (length & 0x7FFF_FFFF) as usize;
                let end = at.saturating_add(size).min(bytes.len());
                let raw = bytes.get(at.min(end)..end).unwrap_or_default();
                block.texts.push((*slot, text(raw, length & 0x8000_0000 != 0)));
                at = at.saturating_add(size);
                at = at.checked_next_multiple_of(4).unwrap_or(usize::MAX);
            }
        }
    }
    Some(block)
}

/// A string: "compressed" means that the upper byte of every character is left out.
fn text(bytes: &[u8], compressed: bool) -> String {
    if compressed {
        return bytes.iter().map(|b| char::from(*b)).collect();
    }
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
