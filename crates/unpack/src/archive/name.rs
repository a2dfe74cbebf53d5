//! What a file's name says: extensions that run, that lie, or that are pushed out of sight.
//!
//! A name alone convicts nobody: a program or script that is sent as it is weighs most; the same name inside an archive
//! is told at `Low`, for neighbours and contents say more there ([`super::relations`]). Shortcuts, disk images and
//! notebooks are sent by honest people too, so their contents must confirm.

use crate::{
    Derived, Id, Kind, Relation, Severity,
    extensions::{Class, RARE, allowed, class, declared_family, fits, is_script, listed, sibling},
    kind::{Family, extension},
    scan::Scan,
};

/// Blanks that push an extension out of sight.
const PADDING: usize = 8;
/// Characters beyond which a name is too long to be read.
const LONG: usize = 240;
/// Of the dangerous ones those that honest people send as well; what is in them decides.
const COMMON: &str = "lnk url website iso img vhd vhdx udf dmg one onepkg theme themepack rdp mdb accdb slk py pyw sh mjs xsl \
                      command scpt scptd desktop xml job contact application";

pub(crate) fn check(scan: &mut Scan<'_>, listed_only: bool) {
    if scan.about.relation == Relation::Part || scan.about.name.is_empty() {
        return;
    }
    let path = scan.about.name.clone();
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let extension = extension(visible(name).trim_end_matches(['.', ' ']));
    direction(name, scan);
    padding(name, &extension, scan);
    let double = double(name, &extension, scan);
    dangerous(name, &extension, scan);
    if !listed_only {
        mismatch(&extension, scan);
        declared(double, scan);
    }
}

/// The name without the signs that turn its direction.
fn visible(name: &str) -> String {
    name.chars().filter(|c| !turns(*c) && !matches!(c, '\u{200e}' | '\u{200f}')).collect()
}

fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Names of people who write from right to left carry signs of direction, though hardly one that reverses.
fn direction(name: &str, scan: &mut Scan<'_>) {
    let right_to_left = name.chars().any(|c| matches!(c, '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fefc}'));
    let severity = if name.contains('\u{202e}') || name.chars().any(turns) && !right_to_left {
        Severity::High
    } else if name.chars().any(|c| turns(c) || matches!(c, '\u{200e}' | '\u{200f}')) {
        Severity::Low
    } else {
        return;
    };
    let shown: String = name.chars().flat_map(spelled).collect();
    scan.find_as(Id::FmtRtlo, severity, Derived::Static, "", shown);
}

/// A sign of direction as its number, so that evidence reads from left to right.
fn spelled(c: char) -> Vec<char> {
    match c {
        _ if turns(c) || matches!(c, '\u{200e}' | '\u{200f}') => {
            format!("<U+{:04X}>", u32::from(c)).chars().collect()
        }
        _ => vec![c],
    }
}

fn padding(name: &str, extension: &str, scan: &mut Scan<'_>) {
    let blank = |c: char| {
        matches!(
            c,
            ' ' | '.' | '\u{a0}' | '\u{2800}' | '\u{3000}' | '\u{2000}'
                ..='\u{200b}' | '\u{202f}' | '\u{3164}'
        )
    };
    let active = acts(extension);
    let (mut run, mut longest) = (0, 0);
    for c in name.chars() {
        run = if blank(c) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let last = name.chars().last();
    let folded = name.contains(['\r', '\n', '\t']);
    let control = name.chars().any(|c| c.is_control() && !matches!(c, '\r' | '\n' | '\t'));
    let (what, severity) = if longest >= PADDING {
        let hides = active
            || name.split(blank).any(|part| {
                !part.is_empty()
                    && class(&part.to_lowercase()) != Class::Other
                    && part.to_lowercase() != extension
            });
        (format!("{longest} blanks"), if hides { Severity::High } else { Severity::Low })
    } else if control {
        ("control characters".to_owned(), Severity::High)
    } else if last.is_some_and(|c| c == '.' || blank(c)) {
        ("ends with a blank or dot".to_owned(), if active { Severity::High } else { Severity::Low })
    } else if folded {
        // Careless mailers fold names.
        ("line breaks".to_owned(), if active { Severity::High } else { Severity::Info })
    } else if name.chars().count() > LONG {
        ("over-long".to_owned(), if active { Severity::High } else { Severity::Info })
    } else {
        return;
    };
    scan.find_as(Id::FmtPaddedName, severity, Derived::Static, "", format!("{what}: {name}"));
}

/// Something happens when it is opened.
fn acts(extension: &str) -> bool {
    matches!(
        class(extension),
        Class::Program
            | Class::Script
            | Class::Shortcut
            | Class::Installer
            | Class::Library
            | Class::Image
            | Class::Risky
            | Class::AddIn
    )
}

fn double(name: &str, extension: &str, scan: &mut Scan<'_>) -> bool {
    let page = class(extension) == Class::Page && extension != "xml";
    if !acts(extension) && !page {
        return false;
    }
    let Some((stem, _)) = name.rsplit_once('.') else { return false };
    let before = super::super::kind::extension(stem.trim_end());
    let document = match class(&before) {
        Class::Document => !(page && listed("txt md log eml msg ps", &before)),
        Class::Office => !(page && before == "csv"),
        Class::Picture | Class::Media => true,
        _ => false,
    };
    if document {
        let severity =
            if scan.about.relation == Relation::Member && page { Severity::Low } else { Severity::Medium };
        scan.find_as(Id::FmtDoubleExt, severity, Derived::Static, "", format!(".{before}.{extension}"));
    }
    document
}

fn dangerous(name: &str, extension: &str, scan: &mut Scan<'_>) {
    let sent = matches!(scan.about.relation, Relation::Input | Relation::Attachment);
    // What is read as a script is judged by its content.
    if sent && is_script(extension) && scan.about.kind.family() != Family::Script {
        scan.find(Id::ScriptAttachment, "", name);
    }
    if acts(extension) {
        let severity = match scan.about.relation {
            // The script is a finding of its own.
            _ if listed(COMMON, extension) || is_script(extension) => Severity::Low,
            Relation::Input | Relation::Attachment => Severity::High,
            Relation::Embedded | Relation::Decoded => Severity::Medium,
            Relation::Member | Relation::Part => Severity::Low,
        };
        scan.find_as(Id::FmtDangerousExt, severity, Derived::Static, "", format!(".{extension}"));
    }
    let rare = listed(RARE, extension)
        && (scan.about.relation != Relation::Member || class(extension) == Class::Archive);
    if rare || sent && extension == "svg" {
        scan.find(Id::FmtRareExt, "", format!(".{extension}"));
    }
}

fn mismatch(extension: &str, scan: &mut Scan<'_>) {
    let kind = scan.about.kind;
    let named = class(extension);
    if extension.is_empty() || matches!(kind, Kind::Unknown | Kind::Empty) {
        return;
    }
    let severity = match allowed(kind) {
        Some(list) if listed(list, extension) => return,
        _ if sibling(kind, extension) => Severity::Info,
        Some(_) => match named {
            // `libz.so.1.2.3`.
            Class::Other if kind == Kind::Elf && scan.about.name.contains(".so.") => return,
            // Nobody knows what such a name promises; a program is one under any name.
            Class::Other if matches!(kind.family(), Family::Program | Family::Shortcut) => Severity::Medium,
            Class::Other => return,
            _ => Severity::Medium,
        },
        None => match (kind.family(), named) {
            (Family::Page, Class::Picture | Class::Media | Class::Archive | Class::Office) => Severity::Low,
            (Family::Page, Class::Document) if extension == "pdf" => Severity::Low,
            (Family::Text, Class::Picture | Class::Media | Class::Archive) => Severity::Info,
            (Family::Image | Family::Media, Class::Office | Class::Archive | Class::Document) => {
                Severity::Low
            }
            _ => return,
        },
    };
    let text = format!("{} content, named .{extension}", kind.name());
    scan.find_as(Id::FmtExtMismatch, severity, Derived::Static, "", text);
}

fn declared(double: bool, scan: &mut Scan<'_>) {
    let Some(declared) = scan.about.declared.clone() else { return };
    let kind = scan.about.kind;
    let Some(family) = declared_family(&declared) else { return };
    if matches!(kind, Kind::Unknown | Kind::Empty | Kind::Text) || fits(kind, family) {
        return;
    }
    let severity = if double { Severity::High } else { Severity::Low };
    let text = format!("declared {declared}, is {}", kind.name());
    scan.find_as(Id::FmtMimeMismatch, severity, Derived::Static, "", text);
}
