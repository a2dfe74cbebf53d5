//! What nodes tell each other: generations, and the pulse.

use std::collections::BTreeSet;

use sekisho_record::quarantine::{Effect, Role, Scope, Via};
use sekisho_store::{By, Generation, Pulse, Rights, Store};

use super::T0;

pub async fn everybody_who_asks_gets_a_generation_of_their_own(store: &Store) {
    assert_eq!(store.generation().await.unwrap(), Generation::default());
    let first = store.next_generation("mx1 of Aiko").await.unwrap();
    assert_eq!(first, Generation { number: 1, by: "mx1 of Aiko".into() });
    assert_eq!(store.generation().await.unwrap(), first);
    let asks = (0..8).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.next_generation(&format!("mx{n}")).await.unwrap().number })
    });
    let mut got = BTreeSet::new();
    for ask in asks.collect::<Vec<_>>() {
        got.insert(ask.await.unwrap());
    }
    assert_eq!(got, (2..=9).collect(), "none is lost, none is given out twice");
    assert_eq!(store.generation().await.unwrap().number, 9);
}

pub async fn the_pulse_counts_what_waits(store: &Store) {
    assert_eq!(store.pulse(T0).await.unwrap(), Pulse::default());
    let effect = |key: &str| Effect::new("digest", key.to_owned(), "", serde_json::json!({}), T0);
    store.queue_effects(&[effect("a"), effect("b"), effect("c")]).await.unwrap();
    store.done_effect("a", T0).await.unwrap();
    store.take_effects(T0, "mx1", 1).await.unwrap();
    store.fail_effect("b", "mx1", "nobody is there", true, T0).await.unwrap();
    let rights = Rights::default();
    let (who, role, via, reason) = ("aiko", Role::Administrator, Via::Cli, "drill");
    let by = By { who, role, via, own: &[], rights: &rights, now: T0, reason };
    store.lock(&by, &Scope::Everything, Some(T0 + 60)).await.unwrap().unwrap();
    store.next_generation("mx1").await.unwrap();
    let pulse = store.pulse(T0 + 1).await.unwrap();
    let generation = Generation { number: 1, by: "mx1".into() };
    let wanted =
        Pulse { generation, effects_waiting: 1, effects_failed: 1, requests_waiting: 0, lockdowns: 1 };
    assert_eq!(pulse, wanted);
    assert_eq!(store.pulse(T0 + 61).await.unwrap().lockdowns, 0, "it has ended");
}
