//! Decoders for charsets that the web platform dropped and mail still carries.

use encoding_rs::{EUC_JP, EUC_KR, GBK, UTF_16BE, UTF_16LE};

/// What the seven-bit bytes of ISO-2022-JP mean at the moment.
#[derive(Clone, Copy, PartialEq)]
enum Set {
    Ascii,
    Kana,
    Kanji,
    Supplement,
}

/// ISO-2022-JP with JIS X 0201 kana (`ESC ( I`, SO/SI, eight-bit) and JIS X 0212, by way of EUC-JP.
pub(crate) fn iso_2022_jp(bytes: &[u8]) -> (String, bool) {
    let mut euc = Vec::with_capacity(bytes.len() + 16);
    let (mut set, mut shifted) = (Set::Ascii, false);
    let mut rest = bytes;
    while let Some((&a, tail)) = rest.split_first() {
        if a == 0x1B
            && let Some((next, length)) = designation(tail)
        {
            set = next;
            rest = tail.get(length..).unwrap_or_default();
            continue;
        }
        rest = tail;
        match a {
            0x0E => shifted = true,
            0x0F => shifted = false,
            b'\r' | b'\n' => {
                // Every line begins in ASCII, also when the writer forgot to say so.
                (set, shifted) = (Set::Ascii, false);
                euc.push(a);
            }
            0x21..=0x5F if shifted || set == Set::Kana => euc.extend_from_slice(&[0x8E, a | 0x80]),
            0xA1..=0xDF => euc.extend_from_slice(&[0x8E, a]),
            0x21..=0x7E if matches!(set, Set::Kanji | Set::Supplement) => {
                let Some((&b @ 0x21..=0x7E, after)) = tail.split_first() else {
                    euc.push(a);
                    continue;
                };
                rest = after;
                if set == Set::Supplement {
                    euc.push(0x8F);
                }
                euc.extend_from_slice(&[a | 0x80, b | 0x80]);
            }
            _ => euc.push(a),
        }
    }
    let (text, lossy) = EUC_JP.decode_without_bom_handling(&euc);
    (text.into_owned(), lossy)
}

/// The set that an escape sequence designates, and the length of the sequence after ESC.
fn designation(tail: &[u8]) -> Option<(Set, usize)> {
    Some(match tail {
        [b'(', b'B' | b'J' | b'H', ..] => (Set::Ascii, 2),
        [b'(', b'I', ..] => (Set::Kana, 2),
        [b'$', b'@' | b'B', ..] => (Set::Kanji, 2),
        [b'$', b'(', b'D', ..] => (Set::Supplement, 3),
        [b'$', b'(', b'O' | b'P' | b'Q' | b'@' | b'B', ..] => (Set::Kanji, 3),
        [b'&', b'@', ..] => (Set::Kanji, 2),
        _ => return None,
    })
}

/// ISO-2022-KR: `ESC $ ) C` once, then SO and SI.
pub(crate) fn iso_2022_kr(bytes: &[u8]) -> (String, bool) {
    let mut euc = Vec::with_capacity(bytes.len());
    let mut shifted = false;
    let mut rest = bytes;
    while let Some((&a, tail)) = rest.split_first() {
        rest = tail;
        match a {
            0x1B if tail.starts_with(b"$)C") => rest = tail.get(3..).unwrap_or_default(),
            0x0E => shifted = true,
            0x0F => shifted = false,
            b'\n' => {
                shifted = false;
                euc.push(a);
            }
            0x21..=0x7E if shifted => euc.push(a | 0x80),
            _ => euc.push(a),
        }
    }
    let (text, lossy) = EUC_KR.decode_without_bom_handling(&euc);
    (text.into_owned(), lossy)
}

/// HZ: GB 2312 between `~{` and `~}`.
pub(crate) fn hz(bytes: &[u8]) -> (String, bool) {
    let mut gb = Vec::with_capacity(bytes.len());
    let mut inside = false;
    let mut rest = bytes;
    while let Some((&a, tail)) = rest.split_first() {
        let second = tail.first().copied();
        let (skip, put) = match (a, second) {
            (b'~', Some(b'{')) if !inside => (1, None),
            (b'~', Some(b'}')) if inside => (1, None),
            (b'~', Some(b'~')) if !inside => (1, Some(b'~')),
            (b'~', Some(b'\n')) => (1, None),
            (0x21..=0x7E, _) if inside => (0, Some(a | 0x80)),
            _ => (0, Some(a)),
        };
        match (a, second) {
            (b'~', Some(b'{')) => inside = true,
            (b'~', Some(b'}')) | (b'\n', _) => inside = false,
            _ => {}
        }
        gb.extend(put);
        rest = tail.get(skip..).unwrap_or_default();
    }
    let (text, lossy) = GBK.decode_without_bom_handling(&gb);
    (text.into_owned(), lossy)
}

/// UTF-7 (RFC 2152).
pub(crate) fn utf7(bytes: &[u8]) -> (String, bool) {
    let mut out = String::with_capacity(bytes.len());
    let mut lossy = false;
    let mut rest = bytes;
    while let Some((&a, tail)) = rest.split_first() {
        rest = tail;
        if a != b'+' {
            if a < 0x80 {
                out.push(a as char);
            } else {
                lossy = true;
                out.push('\u{FFFD}');
            }
            continue;
        }
        let length =
            tail.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).count();
        let (coded, after) = tail.split_at(length);
        rest = after.strip_prefix(b"-").unwrap_or(after);
        if coded.is_empty() {
            out.push('+');
            continue;
        }
        let (mut units, _) = crate::transfer::base64(coded);
        units.truncate(units.len() & !1);
        let (text, bad) = utf16_as(&units, true);
        lossy |= bad;
        out.push_str(&text);
    }
    (out, lossy)
}

fn utf16_as(bytes: &[u8], big: bool) -> (String, bool) {
    let encoding = if big { UTF_16BE } else { UTF_16LE };
    let (text, lossy) = encoding.decode_without_bom_handling(bytes);
    (text.into_owned(), lossy)
}

/// UTF-16: the mark decides, then where the zero bytes stand, then the label.
pub(crate) fn utf16(bytes: &[u8], big: bool) -> (String, bool) {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16_as(rest, true),
        [0xFF, 0xFE, rest @ ..] => utf16_as(rest, false),
        _ => {
            let sample = bytes.get(..256).unwrap_or(bytes);
            let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
            let (even, odd) = (zeros(0), zeros(1));
            if even == 0 && odd == 0 && bytes.is_ascii() {
                // A label on text that never was UTF-16.
                return (String::from_utf8_lossy(bytes).into_owned(), false);
            }
            utf16_as(bytes, if even == odd { big } else { even > odd })
        }
    }
}

/// UTF-32 with or without a mark.
pub(crate) fn utf32(bytes: &[u8], big: bool) -> (String, bool) {
    let (rest, big) = match bytes {
        [0, 0, 0xFE, 0xFF, rest @ ..] => (rest, true),
        [0xFF, 0xFE, 0, 0, rest @ ..] => (rest, false),
        _ => (bytes, big),
    };
    let mut lossy = false;
    let text = rest.chunks(4).map(|chunk| {
        let unit = <[u8; 4]>::try_from(chunk)
            .map(|c| if big { u32::from_be_bytes(c) } else { u32::from_le_bytes(c) });
        unit.ok().and_then(char::from_u32).unwrap_or_else(|| {
            lossy = true;
            '\u{FFFD}'
        })
    });
    (text.collect(), lossy)
}
