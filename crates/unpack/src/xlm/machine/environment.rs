//! What a macro can ask about its surroundings: the clock, the program, windows, documents, and how cells look.
//!
//! Answers are those of an ordinary machine, so that what hides from sandboxes shows itself; each one is marked, so that
//! conditions and keys that depend on it are seen.

use std::rc::Rc;

use super::{
    Machine, codes as c,
    eval::{Call, is_no_op},
    event, state,
    value::{Area, Grid, NUM, Pos, REF, Res, VALUE, Val, address},
};
use crate::xlm::{
    dump,
    model::{Font, Style},
};

/// Row height in points where the file gives none.
const ROW_HEIGHT: f64 = 15.0;

impl Machine<'_> {
    pub(super) fn environment_function(&mut self, code: u16, call: Call) -> Option<Res> {
        Some(match code {
            c::NOW => Ok(self.now(self.clock)),
            c::TODAY => Ok(self.now(self.clock.floor())),
            c::DAY | c::MONTH | c::YEAR => self.date_part(code, call),
            c::WEEKDAY => self.number_arg(call, 0).map(|n| Val::Num((n.floor() - 1.0).rem_euclid(7.0) + 1.0)),
            c::HOUR | c::MINUTE | c::SECOND => self.time_part(code, call),
            c::DATE => self.date(call),
            c::TIME => self.time(call),
            c::DATEVALUE | c::TIMEVALUE => self.text_arg(call, 0).and(Err(Val::Unknown(None))),
            c::DAYS => Ok(match (self.number_arg(call, 0), self.number_arg(call, 1)) {
                (Ok(a), Ok(b)) => Val::from(a - b),
                _ => Val::Unknown(None),
            }),
            c::GET_WORKSPACE => self.workspace(call),
            c::GET_WINDOW => self.window(call),
            c::GET_DOCUMENT => self.document(call),
            c::GET_WORKBOOK => Ok(self.workbook(call)),
            c::GET_CELL => self.cell(call),
            c::CELL => self.cell_by_name(call),
            c::INFO => self.info_text(call),
            c::WINDOWS | c::DOCUMENTS => Ok(self.looked(Val::text("Book1.xls"))),
            c::CALLER => Ok(Val::Ref(self.frames.last().map_or(self.here, |f| f.caller).area())),
            c::SHEET => Ok(Val::Num(f64::from(self.here.sheet) + 1.0)),
            c::SHEETS => Ok(Val::Num(self.book.sheets.len() as f64)),
            c::GET_NOTE | c::LAST_ERROR | c::LINKS | c::NAMES => Ok(Val::Unknown(None)),
            c::ERROR => Ok(Val::Bool(true)),
            code if is_no_op(code) => {
                for i in 0..call.n {
                    self.arg(call, i);
                }
                Ok(Val::Bool(true))
            }
            _ => return None,
        })
    }

    fn now(&mut self, serial: f64) -> Val {
        self.taint |= event::CLOCK;
        Val::Num(serial)
    }

    fn looked(&mut self, value: Val) -> Val {
        self.taint |= event::SPACE;
        value
    }

    fn date_part(&mut self, code: u16, call: Call) -> Res {
        let serial = self.number_arg(call, 0)?;
        if !(0.0..2_958_466.0).contains(&serial) {
            return Err(Val::Err(NUM));
        }
        let (year, month, day) = civil(serial);
        Ok(Val::Num(f64::from(match code {
            c::DAY => day,
            c::MONTH => month,
            _ => year,
        })))
    }

    fn time_part(&mut self, code: u16, call: Call) -> Res {
        let serial = self.number_arg(call, 0)?;
        let seconds = (serial.rem_euclid(1.0) * 86_400.0).round();
        Ok(Val::Num(match code {
            c::HOUR => (seconds / 3600.0).floor() % 24.0,
            c::MINUTE => (seconds / 60.0).floor() % 60.0,
            _ => seconds % 60.0,
        }))
    }

    fn date(&mut self, call: Call) -> Res {
        let (year, month, day) =
            (self.number_arg(call, 0)?, self.number_arg(call, 1)?, self.number_arg(call, 2)?);
        if !(0.0..10_000.0).contains(&year) || month.abs() > 1e5 || day.abs() > 1e7 {
            return Err(Val::Err(NUM));
        }
        let year = if year < 1900.0 { year + 1900.0 } else { year };
        let months = year as i64 * 12 + month as i64 - 1;
        let first = serial(months.div_euclid(12) as i32, months.rem_euclid(12) as i32 + 1, 1);
        Ok(Val::from(first + day.trunc() - 1.0))
    }

    fn time(&mut self, call: Call) -> Res {
        let (hour, minute, second) =
            (self.number_arg(call, 0)?, self.number_arg(call, 1)?, self.number_arg(call, 2)?);
        Ok(Val::from(((hour * 3600.0 + minute * 60.0 + second) / 86_400.0).rem_euclid(1.0)))
    }

    fn workspace(&mut self, call: Call) -> Res {
        let kind = self.number_arg(call, 0)?;
        let value = match kind as i64 {
            1 => Val::text("Windows (32-bit) NT 10.00"),
            2 => Val::text("16.0"),
            13 => Val::Num(1440.0),
            14 => Val::Num(900.0),
            19 | 42 | 45 | 48 => Val::Bool(true),
            3 | 4 | 16 | 17 | 18 | 31 | 43 | 50 => Val::Bool(false),
            11 | 12 => Val::Num(10.0),
            15 => Val::Num(3.0),
            26 => Val::text("User"),
            32 => Val::text("C:\\Program Files\\Microsoft Office\\root\\Office16"),
            37 => {
                let items = ["1", "1", ".", ",", ";"].map(Val::text).to_vec();
                Val::Array(Rc::new(Grid { columns: 5, items }))
            }
            23 => Val::text("C:\\Users\\User\\AppData\\Roaming\\Microsoft\\Excel\\XLSTART"),
            _ => Val::Unknown(None),
        };
        Ok(self.looked(value))
    }

    fn window(&mut self, call: Call) -> Res {
        let kind = self.number_arg(call, 0)?;
        let value = match kind as i64 {
            1 => Val::text("[Book1.xls]Sheet1"),
            7 => Val::Bool(false),
            8 | 9 | 10 | 11 | 12 | 20 => Val::Bool(true),
            13 | 14 => Val::Num(0.0),
            23 => Val::Num(3.0),
            5 | 6 => Val::Num(900.0),
            _ => Val::Unknown(None),
        };
        Ok(self.looked(value))
    }

    fn document(&mut self, call: Call) -> Res {
        let kind = self.number_arg(call, 0)?;
        let sheet = self.sheet_name(self.here.sheet);
        let value = match kind as i64 {
            1 | 76 => Val::text(format!("[Book1.xls]{sheet}")),
            2 => Val::text("C:\\Users\\User\\Downloads"),
            3 => Val::Num(3.0),
            50 => Val::Num(1.0),
            64 => Val::Unknown(None),
            88 => Val::text("Book1.xls"),
            _ => Val::Unknown(None),
        };
        Ok(self.looked(value))
    }

    fn sheet_name(&self, sheet: u32) -> &str {
        self.book.sheets.get(sheet as usize).map_or("", |s| s.name.as_str())
    }

    fn workbook(&mut self, call: Call) -> Val {
        match self.number_arg(call, 0).map(|n| n as i64) {
            Ok(1) => {
                let items: Vec<Val> = self
                    .book
                    .sheets
                    .iter()
                    .take(1_000)
                    .map(|s| Val::text(format!("[Book1.xls]{}", s.name)))
                    .collect();
                Val::Array(Rc::new(Grid { columns: items.len().max(1) as u32, items }))
            }
            Ok(4) => Val::Num(self.book.sheets.len() as f64),
            Ok(38) => Val::text(self.sheet_name(self.here.sheet)),
            _ => Val::Unknown(None),
        }
    }

    fn info_text(&mut self, call: Call) -> Res {
        let kind = self.text_arg(call, 0)?;
        let value = match kind.to_ascii_lowercase().as_str() {
            "osversion" => Val::text("Windows (32-bit) NT 10.00"),
            "release" => Val::text("16.0"),
            "system" => Val::text("pcdos"),
            "directory" => Val::text("C:\\Users\\User\\Documents\\"),
            "numfile" => Val::Num(1.0),
            _ => Val::Unknown(None),
        };
        Ok(self.looked(value))
    }

    /// `GET.CELL`.
    fn cell(&mut self, call: Call) -> Res {
        let kind = self.number_arg(call, 0)? as i64;
        let area = match self.arg(call, 1) {
            Val::Missing => self.active,
            Val::Ref(area) => area,
            _ => return Err(Val::Err(REF)),
        };
        let pos = area.first();
        if !matches!(kind, 1..=5) {
            self.taint |= event::LOOK;
        }
        Ok(match kind {
            1 => Val::text(format!("[Book1.xls]{}!{}", self.sheet_name(pos.sheet), address(pos))),
            2 => Val::Num(f64::from(pos.row) + 1.0),
            3 => Val::Num(f64::from(pos.column) + 1.0),
            4 => Val::Num(match self.read(pos) {
                Val::Text(_) => 2.0,
                Val::Bool(_) => 4.0,
                Val::Err(_) => 16.0,
                _ => 1.0,
            }),
            5 => self.read(pos),
            6 | 41 => self.cell_formula(pos),
            16 => Val::Num(self.column_width(pos)),
            17 => Val::Num(self.row_height(pos)),
            53 => self.read(pos).to_text().map_or(Val::Unknown(None), Val::Text),
            48 => Val::Bool(self.state.formula(pos, self.book).is_some()),
            62 => Val::text(format!("[Book1.xls]{}", self.sheet_name(pos.sheet))),
            66 => Val::text("Book1.xls"),
            _ => self.styled(kind, area),
        })
    }

    fn cell_formula(&self, pos: Pos) -> Val {
        match self.state.formula(pos, self.book) {
            Some((formula, _)) => Val::text(format!("={}", dump::formula(self.book, formula))),
            None => state::stored(pos, self.book).map_or(Val::text(""), |c| Val::stored(&c.value)),
        }
    }

    fn row_height(&self, pos: Pos) -> f64 {
        let Some(sheet) = self.book.sheets.get(pos.sheet as usize) else { return ROW_HEIGHT };
        let height = sheet.row_heights.get(&pos.row).copied().or(sheet.default_row_height);
        height.map_or(ROW_HEIGHT, |h| f64::from(h) / 20.0)
    }

    fn column_width(&self, pos: Pos) -> f64 {
        let Some(sheet) = self.book.sheets.get(pos.sheet as usize) else { return 8.43 };
        let found = sheet.column_widths.iter().rev().find(|w| (w.0..=w.1).contains(&pos.column));
        found.map_or(8.43, |w| (f64::from(w.2) / 256.0 - 0.71).max(0.0))
    }

    /// What the cell's format says; a cell that is not there has the default one.
    fn styled(&self, kind: i64, area: Area) -> Val {
        let cell = state::stored(area.first(), self.book);
        let plain = Style { locked: true, vertical: 2, ..Style::default() };
        let style = self.book.styles.get(cell.map_or(0, |c| c.style) as usize).unwrap_or(&plain);
        let default = Font { name: "Calibri".to_owned(), height: 220, ..Font::default() };
        let font = self.book.fonts.get(style.font as usize).unwrap_or(&default);
        let border = |i: usize| style.borders.get(i).copied().unwrap_or_default();
        match kind {
            7 => Val::text(if style.format.is_empty() { "General" } else { style.format.as_str() }),
            8 => Val::Num(f64::from(style.horizontal) + 1.0),
            9..=12 => Val::Num(f64::from(border((kind - 9) as usize).0)),
            13 => Val::Num(f64::from(style.fill_pattern)),
            14 => Val::Bool(style.locked),
            15 => Val::Bool(style.hidden),
            18 => Val::text(&font.name),
            19 => Val::Num(f64::from(font.height) / 20.0),
            20..=23 => Val::Bool(font.flags & (1 << (kind - 20)) != 0),
            24 => Val::Num(colour(font.colour)),
            34..=37 => Val::Num(colour(border((kind - 34) as usize).1)),
            38 | 63 => Val::Num(if style.fill_pattern == 0 { 0.0 } else { colour(style.fill_foreground) }),
            39 | 64 => Val::Num(if style.fill_pattern == 0 { 0.0 } else { colour(style.fill_background) }),
            40 => Val::text("Normal"),
            46 => Val::Bool(false),
            // The number in the file counts from 0 (top), GET.CELL from 1.
            50 => Val::Num(f64::from(style.vertical) + 1.0),
            _ => Val::Unknown(None),
        }
    }

    fn cell_by_name(&mut self, call: Call) -> Res {
        let kind = self.text_arg(call, 0)?;
        let pos = self.area_arg(call, 1).map_or(self.here, Area::first);
        Ok(match kind.to_ascii_lowercase().as_str() {
            "row" => Val::Num(f64::from(pos.row) + 1.0),
            "col" => Val::Num(f64::from(pos.column) + 1.0),
            "address" => Val::text(address(pos)),
            "contents" => self.read(pos),
            "filename" => {
                let name = format!("C:\\Users\\User\\Downloads\\[Book1.xls]{}", self.sheet_name(pos.sheet));
                self.looked(Val::text(name))
            }
            "width" => Val::Num(self.column_width(pos).round()),
            _ => return Err(Val::Err(VALUE)),
        })
    }
}

/// The palette's number of a stored colour: stored ones count from 8, automatic ones are 0.
fn colour(index: u16) -> f64 {
    if (8..=63).contains(&index) { f64::from(index - 7) } else { 0.0 }
}

/// Year, month and day of a serial date (1900 system, whose 1900-02-29 never was).
pub(super) fn civil(serial: f64) -> (i32, i32, i32) {
    let days = serial.floor().clamp(0.0, 2_958_465.0) as i64;
    if days == 60 {
        return (1900, 2, 29);
    }
    let days = if days < 60 { days + 1 } else { days };
    // Days since 0000-03-01, in whole cycles of 400 years.
    let days = days - 25_569 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as i32, day as i32)
}

/// The serial date of a day.
fn serial(year: i32, month: i32, day: i32) -> f64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = i64::from(if month > 2 { month - 3 } else { month + 9 });
    let of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468 + 25_569;
    (if days <= 60 { days - 1 } else { days }) as f64
}

/// The same time on another day of the month; of the month before where this one is too short.
pub(super) fn with_day(clock: f64, day: i32) -> f64 {
    let (year, month, _) = civil(clock);
    let moved = |month: i32| serial(year, month, 1) + f64::from(day) - 1.0;
    let same = moved(month);
    // Of two neighbouring months at least one has 31 days.
    let date = if civil(same).2 == day { same } else { moved(if month > 1 { month - 1 } else { month + 2 }) };
    date + clock.rem_euclid(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        for (number, date) in
            [(1.0, (1900, 1, 1)), (59.0, (1900, 2, 28)), (61.0, (1900, 3, 1)), (44_526.0, (2021, 11, 26))]
        {
            assert_eq!(civil(number), date);
            assert_eq!(serial(date.0, date.1, date.2), number);
        }
        assert_eq!(civil(60.0), (1900, 2, 29));
        for day in 1..=31 {
            assert_eq!(civil(with_day(44_512.5, day)).2, day);
        }
    }
}
