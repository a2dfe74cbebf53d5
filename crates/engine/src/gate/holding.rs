//! Holding in the store: the message's bytes encrypted beside what a person needs to know to decide about it.

use sekisho_policy::Policy;
use sekisho_record::{
    Action, Envelope,
    quarantine::{Held, HeldFor},
};
use sekisho_store::{Bytes, HoldOutcome, Store};

use super::{Arrival, Passage, Quarantine, live::submission};
use crate::{Desk, kept::pack, resolver::Answer, worker::Judged};

/// The quarantine of a store.
pub struct Holding {
    store: Store,
    bytes: Bytes,
    /// Papers were asked about; the kept message says so.
    asks: bool,
}

impl Desk {
    /// Where messages are held; `None` when nothing is kept here.
    pub fn holding(&self) -> Option<Holding> {
        let (store, bytes) = (self.keeping.store.clone()?, self.keeping.durable.clone()?);
        Some(Holding { store, bytes, asks: !self.is_closed() })
    }
}

impl Holding {
    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where the bytes of held messages are.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    async fn held(
        &self,
        arrival: &Arrival,
        judged: &Judged,
        passage: &Passage,
        policy: &Policy,
    ) -> Result<String, String> {
        let held = held(arrival, judged, passage, policy);
        let sealed = {
            let submission = submission(arrival, &passage.id);
            let bytes = self.bytes.clone();
            let packed = pack(&submission, &judged.verdict, self.asks, &judged.asked)?;
            // Compressing and encrypting megabytes would hold up everybody else on this thread.
            tokio::task::spawn_blocking(move || bytes.seal(&packed).map_err(|error| error.to_string()))
                .await
                .map_err(|error| error.to_string())??
        };
        match self.store.hold(&self.bytes, &held, &sealed).await {
            Ok(HoldOutcome::New) => Ok(held.record),
            Ok(HoldOutcome::Known { record }) => Ok(record),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Quarantine for Holding {
    fn hold<'a>(
        &'a self,
        arrival: &'a Arrival,
        judged: &'a Judged,
        passage: &'a Passage,
        policy: &'a Policy,
    ) -> Answer<'a, Result<String, String>> {
        Box::pin(self.held(arrival, judged, passage, policy))
    }
}

fn held(arrival: &Arrival, judged: &Judged, passage: &Passage, policy: &Policy) -> Held {
    let (summary, verdict) = (&judged.summary, &judged.verdict);
    let none = Envelope::default();
    let envelope = arrival.envelope.as_ref().unwrap_or(&none);
    let holds = passage.decisions.each.iter().filter(|decision| decision.action == Action::Quarantine);
    let places = holds.clone().flat_map(|decision| &decision.recipients);
    let address = |at: &u32| envelope.rcpt_to.get(usize::try_from(*at).ok()?).cloned();
    let addresses: Vec<String> = places.filter_map(address).collect();
    let to = |address: &String| HeldFor { address: address.clone(), groups: policy.groups_of(address) };
    let recipients = addresses.iter().map(to).collect();
    let first = verdict.findings.iter().find(|finding| verdict.decided_by.contains(&finding.rule));
    Held {
        record: passage.id.clone(),
        key: Store::held_key(&arrival.raw, &envelope.mail_from, &addresses),
        at: arrival.at,
        class: verdict.class,
        score: verdict.score,
        threat: verdict.threat,
        direction: passage.decisions.direction,
        clause: holds.clone().next().map(|decision| decision.clause.clone()).unwrap_or_default(),
        intake: arrival.intake.to_owned(),
        mail_from: envelope.mail_from.clone(),
        author: summary.author.clone(),
        author_name: summary.author_name.clone(),
        subject: summary.subject.clone(),
        recipients,
        claimed: summary.claimed.clone(),
        decided_by: verdict.decided_by.clone(),
        size: arrival.raw.len() as u64,
        summary: first.map(|finding| finding.summary.clone()).unwrap_or_default(),
        summary_ja: first.and_then(|finding| finding.summary_ja.clone()),
        really: summary.really.clone(),
        through: summary.tenant.as_ref().map(|tenant| tenant.esp.clone()),
        ..Held::default()
    }
}
