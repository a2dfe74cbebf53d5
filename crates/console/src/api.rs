//! `/api/v1`: the quarantine for programs, each with a token of its own. docs/console.md is its manual.
//!
//! Everything is JSON. Times are seconds since 1970. What is not done comes as problem details (RFC 9457) with a `code` that
//! stays the same, and `next`, which says what to do.

mod wire;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{FromRequestParts, Path, Query, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use sekisho_record::quarantine::Request as Asking;
use sekisho_store::{Asked, AuditFilter, Lifted, Released};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{Console, access, deeds::Caller, error::Error, server::Client, state::Settings};
use std::sync::Arc;
use wire::{
    Answering, Asks, AuditQuery, Deleting, HeldQuery, Lifting, LockQuery, Locking, Releasing, RequestQuery,
};

type Answer = Result<Json<Value>, Error>;

/// All routes below `/api/v1`.
pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route("/me", get(me))
        .route("/held", get(list))
        .route("/held/{record}", get(one))
        .route("/held/{record}/preview", get(preview))
        .route("/held/{record}/evidence", get(evidence))
        .route("/held/{record}/raw", get(raw))
        .route("/held/{record}/request", post(request))
        .route("/held/{record}/release", post(release))
        .route("/held/{record}/delete", post(delete))
        .route("/requests", get(requests))
        .route("/requests/{id}/answer", post(answer))
        .route("/lockdowns", get(lockdowns).post(lock))
        .route("/lockdowns/{id}/lift", post(lift))
        .route("/audit", get(audit))
        .fallback(async || Error::NotFound)
}

/// Somebody with a valid token.
struct Visitor {
    console: Console,
    settings: Arc<Settings>,
    caller: Caller,
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Error> {
        let settings = console.settings();
        let field = parts.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
        let caller = field.and_then(access::bearer).and_then(|token| console.by_token(&settings, token));
        match caller {
            Some(caller) => Ok(Self { console: console.clone(), settings, caller }),
            None => Err(console.wrong(parts.extensions.get::<Client>().and_then(|client| client.0)).await),
        }
    }
}

impl Visitor {
    fn deeds(&self) -> crate::deeds::Deeds<'_> {
        self.console.deeds(&self.settings, &self.caller)
    }
}

/// What a body says.
fn body<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Error> {
    let kind = headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes()).unwrap_or_default();
    // A form of a browser can send no other kind without asking first.
    if !kind.starts_with(b"application/json") {
        return Err(Error::Invalid("the body is JSON: Content-Type: application/json".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| Error::Invalid(format!("the body: {error}")))
}

fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Error> {
    query.map(|Query(query)| query).map_err(|error| Error::Invalid(error.body_text()))
}

async fn me(visitor: Visitor) -> Answer {
    let Caller { who, role, own, .. } = &visitor.caller;
    let may = visitor.settings.rights.0.get(role);
    Ok(Json(json!({ "name": who, "role": role, "addresses": own, "may": may })))
}

async fn list(visitor: Visitor, asked: Result<Query<HeldQuery>, QueryRejection>) -> Answer {
    let (filter, after, size) = query(asked)?.read()?;
    let page = visitor.deeds().list(filter, after, size).await?;
    let items: Vec<Value> = page.items.iter().map(wire::item).collect();
    Ok(Json(json!({ "items": items, "next": page.next.map(|next| next.to_string()) })))
}

async fn one(visitor: Visitor, Path(record): Path<String>) -> Answer {
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

async fn preview(
    visitor: Visitor,
    Path(record): Path<String>,
    asked: Result<Query<wire::PreviewQuery>, QueryRejection>,
) -> Answer {
    let language = query(asked)?.language();
    let examined = visitor.deeds().examined(&record, language).await?;
    Ok(Json(json!(examined)))
}

async fn evidence(visitor: Visitor, Path(record): Path<String>) -> Result<Response, Error> {
    let evidence = visitor.deeds().evidence(&record).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], evidence).into_response())
}

async fn raw(visitor: Visitor, Path(record): Path<String>) -> Result<Response, Error> {
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

async fn request(visitor: Visitor, Path(record): Path<String>, headers: HeaderMap, sent: Bytes) -> Answer {
    let Asks { recipient, words } = body(&headers, &sent)?;
    let recipient = recipient.or_else(|| visitor.caller.own.first().cloned());
    let recipient = recipient.ok_or_else(|| Error::Invalid("for whom? `recipient` is missing".to_owned()))?;
    let deeds = visitor.deeds();
    let (id, new) = match deeds.request(&record, &recipient, &wire::words(words)?).await? {
        Asked::New(id) => (id, true),
        Asked::Waiting(id) => (id, false),
    };
    // Nobody is told that somebody may release it soon.
    let lockdown = deeds.locked(&record).await?;
    Ok(Json(json!({ "record": record, "request": id, "new": new, "lockdown": lockdown })))
}

async fn release(visitor: Visitor, Path(record): Path<String>, headers: HeaderMap, sent: Bytes) -> Answer {
    let Releasing { recipients, banner, reason } = body(&headers, &sent)?;
    let recipients = wire::recipients(recipients)?;
    let done = visitor.deeds().release(&record, &recipients, banner, &wire::words(reason)?).await?;
    Ok(Json(released(&record, &done)))
}

fn released(record: &str, Released { queued, already }: &Released) -> Value {
    json!({ "record": record, "queued": queued, "already": already })
}

async fn delete(visitor: Visitor, Path(record): Path<String>, headers: HeaderMap, sent: Bytes) -> Answer {
    let Deleting { recipients, reason } = body(&headers, &sent)?;
    let recipients = wire::recipients(recipients)?;
    let deleted = visitor.deeds().delete(&record, &recipients, &wire::words(reason)?).await?;
    Ok(Json(json!({ "record": record, "deleted": deleted })))
}

async fn requests(visitor: Visitor, asked: Result<Query<RequestQuery>, QueryRejection>) -> Answer {
    let RequestQuery { all, after } = query(asked)?;
    let items: Vec<Asking> = visitor.deeds().requests(!all, after).await?;
    let full = items.len() >= sekisho_store::limits::LIST_PAGE_MAX;
    let next = items.last().filter(|_| full).map(|request| request.id);
    Ok(Json(json!({ "items": items, "next": next })))
}

async fn answer(visitor: Visitor, Path(id): Path<i64>, headers: HeaderMap, sent: Bytes) -> Answer {
    let answering: Answering = body(&headers, &sent)?;
    let (reply, words) = answering.read()?;
    let done = visitor.deeds().answer(id, reply, &words).await?;
    let mut out = released("", &done);
    if let Some(fields) = out.as_object_mut() {
        fields.remove("record");
        fields.insert("request".to_owned(), id.into());
    }
    Ok(Json(out))
}

async fn lockdowns(visitor: Visitor, asked: Result<Query<LockQuery>, QueryRejection>) -> Answer {
    let LockQuery { all, before } = query(asked)?;
    let deeds = visitor.deeds();
    let (items, next) = if all { deeds.lockdowns(before).await? } else { (deeds.locks().await?, None) };
    Ok(Json(json!({ "items": items, "next": next })))
}

async fn lock(visitor: Visitor, headers: HeaderMap, sent: Bytes) -> Result<Response, Error> {
    let locking: Locking = body(&headers, &sent)?;
    let until = locking.until(visitor.console.now())?;
    let lockdown = visitor.deeds().lock(&locking.scope, until, &wire::words(locking.reason)?).await?;
    Ok((StatusCode::CREATED, Json(json!(lockdown))).into_response())
}

async fn lift(visitor: Visitor, Path(id): Path<String>, headers: HeaderMap, sent: Bytes) -> Answer {
    let Lifting { reason } = body(&headers, &sent)?;
    let (word, next) = match visitor.deeds().lift(&id, &wire::words(reason)?).await? {
        Lifted::First => ("first", Some("a second administrator has to lift it: until then it holds")),
        Lifted::Now => ("lifted", None),
        Lifted::Over => ("over", None),
    };
    Ok(Json(json!({ "lockdown": id, "lift": word, "next": next })))
}

async fn audit(visitor: Visitor, asked: Result<Query<AuditQuery>, QueryRejection>) -> Answer {
    let AuditQuery { on, by, before } = query(asked)?;
    let items = visitor.deeds().audit(&AuditFilter { on, who: by }, before).await?;
    let full = items.len() >= sekisho_store::limits::LIST_PAGE_MAX;
    let next = items.last().filter(|_| full).map(|entry| entry.id);
    Ok(Json(json!({ "items": items, "next": next })))
}
