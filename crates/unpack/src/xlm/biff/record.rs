//! Records: two bytes of type, two of length, data; a record that is longer than the stream ends with it.

use std::borrow::Cow;

use crate::xlm::{cursor::Cursor, ptg::Layout};

/// What continues the record before it.
const CONTINUE: u16 = 0x003C;

/// A record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) kind: u16,
    pub(crate) at: usize,
    pub(crate) data: &'a [u8],
}

/// Goes through records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Records<'a> {
    stream: &'a [u8],
    at: usize,
}

impl<'a> Records<'a> {
    pub(crate) fn new(stream: &'a [u8], at: usize) -> Records<'a> {
        Records { stream, at }
    }

    pub(crate) fn next(&mut self) -> Option<Record<'a>> {
        let at = self.at;
        let mut cursor = Cursor::from(self.stream, at);
        let (kind, length) = (cursor.u16()?, cursor.u16()?);
        let data = cursor.take_most(length.into());
        self.at = at + 4 + data.len();
        Some(Record { kind, at, data })
    }

    /// The pieces that continue the record before them.
    pub(crate) fn continued(&mut self) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        loop {
            let mut ahead = *self;
            match ahead.next() {
                Some(record) if record.kind == CONTINUE => {
                    pieces.push(record.data);
                    *self = ahead;
                }
                _ => return pieces,
            }
        }
    }

    /// A record's data with all that continues it.
    pub(crate) fn whole(&mut self, record: &Record<'a>) -> Cow<'a, [u8]> {
        let pieces = self.continued();
        if pieces.is_empty() {
            return Cow::Borrowed(record.data);
        }
        let mut whole = record.data.to_vec();
        pieces.iter().for_each(|p| whole.extend_from_slice(p));
        Cow::Owned(whole)
    }
}

/// What the record at the beginning of a part of the stream says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bof {
    pub(crate) layout: Layout,
    pub(crate) kind: u16,
}

/// The beginning of a part of the stream, if there is one here.
pub(crate) fn bof(stream: &[u8], at: usize) -> Option<Bof> {
    let record = Records::new(stream, at).next()?;
    let mut cursor = Cursor::new(record.data);
    let (version, kind) = (cursor.u16()?, cursor.u16()?);
    let layout = match (record.kind, version) {
        (0x0009, _) => Layout::Biff2,
        (0x0209, _) => Layout::Biff3,
        (0x0409, _) => Layout::Biff4,
        (0x0809, 0x0500) => Layout::Biff5,
        (0x0809, _) => Layout::Biff8,
        _ => return None,
    };
    matches!(kind, 0x05 | 0x06 | 0x10 | 0x20 | 0x40 | 0x0100).then_some(Bof { layout, kind })
}
