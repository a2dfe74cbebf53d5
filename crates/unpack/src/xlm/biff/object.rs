//! Drawn things and connections: macros of buttons, pictures, addresses that tables are loaded from.

use memchr::memmem;

use crate::{
    gaps::Gaps,
    xlm::cursor::{Cursor, latin1, utf16},
};

/// Addresses that are kept at most.
const ADDRESSES_MAX: usize = 256;

/// Kind of an object, and the tokens of the macro that it starts.
pub(super) fn object(data: &[u8]) -> (u16, Option<&[u8]>) {
    let mut cursor = Cursor::new(data);
    let (mut kind, mut tokens) = (0, None);
    while let (Some(part), Some(length)) = (cursor.u16(), cursor.u16()) {
        let mut body = Cursor::new(cursor.take_most(length.into()));
        match part {
            0x15 => kind = body.u16().unwrap_or(0),
            0x04 => {
                // The formula's own length stands before its tokens, behind that of the part.
                let inner = usize::from(body.u16().unwrap_or(0) & 0x7FFF);
                let _unused = body.u32();
                tokens = Some(body.take_most(inner));
            }
            0x00 => break,
            _ => {}
        }
    }
    (kind, tokens)
}

/// Pictures in the drawing data of a workbook: entries of its store.
pub(super) fn pictures(data: &[u8]) -> u32 {
    // OfficeArtFBSE: version 2, type 0xF007.
    memmem::find_iter(data, b"\x07\xF0")
        .filter(|at| at.checked_sub(2).and_then(|i| data.get(i)).is_some_and(|b| b & 0x0F == 2))
        .count()
        .try_into()
        .unwrap_or(u32::MAX)
}

/// Square centimetres that the shape of a drawing record covers, where cells have their usual size.
pub(super) fn anchor(data: &[u8]) -> Option<f64> {
    // OfficeArtClientAnchorSheet: version 0, type 0xF010, 18 bytes.
    let at = memmem::find(data, b"\0\0\x10\xF0\x12\0\0\0")?;
    let mut cursor = Cursor::from(data, at + 8);
    cursor.skip(2)?;
    let mut corner = || {
        let (column, right, row, down) = (cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?);
        Some((f64::from(column) + f64::from(right) / 1_024.0, f64::from(row) + f64::from(down) / 256.0))
    };
    let ((left, top), (right, bottom)) = (corner()?, corner()?);
    Some((right - left).max(0.0) * 1.7 * (bottom - top).max(0.0) * 0.53)
}

/// Addresses in a record whose layout does not matter otherwise.
pub(super) fn addresses(data: &[u8], into: &mut Vec<String>, gaps: &mut Gaps) {
    const MARKS: [&str; 4] = ["://", "\\\\", "URL;", "DSN="];
    for text in [latin1(data), utf16(data), utf16(data.get(1..).unwrap_or_default())] {
        for run in text.split(|c: char| c.is_control() || c as u32 > 0x2FF) {
            let known = into.iter().any(|a| a.contains(run));
            if run.len() >= 8
                && MARKS.iter().any(|m| run.contains(m))
                && !known
                && gaps.room(into.len(), ADDRESSES_MAX, "addresses of one kind in a workbook")
            {
                into.push(run.trim().to_owned());
            }
        }
    }
}
