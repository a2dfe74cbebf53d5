//! The gate answers whatever happens to those who judge, and never loses a recipient.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails; judges misbehave")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sekisho_detect::{Lists, OrgLists, RuleSource, Rules};
use sekisho_engine::{
    Arrival, Desk, Engine, Gate, Gatekeeper, Nobody, Passage,
    gate::{Court, Judges, Quarantine, Settings},
    resolver::Answer,
    worker::Judged,
};
use sekisho_observe::Context;
use sekisho_policy::{Policy, Ruling, Wish, settings};
use sekisho_record::{Action, Decision, Decisions, Envelope, Severity, Submission};

fn policy(fail_safe: settings::FailSafe) -> Policy {
    let written = settings::Policy { fail_safe, ..settings::Policy::default() };
    Policy::new(&written, &["harbour.example".to_owned()]).unwrap()
}

/// Judges by two rules: `evil` in the subject is malicious, `odd` is suspicious.
fn engine() -> Engine {
    let rule = |id: &str, word: &str, severity| RuleSource {
        id: id.into(),
        query: format!("strings.icontains(subject.subject, '{word}')"),
        severity,
        ..RuleSource::default()
    };
    let rules = vec![rule("evil", "evil", Severity::Critical), rule("odd", "odd", Severity::Medium)];
    let rules = Rules::compile(rules, Lists::default(), &OrgLists::default()).unwrap();
    Engine::new(Context::default(), rules).with_policy(policy(settings::FailSafe::Banner))
}

/// What a judge does instead of judging.
struct Misbehaves(fn(&Submission<'_>) -> Judged);

impl Judges for Misbehaves {
    fn rule(&self, submission: &Submission<'_>, _wish: &Wish) -> Judged {
        (self.0)(submission)
    }
}

/// A quarantine in memory, or one that is full.
#[derive(Default)]
struct Held {
    full: bool,
    ids: Mutex<Vec<String>>,
}

impl Quarantine for Held {
    fn hold<'a>(
        &'a self,
        _arrival: &'a Arrival,
        _judged: &'a Judged,
        passage: &'a Passage,
        _policy: &'a Policy,
    ) -> Answer<'a, Result<String, String>> {
        let result = if self.full { Err("the disk is full".to_owned()) } else { Ok(passage.id.clone()) };
        self.ids.lock().unwrap().extend(result.clone());
        Box::pin(std::future::ready(result))
    }
}

fn gate(judges: Box<dyn Judges>, quarantine: Option<Arc<dyn Quarantine>>, fail: settings::FailSafe) -> Gate {
    let desk = Arc::new(Desk::new(Box::new(Nobody), Duration::ZERO));
    let settings = Settings { places: 2, deadline: Duration::from_millis(500), quarantine };
    Gate::new(Court { judges, policy: policy(fail) }, desk, settings)
}

fn arrival(subject: &str, recipients: &[&str]) -> Arrival {
    let raw = format!("From: a@a.example\r\nSubject: {subject}\r\n\r\nhello\r\n");
    let rcpt_to = recipients.iter().map(|r| (*r).to_owned()).collect();
    let envelope = Envelope { mail_from: "a@a.example".into(), rcpt_to, ..Envelope::default() };
    Arrival {
        raw: raw.into_bytes().into(),
        envelope: Some(envelope),
        intake: "test",
        at: 7,
        ..Arrival::default()
    }
}

/// What was decided, and for how many.
fn show(passage: &Passage) -> String {
    let one = |d: &Decision| format!("{} [{}] {}", d.action.name(), d.clause, d.recipients.len());
    let gaps: Vec<&str> =
        passage.verdict.gaps.iter().filter(|g| g.facet == "engine").map(|g| g.reason.as_str()).collect();
    let decided = passage.decisions.each.iter().map(one).collect::<Vec<_>>().join("; ");
    format!("{decided} | {}", gaps.join(" ")).trim_end().to_owned()
}

async fn check(judges: Box<dyn Judges>, fail_safe: settings::FailSafe, recipients: &[&str]) -> String {
    show(&gate(judges, None, fail_safe).pass(arrival("hello", recipients)).await)
}

#[tokio::test]
async fn mail_passes_as_it_was_judged() {
    let held = Arc::new(Held::default());
    let gate = gate(Box::new(engine()), Some(held.clone()), settings::FailSafe::Banner);
    let mut out = Vec::new();
    for subject in ["fine", "odd", "evil"] {
        out.push(show(&gate.pass(arrival(subject, &["a@harbour.example", "b@harbour.example"])).await));
    }
    insta::assert_snapshot!(out.join("\n"), @r"
    deliver [rest-is-delivered] 2 |
    banner [suspicious-is-warned] 2 |
    quarantine [malicious-is-held] 2 |
    ");
    assert_eq!(held.ids.lock().unwrap().len(), 1, "one is held");
    let asked = Arrival { inquiry: true, ..arrival("evil", &["a@harbour.example"]) };
    assert!(show(&gate.pass(asked).await).starts_with("quarantine"));
    assert_eq!(held.ids.lock().unwrap().len(), 1, "who only asks has nothing held");
}

#[tokio::test]
async fn what_cannot_be_held_is_not_taken_in() {
    let full: Arc<dyn Quarantine> = Arc::new(Held { full: true, ..Held::default() });
    for quarantine in [None, Some(full)] {
        let gate = gate(Box::new(engine()), quarantine, settings::FailSafe::Deliver);
        let passage = gate.pass(arrival("evil", &["a@harbour.example", "b@harbour.example"])).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(show(&passage), @"defer [quarantine-unavailable] 2 |");
        }
    }
}

#[tokio::test]
async fn a_judge_who_panics_or_never_ends_costs_one_message_its_verdict() {
    let two = ["a@harbour.example", "b@harbour.example"];
    let panics = || Box::new(Misbehaves(|_| panic!("hostile bytes")));
    let sleeps = || {
        Box::new(Misbehaves(|_| {
            std::thread::sleep(Duration::from_secs(2));
            Judged::default()
        }))
    };
    let out = [
        check(panics(), settings::FailSafe::Deliver, &two).await,
        check(panics(), settings::FailSafe::Defer, &two).await,
        check(sleeps(), settings::FailSafe::Defer, &two).await,
        check(sleeps(), settings::FailSafe::Banner, &two).await,
    ];
    insta::assert_snapshot!(out.join("\n"), @r"
    deliver [fail-safe] 2 | failed
    defer [fail-safe] 2 | failed
    defer [fail-safe] 2 | timed_out
    deliver [fail-safe] 2 | timed_out
    ");
}

#[tokio::test]
async fn a_ruling_that_forgets_a_recipient_does_not_count() {
    fn forgets(_: &Submission<'_>) -> Judged {
        let each = vec![Decision { action: Action::Deliver, clause: "c".into(), recipients: vec![0] }];
        let decisions = Decisions { each, ..Decisions::default() };
        Judged { ruling: Some(Ruling { decisions, ..Ruling::default() }), ..Judged::default() }
    }
    let one = check(Box::new(Misbehaves(forgets)), settings::FailSafe::Defer, &["a@harbour.example"]).await;
    assert_eq!(one, "deliver [c] 1 |");
    let two = ["a@harbour.example", "b@harbour.example"];
    let two = check(Box::new(Misbehaves(forgets)), settings::FailSafe::Defer, &two).await;
    assert_eq!(two, "defer [fail-safe] 2 |");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_are_judged_at_a_time_than_there_are_places() {
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    fn counts(_: &Submission<'_>) -> Judged {
        MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        NOW.fetch_sub(1, Ordering::SeqCst);
        Judged::default()
    }
    let gate = Arc::new(gate(Box::new(Misbehaves(counts)), None, settings::FailSafe::Deliver));
    let all: Vec<_> = (0..40)
        .map(|_| {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { show(&gate.pass(arrival("x", &["a@harbour.example"])).await) })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.unwrap(), "deliver [fail-safe] 1 |");
    }
    assert_eq!(MOST.load(Ordering::SeqCst), 2);
}
