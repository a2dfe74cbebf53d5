//! The statements of a transaction on SQLite about anything but history: many rows a statement, in a few fixed sizes that
//! stay prepared.

use sekisho_record::quarantine::{AuditEntry, Effect, State};
use sqlx::{
    AssertSqlSafe, Row as _, Sqlite, SqliteConnection, Transaction,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::{
    StoreError, limits,
    migrate::{Meta, Schema},
    quarantine::{
        self, ForRow, HeldRow, search,
        shared::shared_gate,
        statements::{
            EffectColumns, FoundColumns, FoundForColumns, Gate, LockColumns, NewFor, NewHeld, RequestColumns,
            UntoldColumns, Wanted,
        },
    },
    shared::{shared_meta, shared_objects},
    store::PulseColumns,
    sweep::{Note, Objects},
};

/// A transaction of anything but history: one that holds the write lock, with our turn at it, or one that only reads.
#[expect(dead_code, reason = "others wait until the turn is dropped")]
pub(crate) struct SqliteTx(
    pub(crate) Transaction<'static, Sqlite>,
    pub(crate) Option<tokio::sync::OwnedSemaphorePermit>,
);

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

impl Meta for SqliteTx {
    shared_meta!();
}

impl Schema for SqliteTx {
    async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        sqlx::raw_sql(sql).execute(&mut *self.0).await?;
        Ok(())
    }

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

impl Objects for SqliteTx {
    shared_objects!();

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
