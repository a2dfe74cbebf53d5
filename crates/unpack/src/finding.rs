//! What was found in a file, how bad it is, where it is and how it was come by.

use serde::Serialize;

use crate::{Id, Place};

/// How bad a finding is by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A fact.
    Info,
    /// Common in harmless files.
    Low,
    /// Unusual in harmless files.
    Medium,
    /// Rare in harmless files.
    High,
    /// No harmless file does this.
    Critical,
}

impl Severity {
    /// What it adds to a file's weight.
    #[must_use]
    pub fn weight(self) -> u32 {
        match self {
            Severity::Info => 0,
            Severity::Low => 7,
            Severity::Medium => 20,
            Severity::High => 45,
            Severity::Critical => 100,
        }
    }
}

/// How a finding was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Derived {
    /// It stands in the file.
    #[default]
    Static,
    /// An emulated macro did it.
    Emulated,
    /// Keys were guessed from many uses.
    Voted,
    /// Found by its bytes where the file's own tables do not name it.
    Carved,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which.
    pub id: Id,
    /// How bad, here.
    pub severity: Severity,
    /// Where in the file; the file's own path stands before it.
    pub location: Place,
    /// What shows it, decoded, at most [`crate::limits::EVIDENCE_CHARS_MAX`] characters. Never a password.
    pub evidence: String,
    /// How it was come by.
    pub derived: Derived,
}
