//! Text without case: Unicode *simple* folding (one code point to one code point, as Go's `EqualFold`).

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::value::Arena;

/// Folds case. Borrows when nothing changes.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match has_upper(text.as_bytes()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        };
    }
    let Some((first, _)) = text.char_indices().find(|&(_, c)| fold_char(c) != c) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 8);
    let (same, mut rest) = text.split_at(first);
    out.push_str(same);
    // Even mail in another script is ASCII for long stretches: addresses, spaces, tags.
    while !rest.is_empty() {
        let ascii = ascii_run(rest.as_bytes());
        let (run, after) = rest.split_at(ascii);
        let start = out.len();
        out.push_str(run);
        if let Some(run) = out.get_mut(start..) {
            run.make_ascii_lowercase();
        }
        let other = after.bytes().position(|b| b.is_ascii()).unwrap_or(after.len());
        let (run, after) = after.split_at(other);
        out.extend(run.chars().map(fold_char));
        rest = after;
    }
    Cow::Owned(out)
}

/// Bytes of ASCII at the beginning; eight at a time.
fn ascii_run(text: &[u8]) -> usize {
    const EACH: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let others = u64::from_le_bytes(*word) & EACH;
        if others != 0 {
            return at * 8 + others.trailing_zeros() as usize / 8;
        }
    }
    let tail = rest.iter().position(|b| !b.is_ascii()).unwrap_or(rest.len());
    words.len() * 8 + tail
}

/// Whether ASCII text has a capital letter; eight bytes at a time.
fn has_upper(text: &[u8]) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = text.as_chunks::<8>();
    // The top bit of each byte: from A on, and from what follows Z on.
    let capitals = |word: u64| (word + EACH * 0x3F) & !(word + EACH * 0x25) & (EACH * 0x80);
    words.iter().any(|word| capitals(u64::from_le_bytes(*word)) != 0)
        || rest.iter().any(u8::is_ascii_uppercase)
}

/// Folds case, for as long as the message is judged.
pub(crate) fn fold_in<'a>(text: &'a str, arena: &'a Arena) -> &'a str {
    if text.is_ascii() {
        return if has_upper(text.as_bytes()) { arena.alloc_ascii_lower(text) } else { text };
    }
    match fold(text) {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => arena.alloc_str(&text),
    }
}

/// The representative of all code points that differ only in case: the ASCII lower-case letter if there is one,
/// else the smallest lower-case one.
#[inline]
pub fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let code = c as usize;
    match TABLE.get(code >> 8).and_then(|page| page.as_deref()) {
        Some(page) => page[code & 0xFF],
        None => c,
    }
}

/// Equal when case does not count.
pub fn eq_fold(a: &str, b: &str) -> bool {
    // Texts of the same length are the same as ASCII or as they stand, nearly always; others only where one is not ASCII.
    if a.len() == b.len() && a.eq_ignore_ascii_case(b) {
        return true;
    }
    if a.is_ascii() && b.is_ascii() {
        return false;
    }
    a.chars().map(fold_char).eq(b.chars().map(fold_char))
}

/// `text` starts with `prefix`, which is folded already.
pub fn starts_with_folded(text: &str, prefix: &str) -> bool {
    let mut rest = text.chars();
    prefix.chars().all(|p| rest.next().is_some_and(|c| fold_char(c) == p))
}

/// `text` ends with `suffix`, which is folded already.
pub fn ends_with_folded(text: &str, suffix: &str) -> bool {
    let mut rest = text.chars().rev();
    suffix.chars().rev().all(|p| rest.next().is_some_and(|c| fold_char(c) == p))
}

type Page = Option<Box<[char; 256]>>;

/// Pages of 256 code points; `None` where nothing folds.
static TABLE: LazyLock<Vec<Page>> = LazyLock::new(|| {
    let mut pages: Vec<Page> = (0..0x1F0).map(|_| None).collect();
    for c in ('\u{80}'..'\u{1F000}').filter(|&c| has_case(c)) {
        let folded = representative(c);
        if folded == c {
            continue;
        }
        let code = c as usize;
        if let Some(page) = pages.get_mut(code >> 8) {
            let start = code & !0xFF;
            let fresh = || {
                Box::new(std::array::from_fn(|i| char::from_u32((start + i) as u32).unwrap_or('\u{FFFD}')))
            };
            page.get_or_insert_with(fresh)[code & 0xFF] = folded;
        }
    }
    pages
});

/// A quick test that keeps the exact look-up to the few thousand code points with case.
fn has_case(c: char) -> bool {
    c.to_lowercase().next() != Some(c) || c.to_uppercase().next() != Some(c)
}

fn representative(c: char) -> char {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
    if class.try_case_fold_simple().is_err() {
        return c;
    }
    let members = || class.ranges().iter().flat_map(|r| r.start()..=r.end());
    (members().find(char::is_ascii_lowercase))
        .or_else(|| members().filter(|m| m.is_lowercase()).min())
        .or_else(|| members().min())
        .unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_by_single_code_points() {
        assert_eq!(fold("ABC"), "abc");
        assert!(matches!(fold("abc é"), Cow::Borrowed(_)));
        // Every ASCII character, at each place of a word.
        for c in (0..0x80u8).map(char::from) {
            for before in 0..9 {
                let text = format!("{}{c}@[`{{", "z".repeat(before));
                let arena = Arena::new();
                assert_eq!(fold(&text), text.to_ascii_lowercase());
                assert_eq!(fold_in(&text, &arena), text.to_ascii_lowercase());
            }
        }
        assert_eq!(fold("ÀÉ ПРИВЕТ ΣΑΣ"), "àé привет ςας");
        // The Kelvin sign and the long s are ASCII letters without case; ß and ﬀ have no single partner.
        assert_eq!(fold("\u{212A} \u{17F} ß ﬀ"), "k s ß ﬀ");
        assert_eq!(fold_char('ς'), fold_char('Σ'));
        assert_eq!(fold_char('ẞ'), fold_char('ß'));
    }

    #[test]
    fn every_orbit_folds_to_one_member() {
        for c in '\u{80}'..'\u{1F000}' {
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
            class.try_case_fold_simple().unwrap();
            for other in class.ranges().iter().flat_map(|r| r.start()..=r.end()) {
                assert_eq!(fold_char(other), fold_char(c), "{c:?} {other:?}");
            }
        }
    }

    #[test]
    fn prefixes_and_suffixes() {
        assert!(starts_with_folded("RE: \u{212A}", "re: k") && !starts_with_folded("re", "re:"));
        assert!(ends_with_folded("a.PDF", ".pdf") && !ends_with_folded("pdf", ".pdf"));
        assert!(eq_fold("Straße", "STRAßE") && !eq_fold("a", "ab"));
    }
}
