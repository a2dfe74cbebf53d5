//! Excel 4 macros: workbooks of every format are read into one model, and what is macro in them is run on paper.
//!
//! Readers: [`biff`] (Excel 2 to 2003), [`ooxml`] with its XML and binary parts, [`sylk`]; formulas become trees by
//! [`ptg`] (tokens) or [`text`]. Who wants to add to a workbook before it is run (VBA writes cells) takes the
//! `read_…` function and then [`conclude`].

mod biff;
mod cursor;
pub(crate) mod dump;
mod family;
mod findings;
pub(crate) mod functions;
pub(crate) mod machine;
pub(crate) mod model;
pub(crate) mod ooxml;
mod palette;
mod ptg;
pub(crate) mod reference;
pub(crate) mod report;
mod sylk;
pub(crate) mod text;
mod vote;

use bytes::Bytes;

use crate::scan::Scan;
use machine::{Entry, Target};
use model::{Expr, ExprId, SheetKind, Workbook};

/// Buttons whose macros are run.
const BUTTONS_MAX: usize = 64;

/// Reads the `Workbook` or `Book` stream of a compound file, decrypted.
pub(crate) fn read_workbook_stream(stream: &Bytes, scan: &mut Scan<'_>) -> Workbook {
    biff::read_workbook(stream, scan.budget)
}

/// Writes down what a workbook says and does.
pub(crate) fn conclude(book: &mut Workbook, scan: &mut Scan<'_>) {
    conclude_with(book, Vec::new(), scan);
}

/// The same, where something beside the workbook starts its macros: VBA, the package's own buttons.
pub(crate) fn conclude_with(book: &mut Workbook, mut entries: Vec<Entry>, scan: &mut Scan<'_>) {
    report::report(book, scan);
    if book.sheets.iter().any(|s| s.kind == SheetKind::Macro) {
        entries.extend(buttons(book, scan));
    }
    machine::run(book, &entries, scan);
    scan.budget.gaps.extend(&book.gaps);
}

/// What shapes and buttons start, for whoever clicks them.
fn buttons(book: &Workbook, scan: &mut Scan<'_>) -> Vec<Entry> {
    let target = |id: &ExprId| {
        let mut expr = book.expr(*id);
        if let Expr::Name(index) = expr {
            let name = book.names.get(*index as usize)?;
            expr = match name.formula {
                Some(formula) => book.expr(formula),
                None => return Some(Target::Name(name.label.clone())),
            };
        }
        match expr {
            Expr::Range(range) => Some(Target::Cell(range.sheet?, range.from)),
            Expr::NamedText(label) => Some(Target::Name(label.to_string())),
            _ => None,
        }
    };
    let targets = book.assigned.iter().filter_map(target);
    let entries = targets.map(|target| Entry { target, auto: false });
    scan.most(entries, BUTTONS_MAX, "buttons that start macros")
}

/// The `Workbook` or `Book` stream of a compound file, decrypted.
pub(crate) fn analyse_workbook_stream(stream: &Bytes, scan: &mut Scan<'_>) {
    let mut book = read_workbook_stream(stream, scan);
    conclude(&mut book, scan);
}

/// A workbook stream that is a file of its own.
pub(crate) fn analyse_bare(bytes: &Bytes, scan: &mut Scan<'_>) {
    analyse_workbook_stream(bytes, scan);
}

/// A SYLK file.
pub(crate) fn analyse_sylk(bytes: &Bytes, scan: &mut Scan<'_>) {
    let mut book = sylk::read_workbook(bytes, scan.budget);
    conclude(&mut book, scan);
}

/// Reads the workbook of an OOXML package, and says where its declared type contradicts its parts.
pub(crate) fn read_ooxml(parts: &mut dyn ooxml::Parts, scan: &mut Scan<'_>) -> Option<Workbook> {
    let read = ooxml::read_workbook(parts, scan.budget)?;
    report::declared_type(&read, scan);
    Some(read.book)
}

/// The workbook of an OOXML package, by itself.
#[cfg(test)]
pub(crate) fn analyse_ooxml(parts: &mut dyn ooxml::Parts, scan: &mut Scan<'_>) {
    if let Some(mut book) = read_ooxml(parts, scan) {
        conclude(&mut book, scan);
    }
}

#[cfg(test)]
mod tests;
