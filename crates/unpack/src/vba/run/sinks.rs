//! What code does to the outside: programs, downloads, files, settings, Excel 4 macros.

use std::{hash::Hasher as _, rc::Rc};

use rustc_hash::FxHasher;

use super::{expr::Given, *};
use crate::vba::value::Object;

/// Events that are kept.
const EVENTS_MAX: usize = 1_024;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Act {
    /// A program was started: command line.
    Exec,
    /// A program was started by WMI: command line.
    Wmi,
    /// Something was loaded: URL, and the path that it is saved to.
    Download,
    /// A request to a server by an object: URL.
    Request,
    /// A file was written: path, content.
    Write,
    /// A link was opened: target.
    Follow,
    /// A browser was sent somewhere.
    Browse,
    /// A setting was written: name, value.
    Setting,
    /// Decoded code runs: text.
    Script,
    /// A formula of Excel 4 runs: text.
    Excel4,
    /// A macro sheet, or a cell of it, runs: where.
    RunsSheet,
    /// A macro sheet was added.
    AddsSheet,
    /// A function of a library was called: its name.
    Api,
    /// An object of a class was made whose name was decoded.
    Object,
}

/// One thing that was done.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) act: Act,
    pub(crate) target: Rc<Text>,
    pub(crate) more: Option<Rc<Text>>,
    /// By which function.
    pub(crate) via: &'static str,
    pub(crate) module: usize,
    pub(crate) line: u32,
    /// Office starts it by itself.
    pub(crate) auto: bool,
}

/// Where an Excel 4 macro is started.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Start {
    Cell(usize, At, bool),
    Name(String, bool),
    Formula(String, bool),
}

impl Machine<'_> {
    pub(super) fn event(&mut self, act: Act, target: &Rc<Text>, more: Option<Rc<Text>>, via: &'static str) {
        let mut hasher = FxHasher::default();
        hasher.write(target.text.as_bytes());
        hasher.write(more.as_ref().map_or("", |m| &m.text).as_bytes());
        hasher.write_u32(self.line);
        hasher.write_usize(self.module);
        hasher.write_u8(act as u8);
        if !self.seen_events.insert(hasher.finish())
            || !self.out.gaps.room(self.out.events.len(), EVENTS_MAX, "actions of macros")
        {
            return;
        }
        self.note_text(target);
        if let Some(more) = &more {
            self.note_text(more);
        }
        let (module, line, auto) = (self.module, self.line, self.auto);
        self.out.events.push(Event { act, target: target.clone(), more, via, module, line, auto });
    }

    /// A command line runs.
    pub(super) fn execute(&mut self, command: &Rc<Text>, via: &'static str) {
        self.event(Act::Exec, command, None, via);
    }

    /// `ExecuteExcel4Macro`.
    pub(super) fn excel4(&mut self, text: &Rc<Text>) {
        self.event(Act::Excel4, text, None, "ExecuteExcel4Macro");
        if !text.partial && !text.text.is_empty() {
            let start = Start::Formula(text.text.clone(), self.auto);
            self.push_start(start);
        }
    }

    fn push_start(&mut self, start: Start) {
        if self.out.starts.len() < 256 && !self.out.starts.contains(&start) {
            self.out.starts.push(start);
        }
    }

    /// `Application.Run`: a range, a name, or a procedure.
    pub(super) fn run_macro(&mut self, target: &Val, args: Vec<Val>) -> Val {
        if let Val::Object(Object::Range(sheet, from, _)) = target {
            let name = self.book.sheets.get(*sheet).map_or("?", |s| &s.name);
            let at = crate::xlm::reference::a1_text(*from);
            let place = Rc::new(Text::new(format!("{name}!{at}"), 0));
            self.event(Act::RunsSheet, &place, None, "Application.Run");
            let start = Start::Cell(*sheet, *from, self.auto);
            self.push_start(start);
            return Val::Unknown;
        }
        let value = self.settle(target.clone());
        let text = value.to_text();
        if let Some(result) = self.call_named(&text.text, args) {
            return result;
        }
        let name = text.text.trim_matches(['=', ' ']);
        let sheet = name.split_once('!').map(|(sheet, _)| sheet.trim_matches('\''));
        let known = sheet.is_some_and(|s| self.book.sheet_named(s).is_some())
            || self.book.names.iter().any(|n| n.label.eq_ignore_ascii_case(name));
        if known && !text.partial {
            self.event(Act::RunsSheet, &text, None, "Application.Run");
            let start = Start::Name(name.to_owned(), self.auto);
            self.push_start(start);
        }
        Val::Unknown
    }

    /// Settings of Office that keep macros in check.
    pub(super) fn security(&mut self, path: &str, value: &Val) {
        if path.ends_with(".automationsecurity") && value.to_int() == Some(1) {
            let name = Rc::new(Text::new("AutomationSecurity = low", 0));
            self.event(Act::Setting, &name, None, "AutomationSecurity");
        }
    }

    /// A declared function of a library.
    pub(super) fn api(&mut self, index: usize, args: &[Given]) -> Val {
        let Some(declare) = self.program.declares.get(index) else { return Val::Unknown };
        if !self.tick(1) {
            return Val::Unknown;
        }
        let values: Vec<Rc<Text>> = args
            .iter()
            .map(|a| {
                let value = self.settle(a.value.clone());
                self.note(&value);
                value.to_text()
            })
            .collect();
        let text = |at: usize| values.get(at).cloned().unwrap_or_default();
        let function = declare.function.to_ascii_lowercase();
        let name = Rc::new(Text::new(&*declare.function, 0));
        match function.trim_end_matches(['a', 'w']) {
            "urldownloadtofile" | "urldownloadtocachefile" => {
                self.event(Act::Download, &text(1), Some(text(2)), "URLDownloadToFile");
            }
            "urlopenblockingstream" => self.event(Act::Download, &text(1), None, "URLOpenBlockingStream"),
            "internetopenurl" => self.event(Act::Download, &text(1), None, "InternetOpenUrl"),
            "shellexecute" => self.shell_execute(&text(2), &text(3), "ShellExecute"),
            "winexec" => self.execute(&text(0), "WinExec"),
            "createprocess" => {
                let command = if text(1).text.len() > 1 { text(1) } else { text(0) };
                self.execute(&command, "CreateProcess");
            }
            "system" | "popen" => self.execute(&text(0), "system"),
            "regsetvalueex" | "regsetvalue" => self.event(Act::Setting, &text(1), None, "RegSetValue"),
            _ => self.event(Act::Api, &name, None, "Declare"),
        }
        Val::Unknown
    }

    /// A program and its arguments as one line.
    pub(super) fn shell_execute(&mut self, file: &Rc<Text>, args: &Rc<Text>, via: &'static str) {
        let verb = args.text.is_empty() || args.text.chars().all(|c| c == crate::vba::value::GAP);
        if verb {
            return self.execute(file, via);
        }
        let (file, args) = (Val::Text(file.clone()), Val::Text(args.clone()));
        let spaced = self.joined(&file, &Val::text(" "));
        let command = self.joined(&spaced, &args).to_text();
        self.execute(&command, via);
    }
}
