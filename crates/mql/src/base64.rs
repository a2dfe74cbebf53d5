//! Base64 inside text: every run that decodes to text (`strings.scan_base64`), or a whole string that does.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::limits::{MAX_BASE64_TEXTS, MIN_BASE64};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STRICT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
    .with_decode_allow_trailing_bits(true);

/// The keyword arguments of the functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Options {
    /// `format="url"`: `-` and `_` instead of `+` and `/`.
    pub url: bool,
    /// `ignore_padding`: `=` may be missing.
    pub ignore_padding: bool,
    /// Runs go on over line breaks.
    pub multiline: bool,
    /// What the bytes may be.
    pub encodings: Encodings,
}

/// Text encodings to try, in the order ASCII, UTF-8, UTF-16LE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Encodings {
    /// ASCII.
    pub ascii: bool,
    /// UTF-8.
    pub utf8: bool,
    /// UTF-16, little endian.
    pub utf16le: bool,
}

impl Default for Encodings {
    fn default() -> Self {
        Encodings { ascii: true, utf8: true, utf16le: false }
    }
}

impl Encodings {
    /// From the names that rules write.
    pub fn from_names<'s>(names: impl IntoIterator<Item = &'s str>) -> Encodings {
        let mut out = Encodings { ascii: false, utf8: false, utf16le: false };
        for name in names {
            match name.to_ascii_lowercase().as_str() {
                "ascii" => out.ascii = true,
                "utf8" | "utf-8" => out.utf8 = true,
                "utf16-le" | "utf16le" | "utf-16le" | "utf16" => out.utf16le = true,
                _ => {}
            }
        }
        out
    }

    /// The bytes as text, if one of the encodings makes readable text of all of them.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        if (self.utf8 || self.ascii && bytes.is_ascii())
            && let Ok(text) = std::str::from_utf8(bytes)
            && readable(text)
        {
            return Some(text.to_owned());
        }
        self.utf16le.then(|| utf16le(bytes)).flatten()
    }
}

fn readable(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n'))
}

/// Any even number of bytes is UTF-16 of something; text has mostly Latin code units.
fn utf16le(bytes: &[u8]) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    let latin = units.iter().filter(|u| u[1] == 0).count();
    if units.is_empty() || !rest.is_empty() || latin * 2 < units.len() {
        return None;
    }
    let text = String::from_utf16(&units.iter().map(|u| u16::from_le_bytes(*u)).collect::<Vec<_>>()).ok()?;
    readable(&text).then_some(text)
}

/// The whole string decoded.
#[must_use]
pub fn decode(text: &str, options: Options) -> Option<String> {
    let compact: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    options.encodings.decode(&bytes(&compact, options)?)
}

/// Every run that decodes to text.
#[must_use]
pub fn scan(text: &str, options: Options) -> Vec<String> {
    let mut out = Vec::new();
    for run in runs(text.as_bytes(), options) {
        if out.len() >= MAX_BASE64_TEXTS {
            break;
        }
        match attempt(&run, options) {
            Some(text) => out.push(text),
            // In a URL the slash is a separator more often than a digit.
            None if !options.url && run.contains(&b'/') => {
                out.extend(run.split(|&b| b == b'/').filter_map(|piece| attempt(piece, options)));
            }
            None => {}
        }
    }
    out.truncate(MAX_BASE64_TEXTS);
    out
}

fn attempt(run: &[u8], options: Options) -> Option<String> {
    if run.len() < MIN_BASE64 {
        return None;
    }
    options.encodings.decode(&bytes(run, options)?)
}

fn bytes(run: &[u8], options: Options) -> Option<Vec<u8>> {
    let alphabet = if options.url { &URL_SAFE } else { &STANDARD };
    if !options.ignore_padding {
        return GeneralPurpose::new(alphabet, STRICT).decode(run).ok();
    }
    let bare = run.iter().rposition(|&b| b != b'=').and_then(|last| run.get(..=last)).unwrap_or(&[]);
    GeneralPurpose::new(alphabet, LENIENT).decode(bare).ok()
}

/// Maximal runs of base64 digits with their padding.
fn runs(text: &[u8], options: Options) -> Vec<Vec<u8>> {
    let digit = |b: u8| match b {
        b'+' | b'/' => !options.url,
        b'-' | b'_' => options.url,
        b => b.is_ascii_alphanumeric(),
    };
    let mut out = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    let mut line = 0;
    let mut i = 0;
    while let Some(&b) = text.get(i) {
        i += 1;
        if digit(b) {
            run.push(b);
            line += 1;
            continue;
        }
        if options.multiline && matches!(b, b'\r' | b'\n') && line >= 16 && run.len().is_multiple_of(4) {
            // A full line of an encoded block; words do not come in such lengths.
            line = if b == b'\n' { 0 } else { line };
            continue;
        }
        if b == b'=' && !run.is_empty() {
            run.push(b);
            if text.get(i) == Some(&b'=') {
                run.push(b);
                i += 1;
            }
        }
        flush(&mut run, &mut out);
        line = 0;
    }
    flush(&mut run, &mut out);
    out
}

fn flush(run: &mut Vec<u8>, out: &mut Vec<Vec<u8>>) {
    if run.len() >= MIN_BASE64 {
        out.push(std::mem::take(run));
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, url: bool, ignore_padding: bool) -> Vec<String> {
        let encodings = Encodings::from_names(["ascii", "utf8", "utf16-le"]);
        scan(text, Options { url, ignore_padding, multiline: true, encodings })
    }

    #[test]
    fn finds_encoded_text() {
        assert_eq!(check("see dGVzdEBleGFtcGxlLmNvbQ== there", false, false), ["test@example.com"]);
        assert!(check("see dGVzdEBleGFtcGxlLmNvbQ there", false, false).is_empty());
        assert_eq!(check("https://e.example/a/dGVzdEBleGFtcGxlLmNvbQ", false, true), ["test@example.com"]);
        assert_eq!(check("https://e.example/#dGVzdEBleGFtcGxlLmNvbQ", true, true), ["test@example.com"]);
        assert_eq!(check("aABlAGwAbABvAA==", false, false), ["hello"]);
        assert!(check("Ordinary words of an ordinary message, nothing else.", false, true).is_empty());
    }

    #[test]
    fn runs_go_on_over_full_lines() {
        let text = "VGhpcyBpcyBhIGxvbmdlciB0\r\nZXh0IG9uIHR3byBsaW5lcw==";
        assert_eq!(check(text, false, false), ["This is a longer text on two lines"]);
    }
}
