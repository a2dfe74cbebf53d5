//! Opens every document below a folder and prints what was said about them (`survey DIR [DIR…]`): verdicts, kinds,
//! findings, the suspicious ones and the slow ones; `-f ID` prints every file with that finding, `-v` the files in each.
//! For development: harmless documents must stay harmless.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a tool for development")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use sekisho_unpack::{Hints, Input, Severity, Tree, Verdict, unpack};

/// Files that are named as slow.
const SLOW: Duration = Duration::from_secs(1);

struct Row {
    path: PathBuf,
    size: usize,
    tree: Tree,
    took: Duration,
}

fn main() {
    let mut paths = Vec::new();
    let (mut shown, mut verbose) = (Vec::new(), false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-f" => shown.extend(arguments.next()),
            "-v" => verbose = true,
            folder => collect(Path::new(folder), &mut paths),
        }
    }
    paths.sort();
    let rows: Vec<Row> = paths.into_iter().filter_map(open).collect();
    println!("{} files", rows.len());
    counts("verdict", rows.iter().map(|r| format!("{:?}", r.tree.verdict)));
    let kind = |r: &Row| r.tree.files.first().map_or("", |f| f.kind.name()).to_owned();
    counts("kind", rows.iter().map(kind));
    counts("finding (files)", rows.iter().flat_map(ids));
    for verdict in [Verdict::Malicious, Verdict::Suspicious] {
        for row in rows.iter().filter(|r| r.tree.verdict == verdict) {
            println!("\n{verdict:?} {}", row.path.display());
            findings(&row.tree);
        }
    }
    for row in rows.iter().filter(|_| verbose) {
        println!("\n{}", row.path.display());
        for file in &row.tree.files {
            let listed = if file.listed_only { " (listed only)" } else { "" };
            println!("  {} [{}] {} bytes{listed}", file.path, file.kind.name(), file.size);
        }
        findings(&row.tree);
    }
    for id in &shown {
        for row in &rows {
            for f in row.tree.files.iter().flat_map(|f| &f.findings).filter(|f| f.id.name() == id.as_str()) {
                println!("{id} {:?} {} @{} {}", f.severity, row.path.display(), f.location, f.evidence);
            }
        }
    }
    println!("\nslowest");
    let mut slow: Vec<&Row> = rows.iter().collect();
    slow.sort_by_key(|r| std::cmp::Reverse(r.took));
    for (at, row) in slow.iter().enumerate() {
        if at < 20 || row.took > SLOW {
            println!("{:9.1} ms {:9} bytes {}", ms(row.took), row.size, row.path.display());
        }
    }
    speed(&rows, kind);
}

/// Processor time of this thread.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    if folder.is_file() {
        out.push(folder.to_owned());
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            collect(&entry.path(), out);
        } else if entry.file_type().is_ok_and(|t| t.is_file()) {
            out.push(entry.path());
        }
    }
}

fn open(path: PathBuf) -> Option<Row> {
    let bytes = Bytes::from(std::fs::read(&path).ok()?);
    let name = path.file_name()?.to_string_lossy().into_owned();
    let size = bytes.len();
    let start = cpu();
    let mut tree = unpack("", vec![Input { name, declared: None, bytes }], &Hints::default());
    let took = cpu().saturating_sub(start);
    for file in &mut tree.files {
        file.bytes = Bytes::new();
        file.facts = sekisho_unpack::Facts::default();
        file.indicators = Vec::new();
    }
    Some(Row { path, size, tree, took })
}

fn ids(row: &Row) -> Vec<String> {
    let findings = row.tree.files.iter().flat_map(|f| &f.findings).filter(|f| f.severity > Severity::Info);
    let mut ids: Vec<String> = findings.map(|f| format!("{} {:?}", f.id.name(), f.severity)).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn findings(tree: &Tree) {
    for file in &tree.files {
        for f in file.findings.iter().filter(|f| f.severity > Severity::Info) {
            println!(
                "  {:?} {} [{}] {} @{} {}",
                f.severity,
                f.id.name(),
                file.kind.name(),
                file.path,
                f.location,
                f.evidence
            );
        }
    }
}

fn counts(what: &str, values: impl Iterator<Item = String>) {
    let mut map: BTreeMap<String, usize> = BTreeMap::new();
    for value in values {
        *map.entry(value).or_default() += 1;
    }
    println!("\n{what}");
    let mut list: Vec<(String, usize)> = map.into_iter().collect();
    list.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (value, count) in list {
        println!("{count:7} {value}");
    }
}

/// Bytes per second of each kind: which analysers are slow.
fn speed(rows: &[Row], kind: impl Fn(&Row) -> String) {
    let mut map: BTreeMap<String, (usize, usize, Duration)> = BTreeMap::new();
    for row in rows {
        let entry = map.entry(kind(row)).or_default();
        *entry = (entry.0 + 1, entry.1 + row.size, entry.2 + row.took);
    }
    println!("\nspeed by kind");
    let mut list: Vec<_> = map.into_iter().collect();
    list.sort_by_key(|entry| std::cmp::Reverse(entry.1.2));
    for (kind, (count, size, took)) in list {
        let rate = size as f64 / 1e6 / took.as_secs_f64().max(1e-9);
        println!("{count:6} {kind:16} {:10.1} ms {rate:9.2} MB/s", ms(took));
    }
}
