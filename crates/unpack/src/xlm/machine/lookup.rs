//! References and tables: `INDEX`, `OFFSET`, `INDIRECT`, lookups, and references as text.

use super::{
    Machine, codes as c,
    eval::Call,
    state,
    value::{self, Area, NA, Pos, REF, Res, VALUE, Val, address},
};
use crate::xlm::dump;

/// Most rows and columns that there are.
const ROWS: i64 = 1 << 20;
const COLUMNS: i64 = 1 << 14;

impl Machine<'_> {
    pub(super) fn lookup_function(&mut self, code: u16, call: Call) -> Option<Res> {
        Some(match code {
            c::INDEX => self.index(call),
            c::OFFSET => self.offset(call),
            c::INDIRECT | c::TEXTREF => self.indirect(code, call),
            c::EVALUATE => self.evaluate(call),
            c::ADDRESS => self.address_text(call),
            c::ROW | c::COLUMN => Ok(self.row_or_column(code, call)),
            c::ROWS | c::COLUMNS | c::AREAS => Ok(self.size(code, call)),
            c::MATCH => self.match_function(call),
            c::VLOOKUP | c::HLOOKUP => self.table_lookup(code, call),
            c::LOOKUP => self.lookup(call),
            c::TRANSPOSE => Ok(self.arg(call, 0)),
            c::ABSREF => self.absolute(call),
            c::RELREF | c::REFTEXT => Ok(self.reference_text(call)),
            c::DEREF => Ok(self.scalar_arg(call, 0)),
            c::ACTIVE_CELL => Ok(Val::Ref(self.active.first().area())),
            c::SELECTION => Ok(Val::Ref(self.active)),
            c::SELECT | c::FORMULA_GOTO => self.select(call),
            c::GET_FORMULA | c::FORMULATEXT | c::GET_DEF => Ok(self.formula_text(call)),
            c::FORMULA_CONVERT => self.text_arg(call, 0).map(Val::Text),
            c::GET_NAME => {
                let name = self.text_arg(call, 0);
                name.map(|name| {
                    let symbol = self.symbols.of(name.trim_start_matches('!'));
                    self.name_value(symbol)
                })
            }
            c::COUNTIF => self.count_if(call),
            c::HYPERLINK => {
                self.text_arg(call, 0).ok();
                Ok(self.scalar_arg(call, if call.n > 1 { 1 } else { 0 }))
            }
            _ => return None,
        })
    }

    fn index(&mut self, call: Call) -> Res {
        let table = self.arg(call, 0);
        let row = self.number_or(call, 1, 0.0)?;
        let column = self.number_or(call, 2, 0.0)?;
        if row < 0.0 || column < 0.0 {
            return Err(Val::Err(VALUE));
        }
        let (mut row, mut column) = (row as u32, column as u32);
        let (rows, columns) = match &table {
            Val::Ref(area) => (area.rows(), area.columns()),
            Val::Array(grid) => ((grid.items.len() as u32).div_ceil(grid.columns.max(1)), grid.columns),
            _ => return Ok(table),
        };
        // One index into a row counts columns.
        if call.n == 2 && rows == 1 {
            (row, column) = (0, row);
        }
        if row > rows || column > columns {
            return Err(Val::Err(REF));
        }
        match table {
            Val::Ref(area) => Ok(Val::Ref(part(area, row, column))),
            Val::Array(grid) => {
                let at = row
                    .saturating_sub(1)
                    .saturating_mul(grid.columns)
                    .saturating_add(column.saturating_sub(1));
                Ok(grid.items.get(at as usize).cloned().unwrap_or(Val::Err(REF)))
            }
            other => Ok(other),
        }
    }

    fn offset(&mut self, call: Call) -> Res {
        let Some(area) = self.area_arg(call, 0) else { return Err(Val::Err(REF)) };
        let (down, right) = (self.number_or(call, 1, 0.0)?, self.number_or(call, 2, 0.0)?);
        let rows = self.number_or(call, 3, f64::from(area.rows()))?;
        let columns = self.number_or(call, 4, f64::from(area.columns()))?;
        let row = i64::from(area.from.0).saturating_add(down as i64);
        let column = i64::from(area.from.1).saturating_add(right as i64);
        let (rows, columns) = (rows as i64, columns as i64);
        if row < 0 || column < 0 || row >= ROWS || column >= COLUMNS || rows < 1 || columns < 1 {
            return Err(Val::Err(REF));
        }
        let last = (row + rows.min(ROWS) - 1).min(ROWS - 1);
        let right = (column + columns.min(COLUMNS) - 1).min(COLUMNS - 1);
        Ok(Val::Ref(Area {
            sheet: area.sheet,
            from: (row as u32, column as u32),
            to: (last as u32, right as u32),
        }))
    }

    fn indirect(&mut self, code: u16, call: Call) -> Res {
        let text = self.text_arg(call, 0)?;
        // INDIRECT reads A1 notation unless told otherwise, TEXTREF the other way round.
        let second = self.scalar_arg(call, 1);
        let a1 =
            if matches!(second, Val::Missing) { code == c::INDIRECT } else { second.truth().unwrap_or(true) };
        let formula = self.parse_in(&text, self.here, !a1);
        let value = formula.map_or(Val::Err(REF), |f| self.eval(f));
        Ok(if matches!(value, Val::Ref(_)) { value } else { Val::Err(REF) })
    }

    fn evaluate(&mut self, call: Call) -> Res {
        let text = self.text_arg(call, 0)?;
        Ok(match self.parse(&text, self.here) {
            Some(formula) => self.eval(formula),
            None => Val::Err(VALUE),
        })
    }

    fn address_text(&mut self, call: Call) -> Res {
        let (row, column) = (self.number_arg(call, 0)?, self.number_arg(call, 1)?);
        if !(1.0..=ROWS as f64).contains(&row) || !(1.0..=COLUMNS as f64).contains(&column) {
            return Err(Val::Err(VALUE));
        }
        let absolute = self.number_or(call, 2, 1.0)? as u32;
        let pos = Pos { sheet: 0, row: row as u32 - 1, column: column as u32 - 1 };
        let plain = address(pos);
        let letters: String = plain.chars().take_while(char::is_ascii_alphabetic).collect();
        let digits = plain.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let mut out = match absolute {
            2 => format!("{letters}${digits}"),
            3 => format!("${letters}{digits}"),
            4 => plain.clone(),
            _ => format!("${letters}${digits}"),
        };
        if self.scalar_arg(call, 3).truth() == Ok(false)
            && call.n > 3
            && !matches!(self.arg(call, 3), Val::Missing)
        {
            out = format!("R{}C{}", row as u32, column as u32);
        }
        if let Val::Text(sheet) = self.scalar_arg(call, 4) {
            out = format!("{sheet}!{out}");
        }
        Ok(Val::text(out))
    }

    fn row_or_column(&mut self, code: u16, call: Call) -> Val {
        let pos = if call.n == 0 { self.here } else { self.area_arg(call, 0).map_or(self.here, Area::first) };
        Val::Num(f64::from(if code == c::ROW { pos.row } else { pos.column }) + 1.0)
    }

    fn size(&mut self, code: u16, call: Call) -> Val {
        let (rows, columns) = match self.arg(call, 0) {
            Val::Ref(area) => (area.rows(), area.columns()),
            Val::Array(grid) => ((grid.items.len() as u32).div_ceil(grid.columns.max(1)), grid.columns),
            _ => (1, 1),
        };
        Val::Num(match code {
            c::ROWS => f64::from(rows),
            c::COLUMNS => f64::from(columns),
            _ => 1.0,
        })
    }

    fn match_function(&mut self, call: Call) -> Res {
        let wanted = self.scalar_arg(call, 0);
        let kind = self.number_or(call, 2, 1.0)?;
        let table = self.arg(call, 1);
        let mut values = Vec::new();
        self.values(table, &mut values);
        find(&wanted, &values, kind).map_or(Err(Val::Err(NA)), |at| Ok(Val::Num(at as f64 + 1.0)))
    }

    fn table_lookup(&mut self, code: u16, call: Call) -> Res {
        let wanted = self.scalar_arg(call, 0);
        let Val::Ref(table) = self.arg(call, 1) else { return Err(Val::Err(NA)) };
        let index = self.number_arg(call, 2)?;
        let near = self.scalar_arg(call, 3);
        let near = matches!(near, Val::Missing) && call.n < 4 || near.truth().unwrap_or(false);
        let down = code == c::VLOOKUP;
        let line = if down { part(table, 0, 1) } else { part(table, 1, 0) };
        let mut values = Vec::new();
        self.values(Val::Ref(line), &mut values);
        let Some(at) = find(&wanted, &values, if near { 1.0 } else { 0.0 }) else { return Err(Val::Err(NA)) };
        let (at, index) = (at as u32 + 1, index as u32);
        let (row, column) = if down { (at, index) } else { (index, at) };
        if row > table.rows() || column > table.columns() || index == 0 {
            return Err(Val::Err(REF));
        }
        Ok(Val::Ref(part(table, row, column)))
    }

    fn lookup(&mut self, call: Call) -> Res {
        let wanted = self.scalar_arg(call, 0);
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        let from = self.arg(call, 1);
        self.values(from, &mut keys);
        let to = self.arg(call, if call.n > 2 { 2 } else { 1 });
        self.values(to, &mut values);
        let at = find(&wanted, &keys, 1.0).ok_or(Val::Err(NA))?;
        Ok(values.get(at).cloned().unwrap_or(Val::Err(NA)))
    }

    fn count_if(&mut self, call: Call) -> Res {
        let table = self.arg(call, 0);
        let wanted = self.scalar_arg(call, 1);
        let mut values = Vec::new();
        self.values(table, &mut values);
        let same = |v: &&Val| value::compare(v, &wanted).is_some_and(std::cmp::Ordering::is_eq);
        Ok(Val::Num(values.iter().filter(same).count() as f64))
    }

    fn absolute(&mut self, call: Call) -> Res {
        let text = self.text_arg(call, 0)?;
        let base = self.area_arg(call, 1).map_or(self.here, Area::first);
        Ok(match self.parse(&text, base) {
            Some(formula) => self.eval(formula),
            None => Val::Err(REF),
        })
    }

    fn reference_text(&mut self, call: Call) -> Val {
        match self.arg(call, 0) {
            Val::Ref(area) => {
                let pos = area.first();
                let sheet = self.book.sheets.get(pos.sheet as usize).map_or("", |s| s.name.as_str());
                Val::text(format!("'{sheet}'!R{}C{}", u64::from(pos.row) + 1, u64::from(pos.column) + 1))
            }
            other => other,
        }
    }

    /// `SELECT`: a reference, or the text of one, which may be relative to the active cell.
    fn select(&mut self, call: Call) -> Res {
        match self.arg(call, 0) {
            Val::Ref(area) => self.active = area,
            Val::Text(text) => {
                let formula = self.parse(&text, self.active.first());
                if let Some(Val::Ref(area)) = formula.map(|f| self.eval(f)) {
                    self.active = area;
                }
            }
            _ => {}
        }
        Ok(Val::Bool(true))
    }

    fn formula_text(&mut self, call: Call) -> Val {
        let Val::Ref(area) = self.arg(call, 0) else { return Val::Unknown(None) };
        let pos = area.first();
        match self.state.formula(pos, self.book) {
            Some((formula, _)) => Val::text(format!("={}", dump::formula(self.book, formula))),
            None => {
                let value = state::stored(pos, self.book).map(|c| Val::stored(&c.value)).unwrap_or_default();
                value.to_text().map_or(Val::Blank, Val::Text)
            }
        }
    }

    /// A condition in words, for evidence.
    pub(super) fn condition_text(&self, id: crate::xlm::model::ExprId) -> String {
        dump::formula(self.book, id).chars().take(120).collect()
    }
}

/// A row, a column or a cell of an area; 0 stands for all.
fn part(area: Area, row: u32, column: u32) -> Area {
    let line = |from: u32, to: u32, index: u32| {
        if index == 0 {
            (from, to)
        } else {
            let at = from.saturating_add(index - 1);
            (at, at)
        }
    };
    let (top, bottom) = line(area.from.0, area.to.0, row);
    let (left, right) = line(area.from.1, area.to.1, column);
    Area { sheet: area.sheet, from: (top, left), to: (bottom, right) }
}

/// Position of a value: equal for kind 0, else the last that is not greater (or not less).
fn find(wanted: &Val, values: &[Val], kind: f64) -> Option<usize> {
    let order = |v: &Val| value::compare(v, wanted);
    if kind == 0.0 {
        return values.iter().position(|v| order(v).is_some_and(std::cmp::Ordering::is_eq));
    }
    let fits = |v: &Val| match order(v) {
        Some(o) if kind > 0.0 => o.is_le(),
        Some(o) => o.is_ge(),
        None => false,
    };
    values.iter().rposition(|v| !matches!(v, Val::Blank) && fits(v))
}
