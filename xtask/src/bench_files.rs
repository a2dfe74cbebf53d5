//! CPU per document, warm, one thread, beside `oletools` and `XLMMacroDeobfuscator` from PyPI on the same files in the
//! same run.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use clap::Args;
use sekisho_unpack::{Hints, Input, unpack};

/// Rounds of which the fastest counts, as for the other tools.
const ROUNDS: usize = 5;
/// Seconds after which a tool is killed; the script's limit.
const GIVE_UP: u32 = 10;
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

/// What is compared: documents with macros, with the tool that reads them.
const GROUPS: [(&str, &str); 2] =
    [("macro documents", "olevba"), ("Excel 4 workbooks", "XLMMacroDeobfuscator")];

/// A document and what it is for the comparison.
struct Document {
    path: PathBuf,
    group: &'static str,
    tool: &'static str,
    ms: f64,
}

/// What the other tool took for a file.
struct Other {
    ms: f64,
    /// It did not end and was killed: `ms` is a lower bound.
    killed: bool,
    /// The exception that it ended with.
    failed: Option<String>,
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
    let mut medians = Vec::new();
    for (group, tool) in GROUPS {
        println!("\n{:<52}{:>10}{:>26}{:>9}", group, "ours ms", format!("{tool} ms"), "times");
        let (mut ours, mut theirs, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for document in documents.iter().filter(|d| d.group == group) {
            let path = document.path.display().to_string();
            ours.push(document.ms);
            let Some(other) = others.get(&path) else {
                println!("{path:<52}{:>10.3}", document.ms);
                continue;
            };
            theirs.push(other.ms);
            times.push(other.ms / document.ms);
            let at_least = if other.killed { ">= " } else { "" };
            let shown = format!("{at_least}{:.1}", other.ms);
            let note = match (&other.failed, other.killed) {
                (_, true) => format!("  no end within {GIVE_UP} s"),
                (Some(error), _) => format!("  gave up: {error}"),
                _ => String::new(),
            };
            println!("{path:<52}{:>10.3}{shown:>26}{:>9.0}{note}", document.ms, other.ms / document.ms);
        }
        medians.push((group, tool, ours, theirs, times));
    }
    println!(
        "\n{:<20}{:>6}{:>22}{:>14}{:>14}{:>14}",
        "median", "files", "tool", "theirs ms", "ours ms", "times (median)"
    );
    for (group, tool, ours, theirs, times) in medians {
        println!(
            "{group:<20}{:>6}{tool:>22}{:>14.2}{:>14.3}{:>14.0}",
            ours.len(),
            median(&theirs),
            median(&ours),
            median(&times)
        );
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
    let mut tree = None;
    for _ in 0..ROUNDS {
        let start = cpu_ms();
        tree = Some(unpack("", input(), &Hints::default()));
        best = best.min(cpu_ms() - start);
    }
    let files = tree.iter().flat_map(|t| &t.files);
    let found: Vec<&str> = files.flat_map(|f| &f.findings).map(|f| f.id.name()).collect();
    let [vba, xlm] = GROUPS;
    let group = if found.contains(&"XLM-SHEET") {
        xlm
    } else if found.contains(&"VBA-PRESENT") {
        vba
    } else {
        return Ok(None);
    };
    Ok(Some(Document { path: path.to_owned(), group: group.0, tool: group.1, ms: best }))
}

/// Processor time of this thread.
fn cpu_ms() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// What the other tools took, by path.
fn others(options: &Options, documents: &[Document]) -> Result<BTreeMap<String, Other>> {
    let python = options.venv.join("bin/python");
    if !python.exists() {
        run_quietly(Command::new("python3").args(["-m", "venv"]).arg(&options.venv))?;
        run_quietly(Command::new(options.venv.join("bin/pip")).args(["install", "--quiet"]).args(PACKAGES))?;
    }
    let mut child = Command::new(&python)
        .args(["-c", include_str!("bench_files.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run Python")?;
    let files: String = documents.iter().map(|d| format!("{}\t{}\n", d.tool, d.path.display())).collect();
    let mut door = child.stdin.take().context("no pipe")?;
    let writer = std::thread::spawn(move || door.write_all(files.as_bytes()));
    let output = child.wait_with_output()?;
    writer.join().ok().context("the writer ended")??;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut times = BTreeMap::new();
    for line in text.lines() {
        let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        if let (Some(path), Some(ms)) = (value["path"].as_str(), value["cpu_ms"].as_f64()) {
            let failed = value["failed"].as_str().map(str::to_owned);
            let killed = value["gave_up"].as_bool() == Some(true);
            times.insert(path.to_owned(), Other { ms, killed, failed });
        }
    }
    if times.is_empty() {
        bail!("the other tools gave nothing; see {} -m pip list", python.display());
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
