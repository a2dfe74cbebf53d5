//! `/api/v1`: the quarantine for programs, each with a token of its own. docs/console.md is its manual.
//!
//! Everything is JSON. Times are seconds since 1970. What is not done comes as problem details (RFC 9457) with a `code` that
//! stays the same, and `next`, which says what to do.

mod asked;
mod description;
pub(crate) mod shapes;
mod told;
mod wire;

use axum::{
    Json, Router,
    handler::Handler,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{self, MethodRouter},
};
use sekisho_record::quarantine::Request as Asking;
use sekisho_store::{Asked, AuditFilter, Lifted, Released};
use serde_json::{Value, json};

use crate::{Console, deeds::Caller, error::Error, examine::Examined};
use asked::{Of, Said, Searched, Visitor};
use description as may;
use wire::{
    Answering, Asks, AuditQuery, Deleting, HeldQuery, Lifting, LockQuery, Locking, Releasing, RequestQuery,
};

pub use description::description;

type Answer<T> = Result<Json<T>, Error>;

/// A method of a place, and who answers there.
struct Route {
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with the description"))]
    method: &'static str,
    path: &'static str,
    handler: MethodRouter<Console>,
}

fn get<H: Handler<T, Console>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route { method: "get", path, handler: routing::get(handler) }
}

fn post<H: Handler<T, Console>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route { method: "post", path, handler: routing::post(handler) }
}

/// All places below `/api/v1`; the description names each.
fn routes() -> [Route; 16] {
    [
        get("/me", me),
        get("/openapi.json", description::openapi),
        get("/held", list),
        get("/held/{record}", one),
        get("/held/{record}/preview", preview),
        get("/held/{record}/evidence", evidence),
        get("/held/{record}/raw", raw),
        post("/held/{record}/request", request),
        post("/held/{record}/release", release),
        post("/held/{record}/delete", delete),
        get("/requests", requests),
        post("/requests/{id}/answer", answer),
        get("/lockdowns", lockdowns),
        post("/lockdowns", lock),
        post("/lockdowns/{id}/lift", lift),
        get("/audit", audit),
    ]
}

/// The same as a router.
pub(crate) fn router() -> Router<Console> {
    let all = routes().into_iter();
    all.fold(Router::new(), |router, route| router.route(route.path, route.handler))
        .fallback(async || Error::NotFound)
}

/// Who this token is and what it may do.
#[utoipa::path(get, path = "/me", tag = "about", operation_id = "me",
    responses((status = 200, description = "This token", body = told::Me), may::Closed))]
async fn me(visitor: Visitor) -> Answer<told::Me> {
    let Caller { who, role, own, .. } = &visitor.caller;
    let may = visitor.settings.rights.0.get(role).cloned();
    Ok(Json(told::Me { name: who.clone(), role: *role, addresses: own.clone(), may }))
}

/// Searches, newest first.
///
/// A page may be empty although there is a next one. A recipient with several addresses says which `recipient`.
#[utoipa::path(get, path = "/held", tag = "held", operation_id = "held",
    params(HeldQuery),
    responses((status = 200, description = "One page", body = told::HeldPage), may::Asked, may::Closed, may::Named))]
async fn list(visitor: Visitor, Searched(asked): Searched<HeldQuery>) -> Answer<told::HeldPage> {
    let (filter, after, size) = asked.read()?;
    let page = visitor.deeds().list(filter, after, size).await?;
    let items = page.items.iter().map(wire::item).collect();
    Ok(Json(told::HeldPage { items, next: page.next.map(|next| next.to_string()) }))
}

/// One held message: how it stands for whom, its requests, the lockdown that covers it.
#[utoipa::path(get, path = "/held/{record}", tag = "held", operation_id = "held_one",
    params(("record" = String, Path, description = "Id of its record")),
    responses((status = 200, description = "The message", body = shapes::HeldOne), may::Closed, may::Named))]
async fn one(visitor: Visitor, Of(record): Of<String>) -> Answer<Value> {
    let deeds = visitor.deeds();
    let item = deeds.one(&record).await?;
    let (requests, lockdown) = (deeds.requests_for(&record).await?, deeds.locked(&record).await?);
    let mut out = wire::item(&item);
    if let Some(fields) = out.as_object_mut() {
        fields.insert("requests".to_owned(), json!(requests));
        fields.insert("lockdown".to_owned(), json!(lockdown));
    }
    Ok(Json(out))
}

/// What a reader would see, as text only, with links that nobody can follow. The audit notes it.
#[utoipa::path(get, path = "/held/{record}/preview", tag = "held", operation_id = "held_preview",
    params(("record" = String, Path, description = "Id of its record"), wire::PreviewQuery),
    responses((status = 200, description = "What a worker saw", body = Examined), may::Asked, may::Closed, may::Rights, may::Named, may::Opened))]
async fn preview(
    visitor: Visitor,
    Of(record): Of<String>,
    Searched(asked): Searched<wire::PreviewQuery>,
) -> Answer<Examined> {
    Ok(Json(visitor.deeds().examined(&record, asked.language()).await?))
}

/// The evidence, judged again with what was answered then. The audit notes it.
///
/// Its fields are those of `docs/reference/model.md`.
#[utoipa::path(get, path = "/held/{record}/evidence", tag = "held", operation_id = "held_evidence",
    params(("record" = String, Path, description = "Id of its record")),
    responses((status = 200, description = "The evidence", body = Value), may::Closed, may::Rights, may::Named, may::Opened))]
async fn evidence(visitor: Visitor, Of(record): Of<String>) -> Result<Response, Error> {
    let evidence = visitor.deeds().evidence(&record).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], evidence).into_response())
}

/// The message as it came; may be malware. The audit notes it.
#[utoipa::path(get, path = "/held/{record}/raw", tag = "held", operation_id = "held_raw",
    params(("record" = String, Path, description = "Id of its record")),
    responses((status = 200, description = "The message (RFC 5322)", body = [u8], content_type = "application/octet-stream"), may::Closed, may::Rights, may::Named, may::Opened))]
async fn raw(visitor: Visitor, Of(record): Of<String>) -> Result<Response, Error> {
    Ok(download(visitor.deeds().raw(&record).await?))
}

/// A message as a file that no browser opens. Its name is not the sender's.
pub(crate) fn download(raw: Vec<u8>) -> Response {
    let fields = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"held-message.eml\""),
    ];
    (fields, raw).into_response()
}

/// Asks for its release. Under a lockdown the request waits.
#[utoipa::path(post, path = "/held/{record}/request", tag = "held", operation_id = "held_request", request_body = Asks,
    params(("record" = String, Path, description = "Id of its record")),
    responses((status = 200, description = "The request waits", body = told::Requested), may::Said, may::Closed, may::Rights, may::Named, may::Standing))]
async fn request(
    visitor: Visitor,
    Of(record): Of<String>,
    Said(said): Said<Asks>,
) -> Answer<told::Requested> {
    let Asks { recipient, words } = said;
    let recipient = recipient.or_else(|| visitor.caller.own.first().cloned());
    let recipient = recipient.ok_or_else(|| Error::Invalid("for whom? `recipient` is missing".to_owned()))?;
    let deeds = visitor.deeds();
    let (id, new) = match deeds.request(&record, &recipient, &wire::words(words)?).await? {
        Asked::New(id) => (id, true),
        Asked::Waiting(id) => (id, false),
    };
    // Nobody is told that somebody may release it soon.
    let lockdown = deeds.locked(&record).await?;
    Ok(Json(told::Requested { record, request: id, new, lockdown }))
}

/// Lets it go. What was released before is not released again.
#[utoipa::path(post, path = "/held/{record}/release", tag = "held", operation_id = "held_release", request_body = Releasing,
    params(("record" = String, Path, description = "Id of its record")),
    responses((status = 200, description = "It goes", body = told::Released), may::Said, may::Closed, may::Rights, may::Named, may::Standing, may::Locked))]
async fn release(
    visitor: Visitor,
    Of(record): Of<String>,
    Said(said): Said<Releasing>,
) -> Answer<told::Released> {
    let Releasing { recipients, banner, reason } = said;
    let recipients = wire::recipients(recipients)?;
    let reason = wire::words(reason)?;
    let Released { queued, already } = visitor.deeds().release(&record, &recipients, banner, &reason).await?;
    Ok(Json(told::Released { record, queued, already }))
}

/// Ends its waiting for good.
#[utoipa::path(post, path = "/held/{record}/delete", tag = "held", operation_id = "held_delete", request_body = Deleting,
    params(("record" = String, Path, description = "Id of its record")),
    responses((status = 200, description = "It is deleted", body = told::Deleted), may::Said, may::Closed, may::Rights, may::Named, may::Standing))]
async fn delete(
    visitor: Visitor,
    Of(record): Of<String>,
    Said(said): Said<Deleting>,
) -> Answer<told::Deleted> {
    let Deleting { recipients, reason } = said;
    let recipients = wire::recipients(recipients)?;
    let deleted = visitor.deeds().delete(&record, &recipients, &wire::words(reason)?).await?;
    Ok(Json(told::Deleted { record, deleted }))
}

/// Requests that wait, oldest first.
#[utoipa::path(get, path = "/requests", tag = "requests", operation_id = "requests",
    params(RequestQuery),
    responses((status = 200, description = "One page", body = told::RequestPage), may::Asked, may::Closed, may::Rights))]
async fn requests(visitor: Visitor, Searched(asked): Searched<RequestQuery>) -> Answer<told::RequestPage> {
    let RequestQuery { all, after } = asked;
    let items: Vec<Asking> = visitor.deeds().requests(!all, after).await?;
    let full = items.len() >= sekisho_store::limits::LIST_PAGE_MAX;
    let next = items.last().filter(|_| full).map(|request| request.id);
    Ok(Json(told::RequestPage { items, next }))
}

/// Answers a request, by releasing the message or by keeping it.
#[utoipa::path(post, path = "/requests/{id}/answer", tag = "requests", operation_id = "request_answer", request_body = Answering,
    params(("id" = i64, Path, description = "Number of the request")),
    responses((status = 200, description = "It is answered", body = told::AnsweredNow), may::Said, may::Closed, may::Rights, may::Named, may::Standing, may::Locked))]
async fn answer(visitor: Visitor, Of(id): Of<i64>, Said(said): Said<Answering>) -> Answer<told::AnsweredNow> {
    let (reply, words) = said.read()?;
    let Released { queued, already } = visitor.deeds().answer(id, reply, &words).await?;
    Ok(Json(told::AnsweredNow { request: id, queued, already }))
}

/// Lockdowns that hold; or all, newest first.
#[utoipa::path(get, path = "/lockdowns", tag = "lockdowns", operation_id = "lockdowns",
    params(LockQuery),
    responses((status = 200, description = "One page", body = told::LockdownPage), may::Asked, may::Closed, may::Rights))]
async fn lockdowns(visitor: Visitor, Searched(asked): Searched<LockQuery>) -> Answer<told::LockdownPage> {
    let LockQuery { all, before } = asked;
    let deeds = visitor.deeds();
    let (items, next) = if all { deeds.lockdowns(before).await? } else { (deeds.locks().await?, None) };
    Ok(Json(told::LockdownPage { items, next }))
}

/// Orders a lockdown: from now on nobody releases what it covers.
#[utoipa::path(post, path = "/lockdowns", tag = "lockdowns", operation_id = "lockdown_order", request_body = Locking,
    responses((status = 201, description = "It holds", body = shapes::Lockdown), may::Said, may::Closed, may::Rights, may::Standing))]
async fn lock(visitor: Visitor, Said(said): Said<Locking>) -> Result<Response, Error> {
    let until = said.until(visitor.console.now())?;
    let lockdown = visitor.deeds().lock(&said.scope, until, &wire::words(said.reason)?).await?;
    Ok((StatusCode::CREATED, Json(json!(lockdown))).into_response())
}

/// Wants a lockdown lifted, or lifts it: two administrators have to.
#[utoipa::path(post, path = "/lockdowns/{id}/lift", tag = "lockdowns", operation_id = "lockdown_lift", request_body = Lifting,
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "How far it is", body = told::Lifted), may::Said, may::Closed, may::Rights, may::Named, may::Standing))]
async fn lift(visitor: Visitor, Of(id): Of<String>, Said(said): Said<Lifting>) -> Answer<told::Lifted> {
    let Lifting { reason } = said;
    let (lift, next) = match visitor.deeds().lift(&id, &wire::words(reason)?).await? {
        Lifted::First => {
            (told::Lift::First, Some("a second administrator has to lift it: until then it holds"))
        }
        Lifted::Now => (told::Lift::Lifted, None),
        Lifted::Over => (told::Lift::Over, None),
    };
    Ok(Json(told::Lifted { lockdown: id, lift, next }))
}

/// Entries of the audit, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", operation_id = "audit",
    params(AuditQuery),
    responses((status = 200, description = "One page", body = told::AuditPage), may::Asked, may::Closed, may::Rights))]
async fn audit(visitor: Visitor, Searched(asked): Searched<AuditQuery>) -> Answer<told::AuditPage> {
    let AuditQuery { on, by, before } = asked;
    let items = visitor.deeds().audit(&AuditFilter { on, who: by }, before).await?;
    let full = items.len() >= sekisho_store::limits::LIST_PAGE_MAX;
    let next = items.last().filter(|_| full).map(|entry| entry.id);
    Ok(Json(told::AuditPage { items, next }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_place_is_described_and_nothing_else_is() {
        let places: BTreeSet<String> =
            routes().iter().map(|route| format!("{} /api/v1{}", route.method, route.path)).collect();
        let told: Value = serde_json::from_str(&description()).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in told["paths"].as_object().unwrap() {
            described.extend(methods.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
        }
        assert_eq!(described, places);
    }
}
