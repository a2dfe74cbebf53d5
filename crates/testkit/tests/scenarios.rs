//! The scenarios as they are committed: written by the templates, and decided as they should be.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

use std::collections::BTreeMap;

use sekisho_record::Class;
use sekisho_testkit::{
    scenarios::{FOLDERS, Kind, Scenario, folder},
    write,
};

/// Expectations that must hold: all of them.
const ENFORCED: &[Kind] = &[Kind::Papers, Kind::Target, Kind::Tenant, Kind::Brand, Kind::Class];

fn scenario(name: &str) -> Scenario {
    Scenario::read(name).unwrap_or_else(|e| panic!("{e}"))
}

fn check(name: &str) {
    let scenario = scenario(name);
    let rules = sekisho_detect::rules::builtin().unwrap();
    let engine = scenario.engine(rules).unwrap();
    let mut wrong: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    let mut noisy: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &scenario.cases {
        let record = engine.scan(&case.submission());
        for (kind, text) in case.wrong(&record) {
            wrong.entry(kind).or_default().push(format!("{}/{}: {text}", scenario.name, case.name));
        }
        if record.verdict.class > Class::Benign {
            *noisy.entry(&case.group).or_default() += 1;
        }
    }
    for (kind, texts) in &wrong {
        println!("{kind:?}: {} of {}, e.g. {}", texts.len(), scenario.cases.len(), texts[0]);
    }
    wrong.retain(|kind, _| ENFORCED.contains(kind));
    let all: Vec<String> = wrong.into_values().flatten().collect();
    assert!(all.is_empty(), "{} expectations fail:\n{}", all.len(), all.join("\n"));
    for (group, most) in &scenario.suspicious_max {
        let found = noisy.get(group.as_str()).copied().unwrap_or(0);
        assert!(
            !ENFORCED.contains(&Kind::Class) || found <= *most,
            "{found} of {group} are more than benign"
        );
    }
}

fn counts(name: &str) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for case in scenario(name).cases {
        *out.entry(case.group).or_default() += 1;
    }
    out
}

#[test]
fn the_hijacked_mailer_is_seen_through() {
    let expected = [("Microsoft", 105), ("USAA", 14), ("ordinary", 200), ("voicemail", 2)];
    assert_eq!(counts("hijacked-mailer"), expected.map(|(k, v)| (k.to_owned(), v)).into());
    check("hijacked-mailer");
}

#[test]
fn replies_in_stolen_threads_are_noticed_and_ordinary_ones_left_alone() {
    let expected = [
        ("hijacked, internal", 14),
        ("hijacked, sister company", 13),
        ("hijacked, supplier", 13),
        ("ordinary", 100),
    ];
    assert_eq!(counts("reply-chain"), expected.map(|(k, v)| (k.to_owned(), v)).into());
    check("reply-chain");
}

#[test]
fn an_agency_s_name_on_mass_mail_is_noticed() {
    assert_eq!(counts("nobelium"), [("agency".to_owned(), 5)].into());
    check("nobelium");
}

/// Each reply has its thread below it, told apart from what is new.
#[test]
fn replies_quote_a_thread() {
    for case in scenario("reply-chain").cases {
        let message = sekisho_mail::parse(&case.raw);
        assert!(!message.previous_threads.is_empty(), "{}: no quoted thread found", case.name);
        let new = &message.current_thread.text;
        assert!(new.chars().count() < 700 && !new.is_empty(), "{}: {new}", case.name);
    }
}

/// `cargo run -p sekisho-testkit --example regenerate` after a change of templates or seeds.
#[test]
fn committed_files_are_what_the_templates_give() {
    let all = write::all().unwrap();
    assert_eq!(all.iter().map(|s| s.folder).collect::<Vec<_>>(), FOLDERS);
    for scenario in all {
        let folder = folder().join(scenario.folder);
        for (name, content) in scenario.files() {
            let committed = std::fs::read(folder.join(&name)).unwrap_or_default();
            assert!(committed == content, "{}/{name} is stale: run the example regenerate", scenario.folder);
        }
    }
}
