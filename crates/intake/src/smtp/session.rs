//! One connection of a client: its commands in turn, until it goes or has to.

use std::{net::IpAddr, sync::Arc};

use sekisho_record::Envelope;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::{
    client::Connection,
    command::{Command, Fault, Path, parse},
    data::{BareEnds, Ends},
    flight::Place,
    origin::{Origin, XCLIENT, XFORWARD},
    reply::Reply,
    serve::{Shared, wire},
    wire::{Broken, Duplex, Line, Wire, boxed},
};
use crate::limits::{
    SMTP_COMMAND_BYTES_MAX, SMTP_IDLE_COMMANDS_MAX, SMTP_OUTPUT_BYTES_MAX, SMTP_REFUSALS_MAX,
};

mod message;
mod transaction;

/// What the peer called itself.
struct Hello {
    name: String,
    extended: bool,
}

/// A message whose sender was taken.
struct Transaction {
    from: Path,
    /// It may have addresses beyond ASCII.
    utf8: bool,
    /// Recipients that were taken.
    to: Vec<Path>,
    /// Bytes of sender and recipients.
    bytes: usize,
    /// Room for them, where they are many.
    place: Place,
    /// The next hop, which was told the same so far; gone when it hung up.
    next: Option<Connection>,
    /// What came by BDAT so far.
    pieces: Option<Pieces>,
}

/// A message that comes by BDAT.
struct Pieces {
    raw: Vec<u8>,
    ends: Ends,
    place: Place,
    /// What the end will be answered, since something is wrong already.
    fault: Option<Reply>,
}

/// What comes after a command.
enum Then {
    /// The next command.
    Next,
    /// The connection ends.
    End,
    /// TLS begins.
    Secure,
}

/// The session.
pub(crate) struct Session {
    shared: Arc<Shared>,
    wire: Wire,
    peer: IpAddr,
    trusted: bool,
    secure: bool,
    stopped: watch::Receiver<bool>,
    hello: Option<Hello>,
    /// What XCLIENT said.
    client: Option<Origin>,
    /// What XFORWARD said of the next message.
    forward: Option<Origin>,
    transaction: Option<Transaction>,
    errors: u32,
    refusals: u32,
    /// Commands that moved no mail.
    idle: u32,
}

impl Session {
    pub(crate) fn new(
        shared: Arc<Shared>,
        stream: Box<dyn Duplex>,
        peer: IpAddr,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        Self {
            wire: wire(stream, &shared.settings),
            trusted: shared.settings.is_trusted(peer),
            peer: peer.to_canonical(),
            secure: false,
            stopped,
            hello: None,
            client: None,
            forward: None,
            transaction: None,
            errors: 0,
            refusals: 0,
            idle: 0,
            shared,
        }
    }

    /// Talks until one of both ends it.
    pub(crate) async fn run(mut self) {
        self.greet();
        while let Some(line) = self.line().await {
            let then = match self.obey(line).await {
                Ok(then) => then,
                Err(_) => Then::End,
            };
            match then {
                Then::Next if self.may_go_on() => {}
                Then::Next | Then::End => break,
                Then::Secure => match self.secured().await {
                    Some(secured) => self = secured,
                    None => return,
                },
            }
        }
        self.abandon().await;
        self.wire.close().await;
    }

    fn greet(&mut self) {
        self.say(Reply::new(220, format!("{} ESMTP", self.shared.settings.name)));
    }

    fn say(&mut self, reply: Reply) {
        // A journal report that is too large stays with the server that has it, where somebody sees it.
        let stays = reply.code == 552 && self.shared.settings.keeps();
        let reply = if stays { Reply::new(452, "4.3.4 The message is too large") } else { reply };
        reply.write(&mut self.wire.output);
    }

    /// Says what was wrong, and counts it.
    fn fault(&mut self, reply: Reply) -> Then {
        self.errors += 1;
        self.say(reply);
        Then::Next
    }

    /// False after saying goodbye to a peer that errs, tries names out, or only keeps us busy.
    fn may_go_on(&mut self) -> bool {
        let patient = self.errors < self.shared.settings.errors_max
            && self.refusals < SMTP_REFUSALS_MAX
            && self.idle < SMTP_IDLE_COMMANDS_MAX;
        if !patient {
            self.say(Reply::new(421, "4.7.0 Too many errors, goodbye"));
        }
        patient
    }

    /// The next line; `None` when nothing more is to be read.
    async fn line(&mut self) -> Option<Line> {
        if self.wire.output.len() > SMTP_OUTPUT_BYTES_MAX {
            self.wire.flush().await.ok()?;
        }
        let wait = self.shared.settings.waits.command;
        let line = tokio::select! {
            biased;
            line = self.wire.line(SMTP_COMMAND_BYTES_MAX, wait) => Some(line),
            _ = self.stopped.wait_for(|stopped| *stopped) => None,
        };
        let Some(line) = line else {
            self.say(Reply::new(421, "4.3.2 The service ends, come again"));
            return None;
        };
        if line == Err(Broken::TimedOut) {
            self.say(Reply::new(421, "4.4.2 Nothing was said for too long"));
        }
        line.ok()
    }

    async fn obey(&mut self, line: Line) -> Result<Then, Broken> {
        let line = match line {
            Line::Whole(line) => line,
            Line::Bare(line) if self.shared.settings.bare_ends == BareEnds::Normalise => line,
            Line::Bare(_) => return Ok(self.fault(Reply::new(500, "5.5.2 Lines end with CRLF"))),
            Line::TooLong => return Ok(self.fault(Reply::new(500, "5.5.2 Line too long"))),
        };
        match parse(&line) {
            Ok(Command::Bdat { size, last }) => self.bdat(size, last).await,
            Ok(command)
                if self.has_pieces() && !matches!(command, Command::Rset | Command::Quit | Command::Noop) =>
            {
                Ok(self.fault(Reply::new(503, "5.5.1 A message is coming by BDAT")))
            }
            Ok(command) => self.command(command).await,
            Err(fault) => Ok(self.fault(fault.reply())),
        }
    }

    fn has_pieces(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| transaction.pieces.is_some())
    }

    async fn command(&mut self, command: Command) -> Result<Then, Broken> {
        self.idle += u32::from(!matches!(command, Command::Mail(_) | Command::Rcpt(_) | Command::Data));
        match command {
            Command::Mail(path) => Ok(self.mail(path).await),
            Command::Rcpt(path) => Ok(self.rcpt(path).await),
            Command::Data => self.data().await,
            Command::Ehlo(name) => {
                self.abandon().await;
                self.ehlo(name);
                Ok(Then::Next)
            }
            Command::Helo(name) => {
                self.abandon().await;
                self.hello = Some(Hello { name, extended: false });
                self.say(Reply::new(250, self.shared.settings.name.clone()));
                Ok(Then::Next)
            }
            Command::Rset => {
                self.abandon().await;
                self.say(Reply::new(250, "2.0.0 Ok"));
                Ok(Then::Next)
            }
            Command::Quit => {
                self.say(Reply::new(221, "2.0.0 Bye"));
                Ok(Then::End)
            }
            other => Ok(self.aside(other)),
        }
    }

    /// Commands that touch no message.
    fn aside(&mut self, command: Command) -> Then {
        match command {
            Command::Noop => self.say(Reply::new(250, "2.0.0 Ok")),
            Command::Help => self.say(Reply::new(214, "2.0.0 See RFC 5321")),
            Command::Verify => self.say(Reply::new(252, "2.5.2 Send some mail, I shall try")),
            Command::StartTls => return self.starttls(),
            Command::Xclient(attributes) => return self.xclient(&attributes),
            Command::Xforward(attributes) => return self.xforward(&attributes),
            Command::Foreign => {
                self.say(Reply::new(421, "4.7.0 This is no web server"));
                return Then::End;
            }
            _ => return self.fault(Fault::Unknown.reply()),
        }
        Then::Next
    }

    fn ehlo(&mut self, name: String) {
        let settings = &self.shared.settings;
        let mut lines =
            vec![settings.name.clone(), "PIPELINING".into(), format!("SIZE {}", settings.message_bytes_max)];
        lines.extend(["8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "CHUNKING"].map(str::to_owned));
        if settings.tls.is_some() && !self.secure {
            lines.push("STARTTLS".into());
        }
        if self.trusted {
            lines.extend([format!("XCLIENT {XCLIENT}"), format!("XFORWARD {XFORWARD}")]);
        }
        self.hello = Some(Hello { name, extended: true });
        self.say(Reply { code: 250, lines });
    }

    fn starttls(&mut self) -> Then {
        if self.shared.settings.tls.is_none() || self.secure {
            return self.fault(Reply::new(502, "5.5.1 Not offered"));
        }
        if self.transaction.is_some() {
            return self.fault(Reply::new(503, "5.5.1 A message has begun"));
        }
        self.say(Reply::new(220, "2.0.0 Go on"));
        Then::Secure
    }

    /// The session after TLS has begun: everything that was said before is forgotten (RFC 3207 4.2).
    async fn secured(mut self) -> Option<Self> {
        self.wire.flush().await.ok()?;
        let acceptor = TlsAcceptor::from(Arc::clone(self.shared.settings.tls.as_ref()?));
        let accepting = acceptor.accept(self.wire.into_stream());
        let accepted = tokio::time::timeout(self.shared.settings.waits.tls, accepting).await;
        let stream = match accepted {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::info!(peer = %self.peer, %error, "smtp: TLS did not begin");
                return None;
            }
            Err(_) => return None,
        };
        let wire = wire(boxed(stream), &self.shared.settings);
        Some(Self { wire, secure: true, hello: None, forward: None, ..self })
    }

    fn xclient(&mut self, attributes: &[(String, String)]) -> Then {
        if let Some(reply) = self.distrust() {
            return self.fault(reply);
        }
        let mut origin = self.client.take().unwrap_or_default();
        let read = attributes.iter().all(|(name, value)| origin.set(name, value));
        self.client = Some(origin);
        if !read {
            return self.fault(Reply::new(501, "5.5.4 Attribute not known"));
        }
        self.hello = None;
        self.forward = None;
        self.greet();
        Then::Next
    }

    fn xforward(&mut self, attributes: &[(String, String)]) -> Then {
        if let Some(reply) = self.distrust() {
            return self.fault(reply);
        }
        let mut origin = self.forward.take().unwrap_or_default();
        let read = attributes.iter().all(|(name, value)| name != "LOGIN" && origin.set(name, value));
        self.forward = Some(origin);
        if !read {
            return self.fault(Reply::new(501, "5.5.4 Attribute not known"));
        }
        self.say(Reply::new(250, "2.0.0 Ok"));
        Then::Next
    }

    /// Mail for any address is taken: from a trusted peer that speaks for itself, or for another one.
    fn may_relay(&self) -> bool {
        let other = self.client.as_ref().and_then(|client| client.addr);
        self.trusted && other.is_none_or(|addr| self.shared.settings.is_trusted(addr))
    }

    fn distrust(&self) -> Option<Reply> {
        if !self.trusted {
            return Some(Reply::new(550, "5.7.0 Not from you"));
        }
        self.transaction.is_some().then(|| Reply::new(503, "5.5.1 A message has begun"))
    }

    /// Ends a transaction that came to nothing.
    async fn abandon(&mut self) {
        if let Some(next) = self.transaction.take().and_then(|transaction| transaction.next) {
            self.shared.client.reset(next).await;
        }
    }

    /// Where the next message comes from, as far as is known. Nobody says LOCAL but a peer that is trusted: a Postfix that
    /// takes a message for its own rewrites its header.
    fn origin(&self) -> Origin {
        let said = self.forward.as_ref().or(self.client.as_ref());
        let mut origin = said.cloned().unwrap_or_default();
        origin.source.get_or_insert_with(|| "REMOTE".into());
        let hello = self.hello.as_ref();
        if said.is_none() && !self.trusted {
            origin.addr = Some(self.peer);
        }
        if said.is_none() || (self.forward.is_none() && origin.helo.is_none()) {
            origin.helo = hello.map(|hello| hello.name.clone());
            let proto = if hello.is_some_and(|hello| hello.extended) { "ESMTP" } else { "SMTP" };
            origin.proto.get_or_insert_with(|| proto.into());
        }
        origin
    }

    /// The envelope of a message, for the gate.
    fn envelope(&self, transaction: &Transaction, origin: &Origin) -> Envelope {
        Envelope {
            mail_from: transaction.from.address.clone(),
            rcpt_to: transaction.to.iter().map(|to| to.address.clone()).collect(),
            helo: origin.helo.clone().unwrap_or_default(),
            ip: origin.addr,
            login: self.client.as_ref().and_then(|client| client.login.clone()),
        }
    }

    /// How the message came, for `Received` (RFC 3848, 6531).
    fn with(&self, utf8: bool) -> String {
        let extended = self.hello.as_ref().is_some_and(|hello| hello.extended);
        let base = if utf8 {
            "UTF8SMTP"
        } else if extended {
            "ESMTP"
        } else {
            "SMTP"
        };
        format!("{base}{}", if self.secure && (utf8 || extended) { "S" } else { "" })
    }
}
