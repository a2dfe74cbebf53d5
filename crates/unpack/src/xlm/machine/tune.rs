//! Starting, and finding out what the environment must have been: the day of the month and the keys.

use super::{
    Branch, Flow, Frame, Machine, Quality, Starts, Target,
    value::{Pos, Val},
};
use crate::{
    scan::Scan,
    xlm::{model::Expr, vote},
};

/// Texts under the clock that a try looks at.
const PROBE_TEXTS: u32 = 3;
/// Fewest characters from which on keys are voted.
const VOTE_CHARS: u32 = 16;
/// The clock where nothing tells the date: 2021-11-12.
const NO_DATE: f64 = 44_512.5;

/// Days from 1899-12-30 to 1970-01-01.
const EPOCH: f64 = 25_569.0;

/// What macros see as the clock: the message's date, else when the document was saved.
pub(super) fn clock(scan: &Scan<'_>) -> f64 {
    let office = scan.facts.office.as_ref();
    let saved = || office.and_then(|o| o.modified.or(o.created));
    match scan.hints.date.or_else(saved) {
        Some(seconds) => seconds as f64 / 86_400.0 + EPOCH,
        None => NO_DATE,
    }
}

impl Machine<'_> {
    /// Runs; where what is decoded makes no sense, votes the keys or tries other days, and keeps the best.
    pub(super) fn tune(&mut self, starts: &Starts) {
        self.start(starts);
        let first = self.quality;
        if first.bad_chars.saturating_mul(10) > first.chars && first.chars >= VOTE_CHARS {
            let keys = vote::keys(self.book, &mut self.steps);
            if !keys.is_empty() {
                self.keys = keys;
                self.reset();
                self.start(starts);
                if self.quality.better_chars(first) {
                    return;
                }
                self.keys.clear();
                self.reset();
                self.start(starts);
            }
        }
        if self.quality.clock_texts > 0 && self.quality.clock <= 0 {
            self.try_days(starts);
        }
    }

    fn try_days(&mut self, starts: &Starts) {
        let given = self.clock;
        let today = super::environment::civil(given).2;
        let mut best = (self.quality.clock, given);
        self.probe = Some(PROBE_TEXTS);
        for day in (1..=31).filter(|d| *d != today) {
            // A date of the same year whose month has that day; the months before and after a short one are long.
            let clock = super::environment::with_day(given, day);
            self.clock = clock;
            self.reset();
            self.start(starts);
            if self.quality.clock > best.0.max(0) {
                best = (self.quality.clock, clock);
            }
            if self.steps == 0 {
                break;
            }
        }
        self.probe = None;
        self.clock = best.1;
        self.reset();
        self.start(starts);
    }

    /// Runs from all starts, and all branches of each.
    fn start(&mut self, starts: &Starts) {
        self.running = true;
        for pos in &starts.names {
            self.run_from(*pos);
        }
        for target in &starts.entries {
            match target {
                Target::Cell(sheet, at) => self.run_from(Pos::new(*sheet as u32, *at)),
                Target::Name(text) => {
                    if let Some(pos) = self.named_target(text) {
                        self.run_from(pos);
                    }
                }
                Target::Formula(text) => self.run_text(text),
            }
        }
        if starts.names.is_empty() && starts.entries.is_empty() {
            self.running = false;
            let tops: Vec<Pos> = self.column_tops();
            for pos in tops {
                if !self.visited.contains(&pos) {
                    self.run_from(pos);
                }
            }
        }
        self.running = false;
    }

    /// Runs from a cell to the end, and then the branches that were left.
    pub(super) fn run_from(&mut self, pos: Pos) {
        self.flow = Flow::Next;
        self.active = pos.area();
        self.exec(pos, 0);
        self.finish_branches();
    }

    fn finish_branches(&mut self) {
        self.flush_files();
        while let Some(branch) = self.branches.pop() {
            if self.steps == 0 || self.probe_done() {
                self.branches.clear();
                break;
            }
            let Branch { pos, decision, mark, frames, loops } = branch;
            self.state.roll_back(mark);
            self.frames = frames;
            self.loops = loops;
            self.decision = Some(decision);
            self.flow = Flow::Next;
            self.exec(pos, 0);
            self.flush_files();
        }
        self.frames.clear();
        self.loops.clear();
        self.decision = None;
        self.flow = Flow::Next;
    }

    /// A formula that is run by itself.
    fn run_text(&mut self, text: &str) {
        let start = self.column_tops().first().copied().unwrap_or_default();
        self.here = Pos { row: 0, column: 0, ..start };
        let Some(formula) = self.parse(text, self.here) else { return };
        self.flow = Flow::Next;
        self.taint = 0;
        self.mark = self.state.mark();
        self.frames.push(Frame { caller: self.here, arguments: Vec::new(), taken: 0 });
        self.eval(formula);
        if let Flow::Jump(pos) = std::mem::take(&mut self.flow) {
            self.exec(pos, 0);
        }
        self.finish_branches();
    }

    fn column_tops(&self) -> Vec<Pos> {
        let mut tops: Vec<Pos> = self
            .code
            .iter()
            .filter_map(|((sheet, column), rows)| {
                rows.first().map(|row| Pos { sheet: *sheet, row: *row, column: *column })
            })
            .collect();
        tops.sort_unstable_by_key(|p| (p.sheet, p.column));
        tops
    }

    /// Where a defined name leads.
    pub(super) fn target_of(&mut self, name: usize) -> Option<Pos> {
        let name = self.book.names.get(name)?;
        let formula = name.formula?;
        let local = name.sheet.unwrap_or(0) as u32;
        if let Expr::Range(range) = self.book.expr(formula) {
            let sheet = range.sheet.map_or(local, |s| s as u32);
            return Some(Pos::new(sheet, range.from));
        }
        self.here = Pos { sheet: local, row: 0, column: 0 };
        let value = self.eval(formula);
        self.flow = Flow::Next;
        self.position(value)
    }

    /// Where a name or the text of a reference leads.
    pub(super) fn named_target(&mut self, text: &str) -> Option<Pos> {
        let text = text.trim().trim_start_matches('=');
        let symbol = self.symbols.of(text);
        let mut value = self.name_value(symbol);
        if matches!(value, Val::Err(_) | Val::Blank) {
            let formula = self.parse_in(text, self.here, false)?;
            value = self.eval(formula);
        }
        self.position(value)
    }

    /// The cell that a value leads to.
    pub(super) fn position(&mut self, value: Val) -> Option<Pos> {
        match value {
            Val::Ref(area) => Some(area.first()),
            Val::Text(text) if text.len() < 300 => {
                self.depth += 1;
                let pos = if self.depth < super::eval::DEPTH_MAX { self.named_target(&text) } else { None };
                self.depth -= 1;
                pos
            }
            _ => None,
        }
    }

    pub(super) fn probe_done(&self) -> bool {
        self.probe.is_some_and(|most| self.quality.clock_texts >= most)
    }
}

impl Quality {
    fn better_chars(self, other: Quality) -> bool {
        let share =
            |q: Quality| (u64::from(q.bad_chars) * 1000).checked_div(u64::from(q.chars)).unwrap_or(1000);
        share(self) < share(other)
    }
}
