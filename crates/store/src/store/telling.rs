//! Who has been told of what: finding whom to tell, and writing the effects that do.

use std::time::Duration;

use sekisho_record::quarantine::{Effect, Request};

use super::{Engine, Store};
use crate::{
    StoreError, limits,
    quarantine::{
        address_key,
        statements::Gate as _,
        telling::{self, Untold},
    },
};

impl Store {
    /// Recipients with held messages that arrived at `since` or later and before `before` and of which they have not
    /// been told; at most [`limits::TOLD_PEOPLE_MAX`].
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn untold(&self, since: i64, before: i64) -> Result<Vec<String>, StoreError> {
        let limit = i64::try_from(limits::TOLD_PEOPLE_MAX).unwrap_or(i64::MAX);
        transact!(self, begin_reading, |tx, _salt| tx.untold_keys(since, before, limit).await)
    }

    /// Hands these messages of one recipient to `make`, the oldest first, at most [`limits::TOLD_MAX`], and writes what
    /// it makes of them; from then on they are told. An effect of `None` says that they need not be. When the key of the
    /// effect is known already nothing is marked: they are told another time. Says whether something was marked.
    ///
    /// # Errors
    /// As [`Store::learn`]; [`StoreError::Limit`] over [`limits::PAYLOAD_BYTES_MAX`].
    pub async fn tell(
        &self,
        recipient: &str,
        since: i64,
        before: i64,
        make: &(dyn Fn(&[Untold]) -> Option<Effect> + Sync),
    ) -> Result<bool, StoreError> {
        let key = address_key(recipient);
        transact!(self, begin_durably, |tx, _salt| telling::tell(&mut tx, &key, (since, before), make).await)
    }

    /// Hands requests that were made (or answered) at `since` or later and of which nobody has been told to `make`, the
    /// oldest first, at most [`limits::TOLD_REQUESTS_MAX`]; from then on they are told. Says how many there were.
    ///
    /// # Errors
    /// As [`Store::tell`].
    pub async fn tell_requests(
        &self,
        answered: bool,
        since: i64,
        make: &(dyn Fn(&[Request]) -> Vec<Effect> + Sync),
    ) -> Result<usize, StoreError> {
        transact!(self, begin_durably, |tx, _salt| {
            telling::tell_requests(&mut tx, answered, since, make).await
        })
    }
}
