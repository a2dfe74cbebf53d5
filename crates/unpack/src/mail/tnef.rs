//! `winmail.dat` ([MS-OXTNEF]): attributes one after another, attachments and MAPI properties among them.

use bytes::Bytes;

use super::mapi::{self, Attachment, Message};
use crate::scan::Scan;

/// Attributes that are read.
const ATTRIBUTES_MAX: usize = 10_000;
/// Properties of one block.
const PROPERTIES_MAX: usize = 2_000;

/// Reads a file; a broken attribute ends it, what came before stays.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let mut message = Message::default();
    let mut files: Vec<Attachment> = Vec::new();
    let mut at = 6;
    for _ in 0..ATTRIBUTES_MAX {
        let (Some(id), Some(size)) = (u32_at(bytes, at + 1), u32_at(bytes, at + 5)) else { break };
        let start = (at + 9).min(bytes.len());
        let end = start.saturating_add(size as usize).min(bytes.len());
        let data = bytes.slice(start..end);
        match id {
            0x0001_8004 => message.subject = mapi::text(&data, false),
            0x0002_800C => message.body = mapi::text(&data, false),
            0x0006_9002 => files.push(Attachment::default()),
            0x0001_8010 => {
                if let Some(file) = files.last_mut() {
                    file.short_name = mapi::text(&data, false);
                }
            }
            0x0006_800F => {
                if let Some(file) = files.last_mut() {
                    file.data = data;
                }
            }
            0x0006_9003 | 0x0006_9005 => {
                let file = if id == 0x0006_9005 { files.last_mut() } else { None };
                properties(&data, &mut message, file, scan);
            }
            _ => {}
        }
        at = end.saturating_add(2);
    }
    if u32_at(bytes, at + 5).is_some() && at + 9 < bytes.len() {
        scan.over(ATTRIBUTES_MAX, "attributes");
    }
    message.give(scan);
    files.into_iter().for_each(|file| file.give(scan));
}

/// A block of MAPI properties.
fn properties(bytes: &Bytes, message: &mut Message, mut file: Option<&mut Attachment>, scan: &mut Scan<'_>) {
    let (mut at, mut count) = (4, 0);
    while let (Some(kind), Some(id)) = (u16_at(bytes, at), u16_at(bytes, at + 2)) {
        if !scan.budget.gaps.room(count, PROPERTIES_MAX, "properties of a message") {
            return;
        }
        count += 1;
        at += 4;
        if id >= 0x8000 {
            at = match named(bytes, at) {
                Some(next) => next,
                None => return,
            };
        }
        let Some((value, next)) = value(bytes, at, kind, scan) else { return };
        at = next;
        let unicode = kind & 0xFFF == 0x1F;
        match (id, &mut file) {
            (0x0037, None) => message.subject = mapi::text(&value, unicode),
            (0x1000, None) => message.body = mapi::text(&value, unicode),
            (0x1009, None) => message.rtf = value,
            (0x1013, None) => message.html = value,
            (0x3707, Some(file)) => file.long_name = mapi::text(&value, unicode),
            (0x370E, Some(file)) => file.media_type = mapi::text(&value, unicode).to_lowercase(),
            // An embedded object begins with the GUID of its interface.
            (0x3701, Some(file)) if file.data.is_empty() => {
                file.data = if kind & 0xFFF == 0x0D && value.len() > 16 { value.slice(16..) } else { value };
            }
            _ => {}
        }
    }
}

/// Skips the name of a named property.
fn named(bytes: &[u8], at: usize) -> Option<usize> {
    let by_name = u32_at(bytes, at + 16)? == 1;
    let next = at + 20;
    if !by_name {
        return Some(next + 4);
    }
    let size = u32_at(bytes, next)? as usize;
    (next + 4).checked_add(size.checked_add(3)? & !3)
}

/// A value and where the next property begins. Of several values the first.
fn value(bytes: &Bytes, at: usize, kind: u16, scan: &mut Scan<'_>) -> Option<(Bytes, usize)> {
    let several = kind & 0x1000 != 0;
    let fixed = match kind & 0xFFF {
        0x02 | 0x03 | 0x04 | 0x0A | 0x0B => Some(4),
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        _ => None,
    };
    let slice = |from: usize, size: usize| {
        let from = from.min(bytes.len());
        bytes.slice(from..from.saturating_add(size).min(bytes.len()))
    };
    let count = if several || fixed.is_none() { u32_at(bytes, at)? as usize } else { 1 };
    let mut at = if several || fixed.is_none() { at + 4 } else { at };
    if let Some(size) = fixed {
        return Some((slice(at, size), at.checked_add(size.checked_mul(count)?)?));
    }
    let mut first = None;
    for number in 0..count {
        // What follows cannot be found without reading all of them.
        if !scan.budget.gaps.room(number, PROPERTIES_MAX, "values of a property") {
            return None;
        }
        let size = u32_at(bytes, at)? as usize;
        first.get_or_insert_with(|| slice(at + 4, size));
        at = (at + 4).checked_add(size.checked_add(3)? & !3)?;
    }
    Some((first.unwrap_or_default(), at))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk::<2>().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|b| u32::from_le_bytes(*b))
}

#[cfg(test)]
mod tests {
    use crate::{Hints, Input, unpack};

    fn attribute(out: &mut Vec<u8>, id: u32, data: &[u8]) {
        out.push(if id & 0xFF00 == 0x8000 && id < 0x0006_0000 { 1 } else { 2 });
        out.extend(id.to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        let sum: u16 = data.iter().fold(0, |sum: u16, b| sum.wrapping_add(u16::from(*b)));
        out.extend(sum.to_le_bytes());
    }

    fn winmail() -> Vec<u8> {
        let mut out = vec![0x78, 0x9F, 0x3E, 0x22, 1, 0];
        attribute(&mut out, 0x0002_800C, b"the password is abc321\0");
        attribute(&mut out, 0x0006_9002, &[0; 14]);
        attribute(&mut out, 0x0001_8010, b"A~1.JS\0");
        attribute(&mut out, 0x0006_800F, b"var a = 1;");
        let name: Vec<u8> = "long name.js\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut props = 1u32.to_le_bytes().to_vec();
        props.extend([0x1F, 0, 0x07, 0x37, 1, 0, 0, 0]);
        props.extend((name.len() as u32).to_le_bytes());
        props.extend(&name);
        attribute(&mut out, 0x0006_9005, &props);
        out
    }

    #[test]
    fn files_with_their_long_names() {
        let input = Input { name: "winmail.dat".into(), declared: None, bytes: winmail().into() };
        let tree = unpack("mail", vec![input], &Hints::default());
        let paths: Vec<&str> = tree.files.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["mail > winmail.dat", "mail > winmail.dat > long name.js"]);
        assert_eq!(tree.files[1].kind, crate::Kind::JavaScript);
    }

    #[test]
    fn any_bytes_end() {
        let good = winmail();
        for at in 0..good.len() {
            for bad in [good[..at].to_vec(), [&good[..at], &[0xFF][..], &good[at + 1..]].concat()] {
                let _ = unpack(
                    "",
                    vec![Input { name: String::new(), declared: None, bytes: bad.into() }],
                    &Hints::default(),
                );
            }
        }
    }
}
