//! What is known about brands: names, domains, and one automaton that finds every name in one pass.
//!
//! The files in `brands/` are compiled in as they are; `brands/README.md` has their format.

use std::{fs, io, path::Path};

use rustc_hash::FxHashMap;

use crate::{
    fold::{fold, is_cjk, is_katakana, one_edit, skeleton},
    phrases::{Phrases, Place},
};

pub(super) const FILES: [&str; 5] = [
    include_str!("../../../../brands/tech.brands"),
    include_str!("../../../../brands/finance.brands"),
    include_str!("../../../../brands/commerce.brands"),
    include_str!("../../../../brands/services.brands"),
    include_str!("../../../../brands/directory.brands"),
];

/// One brand.
#[derive(Debug, Default, Clone)]
pub struct Record {
    /// Canonical name.
    pub name: String,
    /// Sector.
    pub sector: String,
    /// Two-letter country code, or empty.
    pub country: String,
    /// Long tail: only the display name claims it.
    pub listed: bool,
    /// A product that organisations run themselves, so its name in their mail says little.
    pub self_hosted: bool,
    /// A web mail or hosting panel: its name in a server's own mail is no more than a claim of medium strength.
    pub panel: bool,
    /// A social network or application store, whose icon stands in everybody's footer.
    pub social: bool,
}

/// Names that are looked at for each hit that is kept: names lie inside of longer names.
const PLACES_PER_HIT: usize = 8;

/// How a domain belongs to a brand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The brand's own.
    Own,
    /// Customers publish below it.
    Tenants,
    /// Customers have mailboxes in it.
    Mailboxes,
}

/// One name of a brand in the automaton.
#[derive(Debug, Clone, Copy)]
pub struct Name {
    /// Whose.
    pub brand: u16,
    /// A common word, an abbreviation or a person's name: claims only as the whole name or with a role word.
    pub weak: bool,
}

/// A name found in a folded text.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// Whose.
    pub brand: u16,
    /// See [`Name::weak`].
    pub weak: bool,
    /// First byte.
    pub start: usize,
    /// One past the last.
    pub end: usize,
}

/// All brands.
#[derive(Debug)]
pub struct Book {
    brands: Vec<Record>,
    names: Vec<Name>,
    phrases: Phrases,
    domains: FxHashMap<String, Vec<(u16, Hold)>>,
    /// Names without spaces → brand; Latin only, at least four letters.
    compact: FxHashMap<String, Name>,
    /// Skeletons of the strong ones among them → (brand, compact name).
    skeletons: FxHashMap<String, (u16, String)>,
    /// Strong compact names of curated brands by length, for typos.
    by_length: Vec<Vec<(String, u16)>>,
}

impl Default for Book {
    fn default() -> Self {
        Self::build(FILES)
    }
}

/// A record as it is read, before the indexes are built.
#[derive(Debug, Default)]
struct Draft {
    record: Record,
    strong: Vec<String>,
    weak: Vec<String>,
    domains: Vec<(String, Hold)>,
}

/// A line of a brands file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadLine {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl Book {
    /// What ships, and every `*.brands` file of a folder. A brand of the folder whose name is known adds to it.
    ///
    /// # Errors
    /// The folder cannot be read, or a line is malformed.
    pub fn with_folder(folder: &Path) -> io::Result<Self> {
        let mut paths: Vec<_> = fs::read_dir(folder)?.filter_map(|e| e.ok().map(|e| e.path())).collect();
        paths.retain(|p| p.extension().is_some_and(|e| e == "brands"));
        paths.sort();
        let mut texts = Vec::with_capacity(paths.len());
        for path in &paths {
            let text = fs::read_to_string(path)?;
            if let Some(bad) = check(&text).into_iter().next() {
                let what = format!("{}: {bad}", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            texts.push(text);
        }
        Ok(Self::build(FILES.into_iter().chain(texts.iter().map(String::as_str))))
    }

    /// Builds from the texts of brands files; malformed lines are skipped ([`check`] names them).
    pub fn build<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut drafts: Vec<Draft> = Vec::with_capacity(3_000);
        let mut known: FxHashMap<String, usize> = FxHashMap::default();
        for text in texts {
            read(text, &mut drafts, &mut known, &mut Vec::new());
        }
        Self::index(drafts)
    }

    fn index(drafts: Vec<Draft>) -> Self {
        let mut book = Self {
            brands: Vec::with_capacity(drafts.len()),
            names: Vec::new(),
            phrases: Phrases::default(),
            domains: FxHashMap::default(),
            compact: FxHashMap::default(),
            skeletons: FxHashMap::default(),
            by_length: Vec::new(),
        };
        let mut patterns: FxHashMap<String, ()> = FxHashMap::default();
        let mut list: Vec<String> = Vec::with_capacity(6_000);
        for draft in drafts {
            let Ok(brand) = u16::try_from(book.brands.len()) else { break };
            for (text, weak) in
                draft.strong.iter().map(|n| (n, false)).chain(draft.weak.iter().map(|n| (n, true)))
            {
                let name = Name { brand, weak };
                for form in forms(&fold(text).text) {
                    book.add_compact(&form, name, draft.record.listed);
                    if patterns.insert(form.clone(), ()).is_none() {
                        list.push(form);
                        book.names.push(name);
                    }
                }
            }
            for (domain, hold) in &draft.domains {
                book.domains.entry(domain.clone()).or_default().push((brand, *hold));
            }
            book.brands.push(draft.record);
        }
        book.phrases = Phrases::new(&list);
        book
    }

    fn add_compact(&mut self, form: &str, name: Name, listed: bool) {
        if form.len() < 4 || !form.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return;
        }
        let entry = self.compact.entry(form.to_owned()).or_insert(name);
        if name.weak || listed || entry.brand != name.brand || form.len() < 5 {
            return;
        }
        self.skeletons.entry(skeleton(form)).or_insert_with(|| (name.brand, form.to_owned()));
        if form.len() >= 6 {
            if self.by_length.len() <= form.len() {
                self.by_length.resize_with(form.len() + 1, Vec::new);
            }
            if let Some(bucket) = self.by_length.get_mut(form.len()) {
                bucket.push((form.to_owned(), name.brand));
            }
        }
    }

    /// The brand of an index.
    #[must_use]
    pub fn brand(&self, index: u16) -> Option<&Record> {
        self.brands.get(usize::from(index))
    }

    /// All brands.
    #[must_use]
    pub fn brands(&self) -> &[Record] {
        &self.brands
    }

    /// Number of names in the automaton.
    #[must_use]
    pub fn names(&self) -> usize {
        self.names.len()
    }

    /// Every name in a folded text that stands as a word of its own; inside a longer name only the longer one.
    #[must_use]
    pub fn find(&self, folded: &str, most: usize) -> Vec<Hit> {
        let mut found: Vec<Place> = Vec::new();
        self.phrases.find(folded, |place| {
            if is_bounded(folded, place.start, place.end) {
                found.push(place);
            }
            found.len() < most.saturating_mul(PLACES_PER_HIT)
        });
        found.sort_unstable_by_key(|place| (place.end, place.start));
        let mut hits: Vec<Hit> = Vec::new();
        for Place { phrase, start, end } in found {
            let Some(name) = self.names.get(phrase) else { continue };
            // By their end: a longer one that ends later swallows earlier ones that it holds.
            while hits.last().is_some_and(|last| last.start >= start && last.end <= end) {
                hits.pop();
            }
            if hits.last().is_some_and(|last| last.start <= start && last.end >= end) {
                continue;
            }
            hits.push(Hit { brand: name.brand, weak: name.weak, start, end });
            if hits.len() >= most {
                break;
            }
        }
        hits
    }

    /// Brands that the domain or one of its parents belongs to, and how.
    pub fn holders<'a>(&'a self, domain: &'a str) -> impl Iterator<Item = (u16, Hold)> + 'a {
        suffixes(domain).filter_map(|suffix| self.domains.get(suffix).map(|h| (suffix, h))).flat_map(
            move |(suffix, holders)| {
                let below = domain.len() > suffix.len();
                holders.iter().map(move |&(brand, hold)| {
                    let hold = match hold {
                        Hold::Tenants if !below || is_service_host(domain, suffix) => Hold::Own,
                        Hold::Mailboxes if below => Hold::Own,
                        other => other,
                    };
                    (brand, hold)
                })
            },
        )
    }

    /// The domain is one of the brand's own.
    #[must_use]
    pub fn owns(&self, brand: u16, domain: &str) -> bool {
        !domain.is_empty() && self.holders(domain).any(|(b, hold)| b == brand && hold == Hold::Own)
    }

    /// Any brand has to do with the domain.
    #[must_use]
    pub fn is_known(&self, domain: &str) -> bool {
        self.holders(domain).next().is_some()
    }

    /// The name that equals a word exactly, spaces left out.
    #[must_use]
    pub fn compact(&self, word: &str) -> Option<Name> {
        self.compact.get(word).copied()
    }

    /// A strong name of a curated brand that the word imitates with digits, signs or `rn`; not the name itself.
    #[must_use]
    pub fn disguised(&self, folded_word: &str) -> Option<u16> {
        let (brand, name) = self.skeletons.get(&skeleton(folded_word))?;
        (name != folded_word && self.compact(folded_word).is_none()).then_some(*brand)
    }

    /// A strong name of at least `least` letters that the word misses by one letter; a plural is no typo.
    #[must_use]
    pub fn misspelt(&self, folded_word: &str, least: usize) -> Option<u16> {
        let len = folded_word.len();
        if len < 6
            || !folded_word.bytes().all(|b| b.is_ascii_alphanumeric())
            || self.compact(folded_word).is_some()
        {
            return None;
        }
        let buckets = self.by_length.get(len.saturating_sub(1).max(least)..)?;
        for (name, brand) in buckets.iter().take(3).flatten() {
            let near = name.len() <= len + 1
                && (name.as_bytes().first() == folded_word.as_bytes().first())
                && folded_word.strip_prefix(name.as_str()) != Some("s")
                && name.strip_prefix(folded_word) != Some("s")
                && one_edit(name, folded_word);
            if near {
                return Some(*brand);
            }
        }
        None
    }
}

/// The forms under which a folded name is looked for: as written, and in one word.
fn forms(folded: &str) -> Vec<String> {
    let mut forms = vec![folded.to_owned()];
    if folded.contains([' ', '-', '.', '\'', '&']) && folded.is_ascii() {
        let one: String = folded.chars().filter(char::is_ascii_alphanumeric).collect();
        if one.len() >= 6 {
            forms.push(one);
        }
        if folded.contains([' ', '-']) {
            forms.push(folded.replace(' ', "-"));
            forms.push(folded.replace('-', " "));
        }
    }
    forms
}

/// The domain and each of its parents with at least one dot.
fn suffixes(domain: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(domain.trim_end_matches('.'));
    core::iter::from_fn(move || {
        let now = rest.filter(|r| r.contains('.'))?;
        rest = now.split_once('.').map(|(_, parent)| parent);
        Some(now)
    })
}

/// A host below a tenants' domain that the brand itself runs.
fn is_service_host(domain: &str, suffix: &str) -> bool {
    let front = domain.strip_suffix(suffix).unwrap_or_default().trim_end_matches('.');
    matches!(
        front,
        "www"
            | "mail"
            | "email"
            | "e"
            | "em"
            | "info"
            | "notify"
            | "notifications"
            | "support"
            | "help"
            | "account"
            | "accounts"
            | "news"
            | "reply"
            | "id"
            | "login"
            | "mailer"
    )
}

/// The match is a word of its own. Between scripts there is always a boundary, between CJK characters none is needed.
fn is_bounded(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).and_then(|t| t.chars().next_back());
    let after = text.get(end..).and_then(|t| t.chars().next());
    let first = text.get(start..end).and_then(|t| t.chars().next());
    let last = text.get(start..end).and_then(|t| t.chars().next_back());
    apart(before, first) && apart(last, after)
}

fn apart(left: Option<char>, right: Option<char>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return true };
    if !left.is_alphanumeric() || !right.is_alphanumeric() {
        return true;
    }
    if is_katakana(left) && is_katakana(right) {
        return false;
    }
    is_cjk(left) || is_cjk(right)
}

/// Reads one file. Problems go to `bad`, the rest is used.
fn read(text: &str, drafts: &mut Vec<Draft>, known: &mut FxHashMap<String, usize>, bad: &mut Vec<BadLine>) {
    let mut current: Option<usize> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let mut complain = |what: &str| bad.push(BadLine { line: index + 1, what: what.to_owned() });
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(head) = line.strip_prefix('[') {
            match heading(head) {
                Some(record) => {
                    let at = *known.entry(record.name.clone()).or_insert(drafts.len());
                    if at == drafts.len() {
                        drafts.push(Draft { record, ..Draft::default() });
                    }
                    current = Some(at);
                }
                None => {
                    complain("a heading is `[Name] sector [country] [listed] [self-hosted] [panel] [social]`")
                }
            }
            continue;
        }
        let Some(draft) = current.and_then(|at| drafts.get_mut(at)) else {
            complain("no `[Name]` above this line");
            continue;
        };
        let Some((key, value)) = line.split_once(':') else {
            complain("expected `key: values`");
            continue;
        };
        let names = value.split(',').map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned);
        let mut domains = |hold| draft.domains.extend(value.split_whitespace().map(|d| (d.to_owned(), hold)));
        match key {
            "names" => draft.strong.extend(names),
            "weak" => draft.weak.extend(names),
            "domains" => domains(Hold::Own),
            "tenants" => domains(Hold::Tenants),
            "mailboxes" => domains(Hold::Mailboxes),
            _ => complain("keys are names, weak, domains, tenants, mailboxes"),
        }
    }
}

fn heading(head: &str) -> Option<Record> {
    let (name, rest) = head.split_once(']')?;
    let mut words = rest.split_whitespace();
    let mut record =
        Record { name: name.trim().to_owned(), sector: words.next()?.to_owned(), ..Record::default() };
    for word in words {
        match word {
            "listed" => record.listed = true,
            "self-hosted" => record.self_hosted = true,
            "panel" => record.panel = true,
            "social" => record.social = true,
            country if country.len() == 2 => country.clone_into(&mut record.country),
            _ => return None,
        }
    }
    (!record.name.is_empty()).then_some(record)
}

/// What is malformed in a brands file.
#[must_use]
pub fn check(text: &str) -> Vec<BadLine> {
    let mut bad = Vec::new();
    read(text, &mut Vec::new(), &mut FxHashMap::default(), &mut bad);
    bad
}
