//! Who is told of what, in which words: from what is held to the mail.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

use std::collections::BTreeMap;

use sekisho_record::{
    Class, Threat,
    quarantine::{Effect, EffectState, Held, HeldFor, Role, Scope, Via},
};
use sekisho_respond::{Clock, Every, Letter, Settings, Telling, limits};
use sekisho_store::{By, Bytes, Key, Purpose, Reply, Rights, Store};

/// Sunday, 22 November 2026, 23:41:24 UTC; in Tokyo it is Monday.
const NOW: i64 = 1_795_390_884;
const TOKYO: i32 = 9 * 3600;
const HANA: &str = "hana@tests.example";

/// A store with somebody who tells.
struct Stage {
    folder: tempfile::TempDir,
    store: Store,
    rights: Rights,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}/h.db", folder.path().display())).await.unwrap();
        Self { folder, store, rights: Rights::default() }
    }

    async fn hold(&self, held: &Held) {
        let place = self.folder.path().join("objects");
        let bytes = Bytes::open(place.to_str().unwrap(), &BTreeMap::new(), key()).unwrap();
        let sealed = bytes.seal(held.record.as_bytes()).unwrap();
        self.store.hold(&bytes, held, &sealed).await.unwrap();
    }

    fn telling(&self, change: impl FnOnce(&mut Settings)) -> Telling {
        let mut settings = Settings {
            every: Every::Hours(24),
            at: 7 * 60,
            up_to: Class::Malicious,
            lines: limits::LINES,
            from: "postmaster@tests.example".into(),
            language: "en".into(),
            domains: vec!["tests.example".into()],
            notify: Vec::new(),
            url: "https://q.tests.example".into(),
            link_days: 30,
            rights: self.rights.clone(),
        };
        change(&mut settings);
        Telling::new(settings, self.store.clone(), key().tickets())
    }

    fn by<'a>(&'a self, who: &'a str, role: Role, own: &'a [String], reason: &'a str) -> By<'a> {
        By { who, role, via: Via::Cli, own, rights: &self.rights, now: NOW, reason }
    }

    async fn effects(&self) -> Vec<Effect> {
        let all = self.store.effects(EffectState::Waiting, 0).await.unwrap();
        all.into_iter().map(|(_, effect)| effect).collect()
    }

    /// Everything that waits in the outbox, as mail.
    async fn letters(&self, telling: &Telling) -> Vec<Letter> {
        let mut out = Vec::new();
        for effect in self.effects().await {
            out.extend(telling.letter(&effect, clock(NOW)).await.unwrap());
        }
        out
    }
}

fn key() -> Key {
    Key::from_bytes(&[7; 32])
}

fn clock(now: i64) -> Clock {
    Clock { now, ahead: TOKYO }
}

/// Held an hour before the period began that `NOW` is in: it began at 7:00 in Tokyo.
fn held(n: i64) -> Held {
    Held {
        record: format!("r{n}"),
        key: format!("k{n}"),
        at: NOW - 3 * 3600 + n,
        class: Class::Malicious,
        threat: Some(Threat::CredentialPhishing),
        mail_from: "bounce@grill.example".into(),
        author: "service@microsoft.example".into(),
        author_name: "Microsoft".into(),
        subject: format!("Your password expires {n}"),
        recipients: vec![HeldFor { address: HANA.into(), groups: Vec::new() }],
        claimed: Some("Microsoft".into()),
        really: Some("grill.example".into()),
        through: Some("Mailer".into()),
        summary: "A brand in the name of a stranger's account".into(),
        summary_ja: Some("他人のアカウントがブランドを名乗っている".into()),
        ..Held::default()
    }
}

/// What an attacker may write.
fn hostile() -> Held {
    Held {
        author_name: "\u{202e}ecivreS\u{202c}\" <a href=\"https://evil.example\">".into(),
        author: "\"x@y.example\"@evil.example".into(),
        subject: "Re:\r\nBcc: all@tests.example\u{0} https://evil.example/<script>alert(1)</script> www.evil.example \
            click “here” \\\\evil\\share \u{202e}gpj.exe"
            .into(),
        claimed: Some("<b>Bank</b> http://bank.example".into()),
        really: None,
        through: None,
        threat: None,
        ..held(2)
    }
}

/// The links of a mail of ours, without what differs between runs.
fn links(text: &str) -> Vec<String> {
    let from = |part: &str| part.split(['"', ' ', '\r', '\n', '<']).next().unwrap_or_default().to_owned();
    text.split("https://").skip(1).map(from).collect()
}

/// Fields that matter and both texts, with tokens left out.
fn shown(letter: &Letter) -> String {
    let message = sekisho_mail::parse(&letter.bytes);
    let mut out = format!("to {}\n", letter.to);
    for field in &message.fields {
        let name = field.name.as_str();
        if !["Content-Type", "MIME-Version", "Content-Transfer-Encoding"].contains(&name) {
            out.push_str(&format!("{name}: {}\n", field.value));
        }
    }
    let parts = mail_parser::MessageParser::default().parse(&letter.bytes).unwrap();
    for text in [parts.body_text(0).unwrap(), parts.body_html(0).unwrap()] {
        out.push_str("----\n");
        let mut rest = text.replace("\r\n", "\n");
        for link in links(&text) {
            let token = link.split("/t/").nth(1).unwrap_or_default().to_owned();
            if !token.is_empty() {
                rest = rest.replace(&token, "TOKEN");
            }
        }
        out.push_str(&rest);
    }
    out
}

#[tokio::test]
async fn a_digest_in_english_and_in_japanese() {
    let stage = Stage::new().await;
    stage.hold(&held(1)).await;
    stage.hold(&hostile()).await;
    assert_eq!(stage.telling(|_| ()).digests(clock(NOW)).await.unwrap(), 1);
    for language in ["en", "ja"] {
        let telling = stage.telling(|settings| settings.language = language.to_owned());
        let letters = stage.letters(&telling).await;
        assert_eq!(letters.len(), 1);
        insta::assert_snapshot!(format!("digest_{language}"), shown(&letters[0]));
        assert!(letters[0].bytes.is_ascii());
        let again = stage.letters(&telling).await;
        assert_eq!(shown(&again[0]), shown(&letters[0]), "the same mail, Message-ID and all");
        let parts = mail_parser::MessageParser::default().parse(&letters[0].bytes).unwrap();
        for text in [parts.body_text(0).unwrap(), parts.body_html(0).unwrap()] {
            let all = links(&text);
            assert_eq!(all.len(), 2, "ours and no other: {all:?}");
            for (link, record) in all.iter().zip(["r1", "r2"]) {
                let token = link.strip_prefix("q.tests.example/t/").unwrap();
                let ticket = key().tickets().open(token, Purpose::Request, NOW).unwrap();
                assert_eq!((ticket.record.as_str(), ticket.recipient.as_str()), (record, HANA));
                assert!(key().tickets().open(token, Purpose::Request, NOW + 30 * 86_400).is_err());
            }
        }
    }
}

#[tokio::test]
async fn everybody_is_told_once_a_period() {
    let stage = Stage::new().await;
    let telling = stage.telling(|_| ());
    stage.hold(&held(1)).await;
    // Held behind the beginning of the period: for the next one.
    stage.hold(&Held { at: NOW - 60, ..held(5) }).await;
    assert_eq!(telling.digests(clock(NOW)).await.unwrap(), 1);
    assert_eq!(telling.digests(clock(NOW)).await.unwrap(), 0);
    assert_eq!(telling.digests(clock(NOW + 3600)).await.unwrap(), 0);
    assert_eq!(stage.effects().await.len(), 1);
    assert_eq!(telling.digests(clock(NOW + 86_400)).await.unwrap(), 1);
    let keys: Vec<String> = stage.effects().await.into_iter().map(|effect| effect.key).collect();
    assert_eq!(keys, [format!("digest:{HANA}:1795384800"), format!("digest:{HANA}:1795471200")]);

    let at_once = stage.telling(|settings| settings.every = Every::Immediately);
    stage.hold(&Held { at: NOW - 1, ..held(7) }).await;
    assert_eq!(at_once.digests(clock(NOW)).await.unwrap(), 1);
    assert_eq!(at_once.digests(clock(NOW)).await.unwrap(), 0);
    stage.hold(&Held { at: NOW - 1, ..held(8) }).await;
    assert_eq!(at_once.digests(clock(NOW)).await.unwrap(), 1);
}

#[tokio::test]
async fn nobody_is_told_who_should_not_be() {
    let stage = Stage::new().await;
    let to = |address: &str| vec![HeldFor { address: address.into(), groups: Vec::new() }];
    for (n, address) in ["a@elsewhere.example", "b@nottests.example", "<c>@tests.example", "tests.example"]
        .into_iter()
        .enumerate()
    {
        stage.hold(&Held { recipients: to(address), ..held(n as i64) }).await;
    }
    stage.hold(&Held { at: NOW - 9 * 86_400, ..held(8) }).await;
    let telling = stage.telling(|settings| settings.up_to = Class::Suspicious);
    stage.hold(&held(9)).await;
    telling.digests(clock(NOW)).await.unwrap();
    assert!(stage.effects().await.is_empty());
    // They are not asked about again.
    assert_eq!(stage.telling(|_| ()).digests(clock(NOW)).await.unwrap(), 0);
    // Somebody below a subdomain is one of ours.
    stage.hold(&Held { recipients: to("d@mail.TESTS.example"), class: Class::Suspicious, ..held(10) }).await;
    assert_eq!(telling.digests(clock(NOW)).await.unwrap(), 1);
    assert_eq!(stage.effects().await.len(), 1);
}

#[tokio::test]
async fn what_was_released_meanwhile_is_left_out_and_many_are_counted() {
    let stage = Stage::new().await;
    for n in 1..=5 {
        stage.hold(&held(n)).await;
    }
    let telling = stage.telling(|settings| settings.lines = 3);
    telling.digests(clock(NOW)).await.unwrap();
    let admin = stage.by("ann", Role::Administrator, &[], "drill");
    stage.store.release(&admin, "r2", &[], false).await.unwrap().unwrap();
    stage.store.lock(&admin, &Scope::Everything, None).await.unwrap().unwrap();
    let effects = stage.effects().await;
    let digest = effects.iter().find(|effect| effect.kind == "digest").unwrap();
    let letter = telling.letter(digest, clock(NOW)).await.unwrap().unwrap();
    let text = shown(&letter);
    assert!(text.contains("4 messages are held for you") && text.contains("And 2 more."), "{text}");
    assert!(text.contains("lets nobody release") && text.contains("your request waits"), "{text}");
    assert!(text.contains("expires 1") && !text.contains("expires 2"), "{text}");
    for record in ["r1", "r3"] {
        stage.store.delete(&admin, record, &[]).await.unwrap().unwrap();
    }
    assert!(telling.letter(digest, clock(NOW)).await.unwrap().is_none(), "nothing is left to tell");
}

#[tokio::test]
async fn answers_and_requests_are_told() {
    let stage = Stage::new().await;
    stage.hold(&held(1)).await;
    stage.hold(&hostile()).await;
    let own = [HANA.to_owned()];
    let hana = stage.by(HANA, Role::Recipient, &own, "");
    for (record, words) in [("r1", "I wait for it"), ("r2", "see https://evil.example\r\nnow")] {
        stage.store.request_release(&hana, record, HANA, words).await.unwrap().unwrap();
    }
    let telling = stage.telling(|settings| settings.notify = vec!["soc@tests.example".into()]);
    assert_eq!(telling.requests(NOW).await.unwrap(), 2);
    assert_eq!(telling.requests(NOW).await.unwrap(), 0);
    assert_eq!(telling.answers(NOW).await.unwrap(), 0);
    insta::assert_snapshot!("asked", shown(&stage.letters(&telling).await[0]));

    let ann = stage.by("ann", Role::Administrator, &[], "");
    let refuse = stage.store.answer_request(&ann, 1, Reply::Refuse, "It is phishing: do not ask");
    refuse.await.unwrap().unwrap();
    let release = stage.store.answer_request(&ann, 2, Reply::Release { banner: false }, "");
    release.await.unwrap().unwrap();
    assert_eq!(telling.answers(NOW).await.unwrap(), 2);
    assert_eq!(telling.answers(NOW).await.unwrap(), 0);
    let mut out = String::new();
    for language in ["en", "ja"] {
        let telling = stage.telling(|settings| settings.language = language.to_owned());
        let effects = stage.effects().await;
        for effect in effects.iter().filter(|effect| effect.kind == "answered") {
            let letter = telling.letter(effect, clock(NOW)).await.unwrap().unwrap();
            assert_eq!(letter.to, HANA);
            out.push_str(&shown(&letter));
        }
    }
    insta::assert_snapshot!("answered", out);
}
