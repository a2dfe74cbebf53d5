//! Workbook streams of Excel 2 to 2003 (BIFF), read record by record: one that is broken costs only itself.
//!
//! Sheets are found by the offsets that the globals give and, where those lead nowhere, by the order in which they
//! stand in the stream; a stream may also be a single sheet, without globals and without a file around it.

use std::rc::Rc;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::{
    cursor::Cursor,
    model::{Name, Sheet, SheetKind, State, Value, Workbook},
    ptg::{self, Context, Layout, Link, Links},
};
use crate::Budget;

mod globals;
mod object;
mod record;
mod sheet;
mod strings;
mod style;

pub(super) use record::Records;
pub(super) use style::built_in_format;

/// Sheets of a workbook that are read at most.
pub(crate) const SHEETS_MAX: usize = 2_048;
/// Names of a workbook that are read at most.
pub(crate) const NAMES_MAX: usize = 1 << 16;

/// Reads a workbook stream.
pub(crate) fn read_workbook(stream: &[u8], budget: &mut Budget) -> Workbook {
    let mut biff = Biff::new(stream, budget);
    biff.globals();
    biff.claim_sheets();
    biff.finish_globals();
    for index in 0..biff.bounds.len() {
        biff.sheet(index);
    }
    biff.book
}

/// Where a sheet is.
#[derive(Debug, Clone, Copy)]
struct Bound {
    /// Offset of its BOF, once that was found.
    at: Option<usize>,
    declared: usize,
}

/// A sheet's beginning in the stream.
#[derive(Debug, Clone, Copy)]
struct Start {
    at: usize,
    kind: u16,
}

/// A name whose formula waits until all names are known.
struct Waiting<'a> {
    index: usize,
    tokens: std::borrow::Cow<'a, [u8]>,
    length: usize,
}

struct Biff<'a, 'b> {
    stream: &'a [u8],
    budget: &'b mut Budget,
    book: Workbook,
    layout: Layout,
    encoding: &'static Encoding,
    strings: Vec<Rc<str>>,
    links: Links,
    bounds: Vec<Bound>,
    waiting: Vec<Waiting<'a>>,
    styles: style::Styles,
    /// There is a macro sheet: then formulas of all sheets matter.
    has_macros: bool,
    cells: usize,
    /// Square centimetres of the shape that the next object is.
    anchor: Option<f64>,
}

impl<'a, 'b> Biff<'a, 'b> {
    fn new(stream: &'a [u8], budget: &'b mut Budget) -> Biff<'a, 'b> {
        Biff {
            stream,
            budget,
            book: Workbook::default(),
            layout: Layout::Biff8,
            encoding: WINDOWS_1252,
            strings: Vec::new(),
            links: Links::default(),
            bounds: Vec::new(),
            waiting: Vec::new(),
            styles: style::Styles::default(),
            has_macros: false,
            cells: 0,
            anchor: None,
        }
    }

    /// Gives every sheet its place in the stream, and finds out which are macro sheets.
    fn claim_sheets(&mut self) {
        let starts = self.starts();
        let begins = |at: usize| record::bof(self.stream, at).is_some();
        for i in 0..self.bounds.len() {
            let Some(declared) = self.bounds.get(i).map(|b| b.declared) else { continue };
            let taken = self.bounds.iter().take(i).any(|b| b.at == Some(declared));
            if begins(declared) && declared != 0 && !taken {
                self.set_start(i, declared);
            }
        }
        let mut free =
            starts.iter().filter(|s| !matches!(s.kind, 0x0005 | 0x0100)).copied().collect::<Vec<_>>();
        free.retain(|s| !self.bounds.iter().any(|b| b.at == Some(s.at)));
        let mut free = free.into_iter();
        for i in 0..self.bounds.len() {
            if self.bounds.get(i).is_some_and(|b| b.at.is_none()) {
                match free.next() {
                    Some(start) => self.set_start(i, start.at),
                    None => self.defect("a sheet is not where the workbook says"),
                }
            }
        }
        if self.bounds.is_empty() {
            for start in self.book.gaps.most(free, SHEETS_MAX, "sheets") {
                let name = format!("Sheet{}", self.book.sheets.len() + 1);
                self.book.sheets.push(Sheet { name, ..Sheet::default() });
                self.bounds.push(Bound { at: None, declared: start.at });
                self.set_start(self.bounds.len() - 1, start.at);
            }
        }
        self.has_macros = self.book.sheets.iter().any(|s| s.kind == SheetKind::Macro);
    }

    fn set_start(&mut self, index: usize, at: usize) {
        if let Some(bound) = self.bounds.get_mut(index) {
            bound.at = Some(at);
        }
        let kind = record::bof(self.stream, at).map(|bof| bof.kind);
        if let (Some(sheet), Some(0x0040)) = (self.book.sheets.get_mut(index), kind) {
            sheet.kind = SheetKind::Macro;
        }
    }

    /// All beginnings of sheets that are reached record by record; charts inside sheets are not counted.
    fn starts(&mut self) -> Vec<Start> {
        let (mut starts, mut depth, mut seen) = (Vec::new(), 0usize, 0u64);
        let mut records = Records::new(self.stream, 0);
        while let Some(record) = records.next() {
            seen += 1;
            match record.kind {
                0x0809 | 0x0409 | 0x0209 | 0x0009 => {
                    let kind = record::bof(self.stream, record.at).map_or(0, |b| b.kind);
                    if depth == 0 || kind != 0x0020 {
                        starts.push(Start { at: record.at, kind });
                        depth = 0;
                    }
                    depth += 1;
                }
                0x000A => depth = depth.saturating_sub(1),
                _ => {}
            }
            if starts.len() > 2 * SHEETS_MAX {
                self.book.gaps.over(2 * SHEETS_MAX, "beginnings of sheets");
                break;
            }
        }
        _ = self.budget.spend(seen / 64);
        starts
    }

    /// What needs all globals: formulas of names, cell formats.
    fn finish_globals(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            if !self.budget.spend(1 + waiting.tokens.len() as u64 / 64) {
                break;
            }
            let (tokens, extra) =
                waiting.tokens.split_at_checked(waiting.length).unwrap_or((&waiting.tokens, &[]));
            let cx =
                Context { layout: self.layout, links: &self.links, encoding: self.encoding, here: (0, 0) };
            let formula = ptg::decode(tokens, extra, &cx, &mut self.book);
            if let Some(name) = self.book.names.get_mut(waiting.index) {
                name.formula = formula;
            }
        }
        std::mem::take(&mut self.styles).finish(&mut self.book);
    }

    fn defect(&mut self, what: &str) {
        // There are fewer kinds than that.
        if self.book.defects.len() < 64 && !self.book.defects.iter().any(|d| d == what) {
            self.book.defects.push(what.to_owned());
        }
    }
}

/// Spelling of a built-in name's code.
pub(crate) fn built_in(code: u32) -> &'static str {
    const NAMES: [&str; 14] = [
        "Consolidate_Area",
        "Auto_Open",
        "Auto_Close",
        "Extract",
        "Database",
        "Criteria",
        "Print_Area",
        "Print_Titles",
        "Recorder",
        "Data_Form",
        "Auto_Activate",
        "Auto_Deactivate",
        "Sheet_Title",
        "_FilterDatabase",
    ];
    usize::try_from(code).ok().and_then(|i| NAMES.get(i)).copied().unwrap_or("")
}

/// State by its number; only two bits count, and malware fills the others.
pub(crate) fn state(number: u32) -> State {
    match number & 3 {
        0 => State::Visible,
        1 => State::Hidden,
        _ => State::VeryHidden,
    }
}

#[cfg(test)]
mod tests;
