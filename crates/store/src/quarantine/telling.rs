//! Who has been told of what: the step from "held" or "answered" to an effect that tells somebody, once.
//!
//! What was told is marked in the transaction that writes the effect. So whatever is killed, and however many nodes look
//! at the same time, each message is told of once, and the outbox sees to it that this happens.

use std::collections::BTreeMap;

use sekisho_record::{
    Class,
    quarantine::{Effect, Request, State},
};

use super::{bounded, class, requests, state, statements::Gate};
use crate::{StoreError, limits};

/// A held message of which its recipient has not been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Its record.
    pub record: String,
    /// The recipient, as the envelope had it.
    pub recipient: String,
    /// Its class.
    pub class: Class,
    /// How it stands for this recipient.
    pub state: State,
    /// When it arrived.
    pub at: i64,
}

/// Hands what somebody has not been told of to `make`, the oldest first and each message once; writes the effect that
/// tells it, and marks it as told. Without an effect it need not be told. An effect that is there already marks nothing.
pub(crate) async fn tell<G: Gate>(
    gate: &mut G,
    key: &str,
    (since, before): (i64, i64),
    make: &(dyn Fn(&[Untold]) -> Option<Effect> + Sync),
) -> Result<bool, StoreError> {
    let limit = i64::try_from(limits::TOLD_MAX).unwrap_or(i64::MAX);
    let rows = gate.untold(key, since, before, limit).await?;
    if rows.is_empty() {
        return Ok(false);
    }
    let mut ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    ids.dedup();
    let named = gate.held_named(&ids).await?;
    let mut named: BTreeMap<i64, (String, i64)> =
        named.into_iter().map(|(id, record, class)| (id, (record, class))).collect();
    let mut untold = Vec::with_capacity(rows.len());
    for (held, recipient, number, at) in rows {
        // A recipient who stands twice in an envelope is told once.
        let Some((record, of)) = named.remove(&held) else { continue };
        untold.push(Untold { record, recipient, class: class(of)?, state: state(number)?, at });
    }
    if let Some(effect) = make(&untold) {
        let payload = bounded(&effect)?;
        if gate.add_effects(&[(&effect, payload)]).await?.is_empty() {
            return Ok(false);
        }
    }
    gate.mark_told(key, &ids).await?;
    Ok(true)
}

/// The same for requests that wait, or whose answers nobody has been told of; how many there were.
pub(crate) async fn tell_requests<G: Gate>(
    gate: &mut G,
    answered: bool,
    since: i64,
    make: &(dyn Fn(&[Request]) -> Vec<Effect> + Sync),
) -> Result<usize, StoreError> {
    let limit = i64::try_from(limits::TOLD_REQUESTS_MAX).unwrap_or(i64::MAX);
    let rows = gate.untold_requests(answered, since, limit).await?;
    let all: Vec<Request> = rows.into_iter().map(requests::told).collect();
    if all.is_empty() {
        return Ok(0);
    }
    let effects = make(&all);
    let effects =
        effects.iter().map(|one| Ok((one, bounded(one)?))).collect::<Result<Vec<_>, StoreError>>()?;
    if !effects.is_empty() {
        gate.add_effects(&effects).await?;
    }
    let ids: Vec<i64> = all.iter().map(|one| one.id).collect();
    gate.mark_requests(&ids, answered).await?;
    Ok(all.len())
}
