//! The binary as a user meets it: exit codes, JSON that keeps to its schema, and errors that say what to do next.

#![allow(clippy::unwrap_used, reason = "a test that cannot run fails")]

mod schema;

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use schema::conforms;

const STOLEN_THREAD: &str = "../testkit/scenarios/reply-chain/hijacked/002.eml";
const ZONE: &str = "../testkit/scenarios/reply-chain/zone.txt";
const ORDINARY: &str = "../testkit/scenarios/reply-chain/ordinary/001.eml";

fn sekisho(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sekisho")).args(arguments).output().unwrap()
}

fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sekisho"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn scratch(name: &str, content: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn exit_codes_tell_the_worst_class() {
    assert_eq!(sekisho(&["scan", "--zone", ZONE, ORDINARY]).status.code(), Some(0));
    assert_eq!(sekisho(&["scan", "--zone", ZONE, ORDINARY, STOLEN_THREAD]).status.code(), Some(2));
    assert_eq!(sekisho(&["scan", "no-such-file.eml"]).status.code(), Some(3));
    assert_eq!(sekisho(&["scan"]).status.code(), Some(3));
    assert_eq!(sekisho(&["--help"]).status.code(), Some(0));
}

#[test]
fn standard_input_and_mbox_are_read() {
    let message = std::fs::read(STOLEN_THREAD).unwrap();
    assert_eq!(with_input(&["scan", "--zone", ZONE, "-"], &message).status.code(), Some(2));
    let mbox = "From a@b.example Mon Jan  1 00:00:00 2024\nFrom: a@b.example\nSubject: x\n\nhello\n\nFrom c@d.example Mon Jan  1 00:00:00 2024\nFrom: c@d.example\n\nbye\n";
    let path = scratch("two.mbox", mbox);
    let output = sekisho(&["scan", "--json", path.to_str().unwrap()]);
    let paths: Vec<String> = text(&output.stdout)
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["path"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(paths.len(), 2);
    assert!(paths[0].ends_with("two.mbox#1") && paths[1].ends_with("two.mbox#2"));
}

#[test]
fn json_keeps_to_the_published_schema() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../src/scan.schema.json")).unwrap();
    let output = sekisho(&["scan", "--json", "--zone", ZONE, STOLEN_THREAD, ORDINARY]);
    let lines = text(&output.stdout);
    assert_eq!(lines.lines().count(), 2);
    for line in lines.lines() {
        conforms(&serde_json::from_str(line).unwrap(), &schema, "$");
    }
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["class"], "malicious");
    assert!(first["findings"][0]["exhibits"].as_array().is_some_and(|e| !e.is_empty()));
}

#[test]
fn an_explanation_names_risk_evidence_and_next_step() {
    let english = text(&sekisho(&["explain", "--lang", "en", "--zone", ZONE, STOLEN_THREAD]).stdout);
    assert!(english.starts_with("MALICIOUS"), "{english}");
    for part in ["SPF pass, DKIM pass, DMARC pass", "studio-okonkwo.example", "Next step"] {
        assert!(english.contains(part), "{part}: {english}");
    }
    let japanese = text(&sekisho(&["explain", "--lang", "ja", "--zone", ZONE, STOLEN_THREAD]).stdout);
    assert!(japanese.starts_with("危険") && japanese.contains("次にすること"), "{japanese}");
}

#[test]
fn mistakes_are_answered_with_the_nearest_right_name() {
    let config = scratch("wrong.toml", "[organisation]\ndomain = [\"a.example\"]\n");
    let output = sekisho(&["scan", "--config", config.to_str().unwrap(), ORDINARY]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("did you mean `domains`?"), "{}", text(&output.stderr));
    let output = sekisho(&["rules", "show", "seven-digit-link-in-repl"]);
    assert!(
        text(&output.stderr).contains("did you mean `seven-digit-link-in-reply`?"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_wrong_rule_is_shown_with_line_caret_and_suggestion() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("wrong-rules");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("a.yml"),
        "name: A\ntype: rule\nsource: |\n  type.inbound\n  and sender.emial.email == 'x'\n",
    )
    .unwrap();
    let output = sekisho(&["rules", "check", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    let shown = text(&output.stderr);
    assert!(shown.contains("a.yml:5:") && shown.contains('^') && shown.contains("did you mean"), "{shown}");
}

#[test]
fn a_rule_that_needs_what_is_missing_is_indeterminate_and_names_it() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("open-rules");
    std::fs::create_dir_all(&folder).unwrap();
    let rule = "name: A\ntype: rule\nseverity: high\nsource: |\n  length(body.links) > 0\n  and any(ml.nlu_classifier(body.current_thread.text).intents, .name == 'cred_theft')\n";
    std::fs::write(folder.join("needs_nlu.yml"), rule).unwrap();
    let arguments = ["scan", "--json", "--no-builtin", "--rules", folder.to_str().unwrap(), STOLEN_THREAD];
    let output = sekisho(&arguments);
    let line: serde_json::Value = serde_json::from_str(text(&output.stdout).trim()).unwrap();
    assert_eq!(line["class"], "benign");
    assert_eq!(line["indeterminate"][0]["rule"], "needs_nlu");
    assert_eq!(line["indeterminate"][0]["missing"][0], "ml.nlu_classifier");
}

#[test]
fn links_are_unwrapped() {
    let wrapped =
        "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fbank.example%2Flogin&data=1";
    let shown = text(&sekisho(&["links", wrapped]).stdout);
    assert!(shown.contains("→ https://bank.example/login"), "{shown}");
    let shown = text(&sekisho(&["links", "https://plain.example/login"]).stdout);
    assert!(shown.contains("nothing to undo"), "{shown}");
}
