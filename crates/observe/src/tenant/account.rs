//! Reads the account id that a mailer writes into its messages.

use base64::{Engine, engine::general_purpose::STANDARD};
use sekisho_record::Evidence;
use serde_json::Value;

use super::table::Esp;
use crate::{
    View,
    limits::{ID_CHARS_MAX, VALUE_BYTES_MAX},
    link::Resolved,
};

/// The id and where it was read.
pub(super) fn find(esp: &Esp, evidence: &Evidence, view: &View<'_>) -> Option<(String, &'static str)> {
    esp.account.iter().find_map(|[source, pattern]| match source.as_str() {
        "return_path" => {
            let email = &evidence.model.headers.return_path.as_ref()?.email;
            read(pattern, email).map(|id| (id, "return_path"))
        }
        "dkim" => {
            evidence.authentication.dkim_domains.iter().find_map(|d| read(pattern, d)).map(|id| (id, "dkim"))
        }
        "from" => {
            let domain = &evidence.model.sender.email.as_ref()?.domain.domain;
            read(pattern, domain).map(|id| (id, "header"))
        }
        other => {
            let name = other.strip_prefix("header:")?;
            let from = if name == "dkim-signature" { "dkim" } else { "header" };
            view.values(name).take(8).find_map(|value| read(pattern, value)).map(|id| (id, from))
        }
    })
}

/// The id that a tracking link of that mailer carries.
pub(super) fn in_links(esp: &Esp, resolved: &Resolved) -> Option<(String, &'static str)> {
    let layer =
        resolved.trackers().find(|layer| layer.esp == Some(esp.name.as_str()) && layer.account.is_some())?;
    layer.account.clone().map(|id| (id, "link"))
}

/// The id in a value, by a pattern of the table.
fn read(pattern: &str, value: &str) -> Option<String> {
    let value = value.trim();
    let value = value.get(..value.len().min(VALUE_BYTES_MAX))?;
    let id = if let Some(key) = pattern.strip_prefix("json:") {
        member(value.as_bytes(), key)?
    } else if let Some(key) = pattern.strip_prefix("json64:") {
        let joined: String = value.chars().filter(|c| !c.is_whitespace()).collect();
        // Momentum puts a digest in front of the object, between bars.
        joined.split('|').find_map(|part| member(&STANDARD.decode(part).ok()?, key))?
    } else {
        capture(pattern, value)?.to_owned()
    };
    let id = id.trim().to_owned();
    let plain = !id.is_empty() && id.chars().count() <= ID_CHARS_MAX && !id.chars().any(char::is_control);
    plain.then_some(id)
}

/// A member of a JSON object, or an element of a list by its place, as text.
fn member(json: &[u8], key: &str) -> Option<String> {
    let json: Value = serde_json::from_slice(json).ok()?;
    let found = match &json {
        Value::Array(list) => list.get(key.parse::<usize>().ok()?)?,
        other => other.get(key)?,
    };
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The whole text fits a pattern in which `*` is anything.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    walk(pattern, text).is_some()
}

/// What `{}` of a pattern stands for, when the whole text fits; letters compare without case.
pub(super) fn capture<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    walk(pattern, text)?.filter(|id| !id.is_empty())
}

/// One pass from left to right; each literal is taken at its first place after a wildcard, the last one at the end.
fn walk<'t>(pattern: &str, text: &'t str) -> Option<Option<&'t str>> {
    let folded = text.to_ascii_lowercase();
    let mut found = None;
    let mut at = 0;
    let mut open: Option<bool> = None;
    let mut rest = pattern;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("{}") {
            (open, rest) = (Some(true), tail);
            continue;
        }
        if let Some(tail) = rest.strip_prefix('*') {
            (open, rest) = (Some(open == Some(true)), tail);
            continue;
        }
        let end = rest.find(['*', '{']).unwrap_or(rest.len());
        let (literal, tail) = rest.split_at(end);
        let literal = literal.to_ascii_lowercase();
        let left = folded.get(at..)?;
        let place = match open {
            None => left.starts_with(&literal).then_some(0)?,
            Some(_) if tail.is_empty() => left.ends_with(&literal).then(|| left.len() - literal.len())?,
            Some(_) => left.find(&literal)?,
        };
        if open == Some(true) {
            found = text.get(at..at + place);
        }
        at += place + literal.len();
        (open, rest) = (None, tail);
    }
    match open {
        Some(true) => Some(text.get(at..)),
        Some(false) => Some(found),
        None => (at == text.len()).then_some(found),
    }
}

#[cfg(test)]
mod tests {
    use super::capture;

    #[test]
    fn patterns_take_what_stands_between_their_literals() {
        assert_eq!(capture("bounce+*.{}-*", "bounce+0a1b2c.4f3a-ann=corp.example@m.example"), Some("4f3a"));
        assert_eq!(capture("bounces+{}-*", "bounces+1234567-ab-ann@x.example"), Some("1234567"));
        assert_eq!(capture("{}", "abc"), Some("abc"));
        assert_eq!(capture("{}.firebaseapp.com", "p-1.firebaseapp.com"), Some("p-1"));
        assert_eq!(capture("*.*.{}:AmazonSES", "1.us-east-1.AbC+/=:AmazonSES"), Some("AbC+/="));
        assert_eq!(capture("bounces+{}-*", "news@x.example"), None);
        assert_eq!(capture("{}.firebaseapp.com", "firebaseapp.com"), None);
    }
}
