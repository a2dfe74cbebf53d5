//! What a macro changes while it runs: cells, fills, names. Changes lie over the workbook and are undone one by one, so
//! a fork costs nothing but what it changes.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::{
    event::Taint,
    value::{Area, Pos, Val},
};
use crate::xlm::model::{ExprId, Workbook};

/// Rows with formulas by sheet and column: where execution goes on.
pub(super) type Code = FxHashMap<(u32, u32), BTreeSet<u32>>;

/// A cell as the macro left it.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) value: Val,
    pub(super) formula: Option<ExprId>,
    pub(super) taint: Taint,
    /// The macro put this here; it was not in the file.
    pub(super) written: bool,
    /// Later changes hide earlier ones.
    seq: u32,
}

/// A rectangle that was filled at once.
#[derive(Debug)]
struct Fill {
    area: Area,
    slot: Slot,
}

#[derive(Debug)]
enum Undo {
    Slot(Pos, Option<Slot>),
    Fill,
    Name(u32, Option<(Val, Taint)>),
}

/// Fills that are kept.
const FILLS_MAX: usize = 256;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct State {
    slots: FxHashMap<Pos, Slot>,
    fills: Vec<Fill>,
    names: FxHashMap<u32, (Val, Taint)>,
    undo: Vec<Undo>,
    seq: u32,
    code: Code,
}

impl State {
    /// Over a workbook: its macro sheets' formulas are code.
    pub(super) fn new(code: &Code) -> State {
        State { code: code.clone(), ..State::default() }
    }

    pub(super) fn mark(&self) -> usize {
        self.undo.len()
    }

    /// Nobody will ask for what was before.
    pub(super) fn forget(&mut self) {
        self.undo.clear();
    }

    /// Undoes all changes since a mark.
    pub(super) fn roll_back(&mut self, mark: usize) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Slot(pos, Some(slot))) => {
                    self.slots.insert(pos, slot);
                }
                Some(Undo::Slot(pos, None)) => {
                    self.slots.remove(&pos);
                }
                Some(Undo::Fill) => {
                    self.fills.pop();
                }
                Some(Undo::Name(name, Some(value))) => {
                    self.names.insert(name, value);
                }
                Some(Undo::Name(name, None)) => {
                    self.names.remove(&name);
                }
                None => {}
            }
        }
    }

    /// What lies over a cell.
    pub(super) fn slot(&self, pos: Pos) -> Option<&Slot> {
        let slot = self.slots.get(&pos);
        if self.fills.is_empty() {
            return slot;
        }
        let since = slot.map_or(0, |s| s.seq);
        let fill = self.fills.iter().rev().find(|f| f.area.contains(pos)).map(|f| &f.slot);
        fill.filter(|f| f.seq > since).or(slot)
    }

    /// The formula that runs at a cell, and whether the macro put it there.
    pub(super) fn formula(&self, pos: Pos, book: &Workbook) -> Option<(ExprId, bool)> {
        if let Some(slot) = self.slot(pos) {
            return slot.formula.map(|f| (f, slot.written));
        }
        stored(pos, book)?.formula.map(|f| (f, false))
    }

    /// Keeps the result of a formula that ran.
    pub(super) fn ran(&mut self, pos: Pos, formula: ExprId, written: bool, value: Val, taint: Taint) {
        self.put(pos, value, Some(formula), taint, written);
    }

    /// Writes a cell.
    pub(super) fn write(&mut self, pos: Pos, value: Val, formula: Option<ExprId>, taint: Taint) {
        if formula.is_some() {
            self.code.entry((pos.sheet, pos.column)).or_default().insert(pos.row);
        }
        self.put(pos, value, formula, taint, true);
    }

    fn put(&mut self, pos: Pos, value: Val, formula: Option<ExprId>, taint: Taint, written: bool) {
        self.seq = self.seq.saturating_add(1);
        let slot = Slot { value, formula, taint, written, seq: self.seq };
        let before = self.slots.insert(pos, slot);
        self.undo.push(Undo::Slot(pos, before));
    }

    /// Fills a rectangle; `false` when there are too many.
    pub(super) fn fill(&mut self, area: Area, value: Val, formula: Option<ExprId>, taint: Taint) -> bool {
        if self.fills.len() >= FILLS_MAX {
            return false;
        }
        self.seq = self.seq.saturating_add(1);
        let slot = Slot { value, formula, taint, written: true, seq: self.seq };
        self.fills.push(Fill { area, slot });
        self.undo.push(Undo::Fill);
        true
    }

    pub(super) fn name(&self, symbol: u32) -> Option<&(Val, Taint)> {
        self.names.get(&symbol)
    }

    pub(super) fn set_name(&mut self, symbol: u32, value: Val, taint: Taint) {
        let before = self.names.insert(symbol, (value, taint));
        self.undo.push(Undo::Name(symbol, before));
    }

    /// The next cell with a formula at a position or below it in its column.
    pub(super) fn next_code(&self, pos: Pos) -> Option<Pos> {
        let rows = self.code.get(&(pos.sheet, pos.column));
        let by_cell = rows.and_then(|r| r.range(pos.row..).next()).copied();
        let by_fill = self.fills.iter().filter(|f| f.slot.formula.is_some());
        let by_fill = by_fill
            .filter(|f| f.area.sheet == pos.sheet && (f.area.from.1..=f.area.to.1).contains(&pos.column))
            .filter(|f| f.area.to.0 >= pos.row)
            .map(|f| f.area.from.0.max(pos.row))
            .min();
        let row = match (by_cell, by_fill) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        Some(Pos { row, ..pos })
    }

    /// Values that lie over the workbook inside a rectangle, for functions over large ranges.
    pub(super) fn changed_in(&self, area: Area) -> Vec<Pos> {
        let mut out: Vec<Pos> = self.slots.keys().filter(|p| area.contains(**p)).copied().collect();
        out.sort_unstable();
        out
    }
}

/// The cell of the file.
pub(super) fn stored(pos: Pos, book: &Workbook) -> Option<&crate::xlm::model::Cell> {
    book.sheets.get(pos.sheet as usize)?.cells.get(&(pos.row, pos.column))
}

/// Rows with formulas, of macro sheets.
pub(super) fn code_of(book: &Workbook) -> Code {
    let mut out: Code = FxHashMap::default();
    for (index, sheet) in book.sheets.iter().enumerate() {
        if sheet.kind != crate::xlm::model::SheetKind::Macro {
            continue;
        }
        for ((row, column), cell) in &sheet.cells {
            if cell.formula.is_some() {
                out.entry((index as u32, *column)).or_default().insert(*row);
            }
        }
    }
    out
}
