//! What can go wrong with what is remembered, told by what the caller can do about it.

use sqlx::error::DatabaseError;

/// What [`StoreError::Gone`] says when no connection could be had in time.
pub(crate) const NO_CONNECTION: &str = "no connection within the time limit";

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database or the object store cannot be reached now. Callers name a gap and go on; later calls work by
    /// themselves when it is back.
    #[error("the store cannot be reached: {0}")]
    Gone(String),
    /// There is no room to write. Nothing was changed; reading goes on.
    #[error("the store is full: {0}")]
    Full(String),
    /// A newer version of Sekisho has changed the database; this one must not touch it.
    #[error("the database has schema {found}, this version knows {known} at most: use the newer version")]
    Newer {
        /// Schema version of the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// What is stored is damaged, or is not ours.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// The URL names no store that this program knows.
    #[error("{0}")]
    Url(String),
    /// The key of the object store is missing or unsafe.
    #[error("{0}")]
    Key(String),
    /// Something is larger than allowed and cannot be cut.
    #[error("over the limit: {0}")]
    Limit(String),
    /// Others changed the same rows at the same moment, again and again.
    #[error("others were changing the same, try again: {0}")]
    Busy(String),
    /// The database refused: rights, a read-only disk, or a mistake of this program.
    #[error("the database refused: {0}")]
    Refused(String),
}

impl StoreError {
    /// What it is called in metrics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Gone(_) => "gone",
            Self::Full(_) => "full",
            Self::Newer { .. } => "newer",
            Self::Corrupt(_) => "corrupt",
            Self::Url(_) => "url",
            Self::Key(_) => "key",
            Self::Limit(_) => "limit",
            Self::Busy(_) => "busy",
            Self::Refused(_) => "refused",
        }
    }

    /// Whether trying again at once can help: the connection broke, or a deadlock was resolved against us.
    pub(crate) fn passing(&self) -> bool {
        matches!(self, Self::Busy(_)) || self.unreachable() && !self.no_connection()
    }

    /// Whether it can be otherwise later: the database is away, full or busy.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Gone(_) | Self::Full(_) | Self::Busy(_))
    }

    /// Whether the database could not be reached.
    pub(crate) fn unreachable(&self) -> bool {
        matches!(self, Self::Gone(_))
    }

    /// Whether there was not even a connection.
    pub(crate) fn no_connection(&self) -> bool {
        matches!(self, Self::Gone(text) if text == NO_CONNECTION)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Database(inner) => database(inner.as_ref()),
            E::PoolTimedOut => Self::Gone(NO_CONNECTION.to_owned()),
            E::Io(_) | E::Tls(_) | E::PoolClosed | E::WorkerCrashed | E::BeginFailed => {
                Self::Gone(error.to_string())
            }
            // A connection that breaks in the middle of an answer is reported so.
            E::Protocol(_) => Self::Gone(error.to_string()),
            E::ColumnDecode { .. } | E::Decode(_) | E::ColumnNotFound(_) | E::RowNotFound => {
                Self::Corrupt(error.to_string())
            }
            E::Configuration(_) => Self::Url(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        match &error {
            E::SqliteFailure(inner, _) => sqlite(inner.extended_code, error.to_string()),
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::InvalidColumnType(..)
            | E::QueryReturnedNoRows
            | E::Utf8Error(..) => Self::Corrupt(error.to_string()),
            E::InvalidPath(_) => Self::Url(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// By result code; its lowest byte is the kind.
fn sqlite(code: i32, text: String) -> StoreError {
    match code & 0xff {
        13 => StoreError::Full(text),
        5 | 6 => StoreError::Busy(text),
        11 | 26 => StoreError::Corrupt(text),
        10 | 14 => StoreError::Gone(text),
        _ => StoreError::Refused(text),
    }
}

/// By SQLSTATE (five characters, PostgreSQL) or result code (a number, SQLite).
fn database(error: &dyn DatabaseError) -> StoreError {
    let text = error.to_string();
    let code = error.code().unwrap_or_default().into_owned();
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        return sqlite(code.parse().unwrap_or(1), text);
    }
    match code.as_str() {
        "53100" => StoreError::Full(text),
        "40001" | "40P01" | "55P03" => StoreError::Busy(text),
        "XX001" | "XX002" => StoreError::Corrupt(text),
        // Too many connections, shut down, starting up, idle transaction ended, query cancelled.
        "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "57014" | "25P03" => StoreError::Gone(text),
        code if code.starts_with("08") => StoreError::Gone(text),
        // The disk under the server says "no space left on device" in an I/O error, too.
        "58030" if text.contains("No space") => StoreError::Full(text),
        code if code.starts_with("58") => StoreError::Gone(text),
        _ => StoreError::Refused(text),
    }
}
