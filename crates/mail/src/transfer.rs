//! Transfer encodings (RFC 2045 §6), read the way mail programs do: what is broken is kept, not refused.

use std::borrow::Cow;

use memchr::memchr;

/// How the bytes of a part travelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// 7bit, 8bit, binary, or a name that nobody knows.
    Identity,
    /// base64.
    Base64,
    /// quoted-printable.
    QuotedPrintable,
    /// uuencode and its `x-` names.
    Uuencode,
}

impl Encoding {
    /// Reads the value of `Content-Transfer-Encoding`; `None` for a name that nobody knows.
    pub(crate) fn from_label(label: &str) -> Option<Self> {
        let label = label.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        Some(match label.to_ascii_lowercase().as_str() {
            "" | "7bit" | "8bit" | "binary" | "7-bit" | "8-bit" | "7bits" | "8bits" | "none" => {
                Encoding::Identity
            }
            "base64" | "base-64" | "b" | "x-base64" => Encoding::Base64,
            "quoted-printable" | "quoted_printable" | "quotedprintable" | "qp" | "q" => {
                Encoding::QuotedPrintable
            }
            "uuencode" | "x-uuencode" | "x-uue" | "uue" => Encoding::Uuencode,
            _ => return None,
        })
    }

    /// Decodes; the flag is true when the bytes were not cleanly encoded.
    pub fn decode(self, bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
        match self {
            Encoding::Identity => (Cow::Borrowed(bytes), false),
            Encoding::Base64 => {
                let (out, broken) = base64(bytes);
                (Cow::Owned(out), broken)
            }
            Encoding::QuotedPrintable => quoted_printable(bytes),
            Encoding::Uuencode => {
                let (out, broken) = uuencode(bytes);
                (Cow::Owned(out), broken)
            }
        }
    }
}

/// Values of the base64 alphabet (and its URL-safe variant); 0x40 for padding, 0x80 for white space, 0xFF otherwise.
const BASE64: [u8; 256] = {
    let mut table = [0xFFu8; 256];
    let mut i = 0u8;
    while i < 26 {
        table[(b'A' + i) as usize] = i;
        table[(b'a' + i) as usize] = 26 + i;
        i += 1;
    }
    i = 0;
    while i < 10 {
        table[(b'0' + i) as usize] = 52 + i;
        i += 1;
    }
    table[b'+' as usize] = 62;
    table[b'-' as usize] = 62;
    table[b'/' as usize] = 63;
    table[b'_' as usize] = 63;
    table[b'=' as usize] = 0x40;
    table[b'\r' as usize] = 0x80;
    table[b'\n' as usize] = 0x80;
    table[b' ' as usize] = 0x80;
    table[b'\t' as usize] = 0x80;
    table
};

/// Base64 with white space, foreign characters and inner padding skipped.
pub(crate) fn base64(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3 + 3);
    let mut broken = false;
    let (mut chunk, mut held) = (0u32, 0u8);
    let mut rest = bytes;
    loop {
        if held == 0 {
            rest = base64_quads(rest, &mut out);
        }
        let Some((&byte, tail)) = rest.split_first() else { break };
        rest = tail;
        base64_step(byte, &mut chunk, &mut held, &mut out, &mut broken);
    }
    match held {
        2 => out.push((chunk >> 4) as u8),
        3 => out.extend_from_slice(&[(chunk >> 10) as u8, (chunk >> 2) as u8]),
        1 => broken = true,
        _ => {}
    }
    (out, broken)
}

/// Clean groups of four, as many as follow; gives back what is left.
fn base64_quads<'a>(bytes: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let mut rest = bytes;
    while let Some((&[a, b, c, d], tail)) = rest.split_first_chunk::<4>() {
        let [a, b, c, d] = [a, b, c, d].map(|x| BASE64[x as usize]);
        if (a | b | c | d) & 0xC0 != 0 {
            break;
        }
        let n = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
        out.extend_from_slice(&[(n >> 16) as u8, (n >> 8) as u8, n as u8]);
        rest = tail;
    }
    rest
}

/// One byte of base64 that is not part of a clean group.
fn base64_step(byte: u8, chunk: &mut u32, held: &mut u8, out: &mut Vec<u8>, broken: &mut bool) {
    match BASE64[byte as usize] {
        0x80 => {}
        0x40 => {
            // Padding ends a group: joined base64 bodies go on after it.
            match *held {
                2 => out.push((*chunk >> 4) as u8),
                3 => out.extend_from_slice(&[(*chunk >> 10) as u8, (*chunk >> 2) as u8]),
                1 => *broken = true,
                _ => {}
            }
            (*chunk, *held) = (0, 0);
        }
        0xFF => *broken = true,
        value => {
            *chunk = *chunk << 6 | u32::from(value);
            *held += 1;
            if *held == 4 {
                out.extend_from_slice(&[(*chunk >> 16) as u8, (*chunk >> 8) as u8, *chunk as u8]);
                (*chunk, *held) = (0, 0);
            }
        }
    }
}

fn hex(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|d| d as u8)
}

/// Quoted-printable; an `=` that encodes nothing is kept as it stands.
pub(crate) fn quoted_printable(bytes: &[u8]) -> (Cow<'_, [u8]>, bool) {
    if memchr(b'=', bytes).is_none() {
        return (Cow::Borrowed(bytes), false);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut broken = false;
    let mut rest = bytes;
    while let Some(at) = memchr(b'=', rest) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        let tail = tail.get(1..).unwrap_or_default();
        rest = match *tail {
            [b'\r', b'\n', ..] => tail.get(2..).unwrap_or_default(),
            [b'\n', ..] => tail.get(1..).unwrap_or_default(),
            [] => tail,
            [a, b, ..] if let (Some(high), Some(low)) = (hex(a), hex(b)) => {
                out.push(high << 4 | low);
                tail.get(2..).unwrap_or_default()
            }
            _ => match soft_break(tail) {
                Some(after) => after,
                None => {
                    broken = true;
                    out.push(b'=');
                    tail
                }
            },
        };
    }
    out.extend_from_slice(rest);
    (Cow::Owned(out), broken)
}

/// White space that some relay left between `=` and the line end.
fn soft_break(tail: &[u8]) -> Option<&[u8]> {
    let blank = tail.iter().take(80).take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
    (tail.get(blank) == Some(&b'\n')).then(|| tail.get(blank + 1..).unwrap_or_default())
}

/// The lines between `begin` and `end`; without a `begin` line everything.
fn uuencode(bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(bytes.len() / 4 * 3);
    let mut lines = bytes.split(|&b| b == b'\n').map(<[u8]>::trim_ascii_end).peekable();
    while lines.peek().is_some_and(|line| line.is_empty() || line.starts_with(b"begin ")) {
        lines.next();
    }
    let mut closed = false;
    for line in lines {
        let Some((&length, data)) = line.split_first() else { continue };
        if line == b"end" {
            closed = true;
            break;
        }
        let length = usize::from(length.wrapping_sub(32) & 63);
        let start = out.len();
        for quad in data.chunks(4) {
            let at = |i: usize| u32::from(quad.get(i).map_or(0, |b| b.wrapping_sub(32) & 63));
            let n = at(0) << 18 | at(1) << 12 | at(2) << 6 | at(3);
            out.extend_from_slice(&[(n >> 16) as u8, (n >> 8) as u8, n as u8]);
        }
        out.truncate(start + length.min(out.len() - start));
    }
    (out, !closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(encoding: Encoding, encoded: &str, decoded: &str, broken: bool) {
        let (out, b) = encoding.decode(encoded.as_bytes());
        assert_eq!((String::from_utf8_lossy(&out).as_ref(), b), (decoded, broken), "{encoded:?}");
    }

    #[test]
    fn base64_survives_what_relays_do() {
        check(Encoding::Base64, "aGVsbG8gd29ybGQ=", "hello world", false);
        check(Encoding::Base64, "aGVs\r\nbG8g\r\nd29ybGQ", "hello world", false);
        check(Encoding::Base64, "aG Vs bG8=aGVsbG8=", "hellohello", false);
        check(Encoding::Base64, "aGVs!bG8=", "hello", true);
        check(Encoding::Base64, "a", "", true);
        check(Encoding::Base64, "", "", false);
    }

    #[test]
    fn quoted_printable_keeps_what_it_cannot_read() {
        check(Encoding::QuotedPrintable, "a=3Db=\r\nc=\nd=  \r\ne", "a=bcde", false);
        check(Encoding::QuotedPrintable, "100 =% done=", "100 =% done", true);
        check(Encoding::QuotedPrintable, "=e3=81=82", "あ", false);
    }

    #[test]
    fn uuencode_reads_lines() {
        check(Encoding::Uuencode, "begin 644 a.txt\n+:&5L;&\\@=V]R;&0\n`\nend\n", "hello world", false);
    }
}
