//! The binary: arguments to commands, errors to exit codes.

mod cli;
mod config;
mod explain;
mod fixture;
mod input;
mod links;
mod rules;
mod scan;
mod unpack;
mod words;
mod world;

use std::{path::Path, process::ExitCode};

use anyhow::{Result, bail};
use clap::Parser as _;
use sekisho_record::Record;

use crate::{cli::Command, words::Words};

/// A message makes a few thousand small strings and gives them all back: with the C library's allocator that is a
/// fifth of the time it takes.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("SEKISHO_LOG"))
        .with_writer(std::io::stderr)
        .init();
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
        Command::Evidence(args) => {
            let record = one(&args.file, &args.world)?;
            println!("{}", serde_json::to_string_pretty(&record.evidence)?);
            Ok(0)
        }
        Command::Explain(args) => {
            let record = one(&args.file, &args.world)?;
            let words = args.lang.as_deref().map_or_else(Words::from_environment, Words::new);
            print!("{}", explain::render(&record, &words));
            Ok(match record.verdict.class {
                sekisho_record::Class::Benign => 0,
                sekisho_record::Class::Suspicious => 1,
                sekisho_record::Class::Malicious => 2,
            })
        }
        Command::Rules(args) => Ok(if rules::run(&args.command)? { 0 } else { USAGE }),
        Command::Links(args) => links::run(args).map(|()| 0),
        Command::Unpack(args) => unpack::run(args),
    }
}

/// Judges the first message of a file.
fn one(file: &Path, world: &cli::World) -> Result<Record> {
    if file.is_dir() {
        bail!("{} is a folder; this command takes one message, `sekisho scan` takes folders", file.display());
    }
    let engine = world::engine(world)?;
    let mut record = None;
    input::read(file, &mut |item| {
        if record.is_none() {
            record = Some(engine.scan_bytes(&item.raw));
        }
        Ok(())
    })?;
    match record {
        Some(record) => Ok(record),
        None => bail!("{} holds no message", file.display()),
    }
}
