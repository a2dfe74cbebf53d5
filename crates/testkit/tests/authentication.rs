//! Papers are checked from end to end: signed messages, a scripted zone, the engine.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::{future::pending, time::Duration};

use sekisho_detect::{Lists, OrgLists, Rules};
use sekisho_engine::{
    Engine, Resolver,
    resolver::Answer,
    world::{SpfFound, TxtFound},
};
use sekisho_observe::{Context, question::SpfQuestion};
use sekisho_record::{Envelope, Evidence, Submission};
use sekisho_testkit::Signer;

const ZONE: &str = "
shop.example            TXT  v=spf1 ip4:192.0.2.0/24 -all
_dmarc.shop.example     TXT  v=DMARC1; p=reject
bulk.example            TXT  v=spf1 ip4:198.51.100.7 include:_spf.bulk.example ~all
_spf.bulk.example       TXT  v=spf1 a:out.bulk.example -all
out.bulk.example        A    198.51.100.8
loose.example           TXT  v=spf1 mx ?all
loose.example           MX   10 mx.loose.example
mx.loose.example        A    203.0.113.25
broken.example          FAIL
";

fn no_rules() -> Rules {
    Rules::compile(Vec::new(), Lists::default(), &OrgLists::default()).unwrap()
}

fn message(from: &str) -> String {
    format!(
        "From: Shop <{from}>\r\nTo: <b@corp.example>\r\nSubject: Order\r\nDate: Tue, 1 Jul 2025 10:00:00 +0000\r\n\
         Message-ID: <1@shop.example>\r\n\r\nYour order is on its way.\r\n"
    )
}

fn envelope(ip: &str, mail_from: &str) -> Envelope {
    Envelope {
        mail_from: mail_from.into(),
        rcpt_to: vec!["b@corp.example".into()],
        helo: "out.example".into(),
        ip: ip.parse().ok(),
        login: None,
    }
}

fn scan(raw: &[u8], envelope: &Envelope, context: Context) -> Evidence {
    let keys: String =
        ["shop.example", "bulk.example", "lists.example"].map(|d| Signer::new(d).zone()).concat();
    let engine = Engine::new(context, no_rules()).with_zone(&format!("{ZONE}{keys}")).unwrap();
    engine.scan(&Submission { envelope: Some(envelope), ..Submission::from_bytes(raw) }).evidence
}

fn show(e: &Evidence) -> String {
    let a = &e.authentication;
    let word = |s: &Option<String>| s.clone().unwrap_or_else(|| "-".into());
    let mut line = format!("spf={} dkim={} dmarc={}", word(&a.spf), word(&a.dkim), word(&a.dmarc));
    for (on, name) in [(a.in_order, "in_order"), (a.aligned == Some(true), "aligned"), (a.failed, "failed")] {
        if on {
            line = format!("{line} {name}");
        }
    }
    format!("{line} [{}]", a.domains.join(" "))
}

fn check(raw: &[u8], ip: &str, mail_from: &str, want: &str) {
    assert_eq!(show(&scan(raw, &envelope(ip, mail_from), Context::default())), want);
}

#[test]
fn papers_in_order() {
    let raw = Signer::new("shop.example").sign(message("a@shop.example").as_bytes()).unwrap();
    let want = "spf=pass dkim=pass dmarc=pass in_order aligned [shop.example]";
    check(&raw, "192.0.2.4", "bounce@shop.example", want);
}

#[test]
fn papers_of_somebody_else_pass_and_do_not_align() {
    let raw = Signer::new("bulk.example").sign(message("a@nodmarc.example").as_bytes()).unwrap();
    let want = "spf=pass dkim=pass dmarc=none [bulk.example]";
    check(&raw, "198.51.100.8", "bounce@bulk.example", want);
    let raw = Signer::new("bulk.example").sign(message("a@shop.example").as_bytes()).unwrap();
    let want = "spf=pass dkim=pass dmarc=fail failed [bulk.example]";
    check(&raw, "198.51.100.7", "bounce@bulk.example", want);
}

#[test]
fn a_changed_body_breaks_the_signature_and_dmarc_holds_by_spf_alone() {
    let mut raw = Signer::new("shop.example").sign(message("a@shop.example").as_bytes()).unwrap();
    raw.extend_from_slice(b"PS: pay here instead\r\n");
    check(&raw, "192.0.2.4", "a@shop.example", "spf=pass dkim=fail dmarc=pass aligned [shop.example]");
    check(&raw, "203.0.113.1", "a@shop.example", "spf=fail dkim=fail dmarc=fail failed []");
}

#[test]
fn spf_by_mx_include_and_bounces() {
    let raw = message("a@loose.example");
    check(
        raw.as_bytes(),
        "203.0.113.25",
        "a@loose.example",
        "spf=pass dkim=none dmarc=none aligned [loose.example]",
    );
    check(raw.as_bytes(), "203.0.113.26", "a@loose.example", "spf=neutral dkim=none dmarc=none []");
    check(raw.as_bytes(), "203.0.113.26", "a@bulk.example", "spf=softfail dkim=none dmarc=none []");
    check(raw.as_bytes(), "203.0.113.26", "a@broken.example", "spf=temperror dkim=none dmarc=none []");
    // A bounce has no reverse path; the greeting is checked.
    let from_loose = Envelope { helo: "loose.example".into(), ..envelope("203.0.113.25", "") };
    let e = scan(raw.as_bytes(), &from_loose, Context::default());
    assert_eq!(e.authentication.spf_domain.as_deref(), Some("loose.example"));
}

#[test]
fn no_records_at_all() {
    let raw = message("a@nothing.example");
    check(raw.as_bytes(), "203.0.113.1", "a@nothing.example", "spf=none dkim=none dmarc=none []");
    // A key that the zone does not hold is not a pass.
    let raw = Signer::new("nothing.example").sign(raw.as_bytes()).unwrap();
    check(&raw, "203.0.113.1", "a@nothing.example", "spf=none dkim=permerror dmarc=none []");
}

#[test]
fn spf_that_asks_whether_a_name_exists() {
    let zone = "per.example TXT v=spf1 exists:%{i}.allow.example a:unlisted.example -all\n192.0.2.4.allow.example A 127.0.0.2\n";
    let engine = Engine::new(Context::default(), no_rules()).with_zone(zone).unwrap();
    let look = |ip: &str| {
        let raw = message("a@per.example");
        let envelope = envelope(ip, "a@per.example");
        let record =
            engine.scan(&Submission { envelope: Some(&envelope), ..Submission::from_bytes(raw.as_bytes()) });
        record.evidence.authentication.spf.unwrap_or_default()
    };
    assert_eq!(look("192.0.2.4"), "pass");
    // docs/zone-file.md: addresses of names that such a file does not hold count as a failure of the server.
    assert_eq!(look("192.0.2.5"), "temperror");
}

/// mail-auth 0.13.3 counts a last line of blanks as an empty line under the relaxed form (RFC 6376 §3.4.4 does not).
#[test]
fn a_last_line_of_blanks_does_not_break_a_relaxed_signature() {
    let want = "spf=pass dkim=pass dmarc=pass in_order aligned [shop.example]";
    let signed = Signer::new("shop.example").sign(message("a@shop.example").as_bytes()).unwrap();
    for tail in ["  \r\n", "\t\r\n \r\n", "\r\n  \r\n\r\n", "   "] {
        let raw = [signed.as_slice(), tail.as_bytes()].concat();
        check(&raw, "192.0.2.4", "a@shop.example", want);
    }
    // Under the simple form blanks do count, and text after the blanks always does.
    let broken = "spf=pass dkim=fail dmarc=pass aligned [shop.example]";
    let simple =
        Signer::new("shop.example").simple_body().sign(message("a@shop.example").as_bytes()).unwrap();
    check(&[simple.as_slice(), b"  \r\n"].concat(), "192.0.2.4", "a@shop.example", broken);
    check(&[signed.as_slice(), b"  \r\nx\r\n"].concat(), "192.0.2.4", "a@shop.example", broken);
}

#[test]
fn a_list_that_is_believed_makes_up_for_what_it_changed() {
    let signed = Signer::new("shop.example").sign(message("a@shop.example").as_bytes()).unwrap();
    let footer = [signed.as_slice(), b"-- \r\nlist footer\r\n"].concat();
    let sealed = Signer::new("lists.example").seal(&footer, "shop.example").unwrap();
    let from_list = envelope("203.0.113.99", "bounce@lists.example");
    let trusting = Context { believed_sealers: vec!["lists.example".into()], ..Context::default() };
    let e = scan(&sealed, &from_list, trusting.clone());
    assert_eq!(show(&e), "spf=none dkim=fail dmarc=fail aligned [shop.example]");
    assert_eq!(e.authentication.arc_sealer.as_deref(), Some("lists.example"));
    let e = scan(&sealed, &from_list, Context::default());
    assert_eq!(show(&e), "spf=none dkim=fail dmarc=fail failed []");
    assert_eq!(e.authentication.arc.as_deref(), Some("pass"));
    // Changed once more behind the seal: the chain does not hold.
    let after = [sealed.as_slice(), b"one more line\r\n"].concat();
    let e = scan(&after, &from_list, trusting);
    assert_eq!(e.authentication.arc.as_deref(), Some("fail"));
    assert!(e.authentication.failed && e.authentication.arc_sealer.is_none());
}

/// A subdomain that does not exist is judged by `np`, one that exists by `sp` (RFC 9989 §4.7).
#[test]
fn a_subdomain_that_does_not_exist_has_a_policy_of_its_own() {
    let zone =
        "_dmarc.shop.example TXT v=DMARC1; p=none; sp=quarantine; np=reject\nreal.shop.example A 192.0.2.9\n";
    let engine = Engine::new(Context::default(), no_rules()).with_zone(zone).unwrap();
    let policy = |domain: &str| {
        let record = engine.scan_bytes(message(&format!("a@{domain}")).as_bytes());
        record.evidence.authentication.policy.unwrap_or_default()
    };
    assert_eq!(policy("shop.example"), "none");
    assert_eq!(policy("real.shop.example"), "quarantine");
    assert_eq!(policy("invented.shop.example"), "reject");
}

/// A resolver that never answers.
struct Silence;

impl Resolver for Silence {
    fn spf<'a>(&'a self, _question: &'a SpfQuestion) -> Answer<'a, SpfFound> {
        Box::pin(pending())
    }

    fn txt<'a>(&'a self, _names: &'a [String]) -> Answer<'a, Vec<TxtFound>> {
        Box::pin(pending())
    }

    fn exists<'a>(&'a self, _names: &'a [String]) -> Answer<'a, Vec<Option<bool>>> {
        Box::pin(pending())
    }

    fn waits(&self) -> bool {
        true
    }
}

#[test]
fn a_resolver_that_hangs_costs_a_gap_and_no_more() {
    let engine = Engine::new(Context::default(), no_rules())
        .with_resolver(Box::new(Silence))
        .with_deadline(Duration::from_millis(20));
    let started = std::time::Instant::now();
    let record = engine.scan_bytes(message("a@shop.example").as_bytes());
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_secs(30), "{elapsed:?}");
    let gaps: Vec<_> = record.verdict.gaps.iter().map(|g| (g.facet.as_str(), g.reason.as_str())).collect();
    assert!(gaps.contains(&("authentication", "timed_out")), "{gaps:?}");
    // Waiting is not counted as work.
    let cost = record.cost;
    assert!(
        cost.wait_ms >= 20.0 && cost.wait_ms + cost.cpu_ms() <= elapsed.as_secs_f64() * 1000.0,
        "{cost:?}"
    );
}

#[test]
fn without_a_resolver_papers_are_a_named_gap() {
    let record = Engine::new(Context::default(), no_rules()).scan_bytes(message("a@shop.example").as_bytes());
    assert_eq!(record.evidence.authentication.source, "none");
    assert!(record.evidence.gaps.iter().any(|g| g.facet == "authentication" && g.reason == "disabled"));
}

#[test]
fn a_stored_message_is_checked_by_the_hop_that_handed_it_over() {
    let raw = format!(
        "Return-Path: <bounce@shop.example>\r\nReceived: from out.shop.example (out.shop.example [192.0.2.4]) by mx.corp.example \
         with ESMTPS id 1; Tue, 1 Jul 2025 10:00:01 +0000\r\n{}",
        message("a@shop.example")
    );
    let engine = Engine::new(Context::default(), no_rules()).with_zone(ZONE).unwrap();
    let evidence = engine.scan_bytes(raw.as_bytes()).evidence;
    assert_eq!(show(&evidence), "spf=pass dkim=none dmarc=pass aligned [shop.example]");
}

/// Live resolving against a name server on this machine that refuses to answer: temperror within the deadline.
#[test]
fn dead_name_servers_are_a_temporary_error_or_a_gap() {
    let nowhere = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let live = sekisho_engine::Live::servers(&[nowhere.local_addr().unwrap()]).unwrap();
    let engine = Engine::new(Context::default(), no_rules())
        .with_resolver(Box::new(live))
        .with_deadline(Duration::from_millis(300));
    let started = std::time::Instant::now();
    let envelope = envelope("192.0.2.4", "a@shop.example");
    let raw = message("a@shop.example");
    let evidence = engine
        .scan(&Submission { envelope: Some(&envelope), ..Submission::from_bytes(raw.as_bytes()) })
        .evidence;
    assert!(started.elapsed() < Duration::from_secs(3));
    assert!(evidence.gaps.iter().any(|g| g.facet == "authentication" && g.reason == "timed_out"));
    assert!(!evidence.authentication.failed);
}
