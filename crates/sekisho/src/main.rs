//! The binary: arguments to commands, errors to exit codes.

mod archive;
mod backtest;
#[cfg(unix)]
mod banner;
mod cli;
mod config;
#[cfg(unix)]
mod doctor;
mod explain;
mod fixture;
#[cfg(unix)]
mod held;
mod input;
mod judges;
mod links;
#[cfg(unix)]
mod marks;
mod memory;
mod preview;
mod progress;
mod replay;
mod rules;
mod scan;
#[cfg(unix)]
mod serve;
mod sweep;
mod unpack;
mod words;
#[cfg(unix)]
mod worker;
mod world;

use std::{path::Path, process::ExitCode};

use anyhow::{Result, bail};
use clap::Parser as _;
use sekisho_record::Class;

use crate::{
    cli::Command,
    judges::{Judges, Want},
};

/// A message makes a few thousand small strings and gives them all back: with the C library's allocator that is a
/// fifth of the time it takes. This one hands out first what was given back last, which the processor still has at hand;
/// .cargo/config.toml says how it is set up.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Exit code of usage and input errors.
const USAGE: u8 = 3;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // --help and --version are answers, not errors.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    // A server writes its log as its configuration says.
    if !matches!(cli.command, Command::Serve(_)) {
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_env("SEKISHO_LOG"))
            .with_writer(std::io::stderr)
            .init();
    }
    match run(&cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("sekisho: {error:#}");
            ExitCode::from(USAGE)
        }
    }
}

fn run(command: &Command) -> Result<u8> {
    match command {
        Command::Scan(args) => Ok(scan::run(args)?.exit_code()),
        Command::Replay(args) => Ok(replay::run(args)?.exit_code()),
        Command::Backtest(args) => backtest::run(args),
        Command::Sweep(args) => sweep::run(args).map(|()| 0),
        Command::Evidence(args) => {
            print!("{}", one(&args.file, &args.world, &args.memory, args.place, Want::Evidence)?.1);
            Ok(0)
        }
        Command::Explain(args) => {
            let language = args.lang.clone().unwrap_or_else(words::language);
            let want = Want::Explanation(language);
            let (class, text) = one(&args.file, &args.world, &args.memory, args.place, want)?;
            print!("{text}");
            Ok(match class {
                Class::Benign => 0,
                Class::Suspicious => 1,
                Class::Malicious => 2,
            })
        }
        Command::Rules(args) => Ok(if rules::run(&args.command)? { 0 } else { USAGE }),
        Command::Links(args) => links::run(args).map(|()| 0),
        Command::Unpack(args) => unpack::run(args),
        #[cfg(unix)]
        Command::Serve(args) => serve::run(args).map(|()| 0),
        #[cfg(unix)]
        Command::Doctor(args) => doctor::run(args),
        #[cfg(unix)]
        Command::Reload(args) => held::reload::run(args),
        #[cfg(unix)]
        Command::Held(args) => held::run(args),
        #[cfg(unix)]
        Command::Lockdown(args) => held::lockdown::run(args),
        #[cfg(unix)]
        Command::Audit(args) => held::audit::run(args),
        #[cfg(unix)]
        Command::Banner(args) => banner::run(args),
        #[cfg(not(unix))]
        Command::Serve(_)
        | Command::Doctor(_)
        | Command::Reload(_)
        | Command::Held(_)
        | Command::Lockdown(_)
        | Command::Audit(_)
        | Command::Banner(_) => bail!("a server needs a Unix system"),
        #[cfg(unix)]
        Command::Worker(args) => worker::run(args).map(|()| 0),
        #[cfg(not(unix))]
        Command::Worker(_) => bail!("workers need a Unix system"),
    }
}

/// Seconds since 1970: what counts as the arrival of a message that does not tell.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Judges the first message of a file and makes a text of it.
fn one(
    file: &Path,
    world: &cli::World,
    memory: &cli::Memory,
    place: cli::Place,
    want: Want,
) -> Result<(Class, String)> {
    if file.is_dir() {
        bail!("{} is a folder; this command takes one message, `sekisho scan` takes folders", file.display());
    }
    let judges = Judges::new(world, memory, place, 1)?;
    let mut judged = None;
    input::read(file, &mut |item| {
        if judged.is_none() {
            judged = Some(judges.judge(&item.submission(now()), &want));
        }
        Ok(())
    })?;
    let Some(judged) = judged else { bail!("{} holds no message", file.display()) };
    match judged.text {
        Some(text) => Ok((judged.verdict.class, text)),
        None => bail!("{}", judged.verdict.gaps.first().map_or("no result", |gap| gap.detail.as_str())),
    }
}
