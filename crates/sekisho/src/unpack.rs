//! `sekisho unpack`: opens files without running them and says what is in them.

use std::{
    collections::BTreeMap,
    io::{IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Instant,
};

use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use sekisho_unpack::{
    Candidate, File, Hints, IndicatorKind, Input, Origin, Secret, Severity, Tree, Verdict, unpack,
};
use serde_json::{Value, json};
use walkdir::WalkDir;

use crate::{cli, explain::cut};

/// Bytes of a file that are read at most.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Lines of one macro's source that are shown.
const SOURCE_LINES_MAX: usize = 2_000;
/// Indicators of one kind that text output shows of a file.
const SHOWN_MAX: usize = 24;

/// Runs the command; the worst verdict decides the exit code.
///
/// # Errors
/// When an argument does not exist or the extraction folder cannot be written. A file that cannot be read is reported,
/// and the rest goes on.
pub(crate) fn run(args: &cli::Unpack) -> Result<u8> {
    let files = files(&args.paths)?;
    let hints = hints(args)?;
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
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let before = memory("VmRSS:");
        reset_peak();
        let start = Instant::now();
        let tree = unpack("", vec![Input { name, declared: None, bytes }], &hints);
        // One thread that never waits: the time on the clock is processor time.
        let cpu_ms = start.elapsed().as_secs_f64() * 1000.0;
        let peak_kb = memory("VmHWM:").zip(before).map(|(peak, before)| peak.saturating_sub(before));
        worst = worst.max(tree.verdict);
        if let Some(folder) = &args.extract {
            extract(&tree, folder)?;
        }
        let shown = path.display().to_string();
        progress.suspend(|| {
            if args.json {
                println!("{}", as_json(&shown, &tree, cpu_ms, peak_kb));
            } else {
                print!("{}", Text::new().render(&shown, &tree, args.macros));
            }
        });
    }
    progress.finish_and_clear();
    Ok(match worst {
        Verdict::Malicious => 2,
        _ if failed => 3,
        Verdict::Suspicious => 1,
        Verdict::Benign => 0,
    })
}

fn hints(args: &cli::Unpack) -> Result<Hints> {
    let passwords = args
        .password
        .iter()
        .map(|p| Candidate { password: Secret::new(p.as_str()), origin: Origin::Body })
        .collect();
    let date = match &args.date {
        None => None,
        Some(day) => {
            let format = time::macros::format_description!("[year]-[month]-[day]");
            let day = time::Date::parse(day, &format)
                .with_context(|| format!("--date {day}: give a day as YYYY-MM-DD"))?;
            Some(day.midnight().assume_utc().unix_timestamp())
        }
    };
    Ok(Hints { passwords, date, ..Hints::default() })
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

fn read(path: &Path) -> Result<Bytes> {
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
    Ok(Bytes::from(bytes))
}

fn progress(files: usize, quiet: bool) -> ProgressBar {
    if quiet || files < 20 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{pos}/{len} files {bar:30} {eta}").ok();
    let bar = ProgressBar::new(files as u64);
    if let Some(style) = style { bar.with_style(style) } else { bar }
}

/// Kilobytes of this process by their name in `/proc/self/status`; `None` where there is no such file.
fn memory(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|l| l.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// The peak begins anew; where the system cannot, it stays that of the whole process.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Writes every file that was inside, never under a name that its sender chose.
fn extract(tree: &Tree, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for file in tree.files.iter().filter(|f| f.parent.is_some() && !f.listed_only && !f.bytes.is_empty()) {
        let path = folder.join(&file.sha256);
        let created = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
        match created {
            Ok(mut out) => {
                out.write_all(&file.bytes).with_context(|| format!("cannot write {}", path.display()))?
            }
            // The same content was written before.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
        }
    }
    Ok(())
}

/// One object a file, as `docs/reference/unpack.md` describes.
fn as_json(path: &str, tree: &Tree, cpu_ms: f64, peak_kb: Option<u64>) -> Value {
    let mut indicators: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut findings = Vec::new();
    for file in &tree.files {
        for finding in &file.findings {
            findings.push(json!({
                "id": finding.id, "severity": finding.severity, "location": place(file, finding.location.as_str()),
                "evidence": finding.evidence, "derived": finding.derived,
            }));
        }
        for indicator in &file.indicators {
            let value = indicator.shown().into_owned();
            let values = indicators.entry(indicator.kind.name().to_owned()).or_default();
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    let files: Vec<Value> = tree
        .files
        .iter()
        .map(|f| {
            json!({
                "path": f.path, "name": f.name, "kind": f.kind, "size": f.size, "sha256": f.sha256,
                "relation": f.relation, "listed_only": f.listed_only, "hidden": f.hidden, "facts": f.facts,
            })
        })
        .collect();
    json!({
        "path": path, "verdict": tree.verdict, "findings": findings, "indicators": indicators, "files": files,
        "cpu_ms": (cpu_ms * 1000.0).round() / 1000.0, "peak_kb": peak_kb,
    })
}

/// Where something is, from the outermost file on.
fn place(file: &File, inside: &str) -> String {
    if inside.is_empty() { file.path.clone() } else { format!("{} > {inside}", file.path) }
}

/// Output for people.
struct Text {
    colour: bool,
}

impl Text {
    fn new() -> Text {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Text { colour: !plain && std::io::stdout().is_terminal() }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn severity(&self, severity: Severity) -> String {
        let (word, style) = match severity {
            Severity::Critical => ("critical", AnsiColor::Red.on_default().bold()),
            Severity::High => ("high    ", AnsiColor::Red.on_default()),
            Severity::Medium => ("medium  ", AnsiColor::Yellow.on_default()),
            Severity::Low => ("low     ", AnsiColor::Cyan.on_default()),
            Severity::Info => ("info    ", Style::new().dimmed()),
        };
        self.paint(style, word)
    }

    fn render(&self, path: &str, tree: &Tree, macros: bool) -> String {
        let (word, style) = match tree.verdict {
            Verdict::Malicious => ("malicious", AnsiColor::Red.on_default().bold()),
            Verdict::Suspicious => ("suspicious", AnsiColor::Yellow.on_default().bold()),
            Verdict::Benign => ("benign", AnsiColor::Green.on_default()),
        };
        let mut out = format!("{}: {}\n", clean(path), self.paint(style, word));
        for file in &tree.files {
            self.file(file, macros, &mut out);
        }
        out
    }

    fn file(&self, file: &File, macros: bool, out: &mut String) {
        let indent = "  ".repeat(file.path.matches(" > ").count().min(12) + 1);
        let name = if file.name.is_empty() { "(no name)" } else { &file.name };
        let mut notes = vec![file.kind.name().to_owned(), format!("{} bytes", file.size)];
        if file.listed_only {
            notes.push("not opened".to_owned());
        }
        if file.hidden {
            notes.push("hidden".to_owned());
        }
        let name = self.paint(Style::new().bold(), &clean(name));
        out.push_str(&format!("{indent}{name} ({})\n", notes.join(", ")));
        let mut findings: Vec<_> =
            file.findings.iter().filter(|f| !f.id.name().starts_with("IOC-")).collect();
        findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
        for finding in findings {
            let at = if finding.location.as_str().is_empty() {
                String::new()
            } else {
                format!(" at {}", clean(finding.location.as_str()))
            };
            out.push_str(&format!(
                "{indent}  {} {}: {}{at}\n",
                self.severity(finding.severity),
                finding.id.name(),
                finding.id.text()
            ));
            if !finding.evidence.is_empty() {
                out.push_str(&format!("{indent}           {}\n", clean(&finding.evidence)));
            }
        }
        self.indicators(file, &indent, out);
        if macros {
            sources(file, &indent, out);
        }
    }

    fn indicators(&self, file: &File, indent: &str, out: &mut String) {
        let mut by_kind: BTreeMap<IndicatorKind, Vec<String>> = BTreeMap::new();
        for indicator in file.indicators.iter().filter(|i| i.kind != IndicatorKind::Host) {
            by_kind.entry(indicator.kind).or_default().push(indicator.shown().into_owned());
        }
        for (kind, values) in by_kind {
            let word = kind.name();
            for value in values.iter().take(SHOWN_MAX) {
                let line = format!("{indent}  {word} {}\n", clean(value));
                out.push_str(&self.paint(Style::new().dimmed(), &line));
            }
            if values.len() > SHOWN_MAX {
                out.push_str(&format!("{indent}  … and {} more\n", values.len() - SHOWN_MAX));
            }
        }
    }
}

/// Sources of macros, and what emulated ones did.
fn sources(file: &File, indent: &str, out: &mut String) {
    for (stream, name, source) in file.facts.vba.iter().flat_map(|v| &v.modules) {
        out.push_str(&format!("{indent}  --- {} ({})\n", clean(name), clean(stream)));
        for line in source.lines().take(SOURCE_LINES_MAX) {
            out.push_str(&format!("{indent}  | {}\n", clean(line)));
        }
    }
    for (sheet, cell, what) in file.facts.office.iter().flat_map(|o| &o.events) {
        out.push_str(&format!("{indent}  {}!{}: {}\n", clean(sheet), clean(cell), clean(what)));
    }
}

/// Text of an attacker on a terminal: one line, no control or direction signs.
fn clean(text: &str) -> String {
    let safe = |c: char| {
        if c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
        {
            '\u{fffd}'
        } else {
            c
        }
    };
    cut(&text.chars().map(safe).collect::<String>(), 400)
}
