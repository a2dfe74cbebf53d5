//! Findings and the verdict that one combiner makes of them. They never name actions.

use sekisho_mail::Span;
use serde::{Deserialize, Serialize};

/// How bad a finding is by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A fact worth showing, never counted.
    #[default]
    Informational,
    /// Weak by itself.
    Low,
    /// Suspicious by itself.
    Medium,
    /// Malicious unless something speaks strongly against it.
    High,
    /// Malicious.
    Critical,
}

/// Class of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Nothing that counts.
    #[default]
    Benign,
    /// A person should look twice.
    Suspicious,
    /// Harmful.
    Malicious,
}

/// Kind of threat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threat {
    /// Credentials are asked for.
    CredentialPhishing,
    /// Malware is delivered.
    Malware,
    /// Payment or data by impersonation.
    Fraud,
    /// Call this number.
    CallbackPhishing,
    /// Money or else.
    Extortion,
    /// A real thread is abused.
    ThreadHijack,
    /// Advance fee, prizes, fake renewals.
    Scam,
    /// Unwanted, not harmful.
    Spam,
}

/// A fact read by a rule that matched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exhibit {
    /// Path in the data model: `body.links[2].href_url.domain.root_domain`.
    pub path: String,
    /// Its value, as text, cut to 200 characters.
    pub value: String,
    /// Bytes of the message that it was read from.
    pub span: Option<Span>,
    /// The predicate that it decided, as written in the rule.
    pub predicate: String,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Rule id.
    pub rule: String,
    /// Severity.
    pub severity: Severity,
    /// One sentence for a person.
    pub summary: String,
    /// The same in Japanese, where the rule has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary_ja: Option<String>,
    /// Attack types as the field names them.
    pub attack_types: Vec<String>,
    /// ATT&CK ids or the feed's technique names.
    pub techniques: Vec<String>,
    /// What it was decided on.
    pub exhibits: Vec<Exhibit>,
}

/// A rule that could not be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indeterminate {
    /// Rule id.
    pub rule: String,
    /// Capabilities that are missing: function names, `$list` names, `budget`.
    pub missing: Vec<String>,
}

/// Something that could not be observed (invariant 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Facet.
    pub facet: String,
    /// disabled, timed_out, over_limit, no_history, not_configured, not_kept, failed.
    pub reason: String,
    /// For a person.
    pub detail: String,
}

/// The verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Verdict {
    /// Class.
    pub class: Class,
    /// Kind of threat, when not benign.
    pub threat: Option<Threat>,
    /// 0–100: how probably harmful; calibrated (docs/score.md).
    pub score: u8,
    /// Rules that decided the class.
    pub decided_by: Vec<String>,
    /// All findings, most severe first.
    pub findings: Vec<Finding>,
    /// Rules that could not be decided.
    pub indeterminate: Vec<Indeterminate>,
    /// What could not be observed.
    pub gaps: Vec<Gap>,
}
