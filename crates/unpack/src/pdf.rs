//! PDF, as an attacker uses it: links, actions, scripts, files inside, and text that asks for a click.
//!
//! [`file`] finds the objects by scanning, whatever the cross-reference tables say, and unpacks object streams;
//! [`page`] reads what a person sees; [`action`] takes stock of everything that acts, reachable or not;
//! [`picture`] takes out the pictures, whose codes lead elsewhere.

mod action;
mod crypt;
mod file;
mod filter;
mod object;
mod page;
mod picture;
#[cfg(test)]
mod tests;
mod text;

use bytes::Bytes;

use crate::{
    Id, facts, html,
    scan::{Scan, TextKind},
};
use file::Pdf;
use object::Obj;

/// Properties of the document.
const PROPERTIES_MAX: usize = 64;
/// Objects from which on their types are not listed.
const TYPES_MAX: usize = 200;

pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    if !scan.budget.spend(1 + bytes.len() as u64 / 2_048) {
        return;
    }
    let pdf = Pdf::read(bytes, scan.budget);
    if pdf.encrypted {
        match &pdf.crypt {
            Some(_) => scan.find(Id::PdfEncryptedEmptyPw, "", "opens without a password"),
            None => scan.locked = false,
        }
    }
    if let Some(name) = &pdf.disguised {
        scan.find(Id::PdfObfName, "", format!("/{name} written with #xx"));
    }
    let stock = action::take(&pdf, scan);
    let pages = page::read(&pdf, scan);
    metadata(&pdf, pages.count, scan);
    scan.facts.pdf = Some(facts::Pdf {
        urls: stock.urls.clone(),
        pages: pages.count,
        object_types: types(&pdf),
        version: pdf.version.clone(),
        encrypted: pdf.encrypted,
    });
    scan.text(TextKind::Decoded, stock.urls.join("\n"), "links");
    scan.text(TextKind::Shown, pages.text.clone(), "pages");
    action::lure_link(&pdf, &pages, scan);
    let title = scan.facts.metadata.iter().find(|m| m.0 == "Title").map(|m| m.1.clone()).unwrap_or_default();
    html::lure::check(scan, &title, &pages.text);
    scan.facts.text = Some(pages.text);
    picture::take(&pdf, scan);
}

fn types(pdf: &Pdf) -> String {
    if pdf.entries.len() >= TYPES_MAX {
        return String::new();
    }
    let types = pdf.entries.iter().filter_map(|e| e.object.dict()).map(|d| d.name("Type"));
    types.filter(|t| !t.is_empty()).collect::<Vec<_>>().join("|")
}

/// Info and XMP, in ExifTool's names.
fn metadata(pdf: &Pdf, pages: u32, scan: &mut Scan<'_>) {
    let mut add = |key: &str, value: String| {
        let value = value.trim();
        if !value.is_empty() && !scan.facts.metadata.iter().any(|(k, _)| k == key) {
            scan.facts.metadata.push((key.to_owned(), value.chars().take(1_000).collect()));
        }
    };
    add("PDFVersion", pdf.version.clone());
    add("PageCount", pages.to_string());
    if let Some(info) = pdf.dict(&pdf.trailer, "Info") {
        if info.0.len() > PROPERTIES_MAX {
            scan.budget.gaps.over(PROPERTIES_MAX, "properties");
        }
        for (key, value) in info.0.iter().take(PROPERTIES_MAX) {
            if let Obj::Str(bytes) = pdf.resolve(value) {
                let name = match key.as_str() {
                    "CreationDate" => "CreateDate",
                    "ModDate" => "ModifyDate",
                    other => other,
                };
                add(name, text::string(bytes));
            }
        }
    }
    let xmp =
        pdf.entries.iter().rev().find(|e| e.object.dict().is_some_and(|d| d.name("Type") == "Metadata"));
    let data = xmp.and_then(|e| pdf.data(e, scan.budget)).map(|d| d.0).unwrap_or_default();
    // What follows these are thumbnails and the history of pictures.
    let xmp = String::from_utf8_lossy(data.get(..64 << 10).unwrap_or(&data)).into_owned();
    for (tag, name) in [
        ("xmp:CreatorTool", "CreatorTool"),
        ("pdf:Producer", "Producer"),
        ("xmpMM:DocumentID", "DocumentID"),
        ("xmpMM:InstanceID", "InstanceID"),
        ("xmp:CreateDate", "CreateDate"),
        ("xmp:ModifyDate", "ModifyDate"),
    ] {
        let element = xmp.split_once(&format!("<{tag}>")).and_then(|(_, rest)| rest.split('<').next());
        let attribute = || xmp.split_once(&format!("{tag}=\"")).and_then(|(_, rest)| rest.split('"').next());
        if let Some(value) = element.or_else(attribute) {
            let known = scan.facts.metadata.iter().any(|(k, _)| k == name);
            if !known && !value.trim().is_empty() {
                scan.facts.metadata.push((name.to_owned(), value.trim().chars().take(1_000).collect()));
            }
        }
    }
    let meta = scan.facts.metadata.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join("\n");
    scan.text(TextKind::Meta, meta, "properties");
}
