//! What one verdict needs is one round trip on PostgreSQL, counted by a proxy between the store and the server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]
#![allow(unreachable_pub, missing_docs, dead_code, clippy::indexing_slicing, reason = "tests")]

mod server;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use sekisho_record::history::{Lesson, Questions, Tick, Trait, Window};
use sekisho_store::Store;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
};

/// What the pool says to a connection that is given back, to see whether it still works (`Sync`). Nobody waits for it.
const GIVEN_BACK: &[u8] = b"S\0\0\0\x04";

/// Passes everything on, and counts how often the client asks something after the server spoke, and the connections.
async fn proxy(socket: PathBuf) -> (u16, Arc<AtomicU64>, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let turns = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&turns);
    let connections = Arc::new(AtomicU64::new(0));
    let opened = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            opened.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(pass(client, UnixStream::connect(&socket).await.unwrap(), Arc::clone(&counted)));
        }
    });
    (port, turns, connections)
}

async fn pass(mut client: TcpStream, mut server: UnixStream, turns: Arc<AtomicU64>) {
    let (mut asked, mut told) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut client_spoke = false;
    loop {
        tokio::select! {
            Ok(n) = client.read(&mut asked) => {
                if n == 0 { return; }
                if !client_spoke && &asked[..n] != GIVEN_BACK { turns.fetch_add(1, Ordering::SeqCst); }
                client_spoke = true;
                server.write_all(&asked[..n]).await.unwrap();
            }
            Ok(n) = server.read(&mut told) => {
                if n == 0 { return; }
                client_spoke = false;
                client.write_all(&told[..n]).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn one_verdict_is_one_round_trip() {
    if server::without() {
        return;
    }
    let server = server::Server::start();
    let (port, turns, connections) = proxy(server.folder().join(".s.PGSQL.5432")).await;
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
