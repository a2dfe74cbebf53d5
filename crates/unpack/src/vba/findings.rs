//! What the evaluator saw, as findings: severities and combinations of the design's section on VBA.
//!
//! A program that is started is critical only where Office starts the macro by itself and what is started loads, runs a
//! system program or was written before. Names alone (an API that is declared, a class that is made) weigh little.

mod declared;
mod elsewhere;
mod families;
mod tricks;

use std::rc::Rc;

use super::{
    ast::Program,
    keys::{self, Command},
    project::Project,
    run::{Act, Event, Outcome},
    value::{GAP, How},
    words::{self, Does},
};
use crate::{
    Derived, Id, IndicatorKind, Place, Severity,
    scan::{Scan, TextKind},
    xlm::model::{SheetKind, Workbook},
};

/// Findings of one kind.
const EACH_MAX: usize = 8;
/// Characters of what is written to a file that are kept as indicator.
const WRITTEN_MAX: usize = 1_024;

/// A text that was decoded, and how.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) how: How,
    pub(super) codes: u32,
    pub(super) text: Rc<str>,
    pub(super) module: usize,
    pub(super) line: u32,
    pub(super) derived: Derived,
}

/// All that is known of a project when findings are made.
pub(super) struct Seen<'a> {
    pub(super) project: &'a Project,
    pub(super) program: Program,
    pub(super) outcome: Outcome,
    pub(super) found: Vec<Found>,
    pub(super) auto: Vec<usize>,
    pub(super) commands: Vec<(usize, Command)>,
    pub(super) words: Vec<(usize, &'static str, Does, u32)>,
}

impl Seen<'_> {
    pub(super) fn place(&self, module: usize, line: u32) -> Place {
        match self.project.modules.get(module) {
            Some(module) => module.place().then(format!("line {line}")),
            None => Place::new("VBA"),
        }
    }

    fn at(&self, event: &Event) -> Place {
        self.place(event.module, event.line)
    }

    fn events(&self, act: Act) -> impl Iterator<Item = &Event> {
        self.outcome.events.iter().filter(move |e| e.act == act)
    }

    fn started(&self) -> impl Iterator<Item = (&Event, Command)> {
        self.commands.iter().filter_map(|(at, c)| Some((self.outcome.events.get(*at)?, *c)))
    }

    /// The macros start without anyone's doing.
    fn automatic(&self) -> bool {
        !self.auto.is_empty()
    }
}

/// A text for a person: what is not known is shown as dots.
fn shown(text: &str) -> String {
    text.replace(GAP, "…")
}

pub(super) use tricks::facts as decoded_facts;

/// Makes the findings that do not depend on Excel 4 macros.
pub(super) fn report(seen: &mut Seen<'_>, scan: &mut Scan<'_>) {
    autoexec(seen, scan);
    seen.commands = commands(seen);
    texts(seen, scan);
    tricks::report(seen, scan);
    let writes = written(seen, scan);
    let loads = downloads(seen, writes, scan);
    let (powershell, lolbin) = programs(seen, scan);
    executed(seen, Combination { loads, powershell, lolbin, writes }, scan);
    declared::report(seen, scan);
    settings(seen, scan);
    watches(seen, scan);
    elsewhere::report(seen, scan);
}

fn autoexec(seen: &Seen<'_>, scan: &mut Scan<'_>) {
    for index in seen.auto.iter().take(EACH_MAX) {
        let Some(proc) = seen.program.procs.get(*index) else { continue };
        let name = proc_name(seen, *index);
        scan.find(Id::VbaAutoexec, seen.place(proc.module, proc.line), name);
    }
}

/// A procedure's name as it is written.
pub(super) fn proc_name(seen: &Seen<'_>, index: usize) -> String {
    let Some(proc) = seen.program.procs.get(index) else { return String::new() };
    let lower = seen.program.names.word(proc.name);
    let source = seen.project.modules.get(proc.module).map_or("", |m| m.source.as_str());
    let line = source.lines().nth(proc.line.saturating_sub(1) as usize).unwrap_or_default();
    let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.find(|w| w.to_lowercase() == *lower).map_or_else(|| lower.to_string(), str::to_owned)
}

/// What is started, event by event; harmless programs left out.
fn commands(seen: &Seen<'_>) -> Vec<(usize, Command)> {
    let mut out = Vec::new();
    for (at, event) in seen.outcome.events.iter().enumerate() {
        let text = event.target.text.as_str();
        let counts = match event.act {
            Act::Exec => !text.trim().is_empty() && !keys::harmless(text),
            Act::Wmi => true,
            // An address opens in a browser; a file that runs does not.
            Act::Follow => keys::is_active(text) && !text.contains("://") || text.starts_with("\\\\"),
            _ => false,
        };
        if counts {
            let mut command = keys::command(text, true);
            if let Some(inner) = keys::encoded(text).filter(|_| command.powershell) {
                command.loads |= keys::command(&format!("powershell -c {inner}"), true).loads;
            }
            out.push((at, command));
        }
    }
    out
}

/// Hands every decoded text to the string bus.
fn texts(seen: &mut Seen<'_>, scan: &mut Scan<'_>) {
    let mut inner = Vec::new();
    for found in &seen.found {
        if found.text.to_ascii_lowercase().contains("powershell")
            && let Some(text) = keys::encoded(&found.text)
        {
            let text = Rc::from(text);
            inner.push(Found { how: super::value::BASE64, text, derived: Derived::Static, ..found.clone() });
        }
    }
    for event in &seen.outcome.events {
        if event.target.how == 0
            && let Some(text) = keys::encoded(&event.target.text).filter(|_| event.act == Act::Exec)
        {
            let (module, line) = (event.module, event.line);
            let (how, derived) = (super::value::BASE64, Derived::Static);
            inner.push(Found { how, codes: 0, text: Rc::from(text), module, line, derived });
        }
    }
    seen.found.append(&mut inner);
    for found in &seen.found {
        let place = seen.place(found.module, found.line);
        scan.text_as(TextKind::Decoded, found.derived, &*found.text, place);
    }
    for event in &seen.outcome.events {
        let place = seen.at(event);
        let text = event.target.text.as_str();
        if event.target.how == 0 && !matches!(event.act, Act::Api | Act::AddsSheet | Act::RunsSheet) {
            scan.text_as(TextKind::Decoded, Derived::Emulated, text, place.clone());
        }
        if event.target.partial {
            continue;
        }
        match event.act {
            Act::Exec | Act::Wmi => scan.indicate(IndicatorKind::Cmdline, text, place),
            Act::Download | Act::Request if text.contains("://") => {
                scan.indicate(IndicatorKind::Url, text, place.clone());
                if let Some(path) = event.more.as_ref().filter(|p| !p.partial) {
                    scan.indicate(IndicatorKind::DropPath, &path.text, place);
                }
            }
            Act::Object if event.target.how & super::tricks_mask() != 0 => {
                scan.indicate(IndicatorKind::String, text, place);
            }
            _ => {}
        }
    }
}

/// Files that run and are written; gives whether there are some.
fn written(seen: &Seen<'_>, scan: &mut Scan<'_>) -> bool {
    let mut count = 0;
    for event in seen.events(Act::Write).chain(seen.events(Act::Download)) {
        let load = event.act == Act::Download;
        let path = if load { event.more.as_ref() } else { Some(&event.target) };
        let Some(path) = path.filter(|p| keys::is_active(&p.text)) else { continue };
        count += 1;
        if count > EACH_MAX {
            break;
        }
        let place = seen.at(event);
        scan.find_as(Id::VbaWrite, Severity::Medium, Derived::Emulated, place.clone(), shown(&path.text));
        if !path.partial {
            scan.indicate(IndicatorKind::DropPath, &path.text, place.clone());
        }
        if let Some(content) = event.more.as_ref().filter(|_| !load) {
            let head: String = content.text.chars().take(WRITTEN_MAX).collect();
            scan.indicate(IndicatorKind::Written, head, place.clone());
            scan.text_as(TextKind::Decoded, Derived::Emulated, content.text.as_str(), place);
        }
    }
    count > 0
}

/// Gives whether something is loaded.
fn downloads(seen: &Seen<'_>, writes: bool, scan: &mut Scan<'_>) -> bool {
    let (id, how) = (Id::VbaDownload, Derived::Emulated);
    let mut strong = false;
    let acts = writes || !seen.commands.is_empty();
    for event in seen.events(Act::Download).chain(seen.events(Act::Request)).take(EACH_MAX) {
        let url = shown(&event.target.text);
        let evidence = match event.more.as_ref().filter(|m| event.act == Act::Download && !m.text.is_empty())
        {
            Some(path) => format!("{}: {url} to {}", event.via, shown(&path.text)),
            None => format!("{}: {url}", event.via),
        };
        // Add-ins talk to servers; they do not start what they got.
        let plain = !acts && (event.act == Act::Request || !seen.automatic());
        let severity = if plain { Severity::Medium } else { Severity::High };
        strong |= !plain;
        scan.find_as(id, severity, how, seen.at(event), evidence);
    }
    for (event, command) in seen.started() {
        if command.loads {
            strong = true;
            scan.find_as(id, Severity::High, how, seen.at(event), shown(&event.target.text));
        }
    }
    if !scan.has(id) {
        let load = |d: &&super::ast::Declare| d.function.to_ascii_lowercase().starts_with("urldownloadto");
        if let Some(declare) = seen.program.declares.iter().find(load) {
            let severity = if seen.automatic() && acts { Severity::High } else { Severity::Medium };
            let place = seen.place(declare.module, declare.line);
            scan.find_as(id, severity, Derived::Static, place, format!("declares {}", declare.function));
        }
    }
    strong
}

/// PowerShell and other system programs, in what is started and in what was decoded.
fn programs(seen: &Seen<'_>, scan: &mut Scan<'_>) -> (bool, bool) {
    for (event, command) in seen.started() {
        let evidence = shown(&event.target.text);
        if command.powershell {
            scan.find_as(Id::VbaPowershell, Severity::High, Derived::Emulated, seen.at(event), &evidence);
        }
        if command.lolbin.is_some() {
            scan.find_as(Id::VbaLolbin, Severity::High, Derived::Emulated, seen.at(event), &evidence);
        }
    }
    // A decoded command goes somewhere, even where the evaluator lost it.
    for found in &seen.found {
        let command = keys::command(&found.text, false);
        let place = || seen.place(found.module, found.line);
        let evidence = shown(&found.text);
        if command.powershell && !scan.has(Id::VbaPowershell) {
            scan.find_as(Id::VbaPowershell, Severity::High, found.derived, place(), &evidence);
        }
        if command.lolbin.is_some() && !scan.has(Id::VbaLolbin) {
            scan.find_as(Id::VbaLolbin, Severity::High, found.derived, place(), &evidence);
        }
    }
    // A plain literal counts where the macro starts by itself.
    for (module, line, literal) in seen.program.literals.iter().filter(|_| seen.automatic()) {
        if literal.len() < 8 {
            continue;
        }
        let command = keys::command(literal, false);
        if command.powershell && !scan.has(Id::VbaPowershell) {
            scan.find_as(
                Id::VbaPowershell,
                Severity::High,
                Derived::Static,
                seen.place(*module, *line),
                literal,
            );
        }
        let strong =
            command.lolbin.filter(|l| !matches!(*l, "cmd" | "schtasks" | "curl" | "msiexec" | "wmic"));
        if strong.is_some() && !scan.has(Id::VbaLolbin) {
            scan.find_as(Id::VbaLolbin, Severity::High, Derived::Static, seen.place(*module, *line), literal);
        }
    }
    (scan.has(Id::VbaPowershell), scan.has(Id::VbaLolbin))
}

/// What makes a started program worse.
#[derive(Debug, Clone, Copy)]
struct Combination {
    loads: bool,
    powershell: bool,
    lolbin: bool,
    writes: bool,
}

fn executed(seen: &Seen<'_>, with: Combination, scan: &mut Scan<'_>) {
    let bad = with.loads || with.powershell || with.lolbin || with.writes;
    for (event, command) in seen.started().take(EACH_MAX * 4) {
        let own = command.acts() || command.loads;
        let severity = match (event.auto && seen.automatic(), bad) {
            (true, true) => Severity::Critical,
            _ if own => Severity::High,
            _ => Severity::Medium,
        };
        let text = shown(&event.target.text);
        let unknown = text.chars().all(|c| c == '…' || c == ' ');
        let evidence = if unknown { "an argument that is not known".to_owned() } else { text };
        let evidence = format!("{}: {evidence}", event.via);
        scan.find_as(Id::VbaExec, severity, Derived::Emulated, seen.at(event), &evidence);
        if event.act == Act::Wmi {
            scan.find_as(Id::VbaWmi, Severity::High, Derived::Emulated, seen.at(event), &evidence);
        }
    }
    if seen.commands.is_empty() && seen.automatic() {
        // Where the evaluator saw nothing start, the class that only starts programs still tells.
        const ONLY: [&str; 5] =
            ["WScript.Shell", "WshShell", "ShellBrowserWindow", "Win32_ProcessStartup", "Schedule.Service"];
        let seen_harmless = seen.outcome.events.iter().any(|e| e.act == Act::Exec);
        let word = seen.words.iter().find(|(_, word, ..)| ONLY.contains(word)).filter(|_| !seen_harmless);
        if let Some((module, word, _, line)) = word.filter(|_| bad) {
            scan.find(Id::VbaExec, seen.place(*module, *line), word);
        }
    }
}

fn settings(seen: &Seen<'_>, scan: &mut Scan<'_>) {
    const KEYS: [&str; 8] = [
        "vbawarnings",
        "accessvbom",
        "protectedview",
        "disableinternetfilesinpv",
        "disableattachmentsinpv",
        "disableunsafelocationsinpv",
        "blockcontentexecutionfrominternet",
        "disabletrusteddocuments",
    ];
    let weakens = |text: &str| {
        let lower = text.to_ascii_lowercase();
        KEYS.iter().any(|key| lower.contains(key))
    };
    for event in seen.events(Act::Setting).take(EACH_MAX) {
        let switch = event.via == "AutomationSecurity";
        if switch || weakens(&event.target.text) {
            // Honest macros lower it for the files that they open themselves.
            let severity = if switch { Severity::Medium } else { Severity::High };
            let evidence = shown(&event.target.text);
            scan.find_as(Id::VbaPrivilege, severity, Derived::Emulated, seen.at(event), evidence);
        }
    }
    let key = |text: &str| weakens(text) && text.contains('\\');
    let literal = seen.program.literals.iter().find(|(.., text)| key(text));
    if let Some((module, line, text)) = literal.filter(|_| !scan.has(Id::VbaPrivilege)) {
        scan.find(Id::VbaPrivilege, seen.place(*module, *line), text);
    }
    let found = seen.found.iter().find(|f| key(&f.text)).filter(|_| !scan.has(Id::VbaPrivilege));
    if let Some(found) = found {
        scan.find(Id::VbaPrivilege, seen.place(found.module, found.line), &*found.text);
    }
}

/// Looks for sandboxes: several such words, in a macro that starts by itself.
fn watches(seen: &Seen<'_>, scan: &mut Scan<'_>) {
    let sandbox: Vec<_> = seen.words.iter().filter(|(_, _, does, _)| *does == Does::Sandbox).collect();
    let watches = seen.words.iter().filter(|(_, _, does, _)| *does == Does::Watches).count();
    if !seen.automatic() || sandbox.is_empty() || sandbox.len() < 2 && watches == 0 {
        return;
    }
    let names: Vec<&str> = sandbox.iter().map(|(_, word, ..)| *word).take(8).collect();
    if let Some((module, _, _, line)) = sandbox.first() {
        scan.find(Id::VbaAntianalysis, seen.place(*module, *line), names.join(", "));
    }
}

/// What VBA does with Excel 4 macros; after these were run, for their sinks make it worse.
pub(super) fn excel4(seen: &Seen<'_>, book: &Workbook, scan: &mut Scan<'_>) {
    const SINKS: [&str; 10] = [
        "call(",
        "exec(",
        "register(",
        "fopen(",
        "run(",
        "goto(",
        "formula(",
        "send.keys(",
        "initiate(",
        "execute(",
    ];
    const WORST: [&str; 3] = ["call(", "exec(", "register("];
    let lower = |text: &str| text.to_ascii_lowercase().replace(' ', "");
    let ran = [Id::XlmDownload, Id::XlmExec, Id::XlmCallDll, Id::XlmRegister].iter().any(|id| scan.has(*id));
    let cell_sink = seen.outcome.cells.iter().any(|(sheet, _, value, _)| {
        let on_macro = book.sheets.get(*sheet).is_some_and(|s| s.kind == SheetKind::Macro);
        let text = value.as_text();
        on_macro && text.is_some_and(|t| WORST.iter().any(|s| lower(&t.text).contains(s)))
    });
    let critical = |sink: bool| if sink { Severity::Critical } else { Severity::High };
    for event in seen.events(Act::AddsSheet).take(EACH_MAX) {
        let formulas = seen.outcome.cells.len();
        let evidence = format!("{}, {formulas} cells written", event.via);
        let severity = critical(ran || cell_sink);
        scan.find_as(Id::VbaBuildsXlm, severity, Derived::Emulated, seen.at(event), evidence);
    }
    for event in seen.events(Act::RunsSheet).take(EACH_MAX) {
        let evidence = format!("{}: {}", event.via, shown(&event.target.text));
        scan.find_as(Id::VbaRunsXlm, critical(ran), Derived::Emulated, seen.at(event), evidence);
    }
    let mut count = 0;
    for event in seen.events(Act::Excel4) {
        let text = lower(&event.target.text);
        let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
        if !has(&SINKS) || count >= EACH_MAX {
            // Reading a cell of a closed workbook and setting up the page are what honest macros do.
            continue;
        }
        count += 1;
        let severity = critical(has(&WORST));
        scan.find_as(Id::VbaRunsXlm, severity, Derived::Emulated, seen.at(event), shown(&event.target.text));
    }
    families::report(seen, scan);
}

/// Words of all modules: facts, and what some findings rest on.
pub(super) fn words_of(project: &Project) -> Vec<(usize, &'static str, Does, u32)> {
    let mut out = Vec::new();
    for (index, module) in project.modules.iter().enumerate() {
        for (word, does, at) in words::find(&module.source) {
            let before = module.source.as_bytes().get(..at).unwrap_or_default();
            let line = 1 + memchr::memchr_iter(b'\n', before).count();
            out.push((index, word, does, u32::try_from(line).unwrap_or(u32::MAX)));
        }
    }
    out
}
