//! Statements: blocks, branches, loops, assignments.

use std::rc::Rc;

use super::*;
use crate::vba::value::{ITEMS_MAX, Object};

/// Rounds of one loop.
const ROUNDS_MAX: u32 = 20_000;
/// Jumps backwards in one block.
const JUMPS_MAX: u32 = 256;

impl<'p> Machine<'p> {
    pub(super) fn block(&mut self, block: &'p [Line]) -> Flow {
        if self.depth >= DEPTH_MAX {
            self.out.limited = true;
            return Flow::Next;
        }
        self.depth += 1;
        let out = self.lines(block);
        self.depth -= 1;
        out
    }

    fn lines(&mut self, block: &'p [Line]) -> Flow {
        let (mut at, mut jumps) = (0, 0);
        while let Some(line) = block.get(at) {
            at += 1;
            if !self.tick(1) {
                return Flow::Leave;
            }
            if let Some(visited) = self.visited.get_mut(line.id as usize) {
                *visited = true;
            }
            self.line = line.line;
            match self.stmt(&line.stmt) {
                Flow::Next => {}
                Flow::GoTo(label) if jumps < JUMPS_MAX => {
                    let target = block.iter().position(|l| matches!(l.stmt, Stmt::Label(l) if l == label));
                    jumps += 1;
                    match target {
                        Some(target) => at = target + 1,
                        None => return Flow::GoTo(label),
                    }
                }
                Flow::GoTo(_) => self.out.limited = true,
                other => return other,
            }
        }
        Flow::Next
    }

    fn stmt(&mut self, stmt: &'p Stmt) -> Flow {
        match stmt {
            Stmt::Assign { target, value, set } => self.assignment(target, value, *set),
            Stmt::Call(path) => {
                let value = self.path(path);
                self.note(&value);
            }
            Stmt::If { arms, otherwise } => return self.branch(arms, otherwise.as_ref()),
            Stmt::For { name, from, to, step, body } => {
                return self.count(name, (from, to, step.as_ref()), body);
            }
            Stmt::ForEach { name, list, body } => return self.each(name, list, body),
            Stmt::Loop { before, after, body } => return self.repeat(before.as_ref(), after.as_ref(), body),
            Stmt::Select { subject, cases } => return self.select(subject, cases),
            Stmt::With { object, body } => return self.with(object, body),
            Stmt::Dim(variables) => self.dim(variables, false),
            Stmt::Const(list) => {
                for (name, value) in list {
                    let value = self.expr(value);
                    self.set_local(*name, value);
                }
            }
            Stmt::Open { path, writes, number } => {
                let (path, number) = (self.text_of(path), self.expr(number));
                if *writes {
                    self.files.insert(number.to_int().unwrap_or(-1), path.clone());
                    self.event(Act::Write, &path, None, "Open");
                }
            }
            Stmt::Print { number, parts } => {
                let number = self.expr(number).to_int().unwrap_or(-1);
                let mut content = Val::text("");
                for part in parts {
                    let part = self.settled(part);
                    content = self.joined(&content, &part);
                }
                if let Some(path) = self.files.get(&number).cloned() {
                    self.event(Act::Write, &path, Some(content.to_text()), "Print");
                }
                self.note(&content);
            }
            Stmt::Input { targets } => {
                for target in targets {
                    self.assign(target, Val::Unknown);
                }
            }
            Stmt::Rename { from, to } => {
                let (from, to) = (self.text_of(from), self.text_of(to));
                self.event(Act::Write, &to, None, "Name");
                self.note(&Val::Text(from));
            }
            Stmt::Label(_) => {}
            Stmt::GoTo { label, returns } => {
                if !returns && self.doubt == 0 {
                    return Flow::GoTo(*label);
                }
            }
            Stmt::Leave if self.cold => {}
            Stmt::Leave => return Flow::Leave,
            Stmt::ExitLoop => return Flow::ExitLoop,
        }
        Flow::Next
    }

    /// Runs a block that may not run at all: it cannot leave what is around it.
    fn maybe(&mut self, block: &'p Block) {
        self.doubt += 1;
        let _ = self.block(block);
        self.doubt -= 1;
    }

    fn branch(&mut self, arms: &'p [(Expr, Block)], otherwise: Option<&'p Block>) -> Flow {
        let mut unsure = false;
        for (condition, body) in arms {
            match self.settled(condition).to_bool() {
                Some(true) if !unsure => return self.block(body),
                Some(false) => {}
                Some(true) => {
                    self.maybe(body);
                    return Flow::Next;
                }
                None => {
                    unsure = true;
                    self.maybe(body);
                }
            }
        }
        match otherwise {
            Some(body) if unsure => self.maybe(body),
            Some(body) => return self.block(body),
            None => {}
        }
        Flow::Next
    }

    fn select(&mut self, subject: &'p Expr, cases: &'p [(Vec<Case>, Block)]) -> Flow {
        let subject = self.settled(subject);
        let mut unsure = false;
        for (tests, body) in cases {
            let mut fits = Some(false);
            for test in tests {
                let one = self.case(&subject, test);
                fits = match (fits, one) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                };
            }
            match fits {
                Some(true) if !unsure => return self.block(body),
                Some(false) => {}
                Some(true) => {
                    self.maybe(body);
                    return Flow::Next;
                }
                None => {
                    unsure = true;
                    self.maybe(body);
                }
            }
        }
        Flow::Next
    }

    fn case(&mut self, subject: &Val, test: &'p Case) -> Option<bool> {
        match test {
            Case::Else => Some(true),
            Case::Value(value) => {
                let value = self.settled(value);
                self.binary(Op::Equal, subject, &value).to_bool()
            }
            Case::Range(low, high) => {
                let (low, high) = (self.settled(low), self.settled(high));
                let above = self.binary(Op::GreaterEqual, subject, &low).to_bool()?;
                let below = self.binary(Op::LessEqual, subject, &high).to_bool()?;
                Some(above && below)
            }
            Case::Compare(op, value) => {
                let value = self.settled(value);
                self.binary(*op, subject, &value).to_bool()
            }
        }
    }

    fn count(
        &mut self,
        name: &'p Path,
        range: (&'p Expr, &'p Expr, Option<&'p Expr>),
        body: &'p Block,
    ) -> Flow {
        let from = self.settled(range.0).to_number();
        let to = self.settled(range.1).to_number();
        let step = range.2.map_or(Some((1.0, 0)), |step| self.settled(step).to_number());
        let (Some((from, _)), Some((to, _)), Some((step, _)), false) = (from, to, step, self.cold) else {
            self.assign(name, Val::Unknown);
            self.maybe(body);
            return Flow::Next;
        };
        let (mut value, mut rounds) = (from, 0);
        while (step >= 0.0 && value <= to) || (step < 0.0 && value >= to) {
            rounds += 1;
            if rounds > ROUNDS_MAX || !self.tick(1) {
                self.out.limited = true;
                break;
            }
            self.assign(name, Val::number(value));
            match self.block(body) {
                Flow::Next => {}
                Flow::ExitLoop => return Flow::Next,
                other => return other,
            }
            // An empty body, a loop that only burns time, or one that goes nowhere.
            if body.is_empty() || step == 0.0 {
                value = to;
                break;
            }
            // The body may set its own counter.
            value = match self.path(name).to_number() {
                Some((now, _)) => now + step,
                None => value + step,
            };
        }
        self.assign(name, Val::number(value));
        Flow::Next
    }

    fn each(&mut self, name: &'p Path, list: &'p Expr, body: &'p Block) -> Flow {
        let list = self.expr(list);
        let items: Vec<Val> = match &list {
            Val::Array(items) if !self.cold => items.items.clone(),
            Val::Object(Object::Com(com)) => {
                com.state.borrow().items.iter().map(|(_, v)| v.clone()).collect()
            }
            _ => Vec::new(),
        };
        if items.is_empty() {
            self.assign(name, Val::Unknown);
            self.maybe(body);
            return Flow::Next;
        }
        for item in items {
            if !self.tick(1) {
                break;
            }
            self.assign(name, item);
            match self.block(body) {
                Flow::Next => {}
                Flow::ExitLoop => return Flow::Next,
                other => return other,
            }
        }
        Flow::Next
    }

    fn repeat(
        &mut self,
        before: Option<&'p (Expr, bool)>,
        after: Option<&'p (Expr, bool)>,
        body: &'p Block,
    ) -> Flow {
        for round in 0..=ROUNDS_MAX {
            if round == ROUNDS_MAX || !self.tick(1) {
                self.out.limited = true;
                break;
            }
            if let Some((condition, until)) = before {
                match self.settled(condition).to_bool() {
                    Some(value) if value == *until => return Flow::Next,
                    Some(_) if !self.cold => {}
                    _ => {
                        self.maybe(body);
                        return Flow::Next;
                    }
                }
            }
            match self.block(body) {
                Flow::Next => {}
                Flow::ExitLoop => return Flow::Next,
                other => return other,
            }
            match after.map(|(condition, until)| (self.settled(condition).to_bool(), *until)) {
                Some((Some(value), until)) if value != until && !self.cold => {}
                Some(_) => return Flow::Next,
                None if before.is_none() && self.cold => return Flow::Next,
                None => {}
            }
        }
        Flow::Next
    }

    fn with(&mut self, object: &'p Expr, body: &'p Block) -> Flow {
        let object = self.expr(object);
        if let Some(frame) = self.frames.last_mut() {
            frame.with.push(object);
        }
        let out = self.block(body);
        if let Some(frame) = self.frames.last_mut() {
            frame.with.pop();
        }
        out
    }

    pub(super) fn dim(&mut self, variables: &'p [Variable], global: bool) {
        for variable in variables {
            let value = match &variable.bounds {
                Some(bounds) => self.array(variable, bounds),
                None => {
                    let class = variable.class.map(|c| self.program.names.word(c));
                    class.and_then(|class| self.class(&class)).unwrap_or(match self.cold {
                        true => Val::Unknown,
                        false => Val::Empty,
                    })
                }
            };
            match (global, variable.kind) {
                (true, _) => self.set_global(variable.name, value),
                (_, VariableKind::ReDim) => self.store(variable.name, value),
                // A loop comes past its `Dim` again; only the first time makes the variable.
                _ => {
                    let there = self.frames.last().is_some_and(|f| f.locals.contains_key(&variable.name));
                    if !there {
                        self.set_local(variable.name, value);
                    }
                }
            }
        }
    }

    fn array(&mut self, variable: &'p Variable, bounds: &'p [(Option<Expr>, Expr)]) -> Val {
        let before = if variable.preserve { self.variable(variable.name) } else { None };
        let mut arr = match before {
            Some(Val::Array(old)) => (*old).clone(),
            _ => Arr::default(),
        };
        if let [(lower, upper)] = bounds {
            let lower = lower.as_ref().map_or(Some(0), |l| self.settled(l).to_int());
            let upper = self.settled(upper).to_int();
            if let (Some(lower), Some(upper)) = (lower, upper) {
                arr.lower = lower;
                let size = upper.saturating_sub(lower).saturating_add(1).max(0);
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                // Most such are honest and stay empty; what is written behind the last item is a gap of its own.
                if size > ITEMS_MAX {
                    self.out.gaps.aside(ITEMS_MAX, "declared items of an array in macros");
                }
                let size = size.min(ITEMS_MAX);
                if self.tick((size / 64) as u64) {
                    arr.items.resize(size, Val::Empty);
                }
            }
        }
        Val::Array(Rc::new(arr))
    }

    fn assignment(&mut self, target: &'p Path, value: &'p Expr, set: bool) {
        // `x = x & …` grows the text where it is.
        if let (Base::Name(name), true) = (&target.base, target.steps.is_empty())
            && let Expr::Chain(first, rest) = value
            && let Expr::Path(own) = &**first
            && matches!((&own.base, own.steps.is_empty()), (Base::Name(n), true) if n == name)
            && rest.iter().all(|(op, _)| *op == Op::Concat)
            && matches!(self.slot(*name), Some(Val::Text(_)))
        {
            return self.grow(*name, rest);
        }
        let value = if set { self.expr(value) } else { self.settled(value) };
        self.assign(target, value);
    }

    fn grow(&mut self, name: Sym, rest: &'p [(Op, Expr)]) {
        let mut added = Text { ascii: true, ..Text::default() };
        for (_, piece) in rest {
            let piece = self.text_of(piece);
            added.append(&piece);
        }
        if !self.book_bytes(added.text.len()) {
            return;
        }
        let Some(slot) = self.slot(name) else { return };
        if let Val::Text(text) = slot {
            let text = Rc::make_mut(text);
            let how = if text.text.is_empty() || added.text.is_empty() { 0 } else { PIECES };
            text.append(&added);
            text.how |= how;
        }
    }

    /// Assigns to whatever the path names.
    pub(super) fn assign(&mut self, target: &'p Path, value: Val) {
        match (&target.base, target.steps.as_slice()) {
            (Base::Name(name), []) => {
                if let Some(old) = self.variable(*name)
                    && !matches!(old, Val::Array(_))
                {
                    self.note(&old);
                }
                self.store(*name, value);
            }
            (Base::Name(name), [Step::Args(args)]) => {
                if matches!(self.slot(*name), Some(Val::Array(_) | Val::Empty)) {
                    return self.set_item(*name, args, value);
                }
                let place = match self.variable(*name) {
                    Some(Val::Object(object)) => {
                        let args = self.args(args);
                        self.indexed(&Val::Object(object), &args)
                    }
                    _ => self.path(target),
                };
                self.set_default(&place, value);
            }
            (_, [before @ .., Step::Member(member)]) => {
                let object = self.steps_of(&target.base, before);
                let member = self.program.names.word(*member);
                self.set_member(&object, &member, value);
            }
            _ => {
                let place = self.path(target);
                self.set_default(&place, value);
            }
        }
    }

    fn set_item(&mut self, name: Sym, args: &'p [Arg], value: Val) {
        let mut at = Vec::with_capacity(args.len());
        for arg in args {
            match arg.value.as_ref().map(|v| self.settled(v)).and_then(|v| v.to_int()) {
                Some(index) => at.push(index),
                None => return self.note(&value),
            }
        }
        let Some(slot) = self.slot(name) else { return };
        if matches!(slot, Val::Empty) {
            *slot = Val::Array(Rc::new(Arr::default()));
        }
        let (mut copied, mut gaps) = (0, Gaps::default());
        if let Val::Array(items) = slot {
            copied = if Rc::strong_count(items) > 1 { items.items.len() } else { 0 };
            Rc::make_mut(items).set(&at, value, &mut gaps);
        }
        self.out.gaps.extend(&gaps);
        self.tick((copied / 16) as u64);
    }

    /// Where a variable is kept.
    fn slot(&mut self, name: Sym) -> Option<&mut Val> {
        let local = self.frames.last().is_some_and(|f| f.locals.contains_key(&name));
        if local {
            return self.frames.last_mut()?.locals.get_mut(&name);
        }
        let module = self.home(name)?;
        self.globals.get_mut(&(module, name))
    }

    fn home(&self, name: Sym) -> Option<usize> {
        if self.globals.contains_key(&(self.module, name)) {
            return Some(self.module);
        }
        self.homes.get(&name).copied()
    }

    /// What a variable holds; `None` when there is none of that name.
    pub(super) fn variable(&self, name: Sym) -> Option<Val> {
        if let Some(value) = self.frames.last().and_then(|f| f.locals.get(&name)) {
            return Some(value.clone());
        }
        self.globals.get(&(self.home(name)?, name)).cloned()
    }

    fn store(&mut self, name: Sym, value: Val) {
        let global = !self.frames.last().is_some_and(|f| f.locals.contains_key(&name));
        if global && let Some(module) = self.home(name) {
            // Where nothing is known about the order of statements, what is known of module variables stays.
            if !self.cold {
                self.globals.insert((module, name), value);
            }
            return;
        }
        self.set_local(name, value);
    }
}
