//! A sheet: its cells, formulas, sizes and drawn texts.

use std::collections::BTreeMap;

use super::{Biff, Cursor, Layout, Value, object, ptg, record, record::Record, record::Records, strings};
use crate::{
    limits::{CELLS_MAX, PLAIN_CELLS_MAX},
    xlm::{
        cursor::rk,
        model::{At, Cell},
        reference::{COLUMNS, ROWS},
    },
};

/// Cells of all sheets together that are read at most.
const CELLS_TOTAL_MAX: usize = 2 * CELLS_MAX;
/// Texts of drawings of a workbook that are read at most.
const DRAWN_MAX: usize = 4_096;

/// A formula that several cells share.
struct Shared<'a> {
    tokens: &'a [u8],
    extra: &'a [u8],
    /// It is one formula of all these cells and does not move with them.
    array: Option<At>,
}

/// A sheet that is being read.
struct Reading<'a> {
    index: usize,
    cells: BTreeMap<At, Cell>,
    shared: BTreeMap<At, Shared<'a>>,
    /// Cells whose formula stands elsewhere, and where.
    pointing: Vec<(At, At)>,
    /// The formula before, whose text may follow.
    last: Option<At>,
    /// What there is to see was read.
    full: bool,
}

impl<'a> Biff<'a, '_> {
    /// Reads the sheet of a number.
    pub(super) fn sheet(&mut self, index: usize) {
        let Some(at) = self.bounds.get(index).and_then(|b| b.at) else { return };
        if let Some(bof) = record::bof(self.stream, at) {
            self.layout = bof.layout;
        }
        let mut records = Records::new(self.stream, at);
        let mut reading = Reading {
            index,
            cells: BTreeMap::new(),
            shared: BTreeMap::new(),
            pointing: Vec::new(),
            last: None,
            full: false,
        };
        let mut depth = 0usize;
        let mut seen = 0u64;
        while let Some(record) = records.next() {
            seen += 1;
            if reading.full || seen.is_multiple_of(64) && !self.budget.spend(8) {
                break;
            }
            match record.kind {
                0x0809 | 0x0409 | 0x0209 | 0x0009 => {
                    let inner = record::bof(self.stream, record.at).is_some_and(|b| b.kind == 0x0020);
                    if depth > 0 && !inner {
                        break;
                    }
                    depth += 1;
                }
                0x000A if depth <= 1 => break,
                0x000A => depth -= 1,
                _ if depth > 1 => {}
                _ => _ = self.record(&record, &mut records, &mut reading),
            }
        }
        self.finish_sheet(reading);
    }

    fn record(&mut self, record: &Record<'a>, records: &mut Records<'a>, to: &mut Reading<'a>) -> Option<()> {
        let mut cursor = Cursor::new(record.data);
        match record.kind {
            0x0006 | 0x0206 | 0x0406 => self.formula(record, to)?,
            0x0207 | 0x0007 => {
                let whole = records.whole(record);
                let text = strings::long(&mut Cursor::new(&whole), self.layout, self.encoding)?;
                if let Some(cell) = to.last.take().and_then(|at| to.cells.get_mut(&at)) {
                    cell.value = Value::Text(text.into());
                }
            }
            0x04BC | 0x0221 | 0x0021 => self.shared(record, to)?,
            0x00FD => {
                let (at, style) = place(&mut cursor, self.layout)?;
                let text = self.strings.get(cursor.u32()? as usize)?.clone();
                self.put(to, at, style, Value::Text(text))?;
            }
            0x0204 | 0x00D6 | 0x0004 => {
                let (at, style) = place(&mut cursor, self.layout)?;
                let text = strings::long(&mut cursor, self.layout, self.encoding)?;
                self.put(to, at, style, Value::Text(text.into()))?;
            }
            0x0203 | 0x0003 => {
                let (at, style) = place(&mut cursor, self.layout)?;
                self.put(to, at, style, Value::Number(cursor.f64()?))?;
            }
            0x0002 if self.layout == Layout::Biff2 => {
                let (at, style) = place(&mut cursor, self.layout)?;
                self.put(to, at, style, Value::Number(cursor.u16()?.into()))?;
            }
            0x027E => {
                let (at, style) = place(&mut cursor, self.layout)?;
                self.put(to, at, style, Value::Number(rk(cursor.u32()?)))?;
            }
            0x00BD => {
                let (row, first) = (cursor.u16()?, cursor.u16()?);
                for column in u32::from(first).. {
                    let (style, raw) = (cursor.u16()?, cursor.u32()?);
                    self.put(to, (row.into(), column), style, Value::Number(rk(raw)))?;
                }
            }
            0x0205 | 0x0005 => {
                let (at, style) = place(&mut cursor, self.layout)?;
                let (value, is_error) = (cursor.u8()?, cursor.u8()? != 0);
                let value = if is_error { Value::Error(value) } else { Value::Bool(value != 0) };
                self.put(to, at, style, value)?;
            }
            0x0201 | 0x0001 if self.has_macros => {
                let (at, style) = place(&mut cursor, self.layout)?;
                self.put(to, at, style, Value::Blank)?;
            }
            0x00BE if self.has_macros => {
                let (row, first) = (cursor.u16()?, cursor.u16()?);
                let last = Cursor::from(record.data, record.data.len().checked_sub(2)?).u16()?;
                for column in u32::from(first)..=u32::from(last) {
                    let style = cursor.u16()?;
                    self.put(to, (row.into(), column), style, Value::Blank)?;
                }
            }
            _ => self.surroundings(record, records, to)?,
        }
        Some(())
    }

    /// Sizes, drawings, connections.
    fn surroundings(
        &mut self,
        record: &Record<'a>,
        records: &mut Records<'a>,
        to: &Reading<'a>,
    ) -> Option<()> {
        let mut cursor = Cursor::new(record.data);
        let sheet = self.book.sheets.get_mut(to.index)?;
        match record.kind {
            0x0208 => {
                let row = cursor.u16()?;
                cursor.skip(4)?;
                let height = cursor.u16()? & 0x7FFF;
                cursor.skip(4)?;
                let hidden = cursor.u16().unwrap_or(0) & 0x20 != 0;
                sheet.row_heights.insert(row.into(), if hidden { 0 } else { height });
            }
            0x0225 => {
                cursor.skip(2)?;
                sheet.default_row_height = Some(cursor.u16()? & 0x7FFF);
            }
            0x007D if sheet.column_widths.len() < 1 << 14 => {
                let (first, last, width) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
                cursor.skip(2)?;
                let hidden = cursor.u16().unwrap_or(0) & 1 != 0;
                sheet.column_widths.push((first.into(), last.into(), if hidden { 0 } else { width }));
            }
            0x005D => {
                let (kind, tokens) = object::object(record.data);
                let picture = kind == 8 && self.layout >= Layout::Biff8;
                self.book.pictures += u32::from(picture);
                // How large the largest picture is, these say.
                if let Some(size) = self.anchor.take().filter(|_| picture && self.book.sized.len() < 4_096) {
                    self.book.sized.push((to.index, size));
                }
                let context = ptg::Context {
                    layout: self.layout,
                    links: &self.links,
                    encoding: self.encoding,
                    here: (0, 0),
                };
                let id = tokens.and_then(|t| ptg::decode(t, &[], &context, &mut self.book));
                self.book.assigned.extend(id);
            }
            0x00EC => self.anchor = object::anchor(record.data),
            0x01B6 => {
                cursor.skip(10)?;
                let count = usize::from(cursor.u16()?);
                let text = strings::continued(count, &records.continued());
                let gaps = &mut self.book.gaps;
                if !text.trim().is_empty() && gaps.room(self.book.drawn.len(), DRAWN_MAX, "drawn texts") {
                    self.book.drawn.push((to.index, text));
                }
            }
            0x01B8 => {
                let book = &mut self.book;
                object::addresses(record.data, &mut book.hyperlinks, &mut book.gaps);
            }
            0x0876 | 0x0803 | 0x01AD | 0x00DC | 0x00CD => {
                let book = &mut self.book;
                object::addresses(&records.whole(record), &mut book.connections, &mut book.gaps);
            }
            _ => {}
        }
        Some(())
    }

    fn put(&mut self, to: &mut Reading<'a>, at: At, style: u16, value: Value) -> Option<()> {
        if at.0 >= ROWS || at.1 >= COLUMNS || !self.room(to) {
            return None;
        }
        to.cells.insert(at, Cell { value, style: style.into(), ..Cell::default() });
        Some(())
    }

    fn room(&mut self, to: &mut Reading<'a>) -> bool {
        if !self.has_macros && to.cells.len() >= PLAIN_CELLS_MAX {
            self.book.gaps.aside(PLAIN_CELLS_MAX, "cells of a sheet");
            to.full = true;
            return false;
        }
        self.cells += 1;
        let paid = !self.has_macros || self.budget.spend(2);
        let room = to.cells.len() < CELLS_MAX && self.cells < CELLS_TOTAL_MAX && paid;
        if !room {
            let max = if to.cells.len() < CELLS_MAX { CELLS_TOTAL_MAX } else { CELLS_MAX };
            self.book.gaps.over(max, "cells");
            self.defect("there are more cells than are read");
        }
        room
    }

    fn formula(&mut self, record: &Record<'a>, to: &mut Reading<'a>) -> Option<()> {
        let mut cursor = Cursor::new(record.data);
        let (at, style) = place(&mut cursor, self.layout)?;
        let cached: [u8; 8] = cursor.take(8)?.try_into().ok()?;
        let length = match self.layout {
            Layout::Biff2 => {
                cursor.skip(1)?;
                cursor.u8()?.into()
            }
            Layout::Biff3 | Layout::Biff4 => {
                cursor.skip(2)?;
                usize::from(cursor.u16()?)
            }
            _ => {
                cursor.skip(6)?;
                usize::from(cursor.u16()?)
            }
        };
        let tokens = cursor.take_most(length);
        let (value, text_follows) = cached_value(cached);
        to.last = text_follows.then_some(at);
        if !self.room(to) {
            return None;
        }
        let mut cell = Cell { value, style: style.into(), ..Cell::default() };
        if self.has_macros {
            match ptg::anchor(tokens, cursor.rest(), self.layout) {
                Some(elsewhere) => to.pointing.push((at, elsewhere)),
                None => {
                    let context = ptg::Context {
                        layout: self.layout,
                        links: &self.links,
                        encoding: self.encoding,
                        here: at,
                    };
                    cell.formula = ptg::decode(tokens, cursor.rest(), &context, &mut self.book);
                }
            }
        }
        to.cells.insert(at, cell);
        Some(())
    }

    /// A formula that cells point at, by the first cell of its range and by the cell before it.
    fn shared(&mut self, record: &Record<'a>, to: &mut Reading<'a>) -> Option<()> {
        if !self.has_macros {
            return None;
        }
        let mut cursor = Cursor::new(record.data);
        let row = u32::from(cursor.u16()?);
        cursor.skip(2)?;
        let column = u32::from(cursor.u8()?);
        cursor.skip(1)?;
        let is_array = record.kind != 0x04BC;
        cursor.skip(match (is_array, self.layout) {
            (false, _) => 2,
            (true, Layout::Biff5 | Layout::Biff8 | Layout::Biff12) => 6,
            (true, Layout::Biff2) => 1,
            (true, _) => 2,
        })?;
        let length =
            if self.layout == Layout::Biff2 { cursor.u8()?.into() } else { usize::from(cursor.u16()?) };
        let tokens = cursor.take_most(length);
        let shared = || Shared { tokens, extra: cursor.rest(), array: is_array.then_some((row, column)) };
        if let Some((before, _)) = to.pointing.last() {
            to.shared.insert(*before, shared());
        }
        to.shared.insert((row, column), shared());
        Some(())
    }

    fn finish_sheet(&mut self, mut reading: Reading<'a>) {
        for (at, elsewhere) in std::mem::take(&mut reading.pointing) {
            let Some(shared) = reading.shared.get(&elsewhere) else { continue };
            if !self.budget.spend(1 + shared.tokens.len() as u64 / 32) {
                break;
            }
            let context = ptg::Context {
                layout: self.layout,
                links: &self.links,
                encoding: self.encoding,
                here: shared.array.unwrap_or(at),
            };
            let formula = ptg::decode(shared.tokens, shared.extra, &context, &mut self.book);
            if let Some(cell) = reading.cells.get_mut(&at) {
                cell.formula = formula;
            }
        }
        if let Some(sheet) = self.book.sheets.get_mut(reading.index) {
            sheet.cells = reading.cells;
        }
    }
}

/// Row, column and style at the beginning of a cell's record.
fn place(cursor: &mut Cursor<'_>, layout: Layout) -> Option<(At, u16)> {
    let at = (u32::from(cursor.u16()?), u32::from(cursor.u16()?));
    if layout == Layout::Biff2 {
        cursor.skip(3)?;
        return Some((at, 0));
    }
    Some((at, cursor.u16()?))
}

/// The value that a formula had, and whether its text follows in a record of its own.
fn cached_value(raw: [u8; 8]) -> (Value, bool) {
    match raw {
        [0, .., 0xFF, 0xFF] => (Value::Blank, true),
        [1, _, value, .., 0xFF, 0xFF] => (Value::Bool(value != 0), false),
        [2, _, code, .., 0xFF, 0xFF] => (Value::Error(code), false),
        [_, .., 0xFF, 0xFF] => (Value::Blank, false),
        number => (Value::Number(f64::from_le_bytes(number)), false),
    }
}
