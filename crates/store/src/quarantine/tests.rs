//! Holding on a full disk, and what is on the disk when a call returns.

use std::{collections::BTreeMap, path::Path};

use sekisho_record::quarantine::{Held, HeldFor};

use crate::{AuditFilter, Bytes, Filter, HeldRetention, HoldOutcome, Key, Store, StoreError};

fn held(n: u64) -> Held {
    Held {
        record: format!("r{n}"),
        key: format!("k{n}"),
        at: 1_000,
        recipients: vec![HeldFor { address: "me@here.example".into(), groups: Vec::new() }],
        summary: "長い話".repeat(100),
        ..Held::default()
    }
}

fn objects(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { objects(&path) } else { 1 }).sum()
}

async fn hold(store: &Store, bytes: &Bytes, n: u64) -> Result<HoldOutcome, StoreError> {
    store.hold(bytes, &held(n), &bytes.seal(format!("message {n}").as_bytes()).unwrap()).await
}

#[tokio::test]
async fn a_commit_about_held_mail_waits_for_the_disk_and_others_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}/x.db", folder.path().display())).await.unwrap();
    for _ in 0..3 {
        assert_eq!(store.synchronous().await.unwrap(), (2, 1));
    }
}

#[tokio::test]
async fn a_full_disk_holds_nothing_half() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}/x.db", folder.path().display())).await.unwrap();
    let place = folder.path().join("objects");
    let bytes = Bytes::open(place.to_str().unwrap(), &BTreeMap::new(), Key::from_bytes(&[1; 32])).unwrap();
    store.limit_pages(300).await.unwrap();
    let mut count = 0;
    let error = loop {
        match hold(&store, &bytes, count).await {
            Ok(outcome) => assert_eq!(outcome, HoldOutcome::New),
            Err(error) => break error,
        }
        count += 1;
    };
    assert!(matches!(error, StoreError::Full(_)) && count > 20, "{error} after {count}");
    for n in count..count + 5 {
        // A connection may have been replaced after the error, and the new one has no limit.
        store.limit_pages(300).await.unwrap();
        let error = hold(&store, &bytes, n).await.unwrap_err();
        assert!(matches!(error, StoreError::Full(_)), "{error}");
        assert_eq!(store.held_record(&format!("r{n}")).await.unwrap(), None);
        let filter = AuditFilter { on: format!("r{n}"), ..AuditFilter::default() };
        assert_eq!(store.audit(&filter, None).await.unwrap(), []);
    }
    let page = store.held(&Filter::default(), None, 1).await.unwrap();
    assert_eq!(page.items[0].held.record, format!("r{}", count - 1), "reading goes on");
    // Bytes that were written go at once, or with a sweep.
    store.limit_pages(3_000).await.unwrap();
    store.sweep_held(1_000 + 86_401, &HeldRetention::default(), &bytes).await.unwrap();
    assert_eq!(objects(&place) as u64, count);
    assert_eq!(hold(&store, &bytes, count).await.unwrap(), HoldOutcome::New);
    assert_eq!(store.check().await.unwrap().wrong, Vec::<String>::new());
}

/// The object store is full, the database is not.
#[tokio::test]
async fn a_full_object_store_holds_nothing_half() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}/x.db", folder.path().display())).await.unwrap();
    let place = folder.path().join("objects");
    let bytes = Bytes::open(place.to_str().unwrap(), &BTreeMap::new(), Key::from_bytes(&[1; 32])).unwrap();
    // A file where a folder would have to be: nothing can be written there.
    let sealed = bytes.seal(b"message 0").unwrap();
    std::fs::write(place.join(&sealed.address()[..2]), b"").unwrap();
    assert!(hold(&store, &bytes, 0).await.is_err());
    assert_eq!(store.held_record("r0").await.unwrap(), None);
    std::fs::remove_file(place.join(&sealed.address()[..2])).unwrap();
    assert_eq!(hold(&store, &bytes, 0).await.unwrap(), HoldOutcome::New);
    assert_eq!(bytes.get(sealed.address()).await.unwrap().unwrap(), b"message 0");
}

/// Whoever asks may stop waiting at any moment: what is held then is whole, and holding it again is right.
#[tokio::test]
async fn a_call_that_is_given_up_leaves_nothing_half() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}/x.db", folder.path().display())).await.unwrap();
    let place = folder.path().join("objects");
    let bytes = Bytes::open(place.to_str().unwrap(), &BTreeMap::new(), Key::from_bytes(&[1; 32])).unwrap();
    let (mut given_up, mut known) = (0, 0);
    for n in 0..60 {
        let patience = std::time::Duration::from_micros(n * 150);
        let outcome = tokio::time::timeout(patience, hold(&store, &bytes, n)).await;
        given_up += u64::from(outcome.is_err());
        match hold(&store, &bytes, n).await.unwrap() {
            HoldOutcome::New => assert!(outcome.is_err()),
            HoldOutcome::Known { record } => {
                assert_eq!(record, format!("r{n}"));
                known += u64::from(outcome.is_err());
            }
        }
        let item = store.held_record(&format!("r{n}")).await.unwrap().unwrap();
        let plain = bytes.get(&item.held.address).await.unwrap().unwrap();
        assert_eq!(plain, format!("message {n}").as_bytes());
    }
    assert!(given_up > 0);
    println!("{given_up} calls given up, {known} of them had held their message");
    assert_eq!(store.synchronous().await.unwrap(), (2, 1));
    assert_eq!(store.check().await.unwrap().wrong, Vec::<String>::new());
}

/// A process that is killed while it writes leaves a file that is no object.
#[tokio::test]
async fn what_was_half_written_goes_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}/x.db", folder.path().display())).await.unwrap();
    let place = folder.path().join("objects");
    let bytes = Bytes::open(place.to_str().unwrap(), &BTreeMap::new(), Key::from_bytes(&[1; 32])).unwrap();
    hold(&store, &bytes, 0).await.unwrap();
    let address = store.held_record("r0").await.unwrap().unwrap().held.address;
    let beside = place.join(&address[..2]);
    let time = |seconds| std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    for (name, at) in
        [(format!("{address}#1"), 1_000), (format!("{address}#2"), 90_000), ("mine#1".into(), 1_000)]
    {
        std::fs::File::create(beside.join(name)).unwrap().set_modified(time(at)).unwrap();
    }
    let swept = store.sweep_held(1_000 + 86_401, &HeldRetention::default(), &bytes).await.unwrap();
    assert_eq!((swept.torn, objects(&place)), (1, 3), "not what is younger, nor what is another's");
    assert!(bytes.get(&address).await.unwrap().is_some());
}
