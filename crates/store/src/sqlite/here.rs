//! Connections whose statements run on the thread that wants them: those on the way of every message, which asks history
//! before its verdict and teaches it afterwards.
//!
//! * sqlx gives every connection a thread of its own, and two changes of thread a statement cost more than most of these
//!   statements. So rusqlite has them, on the same file; everything else stays with sqlx.
//! * Whoever uses one should be on a thread that may wait: a question takes some tenths of a millisecond, a batch of
//!   lessons some milliseconds, and a slow disk can make either longer.
//! * The connection that came back last is lent next: its pages and statements are in memory, and so a process that
//!   judges one message at a time has one of them.
//! * Only one writes. Waiting for other writers is left to the caller's clock: see [`Lent::begin`].

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{StoreError, error::NO_CONNECTION, limits};

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 64;

/// Connections of one sort, as many as are needed, up to a number.
#[derive(Debug, Clone)]
pub(crate) struct Here(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Pragmas of each connection.
    setting: String,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
    most: u32,
}

/// A connection that is lent. It is closed, and a transaction on it taken back, unless it is said to be sound.
pub(crate) struct Lent {
    connection: Option<Connection>,
    inner: Arc<Inner>,
    _place: OwnedSemaphorePermit,
}

impl Here {
    /// Connections to a file that is there.
    pub(crate) fn new(path: PathBuf, setting: String, most: u32) -> Self {
        let places = Arc::new(Semaphore::new(most as usize));
        Self(Arc::new(Inner { path, setting, idle: Mutex::default(), places, most }))
    }

    /// Waits until one is free.
    pub(crate) async fn take(&self) -> Result<Lent, StoreError> {
        let place = self.turn().await?;
        let idle = self.0.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.0.open()?,
        };
        Ok(Lent { connection: Some(connection), inner: Arc::clone(&self.0), _place: place })
    }

    /// Waits until one would be free, and keeps it from others.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let patience = Duration::from_millis(limits::BUSY_MS_MAX);
        let turn = timeout(patience, Arc::clone(&self.0.places).acquire_owned()).await;
        turn.map_err(|_| StoreError::Gone(NO_CONNECTION.to_owned()))?.map_err(|_| closed())
    }

    /// Waits until all came back and closes them; nobody gets one any more.
    pub(crate) async fn close(&self) {
        let all = self.0.places.acquire_many(self.0.most).await;
        self.0.places.close();
        drop(all);
        let idle = std::mem::take(&mut *self.0.idle());
        for connection in idle {
            if let Err((_, error)) = connection.close() {
                tracing::debug!(%error, "a connection closes badly");
            }
        }
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(Duration::from_millis(limits::BUSY_MS_MAX))?;
        connection.execute_batch(&self.setting)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }
}

impl Lent {
    pub(crate) fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or_else(closed)
    }

    /// Begins a transaction that writes. While another process writes, this thread does other things.
    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        let end = Instant::now() + Duration::from_millis(limits::BUSY_MS_MAX);
        self.connection()?.busy_timeout(Duration::ZERO)?;
        let mut pause = 1;
        loop {
            match self.connection()?.execute_batch("BEGIN IMMEDIATE").map_err(StoreError::from) {
                Err(StoreError::Busy(_)) if Instant::now() < end => {}
                begun => return begun,
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
            pause = (pause * 2).min(limits::BUSY_PAUSE_MS_MAX);
        }
    }

    /// Ends the transaction; what it wrote is kept.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.connection()?.execute_batch("COMMIT")?;
        self.sound();
        Ok(())
    }

    /// Nothing went wrong and nothing is under way: the next may have it.
    pub(crate) fn sound(mut self) {
        if let Some(connection) = self.connection.take() {
            self.inner.idle().push(connection);
        }
    }
}

fn closed() -> StoreError {
    StoreError::Gone("it is closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Patience passes at once where nothing else is to be done.
    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_the_only_connection_is_told_and_the_next_gets_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        drop(Connection::open(&path).unwrap());
        let here = Here::new(path, "PRAGMA synchronous = NORMAL".to_owned(), 1);
        let begun = tokio::time::Instant::now();
        let lent = here.take().await.unwrap();
        assert!(matches!(here.take().await, Err(StoreError::Gone(why)) if why == NO_CONNECTION));
        assert_eq!(begun.elapsed().as_millis(), u128::from(limits::BUSY_MS_MAX));
        lent.sound();
        assert!(here.take().await.is_ok());
        here.close().await;
        assert!(matches!(here.take().await, Err(StoreError::Gone(why)) if why == "it is closed"));
    }

    /// What was begun on a connection that is not said to be sound is taken back with it.
    #[tokio::test]
    async fn a_transaction_that_is_given_up_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        let here = Here::new(path, String::new(), 1);
        for (given_up, rows) in [(true, 0_i64), (false, 1)] {
            let mut lent = here.take().await.unwrap();
            lent.begin().await.unwrap();
            lent.connection().unwrap().execute_batch("INSERT INTO t VALUES (1)").unwrap();
            if given_up {
                drop(lent)
            } else {
                lent.commit().await.unwrap()
            }
            let lent = here.take().await.unwrap();
            let count = |row: &rusqlite::Row<'_>| row.get(0);
            let found: i64 =
                lent.connection().unwrap().query_row("SELECT count(*) FROM t", [], count).unwrap();
            assert_eq!(found, rows);
            lent.sound();
        }
    }
}
