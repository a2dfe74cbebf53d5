//! Questions become keys, rows become answers. Pure; the engines only read rows in between.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_record::history::{
    Answers, Aspect, Count, Known, Match, Questions, Seen, THREAD_SENDER, Valued, Why,
};

use crate::{
    lesson, limits,
    plan::bounded,
    text::{Salt, clip, thread_name},
};

/// Questions as keys, within the limits.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) subjects: Vec<i64>,
    /// Values to look at for each aspect, somewhat more than are told, since ranks are coarser than counts; and values to
    /// tell.
    pub(crate) most: (i64, i64),
    pub(crate) exact: Vec<(i64, String, String)>,
    /// Subject, kind, since, until, and the kind as an aspect.
    pub(crate) windows: Vec<(i64, i64, i64, i64, String)>,
    pub(crate) message_ids: Vec<i64>,
    pub(crate) aliases: Vec<i64>,
    pub(crate) subject_keys: Vec<i64>,
    pub(crate) shingles: Vec<i64>,
    pub(crate) threads: i64,
    pub(crate) thread_values: (i64, i64),
    cut: BTreeSet<&'static str>,
}

/// Values to look at when `asked` are to be told, and these.
fn looked_at(asked: u16) -> (i64, i64) {
    let told = i64::from(asked.min(limits::VALUES_MAX));
    (if told == 0 { 0 } else { (told + told / 2).max(8) }, told)
}

impl Asked {
    pub(crate) fn new(questions: &Questions, salt: &Salt) -> Self {
        let mut cut = BTreeSet::new();
        let q = questions;
        let subjects = bounded(&q.subjects, limits::SUBJECTS_MAX, "SUBJECTS_MAX", &mut cut);
        let exact = bounded(&q.exact, limits::EXACT_MAX, "EXACT_MAX", &mut cut);
        let windows = bounded(&q.windows, limits::WINDOWS_MAX, "WINDOWS_MAX", &mut cut);
        let ids = bounded(&q.message_ids, limits::MESSAGE_IDS_MAX, "MESSAGE_IDS_MAX", &mut cut);
        let aliases = bounded(&q.aliases, limits::ALIASES_MAX, "ALIASES_MAX", &mut cut);
        let keys = bounded(&q.subject_keys, limits::SUBJECT_KEYS_MAX, "SUBJECT_KEYS_MAX", &mut cut);
        let shingles = bounded(&q.shingles, limits::ASKED_SHINGLES_MAX, "ASKED_SHINGLES_MAX", &mut cut);
        if q.most > limits::VALUES_MAX || q.thread_values > limits::VALUES_MAX {
            cut.insert("VALUES_MAX");
        }
        if q.threads > limits::THREADS_MAX {
            cut.insert("THREADS_MAX");
        }
        // A hash that is asked twice would count twice.
        let shingles: BTreeSet<i64> = shingles.iter().map(|s| lesson::short(*s)).collect();
        Self {
            subjects: subjects.iter().map(|s| salt.subject(s)).collect(),
            most: looked_at(q.most),
            exact: exact
                .iter()
                .map(|t| (salt.subject(&t.subject), clip(&t.aspect), clip(&t.value)))
                .collect(),
            windows: windows
                .iter()
                .map(|w| {
                    let kind = clip(&w.kind);
                    (salt.subject(&w.subject), salt.kind(&kind), w.since, w.until, kind)
                })
                .collect(),
            message_ids: ids.iter().map(|id| salt.key(id)).collect(),
            aliases: aliases.iter().map(|alias| salt.key(alias)).collect(),
            subject_keys: keys.iter().map(|k| salt.key(k)).collect(),
            shingles: shingles.into_iter().collect(),
            threads: i64::from(q.threads.min(limits::THREADS_MAX)),
            thread_values: looked_at(q.thread_values),
            cut,
        }
    }
}

/// What the engines read, row by row.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// Totals of an asked subject (its place among the questions).
    pub(crate) totals: Vec<(usize, TotalRow)>,
    /// Frequent values of an asked subject.
    pub(crate) values: Vec<(usize, ValueRow)>,
    /// Exact traits by their place.
    pub(crate) exact: Vec<(usize, Seen)>,
    /// Windows by their place: ticks, different values, new values.
    pub(crate) windows: Vec<(usize, Count)>,
    /// Stored messages.
    pub(crate) matches: Vec<MatchRow>,
    /// Totals of the best threads.
    pub(crate) thread_totals: Vec<(i64, TotalRow)>,
    /// Frequent values of the best threads.
    pub(crate) thread_values: Vec<(i64, ValueRow)>,
}

/// Aspect, total, number of different values.
pub(crate) type TotalRow = (String, Seen, u64);
/// Aspect, value, how often.
pub(crate) type ValueRow = (String, String, Seen);

/// A stored message that matches.
#[derive(Debug, Clone)]
pub(crate) struct MatchRow {
    pub(crate) why: Why,
    pub(crate) question: usize,
    /// How many of the hashes by which it is found.
    pub(crate) overlap: u32,
    pub(crate) record: String,
    pub(crate) thread: i64,
    pub(crate) at: i64,
    pub(crate) sender: String,
    pub(crate) participants: String,
    /// Of a quotation: the beginning of the lesson, with its text hashes.
    pub(crate) hashes: Vec<u8>,
}

impl MatchRow {
    /// How good a match is: a reference (the nearest first), an alias, a quotation (the longest first), a subject. The
    /// statements have the same numbers.
    fn score(&self) -> i64 {
        let question = i64::try_from(self.question).unwrap_or(i64::MAX);
        match self.why {
            Why::Reference => 3_000_000 - question,
            Why::Alias => 2_500_000 - question,
            Why::Quote => 2_000_000 + i64::from(self.overlap),
            Why::Subject => 1_000_000 - question,
        }
    }
}

/// Why a message matches, by the number that the statements give it.
pub(crate) fn why(number: i64) -> Why {
    match number {
        1 => Why::Reference,
        2 => Why::Quote,
        4 => Why::Alias,
        _ => Why::Subject,
    }
}

/// The best threads of the matches, best first: by their best match, then the newest.
pub(crate) fn best_threads(matches: &[MatchRow], threads: i64) -> Vec<i64> {
    let mut best: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for m in matches {
        let entry = best.entry(m.thread).or_insert((i64::MIN, i64::MIN));
        *entry = (entry.0.max(m.score()), entry.1.max(m.at));
    }
    let mut order: Vec<(i64, (i64, i64))> = best.into_iter().collect();
    order.sort_by_key(|(thread, (score, at))| (-score, at.saturating_neg(), *thread));
    order.into_iter().map(|(thread, _)| thread).take(usize::try_from(threads).unwrap_or_default()).collect()
}

/// Seen from three columns.
pub(crate) fn seen(count: i64, first_at: i64, last_at: i64) -> Seen {
    Seen { count: u64::try_from(count).unwrap_or_default(), first_at, last_at }
}

/// Rows to answers, in the order of the questions.
pub(crate) fn answers(questions: &Questions, asked: &Asked, rows: Rows) -> Answers {
    let mut cut: BTreeSet<&str> = asked.cut.iter().copied().collect();
    let names = questions.subjects.iter().take(asked.subjects.len());
    let mut subjects: Vec<Gathered> = names.map(|name| Gathered::new(name.clone())).collect();
    for (place, row) in rows.totals {
        if let Some(known) = subjects.get_mut(place) {
            known.totals.push(row);
        }
    }
    for (place, row) in rows.values {
        if let Some(known) = subjects.get_mut(place) {
            known.values.push(row);
        }
    }
    let order = best_threads(&rows.matches, asked.threads);
    let mut threads: BTreeMap<i64, Gathered> =
        order.iter().map(|&thread| (thread, Gathered::new(thread_name(thread)))).collect();
    for (thread, row) in rows.thread_totals {
        if let Some(known) = threads.get_mut(&thread) {
            known.totals.push(row);
        }
    }
    for (thread, row) in rows.thread_values {
        if let Some(known) = threads.get_mut(&thread) {
            known.values.push(row);
        }
    }
    let mut exact = vec![None; asked.exact.len()];
    for (place, seen) in rows.exact {
        if let Some(slot) = exact.get_mut(place) {
            *slot = Some(seen);
        }
    }
    let mut windows = vec![Count::default(); asked.windows.len()];
    for (place, mut count) in rows.windows {
        let max = u64::try_from(limits::WINDOW_TICKS_MAX).unwrap_or(u64::MAX);
        count.capped = count.count > max;
        count.count = count.count.min(max);
        if let Some(slot) = windows.get_mut(place) {
            *slot = count;
        }
    }
    let (most, values) = (usize::from(questions.most), usize::from(questions.thread_values));
    Answers {
        subjects: subjects.into_iter().map(|s| s.known(most, &mut cut)).collect(),
        exact,
        windows,
        matches: matches(rows.matches, &asked.shingles),
        threads: order
            .iter()
            .filter_map(|thread| threads.remove(thread))
            .map(|t| t.known(values, &mut cut))
            .collect(),
        cut: cut.into_iter().map(str::to_owned).collect(),
        missing: None,
    }
}

/// Matches, the best first. A quotation tells how many of all its hashes were asked for.
fn matches(mut rows: Vec<MatchRow>, asked: &[i64]) -> Vec<Match> {
    for row in rows.iter_mut().filter(|row| row.why == Why::Quote) {
        let hashes = lesson::hashes(&row.hashes).unwrap_or_default();
        let shared = hashes.iter().filter(|hash| asked.binary_search(hash).is_ok()).count();
        row.overlap = u32::try_from(shared).unwrap_or(u32::MAX);
    }
    rows.sort_by(|a, b| (b.score(), b.at, &b.record).cmp(&(a.score(), a.at, &a.record)));
    let told = |m: MatchRow| Match {
        why: m.why,
        question: m.question,
        overlap: m.overlap,
        thread: thread_name(m.thread),
        at: m.at,
        participants: lesson::split(&m.sender, &m.participants),
        record: m.record,
        sender: m.sender,
    };
    rows.into_iter().map(told).collect()
}

/// Rows of one subject.
struct Gathered {
    subject: String,
    totals: Vec<TotalRow>,
    values: Vec<ValueRow>,
}

impl Gathered {
    fn new(subject: String) -> Self {
        Self { subject, totals: Vec::new(), values: Vec::new() }
    }

    fn known(self, most: usize, cut: &mut BTreeSet<&str>) -> Known {
        if self.totals.len() >= limits::ASPECTS_MAX {
            cut.insert("ASPECTS_MAX");
        }
        let mut aspects: BTreeMap<String, Aspect> = BTreeMap::new();
        for (name, total, distinct) in self.totals {
            let aspect = Aspect { name: name.clone(), total, distinct, values: Vec::new() };
            aspects.insert(name, aspect);
        }
        for (name, value, seen) in self.values {
            if let Some(aspect) = aspects.get_mut(&name) {
                aspect.values.push(Valued { value, seen });
            }
        }
        for aspect in aspects.values_mut() {
            let order = |v: &Valued| (std::cmp::Reverse((v.seen.count, v.seen.last_at)), v.value.clone());
            aspect.values.sort_by_cached_key(order);
            aspect.values.dedup_by(|b, a| a.value == b.value);
            aspect.values.truncate(most);
        }
        Known { subject: self.subject, aspects: aspects.into_values().collect() }
    }
}

/// How many messages a thread has, when the first and the last arrived: every message counts its sender.
pub fn thread_messages(thread: &Known) -> Seen {
    thread.aspect(THREAD_SENDER).map(|a| a.total).unwrap_or_default()
}
