//! The one combiner: findings become a class, a threat and a score.
//!
//! Each finding is evidence of a certain weight; weights combine as independent chances (noisy-or), so that several
//! weak findings make a strong case. Findings of one facet mostly restate one observation, so only the strongest of a
//! facet counts in full. Nothing subtracts: no fact about a sender buys a message out of a finding (invariant 1);
//! what makes a finding wrong belongs into its rule.

use sekisho_record::{Class, Finding, Severity, Threat, Verdict};

/// Score from which a message is suspicious.
pub const SUSPICIOUS_MIN: u8 = 50;
/// Score from which a message is malicious.
pub const MALICIOUS_MIN: u8 = 85;

/// Weight of a finding by itself, as a chance that the message is harmful.
fn weight(severity: Severity) -> f64 {
    match severity {
        Severity::Informational => 0.0,
        Severity::Low => 0.20,
        Severity::Medium => 0.55,
        Severity::High => 0.86,
        Severity::Critical => 0.98,
    }
}

/// How much of its weight a further finding of the same facet keeps.
const REPEAT: f64 = 0.35;

/// A finding together with the facet folder that its rule comes from (empty for foreign rules).
pub struct Weighed {
    /// The finding.
    pub finding: Finding,
    /// Facet of the rule.
    pub facet: String,
}

/// Makes the verdict's class, threat, score and deciding rules. Findings are sorted most severe first.
#[must_use]
pub fn combine(mut findings: Vec<Weighed>) -> Verdict {
    findings.sort_by(|a, b| {
        b.finding.severity.cmp(&a.finding.severity).then_with(|| a.finding.rule.cmp(&b.finding.rule))
    });
    let mut innocent = 1.0;
    let mut facets: Vec<&str> = Vec::new();
    let mut decided_by = Vec::new();
    for item in &findings {
        let full = weight(item.finding.severity);
        let repeated = !item.facet.is_empty() && facets.contains(&item.facet.as_str());
        let weight = if repeated { full * REPEAT } else { full };
        facets.push(&item.facet);
        if weight > 0.0 && to_score(innocent) < MALICIOUS_MIN {
            decided_by.push(item.finding.rule.clone());
        }
        innocent *= 1.0 - weight;
    }
    let score = to_score(innocent);
    let class = match score {
        s if s >= MALICIOUS_MIN => Class::Malicious,
        s if s >= SUSPICIOUS_MIN => Class::Suspicious,
        _ => Class::Benign,
    };
    let threat = if class == Class::Benign { None } else { threat(&findings) };
    if class == Class::Benign {
        decided_by.clear();
    }
    Verdict {
        class,
        threat,
        score,
        decided_by,
        findings: findings.into_iter().map(|w| w.finding).collect(),
        ..Verdict::default()
    }
}

fn to_score(innocent: f64) -> u8 {
    // The cast saturates; the value is within 0..=100 by construction.
    ((1.0 - innocent) * 100.0).round() as u8
}

/// The threat that carries the most weight among the findings.
fn threat(findings: &[Weighed]) -> Option<Threat> {
    let mut votes: Vec<(Threat, f64)> = Vec::new();
    for item in findings {
        for name in &item.finding.attack_types {
            if let Some(threat) = threat_of(name) {
                // A message is called spam only when nothing names a worse intent.
                let share = if threat == Threat::Spam { 0.2 } else { 1.0 };
                let weight = weight(item.finding.severity) * share;
                match votes.iter_mut().find(|(t, _)| *t == threat) {
                    Some((_, sum)) => *sum += weight,
                    None => votes.push((threat, weight)),
                }
            }
        }
    }
    votes
        .into_iter()
        .fold(None, |best: Option<(Threat, f64)>, v| match best {
            Some(b) if b.1 >= v.1 => Some(b),
            _ => Some(v),
        })
        .map(|(t, _)| t)
}

/// Attack types as the field's rule files name them, and ours.
fn threat_of(name: &str) -> Option<Threat> {
    Some(match name {
        "Credential Phishing" | "ICS Phishing" => Threat::CredentialPhishing,
        "Malware/Ransomware" => Threat::Malware,
        "BEC/Fraud" => Threat::Fraud,
        "Callback Phishing" => Threat::CallbackPhishing,
        "Extortion" => Threat::Extortion,
        "Thread Hijack" => Threat::ThreadHijack,
        "Scam" => Threat::Scam,
        "Spam" => Threat::Spam,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(findings: &[(&str, Severity, &str)]) -> String {
        let verdict = combine(
            findings
                .iter()
                .enumerate()
                .map(|(i, (facet, severity, attack))| Weighed {
                    facet: (*facet).to_owned(),
                    finding: Finding {
                        rule: format!("r{i}"),
                        severity: *severity,
                        summary: String::new(),
                        summary_ja: None,
                        attack_types: vec![(*attack).to_owned()],
                        techniques: vec![],
                        exhibits: vec![],
                    },
                })
                .collect(),
        );
        format!("{:?} {} {:?} {}", verdict.class, verdict.score, verdict.threat, verdict.decided_by.join(","))
    }

    #[test]
    fn one_finding_decides_by_its_severity() {
        assert_eq!(check(&[]), "Benign 0 None ");
        assert_eq!(check(&[("a", Severity::Low, "Spam")]), "Benign 20 None ");
        assert_eq!(check(&[("a", Severity::Medium, "Spam")]), "Suspicious 55 Some(Spam) r0");
        assert_eq!(
            check(&[("a", Severity::High, "Credential Phishing")]),
            "Malicious 86 Some(CredentialPhishing) r0"
        );
    }

    #[test]
    fn weak_findings_of_different_facets_add_up_and_of_one_facet_hardly() {
        let low = Severity::Low;
        assert_eq!(
            check(&[("a", low, "Spam"), ("b", low, "Spam"), ("c", low, "Scam"), ("d", low, "Spam")]),
            "Suspicious 59 Some(Scam) r0,r1,r2,r3"
        );
        assert_eq!(
            check(&[("a", low, "Spam"), ("a", low, "Spam"), ("a", low, "Scam"), ("a", low, "Spam")]),
            "Benign 36 None "
        );
    }
}
