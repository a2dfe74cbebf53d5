//! OpenDocument packages: texts, links to the outside, scripts, embedded objects.

use bytes::Bytes;

use super::{
    fields,
    ooxml::{
        self, props,
        walk::{self, Gathered},
    },
    package::{PARTS_MAX, Package},
    target::Target,
    xml::{self, Event, Reader},
};
use crate::{
    Id, Kind, Place, Relation,
    kind::Family,
    limits::TEXT_BYTES_MAX,
    scan::{Child, Scan, TextKind},
    sniff::sniff,
};

/// Files that are handed on.
const CHILDREN_MAX: usize = 256;

/// Reads an OpenDocument package in a zip.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let package = Package::of_zip(bytes, scan.budget);
    package.zip().report(scan);
    if package.more {
        scan.over(PARTS_MAX, "parts of a package");
    }
    let mut all = Gathered::default();
    let mut children = 0;
    for part in package.parts() {
        let lower = part.name.to_lowercase();
        if lower == "mimetype" || lower.starts_with("meta-inf/") || lower.ends_with("styles.xml") {
            continue;
        }
        let Some(bytes) = package.read(part, scan.budget).filter(|b| !b.is_empty()) else { continue };
        if xml::looks_like(&bytes) && lower.ends_with(".xml") {
            let text = xml::decode(&bytes);
            if lower == "meta.xml" {
                props::read(&part.name, &text, &mut all, scan);
            } else {
                content(&part.name, &text, lower.starts_with("basic/"), &mut all, scan);
            }
            continue;
        }
        let kind = sniff(&bytes, &part.name, None);
        let images = &mut scan.facts.office.get_or_insert_default().images;
        *images =
            images.saturating_add(u32::from(kind.family() == Family::Image && !lower.contains("thumbnail")));
        if matches!(kind.family(), Family::Other | Family::Media)
            || !scan.budget.gaps.room(children, CHILDREN_MAX, "files in a document")
        {
            continue;
        }
        children += 1;
        scan.active |= kind == Kind::Ole || matches!(kind.family(), Family::Program | Family::Script);
        scan.child(Child {
            name: part.name.clone(),
            relation: if kind.family() == Family::Image { Relation::Part } else { Relation::Embedded },
            same_depth: !matches!(kind.family(), Family::Archive | Family::Mail),
            bytes,
            ..Child::default()
        });
    }
    ooxml::finish(&mut all, scan);
}

/// A content part: all of its text is shown, or is the source of a macro.
fn content(name: &str, text: &str, basic: bool, all: &mut Gathered, scan: &mut Scan<'_>) {
    let place = Place::new(name);
    let mut out = String::new();
    let mut source = false;
    let mut module = String::new();
    let mut reader = Reader::new(text);
    let mut events = 0_u32;
    while let Some(event) = reader.next() {
        events = events.wrapping_add(1);
        if events.is_multiple_of(2) && !scan.budget.spend(1) {
            break;
        }
        match event {
            Event::Open(e, _) => {
                if basic && e.name() == b"module" {
                    source = true;
                    module = e.attribute("name").unwrap_or_default();
                }
                match e.name() {
                    b"dde-source" | b"dde-connection-decl" => {
                        let get = |key: &str| e.attribute(key).unwrap_or_default();
                        let topic = format!("{} {}", get("dde-topic"), get("dde-item"));
                        walk::dde_link(&get("dde-application"), topic.trim(), &place, scan);
                    }
                    b"event-listener" => {
                        let target = e.attribute("href").unwrap_or_default();
                        let event = e.attribute("event-name").unwrap_or_default();
                        scan.text(TextKind::Meta, format!("{event} {target}"), place.clone());
                        let opens = ["dom:load", "office:load-finished", "OnLoad"].contains(&event.as_str());
                        if opens && !target.is_empty() {
                            scan.active = true;
                            scan.find(Id::VbaAutoexec, place.clone(), format!("{event}: {target}"));
                        }
                    }
                    _ => links(e.name(), e.attribute("href").as_deref(), &place, scan),
                }
            }
            Event::Close(end) => {
                if matches!(end.as_slice(), b"p" | b"h" | b"table-row") {
                    out.push('\n');
                }
            }
            Event::Text(t) if out.len() + t.len() <= TEXT_BYTES_MAX => out.push_str(&t),
            Event::Text(_) => scan.over(TEXT_BYTES_MAX, "bytes of text of a part"),
        }
    }
    if source {
        scan.active = true;
        scan.find(Id::VbaPresent, place.clone(), format!("Basic module {module}"));
        scan.text(TextKind::Code, out, place);
    } else {
        all.words += out.split_whitespace().count();
        // The bus has all of it; this is what rules see as the document's text.
        if all.shown.len() + out.len() <= TEXT_BYTES_MAX {
            all.shown.push_str(&out);
        }
        scan.text(TextKind::Shown, out, place);
    }
}

fn links(element: &[u8], href: Option<&str>, place: &Place, scan: &mut Scan<'_>) {
    let Some(href) = href.filter(|h| !h.is_empty() && !h.starts_with(['#', '.'])) else { return };
    let target = Target::of(href);
    match element {
        b"template" => fields::external(Id::TplRemote, &target, place, scan),
        b"image" => fields::external(Id::OoxmlExtImage, &target, place, scan),
        b"floating-frame" => fields::external(Id::OoxmlExtFrame, &target, place, scan),
        b"object" | b"object-ole" | b"section-source" | b"table-source" | b"plugin" | b"applet" => {
            fields::external(Id::OleLinkExt, &target, place, scan);
        }
        _ => scan.text(TextKind::Shown, href, place.clone()),
    }
}
