//! Prints how often each lure fires over the messages of a folder: `cargo run --example lures -- DIR [--show LURE]`.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use sekisho_observe::{Answers, Context, Knowledge, View};
use sekisho_record::Submission;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else { return };
    let show = arguments.nth(1);
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files);
    let (mut counts, mut clear, mut phrases) = (BTreeMap::new(), 0, BTreeMap::new());
    // Built once, as the engine does; only the facet itself is timed.
    let (context, knowledge, answers) = (Context::default(), Knowledge::default(), Answers::default());
    let (mut spent, mut bytes) = (Duration::ZERO, 0usize);
    for file in &files {
        let Ok(raw) = std::fs::read(file) else { continue };
        let submission = Submission::from_bytes(&raw);
        let evidence =
            sekisho_observe::observe(sekisho_mail::parse(&raw), &submission, &answers, &context, &knowledge);
        let view = View {
            submission: &submission,
            fields: &[],
            auth_results: &[],
            author: None,
            authors: &[],
            sender: None,
            context: &context,
            knowledge: &knowledge,
        };
        bytes += evidence.model.body.current_thread.text.len();
        let started = Instant::now();
        std::hint::black_box(sekisho_observe::content::observe(&evidence, &view));
        spent += started.elapsed();
        let mut any = false;
        for lure in evidence.content.lures.iter().filter(|lure| lure.weight >= 60) {
            any |= !matches!(lure.name.as_str(), "urgency" | "action");
            *counts.entry(lure.name.clone()).or_insert(0u32) += 1;
            if show.as_ref().is_some_and(|name| *name == lure.name || name == "all") {
                for phrase in &lure.phrases {
                    *phrases.entry(format!("{} {phrase}", lure.name)).or_insert(0u32) += 1;
                }
            }
        }
        clear += u32::from(any);
    }
    let all = u32::try_from(files.len()).unwrap_or(1).max(1);
    let share = |count: u32| f64::from(count) * 100.0 / f64::from(all);
    let count = files.len().max(1);
    let micros = spent.as_secs_f64() * 1e6 / f64::from(all);
    println!(
        "{folder}: {all} files, {micros:.0} µs and {} bytes of text a file, any clear lure {:.1} %",
        bytes / count,
        share(clear)
    );
    for (name, count) in counts {
        println!("  {name}: {count} ({:.1} %)", share(count));
    }
    let mut phrases: Vec<_> = phrases.into_iter().collect();
    phrases.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (phrase, count) in phrases.iter().take(60) {
        println!("    {count} {phrase}");
    }
}

fn collect(path: &Path, files: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = std::fs::read_dir(path) else {
        files.push(path.to_owned());
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
