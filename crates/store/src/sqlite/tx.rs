//! The statements of a writing transaction on SQLite: many rows a statement, in a few fixed sizes that stay prepared.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_record::{
    history::Opinion,
    quarantine::{AuditEntry, Effect, State},
};
use sqlx::{
    AssertSqlSafe, Row as _, Sqlite, SqliteConnection, Transaction,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::{
    StoreError, lesson, limits,
    migrate::Schema,
    plan::{Delta, TickRow, TraitKey, rank},
    quarantine::{
        self, ForRow, HeldRow, search,
        shared::shared_gate,
        statements::{
            EffectColumns, FoundColumns, FoundForColumns, Gate, LockColumns, NewFor, NewHeld, RequestColumns,
            UntoldColumns, Wanted,
        },
    },
    shared::{counted, shared_schema, shared_sweeping, shared_work, times},
    store::PulseColumns,
    sweep::{Note, Sweeping, Table},
    work::{CountedRow, MessageRow, NamesakeColumns, Said, StoredColumns, StoredRow, Totals, Work},
};

/// A transaction that holds the write lock.
pub(crate) struct SqliteTx(pub(crate) Transaction<'static, Sqlite>);

type Bound = Query<'static, Sqlite, SqliteArguments>;

/// Rows of one statement. Every size is a prepared statement of its own; a rest is done in smaller ones.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// Runs `head VALUES (?, …), (?, …) tail` for all rows.
async fn many<T>(
    connection: &mut SqliteConnection,
    (head, width, tail): (&str, usize, &str),
    mut rows: &[T],
    bind: impl Fn(Bound, &T) -> Bound,
) -> Result<Vec<SqliteRow>, StoreError> {
    let mut out = Vec::new();
    let group = format!("({})", vec!["?"; width].join(","));
    for size in SIZES {
        if rows.len() < size {
            continue;
        }
        let sql = format!("{head} VALUES {} {tail}", vec![group.as_str(); size].join(","));
        while let Some((now, rest)) = rows.split_at_checked(size) {
            let mut query: Bound = sqlx::query(AssertSqlSafe(sql.clone()));
            for row in now {
                query = bind(query, row);
            }
            out.extend(query.fetch_all(&mut *connection).await?);
            rows = rest;
        }
    }
    Ok(out)
}

fn json<T: serde::Serialize + ?Sized>(list: &T) -> Result<String, StoreError> {
    serde_json::to_string(list).map_err(|e| StoreError::Refused(e.to_string()))
}

impl Work for SqliteTx {
    shared_work!("");

    async fn known(&mut self, records: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT m.record FROM json_each(?1) q CROSS JOIN message m WHERE m.record = q.value",
        )
        .bind(json(records)?)
        .fetch_all(&mut *self.0)
        .await?;
        Ok(found.into_iter().collect())
    }

    async fn words(&mut self, words: &[String]) -> Result<Vec<(String, i64)>, StoreError> {
        sqlx::query(
            "INSERT INTO word (name) SELECT value FROM json_each(?1)
             WHERE value NOT IN (SELECT name FROM word) LIMIT max(0, ?2 - (SELECT count(*) FROM word))",
        )
        .bind(json(words)?)
        .bind(i64::try_from(limits::WORDS_MAX).unwrap_or(i64::MAX))
        .execute(&mut *self.0)
        .await?;
        Ok(sqlx::query_as(
            "SELECT w.name, w.id FROM json_each(?1) q CROSS JOIN word w WHERE w.name = q.value",
        )
        .bind(json(words)?)
        .fetch_all(&mut *self.0)
        .await?)
    }

    async fn parents(&mut self, message_ids: &[i64]) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT m.message_id, m.thread, m.thread_at FROM json_each(?1) q CROSS JOIN message m
             WHERE m.message_id = q.value AND m.learnt = 1",
        )
        .bind(json(message_ids)?)
        .fetch_all(&mut *self.0)
        .await?)
    }

    async fn namesakes(&mut self, aliases: &[i64]) -> Result<Vec<NamesakeColumns>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT q.value, m.subject_key, m.thread, m.thread_at, m.sender, m.participants
             FROM json_each(?1) q CROSS JOIN message m WHERE m.learnt = 1 AND m.id IN (
               SELECT message FROM alias WHERE key = q.value ORDER BY message DESC LIMIT ?2 + 0)
             ORDER BY m.id",
        )
        .bind(json(aliases)?)
        .bind(i64::try_from(limits::SAME_ALIAS_MAX).unwrap_or(i64::MAX))
        .fetch_all(&mut *self.0)
        .await?)
    }

    async fn claim(&mut self, rows: &[MessageRow]) -> Result<Vec<(String, i64)>, StoreError> {
        let head = "INSERT INTO message (record, at, message_id, subject_key, thread, thread_at, learnt, opinion, sender, \
                    participants, lesson)";
        let tail = "ON CONFLICT (record) DO NOTHING RETURNING record, id";
        let found = many(&mut self.0, (head, 11, tail), rows, |query, row| {
            query
                .bind(row.record.clone())
                .bind(row.at)
                .bind(row.message_id)
                .bind(row.subject_key)
                .bind(row.thread)
                .bind(row.thread_at)
                .bind(i64::from(row.learnt))
                .bind(row.opinion.number())
                .bind(row.sender.clone())
                .bind(row.participants.clone())
                .bind(row.lesson.clone())
        })
        .await?;
        found.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    async fn remove(&mut self, ids: &[i64], records: &[String]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM message WHERE id IN (SELECT value FROM json_each(?1))")
            .bind(json(ids)?)
            .execute(&mut *self.0)
            .await?;
        sqlx::query("DELETE FROM opinion WHERE record IN (SELECT value FROM json_each(?1))")
            .bind(json(records)?)
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn count(&mut self, rows: &BTreeMap<TraitKey, Delta>) -> Result<Vec<CountedRow>, StoreError> {
        let rows: Vec<(&TraitKey, &Delta)> = rows.iter().collect();
        let head =
            "INSERT INTO trait AS t (subject, aspect, value, count, first_at, last_at, before_at, rank)";
        let tail = concat!(
            "ON CONFLICT (subject, aspect, value) DO UPDATE SET ",
            counted!("max"),
            times!("min", "max"),
            " RETURNING subject, aspect, value, count, rank"
        );
        let found = many(&mut self.0, (head, 8, tail), &rows, |query, (key, delta)| {
            query
                .bind(key.0)
                .bind(key.1)
                .bind(key.2.clone())
                .bind(delta.count)
                .bind(delta.first_at)
                .bind(delta.last_at)
                .bind(delta.before_at)
                .bind(rank(delta.count))
        })
        .await?;
        let counted = |row: &SqliteRow| {
            let key = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            Ok(CountedRow { key, count: row.try_get(3)?, rank: row.try_get(4)? })
        };
        found.iter().map(counted).collect()
    }

    async fn rank(&mut self, rows: &[(TraitKey, i64)]) -> Result<(), StoreError> {
        let tail = ") q WHERE subject = q.column1 AND aspect = q.column2 AND value = q.column3";
        let parts = ("UPDATE trait SET rank = q.column4 FROM (", 4, tail);
        many(&mut self.0, parts, rows, |query, ((subject, aspect, value), rank)| {
            query.bind(*subject).bind(*aspect).bind(value.clone()).bind(*rank)
        })
        .await?;
        Ok(())
    }

    async fn prune(&mut self, rows: &[TraitKey]) -> Result<(), StoreError> {
        for (subject, aspect, value) in rows {
            sqlx::query("DELETE FROM trait WHERE subject = ?1 AND aspect = ?2 AND value = ?3 AND count <= 0")
                .bind(subject)
                .bind(aspect)
                .bind(value)
                .execute(&mut *self.0)
                .await?;
        }
        Ok(())
    }

    async fn total(&mut self, rows: &Totals) -> Result<(), StoreError> {
        let list: Vec<_> = rows.iter().collect();
        let head =
            "INSERT INTO total AS t (subject, aspect, count, distinct_values, first_at, last_at, before_at)";
        let tail = concat!(
            "ON CONFLICT (subject, aspect) DO UPDATE SET count = t.count + excluded.count,
             distinct_values = t.distinct_values + excluded.distinct_values, ",
            times!("min", "max")
        );
        many(&mut self.0, (head, 7, tail), &list, |query, (key, total)| {
            query
                .bind(key.0)
                .bind(key.1)
                .bind(total.delta.count)
                .bind(total.distinct)
                .bind(total.delta.first_at)
                .bind(total.delta.last_at)
                .bind(total.delta.before_at)
        })
        .await?;
        for ((subject, aspect), _) in list.iter().filter(|(_, total)| total.delta.count <= 0) {
            sqlx::query("DELETE FROM total WHERE subject = ?1 AND aspect = ?2 AND count <= 0")
                .bind(subject)
                .bind(aspect)
                .execute(&mut *self.0)
                .await?;
        }
        Ok(())
    }

    async fn tick(&mut self, rows: &BTreeSet<TickRow>) -> Result<(), StoreError> {
        let rows: Vec<&TickRow> = rows.iter().collect();
        let head = "INSERT INTO tick (subject, kind, at, message, value)";
        many(&mut self.0, (head, 5, "ON CONFLICT DO NOTHING"), &rows, |query, row| {
            query.bind(row.subject).bind(row.kind).bind(row.at).bind(row.message).bind(row.value.clone())
        })
        .await?;
        Ok(())
    }

    async fn untick(&mut self, rows: &BTreeSet<TickRow>) -> Result<(), StoreError> {
        for row in rows {
            let sql = "DELETE FROM tick WHERE subject = ?1 AND kind = ?2 AND at = ?3 AND message = ?4 AND value = ?5";
            sqlx::query(sql)
                .bind(row.subject)
                .bind(row.kind)
                .bind(row.at)
                .bind(row.message)
                .bind(&row.value)
                .execute(&mut *self.0)
                .await?;
        }
        Ok(())
    }

    async fn shingle(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        let rows: Vec<(i64, i64)> = rows.iter().copied().collect();
        let parts = ("INSERT INTO shingle (hash, message)", 2, "ON CONFLICT DO NOTHING");
        many(&mut self.0, parts, &rows, |query, row| query.bind(row.0).bind(row.1)).await?;
        Ok(())
    }

    async fn unshingle(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        for (hash, message) in rows {
            sqlx::query("DELETE FROM shingle WHERE hash = ?1 AND message = ?2")
                .bind(hash)
                .bind(message)
                .execute(&mut *self.0)
                .await?;
        }
        Ok(())
    }

    async fn alias(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        let rows: Vec<(i64, i64)> = rows.iter().copied().collect();
        let parts = ("INSERT INTO alias (key, message)", 2, "ON CONFLICT DO NOTHING");
        many(&mut self.0, parts, &rows, |query, row| query.bind(row.0).bind(row.1)).await?;
        Ok(())
    }

    async fn unalias(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        for (key, message) in rows {
            sqlx::query("DELETE FROM alias WHERE key = ?1 AND message = ?2")
                .bind(key)
                .bind(message)
                .execute(&mut *self.0)
                .await?;
        }
        Ok(())
    }
}

impl Schema for SqliteTx {
    shared_schema!();

    async fn exclusive(&mut self) -> Result<(), StoreError> {
        // BEGIN IMMEDIATE holds the one write lock of the file.
        Ok(())
    }

    async fn initialised(&mut self) -> Result<bool, StoreError> {
        let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .fetch_all(&mut *self.0)
            .await?;
        let ours = tables.iter().any(|t| t == "meta");
        if !ours && !tables.is_empty() {
            return Err(StoreError::Corrupt("the file is the database of another program".to_owned()));
        }
        Ok(ours)
    }
}

impl Sweeping for SqliteTx {
    shared_sweeping!();

    async fn hold_all(&mut self, _: &[&str]) -> Result<(), StoreError> {
        // BEGIN IMMEDIATE holds the one write lock of the file.
        Ok(())
    }

    async fn note_objects(&mut self, notes: &[Note<'_>]) -> Result<(), StoreError> {
        let head = "INSERT INTO object (address, class, at, size)";
        let tail =
            "ON CONFLICT (address, class) DO UPDATE SET at = excluded.at WHERE excluded.at > object.at";
        many(&mut self.0, (head, 4, tail), notes, |query, note| {
            query.bind(note.address.to_owned()).bind(note.class.to_owned()).bind(note.at).bind(note.size)
        })
        .await?;
        Ok(())
    }
}

impl Gate for SqliteTx {
    shared_gate!("", "", "instr", "json_each(", ") AS w");

    async fn pass(&mut self) -> Result<(), StoreError> {
        // BEGIN IMMEDIATE holds the one write lock of the file.
        Ok(())
    }

    async fn shut(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn add_recipients(&mut self, held: i64, at: i64, rows: &[NewFor]) -> Result<(), StoreError> {
        let head = "INSERT INTO held_for (held, place, at, address, key, groups, state, by_whom, since)";
        many(&mut self.0, (head, 9, ""), rows, |query, row| {
            let query = query.bind(held).bind(row.place).bind(at).bind(row.address.clone());
            query.bind(row.key.clone()).bind(row.groups.clone()).bind(0_i64).bind("").bind(at)
        })
        .await?;
        Ok(())
    }

    async fn add_effects(&mut self, rows: &[(&Effect, String)]) -> Result<Vec<String>, StoreError> {
        let head = "INSERT INTO effect (key, kind, record, payload, at, tries, next_at, state, node, error)";
        let parts = (head, 10, "ON CONFLICT (key) DO NOTHING RETURNING key");
        let found = many(&mut self.0, parts, rows, |query, (effect, payload)| {
            let query = query.bind(effect.key.clone()).bind(effect.kind.clone()).bind(effect.record.clone());
            let query = query.bind(payload.clone()).bind(effect.next_at).bind(0_i64).bind(effect.next_at);
            query.bind(0_i64).bind("").bind("")
        })
        .await?;
        found.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}
