//! The safety net beneath the evaluator: literals that are decoded without knowing how the code does it.
//!
//! Only what comes out plainly as text counts, and of reversed or keyed literals only what is telling: numbers, GUIDs
//! and words decode to nothing here.

use std::rc::Rc;

use super::{
    keys,
    text::{base64, hex_bytes, latin, plain_text},
    value::{BASE64, CHR, HEX, How, REVERSE, XOR},
};

/// Characters of a literal that is decoded.
/// A literal of the source is never so long; texts that were put together are read as they are, too.
const LITERAL_MAX: usize = 256 << 10;
/// Pairs of hexadecimal digits.
const HEX_MIN: usize = 16;
/// Characters of base64.
const BASE64_MIN: usize = 16;
/// Bytes in which the start of something known is looked for.
const KEYED_MAX: usize = 16 << 10;

/// What a literal decodes to, and how.
pub(crate) fn decode(literal: &str) -> Option<(How, String)> {
    if literal.len() < 8 || literal.len() > LITERAL_MAX || !literal.is_ascii() {
        return None;
    }
    hex(literal).or_else(|| codes(literal)).or_else(|| base(literal)).or_else(|| reversed(literal))
}

fn hex(literal: &str) -> Option<(How, String)> {
    let digits = literal.trim_start_matches("0x");
    if digits.len() < HEX_MIN || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    // A long number of decimal digits is a number.
    let bytes = hex_bytes(digits)?;
    let plain = plain_text(&bytes).filter(|text| worth(text)).map(|text| (HEX, text));
    plain.or_else(|| keyed(&bytes).map(|text| (HEX | XOR, text)))
}

/// Letters of a language, not a heap of signs.
fn worth(text: &str) -> bool {
    let letters = text.bytes().filter(|b| b.is_ascii_alphanumeric() || *b == b' ').count();
    text.len() >= 6 && letters * 10 >= text.len() * 6
}

fn base(literal: &str) -> Option<(How, String)> {
    let is_digit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=');
    if literal.len() < BASE64_MIN || !literal.bytes().all(is_digit) {
        return None;
    }
    // A word or a path decodes to noise, a sentence has blanks.
    let mixed =
        literal.bytes().any(|b| b.is_ascii_uppercase()) && literal.bytes().any(|b| b.is_ascii_lowercase());
    let bytes = base64(literal).filter(|_| mixed || literal.contains('='))?;
    let text = plain_text(&bytes)?;
    let control = text.bytes().any(|b| b < 0x20 && !matches!(b, b'\r' | b'\n' | b'\t'));
    (!control && worth(&text)).then_some((BASE64, text))
}

fn reversed(literal: &str) -> Option<(How, String)> {
    if keys::telling(literal).is_some() {
        return None;
    }
    let text: String = literal.chars().rev().collect();
    keys::telling(&text)?;
    Some((REVERSE, text))
}

/// `104,116,116,112`: codes of characters, as they are or under a key of one byte.
fn codes(literal: &str) -> Option<(How, String)> {
    let first = literal.bytes().next()?;
    if !first.is_ascii_digit() && first != b'&' {
        return None;
    }
    let separator = literal.bytes().find(|b| !b.is_ascii_alphanumeric() && *b != b'&')?;
    let mut bytes = Vec::new();
    for piece in literal.split(char::from(separator)) {
        let piece = piece.trim();
        if piece.is_empty() {
            continue;
        }
        let hex = piece.strip_prefix("&H").or(piece.strip_prefix("0x"));
        let number = match hex {
            Some(digits) => u8::from_str_radix(digits, 16),
            None => piece.parse(),
        };
        bytes.push(number.ok()?);
    }
    list(&bytes)
}

/// Numbers that are characters, as they are or under a key.
pub(crate) fn list(bytes: &[u8]) -> Option<(How, String)> {
    if bytes.len() < 6 {
        return None;
    }
    if let Some(text) = plain_text(bytes).filter(|text| keys::telling(text).is_some()) {
        return Some((CHR, text));
    }
    keyed(bytes).map(|text| (XOR, text))
}

/// A key of one byte, by what it must give: the beginning of an address or command.
fn keyed(bytes: &[u8]) -> Option<String> {
    const KNOWN: [&[u8]; 7] =
        [b"http://", b"https://", b"powershell", b"cmd /c", b"cmd.exe", b"mshta ", b"wscript."];
    let head = bytes.get(..bytes.len().min(KEYED_MAX))?;
    for (at, byte) in head.iter().enumerate() {
        for known in KNOWN {
            let Some(first) = known.first() else { continue };
            let key = byte ^ first;
            let Some(window) = head.get(at..at + known.len()) else { continue };
            if key != 0 && window.iter().zip(known).all(|(b, k)| (b ^ key).eq_ignore_ascii_case(k)) {
                let plain: Vec<u8> = bytes.iter().map(|b| b ^ key).collect();
                return Some(plain_text(&plain).unwrap_or_else(|| {
                    latin(&plain).chars().map(|c| if c.is_ascii_graphic() { c } else { ' ' }).collect()
                }));
            }
        }
    }
    None
}

/// All literals: module, line, how, text.
pub(crate) fn all(literals: &[(usize, u32, Rc<str>)], found: &mut impl FnMut(usize, u32, How, String)) {
    for (module, line, literal) in literals {
        if let Some((how, text)) = decode(literal) {
            found(*module, *line, how, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(literal: &str) -> String {
        decode(literal).map_or(String::new(), |(_, text)| text)
    }

    #[test]
    fn encoded_literals_are_read() {
        assert_eq!(check("687474703a2f2f67616d6d612e6578616d706c652f61"), "http://gamma.example/a");
        assert_eq!(check("aHR0cDovL2RlbHRhLmV4YW1wbGUvcC5iaW4="), "http://delta.example/p.bin");
        assert_eq!(check("aABlAGwAbABvACAAdwBvAHIAbABkAA=="), "hello world");
        assert_eq!(check("exe.a/elpmaxe.live//:ptth"), "http://evil.example/a.exe");
        assert_eq!(check("127,99,99,103,45,56,56,114,97,126,123,57,111,56,118"), "http://evil.x/a");
    }

    #[test]
    fn words_and_numbers_are_not() {
        for quiet in [
            "12345678901234567890",
            "6F9619FF8B86D011B42D00C04FC964FF",
            "InternationalizationService",
            "1,2,3,4,5,6,7,8,9,10,11,12",
            "The quarterly report",
            "Application.Workbooks",
            "AAAAAAAAAAAAAAAAAAAAAAAA",
            "32,32,32,32,32,32,32,32",
        ] {
            assert_eq!(check(quiet), "", "{quiet}");
        }
    }
}
