//! Rule files in the field's YAML form (mql.md §3.4), loaded from any folder or git checkout.

use std::path::Path;

use serde_yaml_ng::Value;

use crate::{
    Error, page,
    rule::{RuleKind, RuleSource},
};

/// Reads one YAML rule file. `Ok(None)` when the file is YAML but not a rule (CI settings and the like).
///
/// # Errors
/// [`Error::Format`] when it is a rule and something in it is wrong.
pub fn parse(file: &str, text: &str) -> Result<Option<RuleSource>, Error> {
    let fail = |line: usize, message: String| Error::Format { file: file.to_owned(), line, message };
    let value: Value = serde_yaml_ng::from_str(text)
        .map_err(|e| fail(e.location().map_or(1, |l| l.line()), format!("not YAML: {e}")))?;
    let text_of = |key: &str| value.get(key).and_then(scalar);
    let (Some(kind), Some(query)) = (text_of("type"), text_of("source")) else { return Ok(None) };
    let name = text_of("name").ok_or_else(|| fail(1, "the rule has no `name`".into()))?;
    let severity = match text_of("severity") {
        None => sekisho_record::Severity::Medium,
        Some(s) => page::severity(&s)
            .ok_or_else(|| fail(line_of(text, "severity"), format!("unknown severity `{s}`")))?,
    };
    let stem = Path::new(file).file_stem().and_then(|s| s.to_str()).unwrap_or(file);
    Ok(Some(RuleSource {
        id: stem.to_owned(),
        file: file.to_owned(),
        line: line_of(text, "source") + 1,
        title: name,
        description: text_of("description").unwrap_or_default(),
        severity,
        query,
        attack_types: texts(&value, "attack_types"),
        techniques: texts(&value, "tactics_and_techniques"),
        kind: match kind.as_str() {
            "query" => RuleKind::Insight,
            "dlp" => RuleKind::Dlp,
            "exclusion" => RuleKind::Exclusion,
            "triage_rule" => RuleKind::Automation,
            "rule" if file.contains("discovery") => RuleKind::Discovery,
            "rule" if file.contains("dlp") => RuleKind::Dlp,
            "rule" => RuleKind::Detection,
            other => return Err(fail(line_of(text, "type"), format!("unknown rule type `{other}`"))),
        },
        ..RuleSource::default()
    }))
}

/// Scalars become text: one file of the public feed has the YAML boolean `true` as its source.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    value
        .get(key)
        .and_then(Value::as_sequence)
        .map(|s| s.iter().filter_map(scalar).collect())
        .unwrap_or_default()
}

fn line_of(text: &str, key: &str) -> usize {
    let prefix = format!("{key}:");
    text.lines().position(|l| l.starts_with(&prefix)).map_or(1, |i| i + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_and_other_yaml_is_passed_over() {
        let rule = parse("x/a_b.yml", "name: N\ntype: rule\nseverity: low\nsource: |\n  type.inbound\n")
            .unwrap()
            .unwrap();
        assert_eq!((rule.id.as_str(), rule.line, rule.query.as_str()), ("a_b", 5, "type.inbound\n"));
        assert!(parse("ci.yml", "on: push\njobs: {}\n").unwrap().is_none());
        assert_eq!(
            parse("a.yml", "name: N\ntype: triage_rule\nsource: true\n").unwrap().unwrap().query,
            "true"
        );
        assert!(parse("a.yml", "name: N\ntype: rule\nseverity: bad\nsource: 'true'\n").is_err());
    }
}
