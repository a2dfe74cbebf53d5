//! Decoders that scripts of all kinds share: base64, percent and hexadecimal digits, `data:` addresses.

/// Bytes that open a file worth looking at: archives, programs, documents, disk images, shortcuts.
pub(crate) fn carries(bytes: &[u8]) -> bool {
    const MAGIC: &[&[u8]] = &[
        b"PK\x03\x04",
        b"7z\xBC\xAF",
        b"Rar!",
        b"\x1F\x8B\x08",
        b"BZh",
        b"\xFD7zX",
        b"MSCF",
        b"\xD0\xCF\x11\xE0",
        b"{\\rt",
        b"L\0\0\0\x01\x14\x02\0",
        b"%PDF",
        b"\xE4\x52\x5C\x7B",
        b"#@~^",
    ];
    let image = bytes.get(0x8001..0x8006) == Some(b"CD001");
    let program =
        bytes.starts_with(b"MZ") && (bytes.len() < 64 || bytes.get(2..64).is_some_and(|h| h.contains(&0)));
    image || program || MAGIC.iter().any(|m| bytes.starts_with(m))
}

/// Text that a browser would show as a page.
pub(crate) fn is_page(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(bytes.get(..2_048).unwrap_or(bytes)).to_ascii_lowercase();
    let tags = ["<html", "<script", "<body", "<form", "<!doctype html", "<iframe", "<meta", "<svg", "<a "];
    tags.iter().any(|tag| head.contains(tag))
}

/// Base64 of both alphabets; blanks and padding do not matter, anything else ends it.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' | b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

/// `%41` and, where `wide`, `%u0041`. What `decodeURIComponent` reads is UTF-8.
pub(crate) fn percent(units: &[u16], wide: bool) -> Vec<u16> {
    let digit =
        |at: usize| units.get(at).and_then(|u| char::from_u32(u32::from(*u))).and_then(|c| c.to_digit(16));
    let number = |from: usize, count: usize| {
        (from..from + count).try_fold(0u32, |v, at| digit(at).map(|d| v * 16 + d))
    };
    let mut out = Vec::with_capacity(units.len());
    let mut at = 0;
    let mut bytes: Vec<u8> = Vec::new();
    while let Some(unit) = units.get(at) {
        let u = units.get(at + 1).is_some_and(|u| *u == u16::from(b'u') || *u == u16::from(b'U'));
        if *unit == u16::from(b'%') {
            if u && wide
                && let Some(value) = number(at + 2, 4)
            {
                out.push(value as u16);
                at += 6;
                continue;
            }
            if let Some(value) = number(at + 1, 2) {
                at += 3;
                if wide {
                    out.push(value as u16);
                } else {
                    bytes.push(value as u8);
                }
                continue;
            }
        }
        flush(&mut bytes, &mut out);
        out.push(*unit);
        at += 1;
    }
    flush(&mut bytes, &mut out);
    out
}

fn flush(bytes: &mut Vec<u8>, out: &mut Vec<u16>) {
    if !bytes.is_empty() {
        out.extend(String::from_utf8_lossy(bytes).encode_utf16());
        bytes.clear();
    }
}

/// Pairs of hexadecimal digits, when the text is nothing else.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if bytes.len() % 2 == 1 || bytes.is_empty() {
        return None;
    }
    let digit = |b: &u8| (*b as char).to_digit(16);
    bytes
        .chunks_exact(2)
        .map(|pair| match pair {
            [a, b] => Some((digit(a)? * 16 + digit(b)?) as u8),
            _ => None,
        })
        .collect()
}

/// Media type and content of a `data:` address.
pub(crate) fn data_url(text: &str) -> Option<(String, Vec<u8>)> {
    let rest = text.trim_start().get(5..)?;
    if !text.trim_start().get(..5)?.eq_ignore_ascii_case("data:") {
        return None;
    }
    let (head, data) = rest.split_once(',')?;
    let media = head.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let coded = head.to_ascii_lowercase().contains("base64");
    let units: Vec<u16> = data.encode_utf16().collect();
    let plain = String::from_utf16_lossy(&percent(&units, false));
    let bytes = if coded { base64(plain.as_bytes())? } else { plain.into_bytes() };
    Some((media, bytes))
}
