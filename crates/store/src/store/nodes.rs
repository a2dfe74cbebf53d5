//! What nodes that share a store tell each other: that configuration and rules are to be read again.
//!
//! `meta` holds one line, the generation: a number that only grows, and who asked for it. Whoever has accepted a change
//! asks for the next one; every node looks every few seconds and reads its own files again when the number is not the
//! one that it has seen. The same question tells a node whether the store can be reached at all.

use std::time::Duration;

use super::{Engine, Store};
use crate::{StoreError, limits, migrate::Meta as _, quarantine::statements::Gate as _, text::clip};

/// Where the generation is noted.
const GENERATION: &str = "generation";

/// Which generation of configuration and rules was asked for last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Generation {
    /// Number, growing; 0 before the first.
    pub number: u64,
    /// Who asked for it.
    pub by: String,
}

impl Generation {
    fn read(text: Option<&str>) -> Self {
        let (number, by) = text.unwrap_or_default().split_once(' ').unwrap_or_default();
        Self { number: number.parse().unwrap_or_default(), by: by.to_owned() }
    }
}

/// How it stands with what a store holds for others: what whoever runs it wants to see move.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pulse {
    /// The generation that was asked for last.
    pub generation: Generation,
    /// Effects of the outbox that wait.
    pub effects_waiting: u64,
    /// Effects that were given up.
    pub effects_failed: u64,
    /// Requests that nobody has answered.
    pub requests_waiting: u64,
    /// Lockdowns that hold.
    pub lockdowns: u64,
}

/// A pulse as it is read: generation, effects that wait and failed, requests, lockdowns.
pub(crate) type PulseColumns = (Option<String>, i64, i64, i64, i64);

impl Store {
    /// How it stands at `now`: counts that indexes know, cheap enough for every few seconds.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn pulse(&self, now: i64) -> Result<Pulse, StoreError> {
        let row: PulseColumns = transact!(self, begin_reading, |tx, _salt| tx.pulse(GENERATION, now).await)?;
        let count = |rows: i64| u64::try_from(rows).unwrap_or_default();
        Ok(Pulse {
            generation: Generation::read(row.0.as_deref()),
            effects_waiting: count(row.1),
            effects_failed: count(row.2),
            requests_waiting: count(row.3),
            lockdowns: count(row.4),
        })
    }

    /// The generation that was asked for last.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn generation(&self) -> Result<Generation, StoreError> {
        let text = transact!(self, begin_reading, |tx, _salt| tx.meta(GENERATION).await)?;
        Ok(Generation::read(text.as_deref()))
    }

    /// Asks every node for the next generation, and tells which that is. Two who ask at the same time get two.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn next_generation(&self, by: &str) -> Result<Generation, StoreError> {
        let by = clip(by);
        transact!(self, |tx, _salt| async {
            // Nobody else does so until this is committed.
            tx.shut().await?;
            let before = Generation::read(tx.meta(GENERATION).await?.as_deref());
            let next = Generation { number: before.number.saturating_add(1), by: by.clone() };
            tx.set_meta(GENERATION, &format!("{} {}", next.number, next.by)).await?;
            Ok::<Generation, StoreError>(next)
        }
        .await)
    }
}
