//! What is done with one message: decisions, and the changes that carry them out.

use sekisho_record::{Action, Change, Decisions, Envelope, Evidence, Verdict};
use serde::{Deserialize, Serialize};

use crate::{
    Policy,
    decide::{Situation, carried_out, decide},
    fields::fields,
};

/// What deciding needs besides the message and the configuration. Time and randomness are the caller's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Id of the record.
    pub id: String,
    /// A short string that nobody can guess, for what the banner is recognised by.
    pub mark: String,
    /// URL behind the banner's Report link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// URL behind the banner's Details link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// The intake can treat each recipient in its own way.
    pub splits: bool,
    /// Now, seconds since 1970.
    pub now: i64,
}

/// What is done with a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// What was decided, as the intake can carry it out.
    pub decisions: Decisions,
    /// The change for who gets it without a banner.
    pub plain: Change,
    /// The change for who gets it with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bannered: Option<Change>,
}

/// Decides about a message, and makes its changes.
pub fn rule(
    raw: &[u8],
    verdict: &Verdict,
    evidence: Option<&Evidence>,
    envelope: Option<&Envelope>,
    policy: &Policy,
    wish: &Wish,
) -> Ruling {
    let situation = Situation { verdict, evidence, envelope };
    let decisions = carried_out(decide(&situation, policy, wish.now), wish.splits);
    let plain =
        Change { fields: fields(raw, verdict, evidence, &decisions, &wish.id, policy), body: Vec::new() };
    Ruling { decisions, plain, bannered: None }
}

/// Decides about a message that nobody could read: only our field says so.
pub fn rule_unread(verdict: &Verdict, envelope: Option<&Envelope>, policy: &Policy, wish: &Wish) -> Ruling {
    let mut ruling = rule(b"", verdict, None, envelope, policy, wish);
    for decision in &mut ruling.decisions.each {
        // Nobody who may read the message is left to write into it.
        if let Action::Banner { .. } = decision.action {
            decision.action = Action::Deliver;
        }
    }
    ruling
}
