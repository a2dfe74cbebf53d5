//! From what macros did to findings: the only reader of the event log. Static facts (names, joined characters and fragments)
//! stand beside it.

use std::rc::Rc;

use super::{
    family,
    machine::{
        Limit, Outcome,
        event::{Act, Event},
        value::{Pos, address},
    },
    model::{Expr, SheetKind, Workbook},
    report,
};
use crate::{
    Derived, Id, IndicatorKind, Place, Relation, Severity,
    scan::{Child, Scan, TextKind},
};

mod libraries;
mod words;

pub(super) use words::{is_url, urls};

/// Events that the facts list.
const EVENTS_SHOWN: usize = 500;
/// Findings of one kind.
const EACH_MAX: usize = 24;
/// Bytes of one text for the facts.
const EVENT_CHARS: usize = 400;
/// Bytes of all texts in formulas.
const LITERALS_MAX: usize = 1 << 20;
/// Joined characters in one formula, and in all formulas of a sheet.
const CHARS_FORMULA: u16 = 16;
const CHARS_SHEET: u32 = 64;
/// Joined fragments in one formula.
const FRAGMENTS: u16 = 12;
/// `FORMULA` terms in one formula.
const TERMS: u16 = 3;

/// A name that Excel runs by itself.
#[derive(Debug)]
pub(super) struct EntryPoint {
    /// Index of the name.
    pub(super) name: usize,
    pub(super) label: String,
    /// Why its label hides what it is, if it does.
    disguise: Option<&'static str>,
    hidden: bool,
    /// The cell it leads to.
    pub(super) target: Option<Pos>,
}

/// All names that Excel runs by itself, those that open first.
pub(super) fn entry_points(book: &Workbook) -> Vec<EntryPoint> {
    const WORDS: [&str; 4] = ["auto_open", "auto_activate", "auto_close", "auto_deactivate"];
    let mut out: Vec<(usize, EntryPoint)> = Vec::new();
    for (index, name) in book.names.iter().enumerate() {
        let label = name.label.strip_prefix("_xlnm.").unwrap_or(&name.label);
        let plain: String =
            label.chars().filter(char::is_ascii_graphic).map(|c| c.to_ascii_lowercase()).collect();
        let Some(order) = WORDS.iter().position(|w| plain.starts_with(w)) else { continue };
        let word = WORDS.get(order).map_or(0, |w| w.len());
        let disguise = if plain.len() < label.len() && label.chars().any(|c| !c.is_ascii_graphic()) {
            Some("with characters that are not shown")
        } else if plain.len() > word {
            Some("with letters behind it")
        } else {
            None
        };
        let point = EntryPoint {
            name: index,
            label: name.label.clone(),
            disguise,
            hidden: name.hidden,
            target: None,
        };
        out.push((order, point));
    }
    out.sort_by_key(|(order, point)| (*order, point.name));
    out.into_iter().map(|(_, point)| point).collect()
}

/// What findings are written with.
pub(super) struct Report<'r, 's, 'b> {
    pub(super) outcome: &'r Outcome<'r>,
    pub(super) scan: &'r mut Scan<'s>,
    pub(super) facts: Seen<'b>,
}

/// What was seen, for naming families.
#[derive(Debug, Default)]
pub(super) struct Seen<'b> {
    pub(super) urls: Vec<&'b str>,
    pub(super) drops: Vec<&'b str>,
    pub(super) commands: Vec<String>,
    pub(super) types: Vec<&'b str>,
    pub(super) folders: Vec<&'b str>,
}

/// Writes down what the macros did.
pub(super) fn report(outcome: &Outcome<'_>, entries: &[EntryPoint], scan: &mut Scan<'_>) {
    let has_code =
        outcome.machine.book.sheets.iter().any(|s| s.kind == SheetKind::Macro && !s.cells.is_empty());
    scan.active |= has_code || !outcome.machine.events.is_empty();
    let mut report = Report { outcome, scan, facts: Seen::default() };
    if has_code {
        report.entries(entries);
    }
    for event in &outcome.machine.events {
        report.event(event);
    }
    report.memory();
    report.counts();
    report.limits();
    family::name(&mut report, entries);
    report.facts();
    report.literals();
}

impl<'b> Report<'b, '_, 'b> {
    /// Where a cell is, in words.
    pub(super) fn place(&self, pos: Pos) -> Place {
        match self.outcome.machine.book.sheets.get(pos.sheet as usize) {
            Some(sheet) => report::place(sheet).then(address(pos)),
            None => Place::new("macro"),
        }
    }

    /// A finding about an event, unless there are many of its kind.
    pub(super) fn find(&mut self, id: Id, severity: Severity, event: &Event, evidence: &str) {
        if self.scan.findings.iter().filter(|f| f.id == id).count() >= EACH_MAX {
            return;
        }
        let place = self.place(event.pos);
        self.scan.find_as(id, severity, event.derived, place, evidence);
    }

    /// A severity for what was reached from a macro that runs by itself, and one for all else.
    pub(super) fn reached(&self, event: &Event, auto: Severity, else_: Severity) -> Severity {
        if event.reached && self.outcome.auto { auto } else { else_ }
    }

    fn entries(&mut self, entries: &[EntryPoint]) {
        for entry in entries {
            let target = entry.target.map_or_else(|| "?".to_owned(), address);
            let place = entry.target.map_or(Place::WHOLE, |pos| self.place(pos));
            let evidence = format!("{} -> {target}", entry.label);
            self.scan.find(Id::XlmAutoexec, place.clone(), &evidence);
            if let Some(why) = entry.disguise {
                self.scan.find(Id::XlmNameObfusc, place, format!("{}: {why}", entry.label));
            } else if entry.hidden {
                // Add-ins hide their names as well; only the label's disguise is without excuse.
                let evidence = format!("{}: hidden", entry.label);
                self.scan.find_as(Id::XlmNameObfusc, Severity::Medium, Derived::Static, place, evidence);
            }
        }
    }

    fn event(&mut self, event: &'b Event) {
        match event.act {
            Act::Call => libraries::call(self, event),
            Act::Register => libraries::register(self, event),
            Act::Exec => self.exec(event, event.arg(0)),
            Act::Dde => {
                let text = event.args.join(" ");
                if words::system_program(&text).is_some() {
                    self.exec(event, &text);
                }
            }
            Act::Wrote => self.wrote(event),
            Act::Saved => self.saved(event),
            Act::Formula => self.decoded(event, event.arg(1)),
            Act::RanWritten => {
                if !self.scan.has(Id::XlmSelfmod) {
                    self.find(
                        Id::XlmSelfmod,
                        Id::XlmSelfmod.severity(),
                        event,
                        "a cell that the macro wrote is run",
                    );
                }
            }
            Act::Said => {
                let place = self.place(event.pos);
                self.scan.text_as(TextKind::Shown, event.derived, event.arg(0), place);
            }
            Act::Watched => self.find(Id::XlmAntianalysis, Severity::High, event, event.arg(0)),
            Act::EnvKey => {
                if !self.scan.has(Id::XlmEnvkey) {
                    self.find(
                        Id::XlmEnvkey,
                        Severity::High,
                        event,
                        "characters are decoded by what surrounds the macro",
                    );
                }
            }
            Act::DecodeLoop => {
                self.find(Id::XlmObfLoop, Severity::Medium, event, "characters are decoded in a loop")
            }
            Act::Jumps => {
                self.find(Id::XlmObfJumps, Severity::Medium, event, "more than 20 jumps over next to nothing")
            }
            Act::Keys => self.keys(event),
            Act::Hid | Act::Unknown => {
                for arg in &event.args {
                    self.decoded(event, arg);
                }
            }
        }
    }

    /// Hands a decoded text to the bus.
    pub(super) fn decoded(&mut self, event: &Event, text: &str) {
        if text.len() < 4 || text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return;
        }
        let place = self.place(event.pos);
        self.scan.text_as(TextKind::Decoded, event.derived, text, place);
    }

    /// A command line that is run.
    pub(super) fn exec(&mut self, event: &'b Event, command: &str) {
        let severity = self.reached(event, Severity::Critical, Severity::High);
        self.find(Id::XlmExec, severity, event, command);
        let place = self.place(event.pos);
        self.scan.indicate(IndicatorKind::Cmdline, command, place);
        self.decoded(event, command);
        self.lolbin(event, command);
        let plain = words::without_carets(command);
        let found: Vec<String> = urls(&plain).map(str::to_owned).collect();
        for url in found {
            let place = self.place(event.pos);
            self.scan.indicate(IndicatorKind::Url, &url, place);
            self.find(Id::XlmDownload, Severity::Critical, event, command);
        }
        self.facts.commands.push(command.to_owned());
    }

    /// A system program in a text that the macro uses.
    pub(super) fn lolbin(&mut self, event: &Event, text: &str) {
        if let Some(program) = words::system_program(text) {
            let severity = self.reached(event, Severity::Critical, Id::XlmLolbin.severity());
            self.find(Id::XlmLolbin, severity, event, &format!("{program}: {text}"));
        }
    }

    fn wrote(&mut self, event: &'b Event) {
        let (path, content) = (event.arg(0), event.arg(1));
        self.decoded(event, path);
        let runs = words::runs(path);
        if content.is_empty() && !runs {
            return;
        }
        let place = self.place(event.pos);
        self.scan.indicate(IndicatorKind::DropPath, path, place.clone());
        let severity = if runs { Severity::High } else { Severity::Medium };
        if content.is_empty() {
            // Opened for writing; what is written comes with its own event, and names both.
            let told = self.outcome.machine.events.iter();
            let mut told = told.filter(|e| e.act == Act::Wrote && e.arg(0) == path && !e.arg(1).is_empty());
            if told.next().is_none() {
                self.find(Id::XlmFilewrite, severity, event, path);
            }
            return;
        }
        self.find(Id::XlmFilewrite, severity, event, &format!("{path}: {content}"));
        self.scan.indicate(IndicatorKind::Written, content, place);
        self.decoded(event, content);
        self.facts.drops.push(path);
    }

    fn saved(&mut self, event: &'b Event) {
        let (verb, path) = (event.arg(0), event.arg(1));
        self.decoded(event, path);
        if verb == "folder" {
            self.facts.folders.push(path);
        } else if verb == "open" && is_url(path) {
            // Shared workbooks on a company's server are opened so as well.
            self.find(Id::XlmDownload, Severity::High, event, path);
        } else if matches!(verb, "save" | "copy") && words::runs(path) {
            self.find(Id::XlmFilewrite, Severity::High, event, path);
            let place = self.place(event.pos);
            self.scan.indicate(IndicatorKind::DropPath, path, place);
        }
    }

    fn keys(&mut self, event: &'b Event) {
        let text = event.args.join(" ");
        self.decoded(event, &text);
        self.lolbin(event, &text);
    }

    fn memory(&mut self) {
        let mut roles = [false; 3];
        let mut last = None;
        for event in self.outcome.machine.events.iter().filter(|e| e.act == Act::Call) {
            if let Some(role) = libraries::memory_role(event.arg(1)) {
                if let Some(slot) = roles.get_mut(role) {
                    *slot = true;
                }
                last = Some(event);
            }
        }
        let (Some(event), true) = (last, roles.iter().filter(|r| **r).count() >= 2) else { return };
        self.find(Id::XlmMemory, Severity::Critical, event, "memory is taken, filled and run");
        let bytes = self.outcome.machine.memory();
        if bytes.len() >= 64 {
            self.scan.child(Child {
                name: "memory.bin".to_owned(),
                bytes: bytes.to_vec().into(),
                relation: Relation::Decoded,
                same_depth: true,
                ..Child::default()
            });
        }
    }

    /// Characters and fragments that formulas join.
    fn counts(&mut self) {
        let machine = &self.outcome.machine;
        for (index, sheet) in
            machine.book.sheets.iter().enumerate().filter(|(_, s)| s.kind == SheetKind::Macro)
        {
            let (mut most, mut all) = ((0, None), 0_u32);
            let mut joined = None;
            for (at, cell) in &sheet.cells {
                let Some(formula) = cell.formula else { continue };
                let (chars, fragments, terms) = machine.counts(formula);
                let pos = Pos { sheet: index as u32, row: at.0, column: at.1 };
                all = all.saturating_add(u32::from(chars));
                if chars > most.0 {
                    most = (chars, Some(pos));
                }
                if joined.is_none() && fragments >= FRAGMENTS {
                    joined = Some((pos, format!("{fragments} fragments in one formula")));
                } else if joined.is_none() && terms >= TERMS {
                    joined = Some((pos, format!("{terms} FORMULA calls chained by comparisons")));
                }
            }
            if let Some(pos) = most.1.filter(|_| most.0 >= CHARS_FORMULA || all >= CHARS_SHEET) {
                let place = self.place(pos);
                self.scan.find(Id::XlmObfChar, place, format!("{all} characters, {} in one formula", most.0));
            }
            if let Some((pos, evidence)) = joined {
                let place = self.place(pos);
                self.scan.find(Id::XlmObfFragment, place, evidence);
            }
        }
    }

    fn limits(&mut self) {
        let words = |l: &Limit| match l {
            Limit::Steps => "steps",
            Limit::Iterations => "rounds of loops",
            Limit::Forks => "branches",
            Limit::Strings => "bytes of text",
            Limit::Text => "bytes of one text",
            Limit::Fill => "cells that are filled",
            Limit::Depth => "calls inside calls",
            Limit::Events => "actions",
            Limit::Files => "files and what is written to them",
            Limit::Memory => "bytes of memory",
        };
        let reached: Vec<&str> = self.outcome.machine.limits.iter().map(words).collect();
        if !reached.is_empty() {
            self.scan.find_as(Id::XlmEmuLimit, Severity::Low, Derived::Emulated, "", reached.join(", "));
        }
        if self.outcome.machine.unknown_parts > 0 {
            let text = format!("{} parts are not known", self.outcome.machine.unknown_parts);
            self.scan.find_as(Id::XlmEmuPartial, Severity::Info, Derived::Emulated, "", text);
        }
    }

    fn facts(&mut self) {
        let machine = &self.outcome.machine;
        let mut out = Vec::new();
        let told = machine.events.iter().filter(|e| told(e.act));
        for event in
            self.scan.most(told, EVENTS_SHOWN, "actions of Excel 4 macros: not all are facts for rules")
        {
            let sheet = machine.book.sheets.get(event.pos.sheet as usize).map_or("", |s| s.name.as_str());
            let mut text = format!("{:?}", event.act).to_uppercase();
            for arg in &event.args {
                text.push(' ');
                text.push_str(arg);
            }
            if text.chars().nth(EVENT_CHARS).is_some() {
                self.scan.budget.gaps.aside(EVENT_CHARS, "characters of an action in the facts for rules");
            }
            let text: String = text.chars().take(EVENT_CHARS).collect();
            out.push((sheet.to_owned(), address(event.pos), text));
        }
        self.scan.facts.office.get_or_insert_default().events.extend(out);
    }

    /// The texts that formulas of the file hold, whether they are reached or not.
    fn literals(&mut self) {
        let mut all = String::new();
        for expr in &self.outcome.machine.book.exprs {
            if let Expr::Text(text) = expr
                && text.len() > 5
            {
                if all.len() + text.len() > LITERALS_MAX {
                    self.scan.budget.gaps.over(LITERALS_MAX, "bytes of formulas' texts");
                    continue;
                }
                all.push_str(text);
                all.push('\n');
            }
        }
        if !all.is_empty() {
            self.scan.text(TextKind::Code, all, "formulas");
        }
    }
}

/// What the facts list: not what only counts.
fn told(act: Act) -> bool {
    !matches!(act, Act::EnvKey | Act::Jumps | Act::DecodeLoop | Act::Unknown)
}

/// The arguments from one on.
pub(super) fn rest(event: &Event, from: usize) -> &[Rc<str>] {
    event.args.get(from..).unwrap_or(&[])
}
