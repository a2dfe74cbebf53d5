//! The outbox: what has to happen outside of the database, at least once.

use std::collections::BTreeMap;

use sekisho_record::{
    Class,
    quarantine::{Deed, Effect, EffectState, Refused},
};
use serde_json::json;

use super::{
    By, Outcome, bounded, cut, from_json, locks, program,
    statements::{EffectColumns, Gate},
    steps::refuse,
    words,
};
use crate::{StoreError, limits};

/// Writes new effects; tells the keys of those that were not there.
pub(crate) async fn queue<G: Gate>(gate: &mut G, effects: &[Effect]) -> Result<Vec<String>, StoreError> {
    let rows = effects.iter().map(|one| Ok((one, bounded(one)?))).collect::<Result<Vec<_>, StoreError>>()?;
    gate.add_effects(&rows).await
}

/// Gives out effects that are due. Releases that a lockdown covers are kept back.
pub(crate) async fn take<G: Gate>(
    gate: &mut G,
    now: i64,
    node: &str,
    max: usize,
) -> Result<Vec<Effect>, StoreError> {
    gate.pass().await?;
    let limit = i64::try_from(max.min(limits::EFFECTS_MAX)).unwrap_or(0);
    let mut rows = gate.take(now, node, now.saturating_add(limits::LEASE_S), limit).await?;
    rows.sort_unstable_by_key(|row| row.0);
    let mut out = Vec::with_capacity(rows.len());
    let locked = !rows.is_empty() && !gate.locks(None, now).await?.is_empty();
    for row in rows {
        let effect = effect(row)?;
        if locked && kept_back(gate, &effect, now).await? {
            let next_at = now.saturating_add(limits::KEPT_BACK_S);
            gate.put_back(&effect.key, i64::from(effect.tries), next_at, false, "a lockdown keeps it back")
                .await?;
        } else {
            out.push(effect);
        }
    }
    Ok(out)
}

/// Whether it is a release that a lockdown covers.
async fn kept_back<G: Gate>(gate: &mut G, effect: &Effect, now: i64) -> Result<bool, StoreError> {
    if effect.kind != "release" {
        return Ok(false);
    }
    let Some(row) = gate.held_row(&effect.record).await? else { return Ok(false) };
    let recipient = effect.payload.get("recipient").and_then(|r| r.as_str()).unwrap_or_default();
    let all = gate.recipients(row.id, Some(&[super::address_key(recipient)])).await?;
    Ok(locks::covering(gate, &row, &all, now).await?.is_some())
}

/// Notes that an effect of this node failed: tried again later, or given up, which the audit says.
pub(crate) async fn fail<G: Gate>(
    gate: &mut G,
    key: &str,
    node: &str,
    error: &str,
    for_good: bool,
    now: i64,
) -> Result<Option<EffectState>, StoreError> {
    let Some((tries, record)) = gate.tries(key, node).await? else { return Ok(None) };
    let tries = tries.saturating_add(1);
    let failed = for_good || tries >= i64::from(limits::EFFECT_TRIES_MAX);
    let next_at = if failed { now } else { now.saturating_add(back_off(tries)) };
    gate.put_back(key, tries, next_at, failed, &words(error)).await?;
    if failed {
        let mut entry = program("give_up", if record.is_empty() { key } else { &record }, now);
        entry.reason = words(error);
        entry.after = json!({ "effect": cut(key, limits::WORDS_BYTES_MAX), "tries": tries });
        gate.audit(&entry).await?;
    }
    Ok(Some(if failed { EffectState::Failed } else { EffectState::Waiting }))
}

/// Tries again what was given up.
pub(crate) async fn retry<G: Gate>(gate: &mut G, by: &By<'_>, key: &str) -> Result<Outcome<()>, StoreError> {
    let on = cut(key, limits::TEXT_BYTES_MAX);
    if let Err(refused) = by.may(Deed::Release, Class::Benign, None) {
        return refuse(gate, by, Deed::Release, &on, refused).await;
    }
    let Some(record) = gate.wake(key, by.now).await? else {
        return refuse(gate, by, Deed::Release, &on, Refused::Unknown).await;
    };
    let mut entry = by.entry("retry", if record.is_empty() { &on } else { &record });
    entry.after = json!({ "effect": cut(key, limits::WORDS_BYTES_MAX) });
    gate.audit(&entry).await?;
    Ok(Ok(()))
}

/// Seconds until the next try.
fn back_off(tries: i64) -> i64 {
    let doubled = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(20);
    (limits::EFFECT_RETRY_S_MIN << doubled).min(limits::EFFECT_RETRY_S_MAX)
}

/// An effect as it is told.
pub(crate) fn effect(row: EffectColumns) -> Result<Effect, StoreError> {
    let (_, key, kind, record, payload, tries, next_at, state, error) = row;
    let states: BTreeMap<i64, EffectState> =
        BTreeMap::from([(0, EffectState::Waiting), (1, EffectState::Done), (2, EffectState::Failed)]);
    let state = *states.get(&state).ok_or_else(|| StoreError::Corrupt(format!("effect state {state}")))?;
    let tries = u32::try_from(tries).unwrap_or(u32::MAX);
    Ok(Effect { key, kind, record, payload: from_json(&payload)?, tries, next_at, state, error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_further_and_further_apart_for_three_days() {
        let all: Vec<i64> = (1..i64::from(limits::EFFECT_TRIES_MAX)).map(back_off).collect();
        assert_eq!(all[..5], [5, 10, 20, 40, 80]);
        assert_eq!(all.iter().max(), Some(&limits::EFFECT_RETRY_S_MAX));
        let days = all.iter().sum::<i64>() / 86_400;
        assert!((2..=4).contains(&days), "{days}");
        assert_eq!(back_off(i64::MAX), limits::EFFECT_RETRY_S_MAX);
    }
}
