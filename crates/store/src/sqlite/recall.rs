//! What one verdict needs, on SQLite: a few statements in one reading transaction, each a walk down an index.
//!
//! `CROSS JOIN` keeps SQLite to the written order: from the question to the row, never the other way.

use sekisho_record::history::{Answers, Count, Questions, Why};
use sqlx::SqliteConnection;

use crate::{
    StoreError, limits,
    recall::{Asked, MatchRow, Rows, TotalRow, ValueRow, answers, best_threads, seen},
    sqlite::Sqlite,
};

/// A list as the JSON text that `json_each` walks through.
fn json<T: serde::Serialize + ?Sized>(list: &T) -> Result<String, StoreError> {
    serde_json::to_string(list).map_err(|e| StoreError::Refused(e.to_string()))
}

fn count(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

fn place(number: i64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Sqlite {
    /// Answers the questions.
    pub(crate) async fn recall(&self, questions: &Questions) -> Result<Answers, StoreError> {
        let asked = Asked::new(questions, &self.salt);
        let mut tx = self.readers.begin().await?;
        let mut rows = Rows {
            totals: totals(&mut tx, &asked.subjects).await?,
            values: values(&mut tx, &asked.subjects, asked.most).await?,
            exact: exact(&mut tx, &asked).await?,
            windows: windows(&mut tx, &asked).await?,
            matches: matches(&mut tx, &asked).await?,
            ..Rows::default()
        };
        let threads = best_threads(&rows.matches, asked.threads);
        let key = |place: usize| threads.get(place).copied().unwrap_or_default();
        rows.thread_totals =
            totals(&mut tx, &threads).await?.into_iter().map(|(p, row)| (key(p), row)).collect();
        rows.thread_values = values(&mut tx, &threads, asked.thread_values)
            .await?
            .into_iter()
            .map(|(p, row)| (key(p), row))
            .collect();
        tx.commit().await?;
        Ok(answers(questions, &asked, rows))
    }
}

async fn totals(
    connection: &mut SqliteConnection,
    subjects: &[i64],
) -> Result<Vec<(usize, TotalRow)>, StoreError> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(i64, String, i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT q.key, t.aspect, t.count, t.first_at, t.last_at, t.distinct_values
         FROM json_each(?1) q CROSS JOIN total t
         WHERE t.subject = q.value
         AND t.aspect IN (SELECT aspect FROM total WHERE subject = q.value ORDER BY aspect LIMIT ?2)",
    )
    .bind(json(subjects)?)
    .bind(count(limits::ASPECTS_MAX))
    .fetch_all(connection)
    .await?;
    let row = |(q, aspect, n, first, last, distinct): (i64, String, i64, i64, i64, i64)| {
        (place(q), (aspect, seen(n, first, last), u64::try_from(distinct).unwrap_or_default()))
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The values with the highest ranks, and the first ones in alphabetical order for those that have none.
async fn values(
    connection: &mut SqliteConnection,
    subjects: &[i64],
    most: i64,
) -> Result<Vec<(usize, ValueRow)>, StoreError> {
    if subjects.is_empty() || most == 0 {
        return Ok(Vec::new());
    }
    let rows: Vec<(i64, String, String, i64, i64, i64)> = sqlx::query_as(
        "SELECT q.key, v.aspect, v.value, v.count, v.first_at, v.last_at
         FROM json_each(?1) q CROSS JOIN total t CROSS JOIN trait v
         WHERE t.subject = q.value
         AND t.aspect IN (SELECT aspect FROM total WHERE subject = q.value ORDER BY aspect LIMIT ?3)
         AND v.subject = t.subject AND v.aspect = t.aspect AND v.value IN (
           SELECT value FROM (SELECT value FROM trait INDEXED BY trait_by_rank
             WHERE subject = t.subject AND aspect = t.aspect AND rank > 1 ORDER BY rank DESC, value LIMIT ?2)
           UNION
           SELECT value FROM (SELECT value FROM trait
             WHERE subject = t.subject AND aspect = t.aspect ORDER BY value LIMIT ?2))",
    )
    .bind(json(subjects)?)
    .bind(most)
    .bind(count(limits::ASPECTS_MAX))
    .fetch_all(connection)
    .await?;
    let row = |(q, aspect, value, n, first, last)| (place(q), (aspect, value, seen(n, first, last)));
    Ok(rows.into_iter().map(row).collect())
}

async fn exact(
    connection: &mut SqliteConnection,
    asked: &Asked,
) -> Result<Vec<(usize, sekisho_record::history::Seen)>, StoreError> {
    if asked.exact.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT q.key, t.count, t.first_at, t.last_at FROM json_each(?1) q CROSS JOIN trait t
         WHERE t.subject = q.value ->> 0 AND t.aspect = q.value ->> 1 AND t.value = q.value ->> 2",
    )
    .bind(json(&asked.exact)?)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(q, n, first, last)| (place(q), seen(n, first, last))).collect())
}

/// The inner `count(*)` of a window is taken of its newest ticks only.
async fn windows(
    connection: &mut SqliteConnection,
    asked: &Asked,
) -> Result<Vec<(usize, Count)>, StoreError> {
    if asked.windows.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT q.key, (
           SELECT json_array(sum(n), count(*), coalesce(sum(new), 0)) FROM (
             SELECT w.n, NOT EXISTS (SELECT 1 FROM trait t WHERE t.subject = q.value ->> 0
               AND t.aspect = q.value ->> 1 AND t.value = w.value AND t.first_at < q.value ->> 2) AS new
             FROM (SELECT value, count(*) AS n FROM (
               SELECT value FROM tick WHERE subject = q.value ->> 0 AND kind = q.value ->> 1
               AND at >= q.value ->> 2 AND at < q.value ->> 3 ORDER BY at DESC LIMIT ?2) GROUP BY value) w))
         FROM json_each(?1) q",
    )
    .bind(json(&asked.windows)?)
    .bind(count(limits::WINDOW_TICKS_MAX + 1))
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(q, text)| {
            let [count, distinct, new]: [Option<u64>; 3] = serde_json::from_str(&text)
                .map_err(|e| StoreError::Corrupt(format!("window {text}: {e}")))?;
            let [count, distinct, new] = [count, distinct, new].map(Option::unwrap_or_default);
            Ok((place(q), Count { count, distinct, new, capped: false }))
        })
        .collect()
}

type Found = (i64, i64, String, i64, i64, String, String);

async fn matches(connection: &mut SqliteConnection, asked: &Asked) -> Result<Vec<MatchRow>, StoreError> {
    let mut out = Vec::new();
    if !asked.message_ids.is_empty() {
        let found: Vec<Found> = sqlx::query_as(
            "SELECT q.key, 0, m.record, m.thread, m.at, m.sender, m.participants
             FROM json_each(?1) q CROSS JOIN message m WHERE m.id IN (
               SELECT id FROM message WHERE message_id = q.value AND learnt = 1 ORDER BY id DESC LIMIT ?2)",
        )
        .bind(json(&asked.message_ids)?)
        .bind(count(limits::SAME_ID_MAX))
        .fetch_all(&mut *connection)
        .await?;
        out.extend(found.into_iter().map(|row| matched(Why::Reference, row)));
    }
    if !asked.shingles.is_empty() {
        let found: Vec<Found> = sqlx::query_as(
            "WITH common AS (
               SELECT s.message, count(*) AS overlap FROM json_each(?1) q CROSS JOIN shingle s
               WHERE s.hash = q.value AND s.message IN (
                 SELECT message FROM shingle WHERE hash = q.value ORDER BY message DESC LIMIT ?2)
               GROUP BY s.message ORDER BY overlap DESC, s.message DESC LIMIT ?3)
             SELECT 0, c.overlap, m.record, m.thread, m.at, m.sender, m.participants
             FROM common c CROSS JOIN message m WHERE m.id = c.message AND m.learnt = 1",
        )
        .bind(json(&asked.shingles)?)
        .bind(count(limits::SAME_SHINGLE_MAX))
        .bind(count(limits::QUOTED_MAX))
        .fetch_all(&mut *connection)
        .await?;
        out.extend(found.into_iter().map(|row| matched(Why::Quote, row)));
    }
    if !asked.subject_keys.is_empty() {
        let found: Vec<Found> = sqlx::query_as(
            "SELECT q.key, 0, m.record, m.thread, m.at, m.sender, m.participants
             FROM json_each(?1) q CROSS JOIN message m WHERE m.id IN (
               SELECT id FROM message WHERE subject_key = q.value AND learnt = 1 ORDER BY at DESC, id DESC LIMIT ?2)",
        )
        .bind(json(&asked.subject_keys)?)
        .bind(count(limits::SAME_SUBJECT_MAX))
        .fetch_all(&mut *connection)
        .await?;
        out.extend(found.into_iter().map(|row| matched(Why::Subject, row)));
    }
    Ok(out)
}

fn matched(why: Why, (question, overlap, record, thread, at, sender, participants): Found) -> MatchRow {
    let overlap = u32::try_from(overlap).unwrap_or(u32::MAX);
    MatchRow { why, question: place(question), overlap, record, thread, at, sender, participants }
}
