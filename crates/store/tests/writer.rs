//! Lessons that are handed over are learnt: in order, all of them, also after the database was away.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]
#![allow(unreachable_pub, missing_docs, dead_code, clippy::indexing_slicing, reason = "tests")]

mod server;

use std::time::{Duration, Instant};

use sekisho_record::history::{Lesson, Questions, Trait};
use sekisho_store::{Lost, Store, StoreError, Writer, limits};

/// The `n`th message of one thread: it shows who came before whom.
fn lesson(n: usize) -> Lesson {
    Lesson {
        record: format!("r{n}"),
        at: i64::try_from(n).unwrap(),
        message_id: format!("{n}@x"),
        parents: n.checked_sub(1).map(|p| format!("{p}@x")).into_iter().collect(),
        traits: vec![Trait::new("s:all", "seen", "yes")],
        ..Lesson::default()
    }
}

async fn learnt(store: &Store) -> u64 {
    let exact = vec![Trait::new("s:all", "seen", "yes")];
    let message_ids = vec!["0@x".to_owned()];
    let asked = Questions { exact, message_ids, threads: 1, ..Questions::default() };
    let answers = store.recall(&asked).await.unwrap();
    let count = answers.exact[0].map_or(0, |seen| seen.count);
    let thread = answers.threads.first().map_or(0, |thread| sekisho_store::thread_messages(thread).count);
    assert_eq!(thread, count, "an answer was learnt before what it answers");
    count
}

async fn sqlite(folder: &tempfile::TempDir) -> Store {
    Store::open(&format!("sqlite:{}/x.db", folder.path().display())).await.unwrap()
}

#[tokio::test]
async fn what_is_accepted_is_learnt_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(&folder).await;
    let writer = Writer::start(store.clone());
    for n in 0..1_000 {
        writer.learn(lesson(n)).await.unwrap();
    }
    writer.flush().await.unwrap();
    assert_eq!(learnt(&store).await, 1_000);
    // A flush sees what it is told about, one lesson after the other.
    for n in 1_000..1_010 {
        writer.learn(lesson(n)).await.unwrap();
        writer.flush().await.unwrap();
        assert_eq!(learnt(&store).await, n as u64 + 1);
    }
    for n in 1_010..1_500 {
        writer.learn(lesson(n)).await.unwrap();
    }
    assert_eq!(writer.close().await, Lost::default());
    assert_eq!(learnt(&store).await, 1_500);
    assert!(matches!(writer.learn(lesson(9_999)).await, Err(StoreError::Gone(_))));
    assert!(matches!(writer.flush().await, Err(StoreError::Gone(_))));
    assert_eq!(writer.close().await, Lost::default(), "closing twice is closing once");
}

#[tokio::test]
async fn a_lesson_that_cannot_be_learnt_is_counted_and_keeps_nobody_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = sqlite(&folder).await;
    let writer = Writer::start(store.clone());
    for n in 0..50 {
        let record = if n % 10 == 7 { String::new() } else { format!("r{n}") };
        writer.learn(Lesson { record, parents: vec!["0@x".into()], ..lesson(n) }).await.unwrap();
    }
    writer.flush().await.unwrap();
    assert_eq!(learnt(&store).await, 45);
    let lost = writer.lost();
    assert_eq!(lost.lessons, 5);
    assert!(lost.why.contains("without a record"), "{}", lost.why);
}

#[tokio::test]
async fn while_the_database_is_away_lessons_wait_and_too_many_are_given_back() {
    if server::without() {
        return;
    }
    let mut server = server::Server::start();
    let store = Store::open(&server.url("postgres")).await.unwrap();
    let writer = Writer::start(store.clone());
    writer.learn(lesson(0)).await.unwrap();
    writer.flush().await.unwrap();
    server.down(false);
    let mut accepted = 1;
    let given_back = loop {
        let begin = Instant::now();
        match writer.learn(lesson(accepted)).await {
            Ok(()) => accepted += 1,
            Err(error) => break (error, begin.elapsed()),
        }
    };
    assert!(matches!(given_back.0, StoreError::Busy(_)), "{}", given_back.0);
    assert!(given_back.1 >= Duration::from_millis(limits::ACCEPT_MS_MAX));
    assert!((limits::WAITING_MAX..limits::WAITING_MAX + 2 * limits::GROUP_MAX).contains(&accepted));
    server.up();
    writer.flush().await.unwrap();
    assert_eq!(learnt(&store).await, accepted as u64);
    assert_eq!(writer.lost(), Lost::default());
    // Who closes while it is away does not wait for it, and hears how many were lost.
    server.down(false);
    for n in 0..10 {
        writer.learn(lesson(accepted + n)).await.unwrap();
    }
    let begin = Instant::now();
    assert_eq!(writer.close().await.lessons, 10);
    assert!(begin.elapsed() < Duration::from_secs(20));
    server.up();
    tokio::time::sleep(Duration::from_millis(limits::GONE_MS)).await;
    assert_eq!(learnt(&store).await, accepted as u64);
}
