//! What a page consists of: scripts, handlers, elements that scripts name, links, embedded files.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use sekisho_mail::{Html, html::NodeRef};

use crate::{
    gaps::Gaps,
    script::{
        decode,
        js::{Machine, eval::Element, value::Text},
    },
};

/// Runs of base64 characters from here on are set aside before the markup is parsed.
const RUN_MIN: usize = 4_096;
/// Literals shorter than this are no files.
const LITERAL_MIN: usize = 64;
/// Attributes and texts kept for scripts, in bytes.
const ELEMENT_BYTES_MAX: usize = 32 << 20;
/// Bytes of a link.
const LINK_BYTES_MAX: usize = 8_192;
const MARK: &str = "~set-aside~";

/// A script of the page.
#[derive(Debug, Default)]
pub(super) struct ScriptTag {
    pub(super) language: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) source: Option<String>,
    pub(super) text: String,
}

impl ScriptTag {
    /// JavaScript, and not data for it or VBScript.
    pub(super) fn is_javascript(&self) -> bool {
        let says = |value: &Option<String>| value.as_deref().unwrap_or_default().to_ascii_lowercase();
        let (kind, language) = (says(&self.kind), says(&self.language));
        !language.starts_with("vb")
            && (kind.is_empty() || kind.contains("script") && !kind.contains("vb") || kind == "module")
    }
}

impl ScriptTag {
    pub(super) fn is_vbscript(&self) -> bool {
        let vb =
            |value: &Option<String>| value.as_deref().unwrap_or_default().to_ascii_lowercase().contains("vb");
        vb(&self.kind) || vb(&self.language)
    }
}

#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) html: Html,
    pub(super) scripts: Vec<ScriptTag>,
    /// Code of `on…` attributes and `javascript:` addresses, and whether nobody has to do anything.
    pub(super) handlers: Vec<(bool, String)>,
    pub(super) elements: FxHashMap<String, Element>,
    pub(super) links: Vec<String>,
    /// Targets of forms.
    pub(super) actions: Vec<String>,
    /// `data:` addresses of links and frames, with the name that they are saved under.
    pub(super) embedded: Vec<(Option<String>, String)>,
    /// A link that saves its target.
    pub(super) download_links: u32,
    /// Values of attributes that are neither links nor code, in which an address may stand.
    pub(super) values: Vec<String>,
    /// A field that hides what is typed without saying that it is a password.
    pub(super) masked_input: bool,
    /// What was not kept.
    pub(super) gaps: Gaps,
}

impl Page {
    pub(super) fn read(source: &str) -> Page {
        let (squeezed, runs) = squeeze(source);
        let mut page = Page { html: Html::parse(&squeezed), ..Page::default() };
        let html = std::mem::take(&mut page.html);
        let mut room = ELEMENT_BYTES_MAX;
        let mut waiting = vec![html.document()];
        while let Some(node) = waiting.pop() {
            let at = waiting.len();
            waiting.extend(node.children());
            if let Some(new) = waiting.get_mut(at..) {
                new.reverse();
            }
            if !node.name().is_empty() {
                page.element(node, &runs, &mut room);
            }
        }
        page.html = html;
        page.links = tidy(std::mem::take(&mut page.links), &mut page.gaps);
        page
    }

    fn element(&mut self, node: NodeRef<'_>, runs: &[&str], room: &mut usize) {
        let get = |name: &str| node.attribute(name).map(|v| restore(v, runs));
        let name = node.name();
        if name == "script" {
            self.scripts.push(ScriptTag {
                language: get("language"),
                kind: get("type"),
                source: get("src")
                    .or_else(|| get("href"))
                    .or_else(|| get("xlink:href"))
                    .filter(|s| !s.is_empty()),
                text: restore(&node.inner_text(), runs),
            });
        }
        for handler in HANDLERS {
            if let Some(code) = get(handler.0).filter(|c| !c.trim().is_empty()) {
                self.handlers.push((handler.1, code));
            }
        }
        for attribute in ["href", "src", "action", "formaction", "data", "xlink:href"] {
            if let Some(value) = get(attribute) {
                self.address(name, attribute, value, get("download"));
            }
        }
        if let Some(inner) = get("srcdoc") {
            self.embedded.push((None, format!("data:text/html,{inner}")));
        }
        if name == "a" && node.attribute("download").is_some() {
            self.download_links += 1;
        }
        if name == "input" {
            // No reader's address is longer.
            self.values.extend(get("value").filter(|v| v.len() < 4_096));
            self.masked_input |= node.attribute("style").is_some_and(|s| s.contains("text-security"));
        }
        if let Some(id) =
            node.attribute("id").filter(|_| name != "script" && name != "html" && name != "body")
        {
            self.named(id, node, runs, room);
        }
    }

    fn named(&mut self, id: &str, node: NodeRef<'_>, runs: &[&str], room: &mut usize) {
        let text = restore(&node.inner_text(), runs);
        let mut element = Element { tag: node.name().to_owned(), ..Element::default() };
        for name in [
            "href",
            "value",
            "src",
            "title",
            "alt",
            "data-value",
            "data-content",
            "data-file",
            "data-url",
            "download",
            "content",
            "data",
            "name",
            "class",
        ] {
            if let Some(value) = node.attribute(name) {
                element.attributes.push((name.to_owned(), restore(value, runs)));
            }
        }
        let size = text.len() + element.attributes.iter().map(|a| a.1.len()).sum::<usize>();
        if size <= *room {
            *room -= size;
            element.text = text;
            self.elements.entry(id.to_owned()).or_insert(element);
        } else {
            self.gaps.over(ELEMENT_BYTES_MAX, "bytes of elements that scripts may name");
        }
    }

    fn address(&mut self, name: &str, attribute: &str, value: String, download: Option<String>) {
        let lower: String = value.trim_start().chars().take(16).collect::<String>().to_ascii_lowercase();
        let frame = matches!(name, "iframe" | "frame" | "object" | "embed");
        if lower.starts_with("javascript:") {
            let code = value.trim_start().get(11..).unwrap_or_default().to_owned();
            self.handlers.push((frame, code));
        } else if lower.starts_with("data:") {
            if frame || name == "a" || name == "script" || name == "area" {
                self.embedded.push((download.filter(|d| !d.is_empty()), value));
            }
        } else if attribute == "action" || attribute == "formaction" {
            self.actions.push(value.clone());
            self.links.push(value);
        } else if !matches!(name, "link" | "img" | "script" | "image" | "use" | "feimage") {
            self.links.push(value);
        }
    }
}

/// Handlers and whether they run by themselves.
const HANDLERS: &[(&str, bool)] = &[
    ("onload", true),
    ("onerror", true),
    ("onpageshow", true),
    ("onfocus", true),
    ("onbegin", true),
    ("ontoggle", true),
    ("onanimationstart", true),
    ("onmouseover", false),
    ("onmousemove", false),
    ("onclick", false),
    ("onsubmit", false),
    ("onkeydown", false),
    ("onkeypress", false),
    ("onchange", false),
];

/// Addresses, each once, without places in the page itself.
fn tidy(links: Vec<String>, gaps: &mut Gaps) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for link in links {
        // Where a longer one leads stands at its beginning.
        let link = link.trim();
        if link.len() > LINK_BYTES_MAX {
            gaps.aside(LINK_BYTES_MAX, "bytes of a link");
        }
        let mut end = link.len().min(LINK_BYTES_MAX);
        while !link.is_char_boundary(end) {
            end -= 1;
        }
        let link = link.get(..end).unwrap_or_default();
        if !link.is_empty() && !link.starts_with('#') && seen.insert(link.to_owned()) {
            out.push(link.to_owned());
        }
    }
    out
}

/// Sets long runs of base64 aside, so that the markup around megabytes of payload stays within the parser's limit.
fn squeeze(source: &str) -> (String, Vec<&str>) {
    if source.len() < sekisho_mail::limits::HTML_BYTES_MAX / 2 {
        return (source.to_owned(), Vec::new());
    }
    let (mut out, mut runs, mut copied, mut start) = (String::new(), Vec::new(), 0, 0);
    let part = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-' | b'%' | b',' | b' ')
    };
    for (at, byte) in source.bytes().chain(std::iter::once(b'<')).enumerate() {
        if part(byte) {
            continue;
        }
        if at - start >= RUN_MIN {
            out.push_str(source.get(copied..start).unwrap_or_default());
            out.push_str(&format!("{MARK}{}~", runs.len()));
            runs.push(source.get(start..at).unwrap_or_default());
            copied = at;
        }
        start = at + 1;
    }
    out.push_str(source.get(copied..).unwrap_or_default());
    (out, runs)
}

fn restore(text: &str, runs: &[&str]) -> String {
    if runs.is_empty() || !text.contains(MARK) {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut pieces = text.split(MARK);
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (number, rest) = piece.split_once('~').unwrap_or((piece, ""));
        out.push_str(number.parse::<usize>().ok().and_then(|n| runs.get(n)).copied().unwrap_or_default());
        out.push_str(rest);
    }
    out
}

/// Tries long literals of scripts that no decoder was seen for: base64 forwards and backwards, hexadecimal.
pub(super) fn literals(page: &Page, machine: &mut Machine<'_>) {
    for script in page.scripts.iter().filter(|s| s.is_javascript()) {
        for token in crate::script::js::lex(&script.text).tokens {
            let crate::script::js::Kind::Str(text, _) = token.kind else { continue };
            if text.len() < LITERAL_MIN || !machine.tick(text.len() as u64 / 32) {
                continue;
            }
            literal(&text, machine);
        }
    }
}

fn literal(text: &str, machine: &mut Machine<'_>) {
    if text.get(..5).is_some_and(|p| p.eq_ignore_ascii_case("data:")) {
        // Pictures and fonts are data; a file to save is what is looked for.
        if decode::data_url(text).is_some_and(|(_, bytes)| decode::carries(&bytes)) {
            machine.data_url(&Text::new(text));
        }
        return;
    }
    let head: Vec<u8> = text.bytes().take(64).collect();
    let tail: Vec<u8> = text.bytes().rev().take(64).collect();
    let starts = |bytes: &[u8]| decode::base64(bytes).is_some_and(|b| decode::carries(&b));
    if starts(&head) {
        machine.payload(&decode::base64(text.as_bytes()).unwrap_or_default(), false);
    } else if starts(&tail) {
        let turned: Vec<u8> = text.bytes().rev().collect();
        machine.payload(&decode::base64(&turned).unwrap_or_default(), false);
    } else if let Some(bytes) = text.get(..64).and_then(decode::hex).filter(|b| decode::carries(b)) {
        machine.payload(&decode::hex(text).unwrap_or(bytes), false);
    }
}
