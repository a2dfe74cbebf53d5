//! The Excel 4 machine: runs the macros of a workbook, as far as what they would do can be known without doing it.
//!
//! Formulas are small trees ([`crate::xlm::model`]) and give values ([`value::Val`]) that are known or not. What a macro
//! changes lies over the workbook ([`state::State`]) and can be undone; where a condition depends on what is outside (the
//! clock, a library's answer, something unknown), one branch runs first and the other one after it, from the state that it
//! forked from. What it does to the outside goes to the event log ([`event::Event`]), and findings come from there
//! ([`crate::xlm::findings`]). The clock is the message's date; where what is written under it makes no sense, the other
//! days of a month are tried ([`Machine::tune`]); where key cells cannot be known at all, they are voted
//! ([`crate::xlm::vote`]).
//!
//! Costs are counted in steps, so that the same workbook always gives the same findings: at a limit the run ends, the log
//! says so, and the formulas that were not reached are read without running them.

mod codes;
mod effects;
mod environment;
mod eval;
pub(super) mod event;
mod files;
mod flow;
mod info;
mod libraries;
mod logic;
mod lookup;
mod numbers;
mod state;
mod statics;
mod text;
mod tune;
pub(super) mod value;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use self::{
    event::{Act, Event, Taint},
    info::{Info, Symbols},
    state::{Code, State},
    value::{Pos, Val},
};
use crate::{
    Derived,
    scan::Scan,
    xlm::model::{At, ExprId, SheetKind, Workbook},
};

/// Iterations of all loops together.
const ITERATIONS_MAX: u32 = 20_000;
/// Branches that are explored.
const FORKS_MAX: u32 = 64;
/// Bytes of all texts that are put together.
const STRING_BYTES_MAX: usize = 4 << 20;
/// Events that are kept.
const EVENTS_MAX: usize = 4_096;

/// Where something outside the macro sheets starts a macro: a VBA procedure, a button.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) target: Target,
    /// It starts without anyone's doing.
    pub(crate) auto: bool,
}

/// What an [`Entry`] starts.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// A cell of a sheet, by the sheet's index.
    Cell(usize, At),
    /// A name, or a reference as text: `Sheet2!A1`.
    Name(String),
    /// A formula as text, as `ExecuteExcel4Macro` takes it.
    Formula(String),
}

/// What stopped the machine or made it leave something out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Steps,
    Iterations,
    Forks,
    Strings,
    Text,
    Fill,
    Depth,
    Events,
    Files,
    Memory,
}

/// What comes after the formula that just ran.
#[derive(Debug, Clone, Default)]
enum Flow {
    #[default]
    Next,
    Jump(Pos),
    Return(Val),
    Halt,
}

/// A call that has not returned.
#[derive(Debug, Clone)]
struct Frame {
    caller: Pos,
    arguments: Vec<Val>,
    taken: usize,
}

/// A loop that is open.
#[derive(Debug, Clone)]
struct Loop {
    start: Pos,
    kind: LoopKind,
}

#[derive(Debug, Clone)]
enum LoopKind {
    While { rounds: u32 },
    Count { symbol: u32, value: f64, end: f64, step: f64 },
    Cells { symbol: u32, area: value::Area, index: u64 },
}

/// The other way at a condition, to be taken later.
#[derive(Debug)]
struct Branch {
    pos: Pos,
    decision: (ExprId, bool),
    mark: usize,
    frames: Vec<Frame>,
    loops: Vec<Loop>,
}

/// How well what was decoded reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Quality {
    /// Texts under the clock that were written or run: points for sense, minus points for nonsense.
    clock: i32,
    clock_texts: u32,
    /// Characters under something that the machine may not know exactly.
    chars: u32,
    bad_chars: u32,
}

/// Texts that were parsed: where, in which notation, what came out.
type Parsed = FxHashMap<(Pos, bool, Rc<str>), Option<ExprId>>;

/// What makes an event the same as another one.
type Done = (Pos, Act, Vec<Rc<str>>);

/// A function of a library: library, function, types.
type Registered = (Rc<str>, Rc<str>, Rc<str>);

/// The machine. Everything here is of one run but the first five.
pub(super) struct Machine<'b> {
    pub(super) book: &'b mut Workbook,
    infos: Vec<Info>,
    symbols: Symbols,
    code: Code,
    parsed: Parsed,
    /// Days since 1899-12-30, with the time.
    clock: f64,
    /// Keys that were voted, by cell.
    keys: FxHashMap<Pos, f64>,
    /// Stop after this many decoded texts: a try.
    probe: Option<u32>,

    state: State,
    steps: u64,
    iterations: u32,
    forks: u32,
    string_bytes: usize,
    depth: usize,
    here: Pos,
    mark: usize,
    active: value::Area,
    flow: Flow,
    frames: Vec<Frame>,
    loops: Vec<Loop>,
    branches: Vec<Branch>,
    forked: FxHashSet<(Pos, ExprId)>,
    decision: Option<(ExprId, bool)>,
    taint: Taint,
    quality: Quality,
    visited: FxHashSet<Pos>,
    /// Formulas are read, not run.
    reading: bool,
    running: bool,
    since_jump: u32,
    short_jumps: u32,
    loop_chars: u32,
    keyed_chars: u32,
    registered: FxHashMap<u32, Registered>,
    registered_ids: Vec<u32>,
    files: Vec<files::File>,
    memory: Vec<u8>,
    next_address: f64,
    pub(super) events: Vec<Event>,
    seen: FxHashSet<Done>,
    pub(super) limits: Vec<Limit>,
    pub(super) unknown_parts: u32,
}

/// Where the macros of a workbook start.
#[derive(Debug, Default)]
struct Starts {
    names: Vec<Pos>,
    entries: Vec<Target>,
    auto: bool,
}

/// What the run says about the workbook as a whole, for findings.
pub(super) struct Outcome<'b> {
    pub(super) machine: Machine<'b>,
    /// Something starts the macros by itself.
    pub(super) auto: bool,
}

/// Runs the macros of a workbook and says what they do. Without a macro sheet and without entries it costs nothing.
pub(crate) fn run(book: &mut Workbook, entries: &[Entry], scan: &mut Scan<'_>) {
    let has_code = book.sheets.iter().any(|s| s.kind == SheetKind::Macro);
    if !has_code && entries.is_empty() {
        return;
    }
    let steps = scan.budget.take_emulation();
    let clock = tune::clock(scan);
    let mut entry_points = super::findings::entry_points(book);
    let mut machine = Machine::new(book, clock, steps);
    let mut starts = Starts {
        entries: entries.iter().map(|e| e.target.clone()).collect(),
        auto: entries.iter().any(|e| e.auto),
        ..Starts::default()
    };
    for point in &mut entry_points {
        point.target = machine.target_of(point.name);
        starts.names.extend(point.target);
    }
    starts.auto |= !entry_points.is_empty();
    machine.tune(&starts);
    if starts.names.is_empty() && starts.entries.is_empty() {
        // Nothing says which way conditions go: all formulas are read, also those that ran.
        machine.visited.clear();
    }
    machine.read_the_rest();
    let left = machine.steps;
    let outcome = Outcome { machine, auto: starts.auto };
    super::findings::report(&outcome, &entry_points, scan);
    scan.budget.return_emulation(left);
}

impl<'b> Machine<'b> {
    fn new(book: &'b mut Workbook, clock: f64, steps: u64) -> Machine<'b> {
        let code = state::code_of(book);
        let mut symbols = Symbols::default();
        let mut infos = Vec::new();
        info::extend(&mut infos, &mut symbols, book);
        let state = State::new(&code);
        Machine {
            book,
            infos,
            symbols,
            code,
            parsed: FxHashMap::default(),
            clock,
            keys: FxHashMap::default(),
            probe: None,
            state,
            steps,
            iterations: 0,
            forks: 0,
            string_bytes: 0,
            depth: 0,
            here: Pos::default(),
            mark: 0,
            active: Pos::default().area(),
            flow: Flow::Next,
            frames: Vec::new(),
            loops: Vec::new(),
            branches: Vec::new(),
            forked: FxHashSet::default(),
            decision: None,
            taint: 0,
            quality: Quality::default(),
            visited: FxHashSet::default(),
            reading: false,
            running: false,
            since_jump: 0,
            short_jumps: 0,
            loop_chars: 0,
            keyed_chars: 0,
            registered: FxHashMap::default(),
            registered_ids: Vec::new(),
            files: Vec::new(),
            memory: Vec::new(),
            next_address: f64::from(0x0400_0000),
            events: Vec::new(),
            seen: FxHashSet::default(),
            limits: Vec::new(),
            unknown_parts: 0,
        }
    }

    /// Forgets the last run; what is known of the workbook stays.
    fn reset(&mut self) {
        self.state = State::new(&self.code);
        self.iterations = 0;
        self.forks = 0;
        self.string_bytes = 0;
        self.active = Pos::default().area();
        self.flow = Flow::Next;
        self.frames.clear();
        self.loops.clear();
        self.branches.clear();
        self.forked.clear();
        self.decision = None;
        self.taint = 0;
        self.quality = Quality::default();
        self.visited.clear();
        self.since_jump = 0;
        self.short_jumps = 0;
        self.loop_chars = 0;
        self.keyed_chars = 0;
        self.registered.clear();
        self.registered_ids.clear();
        self.files.clear();
        self.memory.clear();
        self.events.clear();
        self.seen.clear();
        self.limits.clear();
        self.unknown_parts = 0;
    }

    /// Books steps; `false` when there are none left.
    fn spend(&mut self, steps: u64) -> bool {
        self.steps = self.steps.saturating_sub(steps);
        if self.steps == 0 {
            self.limit(Limit::Steps);
            self.flow = Flow::Halt;
        }
        self.steps > 0
    }

    /// Books bytes of text that was put together.
    fn spend_text(&mut self, bytes: usize) -> bool {
        self.string_bytes = self.string_bytes.saturating_add(bytes);
        if self.string_bytes > STRING_BYTES_MAX {
            self.limit(Limit::Strings);
            self.flow = Flow::Halt;
            return false;
        }
        self.spend(1 + bytes as u64 / 256)
    }

    /// A text that was made, as far as one may be long.
    fn text(&mut self, text: impl AsRef<str>) -> Val {
        if text.as_ref().len() > value::TEXT_MAX {
            self.limit(Limit::Text);
        }
        Val::text(text)
    }

    fn limit(&mut self, limit: Limit) {
        if !self.limits.contains(&limit) {
            self.limits.push(limit);
        }
    }

    /// Logs what the macro does, once.
    fn log(&mut self, act: Act, args: Vec<Rc<str>>) {
        if self.events.len() >= EVENTS_MAX {
            return self.limit(Limit::Events);
        }
        if !self.seen.insert((self.here, act, args.clone())) {
            return;
        }
        let derived = match (self.reading, self.taint & event::KEY != 0) {
            (_, true) => Derived::Voted,
            (true, false) => Derived::Static,
            (false, false) => Derived::Emulated,
        };
        self.events.push(Event { pos: self.here, act, args, derived, reached: self.running });
    }

    fn info(&self, id: ExprId) -> Info {
        let nothing = Info { flags: 0, chars: 0, fragments: 0, terms: 0, symbol: info::NO_SYMBOL, code: 0 };
        self.infos.get(id.0 as usize).copied().unwrap_or(nothing)
    }

    /// Joined characters, fragments and `FORMULA` terms of a formula.
    pub(super) fn counts(&self, id: ExprId) -> (u16, u16, u16) {
        let info = self.info(id);
        (info.chars, info.fragments, info.terms)
    }

    /// Bytes that were copied to memory that is run.
    pub(super) fn memory(&self) -> &[u8] {
        &self.memory
    }
}
