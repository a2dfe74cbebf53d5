//! What the configuration says about held mail: for how long it is kept.

use std::collections::BTreeMap;

use sekisho_record::Class;
use sekisho_store::HeldRetention;
use serde::Deserialize;

/// For how long held mail is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Quarantine {
    /// For how many days after their arrival messages are kept that somebody still waits for.
    pub(crate) keep_days: HeldDays,
    /// For how many days after their arrival messages are kept that are released or deleted for everybody; at least 7.
    /// Default: 14.
    pub(crate) done_days: u32,
    /// For how many days entries of the audit are kept. Default: 730.
    pub(crate) audit_days: u32,
}

/// For how many days held messages are kept, by what they were judged to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HeldDays {
    /// Benign ones, which a clause of the policy holds. Default: 30.
    pub(crate) benign: u32,
    /// Suspicious ones. Default: 30.
    pub(crate) suspicious: u32,
    /// Malicious ones. Default: 90.
    pub(crate) malicious: u32,
}

impl Default for HeldDays {
    fn default() -> Self {
        let days = HeldRetention::default().waiting_days;
        let of = |class| days.get(&class).copied().unwrap_or_default();
        Self { benign: of(Class::Benign), suspicious: of(Class::Suspicious), malicious: of(Class::Malicious) }
    }
}

impl Default for Quarantine {
    fn default() -> Self {
        let HeldRetention { done_days, audit_days, .. } = HeldRetention::default();
        Self { keep_days: HeldDays::default(), done_days, audit_days }
    }
}

impl Quarantine {
    /// As a sweep wants it.
    pub(crate) fn retention(&self) -> HeldRetention {
        let HeldDays { benign, suspicious, malicious } = self.keep_days;
        let days = [(Class::Benign, benign), (Class::Suspicious, suspicious), (Class::Malicious, malicious)];
        HeldRetention {
            waiting_days: BTreeMap::from(days),
            done_days: self.done_days,
            audit_days: self.audit_days,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    #[test]
    fn held_mail_is_kept_for_as_long_as_is_said() {
        let kept = |text: &str| {
            let retention = parse(text).unwrap().quarantine.retention();
            let days: Vec<u32> = retention.waiting_days.into_values().collect();
            format!("{days:?} {} {}", retention.done_days, retention.audit_days)
        };
        assert_eq!(kept(""), "[30, 30, 90] 14 730", "benign, suspicious, malicious");
        let text = "[quarantine]\nkeep_days = { malicious = 7 }\ndone_days = 20\n";
        assert_eq!(kept(text), "[30, 30, 7] 20 730");
        let error = parse("[quarantine]\nkeep = 3\n").unwrap_err().to_string();
        assert!(error.contains("unknown field"), "{error}");
    }
}
