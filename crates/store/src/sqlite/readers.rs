//! Connections that read. The one that came back last is lent next: its pages and statements are in memory, and so a
//! process that judges one message at a time has one of them.
//!
//! A pool of sqlx gives connections back in a task of its own. Whoever asks at once gets another one, with pages and
//! statements of its own.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{StoreError, limits};

/// Reading connections, as many as are needed, up to [`limits::CONNECTIONS_MAX`].
#[derive(Debug, Clone)]
pub(crate) struct Readers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    places: Semaphore,
}

/// A connection that is lent. It is closed unless it is said to be sound.
pub(crate) struct Reader<'a> {
    connection: Option<SqliteConnection>,
    inner: &'a Inner,
    _place: SemaphorePermit<'a>,
}

impl Readers {
    pub(crate) fn new(options: SqliteConnectOptions) -> Self {
        let places = Semaphore::new(limits::CONNECTIONS_MAX as usize);
        Self(Arc::new(Inner { options, idle: Mutex::default(), places }))
    }

    /// Waits until one is free.
    pub(crate) async fn take(&self) -> Result<Reader<'_>, StoreError> {
        let inner = &*self.0;
        let place = inner.places.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = inner.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => SqliteConnection::connect_with(&inner.options).await?,
        };
        Ok(Reader { connection: Some(connection), inner, _place: place })
    }

    /// Waits until all came back and closes them; nobody gets one any more.
    pub(crate) async fn close(&self) {
        let all = self.0.places.acquire_many(limits::CONNECTIONS_MAX).await;
        self.0.places.close();
        drop(all);
        let idle = std::mem::take(&mut *self.0.idle());
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "a reading connection closes badly");
            }
        }
    }
}

impl Inner {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader<'_> {
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.connection.as_mut().ok_or_else(|| sqlx::Error::PoolClosed.into())
    }

    /// Nothing went wrong and nothing is under way: the next may have it.
    pub(crate) fn sound(mut self) {
        if let Some(connection) = self.connection.take() {
            self.inner.idle().push(connection);
        }
    }
}
