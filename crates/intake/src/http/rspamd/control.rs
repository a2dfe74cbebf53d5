//! What rspamd's controller is asked: counts, health, and a person's opinion of a message.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::ask::Ask;
use super::super::guard;
use super::super::settings::Learned;
use super::super::state::Shared;
use super::super::stream::Peer;
use super::{error, ok, refused, said, text};

/// Content type of `/metrics`.
pub(in super::super) const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers a command.
pub(super) async fn command(shared: &Shared, peer: Peer, path: &str, request: Request) -> Response {
    match path {
        "/ping" => return text("text/plain", "pong\r\n"),
        "/healthy" => return ok(&json!({ "success": true })),
        "/ready" => return ready(shared),
        "/metrics" => return metrics(shared, peer, request).await,
        "/stat" | "/auth" | "/counters" | "/history" | "/learnspam" | "/learnham" => {}
        _ => return error(StatusCode::INTERNAL_SERVER_ERROR, "invalid command", Some("protocol-error")),
    }
    if !guard::commands(&shared.settings(), peer, request.headers()).await {
        return error(StatusCode::FORBIDDEN, "Unauthorized", None);
    }
    match path {
        "/stat" => ok(&shared.counts.stat()),
        "/auth" => ok(&shared.counts.auth()),
        "/counters" => ok(&shared.counts.counters()),
        "/history" => ok(&shared.counts.history()),
        _ => learn(shared, request, path == "/learnspam").await,
    }
}

fn ready(shared: &Shared) -> Response {
    match (shared.hooks.ready)() {
        Ok(()) => ok(&json!({ "success": true })),
        Err(why) => said(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": why })),
    }
}

async fn metrics(shared: &Shared, peer: Peer, request: Request) -> Response {
    if !guard::metrics(&shared.settings(), peer, request.headers()).await {
        return error(StatusCode::FORBIDDEN, "Unauthorized", None);
    }
    text(METRICS_TYPE, (shared.hooks.metrics)())
}

async fn learn(shared: &Shared, request: Request, spam: bool) -> Response {
    let Some(learner) = shared.hooks.learner.clone() else {
        return error(StatusCode::NOT_IMPLEMENTED, "nothing is learnt here", None);
    };
    let (parts, body) = request.into_parts();
    let held = async {
        let ask = Ask::of(&parts.headers, parts.uri.query())?;
        let held = shared.hold().read(body, &shared.settings()).await?;
        if ask.inflate { held.inflated().await } else { Ok(held) }
    };
    let held = match held.await {
        Ok(held) => held,
        Err(why) => return refused(why),
    };
    if held.bytes.is_empty() {
        return error(StatusCode::BAD_REQUEST, "no message to learn", None);
    }
    let (raw, _permit) = held.share();
    let learned = learner.learn(raw, spam).await;
    if learned == Learned::Done {
        shared.counts.learned();
    }
    let (status, value) = told(learned, spam);
    said(status, &value)
}

fn told(learned: Learned, spam: bool) -> (StatusCode, Value) {
    match learned {
        Learned::Done => (StatusCode::OK, json!({ "success": true })),
        Learned::Already => {
            let class = if spam { "spam" } else { "ham" };
            let words = format!("the message has been already learned as {class}, ignore it");
            (StatusCode::ALREADY_REPORTED, json!({ "error": words }))
        }
        Learned::Refused(why) => (StatusCode::UNPROCESSABLE_ENTITY, json!({ "error": why })),
    }
}
