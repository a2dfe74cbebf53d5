//! A sheet in XML: cells, formulas that are shared, sizes of rows and columns.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::{
    Reading,
    xml::{Element, Event, Xml, unescape_units, utf8},
};
use crate::{
    gaps::Gaps,
    limits::{CELLS_MAX, PLAIN_CELLS_MAX},
    xlm::{
        model::{At, Cell, SheetKind, Value},
        ptg::EXPRS_MAX,
        reference::{COLUMNS, ROWS, a1},
        text::{parse_formula, parse_moved},
    },
};

/// Steps of a cell of a workbook with macros: its formula becomes a tree.
const STEPS_PER_CELL: u64 = 3;
/// Formulas of a sheet that others share, at most.
const SHARED_MAX: usize = 1 << 16;
/// Characters of a cell at most; Excel's own limit is half of it.
const TEXT_MAX: usize = 64 << 10;

/// Where text belongs that comes now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Into {
    Nothing,
    Formula,
    Value,
    Inline,
}

/// A cell that is being read.
struct Current {
    at: At,
    style: u32,
    kind: String,
    formula: String,
    has_formula: bool,
    shared: Option<u32>,
    assigns: bool,
    value: String,
    inline: String,
}

impl Current {
    fn new(at: At, element: &Element<'_>) -> Current {
        Current {
            at,
            style: element.number("s").unwrap_or(0),
            kind: element.get("t").unwrap_or_default(),
            formula: String::new(),
            has_formula: false,
            shared: None,
            assigns: false,
            value: String::new(),
            inline: String::new(),
        }
    }
}

/// A sheet as far as it was read.
struct State {
    index: usize,
    cells: BTreeMap<At, Cell>,
    shared: FxHashMap<u32, (String, At)>,
    /// Where the next cell is that does not say so itself.
    next: At,
    formulas: bool,
    current: Option<Current>,
    into: Into,
    in_reading: bool,
}

impl Reading<'_> {
    pub(super) fn xml_sheet(&mut self, index: usize, bytes: &[u8]) {
        let text = utf8(bytes);
        let mut xml = Xml::new(&text);
        let mut state = State {
            index,
            cells: BTreeMap::new(),
            shared: FxHashMap::default(),
            next: (0, 0),
            formulas: self.has_macros,
            current: None,
            into: Into::Nothing,
            in_reading: false,
        };
        let mut seen = 0u64;
        while let Some(event) = xml.next() {
            seen += 1;
            let full = !state.formulas && state.cells.len() >= PLAIN_CELLS_MAX;
            // The rest of such a sheet is cells, or what follows the last of them.
            if full && matches!(&event, Event::Open(e) if e.name == "c") {
                self.book.gaps.aside(PLAIN_CELLS_MAX, "cells of a sheet");
            }
            if full || seen.is_multiple_of(64) && !self.budget.spend(8) {
                break;
            }
            match event {
                Event::Open(element) => self.open(&element, &mut state),
                Event::Text(text) => take_text(&text, &mut state, &mut self.book.gaps),
                Event::Close(name) => {
                    if !self.close(&name, &mut state) {
                        break;
                    }
                }
            }
        }
        if let Some(sheet) = self.book.sheets.get_mut(index) {
            sheet.cells = state.cells;
        }
    }

    fn open(&mut self, element: &Element<'_>, state: &mut State) {
        match element.name.as_ref() {
            "c" => {
                let at = element.get("r").and_then(|r| a1(r.trim())).unwrap_or(state.next);
                state.next = (at.0, at.1.saturating_add(1));
                state.current = Some(Current::new(at, element));
            }
            "f" => {
                state.into = Into::Formula;
                if let Some(cell) = &mut state.current {
                    cell.has_formula = true;
                    cell.assigns = element.flag("bx");
                    if element.get("t").as_deref() == Some("shared") {
                        cell.shared = element.number("si");
                    }
                }
            }
            "v" => state.into = Into::Value,
            "t" if !state.in_reading => state.into = Into::Inline,
            "rPh" => state.in_reading = true,
            "row" => {
                let row = element.number::<u32>("r").and_then(|r| r.checked_sub(1)).unwrap_or(state.next.0);
                state.next = (row, 0);
                self.row(element, row, state.index);
            }
            "macrosheet" => {
                state.formulas = true;
                if let Some(sheet) = self.book.sheets.get_mut(state.index) {
                    sheet.kind = SheetKind::Macro;
                }
            }
            "sheetFormatPr" => {
                let height = element.number("defaultRowHeight").map(points);
                if let Some(sheet) = self.book.sheets.get_mut(state.index) {
                    sheet.default_row_height = height;
                }
            }
            "col" => self.column(element, state.index),
            _ => {}
        }
    }

    fn row(&mut self, element: &Element<'_>, row: u32, index: usize) {
        let height = if element.flag("hidden") { Some(0) } else { element.number("ht").map(points) };
        if let (Some(height), Some(sheet)) = (height, self.book.sheets.get_mut(index))
            && row < ROWS
        {
            sheet.row_heights.insert(row, height);
        }
    }

    fn column(&mut self, element: &Element<'_>, index: usize) {
        let place =
            |name: &str| element.number::<u32>(name).and_then(|n| n.checked_sub(1)).filter(|c| *c < COLUMNS);
        let width = element.number::<f64>("width").unwrap_or(0.0);
        let width = if element.flag("hidden") { 0 } else { (width * 256.0) as u16 };
        if let (Some(first), Some(last), Some(sheet)) =
            (place("min"), place("max"), self.book.sheets.get_mut(index))
            && sheet.column_widths.len() < COLUMNS as usize
        {
            sheet.column_widths.push((first, last, width));
        }
    }

    /// `false` when there is no room for more cells.
    fn close(&mut self, name: &str, state: &mut State) -> bool {
        match name {
            "c" => {
                let Some(cell) = state.current.take() else { return true };
                self.cells += 1;
                let paid = self.budget.spend(if self.has_macros { STEPS_PER_CELL } else { 1 });
                if state.cells.len() >= CELLS_MAX || self.cells >= 2 * CELLS_MAX || !paid {
                    let max = if state.cells.len() < CELLS_MAX { 2 * CELLS_MAX } else { CELLS_MAX };
                    self.book.gaps.over(max, "cells");
                    self.defect("there are more cells than are read");
                    return false;
                }
                self.finish_cell(cell, state);
            }
            "f" | "v" | "t" => state.into = Into::Nothing,
            "rPh" => state.in_reading = false,
            "row" => state.next = (state.next.0.saturating_add(1), 0),
            _ => {}
        }
        true
    }

    fn finish_cell(&mut self, cell: Current, state: &mut State) {
        if cell.at.0 >= ROWS || cell.at.1 >= COLUMNS {
            return;
        }
        let formula = if state.formulas && cell.has_formula { self.formula(&cell, state) } else { None };
        let value = self.value(&cell);
        if formula.is_none() && value == Value::Blank && (cell.style == 0 || !state.formulas) {
            return;
        }
        state.cells.insert(cell.at, Cell { value, formula, assigns: cell.assigns, style: cell.style });
    }

    fn formula(&mut self, cell: &Current, state: &mut State) -> Option<crate::xlm::model::ExprId> {
        if !self.book.gaps.room(self.book.exprs.len(), EXPRS_MAX, "parts of formulas") {
            return None;
        }
        let here = (state.index, cell.at.0, cell.at.1);
        if cell.formula.trim().is_empty() {
            let (text, master) = state.shared.get(&cell.shared?)?;
            if !self.budget.spend(1 + text.len() as u64 / 16) {
                return None;
            }
            let rows = i64::from(cell.at.0) - i64::from(master.0);
            let columns = i64::from(cell.at.1) - i64::from(master.1);
            return parse_moved(text, here, (rows, columns), &mut self.book);
        }
        let text = unescape_units(cell.formula.clone());
        let id = parse_formula(&text, here, false, &mut self.book);
        if let Some(number) = cell.shared
            && self.book.gaps.room(state.shared.len(), SHARED_MAX, "shared formulas")
        {
            state.shared.insert(number, (text, cell.at));
        }
        id
    }

    fn value(&self, cell: &Current) -> Value {
        let text = cell.value.trim();
        match cell.kind.as_str() {
            "s" => {
                let index = text.parse::<usize>().ok();
                index.and_then(|i| self.strings.get(i)).map_or(Value::Blank, |s| Value::Text(s.clone()))
            }
            "inlineStr" => Value::Text(unescape_units(cell.inline.clone()).into()),
            "str" if cell.value.is_empty() => Value::Blank,
            "str" => Value::Text(unescape_units(cell.value.clone()).into()),
            "b" if !text.is_empty() => Value::Bool(matches!(text, "1" | "true")),
            "e" if !text.is_empty() => Value::Error(error(text)),
            _ if text.is_empty() && !cell.inline.is_empty() => {
                Value::Text(unescape_units(cell.inline.clone()).into())
            }
            _ if text.is_empty() => Value::Blank,
            _ => text.parse().map_or_else(|_| Value::Text(cell.value.as_str().into()), Value::Number),
        }
    }
}

fn take_text(text: &str, state: &mut State, gaps: &mut Gaps) {
    let Some(cell) = &mut state.current else { return };
    let to = match state.into {
        Into::Nothing => return,
        Into::Formula => &mut cell.formula,
        Into::Value => &mut cell.value,
        Into::Inline => &mut cell.inline,
    };
    if gaps.room(to.len(), TEXT_MAX, "bytes of a cell") {
        to.push_str(text);
    }
}

/// Points to twentieths of a point.
fn points(points: f64) -> u16 {
    (points * 20.0) as u16
}

fn error(text: &str) -> u8 {
    match text {
        "#NULL!" => 0x00,
        "#DIV/0!" => 0x07,
        "#VALUE!" => 0x0F,
        "#REF!" => 0x17,
        "#NAME?" => 0x1D,
        "#NUM!" => 0x24,
        _ => 0x2A,
    }
}
