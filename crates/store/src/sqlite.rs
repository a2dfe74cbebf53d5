//! SQLite, the default: one file beside the program, one writer at a time, readers that never wait for it.
//!
//! * Write-ahead log and `synchronous = NORMAL`: killing the program loses nothing that was acknowledged; after a power
//!   failure the last moments of history may be missing, but the file is whole. What is written about held mail is
//!   different: such transactions turn to `synchronous = FULL` and return when the disk has them.
//! * Two connections write, in turns: one history, on the caller's thread ([`here`]), one everything else. Both begin with
//!   `BEGIN IMMEDIATE`, so that they wait for other processes instead of failing when they turn from reading to writing.
//!   Others read.

mod here;
mod learn;
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

pub(crate) use learn::HistoryTx;
pub(crate) use tx::SqliteTx;

use here::Here;

use crate::{StoreError, limits, migrate, text::Salt, words::Words};

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

/// An open file.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    /// Writes history.
    learner: Here,
    /// Writes everything else.
    writer: SqlitePool,
    /// The writer waits for the disk at each commit, until it is given back.
    waits: Arc<AtomicBool>,
    /// Answer questions about history.
    readers: Here,
    /// For transactions that read for long.
    checkers: SqlitePool,
    /// Aspects that were read.
    words: Arc<Words>,
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
            .statement_cache_capacity(200);
        let path = options.get_filename().to_path_buf();
        private(&path)?;
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
        let mut tx = SqliteTx(writer.begin_with("BEGIN IMMEDIATE").await?, None);
        let salt = migrate::migrate(&mut tx, &STEPS).await?;
        tx.0.commit().await?;
        let checkers = pool(Arc::default()).max_connections(LOOKING_MAX).connect_lazy_with(options.clone());
        let setting = setting("NORMAL", CACHE_KIB, CHECKPOINT_PAGES);
        let readers =
            Here::new(path.clone(), format!("{setting}; PRAGMA query_only = 1"), limits::CONNECTIONS_MAX);
        let learner = Here::new(path, setting, 1);
        Ok(Self { learner, writer, waits, readers, checkers, words: Arc::default(), salt })
    }

    /// A transaction that may write, of anything but history.
    pub(crate) async fn begin(&self) -> Result<SqliteTx, StoreError> {
        // Else the one would wait for the other by looking again and again.
        let turn = self.learner.turn().await?;
        Ok(SqliteTx(self.writer.begin_with("BEGIN IMMEDIATE").await?, Some(turn)))
    }

    /// A transaction that may write history. Its statements run on this thread.
    pub(crate) async fn begin_history(&self) -> Result<HistoryTx, StoreError> {
        let mut lent = self.learner.take().await?;
        lent.begin().await?;
        Ok(HistoryTx(lent))
    }

    /// A transaction that only reads history. Its statements run on this thread.
    pub(crate) async fn begin_history_reading(&self) -> Result<HistoryTx, StoreError> {
        let lent = self.readers.take().await?;
        lent.connection()?.execute_batch("BEGIN")?;
        Ok(HistoryTx(lent))
    }

    /// The same, on the disk when it is committed.
    pub(crate) async fn begin_durably(&self) -> Result<SqliteTx, StoreError> {
        let turn = self.learner.turn().await?;
        let mut connection = self.writer.acquire().await?;
        // Not possible inside of a transaction. There is one such connection, and it is ours now.
        self.waits.store(true, Ordering::Release);
        connection.execute("PRAGMA synchronous = FULL").await?;
        let transaction = Transaction::begin(connection, Some("BEGIN IMMEDIATE".into_sql_str())).await?;
        Ok(SqliteTx(transaction, Some(turn)))
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
        Ok(SqliteTx(self.checkers.begin().await?, None))
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.checkers.close().await;
        self.learner.close().await;
        self.writer.close().await;
    }

    /// Whether it is being filled; see [`crate::Store::filling`].
    pub(crate) async fn filling(&self, filling: bool) -> Result<(), StoreError> {
        let setting = match filling {
            true => setting("OFF", CACHE_KIB << 5, CHECKPOINT_PAGES << 5),
            false => setting("NORMAL", CACHE_KIB, CHECKPOINT_PAGES),
        };
        let lent = self.learner.take().await?;
        lent.connection()?.execute_batch(&setting)?;
        lent.sound();
        Ok(())
    }

    /// Pages that may be used at most; tests make a small disk of it.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        let sql = format!("PRAGMA max_page_count = {pages}");
        sqlx::query(sqlx::AssertSqlSafe(sql.clone())).fetch_all(&self.writer).await?;
        let lent = self.learner.take().await?;
        lent.connection()?.query_row(&sql, [], |_| Ok(()))?;
        lent.sound();
        Ok(())
    }
}

/// Pragmas of a connection of history.
fn setting(wait: &str, cache_kib: i64, pages: i64) -> String {
    format!(
        "PRAGMA synchronous = {wait}; PRAGMA cache_size = -{cache_kib}; PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = {pages}; PRAGMA journal_size_limit = {}; PRAGMA foreign_keys = OFF",
        pages * 8 * 1024
    )
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
