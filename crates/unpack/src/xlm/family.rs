//! Names for what looks like a known builder's workbook. A name helps people to talk about it; it is never a reason to block.

use super::{
    findings::{EntryPoint, Report},
    model::{Binary, Expr, ExprId, SheetKind, State, Value, Workbook},
};
use crate::{Derived, Id, Severity};

/// `NOW` in the table of functions.
const NOW: u16 = 0x4A;
/// Short text cells from which on a workbook is full of fragments.
const FRAGMENT_CELLS: usize = 24;

/// Names the families that the workbook looks like.
pub(super) fn name(report: &mut Report<'_, '_, '_>, entries: &[EntryPoint]) {
    let checks = [
        (Id::FamQbotXlm, qbot(report), 3),
        (Id::FamIcedidXlm, icedid(report), 2),
        (Id::FamZloaderXlm, zloader(report, entries), 3),
        (Id::FamSquirrelwaffle, squirrelwaffle(report), 1),
    ];
    for (id, features, needed) in checks {
        if features.len() >= needed {
            report.scan.find_as(id, Severity::Info, Derived::Static, "", features.join(", "));
        }
    }
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

fn qbot(report: &Report<'_, '_, '_>) -> Vec<&'static str> {
    let (book, seen) = (&*report.outcome.machine.book, &report.facts);
    let mut out = Vec::new();
    let hidden = book.sheets.iter().filter(|s| s.state != State::Visible).count();
    if book.sheets.len() >= 4 && hidden >= 2 {
        out.push("hidden sheets");
    }
    if report.scan.has(Id::XlmObfFragment) || fragments(book) >= FRAGMENT_CELLS {
        out.push("fragments");
    }
    if seen.types.iter().any(|t| matches!(*t, "JJCCBB" | "JJCCJJ")) {
        out.push("types of the download");
    }
    if seen.urls.len() >= 3 && seen.drops.len() >= 3 && alike(&seen.drops) {
        out.push("three addresses, three files");
    }
    if seen.drops.iter().any(|d| [".ocx", ".der", ".good", ".fgr"].iter().any(|e| lower(d).ends_with(e))) {
        out.push("extension");
    }
    let switches = ["-silent", " -s ", " /s ", "-e -n -i"];
    if seen.commands.iter().any(|c| lower(c).contains("regsvr32") && switches.iter().any(|s| c.contains(s))) {
        out.push("regsvr32");
    }
    if seen.folders.iter().any(|f| root_folder(f)) {
        out.push("folder");
    }
    if seen.urls.iter().any(|u| short_page(u) || dated(u)) {
        out.push("address");
    }
    // The shape of the download alone is everybody's: something of the workbook itself must fit as well.
    if out.iter().any(|f| matches!(*f, "hidden sheets" | "fragments" | "folder" | "regsvr32")) {
        out
    } else {
        Vec::new()
    }
}

fn icedid(report: &Report<'_, '_, '_>) -> Vec<&'static str> {
    let seen = &report.facts;
    let mut out = Vec::new();
    if seen.urls.iter().any(|u| dated(u)) {
        out.push("address");
    }
    if seen.commands.iter().any(|c| {
        let c = lower(c);
        c.contains("rundll32") && (c.contains(",plugininit") || c.contains(",dllregisterserver"))
    }) {
        out.push("rundll32");
    }
    if prefixed_by_now(report.outcome.machine.book) {
        out.push("NOW()=");
    }
    out
}

fn zloader(report: &Report<'_, '_, '_>, entries: &[EntryPoint]) -> Vec<&'static str> {
    let seen = &report.facts;
    let mut out = Vec::new();
    if entries.iter().any(|e| lower(&e.label).starts_with("auto_open") && e.label.len() > "auto_open".len()) {
        out.push("name");
    }
    if report.scan.has(Id::XlmEnvkey) {
        out.push("keys");
    }
    if report.scan.has(Id::XlmObfChar) {
        out.push("characters");
    }
    if seen.commands.iter().any(|c| lower(c).contains(",dllregisterserver")) {
        out.push("rundll32");
    }
    if seen.drops.iter().any(|d| lower(d).starts_with("c:\\users\\public\\") && lower(d).ends_with(".html")) {
        out.push("file");
    }
    if seen.commands.iter().any(|c| lower(c).contains("excel\\security")) {
        out.push("settings");
    }
    // The name and single characters are others' as well.
    if out.len() >= 3 && out.contains(&"keys") { out } else { Vec::new() }
}

fn squirrelwaffle(report: &Report<'_, '_, '_>) -> Vec<&'static str> {
    let seen = &report.facts;
    let names = ["test.test", "test1.test", "test2.test"];
    let mut out = Vec::new();
    if seen.drops.iter().filter(|d| names.iter().any(|n| lower(d).ends_with(n))).count() >= 2 {
        out.push("test.test");
    }
    if seen.commands.iter().any(|c| lower(c).contains("www1.dll") && lower(c).contains(",ldr")) {
        out.push("www1.dll");
    }
    out
}

/// Cells with a text of up to four characters.
fn fragments(book: &Workbook) -> usize {
    let hidden = book.sheets.iter().filter(|s| s.kind == SheetKind::Macro || s.state != State::Visible);
    let short = |v: &Value| matches!(v, Value::Text(t) if !t.is_empty() && t.len() <= 4);
    hidden.map(|s| s.cells.values().filter(|c| c.formula.is_none() && short(&c.value)).count()).sum()
}

/// Files that differ by one letter.
fn alike(paths: &[&str]) -> bool {
    let [a, b, ..] = paths else { return false };
    a.len() == b.len() && a.bytes().zip(b.bytes()).filter(|(x, y)| x != y).count() <= 1
}

/// A folder of five to eight letters at the root of a drive.
fn root_folder(path: &str) -> bool {
    let Some((drive, folder)) = path.split_once(":\\") else { return false };
    let folder = folder.trim_end_matches('\\');
    drive.len() == 1 && (5..=8).contains(&folder.len()) && folder.bytes().all(|b| b.is_ascii_alphabetic())
}

fn path_of(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split_once('/').map(|(_, path)| path)
}

/// `/<8 to 16 letters and digits>/<one letter>.html`.
fn short_page(url: &str) -> bool {
    let Some((folder, page)) = path_of(url).and_then(|p| p.split_once('/')) else { return false };
    let extension = page.get(1..).unwrap_or("");
    (8..=16).contains(&folder.len())
        && folder.bytes().all(|b| b.is_ascii_alphanumeric())
        && page.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && matches!(extension, ".html" | ".png" | ".gif")
}

/// A file named by a date of 2021 or 2022 as Excel counts days: `44526.dat`.
fn dated(url: &str) -> bool {
    let Some(file) = path_of(url).and_then(|p| p.rsplit('/').next()) else { return false };
    let digits = file.get(..5).unwrap_or("");
    let day = digits.parse::<u32>().is_ok_and(|n| (44_200..=44_900).contains(&n));
    day && [".dat", ".jpg", ".gif", ".bin"].iter().any(|e| file.ends_with(e))
}

/// Formulas that begin with `NOW()=` for no reason.
fn prefixed_by_now(book: &Workbook) -> bool {
    let first = |mut id: ExprId| {
        let mut chained = false;
        while let Expr::Binary(Binary::Equal, a, _) = book.expr(id) {
            if a.0 >= id.0 {
                return false;
            }
            id = *a;
            chained = true;
        }
        chained && matches!(book.expr(id), Expr::Call { function: NOW, .. })
    };
    let sheets = book.sheets.iter().filter(|s| s.kind == SheetKind::Macro);
    sheets.flat_map(|s| s.cells.values()).filter_map(|c| c.formula).filter(|f| first(*f)).count() >= 3
}
