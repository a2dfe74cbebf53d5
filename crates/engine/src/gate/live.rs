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
use tracing::{Instrument as _, field::Empty};
use uuid::Uuid;

use super::{
    Arrival, Behind, Dresses, Gatekeeper, Links, Passage, Quarantine, SPANS, report, unread::Unread,
};
use crate::{Desk, Engine, limits, resolver::Answer, worker::Judged};

/// Whoever judges a message and decides about it, on the calling thread.
pub trait Judges: Send + Sync {
    /// Judges and decides. Nothing is decided where nobody could judge.
    fn rule(&self, submission: &Submission<'_>, wish: &Wish) -> Judged;

    /// Whether anybody is there to judge; tries to bring somebody back where nobody is.
    fn present(&self) -> bool {
        true
    }
}

impl Judges for crate::worker::Pool {
    fn rule(&self, submission: &Submission<'_>, wish: &Wish) -> Judged {
        Self::rule(self, submission, wish)
    }

    fn present(&self) -> bool {
        Self::present(self)
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
    /// How long one message may take in all, waiting included. Postfix
    /// waits 300 s for a milter's answer (`milter_content_timeout`), 100 s for a proxy's (`smtpd_proxy_timeout`).
    pub deadline: Duration,
    /// Where messages are held; without one, those that were to be held are refused for now.
    pub quarantine: Option<Arc<dyn Quarantine>>,
    /// What the links of banners lead to; without, they have none.
    pub links: Option<Links>,
    /// Who puts a banner on a message that nobody could judge; without, our header field alone says so.
    pub dresser: Option<Arc<dyn Dresses>>,
}

/// The gate.
pub struct Gate {
    sitting: RwLock<Arc<Sitting>>,
    quarantine: Option<Arc<dyn Quarantine>>,
    bytes: Arc<Semaphore>,
    behind: Behind,
    unread: Unread,
    links: Option<Links>,
}

/// A court with as many places as it can judge at the same time. Its places are closed when another one follows it: who
/// waits for one then goes to that.
struct Sitting {
    court: Court,
    places: Arc<Semaphore>,
    places_max: usize,
    deadline: Duration,
}

impl Sitting {
    fn new(court: Court, places: usize, deadline: Duration) -> Arc<Self> {
        let places_max = places.max(1);
        Arc::new(Self { court, places: Arc::new(Semaphore::new(places_max)), places_max, deadline })
    }
}

/// How busy a gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Messages that can be judged at the same time.
    pub places: usize,
    /// Of these places, how many are taken.
    pub busy: usize,
    /// KiB of the messages that are judged, wait for it, or wait to be remembered.
    pub flight_kib: usize,
}

/// The clause of a message that was to be held while there was no place for it.
pub const NOT_HELD: &str = "quarantine-unavailable";
/// The clause of a message that its recipients have already.
pub const DELIVERED: &str = "already-delivered";
/// What the sending server reads then.
const LATER: &str = "message cannot be accepted now, please try again later";

impl Gate {
    /// A gate; what is learnt and kept goes over this desk. Has to be called inside of the runtime that will run it.
    pub fn new(court: Court, desk: Arc<Desk>, settings: Settings) -> Self {
        Self {
            sitting: RwLock::new(Sitting::new(court, settings.places, settings.deadline)),
            quarantine: settings.quarantine,
            bytes: Arc::new(Semaphore::new(limits::FLIGHT_BYTES_MAX >> KIB)),
            behind: Behind::start(desk),
            unread: Unread::new(settings.dresser),
            links: settings.links,
        }
    }

    /// Judges by something else from the next message on, also of those that wait already: so many at the same time, each
    /// for so long.
    pub fn replace(&self, court: Court, places: usize, deadline: Duration) {
        let next = Sitting::new(court, places, deadline);
        let before =
            std::mem::replace(&mut *self.sitting.write().unwrap_or_else(PoisonError::into_inner), next);
        before.places.close();
    }

    fn sitting(&self) -> Arc<Sitting> {
        Arc::clone(&self.sitting.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How busy it is now.
    pub fn load(&self) -> Load {
        let sitting = self.sitting();
        Load {
            places: sitting.places_max,
            busy: sitting.places_max.saturating_sub(sitting.places.available_permits()),
            flight_kib: (limits::FLIGHT_BYTES_MAX >> KIB).saturating_sub(self.bytes.available_permits()),
        }
    }

    /// Whether anybody is there to judge; tries to bring somebody back where nobody is, on this thread.
    pub fn present(&self) -> bool {
        self.sitting().court.judges.present()
    }

    /// Waits until everything that is remembered behind answers is written. Nothing may arrive any more.
    pub async fn close(&self) {
        self.behind.close().await;
    }

    async fn passed(&self, arrival: Arrival) -> Passage {
        let mut wish = wish(&arrival);
        if let Some(links) = &self.links {
            links.put_for(&mut wish, &arrival);
        }
        let span = tracing::info_span!(
            target: SPANS, "message", id = wish.id, intake = arrival.intake, bytes = arrival.raw.len(),
            class = Empty, action = Empty, clause = Empty
        );
        let passage = self.passing(arrival, wish).instrument(span.clone()).await;
        span.record("class", sekisho_policy::decide::class_word(passage.verdict.class));
        if let Some(decision) = passage.decisions.safest() {
            span.record("action", decision.action.name()).record("clause", &*decision.clause);
        }
        passage
    }

    async fn passing(&self, arrival: Arrival, wish: Wish) -> Passage {
        let started = std::time::Instant::now();
        let end = Instant::now() + self.sitting().deadline;
        let arrival = Arc::new(arrival);
        let (mut judged, bytes, late) = match timeout_at(end, self.judged(&arrival, &wish)).await {
            Ok((judged, bytes)) => (judged, bytes, false),
            Err(_) => {
                metrics::counter!("sekisho_deadlines_missed_total").increment(1);
                (unjudged("timed_out", "the message could not be judged in time"), None, true)
            }
        };
        let ruling = judged.ruling.take();
        let Judged { verdict, summary, cost, .. } = &judged;
        let recipients = arrival.envelope.as_ref().map_or(0, |envelope| envelope.rcpt_to.len());
        let ruling = match ruling {
            // The worker knows other recipients: those of the report.
            Some(ruling) if arrival.delivered => Some(untouched(ruling.decisions, recipients)),
            ruling => ruling.filter(|ruling| complete(&ruling.decisions, recipients)),
        };
        let ruling = match ruling {
            Some(ruling) => ruling,
            None if arrival.delivered => {
                let envelope = arrival.envelope.as_ref();
                let ruling = rule_unread(verdict, envelope, &self.sitting().court.policy, &wish);
                untouched(ruling.decisions, recipients)
            }
            None => self.unread.rule(&arrival, verdict, &self.sitting().court.policy, &wish).await,
        };
        let Ruling { decisions, plain, bannered, outside } = ruling;
        let mut passage = Passage {
            id: wish.id.clone(),
            verdict: verdict.clone(),
            summary: summary.clone(),
            decisions,
            plain,
            bannered,
            outside,
            cpu_ms: cost.cpu_ms(),
            recorded: false,
        };
        if arrival.delivered {
            // Nobody waits for it, so it may come again when there is less to do.
            passage.recorded =
                self.behind.record(Arc::clone(&arrival), &passage.id, judged, late, bytes).await;
        } else if is_real(&arrival) {
            self.hold(&arrival, &judged, &mut passage, end).await;
            // What was held before has taught before.
            if !refused(&passage.decisions) && passage.id == wish.id {
                self.behind.remember(Arc::clone(&arrival), judged, bytes).await;
            }
        }
        report(&arrival, &passage, started.elapsed());
        passage
    }

    /// Has it judged as soon as there is a place for it.
    async fn judged(&self, arrival: &Arc<Arrival>, wish: &Wish) -> (Judged, Option<OwnedSemaphorePermit>) {
        let Some((sitting, [bytes, place])) = self.permits(arrival).await else {
            return (unjudged("failed", "the gate is closed"), None);
        };
        let (arrival, wish) = (Arc::clone(arrival), wish.clone());
        let above = tracing::Span::current();
        let work = move || {
            let _judging = tracing::info_span!(target: SPANS, parent: &above, "worker").entered();
            let judged = sitting.court.judges.rule(&submission(&arrival, &wish.id), &wish);
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

    /// Room for its bytes, and a place in the court that sits when there is one.
    async fn permits(&self, arrival: &Arrival) -> Option<(Arc<Sitting>, [OwnedSemaphorePermit; 2])> {
        let _waiting = Waiting::begin();
        let kib = (arrival.raw.len() >> KIB).clamp(1, limits::FLIGHT_BYTES_MAX >> KIB);
        let kib = u32::try_from(kib).unwrap_or(u32::MAX);
        let bytes = Arc::clone(&self.bytes).acquire_many_owned(kib).await.ok()?;
        loop {
            let sitting = self.sitting();
            if let Ok(place) = Arc::clone(&sitting.places).acquire_owned().await {
                return Some((sitting, [bytes, place]));
            }
        }
    }

    /// Holds it where that was decided. What cannot be held is not taken in at all.
    async fn hold(&self, arrival: &Arc<Arrival>, judged: &Judged, passage: &mut Passage, end: Instant) {
        if !passage.decisions.each.iter().any(|decision| decision.action == Action::Quarantine) {
            return;
        }
        let held = match &self.quarantine {
            None => Err("there is no quarantine".to_owned()),
            Some(quarantine) => {
                let sitting = self.sitting();
                // Nothing is half held when time is up: the same message, sent again, is held once.
                let holding = quarantine.hold(arrival, judged, passage, &sitting.court.policy);
                let holding = holding.instrument(tracing::info_span!(target: SPANS, "hold"));
                timeout_at(end.max(Instant::now() + limits::HOLD_PATIENCE), holding)
                    .await
                    .unwrap_or_else(|_| Err("it took too long".to_owned()))
            }
        };
        let outcome = if held.is_ok() { "held" } else { "failed" };
        metrics::counter!("sekisho_holds_total", "outcome" => outcome).increment(1);
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

/// A message that waits for room or a place, counted as long as it does.
struct Waiting;

impl Waiting {
    fn begin() -> Self {
        metrics::gauge!("sekisho_messages_waiting").increment(1.0);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        metrics::gauge!("sekisho_messages_waiting").decrement(1.0);
    }
}

/// Bytes are counted in units of this power of two: a semaphore counts in 32 bits.
const KIB: u32 = 10;

fn unjudged(reason: &str, detail: &str) -> Judged {
    Judged::not_judged(reason, detail.to_owned())
}

/// The submission that an arrival is, under the name of its record; an inquiry and a part teach nothing.
pub(crate) fn submission<'a>(arrival: &'a Arrival, id: &'a str) -> Submission<'a> {
    Submission {
        raw: &arrival.raw,
        envelope: arrival.envelope.as_ref(),
        record: if is_real(arrival) { id } else { "" },
        at: Some(arrival.at),
        now: arrival.at,
        cut: arrival.cut,
        journal: arrival.journal,
    }
}

/// Nothing is done with what was delivered.
fn untouched(decisions: Decisions, recipients: usize) -> Ruling {
    let recipients = (0..u32::try_from(recipients).unwrap_or(u32::MAX)).collect();
    let each = vec![Decision { action: Action::Deliver, clause: DELIVERED.to_owned(), recipients }];
    Ruling { decisions: Decisions { each, ..decisions }, ..Ruling::default() }
}

/// A whole message that is handed over: it may be held, and it teaches.
fn is_real(arrival: &Arrival) -> bool {
    !arrival.inquiry && !arrival.cut
}

fn wish(arrival: &Arrival) -> Wish {
    Wish {
        // Of time and chance: ids of one hour are neighbours in an index, and none can be guessed.
        id: arrival.record.clone().unwrap_or_else(|| Uuid::now_v7().simple().to_string()),
        mark: Uuid::new_v4().simple().to_string(),
        splits: arrival.splits,
        body_stays: arrival.body_stays,
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
