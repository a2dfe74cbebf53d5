//! Rule pages: one Markdown file that is the rule, its documentation and its test.
//!
//! ```text
//! ---
//! severity: high
//! attack_types: [Credential Phishing]
//! techniques: [T1566.002]
//! since: 0.1
//! ja: the title in Japanese
//! ---
//! # Sentence that the finding shows
//! ## What it observes
//! ## Why it matters
//! ## When it is wrong
//! ## Rule            (one ```mql block)
//! ## Cases           (### fires: … / ### silent: …, each with an ```eml, ```change or ```history block)
//! ```
//!
//! A `change` block makes a twin of the previous message: lines that begin with `- ` are looked for, in order, and
//! replaced by the `+ ` lines that follow them, so that the page shows the one detail in which the twins differ.
//!
//! A `history` block says in a few lines what is remembered (`observe/src/history/scripted.rs` lists the words). A twin with
//! only a `history` block is the same message with another past; one with only a `change` block keeps the past.
//!
//! A line `{{file: xlm/x01_plain_visible.xls}}` of a message stays as it is here; who runs the case puts the base64 of
//! that file of `fixtures/files/` in its place.

use sekisho_record::Severity;

use crate::{
    Error,
    rule::{Case, RuleSource},
};

/// Sections that every page has.
const SECTIONS: [&str; 5] = ["What it observes", "Why it matters", "When it is wrong", "Rule", "Cases"];

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    severity: String,
    attack_types: Vec<String>,
    #[serde(default)]
    techniques: Vec<String>,
    since: serde_yaml_ng::Value,
    ja: String,
}

/// Reads a page. `file` is for messages, `id` the file's stem, `facet` its folder's name.
///
/// # Errors
/// [`Error::Format`] with the line and what is missing.
pub fn parse(file: &str, id: &str, facet: &str, text: &str) -> Result<RuleSource, Error> {
    let fail = |line: usize, message: String| Error::Format { file: file.to_owned(), line, message };
    let rest = text.strip_prefix("---\n").ok_or_else(|| fail(1, "a rule page begins with `---`".into()))?;
    let end =
        rest.find("\n---\n").ok_or_else(|| fail(1, "the front matter is not closed by `---`".into()))?;
    let front: Front = serde_yaml_ng::from_str(&rest[..end])
        .map_err(|e| fail(e.location().map_or(1, |l| l.line() + 1), format!("front matter: {e}")))?;
    let _ = front.since;
    let mut rule = RuleSource {
        id: id.to_owned(),
        file: file.to_owned(),
        facet: facet.to_owned(),
        severity: severity(&front.severity).ok_or_else(|| {
            fail(
                2,
                format!(
                    "unknown severity `{}`; one of informational, low, medium, high, critical",
                    front.severity
                ),
            )
        })?,
        attack_types: front.attack_types,
        techniques: front.techniques,
        title_ja: Some(front.ja),
        ..RuleSource::default()
    };
    let body_start = 4 + end + 5;
    let body_line = text[..body_start].matches('\n').count() + 1;
    read_body(&mut rule, &text[body_start..], body_line).map_err(|(line, message)| fail(line, message))?;
    Ok(rule)
}

/// Severity by its name.
#[must_use]
pub fn severity(name: &str) -> Option<Severity> {
    Some(match name {
        "informational" => Severity::Informational,
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        "critical" => Severity::Critical,
        _ => return None,
    })
}

fn read_body(rule: &mut RuleSource, body: &str, first_line: usize) -> Result<(), (usize, String)> {
    let mut section = String::new();
    let mut seen: Vec<String> = Vec::new();
    let mut lines = body.lines().enumerate().map(|(i, l)| (i + first_line, l));
    while let Some((number, line)) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let mut block = String::new();
            let mut closed = false;
            for (_, inner) in lines.by_ref() {
                if inner == "```" {
                    closed = true;
                    break;
                }
                block.push_str(inner);
                block.push('\n');
            }
            if !closed {
                return Err((number, "this block is not closed by ```".into()));
            }
            take_block(rule, &section, language.trim(), block, number)?;
        } else if let Some(title) = line.strip_prefix("### ") {
            begin_case(rule, title, number)?;
        } else if let Some(name) = line.strip_prefix("## ") {
            section = name.trim().to_owned();
            seen.push(section.clone());
        } else if let Some(title) = line.strip_prefix("# ") {
            rule.title = title.trim().to_owned();
        } else if section == "What it observes" || section == "Why it matters" {
            rule.description.push_str(line);
            rule.description.push('\n');
        }
    }
    rule.description = rule.description.trim().to_owned();
    check(rule, &seen)
}

fn begin_case(rule: &mut RuleSource, title: &str, line: usize) -> Result<(), (usize, String)> {
    let (fires, title) = match title.split_once(':') {
        Some(("fires", t)) => (true, t),
        Some(("silent", t)) => (false, t),
        _ => return Err((line, "a case is headed `### fires: …` or `### silent: …`".into())),
    };
    rule.cases.push(Case { fires, title: title.trim().to_owned(), line, ..Case::default() });
    Ok(())
}

fn take_block(
    rule: &mut RuleSource,
    section: &str,
    language: &str,
    block: String,
    line: usize,
) -> Result<(), (usize, String)> {
    if language == "mql" && section == "Rule" {
        if !rule.query.is_empty() {
            return Err((line, "a page has one rule".into()));
        }
        rule.query = block;
        rule.line = line + 1;
        return Ok(());
    }
    let previous = rule.cases.iter().rev().find(|c| !c.eml.is_empty()).cloned();
    let Some(case) = rule.cases.last_mut() else {
        return if section == "Cases" { Err((line, "a block outside any case".into())) } else { Ok(()) };
    };
    match language {
        "eml" => case.eml = block,
        "history" => {
            case.history.push(block);
            // Without a message of its own, the case is about the one before.
            if let Some(previous) = previous.filter(|_| case.eml.is_empty()) {
                case.config = case.config.take().or(previous.config);
                case.eml = previous.eml;
            }
        }
        "toml" => case.config = Some(block),
        "change" => {
            let previous = previous.ok_or((line, "there is no message before this to change".to_owned()))?;
            case.eml = change(&previous.eml, &block).map_err(|(l, m)| (line + l, m))?;
            case.config = case.config.take().or(previous.config);
            if case.history.is_empty() {
                case.history = previous.history;
            }
        }
        other => return Err((line, format!("unknown block `{other}`; one of eml, change, history, toml"))),
    }
    Ok(())
}

/// Applies a change block.
fn change(eml: &str, block: &str) -> Result<String, (usize, String)> {
    let mut out: Vec<String> = eml.lines().map(str::to_owned).collect();
    let mut at = 0usize;
    let mut insert_at: Option<usize> = None;
    for (i, line) in block.lines().enumerate() {
        if let Some(old) = line.strip_prefix("- ").or(if line == "-" { Some("") } else { None }) {
            let found = out.iter().skip(at).position(|l| l == old);
            let Some(found) = found else {
                return Err((
                    i + 1,
                    format!("the line `{old}` is not in the message (after the previous change)"),
                ));
            };
            out.remove(at + found);
            at += found;
            insert_at = Some(at);
        } else if let Some(new) = line.strip_prefix("+ ").or(if line == "+" { Some("") } else { None }) {
            let place =
                insert_at.ok_or((i + 1, "a `+ ` line follows the `- ` line it replaces".to_owned()))?;
            out.insert(place, new.to_owned());
            at = place + 1;
            insert_at = Some(at);
        } else if !line.trim().is_empty() {
            return Err((i + 1, "lines of a change begin with `- ` or `+ `".into()));
        }
    }
    let mut text = out.join("\n");
    text.push('\n');
    Ok(text)
}

fn check(rule: &RuleSource, seen: &[String]) -> Result<(), (usize, String)> {
    if rule.title.is_empty() {
        return Err((1, "the page has no `# title`".into()));
    }
    for section in SECTIONS {
        if !seen.iter().any(|s| s == section) {
            return Err((1, format!("the section `## {section}` is missing")));
        }
    }
    if rule.query.is_empty() {
        return Err((1, "the section `## Rule` has no ```mql block".into()));
    }
    for case in &rule.cases {
        if case.eml.is_empty() {
            return Err((case.line, "the case has no message".into()));
        }
    }
    if !rule.cases.iter().any(|c| c.fires) || rule.cases.iter().all(|c| c.fires) {
        return Err((1, "a rule has at least one case that fires and one that stays silent".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "---\nseverity: high\nattack_types: [Spam]\nsince: 0.1\nja: 題\n---\n# Title\n## What it observes\nA.\n\
        ## Why it matters\n## When it is wrong\n## Rule\n```mql\nlength(body.links) > 1\n```\n## Cases\n### fires: a\n\
        ```eml\nFrom: a\nTo: b\n\nx\n```\n### silent: b\n```change\n- To: b\n+ To: c\n```\n";

    #[test]
    fn a_page_gives_rule_and_cases() {
        let rule = parse("f.md", "f", "link", PAGE).unwrap();
        assert_eq!(rule.query, "length(body.links) > 1\n");
        assert_eq!(rule.line, 14);
        assert_eq!(rule.cases.len(), 2);
        assert!(rule.cases[0].fires && !rule.cases[1].fires);
        assert_eq!(rule.cases[1].eml, "From: a\nTo: c\n\nx\n");
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |page: &str| parse("f.md", "f", "link", page).unwrap_err().to_string();
        assert_eq!(error("x"), "f.md:1: a rule page begins with `---`");
        assert!(
            error(&PAGE.replace("severity: high", "severity: awful")).contains("unknown severity `awful`")
        );
        assert!(error(&PAGE.replace("### silent", "### fires")).contains("one that stays silent"));
        assert!(error(&PAGE.replace("- To: b", "- To: z")).contains("`To: z` is not in the message"));
        assert!(
            error(&PAGE.replace("## Why it matters", "## Why")).contains("`## Why it matters` is missing")
        );
    }
}
