//! `sekisho unpack` as people run it: a worker finds what this process finds, and a file that kills it costs itself.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot run fails")]

use std::{collections::BTreeSet, ffi::OsString, path::Path, process::Command, time::Duration};

use sekisho_engine::{
    limits::WORKER_MEMORY,
    worker::{
        Recipe,
        child::{Fault, Worker},
    },
};
use serde_json::Value;

const SEKISHO: &str = env!("CARGO_BIN_EXE_sekisho");
const FILES: &str = "../../fixtures/files";

fn sekisho(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(SEKISHO).arg("unpack").args(arguments).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// The objects without what a clock or the system measured.
fn objects(arguments: &[&str]) -> Vec<Value> {
    let (_, text) = sekisho(arguments);
    let mut objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for object in &mut objects {
        let fields = object.as_object_mut().unwrap();
        assert!(fields.remove("cpu_ms").unwrap().is_number());
        let peak = fields.remove("peak_kb").unwrap();
        assert!(peak.is_u64() || !cfg!(target_os = "linux"), "{peak}");
    }
    objects
}

#[test]
fn a_worker_finds_what_this_process_finds() {
    let apart = objects(&["--json", FILES]);
    let here = objects(&["--json", "--in-process", FILES]);
    assert!(apart.len() > 100, "{}", apart.len());
    for (apart, here) in apart.iter().zip(&here) {
        assert_eq!(apart, here);
    }
    assert_eq!(apart.len(), here.len());
}

#[test]
fn what_was_inside_is_written_only_when_wanted() {
    let names = |folder: &Path| -> BTreeSet<OsString> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    let folder = |name: &str| {
        let folder = std::env::temp_dir().join(format!("sekisho-extract-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    };
    let (apart, here) = (folder("apart"), folder("here"));
    let archives = format!("{FILES}/container");
    sekisho(&["--extract", apart.to_str().unwrap(), &archives]);
    sekisho(&["--in-process", "--extract", here.to_str().unwrap(), &archives]);
    assert!(names(&apart).len() > 3, "{:?}", names(&apart));
    assert_eq!(names(&apart), names(&here));
    for name in names(&apart) {
        assert_eq!(std::fs::read(apart.join(&name)).unwrap(), std::fs::read(here.join(&name)).unwrap());
    }
    std::fs::remove_dir_all(apart).unwrap();
    std::fs::remove_dir_all(here).unwrap();
}

#[test]
fn a_file_that_kills_costs_itself_only() {
    let start = |memory: u64| {
        let arguments = ["worker", "--files", "--misbehave", &format!("--memory={memory}")];
        let arguments = arguments.map(Into::into).to_vec();
        let recipe = Recipe { deadline: Duration::from_secs(5), ..Recipe::new(SEKISHO.into(), arguments) };
        Worker::start(&recipe).unwrap()
    };
    let job = br#"{"path":"a","name":"a.txt","passwords":[],"date":null,"json":true,"colour":false,"macros":false,"pieces":false}"#;
    let fault = |memory: u64, how: &str| {
        let content = format!("X-Misbehave: {how}\r\n");
        start(memory).task(job, content.as_bytes(), &mut |_| {}).unwrap_err()
    };
    assert!(matches!(fault(WORKER_MEMORY, "abort"), Fault::Failed(why) if why.contains("signal 6")));
    assert!(matches!(fault(WORKER_MEMORY, "nonsense"), Fault::Failed(_)));
    assert_eq!(fault(256 << 20, "allocate"), Fault::OverLimit("memory"));
    assert_eq!(fault(WORKER_MEMORY, "loop"), Fault::TimedOut);
    let harmless = start(WORKER_MEMORY).task(job, b"just text", &mut |_| {}).unwrap();
    let outcome: Value = serde_json::from_slice(&harmless).unwrap();
    assert_eq!(outcome["verdict"], "benign");
}

#[test]
fn a_wrong_day_says_why_once() {
    let output = Command::new(SEKISHO).args(["unpack", "--date", "2022-13-01", FILES]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3));
    assert!(text.contains("give a day as YYYY-MM-DD"), "{text}");
    assert_eq!(text.matches("'month'").count(), 1, "{text}");
}
