//! What is too old goes, what is not stays, and taking back works as long as the message is remembered.

use std::collections::BTreeMap;

use sekisho_record::history::{Opinion, Questions};
use sekisho_store::{Bytes, Key, Retention, Store};

use super::{DAY, T0, ask, counts, known, learn, lesson, tick, with_traits};

pub async fn what_is_old_goes(store: &Store) {
    let mut lessons = Vec::new();
    for day in 0..100_i64 {
        let mut one = with_traits(
            lesson(&format!("r{day:03}"), day, "a@x"),
            &["s:a all yes", &format!("s:a day {day:03}")],
        );
        one.ticks = vec![tick("s:a sent 1"), tick(&format!("s:{day} sent 1"))];
        one.shingles = vec![day as u64];
        lessons.push(one);
    }
    learn(store, &lessons).await;
    store.opine("r000", Opinion::Spam, "ann", T0).await.unwrap();
    let retention = Retention { tick_days: 10, message_days: 40, trait_days: 70, ..Retention::default() };
    let now = T0 + 100 * DAY;
    let swept = store.sweep(now, &retention, None).await.unwrap();
    // Of the traits: 30 days, and the senders and participants of 30 threads, three each.
    assert_eq!((swept.ticks, swept.messages, swept.traits, swept.more), (180, 60, 30 * 4, false));
    assert_eq!(store.sweep(now, &retention, None).await.unwrap(), Default::default());
    assert_eq!(counts(store, &["s:a all yes", "s:a day 029", "s:a day 030"]).await, [100, 0, 1]);
    assert!(known(store, "s:a", 1).await.contains("day 70/70: "));
    let found = ask(store, Questions { shingles: vec![59, 60], ..Questions::default() }).await.matches;
    assert_eq!(found.iter().map(|m| m.record.as_str()).collect::<Vec<_>>(), ["r060"]);
    let gone = store.forget(&["r059".into(), "r060".into()]).await.unwrap();
    assert_eq!((gone.forgotten, gone.unknown), (1, 1));
    assert_eq!(counts(store, &["s:a all yes", "s:a day 059", "s:a day 060"]).await, [99, 1, 0]);
}

pub async fn objects_go_by_class(store: &Store) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("objects");
    let bytes = Bytes::open(path.to_str().unwrap(), &BTreeMap::new(), Key::from_bytes(&[7; 32])).unwrap();
    let (one, two) = (b"From: a@x\r\n\r\nhello".as_slice(), b"other".as_slice());
    let first = store.keep(&bytes, "delivered", one, T0).await.unwrap();
    assert_eq!(store.keep(&bytes, "quarantined", one, T0).await.unwrap(), first, "by content");
    let second = store.keep(&bytes, "delivered", two, T0).await.unwrap();
    let object_days = BTreeMap::from([("delivered".to_owned(), 7), ("quarantined".to_owned(), 30)]);
    let retention = Retention { object_days, ..Retention::default() };
    let sweep = async |day: i64| {
        let swept = store.sweep(T0 + day * DAY + 1, &retention, Some(&bytes)).await.unwrap();
        let there = (bytes.get(&first).await.unwrap(), bytes.get(&second).await.unwrap());
        (swept.objects, there.0.is_some(), there.1.is_some())
    };
    assert_eq!(sweep(6).await, (0, true, true));
    assert_eq!(sweep(8).await, (2, true, false), "quarantine still wants the first");
    assert_eq!(sweep(31).await, (1, false, false));
    // Kept again after it went.
    assert_eq!(store.keep(&bytes, "delivered", one, T0 + 40 * DAY).await.unwrap(), first);
    assert_eq!(sweep(41).await, (0, true, false));
}
