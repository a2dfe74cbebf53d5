//! MAIL and RCPT: what they may say, and what the next hop says to them.

use super::{Session, Then, Transaction};
use crate::{
    limits::{SMTP_RECIPIENT_BATCH_MAX, SMTP_RECIPIENT_BYTES_MAX},
    smtp::{
        client::{Connection, Trouble},
        command::{Command, Parameter, Path, parse},
        reply::Reply,
    },
};

/// Bytes of recipients that need no room of their own.
const FEW: usize = 16 << 10;

impl Session {
    pub(super) async fn mail(&mut self, from: Path) -> Then {
        if let Some(reply) = self.no_mail(&from) {
            return self.fault(reply);
        }
        let (next, reply) = match self.begin(&from).await {
            Ok(answered) => answered,
            Err(trouble) => {
                self.refusals += 1;
                self.say(trouble.reply());
                return Then::Next;
            }
        };
        if !reply.is_positive() {
            self.refusals += 1;
            if let Some(next) = next {
                self.shared.client.reset(next).await;
            }
            self.say(reply.repeated());
            return Then::Next;
        }
        let (utf8, bytes) = (from.parameter("SMTPUTF8").is_some(), from.size());
        let place = self.shared.room.place(self.shared.settings.waits.flight);
        self.transaction = Some(Transaction { from, utf8, to: Vec::new(), bytes, place, next, pieces: None });
        self.say(reply.repeated());
        Then::Next
    }

    /// Tells the next hop of the sender; on a new connection where one that was kept is gone.
    async fn begin(&self, from: &Path) -> Result<(Option<Connection>, Reply), Trouble> {
        if self.shared.settings.keeps() {
            return Ok((None, Reply::new(250, "2.1.0 Ok")));
        }
        let origin = self.origin();
        let mut next = self.shared.client.open().await?;
        match next.mail(from, Some(&origin)).await {
            Ok(reply) => return Ok((Some(next), reply)),
            Err(trouble) if !next.is_reused() => return Err(trouble),
            Err(_) => {}
        }
        let mut next = self.shared.client.connect().await?;
        let reply = next.mail(from, Some(&origin)).await?;
        Ok((Some(next), reply))
    }

    fn no_mail(&self, from: &Path) -> Option<Reply> {
        let settings = &self.shared.settings;
        if self.hello.is_none() {
            return Some(Reply::new(503, "5.5.1 Say EHLO first"));
        }
        if self.transaction.is_some() {
            return Some(Reply::new(503, "5.5.1 A message has begun"));
        }
        if settings.tls_required && !self.secure {
            return Some(Reply::new(530, "5.7.0 Say STARTTLS first"));
        }
        if let Some(reply) = from.parameters.iter().find_map(no_mail_parameter) {
            return Some(reply);
        }
        if repeated(from) {
            return Some(Reply::new(501, "5.5.4 A parameter comes twice"));
        }
        let size = from.parameter("SIZE").and_then(|size| size.value.as_ref()?.parse::<u64>().ok());
        if size.is_some_and(|size| size > settings.message_bytes_max as u64) {
            return Some(too_large());
        }
        (!from.address.is_ascii() && from.parameter("SMTPUTF8").is_none()).then(no_utf8)
    }

    /// Takes this recipient and those that already wait behind it, so that the next hop is asked once.
    pub(super) async fn rcpt(&mut self, first: Path) -> Then {
        let mut batch = vec![first];
        while batch.len() < SMTP_RECIPIENT_BATCH_MAX
            && let Some((path, used)) = waiting_rcpt(self.wire.input())
        {
            self.wire.use_input(used);
            batch.push(path);
        }
        let mut replies: Vec<Option<Reply>> = batch.iter().map(|path| self.no_rcpt(path)).collect();
        let Some(mut transaction) = self.transaction.take() else {
            for reply in replies {
                self.fault(reply.unwrap_or_else(begin_first));
            }
            return Then::Next;
        };
        let asked = self.with_room(&mut transaction, batch, &mut replies).await;
        self.ask(&mut transaction, asked, &mut replies).await;
        self.transaction = Some(transaction);
        for reply in replies.into_iter().flatten() {
            self.refusals += u32::from(reply.is_permanent());
            self.say(reply);
        }
        Then::Next
    }

    /// Those of the batch that were not answered yet and for which there is room, with their places in it.
    async fn with_room(
        &self,
        transaction: &mut Transaction,
        batch: Vec<Path>,
        replies: &mut [Option<Reply>],
    ) -> Vec<(usize, Path)> {
        let free = self.shared.settings.recipients_max.saturating_sub(transaction.to.len());
        let mut asked: Vec<(usize, Path)> = Vec::with_capacity(batch.len());
        for ((at, path), reply) in batch.into_iter().enumerate().zip(replies.iter_mut()) {
            if reply.is_some() {
                continue;
            }
            let bytes = transaction.bytes + path.size();
            if asked.len() >= free || bytes > SMTP_RECIPIENT_BYTES_MAX {
                *reply = Some(Reply::new(452, "4.5.3 Too many recipients, send the rest in another message"));
            } else if bytes > FEW && !transaction.place.grow(bytes).await {
                *reply = Some(no_room());
            } else {
                transaction.bytes = bytes;
                asked.push((at, path));
            }
        }
        asked
    }

    /// Asks the next hop for recipients and keeps those that it takes.
    async fn ask(
        &self,
        transaction: &mut Transaction,
        asked: Vec<(usize, Path)>,
        replies: &mut [Option<Reply>],
    ) {
        if asked.is_empty() {
            return;
        }
        let (places, paths): (Vec<usize>, Vec<Path>) = asked.into_iter().unzip();
        let answers = match transaction.next.as_mut() {
            Some(next) => next.rcpt(&paths).await,
            None if self.shared.settings.keeps() => Ok(vec![Reply::new(250, "2.1.5 Ok"); paths.len()]),
            None => Err(Trouble::Closed),
        };
        let answers = answers.unwrap_or_else(|trouble| {
            transaction.next = None;
            vec![trouble.reply(); paths.len()]
        });
        for ((place, path), answer) in places.into_iter().zip(paths).zip(answers) {
            if answer.is_positive() {
                transaction.to.push(path);
            }
            if let Some(reply) = replies.get_mut(place) {
                *reply = Some(answer.repeated());
            }
        }
    }

    fn no_rcpt(&self, to: &Path) -> Option<Reply> {
        let Some(transaction) = &self.transaction else { return Some(begin_first()) };
        if let Some(reply) = to.parameters.iter().find_map(no_rcpt_parameter) {
            return Some(reply);
        }
        if repeated(to) {
            return Some(Reply::new(501, "5.5.4 A parameter comes twice"));
        }
        if !to.address.is_ascii() && !transaction.utf8 {
            return Some(no_utf8());
        }
        let taken = self.may_relay() || self.shared.settings.takes(&to.address);
        (!taken).then(|| Reply::new(550, "5.7.1 No mail for this address here"))
    }
}

fn begin_first() -> Reply {
    Reply::new(503, "5.5.1 Say MAIL first")
}

fn no_utf8() -> Reply {
    Reply::new(553, "5.6.7 An address beyond ASCII needs SMTPUTF8")
}

pub(super) fn no_room() -> Reply {
    Reply::new(452, "4.3.1 No room just now, come again")
}

pub(super) fn too_large() -> Reply {
    Reply::new(552, "5.3.4 The message is too large")
}

fn repeated(path: &Path) -> bool {
    let names = || path.parameters.iter().map(|parameter| &parameter.name);
    names().enumerate().any(|(at, name)| names().take(at).any(|before| before == name))
}

/// The RCPT that waits as the next line, and the bytes of that line.
fn waiting_rcpt(input: &[u8]) -> Option<(Path, usize)> {
    let end = input.iter().take(crate::limits::SMTP_COMMAND_BYTES_MAX).position(|byte| *byte == b'\n')?;
    let line = input.get(..end)?.strip_suffix(b"\r")?;
    match parse(line) {
        Ok(Command::Rcpt(path)) => Some((path, end + 1)),
        _ => None,
    }
}

fn syntax(usage: &str) -> Option<Reply> {
    Some(Reply::new(501, format!("5.5.4 Syntax: {usage}")))
}

fn no_mail_parameter(parameter: &Parameter) -> Option<Reply> {
    let value = parameter.value.as_deref();
    let one_of =
        |words: &[&str]| value.is_some_and(|value| words.iter().any(|word| word.eq_ignore_ascii_case(value)));
    match parameter.name.as_str() {
        "SIZE" if !value.is_some_and(is_number) => syntax("SIZE=bytes"),
        "BODY" if !one_of(&["7BIT", "8BITMIME"]) => syntax("BODY=7BIT or BODY=8BITMIME"),
        "SMTPUTF8" if value.is_some() => syntax("SMTPUTF8"),
        "RET" if !one_of(&["FULL", "HDRS"]) => syntax("RET=FULL or RET=HDRS"),
        "ENVID" if value.is_none_or(|id| id.len() > 100) => syntax("ENVID=id"),
        "SIZE" | "BODY" | "SMTPUTF8" | "RET" | "ENVID" | "AUTH" => None,
        _ => Some(Reply::new(555, "5.5.4 Parameter not known")),
    }
}

fn no_rcpt_parameter(parameter: &Parameter) -> Option<Reply> {
    let value = parameter.value.as_deref().unwrap_or_default().to_ascii_uppercase();
    let event = |word: &str| matches!(word, "SUCCESS" | "FAILURE" | "DELAY");
    match parameter.name.as_str() {
        "NOTIFY" if value == "NEVER" || value.split(',').all(event) => None,
        "NOTIFY" => syntax("NOTIFY=NEVER or NOTIFY=SUCCESS,FAILURE,DELAY"),
        "ORCPT" if value.contains(';') && value.len() <= 500 => None,
        "ORCPT" => syntax("ORCPT=type;address"),
        _ => Some(Reply::new(555, "5.5.4 Parameter not known")),
    }
}

fn is_number(value: &str) -> bool {
    value.len() <= 20 && value.bytes().all(|byte| byte.is_ascii_digit())
}
