//! Facet `authentication`: what the papers prove, and about whom.

use serde::Serialize;

/// Verdicts of SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489) and ARC (RFC 8617), and whom they vouch for.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Authentication {
    /// Who found this out: `verified` (we looked up DNS), `believed` (a configured authserv-id wrote it), `none`.
    pub source: String,
    /// The authserv-id that was believed.
    pub server: Option<String>,
    /// none, pass, fail, softfail, neutral, policy, temperror, permerror.
    pub spf: Option<String>,
    /// Best verdict over all signatures.
    pub dkim: Option<String>,
    /// none, pass, fail, bestguesspass, temperror, permerror.
    pub dmarc: Option<String>,
    /// none, pass, fail.
    pub arc: Option<String>,
    /// The believed sealer (a mailing list, a forwarder) whose ARC chain holds; it makes up for broken papers.
    pub arc_sealer: Option<String>,
    /// `p=` of the author domain's DMARC record, when known.
    pub policy: Option<String>,
    /// The author domain (From) is the registrable domain of a passing SPF or DKIM identity.
    pub aligned: Option<bool>,
    /// Domains that a passing check vouches for (DKIM d=, SPF mail_from, DMARC From), lower case, distinct.
    pub domains: Vec<String>,
    /// Their registrable domains, distinct.
    pub root_domains: Vec<String>,
    /// d= of passing DKIM signatures.
    pub dkim_domains: Vec<String>,
    /// Domain of the SPF identity that passed.
    pub spf_domain: Option<String>,
    /// The papers fail where the author domain asks for rejection or quarantine, or SPF fails hard without DKIM.
    pub failed: bool,
    /// All three pass and align: the papers are in order.
    pub in_order: bool,
}
