//! Character references (HTML §13.2.5.72 ff.).

use std::borrow::Cow;

use html5ever::data::NAMED_ENTITIES;
use memchr::memchr;

/// The longest name, with its semicolon, has 32 bytes.
const NAME_BYTES_MAX: usize = 32;

/// Replaces the character references of a text, or of an attribute's value.
pub(super) fn decode(text: &str, attribute: bool) -> Cow<'_, str> {
    let Some(first) = memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut next = Some(first);
    while let Some(at) = next {
        out.push_str(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        let read = reference(after, attribute, &mut out);
        if read == 0 {
            out.push('&');
        }
        rest = after.get(read..).unwrap_or_default();
        next = memchr(b'&', rest.as_bytes());
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Decodes what follows `&`; gives the bytes read, 0 when it is no reference.
fn reference(text: &str, attribute: bool, out: &mut String) -> usize {
    for (name, c) in [("nbsp;", '\u{a0}'), ("amp;", '&'), ("zwnj;", '\u{200c}'), ("lt;", '<'), ("gt;", '>')] {
        if text.starts_with(name) {
            out.push(c);
            return name.len();
        }
    }
    match text.as_bytes() {
        [b'#', b'x' | b'X', ..] => numeric(text, 2, 16, out),
        [b'#', ..] => numeric(text, 1, 10, out),
        [b'a'..=b'z' | b'A'..=b'Z', ..] => named(text, attribute, out),
        _ => 0,
    }
}

fn numeric(text: &str, skip: usize, radix: u32, out: &mut String) -> usize {
    let digits = text.get(skip..).unwrap_or_default();
    let length = digits.bytes().position(|byte| !char::from(byte).is_digit(radix)).unwrap_or(digits.len());
    if length == 0 {
        return 0;
    }
    let mut number = 0_u32;
    for digit in digits.chars().take(length) {
        number = number.saturating_mul(radix).saturating_add(digit.to_digit(radix).unwrap_or(0));
    }
    out.push(match number {
        0 => '\u{fffd}',
        0x80..=0x9f => windows_1252(number),
        _ => char::from_u32(number).unwrap_or('\u{fffd}'),
    });
    skip + length + usize::from(digits.as_bytes().get(length) == Some(&b';'))
}

/// Numbers of C1 controls mean what Windows has there.
fn windows_1252(number: u32) -> char {
    let byte = [number as u8];
    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte);
    text.chars().next().unwrap_or('\u{fffd}')
}

/// The longest name that is known.
fn named(text: &str, attribute: bool, out: &mut String) -> usize {
    let mut found = None;
    let letters = text.bytes().take(NAME_BYTES_MAX).take_while(u8::is_ascii_alphanumeric).count();
    let end = letters + usize::from(text.as_bytes().get(letters) == Some(&b';'));
    for length in 2..=end {
        let name = text.get(..length).unwrap_or_default();
        match NAMED_ENTITIES.get(name) {
            // A beginning of names only.
            Some((0, _)) => {}
            Some(characters) => found = Some((length, *characters)),
            None => break,
        }
    }
    let Some((length, (one, two))) = found else { return 0 };
    let closed = text.as_bytes().get(length - 1) == Some(&b';');
    let next = text.as_bytes().get(length);
    if attribute && !closed && next.is_some_and(|byte| *byte == b'=' || byte.is_ascii_alphanumeric()) {
        return 0;
    }
    out.extend(char::from_u32(one));
    if two != 0 {
        out.extend(char::from_u32(two));
    }
    length
}
