//! The charset of a part as far as a banner needs it: which bytes are ASCII characters, and how text is written.

use encoding_rs::{EncoderResult, Encoding, ISO_2022_JP};
use sekisho_mail::charset::{self, Charset};

/// A part's charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coding {
    charset: Charset,
}

/// A part's bytes seen as units of its charset: ASCII characters as they are, everything else as 0xFF.
#[derive(Debug)]
pub(super) struct View {
    /// One byte a unit.
    pub(super) units: Vec<u8>,
    /// Bytes of a byte order mark before the first unit.
    from: usize,
    /// Bytes of one unit: 1, 2 or 4.
    width: usize,
}

impl View {
    /// Where a unit stands in the part's bytes.
    pub(super) fn offset(&self, unit: usize) -> usize {
        self.from + unit * self.width
    }
}

impl Coding {
    /// Of decoded bytes and the label that they carry, as the crate `mail` reads them.
    pub(super) fn of(bytes: &[u8], label: Option<&str>) -> Self {
        let sample = bytes.get(..65_536).unwrap_or(bytes);
        let used = charset::decode(sample, label).mislabelled.or(label);
        let charset = used.and_then(Charset::from_label).map_or(Charset::Ascii, |(charset, _)| charset);
        let charset = match (charset, bytes) {
            (Charset::Utf32(_), [0xFF, 0xFE, 0, 0, ..]) => Charset::Utf32(false),
            (Charset::Utf32(_), [0, 0, 0xFE, 0xFF, ..]) => Charset::Utf32(true),
            (Charset::Utf16(_), [0xFF, 0xFE, ..]) => Charset::Utf16(false),
            (Charset::Utf16(_), [0xFE, 0xFF, ..]) => Charset::Utf16(true),
            // What the web calls UTF-16LE and UTF-16BE.
            (Charset::Web(encoding), _) if !encoding.is_ascii_compatible() => match encoding.name() {
                "UTF-16LE" => Charset::Utf16(false),
                "UTF-16BE" => Charset::Utf16(true),
                _ => Charset::Iso2022Jp,
            },
            (charset, _) => charset,
        };
        Self { charset }
    }

    /// The units of the bytes.
    pub(super) fn view(self, bytes: &[u8]) -> View {
        let narrow = |from: usize, units: Vec<u8>| View { units, from, width: 1 };
        match self.charset {
            Charset::Utf16(big) => {
                let from = if matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) { 2 } else { 0 };
                let pairs = bytes.get(from..).unwrap_or_default().chunks_exact(2);
                let unit = |pair: &[u8]| match (pair, big) {
                    ([0, low @ 0..0x80], true) | ([low @ 0..0x80, 0], false) => *low,
                    _ => 0xFF,
                };
                View { units: pairs.map(unit).collect(), from, width: 2 }
            }
            Charset::Utf32(big) => {
                let marked = matches!(bytes, [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..]);
                let from = if marked { 4 } else { 0 };
                let quads = bytes.get(from..).unwrap_or_default().chunks_exact(4);
                let unit = |quad: &[u8]| match (quad, big) {
                    ([0, 0, 0, low @ 0..0x80], true) | ([low @ 0..0x80, 0, 0, 0], false) => *low,
                    _ => 0xFF,
                };
                View { units: quads.map(unit).collect(), from, width: 4 }
            }
            Charset::Iso2022Jp | Charset::Iso2022Kr | Charset::Hz | Charset::Utf7 => {
                narrow(0, self.shifted(bytes))
            }
            _ => {
                let from = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
                narrow(from, bytes.get(from..).unwrap_or_default().to_vec())
            }
        }
    }

    /// The bytes with those of another state than ASCII masked.
    fn shifted(self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        let mut ascii = true;
        while let Some(rest) = bytes.get(out.len()..).filter(|rest| !rest.is_empty()) {
            let (taken, now, shown) = match (self.charset, rest) {
                (Charset::Iso2022Jp, [0x1B, b'(', b'B' | b'J' | b'H', ..]) => (3, true, false),
                (Charset::Iso2022Jp, [0x1B, b'$', b'(', ..]) => (4, false, false),
                (Charset::Iso2022Jp, [0x1B, b'$' | b'(', ..]) => (3, false, false),
                (Charset::Iso2022Kr, [0x1B, b'$', b')', b'C', ..]) => (4, ascii, false),
                (Charset::Iso2022Jp | Charset::Iso2022Kr, [0x0E, ..]) => (1, false, false),
                (Charset::Iso2022Jp | Charset::Iso2022Kr, [0x0F, ..]) => (1, true, false),
                (Charset::Hz, [b'~', b'{', ..]) => (2, false, false),
                (Charset::Hz, [b'~', b'}', ..]) => (2, true, false),
                // Lines end the other state in all four.
                (_, [b'\n', ..]) => (1, true, true),
                (Charset::Utf7, [b'+', b'-', ..]) => (2, true, false),
                (Charset::Utf7, [b'+', ..]) if ascii => (1, false, false),
                (Charset::Utf7, [b'-', ..]) if !ascii => (1, true, false),
                (Charset::Utf7, [byte, ..]) if !ascii => {
                    let base64 = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
                    (1, !base64, !base64)
                }
                _ => (1, ascii, ascii),
            };
            for byte in rest.iter().take(taken) {
                out.push(if shown { *byte } else { 0xFF });
            }
            ascii = now;
        }
        out
    }

    /// Writes text; `None` when the charset has not all of its characters.
    pub(super) fn write(self, text: &str) -> Option<Vec<u8>> {
        match self.charset {
            Charset::Ascii | Charset::Iso2022Kr if text.is_ascii() => Some(text.as_bytes().to_vec()),
            Charset::Hz if text.is_ascii() => Some(text.replace('~', "~~").into_bytes()),
            Charset::Ascii | Charset::Iso2022Kr | Charset::Hz => None,
            Charset::Web(encoding) => encoded(encoding, text),
            Charset::Iso2022Jp => encoded(ISO_2022_JP, text),
            Charset::Utf7 => Some(utf7(text)),
            Charset::Utf16(big) => {
                let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
                Some(text.encode_utf16().flat_map(bytes).collect())
            }
            Charset::Utf32(big) => {
                let bytes = |c: char| if big { (c as u32).to_be_bytes() } else { (c as u32).to_le_bytes() };
                Some(text.chars().flat_map(bytes).collect())
            }
        }
    }

    /// Writes text with a question mark for every character that the charset has not.
    pub(super) fn write_anyhow(self, text: &str) -> Option<Vec<u8>> {
        let replaced = |c: char| match self.write(c.encode_utf8(&mut [0; 4])) {
            Some(_) => c,
            None if matches!(c, '“' | '”') => '"',
            None => '?',
        };
        self.write(text).or_else(|| self.write(&text.chars().map(replaced).collect::<String>()))
    }
}

fn encoded(encoding: &'static Encoding, text: &str) -> Option<Vec<u8>> {
    let mut encoder = encoding.new_encoder();
    let room = encoder.max_buffer_length_from_utf8_without_replacement(text.len())?;
    let mut out = Vec::with_capacity(room);
    let (result, _) = encoder.encode_from_utf8_to_vec_without_replacement(text, &mut out, true);
    (result == EncoderResult::InputEmpty).then_some(out)
}

/// RFC 2152, with every character that is not plain ASCII in a shifted run of its own.
fn utf7(text: &str) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
    let mut out = Vec::new();
    for c in text.chars() {
        match c {
            '+' => out.extend_from_slice(b"+-"),
            '~' | '\\' => out.extend(shift(c)),
            c if c.is_ascii() => out.push(c as u8),
            c => out.extend(shift(c)),
        }
    }
    return out;

    fn shift(c: char) -> Vec<u8> {
        let units: Vec<u8> = c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()).collect();
        format!("+{}-", STANDARD_NO_PAD.encode(units)).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text is written so that the crate `mail` reads it back, and its ASCII letters can be seen.
    fn check(label: &str, text: &str, seen: &str) {
        let coding = Coding::of(b"", Some(label));
        let bytes = coding.write(text).unwrap();
        assert_eq!(charset::decode(&bytes, Some(label)).text, text, "{label}");
        let view: String =
            coding.view(&bytes).units.iter().map(|b| if b.is_ascii() { *b as char } else { '_' }).collect();
        assert_eq!(view, seen, "{label}");
    }

    #[test]
    fn text_is_written_in_the_parts_own_charset() {
        check("utf-8", "<あ>", "<___>");
        check("iso-2022-jp", "<あ>", "<________>");
        check("shift_jis", "<あ>", "<__>");
        check("utf-16le", "<あ>", "<_>");
        check("utf-32be", "<あ>", "<_>");
        check("utf-7", "<あ>+~", "<_____>_______");
        check("iso-8859-1", "<é>", "<_>");
        check("hz-gb-2312", "<b>", "<b>");
    }

    #[test]
    fn what_a_charset_has_not_is_said_or_replaced() {
        let latin = Coding::of(b"", Some("iso-8859-15"));
        assert_eq!(latin.write("あ"), None);
        assert_eq!(latin.write_anyhow("“あ” é").unwrap(), b"\x22?\x22 \xe9");
        assert_eq!(Coding::of(b"", None).write("é"), None);
    }

    #[test]
    fn byte_order_marks_win_and_are_skipped() {
        let coding = Coding::of(b"\xFF\xFE<\0", Some("utf-16"));
        let view = coding.view(b"\xFF\xFE<\0");
        assert_eq!((view.units.as_slice(), view.offset(0), view.offset(1)), (&b"<"[..], 2, 4));
        let view = Coding::of(b"\xEF\xBB\xBFa", Some("utf-8")).view(b"\xEF\xBB\xBFa");
        assert_eq!((view.units.as_slice(), view.offset(0)), (&b"a"[..], 3));
    }

    #[test]
    fn utf7_masks_runs() {
        let view = Coding::of(b"", Some("utf-7")).view(b"a+ADw-b<+-");
        assert_eq!(view.units, b"a\xff\xff\xff\xff\xffb<\xff\xff");
    }
}
