//! What a workbook says before anything of it is run: its macro sheets, links, connections and the texts it shows.

use super::{
    dump::dump,
    model::{Sheet, SheetKind, State, Value, Workbook},
    ooxml::Read,
    reference::a1_text,
};
use crate::{
    Derived, Id, IndicatorKind, Place, Severity,
    programs::{self, Program},
    scan::{PICTURE_CELLS, PICTURE_LARGE, Scan, TextKind},
};

/// Bytes of one sheet's texts that are searched.
const SHEET_TEXT_MAX: usize = 1 << 20;
/// Bytes of a workbook's texts that are searched.
const BOOK_TEXT_MAX: usize = 4 << 20;

/// Where a sheet is, in words.
pub(crate) fn place(sheet: &Sheet) -> Place {
    let state = match sheet.state {
        State::Visible => "",
        State::Hidden => " (hidden)",
        State::VeryHidden => " (very hidden)",
    };
    Place::new(format!("sheet \"{}\"{state}", sheet.name))
}

/// Writes all of it down.
pub(crate) fn report(book: &Workbook, scan: &mut Scan<'_>) {
    macro_sheets(book, scan);
    links(book, scan);
    texts(book, scan);
    looks(book, scan);
}

/// The first sheet that is seen shows a picture and nearly nothing else.
fn looks(book: &Workbook, scan: &mut Scan<'_>) {
    let seen = |s: &Sheet| s.kind == SheetKind::Work && s.state == State::Visible;
    let Some((index, sheet)) = book.sheets.iter().enumerate().find(|(_, s)| seen(s)) else { return };
    let cells = sheet.cells.values().filter(|c| c.value != Value::Blank).take(PICTURE_CELLS).count();
    let largest = book.sized.iter().filter(|(of, _)| *of == index).map(|(_, size)| *size).fold(0.0, f64::max);
    if cells < PICTURE_CELLS && largest >= PICTURE_LARGE {
        scan.looks.picture_only = Some(format!("a picture of {largest:.0} cm² and {cells} cells"));
    }
}

/// Whether some name is run by itself, by its letters.
fn has_autoexec(book: &Workbook) -> bool {
    const WORDS: [&str; 4] = ["auto_open", "auto_close", "auto_activate", "auto_deactivate"];
    book.names.iter().any(|name| {
        let plain: String =
            name.label.chars().filter(|c| c.is_ascii_graphic()).map(|c| c.to_ascii_lowercase()).collect();
        WORDS.iter().any(|w| plain.starts_with(w))
    })
}

/// A macro sheet in a file whose main part is declared to be without macros.
pub(crate) fn declared_type(read: &Read, scan: &mut Scan<'_>) {
    let Some(declared) = &read.main_type else { return };
    let lower = declared.to_ascii_lowercase();
    let plain = lower.ends_with(".sheet.main+xml") || lower.ends_with(".template.main+xml");
    let sheet = read.book.sheets.iter().find(|s| s.kind == SheetKind::Macro);
    if let (true, Some(sheet)) = (plain && !lower.contains("macroenabled"), sheet) {
        scan.find(Id::FmtTypeMismatch, place(sheet), format!("a macro sheet in a file of type {declared}"));
    }
}

fn macro_sheets(book: &Workbook, scan: &mut Scan<'_>) {
    let autoexec = has_autoexec(book);
    for sheet in book.sheets.iter().filter(|s| s.kind == SheetKind::Macro) {
        let formulas = sheet.cells.iter().filter(|(_, c)| c.formula.is_some());
        let first = formulas.clone().next().map(|(at, _)| a1_text(*at));
        let count = formulas.count();
        let evidence = match first {
            Some(at) => format!("{}: {count} formulas from {at} on", sheet.name),
            None => format!("{}: no formulas", sheet.name),
        };
        // Some programs export a macro sheet with nothing in it.
        let empty = count == 0 && sheet.cells.is_empty();
        let severity = if empty { Severity::Info } else { Id::XlmSheet.severity() };
        scan.find_as(Id::XlmSheet, severity, Derived::Static, place(sheet), &evidence);
        scan.active |= !empty;
        // Add-ins of old hide their macros as well, and wait to be called.
        let (id, alone) = match sheet.state {
            State::Visible => continue,
            State::Hidden => (Id::XlmSheetHidden, Severity::Low),
            State::VeryHidden => (Id::XlmSheetVeryhidden, Severity::Medium),
        };
        let severity = match (empty, autoexec) {
            (true, _) => Severity::Info,
            (false, true) => id.severity(),
            (false, false) => alone,
        };
        scan.find_as(id, severity, Derived::Static, place(sheet), &evidence);
    }
    let office = scan.facts.office.get_or_insert_default();
    "excel".clone_into(&mut office.application);
    office.images = office.images.max(book.pictures);
    if book.sheets.iter().any(|s| s.kind == SheetKind::Macro) {
        office.macro_listing = Some(dump(book));
    }
    office.macro_sheets = book
        .sheets
        .iter()
        .filter(|s| s.kind == SheetKind::Macro)
        .map(|s| {
            let state = match s.state {
                State::Visible => "visible",
                State::Hidden => "hidden",
                State::VeryHidden => "very hidden",
            };
            (s.name.clone(), state.to_owned())
        })
        .collect();
}

/// Whether a text names a program of the system as a file: `cmd.exe`.
fn names_program(lower: &str) -> bool {
    lower.match_indices(".exe").any(|(end, _)| {
        let before = lower.get(..end).unwrap_or_default();
        let name = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').next();
        name.and_then(programs::program).is_some_and(Program::runs_code)
    })
}

fn links(book: &Workbook, scan: &mut Scan<'_>) {
    for (service, topic, item) in &book.dde_links {
        let text = format!("{service}|{topic}!{item}");
        let program = service.rsplit(['\\', '/']).next().unwrap_or(service).to_lowercase();
        let program = program.strip_suffix(".exe").unwrap_or(&program);
        let lower = topic.to_lowercase();
        // No link has an honest use for a program of the system.
        let runs = programs::program(program).is_some_and(Program::runs_code)
            || lower.contains(".exe") && lower.contains(' ')
            || names_program(&lower);
        if runs {
            scan.active = true;
            scan.find(Id::DdeCmd, "links", &text);
            scan.indicate(IndicatorKind::Cmdline, format!("{service} {topic}"), "links");
            scan.text(TextKind::Decoded, format!("{service} {topic}"), "links");
        }
        // Links between documents, and those that embedded objects leave, are Excel's daily work.
        let document =
            ["excel", "winword", "powerpnt", "word.", "powerpoint.", "package", "acroexch", "visio", "mspub"];
        // So are those to a data service for rates and prices, though it is a program.
        let severity = if runs {
            Id::DdeLink.severity()
        } else if document.iter().any(|d| program.starts_with(d)) {
            Severity::Info
        } else {
            Severity::Medium
        };
        scan.find_as(Id::DdeLink, severity, Derived::Static, "links", &text);
    }
    for connection in &book.connections {
        scan.text(TextKind::Meta, connection.clone(), "connections");
        let address = connection.find("://").is_some_and(|at| {
            connection
                .get(..at)
                .is_some_and(|s| s.ends_with("http") || s.ends_with("https") || s.ends_with("ftp"))
        });
        if address {
            // Tables of rates and prices are loaded so as well.
            scan.find_as(Id::IqyRemote, Severity::Low, Derived::Static, "connections", connection);
        }
    }
    for link in &book.hyperlinks {
        scan.text(TextKind::Meta, link.clone(), "hyperlinks");
    }
}

fn texts(book: &Workbook, scan: &mut Scan<'_>) {
    let mut room = BOOK_TEXT_MAX;
    for (index, sheet) in book.sheets.iter().enumerate() {
        let mut out = String::new();
        let most = room.min(SHEET_TEXT_MAX);
        let limit = if room < SHEET_TEXT_MAX { BOOK_TEXT_MAX } else { SHEET_TEXT_MAX };
        let drawn = book.drawn.iter().filter(|(of, _)| *of == index);
        for (_, text) in drawn {
            if out.len() + text.len() >= most {
                scan.budget.gaps.aside(limit, "bytes of text of sheets");
                break;
            }
            out.push_str(text);
            out.push('\n');
        }
        let mut row = None;
        for (at, cell) in &sheet.cells {
            let Value::Text(text) = &cell.value else { continue };
            if out.len() + text.len() >= most {
                scan.budget.gaps.aside(limit, "bytes of text of sheets");
                break;
            }
            if !out.is_empty() {
                out.push(if row == Some(at.0) { '\t' } else { '\n' });
            }
            row = Some(at.0);
            out.push_str(text);
        }
        room -= out.len().min(room);
        scan.text(TextKind::Shown, out, place(sheet));
    }
}
