//! CPU per document, warm, one thread, beside `oletools` and `XLMMacroDeobfuscator` from PyPI on the same files in the
//! same run.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use clap::Args;
use sekisho_unpack::{Hints, Input, unpack};

/// Rounds of which the fastest counts, as for the other tools.
const ROUNDS: usize = 5;
/// Versions that the comparison is made with.
const PACKAGES: [&str; 2] = ["oletools==0.60.2", "XLMMacroDeobfuscator==0.2.7"];

/// `cargo xtask bench-files`.
#[derive(Args)]
pub(crate) struct Options {
    /// Folder of documents; those with macros are compared
    #[arg(default_value = "fixtures/files")]
    folder: PathBuf,
    /// Leave the other tools out
    #[arg(long)]
    alone: bool,
    /// Where the other tools are installed
    #[arg(long, default_value = "target/bench-venv")]
    venv: PathBuf,
}

/// A document and what it is for the comparison.
struct Document {
    path: PathBuf,
    group: &'static str,
    ms: f64,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut documents = Vec::new();
    for path in crate::tidy::files(&options.folder, &EXTENSIONS)? {
        documents.extend(measure(&path)?);
    }
    if documents.is_empty() {
        bail!("{} holds no document with macros", options.folder.display());
    }
    let others = if options.alone { BTreeMap::new() } else { others(options, &documents)? };
    println!(
        "{:<24}{:>8}{:>22}{:>12}{:>12}{:>10}",
        "group", "files", "tool", "median ms", "mean ms", "times"
    );
    for group in ["macro documents", "Excel 4 workbooks"] {
        let of_group: Vec<&Document> = documents.iter().filter(|d| d.group == group).collect();
        let ours: Vec<f64> = of_group.iter().map(|d| d.ms).collect();
        line(group, "ours", &ours, median(&ours));
        let tool = if group == "macro documents" { "olevba" } else { "XLMMacroDeobfuscator" };
        let key = |d: &&Document| (tool.to_owned(), d.path.display().to_string());
        let theirs: Vec<f64> = of_group.iter().filter_map(|d| others.get(&key(d)).copied()).collect();
        line(group, tool, &theirs, median(&ours));
    }
    Ok(())
}

/// Extensions of documents that carry macros.
const EXTENSIONS: [&str; 12] =
    ["doc", "docm", "dotm", "xls", "xlsm", "xlsb", "xlsx", "ppt", "pptm", "xla", "xlam", "xlt"];

/// The document's time, when it has macros.
fn measure(path: &Path) -> Result<Option<Document>> {
    let bytes = Bytes::from(std::fs::read(path).with_context(|| path.display().to_string())?);
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let input = || vec![Input { name: name.clone(), declared: None, bytes: bytes.clone() }];
    let mut best = f64::INFINITY;
    let mut group = None;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let tree = unpack("", input(), &Hints::default());
        // One thread that never waits.
        best = best.min(start.elapsed().as_secs_f64() * 1000.0);
        let ids = tree.files.iter().flat_map(|f| &f.findings).map(|f| f.id.name());
        let found: Vec<&str> = ids.collect();
        group = if found.contains(&"XLM-SHEET") {
            Some("Excel 4 workbooks")
        } else if found.contains(&"VBA-PRESENT") {
            Some("macro documents")
        } else {
            None
        };
    }
    Ok(group.map(|group| Document { path: path.to_owned(), group, ms: best }))
}

/// Milliseconds of the other tools by tool and path.
fn others(options: &Options, documents: &[Document]) -> Result<BTreeMap<(String, String), f64>> {
    let python = options.venv.join("bin/python");
    if !python.exists() {
        run_quietly(Command::new("python3").args(["-m", "venv"]).arg(&options.venv))?;
        run_quietly(Command::new(options.venv.join("bin/pip")).args(["install", "--quiet"]).args(PACKAGES))?;
    }
    let output = Command::new(&python)
        .args(["-c", include_str!("bench_files.py")])
        .args(documents.iter().map(|d| &d.path))
        .output()
        .context("cannot run Python")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut times = BTreeMap::new();
    for line in text.lines() {
        let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        if let (Some(tool), Some(path), Some(ms)) =
            (value["tool"].as_str(), value["path"].as_str(), value["cpu_ms"].as_f64())
        {
            times.insert((tool.to_owned(), path.to_owned()), ms);
        }
    }
    if times.is_empty() {
        bail!("the other tools gave nothing: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(times)
}

fn run_quietly(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn line(group: &str, tool: &str, values: &[f64], ours: f64) {
    if values.is_empty() {
        return;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let times = median(values) / ours;
    println!("{group:<24}{:>8}{tool:>22}{:>12.3}{mean:>12.3}{times:>10.1}", values.len(), median(values));
}
