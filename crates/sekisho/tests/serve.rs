//! The founding incidents through a real Postfix with the milter of a running server: what is held, what is warned
//! about, and what is delivered as it was.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod live;

use std::net::SocketAddr;

use live::{
    Server,
    play::{self, Way},
};
use sekisho_record::Envelope;
use sekisho_testkit::{
    scenarios::{Case, Scenario},
    servers::{self, Postfix, Setup},
};

#[test]
fn the_hijacked_account_gets_nothing_past_the_milter() {
    play::hijacked(Way::Milter);
}

#[test]
fn replies_in_stolen_threads_are_held_or_warned_about() {
    play::replies(Way::Milter);
}

#[test]
fn a_broken_change_is_refused_and_the_old_configuration_stays() {
    let server =
        Server::start("[organisation]\ndomains = ['harbour.example']\n[authentication]\ndns = false\n", &[]);
    let good = std::fs::read_to_string(server.config()).unwrap();
    std::fs::write(server.config(), good.replace("domains", "domainz")).unwrap();
    server.signal("-HUP");
    server.logged("the new configuration is refused");
    assert!(server.get("/ping").contains("pong"));
    std::fs::write(server.config(), good).unwrap();
    server.signal("-HUP");
    server.logged("configuration and rules are read again");
    assert!(server.end());
}

#[test]
fn without_domains_it_says_what_to_do() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sekisho")).arg("serve").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--domain example.com"));
}

#[test]
fn the_smtp_filter_and_rspamc_get_the_same_verdicts() {
    if servers::without() {
        return;
    }
    let scenario = Scenario::read("hijacked-mailer").unwrap();
    let case = |group: &str| scenario.cases.iter().find(|case| case.group == group).unwrap();
    let (harmful, ordinary) = (case("Microsoft"), case("ordinary"));
    let domains = scenario.organisation.domains.clone();
    let postfix = Postfix::start(&Setup {
        domains,
        main: vec!["message_drop_headers =".to_owned()],
        ..Setup::default()
    });
    let postfix = postfix.unwrap();
    let smtp_port = servers::free_port().unwrap();
    let text = format!(
        "[organisation]\ndomains = ['harbour.example']\n[authentication]\nzone = 'zone.txt'\n\
         [smtp]\nlisten = ['127.0.0.1:{smtp_port}']\nnext = '{}'\n",
        postfix.smtp()
    );
    let server = Server::start(&text, &[("zone.txt", &scenario.zone)]);
    let to = SocketAddr::from(([127, 0, 0, 1], smtp_port));
    let plain = |case: &Case| Envelope { ip: None, ..case.envelope.clone().unwrap() };
    assert_eq!(play::send(to, harmful, &plain(harmful)).code, 250);
    assert_eq!(play::send(to, ordinary, &plain(ordinary)).code, 250);
    let all = postfix.delivered(1).unwrap();
    postfix.drained().unwrap();
    assert_eq!((all.len(), server.counted("quarantine")), (1, 1), "one is held, one delivered");
    assert_eq!(play::outcome(&all[0], ordinary), "benign delivered");
    let asked = |case: &Case| {
        let file = server.folder.path().join("asked.eml");
        std::fs::write(&file, &case.raw).unwrap();
        let mut rspamc = std::process::Command::new("rspamc");
        rspamc.args(["-h", &format!("127.0.0.1:{}", server.http_port)]);
        let envelope = case.envelope.clone().unwrap();
        rspamc.args(["-i", &envelope.ip.unwrap().to_string(), "--helo", &envelope.helo]);
        rspamc.args(["-F", &envelope.mail_from, "-r", &envelope.rcpt_to[0]]).arg(&file);
        String::from_utf8(rspamc.output().unwrap().stdout).unwrap()
    };
    let answer = asked(harmful);
    assert!(answer.contains("Action: reject") && answer.contains("SEKISHO_"), "{answer}");
    assert!(asked(ordinary).contains("Action: no action"));
    assert_eq!(server.counted("quarantine"), 2, "it is counted");
    assert!(server.end());
}
