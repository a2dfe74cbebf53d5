//! An IMAP mailbox that is watched: every message that comes in is judged once.
//!
//! For mail that no server hands us: a mailbox at a provider, a shared mailbox, the mailbox that journal reports go to.
//!
//! ```text
//! SELECT ─▶ UID SEARCH from where we were ─▶ FETCH BODY.PEEK[] ─▶ gate ─▶ malicious: MOVE, or a keyword ─▶ place written
//!              ▲                                                                                            │
//!              └──────────────── IDLE says that something came, or the time to look again is over ◀─────────┘
//! ```
//!
//! **Once.** The place (UIDVALIDITY and the next UID, [`Place`]) is written to disk behind each message, when its record is
//! durable. Who is killed in between judges that message again, under the name that it had: a record is named by what the
//! message is, so it is learnt once. The same holds for all messages when UIDVALIDITY changes and old UIDs say nothing. At
//! the first start what lies in the folder already is left alone, unless [`Settings::existing`].
//!
//! **Untouched.** `BODY.PEEK` leaves `\Seen` as it is. Nothing is changed but what is malicious: it is moved where that is
//! set (`UID MOVE`, else `UID COPY`, `\Deleted` and `UID EXPUNGE`), else it gets the keyword [`KEYWORD`].
//!
//! **Nothing is lost.** A message whose record is not durable keeps its place, and those behind it wait; the connection
//! begins again with a pause that grows from [`limits::IMAP_PAUSE_SECONDS_MIN`](crate::limits::IMAP_PAUSE_SECONDS_MIN) to
//! [`limits::IMAP_PAUSE_SECONDS_MAX`](crate::limits::IMAP_PAUSE_SECONDS_MAX). A message over the limit of bytes is passed
//! over, which the log and a counter say. A message that is gone before it was read was somebody's.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use rustls::ClientConfig;

use crate::limits;

mod place;
mod session;
mod watch;

pub use place::{Place, name};
pub use watch::watch;

/// What malicious messages that are not moved are marked with.
pub const KEYWORD: &str = "$SekishoMalicious";

/// How the connection is secured.
#[derive(Clone)]
pub enum Tls {
    /// Not at all: the server is on this machine.
    Never,
    /// From the first byte (port 993).
    Always(Arc<ClientConfig>),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "Never",
            Self::Always(_) => "Always",
        })
    }
}

/// A password, which no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Which mailbox, and what is done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub tls: Tls,
    /// Who logs in.
    pub user: String,
    /// With what.
    pub password: Password,
    /// The folder.
    pub folder: String,
    /// Its messages are journal reports.
    pub report: bool,
    /// What is there at the first start is judged, too.
    pub existing: bool,
    /// Where malicious messages go; without it they stay, with a keyword.
    pub move_malicious_to: Option<String>,
    /// The file in which the place is kept; its folder exists.
    pub place: PathBuf,
    /// Bytes of a message.
    pub message_bytes_max: u32,
    /// How long it takes at most until it is looked again, where the server has no IDLE.
    pub poll: Duration,
    /// The same where it has.
    pub idle: Duration,
    /// What time it is, seconds since 1970.
    pub clock: fn() -> i64,
}

impl Settings {
    /// A mailbox with the usual limits.
    pub fn new(
        host: impl Into<String>,
        port: u16,
        tls: Tls,
        user: impl Into<String>,
        password: Password,
    ) -> Self {
        Self {
            host: host.into(),
            port,
            tls,
            user: user.into(),
            password,
            folder: "INBOX".to_owned(),
            report: false,
            existing: false,
            move_malicious_to: None,
            place: PathBuf::new(),
            message_bytes_max: limits::IMAP_MESSAGE_BYTES_MAX,
            poll: Duration::from_secs(limits::IMAP_POLL_SECONDS),
            idle: Duration::from_secs(limits::IMAP_IDLE_SECONDS),
            clock: crate::now,
        }
    }
}
