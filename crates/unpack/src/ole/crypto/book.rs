//! Workbooks of Excel 5 and 95 under a password (MS-OFFCRYPTO 2.3.7, method 1): each byte is turned and added to a key
//! of sixteen bytes made of the password.

use super::u16_at;

/// Records that are read to find the mark of encryption.
const RECORDS_MAX: usize = 64;
const FILEPASS: u16 = 0x2F;
const BOUNDSHEET: u16 = 0x85;
/// Records that are never encrypted: begins of streams, the mark itself, header of the interface, and their like.
const PLAIN: [u16; 10] = [0x0809, 0x0409, 0x0209, 0x0009, FILEPASS, 0xE1, 0x0138, 0x0194, 0x0195, 0x0196];
/// What a short password is filled up with.
const PAD: [u8; 15] =
    [0xBB, 0xFF, 0xFF, 0xBA, 0xFF, 0xFF, 0xB9, 0x80, 0x00, 0xBE, 0x0F, 0x00, 0xBF, 0x0F, 0x00];
const PASSWORD_MAX: usize = 15;

/// Content of the record that says that the workbook is encrypted.
pub(super) fn filepass(stream: &[u8]) -> Option<&[u8]> {
    records(stream).take(RECORDS_MAX).find(|(kind, ..)| *kind == FILEPASS).map(|(_, _, body)| body)
}

/// Records: type, place of the content, content.
fn records(stream: &[u8]) -> impl Iterator<Item = (u16, usize, &[u8])> {
    let mut at = 0usize;
    std::iter::from_fn(move || {
        let (kind, size) = (u16_at(stream, at)?, usize::from(u16_at(stream, at.checked_add(2)?)?));
        let start = at + 4;
        let body = stream.get(start..)?;
        at = start.saturating_add(size);
        Some((kind, start, body.get(..size).unwrap_or(body)))
    })
}

/// The stream without its encryption, when the password is right.
pub(super) fn decrypt(stream: &[u8], password: &str) -> Option<Vec<u8>> {
    let password: Vec<u8> =
        password.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<_>>()?;
    let pass = filepass(stream)?;
    // Six bytes in a later version, whose first two are the method.
    let at = usize::from(pass.len() >= 6) * 2;
    if !(1..=PASSWORD_MAX).contains(&password.len()) || u16_at(pass, at + 2)? != verifier(&password) {
        return None;
    }
    let key = u16_at(pass, at)?;
    let array = array(&password, key);
    let mut out = stream.to_vec();
    for (kind, start, body) in records(stream) {
        let clear = if PLAIN.contains(&kind) {
            body.len()
        } else {
            // Where a sheet begins is not encrypted.
            if kind == BOUNDSHEET { 4.min(body.len()) } else { 0 }
        };
        for (n, byte) in body.iter().enumerate().skip(clear) {
            let index = (start + n + body.len()) & 15;
            let mask = array.get(index).copied().unwrap_or(0);
            if let Some(slot) = out.get_mut(start + n) {
                *slot = byte.rotate_left(3) ^ mask;
            }
        }
        if kind == FILEPASS
            && let Some(head) = out.get_mut(start - 4..start - 2)
        {
            // The copy says no more that it is encrypted.
            head.fill(0);
        }
    }
    Some(out)
}

fn verifier(password: &[u8]) -> u16 {
    let length = password.len() as u8;
    let folded = password
        .iter()
        .rev()
        .chain([&length])
        .fold(0u16, |sum, byte| (sum >> 14 & 1 | sum << 1 & 0x7FFF) ^ u16::from(*byte));
    folded ^ 0xCE4B
}

fn array(password: &[u8], key: u16) -> [u8; 16] {
    let mut out = [0; 16];
    let filled = password.iter().chain(&PAD);
    for (n, (slot, byte)) in out.iter_mut().zip(filled).enumerate() {
        let half = key.to_le_bytes().get(n & 1).copied().unwrap_or(0);
        *slot = (byte ^ half).rotate_left(2);
    }
    out
}
