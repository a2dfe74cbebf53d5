//! `sekisho lockdown`: taking the right to release away from everybody, and giving it back.

use anyhow::{Context as _, Result, bail};
use sekisho_record::quarantine::Scope;
use sekisho_store::{Lifted, StoreError};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Session, class, shown};
use crate::cli::held::{Lockdown, LockdownCommand, Order};

/// Runs the command; returns the exit code.
///
/// # Errors
/// On wrong input, and when the store cannot be used.
pub(crate) fn run(args: &Lockdown) -> Result<u8> {
    let session = Session::open(&args.actor)?;
    match &args.command {
        LockdownCommand::Order(wanted) => order(&session, wanted),
        LockdownCommand::List { all } => list(&session, *all),
        LockdownCommand::Lift { id, reason } => lift(&session, id, reason),
    }
}

fn order(session: &Session, wanted: &Order) -> Result<u8> {
    if wanted.reason.trim().is_empty() {
        bail!("--reason needs words: whoever is refused is told them");
    }
    let by = session.by(&wanted.reason);
    let until = match (&wanted.until, wanted.hours) {
        (Some(text), _) => Some(instant(text)?),
        (None, Some(hours)) => Some(by.now.saturating_add(i64::from(hours).saturating_mul(3_600))),
        (None, None) => None,
    };
    let scope = scope(wanted);
    match session.runtime.block_on(session.store.lock(&by, &scope, until)) {
        Ok(Ok(lockdown)) => session.done(
            &serde_json::to_value(&lockdown)?,
            &session.say("lockdown-ordered", &[("id", &lockdown.id)]),
        ),
        Ok(Err(refused)) => session.refused(&refused),
        Err(StoreError::Limit(why)) => bail!("no such lockdown can be ordered: {why}"),
        Err(error) => Err(error.into()),
    }
}

fn scope(wanted: &Order) -> Scope {
    let Order { class: level, group, domain, campaign, record, .. } = wanted;
    if let Some(level) = level {
        Scope::Class { class: class(*level) }
    } else if let Some(name) = group {
        Scope::Group { name: name.clone() }
    } else if let Some(name) = domain {
        Scope::Domain { name: name.clone() }
    } else if let Some(id) = campaign {
        Scope::Campaign { id: id.clone() }
    } else if record.is_empty() {
        Scope::Everything
    } else {
        Scope::Records { ids: record.clone() }
    }
}

/// A point in time that a person wrote.
fn instant(text: &str) -> Result<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339);
    let time = time.map_err(|why| anyhow::anyhow!("{why}"));
    Ok(time
        .with_context(|| format!("--until {text}: give a time as 2026-12-01T08:00:00+09:00"))?
        .unix_timestamp())
}

fn list(session: &Session, all: bool) -> Result<u8> {
    let now = crate::now();
    let (mut before, mut count) = (None, 0);
    loop {
        let (page, next) = if all {
            session.wait(session.store.lockdowns(before))?
        } else {
            (session.wait(session.store.locks(now))?, None)
        };
        count += page.len();
        for one in &page {
            if session.json {
                println!("{}", serde_json::to_string(one)?);
            } else {
                print!("{}", shown::lockdown(&session.words, one, now));
            }
        }
        before = next;
        if before.is_none() {
            break;
        }
    }
    if count == 0 {
        return Ok(session.nothing("lockdown-none"));
    }
    Ok(0)
}

fn lift(session: &Session, id: &str, reason: &str) -> Result<u8> {
    let (word, key) = match session.wait(session.store.lift(&session.by(reason), id))? {
        Ok(Lifted::First) => ("first", "lift-first"),
        Ok(Lifted::Now) => ("lifted", "lift-now"),
        Ok(Lifted::Over) => ("over", "lift-over"),
        Err(refused) => return session.refused(&refused),
    };
    session.done(&json!({ "lockdown": id, "lift": word }), &session.say(key, &[("id", id)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_its_offset_and_a_day_is_refused() {
        assert_eq!(instant("1970-01-01T09:00:01+09:00").unwrap(), 1);
        let error = format!("{:#}", instant("2026-12-01").unwrap_err());
        assert!(error.starts_with("--until 2026-12-01: give a time as "), "{error}");
    }
}
