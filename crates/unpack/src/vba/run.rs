//! The evaluator: runs procedures on paper, within a number of steps, and writes down what they would do.
//!
//! Values are known, partly known or not ([`Val`]). Where a condition is not known both ways are taken and neither may
//! leave the procedure; a loop whose condition is not known runs once. Procedures that Office runs by itself come first,
//! then all others, then each statement that no run reached, with nothing known about its variables. What was done is a
//! list of [`Event`]s; texts that came about on the way are [`Decoded`].

mod control;
mod expr;
mod functions;
mod host;
mod methods;
mod sheets;
mod sinks;

use std::{hash::Hasher as _, rc::Rc};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::{
    ast::*,
    lexer::Sym,
    surroundings::Surroundings,
    value::{Arr, FORM, How, PIECES, PROPERTY, Text, Val},
};
use crate::{
    gaps::Gaps,
    xlm::model::{At, Workbook},
};

pub(crate) use sinks::{Act, Event, Start};

/// Steps of one project: statements and calls, and texts by their length.
pub(crate) const STEPS_MAX: u64 = 50_000;
/// Bytes of all texts that are put together.
const STRING_BYTES_MAX: usize = 4 << 20;
/// Blocks, expressions and calls inside one another.
const DEPTH_MAX: usize = 128;
/// Decoded texts that are kept.
const DECODED_MAX: usize = 1_024;
/// Bytes of one decoded text that are kept.
const DECODED_BYTES_MAX: usize = 128 << 10;
/// Bytes of text that count a step.
const BYTES_PER_STEP: usize = 128;
/// Items of an array that are looked at when its procedure ends.
const ITEMS_NOTED: usize = 512;
/// Shortest text that is worth writing down.
const DECODED_MIN: usize = 4;

/// A text that came about while running.
#[derive(Debug, Clone)]
pub(crate) struct Decoded {
    pub(crate) text: Rc<Text>,
    pub(crate) module: usize,
    pub(crate) line: u32,
}

/// A text of the document that code read.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    /// Where it is: `Comments`, `UserForm1.Label1.Caption`.
    pub(crate) name: Rc<str>,
    pub(crate) text: Rc<Text>,
    pub(crate) module: usize,
    pub(crate) line: u32,
}

/// What a run left behind.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) events: Vec<Event>,
    pub(crate) decoded: Vec<Decoded>,
    pub(crate) reads: Vec<Read>,
    /// Lists of numbers that may be characters.
    pub(crate) lists: Vec<(usize, u32, Vec<u8>)>,
    /// Where Excel 4 macros are started.
    pub(crate) starts: Vec<Start>,
    /// Cells that were written, in their order.
    pub(crate) cells: Vec<(usize, At, Val, bool)>,
    pub(crate) steps: u64,
    /// Steps or bytes did not suffice.
    pub(crate) limited: bool,
    /// What was not kept.
    pub(crate) gaps: Gaps,
}

/// What comes after a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Leave,
    ExitLoop,
    GoTo(Sym),
}

/// A procedure that runs.
#[derive(Debug, Default)]
struct Frame {
    locals: FxHashMap<Sym, Val>,
    with: Vec<Val>,
}

/// The evaluator.
pub(crate) struct Machine<'p> {
    program: &'p Program,
    modules: &'p [String],
    around: &'p Surroundings,
    book: &'p mut Workbook,
    procs: FxHashMap<Sym, Vec<usize>>,
    declares: FxHashMap<Sym, usize>,
    globals: FxHashMap<(usize, Sym), Val>,
    homes: FxHashMap<Sym, usize>,
    frames: Vec<Frame>,
    /// What was assigned to members of the object model.
    kept: FxHashMap<Rc<str>, Val>,
    overlay: FxHashMap<(usize, At), Val>,
    files: FxHashMap<i64, Rc<Text>>,
    active_sheet: Option<usize>,
    steps: u64,
    bytes: usize,
    depth: usize,
    doubt: u32,
    auto: bool,
    /// Statements are looked at out of their order: nothing is known about variables.
    cold: bool,
    module: usize,
    line: u32,
    visited: Vec<bool>,
    seen: FxHashSet<u64>,
    seen_events: FxHashSet<u64>,
    out: Outcome,
}

impl<'p> Machine<'p> {
    pub(crate) fn new(
        program: &'p Program,
        modules: &'p [String],
        around: &'p Surroundings,
        book: &'p mut Workbook,
        steps: u64,
    ) -> Machine<'p> {
        let mut procs: FxHashMap<Sym, Vec<usize>> = FxHashMap::default();
        for (index, proc) in program.procs.iter().enumerate() {
            procs.entry(proc.name).or_default().push(index);
        }
        let declares = program.declares.iter().enumerate().map(|(i, d)| (d.name, i)).collect();
        Machine {
            program,
            modules,
            around,
            book,
            procs,
            declares,
            globals: FxHashMap::default(),
            homes: FxHashMap::default(),
            frames: Vec::new(),
            kept: FxHashMap::default(),
            overlay: FxHashMap::default(),
            files: FxHashMap::default(),
            active_sheet: None,
            steps: steps.min(STEPS_MAX),
            bytes: 0,
            depth: 0,
            doubt: 0,
            auto: false,
            cold: false,
            module: 0,
            line: 0,
            visited: vec![false; program.lines as usize],
            seen: FxHashSet::default(),
            seen_events: FxHashSet::default(),
            out: Outcome::default(),
        }
    }

    /// Runs everything: what Office starts by itself (`auto`: indexes into the program's procedures), then the rest.
    pub(crate) fn run(mut self, auto: &[usize], script: bool) -> Outcome {
        let given = self.steps;
        for (module, block) in &self.program.outside {
            (self.module, self.auto) = (*module, script);
            self.frames.push(Frame::default());
            self.globals_of(block, script);
            self.end_frame(None);
        }
        for index in auto {
            self.auto = true;
            self.start(*index);
        }
        self.auto = false;
        for index in 0..self.program.procs.len() {
            let first = self.program.procs.get(index).and_then(|p| p.body.first());
            let reached = first.is_some_and(|l| self.visited.get(l.id as usize) == Some(&true));
            if !reached && !auto.contains(&index) {
                self.start(index);
            }
        }
        self.cold = true;
        for index in 0..self.program.procs.len() {
            self.rest(index);
        }
        self.note_globals();
        self.out.limited |= self.steps == 0;
        self.out.steps = given - self.steps;
        self.out
    }

    /// Statements outside procedures: module variables and constants; in a script, the program.
    fn globals_of(&mut self, block: &'p Block, script: bool) {
        self.depth += 1;
        let mut constants = Vec::new();
        for line in block {
            self.line = line.line;
            match &line.stmt {
                Stmt::Dim(variables) => self.dim(variables, true),
                Stmt::Const(list) => {
                    for (name, value) in list {
                        let value = self.expr(value);
                        self.set_global(*name, value);
                        constants.push(line.id);
                    }
                }
                _ => {}
            }
        }
        if script {
            let _ = self.block(block);
        }
        self.depth -= 1;
    }

    fn set_global(&mut self, name: Sym, value: Val) {
        self.homes.entry(name).or_insert(self.module);
        self.globals.insert((self.module, name), value);
    }

    fn start(&mut self, index: usize) {
        let Some(proc) = self.program.procs.get(index) else { return };
        let args = proc.params.iter().map(|_| Val::Unknown).collect();
        self.doubt = 0;
        let _ = self.call(index, args);
    }

    /// Statements of a procedure that no run reached.
    fn rest(&mut self, index: usize) {
        let Some(proc) = self.program.procs.get(index) else { return };
        self.module = proc.module;
        self.frames.push(Frame::default());
        self.doubt = 1;
        self.unreached(&proc.body, 0);
        self.doubt = 0;
        self.end_frame(None);
    }

    fn unreached(&mut self, block: &'p Block, depth: usize) {
        if depth > crate::limits::NESTING_MAX || self.steps == 0 {
            return;
        }
        for line in block {
            if self.visited.get(line.id as usize) != Some(&true) {
                let _ = self.block(std::slice::from_ref(line));
                continue;
            }
            match &line.stmt {
                Stmt::If { arms, otherwise } => {
                    for body in arms.iter().map(|(_, body)| body).chain(otherwise) {
                        self.unreached(body, depth + 1);
                    }
                }
                Stmt::For { body, .. }
                | Stmt::ForEach { body, .. }
                | Stmt::Loop { body, .. }
                | Stmt::With { body, .. } => self.unreached(body, depth + 1),
                Stmt::Select { cases, .. } => {
                    for (_, body) in cases {
                        self.unreached(body, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    /// Books steps; `false` when there are none left.
    fn tick(&mut self, steps: u64) -> bool {
        self.steps = self.steps.saturating_sub(steps);
        self.steps > 0
    }

    /// Books a text that was put together.
    fn book_bytes(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > STRING_BYTES_MAX {
            self.steps = 0;
        }
        self.tick((bytes / BYTES_PER_STEP) as u64)
    }

    /// Calls a procedure of the program; gives its result and its parameters as they were left.
    fn call(&mut self, index: usize, args: Vec<Val>) -> (Val, Vec<Val>) {
        let Some(proc) = self.program.procs.get(index) else { return (Val::Unknown, Vec::new()) };
        if self.depth + 4 > DEPTH_MAX || !self.tick(1) {
            self.out.limited = true;
            return (Val::Unknown, Vec::new());
        }
        let outer = (self.module, self.line);
        let mut frame = Frame::default();
        frame.locals.insert(proc.name, if self.cold { Val::Unknown } else { Val::Empty });
        self.frames.push(frame);
        self.module = proc.module;
        let mut args = args.into_iter();
        for param in &proc.params {
            let value = if param.rest {
                self.array_of(args.by_ref().collect())
            } else {
                match (args.next(), &param.default) {
                    (None | Some(Val::Missing), Some(default)) => self.expr(default),
                    (None | Some(Val::Missing), None) => Val::Empty,
                    (Some(value), _) => value,
                }
            };
            self.set_local(param.name, value);
        }
        let _ = self.block(&proc.body);
        let left = proc.params.iter().map(|p| self.local(p.name)).collect();
        let result = self.end_frame(Some(proc.name));
        (self.module, self.line) = outer;
        (result, left)
    }

    fn local(&self, name: Sym) -> Val {
        self.frames.last().and_then(|f| f.locals.get(&name)).cloned().unwrap_or_default()
    }

    fn set_local(&mut self, name: Sym, value: Val) {
        if let Some(frame) = self.frames.last_mut() {
            frame.locals.insert(name, value);
        }
    }

    /// Ends a procedure: what its variables hold is written down.
    fn end_frame(&mut self, result: Option<Sym>) -> Val {
        let Some(mut frame) = self.frames.pop() else { return Val::Unknown };
        let value = result.and_then(|name| frame.locals.remove(&name)).unwrap_or(Val::Empty);
        self.note(&value);
        let mut left: Vec<(Sym, Val)> = frame.locals.into_iter().collect();
        left.sort_unstable_by_key(|(name, _)| *name);
        for (_, value) in &left {
            self.note(value);
        }
        value
    }

    fn note_globals(&mut self) {
        let mut globals: Vec<((usize, Sym), Val)> = std::mem::take(&mut self.globals).into_iter().collect();
        globals.sort_unstable_by_key(|(key, _)| *key);
        for (_, value) in &globals {
            self.note(value);
        }
    }

    /// Writes down texts that came about by more than being written in the source.
    fn note(&mut self, value: &Val) {
        match value {
            Val::Text(text) => self.note_text(text),
            Val::Array(items) => {
                // Its other items are mostly pieces that are joined before they are used.
                for item in items.items.iter().take(ITEMS_NOTED) {
                    if let Val::Text(text) = item {
                        self.note_text(text);
                    }
                }
                let telling =
                    |v: &Val| matches!(v, Val::Text(t) if t.how != 0 && t.text.len() >= DECODED_MIN);
                if items.items.iter().skip(ITEMS_NOTED).any(telling) {
                    self.out.gaps.aside(ITEMS_NOTED, "texts of an array in macros");
                }
            }
            _ => {}
        }
    }

    fn note_text(&mut self, text: &Rc<Text>) {
        if text.how == 0 || text.text.len() < DECODED_MIN {
            return;
        }
        let mut hasher = FxHasher::default();
        hasher.write(text.text.as_bytes());
        if !self.seen.insert(hasher.finish()) {
            return;
        }
        if !self.out.gaps.room(self.out.decoded.len(), DECODED_MAX, "texts that macros put together") {
            return;
        }
        let text = if text.text.len() > DECODED_BYTES_MAX {
            self.out.gaps.over(DECODED_BYTES_MAX, "bytes of a text that macros put together");
            let kept: String = text.text.chars().take(DECODED_BYTES_MAX / 4).collect();
            Rc::new(Text { text: kept, ..**text })
        } else {
            text.clone()
        };
        self.out.decoded.push(Decoded { text, module: self.module, line: self.line });
    }

    /// A text of the document was read.
    fn read(&mut self, name: &str, text: &Rc<Text>) {
        let known = self.out.reads.iter().any(|r| &*r.name == name);
        let hidden = !known && text.how & (FORM | PROPERTY) != 0;
        if hidden && self.out.gaps.room(self.out.reads.len(), DECODED_MAX, "texts that macros read") {
            let (module, line) = (self.module, self.line);
            self.out.reads.push(Read { name: Rc::from(name), text: text.clone(), module, line });
        }
    }

    /// A new text, booked.
    fn made(&mut self, text: String, how: How) -> Val {
        if !self.book_bytes(text.len()) {
            return Val::Unknown;
        }
        Val::Text(Rc::new(Text::new(text, how)))
    }

    /// A new array, as far as there is room.
    fn array_of(&mut self, items: Vec<Val>) -> Val {
        Val::Array(Rc::new(Arr::of(items, &mut self.out.gaps)))
    }

    /// Two texts in a row.
    fn joined(&mut self, left: &Val, right: &Val) -> Val {
        let (left, right) = (left.to_text(), right.to_text());
        if !self.book_bytes(left.text.len() + right.text.len()) {
            return Val::Unknown;
        }
        let mut out = (*left).clone();
        out.append(&right);
        out.how |= if left.text.is_empty() || right.text.is_empty() { 0 } else { PIECES };
        Val::Text(Rc::new(out))
    }
}
