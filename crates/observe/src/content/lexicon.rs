//! Phrases of lures in many languages, found in one pass.
//!
//! The files in `lexicon/` hold one entry a line: `language weight phrase | phrase | …`. `#` starts a comment. A phrase
//! that ends in `*` may go on within a word. Weights: 60 is clear on its own, 30 is weak.
//!
//! `{our,your }` stands for each of the words in it. `<40>` says that what follows begins within so many bytes of the
//! folded text, where a word begins; it may go on, and `IBAN` there is how an account number begins. A lure tells the
//! part before the first such gap.

use std::sync::LazyLock;

use sekisho_record::evidence::content::Lure;

use super::fold;
use crate::phrases::Phrases;

macro_rules! lures {
    ($($name:literal),* $(,)?) => {
        /// Lures and their files.
        const LURES: &[(&str, &str)] = &[$(($name, include_str!(concat!("lexicon/", $name, ".txt")))),*];
    };
}

lures![
    "credentials",
    "mailbox",
    "voicemail",
    "fax",
    "esignature",
    "shared_file",
    "payroll",
    "parcel",
    "tax",
    "bank",
    "invoice",
    "prize",
    "renewal",
    "refund",
    "callback",
    "extortion",
    "advance_fee",
    "bank_change",
    "job",
    "crypto",
    "gift_card",
    "subscription",
    "fine",
    "account_locked",
    "security_alert",
    "romance",
    "pharma",
    "loan",
    "gambling",
    "health",
    "urgency",
    "action",
    "secrecy",
    "favour",
    "survey",
    "seo",
    "marketing",
    "unsubscribe",
];

/// Phrases that one lure lists.
const PHRASES_MAX: usize = 5;
/// Different phrases that are looked at in one message.
const HITS_MAX: usize = 400;

struct Entry {
    lure: usize,
    language: &'static str,
    weight: i64,
    phrase: String,
    /// What has to follow, one behind the other.
    then: Vec<Step>,
    /// A word must begin, a word must end there.
    left: bool,
    right: bool,
}

/// What follows a phrase within some bytes.
#[derive(Clone)]
struct Step {
    within: usize,
    /// Any of these, folded; an empty one is the beginning of an account number.
    any: Vec<String>,
}

struct Lexicon {
    phrases: Phrases,
    entries: Vec<Entry>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(build);

fn build() -> Lexicon {
    let mut entries = Vec::new();
    let mut patterns = Vec::new();
    for (lure, (_, file)) in LURES.iter().enumerate() {
        for (language, weight, written) in file.lines().flat_map(line) {
            let (first, then) = steps(written);
            for phrase in expand(first) {
                let (body, right) = match phrase.strip_suffix('*') {
                    Some(body) => (body, false),
                    None => (phrase.as_str(), true),
                };
                let pattern = fold::fold(body).text.trim().to_owned();
                entries.push(Entry {
                    lure,
                    language,
                    weight,
                    left: borders(pattern.chars().next()),
                    right: right && borders(pattern.chars().next_back()),
                    then: then.clone(),
                    phrase,
                });
                patterns.push(pattern);
            }
        }
    }
    Lexicon { phrases: Phrases::new(&patterns), entries }
}

fn borders(c: Option<char>) -> bool {
    c.is_some_and(|c| !is_cjk(c) && c.is_alphanumeric())
}

/// The phrase, and what has to follow it.
fn steps(written: &str) -> (&str, Vec<Step>) {
    let mut parts = written.split('<');
    let first = parts.next().unwrap_or_default().trim();
    let step = |part: &str| {
        let (within, words) = part.split_once('>')?;
        let any = expand(words.trim()).into_iter();
        let any =
            any.map(|w| if w == "IBAN" { String::new() } else { fold::fold(&w).text.trim().to_owned() });
        Some(Step { within: within.parse().ok()?, any: any.collect() })
    };
    (first, parts.filter_map(step).collect())
}

/// All that a phrase with braces stands for; a brace without its other half stands for itself.
fn expand(phrase: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut rest = phrase;
    while let Some((before, inside, after)) =
        rest.split_once('{').and_then(|(before, tail)| tail.split_once('}').map(|(i, a)| (before, i, a)))
    {
        let words = || inside.split(',').map(str::trim_start);
        out = out.iter().flat_map(|o| words().map(move |w| format!("{o}{before}{w}"))).collect();
        rest = after;
    }
    out.iter_mut().for_each(|o| o.push_str(rest));
    out
}

/// Where the last of the steps ends; `None` when one is missing.
fn follow(text: &str, end: usize, steps: &[Step]) -> Option<usize> {
    let Some((step, rest)) = steps.split_first() else { return Some(end) };
    let bytes = text.as_bytes();
    let starts = end..=end.saturating_add(step.within).min(bytes.len());
    let begins = |at: &usize| {
        text.is_char_boundary(*at)
            && text
                .get(..*at)
                .and_then(|t| t.chars().next_back())
                .is_none_or(|c| !borders(Some(c)) || is_cjk(c))
    };
    starts.filter(begins).find_map(|at| {
        let tail = text.get(at..)?;
        step.any.iter().find_map(|word| {
            let length = if word.is_empty() {
                account_number(tail)?
            } else {
                tail.starts_with(word).then_some(word.len())?
            };
            follow(text, at + length, rest)
        })
    })
}

/// How an account number begins: country, check digits, four more with or without a space.
fn account_number(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits =
        bytes.get(..2)?.iter().all(u8::is_ascii_lowercase) && bytes.get(2..4)?.iter().all(u8::is_ascii_digit);
    let space = usize::from(bytes.get(4) == Some(&b' '));
    let more = bytes.get(4 + space..8 + space)?.iter().all(u8::is_ascii_alphanumeric);
    (digits && more).then_some(8 + space)
}

/// The entries of one line of a lexicon file.
fn line(line: &'static str) -> impl Iterator<Item = (&'static str, i64, &'static str)> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let mut parts = line.splitn(3, ' ');
    let language = parts.next().unwrap_or_default();
    let weight = parts.next().and_then(|weight| weight.parse().ok()).unwrap_or(0);
    let phrases = parts.next().unwrap_or_default();
    phrases
        .split('|')
        .map(str::trim)
        .filter(move |phrase| weight > 0 && phrase.len() > 2)
        .map(move |p| (language, weight, p))
}

pub(crate) fn is_cjk(c: char) -> bool {
    matches!(c as u32, 0x1100..=0x11ff | 0x2e80..=0x9fff | 0xa960..=0xa97f | 0xac00..=0xd7ff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) lures: Vec<Lure>,
    pub(super) unsubscribe: bool,
}

#[derive(Clone, Copy)]
struct Hit {
    entry: usize,
    start: usize,
    end: usize,
    subject: bool,
}

/// Searches folded subject with display name, and folded newest text.
pub(super) fn search(head: &str, text: &str) -> Found {
    let mut hits = Vec::new();
    let mut seen = vec![0u8; LEXICON.entries.len()];
    collect(head, true, &mut seen, &mut hits);
    collect(text, false, &mut seen, &mut hits);
    hits.sort_by_key(|hit| (LEXICON.entries.get(hit.entry).map(|e| e.lure), hit.subject, hit.start));
    let mut found = Found::default();
    for group in hits.chunk_by(|a, b| {
        LEXICON.entries.get(a.entry).map(|e| e.lure) == LEXICON.entries.get(b.entry).map(|e| e.lure)
    }) {
        let Some(lure) = weigh(group) else { continue };
        if lure.name == "unsubscribe" {
            found.unsubscribe = true;
        } else {
            found.lures.push(lure);
        }
    }
    found.lures.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.name.cmp(&b.name)));
    found
}

fn collect(text: &str, subject: bool, seen: &mut [u8], hits: &mut Vec<Hit>) {
    let mark = if subject { 1 } else { 2 };
    LEXICON.phrases.find(text, |found| {
        let (index, start, end) = (found.phrase, found.start, found.end);
        if let (Some(entry), Some(slot)) = (LEXICON.entries.get(index), seen.get_mut(index))
            && *slot & mark == 0
            && at_borders(text, start, end, entry)
            && let Some(end) = follow(text, end, &entry.then)
        {
            *slot |= mark;
            hits.push(Hit { entry: index, start, end, subject });
        }
        hits.len() < HITS_MAX
    });
}

fn at_borders(text: &str, start: usize, end: usize, entry: &Entry) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_cjk(c));
    let goes_on = |side: bool, c: Option<char>| side && inside(c);
    let left = goes_on(entry.left, text.get(..start).and_then(|t| t.chars().next_back()));
    let right = goes_on(entry.right, text.get(end..).and_then(|t| t.chars().next()));
    !left && !right
}

/// Adds up the hits of one lure. Of phrases that overlap only the strongest counts.
fn weigh(group: &[Hit]) -> Option<Lure> {
    let entry = |hit: &Hit| LEXICON.entries.get(hit.entry);
    let mut kept: Vec<(Hit, i64)> = Vec::with_capacity(group.len());
    for hit in group {
        let weight = entry(hit)?.weight;
        match kept.last_mut() {
            Some((last, best)) if last.subject == hit.subject && hit.start < last.end => {
                if weight > *best {
                    (last.entry, *best) = (hit.entry, weight);
                }
                last.end = last.end.max(hit.end);
            }
            _ => kept.push((*hit, weight)),
        }
    }
    // The same phrase in subject and text counts once.
    kept.sort_by_key(|(hit, weight)| (-weight, hit.entry));
    let in_subject = kept.iter().any(|(hit, _)| hit.subject);
    kept.dedup_by_key(|(hit, _)| hit.entry);
    let first = entry(&kept.first()?.0)?;
    Some(Lure {
        name: LURES.get(first.lure)?.0.to_owned(),
        weight: kept.iter().map(|(_, weight)| weight).sum::<i64>().min(100),
        in_subject,
        language: first.language.to_owned(),
        phrases: kept
            .iter()
            .take(PHRASES_MAX)
            .filter_map(|(hit, _)| Some(entry(hit)?.phrase.clone()))
            .collect(),
    })
}

/// Every line of every file is well formed; names of lures in their order.
#[cfg(test)]
pub(super) fn check_files() -> Vec<(&'static str, usize)> {
    LURES
        .iter()
        .map(|(name, file)| {
            for text in file.lines() {
                let text = text.split('#').next().unwrap_or_default().trim();
                assert!(text.is_empty() || line(text_static(text)).count() > 0, "{name}: {text}");
            }
            for (_, _, written) in file.lines().flat_map(line) {
                let (first, then) = steps(written);
                assert_eq!(then.len(), written.matches('<').count(), "{name}: {written}");
                let braces = [expand(first), then.into_iter().flat_map(|s| s.any).collect()].concat();
                assert!(!braces.iter().any(|p| p.contains(['{', '}', '>'])), "{name}: {written}");
            }
            (*name, file.lines().flat_map(line).count())
        })
        .collect()
}

#[cfg(test)]
fn text_static(text: &'static str) -> &'static str {
    text
}
