//! VBA projects: what they consist of ([`project`]) and what they do.
//!
//! [`project::read`] gives the modules, forms and literals of a compound file (a document, or `vbaProject.bin`);
//! [`analyse`] says what they do, [`analyse_with_book`] where there is a workbook. Sources are parsed ([`parser`]) and
//! run on paper ([`run`]); what that cannot reach is decoded literal by literal ([`literals`]); [`findings`] says what
//! it comes to. Excel 4 macros that VBA builds or starts are run in the workbook, together with its own.

mod ast;
mod findings;
pub(crate) mod forms;
mod keys;
mod lexer;
mod literals;
pub(crate) mod ovba;
mod parser;
pub(crate) mod pcode;
pub(crate) mod project;
mod run;
mod surroundings;
mod text;
mod value;
mod words;

#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use crate::{
    Derived, Id, Place,
    facts::Vba,
    gaps::Gaps,
    scan::{Scan, TextKind},
    xlm::{
        self,
        machine::{Entry, Target},
        model::{Cell, SheetKind, Value, Workbook},
    },
};
use ast::Program;
use findings::{Found, Seen};
use run::{Machine, Outcome, Start};
use surroundings::Surroundings;
use value::{BASE64, CHR, HEX, How, REPLACE, REVERSE, SPLIT, Val, XOR};

pub(crate) use project::Project;

/// Bytes of source that the facts keep.
const FACT_BYTES_MAX: usize = 4 << 20;
/// Bytes of source that are parsed.
const PARSED_BYTES_MAX: usize = 2 << 20;
/// Bytes of source that cost a step.
const BYTES_PER_STEP: usize = 64;
/// Texts that are decoded without running.
const STATIC_MAX: usize = 256;

/// Ways of hiding a text.
fn tricks_mask() -> How {
    CHR | REVERSE | HEX | BASE64 | XOR | REPLACE | SPLIT
}

/// Says what a project does. `strings` are what the document holds where code can read it: name (`Subject`,
/// `CustomDocumentProperties("x")`, `Shapes("a").AlternativeText`) and value.
pub(crate) fn analyse(project: &Project, strings: &[(String, String)], scan: &mut Scan<'_>) {
    let mut book = Workbook::default();
    let seen = examine(project, strings, &mut book, scan);
    // Without a workbook there is none to conclude, unless the code made one.
    if !seen.outcome.starts.is_empty() || book.sheets.iter().any(|s| s.kind == SheetKind::Macro) {
        start(&seen, &mut book, scan);
    }
    finish(&seen, &book, scan);
}

/// As [`analyse`], for a file with a workbook: code reads it and writes into it, and its Excel 4 macros are run with
/// what the code added. Takes the place of [`xlm::conclude`].
pub(crate) fn analyse_with_book(
    project: &Project,
    strings: &[(String, String)],
    book: &mut Workbook,
    scan: &mut Scan<'_>,
) {
    let seen = examine(project, strings, book, scan);
    start(&seen, book, scan);
    finish(&seen, book, scan);
}

/// All but what depends on Excel 4 macros.
fn examine<'a>(
    project: &'a Project,
    strings: &[(String, String)],
    book: &mut Workbook,
    scan: &mut Scan<'_>,
) -> Seen<'a> {
    project.report(scan);
    sources(project, scan);
    let around = Surroundings::new(project, strings);
    let names: Vec<String> = project.modules.iter().map(|m| m.name.clone()).collect();
    let program = parse(project, scan);
    let auto = automatic(&program);
    let outcome = evaluate(&program, &names, &around, book, &auto, scan);
    scan.budget.gaps.extend(&program.gaps);
    scan.budget.gaps.extend(&outcome.gaps);
    let found = decoded(project, &program, &outcome, &mut scan.budget.gaps);
    write_cells(&outcome, book);
    let words = findings::words_of(project);
    let mut seen = Seen { project, program, outcome, found, auto, commands: Vec::new(), words };
    findings::report(&mut seen, scan);
    facts(&seen, scan);
    seen
}

/// Hands the sources to the facts and to the string bus.
fn sources(project: &Project, scan: &mut Scan<'_>) {
    let facts = scan.facts.vba.get_or_insert_with(Vba::default);
    let mut room = FACT_BYTES_MAX;
    for module in &project.modules {
        if module.source.len() <= room {
            room -= module.source.len();
            facts.modules.push((module.stream.clone(), module.name.clone(), module.source.clone()));
        } else {
            scan.budget.gaps.over(FACT_BYTES_MAX, "bytes of macros: not all are facts for rules");
        }
    }
    facts.form_strings.extend(project.form_strings().map(|(_, text)| text.to_owned()));
    for module in &project.modules {
        scan.text(TextKind::Code, module.source.clone(), module.place());
    }
    for (name, text) in project.form_strings() {
        scan.text(TextKind::Meta, text.to_owned(), Place::new("form").then(name));
    }
    for literal in &project.pcode_literals {
        scan.text(TextKind::Code, literal.clone(), "p-code");
    }
    if !project.modules.is_empty() {
        let names: Vec<&str> = project.modules.iter().map(|m| m.name.as_str()).collect();
        scan.find(Id::VbaPresent, "", names.join(", "));
    }
    scan.active |= project.modules.iter().any(project::Module::has_code);
}

fn parse(project: &Project, scan: &mut Scan<'_>) -> Program {
    let mut program = Program::default();
    let mut room = PARSED_BYTES_MAX;
    for (index, module) in project.modules.iter().enumerate() {
        let size = module.source.len();
        if size > room || !scan.budget.spend(1 + (size / BYTES_PER_STEP) as u64) {
            scan.over(PARSED_BYTES_MAX, "bytes of macros: not all were run");
            continue;
        }
        room -= size;
        parser::module(&module.source, index, &mut program);
    }
    program
}

/// What a VBScript does when it is run on paper: the texts that it puts together and acts on.
pub(crate) struct Run {
    pub(crate) texts: Vec<String>,
    /// It was followed to its end.
    pub(crate) whole: bool,
}

/// Runs a VBScript, as far as the budget goes.
pub(crate) fn script(source: &str, scan: &mut Scan<'_>) -> Run {
    let mut run = Run { texts: Vec::new(), whole: true };
    if source.len() > PARSED_BYTES_MAX {
        scan.over(PARSED_BYTES_MAX, "bytes of a script: it was not run");
        return run;
    }
    if !scan.budget.spend(1 + (source.len() / BYTES_PER_STEP) as u64) {
        return run;
    }
    let mut program = Program::default();
    parser::module(source, 0, &mut program);
    let (names, around, mut book) = ([String::new()], Surroundings::default(), Workbook::default());
    let steps = scan.budget.take_emulation();
    let outcome = Machine::new(&program, &names, &around, &mut book, steps).run(&[], true);
    scan.budget.return_emulation(steps.saturating_sub(outcome.steps));
    scan.budget.gaps.extend(&program.gaps);
    scan.budget.gaps.extend(&outcome.gaps);
    run.whole = !outcome.limited;
    run.texts.extend(outcome.decoded.iter().map(|d| d.text.text.clone()));
    run
}

/// Procedures that the host starts, if there is something in them.
fn automatic(program: &Program) -> Vec<usize> {
    let starts = |(_, proc): &(usize, &ast::Proc)| {
        !proc.body.is_empty() && words::autoexec(&program.names.word(proc.name))
    };
    program.procs.iter().enumerate().filter(starts).map(|(index, _)| index).collect()
}

fn evaluate(
    program: &Program,
    names: &[String],
    around: &Surroundings,
    book: &mut Workbook,
    auto: &[usize],
    scan: &mut Scan<'_>,
) -> Outcome {
    if program.procs.is_empty() && program.outside.is_empty() {
        return Outcome::default();
    }
    let steps = scan.budget.take_emulation();
    let outcome = Machine::new(program, names, around, book, steps).run(auto, false);
    scan.budget.return_emulation(steps.saturating_sub(outcome.steps));
    if outcome.limited {
        scan.find(Id::VbaEmuLimit, "", format!("{} steps", outcome.steps));
    }
    outcome
}

/// Everything that was decoded, by the evaluator and without it; each text once.
fn decoded(project: &Project, program: &Program, outcome: &Outcome, gaps: &mut Gaps) -> Vec<Found> {
    let mut out: Vec<Found> = Vec::new();
    let mut known: rustc_hash::FxHashSet<Rc<str>> = rustc_hash::FxHashSet::default();
    for decoded in &outcome.decoded {
        let text: Rc<str> = Rc::from(decoded.text.text.as_str());
        known.insert(text.clone());
        let (module, line) = (decoded.module, decoded.line);
        let (how, codes) = (decoded.text.how, decoded.text.codes);
        out.push(Found { how, codes, text, module, line, derived: Derived::Emulated });
    }
    let mut add = |module, line, how, text: String| {
        let known_already = known.contains(text.as_str());
        let count = out.len() - outcome.decoded.len();
        if !known_already && gaps.room(count, STATIC_MAX, "literals of macros that are encoded") {
            let text: Rc<str> = Rc::from(text);
            known.insert(text.clone());
            out.push(Found { how, codes: 0, text, module, line, derived: Derived::Static });
        }
    };
    literals::all(&program.literals, &mut add);
    for (module, line, bytes) in &outcome.lists {
        if let Some((how, text)) = literals::list(bytes) {
            add(*module, *line, how, text);
        }
    }
    // What was put together may be an encoding of something yet.
    for decoded in &outcome.decoded {
        if let Some((how, text)) = literals::decode(&decoded.text.text) {
            add(decoded.module, decoded.line, how, text);
        }
    }
    for read in &outcome.reads {
        if let Some((how, text)) = literals::decode(&read.text.text) {
            add(read.module, read.line, how | read.text.how, text);
        }
    }
    for literal in &project.pcode_literals {
        if let Some((how, text)) = literals::decode(literal) {
            add(usize::MAX, 0, how, text);
        }
    }
    out
}

/// Puts what code wrote into the workbook, where Excel 4 macros can come of it.
fn write_cells(outcome: &Outcome, book: &mut Workbook) {
    let started =
        |sheet: usize| outcome.starts.iter().any(|s| matches!(s, Start::Cell(on, ..) if *on == sheet));
    for index in 0..book.sheets.len() {
        let runs = started(index);
        if let Some(sheet) = book.sheets.get_mut(index).filter(|_| runs) {
            sheet.kind = SheetKind::Macro;
        }
    }
    if !book.sheets.iter().any(|s| s.kind == SheetKind::Macro) && outcome.starts.is_empty() {
        return;
    }
    for (sheet, at, value, r1c1) in &outcome.cells {
        let text = value.as_text();
        let mut cell = Cell::default();
        match (value, &text) {
            (Val::Number(n, _), _) => cell.value = Value::Number(*n),
            (Val::Bool(b), _) => cell.value = Value::Bool(*b),
            (_, Some(text)) => {
                let formula = text.text.starts_with('=');
                let here = (*sheet, at.0, at.1);
                cell.formula =
                    formula.then(|| xlm::text::parse_formula(&text.text, here, *r1c1, book)).flatten();
                if cell.formula.is_none() {
                    cell.value = Value::Text(Rc::from(text.text.as_str()));
                }
            }
            _ => {}
        }
        if let Some(sheet) = book.sheets.get_mut(*sheet) {
            sheet.cells.insert(*at, cell);
        }
    }
}

/// Runs the workbook's Excel 4 macros, with those that VBA starts.
fn start(seen: &Seen<'_>, book: &mut Workbook, scan: &mut Scan<'_>) {
    let entries = seen.outcome.starts.iter().cloned().map(|start| match start {
        Start::Cell(sheet, at, auto) => Entry { target: Target::Cell(sheet, at), auto },
        Start::Name(name, auto) => Entry { target: Target::Name(name), auto },
        Start::Formula(text, auto) => Entry { target: Target::Formula(text), auto },
    });
    xlm::conclude_with(book, entries.collect(), scan);
}

fn finish(seen: &Seen<'_>, book: &Workbook, scan: &mut Scan<'_>) {
    findings::excel4(seen, book, scan);
}

fn facts(seen: &Seen<'_>, scan: &mut Scan<'_>) {
    let autoexec: Vec<String> = seen.auto.iter().map(|index| findings::proc_name(seen, *index)).collect();
    let mut suspicious: Vec<(String, String)> = Vec::new();
    for (_, word, does, _) in &seen.words {
        if !suspicious.iter().any(|(known, _)| known == word) {
            suspicious.push(((*word).to_owned(), does.text().to_owned()));
        }
    }
    let decoded = findings::decoded_facts(seen, &mut scan.budget.gaps);
    let facts = scan.facts.vba.get_or_insert_with(Vba::default);
    facts.autoexec.extend(autoexec);
    facts.suspicious.extend(suspicious);
    facts.decoded.extend(decoded);
}

/// Puts the addresses, paths and commands of macros into their facts; after the string bus has read all texts.
pub(crate) fn indicators(scan: &mut Scan<'_>) {
    use crate::IndicatorKind as I;
    let Some(facts) = scan.facts.vba.as_mut() else { return };
    let kinds = [I::Url, I::Host, I::DropPath, I::Cmdline, I::Filename];
    let of_macros =
        |place: &str| ["VBA module", "form", "p-code"].iter().any(|start| place.starts_with(start));
    for indicator in &scan.indicators {
        let fits = kinds.contains(&indicator.kind) && of_macros(indicator.location.as_str());
        if fits && !facts.indicators.contains(&indicator.value) {
            facts.indicators.push(indicator.value.clone());
        }
    }
}
