//! A scripted world for tests: a message builder, signers, and the scenarios that the product must decide right.
//!
//! [`message`] makes mail, [`sign`] and [`dkim`] sign it, [`write`] composes the scenarios of it, [`scenarios`] reads
//! the committed files and compares the verdicts with what is expected, [`world`] replays whole mailboxes, [`servers`]
//! starts real mail servers.

pub mod chance;
pub mod dkim;
pub mod files;
pub mod message;
pub mod scenarios;
pub mod servers;
pub mod sign;
pub mod tracker;
pub mod world;
pub mod write;

pub use sign::Signer;

/// Standard base64.
pub(crate) fn base64(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}
