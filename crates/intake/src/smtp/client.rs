//! The client: hands messages to one next hop, and says of each recipient what became of it.
//!
//! [`Client::send`] is the whole of it for who has a message (a release, a notice); the relay asks step by step on one
//! connection. Connections are kept and used again, within the limits of [`Hop`]. A connection that was kept and
//! turns out to be gone is replaced once, as long as the end of the message was not yet sent. After that nobody can know:
//! the outcome is [`Outcome::Unknown`], and whoever sends again may send twice.
//!
//! * `EHLO`, and `HELO` where that is refused; `STARTTLS` never, where offered, or always ([`Tls`]). `AUTH PLAIN` or
//!   `AUTH LOGIN` with a [`Login`], and then over TLS only, unless the next hop is this machine.
//! * `PIPELINING` where offered. `XFORWARD` where offered and there is something to tell.
//! * `BODY`, `SMTPUTF8`, `RET`, `ENVID`, `NOTIFY` and `ORCPT` go on as they came where the next hop knows them. `SIZE` is
//!   ours. A message that needs SMTPUTF8 is never sent to a hop without; eight bits are sent to a hop without 8BITMIME as
//!   they are, since changing them would break every signature. A hop without DSN gets none of its parameters.
//! * The bytes of the message are sent as they are, dots put in; an end of line that is not CRLF becomes CRLF, and a last
//!   line without end gets one.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustls::ClientConfig;
use tokio::time::Instant;

use super::{
    command::{Command, Path, parse},
    origin::Origin,
    reply::Reply,
};
use crate::limits;

mod connection;

pub(crate) use connection::{Connection, Ended};

/// When TLS is used.
#[derive(Clone, Default)]
pub enum Tls {
    /// Never: the next hop is on this machine, or the way to it is safe.
    #[default]
    Never,
    /// Where it is offered.
    Offered(Arc<ClientConfig>),
    /// Always; without it nothing is sent.
    Required(Arc<ClientConfig>),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "Never",
            Self::Offered(_) => "Offered",
            Self::Required(_) => "Required",
        })
    }
}

/// A name and a password for the next hop (RFC 4954). They are never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// How long the client waits (RFC 5321 4.5.3.2).
#[derive(Debug, Clone)]
pub struct Waits {
    /// For TCP, each address of the name.
    pub connect: Duration,
    /// For TLS to begin.
    pub tls: Duration,
    /// For the greeting: 5 minutes.
    pub greeting: Duration,
    /// For the answer to EHLO, MAIL, RCPT and RSET: 5 minutes.
    pub command: Duration,
    /// For the answer to DATA: 2 minutes.
    pub data: Duration,
    /// For a piece of the message to leave: 3 minutes.
    pub block: Duration,
    /// For the answer to the end of the message: 10 minutes.
    pub end: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            connect: Duration::from_secs(limits::SMTP_CONNECT_SECONDS_MAX),
            tls: Duration::from_secs(limits::SMTP_TLS_SECONDS_MAX),
            greeting: minutes(5),
            command: minutes(5),
            data: minutes(2),
            block: minutes(3),
            end: minutes(10),
        }
    }
}

/// A next hop.
#[derive(Debug, Clone)]
pub struct Hop {
    /// Its name or address; its addresses are tried one after the other.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What we call ourselves.
    pub helo: String,
    /// When TLS is used.
    pub tls: Tls,
    /// Who we are there, where it wants to know.
    pub login: Option<Login>,
    /// How long is waited.
    pub waits: Waits,
    /// Connections that are kept for the next message.
    pub idle_max: usize,
    /// How long one is kept.
    pub idle: Duration,
    /// Messages over one connection.
    pub uses_max: u32,
}

impl Hop {
    /// A hop at this place, without TLS, with the usual limits.
    pub fn new(host: impl Into<String>, port: u16, helo: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port,
            helo: helo.into(),
            tls: Tls::Never,
            login: None,
            waits: Waits::default(),
            idle_max: limits::SMTP_IDLE_CONNECTIONS_MAX,
            idle: Duration::from_secs(limits::SMTP_IDLE_SECONDS_MAX),
            uses_max: limits::SMTP_CONNECTION_USES_MAX,
        }
    }
}

/// Why a conversation with the next hop ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No connection; why, for logs.
    Unreachable(String),
    /// It greeted, or answered our name, with this.
    Unwilling(Reply),
    /// TLS is required and was not offered, or did not begin.
    Tls(String),
    /// It wants no such name and password, or there is no safe way to tell it.
    Login(String),
    /// It hung up.
    Closed,
    /// It took too long.
    TimedOut,
    /// What it said is no SMTP.
    Nonsense,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "not reachable: {why}"),
            Self::Unwilling(reply) => write!(f, "does not want to talk: {reply}"),
            Self::Tls(why) => write!(f, "no TLS: {why}"),
            Self::Login(why) => write!(f, "does not let us in: {why}"),
            Self::Closed => f.write_str("hung up"),
            Self::TimedOut => f.write_str("took too long"),
            Self::Nonsense => f.write_str("does not speak SMTP"),
        }
    }
}

impl Trouble {
    /// What the peer that waits for us may know of it.
    pub fn reply(&self) -> Reply {
        match self {
            Self::Unreachable(_) | Self::Unwilling(_) | Self::Login(_) => {
                Reply::new(451, "4.4.1 The next server cannot be reached, come again")
            }
            Self::Tls(_) => Reply::new(451, "4.7.5 The next server cannot be reached safely, come again"),
            Self::Closed | Self::TimedOut | Self::Nonsense => {
                Reply::new(451, "4.4.2 The next server did not answer, come again")
            }
        }
    }
}

/// A message and for whom it is.
#[derive(Debug, Clone)]
pub struct Letter<'a> {
    /// From whom; an empty address for notices.
    pub from: &'a Path,
    /// For whom.
    pub to: &'a [Path],
    /// Its bytes.
    pub message: &'a [u8],
    /// Where it came from first.
    pub origin: Option<&'a Origin>,
}

/// What became of the message for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The next hop has it.
    Accepted(Reply),
    /// Refused for good.
    Refused(Reply),
    /// Refused for now, or not asked because nobody was there; the reply is then ours.
    Later(Reply),
    /// The end of the message was sent and no answer came.
    Unknown(Trouble),
}

impl Outcome {
    /// What this reply to the end of a message, to RCPT or to MAIL means for whom it was for.
    pub fn of(reply: Reply) -> Self {
        if reply.is_positive() {
            Self::Accepted(reply)
        } else if reply.is_permanent() {
            Self::Refused(reply)
        } else {
            Self::Later(reply)
        }
    }

    /// The next hop has it.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }
}

/// A connection that waits for the next message.
struct Idle {
    connection: Connection,
    since: Instant,
}

/// A next hop and the connections to it.
pub struct Client {
    hop: Hop,
    idle: Mutex<Vec<Idle>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("hop", &self.hop).finish_non_exhaustive()
    }
}

impl Client {
    /// For this next hop. Nothing is connected yet.
    pub fn new(hop: Hop) -> Self {
        Self { hop, idle: Mutex::new(Vec::new()) }
    }

    /// The next hop.
    pub fn hop(&self) -> &Hop {
        &self.hop
    }

    /// A connection that was kept, or a new one.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub(crate) async fn open(&self) -> Result<Connection, Trouble> {
        while let Some(idle) = self.take() {
            let mut connection = idle.connection;
            if idle.since.elapsed() <= self.hop.idle && connection.is_quiet() {
                return Ok(connection);
            }
        }
        self.connect().await
    }

    /// A new connection.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub(crate) async fn connect(&self) -> Result<Connection, Trouble> {
        let connected = Connection::open(&self.hop).await;
        if let Err(trouble) = &connected {
            tracing::warn!(host = %self.hop.host, port = self.hop.port, %trouble, "next hop");
        }
        connected
    }

    fn take(&self) -> Option<Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Takes a connection back whose transaction is over.
    pub(crate) fn keep(&self, mut connection: Connection) {
        if self.hop.idle_max == 0 || connection.uses >= self.hop.uses_max || !connection.is_quiet() {
            return goodbye(connection);
        }
        connection.reused = true;
        let idle = Idle { connection, since: Instant::now() };
        let surplus = {
            let mut kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let stale = kept.first().is_some_and(|oldest| oldest.since.elapsed() > self.hop.idle);
            let surplus =
                (!kept.is_empty() && (stale || kept.len() >= self.hop.idle_max)).then(|| kept.remove(0));
            kept.push(idle);
            surplus
        };
        if let Some(old) = surplus {
            goodbye(old.connection);
        }
    }

    /// Ends the connections that are kept.
    pub async fn close(&self) {
        while let Some(idle) = self.take() {
            idle.connection.quit().await;
        }
    }

    /// Sends a message. The outcomes stand in the order of the recipients.
    pub async fn send(&self, letter: &Letter<'_>) -> Vec<Outcome> {
        if !written(letter.from) || !letter.to.iter().all(written) {
            let reply = Reply::new(501, "5.1.3 An address cannot be written");
            return vec![Outcome::Refused(reply); letter.to.len()];
        }
        let mut connection = match self.open().await {
            Ok(connection) => connection,
            Err(trouble) => return vec![Outcome::Later(trouble.reply()); letter.to.len()],
        };
        loop {
            let reused = connection.reused;
            match self.attempt(connection, letter).await {
                Ok(outcomes) => return outcomes,
                Err(trouble) if !reused => return vec![Outcome::Later(trouble.reply()); letter.to.len()],
                Err(_) => {}
            }
            connection = match self.connect().await {
                Ok(connection) => connection,
                Err(trouble) => return vec![Outcome::Later(trouble.reply()); letter.to.len()],
            };
        }
    }

    /// One try on one connection. An error: it broke before the end of the message was sent.
    async fn attempt(
        &self,
        mut connection: Connection,
        letter: &Letter<'_>,
    ) -> Result<Vec<Outcome>, Trouble> {
        let replies = connection.envelope(letter).await?;
        let accepted = replies.iter().any(Reply::is_positive);
        if !accepted {
            self.reset(connection).await;
            return Ok(replies.into_iter().map(Outcome::of).collect());
        }
        let end = match connection.data(letter.message).await {
            Ended::NotSent(trouble) => return Err(trouble),
            Ended::Unknown(trouble) => {
                tracing::warn!(host = %self.hop.host, port = self.hop.port, %trouble, "no answer to a message");
                Outcome::Unknown(trouble)
            }
            Ended::Answered(reply) => {
                self.keep(connection);
                Outcome::of(reply)
            }
        };
        let outcome = |reply: Reply| if reply.is_positive() { end.clone() } else { Outcome::of(reply) };
        Ok(replies.into_iter().map(outcome).collect())
    }

    /// Ends a transaction that came to nothing, and keeps the connection.
    pub(crate) async fn reset(&self, mut connection: Connection) {
        if connection.reset().await {
            self.keep(connection);
        }
    }
}

/// Says goodbye behind the back of who waits for an answer; it takes a second at most.
fn goodbye(connection: Connection) {
    tokio::spawn(connection.quit());
}

/// The path is what a peer would read out of it, so nothing of it can be another command.
fn written(path: &Path) -> bool {
    let mut line = format!("MAIL FROM:<{}>", path.address);
    for parameter in &path.parameters {
        line.push_str(&connection::worded(parameter));
    }
    matches!(parse(line.as_bytes()), Ok(Command::Mail(read)) if read == *path)
}
