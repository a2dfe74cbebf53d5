//! What held mail looks like in the description of the API.
//!
//! The nouns themselves are the record's, which knows no OpenAPI: here is what they are as JSON, field by field. Tests hold
//! both together: the answers of real requests have these fields and no others, and every word of the record's enumerations is
//! one of these (`tests/http/described.rs`, and below).
#![allow(dead_code, reason = "the description is generated from these types; nothing makes values of them")]

use serde_json::Value;
use utoipa::ToSchema;

/// Class of a message.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Class {
    Benign,
    Suspicious,
    Malicious,
}

/// Kind of threat.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Threat {
    CredentialPhishing,
    Malware,
    Fraud,
    CallbackPhishing,
    Extortion,
    ThreadHijack,
    Scam,
    Spam,
}

/// Which way a message travels, seen from the organisation.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Direction {
    Inbound,
    Internal,
    Outbound,
}

/// How it stands with a held message for one recipient.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum State {
    Held,
    Requested,
    Released,
    Deleted,
}

/// What somebody may do here depends on it. `program` is Sekisho itself, in the audit.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Role {
    Program,
    Recipient,
    Reader,
    Analyst,
    Administrator,
}

/// Something that somebody does.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Deed {
    Preview,
    Request,
    Answer,
    Release,
    Delete,
    Lock,
    Lift,
}

/// The way somebody came.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Via {
    Console,
    Api,
    Digest,
    Cli,
    Program,
}

/// How a request was answered.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum How {
    Released,
    Refused,
    Deleted,
}

/// A held message.
#[derive(ToSchema)]
pub(crate) struct Held {
    /// Id of its record.
    record: String,
    /// When it arrived.
    at: i64,
    /// Its class.
    class: Class,
    /// 0–100: how probably it is harmful.
    #[schema(maximum = 100)]
    score: u8,
    /// Kind of threat.
    #[schema(required)]
    threat: Option<Threat>,
    /// Which way it travelled.
    direction: Direction,
    /// The clause of the policy that held it.
    clause: String,
    /// The intake that it came through.
    intake: String,
    /// Reverse path of its envelope; empty for bounces.
    mail_from: String,
    /// Address of its author (From).
    author: String,
    /// Display name of its author.
    author_name: String,
    /// Its subject, decoded.
    subject: String,
    /// The brand that it claims to be.
    #[schema(required)]
    claimed: Option<String>,
    /// Rules that decided its class.
    decided_by: Vec<String>,
    /// The campaign that it belongs to, if one is known.
    #[schema(required)]
    campaign: Option<String>,
    /// Bytes of the message.
    size: u64,
    /// Why it is held: one line for a person.
    summary: String,
    /// The same in Japanese, where the rule has it.
    #[schema(nullable = false)]
    summary_ja: Option<String>,
    /// The domain that a passing check vouches for: who really sent it.
    #[schema(nullable = false)]
    really: Option<String>,
    /// The bulk mailer that carried it.
    #[schema(nullable = false)]
    through: Option<String>,
    /// How it stands for whom: the first of its recipients, of a recipient's token the own addresses only.
    states: Vec<HeldState>,
    /// How many recipients it has in all.
    recipients_count: u64,
}

/// A held message with what concerns it now.
#[derive(ToSchema)]
pub(crate) struct HeldOne {
    #[serde(flatten)]
    held: Held,
    /// Requests for it.
    requests: Vec<Request>,
    /// The lockdown that covers it.
    #[schema(required)]
    lockdown: Option<Lockdown>,
}

/// How it stands for one recipient.
#[derive(ToSchema)]
pub(crate) struct HeldState {
    /// The recipient.
    recipient: HeldFor,
    /// How it stands.
    state: State,
    /// Who brought it there; empty while it is only held.
    by: String,
    /// Since when.
    at: i64,
}

/// Somebody for whom a message is held.
#[derive(ToSchema)]
pub(crate) struct HeldFor {
    /// Forward path, as the envelope had it.
    address: String,
    /// Groups of the configuration that the recipient belonged to when it was held; absent when there are none.
    #[schema(nullable = false)]
    groups: Option<Vec<String>>,
}

/// Somebody asks that a message be let go.
#[derive(ToSchema)]
pub(crate) struct Request {
    /// Number, ascending.
    id: i64,
    /// The record.
    record: String,
    /// For whom.
    recipient: String,
    /// Who asks.
    by: String,
    /// Since when.
    at: i64,
    /// Why, in the words of whoever asks.
    words: String,
    /// What became of it; `null` while it waits.
    #[schema(required)]
    answer: Option<Answered>,
}

/// An answered request.
#[derive(ToSchema)]
pub(crate) struct Answered {
    /// How.
    how: How,
    /// By whom.
    by: String,
    /// When.
    at: i64,
    /// In these words.
    words: String,
}

/// What a lockdown covers.
#[derive(ToSchema)]
#[serde(tag = "of", rename_all = "snake_case")]
pub(crate) enum Scope {
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

/// Nobody may release what it covers.
#[derive(ToSchema)]
pub(crate) struct Lockdown {
    /// Its id.
    id: String,
    /// What it covers.
    scope: Scope,
    /// Why, for whoever is refused.
    reason: String,
    /// Who ordered it.
    by: String,
    /// Since when.
    since: i64,
    /// The first second in which it holds no more; `null` until it is lifted.
    #[schema(required)]
    until: Option<i64>,
    /// How it ends.
    lift: Lift,
}

/// How a lockdown ends or ended.
#[derive(ToSchema)]
pub(crate) struct Lift {
    /// The first administrator who wants it lifted.
    #[schema(required)]
    first: Option<Mark>,
    /// The second one, who lifted it.
    #[schema(required)]
    second: Option<Mark>,
    /// When its end was noticed.
    #[schema(required)]
    expired: Option<i64>,
}

/// Who did something, and when.
#[derive(ToSchema)]
pub(crate) struct Mark {
    /// Who.
    by: String,
    /// When.
    at: i64,
}

/// What somebody did, or tried.
#[derive(ToSchema)]
pub(crate) struct AuditEntry {
    /// Number, ascending.
    id: i64,
    /// When.
    at: i64,
    /// Who.
    who: String,
    /// In which role.
    role: Role,
    /// From where.
    via: Via,
    /// What: a deed, or a word of the program (`hold`, `expire`, `sweep`, …).
    what: String,
    /// On what: a record, a lockdown, an effect.
    on: String,
    /// Why, in the words of whoever did it.
    reason: String,
    /// How it was before; what is told depends on what was done.
    before: Value,
    /// How it is now.
    after: Value,
    /// It was not done, and why not.
    #[schema(required)]
    refused: Option<Refused>,
}

/// Why something was not done.
#[derive(ToSchema)]
#[serde(tag = "because", rename_all = "snake_case")]
pub(crate) enum Refused {
    /// A lockdown covers it.
    Lockdown {
        /// Its id.
        id: String,
        /// Its reason.
        reason: String,
        /// Its end.
        #[schema(required)]
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

/// The verdict as it is today; `docs/reference/scan.schema.json` describes findings and gaps.
#[derive(ToSchema)]
pub(crate) struct Verdict {
    /// Class.
    class: Class,
    /// Kind of threat, when it is not benign.
    #[schema(required)]
    threat: Option<Threat>,
    /// 0–100: how probably it is harmful.
    #[schema(maximum = 100)]
    score: u8,
    /// Rules that decided the class.
    decided_by: Vec<String>,
    /// All findings, most severe first.
    findings: Vec<Value>,
    /// Rules that could not be decided.
    indeterminate: Vec<Value>,
    /// What could not be observed.
    gaps: Vec<Value>,
}

#[cfg(test)]
mod tests {
    use sekisho_record::{self as record, quarantine};
    use serde::de::DeserializeOwned;
    use utoipa::PartialSchema;

    use super::*;

    /// The words that are described, and those that the record's own type takes, which its refusal names.
    fn check<Shape: PartialSchema, Noun: DeserializeOwned + std::fmt::Debug>() {
        let schema = serde_json::to_value(Shape::schema()).unwrap();
        let all = schema["enum"].as_array().unwrap();
        let described: Vec<&str> = all.iter().map(|word| word.as_str().unwrap()).collect();
        let refusal = serde_json::from_str::<Noun>("\"?\"").unwrap_err().to_string();
        let known: Vec<&str> = refusal.split('`').skip(3).step_by(2).collect();
        assert_eq!(described, known, "{refusal}");
    }

    #[test]
    fn every_word_is_described() {
        check::<Class, record::Class>();
        check::<Threat, record::Threat>();
        check::<Direction, record::Direction>();
        check::<State, quarantine::State>();
        check::<Role, quarantine::Role>();
        check::<Deed, quarantine::Deed>();
        check::<Via, quarantine::Via>();
        check::<How, quarantine::Answer>();
    }

    /// The same for what has a tag.
    fn tagged<Shape: PartialSchema, Noun: DeserializeOwned + std::fmt::Debug>(tag: &str) {
        let schema = serde_json::to_value(Shape::schema()).unwrap();
        let one = |kind: &Value| kind["properties"][tag]["enum"][0].as_str().unwrap().to_owned();
        let described: Vec<String> = schema["oneOf"].as_array().unwrap().iter().map(one).collect();
        let refusal = serde_json::from_str::<Noun>(&format!("{{\"{tag}\":\"?\"}}")).unwrap_err().to_string();
        let known: Vec<&str> = refusal.split('`').skip(3).step_by(2).collect();
        assert_eq!(described, known, "{refusal}");
    }

    #[test]
    fn every_kind_is_described() {
        tagged::<Scope, quarantine::Scope>("of");
        tagged::<Refused, quarantine::Refused>("because");
    }
}
