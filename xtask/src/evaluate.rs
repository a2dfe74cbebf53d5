//! Recall and false positives on a corpus: per source and per near-duplicate cluster, never pooled.
//!
//! The corpus is a folder with `manifest.csv` (columns path, label, source, cluster, …), or one with `mail.tar.xz`,
//! which is unpacked into the target folder first; `claims.csv` beside either names the brand that a message claims.
//! A cluster counts once: by the share of its messages that were found. Nothing of the corpus is written anywhere,
//! except by `--list`, which names paths. Replies in real threads are judged again without and with their history
//! (`replies`).

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use sekisho_observe::brand::slug;
use sekisho_record::{Class, Verdict};

use crate::{bench::engine, replies};

/// `cargo xtask evaluate`.
#[derive(Args)]
pub(crate) struct Options {
    /// Folder with manifest.csv or mail.tar.xz
    corpus: PathBuf,
    /// Write one line a message: path, label, source, class, score, threat, brands, findings
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// A folder of rule pages instead of the built-in ones, so that a changed page needs no build
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Only sources whose name contains this
    #[arg(long)]
    source: Option<String>,
    /// One JSON object a source instead of the table
    #[arg(long)]
    json: bool,
}

/// One line of the manifest.
struct Row {
    path: String,
    label: String,
    source: String,
    cluster: String,
    brand: Option<String>,
}

/// What came of one message.
struct Judged {
    class: Class,
    score: u8,
    right_brand: bool,
    micros: f64,
    bytes: usize,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = unpacked(&options.corpus)?;
    let mut rows = manifest(&folder.join("manifest.csv"))?;
    let claims = claims(&options.corpus, &folder)?;
    for row in &mut rows {
        row.brand = claims.get(&row.path).cloned();
    }
    rows.extend(reply_chain(&folder)?);
    if let Some(only) = &options.source {
        rows.retain(|r| r.source.contains(only.as_str()));
    }
    let mut lines = String::new();
    let judged = judge_all(&folder, &rows, options, &mut lines)?;
    print(&rows, &judged, options.json);
    if !options.json {
        print_bands(&rows, &judged);
    }
    if options.source.as_ref().is_none_or(|only| "reply_chain".contains(only.as_str())) {
        replies::run(&folder, options.rules.as_deref(), options.json, &mut |path, history, record| {
            let label = if path.ends_with("attack.eml") { "phish" } else { "ham" };
            let source = format!("reply_chain {history}");
            list_line(&mut lines, (path, label, &source), &record.verdict, &[]);
        })?;
    }
    if let Some(path) = &options.list {
        std::fs::write(path, lines).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The folder that holds `manifest.csv`, unpacked when need be.
fn unpacked(corpus: &Path) -> Result<PathBuf> {
    if corpus.join("manifest.csv").is_file() {
        return Ok(corpus.to_owned());
    }
    let archive = corpus.join("mail.tar.xz");
    if !archive.is_file() {
        bail!("{} holds neither manifest.csv nor mail.tar.xz", corpus.display());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let folder = target.join("corpus");
    if !folder.join("manifest.csv").is_file() {
        std::fs::create_dir_all(&folder)?;
        eprintln!("unpacking {} into {}", archive.display(), folder.display());
        let status = Command::new("tar").arg("xf").arg(&archive).arg("-C").arg(&folder).status()?;
        if !status.success() {
            bail!("tar could not unpack {}", archive.display());
        }
    }
    Ok(folder)
}

fn csv(path: &Path) -> Result<Vec<BTreeMap<String, String>>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    Ok(lines
        .map(|l| {
            header
                .iter()
                .zip(l.split(','))
                .map(|(k, v)| ((*k).to_owned(), v.trim_matches('"').to_owned()))
                .collect()
        })
        .collect())
}

fn manifest(path: &Path) -> Result<Vec<Row>> {
    let take = |row: &BTreeMap<String, String>, key: &str| row.get(key).cloned().unwrap_or_default();
    Ok(csv(path)?
        .iter()
        .map(|r| Row {
            path: take(r, "path"),
            label: take(r, "label"),
            source: take(r, "source"),
            cluster: take(r, "cluster"),
            brand: None,
        })
        .collect())
}

fn claims(corpus: &Path, folder: &Path) -> Result<BTreeMap<String, String>> {
    let Some(path) = [corpus.join("claims.csv"), folder.join("claims.csv")].into_iter().find(|p| p.is_file())
    else {
        return Ok(BTreeMap::new());
    };
    Ok(csv(&path)?.into_iter().filter_map(|mut r| Some((r.remove("path")?, r.remove("brand")?))).collect())
}

/// `reply-chain/NNNN/{attack,benign}.eml`, when the corpus has them.
fn reply_chain(folder: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder.join("reply-chain")) else { return Ok(rows) };
    let mut names: Vec<String> =
        entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in names {
        for (file, label) in [("attack", "phish"), ("benign", "ham")] {
            rows.push(Row {
                path: format!("reply-chain/{name}/{file}.eml"),
                label: label.into(),
                source: format!("reply_chain_{file}"),
                cluster: name.clone(),
                brand: None,
            });
        }
    }
    Ok(rows)
}

fn judge_all(
    folder: &Path,
    rows: &[Row],
    options: &Options,
    lines: &mut String,
) -> Result<Vec<Option<Judged>>> {
    let engine = engine(options.rules.as_deref(), &[], &[])?;
    let mut out = Vec::with_capacity(rows.len());
    let started = Instant::now();
    for (i, row) in rows.iter().enumerate() {
        let Ok(raw) = std::fs::read(folder.join(&row.path)) else {
            out.push(None);
            continue;
        };
        let before = Instant::now();
        let record = engine.scan_bytes(&raw);
        let micros = before.elapsed().as_secs_f64() * 1e6;
        let verdict = &record.verdict;
        let brands: Vec<String> = record.evidence.brand.claims.iter().map(|c| slug(&c.brand)).collect();
        let right_brand = row.brand.as_ref().is_some_and(|b| brands.contains(&slug(b)));
        list_line(lines, (&row.path, &row.label, &row.source), verdict, &brands);
        out.push(Some(Judged {
            class: verdict.class,
            score: verdict.score,
            right_brand,
            micros,
            bytes: raw.len(),
        }));
        if i % 500 == 499 {
            eprint!("\r{} of {} messages, {:.0} s", i + 1, rows.len(), started.elapsed().as_secs_f64());
        }
    }
    eprintln!("\r{} messages in {:.1} s            ", rows.len(), started.elapsed().as_secs_f64());
    Ok(out)
}

/// One line of `--list`; path, label and source come first.
fn list_line(lines: &mut String, row: (&str, &str, &str), verdict: &Verdict, brands: &[String]) {
    let findings: Vec<String> =
        verdict.findings.iter().map(|f| format!("{}:{:?}", f.rule, f.severity).to_lowercase()).collect();
    let _ = writeln!(
        lines,
        "{}\t{}\t{}\t{:?}\t{}\t{:?}\t{}\t{}",
        row.0,
        row.1,
        row.2,
        verdict.class,
        verdict.score,
        verdict.threat,
        brands.join(","),
        findings.join(",")
    );
}

/// What a score is worth: of the messages in each band, how many were harmful. Every source counts the same, however
/// many messages it has, so that a large one does not decide alone.
fn print_bands(rows: &[Row], judged: &[Option<Judged>]) {
    const BANDS: [u8; 8] = [0, 1, 25, 50, 60, 70, 85, 95];
    let mut sizes: BTreeMap<&str, f64> = BTreeMap::new();
    for row in rows {
        *sizes.entry(row.source.as_str()).or_default() += 1.0;
    }
    println!(
        "\n{:<10} {:>8} {:>8} {:>8}   share of phish against ham, sources weighted alike",
        "score", "ham", "spam", "phish"
    );
    for (i, from) in BANDS.iter().enumerate() {
        let to = BANDS.get(i + 1).map_or(100, |next| next - 1);
        let mut counts: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
        for (row, judged) in rows.iter().zip(judged) {
            if judged.as_ref().is_some_and(|j| (*from..=to).contains(&j.score)) {
                let entry = counts.entry(row.label.as_str()).or_default();
                entry.0 += 1;
                entry.1 += 1.0 / sizes.get(row.source.as_str()).copied().unwrap_or(1.0);
            }
        }
        let of = |label: &str| counts.get(label).copied().unwrap_or_default();
        let (ham, phish) = (of("ham").1, of("phish").1);
        let share =
            if ham + phish > 0.0 { format!("{:.1} %", 100.0 * phish / (ham + phish)) } else { "–".into() };
        println!(
            "{:<10} {:>8} {:>8} {:>8}   {share}",
            format!("{from}–{to}"),
            of("ham").0,
            of("spam").0,
            of("phish").0
        );
    }
}

/// Counts of one source.
#[derive(Default)]
struct Tally {
    messages: usize,
    suspicious: usize,
    malicious: usize,
    clusters: BTreeMap<String, (usize, usize, usize)>,
    claims: usize,
    claims_found: usize,
    micros: f64,
    bytes: usize,
}

impl Tally {
    fn add(&mut self, row: &Row, judged: &Judged) {
        let suspicious = usize::from(judged.class >= Class::Suspicious);
        let malicious = usize::from(judged.class >= Class::Malicious);
        self.messages += 1;
        self.suspicious += suspicious;
        self.malicious += malicious;
        let cluster = self.clusters.entry(row.cluster.clone()).or_default();
        *cluster = (cluster.0 + 1, cluster.1 + suspicious, cluster.2 + malicious);
        if row.brand.is_some() {
            self.claims += 1;
            self.claims_found += usize::from(suspicious == 1 && judged.right_brand);
        }
        self.micros += judged.micros;
        self.bytes += judged.bytes;
    }

    fn by_cluster(&self, pick: impl Fn(&(usize, usize, usize)) -> usize) -> f64 {
        let sum: f64 = self.clusters.values().map(|c| pick(c) as f64 / c.0 as f64).sum();
        100.0 * sum / self.clusters.len().max(1) as f64
    }
}

fn print(rows: &[Row], judged: &[Option<Judged>], json: bool) {
    let mut tallies: BTreeMap<(String, String), Tally> = BTreeMap::new();
    for (row, judged) in rows.iter().zip(judged) {
        if let Some(judged) = judged {
            tallies.entry((row.label.clone(), row.source.clone())).or_default().add(row, judged);
        }
    }
    if !json {
        println!(
            "{:<6} {:<40} {:>6} {:>12} {:>12}   {:>8} {:>10} {:>10}   {:>9} {:>8}",
            "label",
            "source",
            "mails",
            "suspicious+",
            "malicious",
            "clusters",
            "susp.+",
            "malic.",
            "brand",
            "µs/mail"
        );
    }
    for ((label, source), t) in &tallies {
        let percent = |n: usize| 100.0 * n as f64 / t.messages.max(1) as f64;
        if json {
            println!(
                "{}",
                serde_json::json!({
                    "label": label, "source": source, "messages": t.messages, "suspicious": t.suspicious,
                    "malicious": t.malicious, "clusters": t.clusters.len(),
                    "suspicious_by_cluster": t.by_cluster(|c| c.1) / 100.0,
                    "malicious_by_cluster": t.by_cluster(|c| c.2) / 100.0,
                    "claims": t.claims, "claims_found": t.claims_found,
                    "micros_mean": t.micros / t.messages as f64, "bytes_mean": t.bytes / t.messages.max(1),
                })
            );
            continue;
        }
        let brand = if t.claims > 0 { format!("{}/{}", t.claims_found, t.claims) } else { String::new() };
        println!(
            "{label:<6} {source:<40} {:>6} {:>5} {:>5.2}% {:>5} {:>5.2}%   {:>8} {:>9.2}% {:>9.2}%   {brand:>9} {:>8.0}",
            t.messages,
            t.suspicious,
            percent(t.suspicious),
            t.malicious,
            percent(t.malicious),
            t.clusters.len(),
            t.by_cluster(|c| c.1),
            t.by_cluster(|c| c.2),
            t.micros / t.messages as f64
        );
    }
}
