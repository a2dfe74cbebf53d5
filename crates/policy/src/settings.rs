//! `[policy]` of the configuration file, as it is written; [`Policy`](crate::Policy) is what it means.

use std::collections::BTreeMap;

use sekisho_record::{Class, Direction, Level, Threat};
use serde::Deserialize;

/// What is done with mail, and in whose name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Language of banners: en, ja, de, fr or es. Default: en.
    pub language: Option<String>,
    /// The authserv-id (RFC 8601) under which we write Authentication-Results; incoming fields that claim it are
    /// removed. Without one, none are written.
    pub authserv_id: Option<String>,
    /// What is done with a message that could not be judged: deliver, banner or defer. Default: banner, which says that
    /// the sender could not be checked; where none can be put on in time, our header field alone says so.
    pub fail_safe: FailSafe,
    /// Groups of recipients by name: addresses, and domains as `@example.com`.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Clauses: for each recipient the first whose conditions all hold decides. Behind them stand the built-in ones:
    /// malicious mail is held whichever way it travels, suspicious mail to our people gets a banner, the rest is
    /// delivered.
    pub clauses: Vec<Clause>,
}

/// What is done with a message that could not be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailSafe {
    /// Delivered.
    Deliver,
    /// Delivered with a banner that says so.
    #[default]
    Banner,
    /// The sending server is asked to come again.
    Defer,
}

/// One clause: conditions, all of which must hold, and what is done.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Its name, which decisions give; unique.
    pub name: String,
    /// What is done: deliver, banner, quarantine, redirect, reject or defer.
    #[serde(rename = "do")]
    pub action: Do,
    /// The message's class is one of these.
    #[serde(default)]
    pub class: Vec<Class>,
    /// Its kind of threat is one of these.
    #[serde(default)]
    pub threat: Vec<Threat>,
    /// Its score is at least this.
    #[serde(default)]
    pub score_min: Option<u8>,
    /// It travels one of these ways: inbound, internal, outbound.
    #[serde(default)]
    pub direction: Vec<Direction>,
    /// One of these rules fired; a `*` at the end stands for any ending.
    #[serde(default)]
    pub rules: Vec<String>,
    /// The recipient is one of these: an address, `@domain`, or `group:NAME`.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// It could be judged (true, the default) or not (false).
    #[serde(default = "yes")]
    pub judged: bool,
    /// The clause counts until this moment, RFC 3339: `2027-01-31T12:00:00Z`.
    #[serde(default)]
    pub until: Option<String>,
    /// For redirect: the address that gets it instead.
    #[serde(default)]
    pub to: Option<String>,
    /// For banner: notice, warning or danger. Default: warning.
    #[serde(default)]
    pub level: Option<Level>,
    /// For reject and defer: what the sending server reads; one line of ASCII that gives nothing away.
    #[serde(default)]
    pub text: Option<String>,
}

/// What a clause does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the same as sekisho_record::Action")]
pub enum Do {
    Deliver,
    Banner,
    Quarantine,
    Redirect,
    Reject,
    Defer,
}

fn yes() -> bool {
    true
}
