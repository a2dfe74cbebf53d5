//! Puts a snippet into the encoded bytes of a part: an insertion wherever the encoding allows one.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sekisho_mail::TransferEncoding;
use sekisho_record::Patch;

use super::snippet::Snippet;

/// Longest line of encoded text (RFC 2045 §6.7, §6.8).
const LINE: usize = 76;

/// Bytes of a group of base64, with what stands between its characters, that may be replaced: the banner's field keeps
/// them.
const GROUP_MAX: usize = 64;

/// The patch that puts a snippet before the decoded byte `at` of a part; its place counts from the part's first encoded
/// byte. `None` where the encoding is too broken for it.
pub(super) fn weave(
    encoded: &[u8],
    encoding: TransferEncoding,
    at: usize,
    snippet: &Snippet,
    line_end: &str,
) -> Option<Patch> {
    match encoding {
        TransferEncoding::Identity => (at <= encoded.len()).then(|| {
            let put = [lone_cr(encoded, at), &snippet.padded(0, 1)].concat();
            Patch { at, cut: 0, put }
        }),
        TransferEncoding::QuotedPrintable => quoted(encoded, at, snippet, line_end),
        TransferEncoding::Base64 => base64(encoded, at, snippet, line_end),
        TransferEncoding::Uuencode => uuencoded(encoded, at, snippet, line_end),
    }
}

/// A blank behind a lone CR, which would be taken for a part of our line end.
fn lone_cr(encoded: &[u8], at: usize) -> &'static [u8] {
    if at > 0 && encoded.get(at - 1) == Some(&b'\r') { b" " } else { b"" }
}

/// The encoded byte before which `at` decoded bytes stand, and whether it begins a line.
fn quoted_place(encoded: &[u8], at: usize) -> Option<usize> {
    let (mut place, mut decoded) = (0, 0);
    loop {
        let rest = encoded.get(place..)?;
        let (taken, made) = match rest {
            [b'=', b'\r', b'\n', ..] => (3, 0),
            [b'=', b'\n', ..] => (2, 0),
            [b'=', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => (3, 1),
            [b'=', tail @ ..] => {
                match tail.iter().take(80).position(|b| !matches!(b, b' ' | b'\t' | b'\r')) {
                    Some(blank) if tail.get(blank) == Some(&b'\n') => (blank + 2, 0),
                    // Behind a last `=` our own would not be read.
                    _ if tail.is_empty() && decoded == at => return Some(place),
                    _ if tail.is_empty() => (1, 0),
                    _ => (1, 1),
                }
            }
            [_, ..] => (1, 1),
            [] => return (decoded == at).then_some(place),
        };
        if decoded + made > at {
            return Some(place);
        }
        place += taken;
        decoded += made;
    }
}

fn quoted(encoded: &[u8], at: usize, snippet: &Snippet, line_end: &str) -> Option<Patch> {
    let place = quoted_place(encoded, at)?;
    let line_start = place == 0 || encoded.get(place - 1) == Some(&b'\n');
    let mut put = Vec::new();
    if !line_start {
        put.extend_from_slice(b"=");
        put.extend_from_slice(line_end.as_bytes());
    }
    let bytes = snippet.padded(0, 1);
    let mut column = 0;
    let mut rest = bytes.as_slice();
    while let Some((&byte, tail)) = rest.split_first() {
        if rest.starts_with(line_end.as_bytes()) {
            put.extend_from_slice(line_end.as_bytes());
            rest = rest.get(line_end.len()..).unwrap_or_default();
            column = 0;
            continue;
        }
        let at_end = tail.starts_with(line_end.as_bytes());
        let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || (byte == b' ' && !at_end);
        let plain = plain && !(column == 0 && matches!(byte, b'.' | b'-' | b'F'));
        if column + if plain { 1 } else { 3 } >= LINE {
            put.extend_from_slice(b"=");
            put.extend_from_slice(line_end.as_bytes());
            column = 0;
            continue;
        }
        if plain {
            put.push(byte);
            column += 1;
        } else {
            put.extend_from_slice(format!("={byte:02X}").as_bytes());
            column += 3;
        }
        rest = tail;
    }
    if column > 0 {
        put.extend_from_slice(b"=");
        put.extend_from_slice(line_end.as_bytes());
    }
    Some(Patch { at: place, cut: 0, put })
}

/// A group of base64: where its characters stand, and how many bytes it holds.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    start: usize,
    end: usize,
    bytes: usize,
    /// Decoded bytes before it.
    before: usize,
}

/// The group that holds decoded byte `at`; an empty one where that is the end.
fn group(encoded: &[u8], at: usize) -> Option<Group> {
    let mut held = 0;
    let mut open = Group::default();
    let mut last = 0;
    for (place, byte) in encoded.iter().enumerate() {
        let ends = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'/' | b'_' => {
                if held == 0 {
                    open.start = place;
                }
                held += 1;
                held == 4
            }
            b'=' => held > 0,
            _ => false,
        };
        if *byte == b'=' || ends || held > 0 {
            last = place + 1;
        }
        if ends {
            open.bytes = (held * 3_usize / 4).min(3);
            open.end = place + 1;
            if open.before + open.bytes > at {
                return Some(padded(encoded, open));
            }
            open.before += open.bytes;
            held = 0;
        }
    }
    let left = held * 3 / 4;
    if held == 1 {
        // A letter that encodes nothing would swallow ours.
        return (open.before == at).then_some(Group { end: open.start, ..open });
    }
    if left > 0 && open.before + left >= at {
        return Some(Group { end: last, bytes: left, ..open });
    }
    (open.before + left == at).then_some(Group { start: last, end: last, bytes: 0, before: at })
}

/// The group with all the padding that follows it.
fn padded(encoded: &[u8], mut group: Group) -> Group {
    if group.bytes < 3 {
        while encoded.get(group.end) == Some(&b'=') {
            group.end += 1;
        }
    }
    group
}

fn base64(encoded: &[u8], at: usize, snippet: &Snippet, line_end: &str) -> Option<Patch> {
    let group = group(encoded, at)?;
    let (held, _) = TransferEncoding::Base64.decode(encoded.get(group.start..group.end)?);
    let (before, after) = held.split_at_checked(at - group.before)?;
    // At the edge of a group nothing has to go.
    let inside = !before.is_empty();
    let (before, after) = if inside { (before, after) } else { (&[][..], &[][..]) };
    let bytes = [before, &snippet.padded(before.len() + after.len(), 3), after].concat();
    let text = STANDARD.encode(bytes);
    let line_start = group.start == 0 || encoded.get(group.start - 1) == Some(&b'\n');
    let mut put = Vec::with_capacity(text.len() + text.len() / 36 + 4);
    if !line_start {
        put.extend_from_slice(lone_cr(encoded, group.start));
        put.extend_from_slice(line_end.as_bytes());
    }
    for line in text.as_bytes().chunks(LINE) {
        put.extend_from_slice(line);
        put.extend_from_slice(line_end.as_bytes());
    }
    let cut = if inside { group.end - group.start } else { 0 };
    if cut > GROUP_MAX {
        return None;
    }
    if matches!(encoded.get(group.start + cut..), Some([b'\n', ..] | [b'\r', b'\n', ..])) {
        put.truncate(put.len() - line_end.len());
    }
    Some(Patch { at: group.start, cut, put })
}

/// The patch that takes decoded bytes `start..end` out. In base64 up to two `blank`s may come instead.
pub(super) fn cut(
    encoded: &[u8],
    encoding: TransferEncoding,
    start: usize,
    end: usize,
    blank: &[u8],
    line_end: &str,
) -> Option<Patch> {
    let line_start = |at: usize| at == 0 || encoded.get(at - 1) == Some(&b'\n');
    match encoding {
        TransferEncoding::Identity => (end <= encoded.len()).then(|| Patch {
            at: start,
            cut: end.saturating_sub(start),
            put: Vec::new(),
        }),
        TransferEncoding::QuotedPrintable => {
            let (at, end) = (quoted_place(encoded, start)?, quoted_place(encoded, end)?);
            // What follows may not fit into the line.
            let put = if line_start(at) { String::new() } else { format!("={line_end}") };
            Some(Patch { at, cut: end.checked_sub(at)?, put: put.into_bytes() })
        }
        TransferEncoding::Base64 => {
            let (first, last) = (group(encoded, start)?, group(encoded, end)?);
            let held = |group: Group| {
                TransferEncoding::Base64.decode(encoded.get(group.start..group.end).unwrap_or_default()).0
            };
            let (head, tail) = (held(first), held(last));
            let before = head.get(..start - first.before)?;
            let inside = end > last.before;
            let after = if inside { tail.get(end - last.before..)? } else { &[] };
            let mut bytes = before.to_vec();
            while !(bytes.len() + after.len()).is_multiple_of(3) && !blank.is_empty() {
                bytes.extend_from_slice(blank);
            }
            bytes.extend_from_slice(after);
            let text = STANDARD.encode(bytes);
            let mut put = if line_start(first.start) { String::new() } else { line_end.to_owned() };
            if !text.is_empty() {
                put.push_str(&text);
                put.push_str(line_end);
            }
            let until = if inside { last.end } else { last.start };
            Some(Patch { at: first.start, cut: until.checked_sub(first.start)?, put: put.into_bytes() })
        }
        TransferEncoding::Uuencode => None,
    }
}

/// Whole lines behind the `begin` line: only before the first byte.
fn uuencoded(encoded: &[u8], at: usize, snippet: &Snippet, line_end: &str) -> Option<Patch> {
    if at > 0 {
        return None;
    }
    let mut place = 0;
    for line in encoded.split_inclusive(|byte| *byte == b'\n') {
        if !line.trim_ascii_end().is_empty() && !line.starts_with(b"begin ") {
            break;
        }
        place += line.len();
    }
    let letter = |value: u8| if value == 0 { b'`' } else { value + 32 };
    let mut put = Vec::new();
    for line in snippet.padded(0, 3).chunks(45) {
        put.push(letter(line.len() as u8));
        for three in line.chunks(3) {
            let at = |i: usize| three.get(i).copied().unwrap_or(0);
            let (a, b, c) = (at(0), at(1), at(2));
            put.extend([a >> 2, (a & 3) << 4 | b >> 4, (b & 15) << 2 | c >> 6, c & 63].map(letter));
        }
        put.extend_from_slice(line_end.as_bytes());
    }
    Some(Patch { at: place, cut: 0, put })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNIPPET: &str = "\n<é = banner> \n";

    /// Before every decoded byte: the decoded text has the snippet exactly there, and lines stay short.
    fn check(encoding: TransferEncoding, encoded: &str, line_end: &str) {
        let snippet = Snippet::new(SNIPPET, SNIPPET.len() - 1, " ", line_end);
        let (plain, _) = encoding.decode(encoded.as_bytes());
        for at in 0..=plain.len() {
            let Some(patch) = weave(encoded.as_bytes(), encoding, at, &snippet, line_end) else {
                assert!(encoding == TransferEncoding::Uuencode && at > 0, "{encoded} {at}");
                continue;
            };
            let mut out = Vec::new();
            crate::apply::patched(&mut out, encoded.as_bytes(), std::slice::from_ref(&patch));
            let (dressed, _) = encoding.decode(&out);
            let (head, tail) = plain.split_at(at);
            let want = |pads: usize| {
                let text = SNIPPET.trim_end_matches('\n').to_owned() + &" ".repeat(pads) + "\n";
                [head, text.replace('\n', line_end).as_bytes(), tail].concat()
            };
            assert!(
                (0..3).any(|pads| *dressed == want(pads)),
                "{encoded:?} {at} {:?}",
                String::from_utf8_lossy(&out)
            );
            if encoding != TransferEncoding::Identity {
                assert!(patch.put.split(|b| *b == b'\n').all(|line| line.len() <= LINE + 1));
            }
        }
    }

    #[test]
    fn any_bytes_can_be_taken_out() {
        use TransferEncoding::{Base64, Identity, QuotedPrintable};
        for (encoding, encoded) in [
            (Identity, "abcdef"),
            (QuotedPrintable, "abc=\r\nd=3D=C3=A9\r\nx"),
            (Base64, "aGVs\r\nbG8gd29y\r\nbGQ="),
            (Base64, "aG\r\nVsbG8"),
        ] {
            let plain = encoding.decode(encoded.as_bytes()).0;
            for start in 0..=plain.len() {
                for end in start..=plain.len() {
                    let patch = cut(encoded.as_bytes(), encoding, start, end, b" ", "\r\n").unwrap();
                    let mut out = Vec::new();
                    crate::apply::patched(&mut out, encoded.as_bytes(), &[patch]);
                    let want = |blanks| [&plain[..start], &b"  "[..blanks], &plain[end..]].concat();
                    let got = encoding.decode(&out).0;
                    assert!(
                        (0..3).any(|blanks| *got == want(blanks)),
                        "{encoded} {start} {end}: {}",
                        String::from_utf8_lossy(&out)
                    );
                }
            }
        }
    }

    #[test]
    fn snippets_stand_exactly_before_any_decoded_byte() {
        use TransferEncoding::{Base64, Identity, QuotedPrintable, Uuencode};
        check(Identity, "abc", "\r\n");
        for text in ["", "abc=\r\ndef=3D=\r\n=C3=A9 x \r\nlast", "a=  \r\nb", "100 =% =", "a=\nb\n"] {
            check(QuotedPrintable, text, if text.contains("\r\n") { "\r\n" } else { "\n" });
        }
        for text in [
            "",
            "\r\n",
            "aGVsb",
            "aGVsbG8gd29ybGQ=",
            "aGVs\r\nbG8g\r\nd29ybGQ=\r\n",
            "aG\r\nVsbG8=aGVsbG8=",
            "aGVsbG8",
            "aGV!sbG8\n",
            "YQ==\r\nYg==",
        ] {
            check(Base64, text, "\r\n");
        }
        check(Uuencode, "begin 644 a.txt\n+:&5L;&\\@=V]R;&0\n`\nend\n", "\n");
    }
}
