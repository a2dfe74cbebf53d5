//! Whether what is stored fits together: counts and totals, rows without a message, the pages of the file.

use sqlx::Executor;

use crate::{StoreError, postgres::PostgresTx, sqlite::SqliteTx};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// What does not fit together, in words; empty when all is well.
    pub wrong: Vec<String>,
    /// Messages that are stored.
    pub messages: u64,
    /// Traits that are stored.
    pub traits: u64,
    /// All that is counted by them.
    pub counted: u64,
    /// Ticks that are stored.
    pub ticks: u64,
}

/// Each counts rows that must not be there, and says what they are.
const RULES: [(&str, &str); 10] = [
    ("traits that nothing is counted of", "SELECT CAST(count(*) AS bigint) FROM trait WHERE count <= 0"),
    (
        "totals that are not the sum of their traits",
        "SELECT CAST(count(*) AS bigint) FROM (
           SELECT subject, aspect, sum(count) AS n, count(*) AS d FROM trait GROUP BY subject, aspect) s
         FULL JOIN total t ON t.subject = s.subject AND t.aspect = s.aspect
         WHERE t.count IS NULL OR s.n IS NULL OR t.count <> s.n OR t.distinct_values <> s.d",
    ),
    (
        "text hashes without a learnt message",
        "SELECT CAST(count(*) AS bigint) FROM shingle s LEFT JOIN message m ON m.id = s.message AND m.learnt = 1
         WHERE m.id IS NULL",
    ),
    (
        "aliases without a learnt message",
        "SELECT CAST(count(*) AS bigint) FROM alias a LEFT JOIN message m ON m.id = a.message AND m.learnt = 1
         WHERE m.id IS NULL",
    ),
    (
        "traits whose times are the wrong way round",
        "SELECT CAST(count(*) AS bigint) FROM trait WHERE first_at > last_at",
    ),
    (
        "messages that are learnt though malicious, or not learnt though harmless",
        "SELECT CAST(count(*) AS bigint) FROM message WHERE (learnt = 1) = (opinion = 3)",
    ),
    (
        "recipients of no held message",
        "SELECT CAST(count(*) AS bigint) FROM held_for f LEFT JOIN held h ON h.id = f.held WHERE h.id IS NULL",
    ),
    (
        "held messages whose recipients are not those that were counted",
        "SELECT CAST(count(*) AS bigint) FROM held h
         WHERE h.recipients <> (SELECT count(*) FROM held_for f WHERE f.held = h.id)
         OR h.waiting <> (SELECT count(*) FROM held_for f WHERE f.held = h.id AND f.state < 2)",
    ),
    (
        "held messages whose bytes are not noted",
        "SELECT CAST(count(*) AS bigint) FROM held h
         WHERE NOT EXISTS (SELECT 1 FROM object o WHERE o.address = h.address AND o.class = 'quarantine')",
    ),
    (
        "requests that wait for a message that is not held, or for somebody who waits no more",
        "SELECT CAST(count(*) AS bigint) FROM request r WHERE NOT EXISTS (SELECT 1 FROM held h WHERE h.id = r.held)
         OR r.answer = 0 AND NOT EXISTS (SELECT 1 FROM held_for f
           WHERE f.held = r.held AND f.key = r.key AND f.state = 1)",
    ),
];

/// Numbers of the answer, in the order of its fields.
const NUMBERS: [&str; 4] = [
    "SELECT CAST(count(*) AS bigint) FROM message",
    "SELECT CAST(count(*) AS bigint) FROM trait",
    "SELECT CAST(coalesce(sum(count), 0) AS bigint) FROM trait",
    "SELECT CAST(count(*) AS bigint) FROM tick",
];

macro_rules! rows {
    ($connection:expr) => {{
        let mut out = Checked::default();
        for (text, sql) in RULES {
            let rows: i64 = sqlx::query_scalar(sql).fetch_one(&mut *$connection).await?;
            if rows != 0 {
                out.wrong.push(format!("{rows} {text}"));
            }
        }
        let mut numbers = [0_u64; 4];
        for (number, sql) in numbers.iter_mut().zip(NUMBERS) {
            let rows: i64 = sqlx::query_scalar(sql).fetch_one(&mut *$connection).await?;
            *number = u64::try_from(rows).unwrap_or_default();
        }
        [out.messages, out.traits, out.counted, out.ticks] = numbers;
        out
    }};
}

pub(crate) async fn sqlite(tx: &mut SqliteTx) -> Result<Checked, StoreError> {
    let mut out = rows!(tx.0);
    let pages: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut *tx.0).await?;
    out.wrong.extend(pages.into_iter().filter(|line| line != "ok"));
    Ok(out)
}

pub(crate) async fn postgres(tx: &mut PostgresTx) -> Result<Checked, StoreError> {
    // All numbers of one moment, while others write.
    tx.0.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
    Ok(rows!(tx.0))
}
