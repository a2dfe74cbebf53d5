//! Functions of the message data model that need no model or network. All others answer with the name of what is
//! missing, so that rules which need them end indeterminate.

use std::cell::OnceCell;

use bytes::Bytes;
use sekisho_mail::{Attachment, Domain, EmailAddress, Html, Url};
use sekisho_mql::value::{Arena, Outcome, Value};

use super::{Show, files, history, host::Function, object, shape, xpath};

/// Functions that are answered.
const ANSWERED: &[(&str, Function)] = &[
    ("strings.parse_url", |_, args, arena| {
        let strict = !matches!(args.get(1).copied(), Some(Value::Bool(false)));
        text(args, |t| {
            let url = if strict { Url::parse(t) } else { Url::parse_loose(t) };
            if url.domain.domain.is_empty() && url.scheme.is_none() {
                Value::Null
            } else {
                object(arena.keep(url), arena)
            }
        })
    }),
    ("strings.parse_domain", |_, args, arena| {
        text(args, |t| {
            let domain = Domain::parse(t);
            if domain.domain.is_empty() { Value::Null } else { object(arena.keep(domain), arena) }
        })
    }),
    ("strings.parse_email", |_, args, arena| {
        text(args, |t| {
            let email = EmailAddress::parse(t);
            if email.domain.domain.is_empty() { Value::Null } else { object(arena.keep(email), arena) }
        })
    }),
    ("strings.parse_html", |_, args, arena| text(args, |t| html(t.to_owned(), arena))),
    ("file.parse_html", |_, args, arena| Outcome::Value(parse_html(args, arena))),
    ("file.parse_text", |_, args, arena| Outcome::Value(parse_text(args, arena))),
    ("html.xpath", |host, args, arena| Outcome::Value(xpath::xpath(host.shared, args, arena))),
    ("file.explode", files::explode),
    ("file.expand_archives", files::expand_archives),
    ("file.oletools", files::oletools),
    ("file.parse_eml", files::parse_eml),
    ("beta.file.parse_ics", files::parse_ics),
    ("beta.parse_exif", files::parse_exif),
    ("beta.scan_qr", files::scan_qr),
];

/// Functions that nothing can answer yet, and so every rule that is decided by one is indeterminate.
const MISSING: &[&str] = &[
    "ml.nlu_classifier",
    "ml.link_analysis",
    "beta.linkanalysis",
    "file.message_screenshot",
    "beta.message_screenshot",
    "file.html_screenshot",
    "beta.ml_extract_sensitive_information",
    "beta.ocr",
    "network.whois",
    "ml.logo_detect",
    "beta.ml_topic",
    "ml.attack_score",
    "beta.fuzzy_attack_score",
    "ml.macro_classifier",
    "beta.ml_translate",
];

/// The function of that name. One that neither table names is missing, too.
pub(crate) fn find(name: &str) -> (&'static str, Option<Function>) {
    if let Some((name, function)) = ANSWERED.iter().chain(history::FUNCTIONS).find(|(n, _)| *n == name) {
        return (name, Some(*function));
    }
    (MISSING.iter().find(|n| **n == name).copied().unwrap_or("a function of a newer rule feed"), None)
}

fn text<'a>(args: &[Value<'a>], f: impl FnOnce(&'a str) -> Value<'a>) -> Outcome<'a> {
    Outcome::Value(args.first().and_then(|a| a.as_str()).map_or(Value::Null, f))
}

fn content<'a>(args: &[Value<'a>]) -> Option<&'a [u8]> {
    match *args.first()? {
        Value::Object(o) => o.bytes(),
        Value::Bytes(b) => Some(b),
        Value::Str(s) => Some(s.as_bytes()),
        _ => None,
    }
}

/// An HTML object made by a function. Rules ask this of any file: it is decoded and parsed when they read it.
pub(super) struct ParsedHtml {
    source: Source,
    raw: OnceCell<String>,
    dom: OnceCell<Html>,
}

enum Source {
    Text,
    File(Bytes),
}

impl ParsedHtml {
    /// The source.
    fn raw(&self) -> &str {
        self.raw.get_or_init(|| match &self.source {
            Source::Text => String::new(),
            Source::File(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        })
    }

    /// The document.
    pub(super) fn dom(&self) -> &Html {
        self.dom.get_or_init(|| Html::parse(self.raw()))
    }

    /// False when the source has no tag of this name.
    pub(super) fn may_have(&self, name: &str) -> bool {
        let source = match &self.source {
            Source::Text => self.raw().as_bytes(),
            Source::File(bytes) => bytes,
        };
        let is_name = |at: usize| {
            source.get(at + 1..at + 1 + name.len()).is_some_and(|s| s.eq_ignore_ascii_case(name.as_bytes()))
        };
        memchr::memchr_iter(b'<', source).any(is_name)
    }
}

shape!(ParsedHtml, "HTML" {
    display_text = |it, _arena| Value::Str(&it.dom().display_text),
    inner_text = |it, _arena| Value::Str(&it.dom().inner_text), links = |it, arena| it.dom().links.show(arena),
    raw = |it, _arena| Value::Str(it.raw()), hidden_text = |it, _arena| Value::Str(&it.dom().hidden_text),
} content raw);

pub(super) fn html(raw: String, arena: &Arena) -> Value<'_> {
    let parsed = ParsedHtml { source: Source::Text, raw: OnceCell::from(raw), dom: OnceCell::new() };
    object(arena.keep(parsed), arena)
}

/// `file.parse_html`.
fn parse_html<'a>(args: &[Value<'a>], arena: &'a Arena) -> Value<'a> {
    let Some(bytes) = content(args) else { return Value::Null };
    let attachment = args.first().and_then(|a| a.as_object()).and_then(|o| o.as_any());
    let bytes = match attachment.and_then(|any| any.downcast_ref::<Attachment>()) {
        Some(attachment) => attachment.raw.clone(),
        None => Bytes::copy_from_slice(bytes),
    };
    object(
        arena.keep(ParsedHtml { source: Source::File(bytes), raw: OnceCell::new(), dom: OnceCell::new() }),
        arena,
    )
}

struct ParsedText {
    text: Option<String>,
}

shape!(ParsedText, "ParseTextResult" { text });

/// `file.parse_text`: the first of the encodings that fits; null text when none does.
fn parse_text<'a>(args: &[Value<'a>], arena: &'a Arena) -> Value<'a> {
    let Some(bytes) = content(args) else { return Value::Null };
    let mut wanted: Vec<&str> = Vec::new();
    if let Some(list) = args.get(1).and_then(|a| a.as_list()) {
        wanted.extend((0..list.len()).filter_map(|i| list.get(i, arena).as_str()));
    }
    if wanted.is_empty() {
        wanted = vec!["ascii", "utf8"];
    }
    let text = wanted.iter().find_map(|encoding| match *encoding {
        "ascii" if bytes.is_ascii() => String::from_utf8(bytes.to_vec()).ok(),
        "utf8" => String::from_utf8(bytes.to_vec()).ok(),
        "utf16-le" => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    });
    object(arena.keep(ParsedText { text }), arena)
}
