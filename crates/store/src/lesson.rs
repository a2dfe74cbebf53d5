//! A lesson as it is kept: keys in place of names, numbers in place of words, each text once, and nothing that the row
//! of its message says anyway. Taking back reads it; nobody else does.

use std::collections::HashMap;

use sekisho_record::history::{Lesson, THREAD};

use crate::{StoreError, limits, text::Salt, words::Words};

/// A subject; `None` is the thread of the message.
pub(crate) type Whose = Option<i64>;

/// What a lesson counts, in keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Coded {
    pub(crate) at: i64,
    pub(crate) sender: String,
    pub(crate) participants: Vec<String>,
    /// Subject, aspect, value.
    pub(crate) traits: Vec<(Whose, i64, String)>,
    pub(crate) ticks: Vec<CodedTick>,
    pub(crate) judged: Vec<Whose>,
    /// In the order of the full hashes: the first are those by which it is found.
    pub(crate) shingles: Vec<i64>,
    /// Keys of the other names of its conversation.
    pub(crate) aliases: Vec<i64>,
}

/// One of its ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodedTick {
    pub(crate) whose: Whose,
    pub(crate) kind: i64,
    pub(crate) value: String,
    pub(crate) lasting: bool,
}

/// The 48 bits of a text hash that are kept: two of them are equal by accident in one of 10¹⁴ pairs.
pub(crate) fn short(hash: u64) -> i64 {
    (hash << 16).cast_signed() >> 16
}

impl Coded {
    /// A lesson within its limits, in keys. Traits whose aspect has no number are left out.
    pub(crate) fn new(lesson: &Lesson, salt: &Salt, words: &Words) -> Self {
        let whose = |name: &str| (name != THREAD).then(|| salt.subject(name));
        let shingles = lesson.shingles.iter().map(|hash| short(*hash)).collect();
        let traits = lesson.traits.iter();
        Self {
            at: lesson.at,
            sender: lesson.sender.clone(),
            participants: lesson.participants.clone(),
            traits: traits
                .filter_map(|t| Some((whose(&t.subject), words.number(&t.aspect)?, t.value.clone())))
                .collect(),
            ticks: lesson
                .ticks
                .iter()
                .map(|t| CodedTick {
                    whose: whose(&t.subject),
                    kind: salt.kind(&t.kind),
                    value: t.value.clone(),
                    lasting: t.lasting,
                })
                .collect(),
            judged: lesson.judged.iter().map(|name| whose(name)).collect(),
            shingles,
            aliases: lesson.aliases.iter().map(|alias| salt.key(alias)).collect(),
        }
    }
}

/// Stands for the sender among the participants; none has a line end in it.
const SENDER: &str = "\r";

/// Participants as the row of a message holds them, one a line.
pub(crate) fn joined(sender: &str, participants: &[String]) -> String {
    let lines: Vec<&str> =
        participants.iter().map(|p| if p == sender { SENDER } else { p.as_str() }).collect();
    lines.join("\n")
}

/// The participants of such a row.
pub(crate) fn split(sender: &str, joined: &str) -> Vec<String> {
    let lines = joined.split('\n').filter(|line| !line.is_empty());
    lines.map(|line| if line == SENDER { sender } else { line }.to_owned()).collect()
}

/// Bytes in which a lesson's text hashes are for certain: what comes before them, and they.
pub(crate) const HASHES_BYTES_MAX: usize = 2 + 6 * limits::SHINGLES_MAX;

/// First byte of a lesson that is written so.
const FORM: u8 = 1;
/// The same of one with aliases, which stand behind the text hashes.
const FORM_ALIASES: u8 = 2;

/// Lesson to bytes: text hashes, aliases if there are any, subjects, texts (those of the row first, without being written), then everything by its place.
pub(crate) fn pack(lesson: &Coded) -> Vec<u8> {
    let (mut subjects, mut texts) = (Places::default(), Places::default());
    let row = std::iter::once(&lesson.sender).chain(&lesson.participants);
    for text in row {
        texts.place(text);
    }
    let given = texts.order.len();
    let mut body = Vec::with_capacity(256);
    let mut whose = |whose: Whose| whose.map_or(0, |subject| subjects.place(&subject) + 1);
    number(&mut body, lesson.traits.len() as u64);
    for (subject, aspect, value) in &lesson.traits {
        number(&mut body, whose(*subject));
        number(&mut body, aspect.cast_unsigned());
        number(&mut body, texts.place(value));
    }
    number(&mut body, lesson.ticks.len() as u64);
    for tick in &lesson.ticks {
        number(&mut body, whose(tick.whose) * 2 + u64::from(tick.lasting));
        body.extend(tick.kind.to_be_bytes().iter().skip(2));
        number(&mut body, texts.place(&tick.value));
    }
    number(&mut body, lesson.judged.len() as u64);
    for subject in &lesson.judged {
        number(&mut body, whose(*subject));
    }
    let mut out = vec![if lesson.aliases.is_empty() { FORM } else { FORM_ALIASES }];
    number(&mut out, lesson.shingles.len() as u64);
    for hash in &lesson.shingles {
        out.extend(hash.to_be_bytes().iter().skip(2));
    }
    if !lesson.aliases.is_empty() {
        number(&mut out, lesson.aliases.len() as u64);
        lesson.aliases.iter().for_each(|alias| out.extend(alias.to_be_bytes()));
    }
    number(&mut out, subjects.order.len() as u64);
    for subject in subjects.order {
        out.extend(subject.to_be_bytes());
    }
    let more: Vec<&String> = texts.order.iter().skip(given).collect();
    number(&mut out, more.len() as u64);
    for text in more {
        number(&mut out, text.len() as u64);
        out.extend(text.as_bytes());
    }
    out.extend(body);
    out
}

/// Bytes to lesson, with what the row of its message says.
pub(crate) fn unpack(bytes: &[u8], at: i64, sender: &str, participants: &str) -> Result<Coded, StoreError> {
    let mut lesson = Coded {
        at,
        sender: sender.to_owned(),
        participants: split(sender, participants),
        ..Coded::default()
    };
    Reader(bytes).lesson(&mut lesson).ok_or_else(damaged)?;
    Ok(lesson)
}

/// The text hashes of a lesson alone; its first [`HASHES_BYTES_MAX`] bytes are enough.
pub(crate) fn hashes(bytes: &[u8]) -> Result<Vec<i64>, StoreError> {
    Reader(bytes).hashes().map(|(hashes, _)| hashes).ok_or_else(damaged)
}

/// By what a lesson is found: its text hashes, and its aliases.
pub(crate) fn found_by(bytes: &[u8]) -> Result<(Vec<i64>, Vec<i64>), StoreError> {
    Reader(bytes).found_by().ok_or_else(damaged)
}

fn damaged() -> StoreError {
    StoreError::Corrupt("a lesson cannot be read".to_owned())
}

/// Things and their places, each once.
struct Places<T> {
    order: Vec<T>,
    known: HashMap<T, u64>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { order: Vec::new(), known: HashMap::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Places<T> {
    fn place(&mut self, thing: &T) -> u64 {
        if let Some(place) = self.known.get(thing) {
            return *place;
        }
        let place = self.order.len() as u64;
        self.order.push(thing.clone());
        self.known.insert(thing.clone(), place);
        place
    }
}

/// Seven bits a byte, the lowest first.
fn number(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// What is left to be read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn bytes(&mut self, count: usize) -> Option<&[u8]> {
        let (now, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(now)
    }

    fn number(&mut self) -> Option<u64> {
        let mut out = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes(1)?.first()?;
            out |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(out);
            }
        }
        None
    }

    /// A count of things that take a byte each at least, so a wrong one is found out before room is made for it.
    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.0.len())
    }

    /// Text hashes, and whether aliases follow.
    fn hashes(&mut self) -> Option<(Vec<i64>, bool)> {
        let form = *self.bytes(1)?.first()?;
        if form != FORM && form != FORM_ALIASES {
            return None;
        }
        let mut out = Vec::new();
        for _ in 0..self.count()? {
            out.push(self.six()?);
        }
        Some((out, form == FORM_ALIASES))
    }

    fn found_by(&mut self) -> Option<(Vec<i64>, Vec<i64>)> {
        let (hashes, more) = self.hashes()?;
        let mut aliases = Vec::new();
        for _ in 0..if more { self.count()? } else { 0 } {
            aliases.push(self.eight()?);
        }
        Some((hashes, aliases))
    }

    fn eight(&mut self) -> Option<i64> {
        Some(i64::from_be_bytes(*self.bytes(8)?.first_chunk()?))
    }

    /// A number of 48 bits.
    fn six(&mut self) -> Option<i64> {
        let mut eight = [0; 8];
        eight.iter_mut().zip(self.bytes(6)?).for_each(|(to, from)| *to = *from);
        Some(i64::from_be_bytes(eight) >> 16)
    }

    fn lesson(&mut self, lesson: &mut Coded) -> Option<()> {
        (lesson.shingles, lesson.aliases) = self.found_by()?;
        let mut subjects: Vec<Whose> = vec![None];
        for _ in 0..self.count()? {
            subjects.push(Some(self.eight()?));
        }
        let mut texts: Places<String> = Places::default();
        for text in std::iter::once(&lesson.sender).chain(&lesson.participants) {
            texts.place(text);
        }
        let mut texts = texts.order;
        for _ in 0..self.count()? {
            let length = usize::try_from(self.number()?).ok()?;
            texts.push(std::str::from_utf8(self.bytes(length)?).ok()?.to_owned());
        }
        let subject = |place: u64| subjects.get(usize::try_from(place).ok()?).copied();
        let text = |place: u64| texts.get(usize::try_from(place).ok()?).cloned();
        for _ in 0..self.count()? {
            let whose = subject(self.number()?)?;
            lesson.traits.push((whose, self.number()?.cast_signed(), text(self.number()?)?));
        }
        for _ in 0..self.count()? {
            let first = self.number()?;
            lesson.ticks.push(CodedTick {
                whose: subject(first / 2)?,
                lasting: first % 2 == 1,
                kind: self.six()?,
                value: text(self.number()?)?,
            });
        }
        for _ in 0..self.count()? {
            lesson.judged.push(subject(self.number()?)?);
        }
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use sekisho_record::history::{Tick, Trait};

    use super::*;

    fn coded() -> Coded {
        let lesson = Lesson {
            at: 7,
            sender: "ann@x.example".into(),
            participants: vec!["ann@x.example".into(), "bo@y.example".into()],
            traits: vec![Trait::new("s:a", "link", "x.example"), Trait::new(THREAD, "who", "ann@x.example")],
            ticks: vec![Tick {
                subject: "s:a".into(),
                kind: "link".into(),
                value: "bo@y.example".into(),
                lasting: true,
            }],
            judged: vec!["s:a".into(), THREAD.into()],
            shingles: vec![0, 1, 1 << 47, u64::MAX, 0x0123_4567_89ab_cdef],
            ..Lesson::default()
        };
        Coded::new(&lesson, &Salt::new(b"s"), &Words::of(&[("link", 4), ("who", 300)]))
    }

    #[test]
    fn a_lesson_comes_back_as_it_was_in_few_bytes() {
        let lesson = coded();
        let packed = pack(&lesson);
        assert_eq!(packed.len(), 1 + 1 + 8 + 1 + 1 + 9 + 1 + 3 + 4 + 1 + 8 + 1 + 2 + 1 + 5 * 6);
        let participants = joined(&lesson.sender, &lesson.participants);
        assert_eq!(participants, "\r\nbo@y.example");
        assert_eq!(unpack(&packed, 7, "ann@x.example", &participants).unwrap(), lesson);
        assert_eq!(hashes(&packed).unwrap(), lesson.shingles);
    }

    #[test]
    fn aliases_stand_behind_the_hashes() {
        let lesson = Coded { aliases: vec![i64::MIN, 7], ..coded() };
        let packed = pack(&lesson);
        assert_eq!(packed.len(), pack(&coded()).len() + 1 + 2 * 8);
        let participants = joined(&lesson.sender, &lesson.participants);
        assert_eq!(unpack(&packed, 7, "ann@x.example", &participants).unwrap(), lesson);
        let (shingles, aliases) = found_by(&packed).unwrap();
        assert_eq!((shingles, aliases), (lesson.shingles.clone(), lesson.aliases.clone()));
        let most = Coded { shingles: (0..limits::SHINGLES_MAX as i64).collect(), ..lesson };
        assert_eq!(hashes(&pack(&most)[..HASHES_BYTES_MAX]).unwrap(), most.shingles);
        assert!(found_by(&pack(&coded())).unwrap().1.is_empty());
    }

    #[test]
    fn damage_is_told_and_never_more() {
        damage(coded());
        damage(Coded { aliases: vec![i64::MIN, 7], ..coded() });
    }

    fn damage(lesson: Coded) {
        let packed = pack(&lesson);
        let participants = joined(&lesson.sender, &lesson.participants);
        for end in 0..packed.len() {
            let cut = unpack(&packed[..end], 7, &lesson.sender, &participants);
            assert!(matches!(cut, Err(StoreError::Corrupt(_))), "cut at {end}");
        }
        for at in 0..packed.len() {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut wrong = packed.clone();
                wrong[at] = byte;
                // An error or another lesson, but an answer.
                let _ = unpack(&wrong, 7, &lesson.sender, &participants);
            }
        }
    }

    #[test]
    fn hashes_are_kept_in_48_bits() {
        assert_eq!([0, 7, u64::MAX].map(short), [0, 7, -1]);
        assert!((-(1_i64 << 47)..1 << 47).contains(&short(0x8000_8000_0000_0000)));
    }
}
