//! What changes the workbook or the world in one step: cells, names, programs, messages, calls by name.

use std::rc::Rc;

use super::{
    Limit, Machine, codes as c,
    eval::{Call, DEPTH_MAX},
    event::{self, Act},
    info,
    value::{Area, Pos, REF, Res, Val},
};
use crate::xlm::model::{Expr, ExprId};

/// Rectangles up to this many cells are written cell by cell.
const CELLWISE: u64 = 64;
/// Filling more cells than this serves only to keep a scanner busy.
const FILL_MAX: u64 = 1 << 20;

impl Machine<'_> {
    pub(super) fn effect_function(&mut self, code: u16, call: Call) -> Option<Res> {
        Some(Ok(match code {
            c::FORMULA | c::FORMULA_FILL | c::FORMULA_ARRAY => self.formula(call),
            c::SET_VALUE => self.set_value(call),
            c::SET_NAME | c::DEFINE_NAME => self.set_name(code, call),
            c::DELETE_NAME => {
                self.arg(call, 0);
                Val::Bool(true)
            }
            c::EXEC => {
                let command = self.scalar_arg(call, 0).shown();
                self.arg(call, 1);
                self.judge(&command);
                self.log(Act::Exec, vec![command]);
                self.outside(Val::Num(42.0))
            }
            c::INITIATE | c::EXECUTE | c::POKE | c::REQUEST | c::TERMINATE => {
                let args = self.shown_args(call, 0);
                if code != c::TERMINATE {
                    self.log(Act::Dde, args);
                }
                self.outside(Val::Num(1.0))
            }
            c::ALERT | c::MESSAGE | c::INPUT => {
                let args = self.shown_args(call, 0);
                if let Some(text) = args.iter().find(|a| a.len() > 3) {
                    self.log(Act::Said, vec![text.clone()]);
                }
                Val::Bool(true)
            }
            c::SEND_KEYS => {
                let args = self.shown_args(call, 0);
                self.log(Act::Keys, args);
                Val::Bool(true)
            }
            c::WORKBOOK_HIDE | c::WORKBOOK_DELETE => {
                let args = self.shown_args(call, 0);
                self.log(Act::Hid, args);
                Val::Bool(true)
            }
            c::CLEAR | c::EDIT_DELETE => Val::Bool(true),
            c::SELECT_END | c::ACTIVATE | c::WORKBOOK_ACTIVATE | c::WORKBOOK_SELECT => {
                self.arg(call, 0);
                Val::Bool(true)
            }
            _ => return None,
        }))
    }

    /// Marks a value as an answer from outside.
    pub(super) fn outside(&mut self, value: Val) -> Val {
        self.taint |= event::OUTSIDE;
        value
    }

    /// All arguments from one on, as the log shows them.
    pub(super) fn shown_args(&mut self, call: Call, from: usize) -> Vec<Rc<str>> {
        (from..call.n).map(|i| self.scalar_arg(call, i).shown()).collect()
    }

    /// Whether a text that came out under the clock makes sense.
    pub(super) fn judge(&mut self, text: &str) {
        if self.taint & event::CLOCK == 0 || text.len() < 4 {
            return;
        }
        let good = text.bytes().all(|b| (32..127).contains(&b) || b"\t\r\n".contains(&b));
        let words = text.bytes().filter(|b| b.is_ascii_alphanumeric() || b" \"=(),.\\/:".contains(b)).count();
        let points = match (good, words * 10 >= text.len() * 8) {
            (false, _) => -2,
            (true, false) => -1,
            (true, true) => 1,
        };
        self.quality.clock += points;
        self.quality.clock_texts += 1;
    }

    /// `FORMULA(text, target)`: text that starts with `=` becomes a formula, anything else a constant.
    fn formula(&mut self, call: Call) -> Val {
        let value = self.scalar_arg(call, 0);
        let before = self.taint;
        let target = match self.arg(call, 1) {
            Val::Missing => self.active,
            value => match self.area_of(value) {
                Some(area) => area,
                None => self.active,
            },
        };
        self.taint = before;
        let at = target.first();
        if matches!(value, Val::Err(_) | Val::Unknown(_)) && self.taint & event::CLOCK != 0 {
            self.quality.clock -= 2;
            self.quality.clock_texts += 1;
        }
        let Val::Text(text) = &value else {
            if let Val::Unknown(Some(part)) = &value {
                self.log(Act::Formula, vec![super::value::address(at).into(), part.clone()]);
            }
            self.put(target, value, None);
            return Val::Bool(true);
        };
        self.judge(text);
        self.log(Act::Formula, vec![super::value::address(at).into(), text.clone()]);
        let formula = if text.starts_with('=') { self.parse(text, at) } else { None };
        if self.taint & event::CLOCK != 0 && text.starts_with('=') {
            // A text that reads as a formula weighs more than one that only looks like text.
            self.quality.clock += if formula.is_some() { 3 } else { -1 };
        }
        if self.reading {
            self.read_written(formula, at);
            return Val::Bool(true);
        }
        match formula {
            Some(formula) => self.put(target, Val::Blank, Some(formula)),
            None => self.put(target, value, None),
        }
        Val::Bool(true)
    }

    /// A formula that would be written, where nothing is run.
    fn read_written(&mut self, formula: Option<ExprId>, at: Pos) {
        let Some(formula) = formula.filter(|f| self.info(*f).flags & info::EFFECT != 0) else { return };
        if self.depth < DEPTH_MAX {
            let here = std::mem::replace(&mut self.here, at);
            self.depth += 1;
            self.eval(formula);
            self.depth -= 1;
            self.here = here;
        }
    }

    /// A target: a reference, or the text of one.
    fn area_of(&mut self, value: Val) -> Option<Area> {
        match value {
            Val::Ref(area) => Some(area),
            Val::Text(text) => {
                let formula = self.parse(&text, self.active.first())?;
                match self.eval(formula) {
                    Val::Ref(area) => Some(area),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn put(&mut self, target: Area, value: Val, formula: Option<ExprId>) {
        let cells = target.cells();
        if cells <= CELLWISE {
            for row in target.from.0..=target.to.0 {
                for column in target.from.1..=target.to.1 {
                    let pos = Pos { sheet: target.sheet, row, column };
                    self.state.write(pos, value.clone(), formula, self.taint);
                }
            }
            self.spend(cells);
            return;
        }
        if cells > FILL_MAX {
            self.limit(Limit::Fill);
        }
        if !self.state.fill(target, value, formula, self.taint) {
            self.limit(Limit::Fill);
        }
    }

    fn set_value(&mut self, call: Call) -> Val {
        let target = self.arg(call, 0);
        let value = self.arg(call, 1);
        let Some(area) = self.area_of(target) else { return Val::Err(REF) };
        if self.reading {
            return Val::Bool(true);
        }
        match value {
            Val::Array(grid) => {
                let columns = grid.columns.max(1);
                for (i, item) in grid.items.iter().enumerate() {
                    let (down, right) = (i as u32 / columns, i as u32 % columns);
                    if down < area.rows() && right < area.columns() {
                        let (row, column) =
                            (area.from.0.saturating_add(down), area.from.1.saturating_add(right));
                        self.state.write(
                            Pos { sheet: area.sheet, row, column },
                            item.clone(),
                            None,
                            self.taint,
                        );
                    }
                }
            }
            value => {
                let value = self.scalar(value);
                self.put(area, value, None);
            }
        }
        Val::Bool(true)
    }

    fn set_name(&mut self, code: u16, call: Call) -> Val {
        let Ok(name) = self.text_arg(call, 0) else { return Val::Err(REF) };
        let outer = std::mem::take(&mut self.taint);
        let mut value = self.arg(call, 1);
        // DEFINE.NAME takes the text of a reference or formula.
        if code == c::DEFINE_NAME
            && let Val::Text(text) = &value
            && text.starts_with('=')
            && let Some(formula) = self.parse(&text.clone(), self.here)
        {
            value = self.eval(formula);
        }
        let symbol = self.symbols.of(name.trim_start_matches('!'));
        self.state.set_name(symbol, value, self.taint | outer);
        self.taint |= outer;
        Val::Bool(true)
    }

    /// A call of a macro, a registered function or a name: `A1()`, `decode(B2)`.
    pub(super) fn user(&mut self, target: ExprId, call: Call) -> Val {
        if target.0 >= call.id.0 {
            return Val::Err(REF);
        }
        let symbol = self.info(target).symbol;
        if symbol != info::NO_SYMBOL {
            if let Some(value) = self.call_symbol(symbol, call) {
                return value;
            }
            let name = match self.book.expr(target) {
                Expr::NamedText(name) => name.to_string(),
                _ => self.symbols.names.get(symbol as usize).map_or_else(String::new, ToString::to_string),
            };
            let args = self.shown_args(call, 0);
            self.unknown_parts = self.unknown_parts.saturating_add(1);
            let mut all = vec![Rc::from(name)];
            all.extend(args);
            self.log(Act::Unknown, all);
            return Val::Unknown(None);
        }
        let value = self.eval(target);
        self.call_value(value, call).unwrap_or(Val::Unknown(None))
    }

    /// Calls what a name stands for, if it stands for anything.
    pub(super) fn call_symbol(&mut self, symbol: u32, call: Call) -> Option<Val> {
        if let Some((dll, api, types)) = self.registered.get(&symbol).cloned() {
            let args = self.shown_args(call, 0);
            return Some(self.library_call(dll, api, types, args));
        }
        let value = self.name_value(symbol);
        self.call_value(value, call)
    }

    fn call_value(&mut self, value: Val, call: Call) -> Option<Val> {
        match value {
            Val::Ref(area) => {
                let mut arguments = Vec::with_capacity(call.n);
                for i in 0..call.n {
                    arguments.push(self.arg(call, i));
                }
                Some(self.call_macro(area.first(), arguments))
            }
            Val::Num(id) => self.call_by_id(id, call),
            _ => None,
        }
    }

    /// Calls a registered function by the number that `REGISTER` gave.
    fn call_by_id(&mut self, id: f64, call: Call) -> Option<Val> {
        let symbol = *self.registered_ids.get((id as usize).checked_sub(super::libraries::FIRST_ID)?)?;
        let (dll, api, types) = self.registered.get(&symbol).cloned()?;
        let args = self.shown_args(call, 0);
        Some(self.library_call(dll, api, types, args))
    }
}
