//! PowerPoint before 2007: texts of the slides, links, and the compound files in it (objects, and the VBA project).

use std::io::Read;

use bytes::Bytes;
use flate2::read::ZlibDecoder;

use super::{
    cfb::{Cfb, u16_at, u32_at},
    codepage,
};
use crate::{
    limits::MEMBER_BYTES_MAX,
    scan::{Scan, TextKind},
};

/// Records that are looked at.
const RECORDS_MAX: usize = 200_000;
/// Compound files in one presentation.
const OBJECTS_MAX: usize = 64;
/// Text of the slides, in bytes.
const TEXT_BYTES_MAX: usize = 4 << 20;

const TEXT_CHARS: u16 = 0x0FA0;
const TEXT_BYTES: u16 = 0x0FA8;
const STRING: u16 = 0x0FBA;
const OBJECT: u16 = 0x1011;

/// Reads the stream `PowerPoint Document`; gives the compound files in it.
pub(super) fn analyse(stream: &Bytes, scan: &mut Scan<'_>) -> Vec<Bytes> {
    let (mut shown, mut other, mut objects) = (String::new(), String::new(), Vec::new());
    let mut at = 0usize;
    let mut records = 0;
    while let (Some(head), Some(kind), Some(size)) =
        (u16_at(stream, at), u16_at(stream, at.saturating_add(2)), u32_at(stream, at.saturating_add(4)))
    {
        records += 1;
        if records > RECORDS_MAX || !scan.budget.spend(records as u64 % 8 / 7) {
            scan.left_out("only the beginning of a long presentation was read");
            break;
        }
        let start = at.saturating_add(8);
        // A container's records follow its head.
        if head & 0x0F == 0x0F {
            at = start;
            continue;
        }
        let end = start.saturating_add(size as usize).min(stream.len());
        let body = stream.slice(start.min(end)..end);
        match kind {
            OBJECT if objects.len() >= OBJECTS_MAX => scan.over(OBJECTS_MAX, "objects in a presentation"),
            TEXT_CHARS | TEXT_BYTES if shown.len() >= TEXT_BYTES_MAX => {
                scan.over(TEXT_BYTES_MAX, "bytes of text on the slides");
            }
            STRING if other.len() >= TEXT_BYTES_MAX => scan.over(TEXT_BYTES_MAX, "bytes of strings"),
            TEXT_CHARS => line(&mut shown, &codepage::decode(&body, 1200)),
            TEXT_BYTES => line(&mut shown, &codepage::decode(&body, 1252)),
            STRING => line(&mut other, &codepage::decode(&body, 1200)),
            OBJECT => {
                let object = if head >> 4 == 1 { inflate(&body, scan) } else { Some(body) };
                objects.extend(object.filter(|bytes| Cfb::is(bytes)));
            }
            _ => {}
        }
        at = end.max(at + 8);
    }
    if !shown.trim().is_empty() {
        scan.facts.text = Some(shown.clone());
        scan.text(TextKind::Shown, shown, "slides");
    }
    scan.text(TextKind::Meta, other, "strings of the presentation");
    objects
}

fn line(to: &mut String, text: &str) {
    to.extend(text.chars().map(|c| if c.is_control() { '\n' } else { c }));
    to.push('\n');
}

/// A size, then zlib; the size is not believed.
fn inflate(body: &[u8], scan: &mut Scan<'_>) -> Option<Bytes> {
    let max = scan.budget.out_bytes_left().min(MEMBER_BYTES_MAX);
    let mut out = Vec::new();
    // What came out before an error is kept.
    let _ = ZlibDecoder::new(body.get(4..)?).take(max).read_to_end(&mut out);
    scan.budget.spend_bytes(out.len() as u64);
    if out.len() as u64 >= max {
        scan.left_out("an object in a presentation is larger than is unpacked");
    }
    (!out.is_empty()).then(|| Bytes::from(out))
}
