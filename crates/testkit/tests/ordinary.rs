//! Ordinary mail of today (notices, receipts, newsletters, replies with a link) stays ordinary.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

use std::path::PathBuf;

use sekisho_detect::{Lists, OrgLists, Rules};
use sekisho_engine::Engine;
use sekisho_observe::Context;
use sekisho_record::{Class, Record};
use sekisho_testkit::scenarios::{Organisation, folder};

/// The messages, by file name.
fn messages() -> Vec<(String, Vec<u8>)> {
    let folder = folder().join("ordinary-modern");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

/// An engine with the built-in rules, for a mailbox with Microsoft and one behind mx.harbour.example.
fn engine() -> Engine {
    let organisation = Organisation::harbour();
    let vips = organisation.people.iter().filter(|p| p.2);
    let org = OrgLists {
        domains: organisation.domains.clone(),
        display_names: organisation.people.iter().map(|p| p.0.clone()).collect(),
        vips: vips.map(|(name, address, _)| (name.clone(), address.clone())).collect(),
    };
    let mut lists = Lists::default();
    for (name, entries) in sekisho_observe::lists::all() {
        lists.set(name, entries);
    }
    let rules = Rules::compile(sekisho_detect::rules::builtin().unwrap(), lists, &org).unwrap();
    let context = Context { believe_unnamed: true, ..organisation.context() };
    Engine::new(context, rules)
}

fn described(name: &str, record: &Record) -> String {
    let rules: Vec<&str> = record.verdict.findings.iter().map(|f| f.rule.as_str()).collect();
    format!("{name}: {:?} by {rules:?}", record.verdict.class)
}

/// None is malicious, and not more than one in a hundred suspicious.
#[test]
fn ordinary_mail_is_left_alone() {
    let (engine, messages) = (engine(), messages());
    assert!(messages.len() >= 100, "only {} messages", messages.len());
    let mut suspicious = Vec::new();
    let mut malicious = Vec::new();
    for (name, raw) in &messages {
        let record = engine.scan_bytes(raw);
        match record.verdict.class {
            Class::Benign => {}
            Class::Suspicious => suspicious.push(described(name, &record)),
            Class::Malicious => malicious.push(described(name, &record)),
        }
    }
    assert!(malicious.is_empty(), "malicious:\n{}", malicious.join("\n"));
    let most = messages.len() / 100;
    assert!(
        suspicious.len() <= most,
        "{} of {} are suspicious:\n{}",
        suspicious.len(),
        messages.len(),
        suspicious.join("\n")
    );
}

/// They are mail at all: an author, a subject, and something to read or a file.
#[test]
fn ordinary_mail_is_parsed() {
    let engine = engine();
    for (name, raw) in messages() {
        let record = engine.scan_bytes(&raw);
        let content = &record.evidence.content;
        assert!(content.words > 0, "{name}: nothing to read");
    }
}
