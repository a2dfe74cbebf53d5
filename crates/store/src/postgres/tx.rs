//! The statements of a writing transaction on PostgreSQL: arrays in, one statement a table.

use std::collections::{BTreeMap, BTreeSet};

use sekisho_record::{
    history::Opinion,
    quarantine::{AuditEntry, Effect, State},
};
use sqlx::{Postgres, Transaction};

use crate::{
    StoreError, limits,
    migrate::{Meta, Schema},
    plan::{Delta, TickRow, TraitKey, rank},
    quarantine::{
        self, ForRow, HeldRow, search,
        shared::shared_gate,
        statements::{
            EffectColumns, FoundColumns, FoundForColumns, Gate, LockColumns, NewFor, NewHeld, RequestColumns,
            UntoldColumns, Wanted,
        },
    },
    shared::{counted, shared_meta, shared_objects, times},
    store::PulseColumns,
    sweep::{Note, Objects, Sweeping, Table},
    work::{CountedRow, MessageRow, NamesakeColumns, Said, StoredColumns, StoredRow, Totals, Work},
};

/// A transaction.
pub(crate) struct PostgresTx(pub(crate) Transaction<'static, Postgres>);

/// Key of the advisory lock that a migrating node holds: the bytes of `sekisho1`.
const MIGRATING: i64 = i64::from_be_bytes(*b"sekisho1");

/// Key of the advisory lock between releases and lockdowns: the bytes of `sekishoL`.
const PASSING: i64 = i64::from_be_bytes(*b"sekishoL");

/// One column of rows.
fn column<'a, T, V>(rows: &'a [T], value: impl Fn(&'a T) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}

impl Work for PostgresTx {
    async fn lock(&mut self, record: &str) -> Result<Option<StoredRow>, StoreError> {
        let row: Option<StoredColumns> = sqlx::query_as(
            "SELECT id, thread, learnt, opinion, at, sender, participants, lesson FROM message WHERE record = $1 FOR UPDATE",
        )
        .bind(record)
        .fetch_optional(&mut *self.0)
        .await?;
        row.map(StoredRow::of).transpose()
    }

    async fn copies(&mut self, message_id: i64, sender: &str) -> Result<Vec<(String, i64)>, StoreError> {
        let sql = "SELECT record, opinion FROM message WHERE message_id = $1 AND sender = $2
             ORDER BY id DESC LIMIT $3";
        let most = i64::try_from(limits::COPIES_MAX).unwrap_or(i64::MAX);
        Ok(sqlx::query_as(sql).bind(message_id).bind(sender).bind(most).fetch_all(&mut *self.0).await?)
    }

    async fn mark(&mut self, id: i64, learnt: bool, opinion: Opinion) -> Result<(), StoreError> {
        sqlx::query("UPDATE message SET learnt = $1, opinion = $2 WHERE id = $3")
            .bind(i64::from(learnt))
            .bind(opinion.number())
            .bind(id)
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn say(&mut self, said: Said<'_>) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO opinion (record, at, opinion, by_whom) VALUES ($1, $2, $3, $4)")
            .bind(said.record)
            .bind(said.at)
            .bind(said.opinion.number())
            .bind(said.by)
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn known(&mut self, records: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let found: Vec<String> = sqlx::query_scalar("SELECT record FROM message WHERE record = ANY($1)")
            .bind(records)
            .fetch_all(&mut *self.0)
            .await?;
        Ok(found.into_iter().collect())
    }

    async fn words(&mut self, words: &[String]) -> Result<Vec<(String, i64)>, StoreError> {
        sqlx::query(
            "INSERT INTO word (name) SELECT name FROM unnest($1::text[]) n (name)
             WHERE NOT EXISTS (SELECT 1 FROM word w WHERE w.name = n.name)
             LIMIT greatest(0, $2::bigint - (SELECT count(*) FROM word)) ON CONFLICT DO NOTHING",
        )
        .bind(words)
        .bind(i64::try_from(limits::WORDS_MAX).unwrap_or(i64::MAX))
        .execute(&mut *self.0)
        .await?;
        Ok(sqlx::query_as("SELECT name, id::bigint FROM word WHERE name = ANY($1)")
            .bind(words)
            .fetch_all(&mut *self.0)
            .await?)
    }

    async fn parents(&mut self, message_ids: &[i64]) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT message_id, thread, thread_at FROM message WHERE message_id = ANY($1) AND learnt = 1",
        )
        .bind(message_ids)
        .fetch_all(&mut *self.0)
        .await?)
    }

    async fn namesakes(&mut self, aliases: &[i64]) -> Result<Vec<NamesakeColumns>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT q.key, m.* FROM unnest($1::bigint[]) q (key)
             CROSS JOIN LATERAL (SELECT message FROM alias WHERE key = q.key ORDER BY message DESC LIMIT $2::bigint) a
             CROSS JOIN LATERAL (SELECT subject_key, thread, thread_at, sender, participants FROM message
               WHERE id = a.message AND learnt = 1 LIMIT 1) m ORDER BY a.message",
        )
        .bind(aliases)
        .bind(i64::try_from(limits::SAME_ALIAS_MAX).unwrap_or(i64::MAX))
        .fetch_all(&mut *self.0)
        .await?)
    }

    async fn claim(&mut self, rows: &[MessageRow]) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(sqlx::query_as(
            "INSERT INTO message (record, at, message_id, subject_key, thread, thread_at, learnt, opinion, sender,
               participants, lesson)
             SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
               $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::bytea[])
             ON CONFLICT (record) DO NOTHING RETURNING record, id",
        )
        .bind(column(rows, |r| r.record.as_str()))
        .bind(column(rows, |r| r.at))
        .bind(column(rows, |r| r.message_id))
        .bind(column(rows, |r| r.subject_key))
        .bind(column(rows, |r| r.thread))
        .bind(column(rows, |r| r.thread_at))
        .bind(column(rows, |r| i64::from(r.learnt)))
        .bind(column(rows, |r| r.opinion.number()))
        .bind(column(rows, |r| r.sender.as_str()))
        .bind(column(rows, |r| r.participants.as_str()))
        .bind(column(rows, |r| r.lesson.as_slice()))
        .fetch_all(&mut *self.0)
        .await?)
    }

    async fn remove(&mut self, ids: &[i64], records: &[String]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM message WHERE id = ANY($1)").bind(ids).execute(&mut *self.0).await?;
        sqlx::query("DELETE FROM opinion WHERE record = ANY($1)").bind(records).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn count(&mut self, rows: &BTreeMap<TraitKey, Delta>) -> Result<Vec<CountedRow>, StoreError> {
        let rows: Vec<(&TraitKey, &Delta)> = rows.iter().collect();
        let found: Vec<(i64, i64, String, i64, i64)> = sqlx::query_as(concat!(
            "INSERT INTO trait AS t (subject, aspect, value, count, first_at, last_at, before_at, rank)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
               $7::bigint[], $8::bigint[])
             ON CONFLICT (subject, aspect, value) DO UPDATE SET ",
            counted!("greatest"),
            times!("least", "greatest"),
            " RETURNING subject, aspect::bigint, value, count, rank"
        ))
        .bind(column(&rows, |r| r.0.0))
        .bind(column(&rows, |r| r.0.1))
        .bind(column(&rows, |r| r.0.2.as_str()))
        .bind(column(&rows, |r| r.1.count))
        .bind(column(&rows, |r| r.1.first_at))
        .bind(column(&rows, |r| r.1.last_at))
        .bind(column(&rows, |r| r.1.before_at))
        .bind(column(&rows, |r| rank(r.1.count)))
        .fetch_all(&mut *self.0)
        .await?;
        let row =
            |(subject, aspect, value, count, rank)| CountedRow { key: (subject, aspect, value), count, rank };
        Ok(found.into_iter().map(row).collect())
    }

    async fn rank(&mut self, rows: &[(TraitKey, i64)]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "UPDATE trait t SET rank = q.rank
             FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[]) q (subject, aspect, value, rank)
             WHERE t.subject = q.subject AND t.aspect = q.aspect AND t.value = q.value",
        )
        .bind(column(rows, |r| r.0.0))
        .bind(column(rows, |r| r.0.1))
        .bind(column(rows, |r| r.0.2.as_str()))
        .bind(column(rows, |r| r.1))
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    async fn prune(&mut self, rows: &[TraitKey]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "DELETE FROM trait t USING unnest($1::bigint[], $2::bigint[], $3::text[]) q (subject, aspect, value)
             WHERE t.subject = q.subject AND t.aspect = q.aspect AND t.value = q.value AND t.count <= 0",
        )
        .bind(column(rows, |r| r.0))
        .bind(column(rows, |r| r.1))
        .bind(column(rows, |r| r.2.as_str()))
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }

    async fn total(&mut self, rows: &Totals) -> Result<(), StoreError> {
        let rows: Vec<_> = rows.iter().collect();
        sqlx::query(concat!(
            "INSERT INTO total AS t (subject, aspect, count, distinct_values, first_at, last_at, before_at)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
               $7::bigint[])
             ON CONFLICT (subject, aspect) DO UPDATE SET count = t.count + excluded.count,
             distinct_values = t.distinct_values + excluded.distinct_values, ",
            times!("least", "greatest")
        ))
        .bind(column(&rows, |r| r.0.0))
        .bind(column(&rows, |r| r.0.1))
        .bind(column(&rows, |r| r.1.delta.count))
        .bind(column(&rows, |r| r.1.distinct))
        .bind(column(&rows, |r| r.1.delta.first_at))
        .bind(column(&rows, |r| r.1.delta.last_at))
        .bind(column(&rows, |r| r.1.delta.before_at))
        .execute(&mut *self.0)
        .await?;
        let fewer: Vec<_> = rows.into_iter().filter(|r| r.1.delta.count <= 0).collect();
        if !fewer.is_empty() {
            sqlx::query(
                "DELETE FROM total t USING unnest($1::bigint[], $2::bigint[]) q (subject, aspect)
                 WHERE t.subject = q.subject AND t.aspect = q.aspect AND t.count <= 0",
            )
            .bind(column(&fewer, |r| r.0.0))
            .bind(column(&fewer, |r| r.0.1))
            .execute(&mut *self.0)
            .await?;
        }
        Ok(())
    }

    async fn tick(&mut self, rows: &BTreeSet<TickRow>) -> Result<(), StoreError> {
        let sql = "INSERT INTO tick (subject, kind, at, message, value)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
             ON CONFLICT DO NOTHING";
        self.ticks(sql, rows).await
    }

    async fn untick(&mut self, rows: &BTreeSet<TickRow>) -> Result<(), StoreError> {
        let sql = "DELETE FROM tick t
             USING unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) q (subject, kind, at, message, value)
             WHERE t.subject = q.subject AND t.kind = q.kind AND t.at = q.at AND t.message = q.message
             AND t.value = q.value";
        self.ticks(sql, rows).await
    }

    async fn shingle(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        let sql = "INSERT INTO shingle (hash, message) SELECT * FROM unnest($1::bigint[], $2::bigint[])
             ON CONFLICT DO NOTHING";
        self.pairs(sql, rows).await
    }

    async fn unshingle(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        let sql = "DELETE FROM shingle s USING unnest($1::bigint[], $2::bigint[]) q (hash, message)
             WHERE s.hash = q.hash AND s.message = q.message";
        self.pairs(sql, rows).await
    }

    async fn alias(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        let sql = "INSERT INTO alias (key, message) SELECT * FROM unnest($1::bigint[], $2::bigint[])
             ON CONFLICT DO NOTHING";
        self.pairs(sql, rows).await
    }

    async fn unalias(&mut self, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        let sql = "DELETE FROM alias a USING unnest($1::bigint[], $2::bigint[]) q (key, message)
             WHERE a.key = q.key AND a.message = q.message";
        self.pairs(sql, rows).await
    }
}

impl PostgresTx {
    async fn ticks(&mut self, sql: &'static str, rows: &BTreeSet<TickRow>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<&TickRow> = rows.iter().collect();
        sqlx::query(sql)
            .bind(column(&rows, |r| r.subject))
            .bind(column(&rows, |r| r.kind))
            .bind(column(&rows, |r| r.at))
            .bind(column(&rows, |r| r.message))
            .bind(column(&rows, |r| r.value.as_str()))
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn pairs(&mut self, sql: &'static str, rows: &BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<(i64, i64)> = rows.iter().copied().collect();
        sqlx::query(sql)
            .bind(column(&rows, |r| r.0))
            .bind(column(&rows, |r| r.1))
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }
}

impl Meta for PostgresTx {
    shared_meta!();
}

impl Schema for PostgresTx {
    async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        sqlx::raw_sql(sql).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn exclusive(&mut self) -> Result<(), StoreError> {
        // Released when the transaction ends.
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATING).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn initialised(&mut self) -> Result<bool, StoreError> {
        let schema: Option<i32> = sqlx::query_scalar("SELECT 1 FROM pg_namespace WHERE nspname = 'sekisho'")
            .fetch_optional(&mut *self.0)
            .await?;
        // Asked first: `IF NOT EXISTS` wants the right to create a schema also when there is one.
        if schema.is_none() {
            self.run("CREATE SCHEMA sekisho").await?;
        }
        let table: Option<String> =
            sqlx::query_scalar("SELECT to_regclass('sekisho.meta')::text").fetch_one(&mut *self.0).await?;
        if table.is_none() {
            self.run("CREATE TABLE sekisho.meta (name text COLLATE \"C\" PRIMARY KEY, value text NOT NULL)")
                .await?;
        }
        Ok(table.is_some())
    }
}

impl Sweeping for PostgresTx {
    async fn boundary(&mut self, table: Table, from: i64) -> Result<Option<i64>, StoreError> {
        let sql = match table {
            Table::Tick => "SELECT subject FROM tick WHERE subject >= $1 ORDER BY subject LIMIT 1 OFFSET $2",
            Table::Trait => {
                "SELECT subject FROM trait WHERE subject >= $1 ORDER BY subject LIMIT 1 OFFSET $2"
            }
        };
        let rows = i64::try_from(limits::SWEEP_ROWS).unwrap_or(i64::MAX);
        Ok(sqlx::query_scalar(sql).bind(from).bind(rows).fetch_optional(&mut *self.0).await?)
    }

    async fn drop_ticks(&mut self, from: i64, to: i64, cutoff: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM tick WHERE subject >= $1 AND subject <= $2 AND at < $3";
        let done = sqlx::query(sql).bind(from).bind(to).bind(cutoff).execute(&mut *self.0).await?;
        Ok(done.rows_affected())
    }

    async fn drop_traits(
        &mut self,
        from: i64,
        to: i64,
        cutoff: i64,
    ) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        let sql = "DELETE FROM trait WHERE subject >= $1 AND subject <= $2 AND last_at < $3
             RETURNING subject, CAST(aspect AS bigint), count";
        Ok(sqlx::query_as(sql).bind(from).bind(to).bind(cutoff).fetch_all(&mut *self.0).await?)
    }

    async fn old_messages(&mut self, cutoff: i64) -> Result<Vec<(i64, String, Vec<u8>)>, StoreError> {
        let sql = "SELECT id, record, lesson FROM message WHERE at < $1 ORDER BY at LIMIT $2";
        let rows = i64::try_from(limits::SWEEP_ROWS).unwrap_or(i64::MAX);
        Ok(sqlx::query_as(sql).bind(cutoff).bind(rows).fetch_all(&mut *self.0).await?)
    }
}

impl Objects for PostgresTx {
    shared_objects!();

    async fn hold_all(&mut self, addresses: &[&str]) -> Result<(), StoreError> {
        let sql = "SELECT count(*) FROM (SELECT pg_advisory_xact_lock(hashtextextended(address, 0))
             FROM unnest($1::text[]) a (address) OFFSET 0) held";
        sqlx::query(sql).bind(addresses).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn note_objects(&mut self, notes: &[Note<'_>]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO object (address, class, at, size)
             SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
             ON CONFLICT (address, class) DO UPDATE SET at = excluded.at WHERE excluded.at > object.at",
        )
        .bind(column(notes, |note| note.address))
        .bind(column(notes, |note| note.class))
        .bind(column(notes, |note| note.at))
        .bind(column(notes, |note| note.size))
        .execute(&mut *self.0)
        .await?;
        Ok(())
    }
}

impl Gate for PostgresTx {
    shared_gate!(
        " FOR UPDATE",
        " FOR UPDATE SKIP LOCKED",
        "strpos",
        "json_array_elements_text(CAST(",
        " AS json)) AS w (value)"
    );

    async fn pass(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT set_config('idle_in_transaction_session_timeout', $2, true), pg_advisory_xact_lock_shared($1),
             set_config('lock_timeout', $3, true)";
        let (idle, wait) = (limits::PASS_IDLE_MS_MAX.to_string(), limits::PASS_WAIT_MS_MAX.to_string());
        sqlx::query(sql).bind(PASSING).bind(idle).bind(wait).execute(&mut *self.0).await?;
        Ok(())
    }

    async fn shut(&mut self) -> Result<(), StoreError> {
        let sql =
            "SELECT set_config('idle_in_transaction_session_timeout', $2, true), pg_advisory_xact_lock($1)";
        sqlx::query(sql)
            .bind(PASSING)
            .bind(limits::PASS_IDLE_MS_MAX.to_string())
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn add_recipients(&mut self, held: i64, at: i64, rows: &[NewFor]) -> Result<(), StoreError> {
        let sql = "INSERT INTO held_for (held, place, at, address, key, groups, state, by_whom, since)
             SELECT $1, q.place, $2, q.address, q.key, q.groups, 0, '', $2
             FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[]) q (place, address, key, groups)";
        sqlx::query(sql)
            .bind(held)
            .bind(at)
            .bind(column(rows, |r| r.place))
            .bind(column(rows, |r| r.address.as_str()))
            .bind(column(rows, |r| r.key.as_str()))
            .bind(column(rows, |r| r.groups.as_str()))
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    async fn add_effects(&mut self, rows: &[(&Effect, String)]) -> Result<Vec<String>, StoreError> {
        let sql = "INSERT INTO effect (key, kind, record, payload, at, tries, next_at, state, node, error)
             SELECT q.key, q.kind, q.record, q.payload, q.at, 0, q.at, 0, '', ''
             FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) q (key, kind, record, payload, at)
             ON CONFLICT (key) DO NOTHING RETURNING key";
        Ok(sqlx::query_scalar(sql)
            .bind(column(rows, |r| r.0.key.as_str()))
            .bind(column(rows, |r| r.0.kind.as_str()))
            .bind(column(rows, |r| r.0.record.as_str()))
            .bind(column(rows, |r| r.1.as_str()))
            .bind(column(rows, |r| r.0.next_at))
            .fetch_all(&mut *self.0)
            .await?)
    }
}
