//! The protocol of rspamd's scan worker and controller, on one port, so that whatever talks to rspamd talks to us.
//!
//! | path | what |
//! |---|---|
//! | `/checkv2` | scans a message: [`reply`] |
//! | `/check`, `/scan`, `/symbols`, `/report`, `/report_ifspam`, `/process` | the same in the older form |
//! | `/skip` | answers without scanning |
//! | `/ping`, `/healthy`, `/ready` | are we here, and able to judge |
//! | `/learnspam`, `/learnham` | a person's opinion; password |
//! | `/stat`, `/auth`, `/counters`, `/history` | counts of this listener; password |
//! | `/metrics` | Prometheus text; password or token |
//!
//! Paths are read without case. Anything else is answered as rspamd answers it: 500, `invalid command`.
//!
//! Left out: HTTPCrypt, `/checkv3`, fuzzy storage, maps, plugins, the web interface's pages; they are unknown paths. Replies
//! are JSON also for those who would take msgpack.

pub(super) mod control;
pub(super) mod outcome;
pub(super) mod reply;
pub(super) mod scan;
pub(super) mod symbols;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hyper::ext::ReasonPhrase;
use serde_json::{Value, json};

use super::refused::Refused;
use super::state::Shared;
use super::stream::Peer;

/// Answers any request that is not our own API's.
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    let path = request.uri().path().to_ascii_lowercase();
    let answered = match path.as_str() {
        "/checkv2" => scan::scan(&shared, request, reply::Form::Newer).await,
        "/check" | "/scan" | "/symbols" | "/report" | "/report_ifspam" | "/process" => {
            scan::scan(&shared, request, reply::Form::Older).await
        }
        "/skip" => scan::skip(request),
        _ => Ok(control::command(&shared, peer, &path, request).await),
    };
    answered.unwrap_or_else(refused)
}

/// JSON, 200.
fn ok(value: &Value) -> Response {
    said(StatusCode::OK, value)
}

fn said(status: StatusCode, value: &Value) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], value.to_string()).into_response()
}

fn text(kind: &'static str, text: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text.into()).into_response()
}

/// An error as rspamd says it: in the status line and in JSON.
fn error(status: StatusCode, words: &'static str, domain: Option<&str>) -> Response {
    let body = match domain {
        Some(domain) => json!({ "error": words, "error_domain": domain }),
        None => json!({ "error": words }),
    };
    let mut response = said(status, &body);
    response.extensions_mut().insert(ReasonPhrase::from_static(words.as_bytes()));
    response
}

fn refused(refused: Refused) -> Response {
    let status = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({ "error": refused.to_string(), "error_domain": "protocol-error" });
    let mut response = said(status, &body);
    // What is left of the request is not read.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    if let Ok(reason) = ReasonPhrase::try_from(refused.to_string().into_bytes()) {
        response.extensions_mut().insert(reason);
    }
    response
}
