//! What stands before the sheets: their names and places, defined names, links, strings.

use std::borrow::Cow;

use super::{
    Biff, Bound, Cursor, Layout, Link, NAMES_MAX, Name, Records, SHEETS_MAX, Sheet, SheetKind, Waiting,
    built_in, object, record, record::Record, state, strings,
};

use crate::ole::codepage::encoding;

/// What a book that is linked is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Book {
    Own,
    Other(usize),
}

impl<'a> Biff<'a, '_> {
    /// Reads the globals up to their end, or to the first sheet where there are none.
    pub(super) fn globals(&mut self) {
        let Some(first) = record::bof(self.stream, 0) else {
            self.defect("the workbook does not begin with its first record");
            return self.globals_from(0);
        };
        self.layout = first.layout;
        self.globals_from(Records::new(self.stream, 0).next().map_or(0, |r| 4 + r.data.len()));
    }

    fn globals_from(&mut self, at: usize) {
        let mut records = Records::new(self.stream, at);
        let mut books = Vec::new();
        while let Some(record) = records.next() {
            if record.kind == 0x000A || !self.budget.spend(record.data.len() as u64 >> 9) {
                break;
            }
            if record.kind == 0x0809 && !self.bounds.is_empty() {
                break;
            }
            // What is missing in one record is no reason to leave out the others.
            _ = self.global(&record, &mut records, &mut books);
        }
    }

    fn global(
        &mut self,
        record: &Record<'a>,
        records: &mut Records<'a>,
        books: &mut Vec<Book>,
    ) -> Option<()> {
        let mut cursor = Cursor::new(record.data);
        match record.kind {
            0x0042 => self.encoding = encoding(cursor.u16()?),
            0x0085 => self.bound_sheet(cursor)?,
            0x0018 | 0x0218 => {
                let whole = records.whole(record);
                if self.book.gaps.room(self.book.names.len(), NAMES_MAX, "names") {
                    let before = self.book.names.len();
                    if self.name(whole).is_none() {
                        // Later names are found by their number.
                        self.book.names.truncate(before);
                        self.book.names.push(Name::default());
                    }
                }
            }
            0x00FC => {
                let pieces = records.continued();
                self.strings = strings::table(record.data, &pieces, &mut self.book.gaps);
                let size: usize = pieces.iter().map(|p| p.len()).sum();
                _ = self.budget.spend((record.data.len() + size) as u64 >> 7);
            }
            0x01AE => {
                let whole = records.whole(record);
                books.push(self.linked_book(&whole)?);
            }
            0x0023 | 0x0223 => self.name_elsewhere(cursor, books.last().copied())?,
            0x0017 | 0x0016 => {
                let whole = records.whole(record);
                self.linked_sheets(&whole, books)?;
            }
            0x0876 | 0x0803 | 0x01AD | 0x00DC | 0x00CD => {
                let book = &mut self.book;
                object::addresses(&records.whole(record), &mut book.connections, &mut book.gaps);
            }
            0x00EB => {
                let whole = records.whole(record);
                self.book.pictures += object::pictures(&whole);
            }
            _ => self.styles.record(record, self.layout, self.encoding)?,
        }
        Some(())
    }

    fn bound_sheet(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        if !self.book.gaps.room(self.bounds.len(), SHEETS_MAX, "sheets") {
            return None;
        }
        let declared = cursor.u32()? as usize;
        let (hidden, kind) = (cursor.u8()?, cursor.u8()?);
        let name = if self.layout >= Layout::Biff8 {
            let count = usize::from(cursor.u8()?);
            let wide = cursor.u8().unwrap_or(0) & 1 != 0;
            cursor.chars(count, wide)
        } else {
            strings::short(&mut cursor, self.layout, self.encoding)?
        };
        let kind = match kind {
            1 => SheetKind::Macro,
            2 => SheetKind::Chart,
            6 => SheetKind::Vb,
            _ => SheetKind::Work,
        };
        self.bounds.push(Bound { at: None, declared });
        self.book.sheets.push(Sheet { name, kind, state: state(hidden.into()), ..Sheet::default() });
        Some(())
    }

    fn name(&mut self, data: Cow<'a, [u8]>) -> Option<()> {
        let mut cursor = Cursor::new(&data);
        let old = self.layout < Layout::Biff5;
        let flags = cursor.u16()?;
        cursor.skip(1)?;
        let count = usize::from(cursor.u8()?);
        let length = usize::from(cursor.u16()?);
        let mut sheet = 0;
        if !old {
            cursor.skip(2)?;
            sheet = usize::from(cursor.u16()?);
            cursor.skip(4)?;
        }
        let wide = self.layout >= Layout::Biff8 && cursor.u8()? & 1 != 0;
        let label = if self.layout >= Layout::Biff8 {
            cursor.chars(count, wide)
        } else {
            strings::body(&mut cursor, count, self.layout, self.encoding)?
        };
        let is_built_in = flags & 0x20 != 0;
        let label = if is_built_in { spelled(&label) } else { label };
        let index = self.book.names.len();
        let tokens = Cow::Owned(cursor.rest().to_vec());
        self.waiting.push(Waiting { index, tokens, length });
        self.book.names.push(Name {
            label,
            hidden: flags & 1 != 0,
            sheet: sheet.checked_sub(1),
            formula: None,
        });
        Some(())
    }

    /// A book that formulas link to: this one, another one, an add-in, or a program.
    fn linked_book(&mut self, data: &[u8]) -> Option<Book> {
        let mut cursor = Cursor::new(data);
        cursor.skip(2)?;
        let mark = cursor.u16()?;
        if mark == 0x0401 {
            return Some(Book::Own);
        }
        self.links.names.push(Vec::new());
        if mark != 0x3A01 {
            let wide = cursor.u8()? & 1 != 0;
            let path = cursor.chars(mark.into(), wide);
            // A path to a file begins with its own mark; there the sign stands for a slash.
            let file = path.starts_with('\u{1}');
            if let Some((service, topic)) = path.split_once('\u{3}').filter(|_| !file) {
                self.book.dde_links.push((service.to_owned(), topic.to_owned(), String::new()));
            }
        }
        Some(Book::Other(self.links.names.len() - 1))
    }

    fn name_elsewhere(&mut self, mut cursor: Cursor<'_>, book: Option<Book>) -> Option<()> {
        if self.layout >= Layout::Biff5 {
            cursor.skip(6)?;
        }
        let label = strings::short(&mut cursor, self.layout, self.encoding)?;
        let index = match book {
            Some(Book::Other(index)) => index,
            _ => self.links.names.len().checked_sub(1)?,
        };
        if let Some(link) = self.book.dde_links.last_mut()
            && link.2.is_empty()
            && self.links.names.get(index).is_some_and(Vec::is_empty)
        {
            link.2.clone_from(&label);
        }
        self.links.names.get_mut(index)?.push(label);
        Some(())
    }

    fn linked_sheets(&mut self, data: &[u8], books: &[Book]) -> Option<()> {
        let mut cursor = Cursor::new(data);
        if self.layout < Layout::Biff8 {
            let count = usize::from(cursor.u8()?);
            let code = cursor.u8()?;
            let name = strings::body(&mut cursor, count, self.layout, self.encoding)?;
            let link = if code == 3 || code == 2 {
                Link::Own(self.book.sheet_named(&name))
            } else {
                self.links.names.push(Vec::new());
                let file = code == 1;
                if let Some((service, topic)) = name.split_once('\u{3}').filter(|_| !file) {
                    self.book.dde_links.push((service.to_owned(), topic.to_owned(), String::new()));
                }
                Link::Other(self.links.names.len() - 1)
            };
            self.links.sheets.push(link);
            return Some(());
        }
        let _count = cursor.u16()?;
        while let (Some(book), Some(first), Some(_last)) = (cursor.u16(), cursor.u16(), cursor.u16()) {
            self.links.sheets.push(match books.get(usize::from(book)) {
                Some(Book::Other(index)) => Link::Other(*index),
                _ => Link::Own((first < 0x8000).then_some(usize::from(first))),
            });
        }
        Some(())
    }
}

/// A built-in name in letters: its first character is a code, and what malware puts behind that stays.
fn spelled(label: &str) -> String {
    let mut chars = label.chars();
    match chars.next() {
        Some(code) if !built_in(code.into()).is_empty() => {
            format!("{}{}", built_in(code.into()), chars.as_str())
        }
        _ => label.to_owned(),
    }
}
