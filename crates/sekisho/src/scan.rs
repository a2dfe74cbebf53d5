//! `sekisho scan`: judges messages and prints one line, or one JSON object, for each.

use std::{
    io::{IsTerminal as _, Write},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Instant,
};

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sekisho_engine::Desk;
use sekisho_record::{Class, Submission};
use serde_json::json;

use crate::{
    archive::stamp,
    cli::{self, Level},
    explain::{class_key, cut},
    input,
    judges::{Judged, Judges, Want},
    sweep::{self, Calendar},
    world::{self, Remember},
};

/// Rules named on one text line at most.
const RULES_SHOWN_MAX: usize = 4;

/// Runs the command; the worst class that was seen decides the exit code.
///
/// # Errors
/// For arguments, configuration and rules that are wrong. A message that cannot be read is reported and counted, and
/// the rest goes on.
pub(crate) fn run(args: &cli::Scan) -> Result<Outcome> {
    let files = input::files(&args.paths)?;
    let progress = progress(files.len(), args.quiet || args.json && !std::io::stderr().is_terminal());
    let threads = args
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
        .clamp(1, 64);
    let judges = judges(args, threads.min(files.len()))?;
    let now = crate::now();
    let spent = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    let outcome = Mutex::new(Outcome::default());
    let calendar = Mutex::new(Calendar::default());
    let (sender, receiver) = mpsc::sync_channel::<(usize, Vec<Line>)>(threads * 4);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, judges, files, next) = (sender.clone(), &judges, &files, &next);
            let (spent, calendar) = (&spent, &calendar);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = files.get(index) else { break };
                    let mut lines = Vec::new();
                    let read = input::read(path, &mut |item| {
                        let started = Instant::now();
                        let record =
                            if args.learn { stamp::record(&item.raw).to_string() } else { String::new() };
                        let submission = Submission { record: &record, ..item.submission(now) };
                        let mut judged = judges.judge(&submission, &Want::Verdict);
                        lines.extend(keep(&mut judged, judges.desk(), &item.path));
                        if let (Some(lesson), Ok(mut calendar)) = (&judged.lesson, calendar.lock()) {
                            calendar.note(lesson.at);
                        }
                        // Nothing is said about a message that was to be learnt before it is.
                        judges.desk().learn(judged.lesson.take().into_iter().collect())?;
                        if let (true, Ok(mut spent)) = (args.timings, spent.lock()) {
                            spent.push(started.elapsed().as_secs_f64() * 1000.0 - judged.work_ms);
                        }
                        lines.push(line(&judged, &item.path, args.json));
                        Ok(())
                    });
                    if let Err(error) = read {
                        lines.push(Line::Failed(format!("{error:#}")));
                    }
                    if sender.send((index, lines)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        print_in_order(&receiver, args, &progress, &outcome);
    });
    progress.finish_and_clear();
    if let (true, Ok(calendar)) = (args.learn, calendar.lock()) {
        sweep::finish(&calendar, judges.desk());
    }
    let outcome = outcome.into_inner().unwrap_or_default();
    if args.timings {
        print_timings(spent.into_inner().unwrap_or_default());
    }
    if !args.json && !args.quiet && outcome.messages > 1 {
        eprintln!("{outcome}");
    }
    Ok(outcome)
}

/// Keeps a message. One that is not kept is learnt and shown all the same.
fn keep(judged: &mut Judged, desk: &Desk, path: &str) -> Option<Line> {
    let kept = match std::mem::replace(&mut judged.keep, Ok(None)) {
        Ok(keep) => desk.keep(keep.as_slice()).map_err(|error| error.to_string()),
        Err(why) => Err(why.0),
    };
    kept.err().map(|why| Line::Unkept(format!("{path}: {why}")))
}

/// Those who judge; they learn when they are told to.
fn judges(args: &cli::Scan, count: usize) -> Result<Judges> {
    if !args.learn {
        return Judges::new(&args.world, &args.memory, args.place, count);
    }
    let config = world::config(&args.world)?;
    let desk = world::desk_with(&config, args.memory.data.as_deref(), Remember::Learns)?;
    if !desk.remembers() {
        bail!("--learn needs a place to remember: --data DIR");
    }
    Judges::with_desk(&args.world, &config, desk, args.place, count)
}

/// Counts of a run.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Outcome {
    /// Messages judged.
    pub(crate) messages: usize,
    /// Of them malicious.
    pub(crate) malicious: usize,
    /// Of them suspicious.
    pub(crate) suspicious: usize,
    /// Inputs that could not be read.
    pub(crate) failed: usize,
    /// Messages that were judged, and could not be kept.
    pub(crate) unkept: usize,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { messages, malicious, suspicious, failed, unkept } = self;
        let benign = messages - malicious - suspicious;
        write!(f, "{messages} messages: {malicious} malicious, {suspicious} suspicious, {benign} benign")?;
        if *failed > 0 {
            write!(f, "; {failed} could not be read")?;
        }
        if *unkept > 0 { write!(f, "; {unkept} could not be kept") } else { Ok(()) }
    }
}

impl Outcome {
    /// 0 clean, 1 suspicious, 2 malicious, 3 when something could not be read.
    #[must_use]
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            o if o.malicious > 0 => 2,
            o if o.failed > 0 => 3,
            o if o.suspicious > 0 => 1,
            _ => 0,
        }
    }
}

/// What is printed about one input.
pub(crate) enum Line {
    /// It was judged.
    Judged {
        /// Class of the message.
        class: Class,
        /// The line.
        text: String,
    },
    /// It could not be read, for this reason.
    Failed(String),
    /// It was judged and could not be kept, for this reason.
    Unkept(String),
}

/// What is printed about a message.
pub(crate) fn line(judged: &Judged, path: &str, as_json: bool) -> Line {
    let text = if as_json { json_line(path, judged).to_string() } else { text_line(path, judged) };
    Line::Judged { class: judged.verdict.class, text }
}

/// What a message took beyond the work on it: crossing to a worker and back.
fn print_timings(mut spent: Vec<f64>) {
    spent.sort_by(f64::total_cmp);
    let at = |part: usize| spent.get(spent.len() * part / 100).copied().unwrap_or_default();
    eprintln!(
        "boundary: {:.3} ms a message at the median, {:.3} ms at the 95th percentile, {} messages",
        at(50),
        at(95),
        spent.len()
    );
}

/// Prints results in the order of the arguments although several threads make them.
fn print_in_order(
    receiver: &mpsc::Receiver<(usize, Vec<Line>)>,
    args: &cli::Scan,
    progress: &ProgressBar,
    outcome: &Mutex<Outcome>,
) {
    let mut waiting = std::collections::BTreeMap::new();
    let mut due = 0;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (index, lines) in receiver {
        waiting.insert(index, lines);
        while let Some(lines) = waiting.remove(&due) {
            due += 1;
            progress.inc(1);
            for line in lines {
                if let Ok(mut outcome) = outcome.lock() {
                    print(&mut out, line, args.at_least, &mut outcome);
                }
            }
        }
    }
    let _ = out.flush();
}

/// Prints and counts.
pub(crate) fn print(out: &mut impl Write, line: Line, at_least: Level, outcome: &mut Outcome) {
    match line {
        Line::Failed(why) => {
            outcome.failed += 1;
            eprintln!("sekisho: {why}");
        }
        Line::Unkept(why) => {
            outcome.unkept += 1;
            eprintln!("sekisho: not kept: {why}");
        }
        Line::Judged { class, text } => {
            outcome.messages += 1;
            let level = match class {
                Class::Benign => Level::Benign,
                Class::Suspicious => Level::Suspicious,
                Class::Malicious => Level::Malicious,
            };
            outcome.malicious += usize::from(level == Level::Malicious);
            outcome.suspicious += usize::from(level == Level::Suspicious);
            if level >= at_least {
                // A reader that went away (`| head`) is no error of ours.
                let _ = writeln!(out, "{text}");
            }
        }
    }
}

fn progress(files: usize, quiet: bool) -> ProgressBar {
    if quiet || files < 20 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {per_sec}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(files as u64).with_style(style)
}

fn text_line(path: &str, judged: &Judged) -> String {
    let verdict = &judged.verdict;
    let mut line = format!("{:<10} {:>3}  {}", class_key(verdict.class), verdict.score, cut(path, 200));
    if let Some(brand) = &judged.summary.claimed {
        line.push_str(&format!("  claims {brand}"));
    }
    if let Some(tenant) = &judged.summary.tenant {
        let account = tenant.account.as_deref().unwrap_or("?");
        line.push_str(&format!("  via {} {}", tenant.esp, cut(account, 40)));
    }
    if let Some(gap) = verdict.gaps.iter().find(|gap| gap.facet == "engine") {
        line.push_str(&format!("  not judged: {}", gap.detail));
    }
    let rules: Vec<&str> = verdict.decided_by.iter().take(RULES_SHOWN_MAX).map(String::as_str).collect();
    if !rules.is_empty() {
        line.push_str(&format!("  [{}]", rules.join(", ")));
    }
    line
}

/// The published object (docs/reference/scan.schema.json).
#[must_use]
pub(crate) fn json_line(path: &str, judged: &Judged) -> serde_json::Value {
    let verdict = &judged.verdict;
    let summary = &judged.summary;
    json!({
        "path": path,
        "message_id": summary.message_id,
        "class": verdict.class,
        "threat": verdict.threat,
        "score": verdict.score,
        "brands": summary.brands,
        "tenant": summary.tenant,
        "targets": summary.targets,
        "decided_by": verdict.decided_by,
        "findings": verdict.findings,
        "indeterminate": verdict.indeterminate,
        "gaps": verdict.gaps,
        "cpu_ms": (judged.cpu_ms * 1000.0).round() / 1000.0,
    })
}
