//! The founding incidents through a real Postfix with the milter of a running server: what is held, what is warned
//! about, and what is delivered as it was.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod live;

use std::{collections::BTreeMap, net::SocketAddr, time::Instant};

use live::Server;
use sekisho_policy::banner::undress;
use sekisho_record::Envelope;
use sekisho_testkit::{
    scenarios::{Case, Scenario},
    servers::{self, Client, Delivered, Postfix, Setup},
};

/// A server for the organisation of a scenario, and a Postfix that hands it all mail.
fn stage(scenario: &Scenario) -> (Server, Postfix) {
    let domains = &scenario.organisation.domains;
    let text = format!(
        "[organisation]\nname = '{}'\ndomains = {domains:?}\npartners = {:?}\n[authentication]\nzone = 'zone.txt'\n",
        scenario.organisation.name, scenario.organisation.partners
    );
    let server = Server::start(&text, &[("zone.txt", &scenario.zone)]);
    let setup = Setup {
        domains: domains.clone(),
        milter: Some(format!("inet:127.0.0.1:{}", server.milter_port)),
        main: [
            "message_drop_headers =",
            "smtpd_authorized_xclient_hosts = 127.0.0.0/8",
            "smtpd_relay_restrictions = permit_auth_destination, reject",
            "smtpd_recipient_restrictions = permit_auth_destination, reject",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Setup::default()
    };
    (server, Postfix::start(&setup).unwrap())
}

/// The envelope of a case; one that was read from a mailbox gets one from its header.
fn envelope(case: &Case, domain: &str) -> Envelope {
    if let Some(envelope) = &case.envelope {
        return envelope.clone();
    }
    let message = sekisho_mail::parse(&case.raw);
    let address = |mailbox: &sekisho_mail::Mailbox| Some(mailbox.email.email.clone());
    let ours = |to: &String| to.ends_with(&format!("@{domain}"));
    let rcpt_to = message.to.iter().chain(&message.cc).filter_map(address).find(ours);
    Envelope {
        mail_from: message.author.as_ref().and_then(address).unwrap_or_default(),
        rcpt_to: vec![rcpt_to.unwrap_or_else(|| format!("somebody@{domain}"))],
        helo: "mail.example".to_owned(),
        ..Envelope::default()
    }
}

/// Sends a case as its sender did.
fn send(to: SocketAddr, case: &Case, envelope: &Envelope) -> servers::Reply {
    let mut client = Client::connect(to).unwrap();
    if let Some(ip) = envelope.ip {
        client.hello("client.example").unwrap();
        let reply = client.command(&format!("XCLIENT NAME=[UNAVAILABLE] ADDR={ip}")).unwrap();
        assert_eq!(reply.code, 220, "{reply}");
    }
    client.hello(&envelope.helo).unwrap();
    let to: Vec<&str> = envelope.rcpt_to.iter().map(String::as_str).collect();
    client.send(&envelope.mail_from, &to, &case.raw).unwrap()
}

/// What became of a message, by its class: `benign delivered` and the like.
fn outcome(delivered: &Delivered, case: &Case) -> String {
    let message = sekisho_mail::parse(&delivered.raw);
    let field =
        |name: &str| message.fields.iter().find(|field| field.is(name)).map(|field| field.value.clone());
    let verdict = field("Sekisho-Verdict").unwrap_or_else(|| panic!("{}: no verdict", case.name));
    let class = verdict.split(';').next().unwrap_or_default().to_owned();
    if field("Sekisho-Banner").is_none() {
        // Below our field and Postfix's everything is as it was sent.
        assert!(delivered.raw.ends_with(&case.raw), "{} was changed:\n{}", case.name, delivered.text());
        return format!("{class} delivered");
    }
    let original =
        undress(&delivered.raw).unwrap_or_else(|| panic!("{}: the banner cannot be removed", case.name));
    assert!(original.ends_with(&case.raw), "{}: without the banner it is not what was sent", case.name);
    let plain = message.plain.as_ref().map(|text| text.raw.as_str());
    let page = message.dom.as_ref().map(|page| page.display_text.as_str());
    for (part, text) in [("text", plain), ("HTML", page)] {
        let Some(text) = text else { continue };
        let shown = text.trim_start().chars().take(200).collect::<String>();
        assert!(shown.contains("Warning"), "{}: {part} does not begin with the banner: {shown}", case.name);
    }
    format!("{class} warned")
}

/// Sends all of a scenario; how many of which group had which outcome.
fn play(name: &str) -> Option<(BTreeMap<String, usize>, f64)> {
    if servers::without() {
        return None;
    }
    let scenario = Scenario::read(name).unwrap();
    let domain = scenario.organisation.domains[0].clone();
    let (server, postfix) = stage(&scenario);
    let mut out: BTreeMap<String, usize> = BTreeMap::new();
    let started = Instant::now();
    let mut held = 0;
    let mut seen = std::collections::BTreeSet::new();
    for case in &scenario.cases {
        let envelope = envelope(case, &domain);
        let reply = send(postfix.smtp(), case, &envelope);
        assert_eq!(reply.code, 250, "{}: {reply}\n{}\n{}", case.name, server.log(), postfix.log().unwrap());
        let result = if server.counted("quarantine") > held {
            held += 1;
            "malicious held".to_owned()
        } else {
            let all = postfix.delivered(seen.len() + 1).unwrap();
            assert_eq!(all.len(), seen.len() + 1, "{}: one message, one file", case.name);
            let files = postfix.mailbox().files().unwrap();
            let new = files.iter().find(|file| !seen.contains(*file)).unwrap().clone();
            let delivered = Delivered::read(&std::fs::read(&new).unwrap());
            seen.insert(new);
            outcome(&delivered, case)
        };
        *out.entry(format!("{}: {result}", case.group)).or_default() += 1;
    }
    let seconds = started.elapsed().as_secs_f64();
    postfix.drained().unwrap();
    assert_eq!(out.values().sum::<usize>(), scenario.cases.len(), "every message has one outcome");
    assert!(!server.log().contains("ERROR"), "{}", server.log());
    assert!(server.end(), "it ends well");
    Some((out, seconds))
}

fn show(out: &BTreeMap<String, usize>) -> String {
    out.iter().map(|(what, count)| format!("{count:>4} {what}\n")).collect()
}

#[test]
fn the_hijacked_account_gets_nothing_past_the_milter() {
    let Some((out, seconds)) = play("hijacked-mailer") else { return };
    println!("{seconds:.1} s\n{}", show(&out));
    let count = |start: &str, end: &str| -> usize {
        out.iter().filter(|(what, _)| what.starts_with(start) && what.ends_with(end)).map(|(_, n)| n).sum()
    };
    assert_eq!(count("ordinary", "benign delivered"), 200, "{}", show(&out));
    assert_eq!(count("", "held") + count("", "suspicious warned"), 121, "{}", show(&out));
}

#[test]
fn replies_in_stolen_threads_are_held_or_warned_about() {
    let Some((out, seconds)) = play("reply-chain") else { return };
    println!("{seconds:.1} s\n{}", show(&out));
    let count = |start: &str, end: &str| -> usize {
        out.iter().filter(|(what, _)| what.starts_with(start) && what.ends_with(end)).map(|(_, n)| n).sum()
    };
    assert_eq!(count("ordinary", "held"), 0, "{}", show(&out));
    assert!(count("hijacked", "held") + count("hijacked", "suspicious warned") >= 36, "{}", show(&out));
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
    assert_eq!(send(to, harmful, &plain(harmful)).code, 250);
    assert_eq!(send(to, ordinary, &plain(ordinary)).code, 250);
    let all = postfix.delivered(1).unwrap();
    postfix.drained().unwrap();
    assert_eq!((all.len(), server.counted("quarantine")), (1, 1), "one is held, one delivered");
    assert_eq!(outcome(&all[0], ordinary), "benign delivered");
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
