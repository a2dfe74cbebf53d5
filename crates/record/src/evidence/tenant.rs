//! Facet `tenant`: which bulk mailer carried the message, for which account of its.

use serde::Serialize;

/// Bulk mailer (ESP) and account. Attributed on infrastructure (DKIM d= that passed, HELO or reverse DNS, SPF-passing
/// return path), never on a vendor header alone.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Tenant {
    /// Canonical name of the bulk mailer.
    pub esp: Option<String>,
    /// Account id at it.
    pub account: Option<String>,
    /// Where the id was read: `return_path`, `header`, `dkim`, `link`.
    pub account_from: Option<String>,
    /// Infrastructure evidence supports the attribution.
    pub corroborated: bool,
    /// What supports it, for people: `dkim d=mailgun.org`, `helo m12.mailgun.net`.
    pub evidence: Vec<String>,
    /// `api`, `smtp` or unknown.
    pub via: Option<String>,
    /// Vendors whose headers the message carries.
    pub claimed: Vec<String>,
    /// It carries a vendor's headers and the infrastructure is somebody else's.
    pub forged: bool,
    /// Registrable domain that the account sends for (the aligned author domain).
    pub customer_domain: Option<String>,
}
