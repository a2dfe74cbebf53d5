//! The text of a message as hashes: pieces by which a quotation is recognised, one fingerprint of the whole, and the
//! words that tell what it is about. No text leaves this file.
//!
//! A piece is five words in a row, or as many CJK characters as five words are long. Of all pieces the ones with the
//! smallest hashes are kept (Broder 1997), so that a text and its quotation choose the same.

use std::collections::BTreeSet;

use sekisho_mail::thread::signature_start;
use sekisho_record::Evidence;

use crate::{content::is_cjk, limits};

/// Length of a word and of a CJK character, in parts of a word.
const WORD: usize = 12;
const CJK: usize = 5;
/// Length of a piece: five words.
const PIECE: usize = 5 * WORD;
/// A text that is shorter has no fingerprint: many people write `Thank you very much`.
const FINGERPRINT_MIN: usize = 5 * WORD;

/// The newest message without signature, cut.
pub(super) fn own(evidence: &Evidence) -> &str {
    let text = cut(&evidence.model.body.current_thread.text);
    signature_start(text).filter(|at| *at > 0).and_then(|at| text.get(..at)).unwrap_or(text)
}

/// The signature of the newest message.
pub(super) fn signature(evidence: &Evidence) -> Option<&str> {
    let text = cut(&evidence.model.body.current_thread.text);
    text.get(signature_start(text)?..)
}

/// The beginning of a text.
pub(super) fn cut(text: &str) -> &str {
    let mut end = text.len().min(limits::HISTORY_TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// FNV-1a with a final mix (Steele 2014): the same in every version, for ever.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut h = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        h = (h ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

/// Sixteen hexadecimal digits.
pub(super) fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}

/// The words and CJK characters of a text, lower case, a blank behind each. Marks, white space and addresses of links are
/// left out.
#[derive(Default)]
struct Tokens {
    text: String,
    /// Where each ends, its blank included, and its length in parts of a word.
    ends: Vec<(usize, usize)>,
}

impl Tokens {
    fn of(text: &str) -> Self {
        let mut out = Self { text: String::with_capacity(text.len()), ends: Vec::new() };
        for chunk in text.split_whitespace().filter(|chunk| !chunk.contains("://")) {
            if chunk.is_ascii() {
                out.ascii(chunk)
            } else {
                out.any(chunk)
            }
            out.end(WORD);
        }
        out
    }

    fn ascii(&mut self, chunk: &str) {
        for byte in chunk.bytes() {
            if byte.is_ascii_alphanumeric() {
                self.text.push(char::from(byte.to_ascii_lowercase()));
            } else if byte != b'\'' {
                self.end(WORD);
            }
        }
    }

    fn any(&mut self, chunk: &str) {
        for c in chunk.chars().flat_map(char::to_lowercase) {
            if is_cjk(c) || !c.is_alphanumeric() {
                if c != '\'' && c != '’' {
                    self.end(WORD);
                }
                if is_cjk(c) && c.is_alphanumeric() {
                    self.text.push(c);
                    self.end(CJK);
                }
            } else {
                self.text.push(c);
            }
        }
    }

    /// Ends the token that is open, if there is one.
    fn end(&mut self, length: usize) {
        if self.text.len() > self.ends.last().map_or(0, |(end, _)| *end) {
            self.text.push(' ');
            self.ends.push((self.text.len(), length));
        }
    }
}

/// Hashes of pieces of a text, the `most` smallest.
pub(super) fn shingles(text: &str, most: usize) -> Vec<u64> {
    let tokens = Tokens::of(cut(text));
    let mut all = BTreeSet::new();
    // The piece is the tokens `first..next`, so many parts of a word long.
    let (mut next, mut length, mut from) = (tokens.ends.iter(), 0, 0);
    let mut to = 0;
    for (end, weight) in &tokens.ends {
        while length < PIECE {
            let Some((reached, more)) = next.next() else { return all.into_iter().collect() };
            to = *reached;
            length += more;
        }
        let piece = hash(tokens.text.get(from..to).unwrap_or_default().as_bytes());
        if all.len() < most || all.last().is_some_and(|last| piece < *last) {
            all.insert(piece);
            if all.len() > most {
                all.pop_last();
            }
        }
        from = *end;
        length -= weight;
    }
    all.into_iter().collect()
}

/// Hash of a text without its first line when that is a greeting, digits alike; `None` when it is too short.
pub(super) fn fingerprint(text: &str) -> Option<String> {
    let trimmed = text.trim_start();
    let rest = match trimmed.split_once('\n') {
        Some((first, rest)) if Tokens::of(first).ends.len() <= 4 => rest,
        _ => trimmed,
    };
    let tokens = Tokens::of(rest);
    if tokens.ends.iter().map(|(_, weight)| weight).sum::<usize>() < FINGERPRINT_MIN {
        return None;
    }
    let same: String = tokens.text.trim_end().chars().map(|c| if c.is_numeric() { '9' } else { c }).collect();
    Some(hex(hash(same.as_bytes())))
}

/// Letters of a Latin word from which on it tells something.
pub(super) const TELLING_CHARS: usize = 5;
/// Characters of a word with a digit from which on it tells something.
const DIGITS_MIN: usize = 3;
/// Characters of a word that are compared: endings differ between a question and its answer.
const STEM_CHARS: usize = 6;

/// Stems of the words that tell what a text is about, the longest words first: long words, numbers, runs of kanji or
/// katakana.
pub(super) fn telling(text: &str, most: usize) -> Vec<String> {
    stems(text, TELLING_CHARS, most)
}

/// The same with Latin words from `letters_min` letters on.
pub(super) fn stems(text: &str, letters_min: usize, most: usize) -> Vec<String> {
    let mut words: BTreeSet<(std::cmp::Reverse<usize>, String)> = BTreeSet::new();
    each_stem(text, letters_min, |stem, length| {
        let weight = if stem.chars().next().is_some_and(is_cjk) { length * 3 } else { length };
        words.insert((std::cmp::Reverse(weight), stem.to_owned()));
        true
    });
    let mut stems: Vec<String> = Vec::new();
    for (_, stem) in words {
        if stems.len() < most && !stems.contains(&stem) {
            stems.push(stem);
        }
    }
    stems
}

/// Every stem in the order of the text, with the length of its word, as long as `go_on` wants more.
pub(super) fn each_stem(text: &str, letters_min: usize, mut go_on: impl FnMut(&str, usize) -> bool) {
    let mut word = String::new();
    for chunk in cut(text).split_whitespace().filter(|chunk| !chunk.contains("://")) {
        if chunk.is_ascii() {
            if !each_ascii(chunk, letters_min, &mut word, &mut go_on) {
                return;
            }
            continue;
        }
        word.clear();
        let mut of = Script::Other;
        for c in chunk.chars().flat_map(char::to_lowercase) {
            let kind = kind(c);
            if kind != of {
                if !told(&word, letters_min, &mut go_on) {
                    return;
                }
                word.clear();
                of = kind;
            }
            if kind != Script::Other {
                word.push(c);
            }
        }
        if !told(&word, letters_min, &mut go_on) {
            return;
        }
    }
}

/// The same of ASCII, whose letters and digits are one script.
fn each_ascii(
    chunk: &str,
    letters_min: usize,
    word: &mut String,
    go_on: &mut impl FnMut(&str, usize) -> bool,
) -> bool {
    let runs = chunk.split(|c: char| !c.is_ascii_alphanumeric());
    runs.filter(|run| run.len() >= letters_min.min(DIGITS_MIN)).all(|run| {
        word.clear();
        word.push_str(run);
        word.make_ascii_lowercase();
        told(word, letters_min, go_on)
    })
}

fn told(word: &str, letters_min: usize, go_on: &mut impl FnMut(&str, usize) -> bool) -> bool {
    let length = word.chars().count();
    stem(word, length, letters_min).is_none_or(|stem| go_on(stem, length))
}

/// The part of a word that is compared; `None` for one that is too short.
fn stem(word: &str, length: usize, letters_min: usize) -> Option<&str> {
    let first = word.chars().next()?;
    let (long_enough, most) = if is_cjk(first) {
        (length >= 2, if is_kana(first) { 4 } else { 2 })
    } else if word.chars().any(char::is_numeric) {
        (length >= DIGITS_MIN, 16)
    } else {
        (length >= letters_min, STEM_CHARS)
    };
    let end = word.char_indices().nth(most).map_or(word.len(), |(at, _)| at);
    if long_enough { word.get(..end) } else { None }
}

#[derive(PartialEq, Clone, Copy)]
enum Script {
    Letters,
    Han,
    Katakana,
    Other,
}

fn is_kana(c: char) -> bool {
    ('\u{30a0}'..='\u{30ff}').contains(&c)
}

fn kind(c: char) -> Script {
    match c {
        // Hiragana are endings and particles.
        '\u{3040}'..='\u{309f}' => Script::Other,
        c if is_kana(c) => Script::Katakana,
        c if is_cjk(c) && c.is_alphanumeric() => Script::Han,
        c if c.is_alphanumeric() => Script::Letters,
        _ => Script::Other,
    }
}
