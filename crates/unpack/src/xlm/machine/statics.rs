//! Reading formulas that were not reached: what they would do if something ran them.

use super::{Flow, Limit, Machine, info, value::Pos};

/// Steps for reading where none are left.
const READING_STEPS: u64 = 20_000;

impl Machine<'_> {
    /// Reads all formulas of macro sheets that did not run and that would do something. Nothing jumps, nothing loops,
    /// all arms of conditions are read.
    pub(super) fn read_the_rest(&mut self) {
        let mut rest: Vec<Pos> = Vec::new();
        for ((sheet, column), rows) in &self.code {
            let cells = rows.iter().map(|row| Pos { sheet: *sheet, row: *row, column: *column });
            rest.extend(cells.filter(|pos| !self.visited.contains(pos)));
        }
        if rest.is_empty() {
            return;
        }
        rest.sort_unstable_by_key(|p| (p.sheet, p.column, p.row));
        // Where the run used all steps, a part is still there for reading.
        let spent = self.limits.contains(&Limit::Steps);
        if spent {
            self.steps = self.steps.max(READING_STEPS);
        }
        self.string_bytes = 0;
        self.reading = true;
        for pos in rest {
            let Some(formula) = super::state::stored(pos, self.book).and_then(|c| c.formula) else {
                continue;
            };
            if self.info(formula).flags & info::EFFECT == 0 {
                continue;
            }
            self.here = pos;
            self.taint = 0;
            self.flow = Flow::Next;
            self.eval(formula);
            if self.steps == 0 {
                break;
            }
        }
        self.flow = Flow::Next;
        self.reading = false;
        self.flush_files();
        if spent {
            self.steps = 0;
        }
    }
}
