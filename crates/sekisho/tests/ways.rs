//! The founding incidents on every other way than the milter: through Postfix's `content_filter` and before its queue with
//! a Dovecot at the end, through a milter of rspamd that asks us, and asked about with rspamc.
//!
//! `cargo nextest run -p sekisho --test ways --no-capture` prints what became of which messages: every fifth one of each
//! kind, or with `SEKISHO_WHOLE=1` all of them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod live;

use std::{process::Command, time::Instant};

use live::{
    Server,
    play::{self, Played, Way},
};
use sekisho_testkit::{scenarios::Scenario, servers};

#[test]
fn the_hijacked_account_behind_the_queue_to_dovecot() {
    play::hijacked(Way::ContentFilter);
}

#[test]
fn stolen_threads_behind_the_queue_to_dovecot() {
    play::replies(Way::ContentFilter);
}

#[test]
fn the_hijacked_account_before_the_queue_to_dovecot() {
    play::hijacked(Way::BeforeQueue);
}

#[test]
fn stolen_threads_before_the_queue_to_dovecot() {
    play::replies(Way::BeforeQueue);
}

#[test]
fn the_hijacked_account_through_a_milter_of_rspamd() {
    play::hijacked(Way::Rspamd);
}

#[test]
fn stolen_threads_through_a_milter_of_rspamd() {
    play::replies(Way::Rspamd);
}

/// Asks about every message of a scenario with rspamc.
fn asked(name: &str) -> Played {
    let scenario = Scenario::read(name).unwrap();
    let organisation = &scenario.organisation;
    let text = format!(
        "[organisation]\nname = '{}'\ndomains = {:?}\npartners = {:?}\n[authentication]\nzone = 'zone.txt'\n",
        organisation.name, organisation.domains, organisation.partners
    );
    let server = Server::start(&text, &[("zone.txt", &scenario.zone)]);
    let (mut played, started) = (Played::default(), Instant::now());
    let file = server.folder.path().join("asked.eml");
    let cases = play::some(&scenario, false);
    for case in &cases {
        let envelope = play::envelope(case, &organisation.domains[0]);
        std::fs::write(&file, &case.raw).unwrap();
        let mut rspamc = Command::new("rspamc");
        rspamc.args(["-h", &format!("127.0.0.1:{}", server.http_port), "--helo", &envelope.helo]);
        rspamc.args(["-F", &envelope.mail_from]);
        rspamc.args(envelope.rcpt_to.iter().flat_map(|to| ["-r", to]));
        if let Some(ip) = envelope.ip {
            rspamc.args(["-i", &ip.to_string()]);
        }
        let output = rspamc.arg(&file).output().unwrap();
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        let action = answer.lines().find_map(|line| line.strip_prefix("Action: "));
        played.add(&case.group, action.unwrap_or_else(|| panic!("{}: {answer}", case.name)));
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{name} by rspamc, {} messages in {seconds:.1} s:\n{played}", cases.len());
    assert!(server.end());
    played
}

#[test]
fn rspamc_is_told_the_same() {
    if servers::without() {
        return;
    }
    let played = asked("hijacked-mailer");
    let ordinary = played.count("ordinary", "");
    assert_eq!(played.count("ordinary", "no action"), ordinary, "{played}");
    let harmful = played.count("", "") - ordinary;
    assert_eq!(played.count("", "reject") + played.count("", "add header"), harmful, "{played}");
    let played = asked("reply-chain");
    assert_eq!(played.count("ordinary", "reject"), 0, "{played}");
    let caught = played.count("hijacked", "reject") + played.count("hijacked", "add header");
    assert!(caught * 10 >= played.count("hijacked", "") * 9, "{played}");
}
