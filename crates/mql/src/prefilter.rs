//! One pass for all literals: what substring tests ask for and what regular expressions cannot match without is looked
//! for in each text by the three-byte pieces that it holds, and in long texts once, when it pays, by one shared
//! automaton over the case-folded text.

mod required;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use memchr::memmem;
use rustc_hash::FxHashMap;

use crate::limits::{AUTOMATON_BYTES_PER_STEP, MIN_LITERAL, SEARCH_BYTES_PER_STEP};
use crate::text::fold_in;
use crate::value::Arena;

pub(crate) use required::required;

/// A literal's number.
pub(crate) type LiteralId = u32;

/// The literals of all rules, case-folded.
#[derive(Default)]
pub(crate) struct Literals {
    finders: Vec<memmem::Finder<'static>>,
    /// Some of the three-byte pieces of each literal, the rarest first.
    pieces: Vec<Box<[u16]>>,
    /// The first of them, side by side, or [`ANY`]: most literals need no further look.
    firsts: Vec<u32>,
    ids: FxHashMap<Box<str>, LiteralId>,
    automaton: Option<AhoCorasick>,
    /// The automaton's pattern numbers as literal ids.
    long: Vec<LiteralId>,
}

impl Literals {
    /// The number of a literal; `text` is folded.
    pub(crate) fn intern(&mut self, text: &str) -> LiteralId {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        let id = self.finders.len() as LiteralId;
        self.finders.push(memmem::Finder::new(text.as_bytes()).into_owned());
        let pieces = some_pieces(text.as_bytes());
        self.firsts.push(pieces.first().map_or(ANY, |&piece| u32::from(piece)));
        self.pieces.push(pieces);
        self.ids.insert(text.into(), id);
        id
    }

    /// Builds the automaton, after the last literal. Without it (too large) every search is direct.
    pub(crate) fn finish(&mut self) {
        let ids = 0..self.finders.len() as LiteralId;
        self.long = ids.filter(|&id| self.needle(id).len() >= MIN_LITERAL).collect();
        let patterns: Vec<&[u8]> = self.long.iter().map(|&id| self.needle(id)).collect();
        let built = AhoCorasickBuilder::new().match_kind(MatchKind::Standard).build(patterns);
        self.automaton = built.ok();
    }

    fn needle(&self, id: LiteralId) -> &[u8] {
        self.finders.get(id as usize).map_or(&[], |f| f.needle())
    }

    /// The piece without which a text cannot hold the literal, or [`ANY`].
    #[inline]
    pub(crate) fn first(&self, id: LiteralId) -> u32 {
        self.firsts.get(id as usize).copied().unwrap_or(ANY)
    }

    pub(crate) fn len(&self) -> usize {
        self.finders.len()
    }
}

/// Three bytes as a number; different ones may share it.
fn piece(bytes: [u8; 3]) -> u16 {
    let [a, b, c] = bytes.map(u32::from);
    piece_of(a | b << 8 | c << 16)
}

#[inline]
fn piece_of(bytes: u32) -> u16 {
    (bytes.wrapping_mul(0x9E37_79B1) >> 16) as u16
}

fn pieces(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.windows(3).filter_map(|w| w.first_chunk::<3>()).map(|w| piece(*w))
}

/// The [`PIECES_MAX`] that are rarest in mail, the rarest first.
fn some_pieces(bytes: &[u8]) -> Box<[u16]> {
    let common = |window: &[u8]| window.iter().map(|b| commonness(*b)).sum::<usize>();
    let mut all: Vec<(usize, u16)> = bytes.windows(3).map(common).zip(pieces(bytes)).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().take(PIECES_MAX).map(|(_, piece)| piece).collect()
}

/// How common a byte is in folded text and markup: letters by their frequency in English, all else in between.
fn commonness(byte: u8) -> usize {
    const LETTERS: &[u8] = b"zqjxkvbwyg0fpmu<>cd\"=lhrsni/oat e";
    LETTERS.iter().position(|l| *l == byte).unwrap_or(if byte.is_ascii() { 10 } else { 4 })
}

/// The text whose table of pieces it is holds this one.
#[inline]
pub(crate) fn holds_piece(held: &[u64], piece: u32) -> bool {
    let word = (piece as usize >> 6) & held.len().wrapping_sub(1);
    piece == ANY || held.get(word).is_none_or(|word| word & (1 << (piece & 63)) != 0)
}

/// The same for the first and the last piece of a needle that is ASCII or folded.
pub(crate) fn holds_ends(held: &[u64], needle: &str) -> bool {
    let ends = [needle.as_bytes().first_chunk::<3>(), needle.as_bytes().last_chunk::<3>()];
    ends.into_iter()
        .flatten()
        .all(|end| holds_piece(held, u32::from(piece(end.map(|b| b.to_ascii_lowercase())))))
}

/// One bit a piece that the text holds, in a table whose size, a power of two, goes with the text's.
fn held_pieces<'a>(text: &[u8], arena: &'a Arena) -> &'a [u64] {
    match text.len() / 8 {
        0..=4 => mark_pieces::<4>(text, arena),
        5..=16 => mark_pieces::<16>(text, arena),
        17..=64 => mark_pieces::<64>(text, arena),
        65..=256 => mark_pieces::<256>(text, arena),
        _ => mark_pieces::<PIECE_WORDS_MAX>(text, arena),
    }
}

/// The size is known when it is compiled: no mark has to be checked against it.
fn mark_pieces<'a, const WORDS: usize>(text: &[u8], arena: &'a Arena) -> &'a [u64] {
    let mut table = [0u64; WORDS];
    let mut mark = |piece: u16| table[usize::from(piece >> 6) % WORDS] |= 1 << (piece & 63);
    let mut rest = text;
    // Six pieces out of eight bytes at a time.
    while let Some(bytes) = rest.first_chunk::<8>() {
        let bytes = u64::from_le_bytes(*bytes);
        for shift in [0, 8, 16, 24, 32, 40] {
            mark(piece_of((bytes >> shift) as u32 & 0x00FF_FFFF));
        }
        rest = rest.get(6..).unwrap_or(&[]);
    }
    pieces(rest).for_each(mark);
    arena.alloc_slice(&table)
}

/// A text that was asked about.
struct Haystack<'a> {
    folded: &'a str,
    /// The three-byte pieces that it holds, once it was asked about some times.
    pieces: Option<&'a [u64]>,
    /// The literals in it, in order, once the automaton ran.
    found: Option<&'a [LiteralId]>,
    /// Bytes searched directly so far.
    spent: usize,
}

/// The texts of one message that were asked about, by address. Those that are equal are one: the text of a mail that
/// answers nobody is also its current thread, the subject its base.
#[derive(Default)]
pub(crate) struct Haystacks<'a> {
    by_address: FxHashMap<(usize, usize), u32>,
    by_text: FxHashMap<&'a str, u32>,
    /// The texts that were asked about last: rules ask about the same few.
    last: [((usize, usize), u32); LAST],
    all: Vec<Haystack<'a>>,
}

/// No piece: the literal is too short to have one.
pub(crate) const ANY: u32 = u32::MAX;
/// Texts that are found without a look at the table.
const LAST: usize = 32;
/// Direct searches for this many times the text's length cost as much as the automaton.
const AUTOMATON_COST: usize = 48;
/// Direct searches for this many times the text's length cost as much as the table of its pieces.
const PIECES_COST: usize = 3;
/// Pieces of one literal that are looked up.
const PIECES_MAX: usize = 5;
/// Literals found for which there is room from the start.
const FOUND_FIRST: usize = 64;
/// Words of the table of a text's pieces: one bit for each number of a piece.
const PIECE_WORDS_MAX: usize = 1024;

impl<'a> Haystacks<'a> {
    /// The number of a text; it lives as long as the message is judged, so its address is its name.
    pub(crate) fn id(&mut self, text: &'a str, arena: &'a Arena, steps: &mut u64) -> u32 {
        let key = (text.as_ptr() as usize, text.len());
        let place = (key.0 ^ key.0 >> 6 ^ key.1) % LAST;
        match self.last.get(place) {
            // No text is at the address 0.
            Some(&(last, id)) if last == key => id,
            _ => self.look_up(key, place, text, arena, steps),
        }
    }

    fn look_up(
        &mut self,
        key: (usize, usize),
        place: usize,
        text: &'a str,
        arena: &'a Arena,
        steps: &mut u64,
    ) -> u32 {
        let id = match self.by_address.get(&key) {
            Some(&id) => id,
            None => self.add(key, text, arena, steps),
        };
        if let Some(last) = self.last.get_mut(place) {
            *last = (key, id);
        }
        id
    }

    fn add(&mut self, key: (usize, usize), text: &'a str, arena: &'a Arena, steps: &mut u64) -> u32 {
        *steps += (text.len() / SEARCH_BYTES_PER_STEP) as u64;
        let next = self.all.len() as u32;
        let id = *self.by_text.entry(text).or_insert(next);
        if id == next {
            let folded = fold_in(text, arena);
            self.all.push(Haystack { folded, pieces: None, found: None, spent: 0 });
        }
        self.by_address.insert(key, id);
        id
    }

    /// The text, case-folded.
    pub(crate) fn folded(&self, id: u32) -> &'a str {
        self.all.get(id as usize).map_or("", |h| h.folded)
    }

    /// The text is searched directly once.
    pub(crate) fn asked(&mut self, id: u32) {
        if let Some(hay) = self.all.get_mut(id as usize).filter(|hay| hay.pieces.is_none()) {
            hay.spent += hay.folded.len() + 32;
        }
    }

    /// The table of the text's pieces, for [`holds_piece`], when `asked` literals more make it worth its cost.
    pub(crate) fn held(
        &mut self,
        id: u32,
        asked: usize,
        arena: &'a Arena,
        steps: &mut u64,
    ) -> Option<&'a [u64]> {
        let hay = self.all.get_mut(id as usize)?;
        let unit = hay.folded.len() + 32;
        if hay.pieces.is_none() && hay.spent + asked * unit > PIECES_COST * unit {
            hay.pieces = Some(held_pieces(hay.folded.as_bytes(), arena));
            *steps += (hay.folded.len() / AUTOMATON_BYTES_PER_STEP) as u64;
        }
        hay.pieces
    }

    /// The folded text holds the literal.
    pub(crate) fn holds(
        &mut self,
        id: u32,
        literal: LiteralId,
        literals: &Literals,
        arena: &'a Arena,
        steps: &mut u64,
    ) -> bool {
        let Some(hay) = self.all.get_mut(id as usize) else { return false };
        let needle = literals.needle(literal);
        if needle.len() > hay.folded.len() {
            return false;
        }
        if needle.len() >= MIN_LITERAL {
            if let Some(held) = hay.pieces
                && !literals.may_stand_in(literal, held)
            {
                return false;
            }
            if hay.found.is_none() && hay.spent > AUTOMATON_COST * (hay.folded.len() + 64) {
                hay.found = literals.run(hay.folded, arena);
                *steps += (hay.folded.len() / AUTOMATON_BYTES_PER_STEP) as u64;
            }
            if let Some(found) = hay.found {
                return found.binary_search(&literal).is_ok();
            }
        }
        hay.spent += hay.folded.len() + 32;
        *steps += (hay.folded.len() / SEARCH_BYTES_PER_STEP) as u64;
        literals.finders.get(literal as usize).is_some_and(|f| f.find(hay.folded.as_bytes()).is_some())
    }
}

impl Literals {
    /// The text holds the literal's pieces.
    #[inline]
    fn may_stand_in(&self, literal: LiteralId, held: &[u64]) -> bool {
        let mask = held.len().wrapping_sub(1);
        let pieces = self.pieces.get(literal as usize).map_or(&[][..], |p| p);
        pieces
            .iter()
            .map(|p| usize::from(*p))
            .all(|piece| held.get((piece >> 6) & mask).is_none_or(|word| word & (1 << (piece & 63)) != 0))
    }

    /// A list, not a bit for each literal: most texts are short and hold few of the thousands.
    fn run<'a>(&self, text: &str, arena: &'a Arena) -> Option<&'a [LiteralId]> {
        let automaton = self.automaton.as_ref()?;
        let mut found: Vec<LiteralId> = Vec::with_capacity(FOUND_FIRST);
        let mut clean = FOUND_FIRST;
        for hit in automaton.find_overlapping_iter(text) {
            found.extend(self.long.get(hit.pattern().as_usize()));
            // A long text repeats the same few: they must not take more room than there are literals.
            if found.len() > clean {
                found.sort_unstable();
                found.dedup();
                clean = found.len() * 2 + FOUND_FIRST;
            }
        }
        found.sort_unstable();
        found.dedup();
        Some(arena.alloc_slice(&found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_automaton_and_direct_search_agree() {
        let mut literals = Literals::default();
        let ids: Vec<_> = ["account", "count", "ab", "zzz", "конто"].map(|l| literals.intern(l)).into();
        literals.finish();
        let arena = Arena::new();
        let mut hays = Haystacks::default();
        let text = "Your ACCOUNT is due; КОНТО".repeat(40);
        let hay = hays.id(&text, &arena, &mut 0);
        let mut ask =
            || -> Vec<bool> { ids.iter().map(|&l| hays.holds(hay, l, &literals, &arena, &mut 0)).collect() };
        let direct = ask();
        assert_eq!(direct, [true, true, false, false, true]);
        for _ in 0..50 {
            assert_eq!(ask(), direct);
        }
        assert!(hays.all[0].found.is_some());
    }

    #[test]
    fn equal_texts_are_one() {
        let (arena, mut hays) = (Arena::new(), Haystacks::default());
        let [a, b, c] = ["Same", "Same", "same"].map(str::to_owned);
        let [a, b, c] = [&a, &b, &c].map(|text| hays.id(text, &arena, &mut 0));
        assert!(a == b && a != c, "by what stands there, capitals and all");
    }

    #[test]
    fn the_table_holds_every_piece() {
        let arena = Arena::new();
        let text = "The quick brown fox jumps over the lazy dog. Съешь же ещё этих мягких булок.";
        for end in (0..text.len()).filter(|&n| text.is_char_boundary(n)) {
            let text = &text.as_bytes()[..end];
            let held = held_pieces(text, &arena);
            assert!(pieces(text).all(|piece| holds_piece(held, u32::from(piece))));
            let bits: u32 = held.iter().map(|word| word.count_ones()).sum();
            assert!(bits as usize <= text.len(), "nothing else is in it");
        }
    }
}
