//! The corpus' hijacked and ordinary replies, judged without history and with it.
//!
//! Each folder `reply-chain/NNNN` holds a conversation (`history-1.eml`, …) and two messages that could follow:
//! `attack.eml` and `benign.eml`. Cold, the organisation has just installed Sekisho. Warm, every conversation was
//! learnt in the order of its dates up to the message that is judged; what is judged is not learnt, since only one of
//! the two can have come.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use sekisho_engine::{Desk, Engine, Nobody};
use sekisho_record::{Class, Record, Submission};

use crate::bench::engine_at;

/// What is counted of one kind of message.
#[derive(Default)]
struct Count {
    messages: usize,
    suspicious: usize,
    malicious: usize,
}

impl Count {
    fn add(&mut self, class: Class) {
        self.messages += 1;
        self.suspicious += usize::from(class >= Class::Suspicious);
        self.malicious += usize::from(class >= Class::Malicious);
    }
}

/// One message of a folder.
struct Mail {
    at: i64,
    folder: PathBuf,
    file: String,
    raw: Vec<u8>,
}

/// One line of `--list` for every judgement.
type Listed<'a> = &'a mut dyn FnMut(&str, &str, &Record);

/// Judges every folder twice and prints the figures; does nothing when the corpus has no such folder.
pub(crate) fn run(corpus: &Path, rules: Option<&Path>, json: bool, list: Listed<'_>) -> Result<()> {
    let mails = read(&corpus.join("reply-chain"))?;
    if mails.is_empty() {
        return Ok(());
    }
    if !json {
        println!(
            "\n{:<28} {:>6} {:>14} {:>14}",
            "replies in real threads", "mails", "suspicious+", "malicious"
        );
    }
    for warm in [false, true] {
        let name = if warm { "warm" } else { "cold" };
        let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
        judge(&mails, rules, warm, &mut |mail, record| {
            let kind = mail.file.trim_end_matches(".eml");
            let kind = if kind == "attack" { "attack" } else { "benign" };
            counts.entry(kind).or_default().add(record.verdict.class);
            let folder = mail.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            list(&format!("reply-chain/{folder}/{}", mail.file), name, record);
        })?;
        for (kind, count) in counts {
            print(name, kind, &count, json);
        }
    }
    Ok(())
}

/// Learns the conversations if `warm`, and gives the verdict of every message that could follow.
fn judge(
    mails: &[Mail],
    rules: Option<&Path>,
    warm: bool,
    each: &mut dyn FnMut(&Mail, &Record),
) -> Result<()> {
    let store = warm.then(tempfile::tempdir).transpose().context("no temporary folder for the history")?;
    let mut engines: BTreeMap<String, Engine> = BTreeMap::new();
    for mail in mails {
        let history = mail.file.starts_with("history");
        if history && !warm {
            continue;
        }
        let domain = domain_of(&mail.folder)?;
        let engine = match engines.entry(domain) {
            std::collections::btree_map::Entry::Occupied(found) => found.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => {
                let engine = engine_at(free.key(), rules, &[], &[])?;
                let desk = Desk::new(Box::new(Nobody), std::time::Duration::ZERO);
                let desk = match &store {
                    Some(store) => {
                        desk.remembering(&format!("sqlite:{}", store.path().join("history.db").display()))?
                    }
                    None => desk,
                };
                free.insert(engine.with_desk(desk))
            }
        };
        let name = mail.folder.join(&mail.file).to_string_lossy().into_owned();
        let record = engine.scan(&Submission { record: &name, ..Submission::from_bytes(&mail.raw) });
        if history {
            engine.learn(record.lesson.into_iter().collect())?;
        } else {
            each(mail, &record);
        }
    }
    Ok(())
}

fn print(name: &str, kind: &str, count: &Count, json: bool) {
    let share = |n: usize| 100.0 * n as f64 / count.messages.max(1) as f64;
    if json {
        let line = serde_json::json!({
            "source": format!("reply_chain_{kind}"), "history": name, "messages": count.messages,
            "suspicious": count.suspicious, "malicious": count.malicious,
        });
        println!("{line}");
        return;
    }
    println!(
        "{:<28} {:>6} {:>5} {:>6.2} % {:>5} {:>6.2} %",
        format!("{kind}, history {name}"),
        count.messages,
        count.suspicious,
        share(count.suspicious),
        count.malicious,
        share(count.malicious)
    );
}

/// Every message of every folder, in the order of its date; of the same second, conversations first.
fn read(folder: &Path) -> Result<Vec<Mail>> {
    let mut mails = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(mails) };
    for entry in entries.flatten().filter(|e| e.path().is_dir()) {
        for file in std::fs::read_dir(entry.path())?.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if name.ends_with(".eml") {
                let raw = std::fs::read(file.path())?;
                let at = sekisho_mail::parse(&raw).date.unwrap_or_default();
                mails.push(Mail { at, folder: entry.path(), file: name, raw });
            }
        }
    }
    mails.sort_by_key(|m| (m.at, !m.file.starts_with("history"), m.folder.clone(), m.file.clone()));
    Ok(mails)
}

/// The domain of the organisation that receives the message.
fn domain_of(folder: &Path) -> Result<String> {
    let path = folder.join("meta.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let meta: serde_json::Value = serde_json::from_str(&text)?;
    Ok(meta.get("internal_domain").and_then(|d| d.as_str()).unwrap_or_default().to_owned())
}
