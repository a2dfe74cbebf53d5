//! Who may do more than have a message scanned by rspamd's protocol.
//!
//! * rspamd's other commands (`/learnspam`, `/stat`, …): whoever gives the password, or a token. Without a password in the
//!   settings: this machine.
//! * Our own API: whoever gives a token. Without tokens in the settings: this machine.
//!
//! A request counts as this machine's when its connection comes from a loopback address or a Unix socket and it was not
//! handed on by a proxy, nor made by somebody's browser: any page may make one ask its own machine, and may call that
//! machine by a name of its own to read the answer.

use std::time::Duration;

use axum::http::{HeaderMap, header};

use super::settings::{Settings, Token};
use super::stream::Peer;
use crate::limits::HTTP_REFUSED_MS;

/// Fields that proxies and browsers add.
const FROM_ELSEWHERE: [&str; 5] = ["forwarded", "x-forwarded-for", "x-real-ip", "origin", "sec-fetch-site"];

/// Whether rspamd's commands may be used.
pub(super) async fn commands(settings: &Settings, peer: Peer, headers: &HeaderMap) -> bool {
    let given = headers.get("password").map(|value| value.as_bytes());
    let password = match (&settings.password, given) {
        (Some(secret), Some(given)) => secret.is(given),
        (Some(_), None) => false,
        (None, _) => here(peer, headers),
    };
    waited(peer, password || token(settings, headers)).await
}

/// Whether our own API may be used.
pub(super) async fn api(settings: &Settings, peer: Peer, headers: &HeaderMap) -> bool {
    let here = settings.tokens.is_empty() && here(peer, headers);
    waited(peer, here || token(settings, headers)).await
}

/// Whether metrics may be read.
pub(super) async fn metrics(settings: &Settings, peer: Peer, headers: &HeaderMap) -> bool {
    let here = settings.tokens.is_empty() && settings.password.is_none() && here(peer, headers);
    let given = headers.get("password").map(|value| value.as_bytes());
    let password = settings.password.as_ref().zip(given).is_some_and(|(secret, given)| secret.is(given));
    waited(peer, here || password || token(settings, headers)).await
}

fn here(peer: Peer, headers: &HeaderMap) -> bool {
    let agent = headers.get(header::USER_AGENT).map(|value| value.as_bytes()).unwrap_or_default();
    // All browsers begin so.
    let browser = agent.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"mozilla/"));
    peer.local && !browser && !FROM_ELSEWHERE.iter().any(|name| headers.contains_key(*name))
}

/// Who asks, for the audit: the name of the token, or this machine.
pub(super) fn who(settings: &Settings, headers: &HeaderMap) -> String {
    named(settings, headers).map_or_else(|| "this machine".to_owned(), |token| token.name.clone())
}

fn token(settings: &Settings, headers: &HeaderMap) -> bool {
    let known = named(settings, headers);
    if let Some(token) = known {
        tracing::debug!(token = token.name, "a request with a token");
    }
    known.is_some()
}

/// The token that a request gives, if it is one of ours.
fn named<'a>(settings: &'a Settings, headers: &HeaderMap) -> Option<&'a Token> {
    let field = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
    let (scheme, given) = field.and_then(|field| field.split_at_checked(7))?;
    if !scheme.eq_ignore_ascii_case(b"bearer ") {
        return None;
    }
    settings.tokens.iter().find(|token| token.sha256.is(given.trim_ascii()))
}

/// Whoever guesses has to wait.
async fn waited(peer: Peer, admitted: bool) -> bool {
    if !admitted {
        tracing::warn!(ip = ?peer.ip, "a request without a valid password or token was refused");
        tokio::time::sleep(Duration::from_millis(HTTP_REFUSED_MS)).await;
    }
    admitted
}
