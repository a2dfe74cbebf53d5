//! Addresses in files: `scan.url`, `scan.qr`, `beta.scan_qr`.

use std::borrow::Cow;

use rustc_hash::FxHashSet;
use sekisho_mail::{Html, Url, urlfind};
use sekisho_mql::value::{Arena, Outcome, Value};
use sekisho_unpack::{Family, File, Kind, Tree};

use super::{
    super::{Show, object},
    EvidenceHost, answer, flavor,
    made::{list, made, texts},
    node::Node,
};

/// Bytes of a file from which on it is not searched.
const SEARCHED_BYTES_MAX: usize = 4 << 20;

/// `scan.url` of texts, pages, XML, RTF and calendars.
pub(super) fn scan<'a>(node: &'a Node<'a>) -> Value<'a> {
    let bytes = node.content();
    let wanted = flavor::is_text(node.kind()) || flavor::mime(node.kind(), bytes).starts_with("text/");
    if !wanted || node.kind() == Kind::Eml || bytes.len() > SEARCHED_BYTES_MAX {
        return Value::Null;
    }
    let decoded = sekisho_mail::charset::decode(bytes, None).text;
    let mut seen: FxHashSet<String> = FxHashSet::default();
    let mut urls: Vec<Url> = Vec::new();
    for found in urlfind::find(&plain(&decoded)) {
        if found.url.scheme.as_deref() != Some("mailto") && seen.insert(found.url.url.clone()) {
            urls.push(found.url);
        }
    }
    let urls = node.arena.keep(urls).show(node.arena);
    made(node.arena, "Scan.URL", &[("invalid_urls", list(node.arena, [])), ("urls", urls)])
}

/// The text with the references that URLs are written with undone.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        let end = behind.bytes().take(10).position(|b| b == b';');
        let name = end.and_then(|end| behind.get(..end));
        match name.and_then(reference) {
            Some(c) => {
                out.push(c);
                rest = behind.get(end.unwrap_or(0) + 1..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn reference(name: &str) -> Option<char> {
    let number = name.strip_prefix('#');
    match (number, name) {
        (Some(n), _) => match n.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
            None => n.parse().ok().and_then(char::from_u32),
        },
        (None, "amp") => Some('&'),
        (None, "lt") => Some('<'),
        (None, "gt") => Some('>'),
        (None, "quot") => Some('"'),
        (None, "apos") => Some('\''),
        _ => None,
    }
}

/// URLs, and what was meant to be one and is none.
pub(super) fn sort<'a>(arena: &'a Arena, all: impl Iterator<Item = &'a str>) -> (Value<'a>, Value<'a>) {
    let (mut urls, mut invalid, mut seen) = (Vec::new(), Vec::new(), FxHashSet::default());
    for text in all.filter(|text| seen.insert(*text)) {
        let url = Url::parse_loose(text);
        if url.domain.domain.is_empty() && url.scheme.is_none() {
            invalid.push(text);
        } else {
            urls.push(url);
        }
    }
    (arena.keep(urls).show(arena), texts(arena, invalid))
}

/// `Scan.QR`.
pub(super) fn code<'a>(arena: &'a Arena, data: &'a str) -> Value<'a> {
    let kind = kind(data);
    let url = match kind {
        "url" => object(arena.keep(Url::parse(data)), arena),
        // A code may leave out the scheme; telephones add it.
        "undefined" => match urlfind::whole(data.trim()).filter(Url::has_host) {
            Some(url) => object(arena.keep(url), arena),
            None => Value::Null,
        },
        _ => Value::Null,
    };
    made(arena, "Scan.QR", &[("data", Value::Str(data)), ("type", Value::Str(kind)), ("url", url)])
}

fn kind(data: &str) -> &'static str {
    let scheme = data.split_once("://").map(|(scheme, _)| scheme);
    if data.contains("MATMSG") || data.contains("mailto") {
        "email"
    } else if data.contains("tel:") || data.contains("sms:") {
        "mobile"
    } else if data.contains("geo:") {
        "geo"
    } else if data.contains("WIFI") {
        "wifi"
    } else if scheme
        .is_some_and(|s| (3..=10).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphabetic()))
    {
        "url"
    } else {
        "undefined"
    }
}

/// `beta.scan_qr(file)`: the codes of a picture, or of the pictures in a document.
pub(in crate::bind) fn scan_qr<'a>(
    host: &EvidenceHost<'a>,
    args: &[Value<'a>],
    arena: &'a Arena,
) -> Outcome<'a> {
    answer(host, args, arena, |subject| {
        if subject.file.kind == Kind::Svg {
            // A drawing would have to be drawn.
            return arena.unknown("file.html_screenshot");
        }
        let mut seen = FxHashSet::default();
        let codes = within(subject.tree, subject.at).flat_map(codes).filter(|code| seen.insert(*code));
        let items: Vec<Value<'a>> = codes.map(|data| code(arena, data)).collect();
        let found = Value::Bool(!items.is_empty());
        made(arena, "QRResult", &[("items", list(arena, items)), ("found", found)])
    })
}

fn codes(file: &File) -> impl Iterator<Item = &str> {
    file.facts.image.iter().flat_map(|image| &image.qr).map(String::as_str)
}

/// The file and what is in it.
fn within(tree: &Tree, root: usize) -> impl Iterator<Item = &File> {
    let mut inside: FxHashSet<usize> = FxHashSet::default();
    inside.insert(root);
    let family = tree.files.get(root).map(|f| f.kind.family());
    let document = matches!(family, Some(Family::Document | Family::Office));
    tree.files.iter().enumerate().filter_map(move |(at, file)| {
        let belongs = at == root || file.parent.is_some_and(|p| document && inside.contains(&p));
        if belongs {
            inside.insert(at);
        }
        belongs.then_some(file)
    })
}

/// Links in a text: its anchors when it is HTML, else the URLs that stand in it.
pub(super) fn links(text: &str) -> Vec<sekisho_mail::Link> {
    if is_html(text) {
        return Html::parse(text).links;
    }
    urlfind::find(text)
        .into_iter()
        .map(|found| sekisho_mail::Link {
            display_url: Some(found.url.clone()),
            href_url: found.url,
            parser: "plain".to_owned(),
            visible: true,
            ..sekisho_mail::Link::default()
        })
        .collect()
}

/// Markup, not text.
pub(super) fn is_html(text: &str) -> bool {
    text.contains('<') && (text.contains("</") || text.contains("<br") || text.contains("/>"))
}
