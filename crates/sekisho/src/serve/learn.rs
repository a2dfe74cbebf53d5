//! What people say of messages over rspamd's protocol (`/learnspam`, `/learnham`): an opinion about the record that the
//! message was learnt as.
//!
//! The message is read by a worker, as every message is. Its record is found by Message-ID and author together: an id
//! alone can be copied into another message. A message that was never judged here has no record, and whoever says
//! something about it is told so: what history knows came in by the mail server, never by hand.

use std::sync::Arc;

use sekisho_engine::{Arrival, Gate, Gatekeeper as _, resolver::Answer};
use sekisho_intake::http::{Learned, Learner};
use sekisho_record::{Class, history::Opinion};
use sekisho_store::{Opined, Store, StoreError};

use crate::now;

/// Who said it: nobody tells a name over this protocol.
const BY: &str = "rspamd protocol";

/// Notes opinions.
pub(super) struct Opinions {
    pub(super) gate: Arc<Gate>,
    pub(super) store: Store,
}

impl Opinions {
    async fn noted(&self, raw: Arc<[u8]>, spam: bool) -> Learned {
        let arrival = Arrival { raw, intake: "learn", at: now(), inquiry: true, ..Arrival::default() };
        let passage = self.gate.pass(arrival).await;
        let id = passage.summary.message_id.as_deref().map(bare).unwrap_or_default();
        if id.is_empty() {
            return refused("a message without a Message-ID is not found again");
        }
        let author = passage.summary.author.to_lowercase();
        let records = match self.store.records_of(&id, &author).await {
            Ok(records) if records.is_empty() => {
                return refused("no such message was judged here, or it is forgotten");
            }
            Ok(records) => records,
            Err(error) => return failed(&error),
        };
        let opinion = match (spam, passage.verdict.class) {
            (true, _) => Opinion::Spam,
            (false, Class::Malicious) => Opinion::FalsePositive,
            (false, _) => Opinion::Benign,
        };
        if records.iter().all(|(_, known)| *known == opinion) {
            return Learned::Already;
        }
        for (record, _) in &records {
            match self.store.opine(record, opinion, BY, now()).await {
                Ok(Opined::Unknown) => {}
                Ok(done) => {
                    tracing::info!(id = record, opinion = opinion.name(), ?done, "an opinion is noted")
                }
                Err(error) => return failed(&error),
            }
        }
        Learned::Done
    }
}

impl Learner for Opinions {
    fn learn(&self, raw: Arc<[u8]>, spam: bool) -> Answer<'_, Learned> {
        Box::pin(self.noted(raw, spam))
    }
}

/// A message id as history has it.
fn bare(id: &str) -> String {
    id.trim().trim_start_matches('<').trim_end_matches('>').chars().take(1_000).collect()
}

fn refused(why: &str) -> Learned {
    Learned::Refused(why.to_owned())
}

fn failed(error: &StoreError) -> Learned {
    tracing::warn!(%error, "an opinion is not noted");
    refused("the store does not answer, try again later")
}
