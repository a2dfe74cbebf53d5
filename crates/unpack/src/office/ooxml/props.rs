//! Properties of a document: what `docProps` says, as facts, metadata and strings that macros read.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::walk::Gathered;
use crate::{
    Place,
    facts::Office,
    office::xml::{Event, Reader},
    scan::Scan,
};

/// Properties of one part.
const PROPERTIES_MAX: usize = 1_024;
/// Bytes of a property.
const PROPERTY_BYTES_MAX: usize = 1 << 20;

/// Names: element, as ExifTool writes it, as VBA reads it.
const NAMES: [(&str, &str, &str); 22] = [
    ("title", "Title", "Title"),
    ("subject", "Subject", "Subject"),
    ("creator", "Creator", "Author"),
    ("keywords", "Keywords", "Keywords"),
    ("description", "Description", "Comments"),
    ("lastModifiedBy", "LastModifiedBy", "Last Author"),
    ("revision", "RevisionNumber", "Revision Number"),
    ("created", "CreateDate", "Creation Date"),
    ("modified", "ModifyDate", "Last Save Time"),
    ("lastPrinted", "LastPrinted", "Last Print Date"),
    ("category", "Category", "Category"),
    ("contentStatus", "ContentStatus", "Content status"),
    ("language", "Language", "Language"),
    ("version", "Version", "Document version"),
    ("Application", "Application", "Application Name"),
    ("AppVersion", "AppVersion", "AppVersion"),
    ("Company", "Company", "Company"),
    ("Manager", "Manager", "Manager"),
    ("Template", "Template", "Template"),
    ("HyperlinkBase", "HyperlinkBase", "Hyperlink Base"),
    ("TotalTime", "TotalEditTime", "Total Editing Time"),
    ("Pages", "Pages", "Number of Pages"),
];

/// Reads a properties part of any of the three kinds.
pub(crate) fn read(name: &str, text: &str, all: &mut Gathered, scan: &mut Scan<'_>) {
    let place = Place::new(name);
    let mut reader = Reader::new(text);
    let mut stack: Vec<String> = Vec::new();
    let mut custom = None;
    let mut value = String::new();
    let mut count = 0;
    while let Some(event) = reader.next() {
        match event {
            Event::Open(e, empty) => {
                if matches!(e.name(), b"property" | b"user-defined") {
                    custom = e.attribute("name");
                    value.clear();
                }
                if !empty {
                    if custom.is_none() {
                        value.clear();
                    }
                    stack.push(String::from_utf8_lossy(e.name()).into_owned());
                }
            }
            Event::Text(t) if value.len() + t.len() <= PROPERTY_BYTES_MAX => value.push_str(&t),
            Event::Text(_) => scan.over(PROPERTY_BYTES_MAX, "bytes of a property"),
            Event::Close(_) => {
                let Some(ended) = stack.pop() else { continue };
                let own = matches!(ended.as_str(), "property" | "user-defined");
                let built = custom.is_none() && NAMES.iter().any(|(name, ..)| *name == ended);
                if (own || built) && !scan.budget.gaps.room(count, PROPERTIES_MAX, "properties") {
                    return;
                }
                count += usize::from(own || built);
                if own {
                    let name = custom.take().unwrap_or_default();
                    all.string(format!("CustomDocumentProperties(\"{name}\")"), &value, &place, scan);
                    scan.facts.metadata.push((name, value.trim().to_owned()));
                } else if custom.is_none() {
                    built_in(&ended, value.trim(), &place, all, scan);
                }
                if custom.is_none() {
                    value.clear();
                }
            }
        }
    }
}

fn built_in(element: &str, value: &str, place: &Place, all: &mut Gathered, scan: &mut Scan<'_>) {
    let known = NAMES.iter().find(|(name, ..)| *name == element);
    let Some((_, shown, code)) = known.filter(|_| !value.is_empty()) else { return };
    scan.facts.metadata.push(((*shown).to_owned(), value.to_owned()));
    fact(scan.facts.office.get_or_insert_default(), element, value);
    let dated =
        matches!(element, "created" | "modified" | "lastPrinted" | "revision" | "AppVersion" | "TotalTime");
    if !dated {
        all.string((*code).to_owned(), value, place, scan);
    }
}

fn fact(office: &mut Office, element: &str, value: &str) {
    let text = || Some(value.to_owned());
    match element {
        "title" => office.title = text(),
        "subject" => office.subject = text(),
        "creator" => office.author = text(),
        "keywords" => office.keywords = text(),
        "description" => office.comments = text(),
        "lastModifiedBy" => office.last_modified_by = text(),
        "category" => office.category = text(),
        "revision" => office.revision = value.parse().ok(),
        "created" => office.created = seconds(value),
        "modified" => office.modified = seconds(value),
        _ => {}
    }
}

fn seconds(value: &str) -> Option<i64> {
    let zoned = if value.contains(['Z', '+']) { value.to_owned() } else { format!("{value}Z") };
    OffsetDateTime::parse(&zoned, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}
