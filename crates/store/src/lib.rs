//! What is remembered: history in SQLite (the default, one file) or PostgreSQL, message bytes in an object store.
//!
//! # What is remembered
//!
//! [`Lesson`](sekisho_record::history::Lesson)s: one for each message, made by the facets from its evidence. The store
//! knows no mail. It knows subjects with traits and ticks, threads and text hashes
//! (`crates/record/src/history.rs`), so a facet that wants to remember something new changes nothing here.
//!
//! | what | how | for how long ([`Retention`]) |
//! |---|---|---|
//! | trait: subject, aspect, value | a count, first and last time | years after it was last seen |
//! | total: subject, aspect | count, number of different values, first and last time | as long as its traits |
//! | tick: subject, kind, time, value | one row each, counted in windows | weeks |
//! | message | thread, sender, participants, keys of its id and subject, its lesson in keys, what is thought of it | two years |
//! | text hashes | to find the message that somebody quotes | as long as their message |
//! | aliases | other names of its conversation (Outlook's Thread-Index), in keys | as long as their message |
//! | opinions | appended, never changed | as long as their message |
//! | message bytes | compressed, encrypted, by content | by class of message |
//! | held mail, who was told of it, requests, lockdowns, audit, outbox | see `quarantine.rs` | [`HeldRetention`] |
//!
//! # What is not
//!
//! * No text of a message: sixteen hashes of pieces of it, and what the facets write as values (addresses, display
//!   names, host names).
//! * No names of subjects, message ids, aliases and subject lines: 64 bits of a hash under a salt that each database makes for
//!   itself. Whoever asks knows the name.
//! * Nothing of a malicious message but the opinion and lasting ticks: it teaches nothing, and what it taught before it
//!   was found out is taken back ([`Store::opine`]). The last time then is that of the message before it, or of the
//!   first one if two of the latest are taken back; the first time stays.
//!
//! # Threads
//!
//! A message belongs to the thread of the message that it answers, if that is known; of several in different threads to
//! the one that began first; else it begins its own. A copy with the same message id belongs to the same thread. A
//! message that comes before the one it answers begins a thread of its own and stays there. A message of which no parent
//! is known joins the thread of one with the same alias where both have the same subject and somebody beside its author
//! took part in both, or its author in the other: an alias can be copied into any mail, and mail with nothing in common
//! stays apart. Where these differ, the alias still finds the stored message; belonging is more than being compared. Belonging gives no trust:
//! the facets measure a message against its thread.
//!
//! # What can be relied on
//!
//! * A record teaches once, whoever learns it how often ([`Store::learn`] is one transaction a batch): after a crash or an
//!   error, learn again what was not acknowledged.
//! * Reads and writes take O(log n) of what is stored: every question is a walk down an index with a limit on what is
//!   read (`limits.rs`); an answer that was cut says so.
//! * A verdict need not wait for learning: [`Writer`] accepts lessons and learns what waits together, in order.
//! * What one verdict wants is one call, [`Store::recall`], about one moment: one statement and round trip on PostgreSQL,
//!   small statements in one transaction on SQLite, on the thread that asks.
//! * When the database is away, calls fail with [`StoreError::Gone`], for a moment at once, and work again by themselves
//!   when it is back. Verdicts go on and name a gap.
//! * Nodes may open, migrate, learn and sweep at the same time.
//!
//! # For whoever runs it
//!
//! * **Where.** `history.db` in the data folder, with `history.db-wal` and `-shm` beside it while it is in use; only its
//!   owner may read it. Or, for several nodes, `url = "postgres://USER:PASSWORD@HOST/DATABASE"` below `[store]`:
//!   `CREATE ROLE sekisho LOGIN PASSWORD '…'; CREATE DATABASE sekisho OWNER sekisho ENCODING 'UTF8';` is all that
//!   PostgreSQL (14 or later) needs. Tables are made at the first start, in the schema `sekisho`, and brought up to date by
//!   each new version; an older version refuses a newer database.
//! * **How large.** Some 1.4 kB a message in SQLite: 10,000 messages a day are 10 GB after two years, and then as many go as
//!   come. `make bench` measures it.
//! * **How long.** [`Store::sweep`] removes what is too old in small steps ([`Retention`]); run it daily. SQLite uses the
//!   room again and does not give it back to the disk; `VACUUM` does.
//! * **Key file.** Message bytes are encrypted with 32 random bytes ([`Key::create`]), for their owner only. Without that
//!   file they are lost; whoever has it and the objects reads them. Keep a copy in another place. History needs no key.
//!   A store remembers the fingerprint of its key and takes no other ([`Store::claim`]).
//! * **Back-up.** SQLite: `sqlite3 history.db ".backup COPY"` while it is in use, or copy all three files while it is not.
//!   PostgreSQL: `pg_dump --schema=sekisho`. Either is whole by itself. Objects are never changed, so any copy will do,
//!   taken after the database's.
//! * **Held mail.** Its bytes are objects and nowhere else: a copy of the database without the objects and the key file
//!   brings nothing back. Object store and database wait for the disk before a message counts as held. Subjects, addresses
//!   and the line that says why it is held stand in the database as they are, to be searched; encrypt the disk where
//!   that is not wanted. [`Store::sweep_held`] removes what was held too long ([`HeldRetention`]); run it daily.
//! * **Full.** Calls that write fail with [`StoreError::Full`] and change nothing; verdicts go on and still recall. When
//!   there is room again, learning goes on by itself; `sekisho replay` adds what is missing and counts nothing twice.
//! * **Gone.** Verdicts name the gap `history` and go on. A database that is damaged or lost is removed and made anew
//!   from the archive with `sekisho replay`; until then senders look new.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod breaker;
mod bytes;
mod check;
mod error;
mod lesson;
pub mod limits;
mod look;
mod migrate;
mod plan;
mod postgres;
mod quarantine;
mod recall;
mod rights;
mod shared;
mod signing;
mod sqlite;
mod store;
mod sweep;
#[cfg(test)]
mod tests;
mod text;
mod ticket;
mod words;
mod work;
mod writer;

pub use bytes::{Bytes, Key, Sealed};
pub use check::Checked;
pub use error::StoreError;
pub use look::{Looked, look};
pub use quarantine::{
    Asked, By, HoldOutcome, Lifted, Outcome, Released, Reply,
    search::{Cursor, Filter, HeldItem, HeldPage},
    sweep::{HeldRetention, SweptHeld},
    telling::Untold,
};
pub use recall::thread_messages;
pub use rights::{Rights, may};
pub use signing::Signing;
pub use store::{AuditFilter, Forgotten, Generation, Keep, Kept, Learnt, Opined, Pulse, Span, Store};
pub use sweep::{Retention, Swept};
pub use ticket::{ANYBODY, Purpose, Ticket, Tickets, Void};
pub use writer::{Lost, Writer};
