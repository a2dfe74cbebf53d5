//! The digest: what is held for somebody, one item a message, each with a link that asks for it.

use sekisho_record::{
    Class, Threat,
    quarantine::{Held, HeldFor, Lockdown, Scope, State},
};
use time::{OffsetDateTime, UtcOffset};

use crate::{
    limits::{NAME_CHARS_MAX, SUBJECT_CHARS_MAX, WORDS_CHARS_MAX},
    page::Block,
    safe,
    schedule::Clock,
    words::Words,
};

/// A held message for one recipient.
pub(crate) struct Line<'a> {
    /// The message.
    pub(crate) held: &'a Held,
    /// How it stands for the recipient.
    pub(crate) state: State,
    /// Address of the page that asks for it.
    pub(crate) link: Option<String>,
}

/// Everything that a digest says.
pub(crate) struct Digest<'a> {
    /// For whom.
    pub(crate) to: &'a str,
    /// The messages, the oldest first.
    pub(crate) lines: Vec<Line<'a>>,
    /// How many more there are.
    pub(crate) more: usize,
    /// A lockdown covers one of them.
    pub(crate) locked: bool,
    /// Days after which the links are worth nothing.
    pub(crate) link_days: u32,
    /// How far the organisation's clock is ahead.
    pub(crate) clock: Clock,
}

impl Digest<'_> {
    /// What its subject says.
    pub(crate) fn subject(&self, words: Words) -> String {
        words.say("digest-subject", &[("count", &(self.lines.len() + self.more).to_string())])
    }

    /// What it says.
    pub(crate) fn blocks(&self, words: Words) -> Vec<Block> {
        let to = safe::line(self.to, NAME_CHARS_MAX);
        let count = (self.lines.len() + self.more).to_string();
        let mut out = vec![
            Block::Words(words.say("digest-intro", &[("count", &count), ("to", &to)])),
            Block::Words(words.say("digest-advice", &[])),
        ];
        if self.locked {
            out.push(Block::Words(words.say("digest-locked", &[])));
        }
        out.extend(self.lines.iter().map(|line| item(line, self.clock, words)));
        if self.more > 0 {
            out.push(Block::Words(words.say("digest-more", &[("count", &self.more.to_string())])));
        }
        if self.lines.iter().any(|line| line.link.is_some()) {
            let days = self.link_days.to_string();
            out.push(Block::Words(words.say("digest-links", &[("count", &days)])));
        }
        out.push(Block::Words(words.say("automatic", &[])));
        out
    }
}

fn item(line: &Line<'_>, clock: Clock, words: Words) -> Block {
    let held = line.held;
    let mut rows = Vec::new();
    let mut row = |key: &str, value: String| rows.push((words.say(key, &[]), value));
    if let Some(claimed) = held.claimed.as_deref().map(name).filter(|name| !name.is_empty()) {
        row("row-claims", claimed);
    }
    row("row-from", author(held, words));
    row("row-really", really(held, words));
    row("row-why", why(held, words));
    row("row-since", moment(held.at, clock));
    if line.state == State::Requested {
        row("row-asked", words.say("asked-waits", &[]));
    }
    let link = line.link.clone().filter(|_| line.state == State::Held);
    let link = link.map(|link| (words.say("link-request", &[]), link));
    Block::Item { title: subject(held, words), rows, link }
}

/// The subject, safe.
pub(crate) fn subject(held: &Held, words: Words) -> String {
    let subject = safe::line(&held.subject, SUBJECT_CHARS_MAX);
    if subject.is_empty() { words.say("no-subject", &[]) } else { subject }
}

fn name(text: &str) -> String {
    safe::line(text, NAME_CHARS_MAX)
}

/// Who it says that it is from, safe.
pub(crate) fn author(held: &Held, words: Words) -> String {
    match (name(&held.author_name), name(&held.author)) {
        (shown, address) if shown.is_empty() && address.is_empty() => words.say("nobody", &[]),
        (shown, address) if shown.is_empty() => address,
        (shown, address) if address.is_empty() => format!("\"{shown}\""),
        (shown, address) => format!("\"{shown}\" <{address}>"),
    }
}

/// Who sent it, as far as anybody vouches for that.
fn really(held: &Held, words: Words) -> String {
    let given = |text: &Option<String>| text.as_deref().map(name).filter(|name| !name.is_empty());
    match (given(&held.really), given(&held.through)) {
        (Some(really), Some(through)) => {
            words.say("really-through", &[("really", &really), ("through", &through)])
        }
        (Some(really), None) => really,
        (None, Some(through)) => words.say("really-only-through", &[("through", &through)]),
        (None, None) => words.say("really-nobody", &[]),
    }
}

fn why(held: &Held, words: Words) -> String {
    let key = match held.threat {
        Some(threat) => threat_key(threat),
        None => match held.class {
            Class::Malicious => "why-malicious",
            Class::Suspicious => "why-suspicious",
            Class::Benign => "why-benign",
        },
    };
    let said = words.say(key, &[]);
    // What the deciding rule says, in the reader's language only.
    let summary =
        if words.japanese() { held.summary_ja.as_deref().unwrap_or_default() } else { &held.summary };
    let summary = safe::line(summary, WORDS_CHARS_MAX);
    if summary.is_empty() { said } else { words.say("why-rule", &[("why", &said), ("rule", &summary)]) }
}

fn threat_key(threat: Threat) -> &'static str {
    match threat {
        Threat::CredentialPhishing => "why-credential_phishing",
        Threat::Malware => "why-malware",
        Threat::Fraud => "why-fraud",
        Threat::CallbackPhishing => "why-callback_phishing",
        Threat::Extortion => "why-extortion",
        Threat::ThreadHijack => "why-thread_hijack",
        Threat::Scam => "why-scam",
        Threat::Spam => "why-spam",
    }
}

/// A time by the organisation's clock: `2026-11-22 23:41 (UTC+09:00)`.
pub(crate) fn moment(at: i64, clock: Clock) -> String {
    let offset = UtcOffset::from_whole_seconds(clock.ahead).unwrap_or(UtcOffset::UTC);
    let Ok(time) = OffsetDateTime::from_unix_timestamp(at) else { return at.to_string() };
    let time = time.checked_to_offset(offset).unwrap_or(time);
    let (hours, minutes, _) = offset.as_hms();
    let zone = match (offset.is_utc(), offset.is_negative()) {
        (true, _) => "UTC".to_owned(),
        (false, negative) => {
            let sign = if negative { '-' } else { '+' };
            format!("UTC{sign}{:02}:{:02}", hours.unsigned_abs(), minutes.unsigned_abs())
        }
    };
    format!("{} {:02}:{:02} ({zone})", time.date(), time.hour(), time.minute())
}

/// Whether a lockdown covers the message for this recipient.
pub(crate) fn covers(lockdown: &Lockdown, held: &Held, recipient: &HeldFor) -> bool {
    match &lockdown.scope {
        Scope::Everything => true,
        Scope::Class { class } => held.class == *class,
        Scope::Campaign { id } => held.campaign.as_ref() == Some(id),
        Scope::Group { name } => recipient.groups.iter().any(|group| group.eq_ignore_ascii_case(name)),
        Scope::Domain { name } => {
            let domain = recipient.address.rsplit_once('@').map(|(_, domain)| domain);
            domain.is_some_and(|domain| domain.eq_ignore_ascii_case(name))
        }
        Scope::Records { ids } => ids.contains(&held.record),
    }
}
