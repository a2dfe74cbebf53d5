//! Everything in the file that acts or leads elsewhere, whether the page tree reaches it or not.

use rustc_hash::FxHashSet;

use super::{
    file::{Entry, Pdf},
    object::{Dict, Obj},
    page::{Pages, Rect},
    text,
};
use crate::{
    Derived, Id, IndicatorKind, Kind, Relation, Severity,
    extensions::{self, Class},
    kind::Family,
    office::target::Target,
    scan::{Child, Scan, TextKind},
    sniff::sniff,
};

/// Links kept.
const URLS_MAX: usize = 2_000;
/// Characters of a link.
const URL_CHARS_MAX: usize = 8_192;
/// Files inside that are taken out.
const FILES_MAX: usize = 200;
/// Share of the page from which on a link covers it.
const COVER_SHARE: f64 = 0.30;
/// More links than this are a newsletter or a catalogue.
const LURE_LINKS_MAX: usize = 4;
const SHORTENERS: &[&str] = &[
    "bit.ly",
    "tinyurl.com",
    "t.co",
    "goo.gl",
    "is.gd",
    "cutt.ly",
    "rb.gy",
    "t.ly",
    "ow.ly",
    "rebrand.ly",
    "shorturl.at",
    "s.id",
    "tiny.cc",
    "bit.do",
    "qrco.de",
    "v.gd",
    "buff.ly",
    "tiny.one",
    "shorturl.com",
];
const ACTIVE_TARGETS: &[&str] = &[
    "zip", "rar", "7z", "iso", "img", "vhd", "cab", "gz", "tar", "html", "htm", "shtml", "hta", "js", "jse",
    "vbs", "exe", "msi", "scr", "lnk", "one", "wsf", "bat", "cmd", "ps1", "jar", "apk", "xll", "docm",
    "xlsm", "xlsb", "ace", "svg",
];
/// Of those the ones that portfolios and tagged files carry honestly: what is in them decides.
const CARRIED_TARGETS: &[&str] =
    &["zip", "rar", "7z", "cab", "gz", "tar", "html", "htm", "shtml", "svg", "doc", "xls", "ppt", "rtf"];

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Stock {
    pub(super) urls: Vec<String>,
    seen: FxHashSet<String>,
    /// There are more than are kept.
    more: bool,
    /// Some are longer.
    long: bool,
    /// A link in an object stream that no cross-reference stream names.
    unlisted: bool,
}

pub(super) fn take(pdf: &Pdf, scan: &mut Scan<'_>) -> Stock {
    let mut stock = Stock::default();
    for entry in &pdf.entries {
        if !scan.budget.spend(1) {
            break;
        }
        let packed = entry.packed && !pdf.has_xref_stream;
        walk(pdf, &entry.object, packed, &mut stock, scan);
    }
    if stock.more {
        scan.budget.gaps.aside(URLS_MAX, "links");
    }
    if stock.long {
        scan.budget.gaps.aside(URL_CHARS_MAX, "characters of a link");
    }
    if !stock.urls.is_empty() {
        let evidence = stock.urls.iter().take(3).cloned().collect::<Vec<_>>().join(" ");
        // No reader finds such an object by the file's own tables: it was put there past them.
        let severity = if stock.unlisted { Severity::High } else { Id::PdfUri.severity() };
        scan.find_as(Id::PdfUri, severity, Derived::Static, "links", evidence);
    }
    opens(pdf, scan);
    files(pdf, scan);
    stock
}

/// All dictionaries of an object; depth is bounded by the lexer.
fn walk(pdf: &Pdf, object: &Obj, packed: bool, stock: &mut Stock, scan: &mut Scan<'_>) {
    match object {
        Obj::Array(items) => items.iter().for_each(|item| walk(pdf, item, packed, stock, scan)),
        Obj::Dict(dict) => {
            act(pdf, dict, packed, stock, scan);
            dict.0.iter().for_each(|(_, value)| walk(pdf, value, packed, stock, scan));
        }
        _ => {}
    }
}

fn act(pdf: &Pdf, dict: &Dict, packed: bool, stock: &mut Stock, scan: &mut Scan<'_>) {
    if let Obj::Str(uri) = pdf.get(dict, "URI") {
        let uri = text::string(uri);
        stock.unlisted |= packed;
        if remote(&uri) && !uri.starts_with("http") {
            elsewhere(&uri, scan);
        }
        link(uri, stock);
    }
    if let Some(code) = dict.get("JS").and_then(|js| script(pdf, js, scan)) {
        javascript(&code, scan);
    }
    match dict.name("S") {
        "Launch" => launch(pdf, dict, scan),
        "GoToR" | "GoToE" => {
            let target = target(pdf, dict.get("F"));
            scan.active |= remote(&target);
            if remote(&target) {
                elsewhere(&target, scan);
                link(target, stock);
            }
        }
        "SubmitForm" | "ImportData" => {
            let target = target(pdf, dict.get("F"));
            scan.active = true;
            scan.find(Id::PdfSubmitform, "action", &target);
            link(target, stock);
        }
        _ => {}
    }
    if dict.get("XFA").is_some_and(|x| *x != Obj::Null) {
        scan.find(Id::PdfXfa, "form", "/XFA");
    }
}

fn link(url: String, stock: &mut Stock) {
    let url = url.trim();
    if url.is_empty() || !stock.seen.insert(url.to_owned()) {
        return;
    }
    stock.more |= stock.urls.len() >= URLS_MAX;
    if !stock.more {
        // Where a longer one leads stands at its beginning.
        stock.long |= url.chars().nth(URL_CHARS_MAX).is_some();
        stock.urls.push(url.chars().take(URL_CHARS_MAX).collect());
    }
}

/// Another machine.
fn remote(target: &str) -> bool {
    let lower: String = target.trim().chars().take(16).collect::<String>().to_ascii_lowercase();
    ["http://", "https://", "ftp://", "\\\\", "//", "file://"].iter().any(|p| lower.starts_with(p))
        && !lower.starts_with("file:///")
        || lower.starts_with("file:////")
}

/// A file specification: text, or a dictionary with it.
fn target(pdf: &Pdf, object: Option<&Obj>) -> String {
    match object.map(|o| pdf.resolve(o)) {
        Some(Obj::Str(bytes)) => text::string(bytes),
        Some(Obj::Dict(dict)) => ["UF", "F", "URI", "Unix", "DOS"]
            .iter()
            .find_map(|key| match pdf.get(dict, key) {
                Obj::Str(bytes) => Some(text::string(bytes)),
                _ => None,
            })
            .unwrap_or_default(),
        _ => String::new(),
    }
}

/// A document on another machine, or on one of the reader's own network.
fn elsewhere(target: &str, scan: &mut Scan<'_>) {
    let own = Target::of(target).intranet();
    let severity = if own { Severity::Low } else { Id::PdfRemote.severity() };
    scan.find_as(Id::PdfRemote, severity, Derived::Static, "action", target);
}

fn launch(pdf: &Pdf, dict: &Dict, scan: &mut Scan<'_>) {
    let window = pdf.dict(dict, "Win");
    let program = window.map_or_else(|| target(pdf, dict.get("F")), |w| target(pdf, w.get("F")));
    let arguments = window.map(|w| target(pdf, w.get("P"))).unwrap_or_default();
    let line = format!("{program} {arguments}").trim().to_owned();
    scan.active = true;
    // The index of a disc opens the documents beside it; a program or a command line is something else.
    let beside = arguments.is_empty() && !remote(&program) && !program.contains(':');
    let document = matches!(
        extensions::class(&crate::kind::extension(&program)),
        Class::Document | Class::Picture | Class::Media
    );
    let severity = if beside && document { Severity::Low } else { Id::PdfLaunch.severity() };
    scan.find_as(Id::PdfLaunch, severity, Derived::Static, "action", &line);
    scan.indicate(IndicatorKind::Cmdline, &line, "action");
    scan.text(TextKind::Decoded, line, "action");
}

fn script(pdf: &Pdf, js: &Obj, scan: &mut Scan<'_>) -> Option<String> {
    if let Some(entry) = pdf.stream_of(js) {
        return pdf.data(entry, scan.budget).map(|(data, _)| text::string(&data));
    }
    match pdf.resolve(js) {
        Obj::Str(bytes) => Some(text::string(bytes)),
        _ => None,
    }
}

/// Forms lead to the office that wants them and send themselves there: odd only where nobody pressed anything.
const ODD: &[&str] = &["launchURL", "app.openDoc", "submitForm", "eval(", "getURL("];

fn javascript(code: &str, scan: &mut Scan<'_>) {
    // Forms calculate and check; taking a file out or decoding text is something else.
    const BAD: &[&str] = &[
        "exportDataObject",
        "nLaunch",
        "unescape(",
        "Collab.",
        "util.printf",
        "media.newPlayer",
        "String.fromCharCode",
        "spell.customDictionaryOpen",
    ];
    let bad = BAD.iter().any(|word| code.contains(word));
    scan.active |= bad || ODD.iter().any(|word| code.contains(word));
    let severity = if bad { Severity::High } else { Id::PdfJs.severity() };
    scan.find_as(Id::PdfJs, severity, Derived::Static, "action", code.trim());
    crate::script::javascript(code, "action", scan);
    scan.text(TextKind::Code, code, "action");
}

/// What happens when the file is opened. Jumping to a page is what most files do.
fn opens(pdf: &Pdf, scan: &mut Scan<'_>) {
    let Some(root) = pdf.dict(&pdf.trailer, "Root") else { return };
    let action = pdf.dict(root, "OpenAction");
    let acts = |dict: &Dict| !matches!(dict.name("S"), "" | "GoTo" | "Named");
    if let Some(action) = action.filter(|a| acts(a)) {
        scan.find(Id::PdfOpenaction, "catalog", format!("/{}", action.name("S")));
        let code = action.get("JS").and_then(|js| script(pdf, js, scan)).unwrap_or_default();
        if ODD.iter().any(|word| code.contains(word)) {
            scan.find_as(Id::PdfJs, Severity::High, Derived::Static, "catalog", code.trim());
        }
    }
    if let Some(additional) = pdf.dict(root, "AA") {
        let first = additional.0.iter().find(|(_, value)| pdf.resolve(value).dict().is_some_and(acts));
        if let Some((key, _)) = first {
            scan.find(Id::PdfOpenaction, "catalog", format!("/AA /{key}"));
        }
    }
}

/// Files inside become files of the tree.
fn files(pdf: &Pdf, scan: &mut Scan<'_>) {
    let mut done = FxHashSet::default();
    let mut count = 0;
    for entry in &pdf.entries {
        let Some(dict) = entry.object.dict() else { continue };
        let Some(inner) = pdf.dict(dict, "EF") else { continue };
        let stream = ["F", "UF", "DOS", "Unix"].iter().find_map(|key| pdf.stream_of(inner.get(key)?));
        if let Some(stream) = stream.filter(|s| done.insert(s.number)) {
            embedded(pdf, stream, target(pdf, Some(&entry.object)), &mut count, scan);
        }
    }
    // The packets of an XFA form are of that type too, and are the form itself.
    let forms = pdf.entries.iter().filter_map(|e| e.object.dict()).flat_map(packets);
    done.extend(forms.filter_map(|packet| pdf.stream_of(packet)).map(|stream| stream.number));
    for entry in &pdf.entries {
        let named = entry.object.dict().is_some_and(|d| d.name("Type") == "EmbeddedFile");
        if named && entry.stream.is_some() && done.insert(entry.number) {
            embedded(pdf, entry, String::new(), &mut count, scan);
        }
    }
}

/// Parts of the XFA form that a dictionary names, or that its form does.
fn packets(dict: &Dict) -> impl Iterator<Item = &Obj> {
    let inner = match dict.get("AcroForm") {
        Some(Obj::Dict(form)) => form.get("XFA"),
        _ => None,
    };
    [dict.get("XFA"), inner].into_iter().flatten().flat_map(|xfa| match xfa {
        Obj::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    })
}

fn embedded(pdf: &Pdf, entry: &Entry, name: String, count: &mut usize, scan: &mut Scan<'_>) {
    if !scan.budget.gaps.room(*count, FILES_MAX, "embedded files") {
        return;
    }
    *count += 1;
    let Some((data, _)) = pdf.data(entry, scan.budget) else { return };
    let name = if name.is_empty() { format!("embedded_{count}") } else { name };
    let kind = sniff(&data, &name, None);
    let extension = crate::kind::extension(&name);
    let family = kind.family();
    let active = matches!(
        family,
        Family::Program | Family::Script | Family::Shortcut | Family::Page | Family::DiskImage
    ) || ACTIVE_TARGETS.contains(&extension.as_str())
        || matches!(extension.as_str(), "chm" | "settingcontent-ms" | "library-ms");
    let carried =
        matches!(family, Family::Page | Family::Archive | Family::Office | Family::Text | Family::Other)
            && CARRIED_TARGETS.contains(&extension.as_str());
    // Invoices carry their data as XML, portfolios carry documents and pictures.
    let harmless = matches!(family, Family::Text | Family::Image | Family::Media) || kind == Kind::Pdf;
    let severity = match (active, harmless) {
        (_, _) if carried => Id::PdfEmbeddedFile.severity(),
        (true, _) => Severity::High,
        (false, true) => Severity::Low,
        (false, false) => Id::PdfEmbeddedFile.severity(),
    };
    scan.active |= active;
    scan.find_as(
        Id::PdfEmbeddedFile,
        severity,
        Derived::Static,
        "files",
        format!("{name} ({})", kind.name()),
    );
    scan.indicate(IndicatorKind::Filename, &name, "files");
    scan.child(Child { name, bytes: data.into(), relation: Relation::Embedded, ..Child::default() });
}

/// One page, one link over most of it or over its only picture, to something that no honest link has behind it.
pub(super) fn lure_link(pdf: &Pdf, pages: &Pages, scan: &mut Scan<'_>) {
    let Some(page) = pages.first.as_ref().filter(|_| pages.count == 1) else { return };
    let mut targets: Vec<&str> = page.links.iter().map(|l| l.1.as_str()).collect();
    targets.sort_unstable();
    targets.dedup();
    if targets.len() > LURE_LINKS_MAX || pdf.entries.is_empty() {
        return;
    }
    let whole = page.area.area().max(1.0);
    let covers = |rect: Rect| {
        let only = match page.images.as_slice() {
            [one] => one.area() > whole * 0.05 && rect.overlap(*one) > one.area() * 0.6,
            _ => false,
        };
        only || rect.overlap(page.area) >= whole * COVER_SHARE
    };
    let shown = pages.text.to_lowercase();
    let password = ["password:", "passwort:", "pass:", "pw:", "contraseña:", "mot de passe", "パスワード"];
    let told = password.iter().any(|p| shown.contains(p));
    let found = page.links.iter().find(|(rect, url)| covers(*rect) && (odd_target(url) || told));
    if let Some((_, url)) = found {
        scan.active = true;
        scan.find(Id::PdfLureLink, "page 1", url);
    }
}

/// An archive, a page to download, a shortener, a bare address.
fn odd_target(url: &str) -> bool {
    let url = sekisho_mail::Url::parse(url.trim());
    let path = url.path.as_deref().unwrap_or_default().to_lowercase();
    let extension = crate::kind::extension(&path);
    url.ip.is_some()
        || ACTIVE_TARGETS.contains(&extension.as_str())
        || url.domain.root_domain.as_deref().is_some_and(|root| SHORTENERS.contains(&root))
}
