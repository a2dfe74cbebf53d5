//! MAPI properties as Outlook stores them in `.msg` files and `winmail.dat`: the few that carry text and files, and
//! compressed RTF ([MS-OXRTFCP]).

use bytes::Bytes;

use crate::{
    Place, Relation,
    scan::{Around, Child, Scan, TextKind},
};

/// Bytes that compressed RTF may unpack to.
const RTF_BYTES_MAX: usize = 16 << 20;

/// What the dictionary of compressed RTF begins with (part of the format).
const RTF_DICTIONARY: &[u8] =
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \
\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \
\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// A message's properties that matter here.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) subject: String,
    pub(super) body: String,
    pub(super) html: Bytes,
    pub(super) rtf: Bytes,
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
}

/// A file's.
#[derive(Debug, Default)]
pub(super) struct Attachment {
    pub(super) long_name: String,
    pub(super) short_name: String,
    pub(super) media_type: String,
    pub(super) data: Bytes,
}

impl Message {
    /// Hands over texts, then the bodies that another analyser reads.
    pub(super) fn give(self, scan: &mut Scan<'_>) {
        let domain = self.sender.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        scan.around = Some(Around {
            recipients: self
                .recipients
                .iter()
                .map(|r| r.to_lowercase())
                .filter(|r| r.contains('@'))
                .collect(),
            sender_domain: domain,
            date: None,
        });
        scan.text(TextKind::Shown, self.subject, Place::new("subject"));
        scan.text(TextKind::Shown, self.body, "text");
        if !self.html.is_empty() {
            let text = sekisho_mail::charset::decode(&self.html, None).text;
            scan.text(TextKind::Shown, sekisho_mail::Html::parse(&text).display_text, "html");
        }
        if let Some((rtf, whole)) = decompress(&self.rtf, RTF_BYTES_MAX) {
            if !whole {
                scan.over(RTF_BYTES_MAX, "bytes of a compressed text");
            }
            let child = Child {
                name: "body.rtf".into(),
                bytes: rtf.into(),
                relation: Relation::Part,
                same_depth: true,
                ..Child::default()
            };
            scan.child(child);
        }
    }
}

impl Attachment {
    pub(super) fn give(self, scan: &mut Scan<'_>) {
        let name = if self.long_name.is_empty() { self.short_name } else { self.long_name };
        scan.child(Child {
            name,
            bytes: self.data,
            declared: Some(self.media_type).filter(|m| !m.is_empty()),
            relation: Relation::Attachment,
            ..Child::default()
        });
    }
}

/// Text of a property: type 0x1F is UTF-16, 0x1E the code page of the writer.
pub(super) fn text(bytes: &[u8], unicode: bool) -> String {
    let decoded = if unicode {
        let units = bytes.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else {
        sekisho_mail::charset::decode(bytes, None).text.into_owned()
    };
    decoded.trim_end_matches('\0').to_owned()
}

/// Compressed RTF, and whether that is all of it; `None` when it is not that.
fn decompress(bytes: &[u8], max: usize) -> Option<(Vec<u8>, bool)> {
    let word = |at: usize| bytes.get(at..)?.first_chunk::<4>().map(|b| u32::from_le_bytes(*b));
    let (size, magic) = (word(4)? as usize, word(8)?);
    let body = bytes.get(16..)?;
    match magic {
        // "MELA": stored.
        0x414C_454D => return Some((body.get(..size.min(body.len()))?.to_vec(), true)),
        0x7546_5A4C => {}
        _ => return None,
    }
    let mut window = [0u8; 4096];
    for (slot, byte) in window.iter_mut().zip(RTF_DICTIONARY) {
        *slot = *byte;
    }
    let mut write = RTF_DICTIONARY.len() % 4096;
    let mut out = Vec::new();
    let mut input = body.iter().copied();
    let mut whole = true;
    let mut put = |byte: u8, write: &mut usize, window: &mut [u8; 4096]| {
        if out.len() >= max {
            whole = false;
            return false;
        }
        out.push(byte);
        if let Some(slot) = window.get_mut(*write) {
            *slot = byte;
        }
        *write = (*write + 1) % 4096;
        true
    };
    'runs: while let Some(flags) = input.next() {
        for bit in 0..8 {
            if flags >> bit & 1 == 0 {
                let Some(byte) = input.next() else { break 'runs };
                if !put(byte, &mut write, &mut window) {
                    break 'runs;
                }
                continue;
            }
            let (Some(high), Some(low)) = (input.next(), input.next()) else { break 'runs };
            let token = u16::from_be_bytes([high, low]);
            let (offset, length) = (usize::from(token >> 4), usize::from(token & 15) + 2);
            if offset == write {
                break 'runs;
            }
            for step in 0..length {
                let byte = window.get((offset + step) % 4096).copied().unwrap_or(0);
                if !put(byte, &mut write, &mut window) {
                    break 'runs;
                }
            }
        }
    }
    Some((out, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_rtf() {
        // The example of [MS-OXRTFCP] 3.1.1.
        let sample = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a,
            0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c,
            0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ];
        let (out, whole) = decompress(&sample, 1_000).unwrap();
        assert!(whole);
        let of = |max| decompress(&sample, max).map(|(out, whole)| (out.len(), whole)).unwrap();
        assert_eq!((of(43), of(42)), ((43, true), (42, false)));
        assert_eq!(String::from_utf8_lossy(&out), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        for cut in 0..sample.len() {
            let _ = decompress(&sample[..cut], 1_000);
        }
    }
}
