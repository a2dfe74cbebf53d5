//! What has to be asked of the world before a message can be observed, and the answers, as plain data.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What a message makes worth asking. Empty when nothing has to be looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Questions {
    /// Check the papers by DNS; `None` when a believed server did so already.
    pub papers: Option<Papers>,
}

impl Questions {
    /// Nothing has to be looked up.
    pub fn is_empty(&self) -> bool {
        self.papers.is_none()
    }
}

/// Papers to be checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Papers {
    /// SPF (RFC 7208): the peer and what it claimed; `None` when no peer address is known.
    pub spf: Option<SpfQuestion>,
    /// The author's domain (`From`), ASCII form, for DMARC.
    pub author: Option<String>,
    /// There are DKIM signatures.
    pub dkim: bool,
    /// There is an ARC set.
    pub arc: bool,
}

/// One SPF question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpfQuestion {
    /// The peer.
    pub ip: IpAddr,
    /// Its HELO name.
    pub helo: String,
    /// Reverse path; empty for a bounce.
    pub mail_from: String,
    /// Peer and names come from the envelope; else they were read from the `Received` chain, which may be forged.
    pub from_envelope: bool,
}

/// The world's answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// Results of the checks; `None` when they were not made.
    pub papers: Option<Checked>,
    /// Why they were not made or are incomplete: `disabled`, `timed_out`, `failed`.
    pub papers_missing: Option<&'static str>,
}

/// Results of checking the papers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// SPF.
    pub spf: Option<SpfAnswer>,
    /// One entry a DKIM signature.
    pub dkim: Vec<DkimAnswer>,
    /// DMARC.
    pub dmarc: Option<DmarcAnswer>,
    /// ARC.
    pub arc: Option<ArcAnswer>,
}

/// SPF result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpfAnswer {
    /// none, pass, fail, softfail, neutral, temperror, permerror.
    pub verdict: &'static str,
    /// The domain that was checked: the reverse path's, or the HELO name for a bounce.
    pub domain: String,
    /// The peer.
    pub ip: Option<IpAddr>,
    /// HELO name.
    pub helo: String,
    /// The question came from the envelope.
    pub from_envelope: bool,
}

/// Result of one DKIM signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DkimAnswer {
    /// none, pass, fail, neutral, temperror, permerror.
    pub verdict: &'static str,
    /// `d=`.
    pub domain: String,
    /// `s=`.
    pub selector: String,
    /// Why it did not pass, for a person.
    pub reason: String,
}

/// DMARC result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DmarcAnswer {
    /// none, pass, fail, temperror, permerror.
    pub verdict: &'static str,
    /// The author domain that was checked.
    pub domain: String,
    /// `p=` (or `sp=` where that applies): none, quarantine, reject.
    pub policy: Option<&'static str>,
}

/// ARC result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArcAnswer {
    /// none, pass, fail.
    pub verdict: &'static str,
    /// Domains of the seals, first sealer first.
    pub sealers: Vec<String>,
}
