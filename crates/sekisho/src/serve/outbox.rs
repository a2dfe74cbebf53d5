//! The outbox: what was released goes out, by SMTP, to the mail server's port that does not ask us again.
//!
//! Releases stand in the store, written by whoever released (console, API, command line, any node). This task takes
//! them with a lease, reads the held message, hands it to the next hop with its own reverse path for the one recipient
//! it was released for, and notes how it went. Its bytes go out as they came in.
//!
//! **At least once.** A release is done when the next hop has said 250 and that is noted. Whatever is killed in between
//! is taken again by whoever looks after the lease ([`sekisho_store::limits::LEASE_S`]), and the recipient may get the
//! message twice, never not at all. Handing one message over takes less than the lease, so no two nodes do it at the
//! same time. Refused for good, or tried for days: it has failed, which the audit says.
//!
//! **Lockdowns** keep back what waits here; the store gives out nothing that one covers.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use sekisho_engine::{case::masked, kept};
use sekisho_intake::smtp::{
    client::{Client, Hop, Letter, Outcome, Waits},
    command::{Parameter, Path},
};
use sekisho_record::quarantine::{Effect, EffectState, Release};
use sekisho_store::{Bytes, Store, StoreError};
use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};

use crate::{config::Config, now};

/// How often it is looked for what was released: who released it sees it come at once.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Messages that are handed over at the same time: each stands in memory.
const AT_ONCE: usize = 4;
/// How long handing over one message may take: less than the lease.
const HAND_OVER_MAX: Duration = Duration::from_secs(100);
/// How long an answer of the next hop is waited for.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Between two lines of the log that say that what was released waits.
const REMIND_EVERY: Duration = Duration::from_secs(600);

/// What was released, and the way out.
pub(super) struct Outbox {
    store: Store,
    bytes: Bytes,
    client: Option<Client>,
    /// A name that no other process has.
    node: String,
}

/// Why a release did not go out.
#[derive(Debug)]
enum Failure {
    /// It may go another time.
    Later(String),
    /// It never will.
    Never(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Later(why) | Self::Never(why) => f.write_str(why),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Later(error.to_string())
    }
}

/// Where released mail goes on; `None` when the configuration does not say.
///
/// # Errors
/// When what it says is no place.
pub(crate) fn next(config: &Config) -> Result<Option<(String, u16)>> {
    let Some(next) = config.release.next.as_deref() else { return Ok(None) };
    let (host, port) = next.rsplit_once(':').context("[release] `next` is HOST:PORT")?;
    let port = port.parse().with_context(|| format!("[release] next = \"{next}\""))?;
    Ok(Some((host.trim_matches(['[', ']']).to_owned(), port)))
}

impl Outbox {
    /// As the configuration says.
    ///
    /// # Errors
    /// When `next` is no place.
    pub(super) fn new(config: &Config, store: Store, bytes: Bytes, name: &str) -> Result<Self> {
        let client = next(config)?.map(|(host, port)| {
            let mut hop = Hop::new(host, port, name);
            hop.waits = Waits {
                greeting: ANSWER_MAX,
                command: ANSWER_MAX,
                data: ANSWER_MAX,
                block: ANSWER_MAX,
                end: HAND_OVER_MAX,
                ..hop.waits
            };
            Client::new(hop)
        });
        let started = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let node = format!("{name}:{}:{started}", std::process::id());
        Ok(Self { store, bytes, client, node })
    }

    /// Sends what is released until the server is to end; what is being handed over then is finished first.
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
        let noted = match sent {
            Ok(to) => {
                tracing::info!(id = effect.record, to = masked(&to), "released mail went out");
                metrics::counter!("sekisho_releases_total", "outcome" => "sent").increment(1);
                self.store.done_effect(&effect.key, now()).await.map(|_| ())
            }
            Err(failure) => {
                let never = matches!(failure, Failure::Never(_));
                let why = failure.to_string();
                tracing::warn!(id = effect.record, never, %why, "released mail did not go out");
                metrics::counter!("sekisho_releases_total", "outcome" => if never { "failed" } else { "later" })
                    .increment(1);
                self.store.fail_effect(&effect.key, &self.node, &why, never, now()).await.map(|_| ())
            }
        };
        if let Err(error) = noted {
            tracing::error!(id = effect.record, %error, "the outbox cannot be written; it is tried again");
        }
    }

    /// Hands one to the next hop; for whom.
    async fn send(&self, effect: &Effect) -> Result<String, Failure> {
        if effect.kind != "release" {
            return Err(Failure::Later(format!("nobody here carries out `{}`", effect.kind)));
        }
        let release: Release = serde_json::from_value(effect.payload.clone())
            .map_err(|error| Failure::Never(format!("the release cannot be read: {error}")))?;
        if release.banner {
            return Err(Failure::Never("a banner cannot be put into released mail yet".to_owned()));
        }
        let Some(client) = &self.client else { return Err(Failure::Later("no next hop".to_owned())) };
        let content = self.bytes.get(&release.address).await?;
        let content = content.ok_or_else(|| Failure::Never("its bytes are not there any more".to_owned()))?;
        let message = kept::unpack(content).map_err(|why| Failure::Never(format!("what is kept {why}")))?;
        let (from, to) = (path(&release, message.raw()), [Path::new(&*release.recipient)]);
        let letter = Letter { from: &from, to: &to, message: message.raw(), origin: None };
        let outcome = client.send(&letter).await.pop();
        match outcome {
            Some(Outcome::Accepted(_)) => Ok(release.recipient),
            Some(Outcome::Refused(reply)) => Err(Failure::Never(format!("refused for good: {reply}"))),
            Some(Outcome::Later(reply)) => Err(Failure::Later(format!("refused for now: {reply}"))),
            Some(Outcome::Unknown(trouble)) => {
                Err(Failure::Later(format!("nobody knows whether it arrived: it {trouble}")))
            }
            None => Err(Failure::Later("the next hop was not asked".to_owned())),
        }
    }
}

/// The reverse path with what the next hop has to know of the message (RFC 6152, RFC 6531).
fn path(release: &Release, raw: &[u8]) -> Path {
    let mut path = Path::new(&*release.mail_from);
    if !release.mail_from.is_ascii() || !release.recipient.is_ascii() {
        path.parameters.push(Parameter { name: "SMTPUTF8".to_owned(), value: None });
    }
    if !raw.is_ascii() {
        let value = Some("8BITMIME".to_owned());
        path.parameters.push(Parameter { name: "BODY".to_owned(), value });
    }
    path
}
