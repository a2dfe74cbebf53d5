//! Which formula runs next: down the column, jumps, calls, blocks and loops; and forks where a condition is not certain.

use super::{
    Branch, FORKS_MAX, Flow, Frame, ITERATIONS_MAX, Limit, Loop, LoopKind, Machine, codes as c,
    eval::{Call, DEPTH_MAX},
    event::{self, Act},
    info,
    value::{Area, Pos, REF, Res, Val},
};
use crate::xlm::model::{Binary, Expr, ExprId};

/// Statements that are run at most between two jumps for the jumps to count.
const SHORT_RUN: u32 = 3;
/// Short runs from which on a macro jumps more than it works.
const SHORT_RUNS: u32 = 20;
/// Characters decoded inside loops from which on they are a decoder.
const LOOP_CHARS: u32 = 16;
/// Cells that are looked through for the end of a block.
const BLOCK_CELLS: u32 = 10_000;
/// Calls inside calls.
const CALLS_MAX: usize = 24;

impl Machine<'_> {
    /// Runs from a cell until the macro ends or returns below `base` open calls.
    pub(super) fn exec(&mut self, start: Pos, base: usize) -> Val {
        let mut pos = start;
        loop {
            let cell = self.state.next_code(pos);
            let Some(cell) = cell.filter(|_| self.spend(2) && !self.probe_done()) else {
                if matches!(self.flow, Flow::Halt) || self.probe_done() {
                    self.flow = Flow::Halt;
                    return Val::Blank;
                }
                // The end of the column ends the macro as RETURN does.
                if self.frames.len() <= base {
                    return Val::Blank;
                }
                pos = self.returned(Val::Blank);
                continue;
            };
            pos = cell.below();
            let Some((formula, written)) = self.state.formula(cell, self.book) else { continue };
            self.statement(cell, formula, written);
            match std::mem::take(&mut self.flow) {
                Flow::Next => self.since_jump = self.since_jump.saturating_add(1),
                Flow::Jump(to) => {
                    self.jumped();
                    pos = to;
                }
                Flow::Return(value) if self.frames.len() > base => pos = self.returned(value),
                Flow::Return(value) => return value,
                Flow::Halt => {
                    self.flow = Flow::Halt;
                    return Val::Blank;
                }
            }
        }
    }

    fn returned(&mut self, value: Val) -> Pos {
        let Some(frame) = self.frames.pop() else { return Pos::default() };
        if let Some((formula, written)) = self.state.formula(frame.caller, self.book) {
            self.state.ran(frame.caller, formula, written, value, self.taint);
        }
        frame.caller.below()
    }

    fn jumped(&mut self) {
        if self.since_jump < SHORT_RUN {
            self.short_jumps = self.short_jumps.saturating_add(1);
            if self.short_jumps == SHORT_RUNS + 1 && self.loops.is_empty() {
                self.log(Act::Jumps, Vec::new());
            }
        }
        self.since_jump = 0;
    }

    fn statement(&mut self, cell: Pos, formula: ExprId, written: bool) {
        let before = (self.here, self.mark, self.taint);
        self.here = cell;
        if self.branches.is_empty() && self.frames.is_empty() {
            self.state.forget();
        }
        self.mark = self.state.mark();
        self.taint = if written { self.state.slot(cell).map_or(0, |s| s.taint) } else { 0 };
        let own = self.taint;
        if self.visited.insert(cell) && written {
            self.log(Act::RanWritten, Vec::new());
        }
        let assigned = self.assignment(cell, formula);
        let value = match assigned {
            Some(value) => value,
            None => self.eval(formula),
        };
        let value = self.scalar(value);
        self.state.ran(cell, formula, written, value, self.taint);
        (self.here, self.mark, self.taint) = (before.0, before.1, before.2 | (self.taint & !own));
    }

    /// `name=value`, where the file marks the cell as an assignment.
    fn assignment(&mut self, cell: Pos, formula: ExprId) -> Option<Val> {
        if !super::state::stored(cell, self.book)?.assigns {
            return None;
        }
        let Expr::Binary(Binary::Equal, left, right) = *self.book.expr(formula) else { return None };
        let symbol = self.info(left).symbol;
        if symbol == info::NO_SYMBOL {
            return None;
        }
        let value = self.eval(right);
        self.state.set_name(symbol, value.clone(), self.taint);
        Some(value)
    }

    pub(super) fn flow_function(&mut self, code: u16, call: Call) -> Option<Res> {
        Some(Ok(match code {
            c::GOTO => self.goto(call),
            c::RUN | c::ON_TIME => self.run_macro(code, call),
            c::ON_WINDOW
            | c::ON_SHEET
            | c::ON_KEY
            | c::ON_DATA
            | c::ON_RECALC
            | c::ON_DOUBLECLICK
            | c::ON_ENTRY => self.run_macro(code, call),
            c::RETURN => {
                let value = self.arg(call, 0);
                self.go(Flow::Return(value));
                Val::Bool(true)
            }
            c::HALT | c::CLOSE | c::CLOSE_ALL | c::FILE_CLOSE | c::QUIT => {
                for i in 0..call.n {
                    self.arg(call, i);
                }
                self.go(Flow::Halt);
                Val::Bool(true)
            }
            c::WHILE => self.while_loop(call),
            c::FOR => self.for_loop(call),
            c::FOR_CELL => self.for_cells(call),
            c::NEXT => self.next_round(),
            c::BREAK => {
                self.loops.pop();
                self.skip_loop(self.here);
                Val::Bool(true)
            }
            c::ELSE | c::ELSE_IF => {
                // Reached from above: the branch that was taken ends here.
                if !self.reading {
                    self.skip_block(self.here, info::END_IF);
                }
                Val::Bool(true)
            }
            c::END_IF => Val::Bool(true),
            c::ARGUMENT => self.argument(call),
            _ => return None,
        }))
    }

    /// The first change of direction in a formula counts.
    fn go(&mut self, flow: Flow) {
        if matches!(self.flow, Flow::Next) && !self.reading {
            self.flow = flow;
        }
    }

    fn goto(&mut self, call: Call) -> Val {
        let target = self.arg(call, 0);
        match self.position(target) {
            Some(pos) => self.go(Flow::Jump(pos)),
            None => {
                self.unknown_parts = self.unknown_parts.saturating_add(1);
                self.go(Flow::Return(Val::Err(REF)));
            }
        }
        Val::Bool(true)
    }

    fn run_macro(&mut self, code: u16, call: Call) -> Val {
        // Events name their macro second (or later): what is run is the first argument that leads to a cell.
        let order: &[usize] = if code == c::RUN { &[0] } else { &[1, 2, 0] };
        for index in order {
            let target = self.arg(call, *index);
            if matches!(target, Val::Missing | Val::Num(_)) {
                continue;
            }
            if let Some(pos) = self.position(target) {
                return self.call_macro(pos, Vec::new());
            }
        }
        self.unknown_parts = self.unknown_parts.saturating_add(1);
        Val::Bool(true)
    }

    /// Calls a macro and gives what it returns.
    pub(super) fn call_macro(&mut self, pos: Pos, arguments: Vec<Val>) -> Val {
        if self.reading {
            return Val::Unknown(None);
        }
        self.jumped();
        if self.frames.len() >= CALLS_MAX || self.depth >= DEPTH_MAX {
            self.limit(Limit::Depth);
            self.go(Flow::Jump(pos));
            return Val::Unknown(None);
        }
        self.frames.push(Frame { caller: self.here, arguments, taken: 0 });
        let base = self.frames.len();
        let loops = std::mem::take(&mut self.loops);
        self.depth += 1;
        let value = self.exec(pos, base);
        self.depth -= 1;
        self.loops = loops;
        self.frames.truncate(base - 1);
        value
    }

    fn argument(&mut self, call: Call) -> Val {
        let name = self.arg(call, 0);
        let Some(frame) = self.frames.last_mut() else { return Val::Err(REF) };
        let value = frame.arguments.get(frame.taken).cloned().unwrap_or(Val::Unknown(None));
        frame.taken += 1;
        match name {
            Val::Ref(area) => self.state.write(area.first(), value, None, self.taint),
            Val::Text(name) => {
                let symbol = self.symbols.of(&name);
                self.state.set_name(symbol, value, self.taint);
            }
            _ => {}
        }
        Val::Bool(true)
    }

    /// `IF`, as a function and as the start of a block.
    pub(super) fn if_function(&mut self, call: Call) -> Val {
        let outer = std::mem::take(&mut self.taint);
        let condition = self.scalar_arg(call, 0);
        let taint = self.taint;
        self.taint |= outer;
        let truth = condition.truth();
        self.watched(call, taint);
        if self.reading {
            return self.all_arms(call);
        }
        let uncertain = truth.is_err() || taint & !event::KEY != 0;
        let decided = self.decision.take_if(|(id, _)| *id == call.id).map(|(_, way)| way);
        let first = truth.unwrap_or(true);
        let way = decided.unwrap_or(first);
        if uncertain && decided.is_none() && self.worth_a_fork(call, !way) {
            self.fork(call.id, !way);
        }
        if call.n == 1 {
            if !way {
                self.skip_block(self.here, info::ELSE | info::ELSE_IF | info::END_IF);
            }
            return Val::Bool(way);
        }
        match (way, call.n) {
            (true, _) => self.arg(call, 1),
            (false, 2) => Val::Bool(false),
            (false, _) => self.arg(call, 2),
        }
    }

    /// An arm that does something other than end the macro is worth to be run.
    fn worth_a_fork(&mut self, call: Call, way: bool) -> bool {
        if call.n == 1 {
            return true;
        }
        let arm = self.arg_id(call, if way { 1 } else { 2 });
        arm.is_some_and(|arm| {
            let flags = self.info(arm).flags;
            flags & info::EFFECT != 0 && (flags & info::STOPS == 0 || flags & info::JUMPS != 0)
        })
    }

    fn fork(&mut self, id: ExprId, way: bool) {
        if self.forks >= FORKS_MAX {
            self.limit(Limit::Forks);
            return;
        }
        if !self.forked.insert((self.here, id)) {
            return;
        }
        self.forks += 1;
        self.branches.push(Branch {
            pos: self.here,
            decision: (id, way),
            mark: self.mark,
            frames: self.frames.clone(),
            loops: self.loops.clone(),
        });
    }

    /// A macro that ends where the program around it looks wrong is hiding from someone.
    fn watched(&mut self, call: Call, taint: event::Taint) {
        let looks = self.arg_id(call, 0).map_or(0, |id| self.info(id).flags) & info::LOOKS != 0;
        if !looks && taint & event::SPACE == 0 {
            return;
        }
        let arms = (1..call.n).filter_map(|i| self.arg_id(call, i));
        let stops =
            arms.fold(0, |flags, arm| flags | self.info(arm).flags) & (info::STOPS | info::JUMPS) != 0;
        if stops || call.n == 1 && self.block_stops() {
            let shown = self.arg_id(call, 0).map_or_else(String::new, |id| self.condition_text(id));
            self.log(Act::Watched, vec![shown.into()]);
        }
    }

    /// Whether the block that starts here ends the macro somewhere.
    fn block_stops(&mut self) -> bool {
        let mut pos = self.here;
        for _ in 0..64 {
            let Some(next) = self.state.next_code(pos.below()) else { return false };
            let Some((formula, _)) = self.state.formula(next, self.book) else { return false };
            let flags = self.info(formula).flags;
            if flags & (info::STOPS | info::JUMPS) != 0 {
                return true;
            }
            if flags & info::END_IF != 0 {
                return false;
            }
            pos = next;
        }
        false
    }

    fn all_arms(&mut self, call: Call) -> Val {
        let mut value = Val::Unknown(None);
        for i in 1..call.n {
            let arm = self.arg(call, i);
            if !matches!(arm, Val::Missing) && value.is_unknown() {
                value = arm;
            }
        }
        value
    }

    /// Jumps behind the end of a block, or to what else ends this part of it.
    fn skip_block(&mut self, from: Pos, ends: u16) {
        let mut pos = from;
        let mut nested = 0_u32;
        for _ in 0..BLOCK_CELLS {
            let Some(next) = self.state.next_code(pos.below()).filter(|_| self.spend(1)) else { return };
            pos = next;
            let Some((formula, _)) = self.state.formula(pos, self.book) else { continue };
            let flags = self.info(formula).flags;
            if flags & info::BLOCK_IF != 0 {
                nested += 1;
            } else if nested > 0 {
                nested -= u32::from(flags & info::END_IF != 0);
            } else if flags & ends & info::ELSE_IF != 0 {
                return self.else_if(pos, formula);
            } else if flags & ends != 0 {
                return self.go(Flow::Jump(pos.below()));
            }
        }
    }

    fn else_if(&mut self, pos: Pos, formula: ExprId) {
        let Expr::Call { args, .. } = self.book.expr(formula) else { return };
        let Some(condition) = args.first().copied().filter(|a| a.0 < formula.0) else { return };
        let value = self.eval(condition);
        let value = self.scalar(value);
        if value.truth().unwrap_or(true) {
            self.go(Flow::Jump(pos.below()));
        } else if self.depth < DEPTH_MAX {
            self.depth += 1;
            self.skip_block(pos, info::ELSE | info::ELSE_IF | info::END_IF);
            self.depth -= 1;
        }
    }

    fn while_loop(&mut self, call: Call) -> Val {
        let condition = self.scalar_arg(call, 0);
        if self.reading {
            return Val::Bool(true);
        }
        let here = self.here;
        let open = self.loops.last().is_some_and(|l| l.start == here);
        let rounds = match self.loops.last().map(|l| &l.kind) {
            Some(LoopKind::While { rounds }) if open => *rounds,
            _ => 0,
        };
        // What is not known is true once.
        let again = condition.truth().unwrap_or(rounds == 0) && self.round();
        if !open && again {
            self.loops.push(Loop { start: here, kind: LoopKind::While { rounds: 0 } });
        }
        if again {
            if let Some(LoopKind::While { rounds }) = self.loops.last_mut().map(|l| &mut l.kind) {
                *rounds = rounds.saturating_add(1);
            }
        } else {
            if open {
                self.loops.pop();
            }
            self.skip_loop(here);
        }
        Val::Bool(again)
    }

    fn for_loop(&mut self, call: Call) -> Val {
        let Ok(name) = self.text_arg(call, 0) else { return Val::Err(REF) };
        let start = self.number_arg(call, 1).unwrap_or(1.0);
        let end = self.number_arg(call, 2).unwrap_or(start);
        let step = self.number_or(call, 3, 1.0).unwrap_or(1.0);
        if self.reading {
            return Val::Bool(true);
        }
        let symbol = self.symbols.of(&name);
        self.state.set_name(symbol, Val::Num(start), self.taint);
        let ends = if step >= 0.0 { start > end } else { start < end };
        if ends {
            self.skip_loop(self.here);
        } else {
            self.loops
                .push(Loop { start: self.here, kind: LoopKind::Count { symbol, value: start, end, step } });
        }
        Val::Bool(true)
    }

    fn for_cells(&mut self, call: Call) -> Val {
        let Ok(name) = self.text_arg(call, 0) else { return Val::Err(REF) };
        let area = match self.arg(call, 1) {
            Val::Ref(area) => area,
            _ => self.active,
        };
        if self.reading {
            return Val::Bool(true);
        }
        let symbol = self.symbols.of(&name);
        self.state.set_name(symbol, Val::Ref(area.first().area()), self.taint);
        self.loops.push(Loop { start: self.here, kind: LoopKind::Cells { symbol, area, index: 0 } });
        Val::Bool(true)
    }

    /// One more round of any loop, as far as there may be more.
    fn round(&mut self) -> bool {
        if self.iterations >= ITERATIONS_MAX {
            self.limit(Limit::Iterations);
            return false;
        }
        self.iterations += 1;
        true
    }

    fn next_round(&mut self) -> Val {
        if self.reading {
            return Val::Bool(true);
        }
        let allowed = self.round();
        let Some(open) = self.loops.last_mut() else { return Val::Bool(true) };
        let start = open.start;
        let next: Option<(u32, Val)> = match &mut open.kind {
            LoopKind::While { .. } => {
                // The condition is asked again, unless no round is left: then the loop ends here.
                if allowed {
                    self.go(Flow::Jump(start));
                } else {
                    self.loops.pop();
                }
                return Val::Bool(true);
            }
            LoopKind::Count { symbol, value, end, step } => {
                *value += *step;
                let more = if *step >= 0.0 { *value <= *end } else { *value >= *end };
                more.then_some((*symbol, Val::Num(*value)))
            }
            LoopKind::Cells { symbol, area, index } => {
                *index += 1;
                cell_of(*area, *index).map(|pos| (*symbol, Val::Ref(pos.area())))
            }
        };
        match next.filter(|_| allowed) {
            Some((symbol, value)) => {
                self.state.set_name(symbol, value, self.taint);
                self.go(Flow::Jump(start.below()));
            }
            None => {
                self.loops.pop();
            }
        }
        Val::Bool(true)
    }

    /// Behind the `NEXT` of a loop whose body is not run.
    fn skip_loop(&mut self, from: Pos) {
        let mut pos = from;
        let mut nested = 0_u32;
        for _ in 0..BLOCK_CELLS {
            let Some(next) = self.state.next_code(pos.below()).filter(|_| self.spend(1)) else { return };
            pos = next;
            let Some((formula, _)) = self.state.formula(pos, self.book) else { continue };
            let flags = self.info(formula).flags;
            if flags & info::LOOP != 0 {
                nested += 1;
            } else if flags & info::NEXT != 0 {
                if nested == 0 {
                    return self.go(Flow::Jump(pos.below()));
                }
                nested -= 1;
            }
        }
    }

    /// A character was decoded: in a loop, often enough, this is a decoder.
    pub(super) fn decoded_in_loop(&mut self) {
        if !self.loops.is_empty() {
            self.loop_chars = self.loop_chars.saturating_add(1);
            if self.loop_chars == LOOP_CHARS {
                self.log(Act::DecodeLoop, Vec::new());
            }
        }
    }
}

/// A cell of an area by its number, row by row.
fn cell_of(area: Area, index: u64) -> Option<Pos> {
    if index >= area.cells() {
        return None;
    }
    let columns = u64::from(area.columns()).max(1);
    let row = u32::try_from(index / columns).ok()?;
    let column = u32::try_from(index % columns).ok()?;
    Some(Pos {
        sheet: area.sheet,
        row: area.from.0.saturating_add(row),
        column: area.from.1.saturating_add(column),
    })
}
