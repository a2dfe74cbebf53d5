//! Our header fields: what we found out, under our name, and nothing that merely says so.
//!
//! | field | when |
//! |---|---|
//! | `Sekisho-Verdict` | on mail to our people: class, score, id of the record, clause, rules that decided |
//! | `Authentication-Results` (RFC 8601) | when we verified the papers ourselves and an authserv-id is configured |
//!
//! Fields of a message that claim to be ours are removed: all that begin with `Sekisho-`, and results under our
//! authserv-id (RFC 8601 §5). Mail that leaves the organisation gets none: what we think of it is nobody else's business,
//! and whoever tries out what we let pass would read there how far he got. Of a message to our people and to strangers at
//! once, strangers get it without ([`outward`]); an intake that has one header for all writes none.

use sekisho_record::{Change, Decisions, Direction, Evidence, FieldChange, Verdict};

use crate::{Policy, apply, decide::class_word, limits, policy::REST};

/// Name of the field with the verdict.
pub const VERDICT: &str = "Sekisho-Verdict";
const RESULTS: &str = "Authentication-Results";
/// What all names of our fields begin with.
const OURS: &[u8] = b"sekisho-";

/// A change as it is made for strangers: without the fields that say what we think.
pub fn outward(change: &Change) -> Change {
    let says = |field: &FieldChange| matches!(field, FieldChange::Insert { name, .. } if name == VERDICT || name == RESULTS);
    let fields = change.fields.iter().filter(|field| !says(field)).cloned().collect();
    Change { fields, body: change.body.clone() }
}

/// The changes of the header: forgeries removed, our fields added. True: there are more forgeries than are removed.
pub fn fields(
    raw: &[u8],
    verdict: &Verdict,
    evidence: Option<&Evidence>,
    decisions: &Decisions,
    id: &str,
    policy: &Policy,
) -> (Vec<FieldChange>, bool) {
    let mut out = Vec::new();
    if decisions.direction != Direction::Outbound {
        out.push(insert(VERDICT, verdict_value(verdict, decisions, id)));
        let results =
            policy.authserv_id.as_ref().zip(evidence).and_then(|(id, found)| results_value(id, found));
        out.extend(results.map(|value| insert(RESULTS, value)));
    }
    let (forged, overflow) = forged(raw, policy.authserv_id.as_deref());
    out.extend(forged);
    (out, overflow)
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

/// RFC 8601: what we verified, in lines. `None` when we did not.
fn results_value(id: &str, evidence: &Evidence) -> Option<String> {
    Some(format!(" {}", results(id, evidence)?.join(";\r\n\t")))
}

/// What we verified: the authserv-id, then a result each (RFC 8601 §2.2). `None` when we did not verify.
pub fn results(id: &str, evidence: &Evidence) -> Option<Vec<String>> {
    let found = &evidence.authentication;
    if found.source != "verified" {
        return None;
    }
    let mut out = vec![id.to_owned()];
    let mut add = |method: &str, result: &Option<String>, property: Option<(&str, &str)>| {
        let Some(result) = result.as_ref().filter(|result| word(result)) else { return };
        let property = property.filter(|(_, domain)| word(domain));
        let property = property.map(|(name, domain)| format!(" {name}={domain}")).unwrap_or_default();
        out.push(format!("{method}={result}{property}"));
    };
    let spf = found.spf_domain.as_deref().map(|domain| ("smtp.mailfrom", domain));
    add("spf", &found.spf, spf);
    let dkim = found.dkim_domains.first().map(|domain| ("header.d", domain.as_str()));
    add("dkim", &found.dkim, dkim);
    let author = evidence.model.sender.email.as_ref().map(|email| email.domain.ascii().to_owned());
    add("dmarc", &found.dmarc, author.as_deref().map(|domain| ("header.from", domain)));
    add("arc", &found.arc, None);
    if out.len() == 1 {
        out.push("none".to_owned());
    }
    Some(out)
}

/// Fit for a field without quotes: a domain or a result.
fn word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// The removal of what claims to be ours. True: there is more of it.
fn forged(raw: &[u8], authserv_id: Option<&str>) -> (Vec<FieldChange>, bool) {
    let mut out = Vec::new();
    let mut results = 0;
    let mut ours: Vec<(String, u32)> = Vec::new();
    for field in apply::fields(raw) {
        let name = field.name.to_ascii_lowercase();
        let change = if name.starts_with(OURS) {
            let name = String::from_utf8_lossy(&name).into_owned();
            let nth = count(&mut ours, &name);
            FieldChange::Remove { name, nth }
        } else if name.eq_ignore_ascii_case(RESULTS.as_bytes()) {
            results += 1;
            if !authserv_id.is_some_and(|id| claims(field.value(), id)) {
                continue;
            }
            FieldChange::Remove { name: RESULTS.to_owned(), nth: results }
        } else {
            continue;
        };
        if out.len() >= limits::FORGED_FIELDS_MAX {
            return (out, true);
        }
        out.push(change);
    }
    (out, false)
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
/// not. Readers disagree about a comment inside of a word and a dot at its end; whatever one of them may take for our id
/// is taken for it.
fn claims(value: &[u8], id: &str) -> bool {
    let mut depth = 0u32;
    let mut quoted = false;
    let mut word = Vec::new();
    // Where the first comment behind the word's beginning stands.
    let mut cut = None;
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            // Whatever follows is meant as it is (RFC 5322 §3.2.1).
            b'\\' if depth > 0 => drop(bytes.next()),
            b'\\' => word.extend(bytes.next()),
            b'(' if !quoted => {
                depth += 1;
                cut = cut.or((!word.is_empty()).then_some(word.len()));
            }
            b')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            b'"' => quoted = !quoted,
            b'\r' | b'\n' => {}
            b' ' | b'\t' | b';' if word.is_empty() => {}
            b' ' | b'\t' | b';' => break,
            other => word.push(*other),
        }
    }
    let same = |word: &[u8]| {
        let word = word.strip_suffix(b".").unwrap_or(word);
        word.eq_ignore_ascii_case(id.trim_end_matches('.').as_bytes())
    };
    same(&word) || cut.is_some_and(|at| word.get(..at).is_some_and(same))
}
