//! Our own API: `/api/v1`, and `/metrics` beside it with rspamd's commands.
//!
//! The description at `/api/v1/openapi.json` is generated from the types of [`wire`] and the handlers here; a test compares
//! it with `docs/api/openapi.json`. Errors are problem details (RFC 9457).

mod envelope;
mod multipart;
mod problem;
mod wire;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::guard;
use super::refused::Refused;
use super::settings::Reloaded;
use super::state::{About, Shared};
use super::stream::Peer;
use envelope::Told;
use problem::{Problem, problem};
use wire::{Health, Scanned};

/// Routes of the API, without its fallback.
pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/v1/scan", post(scan))
        .route("/api/v1/health", get(health))
        .route("/api/v1/ready", get(ready))
        .route("/api/v1/reload", post(reload))
        .route("/api/v1/openapi.json", get(openapi))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/api/{*path}", axum::routing::any(async || Problem::new(StatusCode::NOT_FOUND, "not_found")))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
        })
}

/// The description of the API as JSON, as it is checked in.
pub fn description() -> String {
    let mut json = Description::openapi().to_pretty_json().unwrap_or_default();
    json.push('\n');
    json
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sekisho",
        version = "1",
        description = "Judges mail: what a message is, what it was concluded from, and what the policy decides."
    ),
    paths(scan, health, ready, reload, openapi),
    modifiers(&Bearer),
    tags((name = "scan", description = "Judging messages"), (name = "operation", description = "Is it running"))
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "A token of the configuration. Without any token there, only this machine may use the API.",
        ));
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

/// Judges a message, which is not held and not learnt from.
///
/// The envelope of the mail dialogue makes the verdict better: it can be told in header fields, in the query, or in the
/// part `envelope` of a form whose part `message` is the message. Of what is told twice the form counts, then the query.
#[utoipa::path(
    post,
    path = "/api/v1/scan",
    tag = "scan",
    security(("token" = [])),
    params(wire::Query),
    request_body(
        description = "The message as it is (RFC 5322), perhaps with Content-Encoding zstd; or a form.",
        content(
            (String = "message/rfc822"),
            (wire::Form = "multipart/form-data"),
        )
    ),
    responses(
        (status = 200, description = "It was judged", body = Scanned),
        (status = 400, description = "Envelope or body cannot be read", body = wire::ProblemDetails, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = wire::ProblemDetails, content_type = "application/problem+json"),
        (status = 408, description = "The message did not come in time", body = wire::ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The message is too long", body = wire::ProblemDetails, content_type = "application/problem+json"),
        (status = 415, description = "Unknown content coding", body = wire::ProblemDetails, content_type = "application/problem+json"),
        (status = 500, description = "It could not be judged", body = wire::ProblemDetails, content_type = "application/problem+json"),
        (status = 503, description = "Too many messages at a time", body = wire::ProblemDetails, content_type = "application/problem+json"),
    )
)]
async fn scan(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    if !guard::api(&shared.settings(), peer, request.headers()).await {
        return problem::unauthorized();
    }
    match scanned(&shared, request).await {
        Ok(scanned) => Json(scanned).into_response(),
        Err(refused) => problem(refused),
    }
}

async fn scanned(shared: &Shared, request: Request) -> Result<Scanned, Refused> {
    let (parts, body) = request.into_parts();
    let mut told = Told::of(&parts.headers, parts.uri.query())?;
    let coding = parts.headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes());
    let mut held = shared.hold().read(body, &shared.settings()).await?;
    match coding {
        None | Some(b"" | b"identity") => {}
        Some(b"zstd") => held = held.inflated().await?,
        Some(_) => return Err(Refused::Coding),
    }
    let kind = parts.headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes()).unwrap_or_default();
    if let Some(boundary) = multipart::boundary(kind) {
        let form = multipart::form(&held.bytes, &boundary)?;
        told = Told::of_json(form.envelope)?.or(told);
        let message = form.message;
        held.keep(message);
    }
    let (envelope, queue_id) = told.envelope()?;
    let about = About { intake: "http", envelope, queue_id, inquiry: true, body_stays: false };
    let judged = shared.judge(held, about).await?;
    Ok(Scanned::from(judged.passage))
}

/// Whether the server runs.
#[utoipa::path(get, path = "/api/v1/health", tag = "operation",
    responses((status = 200, description = "It runs", body = Health)))]
async fn health() -> Json<Health> {
    Json(Health::ok())
}

/// Whether messages can be judged now.
#[utoipa::path(get, path = "/api/v1/ready", tag = "operation",
    responses(
        (status = 200, description = "They can", body = Health),
        (status = 503, description = "They cannot, and why", body = wire::ProblemDetails, content_type = "application/problem+json")
    ))]
async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    match (shared.hooks.ready)() {
        Ok(()) => Json(Health::ok()).into_response(),
        Err(why) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready").because(why).into_response(),
    }
}

/// The same for whoever wants a status and a line: Kubernetes, load balancers, `curl --fail`.
async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    match (shared.hooks.ready)() {
        Ok(()) => "ready\n".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
    }
}

/// Reads configuration, rules, lists and brands again.
///
/// What is wrong is refused, and the old stays. Either way the audit notes it. Nodes that share a store follow within
/// seconds.
#[utoipa::path(post, path = "/api/v1/reload", tag = "operation", security(("token" = [])),
    responses(
        (status = 200, description = "The new ones count", body = Reloaded),
        (status = 401, description = "No valid token", body = wire::ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "They are wrong, and the old ones count: `refused` says what is wrong", body = Reloaded),
        (status = 501, description = "Nothing can be read again here", body = wire::ProblemDetails, content_type = "application/problem+json"),
    ))]
async fn reload(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    let settings = shared.settings();
    if !guard::api(&settings, peer, request.headers()).await {
        return problem::unauthorized();
    }
    let Some(reloader) = shared.hooks.reloader.clone() else {
        return Problem::new(StatusCode::NOT_IMPLEMENTED, "no_reload").into_response();
    };
    let who = guard::who(&settings, request.headers());
    // A client that goes away does not leave it half done.
    match tokio::spawn(async move { reloader.reload(who).await }).await {
        Ok(done) if done.refused.is_some() => (StatusCode::UNPROCESSABLE_ENTITY, Json(done)).into_response(),
        Ok(done) => Json(done).into_response(),
        Err(_) => problem(Refused::Failed),
    }
}

/// This description.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")))]
async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], description()).into_response()
}
