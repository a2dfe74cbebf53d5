//! CPU per message, warm, one thread, by stage; how cost and memory grow with hostile and with large input; and what
//! judging and learning cost with a long history.
//!
//! Everything is measured in one run on one machine. Without a corpus the shipped scenarios are the mail.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result};
use clap::Args;
use sekisho_detect::{Lists, OrgLists, Rules, rules};
use sekisho_engine::{
    Desk, Engine, Nobody, limits,
    worker::{Pool, Recipe, serve, serve::Extras},
};
use sekisho_observe::{Context, Organisation};
use sekisho_record::Submission;

use crate::hostile;

/// Rounds of which the fastest counts.
const ROUNDS: usize = 9;
/// Remembered messages when nobody says how many: this ends in a minute.
const HISTORY: u64 = 50_000;

/// `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    /// Folder of real mail (every .eml below it)
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Checkout of the public rule feed: its detection-rules run on top of the built-in ones
    #[arg(long)]
    feed: Option<PathBuf>,
    /// Folder of the feed's lists
    #[arg(long)]
    lists: Option<PathBuf>,
    /// Messages at most
    #[arg(long, default_value_t = 8_000)]
    messages: usize,
    /// Folder of rule pages in place of the built-in ones
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Only the cost by stage
    #[arg(long)]
    stages: bool,
    /// Only the growth part
    #[arg(long)]
    growth: bool,
    /// Only history: judging and learning with so many remembered messages (10000000 take some 15 GB and hours)
    #[arg(long)]
    history: Option<u64>,
    /// Where the history is kept while it is measured, and left; a new file
    #[arg(long, requires = "history")]
    history_file: Option<PathBuf>,
    /// (internal) judge one file and print milliseconds and peak kilobytes
    #[arg(long, hide = true)]
    one: Option<PathBuf>,
    /// (internal) judge as a worker of this benchmark
    #[arg(long, hide = true)]
    worker: bool,
}

/// An engine that believes the topmost authentication results, as mail from an archive needs. `builtin` names a folder
/// of pages that takes the place of the built-in ones.
pub(crate) fn engine(builtin: Option<&Path>, feeds: &[PathBuf], lists: &[PathBuf]) -> Result<Engine> {
    engine_at("recipient.invalid", builtin, feeds, lists)
}

/// The same for the organisation that owns this domain.
pub(crate) fn engine_at(
    domain: &str,
    builtin: Option<&Path>,
    feeds: &[PathBuf],
    lists: &[PathBuf],
) -> Result<Engine> {
    let mut sources = match builtin {
        None => rules::builtin()?,
        Some(folder) => {
            let (sources, errors) = rules::read_folder(folder)?;
            for error in errors {
                eprintln!("{error}");
            }
            sources
        }
    };
    for feed in feeds {
        let (more, errors) = rules::read_folder(feed)?;
        if let Some(error) = errors.first() {
            eprintln!("{} files of {} could not be read; first: {error}", errors.len(), feed.display());
        }
        sources.extend(more);
    }
    let mut all = Lists::default();
    for (name, entries) in sekisho_observe::lists::all() {
        all.set(name, entries);
    }
    for folder in lists {
        all.read_folder(folder)?;
    }
    let organisation = Organisation { domains: vec![domain.to_owned()], ..Organisation::default() };
    let org = OrgLists { domains: organisation.domains.clone(), ..OrgLists::default() };
    let context =
        Context { organisation, believe_unnamed: true, believe_topmost: true, ..Context::default() };
    Ok(Engine::new(context, Rules::compile(sources, all, &org)?))
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(file) = &options.one {
        return one(file);
    }
    if options.worker {
        let judge = engine(options.rules.as_deref(), &[], &[])?.into_judge();
        let extras = Extras { render: &|_, _| None, before: &|_| {}, memory: limits::WORKER_MEMORY };
        return Ok(serve(&judge, &extras)?);
    }
    if let Some(messages) = options.history {
        return history(messages, options.history_file.as_deref());
    }
    if !options.growth {
        let mail = mail(options)?;
        let bytes: usize = mail.iter().map(Vec::len).sum();
        println!(
            "{} messages, {} bytes on average, one thread, warm, the fastest of {ROUNDS} rounds each",
            mail.len(),
            bytes / mail.len().max(1)
        );
        println!("{:<40} {:>10} {:>10}  (CPU ms per message)", "stage", "more", "all");
        stages(options, &mail)?;
        boundary(options, &mail)?;
    }
    if options.stages {
        return Ok(());
    }
    growth()?;
    if options.growth {
        return Ok(());
    }
    println!();
    history(HISTORY, None)
}

/// What history costs: an example of the store, which has the servers of its tests at hand.
fn history(messages: u64, file: Option<&Path>) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut example = Command::new(cargo);
    example.args(["run", "--quiet", "--release", "--package", "sekisho-store", "--example", "history", "--"]);
    example.args(["--messages", &messages.to_string()]);
    if let Some(file) = file {
        example.arg("--file").arg(file);
    }
    anyhow::ensure!(example.status()?.success(), "the history could not be measured");
    Ok(())
}

/// What it costs to have a message judged by a worker instead of in this process: wall time, as the crossing is mostly
/// waiting for the other side to be woken. Both are measured in turn, message by message; the fastest round counts.
fn boundary(options: &Options, mail: &[Vec<u8>]) -> Result<()> {
    let mut arguments = vec!["bench".into(), "--worker".into()];
    if let Some(folder) = &options.rules {
        arguments.extend(["--rules".into(), folder.into()]);
    }
    let here = engine(options.rules.as_deref(), &[], &[])?;
    let desk = Desk::new(Box::new(Nobody), limits::DNS_DEADLINE);
    let apart = Pool::start(Recipe::new(std::env::current_exe()?, arguments), desk, 1)?;
    let mut best = vec![(f64::INFINITY, f64::INFINITY); mail.len()];
    for _ in 0..=ROUNDS {
        for (raw, best) in mail.iter().zip(&mut best) {
            let start = Instant::now();
            drop(here.scan_bytes(raw));
            best.0 = best.0.min(start.elapsed().as_secs_f64() * 1000.0);
            let start = Instant::now();
            drop(apart.judge(&Submission::from_bytes(raw), ""));
            best.1 = best.1.min(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let mut more: Vec<f64> = best.iter().map(|(here, apart)| apart - here).collect();
    more.sort_by(f64::total_cmp);
    let mean = more.iter().sum::<f64>() / more.len().max(1) as f64;
    let at = |part: usize| more.get(more.len() * part / 100).copied().unwrap_or_default();
    println!(
        "{:<40} {mean:>10.3} {:>10}  (wall; median {:.3}, 95th percentile {:.3})",
        "by a worker instead of in-process",
        "",
        at(50),
        at(95)
    );
    Ok(())
}

fn bare(attachments_closed: bool) -> Result<Engine> {
    let rules = Rules::compile(Vec::new(), Lists::default(), &OrgLists::default())?;
    let context =
        Context { believe_unnamed: true, believe_topmost: true, attachments_closed, ..Context::default() };
    Ok(Engine::new(context, rules))
}

fn mail(options: &Options) -> Result<Vec<Vec<u8>>> {
    let Some(folder) = &options.corpus else {
        return Ok(sekisho_testkit::scenarios::all().into_iter().map(|case| case.raw).collect());
    };
    let files = crate::tidy::files(folder, &["eml"])?;
    // Spread over the whole corpus when there is more than is asked for.
    let step = files.len().div_ceil(options.messages.max(1)).max(1);
    files.iter().step_by(step).map(|p| std::fs::read(p).with_context(|| p.display().to_string())).collect()
}

/// Processor time of this thread in milliseconds. Wall time says little on a machine that does other things too.
fn cpu_ms() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// A stage: its name, and the work up to its end.
type Stage = (String, Box<dyn FnMut(&[u8])>);

/// Prints what each stage costs more than the one before it.
fn stages(options: &Options, mail: &[Vec<u8>]) -> Result<()> {
    let builtin = options.rules.as_deref();
    let of = |name: &str, engine: Engine| -> Stage {
        (name.to_owned(), Box::new(move |raw: &[u8]| drop(engine.scan_bytes(raw))))
    };
    let mut stages: Vec<Stage> = vec![
        ("parse".to_owned(), Box::new(|raw: &[u8]| drop(sekisho_mail::parse(raw)))),
        of("and observe", bare(true)?),
        of("and open the attachments", bare(false)?),
        of("and the built-in rules", engine(builtin, &[], &[])?),
    ];
    if let Some(feed) = &options.feed {
        let lists: Vec<PathBuf> = options.lists.iter().cloned().collect();
        let detection = feed.join("detection-rules");
        let folder = if detection.is_dir() { detection } else { feed.clone() };
        let engine = engine(builtin, &[folder], &lists)?;
        stages.push(of(&format!("and the feed ({} rules in all)", engine.rules().sources().len()), engine));
    }
    let mut before = 0.0;
    let costs = least(mail, &mut stages);
    for ((name, _), all) in stages.iter().zip(costs) {
        println!("{name:<40} {:>10.3} {all:>10.3}", all - before);
        before = all;
    }
    Ok(())
}

/// Milliseconds per message for each stage, each message in the fastest of its rounds, after one to warm up: what a
/// neighbour on the same processor takes from one round is not the message's cost. Every round runs all stages, one
/// after the other, so that minutes in which the whole machine is slow are nobody's in particular.
fn least(mail: &[Vec<u8>], stages: &mut [Stage]) -> Vec<f64> {
    let mut best = vec![vec![f64::INFINITY; mail.len()]; stages.len()];
    for round in 0..=ROUNDS {
        for ((_, work), best) in stages.iter_mut().zip(&mut best) {
            for (raw, best) in mail.iter().zip(best) {
                let before = cpu_ms();
                work(raw);
                if round > 0 {
                    *best = best.min(cpu_ms() - before);
                }
            }
        }
    }
    best.iter().map(|best| best.iter().sum::<f64>() / mail.len().max(1) as f64).collect()
}

/// Each input is judged in a process of its own, so that its peak memory is its own.
fn growth() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("sekisho-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    println!("\n{:<26} {:>12} {:>10} {:>12} {:>14}", "input", "bytes", "ms", "peak KiB", "8×size+32 MiB");
    for (name, raw) in hostile::inputs() {
        let path = folder.join("message.eml");
        std::fs::write(&path, &raw)?;
        // Set up as a worker is: that is where messages are judged.
        let mut one = Command::new(std::env::current_exe()?);
        let output = one.args(["bench", "--one"]).arg(&path).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut numbers = text.split_whitespace();
        let ms: f64 = numbers.next().and_then(|n| n.parse().ok()).unwrap_or(f64::NAN);
        let peak: usize = numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let bound = (8 * raw.len() + (32 << 20)) / 1024;
        let mark = if !output.status.success() || peak > bound || (raw.len() <= 1 << 20 && ms > 1000.0) {
            "  OVER"
        } else {
            ""
        };
        println!("{name:<26} {:>12} {ms:>10.1} {peak:>12} {bound:>14}{mark}", raw.len());
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn one(file: &Path) -> Result<()> {
    let engine = engine(None, &[], &[])?;
    let raw = std::fs::read(file)?;
    engine.scan_bytes(b"From: a@b.example\r\n\r\nwarm");
    let before = peak_kib();
    let started = Instant::now();
    let record = engine.scan_bytes(&raw);
    let ms = started.elapsed().as_secs_f64() * 1000.0;
    // What the program itself needs (rules, brands, lists) is there before any message and is not the message's cost.
    println!("{ms:.1} {} {:?}", peak_kib().saturating_sub(before) + raw.len() / 1024, record.verdict.class);
    Ok(())
}

fn peak_kib() -> usize {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|s| s.lines().find(|l| l.starts_with("VmHWM:"))?.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}
