//! What somebody does with held mail, whichever way they came: the same for pages, API and links.
//!
//! Rights and lockdowns are the store's business, which asks them in the transaction that does it. Here it is decided what
//! somebody may see: a recipient sees what is held for the own addresses, and no other recipient of it.

use std::sync::Arc;

use sekisho_engine::kept;
use sekisho_record::quarantine::{AuditEntry, Effect, Held, Lockdown, Refused, Request, Role, Scope, Via};
use sekisho_store::{
    Asked, AuditFilter, By, Bytes, Cursor, Filter, HeldItem, HeldPage, Lifted, Released, Reply, Rights, Span,
    Store,
};
use tokio::sync::Semaphore;

use crate::{
    error::Error,
    examine::{Examined, Examiner, Look},
    limits,
};

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) who: String,
    pub(crate) role: Role,
    pub(crate) via: Via,
    pub(crate) own: Vec<String>,
}

/// What is done, at one point in time, by the rights of the configuration as it is now.
pub(crate) struct Deeds<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) rights: &'a Rights,
    pub(crate) caller: &'a Caller,
    pub(crate) now: i64,
}

/// Where everything is.
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) bytes: Bytes,
    pub(crate) examiner: Arc<dyn Examiner>,
    /// Messages that may be in memory at the same time.
    pub(crate) opened: Semaphore,
}

impl Deeds<'_> {
    fn by<'b>(&'b self, reason: &'b str) -> By<'b> {
        By {
            who: &self.caller.who,
            role: self.caller.role,
            via: self.caller.via,
            own: &self.caller.own,
            rights: self.rights,
            now: self.now,
            reason,
        }
    }

    fn recipient(&self) -> bool {
        self.caller.role == Role::Recipient
    }

    /// Only who sees all mail may see lists about all of it.
    fn sees_all(&self) -> Result<(), Error> {
        if self.recipient() { Err(Refused::Role.into()) } else { Ok(()) }
    }

    fn is_own(&self, address: &str) -> bool {
        self.caller.own.iter().any(|own| own.trim().eq_ignore_ascii_case(address.trim()))
    }

    /// What of a held message a recipient may see.
    fn own_of(&self, mut item: HeldItem) -> HeldItem {
        if self.recipient() {
            item.states.retain(|state| self.is_own(&state.recipient.address));
            item.held.recipients = item.states.iter().map(|state| state.recipient.clone()).collect();
            item.recipients = u64::try_from(item.states.len()).unwrap_or(0);
        }
        item
    }

    /// Searches. A recipient with several addresses says which one.
    pub(crate) async fn list(
        &self,
        mut filter: Filter,
        after: Option<Cursor>,
        size: usize,
    ) -> Result<HeldPage, Error> {
        if self.recipient() {
            filter.recipient = match (filter.recipient, self.caller.own.as_slice()) {
                (Some(one), _) if self.is_own(&one) => Some(one),
                (None, [only]) => Some(only.clone()),
                (None, _) => {
                    return Err(Error::Invalid(
                        "you have several addresses: say which `recipient`".to_owned(),
                    ));
                }
                (Some(_), _) => return Err(Refused::Unknown.into()),
            };
        }
        let page = self.desk.store.held(&filter, after, size).await?;
        let items = page.items.into_iter().map(|item| self.own_of(item)).collect();
        Ok(HeldPage { items, next: page.next })
    }

    /// One held message.
    pub(crate) async fn one(&self, record: &str) -> Result<HeldItem, Error> {
        if !self.recipient() {
            return self.desk.store.held_record(record).await?.ok_or(Error::Refused(Refused::Unknown));
        }
        for own in &self.caller.own {
            if let Some(item) = self.desk.store.held_for(record, own).await? {
                return Ok(item);
            }
        }
        Err(Refused::Unknown.into())
    }

    /// Requests for it that the caller may see.
    pub(crate) async fn requests_for(&self, record: &str) -> Result<Vec<Request>, Error> {
        let mut all = self.desk.store.requests_for(record).await?;
        if self.recipient() {
            all.retain(|request| self.is_own(&request.recipient));
        }
        Ok(all)
    }

    /// The lockdown that covers it, if one does.
    pub(crate) async fn locked(&self, record: &str) -> Result<Option<Lockdown>, Error> {
        let own = if self.recipient() { self.caller.own.first().map(String::as_str) } else { None };
        Ok(self.desk.store.locked(record, own, self.now).await?)
    }

    /// The object of a message that the caller may look into; the audit says that they did.
    async fn content(&self, record: &str) -> Result<(Held, Vec<u8>), Error> {
        let held = self.desk.store.preview(&self.by(""), record).await??;
        let content = self.desk.bytes.get(&held.address).await?.ok_or(Error::Gone)?;
        Ok((held, content))
    }

    /// What a worker sees in it.
    pub(crate) async fn examined(&self, record: &str, language: &'static str) -> Result<Examined, Error> {
        let _place = self.desk.opened.acquire().await;
        let (_, content) = self.content(record).await?;
        self.look(content, language).await
    }

    async fn look(&self, content: Vec<u8>, language: &'static str) -> Result<Examined, Error> {
        let json = self.desk.examiner.look(content, Look::Message(language)).await;
        let json = json.map_err(Error::Unreadable)?;
        Examined::read(&json).ok_or_else(|| Error::Unreadable("the worker spoke nonsense".to_owned()))
    }

    /// The evidence as JSON.
    pub(crate) async fn evidence(&self, record: &str) -> Result<String, Error> {
        let _place = self.desk.opened.acquire().await;
        let (_, content) = self.content(record).await?;
        self.desk.examiner.look(content, Look::Evidence).await.map_err(Error::Unreadable)
    }

    /// The message as it came.
    pub(crate) async fn raw(&self, record: &str) -> Result<Vec<u8>, Error> {
        let _place = self.desk.opened.acquire().await;
        let (_, content) = self.content(record).await?;
        let message = kept::unpack(content).map_err(Error::Unreadable)?;
        Ok(message.raw().to_vec())
    }

    /// Asks for its release.
    pub(crate) async fn request(&self, record: &str, recipient: &str, said: &str) -> Result<Asked, Error> {
        Ok(self.desk.store.request_release(&self.by(said), record, recipient, said).await??)
    }

    /// Lets it go.
    pub(crate) async fn release(
        &self,
        record: &str,
        recipients: &[String],
        banner: bool,
        reason: &str,
    ) -> Result<Released, Error> {
        Ok(self.desk.store.release(&self.by(reason), record, recipients, banner).await??)
    }

    /// Ends its waiting for good; for how many.
    pub(crate) async fn delete(
        &self,
        record: &str,
        recipients: &[String],
        reason: &str,
    ) -> Result<u64, Error> {
        Ok(self.desk.store.delete(&self.by(reason), record, recipients).await??)
    }

    /// Requests behind this number; those that wait, or all.
    pub(crate) async fn requests(&self, waiting: bool, after: i64) -> Result<Vec<Request>, Error> {
        self.sees_all()?;
        Ok(self.desk.store.requests(waiting, after).await?)
    }

    /// Answers one.
    pub(crate) async fn answer(&self, id: i64, reply: Reply, said: &str) -> Result<Released, Error> {
        Ok(self.desk.store.answer_request(&self.by(said), id, reply, said).await??)
    }

    /// Lockdowns that hold.
    pub(crate) async fn locks(&self) -> Result<Vec<Lockdown>, Error> {
        self.sees_all()?;
        Ok(self.desk.store.locks(self.now).await?)
    }

    /// All lockdowns, newest first, and where the next page begins.
    pub(crate) async fn lockdowns(&self, before: Option<i64>) -> Result<(Vec<Lockdown>, Option<i64>), Error> {
        self.sees_all()?;
        Ok(self.desk.store.lockdowns(before).await?)
    }

    /// Orders one.
    pub(crate) async fn lock(
        &self,
        scope: &Scope,
        until: Option<i64>,
        reason: &str,
    ) -> Result<Lockdown, Error> {
        Ok(self.desk.store.lock(&self.by(reason), scope, until).await??)
    }

    /// Lifts one, or wants it lifted.
    pub(crate) async fn lift(&self, id: &str, reason: &str) -> Result<Lifted, Error> {
        Ok(self.desk.store.lift(&self.by(reason), id).await??)
    }

    /// Entries of the audit before this number, newest first.
    pub(crate) async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
    ) -> Result<Vec<AuditEntry>, Error> {
        self.sees_all()?;
        Ok(self.desk.store.audit(filter, before).await?)
    }

    /// Reports a message, once for each who does; whether that was news. The effect `report` stands in the outbox for
    /// whoever makes something of it.
    pub(crate) async fn report(&self, record: &str, said: &str) -> Result<bool, Error> {
        let mut key = format!("report:{record}:{}", self.caller.who);
        key.truncate(key.floor_char_boundary(sekisho_store::limits::EFFECT_KEY_BYTES_MAX));
        let payload = serde_json::json!({ "record": record, "by": self.caller.who, "words": said });
        let effect = Effect::new("report", key, record, payload, self.now);
        let new = !self.desk.store.queue_effects(&[effect]).await?.is_empty();
        if new {
            self.note("report", record, said).await?;
        }
        Ok(new)
    }

    /// Why a message was held, or marked on its way, for somebody with a link to that: an explanation, not its text. The
    /// audit says that they asked.
    pub(crate) async fn details(
        &self,
        record: &str,
        language: &'static str,
    ) -> Result<Option<Examined>, Error> {
        self.note("details", record, "").await?;
        let _place = self.desk.opened.acquire().await;
        let held = self.desk.store.held_record(record).await?;
        let content = match &held {
            Some(item) => self.desk.bytes.get(&item.held.address).await?,
            None => self.kept(record).await?,
        };
        let Some(content) = content else { return Ok(None) };
        let mut examined = self.look(content, language).await?;
        examined.preview = crate::examine::Preview::default();
        Ok(Some(examined))
    }

    async fn note(&self, what: &str, on: &str, reason: &str) -> Result<(), Error> {
        let (who, via) = (self.caller.who.clone(), self.caller.via);
        let entry = AuditEntry {
            id: 0,
            at: self.now,
            who,
            role: self.caller.role,
            via,
            what: what.to_owned(),
            on: on.to_owned(),
            reason: reason.to_owned(),
            before: serde_json::Value::Null,
            after: serde_json::Value::Null,
            refused: None,
        };
        Ok(self.desk.store.note(&entry).await?)
    }

    /// A message that was judged and let through, as it is kept. What is kept is noted by class and time only; the id of a
    /// record says when it was made, so it is looked for around that.
    async fn kept(&self, record: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(at) = made_at(record) else { return Ok(None) };
        let mut all = Vec::new();
        for class in ["suspicious", "malicious", "benign"] {
            let (since, until) =
                (at.saturating_sub(limits::KEPT_AROUND_S), at.saturating_add(limits::KEPT_AROUND_S));
            all.extend(self.desk.store.objects(Span { class, since, until }, None).await?);
        }
        all.sort_by_key(|kept| kept.at.abs_diff(at));
        for kept in all.iter().take(limits::KEPT_LOOKED_AT) {
            let Some(content) = self.desk.bytes.get(&kept.address).await? else { continue };
            let Ok(message) = kept::unpack(content.clone()) else { continue };
            if message.head.record == record {
                return Ok(Some(content));
            }
        }
        Ok(None)
    }
}

/// When a record's id was made: the first 48 bits of a UUID of version 7 are milliseconds since 1970 (RFC 9562 §5.7).
fn made_at(record: &str) -> Option<i64> {
    let digits: String = record.chars().filter(|c| *c != '-').collect();
    let version = digits.get(12..13)?;
    let milliseconds = i64::from_str_radix(digits.get(..12)?, 16).ok()?;
    (digits.len() == 32 && version == "7").then_some(milliseconds / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_record_says_when_it_was_made() {
        assert_eq!(made_at("017f22e279b07cc398c4dc0c0c07398f"), Some(1_645_557_742));
        assert_eq!(made_at("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), Some(1_645_557_742));
        assert_eq!(made_at("017f22e279b04cc398c4dc0c0c07398f"), None, "another version");
        assert_eq!(made_at("r1"), None);
    }
}
