//! People are told of what is held for them, and of answers, once each, whoever looks how often.

use sekisho_record::quarantine::{Answer, Effect, EffectState, HeldFor, Request, Role};
use sekisho_store::{Asked, Reply, Store, Untold};
use serde_json::json;

use super::{
    T0,
    holding::{Objects, admin, by, generous, hold, reply},
};

/// An effect that names the records.
fn digest(key: &str, untold: &[Untold]) -> Option<Effect> {
    let records: Vec<&str> = untold.iter().map(|one| one.record.as_str()).collect();
    Some(Effect::new("digest", key.to_owned(), "", json!(records), T0))
}

/// What waits in the outbox, in order.
async fn outbox(store: &Store) -> String {
    let all = store.effects(EffectState::Waiting, 0).await.unwrap();
    all.iter().map(|(_, effect)| format!("{} {}\n", effect.key, effect.payload)).collect()
}

fn to(address: &str) -> HeldFor {
    HeldFor { address: address.into(), groups: Vec::new() }
}

pub async fn everybody_is_told_once(store: &Store) {
    let objects = Objects::new();
    let (ann, bob) = ("Ann@here.example", "bob@here.example");
    for n in [1, 2, 9] {
        // Ann stands twice.
        let recipients = vec![to(ann), to(bob), to("ann@HERE.example")];
        let recipients = if n == 2 { vec![to(ann)] } else { recipients };
        hold(store, &objects, &sekisho_record::quarantine::Held { recipients, ..reply(n) }).await;
    }
    let mut people = store.untold(T0, T0 + 5).await.unwrap();
    people.sort();
    assert_eq!(people, ["ann@here.example", bob]);
    assert!(store.untold(T0 + 3, T0 + 9).await.unwrap().is_empty(), "both ends count");
    for _ in 0..2 {
        for one in &people {
            let make = |untold: &[Untold]| digest(&format!("1:{one}"), untold);
            store.tell(one, T0, T0 + 5, &make).await.unwrap();
        }
    }
    assert_eq!(outbox(store).await, "1:ann@here.example [\"r1\",\"r2\"]\n1:bob@here.example [\"r1\"]\n");
    assert!(store.untold(T0, T0 + 5).await.unwrap().is_empty());
    // The key of an effect that was written: told another time.
    let again = store.tell(ann, T0, T0 + 20, &|untold: &[Untold]| digest("1:ann@here.example", untold)).await;
    assert!(!again.unwrap());
    assert_eq!(store.untold(T0, T0 + 20).await.unwrap().len(), 2);
    // Somebody who need not be told is not asked about again.
    assert!(store.tell(ann, T0, T0 + 20, &|_: &[Untold]| None).await.unwrap());
    assert_eq!(store.untold(T0, T0 + 20).await.unwrap(), [bob]);
    assert!(!store.tell("nobody@here.example", T0, T0 + 20, &|_: &[Untold]| None).await.unwrap());
}

pub async fn of_many_who_tell_the_same_one_does(store: &Store) {
    let objects = Objects::new();
    for n in 1..=3 {
        hold(store, &objects, &super::holding::reply(n)).await;
        let recipients = vec![to("ann@here.example")];
        let held = sekisho_record::quarantine::Held { recipients, ..reply(10 + n) };
        hold(store, &objects, &held).await;
    }
    // Each node has another time, and so another key.
    let mut nodes = tokio::task::JoinSet::new();
    for node in 1..=4 {
        let store = store.clone();
        nodes.spawn(async move {
            let make = move |untold: &[Untold]| digest(&format!("{node}:ann"), untold);
            store.tell("ann@here.example", T0, T0 + 100, &make).await.unwrap()
        });
    }
    assert_eq!(nodes.join_all().await.iter().filter(|told| **told).count(), 1);
    assert_eq!(outbox(store).await.lines().count(), 1);
}

pub async fn requests_and_their_answers_are_told_once(store: &Store) {
    let objects = Objects::new();
    let rights = generous();
    hold(store, &objects, &reply(1)).await;
    let own = ["user1@here.example".to_owned()];
    let user = by("user1", Role::Recipient, &own, &rights, T0 + 5);
    let asked = store.request_release(&user, "r1", &own[0], "mine").await;
    let Asked::New(id) = asked.unwrap().unwrap() else { panic!("it is new") };
    let make = |requests: &[Request]| -> Vec<Effect> {
        let one = |request: &Request| {
            let how = request.answer.as_ref().map(|answer| answer.how);
            let key = format!("{}:{how:?}", request.id);
            Effect::new("told", key, "", json!(request.words), T0)
        };
        requests.iter().map(one).collect()
    };
    assert_eq!(store.tell_requests(true, T0, &make).await.unwrap(), 0, "nobody answered");
    assert_eq!(store.tell_requests(false, T0 + 6, &make).await.unwrap(), 0, "too old");
    assert_eq!(store.tell_requests(false, T0, &make).await.unwrap(), 1);
    assert_eq!(store.tell_requests(false, T0, &make).await.unwrap(), 0);
    let answered = store.answer_request(&admin("ann", &rights, T0 + 9), id, Reply::Refuse, "no").await;
    answered.unwrap().unwrap();
    assert_eq!(store.tell_requests(true, T0, &make).await.unwrap(), 1);
    assert_eq!(store.tell_requests(true, T0, &make).await.unwrap(), 0);
    assert_eq!(
        outbox(store).await,
        format!("{id}:None \"mine\"\n{id}:Some({:?}) \"mine\"\n", Answer::Refused)
    );
}
