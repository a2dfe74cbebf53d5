//! Text inside text: percent, base64, hex and zlib, each with a limit.

use std::io::Read;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::limits::{INFLATE_BYTES_MAX, URL_BYTES_MAX};

/// Padding or none, stray trailing bits: senders write all of them.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `%XX` undone once; `+` stays.
pub(super) fn percent(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%'
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low))
        {
            out.push(high * 16 + low);
            rest = after;
            continue;
        }
        out.push(byte);
    }
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex_digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Base64 in either alphabet, padded or not, percent-encoded or not.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || text.len() > URL_BYTES_MAX {
        return None;
    }
    let clean: String = match text.contains(['%', '+', '/', ' ']) {
        false => return LENIENT.decode(text.trim_end_matches(['=', '.'])).ok(),
        true => percent(text)
            .chars()
            .map(|c| match c {
                '+' | ' ' => '-',
                '/' => '_',
                other => other,
            })
            .collect(),
    };
    LENIENT.decode(clean.trim_end_matches(['=', '.'])).ok()
}

/// Base64 that holds UTF-8.
pub(super) fn base64_text(text: &str) -> Option<String> {
    base64(text).and_then(|bytes| String::from_utf8(bytes).ok())
}

/// An even number of hex digits that hold UTF-8.
fn hex_text(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for pair in text.as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(hex_digit(*high)? * 16 + hex_digit(*low)?);
    }
    String::from_utf8(bytes).ok()
}

/// zlib data, at most [`INFLATE_BYTES_MAX`] of it.
pub(super) fn zlib(bytes: &[u8]) -> Option<String> {
    limited(flate2::read::ZlibDecoder::new(bytes))
}

/// Raw deflate data, at most [`INFLATE_BYTES_MAX`] of it.
pub(super) fn deflate(bytes: &[u8]) -> Option<String> {
    limited(flate2::read::DeflateDecoder::new(bytes))
}

/// A stream that ends within the limit; more than that is a bomb and nobody's link.
fn limited(reader: impl Read) -> Option<String> {
    let mut out = Vec::new();
    let limit = u64::try_from(INFLATE_BYTES_MAX).unwrap_or(u64::MAX);
    reader.take(limit + 1).read_to_end(&mut out).ok()?;
    if out.len() > INFLATE_BYTES_MAX {
        return None;
    }
    String::from_utf8(out).ok()
}

/// The absolute http(s) URL that a value is: plain, percent-encoded (also twice), scheme-relative, base64 or hex.
pub(super) fn absolute(value: &str) -> Option<String> {
    absolute_in(value, 2)
}

fn absolute_in(value: &str, nesting: u8) -> Option<String> {
    let mut text = value.trim().to_owned();
    for _ in 0..3 {
        if let Some(url) = with_scheme(&text) {
            return Some(url);
        }
        if !text.contains('%') {
            break;
        }
        text = percent(&text).trim().to_owned();
    }
    let inner = if nesting == 0 || text.len() < 12 {
        return None;
    } else if starts_base64_http(&text) {
        base64_text(&text)?
    } else if text.starts_with("687474") {
        hex_text(&text)?
    } else {
        return None;
    };
    absolute_in(&inner, nesting - 1)
}

/// Base64 of text that begins with `http:` or `https:`, in any case.
pub(super) fn starts_base64_http(text: &str) -> bool {
    ["aHR0c", "aHR0U", "SFRUU", "SHR0c"].iter().any(|head| text.starts_with(head))
}

/// The URL with its slashes repaired as browsers do, when it begins with a web scheme or `//`.
fn with_scheme(text: &str) -> Option<String> {
    let (scheme, rest) = if starts_ignoring_case(text, "https:") {
        ("https://", text.get(6..)?)
    } else if starts_ignoring_case(text, "http:") {
        ("http://", text.get(5..)?)
    } else if let Some(rest) = text.strip_prefix("//") {
        ("https://", rest)
    } else {
        return None;
    };
    let had_slash = rest.starts_with(['/', '\\']) || text.starts_with("//");
    let host = rest.trim_start_matches(['/', '\\']);
    let named =
        host.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80 || byte == b'[');
    let dotted = host.split(['/', '?', '#']).next().is_some_and(|host| host.contains(['.', ':']));
    (had_slash && named && dotted).then(|| format!("{scheme}{host}"))
}

/// As [`absolute`], and also `mailto:` and `tel:`.
pub(super) fn absolute_or_mail(value: &str) -> Option<String> {
    absolute(value).or_else(|| {
        let text = percent(value);
        (starts_ignoring_case(&text, "mailto:") || starts_ignoring_case(&text, "tel:")).then_some(text)
    })
}

/// As [`absolute`], and also a URL without its scheme (`www.example.com/x`).
pub(super) fn absolute_or_bare(value: &str, scheme: &str) -> Option<String> {
    if let Some(url) = absolute(value) {
        return Some(url);
    }
    let text = percent(value);
    let host = text.split(['/', '?', '#']).next().unwrap_or("");
    let plausible = host.len() >= 4
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':') || b >= 0x80);
    plausible.then(|| format!("{scheme}://{text}"))
}

/// ASCII prefix test without regard to case.
pub(super) fn starts_ignoring_case(text: &str, head: &str) -> bool {
    text.as_bytes().get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head.as_bytes()))
}

/// The absolute URL that follows a slash in a path: percent-encoded in one segment, or written out to the end.
pub(super) fn embedded(rest: &str) -> Option<String> {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(rest.as_bytes().get(from..)?, b"http").map(|at| at + from) {
        from = at + 4;
        if rest
            .as_bytes()
            .get(at.wrapping_sub(1))
            .is_none_or(|before| !matches!(before, b'/' | b'*' | b'?' | b'='))
        {
            continue;
        }
        let tail = rest.get(at..)?;
        let written_out = tail.starts_with("http://") || tail.starts_with("https://");
        let part = if written_out { tail } else { tail.split(['/', '?', '&', '#']).next().unwrap_or(tail) };
        if let Some(url) = absolute(part) {
            return Some(url);
        }
    }
    None
}
