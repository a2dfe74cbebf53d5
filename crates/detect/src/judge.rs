//! Evidence and rules become a verdict. Pure, never waits: what cannot be known now ends as *indeterminate*.

use sekisho_mql::{Arena, Decision, Session};
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

/// What is read here stays in the process: rules compare it, exhibits do not show it.
const PASSWORD: &str = "cracked_password";

/// Judges.
#[must_use]
pub fn judge(evidence: &Evidence, rules: &Rules) -> Verdict {
    let arena = Arena::new();
    let host = EvidenceHost::new(evidence, &rules.shared);
    let mut findings = Vec::new();
    let mut indeterminate = Vec::new();
    let mut session = rules.set.session(&host, &arena);
    for (index, outcome) in session.evaluate() {
        let Some(source) = rules.sources.get(index) else { continue };
        match outcome {
            Decision::Match => findings.push(Weighed {
                facet: source.facet.clone(),
                finding: Finding {
                    rule: source.id.clone(),
                    severity: source.severity,
                    summary: source.title.clone(),
                    summary_ja: source.title_ja.clone(),
                    attack_types: source.attack_types.clone(),
                    techniques: source.techniques.clone(),
                    exhibits: exhibits(&mut session, index, evidence),
                },
            }),
            Decision::Indeterminate(missing) => {
                indeterminate
                    .push(Indeterminate { rule: source.id.clone(), missing: arena.missing_names(missing) });
            }
            Decision::NoMatch => {}
        }
    }
    Verdict { indeterminate, gaps: evidence.gaps.clone(), ..combine(findings) }
}

/// What a match was decided on, each fact once.
fn exhibits(session: &mut Session<'_, '_>, index: usize, evidence: &Evidence) -> Vec<Exhibit> {
    let mut out: Vec<Exhibit> = Vec::new();
    for predicate in session.explain(index) {
        for read in predicate.reads {
            if out.len() < EXHIBITS_MAX && !out.iter().any(|e| e.path == read.path) {
                let span = spans::locate(evidence, &read.path);
                let value = if read.path.contains(PASSWORD) {
                    "(a password)".to_owned()
                } else {
                    read.value.chars().take(VALUE_CHARS_MAX).collect()
                };
                out.push(Exhibit { path: read.path, value, span, predicate: predicate.text.clone() });
            }
        }
    }
    out
}
