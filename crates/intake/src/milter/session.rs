//! The dialogue with one mail server as a state machine: frames in, replies out. No sockets, no clock.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use sekisho_engine::gate::{Arrival, Passage};
use sekisho_record::Envelope;

use super::{
    changes,
    codec::{Fault, Frame, command, frame, put, reply, text},
    letter::{Excess, Flight, Letter, client, ip},
    negotiate::{Agreed, action},
    outcome::{self, Outcome},
};
use crate::limits;

/// What is to be done after a frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Quiet,
    /// These bytes are to be sent.
    Say(Vec<u8>),
    /// A message is complete: [`Session::arrival`] is to be judged, then [`Session::conclude`] says what to send.
    Judge,
    /// The mail server is done.
    End,
}

/// Values of macros that are wanted.
#[derive(Debug, Default)]
struct Macros {
    queue_id: Option<String>,
    login: Option<String>,
    client: Option<IpAddr>,
}

/// One connection of a mail server: several clients one after the other, several messages of each.
#[derive(Debug)]
pub struct Session {
    bytes_max: usize,
    flight: Arc<Flight>,
    agreed: Option<Agreed>,
    client: Option<IpAddr>,
    helo: String,
    macros: Macros,
    letter: Option<Letter>,
    judging: bool,
}

impl Session {
    /// A new connection. Messages are kept up to this many bytes, and take room from `flight`.
    pub fn new(bytes_max: usize, flight: Arc<Flight>) -> Self {
        Self {
            bytes_max,
            flight,
            agreed: None,
            client: None,
            helo: String::new(),
            macros: Macros::default(),
            letter: None,
            judging: false,
        }
    }

    /// Whether no message is under way.
    pub fn idle(&self) -> bool {
        self.letter.is_none()
    }

    /// The mail server's name for the message, for logs.
    pub fn queue_id(&self) -> &str {
        self.macros.queue_id.as_deref().unwrap_or("-")
    }

    /// One frame. After a fault the connection must be given up.
    pub fn step(&mut self, frame: &Frame) -> Result<Step, Fault> {
        match frame.command {
            command::QUIT => return Ok(Step::End),
            command::ABORT => self.forget(),
            command::QUIT_NEW => {
                self.forget();
                (self.client, self.helo, self.macros) = (None, String::new(), Macros::default());
            }
            command::NEGOTIATE => return self.negotiate(&frame.data),
            _ if self.agreed.is_none() || self.judging => return Err(Fault::Order),
            command::MACROS => self.macros(&frame.data)?,
            command::END => return self.end(&frame.data),
            letter => return self.take(letter, &frame.data),
        }
        Ok(Step::Quiet)
    }

    fn negotiate(&mut self, data: &[u8]) -> Result<Step, Fault> {
        if self.agreed.is_some() {
            return Err(Fault::Order);
        }
        let (agreed, reply) = Agreed::negotiate(data)?;
        if agreed.lacks() != 0 {
            tracing::warn!(
                missing = action::names(agreed.lacks()),
                "milter: the mail server does not offer all actions; messages that need them are deferred"
            );
        }
        self.agreed = Some(agreed);
        Ok(Step::Say(reply))
    }

    /// Values for the command that follows; those of a message begin anew with `MAIL`.
    fn macros(&mut self, data: &[u8]) -> Result<(), Fault> {
        let (stage, mut rest) = data.split_first().ok_or(Fault::Malformed)?;
        if *stage == command::MAIL {
            (self.macros.login, self.macros.queue_id) = (None, None);
        }
        while !rest.is_empty() {
            let (name, behind) = text(rest);
            let (value, behind) = text(behind);
            rest = behind;
            let name = name.strip_prefix(b"{").and_then(|name| name.strip_suffix(b"}")).unwrap_or(name);
            match name {
                b"i" => self.macros.queue_id = some(value),
                b"auth_authen" => self.macros.login = some(value),
                b"client_addr" => self.macros.client = ip(value),
                _ => {}
            }
        }
        Ok(())
    }

    /// A command of the client's, or a part of the message.
    fn take(&mut self, letter: u8, data: &Bytes) -> Result<Step, Fault> {
        let agreed = self.agreed.ok_or(Fault::Order)?;
        let mut more = true;
        match letter {
            command::CONNECT => {
                self.letter = None;
                self.client = client(data).or(self.macros.client.filter(|_| over_the_net(data)));
            }
            command::HELO => self.helo = short(text(data).0),
            command::MAIL => self.begin(data),
            command::RCPT => self.rcpt(data)?,
            command::DATA | command::UNKNOWN => {}
            command::HEADER => self.header(data, !agreed.leading_blanks())?,
            command::HEADER_END => self.message()?.header_end(),
            command::BODY => more = self.message()?.body(data),
            _ => return Err(Fault::Unknown),
        }
        Ok(match agreed.waits(letter) {
            true if !more && agreed.skips() => Step::Say(frame(reply::SKIP, &[])),
            true => Step::Say(frame(reply::CONTINUE, &[])),
            false => Step::Quiet,
        })
    }

    fn begin(&mut self, data: &[u8]) {
        self.letter = Some(Letter::begin(data, self.bytes_max, Arc::clone(&self.flight)));
    }

    fn message(&mut self) -> Result<&mut Letter, Fault> {
        self.letter.as_mut().ok_or(Fault::Order)
    }

    fn rcpt(&mut self, data: &Bytes) -> Result<(), Fault> {
        let path = data.slice(..text(data).0.len());
        // The frame's memory is a large block's: it must not stay for the sake of an address.
        self.message()?.recipient(Bytes::copy_from_slice(&path));
        Ok(())
    }

    fn header(&mut self, data: &[u8], blank: bool) -> Result<(), Fault> {
        let letter = self.message()?;
        if letter.body_at.is_some() {
            return Err(Fault::Order);
        }
        let (name, value) = text(data);
        letter.field(name, value.strip_suffix(b"\0").unwrap_or(value), blank);
        Ok(())
    }

    /// The message is complete.
    fn end(&mut self, last: &[u8]) -> Result<Step, Fault> {
        let letter = self.message()?;
        letter.body(last);
        match letter.excess {
            Some(Excess::Recipients) => {
                Ok(Step::Say(self.refuse("452 4.5.3", "Too many recipients", Excess::Recipients.says())))
            }
            Some(Excess::Room) => {
                Ok(Step::Say(self.refuse("451 4.3.2", "Please try again later", Excess::Room.says())))
            }
            cut => {
                if let Some(cut) = cut {
                    tracing::warn!(
                        queue_id = self.queue_id(),
                        "milter: {}, the beginning is judged",
                        cut.says()
                    );
                }
                self.judging = true;
                Ok(Step::Judge)
            }
        }
    }

    /// The message that is to be judged, at this time.
    pub fn arrival(&mut self, at: i64) -> Arrival {
        let splits = self.agreed.is_some_and(Agreed::splits);
        let mut arrival = Arrival { intake: "milter", at, splits, ..Arrival::default() };
        arrival.queue_id.clone_from(&self.macros.queue_id);
        if let Some(letter) = self.letter.as_mut() {
            arrival.cut = letter.cut();
            arrival.raw = letter.seal();
            arrival.envelope = Some(Envelope {
                mail_from: letter.from.clone(),
                rcpt_to: letter.to.clone(),
                helo: self.helo.clone(),
                ip: self.client,
                login: self.macros.login.clone(),
            });
        }
        arrival
    }

    /// What is sent after it was judged. The message is done with.
    pub fn conclude(&mut self, passage: &Passage) -> Vec<u8> {
        let Some((letter, agreed)) = self.letter.take().zip(self.agreed) else { return Vec::new() };
        let outcome = outcome::of(passage, &letter, agreed);
        let said = say(&outcome, &letter, agreed);
        self.log(&outcome, &passage.id);
        self.forget();
        said
    }

    /// The gate has its line about the message; a second one is only for what it cannot know.
    fn log(&self, outcome: &Outcome<'_>, id: &str) {
        let queue_id = self.queue_id();
        match outcome {
            Outcome::Deliver { delete, add, .. } => {
                tracing::debug!(id, queue_id, deleted = delete.len(), added = add.len(), "milter: delivered");
            }
            Outcome::Discard => tracing::debug!(id, queue_id, "milter: held"),
            Outcome::Refuse { why, code, otherwise: false, .. } => {
                tracing::debug!(id, queue_id, why, code, "milter: refused");
            }
            Outcome::Refuse { why, code, .. } => {
                tracing::warn!(id, queue_id, why, code, "milter: refused, which is not what was decided");
            }
        }
    }

    /// What is sent when nothing was concluded.
    pub fn give_up(&mut self, why: &'static str) -> Vec<u8> {
        self.refuse("451 4.7.1", "Please try again later", why)
    }

    fn refuse(&mut self, code: &str, text: &str, why: &'static str) -> Vec<u8> {
        tracing::warn!(queue_id = self.queue_id(), done = "refused", why, "milter");
        self.forget();
        code_frame(code, text)
    }

    /// The message is done with, or never will be complete.
    fn forget(&mut self) {
        (self.letter, self.judging) = (None, false);
        (self.macros.queue_id, self.macros.login) = (None, None);
    }
}

/// The frames of an outcome.
fn say(outcome: &Outcome<'_>, letter: &Letter, agreed: Agreed) -> Vec<u8> {
    match outcome {
        Outcome::Discard => frame(reply::DISCARD, &[]),
        Outcome::Refuse { code, text, .. } => code_frame(code, text),
        Outcome::Deliver { change, delete, add } => {
            let mut out = Vec::new();
            for path in delete.iter().filter_map(|at| letter.named.get(*at)) {
                put(&mut out, reply::DELETE_RCPT, &[path, b"\0"]);
            }
            for to in add {
                put(&mut out, reply::ADD_RCPT, &[b"<", to.as_bytes(), b">\0"]);
            }
            changes::ask(&mut out, change, letter.sealed_body(), agreed.leading_blanks());
            put(&mut out, reply::ACCEPT, &[]);
            out
        }
    }
}

fn code_frame(code: &str, text: &str) -> Vec<u8> {
    frame(reply::CODE, &[code.as_bytes(), b" ", text.as_bytes(), b"\0"])
}

/// Not a client on the same machine, of `CONNECT`.
fn over_the_net(data: &[u8]) -> bool {
    text(data).1.first() != Some(&b'L')
}

/// A value of a macro that says something.
fn some(value: &[u8]) -> Option<String> {
    (!value.is_empty()).then(|| short(value))
}

/// Text of a peer, up to the limit.
fn short(text: &[u8]) -> String {
    let text = text.get(..text.len().min(limits::MILTER_VALUE_BYTES_MAX)).unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests;
