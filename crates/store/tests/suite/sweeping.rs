//! What is too old goes, what is not stays, and taking back works as long as the message is remembered.

use std::collections::BTreeMap;

use sekisho_record::history::{Opinion, Questions};
use sekisho_store::{Bytes, Keep, Kept, Key, Retention, Span, Store, StoreError, limits};

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

pub async fn objects_are_listed(store: &Store) {
    let folder = tempfile::tempdir().unwrap();
    let open = |key: u8| {
        let path = folder.path().join("objects");
        let key = Key::from_bytes(&[key; 32]);
        Bytes::open_unsynced(path.to_str().unwrap(), &BTreeMap::new(), key).unwrap()
    };
    let (bytes, others) = (open(7), open(8));
    // Several in one second, more than a page.
    let count = limits::OBJECTS_PAGE_MAX + 5;
    let keep = |n: usize| Keep {
        sealed: bytes.seal(format!("message {n}").as_bytes()).unwrap(),
        class: if n == 0 { "malicious" } else { "benign" }.into(),
        at: T0 + n as i64 / 100,
    };
    let all: Vec<Keep> = (0..count).map(keep).collect();
    store.keep_many(&bytes, &all).await.unwrap();
    store.keep_many(&bytes, &all[..3]).await.unwrap();
    let span = Span { class: "benign", since: i64::MIN, until: i64::MAX };
    let list = async |span: Span<'_>| {
        let mut found: Vec<Kept> = Vec::new();
        loop {
            let page = store.objects(span, found.last()).await.unwrap();
            assert!(page.len() <= limits::OBJECTS_PAGE_MAX);
            if page.is_empty() {
                break found;
            }
            found.extend(page);
        }
    };
    let found = list(span).await;
    assert!(found.is_sorted_by_key(|kept| (kept.at, kept.address.clone())));
    let addresses: std::collections::BTreeSet<&str> =
        found.iter().map(|kept| kept.address.as_str()).collect();
    assert_eq!((found.len(), addresses.len()), (count - 1, count - 1));
    assert_eq!(store.count_objects(span).await.unwrap(), count as u64 - 1);
    let second = Span { since: T0 + 1, until: T0 + 2, ..span };
    assert_eq!((list(second).await.len(), store.count_objects(second).await.unwrap()), (100, 100));
    let one = &found[500];
    assert_eq!(bytes.get(&one.address).await.unwrap().map(|plain| plain.len() as u64), Some(one.size));
    let bad = Keep { class: "x".repeat(limits::CLASS_BYTES_MAX + 1), ..all[0].clone() };
    assert!(matches!(store.keep_many(&bytes, &[bad]).await, Err(StoreError::Limit(_))));
    // One store has one key.
    assert_eq!(store.object_key().await.unwrap(), None);
    store.fits(&others).await.unwrap();
    store.claim(&bytes).await.unwrap();
    store.claim(&bytes).await.unwrap();
    store.fits(&bytes).await.unwrap();
    assert!(matches!(store.claim(&others).await, Err(StoreError::Key(_))));
    assert!(matches!(store.fits(&others).await, Err(StoreError::Key(_))));
    assert_eq!(store.object_key().await.unwrap(), Some(bytes.fingerprint()));
    // Once a day.
    let due = [store.sweep_due(5).await.unwrap(), store.sweep_due(5).await.unwrap()];
    assert_eq!((due, store.sweep_due(4).await.unwrap()), ([true, false], true));
}
