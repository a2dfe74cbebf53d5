//! Messages that nobody could judge: the fail-safe clause decides, and a banner is put on by somebody who only does that.
//!
//! Whoever was to judge the message is ended, or has no time: the banner is a fresh worker's, with a deadline of its own.
//! Where that fails, too, our header field alone says that nobody has looked.

use std::sync::Arc;

use sekisho_policy::{Policy, Ruling, Wish, banner::Banner, neutral, rule_unread, without_banner};
use sekisho_record::{Change, FieldChange, Verdict};
use tokio::sync::Semaphore;

use super::Arrival;
use crate::limits;

/// Whoever puts a banner on a message without judging it, on the calling thread.
pub trait Dresses: Send + Sync {
    /// The change that puts it on, with these changes of fields; `None` where none can be put on.
    ///
    /// # Errors
    /// In words for the log.
    fn dress(&self, raw: &[u8], banner: &Banner, fields: &[FieldChange]) -> Result<Option<Change>, String>;
}

impl Dresses for crate::worker::Dresser {
    fn dress(&self, raw: &[u8], banner: &Banner, fields: &[FieldChange]) -> Result<Option<Change>, String> {
        Self::dress(self, raw, banner, fields).map_err(|fault| fault.detail_of("no banner could be put on"))
    }
}

/// Decides about messages that nobody could judge.
pub(super) struct Unread {
    dresser: Option<Arc<dyn Dresses>>,
    places: Arc<Semaphore>,
}

impl Unread {
    pub(super) fn new(dresser: Option<Arc<dyn Dresses>>) -> Self {
        Self { dresser, places: Arc::new(Semaphore::new(limits::DRESSED_AT_ONCE)) }
    }

    /// What is done with the message, and its changes.
    pub(super) async fn rule(
        &self,
        arrival: &Arc<Arrival>,
        verdict: &Verdict,
        policy: &Policy,
        wish: &Wish,
    ) -> Ruling {
        let mut ruling = rule_unread(verdict, arrival.envelope.as_ref(), policy, wish);
        let clause = ruling.decisions.safest().map(|decision| decision.clause.clone()).unwrap_or_default();
        metrics::counter!("sekisho_fail_safe_total", "clause" => clause).increment(1);
        let Some(level) = ruling.decisions.level().filter(|_| !wish.body_stays) else { return ruling };
        let banner = neutral(level, &policy.language, wish);
        ruling.bannered = self.dressed(arrival, banner, ruling.plain.fields.clone()).await;
        if ruling.bannered.is_none() {
            without_banner(&mut ruling.decisions);
        }
        ruling
    }

    async fn dressed(
        &self,
        arrival: &Arc<Arrival>,
        banner: Banner,
        fields: Vec<FieldChange>,
    ) -> Option<Change> {
        let dresser = Arc::clone(self.dresser.as_ref()?);
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let arrival = Arc::clone(arrival);
        let work = tokio::task::spawn_blocking(move || {
            let dressed = dresser.dress(&arrival.raw, &banner, &fields);
            drop(place);
            dressed
        });
        match tokio::time::timeout(limits::DRESS_PATIENCE, work).await {
            Ok(Ok(Ok(change))) => change,
            Ok(Ok(Err(why))) => {
                tracing::warn!(why, "a message that was not judged goes without a banner");
                None
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "putting on a banner failed");
                None
            }
            Err(_) => {
                tracing::warn!("a message that was not judged goes without a banner: it took too long");
                None
            }
        }
    }
}
