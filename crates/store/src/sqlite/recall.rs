//! What one verdict needs, on SQLite: two statements in one reading transaction, every part a walk down an index.
//!
//! `CROSS JOIN` keeps SQLite to the written order: from the question to the row, never the other way. Lists go in and
//! come out as JSON: a row that crosses from the thread of the connection to ours costs more than finding it.

use sekisho_record::history::{Answers, Count, Questions, Seen, Why};
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

use crate::{
    StoreError,
    lesson::HASHES_BYTES_MAX,
    limits,
    recall::{Asked, MatchRow, Rows, TotalRow, ValueRow, answers, best_threads, seen},
    sqlite::Sqlite,
};

/// Totals and frequent values of the subjects `?1`: all values of an aspect that has few (`?2`); else those with the
/// highest ranks, and as many as are told (`?3`) in alphabetical order, since a value that was seen once has no rank.
macro_rules! known {
    () => {
        "WITH asked AS MATERIALIZED (
           SELECT q.key AS place, w.name, t.* FROM json_each(?1) q CROSS JOIN total t CROSS JOIN word w
           WHERE t.subject = q.value AND w.id = t.aspect
           AND t.aspect IN (SELECT aspect FROM total WHERE subject = q.value ORDER BY aspect LIMIT ?4))
         SELECT
         (SELECT json_group_array(json_array(place, name, count, first_at, last_at, distinct_values)) FROM asked),
         (SELECT json_group_array(json_array(place, name, value, count, first_at, last_at)) FROM (
           SELECT k.place, k.name, v.value, v.count, v.first_at, v.last_at FROM asked k CROSS JOIN trait v
           WHERE k.distinct_values <= ?2 AND ?3 > 0 AND v.subject = k.subject AND v.aspect = k.aspect
           UNION ALL
           SELECT k.place, k.name, v.value, v.count, v.first_at, v.last_at FROM asked k CROSS JOIN trait v
           WHERE k.distinct_values > ?2 AND v.subject = k.subject AND v.aspect = k.aspect AND v.value IN (
             SELECT value FROM (SELECT value FROM trait INDEXED BY trait_by_rank
               WHERE subject = k.subject AND aspect = k.aspect AND rank > 1 ORDER BY rank DESC, value LIMIT ?2)
             UNION
             SELECT value FROM (SELECT value FROM trait
               WHERE subject = k.subject AND aspect = k.aspect ORDER BY value LIMIT ?3))))"
    };
}

/// The same, and exact traits (`?5`), windows (`?6`), messages by id (`?8`), text hashes (`?10`), subject (`?13`). The
/// ticks of a window are counted among its newest only.
const EVERYTHING: &str = concat!(
    known!(),
    ",
         (SELECT json_group_array(json_array(q.key, t.count, t.first_at, t.last_at))
           FROM json_each(?5) q CROSS JOIN word a CROSS JOIN trait t
           WHERE a.name = q.value ->> 1 AND t.subject = q.value ->> 0 AND t.aspect = a.id AND t.value = q.value ->> 2),
         (SELECT json_group_array(json_array(q.key, json((
           SELECT json_array(coalesce(sum(n), 0), count(*), coalesce(sum(new), 0)) FROM (
             SELECT w.n, NOT EXISTS (SELECT 1 FROM trait t WHERE t.subject = q.value ->> 0
               AND t.aspect = a.id AND t.value = w.value AND t.first_at < q.value ->> 2) AS new
             FROM (SELECT value, count(*) AS n FROM (
               SELECT value FROM tick WHERE subject = q.value ->> 0 AND kind = q.value ->> 1
               AND at >= q.value ->> 2 AND at < q.value ->> 3 ORDER BY at DESC LIMIT ?7) GROUP BY value) w)))))
           FROM json_each(?6) q LEFT JOIN word a ON a.name = q.value ->> 4),
         (SELECT json_group_array(json_array(q.key, 0, m.record, m.thread, m.at, m.sender, m.participants, ''))
           FROM json_each(?8) q CROSS JOIN message m WHERE m.id IN (
             SELECT id FROM message WHERE message_id = q.value AND learnt = 1 ORDER BY id DESC LIMIT ?9)),
         (SELECT json_group_array(json_array(0, c.overlap, m.record, m.thread, m.at, m.sender, m.participants,
           hex(substr(m.lesson, 1, ?15))))
           FROM (SELECT s.message, count(*) AS overlap FROM json_each(?10) q CROSS JOIN shingle s
             WHERE s.hash = q.value AND s.message IN (
               SELECT message FROM shingle WHERE hash = q.value ORDER BY message DESC LIMIT ?11)
             GROUP BY s.message ORDER BY overlap DESC, s.message DESC LIMIT ?12) c
           CROSS JOIN message m WHERE m.id = c.message AND m.learnt = 1),
         (SELECT json_group_array(json_array(q.key, 0, m.record, m.thread, m.at, m.sender, m.participants, ''))
           FROM json_each(?13) q CROSS JOIN message m WHERE m.id IN (
             SELECT id FROM message WHERE subject_key = q.value AND learnt = 1 ORDER BY at DESC, id DESC LIMIT ?14))"
);

/// Place, aspect, count, first and last time, different values.
type TotalJson = (usize, String, i64, i64, i64, i64);
/// Place, aspect, value, count, first and last time.
type ValueJson = (usize, String, String, i64, i64, i64);
/// Place, overlap, record, thread, time, sender, participants, text hashes.
type MatchJson = (usize, u32, String, i64, i64, String, String, String);

fn to_json<T: serde::Serialize + ?Sized>(list: &T) -> Result<String, StoreError> {
    serde_json::to_string(list).map_err(|e| StoreError::Refused(e.to_string()))
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(format!("an answer of SQLite: {e}")))
}

fn count(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

impl Sqlite {
    /// Answers the questions.
    pub(crate) async fn recall(&self, questions: &Questions) -> Result<Answers, StoreError> {
        let asked = Asked::new(questions, &self.salt);
        let mut tx = self.readers.begin().await?;
        let mut rows = everything(&mut tx, &asked).await?;
        let threads = best_threads(&rows.matches, asked.threads);
        if !threads.is_empty() {
            let (totals, values) = known(&mut tx, &threads, asked.thread_values).await?;
            let key = |place: usize| threads.get(place).copied().unwrap_or_default();
            rows.thread_totals = totals.into_iter().map(|(place, row)| (key(place), row)).collect();
            rows.thread_values = values.into_iter().map(|(place, row)| (key(place), row)).collect();
        }
        tx.commit().await?;
        Ok(answers(questions, &asked, rows))
    }
}

async fn everything(connection: &mut SqliteConnection, asked: &Asked) -> Result<Rows, StoreError> {
    type Parts = (String, String, String, String, String, String, String);
    let (totals, values, exact, windows, ids, shingles, keys): Parts = sqlx::query_as(EVERYTHING)
        .bind(to_json(&asked.subjects)?)
        .bind(asked.most.0)
        .bind(asked.most.1)
        .bind(count(limits::ASPECTS_MAX))
        .bind(to_json(&asked.exact)?)
        .bind(to_json(&asked.windows)?)
        .bind(count(limits::WINDOW_TICKS_MAX + 1))
        .bind(to_json(&asked.message_ids)?)
        .bind(count(limits::SAME_ID_MAX))
        .bind(to_json(&asked.shingles)?)
        .bind(count(limits::SAME_SHINGLE_MAX))
        .bind(count(limits::QUOTED_MAX))
        .bind(to_json(&asked.subject_keys)?)
        .bind(count(limits::SAME_SUBJECT_MAX))
        .bind(count(HASHES_BYTES_MAX))
        .fetch_one(connection)
        .await?;
    let mut matches = matched(Why::Reference, &ids)?;
    matches.extend(matched(Why::Quote, &shingles)?);
    matches.extend(matched(Why::Subject, &keys)?);
    let exact: Vec<(usize, i64, i64, i64)> = from_json(&exact)?;
    let windows: Vec<(usize, [u64; 3])> = from_json(&windows)?;
    let window = |(place, [count, distinct, new]): (usize, [u64; 3])| {
        (place, Count { count, distinct, new, capped: false })
    };
    Ok(Rows {
        totals: total_rows(&totals)?,
        values: value_rows(&values)?,
        exact: exact.into_iter().map(|(place, n, first, last)| (place, seen(n, first, last))).collect(),
        windows: windows.into_iter().map(window).collect(),
        matches,
        ..Rows::default()
    })
}

type KnownRows = (Vec<(usize, TotalRow)>, Vec<(usize, ValueRow)>);

async fn known(
    connection: &mut SqliteConnection,
    subjects: &[i64],
    (look_at, told): (i64, i64),
) -> Result<KnownRows, StoreError> {
    let (totals, values): (String, String) = sqlx::query_as(known!())
        .bind(to_json(subjects)?)
        .bind(look_at)
        .bind(told)
        .bind(count(limits::ASPECTS_MAX))
        .fetch_one(connection)
        .await?;
    Ok((total_rows(&totals)?, value_rows(&values)?))
}

fn total_rows(text: &str) -> Result<Vec<(usize, TotalRow)>, StoreError> {
    let row = |(place, aspect, n, first, last, distinct): TotalJson| {
        (place, (aspect, seen(n, first, last), u64::try_from(distinct).unwrap_or_default()))
    };
    Ok(from_json(text)?.into_iter().map(row).collect())
}

fn value_rows(text: &str) -> Result<Vec<(usize, ValueRow)>, StoreError> {
    let row = |(place, aspect, value, n, first, last): ValueJson| -> (usize, (String, String, Seen)) {
        (place, (aspect, value, seen(n, first, last)))
    };
    Ok(from_json(text)?.into_iter().map(row).collect())
}

fn matched(why: Why, text: &str) -> Result<Vec<MatchRow>, StoreError> {
    let row = |(question, overlap, record, thread, at, sender, participants, hashes): MatchJson| MatchRow {
        why,
        question,
        overlap,
        record,
        thread,
        at,
        sender,
        participants,
        hashes,
    };
    Ok(from_json(text)?.into_iter().map(row).collect())
}
