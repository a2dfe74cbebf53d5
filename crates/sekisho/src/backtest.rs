//! `sekisho backtest`: what rules would do to the messages that are kept.

mod tally;

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::Write as _,
    sync::{Mutex, PoisonError, mpsc},
};

use anyhow::{Result, bail};
use sekisho_engine::{
    Shelf,
    case::masked,
    kept::{Entry, Message, Wanted},
};
use sekisho_record::{Class, Record};
use serde_json::json;

use self::tally::{Found, Tallies};
use crate::{
    cli::{self, Level},
    explain::cut,
    judges::{Judged, Judges, Want},
    memory::{Remember, history_url, keeper},
    progress::{Progress, Unit, day},
    world,
};

/// Characters of a subject that are listed.
const SUBJECT_CHARS_MAX: usize = 60;
/// Reasons for which messages could not be read that are printed; the rest is counted.
const REASONS_MAX: usize = 20;
const SECONDS_A_DAY: i64 = 86_400;

/// Runs the command and gives the exit code.
///
/// # Errors
/// For arguments, configuration and rules that are wrong, and when nothing is kept or the key does not open it.
pub(crate) fn run(args: &cli::Backtest) -> Result<u8> {
    let setting = setting(args);
    let config = world::config(&setting)?;
    let sources = world::named(&args.rules)?;
    // A rule that is wrong is told here, in the words of this process.
    world::compile(sources.clone(), &config)?;
    let data = args.memory.data.as_deref();
    let Some(url) = history_url(&config, data, Remember::Reads)? else {
        bail!("which messages? give --data DIR, or `url` below [store] in the configuration");
    };
    let Some(keeper) = keeper(&config, data)? else {
        bail!("which messages? give --data DIR, or `objects` below [store] in the configuration");
    };
    let shelf = Shelf::open(&url, &keeper)?;
    let wanted = wanted(args)?;
    let all = shelf.count(&wanted)?;
    if all == 0 {
        eprintln!("sekisho: no message is kept that was asked for; `sekisho replay` keeps what it judges");
    }
    let threads = args
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
        .clamp(1, 64);
    let judges = Judges::again(&setting, &args.rules, args.place, threads)?;
    let mut tallies = Tallies::new(sources, args.show);
    let mut progress = Progress::new(args.quiet, args.progress, all, Unit::Objects);
    let work = Work { shelf: &shelf, judges: &judges, list: args.show > 0, known: Mutex::default() };
    work.all(threads, &wanted, &mut |index, entry, outcomes| {
        progress.advance(1);
        outcomes.into_iter().for_each(|outcome| match outcome {
            Outcome::Judged(judged, record) => tallies.note(&found(index, entry, record), judged),
            Outcome::Unread(why) => {
                tallies.unread += 1;
                if tallies.unread <= REASONS_MAX as u64 {
                    eprintln!("sekisho: not judged: {why}");
                }
            }
            Outcome::Copy => tallies.copies += 1,
        });
    })?;
    progress.finish();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    // A reader that went away is no error of ours.
    let _ = tallies.print(&mut out, args.json).and_then(|()| out.flush());
    if !args.quiet {
        eprintln!("{}", tallies.summary());
    }
    Ok(match (tallies.fired(), tallies.unread) {
        (true, _) => 1,
        (false, 0) => 0,
        (false, _) => crate::USAGE,
    })
}

/// The world in which messages are judged again.
fn setting(args: &cli::Backtest) -> cli::World {
    cli::World {
        config: args.config.clone(),
        lists: args.lists.clone(),
        yara: args.yara.clone(),
        believe: args.believe.clone(),
        believe_unnamed: args.believe_unnamed,
        ..cli::World::default()
    }
}

fn wanted(args: &cli::Backtest) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    if let Some(text) = &args.since {
        wanted.since = day("--since", text)?;
    }
    if let Some(text) = &args.until {
        wanted.until = day("--until", text)?.saturating_add(SECONDS_A_DAY);
    }
    if !args.class.is_empty() {
        let level = |class: &Class| match class {
            Class::Benign => Level::Benign,
            Class::Suspicious => Level::Suspicious,
            Class::Malicious => Level::Malicious,
        };
        wanted.classes.retain(|class| args.class.contains(&level(class)));
    }
    Ok(wanted)
}

fn found(index: u64, entry: &Entry, record: String) -> Found {
    Found { index, at: entry.at, class: entry.class, record }
}

/// What came of one kept message.
enum Outcome {
    /// It was judged; the id of its record.
    Judged(Box<Judged>, String),
    /// It could not be read, for this reason.
    Unread(String),
    /// The same record was kept before: a replay was interrupted and went on.
    Copy,
}

/// What the threads share.
struct Work<'a> {
    shelf: &'a Shelf,
    judges: &'a Judges,
    list: bool,
    /// Hashes of the records that were met.
    known: Mutex<HashSet<u64>>,
}

impl Work<'_> {
    /// Judges all that is wanted, and tells what came of each.
    fn all(
        &self,
        threads: usize,
        wanted: &Wanted,
        tell: &mut dyn FnMut(u64, &Entry, Vec<Outcome>),
    ) -> Result<()> {
        let (orders, taken) = mpsc::sync_channel::<(u64, Entry)>(threads * 2);
        let (results, told) = mpsc::sync_channel::<(u64, Entry, Vec<Outcome>)>(threads * 4);
        let taken = Mutex::new(taken);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let (results, taken) = (results.clone(), &taken);
                scope.spawn(move || {
                    loop {
                        let order = taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok((index, entry)) = order else { break };
                        let outcomes = self.object(&entry);
                        if results.send((index, entry, outcomes)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(results);
            let feeder = scope.spawn(move || {
                for (index, entry) in (0..).zip(self.shelf.entries(wanted)) {
                    if orders.send((index, entry?)).is_err() {
                        break;
                    }
                }
                Ok::<(), sekisho_engine::Error>(())
            });
            for (index, entry, outcomes) in told {
                tell(index, &entry, outcomes);
            }
            match feeder.join() {
                Ok(result) => Ok(result?),
                Err(_) => bail!("the list of kept messages could not be read to its end"),
            }
        })
    }

    /// What came of the messages of one object, in their order.
    fn object(&self, entry: &Entry) -> Vec<Outcome> {
        match self.shelf.read(&entry.address) {
            Ok(messages) => messages.iter().map(|message| self.one(message)).collect(),
            Err(why) => vec![Outcome::Unread(why)],
        }
    }

    fn one(&self, message: &Message) -> Outcome {
        let mut hash = DefaultHasher::new();
        message.head.record.hash(&mut hash);
        if !self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(hash.finish()) {
            return Outcome::Copy;
        }
        let want = if self.list { Want::Listing } else { Want::Verdict };
        let judged = self.judges.judge_again(message, &want);
        Outcome::Judged(Box::new(judged), message.head.record.to_string())
    }
}

/// Who wrote a message and about what, masked, as JSON; made where the message is read.
#[must_use]
pub(crate) fn listing(record: &Record) -> String {
    let model = &record.evidence.model;
    let author = model.sender.email.as_ref().map_or("", |e| e.email.as_str());
    let subject = model.subject.subject.as_deref().unwrap_or_default();
    let words = subject.split_whitespace().take(SUBJECT_CHARS_MAX);
    let words: Vec<String> =
        words.map(|word| if word.contains('@') { masked(word) } else { word.to_owned() }).collect();
    json!({ "author": cut(&masked(author), 80), "subject": cut(&words.join(" "), SUBJECT_CHARS_MAX) })
        .to_string()
}
