//! Held mail: held once, found again, asked for, released, deleted; every change in the audit.

use std::collections::BTreeMap;

use sekisho_record::{
    Class, Direction,
    quarantine::{Answer, AuditEntry, Deed, EffectState, Held, HeldFor, Refused, Release, Role, State, Via},
};
use sekisho_store::{
    Asked, AuditFilter, By, Bytes, Cursor, Filter, HoldOutcome, Key, Released, Reply, Rights, Store,
    StoreError, limits,
};
use serde_json::json;

use super::{DAY, T0};

/// An object store in a folder that goes with it.
pub struct Objects {
    pub bytes: Bytes,
    pub folder: tempfile::TempDir,
}

impl Objects {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bytes = open(folder.path());
        Self { bytes, folder }
    }

    /// How many objects there are.
    pub fn count(&self) -> usize {
        fn files(path: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
            // A file that was being written when its process was killed has a `#` in its name.
            let whole = |path: &std::path::Path| !path.to_str().unwrap().contains('#');
            entries.map(|path| if path.is_dir() { files(&path) } else { usize::from(whole(&path)) }).sum()
        }
        files(self.folder.path())
    }
}

pub fn open(folder: &std::path::Path) -> Bytes {
    Bytes::open(folder.to_str().unwrap(), &BTreeMap::new(), Key::from_bytes(&[7; 32])).unwrap()
}

/// A malicious internal reply.
pub fn reply(n: u64) -> Held {
    Held {
        record: format!("r{n}"),
        key: format!("k{n}"),
        at: T0 + n as i64,
        class: Class::Malicious,
        score: 97,
        direction: Direction::Internal,
        clause: "hold-malicious".into(),
        intake: "milter".into(),
        mail_from: format!("colleague{n}@here.example"),
        author: format!("colleague{n}@here.example"),
        author_name: "山田 太郎".into(),
        subject: format!("Re: 見積書の送付について {n}"),
        recipients: vec![HeldFor { address: format!("user{n}@here.example"), groups: vec!["Sales".into()] }],
        decided_by: vec!["thread/hijacked".into()],
        size: 1_000,
        summary: "A reply in a stolen thread".into(),
        ..Held::default()
    }
}

pub async fn hold(store: &Store, objects: &Objects, held: &Held) -> HoldOutcome {
    let sealed = objects.bytes.seal(format!("message of {}", held.key).as_bytes()).unwrap();
    store.hold(&objects.bytes, held, &sealed).await.unwrap()
}

/// What the configuration of the tests lets everybody do: recipients release what is theirs, whatever it is.
pub fn generous() -> Rights {
    Rights::default().with(Role::Recipient, Deed::Release, Some(Class::Malicious))
}

/// Somebody at a time.
pub fn by<'a>(who: &'a str, role: Role, own: &'a [String], rights: &'a Rights, now: i64) -> By<'a> {
    By { who, role, via: Via::Console, own, rights, now, reason: "" }
}

pub fn admin<'a>(who: &'a str, rights: &'a Rights, now: i64) -> By<'a> {
    By { reason: "drill", ..by(who, Role::Administrator, &[], rights, now) }
}

/// Entries about something, oldest first, one a line.
pub async fn audit(store: &Store, on: &str) -> String {
    let filter = AuditFilter { on: on.into(), who: String::new() };
    let mut all = store.audit(&filter, None).await.unwrap();
    all.reverse();
    let line = |entry: &AuditEntry| {
        let refused = entry.refused.as_ref().map(|r| format!(" refused {}", json!(r)));
        format!(
            "{} {:?} {} {} → {}{}\n",
            entry.who,
            entry.role,
            entry.what,
            entry.before,
            entry.after,
            refused.unwrap_or_default()
        )
    };
    all.iter().map(line).collect()
}

async fn state(store: &Store, record: &str) -> Vec<State> {
    let item = store.held_record(record).await.unwrap().unwrap();
    item.states.iter().map(|one| one.state).collect()
}

pub async fn a_message_is_held_once(store: &Store) {
    let objects = Objects::new();
    let one = reply(1);
    assert_eq!(hold(store, &objects, &one).await, HoldOutcome::New);
    let item = store.held_record("r1").await.unwrap().unwrap();
    let address = item.held.address.clone();
    assert_eq!(objects.bytes.get(&address).await.unwrap().unwrap(), b"message of k1");
    let groups = vec!["sales".to_owned()];
    let recipients = vec![HeldFor { address: "user1@here.example".into(), groups }];
    assert_eq!(item.held, Held { address, recipients, ..one.clone() });
    assert_eq!((item.recipients, item.states[0].state), (1, State::Held));
    // The same again, under the record of another arrival, until the days are over.
    let again =
        |record: &str, days: i64| Held { record: record.into(), at: one.at + days * DAY, ..one.clone() };
    let days = i64::from(limits::HOLD_AGAIN_DAYS);
    let known = HoldOutcome::Known { record: "r1".into() };
    assert_eq!(hold(store, &objects, &one).await, known);
    assert_eq!(hold(store, &objects, &again("r2", days - 1)).await, known);
    assert_eq!(store.held_record("r2").await.unwrap(), None);
    assert_eq!(hold(store, &objects, &again("r3", days)).await, HoldOutcome::New);
    assert_eq!(objects.count(), 1, "the same bytes");
    // The same bytes for others are another message.
    let other = Held { record: "r4".into(), key: "k4".into(), ..one.clone() };
    let sealed = objects.bytes.seal(b"message of k1").unwrap();
    assert_eq!(store.hold(&objects.bytes, &other, &sealed).await.unwrap(), HoldOutcome::New);
    assert_eq!(objects.count(), 1);
    // A record has one message.
    let wrong = Held { key: "k5".into(), ..one.clone() };
    let sealed = objects.bytes.seal(b"quite another").unwrap();
    let error = store.hold(&objects.bytes, &wrong, &sealed).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error}");
    assert_eq!(objects.count(), 1, "nothing of it stays");
    assert_eq!(audit(store, "r2").await, "");
    assert_eq!(
        audit(store, "r1").await,
        "sekisho Program hold null → {\"recipients\":[\"user1@here.example\"],\"count\":1}\n"
    );
    // The key tells bytes and envelope apart.
    let key = |raw: &str, from: &str, to: &[&str]| {
        Store::held_key(raw.as_bytes(), from, &to.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(key("m", "a@x", &["b@x", "c@x"]), key("m", "a@x", &["c@x", "b@x"]));
    let all = [
        key("m", "a@x", &["b@x"]),
        key("n", "a@x", &["b@x"]),
        key("m", "a@x", &[]),
        key("m", "", &["a@x", "b@x"]),
    ];
    assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
}

pub async fn of_many_who_hold_the_same_one_does(store: &Store) {
    let objects = Objects::new();
    for round in 0..4 {
        let mut all = tokio::task::JoinSet::new();
        for n in 0..8 {
            let (store, bytes) = (store.clone(), objects.bytes.clone());
            let held = Held { key: format!("k{round}"), ..reply(round * 8 + n) };
            all.spawn(async move {
                let sealed = bytes.seal(format!("message {round}").as_bytes()).unwrap();
                store.hold(&bytes, &held, &sealed).await.unwrap()
            });
        }
        let outcomes = all.join_all().await;
        let new = outcomes.iter().filter(|outcome| **outcome == HoldOutcome::New).count();
        let known: std::collections::BTreeSet<_> = outcomes
            .iter()
            .filter_map(|o| if let HoldOutcome::Known { record } = o { Some(record) } else { None })
            .collect();
        assert_eq!((new, known.len()), (1, 1), "{outcomes:?}");
        assert!(store.held_record(known.first().unwrap()).await.unwrap().is_some());
    }
    assert_eq!(objects.count(), 4);
    assert_eq!(store.held(&Filter::default(), None, 99).await.unwrap().items.len(), 4);
}

pub async fn what_cannot_be_held_is_refused_whole(store: &Store) {
    let objects = Objects::new();
    let to = |address: String| vec![HeldFor { address, groups: Vec::new() }];
    let sealed = objects.bytes.seal(b"x").unwrap();
    for wrong in [
        Held { record: String::new(), ..reply(1) },
        Held { key: String::new(), ..reply(1) },
        Held { recipients: Vec::new(), ..reply(1) },
        Held { recipients: to("x".repeat(limits::ADDRESS_BYTES_MAX + 1)), ..reply(1) },
        Held { recipients: vec![HeldFor::default(); limits::HELD_RECIPIENTS_MAX + 1], ..reply(1) },
    ] {
        let error = store.hold(&objects.bytes, &wrong, &sealed).await.unwrap_err();
        assert!(matches!(error, StoreError::Limit(_)), "{error}");
    }
    let unsynced = Bytes::open_unsynced(
        objects.folder.path().to_str().unwrap(),
        &BTreeMap::new(),
        Key::from_bytes(&[7; 32]),
    );
    let error = store.hold(&unsynced.unwrap(), &reply(1), &sealed).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error}");
    assert_eq!(objects.count(), 0);
    // What can be cut is cut, and any text is only text.
    let long = "長".repeat(5_000);
    let hostile = Held {
        subject: format!("'; DROP TABLE held; --\0 % _ {long}"),
        author_name: "\0\u{202e}\n\r".into(),
        summary: long.clone(),
        decided_by: vec![long.clone(); 500],
        campaign: Some("\0".into()),
        claimed: Some(long),
        ..reply(1)
    };
    assert_eq!(hold(store, &objects, &hostile).await, HoldOutcome::New);
    let held = store.held_record("r1").await.unwrap().unwrap().held;
    assert!(
        held.subject.len() <= limits::WORDS_BYTES_MAX && held.subject.starts_with("'; DROP TABLE held; --")
    );
    assert_eq!(held.decided_by.len(), limits::HELD_RULES_MAX);
    let found =
        store.held(&Filter { words: "drop table 長長".into(), ..Filter::default() }, None, 9).await.unwrap();
    assert_eq!(found.items.len(), 1);
    // As many recipients as there may be.
    let recipients =
        (0..limits::HELD_RECIPIENTS_MAX).flat_map(|n| to(format!("u{n}@here.example"))).collect();
    let many = Held { recipients, ..reply(2) };
    assert_eq!(hold(store, &objects, &many).await, HoldOutcome::New);
    let item = store.held_record("r2").await.unwrap().unwrap();
    assert_eq!(item.recipients, limits::HELD_RECIPIENTS_MAX as u64);
    assert_eq!(item.states.len(), limits::RECIPIENTS_TOLD);
    let rights = Rights::default();
    let released = store.release(&admin("ann", &rights, T0), "r2", &[], false).await.unwrap().unwrap();
    assert_eq!(released.queued.len(), limits::HELD_RECIPIENTS_MAX);
}

pub async fn what_is_held_is_found(store: &Store) {
    let objects = Objects::new();
    for n in 0..30_u64 {
        let mut held = reply(n);
        held.at = T0 + (n / 4) as i64;
        held.class = if n % 3 == 0 { Class::Suspicious } else { Class::Malicious };
        held.claimed = (n % 5 == 0).then(|| "Microsoft".to_owned());
        held.campaign = (n % 7 == 0).then(|| "c1".to_owned());
        if n == 11 {
            held.subject = "ｱｶｳﾝﾄ停止のお知らせ ＰＡＹＰＡＬ".into();
            held.direction = Direction::Inbound;
            held.decided_by = vec!["brand/imitated".into(), "link/fake".into()];
            held.mail_from = "bounce@mailer.example".into();
            held.recipients.push(HeldFor { address: "Boss@Other.Example".into(), groups: vec![] });
        }
        hold(store, &objects, &held).await;
    }
    let find = async |filter: Filter| {
        let page = store.held(&filter, None, 100).await.unwrap();
        assert_eq!(page.next, None);
        page.items.iter().map(|item| item.held.record.clone()).collect::<Vec<_>>().join(" ")
    };
    let words = |words: &str| Filter { words: words.into(), ..Filter::default() };
    let some = |text: &str| Some(text.to_owned());
    for (filter, want) in [
        (words("停止"), "r11"),
        (words("アカウント"), "r11"),
        (words("paypal 知"), "r11"),
        (words("見積書 29"), "r29"),
        (words("colleague21@"), "r21"),
        (words("stolen user7@"), "r7"),
        (words("停止 見積"), ""),
        (words("%"), ""),
        (Filter { sender: some("Colleague3@here.example"), ..Filter::default() }, "r3"),
        (Filter { sender: some("@mailer.example"), ..Filter::default() }, "r11"),
        (Filter { sender: some("colleague3@here.exampl"), ..Filter::default() }, ""),
        (Filter { recipient: some("USER4@here.example"), ..Filter::default() }, "r4"),
        (Filter { recipient: some("boss@other.example"), ..Filter::default() }, "r11"),
        (Filter { recipient: some("@other.example"), ..Filter::default() }, "r11"),
        (Filter { recipient: some("@example"), ..Filter::default() }, ""),
        (Filter { rule: some("link/fake"), ..Filter::default() }, "r11"),
        (Filter { rule: some("link"), ..Filter::default() }, ""),
        (Filter { brand: some("microsoft"), ..Filter::default() }, "r25 r20 r15 r10 r5 r0"),
        (Filter { campaign: some("c1"), ..Filter::default() }, "r28 r21 r14 r7 r0"),
        (Filter { direction: Some(Direction::Inbound), ..Filter::default() }, "r11"),
        (Filter { class: Some(Class::Suspicious), brand: some("microsoft"), ..Filter::default() }, "r15 r0"),
        (Filter { since: Some(T0 + 6), until: Some(T0 + 7), ..Filter::default() }, "r27 r26 r25 r24"),
        (Filter { state: Some(State::Released), ..Filter::default() }, ""),
    ] {
        assert_eq!(find(filter.clone()).await, want, "{filter:?}");
    }
    let rights = Rights::default();
    store
        .release(&admin("ann", &rights, T0), "r11", &["boss@other.example".into()], false)
        .await
        .unwrap()
        .unwrap();
    store.delete(&admin("ann", &rights, T0), "r4", &[]).await.unwrap().unwrap();
    assert_eq!(find(Filter { state: Some(State::Released), ..Filter::default() }).await, "r11");
    let both = |who: &str| Filter { state: Some(State::Released), recipient: some(who), ..Filter::default() };
    assert_eq!(find(both("boss@other.example")).await, "r11");
    assert_eq!(find(both("user11@here.example")).await, "", "the state of that recipient");
    assert_eq!(find(Filter { state: Some(State::Deleted), ..Filter::default() }).await, "r4");
    // Page by page the same as at once, each once; the place of a page survives as text.
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = store.held(&Filter::default(), after, 7).await.unwrap();
        paged.extend(page.items.iter().map(|item| item.held.record.clone()));
        let Some(next) = page.next else { break };
        after = Some(next.to_string().parse::<Cursor>().unwrap());
    }
    assert_eq!(paged.join(" "), find(Filter::default()).await);
    assert_eq!(paged.len(), 30);
    assert!("x.1".parse::<Cursor>().is_err() && "1".parse::<Cursor>().is_err());
    // A campaign that is found later.
    assert!(store.held_campaign("r1", "c9", T0).await.unwrap());
    assert!(!store.held_campaign("r99", "c9", T0).await.unwrap());
    assert_eq!(find(Filter { campaign: some("c9"), ..Filter::default() }).await, "r1");
}

pub async fn requests_wait_and_are_answered(store: &Store) {
    let objects = Objects::new();
    let rights = Rights::default();
    for n in 1..=3 {
        hold(store, &objects, &reply(n)).await;
    }
    let own = |n: u64| vec![format!("User{n}@here.example")];
    let (one, two) = (own(1), own(2));
    let user = |own| By { via: Via::Digest, ..by("user", Role::Recipient, own, &rights, T0 + 9) };
    let asked = store.request_release(&user(&one), "r1", &one[0], "I expected this").await.unwrap().unwrap();
    let Asked::New(id) = asked else { panic!("{asked:?}") };
    let again = store.request_release(&user(&one), "r1", &one[0], "please").await.unwrap();
    assert_eq!(again, Ok(Asked::Waiting(id)), "once");
    assert_eq!(state(store, "r1").await, [State::Requested]);
    // Not for others, and nobody learns what there is.
    for (record, recipient) in [("r1", &two[0]), ("r2", &one[0]), ("r9", &one[0])] {
        let refused = store.request_release(&user(&one), record, recipient, "").await.unwrap();
        assert_eq!(refused, Err(Refused::Unknown), "{record} {recipient}");
    }
    assert_eq!(
        store.request_release(&by("r", Role::Reader, &[], &rights, T0), "r2", &two[0], "").await.unwrap(),
        Err(Refused::Role)
    );
    let request = |n| store.requests(n, 0);
    let waiting = request(true).await.unwrap();
    assert_eq!(
        (waiting.len(), waiting[0].words.as_str(), waiting[0].recipient.as_str()),
        (1, "I expected this", "user1@here.example")
    );
    // Refused: it is only held again, and may be asked for again.
    let ann = by("ann", Role::Analyst, &[], &rights, T0 + 10);
    let refused = store.answer_request(&user(&one), id, Reply::Refuse, "").await.unwrap();
    assert_eq!(refused, Err(Refused::Role));
    store.answer_request(&ann, id, Reply::Refuse, "it is an attack").await.unwrap().unwrap();
    assert_eq!(state(store, "r1").await, [State::Held]);
    let answered = request(false).await.unwrap().remove(0).answer.unwrap();
    assert_eq!(
        (answered.how, answered.by.as_str(), answered.words.as_str()),
        (Answer::Refused, "ann", "it is an attack")
    );
    let twice = store.answer_request(&ann, id, Reply::Refuse, "").await.unwrap();
    assert_eq!(twice, Err(Refused::State { state: State::Held }));
    let Ok(Asked::New(second)) = store.request_release(&user(&one), "r1", &one[0], "really").await.unwrap()
    else {
        panic!("asked again")
    };
    let released =
        store.answer_request(&ann, second, Reply::Release { banner: true }, "fine").await.unwrap().unwrap();
    assert_eq!(released.queued, ["release:r1:user1@here.example"]);
    assert_eq!(state(store, "r1").await, [State::Released]);
    let all = store.requests_for("r1").await.unwrap();
    assert_eq!(
        all.iter().map(|r| r.answer.as_ref().unwrap().how).collect::<Vec<_>>(),
        [Answer::Refused, Answer::Released]
    );
    let late = store.request_release(&user(&one), "r1", &one[0], "").await.unwrap();
    assert_eq!(late, Err(Refused::State { state: State::Released }));
    // What is deleted is answered so.
    store.request_release(&user(&two), "r2", &two[0], "").await.unwrap().unwrap();
    assert_eq!(store.delete(&ann, "r2", &[]).await.unwrap(), Ok(1));
    assert_eq!(store.requests_for("r2").await.unwrap()[0].answer.as_ref().unwrap().how, Answer::Deleted);
    assert!(request(true).await.unwrap().is_empty());
    assert_eq!(store.answer_request(&ann, 999, Reply::Refuse, "").await.unwrap(), Err(Refused::Unknown));
    insta::assert_snapshot!(audit(store, "r2").await.replace(&format!("{}", id + 2), "N"), @r#"
    sekisho Program hold null → {"recipients":["user2@here.example"],"count":1}
    user Recipient request null → null refused {"because":"unknown"}
    r Reader request null → null refused {"because":"role"}
    user Recipient request {"state":"held"} → {"state":"requested","request":N,"for":"user2@here.example"}
    ann Analyst delete {"state":"held"} → {"state":"deleted","for":{"recipients":["user2@here.example"],"count":1}}
    "#);
}

pub async fn a_release_is_written_once(store: &Store) {
    let objects = Objects::new();
    let rights = Rights::default();
    let mut held = reply(1);
    held.recipients = ["a@x.example", "b@x.example", "c@x.example"]
        .map(|a| HeldFor { address: a.into(), groups: vec![] })
        .into();
    hold(store, &objects, &held).await;
    let ann = by("ann", Role::Analyst, &[], &rights, T0 + 5);
    let own = vec!["a@x.example".to_owned()];
    let a = by("a@x.example", Role::Recipient, &own, &rights, T0 + 5);
    assert_eq!(store.release(&a, "r1", &[], false).await.unwrap(), Err(Refused::Role), "malicious");
    let b = ["b@x.example".to_owned()];
    let released = store.release(&ann, "r1", &b, true).await.unwrap().unwrap();
    assert_eq!(released, Released { queued: vec!["release:r1:b@x.example".into()], already: vec![] });
    let again = store.release(&ann, "r1", &b, true).await.unwrap().unwrap();
    assert_eq!(again, Released { queued: vec![], already: b.to_vec() });
    assert_eq!(store.delete(&ann, "r1", &["c@x.example".into()]).await.unwrap(), Ok(1));
    assert_eq!(store.delete(&ann, "r1", &b).await.unwrap(), Err(Refused::State { state: State::Released }));
    let both = ["a@x.example".to_owned(), "c@x.example".to_owned()];
    let refused = store.release(&ann, "r1", &both, false).await.unwrap();
    assert_eq!(refused, Err(Refused::State { state: State::Deleted }), "all or none");
    assert_eq!(state(store, "r1").await, [State::Held, State::Released, State::Deleted]);
    let rest = store.release(&ann, "r1", &[], false).await.unwrap().unwrap();
    assert_eq!(rest.queued, ["release:r1:a@x.example"]);
    assert_eq!(store.release(&ann, "r9", &[], false).await.unwrap(), Err(Refused::Unknown));
    let effects = store.effects(EffectState::Waiting, 0).await.unwrap();
    assert_eq!(effects.len(), 2);
    let payload: Release = serde_json::from_value(effects[0].1.payload.clone()).unwrap();
    let address = store.held_record("r1").await.unwrap().unwrap().held.address;
    let want = Release {
        record: "r1".into(),
        recipient: "b@x.example".into(),
        mail_from: "colleague1@here.example".into(),
        address,
        banner: true,
        by: "ann".into(),
    };
    assert_eq!(payload, want);
    insta::assert_snapshot!(audit(store, "r1").await, @r#"
    sekisho Program hold null → {"recipients":["a@x.example","b@x.example","c@x.example"],"count":3}
    a@x.example Recipient release null → null refused {"because":"role"}
    ann Analyst release {"state":"held"} → {"state":"released","banner":true,"for":{"recipients":["b@x.example"],"count":1}}
    ann Analyst delete {"state":"held"} → {"state":"deleted","for":{"recipients":["c@x.example"],"count":1}}
    ann Analyst delete null → null refused {"because":"state","state":"released"}
    ann Analyst release null → null refused {"because":"state","state":"deleted"}
    ann Analyst release {"state":"held"} → {"state":"released","banner":false,"for":{"recipients":["a@x.example"],"count":1}}
    "#);
    // Looking is noted, too.
    let readers = by("rita", Role::Reader, &[], &rights, T0);
    assert_eq!(store.preview(&readers, "r1").await.unwrap().unwrap().subject, held.subject);
    assert_eq!(store.preview(&a, "r1").await.unwrap(), Err(Refused::Role));
    let filter = AuditFilter { who: "rita".into(), ..AuditFilter::default() };
    assert_eq!(store.audit(&filter, None).await.unwrap()[0].what, "preview");
}
