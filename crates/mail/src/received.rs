//! The way a message came: typed `Received` hops (RFC 5321 §4.4).

use serde::{Deserialize, Serialize};

use crate::{AuthResults, Signature, Span, Spf};

/// One `Received` line taken apart. Raw texts are kept as written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Received {
    /// `from …`.
    pub source: Option<String>,
    /// `by …`.
    pub server: Option<String>,
    /// `with …`.
    pub protocol: Option<String>,
    /// `via …`.
    pub link: Option<String>,
    /// `id …`.
    pub id: Option<String>,
    /// `for …`.
    pub mailbox: Option<String>,
    /// Comments and clauses that fit nowhere else.
    pub additional: Option<String>,
    /// Seconds since the epoch, UTC.
    pub time: Option<i64>,
    /// Zone as written, `+0100`.
    pub zone_offset: Option<String>,
    /// What the peer called itself (HELO/EHLO).
    pub helo: Option<String>,
    /// The peer's name by reverse DNS, as the server recorded it.
    pub reverse_dns: Option<String>,
    /// The peer's address, as the server recorded it.
    pub ip: Option<String>,
}

/// A header field inside a hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopField {
    /// Name as written.
    pub name: String,
    /// Place among all fields of the message, counted from the top.
    pub position: i64,
    /// Unfolded value, encoded words decoded.
    pub value: String,
    /// The field in the raw message.
    #[serde(skip)]
    pub span: Span,
}

/// One `Received` line and the fields that follow it. Index 0 is closest to the sender (mql.md §3.3).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hop {
    /// Place in the chain.
    pub index: i64,
    /// The line itself; `None` for a message that no server stamped.
    pub received: Option<Received>,
    /// The fields below it up to the next `Received`.
    pub fields: Vec<HopField>,
    /// `Authentication-Results` (or `ARC-Authentication-Results`) that this hop's server wrote.
    pub authentication_results: Option<AuthResults>,
    /// `Received-SPF` that it wrote.
    pub received_spf: Option<Spf>,
    /// First `DKIM-Signature` of the hop.
    pub signature: Option<Signature>,
}
