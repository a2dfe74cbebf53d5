//! Looking at one held message for one recipient: how it stands, and whether a lockdown covers it.

use sekisho_record::quarantine::Lockdown;

use super::{Engine, Store};
use crate::{
    StoreError, limits,
    quarantine::{
        address_key, locks,
        search::{self, HeldItem},
        statements::Gate as _,
    },
    text::clip,
};
use std::time::Duration;

impl Store {
    /// One held message as one recipient may see it, with no other recipient; `None` if it is not held, or not for that
    /// one.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn held_for(&self, record: &str, recipient: &str) -> Result<Option<HeldItem>, StoreError> {
        let (record, key) = (clip(record), address_key(recipient));
        let item = transact!(self, begin_reading, |tx, _salt| search::one_for(&mut tx, &record, &key).await)?;
        Ok(item.and_then(|mut item| {
            item.states.retain(|state| address_key(&state.recipient.address) == key);
            item.held.recipients = item.states.iter().map(|state| state.recipient.clone()).collect();
            item.recipients = u64::try_from(item.states.len()).unwrap_or(0);
            (item.recipients > 0).then_some(item)
        }))
    }

    /// The oldest lockdown that covers a held message for this recipient (`None`: for any of them) at that time. For
    /// whoever wants to tell people; who releases is asked again.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn locked(
        &self,
        record: &str,
        recipient: Option<&str>,
        now: i64,
    ) -> Result<Option<Lockdown>, StoreError> {
        let (record, keys) = (clip(record), recipient.map(|one| vec![address_key(one)]));
        transact!(self, begin_reading, |tx, _salt| async {
            let Some(row) = tx.held_row(&record).await? else { return Ok(None) };
            let all = tx.recipients(row.id, keys.as_deref()).await?;
            locks::covering(&mut tx, &row, &all, now).await
        }
        .await)
    }
}
