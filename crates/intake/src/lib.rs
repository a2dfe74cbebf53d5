//! Where mail arrives: arrivals become submissions, decisions become replies.
//!
//! Every intake hands its arrivals to the same [`Gatekeeper`](sekisho_engine::gate::Gatekeeper) and carries out what comes
//! back in the words of its protocol. None of them looks into a message.

pub mod folder;
pub mod http;
pub mod limits;
pub mod mailbox;
pub mod milter;
pub mod smtp;

/// What time it is, seconds since 1970.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// What can go wrong when an intake is set up. A message or a peer never causes one of these.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certificate or a key cannot be used.
    #[error("TLS: {0}")]
    Tls(String),
    /// Settings that contradict each other, or would be dangerous.
    #[error("SMTP: {0}")]
    Smtp(String),
}
