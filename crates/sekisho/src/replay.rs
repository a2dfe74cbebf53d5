//! `sekisho replay`: feeds an archive in the order of arrival, as if it came in live, and learns as it goes.

use std::{
    io::{BufWriter, Write as _},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use sekisho_engine::{Desk, Error, kept::Keep};
use sekisho_record::{Submission, history::Lesson};

use crate::{
    archive::{Archive, Place},
    cli, input,
    judges::{Judges, Want},
    progress::{Progress, Unit},
    scan::{self, Line, Outcome},
    sweep::{self, Calendar},
    world::{self, Remember},
};

/// Records of which it is asked at once whether they have been learnt.
const ASKED_AT_ONCE: usize = 500;
/// Nobody waits for the mail of an archive, so history may take its time.
const PATIENCE: Duration = Duration::from_secs(20);
/// Pauses between tries of keeping and learning, in seconds, while the store is away.
const PAUSES: [u64; 5] = [1, 2, 5, 10, 20];

/// Runs the command; the worst class that was seen decides the exit code.
///
/// # Errors
/// For arguments, configuration and rules that are wrong, and when history does not learn. A message that cannot be read
/// is reported and counted, and the rest goes on.
pub(crate) fn run(args: &cli::Replay) -> Result<Outcome> {
    let files = files(args)?;
    let batch = args.batch.clamp(1, 64);
    let config = world::config(&args.world)?;
    let desk = world::desk_with(&config, args.memory.data.as_deref(), Remember::Learns)?
        .with_history_deadline(PATIENCE);
    if !desk.remembers() {
        bail!("a replay needs a place to remember: --data DIR, or `url` below [store] in the configuration");
    }
    let judges = Judges::with_desk(&args.world, &config, desk, args.place, batch)?;
    let (archive, due) = look_through(args, files, judges.desk())?;
    let mut outcome = Outcome::default();
    let mut out = BufWriter::new(std::io::stdout().lock());
    for failed in &archive.failed {
        scan::print(&mut out, Line::Failed(failed.clone()), args.at_least, &mut outcome);
    }
    let mut progress = Progress::new(args.quiet, args.progress, due.len() as u64, Unit::Messages);
    let mut printed = Instant::now();
    let mut calendar = Calendar::default();
    for places in due.chunks(batch) {
        for line in judge(&judges, &archive, places, args.json)? {
            scan::print(&mut out, line, args.at_least, &mut outcome);
        }
        places.iter().for_each(|place| calendar.note(place.at));
        calendar.sweep(judges.desk());
        progress.advance(places.len() as u64);
        // A person who watches sees each line, a pipe gets larger pieces.
        if printed.elapsed() > Duration::from_millis(200) {
            printed = Instant::now();
            let _ = out.flush();
        }
    }
    let _ = out.flush();
    sweep::finish(&calendar, judges.desk());
    progress.finish();
    if !args.quiet && !args.json && outcome.messages > 1 {
        eprintln!("{outcome}");
    }
    Ok(outcome)
}

/// The files of the archive; they are read twice, so standard input is none.
fn files(args: &cli::Replay) -> Result<Vec<std::path::PathBuf>> {
    if args.paths.iter().any(|path| path.as_os_str() == "-") {
        bail!("a replay reads its archive twice, which standard input cannot; give files or folders");
    }
    input::files(&args.paths)
}

/// Finds the messages, their order, and which of them are to be judged: those that were not learnt before.
fn look_through(
    args: &cli::Replay,
    files: Vec<std::path::PathBuf>,
    desk: &Desk,
) -> Result<(Archive, Vec<Place>)> {
    let bytes = files.iter().filter_map(|path| Some(path.metadata().ok()?.len())).sum();
    let mut progress = Progress::new(args.quiet, args.progress, bytes, Unit::Bytes);
    let mut archive = Archive::index(files, crate::now(), &mut |bytes| progress.advance(bytes));
    progress.finish();
    if !args.in_order {
        archive.sort();
    }
    let places = std::mem::take(&mut archive.places);
    let all = places.len();
    let mut due = Vec::new();
    for part in places.chunks(ASKED_AT_ONCE) {
        let records: Vec<String> = part.iter().map(|place| place.record.to_string()).collect();
        let learnt = desk.learnt(&records).context("cannot find out what was learnt before")?;
        let new = part.iter().zip(learnt).filter(|(_, learnt)| !learnt);
        due.extend(new.map(|(place, _)| place.clone()));
    }
    if !args.quiet {
        let (learnt, copies) = (all - due.len(), archive.copies);
        if learnt > 0 {
            eprintln!("{learnt} of {all} messages were learnt before and are skipped");
        }
        if copies > 0 {
            eprintln!("{copies} messages are copies of others and are skipped");
        }
    }
    Ok((archive, due))
}

/// What came of one message.
struct Done {
    /// What is printed about it, in this order.
    lines: Vec<Line>,
    lesson: Option<Lesson>,
    keep: Option<Keep>,
}

/// Judges messages at the same time, has all of them kept and learnt, and gives their lines.
fn judge(judges: &Judges, archive: &Archive, places: &[Place], as_json: bool) -> Result<Vec<Line>> {
    let results: Vec<Done> = match places {
        [place] => vec![one(judges, archive, place, as_json)],
        _ => std::thread::scope(|scope| {
            let started: Vec<_> = places
                .iter()
                .map(|place| scope.spawn(move || one(judges, archive, place, as_json)))
                .collect();
            let lost = |place| failed(format!("{}: not judged", archive.path(place)));
            started
                .into_iter()
                .zip(places)
                .map(|(t, place)| t.join().unwrap_or_else(|_| lost(place)))
                .collect()
        }),
    };
    let (mut lines, mut lessons, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for done in results {
        lines.extend(done.lines);
        lessons.extend(done.lesson);
        kept.extend(done.keep);
    }
    let desk = judges.desk();
    // What is learnt is skipped the next time: it has to be kept by then.
    insist(|| desk.keep(&kept)).context("nothing more is kept; run the same command again to go on")?;
    insist(|| desk.learn(lessons.clone()))
        .context("nothing more is learnt; run the same command again to go on")?;
    Ok(lines)
}

fn one(judges: &Judges, archive: &Archive, place: &Place, as_json: bool) -> Done {
    let read = match archive.read(place) {
        Ok(read) => read,
        Err(error) => return failed(format!("{error:#}")),
    };
    let record = place.record.to_string();
    let submission = Submission {
        record: &record,
        at: Some(place.at),
        now: place.at,
        ..Submission::from_bytes(&read.raw)
    };
    let mut judged = judges.judge(&submission, &Want::Verdict);
    let mut lines = vec![scan::line(&judged, &read.path, as_json)];
    let keep = std::mem::replace(&mut judged.keep, Ok(None)).unwrap_or_else(|why| {
        lines.push(Line::Unkept(format!("{}: {}", read.path, why.0)));
        None
    });
    Done { lines, lesson: judged.lesson, keep }
}

fn failed(why: String) -> Done {
    Done { lines: vec![Line::Failed(why)], lesson: None, keep: None }
}

/// Has something done. A database or a place for objects that is away is waited for; what was not kept and learnt is
/// not printed, and comes again when the replay is started again.
fn insist(what: impl Fn() -> Result<(), Error>) -> Result<(), Error> {
    for pause in PAUSES {
        match what() {
            Ok(()) => return Ok(()),
            Err(error) => eprintln!("sekisho: {error}; trying again in {pause} s"),
        }
        std::thread::sleep(Duration::from_secs(pause));
    }
    what()
}
