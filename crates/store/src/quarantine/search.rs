//! Searching what is held: from the newest to the oldest, a bounded look at a time.

use std::{collections::BTreeMap, fmt, str::FromStr};

use sekisho_record::{
    Class, Direction,
    quarantine::{Held, HeldFor, HeldState, State},
};

use super::{
    address_key, class_number, cut, fold, from_json, state, state_number,
    statements::{FoundColumns, FoundForColumns, Gate, Wanted},
    to_json, unlines,
};
use crate::{StoreError, limits, text::clip};

/// What is searched for. Everything that is given must be so; of a message for many, one recipient must fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Its class.
    pub class: Option<Class>,
    /// How it stands for a recipient.
    pub state: Option<State>,
    /// Which way it travelled.
    pub direction: Option<Direction>,
    /// It arrived then or later.
    pub since: Option<i64>,
    /// It arrived before then.
    pub until: Option<i64>,
    /// Address of a recipient, or `@domain`.
    pub recipient: Option<String>,
    /// Address of the author or the reverse path, or `@domain`.
    pub sender: Option<String>,
    /// Words that stand somewhere in subject, addresses, names or summary: all of them, each as any part of a word.
    pub words: String,
    /// A rule that decided its class.
    pub rule: Option<String>,
    /// The brand that it claims to be.
    pub brand: Option<String>,
    /// Its campaign.
    pub campaign: Option<String>,
}

/// Where a page begins, behind the last message that the page before looked at. As text: two numbers with a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    at: i64,
    id: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

impl FromStr for Cursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let wrong = || StoreError::Limit("a place in a list is two numbers".to_owned());
        let (at, id) = text.split_once('.').ok_or_else(wrong)?;
        Ok(Self { at: at.parse().map_err(|_| wrong())?, id: id.parse().map_err(|_| wrong())? })
    }
}

/// One page, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeldPage {
    /// What was found; may be few, or none, though there is more.
    pub items: Vec<HeldItem>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// A held message and how it stands with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldItem {
    /// The message. Its recipients are the first [`limits::RECIPIENTS_TOLD`], and the one that was searched for.
    pub held: Held,
    /// How it stands for each of those.
    pub states: Vec<HeldState>,
    /// How many recipients it has in all.
    pub recipients: u64,
}

/// The statement of a search. `$14` and `$13` say behind which message it begins, `$15` how many it looks at.
pub(crate) fn sql(wanted: &Wanted, find: &str, open: &str, close: &str) -> String {
    let walk = if wanted.recipient.is_empty() {
        "SELECT id FROM held WHERE at >= $12 AND (at, id) < ($13, $14) ORDER BY at DESC, id DESC LIMIT $15"
    } else {
        "SELECT DISTINCT at, held AS id FROM held_for WHERE key = $9 AND at >= $12 AND (at, held) < ($13, $14)
         ORDER BY at DESC, held DESC LIMIT $15"
    };
    format!(
        "SELECT h.id, h.at, h.campaign, h.address, h.recipients, h.data FROM ({walk}) q JOIN held h ON h.id = q.id
         WHERE ($1 < 0 OR h.class = $1) AND ($2 = '' OR h.direction = $2)
         AND ($3 = '' OR {find}(h.senders, $3) > 0) AND ($4 = '' OR {find}(h.rules, $4) > 0)
         AND ($5 = '' OR h.claimed = $5) AND ($6 = '' OR h.campaign = $6)
         AND NOT EXISTS (SELECT 1 FROM {open}$7{close} WHERE {find}(h.text, w.value) = 0)
         AND ($8 < 0 AND $9 = '' AND $10 = '' OR EXISTS (SELECT 1 FROM held_for f WHERE f.held = h.id
           AND ($8 < 0 OR f.state = $8) AND ($9 = '' OR f.key = $9)
           AND ($10 = '' OR substr(f.key, 1 + length(f.key) - length($10)) = $10)))
         ORDER BY h.at DESC, h.id DESC LIMIT $11"
    )
}

impl Filter {
    /// As the statement wants it.
    pub(crate) fn wanted(&self, after: Option<Cursor>, size: usize) -> Result<Wanted, StoreError> {
        let cut = |text: &str| cut(text, limits::WORDS_BYTES_MAX);
        let text = |text: &Option<String>| text.as_deref().map(|text| fold(&cut(text))).unwrap_or_default();
        let recipient = self.recipient.as_deref().map(address_key).unwrap_or_default();
        let domain = if recipient.starts_with('@') { recipient.clone() } else { String::new() };
        let sender = text(&self.sender);
        let sender = match (sender.is_empty(), sender.starts_with('@')) {
            (true, _) => sender,
            (false, true) => format!("{sender}\n"),
            (false, false) => format!("\n{sender}\n"),
        };
        let rule = text(&self.rule);
        let words: Vec<String> = fold(&cut(&self.words))
            .split_whitespace()
            .take(limits::SEARCH_WORDS_MAX)
            .map(str::to_owned)
            .collect();
        let until = (self.until.unwrap_or(i64::MAX), i64::MIN);
        let after = after.map_or(until, |cursor| (cursor.at, cursor.id).min(until));
        Ok(Wanted {
            class: self.class.map_or(-1, class_number),
            state: self.state.map_or(-1, state_number),
            direction: self.direction.map(direction).unwrap_or_default().to_owned(),
            since: self.since.unwrap_or(i64::MIN),
            recipient: if domain.is_empty() { recipient } else { String::new() },
            domain,
            sender,
            rule: if rule.is_empty() { rule } else { format!("\n{rule}\n") },
            brand: text(&self.brand),
            campaign: self.campaign.as_deref().map(clip).unwrap_or_default(),
            words: to_json(&words)?,
            after,
            limit: i64::try_from(size.min(limits::HELD_PAGE_MAX)).unwrap_or(1) + 1,
        })
    }
}

/// One page.
pub(crate) async fn page<G: Gate>(gate: &mut G, wanted: &Wanted) -> Result<HeldPage, StoreError> {
    let mut rows = gate.find(wanted).await?;
    let size = usize::try_from(wanted.limit - 1).unwrap_or(0);
    let next = if rows.len() > size {
        rows.truncate(size);
        rows.last().map(|row| (row.1, row.0))
    } else {
        gate.looked_at(wanted).await?
    };
    let items = items(gate, rows, &wanted.recipient).await?;
    Ok(HeldPage { items, next: next.map(|(at, id)| Cursor { at, id }) })
}

/// One message.
pub(crate) async fn one<G: Gate>(gate: &mut G, record: &str) -> Result<Option<HeldItem>, StoreError> {
    one_for(gate, record, "").await
}

/// One message, with how it stands for the recipient of that key in any case.
pub(crate) async fn one_for<G: Gate>(
    gate: &mut G,
    record: &str,
    key: &str,
) -> Result<Option<HeldItem>, StoreError> {
    let rows: Vec<FoundColumns> = gate.found(record).await?.into_iter().collect();
    Ok(items(gate, rows, key).await?.pop())
}

async fn items<G: Gate>(
    gate: &mut G,
    rows: Vec<FoundColumns>,
    recipient: &str,
) -> Result<Vec<HeldItem>, StoreError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let mut recipients: BTreeMap<i64, Vec<FoundForColumns>> = BTreeMap::new();
    if !ids.is_empty() {
        for row in gate.found_for(&ids, recipient).await? {
            recipients.entry(row.0).or_default().push(row);
        }
    }
    rows.into_iter()
        .map(|(id, _, campaign, address, count, data)| {
            let mut held: Held = from_json(&data)?;
            (held.address, held.campaign) = (address, (!campaign.is_empty()).then_some(campaign));
            let states = recipients.remove(&id).unwrap_or_default();
            let states = states.into_iter().map(told).collect::<Result<Vec<_>, _>>()?;
            held.recipients = states.iter().map(|state| state.recipient.clone()).collect();
            Ok(HeldItem { held, states, recipients: u64::try_from(count).unwrap_or(0) })
        })
        .collect()
}

fn told((_, address, groups, number, by, at): FoundForColumns) -> Result<HeldState, StoreError> {
    let recipient = HeldFor { address, groups: unlines(&groups) };
    Ok(HeldState { recipient, state: state(number)?, by, at })
}

/// As the column has it.
pub(crate) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Internal => "internal",
        Direction::Outbound => "outbound",
    }
}
