//! What servers wrote about authentication: `Authentication-Results` (RFC 8601), `ARC-*` (RFC 8617),
//! `Received-SPF` (RFC 7208 §9.1), `DKIM-Signature` (RFC 6376) read as text, believed by nobody yet.

use serde::{Deserialize, Serialize};

use crate::{Domain, Ip, Span};

/// One `Authentication-Results` or `ARC-Authentication-Results` field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AuthResults {
    /// `authentication-results` or `arc-authentication-results`.
    #[serde(rename = "type")]
    pub kind: String,
    /// authserv-id; `None` when the writer left it out (Microsoft's do).
    pub server: Option<Domain>,
    /// ARC instance (`i=`).
    pub instance: Option<String>,
    /// SPF verdict, lower case.
    pub spf: Option<String>,
    /// Its details.
    pub spf_details: Option<Spf>,
    /// Best DKIM verdict over all signatures, lower case.
    pub dkim: Option<String>,
    /// One entry a signature.
    pub dkim_details: Vec<Signature>,
    /// DMARC verdict, lower case.
    pub dmarc: Option<String>,
    /// Its details.
    pub dmarc_details: Option<Dmarc>,
    /// Microsoft's composite verdict.
    pub compauth: Option<CompAuth>,
    /// The field in the raw message.
    #[serde(skip)]
    pub span: Span,
}

/// An SPF result (RFC 7208).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spf {
    /// Verdict, lower case.
    pub verdict: Option<String>,
    /// The peer.
    pub client_ip: Option<Ip>,
    /// The comment.
    pub description: Option<String>,
    /// `mail_from` domain or address that was checked.
    pub designator: Option<String>,
    /// HELO name.
    pub helo: Option<Domain>,
    /// Who checked.
    pub server: Option<Domain>,
}

/// A DMARC result (RFC 7489).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dmarc {
    /// Verdict, lower case.
    pub verdict: Option<String>,
    /// `action=`.
    pub action: Option<String>,
    /// `dis=`.
    pub disposition: Option<String>,
    /// `header.from`.
    pub from: Option<Domain>,
    /// `p=`.
    pub policy: Option<String>,
    /// `sp=`.
    pub sub_policy: Option<String>,
    /// Record version.
    pub version: Option<String>,
}

/// A DKIM or ARC signature, or a verdict on one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Signature {
    /// `dkim-signature`, `arc-message-signature`, `arc-seal`, or empty for a verdict.
    #[serde(rename = "type")]
    pub kind: String,
    /// `a=`.
    pub algorithm: Option<String>,
    /// `bh=`.
    pub body_hash: Option<String>,
    /// `d=`.
    pub domain: Option<String>,
    /// `h=`.
    pub headers: Option<String>,
    /// `i=` of ARC.
    pub instance: Option<String>,
    /// `s=`.
    pub selector: Option<String>,
    /// `b=`.
    pub signature: Option<String>,
    /// `v=`.
    pub version: Option<String>,
    /// The verdict on it, when read from results.
    pub verdict: Option<String>,
}

/// Microsoft's composite authentication.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CompAuth {
    /// pass, softpass, fail, none.
    pub verdict: Option<String>,
    /// Three digits.
    pub reason: Option<String>,
}
