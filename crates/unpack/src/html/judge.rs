//! Findings from what a page's scripts do.

use sekisho_mail::Url;

use super::page::Page;
use crate::{
    Id, Severity,
    finding::Derived,
    scan::Scan,
    script::js::{Event, Machine, What},
};

/// Scripts shorter than this are not judged by shares.
const SHARE_BYTES_MIN: usize = 80;
/// Fewer bytes of needless escapes are an accident.
const ESCAPED_BYTES_MIN: usize = 24;
/// Scripts from elsewhere that a page made for them has.
const SHELL_SCRIPTS_MAX: usize = 3;
/// Hosts that serve libraries to everybody.
const LIBRARIES: &[&str] = &[
    "ajax.googleapis.com",
    "cdnjs.cloudflare.com",
    "code.jquery.com",
    "cdn.jsdelivr.net",
    "unpkg.com",
    "maxcdn.bootstrapcdn.com",
    "stackpath.bootstrapcdn.com",
    "netdna.bootstrapcdn.com",
    "cdn.plot.ly",
    "cdn.datatables.net",
    "www.googletagmanager.com",
    "www.google-analytics.com",
    "www.gstatic.com",
    "ajax.aspnetcdn.com",
    "use.fontawesome.com",
    "cdn.mathjax.org",
    "d3js.org",
    "polyfill.io",
];

pub(super) fn judge(page: &Page, machine: &Machine<'_>, escaped: &[(usize, usize)], scan: &mut Scan<'_>) {
    smuggling(page, machine, scan);
    disguise(page, machine, escaped, scan);
    leads(page, machine, scan);
    remote_scripts(page, scan);
    for event in &machine.events {
        match event.what {
            What::Com => scan.find(Id::ScriptActivex, "script", &event.text),
            What::Run => {
                scan.find(Id::ScriptActivex, "script", format!("runs {}", event.text));
                scan.indicate(crate::IndicatorKind::Cmdline, &event.text, "script");
            }
            What::Drop => scan.indicate(crate::IndicatorKind::DropPath, &event.text, "script"),
            _ => {}
        }
    }
}

/// A file is put together in the browser. Exports of reports do it too, on a click and without a file inside: so it
/// counts with an embedded file, or when nobody has to press anything.
fn smuggling(page: &Page, machine: &Machine<'_>, scan: &mut Scan<'_>) {
    let any = |what: What| machine.events.iter().any(|e| e.what == what);
    let named = |word: &str| page.scripts.iter().any(|s| s.text.contains(word));
    let embedded = machine.payloads.iter().any(|p| p.file);
    let data_link = page.embedded.iter().any(|(_, a)| !a.starts_with("data:text/html"));
    let makes = any(What::Blob) || data_link || named("new Blob") || named("new File(") || named("data:");
    let address =
        any(What::ObjectUrl) || any(What::Save) || data_link || named("createObjectURL") || named("msSave");
    let saves = !machine.names.is_empty() || any(What::Save) || page.download_links > 0 || named("download");
    let auto = machine.events.iter().any(|e| e.what == What::Save && !e.user);
    if !(makes && address && saves) || !(embedded || auto) {
        return;
    }
    let name = machine.names.first().map_or("a file", String::as_str);
    scan.find(Id::HtmSmuggle, "script", format!("puts {name} together"));
    if auto {
        // Without a file that could be decoded it may still be an export that runs by itself.
        let severity = if embedded { Severity::Critical } else { Severity::Medium };
        scan.find_as(
            Id::HtmSmuggleAutoclick,
            severity,
            Derived::Emulated,
            "script",
            format!("saves {name} by itself"),
        );
    }
}

fn disguise(page: &Page, machine: &Machine<'_>, escaped: &[(usize, usize)], scan: &mut Scan<'_>) {
    let decoded =
        |what: What| machine.events.iter().find(|e| e.what == what && e.decoded && e.text.len() >= 8);
    if let Some(event) = decoded(What::Write) {
        scan.find(Id::HtmObfUnescape, "script", &event.text);
    }
    if let Some(event) = decoded(What::Eval) {
        scan.find(Id::HtmObfEval, "script", &event.text);
    }
    let hidden = escaped
        .iter()
        .any(|(bytes, all)| *all >= SHARE_BYTES_MIN && *bytes >= ESCAPED_BYTES_MIN && bytes * 5 > *all);
    if hidden {
        scan.find(Id::HtmObfHexesc, "script", "plain letters are written as escapes");
    }
    for script in page.scripts.iter().filter(|s| s.is_javascript()) {
        let signs = script.text.bytes().filter(|b| b"[]()!+".contains(b)).count();
        if script.text.len() >= 400 && signs * 100 > script.text.len() * 95 {
            scan.find(Id::HtmObfJsfuck, "script", format!("{signs} brackets and signs"));
        }
        let percent = script.text.bytes().filter(|b| *b == b'%').count();
        if script.text.len() >= 400 && percent * 10 > script.text.len() && script.text.contains("unescape(") {
            scan.find(Id::HtmObfUnescape, "script", "most of the script is escaped text");
        }
        let library = script.text.contains("CryptoJS.AES.decrypt") || script.text.contains("CryptoJS[");
        let long =
            script.text.split(['"', '\'', '`']).any(|piece| piece.len() >= 64 && !piece.contains([' ', ';']));
        if library && long && script.text.len() < 4 << 20 {
            scan.find(Id::HtmObfAes, "script", "a literal is decrypted by CryptoJS");
        }
    }
    if machine.events.iter().any(|e| e.what == What::Decrypt)
        && page.scripts.iter().any(|s| s.text.contains("subtle"))
    {
        scan.find(Id::HtmObfAes, "script", "a literal is decrypted by the browser");
    }
}

/// Where the page leads by itself.
fn leads(page: &Page, machine: &Machine<'_>, scan: &mut Scan<'_>) {
    for event in &machine.events {
        if matches!(event.what, What::Location | What::Load | What::Request) && outward(&event.text) {
            scan.text(crate::scan::TextKind::Decoded, event.text.clone(), "script");
        }
    }
    let hidden = |e: &&Event| e.decoded && outward(&e.text) && matches!(e.what, What::Location | What::Load);
    if let Some(event) = machine.events.iter().find(hidden) {
        scan.find_as(
            Id::HtmRedirectObf,
            Id::HtmRedirectObf.severity(),
            Derived::Emulated,
            "script",
            &event.text,
        );
    }
    if let Some(refresh) = &page.html.refresh
        && outward(&refresh.url)
    {
        // One that carries a reader's address was made for that reader.
        let personal = super::people::address_in(&refresh.url).is_some();
        let severity = if personal { Severity::High } else { Id::HtmMetaRefresh.severity() };
        scan.find_as(Id::HtmMetaRefresh, severity, Derived::Static, "meta", &refresh.url);
    }
}

/// An address outside of the page.
pub(super) fn outward(address: &str) -> bool {
    let lower: String = address.trim().chars().take(8).collect::<String>().to_ascii_lowercase();
    lower.starts_with("http:")
        || lower.starts_with("https:")
        || lower.starts_with("//")
        || lower.starts_with("\\\\")
}

fn remote_scripts(page: &Page, scan: &mut Scan<'_>) {
    let nothing_shown = page.html.display_text.trim().is_empty();
    let sources: Vec<&str> =
        page.scripts.iter().filter_map(|s| s.source.as_deref()).filter(|s| outward(s)).collect();
    let few = sources.len() <= SHELL_SCRIPTS_MAX;
    for source in sources {
        let url = Url::parse(source.trim());
        let library = LIBRARIES.contains(&url.domain.domain.as_str());
        // A page that shows nothing and is all in a script from elsewhere is a shell around it; one with many is an
        // application's that somebody saved.
        let severity = match (library, nothing_shown && few) {
            (true, _) => Severity::Info,
            (false, true) => Severity::High,
            (false, false) => Id::HtmRemoteScript.severity(),
        };
        scan.find_as(Id::HtmRemoteScript, severity, Derived::Static, "script", source);
    }
}
