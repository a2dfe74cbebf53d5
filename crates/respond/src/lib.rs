//! What happens after the dialogue: people are told of what is held for them, and of answers to their requests.
//!
//! # From held to told
//!
//! 1. [`Telling::digests`] asks the store for whom something is held that they were not told of, and writes one effect
//!    a recipient into the outbox, in the transaction that marks it as told. [`Telling::answers`] and
//!    [`Telling::requests`] do the same for answers and for new requests. All of them may be called as often, and on as many nodes, as
//!    one likes.
//! 2. Whoever carries out the outbox asks [`Telling::letter`] for the mail that an effect is. It is written then, from
//!    what is held then: what was released meanwhile is left out, and where nothing is left there is no mail. Message-ID
//!    and date are those of the effect, so a mail that goes out twice after a crash is the same one.
//!
//! # What strangers wrote
//!
//! Subject, names and addresses come from whoever sent the held message. They are shown as one line without control,
//! direction and invisible characters, cut, and so that no mail program makes a link of them ([`safe`]). The only links
//! of a mail are ours.
//!
//! # Who gets mail
//!
//! Addresses of the organisation's domains, and nobody else. Mail goes out under the null reverse path and says that a
//! program wrote it (RFC 3834, RFC 2919), so nothing answers it by itself.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod digest;
mod letter;
pub mod limits;
mod notice;
mod page;
pub mod safe;
pub mod schedule;
mod telling;
mod words;

pub use letter::Letter;
pub use schedule::{Clock, Every};
pub use telling::{KINDS, Settings, Telling, Trouble, owns};
