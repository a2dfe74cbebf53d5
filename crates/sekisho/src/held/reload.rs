//! `sekisho reload`: has every running server read its configuration again, and tells what came of it.
//!
//! It asks by the store that the servers share, as another node does: no port and no signal is needed, and a server on
//! another machine hears it, too. The answers are the entries of the audit.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::Result;
use sekisho_record::quarantine::{AuditEntry, Deed, Refused, Role};
use sekisho_store::AuditFilter;

use super::{NO, Session, shown};
use crate::{cli::held::Reload, serve::reload};

/// How often it is looked for answers.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long other nodes may take longer than the first: they look every few seconds, and start workers.
const OTHERS: Duration = Duration::from_secs(8);

/// Runs the command; returns the exit code.
///
/// # Errors
/// On wrong input, and when the store cannot be used.
pub(crate) fn run(args: &Reload) -> Result<u8> {
    let session = Session::open(&args.actor)?;
    // Whoever may order a lockdown answers for the organisation.
    if session.role != Role::Administrator
        && !session.rights.allows(session.role, Deed::Lock, sekisho_record::Class::Benign)
    {
        return session.refused(&Refused::Role);
    }
    let generation = session.wait(session.store.next_generation(&session.who))?.number;
    let mut end = Instant::now() + Duration::from_secs(args.wait);
    let (mut heard, mut refused) = (BTreeSet::new(), false);
    while Instant::now() < end {
        for entry in answers(&session, generation)? {
            if !heard.insert(entry.id) {
                continue;
            }
            if heard.len() == 1 {
                end = end.min(Instant::now() + OTHERS);
            }
            refused |= entry.what == reload::REFUSED;
            tell(&session, &entry)?;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    if heard.is_empty() {
        return Ok(session.nothing("reload-nobody"));
    }
    Ok(if refused { NO } else { 0 })
}

/// What servers have noted of this generation.
fn answers(session: &Session, generation: u64) -> Result<Vec<AuditEntry>> {
    let filter = AuditFilter { on: reload::ON.to_owned(), ..AuditFilter::default() };
    let mut entries = session.wait(session.store.audit(&filter, None))?;
    entries.retain(|entry| entry.after["generation"].as_u64() == Some(generation));
    entries.reverse();
    Ok(entries)
}

fn tell(session: &Session, entry: &AuditEntry) -> Result<()> {
    if session.json {
        println!("{}", serde_json::to_string(entry)?);
        return Ok(());
    }
    let words = &session.words;
    let text = |value: &serde_json::Value| shown::clean(value.as_str().unwrap_or_default());
    let node = text(&entry.after["node"]);
    if entry.what == reload::REFUSED {
        let why = shown::clean(&entry.reason);
        println!("{}", words.say("reload-refused", &[("node", &node), ("why", &why)]));
        return Ok(());
    }
    let same = entry.before["configuration"] == entry.after["configuration"]
        && entry.before["rules"] == entry.after["rules"];
    let key = if same { "reload-same" } else { "reload-done" };
    println!("{}", words.say(key, &[("node", &node)]));
    let restart: Vec<String> = entry.after["restart"].as_array().into_iter().flatten().map(text).collect();
    if !restart.is_empty() {
        println!("{}", words.say("reload-restart", &[("node", &node), ("keys", &restart.join(", "))]));
    }
    Ok(())
}
