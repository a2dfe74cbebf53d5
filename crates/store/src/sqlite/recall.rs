//! What one verdict needs, on SQLite: one statement, so of one moment without a transaction, every part a walk down an
//! index.
//!
//! * `CROSS JOIN` keeps SQLite to the written order: from the question to the row, never the other way.
//! * Lists go in and come out as JSON: every further statement would walk its own way down the same pages.
//! * `LIMIT ?1 + 0`, never `LIMIT ?1`: SQLite plans for the number in the second, and so prepares the whole statement
//!   anew each time that a number is bound.

use rusqlite::{Connection, params};
use sekisho_record::history::{Answers, Count, Questions, Seen};
use serde::de::DeserializeOwned;

use crate::{
    StoreError,
    lesson::HASHES_BYTES_MAX,
    limits,
    recall::{Asked, MatchRow, Rows, TotalRow, ValueRow, answers, seen, why},
    sqlite::Sqlite,
};

/// Totals of `$whose` as JSON.
macro_rules! totals {
    ($whose:literal) => {
        concat!(
            "(SELECT json_group_array(json_array(place, name, count, first_at, last_at, distinct_values)) FROM ",
            $whose,
            ")"
        )
    };
}

/// Frequent values of `$whose` as JSON: all values of an aspect that has few (`$look_at`); else those with the highest
/// ranks, and as many as are told (`$told`) in alphabetical order, since a value that was seen once has no rank.
macro_rules! values {
    ($whose:literal, $look_at:literal, $told:literal) => {
        concat!(
            "(SELECT json_group_array(json_array(place, name, value, count, first_at, last_at)) FROM (
           SELECT k.place, k.name, v.value, v.count, v.first_at, v.last_at FROM ",
            $whose,
            " k CROSS JOIN trait v
           WHERE k.distinct_values <= ",
            $look_at,
            " AND ",
            $told,
            " > 0
           AND v.subject = k.subject AND v.aspect = k.aspect
           UNION ALL
           SELECT k.place, k.name, v.value, v.count, v.first_at, v.last_at FROM ",
            $whose,
            " k CROSS JOIN trait v
           WHERE k.distinct_values > ",
            $look_at,
            " AND v.subject = k.subject AND v.aspect = k.aspect AND v.value IN (
             SELECT value FROM (SELECT value FROM trait INDEXED BY trait_by_rank
               WHERE subject = k.subject AND aspect = k.aspect AND rank > 1
               ORDER BY rank DESC, value LIMIT ",
            $look_at,
            " + 0)
             UNION
             SELECT value FROM (SELECT value FROM trait
               WHERE subject = k.subject AND aspect = k.aspect ORDER BY value LIMIT ",
            $told,
            " + 0))))"
        )
    };
}

/// Subjects `?1`, values `?2` and `?3`, aspects `?4`, exact traits `?5`, windows `?6`, messages by id `?8`, text hashes
/// `?10`, subject `?13`, threads `?16` and their values `?17` and `?18`, aliases `?19`. The ticks of a window are counted among its
/// newest only. Scores and the order of threads are those of src/recall.rs.
const EVERYTHING: &str = concat!(
    "WITH asked AS MATERIALIZED (
           SELECT q.key AS place, w.name, t.* FROM json_each(?1) q CROSS JOIN total t CROSS JOIN word w
           WHERE t.subject = q.value AND w.id = t.aspect
           AND t.aspect IN (SELECT aspect FROM total WHERE subject = q.value ORDER BY aspect LIMIT ?4 + 0)),
         found AS MATERIALIZED (
           SELECT 1 AS why, q.key AS place, 0 AS overlap, m.record, m.thread, m.at, m.sender, m.participants,
             '' AS hashes, 3000000 - q.key AS score
           FROM json_each(?8) q CROSS JOIN message m WHERE m.id IN (
             SELECT id FROM message WHERE message_id = q.value AND learnt = 1 ORDER BY id DESC LIMIT ?9 + 0)
           UNION ALL
           SELECT 2, 0, c.overlap, m.record, m.thread, m.at, m.sender, m.participants,
             hex(substr(m.lesson, 1, ?15)), 2000000 + c.overlap
           FROM (SELECT s.message, count(*) AS overlap FROM json_each(?10) q CROSS JOIN shingle s
             WHERE s.hash = q.value AND s.message IN (
               SELECT message FROM shingle WHERE hash = q.value ORDER BY message DESC LIMIT ?11 + 0)
             GROUP BY s.message ORDER BY overlap DESC, s.message DESC LIMIT ?12 + 0) c
           CROSS JOIN message m WHERE m.id = c.message AND m.learnt = 1
           UNION ALL
           SELECT 3, q.key, 0, m.record, m.thread, m.at, m.sender, m.participants, '', 1000000 - q.key
           FROM json_each(?13) q CROSS JOIN message m WHERE m.id IN (
             SELECT id FROM message WHERE subject_key = q.value AND learnt = 1
             ORDER BY at DESC, id DESC LIMIT ?14 + 0)
           UNION ALL
           SELECT 4, q.key, 0, m.record, m.thread, m.at, m.sender, m.participants, '', 2500000 - q.key
           FROM json_each(?19) q CROSS JOIN message m WHERE m.learnt = 1 AND m.id IN (
             SELECT message FROM alias WHERE key = q.value ORDER BY message DESC LIMIT ?20 + 0)),
         best AS MATERIALIZED (
           SELECT thread FROM found GROUP BY thread ORDER BY max(score) DESC, max(at) DESC, thread LIMIT ?16 + 0),
         joined AS MATERIALIZED (
           SELECT b.thread AS place, w.name, t.* FROM best b CROSS JOIN total t CROSS JOIN word w
           WHERE t.subject = b.thread AND w.id = t.aspect
           AND t.aspect IN (SELECT aspect FROM total WHERE subject = b.thread ORDER BY aspect LIMIT ?4 + 0))
         SELECT ",
    totals!("asked"),
    ", ",
    values!("asked", "?2", "?3"),
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
               AND at >= q.value ->> 2 AND at < q.value ->> 3 ORDER BY at DESC LIMIT ?7 + 0) GROUP BY value) w)))))
           FROM json_each(?6) q LEFT JOIN word a ON a.name = q.value ->> 4),
         (SELECT json_group_array(json_array(why, place, overlap, record, thread, at, sender, participants, hashes))
           FROM found), ",
    totals!("joined"),
    ", ",
    values!("joined", "?17", "?18"),
);

/// Place (of a thread: its key), aspect, count, first and last time, different values.
type TotalJson<T> = (T, String, i64, i64, i64, i64);
/// Place (of a thread: its key), aspect, value, count, first and last time.
type ValueJson<T> = (T, String, String, i64, i64, i64);
/// Why, place, overlap, record, thread, time, sender, participants, text hashes.
type MatchJson = (u8, usize, u32, String, i64, i64, String, String, String);

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
    /// Answers the questions, on this thread.
    pub(crate) async fn recall(&self, questions: &Questions) -> Result<Answers, StoreError> {
        let asked = Asked::new(questions, &self.salt);
        let reader = self.readers.take().await?;
        let rows = everything(reader.connection()?, &asked)?;
        reader.sound();
        Ok(answers(questions, &asked, rows))
    }
}

fn everything(connection: &Connection, asked: &Asked) -> Result<Rows, StoreError> {
    let mut statement = connection.prepare_cached(EVERYTHING)?;
    let of = params![
        to_json(&asked.subjects)?,
        asked.most.0,
        asked.most.1,
        count(limits::ASPECTS_MAX),
        to_json(&asked.exact)?,
        to_json(&asked.windows)?,
        count(limits::WINDOW_TICKS_MAX + 1),
        to_json(&asked.message_ids)?,
        count(limits::SAME_ID_MAX),
        to_json(&asked.shingles)?,
        count(limits::SAME_SHINGLE_MAX),
        count(limits::QUOTED_MAX),
        to_json(&asked.subject_keys)?,
        count(limits::SAME_SUBJECT_MAX),
        count(HASHES_BYTES_MAX),
        asked.threads,
        asked.thread_values.0,
        asked.thread_values.1,
        to_json(&asked.aliases)?,
        count(limits::SAME_ALIAS_MAX),
    ];
    let mut found = statement.query(of)?;
    let row = found.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let part = |at: usize| -> Result<&str, StoreError> {
        row.get_ref(at)?
            .as_str()
            .map_err(|error| StoreError::Corrupt(format!("an answer of SQLite: {error}")))
    };
    let exact: Vec<(usize, i64, i64, i64)> = from_json(part(2)?)?;
    let windows: Vec<(usize, [u64; 3])> = from_json(part(3)?)?;
    let window = |(place, [count, distinct, new]): (usize, [u64; 3])| {
        (place, Count { count, distinct, new, capped: false })
    };
    Ok(Rows {
        totals: total_rows(part(0)?)?,
        values: value_rows(part(1)?)?,
        exact: exact.into_iter().map(|(place, n, first, last)| (place, seen(n, first, last))).collect(),
        windows: windows.into_iter().map(window).collect(),
        matches: matched(part(4)?)?,
        thread_totals: total_rows(part(5)?)?,
        thread_values: value_rows(part(6)?)?,
    })
}

fn total_rows<T: DeserializeOwned>(text: &str) -> Result<Vec<(T, TotalRow)>, StoreError> {
    let row = |(place, aspect, n, first, last, distinct): TotalJson<T>| {
        (place, (aspect, seen(n, first, last), u64::try_from(distinct).unwrap_or_default()))
    };
    Ok(from_json(text)?.into_iter().map(row).collect())
}

fn value_rows<T: DeserializeOwned>(text: &str) -> Result<Vec<(T, ValueRow)>, StoreError> {
    let row = |(place, aspect, value, n, first, last): ValueJson<T>| -> (T, (String, String, Seen)) {
        (place, (aspect, value, seen(n, first, last)))
    };
    Ok(from_json(text)?.into_iter().map(row).collect())
}

fn matched(text: &str) -> Result<Vec<MatchRow>, StoreError> {
    let row =
        |(why, question, overlap, record, thread, at, sender, participants, hashes): MatchJson| MatchRow {
            why: self::why(i64::from(why)),
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
