//! RTF as Word reads it: its objects, template, fields and text.
//!
//! Word needs no more of an RTF than `{\rt`; it passes over groups that it does not know, keeps the digits of an object
//! and forgets everything between them. [`token`] takes the bytes apart, [`reader`] follows groups and destinations,
//! [`digits`] collects an object's bytes with Word's own faults, [`object`] says what an object is. Each byte is read
//! once; depth costs nothing but a small entry in a list.

mod destination;
mod digits;
mod object;
mod reader;
mod token;

use bytes::Bytes;
use memchr::memmem;

use crate::{Id, scan::Scan};

/// Reads an RTF.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let start = memmem::find(bytes, b"{\\rt").unwrap_or(0);
    let body = bytes.get(start..).unwrap_or_default();
    if body.starts_with(b"{\\rt") && !body.starts_with(b"{\\rtf1") {
        let head: String = body.iter().take(16).map(|b| char::from(*b)).collect();
        scan.find(Id::RtfHeaderMalformed, "", head);
    }
    scan.facts.office.get_or_insert_default().application = "word".to_owned();
    reader::Reader::new(scan).read(body);
}

#[cfg(test)]
mod tests;
