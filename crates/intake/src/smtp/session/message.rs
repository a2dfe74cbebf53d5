//! DATA and BDAT: the bytes of a message, within their limits, to the gate and on.

use std::sync::Arc;

use sekisho_engine::{Arrival, case::masked};
use tokio::time::Instant;

use super::{
    Pieces, Session, Then, Transaction,
    transaction::{no_room, too_large},
};
use crate::{
    limits::SMTP_HOPS_MAX,
    smtp::{
        data::{BareEnds, Ends, Unstuffer, normalised},
        flight::Place,
        handed::Key,
        handover::{Handover, Message},
        reply::Reply,
        trace::{Stamp, hops},
        wire::Broken,
    },
};

/// What is said to a message.
struct Answer {
    reply: Reply,
    /// Id of its record.
    id: String,
    /// Those who have it once its sender is told.
    have: Vec<Key>,
}

impl Answer {
    fn of(reply: Reply) -> Self {
        Self { reply, id: String::new(), have: Vec::new() }
    }
}

/// Bytes that came, as far as there is room for them.
struct Body {
    raw: Vec<u8>,
    fault: Option<Reply>,
    place: Place,
}

impl Session {
    pub(super) async fn data(&mut self) -> Result<Then, Broken> {
        if let Some(reply) = self.no_data() {
            return Ok(self.fault(reply));
        }
        let waits = self.shared.settings.waits.clone();
        let mut place = self.shared.room.place(waits.flight);
        if !place.grow(1).await {
            self.say(no_room());
            return Ok(Then::Next);
        }
        self.say(Reply::new(354, "End with <CRLF>.<CRLF>"));
        let body = Body { raw: Vec::new(), fault: None, place };
        let body = self.until_dot(body).await?;
        let Some(transaction) = self.transaction.take() else { return Ok(Then::End) };
        self.finish(transaction, body).await;
        Ok(Then::Next)
    }

    fn no_data(&self) -> Option<Reply> {
        match &self.transaction {
            None => Some(Reply::new(503, "5.5.1 Say MAIL first")),
            Some(transaction) if transaction.to.is_empty() => {
                Some(Reply::new(554, "5.5.1 No valid recipients"))
            }
            Some(_) => None,
        }
    }

    /// Reads to the end of the message, also where it is refused already: what follows must not be read as commands.
    async fn until_dot(&mut self, mut body: Body) -> Result<Body, Broken> {
        let settings = &self.shared.settings;
        let (max, piece) = (settings.message_bytes_max, settings.waits.piece);
        let deadline = Instant::now() + settings.waits.message;
        let mut unstuffer = Unstuffer::new(settings.bare_ends);
        let mut text = Vec::new();
        loop {
            if !self.wire.has_input() {
                let rest = deadline.saturating_duration_since(Instant::now());
                self.wire.fill(piece.min(rest)).await?;
            }
            let input = self.wire.input();
            let end = unstuffer.read(input, &mut text);
            let used = end.unwrap_or(input.len());
            self.wire.use_input(used);
            body.take(&mut text, max).await;
            if end.is_some() {
                break;
            }
            if Instant::now() >= deadline {
                return Err(Broken::TimedOut);
            }
        }
        if unstuffer.bare() && settings.bare_ends == BareEnds::Refuse {
            body.fault.get_or_insert_with(bare);
        }
        Ok(body)
    }

    pub(super) async fn bdat(&mut self, size: u64, last: bool) -> Result<Then, Broken> {
        let waits = self.shared.settings.waits.clone();
        let max = self.shared.settings.message_bytes_max;
        let refused = self.no_data();
        let mut taken = refused.is_none().then(|| self.transaction.take()).flatten();
        let mut body = match taken.as_mut().and_then(|transaction| transaction.pieces.take()) {
            Some(Pieces { raw, ends, place, fault }) => (Body { raw, fault, place }, ends),
            None => (
                Body { raw: Vec::new(), fault: None, place: self.shared.room.place(waits.flight) },
                Ends::default(),
            ),
        };
        if refused.is_some() {
            body.0.fault = refused;
        }
        if size > max as u64 {
            self.say(too_large());
            return Ok(Then::End);
        }
        self.piece(&mut body, size as usize).await?;
        let (mut body, ends) = body;
        let Some(mut transaction) = taken else {
            return Ok(self.fault(body.fault.unwrap_or_else(too_large)));
        };
        if last {
            match self.shared.settings.bare_ends {
                BareEnds::Refuse if ends.bare() => drop(body.fault.get_or_insert_with(bare)),
                BareEnds::Normalise if ends.bare() => body.raw = normalised(&body.raw),
                _ => {}
            }
            self.finish(transaction, body).await;
            return Ok(Then::Next);
        }
        let reply = body.fault.clone().unwrap_or_else(|| Reply::new(250, format!("2.0.0 {size} bytes")));
        let Body { raw, fault, place } = body;
        transaction.pieces = Some(Pieces { raw, ends, place, fault });
        self.transaction = Some(transaction);
        self.say(reply);
        Ok(Then::Next)
    }

    /// Reads a piece of this size.
    async fn piece(&mut self, body: &mut (Body, Ends), size: usize) -> Result<(), Broken> {
        let settings = &self.shared.settings;
        let (max, wait) = (settings.message_bytes_max, settings.waits.piece);
        let deadline = Instant::now() + settings.waits.message;
        let mut left = size;
        while left > 0 {
            if !self.wire.has_input() {
                let rest = deadline.saturating_duration_since(Instant::now());
                self.wire.fill(wait.min(rest)).await?;
            }
            let input = self.wire.input();
            let part = input.get(..left.min(input.len())).unwrap_or_default();
            left -= part.len();
            body.1.read(part);
            let (mut text, used) = (part.to_vec(), part.len());
            self.wire.use_input(used);
            body.0.take(&mut text, max).await;
        }
        Ok(())
    }

    /// The message is whole: it is judged, and handed on.
    async fn finish(&mut self, transaction: Transaction, body: Body) {
        self.idle = 0;
        let began = Instant::now();
        let origin = self.origin();
        let (from, recipients) = (transaction.from.address.clone(), transaction.to.len());
        let bytes = body.raw.len();
        let Answer { reply, id, have } = match body.fault {
            Some(reply) => {
                self.drop_next(transaction).await;
                Answer::of(reply)
            }
            None => self.judged(transaction, body.raw, &origin).await,
        };
        drop(body.place);
        self.forward = None;
        self.refusals = 0;
        tracing::info!(
            id,
            from = %masked(&from),
            recipients,
            bytes,
            code = reply.code,
            ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "smtp"
        );
        self.say(reply);
        self.tell(&have).await;
    }

    /// Tells the sender at once, and notes of those who have the message whether it was told.
    async fn tell(&mut self, have: &[Key]) {
        if have.is_empty() {
            return;
        }
        match self.wire.flush().await {
            Ok(()) => self.shared.handed.told(have),
            Err(_) => self.shared.handed.comes_again(have, (self.shared.settings.clock)()),
        }
    }

    async fn drop_next(&self, transaction: Transaction) {
        if let Some(next) = transaction.next {
            self.shared.client.reset(next).await;
        }
    }

    async fn judged(&mut self, mut transaction: Transaction, raw: Vec<u8>, origin: &super::Origin) -> Answer {
        if self.shared.settings.keeps() {
            return self.recorded(&transaction, raw, origin).await;
        }
        if hops(&raw) > SMTP_HOPS_MAX {
            self.drop_next(transaction).await;
            return Answer::of(Reply::new(554, "5.4.6 Too many hops, this mail goes in circles"));
        }
        let at = (self.shared.settings.clock)();
        let raw: Arc<[u8]> = raw.into();
        let arrival = Arrival {
            raw: Arc::clone(&raw),
            envelope: Some(self.envelope(&transaction, origin)),
            intake: "smtp",
            queue_id: origin.ident.clone(),
            at,
            splits: true,
            ..Arrival::default()
        };
        let passing =
            tokio::time::timeout(self.shared.settings.waits.gate, self.shared.gate.pass(arrival)).await;
        let Ok(passage) = passing else {
            self.drop_next(transaction).await;
            return Answer::of(Reply::new(451, "4.3.0 The message could not be judged, come again"));
        };
        if self.wire.has_hung_up().await {
            self.drop_next(transaction).await;
            return Answer { id: passage.id, ..Answer::of(Reply::new(451, "4.4.2 You hung up")) };
        }
        let with = self.with(transaction.utf8);
        let helo = self.hello.as_ref().map_or("", |hello| hello.name.as_str());
        let by = &self.shared.settings.name;
        let stamp = Stamp { helo, peer: self.peer, by, with: &with, id: &passage.id, at };
        let received = self.shared.settings.received.then(|| stamp.value());
        let next = transaction.next.take();
        let message =
            Message { raw: &raw, from: &transaction.from, to: &transaction.to, origin, received, at };
        let handover =
            Handover { client: &self.shared.client, handed: &self.shared.handed, message, passage: &passage };
        let (reply, have) = handover.carry_out(next).await;
        Answer { reply, id: passage.id, have }
    }
}

impl Session {
    /// A journal report: it is taken when the record of its message is durable, and never refused for good.
    async fn recorded(&self, transaction: &Transaction, raw: Vec<u8>, origin: &super::Origin) -> Answer {
        let arrival = Arrival {
            raw: raw.into(),
            envelope: Some(self.envelope(transaction, origin)),
            intake: "journal",
            at: (self.shared.settings.clock)(),
            delivered: true,
            journal: true,
            ..Arrival::default()
        };
        let passing =
            tokio::time::timeout(self.shared.settings.waits.gate, self.shared.gate.pass(arrival)).await;
        let Ok(passage) = passing else {
            return Answer::of(Reply::new(451, "4.3.0 The report could not be judged, come again"));
        };
        let reply = if passage.recorded {
            Reply::new(250, "2.0.0 Ok: recorded")
        } else {
            Reply::new(451, "4.3.0 The report could not be recorded, come again")
        };
        Answer { id: passage.id, ..Answer::of(reply) }
    }
}

impl Body {
    /// Takes the text over, unless something is wrong already.
    async fn take(&mut self, text: &mut Vec<u8>, max: usize) {
        let bytes = self.raw.len().saturating_add(text.len());
        if self.fault.is_none() && bytes > max {
            self.fail(too_large());
        } else if self.fault.is_none() && !self.place.grow(bytes).await {
            self.fail(no_room());
        }
        if self.fault.is_none() {
            // Never more than there is room for.
            if self.raw.capacity() < bytes {
                self.raw.reserve_exact(self.place.bytes.min(max).max(bytes) - self.raw.len());
            }
            self.raw.append(text);
        }
        text.clear();
    }

    fn fail(&mut self, reply: Reply) {
        self.raw = Vec::new();
        self.fault = Some(reply);
    }
}

fn bare() -> Reply {
    Reply::new(550, "5.6.11 The message has line ends that are not CRLF")
}
