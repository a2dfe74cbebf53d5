//! PostgreSQL, for several nodes that share one history.
//!
//! * Everything lies in the schema `sekisho` of the database that the URL names.
//! * What one verdict needs is one statement with arrays of keys, so one round trip; its plan never depends on how much
//!   is asked. A connection that was idle is tried before it is used, so a server that was restarted is noticed there.
//! * Writers lock rows in one order. Should two nodes deadlock all the same, the loser tries again by itself.

mod recall;
mod tx;

use std::{str::FromStr as _, sync::Arc, time::Duration};

use sqlx::{
    Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub(crate) use tx::PostgresTx;

use crate::{StoreError, breaker::Doubt, limits, migrate, text::Salt};

/// Numbered steps of the schema; released ones never change.
pub(crate) const STEPS: [&str; 4] = [
    include_str!("postgres/v1.sql"),
    include_str!("postgres/v2.sql"),
    include_str!("postgres/v3.sql"),
    include_str!("postgres/v4.sql"),
];

/// A pool of connections to one database.
#[derive(Debug, Clone)]
pub(crate) struct Postgres {
    pool: PgPool,
    doubt: Arc<Doubt>,
    pub(crate) salt: Salt,
}

impl Postgres {
    /// Connects and brings the schema up to date.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|e| StoreError::Url(format!("the PostgreSQL URL cannot be read: {e}")))?
            .application_name("sekisho")
            .options([("search_path", "sekisho"), ("client_min_messages", "warning")])
            .statement_cache_capacity(100);
        let doubt = Arc::new(Doubt::default());
        let asked = Arc::clone(&doubt);
        let idle = Duration::from_millis(limits::IDLE_MS_MAX);
        let pool = PgPoolOptions::new()
            .max_connections(limits::CONNECTIONS_MAX)
            .acquire_timeout(Duration::from_millis(limits::CONNECT_MS_MAX))
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let test = meta.idle_for > idle || asked.doubted();
                Box::pin(async move {
                    if test {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        let mut tx = PostgresTx(pool.begin().await?);
        let salt = migrate::migrate(&mut tx, &STEPS).await?;
        tx.0.commit().await?;
        Ok(Self { pool, doubt, salt })
    }

    /// A transaction.
    pub(crate) async fn begin(&self) -> Result<PostgresTx, StoreError> {
        Ok(PostgresTx(self.pool.begin().await?))
    }

    /// The same, for history.
    pub(crate) async fn begin_history(&self) -> Result<PostgresTx, StoreError> {
        self.begin().await
    }

    /// The same, for history that is only read.
    pub(crate) async fn begin_history_reading(&self) -> Result<PostgresTx, StoreError> {
        self.begin().await
    }

    /// The same, on the server's disk when it is committed, whatever the server's default is.
    pub(crate) async fn begin_durably(&self) -> Result<PostgresTx, StoreError> {
        // What a statement reads is as new as the statement: a lockdown that it has waited for is seen.
        let mut tx = PostgresTx(self.pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?);
        let sql = "SELECT set_config('idle_in_transaction_session_timeout', $1, true),
             CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END";
        sqlx::query(sql).bind(limits::HELD_IDLE_MS_MAX.to_string()).execute(&mut *tx.0).await?;
        Ok(tx)
    }

    /// A transaction that only reads.
    pub(crate) async fn begin_reading(&self) -> Result<PostgresTx, StoreError> {
        self.begin().await
    }

    /// A connection broke: the others are tried before they are used, for a while.
    pub(crate) fn doubt(&self) {
        self.doubt.note();
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}
