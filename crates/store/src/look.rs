//! What stands where a store is to be, without changing anything: neither file nor schema are made.

use std::{str::FromStr as _, time::Duration};

use sqlx::{
    Connection as _, PgConnection,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::{
    StoreError, limits,
    migrate::{Meta as _, Schema as _},
    postgres, sqlite,
    sqlite::SqliteTx,
};

/// The schema that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// Its number; 0: there is nothing yet.
    pub found: i64,
    /// The newest that this program knows.
    pub known: i64,
}

/// Looks at what a URL names. A SQLite file must take a writer, which is not tried on PostgreSQL.
///
/// # Errors
/// As [`Store::open`](crate::Store::open); [`StoreError::Refused`] for a file that cannot be written.
pub async fn look(url: &str) -> Result<Looked, StoreError> {
    let looking =
        async { if url.starts_with("sqlite:") { in_file(url).await } else { on_server(url).await } };
    let patience = Duration::from_millis(limits::CONNECT_MS_MAX + limits::BUSY_MS_MAX);
    let looked = tokio::time::timeout(patience, looking).await;
    let looked = looked.unwrap_or_else(|_| Err(StoreError::Gone("it does not answer in time".to_owned())))?;
    match looked {
        Looked { found, known } if found > known => Err(StoreError::Newer { found, known }),
        looked => Ok(looked),
    }
}

async fn in_file(url: &str) -> Result<Looked, StoreError> {
    let known = known(sqlite::STEPS.len());
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| StoreError::Url(format!("{url}: {error}")))?
        .busy_timeout(Duration::from_millis(limits::BUSY_MS_MAX));
    if !options.get_filename().exists() {
        return Ok(Looked { found: 0, known });
    }
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    let mut tx = SqliteTx(pool.begin_with("BEGIN IMMEDIATE").await?, None);
    let found = match tx.initialised().await? {
        true => number(tx.meta("version").await?)?,
        false => 0,
    };
    // A file that cannot be written says so at the first change, which is taken back.
    sqlx::query("CREATE TABLE sekisho_doctor (x)").execute(&mut *tx.0).await?;
    tx.0.rollback().await?;
    pool.close().await;
    Ok(Looked { found, known })
}

async fn on_server(url: &str) -> Result<Looked, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::Url(format!("the PostgreSQL URL cannot be read: {error}")))?;
    let mut connection = PgConnection::connect_with(&options).await?;
    let table: Option<String> =
        sqlx::query_scalar("SELECT to_regclass('sekisho.meta')::text").fetch_one(&mut connection).await?;
    let found = match table {
        Some(_) => {
            let sql = "SELECT value FROM sekisho.meta WHERE name = 'version'";
            number(sqlx::query_scalar(sql).fetch_optional(&mut connection).await?)?
        }
        None => 0,
    };
    connection.close().await?;
    Ok(Looked { found, known: known(postgres::STEPS.len()) })
}

fn known(steps: usize) -> i64 {
    i64::try_from(steps).unwrap_or(i64::MAX)
}

fn number(text: Option<String>) -> Result<i64, StoreError> {
    text.as_deref()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| StoreError::Corrupt(format!("meta.version is {text:?}")))
}
