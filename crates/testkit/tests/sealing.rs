//! Seals below messages that got a banner: verified by the engine itself, with the DNS of a zone.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::{cell::RefCell, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mail_auth::common::crypto::Ed25519Key;
use sekisho_detect::{Lists, OrgLists, RuleSource, Rules};
use sekisho_engine::{Engine, Marks, Sealer, apply, seal::seal};
use sekisho_observe::Context;
use sekisho_policy::{
    Policy, Ruling, Secret, Wish,
    banner::{undress, undress_own},
    settings,
};
use sekisho_record::{Change, Envelope, Evidence, FieldChange, Severity, Submission};
use sekisho_testkit::Signer;

const AUTHOR: &str = "shop.example";
const LIST: &str = "lists.example";
const RSA: &str = include_str!("../../../fixtures/keys/carrier.pem");
const RSA_PUBLIC: &str = include_str!("../../../fixtures/keys/carrier.pub");

/// A new key of Ed25519 as PEM.
fn ed25519() -> String {
    let der = STANDARD.encode(Ed25519Key::generate_pkcs8().unwrap());
    format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n")
}

fn sealer(pem: &str) -> Sealer {
    Sealer::new("Harbour.example", "arc1", pem.as_bytes()).unwrap()
}

/// The zone with the keys of all who sign.
fn zone(sealer: &Sealer) -> String {
    let rsa = RSA_PUBLIC.trim();
    let ed = format!("k=ed25519; p={}", STANDARD.encode(sealer.public_key()));
    let key = if sealer.public_key().len() > 32 { format!("k=rsa; p={rsa}") } else { ed };
    let own = format!("arc1._domainkey.harbour.example TXT v=DKIM1; {key}\n");
    [own, Signer::new(AUTHOR).zone(), Signer::new(LIST).zone()].concat()
}

/// Judges `odd` in a subject suspicious; seals where it is given a key, with this zone or with nobody to ask.
fn engine(sealer: Option<Arc<Sealer>>, zone: Option<&str>) -> Engine {
    let rule = RuleSource {
        id: "odd".into(),
        query: "strings.icontains(subject.subject, 'odd')".into(),
        severity: Severity::Medium,
        ..RuleSource::default()
    };
    let rules = Rules::compile(vec![rule], Lists::default(), &OrgLists::default()).unwrap();
    let marks = Marks { banner_key: Secret::new(*b"banners"), sealer };
    let engine = Engine::new(Context::default(), rules).with_policy(policy()).with_marks(marks);
    match zone {
        Some(zone) => engine.with_zone(zone).unwrap(),
        None => engine,
    }
}

fn policy() -> Policy {
    let written = settings::Policy { authserv_id: Some("mx.harbour.example".into()), ..Default::default() };
    Policy::new(&written, &["harbour.example".to_owned()]).unwrap()
}

fn message(body: &str) -> Vec<u8> {
    let raw = format!(
        "From: Shop <a@{AUTHOR}>\r\nTo: <ann@harbour.example>\r\nSubject: odd\r\nDate: Tue, 1 Jul 2025 10:00:00 +0000\r\n\
         Message-ID: <1@{AUTHOR}>\r\n\r\n{body}"
    );
    Signer::new(AUTHOR).sign(raw.as_bytes()).unwrap()
}

fn ruled(engine: &Engine, raw: &[u8]) -> Ruling {
    let envelope = Envelope { rcpt_to: vec!["ann@harbour.example".into()], ..Envelope::default() };
    let submission = Submission { envelope: Some(&envelope), ..Submission::from_bytes(raw) };
    let wish = Wish { id: "r7".into(), mark: "q7x".into(), splits: true, ..Wish::default() };
    engine.scan_and_rule(&submission, &wish).1
}

/// The message with its banner.
fn bannered(engine: &Engine, raw: &[u8]) -> Vec<u8> {
    apply(raw, &ruled(engine, raw).bannered.unwrap())
}

fn papers(engine: &Engine, raw: &[u8]) -> (String, String) {
    let found: Evidence = engine.scan_bytes(raw).evidence;
    let word = |word: Option<String>| word.unwrap_or_else(|| "-".into());
    (word(found.authentication.dkim), word(found.authentication.arc))
}

/// The values of a field, unfolded.
fn fields(raw: &[u8], name: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(raw).into_owned();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let head = head.replace("\r\n\t", " ");
    let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned());
    head.lines().filter_map(value).collect()
}

#[test]
fn a_message_that_got_a_banner_is_sealed_and_comes_back_whole() {
    for pem in [ed25519(), RSA.to_owned()] {
        for body in ["Sign in here.\r\n", "Blanks at the end.  \r\n \r\n\t\r\n \r\n", "no line end"] {
            let sealer = Arc::new(sealer(&pem));
            let engine = engine(Some(Arc::clone(&sealer)), Some(&zone(&sealer)));
            let raw = message(body);
            assert_eq!(papers(&engine, &raw), ("pass".into(), "-".into()));
            let out = bannered(&engine, &raw);
            assert_eq!(
                papers(&engine, &out),
                ("fail".into(), "pass".into()),
                "{}",
                String::from_utf8_lossy(&out)
            );
            let seals = fields(&out, "ARC-Seal");
            assert!(
                seals.len() == 1 && seals[0].starts_with("i=1;") && seals[0].contains("cv=none;"),
                "{seals:?}"
            );
            assert!(seals[0].contains("d=harbour.example;") && seals[0].contains("s=arc1;"), "{seals:?}");
            assert_eq!(
                fields(&out, "ARC-Authentication-Results"),
                [
                    "i=1; mx.harbour.example; dkim=pass header.d=shop.example; dmarc=none header.from=shop.example"
                ]
            );
            // Banner, our fields and the set go together, and then the author's signature holds again.
            assert_eq!(undress(&out).as_deref(), Some(raw.as_slice()));
            assert_eq!(undress_own(&out, b"banners").as_deref(), Some(raw.as_slice()));
            // A server on the way folds and adds as it likes.
            let moved = [b"Received: from a by b\r\n\tfor c\r\n".as_slice(), &out].concat();
            assert_eq!(papers(&engine, &moved).1, "pass");
            // What is changed behind us is seen.
            let at = moved.len() - 8;
            let mut changed = moved;
            changed.insert(at, b'!');
            assert_eq!(papers(&engine, &changed).1, "fail");
        }
    }
}

#[test]
fn a_chain_goes_on_and_a_second_one_of_ours_too() {
    let sealer = Arc::new(sealer(&ed25519()));
    let engine = engine(Some(Arc::clone(&sealer)), Some(&zone(&sealer)));
    let raw = Signer::new(LIST).seal(&message("Sign in here.\r\n"), AUTHOR).unwrap();
    let out = bannered(&engine, &raw);
    assert_eq!(papers(&engine, &out).1, "pass");
    let seals = fields(&out, "ARC-Seal");
    assert!(seals[0].starts_with("i=2;") && seals[0].contains("cv=pass;"), "{seals:?}");
    assert_eq!(undress(&out).as_deref(), Some(raw.as_slice()));
    assert!(fields(&out, "ARC-Authentication-Results")[0].ends_with("; arc=pass"));
    // It comes again: the banner is replaced, and the chain goes on.
    let again = bannered(&engine, &out);
    assert_eq!(papers(&engine, &again).1, "pass");
    let seals = fields(&again, "ARC-Seal");
    assert!(seals.len() == 3 && seals[0].starts_with("i=3;") && seals[0].contains("cv=pass;"), "{seals:?}");
}

#[test]
fn a_broken_chain_gets_one_last_set_that_signs_itself() {
    let sealer = Arc::new(sealer(&ed25519()));
    let engine = engine(Some(Arc::clone(&sealer)), Some(&zone(&sealer)));
    let mut raw = Signer::new(LIST).seal(&message("Sign in here.\r\n"), AUTHOR).unwrap();
    raw.extend_from_slice(b"PS: pay here\r\n");
    assert_eq!(papers(&engine, &raw).1, "fail");
    let out = bannered(&engine, &raw);
    let seals = fields(&out, "ARC-Seal");
    assert!(seals[0].starts_with("i=2;") && seals[0].contains("cv=fail;"), "{seals:?}");
    assert_eq!(undress(&out).as_deref(), Some(raw.as_slice()));
    // What was signed: the new set, as if there were no other (RFC 8617 5.1.2).
    let signed = RefCell::new(Vec::new());
    let mut change = Change { fields: Vec::new(), body: Vec::new() };
    let evidence = engine.scan_bytes(&raw).evidence;
    let mut signs = |bytes: &[u8]| {
        signed.borrow_mut().push(String::from_utf8(bytes.to_vec()).unwrap());
        sealer.sign(bytes)
    };
    assert!(seal(&raw, &mut change, &evidence, &policy(), sealer.sealing(), &mut signs));
    let signed = signed.into_inner();
    let lines: Vec<&str> = signed[1].split("\r\n").collect();
    assert_eq!(signed.len(), 2);
    assert!(
        lines.len() == 3
            && lines[0].starts_with("arc-authentication-results:i=2; mx.harbour.example;")
            && lines[1].starts_with("arc-message-signature:i=2;")
            && lines[2].starts_with("arc-seal:i=2;"),
        "{lines:#?}"
    );
    // Behind it there is none.
    let again = bannered(&engine, &out);
    assert_eq!(fields(&again, "ARC-Seal").len(), 2);
}

#[test]
fn nothing_is_sealed_that_was_not_changed_or_not_checked() {
    let sealer = Arc::new(sealer(&ed25519()));
    let zone = zone(&sealer);
    let sealed = |engine: &Engine, raw: &[u8]| fields(&bannered(engine, raw), "ARC-Seal").len();
    let raw = message("Sign in here.\r\n");
    assert_eq!(sealed(&engine(Some(Arc::clone(&sealer)), Some(&zone)), &raw), 1);
    assert_eq!(sealed(&engine(None, Some(&zone)), &raw), 0, "nobody seals");
    assert_eq!(sealed(&engine(Some(Arc::clone(&sealer)), None), &raw), 0, "nobody looked");
    let chained = Signer::new(LIST).seal(&raw, AUTHOR).unwrap();
    let silent = format!("{}s1._domainkey.{LIST} FAIL\n", zone.replace(&Signer::new(LIST).zone(), ""));
    assert_eq!(sealed(&engine(Some(Arc::clone(&sealer)), Some(&silent)), &chained), 1, "of the chain only");
    let odd = [b"ARC-Seal: i=7; nonsense\r\n".as_slice(), &raw].concat();
    assert_eq!(sealed(&engine(Some(Arc::clone(&sealer)), Some(&zone)), &odd), 1, "no number is free");
    let engine = engine(Some(sealer), Some(&zone));
    let fine = String::from_utf8(raw).unwrap().replace("Subject: odd", "Subject: fine");
    let ruling = ruled(&engine, fine.as_bytes());
    assert!(ruling.bannered.is_none());
    let ours =
        |field: &FieldChange| matches!(field, FieldChange::Insert { name, .. } if name.starts_with("ARC-"));
    assert!(!ruling.plain.fields.iter().any(ours));
}

#[test]
fn the_key_signs_the_fields_of_a_set_in_our_name_and_nothing_else() {
    let sealer = sealer(&ed25519());
    let signs = |text: &str| sealer.sign(text.as_bytes()).is_some();
    let set = "i=1; a=ed25519-sha256; s=arc1; d=harbour.example; c=relaxed/relaxed; h=From; bh=x; b=;";
    assert!(signs(&format!("from:a\r\narc-message-signature:{set}")));
    assert!(signs(&format!(
        "arc-authentication-results:i=1; x\r\narc-message-signature:{set}\r\narc-seal:{set}"
    )));
    for other in [
        String::new(),
        format!("from:a\r\ndkim-signature:v=1; {set}"),
        format!("arc-seal:{set}\r\ndkim-signature:v=1; {set}"),
        format!("arc-seal:{set}\r\n"),
        format!("x:arc-seal:{set}"),
        format!("arc-seal:{}", set.replace("harbour", "arbour")),
        format!("arc-seal:{}", set.replace("s=arc1", "s=dkim")),
        format!("{}\r\narc-seal:{set}", "x".repeat(300_000)),
    ] {
        assert!(!signs(&other), "{}", other.get(..60).unwrap_or(&other));
    }
    assert!(Sealer::new("harbour.example", "a b", ed25519().as_bytes()).is_err());
    assert!(Sealer::new("harbour.example", "a", b"no key").is_err());
}
