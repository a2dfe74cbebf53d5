//! Our header fields on a message, and forgeries of them.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use sekisho_policy::{Policy, Wish, apply, rule, settings};
use sekisho_record::{Class, Envelope, Evidence, Verdict};

/// The header with our fields. `words`: `verified` (we looked the papers up), `outbound`, `id`.
fn check(raw: &str, words: &[&str]) -> String {
    let authserv_id = words.contains(&"id").then(|| "mx.harbour.example".to_owned());
    let written = settings::Policy { authserv_id, ..settings::Policy::default() };
    let policy = Policy::new(&written, &["harbour.example".to_owned()]).unwrap();
    let mut evidence = Evidence::default();
    let found = &mut evidence.authentication;
    found.source = if words.contains(&"verified") { "verified" } else { "believed" }.to_owned();
    (found.spf, found.spf_domain) = (Some("pass".to_owned()), Some("a.example".to_owned()));
    (found.dkim, found.dkim_domains) = (Some("pass".to_owned()), vec!["a.example".to_owned()]);
    found.dmarc = Some("fail".to_owned());
    evidence.model.direction.outbound = Some(words.contains(&"outbound"));
    let to = if words.contains(&"outbound") { "x@else.example" } else { "ann@harbour.example" };
    let envelope = Envelope { rcpt_to: vec![to.to_owned()], ..Envelope::default() };
    let verdict = Verdict {
        class: Class::Suspicious,
        score: 61,
        decided_by: vec!["reply-new-link".to_owned(), "seven-digits".to_owned()],
        ..Verdict::default()
    };
    let wish = Wish { id: "r7".to_owned(), splits: true, ..Wish::default() };
    let raw = raw.replace('\n', "\r\n");
    let ruling = rule(raw.as_bytes(), &verdict, Some(&evidence), Some(&envelope), &policy, &wish);
    String::from_utf8(apply(raw.as_bytes(), &ruling.plain)).unwrap().replace("\r\n", "\n")
}

#[test]
fn mail_to_our_people_says_what_was_found() {
    insta::assert_snapshot!(check("From: a@a.example\n\nx", &["id", "verified"]), @"
    Sekisho-Verdict: suspicious; score=61; clause=suspicious-is-warned; id=r7;
    	rules=reply-new-link,
    	seven-digits
    Authentication-Results: mx.harbour.example;
    	spf=pass smtp.mailfrom=a.example;
    	dkim=pass header.d=a.example;
    	dmarc=fail
    From: a@a.example

    x
    ");
}

#[test]
fn papers_that_somebody_else_verified_are_not_ours_to_vouch_for() {
    assert!(!check("From: a@a.example\n\nx", &["id"]).contains("Authentication-Results"));
    assert!(!check("From: a@a.example\n\nx", &["verified"]).contains("Authentication-Results"));
}

#[test]
fn mail_that_leaves_tells_nobody_what_we_think_of_it() {
    assert_eq!(check("From: a@a.example\n\nx", &["id", "verified", "outbound"]), "From: a@a.example\n\nx");
}

#[test]
fn fields_in_our_name_are_removed_and_others_stay() {
    let raw = "Sekisho-Verdict: benign\nSEKISHO-Banner: v\n folded\nAuthentication-Results: other.example; spf=fail\n\
        authentication-results: (a (b)) \"MX.Harbour.example\"\n ; spf=pass\nX-Sekisho: theirs\n\
        Authentication-Results: mx.harbour.example.evil.example; spf=pass\nFrom: a\n\nx";
    insta::assert_snapshot!(check(raw, &["id", "outbound"]), @"
    Authentication-Results: other.example; spf=fail
    X-Sekisho: theirs
    Authentication-Results: mx.harbour.example.evil.example; spf=pass
    From: a

    x
    ");
}

/// What becomes of a suspicious message: action, and where the banner stands in its text.
fn warned(raw: &str) -> String {
    let policy = Policy::new(&settings::Policy::default(), &["harbour.example".to_owned()]).unwrap();
    let mut evidence = Evidence::default();
    evidence.brand.claimed = Some("Microsoft".to_owned());
    evidence.authentication.root_domains = vec!["chain.example".to_owned()];
    evidence.tenant.esp = Some("Mailgun".to_owned());
    let envelope = Envelope { rcpt_to: vec!["ann@harbour.example".to_owned()], ..Envelope::default() };
    let verdict = Verdict {
        class: Class::Suspicious,
        threat: Some(sekisho_record::Threat::CredentialPhishing),
        ..Verdict::default()
    };
    let wish = Wish { id: "r7".to_owned(), mark: "q7x".to_owned(), splits: true, ..Wish::default() };
    let raw = raw.replace('\n', "\r\n");
    let ruling = rule(raw.as_bytes(), &verdict, Some(&evidence), Some(&envelope), &policy, &wish);
    let action = ruling.decisions.safest().unwrap().action.name();
    let Some(change) = ruling.bannered else { return format!("{action}, no banner") };
    let dressed = apply(raw.as_bytes(), &change);
    assert_eq!(
        sekisho_policy::banner::undress(&dressed).as_deref(),
        Some(raw.as_bytes()),
        "removing banner and fields gives the original"
    );
    let text = String::from_utf8(dressed).unwrap();
    format!("{action}\n{}", text.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "\n"))
}

#[test]
fn suspicious_mail_says_who_it_claims_to_be_and_who_sent_it() {
    insta::assert_snapshot!(warned("From: a@a.example\n\nSign in here: https://x.example/\n"), @r#"
    banner
    ==== [!] Warning - Sekisho ====
    This message may try to steal a password.
    It claims to be from "Microsoft" but was sent by chain.example through
    Mailgun.
    Do not click its links.
    ==== Sekisho q7x ====

    Sign in here: https://x.example/
    "#);
}

#[test]
fn signed_mail_keeps_its_bytes() {
    let signed = "From: a@a.example\nMIME-Version: 1.0\n\
        Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\n\n\
        --b\nContent-Type: text/plain\n\nhello\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--\n";
    assert_eq!(warned(signed), "banner, no banner");
}
