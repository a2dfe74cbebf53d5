//! The statements by which history is written and walked through on SQLite, each on the caller's thread: a row a
//! statement, since running a prepared one again costs less than a longer one that is bound anew.
//!
//! Whoever holds the write lock may look before it writes: a trait that is new, as most are, is inserted and needs no
//! answer; only one that is there already is counted up.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};
use sekisho_record::history::Opinion;

use crate::{
    StoreError, limits,
    migrate::Meta,
    plan::{Delta, TickRow, TraitKey, rank},
    shared::{counted, times},
    sqlite::here::Lent,
    sweep::{Sweeping, Table},
    work::{CountedRow, MessageRow, NamesakeColumns, Said, StoredColumns, StoredRow, Totals, Work},
};

/// A transaction of history.
pub(crate) struct HistoryTx(pub(crate) Lent);

impl HistoryTx {
    /// All rows of a statement.
    fn rows<T>(
        &self,
        sql: &str,
        of: impl Params,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.0.connection()?.prepare_cached(sql)?;
        let rows = statement.query_map(of, row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The first row of a statement.
    fn row<T>(
        &self,
        sql: &str,
        of: impl Params,
        row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.0.connection()?.prepare_cached(sql)?.query_row(of, row).optional()?)
    }

    /// Changes rows; returns how many.
    fn change(&self, sql: &str, of: impl Params) -> Result<u64, StoreError> {
        Ok(self.0.connection()?.prepare_cached(sql)?.execute(of)? as u64)
    }

    /// Runs a statement for each of these.
    fn each<T>(
        &self,
        sql: &str,
        all: impl IntoIterator<Item = T>,
        mut run: impl FnMut(&mut rusqlite::CachedStatement<'_>, T) -> rusqlite::Result<usize>,
    ) -> Result<(), StoreError> {
        let mut all = all.into_iter().peekable();
        if all.peek().is_some() {
            let mut statement = self.0.connection()?.prepare_cached(sql)?;
            for one in all {
                run(&mut statement, one)?;
            }
        }
        Ok(())
    }
}

fn json<T: serde::Serialize + ?Sized>(list: &T) -> Result<String, StoreError> {
    serde_json::to_string(list).map_err(|e| StoreError::Refused(e.to_string()))
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

impl Work for HistoryTx {
    async fn known(&mut self, records: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let sql = "SELECT m.record FROM json_each(?1) q CROSS JOIN message m WHERE m.record = q.value";
        Ok(self.rows(sql, [json(records)?], |row| row.get(0))?.into_iter().collect())
    }

    async fn words(&mut self, words: &[String]) -> Result<Vec<(String, i64)>, StoreError> {
        let sql = "INSERT INTO word (name) SELECT value FROM json_each(?1)
             WHERE value NOT IN (SELECT name FROM word) LIMIT max(0, ?2 - (SELECT count(*) FROM word))";
        let words = json(words)?;
        self.change(sql, params![words, limit(limits::WORDS_MAX)])?;
        let sql = "SELECT w.name, w.id FROM json_each(?1) q CROSS JOIN word w WHERE w.name = q.value";
        self.rows(sql, [words], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    async fn parents(&mut self, message_ids: &[i64]) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        let sql = "SELECT m.message_id, m.thread, m.thread_at FROM json_each(?1) q CROSS JOIN message m
             WHERE m.message_id = q.value AND m.learnt = 1";
        self.rows(sql, [json(message_ids)?], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    async fn copies(&mut self, message_id: i64, sender: &str) -> Result<Vec<(String, i64)>, StoreError> {
        let sql = "SELECT record, opinion FROM message WHERE message_id = ?1 AND sender = ?2
             ORDER BY id DESC LIMIT ?3";
        let of = params![message_id, sender, limit(limits::COPIES_MAX)];
        self.rows(sql, of, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    async fn namesakes(&mut self, aliases: &[i64]) -> Result<Vec<NamesakeColumns>, StoreError> {
        let sql = "SELECT q.value, m.subject_key, m.thread, m.thread_at, m.sender, m.participants
             FROM json_each(?1) q CROSS JOIN message m WHERE m.learnt = 1 AND m.id IN (
               SELECT message FROM alias WHERE key = q.value ORDER BY message DESC LIMIT ?2 + 0)
             ORDER BY m.id";
        self.rows(sql, params![json(aliases)?, limit(limits::SAME_ALIAS_MAX)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })
    }

    async fn claim(&mut self, rows: &[MessageRow]) -> Result<Vec<(String, i64)>, StoreError> {
        let sql = "INSERT INTO message (record, at, message_id, subject_key, thread, thread_at, learnt, opinion, sender,
               participants, lesson) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (record) DO NOTHING";
        let connection = self.0.connection()?;
        let mut new = Vec::with_capacity(rows.len());
        self.each(sql, rows, |insert, row| {
            let (learnt, opinion) = (i64::from(row.learnt), row.opinion.number());
            let of = params![
                row.record,
                row.at,
                row.message_id,
                row.subject_key,
                row.thread,
                row.thread_at,
                learnt,
                opinion,
                row.sender,
                row.participants,
                row.lesson
            ];
            let done = insert.execute(of)?;
            if done > 0 {
                new.push((row.record.clone(), connection.last_insert_rowid()));
            }
            Ok(done)
        })?;
        Ok(new)
    }

    async fn lock(&mut self, record: &str) -> Result<Option<StoredRow>, StoreError> {
        // The transaction holds the one write lock of the file.
        let sql = "SELECT id, thread, learnt, opinion, at, sender, participants, lesson FROM message WHERE record = ?1";
        let row: Option<StoredColumns> = self.row(sql, [record], |row| {
            let (id, thread, learnt, opinion) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok((id, thread, learnt, opinion, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?))
        })?;
        row.map(StoredRow::of).transpose()
    }

    async fn mark(&mut self, id: i64, learnt: bool, opinion: Opinion) -> Result<(), StoreError> {
        let sql = "UPDATE message SET learnt = ?1, opinion = ?2 WHERE id = ?3";
        self.change(sql, params![i64::from(learnt), opinion.number(), id])?;
        Ok(())
    }

    async fn remove(&mut self, ids: &[i64], records: &[String]) -> Result<(), StoreError> {
        self.change("DELETE FROM message WHERE id IN (SELECT value FROM json_each(?1))", [json(ids)?])?;
        let sql = "DELETE FROM opinion WHERE record IN (SELECT value FROM json_each(?1))";
        self.change(sql, [json(records)?])?;
        Ok(())
    }

    async fn say(&mut self, said: Said<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO opinion (record, at, opinion, by_whom) VALUES (?1, ?2, ?3, ?4)";
        self.change(sql, params![said.record, said.at, said.opinion.number(), said.by])?;
        Ok(())
    }

    async fn count(&mut self, rows: &BTreeMap<TraitKey, Delta>) -> Result<Vec<CountedRow>, StoreError> {
        let connection = self.0.connection()?;
        let mut insert = connection.prepare_cached(NEW_TRAIT)?;
        rows.iter().map(|(key, delta)| counted(connection, &mut insert, key, delta)).collect()
    }

    async fn rank(&mut self, rows: &[(TraitKey, i64)]) -> Result<(), StoreError> {
        let sql = "UPDATE trait SET rank = ?4 WHERE subject = ?1 AND aspect = ?2 AND value = ?3";
        self.each(sql, rows, |update, ((subject, aspect, value), rank)| {
            update.execute(params![subject, aspect, value, rank])
        })
    }

    async fn prune(&mut self, rows: &[TraitKey]) -> Result<(), StoreError> {
        let sql = "DELETE FROM trait WHERE subject = ?1 AND aspect = ?2 AND value = ?3 AND count <= 0";
        self.each(sql, rows, |delete, (subject, aspect, value)| {
            delete.execute(params![subject, aspect, value])
        })
    }

    async fn total(&mut self, rows: &Totals) -> Result<(), StoreError> {
        let sql = concat!(
            "INSERT INTO total AS t (subject, aspect, count, distinct_values, first_at, last_at, before_at)
             VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (subject, aspect) DO UPDATE SET count = t.count + excluded.count,
             distinct_values = t.distinct_values + excluded.distinct_values, ",
            times!("min", "max")
        );
        self.each(sql, rows, |add, ((subject, aspect), total)| {
            let Delta { count, first_at, last_at, before_at } = total.delta;
            add.execute(params![subject, aspect, count, total.distinct, first_at, last_at, before_at])
        })?;
        let sql = "DELETE FROM total WHERE subject = ?1 AND aspect = ?2 AND count <= 0";
        let empty = rows.iter().filter(|(_, total)| total.delta.count <= 0);
        self.each(sql, empty, |delete, ((subject, aspect), _)| delete.execute(params![subject, aspect]))
    }

    async fn tick(&mut self, rows: &BTreeSet<TickRow>) -> Result<(), StoreError> {
        let sql = "INSERT INTO tick (subject, kind, at, message, value) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING";
        self.each(sql, rows, |insert, row| {
            insert.execute(params![row.subject, row.kind, row.at, row.message, row.value])
        })
    }

    async fn untick(&mut self, rows: &BTreeSet<TickRow>) -> Result<(), StoreError> {
        let sql =
            "DELETE FROM tick WHERE subject = ?1 AND kind = ?2 AND at = ?3 AND message = ?4 AND value = ?5";
        self.each(sql, rows, |delete, row| {
            delete.execute(params![row.subject, row.kind, row.at, row.message, row.value])
        })
    }

    async fn shingle(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        let sql = "INSERT INTO shingle (hash, message) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.each(sql, rows, |insert, (hash, message)| insert.execute([hash, message]))
    }

    async fn unshingle(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        let sql = "DELETE FROM shingle WHERE hash = ?1 AND message = ?2";
        self.each(sql, rows, |delete, (hash, message)| delete.execute([hash, message]))
    }

    async fn alias(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        let sql = "INSERT INTO alias (key, message) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.each(sql, rows, |insert, (key, message)| insert.execute([key, message]))
    }

    async fn unalias(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        let sql = "DELETE FROM alias WHERE key = ?1 AND message = ?2";
        self.each(sql, rows, |delete, (key, message)| delete.execute([key, message]))
    }
}

const NEW_TRAIT: &str =
    "INSERT INTO trait (subject, aspect, value, count, first_at, last_at, before_at, rank)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

const TRAIT_AGAIN: &str = concat!(
    "INSERT INTO trait AS t (subject, aspect, value, count, first_at, last_at, before_at, rank)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (subject, aspect, value) DO UPDATE SET ",
    counted!("max"),
    times!("min", "max"),
    " RETURNING count, rank"
);

/// One row of `trait`, new or counted up.
fn counted(
    connection: &Connection,
    insert: &mut rusqlite::CachedStatement<'_>,
    key: &TraitKey,
    delta: &Delta,
) -> Result<CountedRow, StoreError> {
    let Delta { count, first_at, last_at, before_at } = *delta;
    let (subject, aspect, value) = key;
    let of = params![subject, aspect, value, count, first_at, last_at, before_at, rank(count)];
    let (count, rank) = match insert.execute(of)? {
        0 => {
            let mut again = connection.prepare_cached(TRAIT_AGAIN)?;
            again.query_row(of, |row| Ok((row.get(0)?, row.get(1)?)))?
        }
        _ => (count, rank(count)),
    };
    Ok(CountedRow { key: key.clone(), count, rank })
}

impl Meta for HistoryTx {
    async fn meta(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
    }

    async fn set_meta(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.change(sql, [name, value])?;
        Ok(())
    }
}

impl Sweeping for HistoryTx {
    async fn boundary(&mut self, table: Table, from: i64) -> Result<Option<i64>, StoreError> {
        let sql = match table {
            Table::Tick => "SELECT subject FROM tick WHERE subject >= ?1 ORDER BY subject LIMIT 1 OFFSET ?2",
            Table::Trait => {
                "SELECT subject FROM trait WHERE subject >= ?1 ORDER BY subject LIMIT 1 OFFSET ?2"
            }
        };
        self.row(sql, [from, limit(limits::SWEEP_ROWS)], |row| row.get(0))
    }

    async fn drop_ticks(&mut self, from: i64, to: i64, cutoff: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM tick WHERE subject >= ?1 AND subject <= ?2 AND at < ?3";
        self.change(sql, [from, to, cutoff])
    }

    async fn drop_traits(
        &mut self,
        from: i64,
        to: i64,
        cutoff: i64,
    ) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        let sql = "DELETE FROM trait WHERE subject >= ?1 AND subject <= ?2 AND last_at < ?3
             RETURNING subject, aspect, count";
        self.rows(sql, [from, to, cutoff], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    async fn old_messages(&mut self, cutoff: i64) -> Result<Vec<(i64, String, Vec<u8>)>, StoreError> {
        let sql = "SELECT id, record, lesson FROM message WHERE at < ?1 ORDER BY at LIMIT ?2";
        let of = [cutoff, limit(limits::SWEEP_ROWS)];
        self.rows(sql, of, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }
}
