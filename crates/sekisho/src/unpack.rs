//! `sekisho unpack`: opens files without running them and says what is in them.
//!
//! This process reads the files and prints; a worker that can open nothing looks into their bytes
//! ([`job`]), unless `--in-process` is given.

mod job;
mod shown;

use std::{
    io::{IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::bail;
use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use sekisho_unpack::{Id, Severity, Verdict};
use serde_json::{Value, json};
use walkdir::WalkDir;

#[cfg(unix)]
pub(crate) use self::job::serve;
use self::{
    job::{Job, Opener, Outcome},
    shown::Text,
};
use crate::{cli, progress::day};

/// Bytes of a file that are read at most.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Runs the command; the worst verdict decides the exit code.
///
/// # Errors
/// When an argument does not exist or the extraction folder cannot be written. A file that cannot be read is reported,
/// and the rest goes on.
pub(crate) fn run(args: &cli::Unpack) -> Result<u8> {
    let files = files(&args.paths)?;
    let mut job = job(args)?;
    let mut opener = Opener::new(args.place, &args.yara)?;
    let progress = progress(files.len(), args.quiet);
    let mut worst = Verdict::Benign;
    let mut failed = false;
    for path in &files {
        progress.inc(1);
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                progress.suspend(|| eprintln!("sekisho: {error:#}"));
                failed = true;
                continue;
            }
        };
        job.name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        job.path = path.display().to_string();
        let mut written = Ok(());
        let opened = opener.open(&job, bytes, &mut |sha256, bytes| {
            if let (Ok(()), Some(folder)) = (&written, &args.extract) {
                written = write(folder, sha256, bytes);
            }
        });
        written?;
        let outcome = opened.unwrap_or_else(|why| not_opened(&job, &why));
        worst = worst.max(outcome.verdict);
        progress.suspend(|| print(outcome));
    }
    progress.finish_and_clear();
    Ok(match worst {
        Verdict::Malicious => 2,
        _ if failed => 3,
        Verdict::Suspicious => 1,
        Verdict::Benign => 0,
    })
}

fn print(outcome: Outcome) {
    match outcome.object {
        Some(mut object) => {
            if let Some(fields) = object.as_object_mut() {
                fields.insert("peak_kb".to_owned(), outcome.peak_kb.into());
            }
            println!("{object}");
        }
        None => print!("{}", outcome.text),
    }
}

/// The result of a file on which the worker failed. A person has to look: nobody else did.
fn not_opened(job: &Job, why: &str) -> Outcome {
    let (id, severity) = (Id::ScanIncomplete, Severity::High);
    let finding = json!({
        "id": id, "severity": severity, "location": job.name, "evidence": why, "derived": false,
    });
    let object: Option<Value> = job.json.then(|| {
        json!({
            "path": job.path, "verdict": Verdict::Suspicious, "findings": [finding],
            "indicators": {}, "files": [], "cpu_ms": null,
        })
    });
    let text = Text { colour: job.colour }.gap(&job.path, severity, why);
    Outcome { verdict: Verdict::Suspicious, text, object, peak_kb: None }
}

fn job(args: &cli::Unpack) -> Result<Job> {
    let date = args.date.as_deref().map(|text| day("--date", text)).transpose()?;
    let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    Ok(Job {
        path: String::new(),
        name: String::new(),
        passwords: args.password.clone(),
        date,
        json: args.json,
        colour: !plain && std::io::stdout().is_terminal(),
        macros: args.macros,
        pieces: args.extract.is_some(),
    })
}

/// The files that the arguments name; folders are walked in the order of their names.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" || path.is_file() {
            out.push(path.clone());
        } else if path.is_dir() {
            for entry in WalkDir::new(path).sort_by_file_name() {
                let entry = entry.with_context(|| format!("cannot read below {}", path.display()))?;
                if entry.file_type().is_file() {
                    out.push(entry.into_path());
                }
            }
        } else {
            bail!("{} does not exist; give a file, a folder, or - for standard input", path.display());
        }
    }
    Ok(out)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(FILE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        file.take(FILE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(bytes)
}

fn progress(files: usize, quiet: bool) -> ProgressBar {
    if quiet || files < 20 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{pos}/{len} files {bar:30} {eta}").ok();
    let bar = ProgressBar::new(files as u64);
    if let Some(style) = style { bar.with_style(style) } else { bar }
}

/// Writes a file that was inside, never under a name that its sender chose.
fn write(folder: &Path, sha256: &str, bytes: &[u8]) -> Result<()> {
    // The name comes from the worker, and the worker has read what an attacker wrote.
    if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        bail!("the worker names a file {sha256:?}, which is no SHA-256; nothing was written");
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(sha256);
    match std::fs::OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(mut out) => out.write_all(bytes).with_context(|| format!("cannot write {}", path.display())),
        // The same content was written before.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot write {}", path.display())),
    }
}
