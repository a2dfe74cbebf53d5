//! The outbox: what was released goes out, and so does mail of ours to people, by SMTP, to the mail server's port that
//! does not ask us again.
//!
//! Effects stand in the store, written by whoever released (console, API, command line, any node) and by
//! [`telling`](super::telling). This task takes them with a lease, reads the held message or writes the mail, hands it to the
//! next hop for the one recipient that it is for, and notes how it went. Released bytes go out as they came in, under
//! their own reverse path; with a banner where that was wanted, which a worker puts on.
//!
//! **At least once.** An effect is done when the next hop has said 250 and that is noted. Whatever is killed in between
//! is taken again by whoever looks after the lease ([`sekisho_store::limits::LEASE_S`]), and the recipient may get the
//! message twice, never not at all. Handing one message over takes less than the lease, so no two nodes do it at the
//! same time. Refused for good, or tried for days: it has failed, which the audit says.
//!
//! **Lockdowns** keep back what was released and waits here; the store gives out nothing that one covers.

use std::{borrow::Cow, path::Path, sync::Arc, time::Duration};

use anyhow::Result;
use sekisho_engine::{apply, case::masked, gate::Links, kept, worker::Dresser};
use sekisho_intake::smtp::client::Client;
use sekisho_policy::{Wish, of_held};
use sekisho_record::quarantine::{AuditEntry, Effect, EffectState, Release, Role, Via};
use sekisho_respond::{KINDS, Telling, Trouble};
use sekisho_store::{Bytes, Store};
use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};

use super::{
    telling::{self, clock},
    way::{Failure, HAND_OVER_MAX, send, way},
};
use crate::{config::Config, judges, marks, now};

/// How often it is looked for what was released: who released it sees it come at once.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Messages that are handed over at the same time: each stands in memory.
const AT_ONCE: usize = 4;
/// Between two lines of the log that say that what was released waits.
const REMIND_EVERY: Duration = Duration::from_secs(600);

/// What is to go out, and the way.
pub(super) struct Outbox {
    store: Store,
    bytes: Bytes,
    client: Option<Client>,
    /// Who writes mail of ours; `None` where people are not told.
    telling: Option<Telling>,
    banners: Banners,
    /// A name that no other process has.
    node: String,
}

/// What banners of released mail need.
struct Banners {
    /// Who puts them on.
    dresser: Dresser,
    /// Their links.
    links: Option<Links>,
    /// Their language.
    language: String,
}

impl Outbox {
    /// As the configuration says.
    ///
    /// # Errors
    /// When something is wrong with the way out, or with how people are told.
    pub(super) fn new(
        config: &Config,
        data: &Path,
        (store, bytes): (Store, Bytes),
        name: &str,
    ) -> Result<Self> {
        let client = way(config, name)?;
        let telling = telling::telling(config, data, &store)?;
        let language = config.policy.language.clone().unwrap_or_default();
        let dresser = judges::dresser(marks::banner_key(config, Some(data))?)?;
        let banners = Banners { dresser, links: telling::links(config, data)?, language };
        let started = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let node = format!("{name}:{}:{started}", std::process::id());
        Ok(Self { store, bytes, client, telling, banners, node })
    }

    /// Who tells people; `None` where they are not told.
    pub(super) fn telling(&self) -> Option<Telling> {
        self.telling.clone()
    }

    /// Sends what is due until the server is to end; what is being handed over then is finished first.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let outbox = Arc::new(self);
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut remind = tokio::time::interval(REMIND_EVERY);
        let ending = stopped.clone();
        // Whoever would say so is gone only at the end.
        let stop = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                _ = look.tick(), if outbox.client.is_some() => {
                    while outbox.some().await == AT_ONCE && !*ending.borrow() {}
                }
                _ = remind.tick(), if outbox.client.is_none() => outbox.remind().await,
            }
        }
        if let Some(client) = &outbox.client {
            client.close().await;
        }
    }

    /// Says how much waits for a way out.
    async fn remind(&self) {
        match self.store.effects(EffectState::Waiting, 0).await {
            Ok(waiting) if waiting.is_empty() => {
                tracing::info!("[release] names no `next`: what is released would wait");
            }
            Ok(waiting) => tracing::warn!(
                waiting = waiting.len(),
                "released mail waits: [release] names no `next`, HOST:PORT of the mail server's port without milter"
            ),
            Err(error) => tracing::warn!(%error, "the outbox cannot be read"),
        }
    }

    /// Takes some that are due and carries them out; how many there were.
    async fn some(self: &Arc<Self>) -> usize {
        let effects = match self.store.take_effects(now(), &self.node, AT_ONCE).await {
            Ok(effects) => effects,
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read");
                return 0;
            }
        };
        let count = effects.len();
        let mut all = JoinSet::new();
        for effect in effects {
            let outbox = Arc::clone(self);
            all.spawn(async move { outbox.carry_out(&effect).await });
        }
        while all.join_next().await.is_some() {}
        count
    }

    /// Carries one out, and notes how it went. What cannot be noted is done again after the lease.
    async fn carry_out(&self, effect: &Effect) {
        let sent = tokio::time::timeout(HAND_OVER_MAX, self.send(effect)).await;
        let sent = sent.unwrap_or_else(|_| Err(Failure::Later("handing it over took too long".to_owned())));
        let (id, kind) = (&effect.record, &effect.kind);
        let noted = match sent {
            Ok(to) => {
                tracing::info!(id, kind, to = to.as_deref().map(masked), "mail went out");
                counted(kind, "sent");
                self.store.done_effect(&effect.key, now()).await.map(|_| ())
            }
            Err(failure) => {
                let never = matches!(failure, Failure::Never(_));
                let why = failure.to_string();
                tracing::warn!(id, kind, never, %why, "mail did not go out");
                counted(kind, if never { "failed" } else { "later" });
                self.store.fail_effect(&effect.key, &self.node, &why, never, now()).await.map(|_| ())
            }
        };
        if let Err(error) = noted {
            tracing::error!(id, kind, %error, "the outbox cannot be written; it is tried again");
        }
    }

    /// Hands one to the next hop; for whom, unless there was nothing to say any more.
    async fn send(&self, effect: &Effect) -> Result<Option<String>, Failure> {
        if effect.kind == "report" {
            // It stands in the audit; whoever collects reports finds it there, and the log tells whoever watches.
            return Ok(None);
        }
        let Some(client) = &self.client else { return Err(Failure::Later("no next hop".to_owned())) };
        match effect.kind.as_str() {
            "release" => self.release(client, effect).await.map(Some),
            kind if KINDS.contains(&kind) => self.tell(client, effect).await,
            kind => Err(Failure::Later(format!("nobody here carries out `{kind}`"))),
        }
    }

    /// Mail of ours.
    async fn tell(&self, client: &Client, effect: &Effect) -> Result<Option<String>, Failure> {
        // People are not told any more.
        let Some(telling) = &self.telling else { return Ok(None) };
        let letter = telling.letter(effect, clock()).await.map_err(|trouble| match trouble {
            Trouble::Store(error) => Failure::from(error),
            Trouble::Payload(_) => Failure::Never(trouble.to_string()),
        })?;
        let Some(letter) = letter else { return Ok(None) };
        send(client, "", &letter.to, &letter.bytes).await?;
        Ok(Some(letter.to))
    }

    /// A held message.
    async fn release(&self, client: &Client, effect: &Effect) -> Result<String, Failure> {
        let release: Release = serde_json::from_value(effect.payload.clone())
            .map_err(|error| Failure::Never(format!("the release cannot be read: {error}")))?;
        let content = self.bytes.get(&release.address).await?;
        let content = content.ok_or_else(|| Failure::Never("its bytes are not there any more".to_owned()))?;
        let message = kept::unpack(content).map_err(|why| Failure::Never(format!("what is kept {why}")))?;
        let message = Arc::new(message);
        let bytes: Cow<'_, [u8]> = match self.dressed(&release, &message).await? {
            Some(dressed) => dressed.into(),
            None => message.raw().into(),
        };
        send(client, &release.mail_from, &release.recipient, &bytes).await?;
        Ok(release.recipient)
    }

    /// The message with its banner, if one is wanted and can be put on.
    async fn dressed(
        &self,
        release: &Release,
        message: &Arc<kept::Message>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        if !release.banner {
            return Ok(None);
        }
        let held = self.store.held_record(&release.record).await?.map(|item| item.held).unwrap_or_default();
        let mut wish = Wish { id: release.record.clone(), now: now(), ..Wish::default() };
        wish.mark = uuid::Uuid::new_v4().simple().to_string();
        if let Some(links) = &self.banners.links {
            links.put(&mut wish, std::slice::from_ref(&release.recipient));
        }
        let banner = of_held(&held, &self.banners.language, &wish);
        let (dresser, kept) = (self.banners.dresser.clone(), Arc::clone(message));
        let change = tokio::task::spawn_blocking(move || dresser.dress(kept.raw(), &banner, &[]))
            .await
            .map_err(|error| Failure::Later(error.to_string()))?
            .map_err(|fault| Failure::Later(fault.detail_of("no banner could be put on")))?;
        if change.is_none() {
            self.undressed(release).await?;
        }
        Ok(change.map(|change| apply(message.raw(), &change)))
    }

    /// Signed mail and the like carries no banner: it goes out as it came, and the audit says so.
    async fn undressed(&self, release: &Release) -> Result<(), Failure> {
        tracing::warn!(id = release.record, "no banner can be put on a released message; it goes without");
        let entry = AuditEntry {
            id: 0,
            at: now(),
            who: "sekisho".to_owned(),
            role: Role::Program,
            via: Via::Program,
            what: "without_banner".to_owned(),
            on: release.record.clone(),
            reason: "the message can carry none: it is signed, encrypted or has no text".to_owned(),
            before: serde_json::Value::Null,
            after: serde_json::Value::Null,
            refused: None,
        };
        Ok(self.store.note(&entry).await?)
    }
}

/// What went out, or did not: held mail that was released, and mail of ours.
fn counted(kind: &str, outcome: &'static str) {
    let name = if kind == "release" { "sekisho_releases_total" } else { "sekisho_letters_total" };
    metrics::counter!(name, "outcome" => outcome).increment(1);
}
