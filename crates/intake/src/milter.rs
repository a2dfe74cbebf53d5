//! The milter intake: Postfix, Sendmail and their kin ask about every message before they take it.
//!
//! Our own server of the milter protocol, version 6, for versions 2 and later. [`serve`] takes connections of mail
//! servers, puts each message together byte for byte as the mail server has it, hands it to the
//! [`Gatekeeper`](sekisho_engine::gate::Gatekeeper) and carries out what comes back:
//!
//! * `codec`: frames; `negotiate`: abilities of both sides; `session`: the dialogue as a state machine without sockets;
//! * `letter`: the message on its way in, with the limits; `outcome`: decisions as one answer of the protocol (the table
//!   there says which); `changes`: changed header fields and bodies in frames; `server`: sockets, clocks, stopping.
//!
//! A message is acknowledged when the mail server has it (it stays its own) or when the gate said that it is held.
//! When we cannot answer, the mail server does what *it* is told to: `milter_default_action = tempfail` in Postfix, `F=T`
//! in Sendmail, loses nothing.
//!
//! **Limits.** Of a message over the limit of bytes or of header fields the beginning is judged; it can be delivered with
//! our header fields, redirected, refused or deferred, and whatever needs all of it is refused (`552 5.3.4`). A message
//! with too many recipients is refused (`452 4.5.3`), one for which there is no room beside others is put off
//! (`451 4.3.2`). Connections over the limit wait in the system's queue. While the gate takes its time the mail server is
//! told every few seconds that we still work; while messages wait for the gate nothing else is read from their
//! connections.
//!
//! **Postfix.** `smtpd_milters = inet:127.0.0.1:PORT` or `unix:/path`, `non_smtpd_milters` the same,
//! `milter_default_action = tempfail`. Recipients are split, header fields are exact with their blanks. With any milter,
//! Postfix itself keeps 60,000 bytes of a header field; what is judged is what is delivered. For each recipient that is
//! taken away it looks through all of them: most of 10,000 takes it minutes (`smtpd_recipient_limit` is 1,000 unless told).

pub mod changes;
pub mod codec;
pub mod letter;
pub mod negotiate;
pub mod outcome;
mod server;
pub mod session;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use server::{Listener, serve};

use crate::limits;

/// How the intake works. The defaults are the limits.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bytes of a message that are kept and judged.
    pub message_bytes_max: usize,
    /// Bytes of all messages at one time; each byte of a message counts twice.
    pub flight_bytes_max: usize,
    /// Connections at one time.
    pub connections_max: usize,
    /// Between two signs that we still work on a message.
    pub progress: Duration,
    /// How long the gate may take, whatever it promises.
    pub gate: Duration,
    /// How long a connection may be without a frame: as long as clients may be silent, and longer.
    pub idle: Duration,
    /// How long a frame that was begun, and the reading of a reply, may take.
    pub piece: Duration,
    /// How long messages under way get when the service stops.
    pub stop: Duration,
    /// Seconds since 1970, now.
    pub clock: fn() -> i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            message_bytes_max: limits::MILTER_MESSAGE_BYTES_MAX,
            flight_bytes_max: limits::MILTER_FLIGHT_BYTES_MAX,
            connections_max: limits::MILTER_CONNECTIONS_MAX,
            progress: Duration::from_secs(limits::MILTER_PROGRESS_SECONDS),
            gate: Duration::from_secs(limits::MILTER_GATE_SECONDS_MAX),
            idle: Duration::from_secs(limits::MILTER_IDLE_SECONDS_MAX),
            piece: Duration::from_secs(limits::MILTER_PIECE_SECONDS_MAX),
            stop: Duration::from_secs(limits::MILTER_STOP_SECONDS_MAX),
            clock: now,
        }
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
