//! The door: one type for both engines. Calls are bounded in time, and tried again where that helps.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use sekisho_record::history::{Answers, Lesson, Opinion, Questions};

use crate::{
    Bytes, StoreError,
    breaker::Breaker,
    check::{self, Checked},
    limits,
    plan::{Planned, canonical},
    postgres::Postgres,
    quarantine,
    sqlite::Sqlite,
    sweep::{self, Retention, Swept, Table, cutoff},
    text::{Salt, clip},
    words::Words,
    work::{self, Said, Work as _},
};

/// History, in the database that its URL names. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    breaker: Arc<Breaker>,
    words: Arc<Words>,
}

#[derive(Debug, Clone)]
enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// What learning did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learnt {
    /// Lessons that were new.
    pub new: u64,
    /// Lessons whose record had been learnt before; nothing was counted again.
    pub known: u64,
    /// Limits at which lessons were cut.
    pub cut: Vec<&'static str>,
}

/// What forgetting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Records that were forgotten.
    pub forgotten: u64,
    /// Records that were not there (any more).
    pub unknown: u64,
}

/// What an opinion did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opined {
    /// The record is not there (any more).
    Unknown,
    /// It is noted; nothing else changed.
    Noted,
    /// What the message taught is taken back.
    TakenBack,
    /// What had been taken back is learnt again.
    LearntAgain,
}

/// Runs `$body` in a transaction of whichever engine, again where that helps, within the time of a call.
macro_rules! transact {
    ($store:expr, |$tx:ident, $salt:ident| $body:expr) => {
        transact!($store, begin, |$tx, $salt| $body)
    };
    ($store:expr, $begin:ident, |$tx:ident, $salt:ident| $body:expr) => {{
        let all = async {
            let mut tries = 1;
            loop {
                let result: Result<_, StoreError> = match &$store.engine {
                    Engine::Sqlite(db) => {
                        async {
                            let ($salt, mut $tx) = (&db.salt, db.$begin().await?);
                            let out = $body?;
                            $tx.0.commit().await?;
                            Ok(out)
                        }
                        .await
                    }
                    Engine::Postgres(db) => {
                        async {
                            let ($salt, mut $tx) = (&db.salt, db.$begin().await?);
                            let out = $body?;
                            $tx.0.commit().await?;
                            Ok(out)
                        }
                        .await
                    }
                };
                match result {
                    Err(error) if $store.again(&error, tries) => tries += 1,
                    other => break other,
                }
                tokio::time::sleep(Duration::from_millis(u64::from(tries) * 20)).await;
            }
        };
        $store.within(limits::CALL_MS_MAX, all).await
    }};
}

mod held;
mod looking;
mod nodes;
mod objects;
mod outbox;
mod telling;

pub use held::AuditFilter;
pub(crate) use nodes::PulseColumns;
pub use nodes::{Generation, Pulse};
pub use objects::{Keep, Kept, Span};

impl Store {
    /// Opens `sqlite:PATH` (the file is created) or `postgres://…`, and brings the schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Url`] for other URLs, [`StoreError::Newer`] for a database that a newer version has changed,
    /// [`StoreError::Gone`] when it cannot be reached now.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let engine = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Engine::Postgres(Postgres::open(url).await?)
        } else if url.starts_with("sqlite:") && !url.contains(":memory:") {
            Engine::Sqlite(Sqlite::open(url).await?)
        } else {
            // The URL may hold a password and is not repeated.
            return Err(StoreError::Url(
                "a store is sqlite:PATH or postgres://USER@HOST/DATABASE".to_owned(),
            ));
        };
        Ok(Self { engine, breaker: Arc::default(), words: Arc::default() })
    }

    fn salt(&self) -> &Salt {
        match &self.engine {
            Engine::Sqlite(db) => &db.salt,
            Engine::Postgres(db) => &db.salt,
        }
    }

    /// Learns lessons that were not learnt before. Batches of [`limits::BATCH_MAX`] are learnt whole or not at all; after
    /// an error, learning all of them again is right: what was learnt is not counted twice. On SQLite the work is done on
    /// this thread, as that of all calls about history: milliseconds, or as long as the disk takes.
    ///
    /// # Errors
    /// [`StoreError::Gone`], [`StoreError::Full`], [`StoreError::Busy`]; [`StoreError::Limit`] for a lesson without a
    /// record.
    pub async fn learn(&self, lessons: &[Lesson]) -> Result<Learnt, StoreError> {
        let (mut cut, mut out) = (BTreeSet::new(), Learnt::default());
        for batch in lessons.chunks(limits::BATCH_MAX) {
            let bounded: Vec<Lesson> = batch.iter().map(|lesson| canonical(lesson, &mut cut)).collect();
            let missing = self.words.missing(&bounded);
            if !missing.is_empty() {
                self.words.note(transact!(self, begin_history, |tx, _salt| tx.words(&missing).await)?);
            }
            let planned = bounded
                .iter()
                .map(|lesson| Planned::new(lesson, self.salt(), &self.words, &mut cut))
                .collect::<Result<Vec<_>, _>>()?;
            let new = transact!(self, begin_history, |tx, salt| work::learn(&mut tx, &planned, salt).await)?;
            out.new += new;
            out.known += u64::try_from(batch.len()).unwrap_or_default().saturating_sub(new);
        }
        out.cut = cut.into_iter().collect();
        Ok(out)
    }

    /// Which of these records have been learnt, in their order; also those of malicious messages, which taught nothing.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn knows(&self, records: &[String]) -> Result<Vec<bool>, StoreError> {
        let mut out = Vec::with_capacity(records.len());
        for batch in records.chunks(limits::BATCH_MAX) {
            let batch: Vec<String> = batch.iter().map(|record| clip(record)).collect();
            let found = transact!(self, begin_history, |tx, _salt| tx.known(&batch).await)?;
            out.extend(batch.iter().map(|record| found.contains(record)));
        }
        Ok(out)
    }

    /// Answers everything that one verdict wants to know: one round trip on PostgreSQL, one transaction on SQLite, on
    /// this thread.
    ///
    /// # Errors
    /// [`StoreError::Gone`] above all; the verdict then names a gap.
    pub async fn recall(&self, questions: &Questions) -> Result<Answers, StoreError> {
        let all = async {
            let mut tries = 1;
            loop {
                let result = match &self.engine {
                    Engine::Sqlite(db) => db.recall(questions).await,
                    Engine::Postgres(db) => db.recall(questions).await,
                };
                match result {
                    Err(error) if self.again(&error, tries) => tries += 1,
                    other => break other,
                }
            }
        };
        self.within(limits::RECALL_MS_MAX, all).await
    }

    /// Takes back what these records taught and removes them, with what was said about them.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn forget(&self, records: &[String]) -> Result<Forgotten, StoreError> {
        let records: Vec<String> = records.iter().map(|r| clip(r)).collect();
        let mut out = Forgotten::default();
        for batch in records.chunks(limits::BATCH_MAX) {
            let done = transact!(self, begin_history, |tx, _salt| work::forget(&mut tx, batch).await)?;
            out.forgotten += done.forgotten;
            out.unknown += done.unknown;
        }
        Ok(out)
    }

    /// Notes what `by` thinks of a message since `at`. Opinions are only added; the last one counts. A malicious message
    /// is taken back, and learnt again when a later opinion says otherwise.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn opine(
        &self,
        record: &str,
        opinion: Opinion,
        by: &str,
        at: i64,
    ) -> Result<Opined, StoreError> {
        let (record, by) = (clip(record), clip(by));
        let said = Said { record: &record, at, opinion, by: &by };
        transact!(self, begin_history, |tx, _salt| work::opine(&mut tx, said).await)
    }

    /// Records of messages with this id of this author, and what is thought of them, the newest first, at most
    /// [`limits::COPIES_MAX`]: whoever has a message in hand finds what it was learnt as. Id and author are as in a
    /// [`Lesson`].
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn records_of(
        &self,
        message_id: &str,
        sender: &str,
    ) -> Result<Vec<(String, Opinion)>, StoreError> {
        if message_id.is_empty() {
            return Ok(Vec::new());
        }
        let sender = clip(sender);
        let rows = transact!(self, begin_history_reading, |tx, salt| tx
            .copies(salt.key(message_id), &sender)
            .await)?;
        Ok(rows.into_iter().map(|(record, opinion)| (record, Opinion::from_number(opinion))).collect())
    }

    /// Removes what is too old at `now`, a bounded amount of it; [`Swept::more`] asks for another call.
    ///
    /// # Errors
    /// As [`Store::learn`], and those of [`Bytes::delete`].
    pub async fn sweep(
        &self,
        now: i64,
        retention: &Retention,
        bytes: Option<&Bytes>,
    ) -> Result<Swept, StoreError> {
        let mut out = Swept::default();
        let old = cutoff(now, retention.tick_days);
        out.more |= self.walk(Table::Tick, old, &mut out.ticks).await?;
        let old = cutoff(now, retention.message_days);
        let mut done = false;
        for _ in 0..limits::SWEEP_STEPS {
            let (removed, end) =
                transact!(self, begin_history, |tx, _salt| sweep::messages(&mut tx, old).await)?;
            // SQLite works on this thread: others get it between two steps.
            tokio::task::yield_now().await;
            out.messages += removed;
            done = end;
            if done {
                break;
            }
        }
        out.more |= !done;
        // What a stored message taught can be taken back: its traits stay as long as it does.
        let old = cutoff(now, retention.trait_days.max(retention.message_days));
        out.more |= self.walk(Table::Trait, old, &mut out.traits).await?;
        if let Some(bytes) = bytes {
            let by_class =
                retention.object_days.iter().filter(|(class, _)| *class != quarantine::steps::CLASS);
            for (class, days) in by_class {
                self.sweep_objects(bytes, class, cutoff(now, *days), &mut out).await?;
            }
        }
        Ok(out)
    }

    /// Walks through a table; returns whether there is more.
    async fn walk(&self, table: Table, cutoff: i64, removed: &mut u64) -> Result<bool, StoreError> {
        for _ in 0..limits::SWEEP_STEPS {
            let (rows, end) =
                transact!(self, begin_history, |tx, _salt| sweep::step(&mut tx, table, cutoff).await)?;
            tokio::task::yield_now().await;
            *removed += rows;
            if end {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads everything and tells what does not fit together. Takes minutes on a large history.
    ///
    /// # Errors
    /// As [`Store::recall`]; what is found wrong is no error but the answer.
    pub async fn check(&self) -> Result<Checked, StoreError> {
        match &self.engine {
            Engine::Sqlite(db) => check::sqlite(&mut db.begin_reading().await?).await,
            Engine::Postgres(db) => check::postgres(&mut db.begin().await?).await,
        }
    }

    /// Closes all connections and waits until they are closed.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(db) => db.close().await,
            Engine::Postgres(db) => db.close().await,
        }
    }

    /// Notes what the error says about the connections, and tells whether to try again.
    fn again(&self, error: &StoreError, tries: u32) -> bool {
        if let (true, Engine::Postgres(db)) = (error.unreachable(), &self.engine) {
            db.doubt();
        }
        if error.no_connection() {
            self.breaker.note();
        }
        error.passing() && tries < limits::TRIES_MAX
    }

    /// The call, if the database was not gone a moment ago, and not for longer than this.
    async fn within<T>(
        &self,
        ms: u64,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.breaker.open() {
            metrics::counter!("sekisho_store_errors_total", "kind" => "gone").increment(1);
            return Err(StoreError::Gone("it was gone a moment ago".to_owned()));
        }
        let result = match tokio::time::timeout(Duration::from_millis(ms), call).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Gone(format!("no answer within {ms} ms"))),
        };
        if let Err(error) = &result {
            metrics::counter!("sekisho_store_errors_total", "kind" => error.kind()).increment(1);
        }
        result
    }

    /// Whether SQLite is being filled: it does not wait for the disk and takes two gigabytes of memory. Only for
    /// benchmarks, whose file may be thrown away.
    ///
    /// # Errors
    /// As [`Store::learn`].
    #[doc(hidden)]
    pub async fn filling(&self, filling: bool) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Sqlite(db) => db.filling(filling).await,
            Engine::Postgres(_) => Ok(()),
        }
    }

    /// How SQLite waits for the disk at a commit, in durable transactions and others (`PRAGMA synchronous`).
    #[cfg(test)]
    pub(crate) async fn synchronous(&self) -> Result<(i64, i64), StoreError> {
        match &self.engine {
            Engine::Sqlite(db) => db.synchronous().await,
            Engine::Postgres(_) => Err(StoreError::Refused("no such setting".to_owned())),
        }
    }

    /// Makes the disk of a SQLite store as small as that many pages.
    #[cfg(test)]
    pub(crate) async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Sqlite(db) => db.limit_pages(pages).await,
            Engine::Postgres(_) => Err(StoreError::Refused("no pages to limit".to_owned())),
        }
    }
}
