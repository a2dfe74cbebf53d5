//! `sekisho held`: what is held, for people at a command line.
//!
//! Every command opens the store that `sekisho serve` uses, does one thing as somebody in a role, and says in one
//! sentence what came of it. What is refused is told with the next step and exit code 1; the store's audit notes it.
//! What is released goes out by the outbox of `sekisho serve`.

use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::{Context as _, Result, bail};
use sekisho_engine::kept;
use sekisho_record::{
    Class,
    quarantine::{Refused, Request, Role, State, Via},
};
use sekisho_store::{By, Bytes, Filter, HeldItem, Key, Outcome, Released, Reply, Rights, Store, StoreError};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    cli::{
        Level, World,
        held::{Actor, ActorRole, Held, HeldAnswer, HeldCommand, HeldList, HeldOne, Standing},
    },
    config::Config,
    memory::{self, Remember},
    progress::day,
    serve,
    words::{self, Words},
    world,
};

pub(crate) mod audit;
pub(crate) mod lockdown;
pub(crate) mod reload;
mod shown;

use shown::{clean, refusal};

/// Exit code of what was refused or not found.
const NO: u8 = 1;
/// Held messages that are asked for at a time.
const PAGE: usize = 200;

/// Who acts, on which store.
struct Session {
    config: Config,
    data: std::path::PathBuf,
    store: Store,
    runtime: Runtime,
    rights: Rights,
    who: String,
    role: Role,
    words: Words,
    json: bool,
}

impl Session {
    /// Opens the store that the arguments name; it must be there.
    ///
    /// # Errors
    /// When the configuration is wrong, or there is no such store.
    fn open(actor: &Actor) -> Result<Self> {
        let config = world::config(&World { config: actor.config.clone(), ..World::default() })?;
        let data = match (&actor.data, &config.store.url) {
            (Some(data), _) => data.clone(),
            (None, _) => serve::data_folder(None)?,
        };
        let url = memory::history_url(&config, Some(&data), Remember::Reads)?
            .context("which store? give --data DIR, or `url` below [store] in the configuration")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let store = runtime.block_on(Store::open(&url))?;
        let role = match actor.role {
            ActorRole::Administrator => Role::Administrator,
            ActorRole::Analyst => Role::Analyst,
            ActorRole::Reader => Role::Reader,
        };
        let who = actor.name.clone().unwrap_or_else(unix_user);
        if who.trim().is_empty() {
            bail!("--as needs a name");
        }
        let (rights, words) = (config.rights.table(), Words::new(&words::language()));
        Ok(Self { config, data, store, runtime, rights, who, role, words, json: actor.json })
    }

    fn by<'a>(&'a self, reason: &'a str) -> By<'a> {
        By {
            who: &self.who,
            role: self.role,
            via: Via::Cli,
            own: &[],
            rights: &self.rights,
            now: crate::now(),
            reason,
        }
    }

    fn wait<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T> {
        Ok(self.runtime.block_on(call)?)
    }

    /// Tells what was refused.
    fn refused(&self, refused: &Refused) -> Result<u8> {
        if self.json {
            println!("{}", json!({ "refused": refused }));
        }
        eprintln!("sekisho: {}", refusal(&self.words, refused, self.role));
        Ok(NO)
    }

    /// A text in the language of whoever reads it.
    fn say(&self, key: &str, arguments: &[(&str, &str)]) -> String {
        self.words.say(key, arguments)
    }

    /// Tells what there is no answer to; the exit code.
    fn nothing(&self, key: &str) -> u8 {
        eprintln!("sekisho: {}", self.say(key, &[]));
        NO
    }

    /// Tells what was done.
    fn done(&self, object: &Value, sentence: &str) -> Result<u8> {
        if self.json {
            println!("{object}");
        } else {
            println!("{sentence}");
        }
        Ok(0)
    }

    /// Where the bytes of held messages are.
    fn bytes(&self) -> Result<Bytes> {
        let keeper =
            memory::keeper(&self.config, Some(&self.data))?.context("no place of objects is named")?;
        let key = Key::read(&keeper.key).with_context(|| keeper.key.display().to_string())?;
        let bytes = Bytes::open(&keeper.objects, &std::collections::BTreeMap::new(), key)?;
        self.wait(self.store.fits(&bytes))?;
        Ok(bytes)
    }
}

/// Who runs this, by `/etc/passwd`; a user without an entry by its number.
fn unix_user() -> String {
    let uid = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut names = users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(&uid)).then(|| name.to_owned())
    });
    names.next().unwrap_or_else(|| format!("uid {uid}"))
}

fn class(level: Level) -> Class {
    match level {
        Level::Benign => Class::Benign,
        Level::Suspicious => Class::Suspicious,
        Level::Malicious => Class::Malicious,
    }
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// On wrong input, and when the store cannot be used.
pub(crate) fn run(args: &Held) -> Result<u8> {
    let session = Session::open(&args.actor)?;
    match &args.command {
        HeldCommand::List(wanted) => list(&session, wanted),
        HeldCommand::Show { record, raw } => show(&session, record, raw.as_deref()),
        HeldCommand::Release { one: HeldOne { record, to, reason }, banner } => {
            let outcome = session.wait(session.store.release(&session.by(reason), record, to, *banner))?;
            released(&session, record, outcome)
        }
        HeldCommand::Delete(HeldOne { record, to, reason }) => {
            match session.wait(session.store.delete(&session.by(reason), record, to))? {
                Ok(count) => session.done(
                    &json!({ "record": record, "deleted": count }),
                    &session.say("held-deleted", &[("count", &count.to_string())]),
                ),
                Err(refused) => session.refused(&refused),
            }
        }
        HeldCommand::Requests { all } => requests(&session, *all),
        HeldCommand::Answer(answer) => reply(&session, answer),
    }
}

fn list(session: &Session, wanted: &HeldList) -> Result<u8> {
    let filter = Filter {
        class: wanted.class.map(class),
        state: wanted.state.map(|state| match state {
            Standing::Held => State::Held,
            Standing::Requested => State::Requested,
            Standing::Released => State::Released,
            Standing::Deleted => State::Deleted,
        }),
        since: wanted.since.as_deref().map(|text| day("--since", text)).transpose()?,
        recipient: wanted.recipient.clone(),
        sender: wanted.sender.clone(),
        words: wanted.text.clone(),
        ..Filter::default()
    };
    let (mut after, mut count) = (None, 0);
    while count < wanted.limit {
        let size = (wanted.limit - count).min(PAGE);
        let page = session.wait(session.store.held(&filter, after, size))?;
        for item in &page.items {
            if session.json {
                println!("{}", object(item)?);
            } else {
                print!("{}", shown::line(&session.words, item));
            }
        }
        count += page.items.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if count == 0 {
        return Ok(session.nothing("held-nothing"));
    }
    if after.is_some() {
        eprintln!("sekisho: {}", session.say("held-more", &[]));
    }
    Ok(0)
}

/// A held message as JSON: its fields, `states` and how many recipients it has in all.
fn object(item: &HeldItem) -> Result<Value> {
    let mut out = serde_json::to_value(&item.held)?;
    if let Some(fields) = out.as_object_mut() {
        fields.insert("states".to_owned(), serde_json::to_value(&item.states)?);
        fields.insert("recipients_count".to_owned(), item.recipients.into());
    }
    Ok(out)
}

fn show(session: &Session, record: &str, raw: Option<&Path>) -> Result<u8> {
    let Some(item) = session.wait(session.store.held_record(record))? else {
        return session.refused(&Refused::Unknown);
    };
    let requests = session.wait(session.store.requests_for(record))?;
    if let Some(path) = raw {
        let held = match session.wait(session.store.preview(&session.by(""), record))? {
            Ok(held) => held,
            Err(refused) => return session.refused(&refused),
        };
        let bytes = session.bytes()?;
        let Some(content) = session.wait(bytes.get(&held.address))? else {
            bail!("the bytes of {record} are not in the object store any more");
        };
        let message = kept::unpack(content).map_err(|why| anyhow::anyhow!("{record} {why}"))?;
        write_new(path, message.raw()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if session.json {
        let mut out = object(&item)?;
        if let Some(fields) = out.as_object_mut() {
            fields.insert("requests".to_owned(), serde_json::to_value(&requests)?);
        }
        println!("{out}");
    } else {
        print!("{}", shown::page(&session.words, &item, &requests));
    }
    Ok(0)
}

/// A file for its owner only, which must not be there: it may be malware, and overwrites nothing.
fn write_new(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)
}

fn released(session: &Session, record: &str, outcome: Outcome<Released>) -> Result<u8> {
    let Released { queued, already } = match outcome {
        Ok(released) => released,
        Err(refused) => return session.refused(&refused),
    };
    if session.config.release.next.is_none() {
        eprintln!("sekisho: {}", session.say("held-no-way", &[]));
    }
    let (count, before) = (queued.len().to_string(), clean(&already.join(", ")));
    let key = if already.is_empty() { "held-released" } else { "held-released-before" };
    let sentence = session.say(key, &[("count", &count), ("before", &before)]);
    session.done(&json!({ "record": record, "queued": queued, "already": already }), &sentence)
}

fn requests(session: &Session, all: bool) -> Result<u8> {
    let (mut after, mut count) = (0, 0);
    loop {
        let page = session.wait(session.store.requests(!all, after))?;
        let Some(last) = page.last() else { break };
        after = last.id;
        count += page.len();
        for request in &page {
            told(session, request)?;
        }
    }
    if count == 0 {
        return Ok(session.nothing("held-no-requests"));
    }
    Ok(0)
}

fn told(session: &Session, request: &Request) -> Result<()> {
    if session.json {
        println!("{}", serde_json::to_string(request)?);
    } else {
        print!("{}", shown::request(&session.words, request));
    }
    Ok(())
}

fn reply(session: &Session, answer: &HeldAnswer) -> Result<u8> {
    let HeldAnswer { request, release, words, banner, .. } = answer;
    let how = if *release { Reply::Release { banner: *banner } } else { Reply::Refuse };
    let outcome = session.wait(session.store.answer_request(&session.by(words), *request, how, words))?;
    match (outcome, release) {
        (Err(refused), _) => session.refused(&refused),
        (outcome, true) => released(session, &format!("request {request}"), outcome),
        (Ok(_), false) => session.done(
            &json!({ "request": request, "answer": "refused" }),
            &session.say("held-request-refused", &[("request", &request.to_string())]),
        ),
    }
}
