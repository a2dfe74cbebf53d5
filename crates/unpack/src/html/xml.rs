//! The names that an XML document uses: one scan, no tree.

use std::collections::BTreeSet;

use crate::facts::Xml;

/// Names kept, for rules to look up; no vocabulary has more.
const NAMES_MAX: usize = 4_096;

/// Elements, namespaces, document type and version.
pub(crate) fn facts(source: &str) -> Xml {
    let mut out = Xml::default();
    let (mut tags, mut spaces) = (BTreeSet::new(), BTreeSet::new());
    let mut rest = source;
    while let Some(at) = rest.find('<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        if let Some(behind) = rest.strip_prefix("!--") {
            rest = behind.split_once("-->").map_or("", |(_, r)| r);
            continue;
        }
        let end = rest.find('>').unwrap_or(rest.len());
        let (tag, behind) = rest.split_at(end);
        rest = behind;
        if tag.starts_with("?xml") {
            out.version = value(tag, "version=");
        } else if let Some(kind) = tag.strip_prefix("!DOCTYPE").or_else(|| tag.strip_prefix("!doctype")) {
            out.doc_type = Some(kind.trim().chars().take(200).collect());
        } else if !tag.starts_with(['/', '!', '?']) {
            let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
            if !name.is_empty() && name.len() < 100 && out.tags.len() < NAMES_MAX && tags.insert(name) {
                out.tags.push(name.to_owned());
            }
            for piece in tag.split("xmlns").skip(1) {
                let space = value(piece, "=").unwrap_or_default();
                if !space.is_empty() && out.namespaces.len() < NAMES_MAX && spaces.insert(space.clone()) {
                    out.namespaces.push(space);
                }
            }
        }
    }
    out
}

/// The quoted text behind a key.
fn value(text: &str, key: &str) -> Option<String> {
    let (_, rest) = text.split_once(key)?;
    let quote = rest.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    rest.get(1..)?.split(quote).next().map(|v| v.chars().take(500).collect())
}
