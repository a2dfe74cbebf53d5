//! Counts of a backtest, rule by rule, and how they are shown.

use std::{collections::BTreeMap, io::Write};

use sekisho_detect::RuleSource;
use sekisho_engine::kept::class_name;
use sekisho_record::{Class, Verdict};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::judges::Judged;

/// Missing things that are named on one text line.
const MISSING_SHOWN_MAX: usize = 6;
/// Messages that are listed for one rule at most.
const SHOWN_MAX: usize = 100_000;

/// A kept message that was judged again.
pub(super) struct Found {
    /// The place of its object in the order of arrival.
    pub(super) index: u64,
    /// When it arrived.
    pub(super) at: i64,
    /// What it was judged to be then.
    pub(super) class: Class,
    /// Id of its record.
    pub(super) record: String,
}

/// All counts.
pub(super) struct Tallies {
    rules: Vec<Tally>,
    show: usize,
    judged: u64,
    /// Kept messages that could not be read.
    pub(super) unread: u64,
    /// Records that were kept twice.
    pub(super) copies: u64,
}

/// Counts of one rule.
struct Tally {
    rule: RuleSource,
    fired: u64,
    undecided: u64,
    /// What was missing, and for how many messages.
    missing: BTreeMap<String, u64>,
    /// Of the messages on which it fired: benign, suspicious, malicious then.
    then: [u64; 3],
    shown: Vec<Shown>,
}

/// A message that is listed.
struct Shown {
    index: u64,
    at: i64,
    class: Class,
    record: String,
    author: String,
    subject: String,
}

impl Tallies {
    /// Nothing is counted yet.
    pub(super) fn new(rules: Vec<RuleSource>, show: usize) -> Self {
        let tally = |rule| Tally {
            rule,
            fired: 0,
            undecided: 0,
            missing: BTreeMap::new(),
            then: [0; 3],
            shown: Vec::new(),
        };
        let rules = rules.into_iter().map(tally).collect();
        Self { rules, show: show.min(SHOWN_MAX), judged: 0, unread: 0, copies: 0 }
    }

    /// Counts a message.
    pub(super) fn note(&mut self, found: &Found, judged: Box<Judged>) {
        self.judged += 1;
        let verdict = &judged.verdict;
        let lost = lost(verdict);
        for tally in &mut self.rules {
            let id = &tally.rule.id;
            let open = verdict.indeterminate.iter().find(|open| open.rule == *id);
            if let Some(missing) = &lost {
                tally.open(std::slice::from_ref(missing));
            } else if verdict.findings.iter().any(|finding| finding.rule == *id) {
                tally.fire(found, judged.text.as_deref(), self.show);
            } else if let Some(open) = open {
                tally.open(&open.missing);
            }
        }
    }

    /// A rule fired.
    pub(super) fn fired(&self) -> bool {
        self.rules.iter().any(|tally| tally.fired > 0)
    }

    /// What was judged and what was not, for a person.
    pub(super) fn summary(&self) -> String {
        let mut text = format!("{} kept messages judged by {} rules", self.judged, self.rules.len());
        if self.copies > 0 {
            text.push_str(&format!("; {} copies left out", self.copies));
        }
        if self.unread > 0 {
            text.push_str(&format!("; {} could not be read", self.unread));
        }
        text
    }

    /// Prints every rule.
    pub(super) fn print(&self, out: &mut impl Write, as_json: bool) -> std::io::Result<()> {
        for tally in &self.rules {
            if as_json {
                writeln!(out, "{}", self.object(tally))?;
            } else {
                self.lines(tally, out)?;
            }
        }
        Ok(())
    }

    fn silent(&self, tally: &Tally) -> u64 {
        self.judged.saturating_sub(tally.fired).saturating_sub(tally.undecided)
    }

    /// The published object (docs/reference/backtest.schema.json).
    fn object(&self, tally: &Tally) -> Value {
        let missing = tally.missing().into_iter();
        let missing: Vec<Value> =
            missing.map(|(what, messages)| json!({ "what": what, "messages": messages })).collect();
        let [benign, suspicious, malicious] = tally.then;
        let shown: Vec<Value> = tally.shown(self.show).map(Shown::object).collect();
        json!({
            "rule": tally.rule.id,
            "file": tally.rule.file,
            "severity": tally.rule.severity,
            "title": tally.rule.title,
            "messages": self.judged,
            "unread": self.unread,
            "fires": tally.fired,
            "silent": self.silent(tally),
            "undecided": tally.undecided,
            "missing": missing,
            "fired_then": { "benign": benign, "suspicious": suspicious, "malicious": malicious },
            "shown": shown,
        })
    }

    fn lines(&self, tally: &Tally, out: &mut impl Write) -> std::io::Result<()> {
        let severity = format!("{:?}", tally.rule.severity).to_lowercase();
        writeln!(out, "{} ({severity}): {}", tally.rule.id, tally.rule.title)?;
        write!(out, "  would fire     {:>9}", tally.fired)?;
        let [benign, suspicious, malicious] = tally.then;
        if tally.fired > 0 {
            write!(out, "   judged then: {malicious} malicious, {suspicious} suspicious, {benign} benign")?;
        }
        write!(out, "\n  would not      {:>9}\n  cannot decide  {:>9}", self.silent(tally), tally.undecided)?;
        let missing = tally.missing();
        if !missing.is_empty() {
            let named: Vec<String> = missing
                .iter()
                .take(MISSING_SHOWN_MAX)
                .map(|(what, messages)| format!("{what} ({messages})"))
                .collect();
            let more = if missing.len() > MISSING_SHOWN_MAX { ", …" } else { "" };
            write!(out, "   missing: {}{more}", named.join(", "))?;
        }
        writeln!(out)?;
        tally.shown(self.show).try_for_each(|shown| writeln!(out, "    {}", shown.line()))
    }
}

impl Tally {
    fn fire(&mut self, found: &Found, listing: Option<&str>, show: usize) {
        self.fired += 1;
        let [benign, suspicious, malicious] = &mut self.then;
        *match found.class {
            Class::Benign => benign,
            Class::Suspicious => suspicious,
            Class::Malicious => malicious,
        } += 1;
        if show == 0 {
            return;
        }
        let listing: Value = listing.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let text = |key: &str| listing.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.shown.push(Shown {
            index: found.index,
            at: found.at,
            class: found.class,
            record: found.record.clone(),
            author: text("author"),
            subject: text("subject"),
        });
        // Threads bring them out of order; the first ones are kept, and not many more.
        if self.shown.len() > show.saturating_mul(2).max(64) {
            self.shown.sort_by_key(|shown| shown.index);
            self.shown.truncate(show);
        }
    }

    fn open(&mut self, missing: &[String]) {
        self.undecided += 1;
        for what in missing {
            *self.missing.entry(what.clone()).or_default() += 1;
        }
    }

    /// What was missing, the most frequent first.
    fn missing(&self) -> Vec<(&str, u64)> {
        let mut missing: Vec<(&str, u64)> =
            self.missing.iter().map(|(what, n)| (what.as_str(), *n)).collect();
        missing.sort_by_key(|(_, messages)| std::cmp::Reverse(*messages));
        missing
    }

    /// The first messages on which it fired.
    fn shown(&self, show: usize) -> impl Iterator<Item = &Shown> {
        let mut shown: Vec<&Shown> = self.shown.iter().collect();
        shown.sort_by_key(|shown| shown.index);
        shown.into_iter().take(show)
    }
}

impl Shown {
    fn day(&self) -> String {
        OffsetDateTime::from_unix_timestamp(self.at)
            .map_or_else(|_| "?".to_owned(), |at| at.date().to_string())
    }

    fn line(&self) -> String {
        let class = class_name(self.class);
        format!("{}  {}  {class:<10}  {}  {}", self.record, self.day(), self.author, self.subject)
    }

    fn object(&self) -> Value {
        json!({
            "record": self.record,
            "at": self.at,
            "day": self.day(),
            "author": self.author,
            "subject": self.subject,
            "class": self.class,
        })
    }
}

/// Why nothing about a message can be decided: nobody could judge it, or its papers would need what was not asked then.
fn lost(verdict: &Verdict) -> Option<String> {
    let gap = verdict
        .gaps
        .iter()
        .find(|gap| gap.facet == "engine" || gap.facet == "authentication" && gap.reason == "not_kept")?;
    Some(format!("{}: {}", gap.facet, gap.reason))
}
