//! What is held too long goes, with its bytes; so do bytes that nothing refers to.

use std::collections::BTreeMap;

use sekisho_record::Class;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{program, small, statements::Gate, steps::CLASS, told};
use crate::{Bytes, StoreError, limits};

/// For how many days held messages are kept, counted from their arrival.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeldRetention {
    /// Those that somebody still waits for, by class. A class that is not named is kept.
    pub waiting_days: BTreeMap<Class, u32>,
    /// Those that are released or deleted for everybody. Never less than [`limits::HOLD_AGAIN_DAYS`].
    pub done_days: u32,
    /// Entries of the audit.
    pub audit_days: u32,
}

impl Default for HeldRetention {
    fn default() -> Self {
        let waiting_days = [(Class::Benign, 30), (Class::Suspicious, 30), (Class::Malicious, 90)];
        Self { waiting_days: BTreeMap::from(waiting_days), done_days: 14, audit_days: 730 }
    }
}

/// What a sweep of the quarantine removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweptHeld {
    /// Held messages.
    pub held: u64,
    /// Objects that no message had.
    pub orphans: u64,
    /// Files that were being written when their process was killed.
    pub torn: u64,
    /// Lockdowns whose end was noted.
    pub expired: u64,
    /// Effects that were done long ago, and entries of the audit.
    pub rows: u64,
    /// There is more: call again.
    pub more: bool,
}

/// Removes one message if it still is to go; tells the address of its bytes.
pub(crate) async fn one<G: Gate>(
    gate: &mut G,
    record: &str,
    waiting: bool,
    now: i64,
) -> Result<Option<String>, StoreError> {
    let Some(row) = gate.held_row(record).await? else { return Ok(None) };
    let all = gate.recipients(row.id, None).await?;
    let waits = all.iter().any(|one| one.state < sekisho_record::quarantine::State::Released);
    if waits != waiting || gate.in_outbox(record).await? {
        return Ok(None);
    }
    gate.drop_held(row.id).await?;
    let mut entry = program("sweep", record, now);
    let addresses: Vec<String> = all.iter().map(|one| one.address.clone()).collect();
    entry.before = small(json!({ "waiting": waits, "for": told(&addresses) }));
    gate.audit(&entry).await?;
    Ok(Some(row.address))
}

/// Removes bytes and their note, if no held message has them and nobody else wants them.
pub(crate) async fn orphan<G: Gate>(gate: &mut G, bytes: &Bytes, address: &str) -> Result<bool, StoreError> {
    gate.hold(address).await?;
    if gate.holds(address).await? {
        return Ok(false);
    }
    let gone = gate.drop_object(address, CLASS, i64::MAX).await?;
    if gone && !gate.wanted(address).await? {
        bytes.delete(address).await?;
    }
    Ok(gone)
}

/// Seconds after which bytes that are noted for a message that never was held are an orphan.
pub(crate) const ORPHAN_S: i64 = 86_400;

/// Days after which what is done is too old.
pub(crate) fn done_days(retention: &HeldRetention) -> u32 {
    retention.done_days.max(limits::HOLD_AGAIN_DAYS)
}
