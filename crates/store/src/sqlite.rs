//! SQLite, the default: one file beside the program, one writer at a time, readers that never wait for it.
//!
//! * Write-ahead log and `synchronous = NORMAL`: killing the program loses nothing that was acknowledged; after a power
//!   failure the last moments of history may be missing, but the file is whole. What is written about held mail is
//!   different: such transactions turn to `synchronous = FULL` and return when the disk has them.
//! * One connection writes, and begins with `BEGIN IMMEDIATE`, so that it waits for other processes instead of failing
//!   when it turns from reading to writing. Others read.

mod readers;
mod recall;
mod tx;

use std::{
    path::Path,
    str::FromStr as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{
    Connection as _, Executor as _, SqlSafeStr as _, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub(crate) use tx::SqliteTx;

use readers::Readers;

use crate::{StoreError, limits, migrate, text::Salt};

/// Numbered steps of the schema; released ones never change.
pub(crate) const STEPS: [&str; 4] = [
    include_str!("sqlite/v1.sql"),
    include_str!("sqlite/v2.sql"),
    include_str!("sqlite/v3.sql"),
    include_str!("sqlite/v4.sql"),
];

/// Kibibytes of pages that each connection keeps in memory.
const CACHE_KIB: i64 = 64 << 10;

/// Connections for transactions that read for long: a check, and searches.
const LOOKING_MAX: u32 = 3;

/// Pages that are written to the log before they are moved to the file: a page that many messages change is moved once.
const CHECKPOINT_PAGES: i64 = 8_000;

/// Rows that a connection hands over before it waits for whoever reads them: all of a statement, so that the two threads
/// change places once.
const ROWS_AHEAD: usize = 1_024;

/// An open file.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    writer: SqlitePool,
    /// The writer waits for the disk at each commit, until it is given back.
    waits: Arc<AtomicBool>,
    readers: Readers,
    /// For transactions that read for long.
    checkers: SqlitePool,
    pub(crate) salt: Salt,
}

impl Sqlite {
    /// Opens or creates the file and brings its schema up to date.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|e| StoreError::Url(format!("{url}: {e}")))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_millis(limits::BUSY_MS_MAX))
            .foreign_keys(false)
            .pragma("cache_size", format!("-{CACHE_KIB}"))
            .pragma("temp_store", "MEMORY")
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
            .pragma("journal_size_limit", (CHECKPOINT_PAGES * 8 * 1024).to_string())
            .statement_cache_capacity(200)
            .row_buffer_size(ROWS_AHEAD);
        private(options.get_filename())?;
        let waits = Arc::new(AtomicBool::new(false));
        let pool = |waits: Arc<AtomicBool>| {
            SqlitePoolOptions::new()
                .acquire_timeout(Duration::from_millis(limits::BUSY_MS_MAX))
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                // SQLite ends a transaction by itself when the disk is full; sqlx then believes that it still goes on.
                // Such a connection is closed, the next one is sound.
                .after_release(move |connection, _| {
                    let waited = waits.swap(false, Ordering::AcqRel);
                    Box::pin(async move {
                        match waited {
                            true => connection.execute("PRAGMA synchronous = NORMAL").await.map(|_| ())?,
                            false => connection.ping().await?,
                        }
                        Ok(!connection.is_in_transaction())
                    })
                })
        };
        let writer = pool(Arc::clone(&waits)).max_connections(1).connect_with(options.clone()).await?;
        let mut tx = SqliteTx(writer.begin_with("BEGIN IMMEDIATE").await?);
        let salt = migrate::migrate(&mut tx, &STEPS).await?;
        tx.0.commit().await?;
        let checkers = pool(Arc::default()).max_connections(LOOKING_MAX).connect_lazy_with(options.clone());
        let readers = Readers::new(options.pragma("query_only", "1"));
        Ok(Self { writer, waits, readers, checkers, salt })
    }

    /// A transaction that may write.
    pub(crate) async fn begin(&self) -> Result<SqliteTx, StoreError> {
        Ok(SqliteTx(self.writer.begin_with("BEGIN IMMEDIATE").await?))
    }

    /// The same, on the disk when it is committed.
    pub(crate) async fn begin_durably(&self) -> Result<SqliteTx, StoreError> {
        let mut connection = self.writer.acquire().await?;
        // Not possible inside of a transaction. There is one such connection, and it is ours now.
        self.waits.store(true, Ordering::Release);
        connection.execute("PRAGMA synchronous = FULL").await?;
        Ok(SqliteTx(Transaction::begin(connection, Some("BEGIN IMMEDIATE".into_sql_str())).await?))
    }

    /// How it waits for the disk: durably, and otherwise.
    #[cfg(test)]
    pub(crate) async fn synchronous(&self) -> Result<(i64, i64), StoreError> {
        let mut found = [0_i64; 2];
        for (at, slot) in found.iter_mut().enumerate() {
            let mut tx = if at == 0 { self.begin_durably().await? } else { self.begin().await? };
            *slot = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *tx.0).await?;
            tx.0.commit().await?;
        }
        Ok((found[0], found[1]))
    }

    /// A transaction that only reads, of one moment.
    pub(crate) async fn begin_reading(&self) -> Result<SqliteTx, StoreError> {
        Ok(SqliteTx(self.checkers.begin().await?))
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.checkers.close().await;
        self.writer.close().await;
    }

    /// Whether it is being filled; see [`crate::Store::filling`].
    pub(crate) async fn filling(&self, filling: bool) -> Result<(), StoreError> {
        let (wait, cache, pages) = if filling {
            ("OFF", CACHE_KIB << 5, CHECKPOINT_PAGES << 5)
        } else {
            ("NORMAL", CACHE_KIB, CHECKPOINT_PAGES)
        };
        let sql = format!(
            "PRAGMA synchronous = {wait}; PRAGMA cache_size = -{cache}; PRAGMA wal_autocheckpoint = {pages}"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&self.writer).await?;
        Ok(())
    }

    /// Pages that may be used at most; tests make a small disk of it.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::query(sql).fetch_all(&self.writer).await?;
        Ok(())
    }
}

/// A new file is for its owner only: it says who writes to whom.
fn private(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match made {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::Gone(format!("{}: {error}", path.display()))),
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
