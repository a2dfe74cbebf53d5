//! Lockdowns: ordering, lifting, and what they cover.

use sekisho_record::quarantine::{Deed, Lift, Lockdown, Mark, Refused, Scope};
use serde_json::json;

use super::{
    By, ForRow, HeldRow, Lifted, Outcome, class, class_number, fold, from_json, program, small,
    statements::{Gate, LockColumns},
    steps::refuse,
    words,
};
use crate::{StoreError, limits, text::clip};

/// The lockdown that covers a message for one of these recipients, if one holds at that time: the oldest.
pub(crate) async fn covering<G: Gate>(
    gate: &mut G,
    row: &HeldRow,
    all: &[ForRow],
    now: i64,
) -> Result<Option<Lockdown>, StoreError> {
    for columns in gate.locks(Some(&row.record), now).await? {
        if covers(&columns.1, &columns.2, row, all)? {
            return Ok(Some(lockdown(columns, Vec::new())?));
        }
    }
    Ok(None)
}

/// Whether a lockdown of that kind covers the message for one of the recipients. Of records, the statement has looked.
fn covers(kind: &str, value: &str, row: &HeldRow, all: &[ForRow]) -> Result<bool, StoreError> {
    Ok(match kind {
        "everything" | "records" => true,
        "class" => from_json::<i64>(value)? == class_number(row.class),
        "campaign" => row.campaign == value,
        "group" => all.iter().any(|one| one.groups.iter().any(|group| group == value)),
        "domain" => all.iter().any(|one| domain(&one.address) == Some(value.to_owned())),
        // One of a newer version: rather too much than too little.
        _ => true,
    })
}

/// The domain of an address, however it is spelt.
fn domain(address: &str) -> Option<String> {
    let (_, domain) = address.rsplit_once('@')?;
    Some(fold(domain).trim_end_matches('.').to_owned())
}

/// Kind and value, as the columns have them, and records.
fn columns(scope: &Scope) -> Result<(&'static str, String, Vec<String>), StoreError> {
    let wrong = |what: &str| StoreError::Limit(format!("a lockdown of {what}"));
    let text = |text: &str| if text.is_empty() { Err(wrong("nothing")) } else { Ok(text.to_owned()) };
    Ok(match scope {
        Scope::Everything => ("everything", String::new(), Vec::new()),
        Scope::Class { class } => ("class", class_number(*class).to_string(), Vec::new()),
        Scope::Campaign { id } => ("campaign", text(&clip(id))?, Vec::new()),
        Scope::Group { name } => ("group", text(&clip(&fold(name)))?, Vec::new()),
        Scope::Domain { name } => {
            ("domain", text(fold(name).trim_start_matches('@').trim_end_matches('.'))?, Vec::new())
        }
        Scope::Records { ids } if ids.len() > limits::LOCKED_RECORDS_MAX => {
            return Err(wrong(&format!("{} records", ids.len())));
        }
        Scope::Records { ids } if ids.is_empty() => return Err(wrong("nothing")),
        Scope::Records { ids } => {
            let ids: std::collections::BTreeSet<String> = ids.iter().map(|id| clip(id)).collect();
            ("records", String::new(), ids.into_iter().collect())
        }
    })
}

/// A lockdown that is ready to be stored: its columns and records.
pub(crate) fn planned(
    by: &By<'_>,
    id: &str,
    scope: &Scope,
    until: Option<i64>,
) -> Result<(LockColumns, Vec<String>), StoreError> {
    if by.reason.trim().is_empty() {
        return Err(StoreError::Limit("a lockdown without a reason".to_owned()));
    }
    if until.is_some_and(|until| until <= by.now) {
        return Err(StoreError::Limit("a lockdown that ends before it begins".to_owned()));
    }
    let (kind, value, records) = columns(scope)?;
    let (kind, id) = (kind.to_owned(), id.to_owned());
    let row = (id, kind, value, words(by.reason), clip(by.who), by.now, until, None, None, None, None, None);
    Ok((row, records))
}

/// Orders a lockdown. Releases that are under way end before; all others are refused from its commit on.
pub(crate) async fn lock<G: Gate>(
    gate: &mut G,
    by: &By<'_>,
    (row, records): &(LockColumns, Vec<String>),
) -> Result<Outcome<Lockdown>, StoreError> {
    gate.shut().await?;
    expire(gate, by.now).await?;
    if let Err(refused) = by.may(Deed::Lock, sekisho_record::Class::Benign, None) {
        return refuse(gate, by, Deed::Lock, &row.0, refused).await;
    }
    let known = gate.lock_row(&row.0).await?.is_some();
    if !known && gate.locks(None, by.now).await?.len() >= limits::LOCKDOWNS_MAX {
        return refuse(gate, by, Deed::Lock, &row.0, Refused::Limit).await;
    }
    let lockdown = lockdown(row.clone(), records.clone())?;
    if gate.add_lock(row, records).await? {
        let mut entry = by.entry(Deed::Lock.name(), &row.0);
        entry.after = small(json!({ "scope": lockdown.scope, "until": lockdown.until }));
        gate.audit(&entry).await?;
    }
    Ok(Ok(lockdown))
}

/// Notes that somebody wants a lockdown lifted; the second, who must be another, lifts it.
pub(crate) async fn lift<G: Gate>(
    gate: &mut G,
    by: &By<'_>,
    id: &str,
) -> Result<Outcome<Lifted>, StoreError> {
    gate.shut().await?;
    expire(gate, by.now).await?;
    if let Err(refused) = by.may(Deed::Lift, sekisho_record::Class::Benign, None) {
        return refuse(gate, by, Deed::Lift, id, refused).await;
    }
    let Some(row) = gate.lock_row(id).await? else {
        return refuse(gate, by, Deed::Lift, id, Refused::Unknown).await;
    };
    let lockdown = lockdown(row, Vec::new())?;
    if lockdown.lift.second.is_some() || lockdown.lift.expired.is_some() {
        return Ok(Ok(Lifted::Over));
    }
    let who = clip(by.who);
    let mut entry = by.entry(Deed::Lift.name(), id);
    let out = match &lockdown.lift.first {
        None => {
            gate.lift_first(id, &who, by.now).await?;
            entry.after = json!({ "first": who });
            Lifted::First
        }
        // The same call again, whose answer was lost.
        Some(first) if fold(&first.by) == fold(&who) && first.at == by.now => return Ok(Ok(Lifted::First)),
        Some(first) if fold(&first.by) == fold(&who) => {
            return refuse(gate, by, Deed::Lift, id, Refused::Same).await;
        }
        Some(first) => {
            gate.lift_second(id, &who, by.now).await?;
            entry.before = json!({ "first": first.by });
            entry.after = json!({ "second": who });
            Lifted::Now
        }
    };
    gate.audit(&entry).await?;
    Ok(Ok(out))
}

/// Ends lockdowns whose time is over, each with its entry. They hold no more without this, too.
pub(crate) async fn expire<G: Gate>(gate: &mut G, now: i64) -> Result<u64, StoreError> {
    let mut over = gate.expire(now).await?;
    over.sort_unstable();
    for id in &over {
        gate.audit(&program("expire", id, now)).await?;
    }
    Ok(u64::try_from(over.len()).unwrap_or(0))
}

/// Lockdowns that hold at that time, in their order.
pub(crate) async fn holding<G: Gate>(gate: &mut G, now: i64) -> Result<Vec<Lockdown>, StoreError> {
    let mut out = Vec::new();
    for columns in gate.locks(None, now).await? {
        out.push(with_records(gate, columns).await?);
    }
    Ok(out)
}

/// All that there were, newest first, and the number behind which the next page begins.
pub(crate) async fn page<G: Gate>(
    gate: &mut G,
    before: i64,
    limit: i64,
) -> Result<(Vec<Lockdown>, Option<i64>), StoreError> {
    let list = gate.lock_list(before, limit).await?;
    let full = i64::try_from(list.len()).unwrap_or(0) >= limit;
    let next = list.last().filter(|_| full).map(|(number, _)| *number);
    let mut out = Vec::new();
    for (_, id) in list {
        if let Some(columns) = gate.lock_row(&id).await? {
            out.push(with_records(gate, columns).await?);
        }
    }
    Ok((out, next))
}

async fn with_records<G: Gate>(gate: &mut G, columns: LockColumns) -> Result<Lockdown, StoreError> {
    let records = if columns.1 == "records" { gate.locked_records(&columns.0).await? } else { Vec::new() };
    lockdown(columns, records)
}

/// A lockdown as it is told.
fn lockdown(columns: LockColumns, ids: Vec<String>) -> Result<Lockdown, StoreError> {
    let (id, kind, value, reason, by, since, until, first_by, first_at, second_by, second_at, expired) =
        columns;
    let scope = match kind.as_str() {
        "class" => Scope::Class { class: class(from_json(&value)?)? },
        "campaign" => Scope::Campaign { id: value },
        "group" => Scope::Group { name: value },
        "domain" => Scope::Domain { name: value },
        "records" => Scope::Records { ids },
        _ => Scope::Everything,
    };
    let mark = |by: Option<String>, at: Option<i64>| by.zip(at).map(|(by, at)| Mark { by, at });
    let lift = Lift { first: mark(first_by, first_at), second: mark(second_by, second_at), expired };
    Ok(Lockdown { id, scope, reason, by, since, until, lift })
}

#[cfg(test)]
mod tests {
    use sekisho_record::{Class, quarantine::State};

    use super::*;

    fn check(scope: Scope, class: Class, campaign: &str, recipient: &str, groups: &[&str]) -> bool {
        let (kind, value, _) = columns(&scope).unwrap();
        let campaign = campaign.to_owned();
        let row = HeldRow {
            id: 1,
            record: "r".into(),
            class,
            campaign,
            address: String::new(),
            data: String::new(),
        };
        let groups = groups.iter().map(|g| fold(g)).collect();
        let one =
            ForRow { place: 0, address: recipient.into(), key: String::new(), groups, state: State::Held };
        covers(kind, &value, &row, &[one]).unwrap()
    }

    #[test]
    fn a_lockdown_covers_what_it_names_and_nothing_else() {
        let mut out = String::new();
        for scope in [
            Scope::Everything,
            Scope::Class { class: Class::Malicious },
            Scope::Campaign { id: "c1".into() },
            Scope::Group { name: "Finance".into() },
            Scope::Domain { name: "Here.Example".into() },
        ] {
            let answers = [
                check(scope.clone(), Class::Malicious, "c1", "Me@HERE.example.", &["finance"]),
                check(scope.clone(), Class::Suspicious, "c2", "me@sub.here.example", &["finances"]),
                check(scope.clone(), Class::Benign, "", "me", &[]),
            ];
            out.push_str(&format!("{}: {answers:?}\n", columns(&scope).unwrap().0));
        }
        insta::assert_snapshot!(out, @r"
        everything: [true, true, true]
        class: [true, false, false]
        campaign: [true, false, false]
        group: [true, false, false]
        domain: [true, false, false]
        ");
        assert!(
            covers(
                "planet",
                "",
                &HeldRow {
                    id: 1,
                    record: String::new(),
                    class: Class::Benign,
                    campaign: String::new(),
                    address: String::new(),
                    data: String::new()
                },
                &[]
            )
            .unwrap()
        );
        assert!(columns(&Scope::Group { name: String::new() }).is_err());
        assert!(columns(&Scope::Records { ids: vec![] }).is_err());
    }
}
