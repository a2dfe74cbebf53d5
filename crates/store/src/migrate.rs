//! The schema is brought up to date when a store is opened, in one transaction that only one node can hold.
//!
//! Steps are numbered and never change once released; `meta` holds the number of the last one. A database with a higher
//! number than this program knows is refused: it would write rows that the newer version does not understand.

use ring::rand::SecureRandom as _;

use crate::{
    StoreError,
    text::{Salt, hex, unhex},
};

/// Values by name, in the table `meta`.
pub(crate) trait Meta {
    /// Reads a value.
    async fn meta(&mut self, name: &str) -> Result<Option<String>, StoreError>;
    /// Writes a value.
    async fn set_meta(&mut self, name: &str, value: &str) -> Result<(), StoreError>;
}

/// What migrating needs of a transaction.
pub(crate) trait Schema: Meta {
    /// Waits until no other node is migrating, and makes the table `meta` visible if there is one.
    async fn exclusive(&mut self) -> Result<(), StoreError>;
    /// Whether the table `meta` is there; an error if the database is somebody else's.
    async fn initialised(&mut self) -> Result<bool, StoreError>;
    /// Runs one step.
    async fn run(&mut self, sql: &'static str) -> Result<(), StoreError>;
}

/// What `meta` says of a database that began with this schema 1. Before the first release there was another; a history
/// that was begun with it can only be made anew.
const BEGAN: (&str, &str) = ("began", "words, keys");

/// Runs the steps that are missing and returns the salt of the database.
pub(crate) async fn migrate<S: Schema>(schema: &mut S, steps: &[&'static str]) -> Result<Salt, StoreError> {
    schema.exclusive().await?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let found = if schema.initialised().await? {
        let text = schema.meta("version").await?;
        text.as_deref()
            .and_then(|t| t.parse::<i64>().ok())
            .ok_or_else(|| StoreError::Corrupt(format!("meta.version is {text:?}")))?
    } else {
        0
    };
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    if found > 0 && schema.meta(BEGAN.0).await?.as_deref() != Some(BEGAN.1) {
        return Err(StoreError::Corrupt(
            "it was begun by a version before the first release: remove it and replay the archive".to_owned(),
        ));
    }
    for step in steps.iter().skip(usize::try_from(found).unwrap_or_default()) {
        schema.run(step).await?;
    }
    if found < known {
        schema.set_meta("version", &known.to_string()).await?;
    }
    if found == 0 {
        schema.set_meta(BEGAN.0, BEGAN.1).await?;
        let mut salt = [0_u8; 32];
        ring::rand::SystemRandom::new()
            .fill(&mut salt)
            .map_err(|_| StoreError::Refused("the system gives no random bytes".to_owned()))?;
        schema.set_meta("salt", &hex(&salt)).await?;
    }
    let salt = schema.meta("salt").await?.as_deref().and_then(unhex).filter(|s| s.len() == 32);
    salt.map(|s| Salt::new(&s)).ok_or_else(|| StoreError::Corrupt("meta.salt is missing".to_owned()))
}
