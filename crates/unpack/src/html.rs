//! Pages: HTML, SVG and HTA, from the markup to what their scripts put together.
//!
//! The markup is read by the same parser as mail bodies ([`sekisho_mail::Html`]); scripts are folded by
//! [`crate::script::js`], which notes what they would do. Findings come from both: [`page`] gathers the page,
//! [`judge`] reads the scripts' events, [`people`] looks for what is built for one reader or asks for a password.

mod judge;
pub(crate) mod lure;
mod page;
mod people;
#[cfg(test)]
mod tests;
mod xml;

use bytes::Bytes;

use crate::{
    Derived, Id, Kind, Place, Relation, Severity, facts,
    limits::DEPTH_MAX,
    scan::{Child, Scan, TextKind},
    script::{
        self,
        js::{Machine, Payload, lex},
    },
};
use page::Page;
pub(crate) use xml::facts as xml_facts;

pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let source = sekisho_mail::charset::decode(bytes, None).text.into_owned();
    let page = Page::read(&source);
    if page.html.over_limit {
        scan.left_out("only the beginning of a long page was read");
    }
    scan.budget.gaps.extend(&page.gaps);
    if !scan.budget.spend(1 + source.len() as u64 / 256) {
        return;
    }
    facts(&page, scan);
    if scan.about.kind == Kind::Svg {
        scan.facts.xml = Some(xml::facts(&source, &mut scan.budget.gaps));
    }
    texts(&page, scan);
    let mut machine = Machine::new(&page.elements, scan.budget.take_emulation());
    let escaped = run(&page, &mut machine, scan);
    for (name, address) in &page.embedded {
        if let Some(name) = name {
            machine.file_name(&script::js::value::Text::new(name));
        }
        machine.data_url(&script::js::value::Text::new(address));
    }
    page::literals(&page, &mut machine);
    machine.finish();
    let left =
        if machine.grace || machine.deep { 0 } else { machine.ticks / script::js::eval::TICKS_PER_STEP };
    scan.budget.return_emulation(left);
    if machine.grace || machine.deep {
        scan.aside(script::js::ENDLESS);
    }
    if machine.cut {
        scan.left_out(script::js::CUT);
    }
    scan.budget.gaps.extend(&machine.gaps);
    for text in std::mem::take(&mut machine.decoded) {
        scan.text(TextKind::Decoded, text, "script > decoded");
    }
    scan.active |= !page.scripts.is_empty() || page.html.refresh.is_some() || page.html.forms > 0;
    judge::judge(&page, &machine, &escaped, scan);
    people::check(&page, &machine, scan);
    lure::check(scan, page.html.title.as_deref().unwrap_or_default(), &page.html.display_text);
    for (at, script) in page.scripts.iter().filter(|s| !s.is_javascript()).enumerate() {
        if script.is_vbscript() {
            script::vbscript(&script.text, &format!("vbscript {}", at + 1), scan);
        }
    }
    if scan.about.kind == Kind::Hta {
        scan.find(Id::ScriptAttachment, "", "hta");
    }
    let Machine { payloads, names, .. } = machine;
    children(payloads, &names, scan);
}

/// Runs the page's scripts in order, then its handlers; gives the share of needless escapes of each script.
fn run(page: &Page, machine: &mut Machine<'_>, scan: &mut Scan<'_>) -> Vec<(usize, usize)> {
    let mut escaped = Vec::new();
    let mut seen = rustc_hash::FxHashSet::default();
    let mut words = facts::Script { language: "javascript".to_owned(), ..facts::Script::default() };
    for script in page.scripts.iter().filter(|s| s.is_javascript()) {
        let lexed = lex(&script.text);
        script::js::words(&lexed, &mut seen, &mut words, &mut scan.budget.gaps);
        escaped.push((lexed.escaped_bytes, script.text.len()));
        let room = scan.budget.spend(lexed.tokens.len() as u64 / script::TOKENS_PER_STEP);
        drop(lexed);
        if !room {
            break;
        }
        machine.script(&script.text);
    }
    for (auto, code) in &page.handlers {
        if *auto { machine.script(code) } else { machine.handler(code) }
    }
    if !page.scripts.is_empty() {
        scan.facts.script = Some(words);
    }
    escaped
}

fn facts(page: &Page, scan: &mut Scan<'_>) {
    scan.facts.html = Some(facts::Html {
        title: page.html.title.clone(),
        hyperlinks: page.links.clone(),
        scripts: page
            .scripts
            .iter()
            .filter(|s| !s.text.is_empty())
            .map(|s| (s.language.clone(), s.kind.clone(), s.text.clone()))
            .collect(),
    });
    scan.facts.text = Some(page.html.display_text.clone());
}

fn texts(page: &Page, scan: &mut Scan<'_>) {
    if let Some(title) = &page.html.title {
        scan.text(TextKind::Meta, title.clone(), "title");
    }
    scan.text(TextKind::Shown, page.html.display_text.clone(), "");
    let mut addresses = page.links.join("\n");
    for source in page.scripts.iter().filter_map(|s| s.source.as_deref()) {
        addresses.push('\n');
        addresses.push_str(source);
    }
    if let Some(refresh) = &page.html.refresh {
        addresses.push('\n');
        addresses.push_str(&refresh.url);
    }
    scan.text(TextKind::Decoded, addresses, "links");
    for (at, script) in page.scripts.iter().enumerate() {
        scan.text(TextKind::Code, script.text.clone(), Place::new(format!("script {}", at + 1)));
    }
}

/// Files that the page carries or makes become files of the tree.
fn children(payloads: Vec<Payload>, names: &[String], scan: &mut Scan<'_>) {
    let files = payloads.iter().filter(|p| p.file).count();
    for name in names {
        scan.indicate(crate::IndicatorKind::Filename, name, "script");
    }
    for (at, payload) in payloads.into_iter().enumerate() {
        if !payload.file && scan.about.depth >= DEPTH_MAX {
            scan.over(
                DEPTH_MAX as usize,
                "files inside one another: a page that a script writes was not read",
            );
            continue;
        }
        let name = match payload.name {
            Some(name) => name,
            None if payload.file && (files == 1 || names.len() > 1) => {
                names.get(if files == 1 { 0 } else { at }).cloned().unwrap_or_default()
            }
            None => String::new(),
        };
        let name = match (payload.file, name.is_empty()) {
            (false, _) => format!("written_{at}.html"),
            (true, true) => format!("decoded_{at}"),
            _ => name,
        };
        let room = crate::limits::MEMBER_BYTES_MAX.min(scan.budget.out_bytes_left());
        if payload.bytes.len() as u64 > room {
            scan.left_out("a file that a script puts together is larger than is unpacked");
            continue;
        }
        scan.budget.spend_bytes(payload.bytes.len() as u64);
        if payload.file {
            let head = String::from_utf8_lossy(payload.bytes.get(..8).unwrap_or_default()).into_owned();
            // Reports and viewers carry a PDF; what is in it decides.
            let severity =
                if head.starts_with("%PDF") { Severity::Medium } else { Id::HtmEmbedArchive.severity() };
            scan.find_as(
                Id::HtmEmbedArchive,
                severity,
                Derived::Static,
                "script",
                format!("{name}: {} bytes that begin with {head:?}", payload.bytes.len()),
            );
        }
        scan.child(Child {
            name,
            bytes: payload.bytes.into(),
            relation: Relation::Decoded,
            ..Child::default()
        });
    }
}
