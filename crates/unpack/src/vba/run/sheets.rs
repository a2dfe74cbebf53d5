//! Sheets and cells: what code reads from the workbook and what it writes into it.

use std::rc::Rc;

use super::{
    expr::{Given, given},
    *,
};
use crate::{
    vba::value::{How, Object},
    xlm::{
        model::{Name, Sheet, SheetKind, State, Value},
        reference::{self, COLUMNS, ROWS},
    },
};

/// Sheets of a workbook, with those that code adds.
const SHEETS_MAX: usize = 512;
/// Cells that code writes.
const WRITES_MAX: usize = 16_384;
/// Cells of one range that are written.
const FILL_MAX: u32 = 256;

impl Machine<'_> {
    /// A member that has to do with sheets; `None` when it has not. `object`: a sheet, range or collection.
    pub(super) fn sheet_member(
        &mut self,
        object: Option<&Val>,
        member: &str,
        args: Option<&[Given]>,
    ) -> Option<Val> {
        let given_args = args.unwrap_or_default();
        match object {
            Some(Val::Object(Object::Sheets { macros })) => self.sheets_member(*macros, member, given_args),
            Some(Val::Object(Object::Range(sheet, from, to))) => {
                self.range_member((*sheet, *from, *to), member, given_args)
            }
            _ => {
                let sheet = match object {
                    Some(Val::Object(Object::Sheet(sheet))) => Some(*sheet),
                    _ => None,
                };
                self.book_member(sheet, member, args)
            }
        }
    }

    fn book_member(&mut self, sheet: Option<usize>, member: &str, args: Option<&[Given]>) -> Option<Val> {
        let macros = matches!(member, "excel4macrosheets" | "excel4intlmacrosheets");
        Some(match member {
            "sheets" | "worksheets" | "excel4macrosheets" | "excel4intlmacrosheets" => match args {
                Some(args) => self.sheet_at(args),
                None => Val::Object(Object::Sheets { macros }),
            },
            "activesheet" if sheet.is_none() => Val::Object(Object::Sheet(self.current())),
            "range" | "cells" => {
                let args = args?;
                let sheet = sheet.unwrap_or_else(|| self.current());
                self.range_or_cell(sheet, member, args, (0, 0))?
            }
            "activecell" | "selection" if sheet.is_none() && !self.book.sheets.is_empty() => {
                Val::Object(Object::Range(self.current(), (0, 0), (0, 0)))
            }
            "name" => Val::text(self.book.sheets.get(sheet?)?.name.as_str()),
            "activate" | "select" => {
                self.active_sheet = Some(sheet?);
                Val::Unknown
            }
            "evaluate" if sheet.is_some() => Val::Unknown,
            _ => return None,
        })
    }

    /// The sheet that is in front.
    fn current(&mut self) -> usize {
        if let Some(sheet) = self.active_sheet.filter(|s| *s < self.book.sheets.len()) {
            return sheet;
        }
        if self.book.sheets.is_empty() {
            self.add_sheet(SheetKind::Work, Some("Sheet1"));
        }
        0
    }

    fn add_sheet(&mut self, kind: SheetKind, name: Option<&str>) -> usize {
        let count = self.book.sheets.len();
        if !self.out.gaps.room(count, SHEETS_MAX, "sheets that macros add") {
            return count.saturating_sub(1);
        }
        let word = if kind == SheetKind::Macro { "Macro" } else { "Sheet" };
        let name = name.map_or_else(|| format!("{word}{}", count + 1), str::to_owned);
        self.book.sheets.push(Sheet { name, kind, ..Sheet::default() });
        self.active_sheet = Some(count);
        count
    }

    /// `Sheets(1)`, `Sheets("x")`. A name that is not there stands for a sheet that something added.
    fn sheet_at(&mut self, args: &[Given]) -> Val {
        let which = args.first().map(|a| a.value.clone()).unwrap_or_default();
        match self.settle(which) {
            Val::Text(name) if !name.partial => match self.book.sheet_named(&name.text) {
                Some(sheet) => Val::Object(Object::Sheet(sheet)),
                None => {
                    let front = self.active_sheet;
                    let sheet = self.add_sheet(SheetKind::Work, Some(&name.text));
                    self.active_sheet = front;
                    Val::Object(Object::Sheet(sheet))
                }
            },
            other => {
                let index = other.to_int().and_then(|i| usize::try_from(i - 1).ok());
                let there = index.filter(|i| *i < self.book.sheets.len());
                there.map_or(Val::Unknown, |sheet| Val::Object(Object::Sheet(sheet)))
            }
        }
    }

    fn sheets_member(&mut self, macros: bool, member: &str, args: &[Given]) -> Option<Val> {
        Some(match member {
            "add" => {
                let kind = given(args, 3, "type");
                let kind = self.settle(kind).to_int();
                let macros = macros || matches!(kind, Some(3 | 4));
                let sheet = self.add_sheet(if macros { SheetKind::Macro } else { SheetKind::Work }, None);
                if macros {
                    let name = self.book.sheets.get(sheet).map_or("", |s| s.name.as_str());
                    let name = Rc::new(Text::new(name, 0));
                    self.event(Act::AddsSheet, &name, None, "Excel4MacroSheets.Add");
                }
                Val::Object(Object::Sheet(sheet))
            }
            "count" => Val::number(self.book.sheets.len() as f64),
            "item" => self.sheet_at(args),
            _ => return None,
        })
    }

    fn range_or_cell(&mut self, sheet: usize, member: &str, args: &[Given], origin: At) -> Option<Val> {
        let first = args.first().map(|a| a.value.clone())?;
        let second = args.get(1).map(|a| a.value.clone());
        if member == "cells" {
            let row = self.settle(first).to_int();
            let column = match second.map(|s| self.settle(s)) {
                Some(Val::Text(t)) if reference::column(&t.text).is_some() => {
                    reference::column(&t.text).map(|c| i64::from(c) + 1)
                }
                Some(other) => other.to_int(),
                None => Some(1),
            };
            let (Some(row), Some(column)) = (row, column) else { return Some(Val::Unknown) };
            let at = moved(origin, row - 1, column - 1)?;
            return Some(Val::Object(Object::Range(sheet, at, at)));
        }
        if let (Val::Object(Object::Range(on, from, _)), Some(Val::Object(Object::Range(_, _, to)))) =
            (&first, &second)
        {
            return Some(Val::Object(Object::Range(*on, *from, *to)));
        }
        let text = self.settle(first).to_text();
        Some(self.range_of(Some(sheet), &text.text).unwrap_or_default())
    }

    /// `A1`, `$A$1:B2`, `Sheet1!A1`, or a name of the workbook.
    pub(super) fn range_of(&mut self, sheet: Option<usize>, text: &str) -> Option<Val> {
        let (sheet, cells) = match text.rsplit_once('!') {
            Some((name, cells)) => (Some(self.book.sheet_named(name.trim_matches('\''))?), cells),
            None => (sheet, text),
        };
        let (from, to) = match cells.split_once([':', ',']) {
            Some((from, to)) => (reference::a1(from.trim())?, reference::a1(to.trim()).unwrap_or_default()),
            None => {
                let at = reference::a1(cells.trim())?;
                (at, at)
            }
        };
        let sheet = match sheet {
            Some(sheet) => sheet,
            None => self.current(),
        };
        Some(Val::Object(Object::Range(sheet, from, (from.0.max(to.0), from.1.max(to.1)))))
    }

    fn range_member(&mut self, range: (usize, At, At), member: &str, args: &[Given]) -> Option<Val> {
        let (sheet, from, to) = range;
        Some(match member {
            "value" | "value2" | "text" | "formula" | "formular1c1" | "formulalocal" | "item"
                if args.is_empty() =>
            {
                self.cell(sheet, from, crate::vba::value::CELL)
            }
            "offset" => {
                let (rows, columns) = (given(args, 0, "rowoffset"), given(args, 1, "columnoffset"));
                let rows = if matches!(rows, Val::Missing) { Some(0) } else { self.settle(rows).to_int() };
                let columns =
                    if matches!(columns, Val::Missing) { Some(0) } else { self.settle(columns).to_int() };
                let at = moved(from, rows?, columns?)?;
                Val::Object(Object::Range(sheet, at, at))
            }
            "cells" | "item" | "range" if !args.is_empty() => {
                self.range_or_cell(sheet, member_of(member), args, from)?
            }
            "row" => Val::number(f64::from(from.0) + 1.0),
            "column" => Val::number(f64::from(from.1) + 1.0),
            "count" => Val::number(f64::from(to.0 - from.0 + 1) * f64::from(to.1 - from.1 + 1)),
            "address" => Val::text(reference::a1_text(from)),
            "parent" | "worksheet" => Val::Object(Object::Sheet(sheet)),
            "select" | "activate" => {
                self.active_sheet = Some(sheet);
                Val::Unknown
            }
            _ => return None,
        })
    }

    /// What a cell holds.
    pub(super) fn cell(&mut self, sheet: usize, at: At, how: How) -> Val {
        if let Some(value) = self.overlay.get(&(sheet, at)) {
            return value.clone();
        }
        let Some(sheet) = self.book.sheets.get(sheet) else { return Val::Unknown };
        match sheet.cells.get(&at).map(|c| &c.value) {
            None | Some(Value::Blank) if sheet.cells.is_empty() => Val::Unknown,
            None | Some(Value::Blank) => Val::Empty,
            Some(Value::Number(n)) => Val::Number(*n, 0),
            Some(Value::Bool(b)) => Val::Bool(*b),
            Some(Value::Text(text)) => {
                let text = text.to_string();
                self.made(text, how)
            }
            Some(Value::Error(_)) => Val::Unknown,
        }
    }

    /// Assigns to a member of a sheet or range.
    pub(super) fn set_sheet_member(&mut self, object: &Val, member: &str, value: Val) {
        let value = self.settle(value);
        match object {
            Val::Object(Object::Sheet(sheet)) => {
                let sheet = self.book.sheets.get_mut(*sheet);
                match (member, sheet) {
                    ("name", Some(sheet)) => {
                        let name = value.to_text();
                        sheet.name = name.text.chars().take(64).collect();
                    }
                    ("visible", Some(sheet)) => {
                        sheet.state = match value.to_int() {
                            Some(2) => State::VeryHidden,
                            Some(0) => State::Hidden,
                            _ => State::Visible,
                        };
                    }
                    _ => {}
                }
            }
            Val::Object(Object::Range(sheet, from, to)) => match member {
                "value" | "value2" | "formula" | "formulalocal" | "formulaarray" => {
                    self.write((*sheet, *from, *to), value, false);
                }
                "formular1c1" | "formular1c1local" => self.write((*sheet, *from, *to), value, true),
                _ => {}
            },
            _ => {}
        }
    }

    fn write(&mut self, range: (usize, At, At), value: Val, r1c1: bool) {
        self.note(&value);
        let (sheet, from, to) = range;
        let (mut row, mut column, mut left) = (from.0, from.1, FILL_MAX);
        while self.tick(1) && self.out.gaps.room(self.out.cells.len(), WRITES_MAX, "cells that macros write")
        {
            // A larger range is filled with one value: its first cells say all.
            if left == 0 {
                break;
            }
            left -= 1;
            let value = match &value {
                Val::Array(items) => items.get(&[items.lower + i64::from(column - from.1)]),
                other => other.clone(),
            };
            self.overlay.insert((sheet, (row, column)), value.clone());
            self.out.cells.push((sheet, (row, column), value, r1c1));
            if column < to.1 {
                column += 1;
            } else if row < to.0 {
                (row, column) = (row + 1, from.1);
            } else {
                break;
            }
        }
    }

    /// `Names.Add`.
    pub(super) fn add_name(&mut self, args: &[Given]) {
        let label = given(args, 0, "name");
        let label = self.settle(label).to_text();
        let target = ["refersto", "referstor1c1", "referstolocal"]
            .iter()
            .find_map(|name| args.iter().find(|a| a.name.as_deref() == Some(name)).map(|a| a.value.clone()));
        let target = target.unwrap_or_else(|| given(args, 1, "refersto"));
        let text = match &target {
            Val::Object(Object::Range(sheet, from, _)) => {
                let name = self.book.sheets.get(*sheet).map_or("", |s| s.name.as_str());
                format!("='{name}'!${}${}", reference::letters(from.1), from.0 + 1)
            }
            other => self.settle(other.clone()).to_text().text.clone(),
        };
        if label.partial
            || !self.out.gaps.room(self.book.names.len(), SHEETS_MAX * 8, "names that macros add")
        {
            return;
        }
        let formula = crate::xlm::text::parse_formula(&text, (0, 0, 0), false, self.book);
        self.book.names.push(Name { label: label.text.clone(), formula, ..Name::default() });
    }
}

fn member_of(member: &str) -> &str {
    if member == "item" { "cells" } else { member }
}

fn moved(from: At, rows: i64, columns: i64) -> Option<At> {
    let row = u32::try_from(i64::from(from.0).checked_add(rows)?).ok().filter(|r| *r < ROWS)?;
    let column = u32::try_from(i64::from(from.1).checked_add(columns)?).ok().filter(|c| *c < COLUMNS)?;
    Some((row, column))
}
