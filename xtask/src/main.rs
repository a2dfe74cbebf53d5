//! Generators, tidy checks, and the long jobs that are not tests: `cargo xtask --help`.

mod bench;
mod bench_files;
mod bench_live;
mod evaluate;
mod generate;
mod hostile;
mod replies;
mod run;
mod tidy;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the generated reference (docs/reference); with --check, fail when it is stale
    Gen {
        /// Only compare
        #[arg(long)]
        check: bool,
    },
    /// Check what no compiler checks: file lengths, opening sentences, links between docs
    Tidy,
    /// Judge the two founding incidents, then the mail named
    Run {
        /// Files or folders of mail
        mail: Vec<PathBuf>,
    },
    /// Recall and false positives on a corpus, per source and per near-duplicate cluster
    Evaluate(evaluate::Options),
    /// CPU per message, warm, one thread; growth with hostile input; what history costs
    Bench(bench::Options),
    /// CPU per document with macros, beside oletools and XLMMacroDeobfuscator from PyPI
    BenchFiles(bench_files::Options),
    /// Live mail beside rspamd: CPU, waiting times, rate and memory of `sekisho serve`, over HTTP and milter
    BenchLive(bench_live::Options),
}

/// As in the program.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Gen { check } => generate::run(check),
        Command::Tidy => tidy::run(),
        Command::Run { mail } => run::run(&mail),
        Command::Evaluate(options) => evaluate::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::BenchFiles(options) => bench_files::run(&options),
        Command::BenchLive(options) => bench_live::run(&options),
    }
}
