//! Measures brand claims over folders of mail: `brands [-v] [--claims claims.csv ROOT] FOLDER…`.
//!
//! For a folder: how many messages claim a brand (medium or more) that neither papers nor links own. With a list of
//! paths and brands: how many claim the right one. `-v` prints the claims that count.

use std::{fs, path::Path, path::PathBuf, time::Instant};

use sekisho_observe::{Answers, Context, Knowledge, View, ask, brand, observe};
use sekisho_record::{Evidence, Submission};

fn main() {
    let mut args = std::env::args().skip(1).peekable();
    let verbose = args.next_if(|a| a == "-v").is_some();
    let begin = Instant::now();
    let names = Knowledge::builtin().brands.names();
    println!("{names} names loaded in {:?}", begin.elapsed());
    if args.next_if(|a| a == "--claims").is_some() {
        let (Some(list), Some(root)) = (args.next(), args.next()) else { return };
        claims(&list, Path::new(&root), verbose);
    }
    for folder in args {
        measure(Path::new(&folder), verbose);
    }
}

/// Evidence of a file; the topmost results count although no server is named.
fn evidence(raw: &[u8]) -> Evidence {
    let context = Context { believe_unnamed: true, ..Context::default() };
    let submission = Submission::from_bytes(raw);
    let message = sekisho_mail::parse(raw);
    let _ = ask(&message, &submission, &context);
    observe(message, &submission, &Answers::default(), &context, Knowledge::builtin())
}

/// Time of the facet alone, run once more.
fn facet_nanos(evidence: &Evidence, raw: &[u8]) -> u128 {
    let (context, submission) = (Context::default(), Submission::from_bytes(raw));
    let view = View {
        submission: &submission,
        fields: &[],
        auth_results: &[],
        author: None,
        authors: &[],
        sender: None,
        context: &context,
        knowledge: Knowledge::builtin(),
    };
    let begin = Instant::now();
    let found = brand::observe(evidence, &view);
    let nanos = begin.elapsed().as_nanos();
    if found.claims.len() > usize::from(u16::MAX) { 0 } else { nanos }
}

fn claims(list: &str, root: &Path, verbose: bool) {
    let Ok(list) = fs::read_to_string(list) else { return };
    let (mut all, mut right, mut owned) = (0, 0, 0);
    for row in list.lines().skip(1) {
        let mut cells = row.split(',');
        let (Some(path), Some(want)) = (cells.next(), cells.next()) else { continue };
        let Ok(raw) = fs::read(root.join(path)) else { continue };
        all += 1;
        let found = evidence(&raw).brand;
        let medium = found.claims.iter().filter(|c| c.strength != "low");
        let hit = medium.clone().any(|c| brand::slug(&c.brand).contains(want) && !c.sender_owns);
        right += usize::from(hit);
        owned += usize::from(found.sender_owns);
        if verbose && !hit {
            let shown: Vec<_> = found.claims.iter().map(|c| (&c.brand, &c.strength, &c.surfaces)).collect();
            println!("  {path} want {want}: {shown:?}");
        }
    }
    println!("claims: {right} of {all} right, {owned} owned by the sender");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out.sort();
    out
}

fn measure(folder: &Path, verbose: bool) {
    let (mut all, mut claimed, mut foreign, mut leave, mut nanos, mut facet) =
        (0u32, 0u32, 0u32, 0u32, 0u128, 0u128);
    for path in files(folder) {
        let Ok(raw) = fs::read(&path) else { continue };
        let begin = Instant::now();
        let evidence = evidence(&raw);
        nanos += begin.elapsed().as_nanos();
        facet += facet_nanos(&evidence, &raw);
        all += 1;
        let found = &evidence.brand;
        claimed += u32::from(found.claimed.is_some());
        let owns = found.sender_owns || found.claims.iter().any(|c| c.strength != "low" && c.author_owns);
        if found.claimed.is_some() && !owns && !found.links_own {
            foreign += 1;
            leave += u32::from(found.links_leave);
            if verbose {
                let medium = found.claims.iter().filter(|c| c.strength != "low");
                let shown: Vec<_> = medium.map(|c| (&c.brand, &c.strength, &c.surfaces, &c.text)).collect();
                let author = evidence.model.sender.email.as_ref().map_or("", |e| e.domain.domain.as_str());
                println!("  {} {author} {shown:?}", path.file_name().unwrap_or_default().display());
            }
        }
    }
    let micros = nanos / 1_000 / u128::from(all.max(1));
    let facet = facet / 1_000 / u128::from(all.max(1));
    let share = f64::from(foreign) * 100.0 / f64::from(all.max(1));
    println!(
        "{}: {all} mails, {claimed} claim, {foreign} foreign ({share:.2} %), {leave} leave, {micros} µs, of which {facet} µs for this facet",
        folder.display()
    );
}
