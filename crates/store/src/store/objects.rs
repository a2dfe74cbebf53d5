//! Objects and the notes about them: what is kept, of which class, since when, and what is too old.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::task::JoinSet;

use super::{Engine, Store};
use crate::{
    Bytes, Sealed, StoreError, limits,
    migrate::Meta as _,
    sweep::{Note, Objects as _, Swept},
};

/// Where the fingerprint of the key of all objects is noted.
const KEY: &str = "object_key";
/// Where the day of the last sweep is noted.
const SWEPT: &str = "sweep_day";

/// Bytes to be kept.
#[derive(Debug, Clone)]
pub struct Keep {
    /// The bytes.
    pub sealed: Sealed,
    /// Their class. `quarantine` is the store's own, for held mail.
    pub class: String,
    /// Since when, seconds since 1970.
    pub at: i64,
}

/// An object that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its address.
    pub address: String,
    /// Since when, seconds since 1970.
    pub at: i64,
    /// Bytes before compression.
    pub size: u64,
}

/// Which objects are meant: those of a class, `since <= at < until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    /// The class.
    pub class: &'a str,
    /// First second.
    pub since: i64,
    /// First second that counts no more.
    pub until: i64,
}

impl Store {
    /// Keeps bytes under a class, and returns their address. The note comes first, so that nothing is kept that no sweep
    /// would find; bytes whose keeping failed may have a note and no object.
    ///
    /// # Errors
    /// As [`Store::learn`], and those of [`Bytes::put`].
    pub async fn keep(
        &self,
        bytes: &Bytes,
        class: &str,
        plain: &[u8],
        at: i64,
    ) -> Result<String, StoreError> {
        let sealed = bytes.seal(plain)?;
        let address = sealed.address().to_owned();
        self.keep_many(bytes, &[Keep { sealed, class: class.to_owned(), at }]).await?;
        Ok(address)
    }

    /// Keeps many: the notes of up to [`limits::KEEP_MAX`] in one transaction, then their bytes, several at a time. After
    /// an error, keeping all of them again is right.
    ///
    /// # Errors
    /// As [`Store::keep`].
    pub async fn keep_many(&self, bytes: &Bytes, all: &[Keep]) -> Result<(), StoreError> {
        if let Some(wrong) =
            all.iter().find(|k| k.class.is_empty() || k.class.len() > limits::CLASS_BYTES_MAX)
        {
            return Err(StoreError::Limit(format!("class of {} bytes", wrong.class.len())));
        }
        for some in all.chunks(limits::KEEP_MAX) {
            // In one order, so that two who keep the same do not wait for each other. Each once, since when it came last.
            let mut notes: BTreeMap<(&str, &str), Note<'_>> = BTreeMap::new();
            for Keep { sealed, class, at } in some {
                let size = i64::try_from(sealed.plain_bytes()).unwrap_or(i64::MAX);
                let note = Note { address: sealed.address(), class, at: *at, size };
                let noted = notes.entry((note.address, note.class)).or_insert(note);
                noted.at = noted.at.max(*at);
            }
            let addresses: Vec<&str> =
                some.iter().map(|keep| keep.sealed.address()).collect::<BTreeSet<_>>().into_iter().collect();
            let notes: Vec<Note<'_>> = notes.into_values().collect();
            transact!(self, |tx, _salt| async {
                tx.hold_all(&addresses).await?;
                tx.note_objects(&notes).await
            }
            .await)?;
            write(bytes, some).await?;
        }
        Ok(())
    }

    /// Objects of a class in the order of their time, those behind `after` (the last one of the call before), at most
    /// [`limits::OBJECTS_PAGE_MAX`] of them.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn objects(&self, span: Span<'_>, after: Option<&Kept>) -> Result<Vec<Kept>, StoreError> {
        let (at, address) = after.map_or((span.since, ""), |kept| (kept.at, kept.address.as_str()));
        let rows = transact!(self, |tx, _salt| tx.objects(span.class, at, address, span.until).await)?;
        let kept = |(address, at, size)| Kept { address, at, size: u64::try_from(size).unwrap_or(0) };
        Ok(rows.into_iter().map(kept).collect())
    }

    /// How many objects of a class there are.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn count_objects(&self, span: Span<'_>) -> Result<u64, StoreError> {
        let rows = transact!(self, |tx, _salt| tx.count_objects(span.class, span.since, span.until).await)?;
        Ok(u64::try_from(rows).unwrap_or(0))
    }

    /// The fingerprint of the key that objects of this store are written with; `None` before the first.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn object_key(&self) -> Result<Option<String>, StoreError> {
        transact!(self, |tx, _salt| tx.meta(KEY).await)
    }

    /// From now on, objects of this store are written with the key of `bytes`. One store has one key.
    ///
    /// # Errors
    /// [`StoreError::Key`] when it has another one.
    pub async fn claim(&self, bytes: &Bytes) -> Result<(), StoreError> {
        let own = bytes.fingerprint();
        let found = transact!(self, |tx, _salt| async {
            let found = tx.meta(KEY).await?;
            if found.is_none() {
                tx.set_meta(KEY, &own).await?;
            }
            Ok::<Option<String>, StoreError>(found)
        }
        .await)?;
        match found {
            Some(other) if other != own => Err(another_key()),
            _ => Ok(()),
        }
    }

    /// Whether nobody swept on this day (a number that whoever asks counts by) before; the next who asks is told otherwise.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn sweep_due(&self, day: i64) -> Result<bool, StoreError> {
        let day = day.to_string();
        transact!(self, |tx, _salt| async {
            let due = tx.meta(SWEPT).await?.is_none_or(|last| last != day);
            if due {
                tx.set_meta(SWEPT, &day).await?;
            }
            Ok::<bool, StoreError>(due)
        }
        .await)
    }

    /// Whether the key of `bytes` is the one that objects of this store are written with.
    ///
    /// # Errors
    /// [`StoreError::Key`] when it is another one.
    pub async fn fits(&self, bytes: &Bytes) -> Result<(), StoreError> {
        match self.object_key().await? {
            Some(other) if other != bytes.fingerprint() => Err(another_key()),
            _ => Ok(()),
        }
    }

    pub(super) async fn sweep_objects(
        &self,
        bytes: &Bytes,
        class: &str,
        cutoff: i64,
        out: &mut Swept,
    ) -> Result<(), StoreError> {
        let old = transact!(self, |tx, _salt| tx.old_objects(class, cutoff).await)?;
        out.more |= old.len() >= limits::SWEEP_ROWS;
        for address in &old {
            let gone = transact!(self, |tx, _salt| async {
                tx.hold(address).await?;
                let gone = tx.drop_object(address, class, cutoff).await?;
                if gone && !tx.wanted(address).await? {
                    bytes.delete(address).await?;
                }
                Ok::<bool, StoreError>(gone)
            }
            .await)?;
            out.objects += u64::from(gone);
        }
        Ok(())
    }
}

fn another_key() -> StoreError {
    StoreError::Key("the objects of this store were written with another key".to_owned())
}

/// Writes bytes, several at a time.
async fn write(bytes: &Bytes, all: &[Keep]) -> Result<(), StoreError> {
    let mut under_way = JoinSet::new();
    let mut outcome = Ok(());
    for keep in all {
        if under_way.len() >= limits::WRITES_MAX {
            outcome = outcome.and(ended(under_way.join_next().await));
        }
        let (bytes, sealed) = (bytes.clone(), keep.sealed.clone());
        under_way.spawn(async move { bytes.write(&sealed).await });
    }
    while let Some(one) = under_way.join_next().await {
        outcome = outcome.and(ended(Some(one)));
    }
    outcome
}

/// How one write ended.
fn ended(one: Option<Result<Result<(), StoreError>, tokio::task::JoinError>>) -> Result<(), StoreError> {
    match one {
        Some(Ok(result)) => result,
        Some(Err(error)) => Err(StoreError::Gone(error.to_string())),
        None => Ok(()),
    }
}
