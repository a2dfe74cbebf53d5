//! What the requests of one listener share, and the one way from a message to its passage.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::FutureExt as _;
use sekisho_engine::gate::{Arrival, Gatekeeper, Passage};
use sekisho_record::Envelope;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::body::{Held, budget};
use super::counts::Counts;
use super::refused::Refused;
use super::settings::{Hooks, Live, Settings};

/// What the requests of one listener share.
pub(super) struct Shared {
    live: Live,
    pub(super) hooks: Hooks,
    pub(super) counts: Counts,
    gatekeeper: Arc<dyn Gatekeeper>,
    bodies: Arc<Semaphore>,
}

/// What is known of a message beside its bytes.
pub(super) struct About {
    pub(super) intake: &'static str,
    pub(super) envelope: Option<Envelope>,
    pub(super) queue_id: Option<String>,
    pub(super) inquiry: bool,
    pub(super) body_stays: bool,
}

/// A message that was judged. It counts as held until this is dropped.
pub(super) struct Judged {
    pub(super) raw: Arc<[u8]>,
    pub(super) passage: Passage,
    /// Whoever asked only wanted to know: nothing is held.
    pub(super) inquiry: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Shared {
    pub(super) fn new(gatekeeper: Arc<dyn Gatekeeper>, live: Live, hooks: Hooks) -> Self {
        let bodies = budget(live.now().bodies_bytes_max);
        Self { live, hooks, counts: Counts::new(now()), gatekeeper, bodies }
    }

    /// The settings as they are now.
    pub(super) fn settings(&self) -> Arc<Settings> {
        self.live.now()
    }

    /// Room for one message.
    pub(super) fn hold(&self) -> Held {
        Held::new(self.bodies.clone(), self.settings().body_bytes_max)
    }

    /// Has a message judged. When the client goes away meanwhile, an inquiry ends; a real arrival is judged to its end,
    /// because it may be held.
    pub(super) async fn judge(&self, held: Held, about: About) -> Result<Judged, Refused> {
        let (raw, permit) = held.share();
        let arrival = Arrival {
            raw: raw.clone(),
            envelope: about.envelope,
            intake: about.intake,
            queue_id: about.queue_id,
            at: now(),
            splits: false,
            inquiry: about.inquiry,
            body_stays: about.body_stays,
            ..Arrival::default()
        };
        let inquiry = about.inquiry;
        if inquiry {
            // It ends with whoever asked, so it needs no task of its own, which would change threads twice.
            let passage = AssertUnwindSafe(self.gatekeeper.pass(arrival)).catch_unwind().await;
            return Ok(Judged {
                raw,
                passage: passage.map_err(|_| Refused::Failed)?,
                inquiry,
                _permit: permit,
            });
        }
        let gatekeeper = self.gatekeeper.clone();
        let task = tokio::spawn(async move { (gatekeeper.pass(arrival).await, permit) });
        let (passage, permit) = task.await.map_err(|_| Refused::Failed)?;
        Ok(Judged { raw, passage, inquiry, _permit: permit })
    }
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
