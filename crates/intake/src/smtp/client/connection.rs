//! One connection to the next hop: greeting, extensions, and the commands of a transaction.

use std::{net::SocketAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls_pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::{Hop, Letter, Login, Tls, Trouble, Waits};
use crate::{
    limits::{
        SMTP_HOP_ADDRESSES_MAX, SMTP_RECIPIENT_BATCH_MAX, SMTP_REPLY_LINE_BYTES_MAX, SMTP_RESET_SECONDS_MAX,
    },
    smtp::{
        command::{Parameter, Path},
        data::Stuffer,
        origin::Origin,
        reply::{Assembler, Reply},
        wire::{Broken, Line, Wire, boxed},
    },
};

/// Bytes of a message that are sent at once.
const PIECE: usize = 64 << 10;

/// What the next hop offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offers {
    /// Several commands at once.
    pipelining: bool,
    /// `SIZE`: the largest message, where it says so.
    size: Option<Option<u64>>,
    /// `8BITMIME`.
    eight_bit: bool,
    /// `SMTPUTF8`.
    smtputf8: bool,
    /// `DSN`.
    dsn: bool,
    /// `STARTTLS`.
    starttls: bool,
    /// Mechanisms of `AUTH`, in upper case.
    auth: Vec<String>,
    /// Attributes of `XFORWARD`, in upper case.
    xforward: Vec<String>,
}

impl Offers {
    fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or_default() {
                "PIPELINING" => offers.pipelining = true,
                "SIZE" => {
                    offers.size =
                        Some(words.next().and_then(|size| size.parse().ok()).filter(|size| *size > 0))
                }
                "8BITMIME" => offers.eight_bit = true,
                "SMTPUTF8" => offers.smtputf8 = true,
                "DSN" => offers.dsn = true,
                "STARTTLS" => offers.starttls = true,
                "AUTH" => offers.auth.extend(words.map(str::to_owned)),
                "XFORWARD" => offers.xforward = words.map(str::to_owned).collect(),
                _ => {}
            }
        }
        offers
    }
}

/// How a message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The next hop answered, to DATA or to the end of the message.
    Answered(Reply),
    /// The connection broke before the end of the message was sent: the next hop does not have it.
    NotSent(Trouble),
    /// It broke afterwards: nobody knows.
    Unknown(Trouble),
}

/// A connection.
pub(crate) struct Connection {
    wire: Wire,
    offers: Offers,
    waits: Waits,
    /// Messages so far.
    pub(super) uses: u32,
    /// It was kept from an earlier message, so the next hop may have hung up meanwhile.
    pub(super) reused: bool,
    /// The next hop said that it hangs up.
    closing: bool,
    /// TLS has begun.
    secure: bool,
}

impl From<Broken> for Trouble {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Closed => Self::Closed,
            Broken::TimedOut => Self::TimedOut,
        }
    }
}

impl Connection {
    /// Connects and says who we are.
    pub(super) async fn open(hop: &Hop) -> Result<Self, Trouble> {
        let wire = Wire::new(boxed(tcp(hop).await?), hop.waits.block);
        let waits = hop.waits.clone();
        let mut connection = Self {
            wire,
            offers: Offers::default(),
            waits,
            uses: 0,
            reused: false,
            closing: false,
            secure: false,
        };
        let greeting = connection.reply(hop.waits.greeting).await?;
        if greeting.code != 220 {
            return Err(Trouble::Unwilling(greeting));
        }
        connection.hello(hop).await?;
        let mut connection = connection.secured(hop).await?;
        if let Some(login) = &hop.login {
            connection.log_in(hop, login).await?;
        }
        Ok(connection)
    }

    /// Says who we are (RFC 4954), where nobody can listen.
    async fn log_in(&mut self, hop: &Hop, login: &Login) -> Result<(), Trouble> {
        if !self.secure && !is_here(&hop.host) {
            return Err(Trouble::Login("a password goes over TLS only".into()));
        }
        let offers = |mechanism: &str| self.offers.auth.iter().any(|offered| offered == mechanism);
        let reply = if offers("PLAIN") {
            let words = STANDARD.encode(format!("\0{}\0{}", login.user, login.password));
            self.command(&format!("AUTH PLAIN {words}")).await?
        } else if offers("LOGIN") {
            let mut reply = self.command("AUTH LOGIN").await?;
            for word in [&login.user, &login.password] {
                if reply.code != 334 {
                    break;
                }
                reply = self.command(&STANDARD.encode(word)).await?;
            }
            reply
        } else {
            return Err(Trouble::Login("it offers neither AUTH PLAIN nor AUTH LOGIN".into()));
        };
        if reply.code == 235 { Ok(()) } else { Err(Trouble::Login(reply.to_string())) }
    }

    async fn hello(&mut self, hop: &Hop) -> Result<(), Trouble> {
        let reply = self.command(&format!("EHLO {}", hop.helo)).await?;
        if reply.is_positive() {
            self.offers = Offers::read(&reply);
            return Ok(());
        }
        if !reply.is_permanent() {
            return Err(Trouble::Unwilling(reply));
        }
        let reply = self.command(&format!("HELO {}", hop.helo)).await?;
        if reply.is_positive() { Ok(()) } else { Err(Trouble::Unwilling(reply)) }
    }

    async fn secured(mut self, hop: &Hop) -> Result<Self, Trouble> {
        let (config, required) = match &hop.tls {
            Tls::Never => return Ok(self),
            Tls::Offered(config) => (config, false),
            Tls::Required(config) => (config, true),
        };
        let willing = self.offers.starttls && self.command("STARTTLS").await?.is_positive();
        if !willing {
            return if required { Err(Trouble::Tls("not offered".into())) } else { Ok(self) };
        }
        let name = ServerName::try_from(hop.host.clone()).map_err(|_| Trouble::Tls("no name".into()))?;
        let connecting =
            TlsConnector::from(std::sync::Arc::clone(config)).connect(name, self.wire.into_stream());
        let stream = match tokio::time::timeout(hop.waits.tls, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Trouble::Tls(error.to_string())),
            Err(_) => return Err(Trouble::TimedOut),
        };
        self.wire = Wire::new(boxed(stream), hop.waits.block);
        self.secure = true;
        self.offers = Offers::default();
        self.hello(hop).await?;
        Ok(self)
    }

    /// It was kept from an earlier message.
    pub(crate) fn is_reused(&self) -> bool {
        self.reused
    }

    /// Nothing was said and nobody hung up.
    pub(super) fn is_quiet(&mut self) -> bool {
        !self.closing && !self.wire.hung_up() && !self.wire.has_input()
    }

    async fn reply(&mut self, time: Duration) -> Result<Reply, Trouble> {
        let mut assembler = Assembler::default();
        let deadline = tokio::time::Instant::now() + time;
        loop {
            let rest = deadline.saturating_duration_since(tokio::time::Instant::now());
            let line = match self.wire.line(SMTP_REPLY_LINE_BYTES_MAX, rest).await? {
                Line::Whole(line) | Line::Bare(line) => line,
                Line::TooLong => return Err(Trouble::Nonsense),
            };
            if let Some(reply) = assembler.line(&line).map_err(|_| Trouble::Nonsense)? {
                self.closing |= reply.code == 421;
                return Ok(reply);
            }
        }
    }

    fn put(&mut self, command: &str) {
        self.wire.output.extend_from_slice(command.as_bytes());
        self.wire.output.extend_from_slice(b"\r\n");
    }

    async fn command(&mut self, command: &str) -> Result<Reply, Trouble> {
        self.put(command);
        self.reply(self.waits.command).await
    }

    /// Several commands, at once where the next hop wants that.
    async fn commands(&mut self, commands: &[String]) -> Result<Vec<Reply>, Trouble> {
        let mut replies = Vec::with_capacity(commands.len());
        let step = if self.offers.pipelining { SMTP_RECIPIENT_BATCH_MAX } else { 1 };
        for batch in commands.chunks(step) {
            batch.iter().for_each(|command| self.put(command));
            for _ in batch {
                replies.push(self.reply(self.waits.command).await?);
            }
        }
        Ok(replies)
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// The connection broke.
    pub(crate) async fn mail(&mut self, from: &Path, origin: Option<&Origin>) -> Result<Reply, Trouble> {
        self.uses += 1;
        let Some(mail) = self.mail_command(from, None) else { return Ok(no_smtputf8()) };
        let mut commands = self.xforward(origin);
        commands.push(mail);
        let last = self.commands(&commands).await?.pop();
        last.ok_or(Trouble::Nonsense)
    }

    /// Asks for recipients; as many replies as recipients.
    ///
    /// # Errors
    /// The connection broke.
    pub(crate) async fn rcpt(&mut self, to: &[Path]) -> Result<Vec<Reply>, Trouble> {
        let commands: Vec<String> = to.iter().map(|to| self.rcpt_command(to)).collect();
        self.commands(&commands).await
    }

    /// A whole envelope, in as few steps as the next hop allows. One reply a recipient; where the sender was refused, each
    /// is that.
    pub(super) async fn envelope(&mut self, letter: &Letter<'_>) -> Result<Vec<Reply>, Trouble> {
        self.uses += 1;
        let Some(mail) = self.mail_command(letter.from, Some(letter.message.len())) else {
            return Ok(vec![no_smtputf8(); letter.to.len()]);
        };
        let mut commands = self.xforward(letter.origin);
        let before = commands.len();
        commands.push(mail);
        commands.extend(letter.to.iter().map(|to| self.rcpt_command(to)));
        let mut replies = self.commands(&commands).await?.into_iter().skip(before);
        match replies.next() {
            Some(mail) if mail.is_positive() => Ok(replies.collect()),
            Some(mail) => Ok(vec![mail; letter.to.len()]),
            None => Err(Trouble::Nonsense),
        }
    }

    fn xforward(&self, origin: Option<&Origin>) -> Vec<String> {
        origin.map(|origin| origin.xforward(&self.offers.xforward)).unwrap_or_default()
    }

    fn mail_command(&self, from: &Path, size: Option<usize>) -> Option<String> {
        let mut command = format!("MAIL FROM:<{}>", from.address);
        for parameter in &from.parameters {
            let known = match parameter.name.as_str() {
                "BODY" => self.offers.eight_bit,
                "RET" | "ENVID" => self.offers.dsn,
                "SMTPUTF8" if !self.offers.smtputf8 => return None,
                "SMTPUTF8" => true,
                "SIZE" => self.offers.size.is_some() && size.is_none(),
                _ => false,
            };
            if known {
                command.push_str(&worded(parameter));
            }
        }
        if let Some(size) = size.filter(|_| self.offers.size.is_some()) {
            command.push_str(&format!(" SIZE={size}"));
        }
        Some(command)
    }

    fn rcpt_command(&self, to: &Path) -> String {
        let mut command = format!("RCPT TO:<{}>", to.address);
        let known =
            to.parameters.iter().filter(|parameter| matches!(parameter.name.as_str(), "NOTIFY" | "ORCPT"));
        known.filter(|_| self.offers.dsn).for_each(|parameter| command.push_str(&worded(parameter)));
        command
    }

    /// Sends the message, after at least one recipient was accepted.
    pub(crate) async fn data(&mut self, message: &[u8]) -> Ended {
        self.put("DATA");
        match self.reply_to_data().await {
            Ok(None) => {}
            Ok(Some(reply)) => return Ended::Answered(reply),
            Err(trouble) => return Ended::NotSent(trouble),
        }
        let mut stuffer = Stuffer::default();
        for piece in message.chunks(PIECE) {
            stuffer.write(piece, &mut self.wire.output);
            if self.wire.output.len() >= PIECE
                && let Err(broken) = self.wire.flush().await
            {
                return Ended::NotSent(broken.into());
            }
        }
        if let Err(broken) = self.wire.flush().await {
            return Ended::NotSent(broken.into());
        }
        stuffer.finish(&mut self.wire.output);
        match self.reply(self.waits.end).await {
            Ok(reply) => Ended::Answered(reply),
            Err(trouble) => Ended::Unknown(trouble),
        }
    }

    /// `None`: the message may be sent.
    async fn reply_to_data(&mut self) -> Result<Option<Reply>, Trouble> {
        // `354` is no end of anything, so it stands outside what a reply may be elsewhere.
        let reply = self.reply(self.waits.data).await?;
        match reply.code {
            354 => Ok(None),
            400..=599 => Ok(Some(reply)),
            _ => Err(Trouble::Nonsense),
        }
    }

    /// Ends a transaction; true when the next hop agreed soon: somebody waits for an answer.
    pub(super) async fn reset(&mut self) -> bool {
        if self.closing {
            return false;
        }
        self.put("RSET");
        let wait = self.waits.command.min(Duration::from_secs(SMTP_RESET_SECONDS_MAX));
        self.reply(wait).await.is_ok_and(|reply| reply.is_positive())
    }

    /// Says goodbye; does not wait long for an answer.
    pub(crate) async fn quit(mut self) {
        if !self.closing && !self.wire.hung_up() {
            self.put("QUIT");
        }
        self.wire.close().await;
    }
}

fn no_smtputf8() -> Reply {
    Reply::new(550, "5.6.7 The next server takes no internationalised addresses")
}

/// A parameter as it is written, with its blank.
pub(super) fn worded(parameter: &Parameter) -> String {
    match &parameter.value {
        Some(value) => format!(" {}={value}", parameter.name),
        None => format!(" {}", parameter.name),
    }
}

/// The next hop is this machine: nobody in between listens.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

async fn tcp(hop: &Hop) -> Result<TcpStream, Trouble> {
    let unreachable = |error: std::io::Error| Trouble::Unreachable(error.to_string());
    let lookup = tokio::time::timeout(hop.waits.connect, lookup_host((hop.host.as_str(), hop.port)));
    let found = lookup.await.map_err(|_| Trouble::Unreachable("no answer to its name".into()))?;
    let addresses: Vec<SocketAddr> = found.map_err(unreachable)?.take(SMTP_HOP_ADDRESSES_MAX).collect();
    let mut last = Trouble::Unreachable("it has no address".into());
    for address in addresses {
        match tokio::time::timeout(hop.waits.connect, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = unreachable(error),
            Err(_) => last = Trouble::Unreachable("no answer".into()),
        }
    }
    Err(last)
}
