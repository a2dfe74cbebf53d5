//! What is held, who asked for it, who let it go, and what keeps everybody from letting it go.
//!
//! A [`Held`] message waits for each of its recipients apart ([`HeldState`]). A [`Request`] asks for it, a [`Lockdown`]
//! takes the right to release away from everyone, an [`AuditEntry`] says what was done or refused, and an [`Effect`] is
//! what has to happen outside of the database after something was done in it. Times are seconds since 1970.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Class, Direction, Threat};

/// A message that is held. Its bytes lie encrypted in the object store; everything here is stored as it stands, so that
/// it can be searched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Held {
    /// Id of its record.
    pub record: String,
    /// What makes it the same message handed in again: a hash of its bytes and its envelope.
    pub key: String,
    /// When it arrived.
    pub at: i64,
    /// Its class.
    pub class: Class,
    /// Its score, 0–100.
    pub score: u8,
    /// Kind of threat.
    pub threat: Option<Threat>,
    /// Which way it travelled.
    pub direction: Direction,
    /// The clause of the policy that held it.
    pub clause: String,
    /// The intake that it came through.
    pub intake: String,
    /// Reverse path of its envelope; empty for `<>`.
    pub mail_from: String,
    /// Address of its author (From).
    pub author: String,
    /// Display name of its author.
    pub author_name: String,
    /// Its subject, decoded.
    pub subject: String,
    /// For whom it is held. An answer of the store may tell only the first of many.
    pub recipients: Vec<HeldFor>,
    /// The brand that it claims to be.
    pub claimed: Option<String>,
    /// Rules that decided its class.
    pub decided_by: Vec<String>,
    /// The campaign that it belongs to, if one is known.
    pub campaign: Option<String>,
    /// Address of its bytes in the object store; the store writes it.
    pub address: String,
    /// Bytes of the message.
    pub size: u64,
    /// Why it is held: one line for a person.
    pub summary: String,
    /// The same in Japanese, where the rule has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary_ja: Option<String>,
    /// The domain that a passing check vouches for: who really sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub really: Option<String>,
    /// The bulk mailer that carried it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// Somebody for whom a message is held.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HeldFor {
    /// Forward path, as the envelope had it.
    pub address: String,
    /// Groups of the configuration that the recipient belonged to when it was held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// How it stands with a held message for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Held, and nobody asked.
    #[default]
    Held,
    /// Held, and somebody asks for it.
    Requested,
    /// Let go.
    Released,
    /// Never to be let go; its bytes go with the next sweeps.
    Deleted,
}

/// The same with who brought it there, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldState {
    /// The recipient.
    pub recipient: HeldFor,
    /// How it stands.
    pub state: State,
    /// Who brought it there; empty while it is only held.
    pub by: String,
    /// Since when.
    pub at: i64,
}

/// Somebody asks that a message be let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Number, ascending.
    pub id: i64,
    /// The record.
    pub record: String,
    /// For whom.
    pub recipient: String,
    /// Who asks.
    pub by: String,
    /// Since when.
    pub at: i64,
    /// Why, in the words of whoever asks.
    pub words: String,
    /// What became of it; `None` while it waits.
    pub answer: Option<Answered>,
}

/// An answered request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// How.
    pub how: Answer,
    /// By whom.
    pub by: String,
    /// When.
    pub at: i64,
    /// In these words.
    pub words: String,
}

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The message is released.
    Released,
    /// It stays held.
    Refused,
    /// It was deleted.
    Deleted,
}

/// What a lockdown covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub enum Scope {
    /// All that is held and will be held.
    Everything,
    /// Messages of a class.
    Class {
        /// The class.
        class: Class,
    },
    /// Messages of a campaign.
    Campaign {
        /// Its id.
        id: String,
    },
    /// Messages for recipients of a group.
    Group {
        /// Its name; case does not matter.
        name: String,
    },
    /// Messages for recipients of a domain (subdomains apart).
    Domain {
        /// Its name; case does not matter.
        name: String,
    },
    /// These messages.
    Records {
        /// Ids of their records.
        ids: Vec<String>,
    },
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Who.
    pub by: String,
    /// When.
    pub at: i64,
}

/// How a lockdown ends or ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lift {
    /// The first administrator who wants it lifted.
    pub first: Option<Mark>,
    /// The second one, who lifted it.
    pub second: Option<Mark>,
    /// When its end was noticed.
    pub expired: Option<i64>,
}

/// Nobody may release what it covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockdown {
    /// Id, given by the store.
    pub id: String,
    /// What it covers.
    pub scope: Scope,
    /// Why, for whoever is refused.
    pub reason: String,
    /// Who ordered it.
    pub by: String,
    /// Since when. It holds from the moment that it is stored, whatever a clock says.
    pub since: i64,
    /// The first second in which it holds no more; `None` until it is lifted.
    pub until: Option<i64>,
    /// How it ends.
    pub lift: Lift,
}

impl Lockdown {
    /// Whether it holds at that time.
    pub fn holds(&self, now: i64) -> bool {
        self.lift.second.is_none() && self.until.is_none_or(|until| now < until)
    }
}

/// What somebody may do here depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The program itself.
    Program,
    /// Somebody for whom mail is held: acts on what is held for the own addresses only.
    Recipient,
    /// Sees everything, changes nothing.
    Reader,
    /// Works on what is held.
    Analyst,
    /// Answers for the organisation.
    Administrator,
}

/// Something that somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Looks at a held message.
    Preview,
    /// Asks for it.
    Request,
    /// Answers who asked.
    Answer,
    /// Lets it go.
    Release,
    /// Ends its waiting for good.
    Delete,
    /// Orders a lockdown.
    Lock,
    /// Lifts one.
    Lift,
}

impl Deed {
    /// As the configuration and the audit name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Request => "request",
            Self::Answer => "answer",
            Self::Release => "release",
            Self::Delete => "delete",
            Self::Lock => "lock",
            Self::Lift => "lift",
        }
    }
}

/// The way somebody came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// The console.
    Console,
    /// The API, with a token.
    Api,
    /// A signed link of a digest or a banner.
    Digest,
    /// The command line.
    Cli,
    /// The program itself.
    Program,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "because")]
pub enum Refused {
    /// A lockdown covers it.
    Lockdown {
        /// Its id.
        id: String,
        /// Its reason.
        reason: String,
        /// Its end.
        until: Option<i64>,
    },
    /// Whoever asked may not do this.
    Role,
    /// It is not in a state in which this can be done.
    State {
        /// The state.
        state: State,
    },
    /// There is no such thing, or it is not for whoever asked.
    Unknown,
    /// The second administrator must be another than the first.
    Same,
    /// Too many of them are there already.
    Limit,
}

/// What somebody did, or tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Number, ascending; the store gives it.
    #[serde(default)]
    pub id: i64,
    /// When.
    pub at: i64,
    /// Who.
    pub who: String,
    /// In which role.
    pub role: Role,
    /// From where.
    pub via: Via,
    /// What: the name of a [`Deed`], `hold`, `expire`, `give_up`, `sweep`, or another word of the program.
    pub what: String,
    /// On what: a record, a lockdown, an effect.
    pub on: String,
    /// Why, in the words of whoever did it.
    #[serde(default)]
    pub reason: String,
    /// How it was before.
    #[serde(default)]
    pub before: Value,
    /// How it is now.
    #[serde(default)]
    pub after: Value,
    /// It was not done, and why not.
    #[serde(default)]
    pub refused: Option<Refused>,
}

/// What has to happen outside of the database: written in the transaction that decides it, carried out at least once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// What makes it one and the same, however often it is written or carried out.
    pub key: String,
    /// Kind: `release`, `digest`, …
    pub kind: String,
    /// The record that it is about; its bytes are kept until this is done. May be empty.
    pub record: String,
    /// What whoever carries it out has to know; of a `release` a [`Release`].
    pub payload: Value,
    /// How often it failed.
    pub tries: u32,
    /// When it may be tried next.
    pub next_at: i64,
    /// How it stands.
    pub state: EffectState,
    /// Why it failed last.
    pub error: String,
}

impl Effect {
    /// A new one, to be carried out at once.
    pub fn new(kind: &str, key: String, record: &str, payload: Value, now: i64) -> Self {
        let (kind, record) = (kind.to_owned(), record.to_owned());
        let (tries, state, error) = (0, EffectState::Waiting, String::new());
        Self { key, kind, record, payload, tries, next_at: now, state, error }
    }
}

/// How it stands with an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectState {
    /// To be carried out.
    Waiting,
    /// Carried out.
    Done,
    /// Given up; somebody has to look.
    Failed,
}

/// Payload of the effect `release`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The record.
    pub record: String,
    /// The recipient, as the envelope had it.
    pub recipient: String,
    /// Reverse path.
    pub mail_from: String,
    /// Address of the bytes in the object store.
    pub address: String,
    /// With a banner.
    pub banner: bool,
    /// Who released it.
    pub by: String,
}
