//! Parses every `.eml` below the folders it is given and prints speed, defects and what was found.
//! `parse_all [--truncate] FOLDER…`; with `--truncate` every message is also parsed cut off at many places.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sekisho_mail::{Message, parse};

/// What a run found.
#[derive(Default)]
struct Tally {
    messages: u32,
    bytes: usize,
    time: Duration,
    slowest: (Duration, PathBuf),
    panics: Vec<PathBuf>,
    counts: BTreeMap<String, u32>,
}

fn main() -> io::Result<()> {
    let (flags, folders): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let truncate = flags.iter().any(|f| f == "--truncate");
    let mut files = Vec::new();
    for folder in folders {
        collect(Path::new(&folder), &mut files)?;
    }
    let mut tally = Tally::default();
    for path in files {
        let raw = std::fs::read(&path)?;
        tally.one(&raw, &path);
        if truncate {
            for part in 1..20 {
                tally.quiet(raw.get(..raw.len() * part / 20).unwrap_or_default(), &path);
            }
        }
    }
    tally.print()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if folder.is_file() {
        files.push(folder.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "eml") {
            files.push(path);
        }
    }
    Ok(())
}

impl Tally {
    fn one(&mut self, raw: &[u8], path: &Path) {
        let start = Instant::now();
        let parsed = std::panic::catch_unwind(|| parse(raw));
        let spent = start.elapsed();
        self.messages += 1;
        self.bytes += raw.len();
        self.time += spent;
        if spent > self.slowest.0 {
            self.slowest = (spent, path.to_owned());
        }
        match parsed {
            Ok(message) => self.count(&message),
            Err(_) => self.panics.push(path.to_owned()),
        }
    }

    fn quiet(&mut self, raw: &[u8], path: &Path) {
        if std::panic::catch_unwind(|| parse(raw)).is_err() {
            self.panics.push(path.to_owned());
        }
    }

    fn count(&mut self, m: &Message) {
        let mut add = |name: String| *self.counts.entry(name).or_default() += 1;
        let mut kinds: Vec<_> = m.defects.iter().map(|d| format!("defect {:?}", d.kind)).collect();
        kinds.sort();
        kinds.dedup();
        kinds.into_iter().for_each(&mut add);
        for (name, found) in [
            ("author", m.author.is_some()),
            ("date", m.date.is_some()),
            ("plain", m.plain.is_some()),
            ("html", m.html.is_some()),
            ("no body", m.plain.is_none() && m.html.is_none()),
            ("subject is a reply", m.subject.is_reply),
            ("previous threads", !m.previous_threads.is_empty()),
            ("links", !m.links.is_empty()),
            ("results", !m.auth_results.is_empty()),
        ] {
            if found {
                add(format!("has {name}"));
            }
        }
        for received in m.hops.iter().filter_map(|h| h.received.as_ref()) {
            add("hops".into());
            for (name, missing) in [("by", received.server.is_none()), ("time", received.time.is_none())] {
                if missing {
                    add(format!("hops without {name}"));
                }
            }
        }
        m.attachments.iter().for_each(|a| add(format!("attachment {}", a.file_type)));
    }

    fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let seconds = self.time.as_secs_f64();
        let each = seconds * 1000.0 / f64::from(self.messages.max(1));
        writeln!(out, "{} messages, {} bytes, {each:.3} ms each", self.messages, self.bytes)?;
        writeln!(out, "slowest {:?} {}", self.slowest.0, self.slowest.1.display())?;
        writeln!(out, "panics {}: {:?}", self.panics.len(), self.panics.first())?;
        for (name, count) in &self.counts {
            writeln!(out, "{count:>8} {name}")?;
        }
        Ok(())
    }
}
