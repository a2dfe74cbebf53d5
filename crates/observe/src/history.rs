//! What a message asks of history, what history answers it, and what it teaches: three pure functions around the store.
//!
//! [`questions`] names everything one verdict needs, so that it takes one round trip; [`remembered`] turns the answers
//! into the facets `correspondence`, `thread` and `behaviour`; [`lesson`] says what is to be remembered once the message
//! is judged. The words for subjects and aspects are made here and nowhere else:
//!
//! | subject | who | aspects |
//! |---|---|---|
//! | `sender:ADDRESS` | an author | `inbound` (wrote), `outbound` (was written to by us), `day`, `recipient`, looks, links, kinds of files |
//! | `domain:NAME` | an organisational domain | `inbound`, `outbound`, `day`, looks of its infrastructure |
//! | `pair:OURS\|THEIRS` | a mailbox and its correspondent | `inbound`, `outbound` |
//! | `tenant:MAILER/ACCOUNT` | a bulk-mail account | `inbound`, its looks, links |
//! | `here` | everybody | `inbound`, `link_root_domain` |
//! | `skeleton:`, `text:`, `file:` and a hash | the same thing in several hands | ticks `by`, `host` |
//!
//! Internal and outbound mail is learnt and judged like inbound mail; its author is the sender.

mod behaviour;
mod correspondence;
mod looks;
mod matter;
mod scripted;
mod shingles;
#[cfg(test)]
mod tests;
mod thread;
mod words;

use std::cell::Cell;

use rustc_hash::FxHashMap;
use sekisho_record::history::{Answers, Count, Known, Lesson, Opinion, Questions, Seen, Trait, Window};
use sekisho_record::verdict::{Class, Gap};
use sekisho_record::{Evidence, Verdict};

use crate::{Context, limits};
pub use scripted::script;
pub(crate) use thread::alone;
pub use words::Words;

const SECONDS_A_DAY: f64 = 86_400.0;

/// Days from then to now; never negative.
fn days(at: i64, then: i64) -> f64 {
    at.saturating_sub(then).max(0) as f64 / SECONDS_A_DAY
}

/// Everything that the verdict about this message wants to know of history.
#[must_use]
pub fn questions(evidence: &Evidence, words: &Words, at: i64) -> Questions {
    let mut questions = places(words, at);
    thread::ask(evidence, words, &mut questions);
    questions
}

/// The questions whose answers are found by their place, in a fixed order.
fn places(words: &Words, at: i64) -> Questions {
    let mut questions = Questions { most: limits::HISTORY_VALUES_MAX, ..Questions::default() };
    correspondence::ask(words, &mut questions.subjects, &mut questions.exact);
    thread::ask_links(words, &mut questions.exact);
    behaviour::ask(words, at, &mut questions);
    questions
}

/// Answers, found by what was asked.
struct Recalled<'a> {
    answers: &'a Answers,
    subjects: FxHashMap<&'a str, &'a Known>,
    exact: FxHashMap<(&'a str, &'a str, &'a str), Seen>,
    windows: FxHashMap<(&'a str, &'a str, i64), Count>,
    /// Something was looked up that nobody answered.
    missed: Cell<bool>,
}

impl<'a> Recalled<'a> {
    fn new(questions: &'a Questions, answers: &'a Answers) -> Self {
        let exact = questions.exact.iter().zip(&answers.exact).filter_map(|(asked, seen)| {
            let seen = (*seen)?;
            (seen.count > 0).then_some(((&*asked.subject, &*asked.aspect, &*asked.value), seen))
        });
        let windows = questions.windows.iter().zip(&answers.windows);
        Self {
            answers,
            subjects: answers.subjects.iter().map(|known| (known.subject.as_str(), known)).collect(),
            exact: exact.collect(),
            windows: windows.map(|(w, count)| ((&*w.subject, &*w.kind, w.since), *count)).collect(),
            missed: Cell::new(false),
        }
    }

    /// Whether something that nobody answered was looked up since this was asked last.
    fn missed(&self) -> bool {
        self.missed.take()
    }

    /// Whether the conversation could be looked for.
    fn threads_told(&self) -> bool {
        self.answers.missing.as_ref().is_none_or(|missing| {
            let names = [&missing.message_ids, &missing.aliases, &missing.subject_keys];
            names.iter().all(|names| names.is_empty()) && missing.shingles.is_empty() && missing.threads == 0
        })
    }

    /// Notes when this is among what nobody answered.
    fn look(&self, among: impl FnOnce(&Questions) -> bool) {
        if self.answers.missing.as_ref().is_some_and(|missing| among(missing)) {
            self.missed.set(true);
        }
    }

    fn known(&self, subject: &str) -> Option<&'a Known> {
        self.look(|missing| missing.subjects.iter().any(|s| s == subject));
        self.subjects.get(subject).copied()
    }

    fn seen(&self, subject: &str, aspect: &str, value: &str) -> Option<Seen> {
        let this = |t: &Trait| t.subject == subject && t.aspect == aspect && t.value == value;
        self.look(|missing| missing.exact.iter().any(this));
        self.exact.get(&(subject, aspect, value)).copied()
    }

    fn count(&self, subject: &str, kind: &str, since: i64) -> Count {
        let this = |w: &Window| w.subject == subject && w.kind == kind && w.since == since;
        self.look(|missing| missing.windows.iter().any(this));
        self.windows.get(&(subject, kind, since)).copied().unwrap_or_default()
    }
}

/// Fills the facets that need history; with a reason instead of answers (`disabled`, `timed_out`, `failed`,
/// `no_history`), names the gap.
pub fn remembered(
    evidence: &mut Evidence,
    answers: Result<&Answers, &str>,
    words: &Words,
    context: &Context,
    at: i64,
) {
    let answers = match answers {
        Ok(answers) => answers,
        Err(reason) => {
            evidence.gaps.push(Gap {
                facet: "history".into(),
                reason: reason.into(),
                detail: "What is usual for this sender, thread and mailbox is not known.".into(),
            });
            return;
        }
    };
    let mut cut = words.cut.clone();
    let questions = places(words, at);
    let recalled = Recalled::new(&questions, answers);
    fill(evidence, words, &recalled, context, at, &mut cut);
    let limits: Vec<&str> = cut.into_iter().chain(answers.cut.iter().map(String::as_str)).collect();
    if !limits.is_empty() {
        evidence.gaps.push(Gap {
            facet: "history".into(),
            reason: "over_limit".into(),
            detail: format!("History was asked in part; limits: {}.", limits.join(", ")),
        });
    }
}

/// Fills the facets; one that would need what nobody answered stays unknown, and a gap names it.
fn fill(
    evidence: &mut Evidence,
    words: &Words,
    recalled: &Recalled<'_>,
    context: &Context,
    at: i64,
    cut: &mut words::Cut,
) {
    let mut untold = Vec::new();
    correspondence::fill(evidence, words, recalled, at);
    if recalled.missed() {
        evidence.correspondence = Default::default();
        untold.push("correspondence");
    }
    let alone = evidence.thread.clone();
    thread::fill(evidence, words, recalled, context, at, cut);
    let thread_untold = recalled.missed() || !recalled.threads_told();
    if thread_untold {
        evidence.thread = alone;
        untold.push("thread");
    }
    behaviour::fill(evidence, words, recalled, at);
    // How many conversations were woken is counted with this one.
    if recalled.missed() || thread_untold {
        evidence.behaviour = Default::default();
        untold.push("behaviour");
    }
    if !untold.is_empty() {
        evidence.gaps.push(Gap {
            facet: "history".into(),
            reason: "not_kept".into(),
            detail: format!("What was kept does not answer all that is asked now: {}.", untold.join(", ")),
        });
    }
}

/// What the message teaches. Of one that was judged malicious the store keeps nothing but the opinion and lasting ticks.
/// Of a suspicious one, and of one whose papers fail, it is not learnt what it looked like and where its links lead:
/// neither is usual because it was tried.
#[must_use]
pub fn lesson(evidence: &Evidence, verdict: &Verdict, record: &str, words: Words, at: i64) -> Lesson {
    let looks = verdict.class != Class::Suspicious && !evidence.authentication.failed;
    let mut traits: Vec<Trait> = Vec::new();
    correspondence::teach(evidence, &words, looks, at, &mut traits);
    thread::teach(evidence, &words, looks, &mut traits);
    behaviour::teach(&words, looks, &mut traits);
    let headers = &evidence.model.headers;
    Lesson {
        record: record.to_owned(),
        at,
        participants: words.participants().cloned().collect(),
        message_id: headers.message_id.as_deref().map(words::id_of).unwrap_or_default(),
        aliases: words::alias(evidence).into_iter().collect(),
        subject_key: words::subject_key(evidence),
        traits,
        ticks: behaviour::ticks(evidence, &words, at),
        judged: judged(evidence, &words),
        opinion: if verdict.class == Class::Malicious { Opinion::Malicious } else { Opinion::Unknown },
        shingles: words.shingles,
        parents: words.parents,
        sender: words.author,
    }
}

/// Whom an opinion about the message concerns: nobody whose name was merely used.
fn judged(evidence: &Evidence, words: &Words) -> Vec<String> {
    let mut judged: Vec<String> = words.tenant_subject().into_iter().collect();
    if !words.author.is_empty() && !evidence.authentication.failed {
        judged.push(words.sender());
        if !words.freemail {
            judged.push(words.domain());
        }
    }
    judged
}
