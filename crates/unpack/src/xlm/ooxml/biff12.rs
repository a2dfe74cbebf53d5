//! The binary parts of `.xlsb` (BIFF12): records of a type and a size in seven-bit pieces.

use std::collections::BTreeMap;

use encoding_rs::WINDOWS_1252;

use super::{
    Listed, Reading,
    styles::{Borders, Fill, Sheet as Styles},
    workbook::{Names, Tokens},
};
use crate::{
    limits::{CELLS_MAX, PLAIN_CELLS_MAX},
    xlm::{
        biff::{NAMES_MAX, SHEETS_MAX, state},
        cursor::{Cursor, rk},
        model::{At, Cell, Font, Name, Sheet, Style, Value},
        palette,
        ptg::{self, Context, Layout, Link, Links},
        reference::{COLUMNS, ROWS},
    },
};

/// Shared strings that are read at most.
const STRINGS_MAX: usize = 1_000_000;
/// Styles and what they consist of that are read at most: Excel has no more.
const STYLES_MAX: usize = 1 << 16;

/// A record's type and data.
fn record<'a>(cursor: &mut Cursor<'a>) -> Option<(u16, &'a [u8])> {
    let first = cursor.u8()?;
    let mut kind = u16::from(first);
    if first & 0x80 != 0 {
        kind = kind & 0x7F | u16::from(cursor.u8()? & 0x7F) << 7;
    }
    let mut size = 0usize;
    for i in 0..4 {
        let byte = cursor.u8()?;
        size |= usize::from(byte & 0x7F) << (7 * i);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some((kind, cursor.take_most(size)))
}

fn string(cursor: &mut Cursor<'_>) -> Option<String> {
    let count = cursor.u32()?;
    if count == u32::MAX {
        return Some(String::new());
    }
    Some(cursor.chars(count as usize, true))
}

/// Tokens and what stands behind them, each behind its size.
fn formula<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let length = cursor.u32()? as usize;
    let tokens = cursor.take_most(length);
    let extra = cursor.u32().unwrap_or(0) as usize;
    Some((tokens, cursor.take_most(extra)))
}

impl Reading<'_> {
    pub(super) fn binary_strings(&mut self, bytes: &[u8]) {
        let mut cursor = Cursor::new(bytes);
        while let Some((kind, data)) = record(&mut cursor) {
            if kind == 19 {
                if !self.book.gaps.room(self.strings.len(), STRINGS_MAX, "shared strings") {
                    break;
                }
                let text = string(&mut Cursor::from(data, 1)).unwrap_or_default();
                if !self.budget.spend(text.len() as u64 / 64) {
                    break;
                }
                self.strings.push(text.into());
            }
        }
    }

    pub(super) fn binary_workbook(&mut self, bytes: &[u8]) -> (Vec<Listed>, Names) {
        let (mut listed, mut names, mut books) = (Vec::new(), Vec::new(), Vec::new());
        let mut cursor = Cursor::new(bytes);
        while let Some((kind, data)) = record(&mut cursor) {
            let cursor = Cursor::new(data);
            match kind {
                156 if self.book.gaps.room(listed.len(), SHEETS_MAX, "sheets") => {
                    listed.extend(self.bundle(cursor));
                }
                39 if self.book.gaps.room(names.len(), NAMES_MAX, "names") => {
                    let (name, formula) = named(cursor).unwrap_or_default();
                    self.book.names.push(name);
                    names.push(formula);
                }
                357 | 358 => books.push(Link::Own(None)),
                355 | 667 => {
                    self.links.names.push(Vec::new());
                    books.push(Link::Other(self.links.names.len() - 1));
                }
                362 => _ = self.extern_sheets(cursor, &books),
                _ => {}
            }
        }
        (listed, Names::Tokens(names))
    }

    fn bundle(&mut self, mut cursor: Cursor<'_>) -> Option<Listed> {
        let hidden = cursor.u32()?;
        cursor.skip(4)?;
        let relation = string(&mut cursor)?;
        let name = string(&mut cursor)?;
        self.book.sheets.push(Sheet { name, state: state(hidden), ..Sheet::default() });
        Some(Listed { relation })
    }

    fn extern_sheets(&mut self, mut cursor: Cursor<'_>, books: &[Link]) -> Option<()> {
        let _count = cursor.u32()?;
        loop {
            let (book, first, _last) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
            let own = Link::Own(usize::try_from(first).ok().filter(|_| first < 0x8000_0000));
            self.links.sheets.push(match books.get(book as usize) {
                Some(Link::Other(index)) => Link::Other(*index),
                _ => own,
            });
        }
    }

    pub(super) fn binary_names(&mut self, names: Vec<Tokens>) {
        let links = std::mem::take(&mut self.links);
        for (i, (tokens, extra)) in names.iter().enumerate() {
            if !self.budget.spend(1 + tokens.len() as u64 / 64) {
                break;
            }
            let formula = ptg::decode(tokens, extra, &context(&links, (0, 0)), &mut self.book);
            if let Some(name) = self.book.names.get_mut(i) {
                name.formula = formula;
            }
        }
        self.links = links;
    }

    pub(super) fn binary_sheet(&mut self, index: usize, bytes: &[u8]) {
        let links = std::mem::take(&mut self.links);
        let mut sheet = Binary::new(index, &links);
        let mut cursor = Cursor::new(bytes);
        let mut seen = 0u64;
        while let Some((kind, data)) = record(&mut cursor) {
            seen += 1;
            let full = !self.has_macros && sheet.cells.len() >= PLAIN_CELLS_MAX;
            // The rest of such a sheet is cells, or what follows the last of them.
            if full && matches!(kind, 1..=18) {
                self.book.gaps.aside(PLAIN_CELLS_MAX, "cells of a sheet");
            }
            if full || seen.is_multiple_of(64) && !self.budget.spend(8) {
                break;
            }
            _ = self.sheet_record(kind, data, &mut sheet);
        }
        self.finish_binary(sheet);
        self.links = links;
    }

    fn sheet_record<'a>(&mut self, kind: u16, data: &'a [u8], sheet: &mut Binary<'a>) -> Option<()> {
        let mut cursor = Cursor::new(data);
        match kind {
            0 => {
                sheet.row = cursor.u32()?;
                sheet.column = u32::MAX;
                cursor.skip(4)?;
                let (height, _, flags) = (cursor.u16()?, cursor.u8()?, cursor.u8()?);
                let height = if flags & 0x10 != 0 { 0 } else { height };
                if sheet.row < ROWS {
                    self.book.sheets.get_mut(sheet.index)?.row_heights.insert(sheet.row, height);
                }
            }
            1..=11 | 62 => {
                sheet.column = cursor.u32()?;
                let style = cursor.u32()? & 0x00FF_FFFF;
                self.cell(kind, cursor, style, sheet)?;
            }
            12..=18 => {
                // The short forms of the records 1 to 7: the column is the next one.
                sheet.column = sheet.column.wrapping_add(1);
                let style = cursor.u32()? & 0x00FF_FFFF;
                self.cell(kind - 11, cursor, style, sheet)?;
            }
            60 => {
                let (first, last, width) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
                cursor.skip(4)?;
                let hidden = cursor.u16()? & 1 != 0;
                let width = if hidden { 0 } else { u16::try_from(width).unwrap_or(u16::MAX) };
                let widths = &mut self.book.sheets.get_mut(sheet.index)?.column_widths;
                if widths.len() < COLUMNS as usize {
                    widths.push((first, last.min(COLUMNS - 1), width));
                }
            }
            485 => {
                cursor.skip(6)?;
                self.book.sheets.get_mut(sheet.index)?.default_row_height = Some(cursor.u16()?);
            }
            426 | 427 => {
                let (row, _, column, _) = (cursor.u32()?, cursor.u32()?, cursor.u32()?, cursor.u32()?);
                if kind == 426 {
                    cursor.skip(1)?;
                }
                let (tokens, extra) = formula(&mut cursor)?;
                let array = (kind == 426).then_some((row, column));
                if let Some((before, _)) = sheet.pointing.last() {
                    sheet.shared.insert(*before, (tokens, extra, array));
                }
                sheet.shared.insert((row, column), (tokens, extra, array));
            }
            _ => {}
        }
        Some(())
    }

    fn cell<'a>(
        &mut self,
        kind: u16,
        mut cursor: Cursor<'a>,
        style: u32,
        sheet: &mut Binary<'a>,
    ) -> Option<()> {
        let at = (sheet.row, sheet.column);
        if at.0 >= ROWS || at.1 >= COLUMNS {
            return None;
        }
        self.cells += 1;
        if sheet.cells.len() >= CELLS_MAX || self.cells >= 2 * CELLS_MAX {
            let max = if sheet.cells.len() < CELLS_MAX { 2 * CELLS_MAX } else { CELLS_MAX };
            self.book.gaps.over(max, "cells");
            self.defect("there are more cells than are read");
            return None;
        }
        let value = match kind {
            1 if style == 0 || !self.has_macros => return None,
            1 => Value::Blank,
            2 => Value::Number(rk(cursor.u32()?)),
            3 | 11 => Value::Error(cursor.u8()?),
            4 | 10 => Value::Bool(cursor.u8()? != 0),
            5 | 9 => Value::Number(cursor.f64()?),
            6 | 8 => Value::Text(string(&mut cursor)?.into()),
            7 => Value::Text(self.strings.get(cursor.u32()? as usize)?.clone()),
            _ => {
                cursor.skip(1)?;
                Value::Text(string(&mut cursor)?.into())
            }
        };
        let mut cell = Cell { value, style, ..Cell::default() };
        if (8..=11).contains(&kind) && self.has_macros {
            cursor.skip(2)?;
            if let Some((tokens, extra)) = formula(&mut cursor) {
                match ptg::anchor(tokens, extra, Layout::Biff12) {
                    Some(elsewhere) => sheet.pointing.push((at, elsewhere)),
                    None => {
                        cell.formula = ptg::decode(tokens, extra, &context(sheet.links, at), &mut self.book);
                    }
                }
            }
        }
        sheet.cells.insert(at, cell);
        Some(())
    }

    fn finish_binary(&mut self, mut sheet: Binary<'_>) {
        for (at, elsewhere) in std::mem::take(&mut sheet.pointing) {
            let Some((tokens, extra, array)) = sheet.shared.get(&elsewhere) else { continue };
            if !self.budget.spend(1 + tokens.len() as u64 / 32) {
                break;
            }
            let context = context(sheet.links, array.unwrap_or(at));
            let formula = ptg::decode(tokens, extra, &context, &mut self.book);
            if let Some(cell) = sheet.cells.get_mut(&at) {
                cell.formula = formula;
            }
        }
        if let Some(into) = self.book.sheets.get_mut(sheet.index) {
            into.cells = sheet.cells;
        }
    }
}

/// Tokens, the data behind them, and the first cell of an array's formula.
type Shared<'a> = (&'a [u8], &'a [u8], Option<At>);

/// A sheet as far as it was read.
struct Binary<'a> {
    index: usize,
    links: &'a Links,
    row: u32,
    column: u32,
    cells: BTreeMap<At, Cell>,
    shared: BTreeMap<At, Shared<'a>>,
    /// Cells whose formula stands elsewhere, and where.
    pointing: Vec<(At, At)>,
}

impl<'a> Binary<'a> {
    fn new(index: usize, links: &'a Links) -> Binary<'a> {
        Binary {
            index,
            links,
            row: 0,
            column: u32::MAX,
            cells: BTreeMap::new(),
            shared: BTreeMap::new(),
            pointing: Vec::new(),
        }
    }
}

fn context(links: &Links, here: At) -> Context<'_> {
    Context { layout: Layout::Biff12, links, encoding: WINDOWS_1252, here }
}

fn named(mut cursor: Cursor<'_>) -> Option<(Name, Tokens)> {
    let flags = cursor.u32()?;
    cursor.skip(1)?;
    let sheet = cursor.u32()?;
    let label = string(&mut cursor)?;
    let plain = label.strip_prefix("_xlnm.").map(str::to_owned);
    let (tokens, extra) = formula(&mut cursor).unwrap_or_default();
    let name = Name {
        label: plain.unwrap_or(label),
        hidden: flags & 1 != 0,
        sheet: usize::try_from(sheet).ok().filter(|_| sheet != u32::MAX),
        formula: None,
    };
    Some((name, (tokens.to_vec(), extra.to_vec())))
}

/// Reads the part of styles.
pub(super) fn styles(bytes: &[u8], to: &mut Styles) {
    let mut cursor = Cursor::new(bytes);
    let mut in_cells = false;
    while let Some((kind, data)) = record(&mut cursor) {
        let mut cursor = Cursor::new(data);
        match kind {
            617 => in_cells = true,
            618 => in_cells = false,
            43 if to.fonts.len() < STYLES_MAX => to.fonts.push(font(cursor).unwrap_or_default()),
            45 if to.fills.len() < STYLES_MAX => to.fills.push(fill(cursor).unwrap_or_default()),
            46 if to.borders.len() < STYLES_MAX => to.borders.push(border(cursor).unwrap_or_default()),
            44 if to.formats.len() < STYLES_MAX => {
                if let (Some(number), Some(text)) = (cursor.u16(), string(&mut cursor)) {
                    to.formats.push((number.into(), text.chars().take(255).collect()));
                }
            }
            47 if in_cells && to.styles.len() < STYLES_MAX => {
                to.styles.push(style(cursor).unwrap_or_default())
            }
            _ => {}
        }
    }
}

fn colour(cursor: &mut Cursor<'_>) -> Option<u16> {
    let (kind, index) = (cursor.u8()? >> 1, cursor.u8()?);
    cursor.skip(2)?;
    let (r, g, b, _) = (cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?);
    Some(match kind {
        1 => palette::indexed(index.into()),
        2 => palette::nearest(u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b)),
        3 => palette::theme(index.into()),
        _ => 0,
    })
}

fn font(mut cursor: Cursor<'_>) -> Option<Font> {
    let (height, flags, weight) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
    cursor.skip(2)?;
    let underlined = cursor.u8()? != 0;
    cursor.skip(3)?;
    let colour = colour(&mut cursor)?;
    cursor.skip(1)?;
    let bits = [weight >= 600, flags & 2 != 0, underlined, flags & 8 != 0];
    let flags = bits.iter().enumerate().map(|(i, b)| u8::from(*b) << i).sum();
    Some(Font { name: string(&mut cursor)?, height, colour, flags })
}

fn fill(mut cursor: Cursor<'_>) -> Option<Fill> {
    let pattern = cursor.u32()?;
    Some((u8::try_from(pattern).unwrap_or(0), colour(&mut cursor)?, colour(&mut cursor)?))
}

fn border(mut cursor: Cursor<'_>) -> Option<Borders> {
    cursor.skip(1)?;
    let mut side = || -> Option<(u8, u16)> {
        let line = cursor.u8()?;
        cursor.skip(1)?;
        Some((line, colour(&mut cursor)?))
    };
    // They are stored as top, bottom, left, right.
    let (top, bottom, left, right) = (side()?, side()?, side()?, side()?);
    Some([left, right, top, bottom])
}

fn style(mut cursor: Cursor<'_>) -> Option<(Style, u32, u32, u32)> {
    cursor.skip(2)?;
    let (format, font, fill, border) = (cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?);
    cursor.skip(2)?;
    let flags = cursor.u16()?;
    let style = Style {
        font: font.into(),
        horizontal: (flags & 7) as u8,
        vertical: (flags >> 3 & 7) as u8,
        locked: flags & 0x1000 != 0,
        hidden: flags & 0x2000 != 0,
        ..Style::default()
    };
    Some((style, format.into(), fill.into(), border.into()))
}
