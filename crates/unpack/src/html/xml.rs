//! The names that an XML document uses: one scan, no tree.

use std::collections::BTreeSet;

use crate::{facts::Xml, gaps::Gaps};

/// Names kept, for rules to look up; no vocabulary has more.
const NAMES_MAX: usize = 4_096;
/// Bytes of a name: from here on it is none.
const NAME_BYTES: usize = 100;
/// Characters of a namespace or version.
const VALUE_CHARS_MAX: usize = 500;
/// Characters of a document type.
const TYPE_CHARS_MAX: usize = 200;

/// Elements, namespaces, document type and version.
pub(crate) fn facts(source: &str, gaps: &mut Gaps) -> Xml {
    let mut own = Gaps::default();
    let mut out = read(source, &mut own);
    out.cut = own != Gaps::default();
    gaps.extend(&own);
    out
}

fn read(source: &str, gaps: &mut Gaps) -> Xml {
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
            out.version = value(tag, "version=", gaps);
        } else if let Some(kind) = tag.strip_prefix("!DOCTYPE").or_else(|| tag.strip_prefix("!doctype")) {
            out.doc_type =
                Some(beginning(kind.trim(), TYPE_CHARS_MAX, "characters of a document type", gaps));
        } else if !tag.starts_with(['/', '!', '?']) {
            let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
            if name.len() >= NAME_BYTES {
                gaps.aside(NAME_BYTES - 1, "bytes of an element's name: it is no fact for rules");
            } else if !name.is_empty()
                && !tags.contains(name)
                && gaps.room(out.tags.len(), NAMES_MAX, "names of elements: not all are facts for rules")
            {
                tags.insert(name);
                out.tags.push(name.to_owned());
            }
            for piece in tag.split("xmlns").skip(1) {
                let space = value(piece, "=", gaps).unwrap_or_default();
                if !space.is_empty()
                    && !spaces.contains(&space)
                    && gaps.room(out.namespaces.len(), NAMES_MAX, "namespaces: not all are facts for rules")
                {
                    spaces.insert(space.clone());
                    out.namespaces.push(space);
                }
            }
        }
    }
    out
}

/// The quoted text behind a key.
fn value(text: &str, key: &str, gaps: &mut Gaps) -> Option<String> {
    let (_, rest) = text.split_once(key)?;
    let quote = rest.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let value = rest.get(1..)?.split(quote).next()?;
    Some(beginning(value, VALUE_CHARS_MAX, "characters of a namespace", gaps))
}

/// The first characters; that there are more is noted.
fn beginning(text: &str, max: usize, what: &'static str, gaps: &mut Gaps) -> String {
    gaps.most(text.chars(), max, what).into_iter().collect()
}
