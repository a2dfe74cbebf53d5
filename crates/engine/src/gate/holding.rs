//! Holding in the store: the message's bytes encrypted beside what a person needs to know to decide about it.

use sekisho_record::{
    Action, Envelope,
    quarantine::{Held, HeldFor},
};
use sekisho_store::{Bytes, HoldOutcome, Store};
use sha2::{Digest as _, Sha256};

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

    async fn held(&self, arrival: &Arrival, judged: &Judged, passage: &Passage) -> Result<String, String> {
        let held = held(arrival, judged, passage);
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
    ) -> Answer<'a, Result<String, String>> {
        Box::pin(self.held(arrival, judged, passage))
    }
}

fn held(arrival: &Arrival, judged: &Judged, passage: &Passage) -> Held {
    let (summary, verdict) = (&judged.summary, &judged.verdict);
    let none = Envelope::default();
    let envelope = arrival.envelope.as_ref().unwrap_or(&none);
    let holds = passage.decisions.each.iter().filter(|decision| decision.action == Action::Quarantine);
    let places = holds.clone().flat_map(|decision| &decision.recipients);
    let address = |at: &u32| envelope.rcpt_to.get(usize::try_from(*at).ok()?).cloned();
    let recipients: Vec<HeldFor> =
        places.filter_map(address).map(|address| HeldFor { address, groups: Vec::new() }).collect();
    let first = verdict.findings.iter().find(|finding| verdict.decided_by.contains(&finding.rule));
    Held {
        record: passage.id.clone(),
        key: key(&arrival.raw, envelope, &recipients),
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
        ..Held::default()
    }
}

/// What makes it the same message when it is handed in again: its bytes, who sent it and for whom it is held. A server
/// that got no answer, because we or the line died, brings exactly that.
fn key(raw: &[u8], envelope: &Envelope, recipients: &[HeldFor]) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(envelope.mail_from.as_bytes());
    let mut addresses: Vec<&str> = recipients.iter().map(|to| to.address.as_str()).collect();
    addresses.sort_unstable();
    addresses.iter().for_each(|address| part(address.as_bytes()));
    part(raw);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
