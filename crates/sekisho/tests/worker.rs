//! Workers as real processes: same results as in-process, a lock that holds, and messages that kill.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot run fails")]

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use sekisho_detect::{Lists, OrgLists, Rules, rules};
use sekisho_engine::{
    Desk, Engine, Nobody, Scripted, Zone,
    limits::WORKER_MEMORY,
    worker::{Judged, Pool, Recipe},
};
use sekisho_observe::Context;
use sekisho_record::{Class, Submission};

const SEKISHO: &str = env!("CARGO_BIN_EXE_sekisho");
const GOOD: &[u8] = include_bytes!("../../testkit/scenarios/reply-chain/ordinary/001.eml");
const BAD: &[u8] = include_bytes!("../../testkit/scenarios/reply-chain/hijacked/002.eml");

fn pool(memory: u64, deadline: Duration, workers: usize) -> Pool {
    let arguments = ["worker", "--misbehave", &format!("--memory={memory}")].map(Into::into).to_vec();
    let recipe = Recipe { deadline, ..Recipe::new(SEKISHO.into(), arguments) };
    Pool::start(recipe, Desk::new(Box::new(Nobody), Duration::from_secs(1)), workers).unwrap()
}

fn judge(pool: &Pool, raw: &[u8]) -> Judged {
    pool.judge(&Submission::from_bytes(raw), "")
}

/// Misbehaves, then judges an ordinary message; returns the gap that the first one cost.
fn after(pool: &Pool, how: &str) -> (String, String) {
    let killer = format!("X-Misbehave: {how}\r\nFrom: a@b.example\r\n\r\nx\r\n");
    let judged = judge(pool, killer.as_bytes());
    assert_eq!(judged.verdict.class, Class::Suspicious, "{how}");
    let [gap] = judged.verdict.gaps.as_slice() else { panic!("{how}: {:?}", judged.verdict.gaps) };
    assert_eq!(gap.facet, "engine");
    let next = judge(pool, GOOD);
    assert!(next.verdict.gaps.iter().all(|g| g.facet != "engine"), "{how}: {:?}", next.verdict.gaps);
    assert_eq!(next.verdict.class, Class::Benign, "{how}");
    (gap.reason.clone(), gap.detail.clone())
}

#[test]
fn nothing_can_be_opened_once_locked_in() {
    let output = Command::new(SEKISHO).args(["worker", "--attempt"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.lines().count(), 9, "{said}{}", String::from_utf8_lossy(&output.stderr));
    if cfg!(target_os = "linux") {
        for line in said.lines() {
            assert!(line.ends_with(": EPERM"), "{said}");
        }
    }
}

#[test]
fn a_message_that_kills_costs_itself_only() {
    let pool = pool(WORKER_MEMORY, Duration::from_secs(60), 1);
    assert_eq!(
        after(&pool, "abort"),
        ("failed".into(), "the message could not be judged: the worker crashed (signal 6)".into())
    );
    assert_eq!(after(&pool, "deep").0, "failed");
    assert_eq!(after(&pool, "exit").0, "failed");
    assert_eq!(
        after(&pool, "nonsense"),
        ("failed".into(), "the message could not be judged: the worker spoke nonsense".into())
    );
}

#[test]
fn memory_is_limited() {
    let pool = pool(256 << 20, Duration::from_secs(60), 1);
    assert_eq!(
        after(&pool, "allocate"),
        ("over_limit".into(), "the message could not be judged within the limit of memory".into())
    );
}

#[test]
fn time_is_limited() {
    let pool = pool(WORKER_MEMORY, Duration::from_secs(3), 1);
    let started = Instant::now();
    let (reason, _) = after(&pool, "loop");
    assert_eq!(reason, "timed_out");
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_worker_that_died_idle_is_no_message_s_fault() {
    let pool = pool(WORKER_MEMORY, Duration::from_secs(60), 1);
    let [id] = pool.idle().try_into().unwrap();
    assert!(Command::new("kill").args(["-9", &id.to_string()]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(200));
    let judged = judge(&pool, BAD);
    assert!(judged.verdict.gaps.iter().all(|g| g.facet != "engine"), "{:?}", judged.verdict.gaps);
    assert_ne!(pool.idle(), [id]);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_flat_over_many_messages() {
    let pool = pool(WORKER_MEMORY, Duration::from_secs(60), 1);
    let resident = || {
        let [id] = pool.idle().try_into().unwrap();
        let text = std::fs::read_to_string(format!("/proc/{id}/statm")).unwrap();
        let pages: u64 = text.split_whitespace().nth(1).unwrap().parse().unwrap();
        (id, pages * 4)
    };
    for raw in [GOOD, BAD].iter().cycle().take(40) {
        judge(&pool, raw);
    }
    let (first, warm) = resident();
    for raw in [GOOD, BAD].iter().cycle().take(200) {
        judge(&pool, raw);
    }
    let (last, after) = resident();
    assert_eq!(first, last, "the same worker did it all");
    assert!(after < warm + 2048, "{warm} KiB grew to {after} KiB");
}

#[test]
fn several_threads_share_a_pool() {
    let pool = pool(WORKER_MEMORY, Duration::from_secs(60), 2);
    std::thread::scope(|scope| {
        for raw in [GOOD, BAD, b"X-Misbehave: abort\r\n\r\n".as_slice(), GOOD, BAD] {
            let pool = &pool;
            scope.spawn(move || {
                for _ in 0..3 {
                    let gaps = judge(pool, raw).verdict.gaps;
                    assert_eq!(gaps.iter().any(|g| g.facet == "engine"), raw.starts_with(b"X-Misbehave"));
                }
            });
        }
    });
    assert!(pool.idle().len() <= 2);
}

fn sekisho(arguments: &[&str], place: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(SEKISHO).args(arguments).args(place).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Everything but the clock: the evidence as JSON text, and the verdict.
#[test]
fn every_record_is_the_same_in_a_worker() {
    let mut folders = vec![(PathBuf::from("../../fixtures"), None)];
    for scenario in ["hijacked-mailer", "nobelium", "reply-chain"] {
        let folder = PathBuf::from("../testkit/scenarios").join(scenario);
        let zone = std::fs::read_to_string(folder.join("zone.txt")).unwrap();
        folders.push((folder, Some(zone)));
    }
    let (mut compared, mut asked) = (0, 0);
    for (folder, zone) in folders {
        let mut lists = Lists::default();
        for (name, entries) in sekisho_observe::lists::all() {
            lists.set(name, entries);
        }
        let rules = Rules::compile(rules::builtin().unwrap(), lists, &OrgLists::default()).unwrap();
        let mut engine = Engine::new(Context::default(), rules);
        let mut arguments: Vec<OsString> = vec!["worker".into()];
        let mut desk = Desk::new(Box::new(Nobody), Duration::from_secs(1));
        if let Some(zone) = &zone {
            let resolver = Scripted::new(Zone::parse(zone).unwrap()).unwrap();
            desk = Desk::new(Box::new(resolver), Duration::from_secs(1));
            engine = engine.with_zone(zone).unwrap();
            arguments.push("--asks".into());
        }
        let pool = Pool::start(Recipe::new(SEKISHO.into(), arguments), desk, 1).unwrap();
        let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
        let messages = entries.filter(|e| e.path().extension().is_some_and(|e| e == "eml"));
        // Every fifth of a scenario: its messages are made by few templates.
        for entry in messages.step_by(if zone.is_some() { 5 } else { 1 }) {
            let raw = std::fs::read(entry.path()).unwrap();
            let here = engine.scan_bytes(&raw);
            let apart = pool.judge(&Submission::from_bytes(&raw), "evidence");
            assert_eq!(apart.verdict, here.verdict, "{}", entry.path().display());
            let evidence = serde_json::to_string_pretty(&here.evidence).unwrap() + "\n";
            assert!(apart.text == Some(evidence), "evidence of {} differs", entry.path().display());
            compared += 1;
            asked += usize::from(here.evidence.authentication.source == "verified");
        }
    }
    assert!(compared > 80 && asked > 50, "{compared} {asked}");
}

/// Results without what the clock says.
fn timeless(lines: &str) -> Vec<serde_json::Value> {
    let mut all: Vec<serde_json::Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for line in &mut all {
        line.as_object_mut().unwrap().remove("cpu_ms").unwrap();
    }
    all
}

#[test]
fn scenarios_are_judged_as_in_process() {
    let folder = PathBuf::from("../testkit/scenarios");
    for scenario in ["hijacked-mailer", "nobelium", "reply-chain", "ordinary-modern"] {
        let path = folder.join(scenario);
        let zone = path.join("zone.txt").display().to_string();
        let path = path.display().to_string();
        let mut arguments = vec!["scan", "--json", "--quiet", path.as_str()];
        if Path::new(&zone).exists() {
            arguments.extend(["--zone", zone.as_str()]);
        } else {
            arguments.push("--believe-unnamed");
        }
        let (code, apart, errors) = sekisho(&arguments, &[]);
        let (code_here, here, _) = sekisho(&arguments, &["--in-process"]);
        assert_eq!(errors, "");
        assert_eq!(code, code_here);
        let (apart, here) = (timeless(&apart), timeless(&here));
        assert!(!here.is_empty());
        assert_eq!(apart, here, "{scenario}");
    }
}

#[test]
fn fixtures_are_judged_as_in_process() {
    let arguments =
        ["scan", "--json", "--quiet", "../../fixtures", "../testkit/scenarios/reply-chain/ordinary"];
    let (code, apart, _) = sekisho(&arguments, &["--threads", "1"]);
    let (code_here, here, _) = sekisho(&arguments, &["--in-process", "--threads", "1"]);
    assert_eq!(code, code_here);
    assert_eq!(timeless(&apart), timeless(&here));
}

#[test]
fn evidence_and_explanations_are_the_same() {
    let message = "../testkit/scenarios/reply-chain/hijacked/002.eml";
    let zone = "../testkit/scenarios/reply-chain/zone.txt";
    for arguments in [
        vec!["evidence", "--zone", zone, message],
        vec!["explain", "--lang", "ja", "--zone", zone, message],
        vec!["explain", "--lang", "en", message],
    ] {
        let apart = sekisho(&arguments, &[]);
        assert_eq!(apart, sekisho(&arguments, &["--in-process"]));
        assert!(apart.1.len() > 200, "{}", apart.1);
    }
}
