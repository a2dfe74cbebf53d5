//! The outbox: giving out what has to happen outside of the database, and noting how it went.

use std::time::Duration;

use sekisho_record::quarantine::{Effect, EffectState};

use super::{Engine, Store};
use crate::{
    By, Outcome, StoreError, limits,
    quarantine::{outbox, statements::Gate as _},
    text::clip,
};

impl Store {
    /// Writes effects that are to be carried out; tells the keys of those that were not there. An effect is one and the
    /// same by its key, as long as it is remembered that it was done.
    ///
    /// # Errors
    /// As [`Store::learn`]; [`StoreError::Limit`] over [`limits::PAYLOAD_BYTES_MAX`].
    pub async fn queue_effects(&self, effects: &[Effect]) -> Result<Vec<String>, StoreError> {
        let mut out = Vec::new();
        for some in effects.chunks(limits::EFFECTS_MAX) {
            out.extend(transact!(self, begin_durably, |tx, _salt| outbox::queue(&mut tx, some).await)?);
        }
        Ok(out)
    }

    /// Gives effects that are due to `node` (a name that no other process has), oldest first, at most `max` and
    /// [`limits::EFFECTS_MAX`]. They are its for [`limits::LEASE_S`]; then whoever asks gets them. Releases that a
    /// lockdown covers are kept back until it has ended.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn take_effects(&self, now: i64, node: &str, max: usize) -> Result<Vec<Effect>, StoreError> {
        let node = clip(node);
        transact!(self, begin_durably, |tx, _salt| outbox::take(&mut tx, now, &node, max).await)
    }

    /// An effect has been carried out, by whomever. Tells whether that was news.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn done_effect(&self, key: &str, now: i64) -> Result<bool, StoreError> {
        transact!(self, begin_durably, |tx, _salt| tx.end_effect(key, now).await)
    }

    /// An effect that this node has could not be carried out: it is tried again later, with a wait that grows, or given
    /// up (`for_good`, or after [`limits::EFFECT_TRIES_MAX`] tries), which the audit says. `None` if this node does not
    /// have it any more.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn fail_effect(
        &self,
        key: &str,
        node: &str,
        error: &str,
        for_good: bool,
        now: i64,
    ) -> Result<Option<EffectState>, StoreError> {
        let node = clip(node);
        transact!(self, begin_durably, |tx, _salt| {
            outbox::fail(&mut tx, key, &node, error, for_good, now).await
        })
    }

    /// Tries an effect again that was given up: somebody who may release has looked, and the audit says so.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn retry_effect(&self, by: &By<'_>, key: &str) -> Result<Outcome<()>, StoreError> {
        transact!(self, begin_durably, |tx, _salt| outbox::retry(&mut tx, by, key).await)
    }

    /// Effects in a state, the oldest first, at most [`limits::LIST_PAGE_MAX`]; each with its
    /// number, which the next call wants for `after`.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn effects(&self, state: EffectState, after: i64) -> Result<Vec<(i64, Effect)>, StoreError> {
        let state = match state {
            EffectState::Waiting => 0,
            EffectState::Done => 1,
            EffectState::Failed => 2,
        };
        let limit = i64::try_from(limits::LIST_PAGE_MAX).unwrap_or(i64::MAX);
        let rows = transact!(self, begin_reading, |tx, _salt| tx.effect_list(state, after, limit).await)?;
        rows.into_iter().map(|row| Ok((row.0, outbox::effect(row)?))).collect()
    }
}
