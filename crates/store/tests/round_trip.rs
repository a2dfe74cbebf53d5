//! What one verdict needs is one round trip on PostgreSQL, counted by a proxy between the store and the server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]
#![allow(unreachable_pub, missing_docs, dead_code, clippy::indexing_slicing, reason = "tests")]

mod server;

use std::sync::atomic::Ordering;

use sekisho_record::history::{Lesson, Questions, Tick, Trait, Window};
use sekisho_store::Store;

#[tokio::test]
async fn one_verdict_is_one_round_trip() {
    if server::without() {
        return;
    }
    let server = server::Server::start();
    let (port, turns, connections) = server::proxy::start(server.folder().join(".s.PGSQL.5432")).await;
    let store = Store::open(&format!("postgres://sekisho@127.0.0.1:{port}/postgres")).await.unwrap();
    let lessons: Vec<Lesson> = (0..200)
        .map(|n| Lesson {
            record: format!("r{n}"),
            message_id: format!("{n}@x"),
            subject_key: format!("subject {n}"),
            shingles: vec![n],
            traits: (0..20)
                .map(|a| Trait::new(format!("s:{}", n % 10), format!("a{a}"), n.to_string()))
                .collect(),
            ticks: vec![Tick { subject: "s:1".into(), kind: "k".into(), value: "v".into(), lasting: false }],
            ..Lesson::default()
        })
        .collect();
    store.learn(&lessons).await.unwrap();
    let questions = Questions {
        subjects: (0..10).map(|n| format!("s:{n}")).collect(),
        most: 10,
        exact: lessons.iter().flat_map(|l| l.traits.first().cloned()).collect(),
        windows: vec![Window { subject: "s:1".into(), kind: "k".into(), since: 0, until: 9 }; 20],
        message_ids: (0..20).map(|n| format!("{n}@x")).collect(),
        aliases: vec!["index:1".into()],
        subject_keys: vec!["subject 7".into()],
        shingles: (0..64).collect(),
        threads: 8,
        thread_values: 20,
    };
    let mut each = Vec::new();
    for _ in 0..40 {
        let before = turns.load(Ordering::SeqCst);
        let answers = store.recall(&questions).await.unwrap();
        assert_eq!((answers.threads.len(), answers.subjects[3].aspects.len()), (8, 20));
        each.push(turns.load(Ordering::SeqCst) - before);
    }
    // A connection's first question is prepared there, which is a turn more, and the pool opens another connection
    // when the last one is not given back yet: under load that happens late. Everything else is one.
    let more = each.iter().filter(|&&n| n != 1).count() as u64;
    let connections = connections.load(Ordering::SeqCst);
    assert!(more <= connections && connections < 10, "{each:?} over {connections} connections");
}
