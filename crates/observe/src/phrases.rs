//! Finds thousands of phrases in a text by looking only where words begin.
//!
//! An automaton takes a step for every byte. Phrases that open with an ASCII letter or digit can stand only where a
//! word begins, so here a trie is entered there, and left at the first byte that no phrase has: two or three steps for
//! most words. Phrases that open with other scripts go to an automaton, which runs only on texts that hold such bytes.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// Many phrases, ready to be found.
#[derive(Debug, Default)]
pub(crate) struct Phrases {
    nodes: Vec<Node>,
    /// Labels of the edges of all nodes, those of a node together, and where each leads.
    labels: Vec<u8>,
    targets: Vec<u32>,
    /// Phrases that end at a node, those of a node together.
    ends: Vec<u32>,
    /// What each byte is: [`WORD`], [`OPENS`].
    bytes: Vec<u8>,
    /// Hashes of the first eight bytes of phrases, as bits: a look here spares most words the way to the trie.
    longs: Vec<u64>,
    /// The same of the first four bytes of phrases that have fewer than eight.
    heads: Vec<u64>,
    /// The first two bytes of phrases that have fewer than four, as bits.
    shorts: Vec<u64>,
    /// The node below the root for each two ASCII bytes; 0 for none.
    pairs: Vec<u32>,
    /// Phrases of one ASCII byte.
    singles: Vec<(u8, u32)>,
    wide: Option<AhoCorasick>,
    wide_ids: Vec<u32>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Node {
    edges: (u32, u32),
    ends: (u32, u32),
}

/// A phrase in a text: its number in the order of building, first byte, one past the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) phrase: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Phrases {
    /// Phrases by number; empty ones are never found.
    pub(crate) fn new<P: AsRef<str>>(phrases: &[P]) -> Self {
        let (mut narrow, mut wide): (Vec<(&[u8], u32)>, Vec<&str>) = (Vec::new(), Vec::new());
        let mut out = Phrases {
            pairs: vec![0; 128 * 128],
            bytes: (0..=u8::MAX).map(|byte| if byte.is_ascii_alphanumeric() { WORD } else { 0 }).collect(),
            longs: vec![0; HEAD_WORDS],
            heads: vec![0; HEAD_WORDS],
            shorts: vec![0; 128 * 128 / 64],
            nodes: vec![Node::default()],
            ..Phrases::default()
        };
        for (phrase, id) in phrases.iter().map(AsRef::as_ref).zip(0u32..) {
            match phrase.as_bytes() {
                [] => {}
                [one @ 0..128] => out.singles.push((*one, id)),
                [0..128, 0..128, ..] => narrow.push((phrase.as_bytes(), id)),
                _ => {
                    wide.push(phrase);
                    out.wide_ids.push(id);
                }
            }
        }
        narrow.sort_unstable();
        let singles: Vec<[u8; 1]> = out.singles.iter().map(|single| [single.0]).collect();
        for phrase in singles.iter().map(<[u8; 1]>::as_slice).chain(narrow.iter().map(|narrow| narrow.0)) {
            out.note(phrase);
        }
        for group in narrow.chunk_by(|a, b| a.0.get(..2) == b.0.get(..2)) {
            let node = out.node(group, 2);
            let pair = group.first().and_then(|(phrase, _)| pair(phrase, 0));
            if let Some(slot) = pair.and_then(|pair| out.pairs.get_mut(pair)) {
                *slot = node;
            }
        }
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::Standard).kind(Some(AhoCorasickKind::ContiguousNFA));
        out.wide = if wide.is_empty() { None } else { builder.build(wide).ok() };
        out
    }

    /// Builds the node of sorted phrases that share their first `depth` bytes.
    fn node(&mut self, phrases: &[(&[u8], u32)], depth: usize) -> u32 {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let here = self.nodes.len();
        self.nodes.push(Node::default());
        let done = phrases.iter().take_while(|(phrase, _)| phrase.len() == depth).count();
        let ends = number(self.ends.len());
        self.ends.extend(phrases.iter().take(done).map(|(_, id)| *id));
        let rest = phrases.get(done..).unwrap_or_default();
        let children: Vec<(u8, u32)> = rest
            .chunk_by(|a, b| a.0.get(depth) == b.0.get(depth))
            .filter_map(|group| Some((*group.first()?.0.get(depth)?, self.node(group, depth + 1))))
            .collect();
        let edges = number(self.labels.len());
        self.labels.extend(children.iter().map(|child| child.0));
        self.targets.extend(children.iter().map(|child| child.1));
        if let Some(node) = self.nodes.get_mut(here) {
            *node = Node { edges: (edges, number(self.labels.len())), ends: (ends, ends + number(done)) };
        }
        number(here)
    }

    /// Every phrase that stands in the text, also inside of others, as long as `see` says to go on. A phrase that
    /// opens with an ASCII letter or digit is not reported behind another such one; whatever else bounds a word is the
    /// caller's to check.
    pub(crate) fn find(&self, text: &str, mut see: impl FnMut(Place) -> bool) {
        let bytes = text.as_bytes();
        let mut inside = false;
        for (start, byte) in bytes.iter().enumerate() {
            let is = self.bytes.get(usize::from(*byte)).copied().unwrap_or(0);
            let word = is & WORD != 0;
            if is & OPENS != 0
                && !(word && inside)
                && self.may_open(bytes, start)
                && !self.from(bytes, start, &mut see)
            {
                return;
            }
            inside = word;
        }
        if let Some(wide) = self.wide.as_ref().filter(|_| !text.is_ascii()) {
            for found in wide.find_overlapping_iter(text) {
                let Some(id) = self.wide_ids.get(found.pattern().as_usize()) else { continue };
                if !see(Place { phrase: *id as usize, start: found.start(), end: found.end() }) {
                    return;
                }
            }
        }
    }

    /// Some phrase may begin at `start`.
    #[inline]
    fn may_open(&self, bytes: &[u8], start: usize) -> bool {
        let rest = bytes.get(start..).unwrap_or_default();
        // The last bytes of a text are not worth a look.
        let (Some(long), Some(head)) = (rest.first_chunk::<8>(), rest.first_chunk::<4>()) else {
            return true;
        };
        is_set(&self.longs, hash(u64::from_le_bytes(*long)))
            || is_set(&self.heads, hash(u32::from_le_bytes(*head).into()))
            || pair(rest, 0).is_none_or(|pair| is_set(&self.shorts, pair))
    }

    /// Notes how a phrase opens.
    fn note(&mut self, phrase: &[u8]) {
        let Some(first) = phrase.first() else { return };
        if let Some(is) = self.bytes.get_mut(usize::from(*first)) {
            *is |= OPENS;
        }
        if let Some(long) = phrase.first_chunk::<8>() {
            set(&mut self.longs, hash(u64::from_le_bytes(*long)));
        } else if let Some(head) = phrase.first_chunk::<4>() {
            set(&mut self.heads, hash(u32::from_le_bytes(*head).into()));
        } else if let Some(pair) = pair(phrase, 0) {
            set(&mut self.shorts, pair);
        } else {
            (0..128).for_each(|second| set(&mut self.shorts, usize::from(*first) << 7 | second));
        }
    }

    /// The phrases that begin at a byte; false to stop.
    fn from(&self, bytes: &[u8], start: usize, see: &mut impl FnMut(Place) -> bool) -> bool {
        for (byte, id) in &self.singles {
            if bytes.get(start) == Some(byte) && !see(Place { phrase: *id as usize, start, end: start + 1 }) {
                return false;
            }
        }
        let mut at = start + 2;
        let first = pair(bytes, start).and_then(|pair| self.pairs.get(pair)).copied().unwrap_or(0);
        let mut next = (first != 0).then_some(first);
        while let Some(node) = next.and_then(|node| self.nodes.get(node as usize)) {
            let ends = self.ends.get(node.ends.0 as usize..node.ends.1 as usize).unwrap_or_default();
            for id in ends {
                if !see(Place { phrase: *id as usize, start, end: at }) {
                    return false;
                }
            }
            let labels = self.labels.get(node.edges.0 as usize..node.edges.1 as usize).unwrap_or_default();
            let found = bytes.get(at).and_then(|byte| labels.iter().position(|label| label == byte));
            next = found.and_then(|edge| self.targets.get(node.edges.0 as usize + edge)).copied();
            at += 1;
        }
        true
    }
}

/// The byte is an ASCII letter or digit.
const WORD: u8 = 1;
/// Some phrase opens with the byte.
const OPENS: u8 = 2;
/// Words of [`Phrases::longs`] and [`Phrases::heads`]: eight kilobytes, which stay in the fastest cache.
const HEAD_WORDS: usize = 1_024;

/// One of the bits of [`HEAD_WORDS`] words.
#[inline]
fn hash(head: u64) -> usize {
    (head.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as usize
}

#[inline]
fn is_set(bits: &[u64], bit: usize) -> bool {
    bits.get(bit >> 6).is_none_or(|word| word & (1 << (bit & 63)) != 0)
}

fn set(bits: &mut [u64], bit: usize) {
    if let Some(word) = bits.get_mut(bit >> 6) {
        *word |= 1 << (bit & 63);
    }
}

/// Two ASCII bytes as one number.
fn pair(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at..at + 2)? {
        [a @ 0..128, b @ 0..128] => Some(usize::from(*a) << 7 | usize::from(*b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The phrases found, by number and place.
    fn check(phrases: &[&str], text: &str, want: &[(usize, usize, usize)]) {
        let mut got = Vec::new();
        Phrases::new(phrases).find(text, |p| {
            got.push((p.phrase, p.start, p.end));
            true
        });
        got.sort_unstable();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn phrases_are_found_where_words_begin() {
        let phrases = ["pay", "paypal", "pay pal", "x", "会員", "café", "-20", "pay"];
        check(&phrases, "paypal", &[(0, 0, 3), (1, 0, 6), (7, 0, 3)]);
        check(&phrases, "to pay pal", &[(0, 3, 6), (2, 3, 10), (7, 3, 6)]);
        check(&phrases, "repay xx x", &[(3, 6, 7), (3, 9, 10)]);
        check(&phrases, "お会員pay", &[(0, 9, 12), (4, 3, 9), (7, 9, 12)]);
        check(&phrases, "café a-20", &[(5, 0, 5), (6, 7, 10)]);
        check(&phrases, "pa", &[]);
        check(&phrases, "", &[]);
        check(&[""], "a", &[]);
    }

    #[test]
    fn the_caller_may_stop() {
        let mut seen = 0;
        Phrases::new(&["a", "会"]).find("a a 会", |_| {
            seen += 1;
            seen < 2
        });
        assert_eq!(seen, 2);
    }
}
