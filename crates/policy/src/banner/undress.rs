//! Takes a banner off: the original message, byte for byte, or nothing.

use sekisho_record::Patch;

use super::field::{BodyDigest, FIELD, Former, Removal, Ruler, unix};
use crate::{apply, limits::BANNER_FIELDS_BELOW_MAX};

/// A message whose banner was found and verified.
#[derive(Debug)]
pub(super) struct Undressed {
    /// The original.
    raw: Vec<u8>,
    /// The field's value.
    value: Vec<u8>,
    /// What the body of the dressed message needs to become the original's.
    pub(super) body: Vec<Patch>,
    /// What the field said.
    pub(super) removal: Removal,
}

/// The original bytes of a dressed message, without what mail servers have put above our field since, and with the line
/// ends of the message at hand. `None` when it has no banner of ours, or when what is left after the removal is not what
/// the field's hash is of.
pub fn undress(raw: &[u8]) -> Option<Vec<u8>> {
    remove(raw).map(|undressed| undressed.raw)
}

/// The same, if the banner was put in with this key, which is not empty: what anybody else has written is no banner of
/// ours, however well it fits.
pub fn undress_own(raw: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    own(raw, key).map(|undressed| undressed.raw)
}

/// What removes the banner that was put in with this key.
pub(super) fn own(raw: &[u8], key: &[u8]) -> Option<Undressed> {
    remove(raw).filter(|undressed| Removal::is_by(key, &undressed.value))
}

fn remove(raw: &[u8]) -> Option<Undressed> {
    let head = raw.get(..apply::head_end(raw))?;
    let (removal, value, below) = own_field(head)?;
    let body_at = apply::body_start(raw);
    let body = raw.get(body_at..)?;
    let patches = reverted(body, &removal, apply::line_end(raw))?;
    let mut restored = Vec::with_capacity(body.len());
    apply::patched(&mut restored, body, &patches);
    let header = former_header(below, &removal.former, apply::line_end(raw));
    let (skipped, chopped) = verify(&restored, &header, &removal.hash)?;
    let mut patches = patches;
    if chopped > 0 {
        patches.push(Patch { at: body.len() - chopped, cut: chopped, put: Vec::new() });
    }
    let empty_line = raw.get(head.len()..body_at)?;
    restored.truncate(restored.len() - chopped);
    let original = [header.get(skipped..)?, empty_line, &restored].concat();
    Some(Undressed { raw: original, value: value.to_vec(), body: patches, removal })
}

/// What our topmost field says, its value, and the header below it.
fn own_field(head: &[u8]) -> Option<(Removal, &[u8], &[u8])> {
    let mut rest = head;
    while let Some(field) = apply::field(rest) {
        rest = rest.get(field.bytes.len()..)?;
        if field.name.eq_ignore_ascii_case(FIELD.as_bytes()) {
            let removal = Removal::read(field.value())?;
            return Some((removal, field.value(), rest));
        }
    }
    None
}

/// Patches that take our bytes out of the body.
fn reverted(body: &[u8], removal: &Removal, line_end: &[u8]) -> Option<Vec<Patch>> {
    let mut ruler = Ruler::new(body);
    let mut patches = Vec::with_capacity(removal.places.len());
    for place in &removal.places {
        let at = ruler.raw_of(place.at)?;
        let end = ruler.raw_of(place.at.checked_add(place.length)?)?;
        let put = with_line_ends(&place.replaced, line_end);
        patches.push(Patch { at, cut: end.checked_sub(at)?, put });
    }
    Some(patches)
}

fn with_line_ends(unix: &[u8], line_end: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(unix.len() + 8);
    for byte in unix {
        match byte {
            b'\n' => out.extend_from_slice(line_end),
            byte => out.push(*byte),
        }
    }
    out
}

/// The header with the fields that were replaced as they were.
fn former_header(head: &[u8], former: &[Former], line_end: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(head.len());
    let mut seen = vec![0; former.len()];
    let mut rest = head;
    while let Some(field) = apply::field(rest) {
        rest = rest.get(field.bytes.len()..).unwrap_or_default();
        let mut bytes = None;
        for (former, seen) in former.iter().zip(&mut seen) {
            if field.name.eq_ignore_ascii_case(former.name.as_bytes()) {
                *seen += 1;
                if *seen == former.nth {
                    bytes = Some(with_line_ends(&former.bytes, line_end));
                }
            }
        }
        out.extend_from_slice(bytes.as_deref().unwrap_or(field.bytes));
    }
    out
}

/// Compares with the hash: how many bytes of the header, and how many at the end of the body, are not the original's.
/// Mail servers put fields above and (a few) below ours, and end a message with a line end.
fn verify(body: &[u8], header: &[u8], hash: &[u8; 32]) -> Option<(usize, usize)> {
    let last = if body.ends_with(b"\r\n") { 2 } else { usize::from(body.ends_with(b"\n")) };
    let mut endings = vec![0, last];
    endings.dedup();
    for chopped in endings {
        let digest = BodyDigest::new(&unix(body.get(..body.len() - chopped)?));
        let mut skipped = 0;
        for _ in 0..BANNER_FIELDS_BELOW_MAX {
            let rest = header.get(skipped..)?;
            if digest.with(&unix(rest)) == *hash {
                return Some((skipped, chopped));
            }
            let Some(field) = apply::field(rest) else { break };
            skipped += field.bytes.len();
        }
    }
    None
}
