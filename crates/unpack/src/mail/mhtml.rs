//! Pages saved as messages (`.mht`): the page and its parts; ActiveMime, which hides a compound file in one of them.

use std::io::Read as _;

use bytes::Bytes;
use flate2::bufread::ZlibDecoder;

use crate::{
    Relation,
    limits::MEMBER_BYTES_MAX,
    scan::{Child, Scan},
};

/// Parts that are entered.
const PARTS_MAX: usize = 500;

/// Reads a saved page.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let message = sekisho_mail::parse(bytes);
    let html = message.html.map(|html| Child {
        name: "page.html".into(),
        bytes: Bytes::from(html.raw),
        relation: Relation::Part,
        same_depth: true,
        ..Child::default()
    });
    html.into_iter().for_each(|child| scan.child(child));
    if message.attachments.len() > PARTS_MAX {
        scan.over(PARTS_MAX, "parts of a page");
    }
    for part in message.attachments.into_iter().take(PARTS_MAX) {
        scan.child(Child {
            name: part.file_name.or(part.content_id).unwrap_or_default(),
            declared: part.content_type,
            bytes: part.raw,
            relation: Relation::Part,
            same_depth: true,
            ..Child::default()
        });
    }
}

/// ActiveMime: a header of varying length, then a zlib stream.
pub(crate) fn active_mime(bytes: &Bytes, scan: &mut Scan<'_>) {
    let stated = bytes
        .get(0x1E..0x20)
        .and_then(|b| b.first_chunk::<2>())
        .map(|b| usize::from(u16::from_le_bytes(*b)) + 46);
    let marks = memchr::memchr_iter(0x78, bytes).take(64);
    for at in stated.into_iter().chain([0x32, 0x22A]).chain(marks) {
        let cap = scan.budget.out_bytes_left().min(MEMBER_BYTES_MAX);
        if !scan.budget.spend(4) || cap == 0 {
            return;
        }
        let mut out = Vec::new();
        let packed = bytes.get(at..).unwrap_or_default();
        // A broken stream gives what was unpacked before the break.
        let _ = ZlibDecoder::new(packed).take(cap).read_to_end(&mut out);
        if out.len() >= 64 {
            scan.budget.spend_bytes(out.len() as u64);
            scan.child(Child {
                name: "editdata.mso".into(),
                bytes: out.into(),
                relation: Relation::Part,
                same_depth: true,
                ..Child::default()
            });
            return;
        }
    }
}
