//! Killed processes, killed servers, databases that go away, nodes that learn at once: nothing corrupt, nothing counted
//! twice, nothing lost that was acknowledged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]
#![allow(unreachable_pub, missing_docs, dead_code, clippy::indexing_slicing, reason = "tests")]

mod server;

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sekisho_record::history::{Lesson, Questions, Tick, Trait};
use sekisho_store::{Store, StoreError};

/// Lessons that one call learns.
const BATCH: u64 = 5;

/// The `n`th lesson of all learners: the same for whoever learns it, in one long thread.
fn lesson(n: u64) -> Lesson {
    Lesson {
        record: format!("r{n}"),
        at: i64::try_from(n).unwrap() * 60,
        sender: format!("{}@x.example", n % 7),
        participants: vec!["me@here.example".into()],
        message_id: format!("{n}@x.example"),
        parents: n.checked_sub(1).map(|p| format!("{p}@x.example")).into_iter().collect(),
        shingles: vec![n, n + 1],
        traits: vec![
            Trait::new("s:all", "seen", "yes"),
            Trait::new("s:all", "each", n.to_string()),
            Trait::new(format!("s:{}", n % 5), "seen", "yes"),
        ],
        ticks: vec![Tick {
            subject: "s:all".into(),
            kind: "sent".into(),
            value: n.to_string(),
            lasting: false,
        }],
        ..Lesson::default()
    }
}

/// What a learner process does; started by the other tests with `LEARNER_URL`. It learns batches from `LEARNER_FROM` to
/// `LEARNER_TO` and says which are acknowledged. A database that is gone is tried again.
#[tokio::test]
#[ignore = "a process that the other tests start and kill"]
async fn learner() {
    let Ok(url) = std::env::var("LEARNER_URL") else { return };
    let number = |name: &str| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let (from, to) = (number("LEARNER_FROM"), number("LEARNER_TO"));
    let store = loop {
        match Store::open(&url).await {
            Ok(store) => break store,
            Err(StoreError::Gone(_)) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(error) => panic!("{error}"),
        }
    };
    for batch in (from..to).step_by(usize::try_from(BATCH).unwrap()) {
        let lessons: Vec<Lesson> = (batch..(batch + BATCH).min(to)).map(lesson).collect();
        while let Err(error) = store.learn(&lessons).await {
            assert!(matches!(error, StoreError::Gone(_)), "{error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        println!("\nacknowledged {batch}");
    }
}

/// A learner and what it says.
struct Learner {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Learner {
    fn start(url: &str, from: u64, to: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["learner", "--exact", "--ignored", "--nocapture"])
            .env("LEARNER_URL", url)
            .env("LEARNER_FROM", from.to_string())
            .env("LEARNER_TO", to.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Waits for so many more acknowledgements and returns the first lesson that is not acknowledged.
    fn acknowledged(&mut self, batches: u64) -> u64 {
        let mut last = 0;
        for _ in 0..batches {
            last = loop {
                let line = self.lines.next().expect("the learner goes on").unwrap();
                if let Some(batch) = line.strip_prefix("acknowledged ") {
                    break batch.parse::<u64>().unwrap();
                }
            };
        }
        last + BATCH
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn finish(mut self) {
        for line in self.lines.by_ref() {
            line.unwrap();
        }
        assert!(self.child.wait().unwrap().success());
    }
}

/// Everything that was acknowledged is there, and everything that is there was counted once.
async fn intact(url: &str, acknowledged: u64) -> u64 {
    let store = Store::open(url).await.unwrap();
    let checked = store.check().await.unwrap();
    assert_eq!(checked.wrong, Vec::<String>::new());
    let exact = vec![Trait::new("s:all", "seen", "yes")];
    let message_ids = vec!["0@x.example".to_owned()];
    let questions = Questions { exact, message_ids, threads: 1, ..Questions::default() };
    let answers = store.recall(&questions).await.unwrap();
    let seen = answers.exact[0].unwrap().count;
    assert_eq!((seen, checked.ticks), (checked.messages, checked.messages), "each message counts once");
    assert_eq!(sekisho_store::thread_messages(&answers.threads[0]).count, seen, "one thread");
    assert!(seen >= acknowledged, "{acknowledged} acknowledged, {seen} there");
    let all: Vec<Lesson> = (0..acknowledged).map(lesson).collect();
    assert_eq!(store.learn(&all).await.unwrap().new, 0);
    store.close().await;
    seen
}

fn sqlite(folder: &Path) -> String {
    format!("sqlite:{}/history.db", folder.display())
}

#[tokio::test]
async fn a_killed_learner_loses_and_doubles_nothing_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    killed_learners(&sqlite(folder.path())).await;
}

#[tokio::test]
async fn a_killed_learner_loses_and_doubles_nothing_on_postgres() {
    if server::without() {
        return;
    }
    let server = server::Server::start();
    killed_learners(&server.url("postgres")).await;
}

async fn killed_learners(url: &str) {
    let mut before = 0;
    for round in 0..4 {
        // Each begins again at the start, and gets further than the one before.
        let mut learner = Learner::start(url, 0, 100_000);
        let acknowledged = learner.acknowledged(17 + round * 23);
        learner.kill();
        let now = intact(url, acknowledged).await;
        assert!(now > before, "round {round}: {before} → {now}");
        before = now;
    }
}

#[tokio::test]
async fn a_killed_server_loses_and_doubles_nothing() {
    if server::without() {
        return;
    }
    let mut server = server::Server::start();
    let url = server.url("postgres");
    let mut learner = Learner::start(&url, 0, 100_000);
    for _ in 0..3 {
        learner.acknowledged(20);
        server.down(true);
        server.up();
    }
    let acknowledged = learner.acknowledged(20);
    learner.kill();
    server.down(true);
    server.up();
    intact(&url, acknowledged).await;
}

#[tokio::test]
async fn a_database_that_went_away_works_again_by_itself() {
    if server::without() {
        return;
    }
    let mut server = server::Server::start();
    let store = Store::open(&server.url("postgres")).await.unwrap();
    let lessons: Vec<Lesson> = (0..50).map(lesson).collect();
    let questions = Questions { exact: vec![Trait::new("s:all", "seen", "yes")], ..Questions::default() };
    // Several connections, all of which will be broken.
    let all =
        async || tokio::join!(store.recall(&questions), store.recall(&questions), store.recall(&questions));
    for (round, part) in lessons.chunks(10).enumerate() {
        assert_eq!(store.learn(part).await.unwrap().new, 10);
        let _ = all().await;
        server.down(round % 2 == 0);
        let begin = Instant::now();
        assert!(matches!(store.recall(&questions).await, Err(StoreError::Gone(_))));
        assert!(matches!(store.learn(&lessons).await, Err(StoreError::Gone(_))));
        for _ in 0..20 {
            assert!(matches!(store.recall(&questions).await, Err(StoreError::Gone(_))));
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "not one wait a call: {:?}", begin.elapsed());
        server.up();
        let begin = Instant::now();
        let answers = loop {
            match store.recall(&questions).await {
                Ok(answers) => break answers,
                Err(error) => assert!(begin.elapsed() < Duration::from_secs(20), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(answers.exact[0].unwrap().count, (round as u64 + 1) * 10);
    }
    // A restart between two calls is not noticed at all.
    server.down(true);
    server.up();
    assert!(matches!(all().await, (Ok(_), Ok(_), Ok(_))));
    assert_eq!(store.check().await.unwrap().wrong, Vec::<String>::new());
}

#[tokio::test]
async fn nodes_learn_at_once_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    nodes(&sqlite(folder.path())).await;
}

#[tokio::test]
async fn nodes_learn_at_once_on_postgres() {
    if server::without() {
        return;
    }
    let server = server::Server::start();
    nodes(&server.url("postgres")).await;
}

/// Three processes open a database that is not there yet and learn overlapping parts; tasks of this process opine and
/// forget in between.
async fn nodes(url: &str) {
    let learners = [(0, 300), (100, 400), (0, 400)].map(|(from, to)| Learner::start(url, from, to));
    let store = Store::open(url).await.unwrap();
    let busy = tokio::spawn({
        let store = store.clone();
        async move {
            use sekisho_record::history::Opinion::*;
            for n in 0..200_u64 {
                let record = format!("r{}", n * 13 % 400);
                store.opine(&record, [Malicious, Spam][usize::from(n % 2 == 0)], "ann", 0).await.unwrap();
                store.opine(&record, FalsePositive, "ann", 1).await.unwrap();
            }
        }
    });
    let reading = tokio::spawn({
        let store = store.clone();
        async move {
            for _ in 0..200 {
                let subjects = vec!["s:all".to_owned(), "s:1".to_owned()];
                store.recall(&Questions { subjects, most: 9, ..Questions::default() }).await.unwrap();
            }
        }
    });
    busy.await.unwrap();
    reading.await.unwrap();
    tokio::task::spawn_blocking(|| learners.into_iter().for_each(Learner::finish)).await.unwrap();
    let checked = store.check().await.unwrap();
    assert_eq!(checked.wrong, Vec::<String>::new());
    let exact = vec![Trait::new("s:all", "seen", "yes"), Trait::new("s:3", "seen", "yes")];
    let subjects = vec!["s:all".to_owned()];
    let answers = store.recall(&Questions { exact, subjects, ..Questions::default() }).await.unwrap();
    assert_eq!((checked.messages, checked.ticks), (400, 400));
    assert_eq!(answers.exact.iter().map(|s| s.unwrap().count).collect::<Vec<_>>(), [400, 80]);
    assert_eq!(answers.subjects[0].aspect("each").unwrap().distinct, 400);
}

#[tokio::test]
async fn a_full_disk_under_the_server_says_so_and_goes_on_when_there_is_room() {
    if server::without() {
        return;
    }
    let server = server::Server::start();
    let Some(disk) = server::SmallDisk::mount(&server, 8) else { return };
    let admin = server.url("postgres");
    server::run(&admin, format!("CREATE TABLESPACE small LOCATION '{}'", disk.0.display())).await;
    server::create(&admin, "history").await;
    server::run(&admin, "ALTER DATABASE history SET default_tablespace = small".to_owned()).await;
    let store = Store::open(&server.url("history")).await.unwrap();
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![0; 4 << 20]).unwrap();
    let mut learnt = 0;
    let error = loop {
        let lessons: Vec<Lesson> = (learnt..learnt + 50).map(lesson).collect();
        match store.learn(&lessons).await {
            Ok(new) => learnt += new.new,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full(_)) && learnt > 0, "{error}");
    let checked = store.check().await.unwrap();
    assert_eq!((checked.messages, checked.wrong), (learnt, vec![]));
    std::fs::remove_file(&ballast).unwrap();
    let lessons: Vec<Lesson> = (0..learnt + 50).map(lesson).collect();
    assert_eq!(store.learn(&lessons).await.unwrap().new, 50);
    store.close().await;
    intact(&server.url("history"), learnt + 50).await;
}

#[tokio::test]
async fn a_newer_or_foreign_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite(folder.path());
    Store::open(&url).await.unwrap().close().await;
    sqlite_run(&url, "UPDATE meta SET value = '99' WHERE name = 'version'").await;
    let error = Store::open(&url).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, known: 4 }), "{error}");
    let other = format!("sqlite:{}/other.db?mode=rwc", folder.path().display());
    sqlite_run(&other, "CREATE TABLE theirs (x)").await;
    assert!(matches!(Store::open(&other).await, Err(StoreError::Corrupt(_))));
    let noise = folder.path().join("noise.db");
    std::fs::write(&noise, [7_u8; 9_000]).unwrap();
    let error = Store::open(&format!("sqlite:{}", noise.display())).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    for url in ["", "mysql://x", "sqlite::memory:", "/tmp/x"] {
        assert!(matches!(Store::open(url).await, Err(StoreError::Url(_))), "{url}");
    }
    let error = Store::open("postgres://u:secret@127.0.0.1:1/x").await.unwrap_err();
    assert!(matches!(error, StoreError::Gone(_)) && !error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_database_of_the_first_schema_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite(folder.path());
    let store = Store::open(&url).await.unwrap();
    store.learn(&[lesson(0)]).await.unwrap();
    store.close().await;
    sqlite_run(&url, "DROP TABLE alias; DROP TABLE held; DROP TABLE held_for; DROP TABLE request; DROP TABLE lockdown;
         DROP TABLE lockdown_record; DROP TABLE audit; DROP TABLE effect; UPDATE meta SET value = '1' WHERE name = 'version'").await;
    let store = Store::open(&url).await.unwrap();
    store.learn(&[Lesson { aliases: vec!["index:1".into()], ..lesson(1) }]).await.unwrap();
    let questions = Questions { aliases: vec!["index:1".into()], ..Questions::default() };
    assert_eq!(store.recall(&questions).await.unwrap().matches.len(), 1);
    let checked = store.check().await.unwrap();
    assert_eq!((checked.messages, checked.wrong), (2, vec![]));
    assert_eq!(store.forget(&["0".into(), "r0".into(), "r1".into()]).await.unwrap().unknown, 1);
    store.close().await;
}

async fn sqlite_run(url: &str, sql: &'static str) {
    use sqlx::{Connection as _, Executor as _};
    let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
    connection.execute(sql).await.unwrap();
    connection.close().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&sqlite(folder.path())).await.unwrap();
    store.learn(&[lesson(0)]).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?} {mode:o}", entry.path());
    }
}
