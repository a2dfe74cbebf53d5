//! Names of families whose documents look so: hints for people, never a reason by themselves.

use super::{Seen, shown};
use crate::{
    Id, IndicatorKind, Place,
    scan::Scan,
    vba::{
        run::Act,
        value::{FORM, PROPERTY, REPLACE, SPLIT},
    },
};

/// Addresses in one text.
const ADDRESSES: usize = 4;

pub(super) fn report(seen: &Seen<'_>, scan: &mut Scan<'_>) {
    if !seen.automatic() {
        return;
    }
    let hints = [
        (Id::FamQbotVbaXlm, qbot(seen, scan)),
        (Id::FamIcedidXlm, icedid(scan)),
        (Id::FamEmotet, emotet(seen, scan)),
        (Id::FamHancitor, hancitor(seen, scan)),
        (Id::FamDridex, dridex(seen, scan)),
    ];
    for (id, why) in hints {
        if let Some(why) = why.filter(|_| !scan.has(id)) {
            scan.find(id, Place::WHOLE, why);
        }
    }
}

/// VBA that adds a macro sheet and fills it from the captions of a form.
fn qbot(seen: &Seen<'_>, scan: &Scan<'_>) -> Option<&'static str> {
    let library = seen.outcome.reads.iter().any(|r| {
        let lower = r.text.text.to_ascii_lowercase();
        r.text.how & FORM != 0 && (lower.contains("urlmon") || lower.contains("http"))
    });
    (scan.has(Id::VbaBuildsXlm) && library)
        .then_some("a macro sheet is added and filled from captions of a form")
}

/// VBA that runs a hidden macro sheet whose payload is a library with the exports of IcedID.
fn icedid(scan: &Scan<'_>) -> Option<&'static str> {
    let export = scan.indicators.iter().any(|i| {
        let lower = i.value.to_ascii_lowercase();
        i.kind == IndicatorKind::Cmdline && lower.contains("rundll32") && lower.contains(",plugininit")
    });
    (scan.has(Id::VbaRunsXlm) && export)
        .then_some("VBA runs a macro sheet that starts a library at PluginInit")
}

/// WMI starts PowerShell with a text that was split by junk or kept in a form; or many addresses in one text.
fn emotet(seen: &Seen<'_>, scan: &Scan<'_>) -> Option<&'static str> {
    let mut wmi = seen.events(Act::Wmi);
    let junk = REPLACE | SPLIT | FORM | PROPERTY;
    let started = wmi.any(|e| {
        let lower = e.target.text.to_ascii_lowercase();
        e.target.how & junk != 0 && lower.contains("powershell") && lower.contains("-e")
    });
    if started {
        return Some("WMI starts PowerShell with a text that was kept in pieces");
    }
    let row = |text: &str| {
        let marks = memchr::memmem::find_iter(text.as_bytes(), b"http").count();
        marks > ADDRESSES
            && (text.matches("@http").count() >= ADDRESSES || text.matches("*http").count() >= ADDRESSES)
    };
    let found = seen.found.iter().any(|f| row(&f.text));
    (found && (scan.has(Id::VbaPowershell) || scan.has(Id::VbaWmi)))
        .then_some("addresses in a row, parted by @ or *")
}

/// A packaged object that VBA moves and starts.
fn hancitor(seen: &Seen<'_>, scan: &Scan<'_>) -> Option<&'static str> {
    let package = scan.has(Id::OlePackage) || scan.has(Id::OlePackageExec);
    let library = seen.started().any(|(e, _)| {
        let lower = e.target.text.to_ascii_lowercase();
        lower.contains("rundll32") || lower.contains("regsvr32")
    });
    let moves = seen.events(Act::Write).any(|e| shown(&e.target.text).to_ascii_lowercase().ends_with(".dll"));
    (package && library && moves).then_some("a packaged library is moved and started")
}

/// `wmic process list /format:` with a style sheet that was written before.
fn dridex(seen: &Seen<'_>, scan: &Scan<'_>) -> Option<&'static str> {
    let style = |text: &str| {
        let lower = text.to_ascii_lowercase();
        lower.contains("wmic") && lower.contains("/format:")
    };
    let started = seen.started().any(|(e, _)| style(&e.target.text));
    let found = started
        || scan.indicators.iter().any(|i| i.kind == IndicatorKind::Cmdline && style(&i.value))
        || seen.found.iter().any(|f| style(&f.text));
    found.then_some("wmic runs a style sheet")
}
