//! What is too old is removed, in steps of bounded size, each a transaction of its own.
//!
//! Ticks and traits are walked through subject by subject; where a sweep stopped is kept in `meta`, so that the next
//! call goes on there. Messages go by their time, with their text hashes and what was said about them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    StoreError, lesson, limits,
    migrate::Meta,
    plan::{Delta, NEVER},
    work::{TotalDelta, Totals, Work},
};

/// For how many days what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retention {
    /// Ticks: as long as the longest window that is asked for.
    pub tick_days: u32,
    /// Messages: their thread, text hashes and what taking them back needs.
    pub message_days: u32,
    /// Traits that no message showed for so long. Never less than `message_days`.
    pub trait_days: u32,
    /// Objects by class (`benign`, `suspicious`, `malicious`). A class that is not named here is kept.
    pub object_days: BTreeMap<String, u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { tick_days: 35, message_days: 730, trait_days: 1_825, object_days: BTreeMap::new() }
    }
}

/// What a sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Ticks.
    pub ticks: u64,
    /// Messages.
    pub messages: u64,
    /// Traits.
    pub traits: u64,
    /// Objects of the object store (entries of one class; the bytes go with the last of them).
    pub objects: u64,
    /// There is more: call again.
    pub more: bool,
}

/// The second before which things are too old.
pub(crate) fn cutoff(now: i64, days: u32) -> i64 {
    now.saturating_sub(i64::from(days).saturating_mul(86_400))
}

/// The two tables that are walked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Tick,
    Trait,
}

/// That there is an object of a class.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Note<'a> {
    pub(crate) address: &'a str,
    pub(crate) class: &'a str,
    pub(crate) at: i64,
    pub(crate) size: i64,
}

/// Statements of a sweep of history.
pub(crate) trait Sweeping: Work + Meta {
    /// The subject that is [`limits::SWEEP_ROWS`] rows behind this one.
    async fn boundary(&mut self, table: Table, from: i64) -> Result<Option<i64>, StoreError>;
    /// Removes old ticks of a range of subjects.
    async fn drop_ticks(&mut self, from: i64, to: i64, cutoff: i64) -> Result<u64, StoreError>;
    /// Removes old traits of a range of subjects; tells subject, aspect and count.
    async fn drop_traits(
        &mut self,
        from: i64,
        to: i64,
        cutoff: i64,
    ) -> Result<Vec<(i64, i64, i64)>, StoreError>;
    /// The oldest messages before a time: number, record, lesson.
    async fn old_messages(&mut self, cutoff: i64) -> Result<Vec<(i64, String, Vec<u8>)>, StoreError>;
}

/// Statements about the notes of objects.
pub(crate) trait Objects: Meta {
    /// Objects of a class that are too old.
    async fn old_objects(&mut self, class: &str, cutoff: i64) -> Result<Vec<String>, StoreError>;
    /// Nobody else touches the object until the transaction ends.
    async fn hold(&mut self, address: &str) -> Result<(), StoreError> {
        self.hold_all(&[address]).await
    }
    /// Nobody else touches these objects until the transaction ends; they are in their order.
    async fn hold_all(&mut self, addresses: &[&str]) -> Result<(), StoreError>;
    /// Notes an object of a class.
    async fn note_object(
        &mut self,
        address: &str,
        class: &str,
        at: i64,
        size: i64,
    ) -> Result<(), StoreError> {
        self.note_objects(&[Note { address, class, at, size }]).await
    }
    /// Notes objects, each once.
    async fn note_objects(&mut self, notes: &[Note<'_>]) -> Result<(), StoreError>;
    /// Removes the note if it is too old; tells whether it was there.
    async fn drop_object(&mut self, address: &str, class: &str, cutoff: i64) -> Result<bool, StoreError>;
    /// Objects of a class before `until`, those behind this time and address: address, time, size.
    async fn objects(
        &mut self,
        class: &str,
        at: i64,
        address: &str,
        until: i64,
    ) -> Result<Vec<(String, i64, i64)>, StoreError>;
    /// How many objects of a class there are.
    async fn count_objects(&mut self, class: &str, since: i64, until: i64) -> Result<i64, StoreError>;
    /// Whether any class still wants the object.
    async fn wanted(&mut self, address: &str) -> Result<bool, StoreError>;
}

/// Removes old rows of one range of subjects; returns how many, and whether the end was reached.
pub(crate) async fn step<W: Sweeping>(
    work: &mut W,
    table: Table,
    cutoff: i64,
) -> Result<(u64, bool), StoreError> {
    let name = if table == Table::Tick { "sweep_tick" } else { "sweep_trait" };
    let from = work.meta(name).await?.and_then(|t| t.parse::<i64>().ok()).unwrap_or(i64::MIN);
    let boundary = work.boundary(table, from).await?;
    // A subject with more rows than a step is done whole.
    let to = boundary.map_or(i64::MAX, |b| b.saturating_sub(1).max(from));
    let removed = match table {
        Table::Tick => work.drop_ticks(from, to, cutoff).await?,
        Table::Trait => {
            let rows = work.drop_traits(from, to, cutoff).await?;
            let mut totals = Totals::new();
            for (subject, aspect, count) in &rows {
                let total = totals.entry((*subject, *aspect)).or_insert(TotalDelta {
                    delta: Delta { count: 0, first_at: NEVER, last_at: NEVER, before_at: NEVER },
                    distinct: 0,
                });
                total.delta.count -= count;
                total.distinct -= 1;
            }
            work.total(&totals).await?;
            u64::try_from(rows.len()).unwrap_or_default()
        }
    };
    let next = if boundary.is_some() { to.saturating_add(1) } else { i64::MIN };
    work.set_meta(name, &next.to_string()).await?;
    Ok((removed, boundary.is_none()))
}

/// Removes a batch of old messages; returns how many, and whether there are no more.
pub(crate) async fn messages<W: Sweeping>(work: &mut W, cutoff: i64) -> Result<(u64, bool), StoreError> {
    let rows = work.old_messages(cutoff).await?;
    if rows.is_empty() {
        return Ok((0, true));
    }
    let (mut shingles, mut aliases) = (BTreeSet::new(), BTreeSet::new());
    for (id, _, lesson) in &rows {
        let (hashes, names) = lesson::found_by(lesson)?;
        shingles.extend(hashes.into_iter().take(limits::INDEXED_SHINGLES).map(|hash| (hash, *id)));
        aliases.extend(names.into_iter().map(|name| (name, *id)));
    }
    work.unshingle(&shingles).await?;
    work.unalias(&aliases).await?;
    let ids: Vec<i64> = rows.iter().map(|r| r.0).collect();
    let records: Vec<String> = rows.iter().map(|r| r.1.clone()).collect();
    work.remove(&ids, &records).await?;
    Ok((u64::try_from(rows.len()).unwrap_or_default(), rows.len() < limits::SWEEP_ROWS))
}
