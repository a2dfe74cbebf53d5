//! Strings of BIFF: those of Excel 97 with their flags, older ones in a code page, and the table of shared strings,
//! which goes on over several records with a new flag wherever a string is cut.

use std::rc::Rc;

use encoding_rs::Encoding;

use crate::{
    gaps::Gaps,
    xlm::{
        cursor::Cursor,
        ptg::{Layout, narrow},
    },
};

/// Shared strings that are read at most.
pub(crate) const STRINGS_MAX: usize = 1_000_000;

/// A string behind a count of two bytes.
pub(super) fn long(cursor: &mut Cursor<'_>, layout: Layout, encoding: &'static Encoding) -> Option<String> {
    let count = if layout == Layout::Biff2 { cursor.u8()?.into() } else { usize::from(cursor.u16()?) };
    body(cursor, count, layout, encoding)
}

/// A string behind a count of one byte.
pub(super) fn short(cursor: &mut Cursor<'_>, layout: Layout, encoding: &'static Encoding) -> Option<String> {
    let count = usize::from(cursor.u8()?);
    body(cursor, count, layout, encoding)
}

/// Flags and characters, without what formats them.
pub(super) fn body(
    cursor: &mut Cursor<'_>,
    count: usize,
    layout: Layout,
    encoding: &'static Encoding,
) -> Option<String> {
    if layout < Layout::Biff8 {
        return Some(narrow(cursor.take_most(count), encoding));
    }
    if count == 0 {
        return Some(String::new());
    }
    let flags = cursor.u8()?;
    if flags & 8 != 0 {
        cursor.skip(2)?;
    }
    if flags & 4 != 0 {
        cursor.skip(4)?;
    }
    Some(cursor.chars(count, flags & 1 != 0))
}

/// Pieces of a record that read as one.
struct Pieces<'a> {
    current: Cursor<'a>,
    rest: std::slice::Iter<'a, &'a [u8]>,
}

impl<'a> Pieces<'a> {
    fn advance(&mut self) -> Option<()> {
        while self.current.is_empty() {
            self.current = Cursor::new(self.rest.next()?);
        }
        Some(())
    }

    fn number(&mut self, bytes: u32) -> Option<u32> {
        let mut value = 0;
        for i in 0..bytes {
            self.advance()?;
            value |= u32::from(self.current.u8()?) << (8 * i);
        }
        Some(value)
    }

    fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 {
            self.advance()?;
            bytes -= self.current.take_most(bytes).len();
        }
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        let count = self.number(2)? as usize;
        let flags = self.number(1)?;
        let runs = if flags & 8 != 0 { self.number(2)? as usize * 4 } else { 0 };
        let phonetic = if flags & 4 != 0 { self.number(4)? as usize } else { 0 };
        let text = self.chars(count, flags & 1 != 0);
        self.skip(runs.saturating_add(phonetic));
        Some(text)
    }

    fn chars(&mut self, mut count: usize, mut wide: bool) -> String {
        let mut text = String::new();
        while count > 0 {
            if self.current.is_empty() {
                if self.advance().is_none() {
                    break;
                }
                wide = self.current.u8().unwrap_or(0) & 1 != 0;
            }
            let size = if wide { 2 } else { 1 };
            let here = (self.current.rest().len() / size).min(count);
            if here == 0 && self.current.rest().len() < size {
                self.current.take_most(1);
                continue;
            }
            text.push_str(&self.current.chars(here, wide));
            count -= here;
        }
        text
    }
}

/// The table of shared strings.
pub(super) fn table(first: &[u8], pieces: &[&[u8]], gaps: &mut Gaps) -> Vec<Rc<str>> {
    let mut pieces = Pieces { current: Cursor::from(first, 8), rest: pieces.iter() };
    let mut strings = Vec::new();
    while let Some(text) = pieces.string() {
        if !gaps.room(strings.len(), STRINGS_MAX, "shared strings") {
            break;
        }
        strings.push(text.into());
    }
    strings
}

/// The text of a drawing: it stands in the records behind its own.
pub(super) fn continued(count: usize, pieces: &[&[u8]]) -> String {
    Pieces { current: Cursor::new(&[]), rest: pieces.iter() }.chars(count, false)
}
