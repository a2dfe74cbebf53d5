//! What the findings of a file and of a whole tree say together (weights and bonuses: design `unpack.md` section 4).

use serde::{Deserialize, Serialize};

use crate::{Finding, Id, Severity};

/// What the findings say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing that harmless files do not have.
    #[default]
    Benign,
    /// Weight 40 to 89.
    Suspicious,
    /// Something critical, or weight 90 and more.
    Malicious,
}

/// Weight from which on a file is suspicious.
const SUSPICIOUS: u32 = 40;
/// Weight from which on a file is malicious.
const MALICIOUS: u32 = 90;

/// Each id counts once, at its worst.
pub(crate) fn of<'f>(findings: impl Iterator<Item = &'f Finding>) -> Verdict {
    let mut worst: std::collections::BTreeMap<&'static str, Severity> = std::collections::BTreeMap::new();
    for finding in findings {
        let entry = worst.entry(finding.id.name()).or_insert(Severity::Info);
        *entry = (*entry).max(finding.severity);
    }
    let weight: u32 = worst.values().map(|s| s.weight()).sum();
    let highs = worst.values().filter(|s| **s == Severity::High).count();
    let lure = worst.keys().any(|id| id.starts_with("LURE-") && *id != Id::LureHiddenText.name());
    if worst.values().any(|s| *s == Severity::Critical) || weight >= MALICIOUS || highs >= 1 && lure {
        Verdict::Malicious
    } else if weight >= SUSPICIOUS {
        Verdict::Suspicious
    } else {
        Verdict::Benign
    }
}
