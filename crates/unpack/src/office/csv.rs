//! Tables as text: cells that start a program when a spreadsheet opens them.

use bytes::Bytes;

use super::fields;
use crate::{
    Derived, Id, Place, Severity,
    scan::{Scan, TextKind},
};

/// Bytes of a table that are looked at cell by cell.
const TABLE_BYTES_MAX: usize = 8 << 20;

/// Reads a table, or any text that may be opened as one.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let text = sekisho_mail::charset::decode(bytes, None).text.into_owned();
    let mut end = text.len().min(TABLE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end < text.len() {
        scan.over(TABLE_BYTES_MAX, "bytes of a table: the other cells were not looked at");
    }
    if scan.budget.spend(1 + end as u64 / 512) {
        for (number, line) in text.get(..end).unwrap_or_default().lines().enumerate() {
            if line.contains('|') && line.contains('!') {
                row(number + 1, line, scan);
            }
        }
    }
    scan.text(TextKind::Shown, text, "");
}

fn row(number: usize, line: &str, scan: &mut Scan<'_>) {
    for cell in line.split([',', ';', '\t']) {
        let cell = cell.trim().trim_matches('"').trim_start();
        let formula = cell.trim_start_matches(['=', '+', '-', '@', '\t', '\r']);
        if formula.len() == cell.len() {
            continue;
        }
        // `=service|'topic'!item`, perhaps inside a call or behind a sum.
        let Some((before, after)) = formula.split_once('|') else { continue };
        if !after.contains('!') {
            continue;
        }
        let service = before.rsplit(|c: char| !c.is_alphanumeric() && !"_.-\\:/'".contains(c)).next();
        let service = service.unwrap_or_default().trim_matches('\'');
        let topic = after.rsplit_once('!').map_or(after, |(topic, _)| topic).trim().trim_matches('\'');
        if service.is_empty() || !service.contains(char::is_alphabetic) {
            continue;
        }
        let place = Place::new(format!("line {number}"));
        let command = format!("{service} {topic}");
        let office = fields::is_office(service) && !fields::is_command(&command);
        let severity = if office { Severity::Info } else { Id::DdeCsv.severity() };
        scan.find_as(Id::DdeCsv, severity, Derived::Static, place.clone(), cell);
        if fields::is_command(&command) {
            fields::dde_command(&command, &place, scan);
        }
    }
}
