//! Findings as rspamd's symbols: `SEKISHO_` and the rule's id, with the values that it was decided on as options.

use sekisho_record::{Finding, Severity, Verdict};

use crate::limits::{OPTION_CHARS_MAX, OPTIONS_MAX, SYMBOLS_MAX};

/// One symbol.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in super::super) struct Symbol {
    pub(in super::super) name: String,
    /// Its share of the message's score.
    pub(in super::super) score: f64,
    /// What its severity weighs by itself.
    pub(in super::super) weight: f64,
    pub(in super::super) description: String,
    pub(in super::super) options: Vec<String>,
}

/// The symbols of a verdict, most severe first; several findings of one rule are one symbol. Their scores come to the score
/// of the message, divided by what severities weigh.
pub(in super::super) fn symbols(verdict: &Verdict, score: f64) -> Vec<Symbol> {
    let mut out: Vec<Symbol> = Vec::new();
    for finding in &verdict.findings {
        let name = name(&finding.rule);
        if let Some(symbol) = out.iter_mut().find(|symbol| symbol.name == name) {
            options(&mut symbol.options, finding);
        } else if out.len() < SYMBOLS_MAX {
            out.push(symbol(name, finding));
        }
    }
    let all: f64 = out.iter().map(|symbol| symbol.weight).sum();
    for symbol in &mut out {
        let share = if all > 0.0 { score * symbol.weight / all } else { 0.0 };
        symbol.score = (share * 100.0).round() / 100.0;
    }
    out
}

fn symbol(name: String, finding: &Finding) -> Symbol {
    let mut symbol = Symbol {
        name,
        score: 0.0,
        weight: weight(finding.severity),
        description: finding.summary.clone(),
        options: Vec::new(),
    };
    options(&mut symbol.options, finding);
    symbol
}

/// Rule ids are lower-case words with dots, slashes and dashes; symbols are upper-case words.
fn name(rule: &str) -> String {
    let word = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' };
    let mut name = String::from("SEKISHO_");
    name.extend(rule.chars().take(120).map(word));
    name
}

/// Of docs/score.md, as far as rspamd's scores go.
fn weight(severity: Severity) -> f64 {
    match severity {
        Severity::Informational => 0.0,
        Severity::Low => 1.0,
        Severity::Medium => 6.0,
        Severity::High => 15.0,
        Severity::Critical => 20.0,
    }
}

fn options(out: &mut Vec<String>, finding: &Finding) {
    for exhibit in &finding.exhibits {
        let printable = exhibit.value.chars().map(|char| if char.is_control() { ' ' } else { char });
        let option: String = printable.take(OPTION_CHARS_MAX).collect();
        if out.len() < OPTIONS_MAX && !option.is_empty() && !out.contains(&option) {
            out.push(option);
        }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_record::Exhibit;

    use super::*;

    fn finding(rule: &str, severity: Severity, values: &[&str]) -> Finding {
        let exhibit = |value: &&str| Exhibit {
            path: "x".into(),
            value: (*value).into(),
            span: None,
            predicate: "x".into(),
        };
        Finding {
            rule: rule.into(),
            severity,
            summary: format!("About {rule}"),
            summary_ja: None,
            attack_types: Vec::new(),
            techniques: Vec::new(),
            exhibits: values.iter().map(exhibit).collect(),
        }
    }

    fn check(findings: Vec<Finding>, score: f64) -> String {
        let verdict = Verdict { findings, ..Verdict::default() };
        let line = |s: Symbol| {
            format!("{} {:.2}/{:.0} {} {:?}", s.name, s.score, s.weight, s.description, s.options)
        };
        symbols(&verdict, score).into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn findings_are_symbols_and_their_scores_come_to_the_message_s() {
        let findings = vec![
            finding("link/short-url.main", Severity::High, &["a", "b\r\nc", "a", ""]),
            finding("brand/x", Severity::Low, &[]),
            finding("link/short-url.main", Severity::High, &["d"]),
            finding("é", Severity::Informational, &[]),
        ];
        insta::assert_snapshot!(check(findings, 16.0), @r#"
        SEKISHO_LINK_SHORT_URL_MAIN 15.00/15 About link/short-url.main ["a", "b  c", "d"]
        SEKISHO_BRAND_X 1.00/1 About brand/x []
        SEKISHO__ 0.00/0 About é []
        "#);
    }

    #[test]
    fn facts_alone_score_nothing() {
        let facts = vec![finding("a", Severity::Informational, &[])];
        assert_eq!(check(facts, 3.0), "SEKISHO_A 0.00/0 About a []");
        assert_eq!(check(Vec::new(), 3.0), "");
    }

    #[test]
    fn a_reply_stays_short() {
        let many: Vec<_> =
            (0..SYMBOLS_MAX + 9).map(|n| finding(&format!("r{n}"), Severity::Low, &[])).collect();
        assert_eq!(check(many, 3.0).lines().count(), SYMBOLS_MAX);
        let long = "x".repeat(999);
        let values: Vec<String> = (0..OPTIONS_MAX + 9).map(|n| format!("{n} {long}")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let all = check(vec![finding("a", Severity::Low, &values)], 3.0);
        assert!(all.len() < (OPTIONS_MAX + 1) * (OPTION_CHARS_MAX + 8), "{}", all.len());
    }
}
