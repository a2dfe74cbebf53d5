//! The text of a message as hashes: pieces by which a quotation is recognised, one fingerprint of the whole, and the
//! words that tell what it is about. No text leaves this file.
//!
//! A piece is five words in a row, or as many CJK characters as five words are long. Of all pieces the ones with the
//! smallest hashes are kept (Broder 1997), so that a text and its quotation choose the same.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
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
/// Words of a first line that greets; it belongs to no fingerprint.
const GREETING_WORDS_MAX: usize = 4;

/// The newest message, cut, without signature, and its signature.
pub(super) fn own(evidence: &Evidence) -> (&str, Option<&str>) {
    let text = cut(&evidence.model.body.current_thread.text);
    let signed = signature_start(text).and_then(|at| text.split_at_checked(at));
    match signed {
        // What is nothing but a signature is a text, too.
        Some((own, signature)) => (if own.is_empty() { text } else { own }, Some(signature)),
        None => (text, None),
    }
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
    mix(bytes.iter().fold(HASH_OF_NOTHING, step))
}

const HASH_OF_NOTHING: u64 = 0xcbf2_9ce4_8422_2325;

fn step(h: u64, byte: &u8) -> u64 {
    (h ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
}

fn mix(mut h: u64) -> u64 {
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

/// Sixteen hexadecimal digits.
pub(super) fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}

/// What stands between white space; addresses of links are left out.
fn chunks(text: &str) -> impl Iterator<Item = &str> {
    let linked = text.contains("://");
    text.split_whitespace().filter(move |chunk| !(linked && chunk.contains("://")))
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
        for chunk in chunks(text) {
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

    /// Hashes of pieces, the `most` smallest.
    fn shingles(&self, most: usize) -> Vec<u64> {
        let mut all = BTreeSet::new();
        let mut largest = u64::MAX;
        // The piece is the tokens `first..next`, so many parts of a word long.
        let (mut next, mut length, mut from) = (self.ends.iter(), 0, 0);
        let mut to = 0;
        for (end, weight) in &self.ends {
            while length < PIECE {
                let Some((reached, more)) = next.next() else { return all.into_iter().collect() };
                to = *reached;
                length += more;
            }
            let piece = hash(self.text.get(from..to).unwrap_or_default().as_bytes());
            if all.len() < most || piece < largest {
                all.insert(piece);
                if all.len() > most {
                    all.pop_last();
                }
                largest = all.last().copied().unwrap_or_default();
            }
            from = *end;
            length -= weight;
        }
        all.into_iter().collect()
    }

    /// Hash of all from the token `first` on, digits alike; `None` when it is too short.
    fn fingerprint(&self, first: usize) -> Option<String> {
        let (greeting, rest) = self.ends.split_at_checked(first)?;
        if rest.iter().map(|(_, weight)| weight).sum::<usize>() < FINGERPRINT_MIN {
            return None;
        }
        let start = greeting.last().map_or(0, |(end, _)| *end);
        let same = |c: char| if c.is_numeric() { '9' } else { c };
        let mut bytes = [0; 4];
        let text = self.text.get(start..)?.trim_end().chars().map(same);
        let hash =
            text.fold(HASH_OF_NOTHING, |h, c| c.encode_utf8(&mut bytes).as_bytes().iter().fold(h, step));
        Some(hex(mix(hash)))
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
    Tokens::of(cut(text)).shingles(most)
}

/// What history keeps of a text as a whole, worked out in one go.
#[derive(Default)]
pub(super) struct Prints {
    /// Hashes of its pieces, the smallest.
    pub(super) shingles: Vec<u64>,
    /// Hash of all of it, without its first line when that is a greeting, digits alike; `None` when it is too short.
    pub(super) fingerprint: Option<String>,
}

impl Prints {
    /// Of a text and as many of its pieces.
    pub(super) fn of(text: &str, most: usize) -> Self {
        let tokens = Tokens::of(text);
        let greeting = match text.trim_start().split_once('\n') {
            Some((first, _)) => {
                Some(Tokens::of(first).ends.len()).filter(|words| *words <= GREETING_WORDS_MAX)
            }
            None => None,
        };
        Self { shingles: tokens.shingles(most), fingerprint: tokens.fingerprint(greeting.unwrap_or(0)) }
    }
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
    // Each stem with the weight of its longest word.
    let mut weights: FxHashMap<String, usize> = FxHashMap::default();
    each_stem(text, letters_min, |stem, length| {
        let weight = if stem.chars().next().is_some_and(is_cjk) { length * 3 } else { length };
        match weights.get_mut(stem) {
            Some(most) => *most = weight.max(*most),
            None => drop(weights.insert(stem.to_owned(), weight)),
        }
        true
    });
    let mut stems: Vec<(String, usize)> = weights.into_iter().collect();
    stems.sort_unstable_by(|(a, a_weight), (b, b_weight)| b_weight.cmp(a_weight).then_with(|| a.cmp(b)));
    stems.truncate(most);
    stems.into_iter().map(|(stem, _)| stem).collect()
}

/// Every stem in the order of the text, with the length of its word, as long as `go_on` wants more.
pub(super) fn each_stem(text: &str, letters_min: usize, mut go_on: impl FnMut(&str, usize) -> bool) {
    let mut word = String::new();
    for chunk in chunks(cut(text)) {
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
