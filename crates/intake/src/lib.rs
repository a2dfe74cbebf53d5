//! Where mail arrives: arrivals become submissions, decisions become replies.
//!
//! Every intake hands its arrivals to the same [`Gatekeeper`](sekisho_engine::gate::Gatekeeper) and carries out what comes
//! back in the words of its protocol. None of them looks into a message.

pub mod http;
pub mod limits;
pub mod milter;
pub mod smtp;

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
