//! Our header fields: what we found out, under our name, and nothing that merely says so.
//!
//! | field | when |
//! |---|---|
//! | `Sekisho-Verdict` | on mail to our people: class, score, id of the record, clause, rules that decided |
//! | `Authentication-Results` (RFC 8601) | when we verified the papers ourselves and an authserv-id is configured |
//!
//! Fields of a message that claim to be ours are removed: all that begin with `Sekisho-`, and results under our
//! authserv-id (RFC 8601 §5). Mail that leaves the organisation gets none: what we think of it is nobody else's business.
//! A message to our people and to strangers at once has one header for all, with our fields.

use sekisho_record::{Decisions, Direction, Evidence, FieldChange, Verdict};

use crate::{Policy, apply, decide::class_word, limits, policy::REST};

/// Name of the field with the verdict.
pub const VERDICT: &str = "Sekisho-Verdict";
const RESULTS: &str = "Authentication-Results";
/// What all names of our fields begin with.
const OURS: &[u8] = b"sekisho-";

/// The changes of the header: forgeries removed, our fields added.
pub fn fields(
    raw: &[u8],
    verdict: &Verdict,
    evidence: Option<&Evidence>,
    decisions: &Decisions,
    id: &str,
    policy: &Policy,
) -> Vec<FieldChange> {
    let mut out = Vec::new();
    if decisions.direction != Direction::Outbound {
        out.push(insert(VERDICT, verdict_value(verdict, decisions, id)));
        let results =
            policy.authserv_id.as_ref().zip(evidence).and_then(|(id, found)| results_value(id, found));
        out.extend(results.map(|value| insert(RESULTS, value)));
    }
    out.extend(forged(raw, policy.authserv_id.as_deref()));
    out
}

fn insert(name: &str, value: String) -> FieldChange {
    FieldChange::Insert { name: name.to_owned(), value }
}

fn verdict_value(verdict: &Verdict, decisions: &Decisions, id: &str) -> String {
    let clause = decisions.safest().map_or(REST, |decision| &decision.clause);
    let mut value = format!(" {}; score={}; clause={clause}", class_word(verdict.class), verdict.score);
    if !id.is_empty() {
        value.push_str("; id=");
        value.push_str(id);
    }
    if !verdict.decided_by.is_empty() {
        let rules = verdict.decided_by.iter().take(limits::FIELD_RULES_MAX).map(String::as_str);
        let rules: Vec<&str> = rules.filter(|rule| rule.bytes().all(|b| b.is_ascii_graphic())).collect();
        value.push_str(";\r\n\trules=");
        value.push_str(&rules.join(",\r\n\t"));
    }
    value
}

/// RFC 8601: what we verified. `None` when we did not.
fn results_value(id: &str, evidence: &Evidence) -> Option<String> {
    let found = &evidence.authentication;
    if found.source != "verified" {
        return None;
    }
    let mut value = format!(" {id}");
    let mut add = |method: &str, result: &Option<String>, property: Option<(&str, &str)>| {
        let Some(result) = result.as_ref().filter(|result| word(result)) else { return };
        value.push_str(&format!(";\r\n\t{method}={result}"));
        if let Some((name, domain)) = property.filter(|(_, domain)| word(domain)) {
            value.push_str(&format!(" {name}={domain}"));
        }
    };
    let spf = found.spf_domain.as_deref().map(|domain| ("smtp.mailfrom", domain));
    add("spf", &found.spf, spf);
    let dkim = found.dkim_domains.first().map(|domain| ("header.d", domain.as_str()));
    add("dkim", &found.dkim, dkim);
    let author = evidence.model.sender.email.as_ref().map(|email| email.domain.ascii().to_owned());
    add("dmarc", &found.dmarc, author.as_deref().map(|domain| ("header.from", domain)));
    add("arc", &found.arc, None);
    Some(value)
}

/// Fit for a field without quotes: a domain or a result.
fn word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn forged(raw: &[u8], authserv_id: Option<&str>) -> Vec<FieldChange> {
    let mut out = Vec::new();
    let mut results = 0;
    let mut ours: Vec<(String, u32)> = Vec::new();
    for field in apply::fields(raw) {
        if out.len() >= limits::FORGED_FIELDS_MAX {
            break;
        }
        let name = field.name.to_ascii_lowercase();
        if name.starts_with(OURS) {
            let name = String::from_utf8_lossy(&name).into_owned();
            let nth = count(&mut ours, &name);
            out.push(FieldChange::Remove { name, nth });
        } else if name == RESULTS.as_bytes().to_ascii_lowercase() {
            results += 1;
            if authserv_id.is_some_and(|id| claims(field.value(), id)) {
                out.push(FieldChange::Remove { name: RESULTS.to_owned(), nth: results });
            }
        }
    }
    out
}

fn count(seen: &mut Vec<(String, u32)>, name: &str) -> u32 {
    if let Some((_, count)) = seen.iter_mut().find(|(known, _)| known == name) {
        *count += 1;
        return *count;
    }
    seen.push((name.to_owned(), 1));
    1
}

/// Whether results are under this authserv-id: the first word behind blanks and comments (RFC 8601 §2.2), in quotes or
/// not.
fn claims(value: &[u8], id: &str) -> bool {
    let mut depth = 0u32;
    let mut word = Vec::new();
    for byte in value {
        match byte {
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            b'"' | b'\r' | b'\n' => {}
            b' ' | b'\t' | b';' if word.is_empty() => {}
            b' ' | b'\t' | b';' => break,
            other => word.push(*other),
        }
    }
    word.eq_ignore_ascii_case(id.as_bytes())
}
