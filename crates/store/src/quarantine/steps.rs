//! Holding, releasing, deleting.

use sekisho_record::quarantine::{Deed, Effect, Held, Refused, Release, State};
use serde_json::json;

use super::{
    By, ForRow, HeldRow, Outcome, Released, address_key, bounded, class_number, cut, fold, lines, locks,
    program,
    search::direction,
    small,
    statements::{Gate, NewFor, NewHeld},
    to_json, told, words,
};
use crate::{StoreError, limits, text::clip};

/// Under which class the objects of held messages are noted. No retention by class applies to it.
pub(crate) const CLASS: &str = "quarantine";

/// A message within its limits.
pub(crate) fn planned(held: &Held, address: &str) -> Result<NewHeld, StoreError> {
    let wrong = |what: &str| StoreError::Limit(format!("a held message {what}"));
    if held.record.is_empty() || held.key.is_empty() {
        return Err(wrong("without a record or a key"));
    }
    if held.recipients.len() > limits::HELD_RECIPIENTS_MAX {
        return Err(wrong(&format!("for {} recipients", held.recipients.len())));
    }
    let mut recipients = Vec::with_capacity(held.recipients.len());
    for (place, one) in held.recipients.iter().enumerate() {
        if one.address.len() > limits::ADDRESS_BYTES_MAX || one.address.contains('\0') {
            return Err(wrong("for somebody with an impossible address"));
        }
        let groups: Vec<String> =
            one.groups.iter().take(limits::GROUPS_MAX).map(|g| clip(&fold(g))).collect();
        recipients.push(NewFor {
            place: i64::try_from(place).unwrap_or(i64::MAX),
            address: one.address.clone(),
            key: address_key(&one.address),
            groups: lines(groups.iter().map(String::as_str)),
        });
    }
    if recipients.is_empty() {
        return Err(wrong("for nobody"));
    }
    let bounded = bounds(held, address);
    let senders = [fold(&bounded.author), fold(&bounded.mail_from)];
    let rules: Vec<String> = bounded.decided_by.iter().map(|rule| fold(rule)).collect();
    Ok(NewHeld {
        record: bounded.record.clone(),
        key: bounded.key.clone(),
        at: bounded.at,
        class: class_number(bounded.class),
        direction: direction(bounded.direction).to_owned(),
        campaign: bounded.campaign.clone().unwrap_or_default(),
        claimed: bounded.claimed.as_deref().map(fold).unwrap_or_default(),
        senders: lines(senders.iter().map(String::as_str)),
        rules: lines(rules.iter().map(String::as_str)),
        address: address.to_owned(),
        text: text(&bounded, &recipients),
        data: to_json(&bounded)?,
        recipients,
    })
}

/// The same with every text cut, and without recipients: they have a table of their own.
fn bounds(held: &Held, address: &str) -> Held {
    Held {
        record: clip(&held.record),
        key: clip(&held.key),
        clause: clip(&held.clause),
        intake: clip(&held.intake),
        mail_from: cut(&held.mail_from, limits::ADDRESS_BYTES_MAX),
        author: cut(&held.author, limits::ADDRESS_BYTES_MAX),
        author_name: words(&held.author_name),
        subject: words(&held.subject),
        recipients: Vec::new(),
        claimed: held.claimed.as_deref().map(clip),
        decided_by: held.decided_by.iter().take(limits::HELD_RULES_MAX).map(|rule| clip(rule)).collect(),
        campaign: held.campaign.as_deref().map(clip),
        address: address.to_owned(),
        summary: words(&held.summary),
        summary_ja: held.summary_ja.as_deref().map(words),
        really: held.really.as_deref().map(clip),
        through: held.through.as_deref().map(clip),
        ..held.clone()
    }
}

/// What the message is found by, folded; parts apart by line ends.
fn text(held: &Held, recipients: &[NewFor]) -> String {
    let mut out = String::new();
    let own = [&held.subject, &held.author_name, &held.author, &held.mail_from, &held.summary];
    for part in own {
        out.push_str(&fold(part));
        out.push('\n');
    }
    for one in recipients.iter().take(limits::RECIPIENTS_TOLD) {
        out.push_str(&one.key);
        out.push('\n');
    }
    cut(&out, limits::HELD_TEXT_BYTES_MAX)
}

/// The first half: the record of the same message if it is held already; else the note of its object.
pub(crate) async fn known<G: Gate>(
    gate: &mut G,
    row: &NewHeld,
    size: i64,
) -> Result<Option<String>, StoreError> {
    let known = gate.same_held(&row.key, again_since(row.at)).await?;
    if known.is_none() {
        gate.hold(&row.address).await?;
        gate.note_object(&row.address, CLASS, row.at, size).await?;
    }
    Ok(known)
}

/// Held at or before this second, the same message is another one.
fn again_since(at: i64) -> i64 {
    at.saturating_sub(i64::from(limits::HOLD_AGAIN_DAYS) * 86_400)
}

/// The second half, with the object written and its address locked: everything else at once.
pub(crate) async fn hold<G: Gate>(gate: &mut G, row: &NewHeld) -> Result<Option<String>, StoreError> {
    gate.hold(&format!("held {}", row.key)).await?;
    if let Some(record) = gate.same_held(&row.key, again_since(row.at)).await? {
        return Ok(Some(record));
    }
    let Some(id) = gate.add_held(row).await? else {
        return Err(StoreError::Refused(format!("the record {} is held with other bytes", row.record)));
    };
    gate.add_recipients(id, row.at, &row.recipients).await?;
    let mut entry = program("hold", &row.record, row.at);
    let addresses: Vec<String> = row.recipients.iter().map(|one| one.address.clone()).collect();
    entry.after = small(told(&addresses));
    gate.audit(&entry).await?;
    Ok(None)
}

/// A held message and those of its recipients that are meant.
pub(crate) type Target = (HeldRow, Vec<ForRow>);

/// The message and the recipients that somebody means, if there are any whom it may concern.
pub(crate) async fn target<G: Gate>(
    gate: &mut G,
    by: &By<'_>,
    record: &str,
    recipients: &[String],
) -> Result<Outcome<Target>, StoreError> {
    let keys = match by.meant(recipients) {
        Ok(keys) => keys,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some(row) = gate.held_row(record).await? else { return Ok(Err(Refused::Unknown)) };
    let all = gate.recipients(row.id, keys.as_deref()).await?;
    Ok(if all.is_empty() { Err(Refused::Unknown) } else { Ok((row, all)) })
}

/// Writes the entry of what was refused, and hands the refusal on.
pub(crate) async fn refuse<G: Gate, T>(
    gate: &mut G,
    by: &By<'_>,
    deed: Deed,
    on: &str,
    refused: Refused,
) -> Result<Outcome<T>, StoreError> {
    let mut entry = by.entry(deed.name(), on);
    entry.refused = Some(refused.clone());
    gate.audit(&entry).await?;
    Ok(Err(refused))
}

/// Those of the recipients that wait, those that have been released, and one who is past that.
fn sorted(all: &[ForRow]) -> (Vec<&ForRow>, Vec<&ForRow>, Option<&ForRow>) {
    let waiting = all.iter().filter(|one| one.state < State::Released).collect();
    let released = all.iter().filter(|one| one.state == State::Released).collect();
    (waiting, released, all.iter().find(|one| one.state == State::Deleted))
}

/// Releases a message for some recipients (or all that wait): all of them or none.
pub(crate) async fn release<G: Gate>(
    gate: &mut G,
    by: &By<'_>,
    record: &str,
    recipients: &[String],
    banner: bool,
) -> Result<Outcome<Released>, StoreError> {
    gate.pass().await?;
    match target(gate, by, record, recipients).await? {
        Ok((row, all)) => let_go(gate, by, (&row, &all), !recipients.is_empty(), banner, by.reason).await,
        Err(refused) => refuse(gate, by, Deed::Release, record, refused).await,
    }
}

/// The same of a message that is locked, behind `pass`. Whoever named recipients (`named`) is told when one of them is
/// past it.
pub(crate) async fn let_go<G: Gate>(
    gate: &mut G,
    by: &By<'_>,
    (row, all): (&HeldRow, &[ForRow]),
    named: bool,
    banner: bool,
    said: &str,
) -> Result<Outcome<Released>, StoreError> {
    let lockdown = locks::covering(gate, row, all, by.now).await?;
    let may = by.may(Deed::Release, row.class, lockdown.as_ref());
    let (waiting, released, deleted) = sorted(all);
    let too_late = deleted.filter(|_| named || waiting.is_empty() && released.is_empty());
    let too_late = too_late.map(|one| Refused::State { state: one.state });
    if let Some(refused) = may.err().or(too_late) {
        return refuse(gate, by, Deed::Release, &row.record, refused).await;
    }
    let mut out = Released { queued: Vec::new(), already: addresses(&released) };
    if waiting.is_empty() {
        return Ok(Ok(out));
    }
    let held = row.held()?;
    let effects: Vec<Effect> = waiting
        .iter()
        .map(|one| {
            let payload = Release {
                record: row.record.clone(),
                recipient: one.address.clone(),
                mail_from: held.mail_from.clone(),
                address: row.address.clone(),
                banner,
                by: clip(by.who),
            };
            let payload = serde_json::to_value(payload).unwrap_or_default();
            Effect::new("release", effect_key(&row.record, &one.address), &row.record, payload, by.now)
        })
        .collect();
    let effects =
        effects.iter().map(|one| Ok((one, bounded(one)?))).collect::<Result<Vec<_>, StoreError>>()?;
    out.queued = gate.add_effects(&effects).await?;
    change(gate, by, row, &waiting, State::Released, said).await?;
    let mut entry = by.entry(Deed::Release.name(), &row.record);
    entry.before = json!({ "state": "held" });
    entry.after = small(json!({ "state": "released", "banner": banner, "for": told(&addresses(&waiting)) }));
    gate.audit(&entry).await?;
    Ok(Ok(out))
}

/// Key of the effect that releases a message for a recipient.
fn effect_key(record: &str, recipient: &str) -> String {
    format!("release:{record}:{recipient}")
}

fn addresses(all: &[&ForRow]) -> Vec<String> {
    all.iter().map(|one| one.address.clone()).collect()
}

/// New state for some recipients; open requests of theirs are answered by it.
async fn change<G: Gate>(
    gate: &mut G,
    by: &By<'_>,
    row: &HeldRow,
    some: &[&ForRow],
    state: State,
    said: &str,
) -> Result<(), StoreError> {
    let places: Vec<i64> = some.iter().map(|one| one.place).collect();
    let keys: Vec<String> = some.iter().map(|one| one.key.clone()).collect();
    let how = if state == State::Deleted { super::requests::DELETED } else { super::requests::RELEASED };
    gate.set_state(row.id, &places, state, &clip(by.who), by.now).await?;
    gate.answer(row.id, &keys, how, &clip(by.who), &words(said), by.now).await
}

/// Ends the waiting of some recipients (or all that wait) for good.
pub(crate) async fn delete<G: Gate>(
    gate: &mut G,
    by: &By<'_>,
    record: &str,
    recipients: &[String],
) -> Result<Outcome<u64>, StoreError> {
    let (row, all) = match target(gate, by, record, recipients).await? {
        Ok(target) => target,
        Err(refused) => return refuse(gate, by, Deed::Delete, record, refused).await,
    };
    let (waiting, released, _) = sorted(&all);
    let too_late = released.first().filter(|_| !recipients.is_empty() || waiting.is_empty());
    let too_late = too_late.map(|one| Refused::State { state: one.state });
    if let Some(refused) = by.may(Deed::Delete, row.class, None).err().or(too_late) {
        return refuse(gate, by, Deed::Delete, record, refused).await;
    }
    if !waiting.is_empty() {
        change(gate, by, &row, &waiting, State::Deleted, by.reason).await?;
        let mut entry = by.entry(Deed::Delete.name(), record);
        entry.before = json!({ "state": "held" });
        entry.after = small(json!({ "state": "deleted", "for": told(&addresses(&waiting)) }));
        gate.audit(&entry).await?;
    }
    Ok(Ok(u64::try_from(waiting.len()).unwrap_or(0)))
}

/// Whether somebody may look at a message (of a recipient: one for the own addresses). Both answers are noted.
pub(crate) async fn preview<G: Gate>(
    gate: &mut G,
    by: &By<'_>,
    record: &str,
) -> Result<Outcome<Held>, StoreError> {
    let row = match target(gate, by, record, &[]).await? {
        Ok((row, _)) => row,
        Err(refused) => return refuse(gate, by, Deed::Preview, record, refused).await,
    };
    if let Err(refused) = by.may(Deed::Preview, row.class, None) {
        return refuse(gate, by, Deed::Preview, record, refused).await;
    }
    gate.audit(&by.entry(Deed::Preview.name(), record)).await?;
    Ok(Ok(row.held()?))
}

/// The campaign of a message, found later.
pub(crate) async fn set_campaign<G: Gate>(
    gate: &mut G,
    record: &str,
    campaign: &str,
    now: i64,
) -> Result<bool, StoreError> {
    let Some(row) = gate.held_row(record).await? else { return Ok(false) };
    let campaign = clip(campaign);
    if row.campaign != campaign {
        gate.set_campaign(row.id, &campaign).await?;
        let mut entry = program("campaign", record, now);
        (entry.before, entry.after) = (json!(row.campaign), json!(campaign));
        gate.audit(&entry).await?;
    }
    Ok(true)
}
