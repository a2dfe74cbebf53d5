//! The gate: what an intake hands in, and what it gets back.
//!
//! One [`Arrival`] in, one [`Passage`] out, whatever happens in between (invariant 7): a message that nobody could judge
//! comes back with the decision of the fail-safe clause. When a passage says that a message is held, it is durable here;
//! when it says anything else, whoever hands the message on is responsible for it until the next server has it.

use std::sync::Arc;

use sekisho_record::{Action, Change, Decisions, Envelope, Summary, Verdict};

use crate::resolver::Answer;

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
    /// When it arrived, seconds since 1970.
    pub at: i64,
    /// The intake can treat each recipient in its own way. Otherwise one decision, the safest, is for all of them.
    pub splits: bool,
    /// Whoever asked only wants to know: nothing is held and nothing is learnt.
    pub inquiry: bool,
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
    /// Milliseconds of processor time that it cost.
    pub cpu_ms: f64,
}

impl Passage {
    /// How the message is changed where this is done with it.
    pub fn change(&self, action: &Action) -> &Change {
        match (action, &self.bannered) {
            (Action::Banner { .. }, Some(change)) => change,
            _ => &self.plain,
        }
    }
}

/// Whoever judges arrivals and decides.
pub trait Gatekeeper: Send + Sync {
    /// Lets one message pass, or not. Always answers, within the deadline of the configuration. Waits while too many
    /// messages are being judged.
    fn pass(&self, arrival: Arrival) -> Answer<'_, Passage>;
}
