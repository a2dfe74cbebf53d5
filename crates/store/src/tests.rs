//! A full disk, and the object store against whoever holds its files.

use std::{collections::BTreeMap, path::Path};

use sekisho_record::history::{Lesson, Questions, Trait};

use crate::{Bytes, Key, Store, StoreError};

fn lesson(n: u64) -> Lesson {
    Lesson {
        record: format!("r{n}"),
        traits: (0..20)
            .map(|a| Trait::new("s", format!("a{a}"), format!("{n} {}", "x".repeat(200))))
            .collect(),
        shingles: vec![n],
        ..Lesson::default()
    }
}

/// Learns until the disk is full, one batch of three after the other; returns what was learnt.
async fn fill(store: &Store, from: u64) -> u64 {
    for n in (from..100_000).step_by(3) {
        let batch: Vec<Lesson> = (n..n + 3).map(lesson).collect();
        match store.learn(&batch).await {
            Ok(learnt) => assert_eq!(learnt.new, 3),
            Err(StoreError::Full(_)) => return n,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the disk never was full")
}

/// After an error: whole, still readable, nothing of the failed batch.
async fn whole(store: &Store, learnt: u64) {
    let checked = store.check().await.unwrap();
    assert_eq!((checked.wrong, checked.messages), (vec![], learnt));
    let questions = Questions { subjects: vec!["s".into()], most: 1, ..Questions::default() };
    let answers = store.recall(&questions).await.unwrap();
    assert_eq!(answers.subjects[0].aspect("a7").unwrap().total.count, learnt);
}

#[tokio::test]
async fn a_full_database_says_so_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}/x.db", folder.path().display())).await.unwrap();
    store.limit_pages(300).await.unwrap();
    let learnt = fill(&store, 0).await;
    assert!(learnt > 30, "{learnt}");
    for _ in 0..5 {
        // A connection may have been replaced after the error, and the new one has no limit.
        store.limit_pages(300).await.unwrap();
        let batch: Vec<Lesson> = (learnt..learnt + 3).map(lesson).collect();
        assert!(matches!(store.learn(&batch).await, Err(StoreError::Full(_))));
    }
    whole(&store, learnt).await;
    // Room comes from forgetting, or from a larger disk.
    let some: Vec<String> = (0..learnt / 2).map(|n| format!("r{n}")).collect();
    assert_eq!(store.forget(&some).await.unwrap().forgotten, learnt / 2);
    store.learn(&[lesson(900_000)]).await.unwrap();
    store.limit_pages(3_000).await.unwrap();
    let more: Vec<Lesson> = (0..learnt + 3).map(lesson).collect();
    assert_eq!(store.learn(&more).await.unwrap().new, learnt / 2 + 3);
    whole(&store, learnt + 4).await;
}

/// A real file system without room, where the machine lets us make one (root outside of a container).
#[tokio::test]
async fn a_full_disk_says_so_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let run = |program: &str, arguments: &[&str]| {
        std::process::Command::new(program).args(arguments).output().is_ok_and(|o| o.status.success())
    };
    if !run("mount", &["-t", "tmpfs", "-o", "size=6m", "none", path]) {
        eprintln!("no small disk can be mounted here");
        return;
    }
    let _mounted = Mounted(path);
    let url = format!("sqlite:{path}/x.db");
    let ballast = folder.path().join("ballast");
    std::fs::write(&ballast, vec![0; 3 << 20]).unwrap();
    let store = Store::open(&url).await.unwrap();
    let learnt = fill(&store, 0).await;
    let bytes = Bytes::open(path, &BTreeMap::new(), Key::from_bytes(&[1; 32])).unwrap();
    let noise: Vec<u8> = (0..400_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    assert!(matches!(bytes.put(&noise).await, Err(StoreError::Full(_))));
    let learnt = fill(&store, learnt).await;
    whole(&store, learnt).await;
    std::fs::remove_file(&ballast).unwrap();
    store.learn(&(learnt..learnt + 30).map(lesson).collect::<Vec<_>>()).await.unwrap();
    let address = bytes.put(&noise).await.unwrap();
    assert_eq!(bytes.get(&address).await.unwrap().unwrap(), noise);
    store.close().await;
    // As after a restart.
    let store = Store::open(&url).await.unwrap();
    whole(&store, learnt + 30).await;
    store.close().await;
}

/// Unmounts when the test ends, however it does.
struct Mounted<'a>(&'a str);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").args(["--lazy", self.0]).status();
    }
}

fn open(folder: &Path, secret: u8) -> Bytes {
    Bytes::open(folder.to_str().unwrap(), &BTreeMap::new(), Key::from_bytes(&[secret; 32])).unwrap()
}

/// The one file below the folder.
fn only_file(folder: &Path) -> std::path::PathBuf {
    let mut path = folder.to_owned();
    while path.is_dir() {
        path = std::fs::read_dir(&path).unwrap().next().unwrap().unwrap().path();
    }
    path
}

#[tokio::test]
async fn bytes_come_back_and_nobody_reads_them_without_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = open(folder.path(), 1);
    let plain = b"Subject: secret\r\n\r\nsecret secret secret secret secret secret".repeat(9);
    let address = bytes.put(&plain).await.unwrap();
    assert_eq!(bytes.put(&plain).await.unwrap(), address, "by content");
    assert_eq!(bytes.get(&address).await.unwrap().unwrap(), plain);
    let path = only_file(folder.path());
    let sealed = std::fs::read(&path).unwrap();
    assert!(sealed.len() < plain.len() / 2, "compressed");
    assert!(!sealed.windows(6).any(|w| w == b"secret"), "encrypted");
    // Another key has other addresses, and cannot read.
    let other = open(folder.path(), 2);
    assert_ne!(other.address(&plain), address);
    assert!(matches!(other.get(&address).await, Err(StoreError::Corrupt(_))));
    // Every byte is authenticated.
    for at in [0, 5, 17, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        assert!(matches!(bytes.get(&address).await, Err(StoreError::Corrupt(_))), "byte {at}");
    }
    std::fs::write(&path, &sealed[..10]).unwrap();
    assert!(matches!(bytes.get(&address).await, Err(StoreError::Corrupt(_))));
    bytes.delete(&address).await.unwrap();
    bytes.delete(&address).await.unwrap();
    assert_eq!(bytes.get(&address).await.unwrap(), None);
    for wrong in ["", "../../etc/passwd", &"g".repeat(64)] {
        assert!(matches!(bytes.get(wrong).await, Err(StoreError::Limit(_))), "{wrong}");
    }
    let empty = bytes.put(b"").await.unwrap();
    assert_eq!(bytes.get(&empty).await.unwrap().unwrap(), b"");
}

#[cfg(unix)]
#[test]
fn a_key_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    assert!(matches!(Key::read(&path), Err(StoreError::Key(_))), "missing");
    Key::create(&path).unwrap();
    Key::read(&path).unwrap();
    assert!(matches!(Key::create(&path), Err(StoreError::Key(_))), "never replaced");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = Key::read(&path).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, [0; 33]).unwrap();
    assert!(Key::read(&path).unwrap_err().to_string().contains("33 bytes"));
}

#[cfg(feature = "s3")]
#[test]
fn object_stores_by_url() {
    let none = BTreeMap::new();
    let key = || Key::from_bytes(&[0; 32]);
    let options = BTreeMap::from([("aws_region".to_owned(), "eu-north-1".to_owned())]);
    Bytes::open("s3://bucket/mail/objects", &options, key()).unwrap();
    let unknown = BTreeMap::from([("colour".to_owned(), "red".to_owned())]);
    assert!(matches!(Bytes::open("s3://bucket", &unknown, key()), Err(StoreError::Url(_))));
    assert!(matches!(Bytes::open("gs://bucket", &none, key()), Err(StoreError::Url(_))));
    assert!(matches!(Bytes::open("file://host/x", &none, key()), Err(StoreError::Url(_))));
}
