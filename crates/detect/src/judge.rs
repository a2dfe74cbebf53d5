//! Evidence and rules become a verdict. Pure, never waits: what cannot be known now ends as *indeterminate*.

use sekisho_mql::{ExplainedRead, RuleOutcome, value::Arena};
use sekisho_record::{Evidence, Exhibit, Finding, Indeterminate, Verdict};

use crate::{
    bind::host::EvidenceHost,
    combine::{Weighed, combine},
    rules::Rules,
    spans,
};

/// Exhibits kept of one finding.
const EXHIBITS_MAX: usize = 24;
/// Characters kept of an exhibit's value.
const VALUE_CHARS_MAX: usize = 200;

/// Judges.
#[must_use]
pub fn judge(evidence: &Evidence, rules: &Rules) -> Verdict {
    let arena = Arena::new();
    let host = EvidenceHost { evidence, shared: &rules.shared };
    let mut findings = Vec::new();
    let mut indeterminate = Vec::new();
    for (index, outcome) in rules.set.evaluate(&host, &arena) {
        let Some(source) = rules.sources.get(index) else { continue };
        match outcome {
            RuleOutcome::Match => findings.push(Weighed {
                facet: source.facet.clone(),
                finding: Finding {
                    rule: source.id.clone(),
                    severity: source.severity,
                    summary: source.title.clone(),
                    attack_types: source.attack_types.clone(),
                    techniques: source.techniques.clone(),
                    exhibits: exhibits(rules, index, &host, &arena),
                },
            }),
            RuleOutcome::Indeterminate { missing } => {
                indeterminate.push(Indeterminate { rule: source.id.clone(), missing });
            }
            RuleOutcome::NoMatch => {}
        }
    }
    Verdict { indeterminate, gaps: evidence.gaps.clone(), ..combine(findings) }
}

/// What a match was decided on, each fact once.
fn exhibits<'a>(rules: &Rules, index: usize, host: &EvidenceHost<'a>, arena: &'a Arena) -> Vec<Exhibit> {
    let mut out: Vec<Exhibit> = Vec::new();
    for predicate in rules.set.explain(index, host, arena) {
        for ExplainedRead { path, value } in predicate.reads {
            if out.len() < EXHIBITS_MAX && !out.iter().any(|e| e.path == path) {
                let span = spans::locate(host.evidence, &path);
                let value = value.chars().take(VALUE_CHARS_MAX).collect();
                out.push(Exhibit { path, value, span, predicate: predicate.text.clone() });
            }
        }
    }
    out
}
