//! What is held, and who may let it go: the steps of the quarantine, inside one transaction of either engine.
//!
//! # What can be relied on
//!
//! * **Held is held.** When [`Store::hold`](crate::Store::hold) returns, the bytes and all that is known about them
//!   survive a power failure. The order is: a note of the object (so that a sweep finds it), the object, then message,
//!   recipients and audit in one transaction, which looks once more whether the object is there. Whatever is killed in
//!   between leaves no held message, or a whole one.
//! * **Once.** The same bytes in the same envelope within [`limits::HOLD_AGAIN_DAYS`](crate::limits::HOLD_AGAIN_DAYS) are
//!   the message that is held already.
//! * **A lockdown holds from its commit.** Whoever releases reads the lockdowns in the transaction that releases, behind
//!   a lock that orders it before or behind each lockdown (`pass` and `shut`): on SQLite the one write lock, on
//!   PostgreSQL an advisory lock that releases share and lockdowns do not. No node remembers lockdowns. A release that
//!   was committed before and is still in the outbox is kept back as long as the lockdown holds.
//! * **Every change has its entry in the audit, in the same transaction**, and so has every attempt that was refused.
//!   The numbers of the entries are in the order of the commits as far as lockdowns and releases are concerned.
//! * **What has to happen outside stands in the outbox**, written in the same transaction, given out with a lease, at
//!   least once, until it is done or has failed, which the audit says.
//! * Doing the same again does nothing: holding, asking, releasing, deleting, lifting.
//! * Times are those of whoever calls. A lockdown begins with its commit; its end, leases and retention compare the
//!   clocks of the nodes, which have to be right (NTP).
//!
//! # What is encrypted, and what is not
//!
//! The bytes of the message are encrypted objects. What one can search for (subject, addresses, display name, the line
//! that says why it is held, rules, brand) stands in the database as it is; whoever can read the database reads it.
//!
//! # Searching
//!
//! A quarantine is small: some percent of some weeks of mail. A search walks from the newest to the oldest and looks at
//! a bounded number of messages a page ([`limits::HELD_LOOKED_AT`](crate::limits::HELD_LOOKED_AT)), or, for one
//! recipient, at what is held for that one. Texts are folded (Unicode NFKC, lower case) and compared as they are, so any
//! part of a Japanese word is found on both engines without an index that would have to be kept in step.

pub(crate) mod locks;
pub(crate) mod outbox;
pub(crate) mod requests;
pub(crate) mod search;
pub(crate) mod shared;
pub(crate) mod statements;
pub(crate) mod steps;
pub(crate) mod sweep;
pub(crate) mod telling;
#[cfg(test)]
mod tests;

use sekisho_record::{
    Class,
    quarantine::{AuditEntry, Deed, Effect, Held, Lockdown, Refused, Role, State, Via},
};
use unicode_normalization::UnicodeNormalization as _;

use crate::{StoreError, limits, rights::Rights, text::clip};

/// Whether a message was new to the quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldOutcome {
    /// It is held now.
    New,
    /// It was held before.
    Known {
        /// Record of the first.
        record: String,
    },
}

/// Who does something, with which rights, and when.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// Name of the account, or the address of a recipient.
    pub who: &'a str,
    /// In which role.
    pub role: Role,
    /// From where.
    pub via: Via,
    /// Addresses that are their own. In the role of a recipient somebody acts for these only.
    pub own: &'a [String],
    /// What the configuration lets which role do.
    pub rights: &'a Rights,
    /// The time, seconds since 1970.
    pub now: i64,
    /// Why, for the audit; may be empty.
    pub reason: &'a str,
}

/// What a release did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Released {
    /// Keys of the effects that were written, one for each recipient.
    pub queued: Vec<String>,
    /// Recipients for whom it had been released before; nothing is done for them again.
    pub already: Vec<String>,
}

/// What asking did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The request waits now.
    New(i64),
    /// There was one already.
    Waiting(i64),
}

/// What lifting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifted {
    /// The first administrator wants it; a second one has to.
    First,
    /// It is lifted.
    Now,
    /// It had ended already.
    Over,
}

/// How a request is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// By releasing the message.
    Release {
        /// With a banner.
        banner: bool,
    },
    /// By keeping it.
    Refuse,
}

/// Either it was done, or it was refused and the audit says so.
pub type Outcome<T> = Result<T, Refused>;

/// What a transaction needs of a held message.
#[derive(Debug, Clone)]
pub(crate) struct HeldRow {
    pub(crate) id: i64,
    pub(crate) record: String,
    pub(crate) class: Class,
    pub(crate) campaign: String,
    pub(crate) address: String,
    pub(crate) data: String,
}

impl HeldRow {
    /// All that was noted when it was held, without recipients.
    pub(crate) fn held(&self) -> Result<Held, StoreError> {
        let mut held: Held = from_json(&self.data)?;
        held.address.clone_from(&self.address);
        held.campaign = (!self.campaign.is_empty()).then(|| self.campaign.clone());
        Ok(held)
    }
}

/// One recipient of it.
#[derive(Debug, Clone)]
pub(crate) struct ForRow {
    pub(crate) place: i64,
    pub(crate) address: String,
    pub(crate) key: String,
    pub(crate) groups: Vec<String>,
    pub(crate) state: State,
}

impl By<'_> {
    /// An entry of the audit.
    pub(crate) fn entry(&self, what: &str, on: &str) -> AuditEntry {
        AuditEntry {
            id: 0,
            at: self.now,
            who: clip(self.who),
            role: self.role,
            via: self.via,
            what: clip(what),
            on: clip(on),
            reason: words(self.reason),
            before: serde_json::Value::Null,
            after: serde_json::Value::Null,
            refused: None,
        }
    }

    /// Whether the role may do this, and no such lockdown forbids it.
    pub(crate) fn may(&self, deed: Deed, class: Class, lockdown: Option<&Lockdown>) -> Outcome<()> {
        crate::rights::may(self.rights, self.role, deed, class, lockdown)
    }

    /// Keys of the recipients that are meant: `None` for all. Recipients mean themselves only.
    pub(crate) fn meant(&self, recipients: &[String]) -> Outcome<Option<Vec<String>>> {
        let asked: Vec<String> = recipients.iter().map(|r| address_key(r)).collect();
        if self.role != Role::Recipient {
            return Ok((!asked.is_empty()).then_some(asked));
        }
        let own: Vec<String> = self.own.iter().map(|r| address_key(r)).collect();
        if asked.is_empty() {
            return Ok(Some(own));
        }
        if asked.iter().all(|address| own.contains(address)) {
            Ok(Some(asked))
        } else {
            Err(Refused::Unknown)
        }
    }
}

/// The program itself, which does what time or a failure brings.
pub(crate) fn program(what: &str, on: &str, now: i64) -> AuditEntry {
    AuditEntry {
        id: 0,
        at: now,
        who: "sekisho".to_owned(),
        role: Role::Program,
        via: Via::Program,
        what: what.to_owned(),
        on: clip(on),
        reason: String::new(),
        before: serde_json::Value::Null,
        after: serde_json::Value::Null,
        refused: None,
    }
}

/// Text as it is compared: NFKC, lower case, without NUL, ends trimmed.
pub(crate) fn fold(text: &str) -> String {
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    lower.trim().replace('\0', "\u{fffd}")
}

/// Key of an address: what belongs to whom is decided by it. Nothing but ASCII case is ignored, so that no other spelling
/// of a name is taken for the same.
pub(crate) fn address_key(address: &str) -> String {
    clip(&address.trim().to_ascii_lowercase())
}

/// Cut at a boundary of characters, without NUL.
pub(crate) fn cut(text: &str, bytes_max: usize) -> String {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().replace('\0', " ")
}

/// Words of a person, cut.
pub(crate) fn words(text: &str) -> String {
    cut(text, limits::WORDS_BYTES_MAX)
}

/// A list in one text: one a line, with a line end before the first and behind the last; empty if there is none.
pub(crate) fn lines<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for one in all {
        if out.is_empty() {
            out.push('\n');
        }
        out.extend(one.chars().map(|c| if c == '\n' { ' ' } else { c }));
        out.push('\n');
    }
    out
}

/// The same back.
pub(crate) fn unlines(text: &str) -> Vec<String> {
    text.split('\n').filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// As JSON.
pub(crate) fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Refused(e.to_string()))
}

/// From JSON that the store wrote.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// Small JSON for the audit; what is large is left out.
pub(crate) fn small(value: serde_json::Value) -> serde_json::Value {
    if value.to_string().len() <= limits::AUDIT_JSON_BYTES_MAX {
        value
    } else {
        serde_json::json!({ "cut": true })
    }
}

/// Recipients for the audit: the first of them, and how many there are.
pub(crate) fn told(all: &[String]) -> serde_json::Value {
    let first: Vec<String> = all.iter().take(10).map(|address| clip(address)).collect();
    serde_json::json!({ "recipients": first, "count": all.len() })
}

/// The number of a class, as columns have it.
pub(crate) fn class_number(class: Class) -> i64 {
    match class {
        Class::Benign => 0,
        Class::Suspicious => 1,
        Class::Malicious => 2,
    }
}

pub(crate) fn class(number: i64) -> Result<Class, StoreError> {
    [Class::Benign, Class::Suspicious, Class::Malicious]
        .into_iter()
        .find(|class| class_number(*class) == number)
        .ok_or_else(|| StoreError::Corrupt(format!("class {number}")))
}

/// The number of a state, as columns have it.
pub(crate) fn state_number(state: State) -> i64 {
    match state {
        State::Held => 0,
        State::Requested => 1,
        State::Released => 2,
        State::Deleted => 3,
    }
}

pub(crate) fn state(number: i64) -> Result<State, StoreError> {
    [State::Held, State::Requested, State::Released, State::Deleted]
        .into_iter()
        .find(|state| state_number(*state) == number)
        .ok_or_else(|| StoreError::Corrupt(format!("state {number}")))
}

/// An effect within its limits.
pub(crate) fn bounded(effect: &Effect) -> Result<String, StoreError> {
    let payload = effect.payload.to_string();
    if payload.len() > limits::PAYLOAD_BYTES_MAX || effect.key.len() > limits::EFFECT_KEY_BYTES_MAX {
        return Err(StoreError::Limit(format!("an effect of {} bytes", payload.len())));
    }
    Ok(payload)
}

/// An entry of the audit within its limits.
pub(crate) fn bounded_entry(entry: &AuditEntry) -> AuditEntry {
    AuditEntry {
        id: 0,
        at: entry.at,
        who: clip(&entry.who),
        role: entry.role,
        via: entry.via,
        what: clip(&entry.what),
        on: clip(&entry.on),
        reason: words(&entry.reason),
        before: small(entry.before.clone()),
        after: small(entry.after.clone()),
        refused: entry.refused.clone(),
    }
}
