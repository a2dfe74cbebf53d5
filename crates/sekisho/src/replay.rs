//! `sekisho replay`: feeds an archive in the order of arrival, as if it came in live, and learns as it goes.

use std::{
    io::{BufWriter, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sekisho_engine::Desk;
use sekisho_record::{Submission, history::Lesson};

use crate::{
    archive::{Archive, Place},
    cli, input,
    judges::{Judges, Want},
    scan::{self, Line, Outcome},
    world::{self, Remember},
};

/// Records of which it is asked at once whether they have been learnt.
const ASKED_AT_ONCE: usize = 500;
/// Nobody waits for the mail of an archive, so history may take its time.
const PATIENCE: Duration = Duration::from_secs(20);
/// Pauses between tries of learning, in seconds, while the database is away.
const PAUSES: [u64; 5] = [1, 2, 5, 10, 20];
/// Time between two lines of progress where no terminal shows a bar.
const BEAT: Duration = Duration::from_secs(5);

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
    let mut progress = Progress::new(args, due.len() as u64, Unit::Messages);
    let mut printed = Instant::now();
    for places in due.chunks(batch) {
        for line in judge(&judges, &archive, places, args.json)? {
            scan::print(&mut out, line, args.at_least, &mut outcome);
        }
        progress.advance(places.len() as u64);
        // A person who watches sees each line, a pipe gets larger pieces.
        if printed.elapsed() > Duration::from_millis(200) {
            printed = Instant::now();
            let _ = out.flush();
        }
    }
    let _ = out.flush();
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
    let mut progress = Progress::new(args, bytes, Unit::Bytes);
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

/// Judges messages at the same time, has all of them learnt, and gives their lines.
fn judge(judges: &Judges, archive: &Archive, places: &[Place], as_json: bool) -> Result<Vec<Line>> {
    let results: Vec<(Line, Option<Lesson>)> = match places {
        [place] => vec![one(judges, archive, place, as_json)],
        _ => std::thread::scope(|scope| {
            let started: Vec<_> = places
                .iter()
                .map(|place| scope.spawn(move || one(judges, archive, place, as_json)))
                .collect();
            let lost = |place| (Line::Failed(format!("{}: not judged", archive.path(place))), None);
            started
                .into_iter()
                .zip(places)
                .map(|(t, place)| t.join().unwrap_or_else(|_| lost(place)))
                .collect()
        }),
    };
    let (lines, lessons): (Vec<Line>, Vec<Option<Lesson>>) = results.into_iter().unzip();
    learn(judges.desk(), lessons.into_iter().flatten().collect())?;
    Ok(lines)
}

fn one(judges: &Judges, archive: &Archive, place: &Place, as_json: bool) -> (Line, Option<Lesson>) {
    let read = match archive.read(place) {
        Ok(read) => read,
        Err(error) => return (Line::Failed(format!("{error:#}")), None),
    };
    let record = place.record.to_string();
    let submission = Submission {
        record: &record,
        at: Some(place.at),
        now: place.at,
        ..Submission::from_bytes(&read.raw)
    };
    let mut judged = judges.judge(&submission, &Want::Verdict);
    let lesson = judged.lesson.take();
    (scan::line(&judged, &read.path, as_json), lesson)
}

/// Has lessons learnt. A database that is away is waited for; what was not learnt is not printed, and comes again when
/// the replay is started again.
fn learn(desk: &Desk, lessons: Vec<Lesson>) -> Result<()> {
    for pause in PAUSES {
        match desk.learn(lessons.clone()) {
            Ok(()) => return Ok(()),
            Err(error) => eprintln!("sekisho: {error}; trying again in {pause} s"),
        }
        std::thread::sleep(Duration::from_secs(pause));
    }
    desk.learn(lessons).context("nothing more is learnt; run the same command again to go on")
}

/// Tells how far it is: a bar on a terminal, lines elsewhere when they are asked for.
struct Progress {
    bar: ProgressBar,
    unit: Unit,
    /// Lines instead of the bar: when it began, and when the last one was written.
    lines: Option<(Instant, Instant)>,
}

/// What is counted.
#[derive(Clone, Copy)]
enum Unit {
    Bytes,
    Messages,
}

impl Unit {
    /// A number of it, for a person.
    fn show(self, count: u64) -> String {
        match self {
            Self::Bytes => format!("{} looked through", indicatif::DecimalBytes(count)),
            Self::Messages => format!("{count} messages"),
        }
    }

    /// How a bar shows it.
    fn template(self) -> &'static str {
        match self {
            Self::Bytes => "{bar:30} {bytes}/{total_bytes} looked through, {bytes_per_sec}, {eta} left",
            Self::Messages => "{bar:30} {pos}/{len} messages, {per_sec}, {eta} left",
        }
    }
}

impl Progress {
    fn new(args: &cli::Replay, all: u64, unit: Unit) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let shown = terminal && !args.quiet;
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style =
            ProgressStyle::with_template(unit.template()).unwrap_or_else(|_| ProgressStyle::default_bar());
        let now = Instant::now();
        let lines = (args.progress && !terminal).then_some((now, now));
        Self { bar: ProgressBar::with_draw_target(Some(all), target).with_style(style), unit, lines }
    }

    fn advance(&mut self, by: u64) {
        self.bar.inc(by);
        let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let Some((since, last)) = &mut self.lines else { return };
        if last.elapsed() < BEAT && done < all {
            return;
        }
        *last = Instant::now();
        let rest = since.elapsed().as_secs_f64() * all.saturating_sub(done) as f64 / done.max(1) as f64;
        let rest = indicatif::HumanDuration(Duration::from_secs_f64(rest.min(1e9)));
        eprintln!("{} of {}, {rest} left", self.unit.show(done), self.unit.show(all));
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
