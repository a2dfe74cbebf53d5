//! What a running server looks at every few seconds: whether the store answers and what waits in it, whether workers
//! are there, whether another node has read its configuration again. Metrics and readiness say what was seen.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sekisho_engine::Gate;
use sekisho_store::{Pulse, Store, StoreError};
use tokio::{sync::watch, time::MissedTickBehavior};

use super::reload::Reloader;
use crate::now;

/// How often it is looked; the manual promises that a change on one node is read by the others within 5 s.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What was seen last, for whoever asks whether messages can be judged now.
#[derive(Debug, Clone)]
pub(super) struct Readiness(Arc<RwLock<Result<(), String>>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(RwLock::new(Err("it has just started".to_owned()))))
    }
}

impl Readiness {
    /// Ready, or a public text that says why not.
    pub(super) fn now(&self) -> Result<(), String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, seen: Result<(), String>) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if *state != seen {
            match &seen {
                Ok(()) => tracing::info!("messages can be judged"),
                Err(why) => tracing::warn!(why, "messages cannot be judged as they should"),
            }
        }
        *state = seen;
    }
}

/// When it is looked: at once, then in even steps, also behind one that took long.
fn looks() -> tokio::time::Interval {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    looks
}

/// Looks.
pub(super) struct Watch {
    pub(super) gate: Arc<Gate>,
    /// `None` where nothing is kept.
    pub(super) store: Option<Store>,
    pub(super) reloader: Arc<Reloader>,
    pub(super) readiness: Readiness,
}

impl Watch {
    /// Looks until the server is to end.
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut look = looks();
        // Whoever would say so is gone only at the end.
        let stop = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                _ = look.tick() => self.look().await,
            }
        }
    }

    async fn look(&self) {
        let pulse = match &self.store {
            Some(store) => Some(store.pulse(now()).await),
            None => None,
        };
        let gate = Arc::clone(&self.gate);
        // Where no worker is left one is started, which takes a second.
        let present = tokio::task::spawn_blocking(move || gate.present()).await.unwrap_or(false);
        self.readiness.set(readiness(pulse.as_ref(), present));
        count(&self.gate, pulse.as_ref().and_then(|pulse| pulse.as_ref().ok()));
        if let Some(Ok(pulse)) = pulse {
            self.reloader.follow(pulse.generation);
        }
    }
}

fn readiness(pulse: Option<&Result<Pulse, StoreError>>, present: bool) -> Result<(), String> {
    if !present {
        return Err("no worker can be started".to_owned());
    }
    match pulse {
        // What the store says names hosts and paths; the log has it.
        Some(Err(error)) => {
            tracing::debug!(%error, "the store does not answer");
            Err("the store does not answer".to_owned())
        }
        _ => Ok(()),
    }
}

fn count(gate: &Gate, pulse: Option<&Pulse>) {
    let load = gate.load();
    let gauge = |name: &'static str, value: f64| metrics::gauge!(name).set(value);
    gauge("sekisho_places", load.places as f64);
    gauge("sekisho_places_busy", load.busy as f64);
    gauge("sekisho_flight_bytes", load.flight_kib as f64 * 1024.0);
    gauge("sekisho_store_up", if pulse.is_some() { 1.0 } else { 0.0 });
    let Some(pulse) = pulse else { return };
    metrics::gauge!("sekisho_outbox", "state" => "waiting").set(pulse.effects_waiting as f64);
    metrics::gauge!("sekisho_outbox", "state" => "failed").set(pulse.effects_failed as f64);
    gauge("sekisho_release_requests_waiting", pulse.requests_waiting as f64);
    gauge("sekisho_lockdowns", pulse.lockdowns as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The looks are what the time depends on: reading again begins with the one that sees the change.
    #[tokio::test(start_paused = true)]
    async fn a_change_is_seen_well_within_the_promised_time() {
        const PROMISED: Duration = Duration::from_secs(5);
        let manual = include_str!("../../../../docs/install.md");
        assert!(manual.contains(&format!("within {} s, from its own files", PROMISED.as_secs())));
        // What is left is for the call of the store and for reading again, which takes a second or two.
        assert!(LOOK_EVERY * 2 < PROMISED);
        let mut looks = looks();
        looks.tick().await;
        let changed = tokio::time::Instant::now();
        looks.tick().await;
        assert_eq!(changed.elapsed(), LOOK_EVERY, "whatever changes behind a look is seen by the next");
        tokio::time::advance(LOOK_EVERY * 10).await;
        looks.tick().await;
        let late = tokio::time::Instant::now();
        looks.tick().await;
        assert_eq!(late.elapsed(), LOOK_EVERY, "also after one that took long");
    }

    #[test]
    fn ready_is_whoever_has_workers_and_a_store_that_answers() {
        let away = || Err(StoreError::Gone("db.internal: refused".to_owned()));
        assert_eq!(readiness(Some(&Ok(Pulse::default())), true), Ok(()));
        assert_eq!(readiness(None, true), Ok(()), "nothing is kept");
        assert_eq!(readiness(Some(&away()), true), Err("the store does not answer".to_owned()), "no names");
        assert_eq!(readiness(Some(&away()), false), Err("no worker can be started".to_owned()));
    }
}
