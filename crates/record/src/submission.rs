//! What arrives: the bytes of a message and, when a mail dialogue brought them, its envelope.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A message as it was handed in. The bytes are never changed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Submission<'a> {
    /// The message, header and body, as it came.
    pub raw: &'a [u8],
    /// The SMTP envelope; `None` for a message read from a file or a mailbox.
    pub envelope: Option<&'a Envelope>,
    /// Id of the record that it becomes; without one it teaches nothing.
    pub record: &'a str,
    /// When it arrived, seconds since 1970; `None` when only the message itself can tell.
    pub at: Option<i64>,
    /// What counts as its arrival when the message does not tell either.
    pub now: i64,
    /// The bytes are only its beginning: whoever took it in could keep no more.
    pub cut: bool,
    /// The bytes are an envelope journal report: what is judged is the message that it encloses, with the envelope that it
    /// tells.
    pub journal: bool,
}

impl<'a> Submission<'a> {
    /// A message without an envelope.
    pub fn from_bytes(raw: &'a [u8]) -> Self {
        Self { raw, ..Self::default() }
    }
}

/// The SMTP envelope (RFC 5321 §2.3.1) and who the peer was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// Reverse path without angle brackets; empty for `<>`.
    pub mail_from: String,
    /// Forward paths.
    pub rcpt_to: Vec<String>,
    /// What the peer called itself.
    pub helo: String,
    /// Address of the peer.
    pub ip: Option<IpAddr>,
    /// The name that the peer logged in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
}
