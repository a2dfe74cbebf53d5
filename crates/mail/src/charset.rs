//! Bytes and a charset label become text, also when the label is wrong, damaged or missing.

use std::borrow::Cow;

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, ISO_8859_8, KOI8_R, SHIFT_JIS, UTF_8, WINDOWS_1251, WINDOWS_1252,
};
use memchr::{memchr, memmem};

use crate::legacy;

/// A charset that this crate can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// US-ASCII, or no label at all: any byte above 0x7F contradicts it.
    Ascii,
    /// One that `encoding_rs` reads.
    Web(&'static Encoding),
    /// ISO-2022-JP and its variants, half-width kana included.
    Iso2022Jp,
    /// ISO-2022-KR.
    Iso2022Kr,
    /// HZ-GB-2312.
    Hz,
    /// UTF-7 (RFC 2152).
    Utf7,
    /// UTF-16 with or without a byte order mark; the flag says big-endian when there is none.
    Utf16(bool),
    /// UTF-32 likewise.
    Utf32(bool),
}

/// Text, and what was wrong with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// The charset that was used although the label names another one or none that exists.
    pub mislabelled: Option<&'static str>,
    /// Some bytes fit no character and became U+FFFD.
    pub lossy: bool,
}

impl Charset {
    /// Reads a label, damaged ones too (`=utf-8`, `_iso-2022-jp$ESC`, `"cp932"`, `utf-8 sdq`). The flag is true when
    /// it had to be repaired; `None` when nothing can be made of it.
    pub fn from_label(label: &str) -> Option<(Charset, bool)> {
        let plain = label.trim();
        if let Some(found) = named(plain) {
            return Some((found, false));
        }
        let lower = plain.to_ascii_lowercase();
        let cleaned = lower
            .trim_start_matches(|c: char| !c.is_ascii_alphanumeric())
            .strip_prefix("3d")
            .map_or(lower.as_str(), |rest| rest)
            .trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
        let end = cleaned
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.:".contains(c)))
            .unwrap_or(cleaned.len());
        let cleaned =
            cleaned.get(..end).unwrap_or_default().trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        named(cleaned).or_else(|| contained(&lower)).map(|found| (found, true))
    }

    /// The canonical name.
    pub fn name(self) -> &'static str {
        match self {
            Charset::Ascii => "us-ascii",
            Charset::Web(encoding) => encoding.name(),
            Charset::Iso2022Jp => "iso-2022-jp",
            Charset::Iso2022Kr => "iso-2022-kr",
            Charset::Hz => "hz-gb-2312",
            Charset::Utf7 => "utf-7",
            Charset::Utf16(_) => "utf-16",
            Charset::Utf32(_) => "utf-32",
        }
    }

    /// Decodes without second thoughts; the flag is true when bytes were replaced.
    fn read(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        match self {
            Charset::Ascii => WINDOWS_1252.decode_without_bom_handling(bytes),
            Charset::Web(encoding) => encoding.decode_with_bom_removal(bytes),
            Charset::Iso2022Jp => owned(legacy::iso_2022_jp(bytes)),
            Charset::Iso2022Kr => owned(legacy::iso_2022_kr(bytes)),
            Charset::Hz => owned(legacy::hz(bytes)),
            Charset::Utf7 => owned(legacy::utf7(bytes)),
            Charset::Utf16(big) => owned(legacy::utf16(bytes, big)),
            Charset::Utf32(big) => owned(legacy::utf32(bytes, big)),
        }
    }
}

fn owned((text, lossy): (String, bool)) -> (Cow<'static, str>, bool) {
    (Cow::Owned(text), lossy)
}

/// A label as registries and mail programs write it.
fn named(label: &str) -> Option<Charset> {
    let mut buffer = [0u8; 40];
    let lower = buffer.get_mut(..label.len())?;
    lower.copy_from_slice(label.as_bytes());
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"us-ascii" | b"ascii" | b"ansi_x3.4-1968" | b"ansi_x3.4" | b"iso646-us" | b"646" | b"us" => {
            Charset::Ascii
        }
        b"utf8mb4" | b"cp65001" | b"utf" | b"utf-8-mac" | b"utf8-mac" => Charset::Web(UTF_8),
        b"utf-7" | b"utf7" | b"unicode-1-1-utf-7" | b"x-unicode-2-0-utf-7" | b"cp65000" => Charset::Utf7,
        b"utf-16" | b"utf16" | b"utf-16be" | b"ucs-2" | b"iso-10646-ucs-2" | b"unicodefffe" => {
            Charset::Utf16(true)
        }
        b"utf-16le" | b"unicode" => Charset::Utf16(false),
        b"utf-32" | b"utf32" | b"utf-32be" | b"ucs-4" => Charset::Utf32(true),
        b"utf-32le" => Charset::Utf32(false),
        b"iso-2022-jp" | b"iso-2022-jp-1" | b"iso-2022-jp-2" | b"iso-2022-jp-3" | b"iso-2022-jp-ms"
        | b"csiso2022jp" | b"cp50220" | b"cp50221" | b"cp50222" | b"jis" | b"iso-2022-jp-2004" | b"jis7" => {
            Charset::Iso2022Jp
        }
        b"iso-2022-kr" | b"csiso2022kr" => Charset::Iso2022Kr,
        b"hz-gb-2312" | b"hz" => Charset::Hz,
        b"cp932" | b"ms932" | b"windows-932" | b"mskanji" | b"shiftjis" | b"s-jis" | b"x-ms-cp932"
        | b"sjis-win" => Charset::Web(SHIFT_JIS),
        b"eucjp" | b"x-eucjp" | b"ujis" | b"eucjp-win" | b"cp51932" | b"eucjp-ms" => Charset::Web(EUC_JP),
        b"cp936" | b"windows-936" | b"ms936" | b"euc-cn" | b"gb_18030" | b"gb18030-2000" | b"gb2312-80" => {
            Charset::Web(GB18030)
        }
        b"cp949" | b"uhc" | b"ms949" | b"euckr" | b"ksc5601" | b"ks_c_5601" => Charset::Web(EUC_KR),
        b"cp950" | b"windows-950" | b"big-5" | b"big5-eten" => Charset::Web(BIG5),
        b"win-1251" | b"win1251" | b"windows1251" => Charset::Web(WINDOWS_1251),
        b"koi8" => Charset::Web(KOI8_R),
        b"iso-8859-8-e" => Charset::Web(ISO_8859_8),
        b"latin-1" | b"iso8859_1" | b"windows1252" | b"win-1252" | b"iso-latin-1" | b"western" | b"ansi" => {
            Charset::Web(WINDOWS_1252)
        }
        other => Charset::Web(Encoding::for_label_no_replacement(other)?),
    })
}

/// A label that only contains a known one.
fn contained(lower: &str) -> Option<Charset> {
    const KNOWN: [(&str, Charset); 13] = [
        ("2022-jp", Charset::Iso2022Jp),
        ("utf-8", Charset::Web(UTF_8)),
        ("utf8", Charset::Web(UTF_8)),
        ("utf-7", Charset::Utf7),
        ("jis", Charset::Web(SHIFT_JIS)),
        ("euc-jp", Charset::Web(EUC_JP)),
        ("gb2312", Charset::Web(GB18030)),
        ("gb18030", Charset::Web(GB18030)),
        ("big5", Charset::Web(BIG5)),
        ("koi8", Charset::Web(KOI8_R)),
        ("1251", Charset::Web(WINDOWS_1251)),
        ("1252", Charset::Web(WINDOWS_1252)),
        ("8859-1", Charset::Web(WINDOWS_1252)),
    ];
    KNOWN.iter().find(|(part, _)| lower.contains(part)).map(|&(_, charset)| charset)
}

/// Decodes under a label, or under what the bytes say when they contradict it.
pub fn decode<'a>(bytes: &'a [u8], label: Option<&str>) -> Decoded<'a> {
    let (charset, known) = match label.map(Charset::from_label) {
        Some(Some((charset, repaired))) => (charset, !repaired),
        Some(None) => (Charset::Ascii, false),
        None => (Charset::Ascii, true),
    };
    let mut decoded = decode_as(bytes, charset);
    if !known && decoded.mislabelled.is_none() {
        decoded.mislabelled = Some(charset.name());
    }
    decoded
}

/// Decodes under a charset that the bytes may contradict.
pub fn decode_as(bytes: &[u8], charset: Charset) -> Decoded<'_> {
    let plain = |text| Decoded { text, mislabelled: None, lossy: false };
    let seven_bit = bytes.is_ascii();
    if seven_bit && ascii_compatible(charset) {
        return match memchr(0x1B, bytes).and_then(|at| escapes(bytes.get(at..).unwrap_or_default())) {
            Some(found) => switch(bytes, found),
            None => plain(ascii(bytes)),
        };
    }
    if charset == Charset::Ascii {
        return switch(bytes, detect(bytes));
    }
    if charset == Charset::Web(UTF_8)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return plain(Cow::Borrowed(text.strip_prefix('\u{FEFF}').unwrap_or(text)));
    }
    if let Some(other) = contradiction(bytes, charset) {
        return switch(bytes, other);
    }
    let (text, lossy) = charset.read(bytes);
    if lossy && !mostly_readable(&text) {
        let other = detect(bytes);
        if other != charset && (other != Charset::Web(WINDOWS_1252) || charset == Charset::Web(UTF_8)) {
            return switch(bytes, other);
        }
    }
    Decoded { text, mislabelled: None, lossy }
}

fn switch(bytes: &[u8], charset: Charset) -> Decoded<'_> {
    let (text, lossy) = charset.read(bytes);
    Decoded { text, mislabelled: Some(charset.name()), lossy }
}

fn ascii(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// True when seven-bit bytes mean the same there as in US-ASCII.
fn ascii_compatible(charset: Charset) -> bool {
    match charset {
        Charset::Ascii => true,
        Charset::Web(encoding) => encoding.is_ascii_compatible(),
        _ => false,
    }
}

/// Less than one replaced character in twenty: damage, not another charset.
fn mostly_readable(text: &str) -> bool {
    let wide = text.chars().filter(|c| !c.is_ascii()).take(4_096);
    let (bad, all) =
        wide.fold((0usize, 0usize), |(bad, all), c| (bad + usize::from(c == '\u{FFFD}'), all + 1));
    bad * 20 < all
}

/// The stateful charset whose escape sequence the bytes begin with or hold.
fn escapes(bytes: &[u8]) -> Option<Charset> {
    const JP: [&[u8]; 5] = [b"\x1B$B", b"\x1B$@", b"\x1B(I", b"\x1B(J", b"\x1B$(D"];
    if JP.iter().any(|escape| memmem::find(bytes, escape).is_some()) {
        return Some(Charset::Iso2022Jp);
    }
    memmem::find(bytes, b"\x1B$)C").map(|_| Charset::Iso2022Kr)
}

/// A charset that the bytes prove although the label names another.
fn contradiction(bytes: &[u8], charset: Charset) -> Option<Charset> {
    let Charset::Web(encoding) = charset else { return None };
    if encoding == UTF_8 {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    // Two-byte charsets can look like UTF-8 by accident in short texts; three-byte sequences hardly can.
    let wide = text.chars().filter(|c| *c as u32 >= 0x800).take(4).count();
    let double_byte = !encoding.is_single_byte();
    let proven = if double_byte { wide >= 4 || encoding.decode(bytes).2 } else { true };
    proven.then_some(Charset::Web(UTF_8))
}

/// Guesses the charset of bytes that nobody labelled.
pub fn detect(bytes: &[u8]) -> Charset {
    if let Some(at) = memchr(0x1B, bytes)
        && let Some(found) = escapes(bytes.get(at..).unwrap_or_default())
    {
        return found;
    }
    match bytes {
        [0xFE, 0xFF, ..] => return Charset::Utf16(true),
        [0xFF, 0xFE, ..] => return Charset::Utf16(false),
        _ => {}
    }
    if bytes.is_ascii() {
        return Charset::Ascii;
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => return Charset::Web(UTF_8),
        Err(e) => {
            // UTF-8 with a few damaged bytes is still UTF-8.
            if e.valid_up_to() > 0 && mostly_readable(&String::from_utf8_lossy(window(bytes))) {
                return Charset::Web(UTF_8);
            }
        }
    }
    Charset::Web(guess(window(bytes)))
}

/// The first bytes from the first high one on: enough to guess by.
fn window(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|b| *b >= 0x80).unwrap_or(0);
    let rest = bytes.get(start..).unwrap_or_default();
    rest.get(..8_192).unwrap_or(rest)
}

/// How the high bytes of an unlabelled text are spread.
#[derive(Default)]
struct Shape {
    high: usize,
    odd_runs: usize,
    runs: usize,
    euc_kana: usize,
    sjis_kana: usize,
    sjis_pairs: usize,
    hangul: usize,
    upper_half: usize,
    lower_half: usize,
}

fn shape(bytes: &[u8]) -> Shape {
    let mut s = Shape::default();
    let mut run = 0usize;
    let mut rest = bytes;
    let mut pair_open = false;
    while let Some((&a, tail)) = rest.split_first() {
        let b = tail.first().copied().unwrap_or(0);
        if a >= 0x80 {
            s.high += 1;
            run += 1;
            s.lower_half += usize::from((0xC0..0xE0).contains(&a));
            s.upper_half += usize::from(a >= 0xE0);
            if !pair_open {
                s.euc_kana += usize::from(matches!(a, 0xA4 | 0xA5) && (0xA1..=0xF6).contains(&b));
                s.hangul += usize::from((0xB0..=0xC8).contains(&a) && b >= 0xA1);
                pair_open = b >= 0xA1;
            } else {
                pair_open = false;
            }
            s.sjis_kana += usize::from(
                a == 0x82 && (0x9F..=0xF1).contains(&b) || a == 0x83 && (0x40..=0x96).contains(&b),
            );
            s.sjis_pairs += usize::from((0x88..=0x9F).contains(&a) && (b >= 0x80 || b.is_ascii_alphabetic()));
        } else {
            if run > 0 {
                s.runs += 1;
                s.odd_runs += run % 2;
            }
            run = 0;
            pair_open = false;
        }
        rest = tail;
    }
    if run > 0 {
        s.runs += 1;
    }
    s
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let s = shape(bytes);
    let clean = |encoding: &'static Encoding| {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        mostly_readable(&text)
    };
    if s.sjis_kana > s.euc_kana && s.sjis_kana * 6 >= s.high / 2 && clean(SHIFT_JIS) {
        return SHIFT_JIS;
    }
    let paired = s.odd_runs * 10 <= s.runs && s.high >= 4;
    if paired && s.euc_kana * 8 >= s.high / 2 && clean(EUC_JP) {
        return EUC_JP;
    }
    if s.sjis_kana + s.sjis_pairs >= s.high / 4 && s.sjis_kana > 0 && clean(SHIFT_JIS) {
        return SHIFT_JIS;
    }
    let average = s.high / s.runs.max(1);
    if paired && average >= 3 {
        if s.hangul * 5 >= s.high / 2 * 4 && clean(EUC_KR) {
            return EUC_KR;
        }
        if clean(GB18030) {
            return GB18030;
        }
    }
    if average >= 3 && s.high >= 6 {
        return if s.upper_half > s.lower_half { WINDOWS_1251 } else { KOI8_R };
    }
    WINDOWS_1252
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(label: Option<&str>, bytes: &[u8], text: &str, mislabelled: Option<&str>) {
        let d = decode(bytes, label);
        assert_eq!((d.text.as_ref(), d.mislabelled), (text, mislabelled), "{label:?}");
    }

    #[test]
    fn labelled_text_is_read_as_labelled() {
        check(Some("utf-8"), "héllo あ".as_bytes(), "héllo あ", None);
        check(Some("UTF-8"), b"\xEF\xBB\xBFa", "a", None);
        check(Some("iso-2022-jp"), b"\x1B$B$\"$$\x1B(B ok", "あい ok", None);
        check(Some("ISO-2022-JP"), b"\x1B(I1\x1B(B", "ｱ", None);
        check(Some("iso-2022-jp"), b"\x0E12\x0Fa", "ｱｲa", None);
        check(Some("Shift_JIS"), b"\x82\xA0\xB1", "あｱ", None);
        check(Some("euc-jp"), b"\xA4\xA2\x8E\xB1", "あｱ", None);
        check(Some("gb18030"), b"\xC4\xE3\xBA\xC3", "你好", None);
        check(Some("gb2312"), b"\xC4\xE3\xBA\xC3", "你好", None);
        check(Some("big5"), b"\xA7A\xA6n", "你好", None);
        check(Some("ks_c_5601-1987"), b"\xC7\xD1\xB1\xDB", "한글", None);
        check(Some("koi8-r"), b"\xF0\xD2\xC9\xD7\xC5\xD4", "Привет", None);
        check(Some("windows-1251"), b"\xCF\xF0\xE8\xE2\xE5\xF2", "Привет", None);
        check(Some("windows-1250"), b"\x9Aest", "šest", None);
        check(Some("iso-8859-15"), b"\xA4 5", "€ 5", None);
        check(Some("utf-7"), b"Hi +AOk- 1 +- 1 +MEIwRA-!", "Hi é 1 + 1 あい!", None);
        check(Some("utf-16"), b"\xFF\xFEa\0b\0", "ab", None);
        check(Some("utf-16le"), b"a\0b\0", "ab", None);
        check(Some("utf-16be"), b"\0a\0b", "ab", None);
        check(Some("hz-gb-2312"), b"a ~{<:Ky~} b~~", "a 己所 b~", None);
    }

    #[test]
    fn damaged_labels_are_repaired() {
        for label in ["_iso-2022-jp$ESC", "iso-2022-jp\u{1b}", "\"iso-2022-jp\"", "x-iso-2022-jp-foo"] {
            check(Some(label), b"\x1B$B$\"\x1B(B", "あ", Some("iso-2022-jp"));
        }
        for label in ["=utf-8", "utf-8 sdq", "'utf-8'", "3D\"utf-8\"", "utf-8;", "xutf8x"] {
            check(Some(label), "é".as_bytes(), "é", Some("UTF-8"));
        }
        check(Some("cp932"), b"\x82\xA0", "あ", None);
        check(Some("x-sjis"), b"\x82\xA0", "あ", None);
        check(Some("ansi_x3.4-1968"), b"plain", "plain", None);
        check(Some("no-such-charset"), b"plain", "plain", Some("us-ascii"));
    }

    #[test]
    fn bytes_that_contradict_the_label_win() {
        check(Some("us-ascii"), b"\x1B$B$\"\x1B(B", "あ", Some("iso-2022-jp"));
        check(Some("utf-8"), b"\x1B$B$\"\x1B(B", "あ", Some("iso-2022-jp"));
        check(Some("iso-8859-1"), "naïve".as_bytes(), "naïve", Some("UTF-8"));
        check(Some("utf-8"), b"caf\xE9", "café", Some("windows-1252"));
        let kana = "これはテストです。おはようございます";
        check(Some("us-ascii"), &SHIFT_JIS.encode(kana).0, kana, Some("Shift_JIS"));
        check(None, &EUC_JP.encode(kana).0, kana, Some("EUC-JP"));
        check(Some("utf-8"), &SHIFT_JIS.encode(kana).0, kana, Some("Shift_JIS"));
        let cyrillic = "Добрый день, дорогие друзья";
        check(None, &WINDOWS_1251.encode(cyrillic).0, cyrillic, Some("windows-1251"));
        check(None, &KOI8_R.encode(cyrillic).0, cyrillic, Some("KOI8-R"));
        let chinese = "您好，请查看附件中的发票，谢谢";
        check(None, &GB18030.encode(chinese).0, chinese, Some("gb18030"));
        check(None, &EUC_KR.encode("안녕하세요 반갑습니다").0, "안녕하세요 반갑습니다", Some("EUC-KR"));
        check(None, b"r\xE9sum\xE9 and na\xEFve", "résumé and naïve", Some("windows-1252"));
    }

    #[test]
    fn right_labels_stay_right() {
        check(Some("iso-8859-1"), b"caf\xE9", "café", None);
        check(Some("gbk"), b"\xC1\xAA\xCD\xA8", "联通", None);
        check(None, b"plain", "plain", None);
    }
}
