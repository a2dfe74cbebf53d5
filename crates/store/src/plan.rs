//! Lessons become rows: bounded, sorted, with their keys. Pure; what the engines write is decided here.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_record::history::{Lesson, Opinion, Tick, Trait};

use crate::{
    StoreError,
    lesson::{Coded, CodedTick, pack},
    limits,
    text::{Salt, clip},
    words::{self, Words},
};

/// A lesson within its limits, its traits and ticks sorted and without repetition: taking back undoes exactly this.
pub(crate) fn canonical(lesson: &Lesson, cut: &mut BTreeSet<&'static str>) -> Lesson {
    let mut traits: Vec<Trait> = bounded(&lesson.traits, limits::TRAITS_MAX, "TRAITS_MAX", cut)
        .iter()
        .map(|t| Trait { subject: t.subject.clone(), aspect: clip(&t.aspect), value: clip(&t.value) })
        .collect();
    traits.sort_unstable();
    traits.dedup();
    let mut ticks: Vec<Tick> = bounded(&lesson.ticks, limits::TICKS_MAX, "TICKS_MAX", cut)
        .iter()
        .map(|t| Tick {
            subject: t.subject.clone(),
            kind: clip(&t.kind),
            value: clip(&t.value),
            lasting: t.lasting,
        })
        .collect();
    // One that lasts comes before its equal that does not.
    ticks.sort_unstable_by(|a, b| {
        (&a.subject, &a.kind, &a.value, !a.lasting).cmp(&(&b.subject, &b.kind, &b.value, !b.lasting))
    });
    ticks.dedup_by(|b, a| (&a.subject, &a.kind, &a.value) == (&b.subject, &b.kind, &b.value));
    let mut shingles = bounded(&lesson.shingles, limits::SHINGLES_MAX, "SHINGLES_MAX", cut).to_vec();
    shingles.sort_unstable();
    shingles.dedup();
    let mut aliases = bounded(&lesson.aliases, limits::ALIASES_MAX, "ALIASES_MAX", cut).to_vec();
    aliases.retain(|alias| !alias.is_empty());
    aliases.sort_unstable();
    aliases.dedup();
    let mut judged = bounded(&lesson.judged, limits::JUDGED_MAX, "JUDGED_MAX", cut).to_vec();
    judged.sort_unstable();
    judged.dedup();
    let participants = bounded(&lesson.participants, limits::PARTICIPANTS_MAX, "PARTICIPANTS_MAX", cut);
    let mut seen = BTreeSet::new();
    let participants = participants
        .iter()
        .map(|p| clip(&p.replace(['\n', '\r'], " ")))
        .filter(|p| !p.is_empty() && seen.insert(p.clone()))
        .collect();
    Lesson {
        record: clip(&lesson.record),
        at: lesson.at.max(FIRST),
        sender: clip(&lesson.sender),
        participants,
        message_id: lesson.message_id.clone(),
        parents: bounded(&lesson.parents, limits::PARENTS_MAX, "PARENTS_MAX", cut).to_vec(),
        aliases,
        subject_key: lesson.subject_key.clone(),
        shingles,
        traits,
        ticks,
        judged,
        opinion: lesson.opinion,
    }
}

/// The first of a list, naming the limit when that is not all.
pub(crate) fn bounded<'a, T>(
    list: &'a [T],
    max: usize,
    name: &'static str,
    cut: &mut BTreeSet<&'static str>,
) -> &'a [T] {
    list.get(..max).map_or(list, |first| {
        if list.len() > max {
            cut.insert(name);
        }
        first
    })
}

/// A lesson ready to be written: everything but its thread and its number.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) record: String,
    pub(crate) opinion: Opinion,
    pub(crate) lesson: Coded,
    pub(crate) packed: Vec<u8>,
    /// Key of its message id.
    pub(crate) message_id: Option<i64>,
    /// Key of its subject.
    pub(crate) subject_key: Option<i64>,
    /// Keys of the messages it refers to, and its own: a copy of a message belongs to the same thread.
    pub(crate) parents: Vec<i64>,
}

impl Planned {
    /// Of a lesson within its limits ([`canonical`]).
    pub(crate) fn new(
        lesson: &Lesson,
        salt: &Salt,
        words: &Words,
        cut: &mut BTreeSet<&'static str>,
    ) -> Result<Self, StoreError> {
        if lesson.record.is_empty() {
            return Err(StoreError::Limit("a lesson without a record".to_owned()));
        }
        let key = |text: &str| (!text.is_empty()).then(|| salt.key(text));
        let message_id = key(&lesson.message_id);
        let parents = lesson.parents.iter().filter_map(|p| key(p)).chain(message_id).collect();
        let coded = Coded::new(lesson, salt, words);
        if coded.traits.len() != lesson.traits.len() {
            cut.insert("WORDS_MAX");
        }
        Ok(Self {
            record: lesson.record.clone(),
            opinion: lesson.opinion,
            packed: pack(&coded),
            message_id,
            subject_key: key(&lesson.subject_key),
            parents,
            lesson: coded,
        })
    }
}

/// Where a trait stands: subject, aspect, value.
pub(crate) type TraitKey = (i64, i64, String);

/// How much a count changes, and which times the new messages have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delta {
    pub(crate) count: i64,
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    /// The last time before `last_at`, to which a message that is taken back returns; [`NEVER`] if there is none.
    pub(crate) before_at: i64,
}

/// No time: a number that SQLite stores in no bytes, since most of what is counted is seen once.
pub(crate) const NEVER: i64 = 0;

/// No message is older: the first second of 1970 that is a time.
const FIRST: i64 = 1;

impl Delta {
    /// One message, learnt (1) or taken back (-1).
    fn one(sign: i64, at: i64) -> Self {
        Self { count: sign, first_at: at, last_at: at, before_at: NEVER }
    }

    /// Both together.
    pub(crate) fn merge(&mut self, other: Self) {
        let last_at = self.last_at.max(other.last_at);
        let earlier = [self.last_at, self.before_at, other.last_at, other.before_at];
        self.before_at = earlier.into_iter().filter(|at| *at < last_at).max().unwrap_or(NEVER);
        self.last_at = last_at;
        self.first_at = self.first_at.min(other.first_at);
        self.count += other.count;
    }
}

/// A row of `tick`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TickRow {
    pub(crate) subject: i64,
    pub(crate) kind: i64,
    pub(crate) at: i64,
    pub(crate) message: i64,
    pub(crate) value: String,
}

/// What one transaction changes besides its messages. Everything is sorted, so that two nodes lock rows in one order.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) traits: BTreeMap<TraitKey, Delta>,
    pub(crate) ticks: BTreeSet<TickRow>,
    pub(crate) ticks_gone: BTreeSet<TickRow>,
    pub(crate) shingles: BTreeSet<(i64, i64)>,
    pub(crate) shingles_gone: BTreeSet<(i64, i64)>,
    pub(crate) aliases: BTreeSet<(i64, i64)>,
    pub(crate) aliases_gone: BTreeSet<(i64, i64)>,
}

/// Which ticks of a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that stay when it is taken back.
    Lasting,
    /// All others.
    Passing,
}

impl Changes {
    fn count(&mut self, key: TraitKey, sign: i64, at: i64) {
        let delta = Delta::one(sign, at);
        self.traits.entry(key).and_modify(|d| d.merge(delta)).or_insert(delta);
    }

    /// What the message teaches is learnt (`sign` 1) or taken back (-1), lasting ticks aside.
    pub(crate) fn teach(&mut self, lesson: &Coded, message: i64, thread: i64, sign: i64) {
        let traits = lesson.traits.iter();
        let mut own: BTreeSet<TraitKey> =
            traits.map(|(whose, aspect, value)| (whose.unwrap_or(thread), *aspect, value.clone())).collect();
        own.extend(lesson.participants.iter().map(|p| (thread, words::PARTICIPANT, p.clone())));
        own.insert((thread, words::SENDER, lesson.sender.clone()));
        for key in own {
            self.count(key, sign, lesson.at);
        }
        let found_by = lesson.shingles.iter().take(limits::INDEXED_SHINGLES);
        let hashes = found_by.map(|hash| (*hash, message));
        let aliases = lesson.aliases.iter().map(|alias| (*alias, message));
        if sign > 0 {
            self.shingles.extend(hashes);
            self.aliases.extend(aliases);
        } else {
            self.shingles_gone.extend(hashes);
            self.aliases_gone.extend(aliases);
        }
        self.ticks(lesson, message, thread, sign, Which::Passing);
    }

    /// Ticks of one sort are added or removed.
    pub(crate) fn ticks(&mut self, lesson: &Coded, message: i64, thread: i64, sign: i64, which: Which) {
        let sort = |tick: &&CodedTick| tick.lasting == (which == Which::Lasting);
        let rows = lesson.ticks.iter().filter(sort).map(|tick| TickRow {
            subject: tick.whose.unwrap_or(thread),
            kind: tick.kind,
            at: lesson.at,
            message,
            value: tick.value.clone(),
        });
        if sign > 0 {
            self.ticks.extend(rows);
        } else {
            self.ticks_gone.extend(rows);
        }
    }

    /// An opinion is counted, or no longer, for every subject that the lesson names.
    pub(crate) fn opinion(&mut self, lesson: &Coded, thread: i64, opinion: Opinion, sign: i64) {
        if opinion == Opinion::Unknown {
            return;
        }
        for whose in &lesson.judged {
            let key = (whose.unwrap_or(thread), words::OPINION, opinion.name().to_owned());
            self.count(key, sign, lesson.at);
        }
    }
}

/// Counts in steps: exact to seven, then four steps for each doubling. The index of frequent values holds steps instead
/// of counts, so that it changes a few dozen times in the life of a row and not with every message.
pub(crate) fn rank(count: i64) -> i64 {
    if count < 8 {
        return count.max(0);
    }
    let exponent = i64::from(63 - count.leading_zeros());
    8 + (exponent - 3) * 4 + ((count >> (exponent - 2)) & 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_counts() {
        let ranks: Vec<i64> = [0, 1, 7, 8, 9, 10, 16, 20, 1_000_000, i64::MAX].map(rank).to_vec();
        assert_eq!(ranks, [0, 1, 7, 8, 8, 9, 12, 13, 75, 247]);
        assert!((1..5_000).all(|c| rank(c) <= rank(c + 1)));
    }

    #[test]
    fn a_lesson_says_what_was_cut() {
        let lesson = Lesson { record: "r".into(), at: -7, shingles: (0..100).collect(), ..Lesson::default() };
        let mut cut = BTreeSet::new();
        let bounded = canonical(&lesson, &mut cut);
        assert_eq!(bounded.shingles.len(), limits::SHINGLES_MAX);
        assert_eq!(bounded.at, FIRST);
        assert_eq!(cut, BTreeSet::from(["SHINGLES_MAX"]));
        let strange = Lesson { traits: vec![Trait::new("s", "no word", "v")], ..bounded };
        Planned::new(&strange, &Salt::new(b"s"), &Words::default(), &mut cut).unwrap();
        assert!(cut.contains("WORDS_MAX"));
    }

    #[test]
    fn taking_back_undoes_what_was_taught() {
        let lesson = Coded {
            sender: "a@x".into(),
            participants: vec!["a@x".into()],
            traits: vec![(None, 7, "x.example".into())],
            ..Coded::default()
        };
        let mut changes = Changes::default();
        changes.teach(&lesson, 1, 42, 1);
        assert_eq!(changes.traits.len(), 3);
        assert!(changes.traits.keys().all(|k| k.0 == 42));
        changes.teach(&lesson, 1, 42, -1);
        assert!(changes.traits.values().all(|d| d.count == 0));
    }
}
