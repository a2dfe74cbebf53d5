//! Held mail: holding, searching, asking, releasing, deleting, lockdowns and the audit.

use ring::rand::SecureRandom as _;
use sekisho_record::quarantine::{AuditEntry, Held, Lockdown, Request, Scope};

use super::{Engine, Store};
use crate::{
    Bytes, Sealed, StoreError, limits,
    quarantine::{
        Asked, By, HoldOutcome, Lifted, Outcome, Released, Reply, from_json, locks, requests,
        search::{self, Cursor, Filter, HeldItem, HeldPage},
        statements::Gate as _,
        steps,
        sweep::{self, HeldRetention, SweptHeld},
    },
    sweep::{Objects as _, cutoff},
    text::{clip, hex},
};
use std::time::Duration;

/// Which entries of the audit are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// On what: a record, a lockdown, …; empty for anything.
    pub on: String,
    /// By whom; empty for anybody.
    pub who: String,
}

/// Runs `$body` in a transaction that only reads: on SQLite nobody waits for it.
macro_rules! look {
    ($store:expr, |$tx:ident| $body:expr) => {
        transact!($store, begin_reading, |$tx, _salt| $body)
    };
}

/// Runs `$body` in a transaction that is on the disk when it returns.
macro_rules! durably {
    ($store:expr, |$tx:ident| $body:expr) => {
        transact!($store, begin_durably, |$tx, _salt| $body)
    };
}

impl Store {
    /// What makes a message the same one handed in again: SHA-256 over its bytes and its envelope (in any order of
    /// recipients), in hexadecimal digits.
    pub fn held_key(raw: &[u8], mail_from: &str, recipients: &[String]) -> String {
        let mut sorted: Vec<&str> = recipients.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        for part in std::iter::once(mail_from).chain(sorted) {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.update(&u64::MAX.to_be_bytes());
        context.update(raw);
        hex(context.finish().as_ref())
    }

    /// Holds a message: when this returns, it survives a power failure. `sealed` are the bytes that are kept, in any form
    /// that whoever reads them knows. The same [`Held::key`] within [`limits::HOLD_AGAIN_DAYS`] is the message that is
    /// held already. After an error, holding it again is right.
    ///
    /// # Errors
    /// As [`Store::learn`], and those of [`Bytes::put`]; [`StoreError::Limit`] over a limit that nothing can be cut at
    /// ([`limits::HELD_RECIPIENTS_MAX`], [`limits::ADDRESS_BYTES_MAX`]); [`StoreError::Refused`] when the object store does
    /// not wait for the disk, or the record is held with another key.
    pub async fn hold(&self, bytes: &Bytes, held: &Held, sealed: &Sealed) -> Result<HoldOutcome, StoreError> {
        if !bytes.synced() {
            return Err(StoreError::Refused("the object store does not wait for the disk".to_owned()));
        }
        let row = steps::planned(held, sealed.address())?;
        let size = i64::try_from(sealed.plain_bytes()).unwrap_or(i64::MAX);
        if let Some(record) = transact!(self, |tx, _salt| steps::known(&mut tx, &row, size).await)? {
            return Ok(HoldOutcome::Known { record });
        }
        let known = self.hold_noted(bytes, &row, size, sealed).await;
        if known.is_err() {
            self.take_back(bytes, &row.address).await;
        }
        Ok(known?.map_or(HoldOutcome::New, |record| HoldOutcome::Known { record }))
    }

    /// Writes the object, then the rest; looks whether a sweep has taken the object away in between.
    async fn hold_noted(
        &self,
        bytes: &Bytes,
        row: &crate::quarantine::statements::NewHeld,
        size: i64,
        sealed: &Sealed,
    ) -> Result<Option<String>, StoreError> {
        bytes.write(sealed).await?;
        durably!(self, |tx| async {
            tx.hold(&row.address).await?;
            tx.note_object(&row.address, steps::CLASS, row.at, size).await?;
            if !bytes.exists(&row.address).await? {
                bytes.write(sealed).await?;
            }
            steps::hold(&mut tx, row).await
        }
        .await)
    }

    /// What a message that could not be held has left behind goes at once; if that fails, too, with a sweep.
    async fn take_back(&self, bytes: &Bytes, address: &str) {
        let gone = transact!(self, |tx, _salt| sweep::orphan(&mut tx, bytes, address).await);
        if let Err(error) = gone {
            tracing::debug!(%error, "bytes of a message that is not held are left for a sweep");
        }
    }

    /// Searches what is held, newest first. Bounded: a page may be empty though there is a next one.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn held(
        &self,
        filter: &Filter,
        after: Option<Cursor>,
        size: usize,
    ) -> Result<HeldPage, StoreError> {
        let wanted = filter.wanted(after, size)?;
        look!(self, |tx| search::page(&mut tx, &wanted).await)
    }

    /// One held message; `None` if it is not held (any more).
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn held_record(&self, record: &str) -> Result<Option<HeldItem>, StoreError> {
        let record = clip(record);
        look!(self, |tx| search::one(&mut tx, &record).await)
    }

    /// Whether somebody may look at the bytes of a held message, and where they are. Noted in the audit.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn preview(&self, by: &By<'_>, record: &str) -> Result<Outcome<Held>, StoreError> {
        let record = clip(record);
        durably!(self, |tx| steps::preview(&mut tx, by, &record).await)
    }

    /// The campaign that a held message belongs to was found; false if it is not held.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn held_campaign(&self, record: &str, campaign: &str, now: i64) -> Result<bool, StoreError> {
        let record = clip(record);
        durably!(self, |tx| async {
            tx.shut().await?;
            steps::set_campaign(&mut tx, &record, campaign, now).await
        }
        .await)
    }

    /// Asks that a message be released for a recipient. Lockdowns do not forbid asking: requests wait. Whoever asks
    /// again is told the number of the request that waits.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn request_release(
        &self,
        by: &By<'_>,
        record: &str,
        recipient: &str,
        words: &str,
    ) -> Result<Outcome<Asked>, StoreError> {
        let record = clip(record);
        durably!(self, |tx| requests::ask(&mut tx, by, &record, recipient, words).await)
    }

    /// Answers a request, for the recipient that it is about.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn answer_request(
        &self,
        by: &By<'_>,
        request: i64,
        reply: Reply,
        words: &str,
    ) -> Result<Outcome<Released>, StoreError> {
        durably!(self, |tx| requests::answer(&mut tx, by, request, reply, words).await)
    }

    /// Requests behind this number, oldest first, at most [`limits::LIST_PAGE_MAX`]: those that wait, or all.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn requests(&self, waiting: bool, after: i64) -> Result<Vec<Request>, StoreError> {
        let rows = look!(self, |tx| tx.request_list(waiting, after, page()).await)?;
        Ok(rows.into_iter().map(requests::told).collect())
    }

    /// Requests for one message, oldest first, at most [`limits::LIST_PAGE_MAX`].
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn requests_for(&self, record: &str) -> Result<Vec<Request>, StoreError> {
        let record = clip(record);
        let rows = look!(self, |tx| tx.requests_for(&record, page()).await)?;
        Ok(rows.into_iter().map(requests::told).collect())
    }

    /// Releases a message for these recipients (none named: for all that wait; in the role of a recipient: for
    /// oneself). All of them or none. The effects stand in the outbox when this returns.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn release(
        &self,
        by: &By<'_>,
        record: &str,
        recipients: &[String],
        banner: bool,
    ) -> Result<Outcome<Released>, StoreError> {
        let record = clip(record);
        durably!(self, |tx| steps::release(&mut tx, by, &record, recipients, banner).await)
    }

    /// Ends the waiting of these recipients (none named: of all that wait) for good; tells for how many. The bytes go
    /// with a sweep, when nobody waits.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn delete(
        &self,
        by: &By<'_>,
        record: &str,
        recipients: &[String],
    ) -> Result<Outcome<u64>, StoreError> {
        let record = clip(record);
        durably!(self, |tx| steps::delete(&mut tx, by, &record, recipients).await)
    }

    /// Orders a lockdown, with the reason of `by`. From the moment that this returns, nobody releases what it covers, on
    /// any node.
    ///
    /// # Errors
    /// As [`Store::learn`]; [`StoreError::Limit`] for a lockdown of nothing, of more than
    /// [`limits::LOCKED_RECORDS_MAX`] records, or one that ends before it begins.
    pub async fn lock(
        &self,
        by: &By<'_>,
        scope: &Scope,
        until: Option<i64>,
    ) -> Result<Outcome<Lockdown>, StoreError> {
        let mut id = [0_u8; 8];
        ring::rand::SystemRandom::new()
            .fill(&mut id)
            .map_err(|_| StoreError::Refused("the system gives no random bytes".to_owned()))?;
        // One id for all tries of this call: a try whose answer was lost is not ordered twice.
        let planned = locks::planned(by, &format!("L{}", hex(&id)), scope, until)?;
        durably!(self, |tx| locks::lock(&mut tx, by, &planned).await)
    }

    /// Lifts a lockdown: the first administrator's wish is noted, a second one's, who is another, lifts it.
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn lift(&self, by: &By<'_>, id: &str) -> Result<Outcome<Lifted>, StoreError> {
        let id = clip(id);
        durably!(self, |tx| locks::lift(&mut tx, by, &id).await)
    }

    /// Lockdowns that hold at that time, the oldest first.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn locks(&self, now: i64) -> Result<Vec<Lockdown>, StoreError> {
        look!(self, |tx| locks::holding(&mut tx, now).await)
    }

    /// All lockdowns that there were, the newest first, [`limits::LIST_PAGE_MAX`] a page; with what the next page wants
    /// for `before`.
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn lockdowns(&self, before: Option<i64>) -> Result<(Vec<Lockdown>, Option<i64>), StoreError> {
        let before = before.unwrap_or(i64::MAX);
        look!(self, |tx| locks::page(&mut tx, before, page()).await)
    }

    /// Entries of the audit before this number, the newest first, at most [`limits::LIST_PAGE_MAX`].
    ///
    /// # Errors
    /// As [`Store::recall`].
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let (on, who, before) = (clip(&filter.on), clip(&filter.who), before.unwrap_or(i64::MAX));
        let rows = look!(self, |tx| tx.entries(&on, &who, before, page()).await)?;
        rows.into_iter().map(|(id, data)| Ok(AuditEntry { id, ..from_json(&data)? })).collect()
    }

    /// Adds an entry to the audit for something that was done elsewhere (a changed configuration, for example).
    ///
    /// # Errors
    /// As [`Store::learn`].
    pub async fn note(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let entry = crate::quarantine::bounded_entry(entry);
        durably!(self, |tx| tx.audit(&entry).await)
    }

    /// Removes what has been held too long at `now`, with its bytes, and bytes that nothing refers to; a bounded amount
    /// of it: [`SweptHeld::more`] asks for another call. Notes which lockdowns have ended.
    ///
    /// # Errors
    /// As [`Store::sweep`].
    pub async fn sweep_held(
        &self,
        now: i64,
        retention: &HeldRetention,
        bytes: &Bytes,
    ) -> Result<SweptHeld, StoreError> {
        let mut out = SweptHeld {
            expired: durably!(self, |tx| async {
                tx.shut().await?;
                locks::expire(&mut tx, now).await
            }
            .await)?,
            ..SweptHeld::default()
        };
        for class in [
            sekisho_record::Class::Benign,
            sekisho_record::Class::Suspicious,
            sekisho_record::Class::Malicious,
        ] {
            let waiting = retention.waiting_days.get(&class).map(|days| (true, *days));
            for (waiting, days) in waiting.into_iter().chain([(false, sweep::done_days(retention))]) {
                self.sweep_class(bytes, (class, waiting), cutoff(now, days), now, &mut out).await?;
            }
        }
        let old = now.saturating_sub(sweep::ORPHAN_S);
        let orphans = transact!(self, |tx, _salt| tx.orphans(steps::CLASS, old).await)?;
        out.more |= orphans.len() >= limits::SWEEP_ROWS;
        for address in &orphans {
            let gone = transact!(self, |tx, _salt| sweep::orphan(&mut tx, bytes, address).await)?;
            out.orphans += u64::from(gone);
        }
        if !out.more {
            out.torn = bytes.remove_torn(old).await?;
        }
        let (ended, audit) = (cutoff(now, sweep::done_days(retention)), cutoff(now, retention.audit_days));
        out.rows = transact!(self, |tx, _salt| tx.drop_old(ended, audit).await)?;
        out.more |= out.rows >= u64::try_from(limits::SWEEP_ROWS).unwrap_or(u64::MAX);
        Ok(out)
    }

    async fn sweep_class(
        &self,
        bytes: &Bytes,
        (class, waiting): (sekisho_record::Class, bool),
        cutoff: i64,
        now: i64,
        out: &mut SweptHeld,
    ) -> Result<(), StoreError> {
        let class = crate::quarantine::class_number(class);
        let old = transact!(self, |tx, _salt| tx.old_held(class, waiting, cutoff).await)?;
        out.more |= old.len() >= limits::SWEEP_ROWS;
        for record in &old {
            let address = durably!(self, |tx| sweep::one(&mut tx, record, waiting, now).await)?;
            if let Some(address) = address {
                out.held += 1;
                transact!(self, |tx, _salt| sweep::orphan(&mut tx, bytes, &address).await)?;
            }
        }
        Ok(())
    }
}

/// Rows of one page of a list.
fn page() -> i64 {
    i64::try_from(limits::LIST_PAGE_MAX).unwrap_or(i64::MAX)
}
