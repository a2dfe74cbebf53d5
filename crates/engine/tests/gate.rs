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
    Arrival, Desk, Engine, Error, Gate, Gatekeeper, History, Nobody, Passage,
    gate::{Court, Judges, Quarantine, Settings},
    resolver::Answer,
    worker::Judged,
    world::Missing,
};
use sekisho_observe::Context;
use sekisho_policy::{Policy, Ruling, Wish, settings};
use sekisho_record::{
    Action, Decision, Decisions, Envelope, Severity, Submission,
    history::{Answers, Lesson, Opinion, Questions},
};

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
    /// It held the message before, as this.
    known: Option<&'static str>,
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
        let id = self.known.map_or_else(|| passage.id.clone(), str::to_owned);
        let result = if self.full { Err("the disk is full".to_owned()) } else { Ok(id) };
        self.ids.lock().unwrap().extend(result.clone());
        Box::pin(std::future::ready(result))
    }
}

fn gate(judges: Box<dyn Judges>, quarantine: Option<Arc<dyn Quarantine>>, fail: settings::FailSafe) -> Gate {
    // Longer than the first message of a process takes on a busy machine.
    gate_within(Duration::from_secs(30), judges, quarantine, fail)
}

fn gate_within(
    deadline: Duration,
    judges: Box<dyn Judges>,
    quarantine: Option<Arc<dyn Quarantine>>,
    fail: settings::FailSafe,
) -> Gate {
    let desk = Arc::new(Desk::new(Box::new(Nobody), Duration::ZERO));
    let settings = Settings { places: 2, deadline, quarantine, links: None, dresser: None };
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

/// The same by a gate that does not wait for long.
async fn late(judges: Box<dyn Judges>, fail_safe: settings::FailSafe, recipients: &[&str]) -> String {
    let gate = gate_within(Duration::from_millis(500), judges, None, fail_safe);
    show(&gate.pass(arrival("hello", recipients)).await)
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

/// Counts the lessons that it is taught.
#[derive(Clone, Default)]
struct Taught(Arc<AtomicUsize>);

impl History for Taught {
    fn recall<'a>(&'a self, _: &'a Questions) -> Answer<'a, Result<Answers, Missing>> {
        Box::pin(std::future::ready(Ok(Answers::default())))
    }

    fn learn<'a>(&'a self, lessons: &'a [Lesson]) -> Answer<'a, Result<(), Error>> {
        self.0.fetch_add(lessons.len(), Ordering::SeqCst);
        Box::pin(std::future::ready(Ok(())))
    }

    fn opine<'a>(&'a self, _: &'a str, _: Opinion, _: &'a str, _: i64) -> Answer<'a, Result<(), Error>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn learnt<'a>(&'a self, records: &'a [String]) -> Answer<'a, Result<Vec<bool>, Error>> {
        Box::pin(std::future::ready(Ok(vec![false; records.len()])))
    }

    fn waits(&self) -> bool {
        false
    }
}

/// Passes a malicious message; its id, its gaps that name no engine, how many were held, and how many lessons were taught.
async fn taught(known: Option<&'static str>, cut: bool) -> (String, String, usize, usize) {
    let taught = Taught::default();
    let history = || Box::new(taught.clone());
    let desk = Desk::new(Box::new(Nobody), Duration::ZERO).with_history(history());
    let held = Arc::new(Held { known, ..Held::default() });
    let quarantine: Option<Arc<dyn Quarantine>> = Some(held.clone());
    let settings =
        Settings { places: 1, deadline: Duration::from_secs(60), quarantine, links: None, dresser: None };
    let judges = Box::new(engine().with_history(history()));
    let gate =
        Gate::new(Court { judges, policy: policy(settings::FailSafe::Defer) }, Arc::new(desk), settings);
    let passage = gate.pass(Arrival { cut, ..arrival("evil", &["a@harbour.example"]) }).await;
    assert!(show(&passage).starts_with("quarantine"), "{}", show(&passage));
    gate.close().await;
    let gaps: Vec<String> =
        passage.verdict.gaps.iter().map(|gap| format!("{} {}", gap.facet, gap.reason)).collect();
    (passage.id, gaps.join(", "), held.ids.lock().unwrap().len(), taught.0.load(Ordering::SeqCst))
}

#[tokio::test]
async fn what_is_held_already_teaches_no_more() {
    let (id, _, held, lessons) = taught(None, false).await;
    assert_eq!((id.len(), held, lessons), (32, 1, 1));
    let (id, _, held, lessons) = taught(Some("old"), false).await;
    assert_eq!((id.as_str(), held, lessons), ("old", 1, 0));
}

#[tokio::test]
async fn a_part_of_a_message_is_named_and_neither_held_nor_learnt() {
    let (_, gaps, held, lessons) = taught(None, false).await;
    assert!(!gaps.contains("content over_limit"), "{gaps}");
    assert_eq!((held, lessons), (1, 1));
    let (_, gaps, held, lessons) = taught(None, true).await;
    assert!(gaps.contains("content over_limit"), "{gaps}");
    assert_eq!((held, lessons), (0, 0));
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
            std::thread::sleep(Duration::from_secs(5));
            Judged::default()
        }))
    };
    let out = [
        check(panics(), settings::FailSafe::Deliver, &two).await,
        check(panics(), settings::FailSafe::Defer, &two).await,
        late(sleeps(), settings::FailSafe::Defer, &two).await,
        late(sleeps(), settings::FailSafe::Banner, &two).await,
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

/// Judges nothing, and not before it may.
struct Waits(Arc<std::sync::atomic::AtomicBool>);

impl Judges for Waits {
    fn rule(&self, _submission: &Submission<'_>, _wish: &Wish) -> Judged {
        while !self.0.load(std::sync::atomic::Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(2));
        }
        Judged::default()
    }
}

#[tokio::test]
async fn whoever_waits_goes_to_the_court_that_follows() {
    let court = |may: &Arc<std::sync::atomic::AtomicBool>| Court {
        judges: Box::new(Waits(Arc::clone(may))),
        policy: policy(settings::FailSafe::Deliver),
    };
    let (not_yet, at_once) = (Arc::default(), Arc::new(true.into()));
    let desk = Arc::new(Desk::new(Box::new(Nobody), Duration::ZERO));
    let deadline = Duration::from_secs(30);
    let settings = Settings { places: 1, deadline, quarantine: None, links: None, dresser: None };
    let gate = Arc::new(Gate::new(court(&not_yet), desk, settings));
    let pass = || {
        let gate = Arc::clone(&gate);
        tokio::spawn(async move { gate.pass(arrival("hello", &["a@harbour.example"])).await })
    };
    let first = pass();
    while gate.load().busy == 0 {
        tokio::task::yield_now().await;
    }
    let second = pass();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_finished(), "there is one place, and it is taken");
    gate.replace(court(&at_once), 3, deadline);
    let second = show(&second.await.unwrap());
    assert!(!second.contains("timed_out"), "{second}");
    assert!(!first.is_finished(), "it is judged to its end by whom it came to");
    assert_eq!((gate.load().places, gate.load().busy), (3, 0));
    not_yet.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(!show(&first.await.unwrap()).contains("timed_out"));
}

/// Nothing is kept here: what nobody could judge comes again, and what ends every worker is taken in the end.
#[tokio::test]
async fn what_was_delivered_and_nobody_could_judge_comes_again_a_few_times() {
    let fails = |_: &Submission<'_>| Judged::not_judged("failed", "it crashed".into());
    let delivered = |subject| Arrival { delivered: true, ..arrival(subject, &["a@harbour.example"]) };
    for (judges, wanted) in [
        (Box::new(Misbehaves(fails)) as Box<dyn Judges>, [false, false, false, true, true]),
        (Box::new(engine()), [true; 5]),
    ] {
        let gate = gate(judges, None, settings::FailSafe::Banner);
        for (time, wanted) in wanted.into_iter().enumerate() {
            assert_eq!(gate.pass(delivered("one")).await.recorded, wanted, "{time}");
        }
        assert_eq!(gate.pass(delivered("two")).await.recorded, wanted[0], "each is counted by itself");
    }
}

/// One that is always too late must not stand before all others either.
#[tokio::test]
async fn what_was_delivered_and_is_always_too_late_comes_again_a_few_times() {
    let slow = |_: &Submission<'_>| {
        std::thread::sleep(Duration::from_millis(400));
        Judged::not_judged("failed", "nobody waits for it any more".into())
    };
    let delivered = Arrival { delivered: true, ..arrival("one", &["a@harbour.example"]) };
    let judges = Box::new(Misbehaves(slow));
    let gate = gate_within(Duration::from_millis(50), judges, None, settings::FailSafe::Banner);
    let mut told = Vec::new();
    for _ in 0..5 {
        let passage = gate.pass(delivered.clone()).await;
        told.push((passage.recorded, show(&passage)));
    }
    let late = "deliver [already-delivered] 1 | timed_out".to_owned();
    assert_eq!(told, [false, false, false, true, true].map(|recorded| (recorded, late.clone())));
}

/// Puts on a banner, or does not.
struct Dresses(Result<bool, &'static str>);

impl sekisho_engine::gate::Dresses for Dresses {
    fn dress(
        &self,
        _raw: &[u8],
        banner: &sekisho_policy::banner::Banner,
        fields: &[sekisho_record::FieldChange],
    ) -> Result<Option<sekisho_record::Change>, String> {
        assert!(banner.wording.claims.is_none() && !banner.mark.is_empty());
        let fields = fields.to_vec();
        let change = sekisho_record::Change { fields, body: Vec::new() };
        self.0.map(|can| can.then_some(change)).map_err(str::to_owned)
    }
}

#[tokio::test]
async fn what_nobody_could_judge_gets_its_banner_from_somebody_else() {
    let mut out = Vec::new();
    for dresses in [None, Some(Ok(true)), Some(Ok(false)), Some(Err("it crashed"))] {
        let dresser = dresses.map(|how| Arc::new(Dresses(how)) as Arc<dyn sekisho_engine::gate::Dresses>);
        let judges = Box::new(Misbehaves(|_| Judged::not_judged("failed", "it crashed".into())));
        let desk = Arc::new(Desk::new(Box::new(Nobody), Duration::ZERO));
        let deadline = Duration::from_millis(500);
        let settings = Settings { places: 2, deadline, quarantine: None, links: None, dresser };
        let gate = Gate::new(Court { judges, policy: policy(settings::FailSafe::Banner) }, desk, settings);
        let passage = gate.pass(arrival("hello", &["a@harbour.example"])).await;
        let fields = passage.bannered.as_ref().map(|change| change.fields.len());
        assert!(fields.is_none_or(|count| count == passage.plain.fields.len() && count > 0));
        out.push(format!("{} {}", show(&passage), fields.is_some()));
        let stays = Arrival { body_stays: true, ..arrival("hello", &["a@harbour.example"]) };
        let passage = gate.pass(stays).await;
        assert_eq!((show(&passage).as_str(), passage.bannered), ("banner [fail-safe] 1 | failed", None));
    }
    insta::assert_snapshot!(out.join("\n"), @r"
    deliver [fail-safe] 1 | failed false
    banner [fail-safe] 1 | failed true
    deliver [fail-safe] 1 | failed false
    deliver [fail-safe] 1 | failed false
    ");
}
