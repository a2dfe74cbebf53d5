//! Decodings of texts that macros use, and whether what comes out can be one.

use base64::{Engine as _, alphabet, engine};

/// Base64 with or without padding, standard or for URLs, blanks left out.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: engine::GeneralPurposeConfig = engine::GeneralPurposeConfig::new()
        .with_decode_padding_mode(engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const STANDARD: engine::GeneralPurpose = engine::GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    let plain: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    STANDARD.decode(plain.trim_end_matches('=')).ok()
}

/// Pairs of hexadecimal digits, all of the text.
pub(super) fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .bytes()
        .filter(|b| !b.is_ascii_whitespace())
        .map(|b| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect();
    let digits = digits.filter(|d| d.len() % 2 == 0 && !d.is_empty())?;
    Some(digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect())
}

/// Bytes as a text of their codes.
pub(super) fn latin(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}

/// Bytes as the text that they plainly are: ASCII, or UTF-16 of it. `None` for anything else.
pub(super) fn plain_text(bytes: &[u8]) -> Option<String> {
    if bytes.len() >= 4 && bytes.len().is_multiple_of(2) {
        let (pairs, _) = bytes.as_chunks::<2>();
        let zeros = pairs.iter().filter(|[_, high]| *high == 0).count();
        if zeros * 10 >= pairs.len() * 9 {
            let low: Vec<u8> = pairs.iter().map(|[low, _]| *low).collect();
            return printable(&low).then(|| latin(&low));
        }
    }
    printable(bytes).then(|| latin(bytes))
}

fn printable(bytes: &[u8]) -> bool {
    let good = bytes.iter().filter(|b| matches!(b, 0x20..=0x7E | b'\t' | b'\r' | b'\n')).count();
    !bytes.is_empty() && good * 10 >= bytes.len() * 9
}
