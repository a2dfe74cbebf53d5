//! Strings in forms, properties and cells that code reads and that run or load something.

use super::{
    super::{
        keys,
        run::{Act, Event},
        value::{CELL, FORM, How, PROPERTY, Text},
    },
    EACH_MAX, Seen, shown,
};
use crate::{Derived, Id, Severity, scan::Scan};

/// Those that are commands or addresses, and go where something is run or loaded.
pub(super) fn report(seen: &Seen<'_>, scan: &mut Scan<'_>) {
    let sink = |e: &&Event| {
        matches!(e.act, Act::Exec | Act::Wmi | Act::Download | Act::Write | Act::Excel4 | Act::Request)
    };
    let mut flows: How = 0;
    for event in seen.outcome.events.iter().filter(sink) {
        let more = event.more.as_ref().map_or(0, |m| m.how);
        flows |= event.target.how | more;
        let command = keys::command(&event.target.text, true);
        let from_cell =
            event.target.how & CELL != 0 && matches!(event.act, Act::Exec | Act::Wmi) && command.acts();
        if from_cell {
            let evidence = format!("from a cell: {}", shown(&event.target.text));
            let how = Derived::Emulated;
            scan.find_as(Id::VbaHiddenPayload, Severity::High, how, seen.at(event), evidence);
        }
    }
    let into_macro = |how: How| scan_cells(seen, how);
    let (form, property) =
        (flows & FORM != 0 || into_macro(FORM), flows & PROPERTY != 0 || into_macro(PROPERTY));
    let mut counts = [0usize; 2];
    for read in &seen.outcome.reads {
        let is_form = read.text.how & FORM != 0;
        if !payload(&read.text, if is_form { form } else { property }) {
            continue;
        }
        let id = if is_form { Id::VbaFormStrings } else { Id::VbaHiddenPayload };
        let Some(count) = counts.get_mut(usize::from(is_form)) else { continue };
        *count += 1;
        if *count <= EACH_MAX {
            let evidence = format!("{}: {}", read.name, shown(&read.text.text));
            let place = seen.place(read.module, read.line);
            scan.find_as(id, Severity::High, Derived::Emulated, place, evidence);
        }
    }
}

/// Whether a text from such a place was written into a macro sheet.
fn scan_cells(seen: &Seen<'_>, how: How) -> bool {
    let adds = seen.outcome.events.iter().any(|e| matches!(e.act, Act::AddsSheet | Act::RunsSheet));
    adds && seen
        .outcome
        .cells
        .iter()
        .any(|(_, _, v, _)| matches!(v, super::super::value::Val::Text(t) if t.how & how != 0))
}

/// A text that runs or loads something, or is the encoding of one. An address alone counts where it is used so.
fn payload(text: &Text, flows: bool) -> bool {
    let plain = text.text.as_str();
    if keys::command(plain, false).acts() {
        return true;
    }
    if let Some((_, inner)) = super::super::literals::decode(plain.trim())
        && (keys::telling(&inner).is_some() || keys::command(&inner, false).acts())
    {
        return true;
    }
    flows && keys::telling(plain).is_some()
}
