//! Property sets (MS-OLEPS): title, author and dates of a document, and the properties that its writer made up.

use super::{
    cfb::{Cfb, u16_at, u32_at, u64_at},
    codepage,
};
use crate::{
    Place,
    gaps::Gaps,
    scan::{Scan, TextKind},
};

/// Properties of one set.
const PROPERTIES_MAX: usize = 512;
/// Bytes of one value.
const VALUE_BYTES_MAX: usize = 64 << 10;
/// Bytes of all values of a file.
const VALUES_BYTES_MAX: usize = 4 << 20;
/// Seconds from 1601 to 1970.
const EPOCH: i64 = 11_644_473_600;

const SUMMARY: &str = "\u{5}SummaryInformation";
const DOCUMENT: &str = "\u{5}DocumentSummaryInformation";

/// Names as ExifTool has them, by the numbers of the summary.
const SUMMARY_NAMES: [(u32, &str); 17] = [
    (2, "Title"),
    (3, "Subject"),
    (4, "Author"),
    (5, "Keywords"),
    (6, "Comments"),
    (7, "Template"),
    (8, "LastModifiedBy"),
    (9, "RevisionNumber"),
    (10, "TotalEditTime"),
    (11, "LastPrinted"),
    (12, "CreateDate"),
    (13, "ModifyDate"),
    (14, "Pages"),
    (15, "Words"),
    (16, "Characters"),
    (18, "Software"),
    (19, "Security"),
];
const DOCUMENT_NAMES: [(u32, &str); 11] = [
    (2, "Category"),
    (3, "PresentationTarget"),
    (4, "Bytes"),
    (5, "Lines"),
    (6, "Paragraphs"),
    (7, "Slides"),
    (8, "Notes"),
    (9, "HiddenSlides"),
    (10, "MMClips"),
    (14, "Manager"),
    (15, "Company"),
];

/// A value, as far as it matters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Number(i64),
    Text(String),
    /// Seconds since the epoch.
    Time(i64),
    /// Seconds.
    Span(i64),
}

impl Value {
    fn text(&self) -> String {
        match self {
            Value::Number(n) => n.to_string(),
            Value::Text(text) => text.clone(),
            Value::Time(seconds) => iso(*seconds),
            Value::Span(seconds) => format!("{seconds} s"),
        }
    }
}

/// One property.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Property {
    /// Which set of the stream: 0, or 1 for those that the writer made up.
    pub(crate) set: usize,
    pub(crate) id: u32,
    /// Its name when the set has a dictionary.
    pub(crate) name: Option<String>,
    pub(crate) value: Value,
}

/// Reads the document's properties into its facts and texts; gives the names by which code reads them, and their values.
pub(super) fn analyse(cfb: &Cfb, scan: &mut Scan<'_>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (stream, names) in [(SUMMARY, SUMMARY_NAMES.as_slice()), (DOCUMENT, DOCUMENT_NAMES.as_slice())] {
        let Some(bytes) = cfb.find_stream(stream) else { continue };
        for property in read(&bytes, &mut scan.budget.gaps) {
            let known =
                names.iter().find(|(id, _)| *id == property.id && property.set == 0).map(|(_, name)| *name);
            let text = property.value.text();
            if text.is_empty() {
                continue;
            }
            if let Some(name) = known {
                office(name, &property.value, scan);
                scan.facts.metadata.push((name.to_owned(), text.clone()));
                out.push((name.to_owned(), text));
            } else if let Some(name) = property.name.filter(|_| property.set == 1) {
                scan.facts.metadata.push((name.clone(), text.clone()));
                out.push((format!("CustomDocumentProperties(\"{name}\")"), text));
            }
        }
    }
    for (name, text) in &out {
        scan.text(TextKind::Meta, text.clone(), Place::new("properties").then(name));
    }
    out
}

/// The properties that rules ask for by name.
fn office(name: &str, value: &Value, scan: &mut Scan<'_>) {
    let facts = scan.facts.office.get_or_insert_default();
    let text = || Some(value.text()).filter(|t| !t.is_empty());
    match (name, value) {
        ("Title", _) => facts.title = text(),
        ("Subject", _) => facts.subject = text(),
        ("Author", _) => facts.author = text(),
        ("Keywords", _) => facts.keywords = text(),
        ("Comments", _) => facts.comments = text(),
        ("Category", _) => facts.category = text(),
        ("LastModifiedBy", _) => facts.last_modified_by = text(),
        ("CreateDate", Value::Time(at)) => facts.created = Some(*at),
        ("ModifyDate", Value::Time(at)) => facts.modified = Some(*at),
        ("RevisionNumber", _) => facts.revision = value.text().trim().parse().ok(),
        ("Words", Value::Number(n)) => facts.words = u32::try_from(*n).unwrap_or(0),
        ("Slides", Value::Number(n)) => facts.slides = u32::try_from(*n).unwrap_or(0),
        _ => {}
    }
}

/// The properties of a stream.
fn read(bytes: &[u8], gaps: &mut Gaps) -> Vec<Property> {
    let mut out = Vec::new();
    let mut room = VALUES_BYTES_MAX;
    if u16_at(bytes, 0) != Some(0xFFFE) {
        return out;
    }
    // The format has no third.
    let sets = u32_at(bytes, 24).unwrap_or(0).min(2) as usize;
    for set in 0..sets {
        let offset = u32_at(bytes, 28 + set * 20 + 16).unwrap_or(0) as usize;
        if let Some(body) = bytes.get(offset..).filter(|_| offset > 0) {
            read_set(body, set, &mut room, &mut out, gaps);
        }
    }
    out
}

fn read_set(body: &[u8], set: usize, room: &mut usize, out: &mut Vec<Property>, gaps: &mut Gaps) {
    let count = u32_at(body, 4).unwrap_or(0) as usize;
    let all = (0..count).map_while(|n| {
        let at = n.checked_mul(8)?.checked_add(8)?;
        Some((u32_at(body, at)?, u32_at(body, at.checked_add(4)?)? as usize))
    });
    let places: Vec<(u32, usize)> = gaps.most(all, PROPERTIES_MAX, "properties");
    let page = places
        .iter()
        .find(|(id, _)| *id == 1)
        .and_then(|(_, at)| u16_at(body, at.checked_add(4)?))
        .unwrap_or(1252);
    let dictionary = places.iter().find(|(id, _)| *id == 0).map(|(_, at)| dictionary(body, *at, page, gaps));
    let dictionary = dictionary.unwrap_or_default();
    for (id, at) in places.into_iter().filter(|(id, _)| *id > 1) {
        let Some(value) = value(body, at, page, gaps) else { continue };
        if let Value::Text(text) = &value {
            if text.len() > *room {
                gaps.over(VALUES_BYTES_MAX, "bytes of properties");
                return;
            }
            *room -= text.len();
        }
        let name = dictionary.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone());
        out.push(Property { set, id, name, value });
    }
}

/// Numbers and names of the properties that the writer made up.
fn dictionary(body: &[u8], at: usize, page: u16, gaps: &mut Gaps) -> Vec<(u32, String)> {
    let mut out = Vec::new();
    let count = u32_at(body, at).unwrap_or(0);
    let mut at = at.saturating_add(4);
    for _ in 0..count {
        let (Some(id), Some(length)) = (u32_at(body, at), u32_at(body, at.saturating_add(4))) else { break };
        if !gaps.room(out.len(), PROPERTIES_MAX, "names of properties") {
            break;
        }
        let wide = page == 1200;
        let size = if wide { (length as usize).saturating_mul(2) } else { length as usize };
        let start = at.saturating_add(8);
        let Some(name) = body.get(start..start.saturating_add(size.min(VALUE_BYTES_MAX))) else { break };
        out.push((id, clean(&codepage::decode(name, page))));
        at = start.saturating_add(size);
        if wide {
            at = at.checked_next_multiple_of(4).unwrap_or(usize::MAX);
        }
    }
    out
}

fn value(body: &[u8], at: usize, page: u16, gaps: &mut Gaps) -> Option<Value> {
    let kind = u16_at(body, at)?;
    let at = at.checked_add(4)?;
    Some(match kind {
        0x02 => Value::Number(i64::from(u16_at(body, at)?.cast_signed())),
        0x03 | 0x16 => Value::Number(i64::from(u32_at(body, at)?.cast_signed())),
        0x0B => Value::Text(if u16_at(body, at)? == 0 { "false" } else { "true" }.to_owned()),
        0x05 => Value::Text(f64::from_bits(u64_at(body, at)?).to_string()),
        0x13 | 0x17 => Value::Number(i64::from(u32_at(body, at)?)),
        0x14 | 0x15 => Value::Number(u64_at(body, at)?.cast_signed()),
        0x1E | 0x1F => {
            let length = u32_at(body, at)? as usize;
            let size = if kind == 0x1F { length.saturating_mul(2) } else { length };
            let rest = body.get(at.checked_add(4)?..)?;
            let whole = rest.get(..size).unwrap_or(rest);
            let bytes = whole.get(..VALUE_BYTES_MAX).unwrap_or(whole);
            if bytes.len() < whole.len() {
                gaps.over(VALUE_BYTES_MAX, "bytes of a property");
            }
            Value::Text(clean(&codepage::decode(bytes, if kind == 0x1F { 1200 } else { page })))
        }
        0x40 => {
            let ticks = u64_at(body, at)?;
            let seconds = i64::try_from(ticks / 10_000_000).ok()?;
            // Small values are spans of time: how long it was edited.
            if seconds < 3_000_000_000 { Value::Span(seconds) } else { Value::Time(seconds - EPOCH) }
        }
        _ => return None,
    })
}

/// Up to the closing NUL.
fn clean(text: &str) -> String {
    text.split('\0').next().unwrap_or_default().trim_end().to_owned()
}

fn iso(seconds: i64) -> String {
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};
    let at = OffsetDateTime::from_unix_timestamp(seconds).ok();
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_else(|| seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of two sets: a summary and one property of the writer's own.
    fn sample() -> Vec<u8> {
        let mut set = Vec::new();
        let text = |s: &str| {
            let mut out = 0x1Eu32.to_le_bytes().to_vec();
            out.extend((s.len() as u32 + 1).to_le_bytes());
            out.extend(s.bytes().chain([0]));
            out.resize(out.len().next_multiple_of(4), 0);
            out
        };
        let values = [
            (2u32, text("Charts")),
            (4, text("M\u{FC}ller")),
            (14, [3u32.to_le_bytes(), 7u32.to_le_bytes()].concat()),
        ];
        let mut at = 8 + 8 * values.len() as u32;
        set.extend(0u32.to_le_bytes());
        set.extend((values.len() as u32).to_le_bytes());
        for (id, value) in &values {
            set.extend(id.to_le_bytes());
            set.extend(at.to_le_bytes());
            at += value.len() as u32;
        }
        set.extend(values.iter().flat_map(|(_, v)| v.clone()));
        let mut own = [0u32.to_le_bytes(), 2u32.to_le_bytes()].concat();
        own.extend([0u32, 24, 2, 40].iter().flat_map(|n| n.to_le_bytes()));
        own.extend([1u32, 2, 4].iter().flat_map(|n| n.to_le_bytes()));
        own.extend(b"cmd\0");
        own.extend(text("mshta x"));
        let mut out = vec![0; 28];
        out[..2].copy_from_slice(&[0xFE, 0xFF]);
        out[24] = 2;
        out.extend([0; 16]);
        out.extend(68u32.to_le_bytes());
        out.extend([0; 16]);
        out.extend((68 + set.len() as u32).to_le_bytes());
        out.extend(set);
        out.extend(own);
        out
    }

    #[test]
    fn values_and_names() {
        let found: Vec<String> = read(&sample(), &mut Gaps::default())
            .into_iter()
            .map(|p| format!("{}:{} {:?} {:?}", p.set, p.id, p.name, p.value))
            .collect();
        assert_eq!(found[0], r#"0:2 None Text("Charts")"#);
        assert!(found[1].starts_with("0:4 None Text(\"M"));
        assert_eq!(found[2], "0:14 None Number(7)");
        assert_eq!(found[3], r#"1:2 Some("cmd") Text("mshta x")"#);
        assert!(read(b"nothing", &mut Gaps::default()).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_change_is_read(at in 0usize..200, value: u8, cut in 0usize..300) {
            let mut bytes = sample();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            bytes.truncate(cut);
            read(&bytes, &mut Gaps::default());
        }
    }
}
