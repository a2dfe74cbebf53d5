//! The gate: what an intake hands in, and what it gets back.
//!
//! One [`Arrival`] in, one [`Passage`] out, whatever happens in between (invariant 7): a message that nobody could judge
//! comes back with the decision of the fail-safe clause. When a passage says that a message is held, it is durable here;
//! when it says anything else, whoever hands the message on is responsible for it until the next server has it.

use std::{borrow::Cow, sync::Arc, time::Duration};

use sekisho_policy::{Policy, fields::outward};
use sekisho_record::{Action, Change, Class, Decisions, Envelope, Summary, Verdict};

use crate::{case::masked, resolver::Answer, worker::Judged};

mod again;
mod behind;
mod holding;
mod links;
mod live;
mod unread;

use behind::Behind;
pub use holding::Holding;
pub use links::Links;
pub use live::{Court, DELIVERED, Gate, Judges, Load, NOT_HELD, Settings};
pub use unread::Dresses;

/// The target of the spans that say how long what took: `message`, and below it `worker`, `ask` (DNS), `recall` (history)
/// and `hold`. What they say of a message is its record's id and how it ended, never an address or a text of it.
pub const SPANS: &str = "sekisho::span";

/// A message at an intake.
#[derive(Debug, Clone, Default)]
pub struct Arrival {
    /// The message as it came.
    pub raw: Arc<[u8]>,
    /// Its envelope; `None` for a message out of a mailbox or a file.
    pub envelope: Option<Envelope>,
    /// Which intake: `milter`, `smtp`, `http`, …; metrics and records name it.
    pub intake: &'static str,
    /// What the mail server calls it, for logs.
    pub queue_id: Option<String>,
    /// Id of its record, from an intake that may hand the same message in again: a record teaches once. Else it gets one.
    pub record: Option<String>,
    /// When it arrived, seconds since 1970.
    pub at: i64,
    /// The intake can treat each recipient in its own way. Otherwise one decision, the safest, is for all of them.
    pub splits: bool,
    /// Whoever asked only wants to know: nothing is held and nothing is learnt.
    pub inquiry: bool,
    /// Whoever asked takes no other body, see [`Wish::body_stays`](sekisho_policy::Wish::body_stays).
    pub body_stays: bool,
    /// The bytes are only its beginning, since the intake keeps no more of one message. The verdict names the gap; nothing
    /// is held or learnt of a part, so whoever cut it refuses what was to be held.
    pub cut: bool,
    /// Its recipients have it already (a journal report, a mailbox): nothing is held or changed, and the passage comes back
    /// when what is remembered of it is durable, which [`Passage::recorded`] says.
    pub delivered: bool,
    /// See [`Submission::journal`](sekisho_record::Submission::journal).
    pub journal: bool,
}

/// What is to be done with it.
#[derive(Debug, Clone, Default)]
pub struct Passage {
    /// Id of its record; replies and our header field name it.
    pub id: String,
    /// What was concluded.
    pub verdict: Verdict,
    /// What one line about it says.
    pub summary: Summary,
    /// What was decided. Without splitting there is one decision.
    pub decisions: Decisions,
    /// The change for who gets it without a banner: our header fields.
    pub plain: Change,
    /// The change for who gets it with a banner; `None` when nobody does.
    pub bannered: Option<Change>,
    /// Recipients of mail of our people who are not ours, by place: what we think of the message is not for them.
    pub outside: Vec<u32>,
    /// Milliseconds of processor time that it cost.
    pub cpu_ms: f64,
    /// Of a message that was delivered already: its record is durable. When not, it has to be handed in again.
    pub recorded: bool,
}

impl Passage {
    /// How the message is changed where this is done with it.
    pub fn change(&self, action: &Action) -> &Change {
        match (action, &self.bannered) {
            (Action::Banner { .. }, Some(change)) => change,
            _ => &self.plain,
        }
    }

    /// The same where one header and one body are for all: without what we think of the message when one of those who get
    /// it is a stranger. `gets` tells of a recipient, by place, whether it does.
    pub fn change_for_all(&self, action: &Action, gets: impl Fn(u32) -> bool) -> Cow<'_, Change> {
        let change = self.change(action);
        if self.outside.iter().any(|at| gets(*at)) {
            Cow::Owned(outward(change))
        } else {
            Cow::Borrowed(change)
        }
    }
}

/// Whoever judges arrivals and decides.
pub trait Gatekeeper: Send + Sync {
    /// Lets one message pass, or not. Always answers, within the deadline of the configuration. Waits while too many
    /// messages are being judged.
    fn pass(&self, arrival: Arrival) -> Answer<'_, Passage>;
}

/// Where messages are held.
pub trait Quarantine: Send + Sync {
    /// Holds a message for the recipients whose decision says so, and returns the id under which it is held: the one that
    /// it was held under before when the same message comes again. When this returns, it is durable.
    ///
    /// # Errors
    /// In words for the log. Then nothing of it is held.
    fn hold<'a>(
        &'a self,
        arrival: &'a Arrival,
        judged: &'a Judged,
        passage: &'a Passage,
        policy: &'a Policy,
    ) -> Answer<'a, Result<String, String>>;
}

/// The one line of the log about a message, and what is counted of it.
fn report(arrival: &Arrival, passage: &Passage, took: Duration) {
    let Passage { id, verdict, decisions, cpu_ms, .. } = passage;
    let safest = decisions.safest();
    let (action, clause) = safest.map_or(("none", ""), |d| (d.action.name(), d.clause.as_str()));
    let class = sekisho_policy::decide::class_word(verdict.class);
    tracing::info!(
        id,
        intake = arrival.intake,
        queue_id = arrival.queue_id,
        mail_from = arrival.envelope.as_ref().map(|envelope| masked(&envelope.mail_from)),
        recipients = arrival.envelope.as_ref().map(|envelope| envelope.rcpt_to.len()),
        bytes = arrival.raw.len(),
        class,
        score = verdict.score,
        action,
        clause,
        rules = ?verdict.decided_by,
        gaps = verdict.gaps.len(),
        cpu_ms,
        ms = took.as_secs_f64() * 1000.0,
        "passed"
    );
    metrics::counter!("sekisho_messages_total", "intake" => arrival.intake, "class" => class, "action" => action)
        .increment(1);
    if arrival.delivered && verdict.class == Class::Malicious {
        tracing::warn!(id, intake = arrival.intake, "a malicious message was delivered already");
        metrics::counter!("sekisho_delivered_malicious_total", "intake" => arrival.intake).increment(1);
    }
    metrics::counter!("sekisho_message_bytes_total").increment(arrival.raw.len() as u64);
    metrics::histogram!("sekisho_message_seconds").record(took.as_secs_f64());
    metrics::histogram!("sekisho_message_cpu_seconds").record(cpu_ms / 1000.0);
}
