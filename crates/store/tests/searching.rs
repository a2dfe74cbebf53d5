//! Searching a large quarantine: each page looks at a bounded number of messages, whatever is searched for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]
#![allow(unreachable_pub, missing_docs, dead_code, clippy::indexing_slicing, reason = "tests")]

mod server;

use std::time::{Duration, Instant};

use sekisho_record::{Class, quarantine::State};
use sekisho_store::{Filter, Store, limits};
use sqlx::Executor as _;

/// Messages that are held: two pages of looking, and a half.
const MANY: usize = limits::HELD_LOOKED_AT * 5 / 2;
/// How long one page may take here, on a machine that others use, too.
const PAGE: Duration = Duration::from_secs(5);

/// Rows as `hold` writes them, made by the database itself from the numbers of `series`.
fn rows(series: &str) -> [String; 2] {
    let data = r#"{"record":"r' || n || '","key":"k","subject":"Re: invoice","summary":"why"}"#;
    let text = "re: 見積書の送付について ' || n || ' and some more words as a subject has them";
    [
        format!(
            "INSERT INTO held (record, key, at, class, direction, campaign, claimed, senders, rules, address, recipients,
               waiting, text, data)
             SELECT 'r' || n, 'k' || n, n, n % 3, 'inbound', '', '', '', '', 'a', 1, 1, '{text}', '{data}' FROM {series}"
        ),
        format!(
            "INSERT INTO held_for (held, place, at, address, key, groups, state, by_whom, since)
             SELECT id, 0, at, 'u' || (id % 100) || '@x', 'u' || (id % 100) || '@x', '', 0, '', 0 FROM held {}",
            if series.contains("RECURSIVE") { "WHERE true" } else { "" }
        ),
    ]
}

/// All that is found, how many pages it took, and the longest of them.
async fn all(store: &Store, filter: &Filter) -> (usize, usize, Duration) {
    let (mut found, mut pages, mut longest, mut after) = (0, 0, Duration::ZERO, None);
    loop {
        let begun = Instant::now();
        let page = store.held(filter, after, 50).await.unwrap();
        longest = longest.max(begun.elapsed());
        (found, pages) = (found + page.items.len(), pages + 1);
        let Some(next) = page.next else { return (found, pages, longest) };
        after = Some(next);
    }
}

async fn check(store: &Store, what: &str) {
    let one = Filter { words: format!("積書 ついて {} ", MANY / 2), ..Filter::default() };
    let nothing = Filter { words: "nowhere".into(), ..Filter::default() };
    let own = Filter { recipient: Some("u7@x".into()), ..Filter::default() };
    let state = Filter { state: Some(State::Released), class: Some(Class::Malicious), ..Filter::default() };
    let times = Filter { since: Some(100), until: Some(150), ..Filter::default() };
    for (name, filter, found, pages) in [
        ("one", one, 1, 3),
        ("nothing", nothing, 0, 3),
        ("own", own, MANY / 100, MANY / 100 / 50),
        ("state", state, 0, 3),
        ("times", times, 50, 1),
    ] {
        let (there, took, longest) = all(store, &filter).await;
        println!("{what}, {name}: {there} of {MANY} in {took} pages, the longest {longest:?}");
        assert_eq!((there, took), (found, pages), "{name}");
        assert!(longest < PAGE, "{name}: {longest:?}");
    }
}

#[tokio::test]
async fn a_large_quarantine_is_searched_in_bounded_steps_on_sqlite() {
    use sqlx::Connection as _;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/history.db", folder.path().display());
    let store = Store::open(&url).await.unwrap();
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let series = format!(
        "(WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < {}) SELECT n FROM c)",
        MANY - 1
    );
    for sql in rows(&series) {
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    check(&store, "SQLite").await;
}

#[tokio::test]
async fn a_large_quarantine_is_searched_in_bounded_steps_on_postgres() {
    if server::without() {
        return;
    }
    let server = server::Server::start();
    let url = server.url("postgres");
    let store = Store::open(&url).await.unwrap();
    for sql in rows(&format!("generate_series(0, {}) n", MANY - 1)) {
        server::run(&url, format!("SET search_path TO sekisho; {sql}")).await;
    }
    check(&store, "PostgreSQL").await;
}
