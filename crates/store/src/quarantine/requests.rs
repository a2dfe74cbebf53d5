//! Asking for a held message, and answering.

use sekisho_record::quarantine::{Answer, Answered, Deed, Refused, Request, State};
use serde_json::json;

use super::{
    Asked, By, ForRow, Outcome, Released, Reply,
    statements::{Gate, RequestColumns},
    steps::{let_go, refuse, target},
    words,
};
use crate::{StoreError, text::clip};

/// Numbers of answers, as the column has them; 0 is none.
pub(crate) const RELEASED: i64 = 1;
const REFUSED: i64 = 2;
pub(crate) const DELETED: i64 = 3;

/// Asks that a message be released for a recipient. No lockdown forbids asking.
pub(crate) async fn ask<G: Gate>(
    gate: &mut G,
    by: &By<'_>,
    record: &str,
    recipient: &str,
    said: &str,
) -> Result<Outcome<Asked>, StoreError> {
    let (row, all) = match target(gate, by, record, &[recipient.to_owned()]).await? {
        Ok(target) => target,
        Err(refused) => return refuse(gate, by, Deed::Request, record, refused).await,
    };
    let waiting: Vec<&ForRow> = all.iter().filter(|one| one.state < State::Released).collect();
    let past = all.iter().find(|one| one.state >= State::Released);
    let refused = by.may(Deed::Request, row.class, None).err();
    let refused =
        refused.or(past.filter(|_| waiting.is_empty()).map(|one| Refused::State { state: one.state }));
    if let Some(refused) = refused {
        return refuse(gate, by, Deed::Request, record, refused).await;
    }
    let Some(first) = waiting.first() else { return Ok(Err(Refused::Unknown)) };
    if let Some(id) = gate.open_request(row.id, &first.key).await? {
        return Ok(Ok(Asked::Waiting(id)));
    }
    let whom = (first.address.as_str(), first.key.as_str());
    let id = gate.add_request((row.id, &row.record), whom, &clip(by.who), &words(said), by.now).await?;
    let places: Vec<i64> = waiting.iter().map(|one| one.place).collect();
    gate.set_state(row.id, &places, State::Requested, &clip(by.who), by.now).await?;
    let mut entry = by.entry(Deed::Request.name(), record);
    entry.reason = words(said);
    entry.before = json!({ "state": "held" });
    entry.after = json!({ "state": "requested", "request": id, "for": clip(&first.address) });
    gate.audit(&entry).await?;
    Ok(Ok(Asked::New(id)))
}

/// Answers a request: releases the message for whom it was asked for, or keeps it.
pub(crate) async fn answer<G: Gate>(
    gate: &mut G,
    by: &By<'_>,
    id: i64,
    reply: Reply,
    said: &str,
) -> Result<Outcome<Released>, StoreError> {
    gate.pass().await?;
    let on = format!("request {id}");
    let Some(request) = gate.request_row(id).await? else {
        return refuse(gate, by, Deed::Answer, &on, Refused::Unknown).await;
    };
    let (record, key) = (request.1.clone(), request.11.clone());
    let (row, all) = match target(gate, by, &record, std::slice::from_ref(&key)).await? {
        Ok(target) => target,
        Err(refused) => return refuse(gate, by, Deed::Answer, &on, refused).await,
    };
    if let Err(refused) = by.may(Deed::Answer, row.class, None) {
        return refuse(gate, by, Deed::Answer, &on, refused).await;
    }
    // Read again: whoever was quicker has answered it under the lock of the message.
    let open = gate.open_request(row.id, &key).await? == Some(id);
    match reply {
        Reply::Release { banner } => let_go(gate, by, (&row, &all), true, banner, said).await,
        Reply::Refuse if open => {
            let places: Vec<i64> = all.iter().map(|one| one.place).collect();
            gate.set_state(row.id, &places, State::Held, &clip(by.who), by.now).await?;
            gate.answer(row.id, &[key], REFUSED, &clip(by.who), &words(said), by.now).await?;
            let mut entry = by.entry(Deed::Answer.name(), &record);
            entry.reason = words(said);
            entry.before = json!({ "state": "requested" });
            entry.after = json!({ "state": "held", "request": id });
            gate.audit(&entry).await?;
            Ok(Ok(Released::default()))
        }
        Reply::Refuse => {
            let state = all.first().map_or(State::Held, |one| one.state);
            refuse(gate, by, Deed::Answer, &on, Refused::State { state }).await
        }
    }
}

/// A request as it is told.
pub(crate) fn told(row: RequestColumns) -> Request {
    let (id, record, recipient, at, by, words, how, answer_at, answer_by, answer_words, _, _) = row;
    let how = match how {
        RELEASED => Some(Answer::Released),
        REFUSED => Some(Answer::Refused),
        DELETED => Some(Answer::Deleted),
        _ => None,
    };
    let answer = how.map(|how| Answered { how, by: answer_by, at: answer_at, words: answer_words });
    Request { id, record, recipient, by, at, words, answer }
}
