//! What a message asks of history, what history answers it, and what it teaches: three pure functions around the store.
//!
//! [`questions`] names everything one verdict needs, so that it takes one round trip; [`remembered`] turns the answers
//! into the facets `correspondence`, `thread` and `behaviour`; [`lesson`] says what is to be remembered once the message
//! is judged. The words for subjects and aspects are made here and nowhere else.

use sekisho_record::history::{Answers, Known, Lesson, Opinion, Questions, Trait};
use sekisho_record::verdict::{Class, Gap};
use sekisho_record::{Evidence, Verdict};

use crate::Context;

const SECONDS_A_DAY: f64 = 86_400.0;

/// The subject of an address.
fn sender(address: &str) -> String {
    format!("sender:{address}")
}

/// The author's address, lower case; `None` when there is none.
fn author(evidence: &Evidence) -> Option<String> {
    evidence.model.sender.email.as_ref().map(|email| email.email.to_lowercase()).filter(|a| !a.is_empty())
}

/// Everything that the verdict about this message wants to know of history.
#[must_use]
pub fn questions(evidence: &Evidence, _context: &Context, _at: i64) -> Questions {
    Questions {
        subjects: author(evidence).iter().map(|address| sender(address)).collect(),
        most: 8,
        ..Questions::default()
    }
}

/// Fills the facets that need history; with a reason instead of answers (`disabled`, `timed_out`, `failed`,
/// `no_history`), names the gap.
pub fn remembered(evidence: &mut Evidence, answers: Result<&Answers, &str>, _context: &Context, at: i64) {
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
    evidence.correspondence.known = true;
    evidence.thread.known = true;
    evidence.behaviour.known = true;
    let Some(address) = author(evidence) else { return };
    let known = answers.subjects.iter().find(|known| known.subject == sender(&address));
    let standing = &mut evidence.correspondence.sender;
    standing.key = address;
    if let Some(seen) = known.and_then(|known: &Known| known.aspect("seen")) {
        let days = |then: i64| (at.saturating_sub(then)).max(0) as f64 / SECONDS_A_DAY;
        standing.inbound = seen.total.count;
        standing.known_days = Some(days(seen.total.first_at));
        standing.silent_days = Some(days(seen.total.last_at));
    }
}

/// What the message teaches. Nothing but the opinion is learnt from one that was judged malicious.
#[must_use]
pub fn lesson(evidence: &Evidence, verdict: &Verdict, record: &str, _context: &Context, at: i64) -> Lesson {
    let sender_address = author(evidence).unwrap_or_default();
    let traits = match sender_address.as_str() {
        "" => Vec::new(),
        address => vec![Trait::new(sender(address), "seen", "inbound")],
    };
    Lesson {
        record: record.to_owned(),
        at,
        sender: sender_address,
        traits,
        opinion: if verdict.class == Class::Malicious { Opinion::Malicious } else { Opinion::Unknown },
        ..Lesson::default()
    }
}
