//! Whom to tell of what: from the store to effects, and from effects to mail.

use std::collections::BTreeMap;

use sekisho_record::{
    Class,
    quarantine::{Answer, Deed, Effect, Held, HeldState, Request, Role, State},
};
use sekisho_store::{Filter, HeldItem, Purpose, Rights, Store, StoreError, Ticket, Tickets, Untold};
use serde::{Deserialize, Serialize};

use crate::{
    digest::{Digest, Line, covers},
    letter::{Draft, Letter},
    limits, notice, safe,
    schedule::{Clock, Every, beginning},
    words::Words,
};

/// Kinds of effects that [`Telling::letter`] makes mail of.
pub const KINDS: [&str; 3] = [DIGEST, ANSWERED, ASKED];
const DIGEST: &str = "digest";
const ANSWERED: &str = "answered";
const ASKED: &str = "asked";

/// What the configuration says about telling people.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How often people are told of what is held for them.
    pub every: Every,
    /// When a period begins, minutes since midnight.
    pub at: u32,
    /// People are told of messages up to this class.
    pub up_to: Class,
    /// Lines of one digest, at most [`limits::LINES_MAX`].
    pub lines: usize,
    /// Our address.
    pub from: String,
    /// Language of what people read: `en` or `ja`.
    pub language: String,
    /// The organisation's domains: nobody else gets mail.
    pub domains: Vec<String>,
    /// Who is told of new requests.
    pub notify: Vec<String>,
    /// Address of the console, without a slash at its end; links are `{url}/t/{token}`.
    pub url: String,
    /// Days after which links are worth nothing.
    pub link_days: u32,
    /// Who may do what: recipients who may not ask for a message are not told of it.
    pub rights: Rights,
}

/// Why an effect is no mail.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The store could not be asked; another time it may.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the effect says cannot be read; it never will.
    #[error("what is to be told cannot be read: {0}")]
    Payload(#[from] serde_json::Error),
}

/// Payload of the effect `digest`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    /// For whom, as the envelope had it.
    to: String,
    /// Records, the oldest first.
    records: Vec<String>,
    /// How many more there are.
    more: usize,
    /// When the first of them arrived.
    since: i64,
    /// When the effect was written.
    at: i64,
}

/// Payload of the effect `answered`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answered {
    /// For whom the message is held.
    pub(crate) to: String,
    /// The message.
    pub(crate) record: String,
    /// How the request was answered.
    pub(crate) how: Answer,
    /// In these words.
    pub(crate) words: String,
    /// When.
    pub(crate) at: i64,
}

/// Payload of the effect `asked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Who is told.
    pub(crate) to: String,
    /// The first requests.
    pub(crate) requests: Vec<One>,
    /// How many more there are.
    pub(crate) more: usize,
    /// When the effect was written.
    pub(crate) at: i64,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct One {
    pub(crate) id: i64,
    pub(crate) record: String,
    pub(crate) recipient: String,
    pub(crate) words: String,
    pub(crate) at: i64,
}

/// Whether mail may go to an address: it is one, and within the organisation's domains.
pub fn owns(domains: &[String], address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let written = address.len() <= limits::ADDRESS_BYTES_MAX
        && !local.is_empty()
        && !address
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"' | ','));
    let domain = domain.to_lowercase();
    let within = |own: &String| {
        let rest = domain.strip_suffix(&own.to_lowercase());
        !own.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    written && domains.iter().any(within)
}

/// Tells people.
#[derive(Debug, Clone)]
pub struct Telling {
    settings: Settings,
    store: Store,
    tickets: Tickets,
}

impl Telling {
    /// By these settings, from this store, with links of this key.
    pub fn new(settings: Settings, store: Store, tickets: Tickets) -> Self {
        Self { settings, store, tickets }
    }

    /// Writes a digest for everybody for whom something was held before the period began; how many people there were.
    ///
    /// # Errors
    /// Those of the store; what was not told is told another time.
    pub async fn digests(&self, clock: Clock) -> Result<usize, StoreError> {
        let before = match self.settings.every {
            Every::Immediately => clock.now.saturating_add(1),
            Every::Hours(hours) => beginning(clock, hours, self.settings.at),
        };
        let since = before.saturating_sub(limits::UNTOLD_DAYS * 86_400);
        let mut count = 0;
        for recipient in self.store.untold(since, before).await? {
            let make = |untold: &[Untold]| self.digest(untold, before, clock.now);
            count += usize::from(self.store.tell(&recipient, since, before, &make).await?);
        }
        Ok(count)
    }

    fn digest(&self, untold: &[Untold], before: i64, now: i64) -> Option<Effect> {
        let Settings { up_to, rights, domains, .. } = &self.settings;
        let wanted = |one: &&Untold| {
            one.state < State::Released
                && one.class <= *up_to
                && rights.allows(Role::Recipient, Deed::Request, one.class)
                && owns(domains, &one.recipient)
        };
        let all: Vec<&Untold> = untold.iter().filter(wanted).collect();
        let first = all.first()?;
        let lines = self.settings.lines.clamp(1, limits::LINES_MAX);
        let records: Vec<String> = all.iter().take(lines).map(|one| one.record.clone()).collect();
        let to = first.recipient.clone();
        // Of a period there is one; without periods the first message is told of once.
        let period = match self.settings.every {
            Every::Immediately => first.record.clone(),
            Every::Hours(_) => before.to_string(),
        };
        let key = format!("{DIGEST}:{}:{period}", to.to_ascii_lowercase());
        let told = Told { to, more: all.len() - records.len(), records, since: first.at, at: now };
        Some(Effect::new(DIGEST, key, "", serde_json::to_value(told).ok()?, now))
    }

    /// Writes a notice for each request that was answered; how many there were.
    ///
    /// # Errors
    /// As [`Telling::digests`].
    pub async fn answers(&self, now: i64) -> Result<usize, StoreError> {
        let since = now.saturating_sub(limits::REQUEST_DAYS * 86_400);
        let make = |all: &[Request]| all.iter().filter_map(|request| self.answer(request, now)).collect();
        self.store.tell_requests(true, since, &make).await
    }

    fn answer(&self, request: &Request, now: i64) -> Option<Effect> {
        let answer = request.answer.as_ref()?;
        let to = request.recipient.clone();
        if !owns(&self.settings.domains, &to) {
            return None;
        }
        let words = safe::line(&answer.words, limits::WORDS_CHARS_MAX);
        let told = Answered { to, record: request.record.clone(), how: answer.how, words, at: now };
        let key = format!("{ANSWERED}:{}", request.id);
        Some(Effect::new(ANSWERED, key, "", serde_json::to_value(told).ok()?, now))
    }

    /// Writes one notice of all new requests for each of those who are to be told; how many requests there were.
    ///
    /// # Errors
    /// As [`Telling::digests`].
    pub async fn requests(&self, now: i64) -> Result<usize, StoreError> {
        if self.settings.notify.is_empty() {
            return Ok(0);
        }
        let since = now.saturating_sub(limits::REQUEST_DAYS * 86_400);
        let make = |all: &[Request]| {
            let each = self.settings.notify.iter().take(limits::NOTIFY_MAX);
            each.filter_map(|to| asked(to, all, now)).collect()
        };
        self.store.tell_requests(false, since, &make).await
    }

    /// The mail that an effect is, as things stand now; `None` when there is nothing to tell any more.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn letter(&self, effect: &Effect, clock: Clock) -> Result<Option<Letter>, Trouble> {
        let words = Words::of(&self.settings.language);
        let payload = effect.payload.clone();
        let (to, at, content) = match effect.kind.as_str() {
            DIGEST => {
                let told: Told = serde_json::from_value(payload)?;
                (told.to.clone(), told.at, self.told(&told, clock, words).await?)
            }
            ANSWERED => {
                let answer: Answered = serde_json::from_value(payload)?;
                let item = self.store.held_record(&answer.record).await?;
                let content = notice::answered(&answer, item.as_ref().map(|item| &item.held), clock, words);
                (answer.to, answer.at, Some(content))
            }
            _ => {
                let asked: Asked = serde_json::from_value(payload)?;
                let mut held: Vec<Option<Held>> = Vec::with_capacity(asked.requests.len());
                for one in &asked.requests {
                    held.push(self.store.held_record(&one.record).await?.map(|item| item.held));
                }
                let content = notice::asked(&asked, &held, &self.settings.url, clock, words);
                (asked.to, asked.at, Some(content))
            }
        };
        // The configuration may have changed since the effect was written.
        let Some((subject, blocks)) = content.filter(|_| owns(&self.settings.domains, &to)) else {
            return Ok(None);
        };
        let (key, from) = (effect.key.as_str(), self.settings.from.as_str());
        Ok(Some(Draft { key, from, to: &to, subject, at, blocks, words }.letter()))
    }

    async fn told(
        &self,
        told: &Told,
        clock: Clock,
        words: Words,
    ) -> Result<Option<(String, Vec<crate::page::Block>)>, Trouble> {
        let found = self.found(told).await?;
        let lockdowns = self.store.locks(clock.now).await?;
        let mut locked = false;
        let mut lines = Vec::with_capacity(found.len());
        for record in &told.records {
            let Some((item, state)) = found.get(record.as_str()) else { continue };
            if state.state >= State::Released {
                continue;
            }
            locked |= lockdowns.iter().any(|lockdown| covers(lockdown, &item.held, &state.recipient));
            let link = self.link(record, &told.to, clock.now);
            lines.push(Line { held: &item.held, state: state.state, link });
        }
        if lines.is_empty() {
            return Ok(None);
        }
        let link_days = self.settings.link_days;
        let digest = Digest { to: &told.to, lines, more: told.more, locked, link_days, clock };
        Ok(Some((digest.subject(words), digest.blocks(words))))
    }

    /// What is known of these messages, with how it stands with each for this recipient.
    async fn found(&self, told: &Told) -> Result<BTreeMap<String, (HeldItem, HeldState)>, Trouble> {
        let filter =
            Filter { recipient: Some(told.to.clone()), since: Some(told.since), ..Filter::default() };
        let mut out = BTreeMap::new();
        let mut after = None;
        for _ in 0..limits::PAGES_MAX {
            let page = self.store.held(&filter, after, sekisho_store::limits::HELD_PAGE_MAX).await?;
            for item in page.items {
                let own = |state: &&HeldState| state.recipient.address.eq_ignore_ascii_case(&told.to);
                let state = item.states.iter().find(own).cloned();
                if let Some(state) = state.filter(|_| told.records.contains(&item.held.record)) {
                    out.insert(item.held.record.clone(), (item, state));
                }
            }
            after = page.next;
            if after.is_none() || out.len() >= told.records.len() {
                break;
            }
        }
        Ok(out)
    }

    fn link(&self, record: &str, recipient: &str, now: i64) -> Option<String> {
        let expires_at = now.saturating_add(i64::from(self.settings.link_days) * 86_400);
        let (record, recipient) = (record.to_owned(), recipient.to_owned());
        let token = self.tickets.token(&Ticket { what: Purpose::Request, record, recipient, expires_at })?;
        Some(format!("{}/t/{token}", self.settings.url))
    }
}

fn asked(to: &str, all: &[Request], now: i64) -> Option<Effect> {
    let first = all.first()?;
    let one = |request: &Request| One {
        id: request.id,
        record: request.record.clone(),
        recipient: safe::line(&request.recipient, limits::NAME_CHARS_MAX),
        words: safe::line(&request.words, limits::WORDS_CHARS_MAX),
        at: request.at,
    };
    let requests: Vec<One> = all.iter().take(limits::ASKED_LINES_MAX).map(one).collect();
    let more = all.len() - requests.len();
    let key = format!("{ASKED}:{}:{}", to.to_ascii_lowercase(), first.id);
    let asked = Asked { to: to.to_owned(), requests, more, at: now };
    Some(Effect::new(ASKED, key, "", serde_json::to_value(asked).ok()?, now))
}
