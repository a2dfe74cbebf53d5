//! Lockdowns, the outbox, and what is swept.

use std::collections::BTreeMap;

use sekisho_record::{
    Class,
    quarantine::{Effect, EffectState, Refused, Role, Scope},
};
use sekisho_store::{By, Filter, HeldRetention, Lifted, Rights, Store, StoreError, limits};
use serde_json::json;

use super::{
    DAY, T0,
    holding::{Objects, admin, audit, by, generous, hold, reply},
};

pub async fn lockdowns_cover_what_they_name(store: &Store) {
    let objects = Objects::new();
    let rights = generous();
    let now = T0 + 100;
    let cases = [
        (Scope::Everything, true),
        (Scope::Class { class: Class::Malicious }, true),
        (Scope::Class { class: Class::Suspicious }, false),
        (Scope::Campaign { id: "c1".into() }, true),
        (Scope::Campaign { id: "c2".into() }, false),
        (Scope::Group { name: "SALES".into() }, true),
        (Scope::Group { name: "finance".into() }, false),
        (Scope::Domain { name: "HERE.example".into() }, true),
        (Scope::Domain { name: "example".into() }, false),
        (Scope::Records { ids: (0..20).map(|n| format!("r{n}")).collect() }, true),
        (Scope::Records { ids: vec!["r999".into()] }, false),
    ];
    for (n, (scope, covered)) in (0..).zip(cases) {
        let mut held = reply(n);
        held.campaign = Some("c1".into());
        hold(store, &objects, &held).await;
        let ann = admin("ann", &rights, now);
        let lockdown = store.lock(&ann, &scope, None).await.unwrap().unwrap();
        assert_eq!(store.locks(now).await.unwrap().len(), 1);
        let outcome = store.release(&ann, &held.record, &[], false).await.unwrap();
        let refusal = Refused::Lockdown { id: lockdown.id.clone(), reason: "drill".into(), until: None };
        assert_eq!(outcome.clone().err(), covered.then_some(refusal), "{scope:?}");
        // Before it was ordered is no excuse, nor is a clock that goes wrong.
        let early = store.release(&admin("ann", &rights, 0), &held.record, &[], false).await.unwrap();
        assert_eq!(early.is_err(), covered, "{scope:?}");
        store.lift(&ann, &lockdown.id).await.unwrap().unwrap();
        store.lift(&admin("bob", &rights, now), &lockdown.id).await.unwrap().unwrap();
        assert!(store.release(&ann, &held.record, &[], false).await.unwrap().is_ok(), "{scope:?}");
    }
    let (all, next) = store.lockdowns(None).await.unwrap();
    assert_eq!((all.len(), next), (11, None));
    assert_eq!(all[10].scope, Scope::Everything);
    assert_eq!(
        all[1].scope,
        Scope::Records {
            ids: {
                let mut ids: Vec<String> = (0..20).map(|n| format!("r{n}")).collect();
                ids.sort();
                ids
            }
        }
    );
    for wrong in [
        Scope::Records { ids: vec![] },
        Scope::Records { ids: vec!["r".into(); limits::LOCKED_RECORDS_MAX + 1] },
        Scope::Group { name: String::new() },
    ] {
        assert!(matches!(
            store.lock(&admin("ann", &rights, now), &wrong, None).await,
            Err(StoreError::Limit(_))
        ));
    }
    let silent = By { reason: " ", ..admin("ann", &rights, now) };
    assert!(matches!(store.lock(&silent, &Scope::Everything, None).await, Err(StoreError::Limit(_))));
    let backwards = store.lock(&admin("ann", &rights, now), &Scope::Everything, Some(now)).await;
    assert!(matches!(backwards, Err(StoreError::Limit(_))));
    let analyst = By { reason: "why not", ..by("eve", Role::Analyst, &[], &rights, now) };
    assert_eq!(store.lock(&analyst, &Scope::Everything, None).await.unwrap(), Err(Refused::Role));
    assert!(store.locks(now).await.unwrap().is_empty());
}

pub async fn two_administrators_lift_and_time_ends(store: &Store) {
    let objects = Objects::new();
    let rights = generous();
    hold(store, &objects, &reply(1)).await;
    let ann = |now| admin("ann", &rights, now);
    let lockdown = store.lock(&ann(T0), &Scope::Everything, Some(T0 + 100)).await.unwrap().unwrap();
    let id = lockdown.id.as_str();
    assert_eq!(
        store.lift(&by("eve", Role::Analyst, &[], &rights, T0 + 1), id).await.unwrap(),
        Err(Refused::Role)
    );
    assert_eq!(store.lift(&ann(T0 + 1), id).await.unwrap(), Ok(Lifted::First));
    assert_eq!(store.lift(&ann(T0 + 2), id).await.unwrap(), Err(Refused::Same));
    assert_eq!(store.lift(&admin(" ANN", &rights, T0 + 3), id).await.unwrap(), Err(Refused::Same));
    assert!(store.release(&ann(T0 + 4), "r1", &[], false).await.unwrap().is_err(), "one is not enough");
    let first = store.locks(T0 + 4).await.unwrap().remove(0).lift.first.unwrap();
    assert_eq!((first.by.as_str(), first.at), ("ann", T0 + 1));
    assert_eq!(store.lift(&admin("bob", &rights, T0 + 5), id).await.unwrap(), Ok(Lifted::Now));
    assert_eq!(store.lift(&admin("bob", &rights, T0 + 6), id).await.unwrap(), Ok(Lifted::Over));
    assert_eq!(store.lift(&ann(T0), "L0").await.unwrap(), Err(Refused::Unknown));
    assert!(store.release(&ann(T0 + 7), "r1", &[], false).await.unwrap().is_ok());
    insta::assert_snapshot!(audit(store, id).await, @r#"
    ann Administrator lock null → {"scope":{"of":"everything"},"until":1637000100}
    eve Analyst lift null → null refused {"because":"role"}
    ann Administrator lift null → {"first":"ann"}
    ann Administrator lift null → null refused {"because":"same"}
     ANN Administrator lift null → null refused {"because":"same"}
    bob Administrator lift {"first":"ann"} → {"second":"bob"}
    "#);
    // By time: at the second that was named, without anybody doing anything.
    hold(store, &objects, &reply(2)).await;
    let until = T0 + 200;
    let second = store.lock(&ann(T0 + 10), &Scope::Everything, Some(until)).await.unwrap().unwrap();
    let refusal = Refused::Lockdown { id: second.id.clone(), reason: "drill".into(), until: Some(until) };
    assert_eq!(store.release(&ann(until - 1), "r2", &[], false).await.unwrap(), Err(refusal));
    assert!(store.locks(until - 1).await.unwrap()[0].holds(until - 1));
    assert!(store.locks(until).await.unwrap().is_empty());
    assert!(store.release(&ann(until), "r2", &[], false).await.unwrap().is_ok());
    let swept = store.sweep_held(until, &HeldRetention::default(), &objects.bytes).await.unwrap();
    assert_eq!(swept.expired, 1);
    assert_eq!(
        store.sweep_held(until + 1, &HeldRetention::default(), &objects.bytes).await.unwrap().expired,
        0
    );
    assert_eq!(store.lift(&ann(until), &second.id).await.unwrap(), Ok(Lifted::Over));
    let (all, _) = store.lockdowns(None).await.unwrap();
    assert_eq!(all[0].lift.expired, Some(until));
    assert!(audit(store, &second.id).await.contains("sekisho Program expire"));
}

pub async fn the_outbox_gives_out_at_least_once(store: &Store) {
    let effect = |n: i64| Effect::new("digest", format!("digest:{n}"), "", json!({ "n": n }), T0 + n);
    let all: Vec<Effect> = (0..5).map(effect).collect();
    assert_eq!(store.queue_effects(&all).await.unwrap().len(), 5);
    assert_eq!(store.queue_effects(&all[..2]).await.unwrap(), Vec::<String>::new(), "once");
    let take = async |now: i64, node: &str, max: usize| {
        let taken = store.take_effects(now, node, max).await.unwrap();
        taken.iter().map(|e| e.key.trim_start_matches("digest:").to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(take(T0 + 2, "a", 2).await, "0 1", "in their order, as many as wanted");
    assert_eq!(take(T0 + 2, "b", 9).await, "2", "what is due and nobody has");
    assert!(store.done_effect("digest:0", T0 + 3).await.unwrap());
    assert!(!store.done_effect("digest:0", T0 + 3).await.unwrap());
    // The node dies: another one takes over when the lease has ended.
    assert_eq!(take(T0 + 2 + limits::LEASE_S - 1, "b", 9).await, "3 4");
    assert_eq!(take(T0 + 2 + limits::LEASE_S, "b", 9).await, "1 2");
    assert_eq!(
        store.fail_effect("digest:1", "a", "late", false, T0).await.unwrap(),
        None,
        "it is another's now"
    );
    let now = T0 + 1_000;
    assert_eq!(take(now, "c", 9).await, "1 2 3 4");
    let failed = store.fail_effect("digest:1", "c", "the server is away", false, now).await.unwrap();
    assert_eq!(failed, Some(EffectState::Waiting));
    assert_eq!(take(now + limits::EFFECT_RETRY_S_MIN - 1, "c", 9).await, "");
    assert_eq!(take(now + limits::EFFECT_RETRY_S_MIN, "c", 9).await, "1");
    let failed = store.fail_effect("digest:2", "c", "no such mailbox", true, now).await.unwrap();
    assert_eq!(failed, Some(EffectState::Failed));
    // Never given up silently.
    let (mut now, mut tries) = (now + 10_000, 1);
    loop {
        now += limits::EFFECT_RETRY_S_MAX;
        let mine = store.take_effects(now, "c", 9).await.unwrap();
        assert_eq!(mine.iter().find(|e| e.key == "digest:1").unwrap().tries, tries);
        let state = store.fail_effect("digest:1", "c", "still away", false, now).await.unwrap();
        tries += 1;
        if state == Some(EffectState::Failed) {
            break;
        }
    }
    assert_eq!(tries, limits::EFFECT_TRIES_MAX);
    let failed = store.effects(EffectState::Failed, 0).await.unwrap();
    assert_eq!(
        failed.iter().map(|(_, e)| e.error.as_str()).collect::<Vec<_>>(),
        ["still away", "no such mailbox"]
    );
    insta::assert_snapshot!(audit(store, "digest:1").await, @r#"
    sekisho Program give_up null → {"effect":"digest:1","tries":80}
    "#);
    assert!(audit(store, "digest:2").await.contains("give_up"));
    assert!(store.done_effect("digest:1", now).await.unwrap(), "somebody did it by hand");
    let rights = Rights::default();
    let ann = by("ann", Role::Analyst, &[], &rights, now);
    assert_eq!(
        store.retry_effect(&by("r", Role::Reader, &[], &rights, now), "digest:2").await.unwrap(),
        Err(Refused::Role)
    );
    assert_eq!(store.retry_effect(&ann, "digest:1").await.unwrap(), Err(Refused::Unknown));
    assert_eq!(store.retry_effect(&ann, "digest:2").await.unwrap(), Ok(()));
    let again = store.take_effects(now, "d", 9).await.unwrap();
    assert_eq!(again.iter().find(|e| e.key == "digest:2").unwrap().tries, 0);
    let large = Effect::new("x", "x".into(), "", json!("x".repeat(limits::PAYLOAD_BYTES_MAX)), T0);
    assert!(matches!(store.queue_effects(&[large]).await, Err(StoreError::Limit(_))));
}

pub async fn a_lockdown_keeps_back_what_is_in_the_outbox(store: &Store) {
    let objects = Objects::new();
    let rights = generous();
    for n in 1..=2 {
        let mut held = reply(n);
        held.campaign = Some(format!("c{n}"));
        hold(store, &objects, &held).await;
        store.release(&admin("ann", &rights, T0), &held.record, &[], false).await.unwrap().unwrap();
    }
    let scope = Scope::Campaign { id: "c1".into() };
    let lockdown = store.lock(&admin("ann", &rights, T0), &scope, None).await.unwrap().unwrap();
    let take = async |now: i64| {
        let taken = store.take_effects(now, "a", 9).await.unwrap();
        taken.iter().map(|e| e.record.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(take(T0).await, "r2");
    store.done_effect("release:r2:user2@here.example", T0).await.unwrap();
    assert_eq!(take(T0 + 10 * limits::KEPT_BACK_S).await, "");
    let waiting = &store.effects(EffectState::Waiting, 0).await.unwrap()[0].1;
    assert_eq!((waiting.tries, waiting.error.as_str()), (0, "a lockdown keeps it back"));
    for who in ["ann", "bob"] {
        store.lift(&admin(who, &rights, T0), &lockdown.id).await.unwrap().unwrap();
    }
    assert_eq!(take(T0 + 20 * limits::KEPT_BACK_S).await, "r1");
}

pub async fn what_was_held_too_long_goes(store: &Store) {
    let objects = Objects::new();
    let rights = generous();
    for n in 0..4 {
        let mut held = reply(n);
        held.class = if n == 0 { Class::Suspicious } else { Class::Malicious };
        hold(store, &objects, &held).await;
    }
    let own = vec!["user3@here.example".to_owned()];
    let user = by("user3@here.example", Role::Recipient, &own, &rights, T0);
    store.request_release(&user, "r3", &own[0], "").await.unwrap().unwrap();
    store.release(&admin("ann", &rights, T0), "r1", &[], false).await.unwrap().unwrap();
    let waiting_days = BTreeMap::from([(Class::Suspicious, 10), (Class::Malicious, 30)]);
    let retention = HeldRetention { waiting_days, done_days: 1, audit_days: 20 };
    let sweep = async |day: i64| {
        let swept = store.sweep_held(T0 + 60 + day * DAY, &retention, &objects.bytes).await.unwrap();
        assert!(!swept.more);
        let page = store.held(&Filter::default(), None, 9).await.unwrap();
        let left = page.items.iter().map(|item| item.held.record.clone()).collect::<Vec<_>>().join(" ");
        format!("{} {} | {left} | {} objects", swept.held, swept.orphans, objects.count())
    };
    assert_eq!(
        sweep(2).await,
        "0 0 | r3 r2 r1 r0 | 4 objects",
        "never before the same message is another one"
    );
    assert_eq!(sweep(8).await, "0 0 | r3 r2 r1 r0 | 4 objects", "its release is still in the outbox");
    store.done_effect("release:r1:user1@here.example", T0).await.unwrap();
    assert_eq!(sweep(8).await, "1 0 | r3 r2 r0 | 3 objects");
    assert_eq!(sweep(10).await, "1 0 | r3 r2 | 2 objects");
    assert_eq!(store.requests_for("r3").await.unwrap().len(), 1);
    assert_eq!(sweep(30).await, "2 0 |  | 0 objects");
    assert!(audit(store, "r3").await.starts_with("sekisho Program sweep"), "older entries went by then");
    // Bytes of a message that was never held: another sweep of all objects leaves them, this one does not.
    let sealed = objects.bytes.seal(b"orphan").unwrap();
    store.keep(&objects.bytes, "quarantine", b"orphan", T0).await.unwrap();
    let all = sekisho_store::Retention {
        object_days: BTreeMap::from([("quarantine".to_owned(), 0)]),
        ..Default::default()
    };
    store.sweep(T0 + 60 + 31 * DAY, &all, Some(&objects.bytes)).await.unwrap();
    assert!(objects.bytes.get(sealed.address()).await.unwrap().is_some());
    assert_eq!(sweep(31).await, "0 1 |  | 0 objects");
}
