//! The gate of a running server: judges, decides, holds, and remembers behind the answer.
//!
//! * **Back-pressure.** As many messages are judged at a time as there are workers, and all that wait hold no more than
//!   [`limits::FLIGHT_BYTES_MAX`] together; beyond that, intakes wait, and with them their peers.
//! * **A deadline a message.** When it passes, or a stage fails or panics, the message passes by the fail-safe clause, and
//!   a gap says why.
//! * **Durable before the answer** is only what is held. History and kept messages follow behind it ([`Behind`]).

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use sekisho_policy::{Policy, Ruling, Wish, rule_unread};
use sekisho_record::{Action, Decision, Decisions, Submission};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};
use uuid::Uuid;

use super::{Arrival, Behind, Gatekeeper, Passage, Quarantine, report};
use crate::{Desk, Engine, limits, resolver::Answer, worker::Judged};

/// Whoever judges a message and decides about it, on the calling thread.
pub trait Judges: Send + Sync {
    /// Judges and decides. Nothing is decided where nobody could judge.
    fn rule(&self, submission: &Submission<'_>, wish: &Wish) -> Judged;
}

impl Judges for crate::worker::Pool {
    fn rule(&self, submission: &Submission<'_>, wish: &Wish) -> Judged {
        Self::rule(self, submission, wish)
    }
}

impl Judges for Engine {
    fn rule(&self, submission: &Submission<'_>, wish: &Wish) -> Judged {
        let (record, ruling, asked) = self.scan_and_rule(submission, wish);
        Judged { asked, ..Judged::of(record, None, Some(ruling)) }
    }
}

/// By what messages are judged and decided about. It is replaced as a whole when the configuration changes.
pub struct Court {
    /// Who judges.
    pub judges: Box<dyn Judges>,
    /// What is done with messages that nobody could judge; the same policy as the judges'.
    pub policy: Policy,
}

/// How a gate is set up.
pub struct Settings {
    /// Messages that are judged at the same time.
    pub places: usize,
    /// How long one message may take in all, waiting included. Postfix gives a milter 30 s for the end of a message.
    pub deadline: Duration,
    /// Where messages are held; without one, those that were to be held are refused for now.
    pub quarantine: Option<Arc<dyn Quarantine>>,
}

/// The gate.
pub struct Gate {
    court: RwLock<Arc<Court>>,
    settings: Settings,
    places: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    behind: Behind,
}

/// The clause of a message that was to be held while there was no place for it.
pub const NOT_HELD: &str = "quarantine-unavailable";
/// What the sending server reads then.
const LATER: &str = "message cannot be accepted now, please try again later";

impl Gate {
    /// A gate; what is learnt and kept goes over this desk. Has to be called inside of the runtime that will run it.
    pub fn new(court: Court, desk: Arc<Desk>, settings: Settings) -> Self {
        Self {
            court: RwLock::new(Arc::new(court)),
            places: Arc::new(Semaphore::new(settings.places.max(1))),
            bytes: Arc::new(Semaphore::new(limits::FLIGHT_BYTES_MAX >> KIB)),
            behind: Behind::start(desk),
            settings,
        }
    }

    /// Judges by something else from the next message on.
    pub fn replace(&self, court: Court) {
        *self.court.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(court);
    }

    fn court(&self) -> Arc<Court> {
        Arc::clone(&self.court.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until everything that is remembered behind answers is written. Nothing may arrive any more.
    pub async fn close(&self) {
        self.behind.close().await;
    }

    async fn passed(&self, arrival: Arrival) -> Passage {
        let started = std::time::Instant::now();
        let end = Instant::now() + self.settings.deadline;
        let arrival = Arc::new(arrival);
        let wish = wish(&arrival);
        let (judged, bytes) = match timeout_at(end, self.judged(&arrival, &wish)).await {
            Ok((judged, bytes)) => (judged, bytes),
            Err(_) => (unjudged("timed_out", "the message could not be judged in time"), None),
        };
        let Judged { verdict, summary, cost, ruling, .. } = &judged;
        let recipients = arrival.envelope.as_ref().map_or(0, |envelope| envelope.rcpt_to.len());
        let ruling = ruling.clone().filter(|ruling| complete(&ruling.decisions, recipients));
        let envelope = arrival.envelope.as_ref();
        let ruling = ruling.unwrap_or_else(|| rule_unread(verdict, envelope, &self.court().policy, &wish));
        let Ruling { decisions, plain, bannered } = ruling;
        let mut passage = Passage {
            id: wish.id,
            verdict: verdict.clone(),
            summary: summary.clone(),
            decisions,
            plain,
            bannered,
            cpu_ms: cost.cpu_ms(),
        };
        if !arrival.inquiry {
            self.hold(&arrival, &judged, &mut passage, end).await;
            if !refused(&passage.decisions) {
                self.behind.remember(Arc::clone(&arrival), judged, bytes).await;
            }
        }
        report(&arrival, &passage, started.elapsed());
        passage
    }

    /// Has it judged as soon as there is a place for it.
    async fn judged(&self, arrival: &Arc<Arrival>, wish: &Wish) -> (Judged, Option<OwnedSemaphorePermit>) {
        let Some([bytes, place]) = self.permits(arrival).await else {
            return (unjudged("failed", "the gate is closed"), None);
        };
        let (court, arrival, wish) = (self.court(), Arc::clone(arrival), wish.clone());
        let work = move || {
            let judged = court.judges.rule(&submission(&arrival, &wish.id), &wish);
            drop(place);
            (judged, Some(bytes))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(judged) => judged,
            Err(error) => {
                tracing::error!(%error, "judging failed");
                (unjudged("failed", "the message could not be judged"), None)
            }
        }
    }

    async fn permits(&self, arrival: &Arrival) -> Option<[OwnedSemaphorePermit; 2]> {
        let kib = (arrival.raw.len() >> KIB).clamp(1, limits::FLIGHT_BYTES_MAX >> KIB);
        let kib = u32::try_from(kib).unwrap_or(u32::MAX);
        let bytes = Arc::clone(&self.bytes).acquire_many_owned(kib).await.ok()?;
        let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
        Some([bytes, place])
    }

    /// Holds it where that was decided. What cannot be held is not taken in at all.
    async fn hold(&self, arrival: &Arc<Arrival>, judged: &Judged, passage: &mut Passage, end: Instant) {
        if !passage.decisions.each.iter().any(|decision| decision.action == Action::Quarantine) {
            return;
        }
        let held = match &self.settings.quarantine {
            None => Err("there is no quarantine".to_owned()),
            Some(quarantine) => {
                let court = self.court();
                // Nothing is half held when time is up: the same message, sent again, is held once.
                let holding = quarantine.hold(arrival, judged, passage, &court.policy);
                timeout_at(end.max(Instant::now() + limits::HOLD_PATIENCE), holding)
                    .await
                    .unwrap_or_else(|_| Err("it took too long".to_owned()))
            }
        };
        match held {
            Ok(id) => passage.id = id,
            Err(error) => {
                tracing::error!(id = passage.id, error, "a message could not be held");
                let mut recipients: Vec<u32> =
                    passage.decisions.each.iter().flat_map(|decision| decision.recipients.clone()).collect();
                recipients.sort_unstable();
                let action = Action::Defer { text: LATER.to_owned() };
                passage.decisions.each = vec![Decision { action, clause: NOT_HELD.to_owned(), recipients }];
            }
        }
    }
}

impl Gatekeeper for Gate {
    fn pass(&self, arrival: Arrival) -> Answer<'_, Passage> {
        Box::pin(self.passed(arrival))
    }
}

/// Bytes are counted in units of this power of two: a semaphore counts in 32 bits.
const KIB: u32 = 10;

fn unjudged(reason: &str, detail: &str) -> Judged {
    Judged::not_judged(reason, detail.to_owned())
}

/// The submission that an arrival is, under the name of its record; an inquiry teaches nothing.
pub(crate) fn submission<'a>(arrival: &'a Arrival, id: &'a str) -> Submission<'a> {
    Submission {
        raw: &arrival.raw,
        envelope: arrival.envelope.as_ref(),
        record: if arrival.inquiry { "" } else { id },
        at: Some(arrival.at),
        now: arrival.at,
    }
}

fn wish(arrival: &Arrival) -> Wish {
    Wish {
        // Of time and chance: ids of one hour are neighbours in an index, and none can be guessed.
        id: Uuid::now_v7().simple().to_string(),
        mark: Uuid::new_v4().simple().to_string(),
        splits: arrival.splits,
        now: arrival.at,
        ..Wish::default()
    }
}

/// Every recipient stands in exactly one decision: a worker that hostile bytes have taken over may not lose one.
fn complete(decisions: &Decisions, recipients: usize) -> bool {
    let mut seen = vec![false; recipients];
    let mut once = |at: &u32| {
        let place = usize::try_from(*at).ok().and_then(|at| seen.get_mut(at));
        place.is_some_and(|seen| !std::mem::replace(seen, true))
    };
    !decisions.each.is_empty()
        && decisions.each.iter().flat_map(|decision| &decision.recipients).all(&mut once)
        && seen.iter().all(|seen| *seen)
}

/// The sending server brings it again, or never: it did not arrive.
fn refused(decisions: &Decisions) -> bool {
    decisions.each.iter().all(|decision| matches!(decision.action, Action::Defer { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_name_every_recipient_once() {
        let check = |lists: &[&[u32]], recipients| {
            let one = |list: &&[u32]| Decision {
                action: Action::Deliver,
                clause: String::new(),
                recipients: list.to_vec(),
            };
            complete(&Decisions { each: lists.iter().map(one).collect(), ..Decisions::default() }, recipients)
        };
        assert!(check(&[&[0, 2], &[1]], 3));
        assert!(check(&[&[]], 0));
        assert!(!check(&[], 0), "nothing is decided");
        assert!(!check(&[&[0, 2]], 3), "one is left out");
        assert!(!check(&[&[0, 1], &[1]], 2), "one stands twice");
        assert!(!check(&[&[0, 1, 7]], 2), "one is not there");
    }
}
