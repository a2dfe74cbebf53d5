//! Held mail as people read it in a terminal, in their language. Texts of strangers are one line each, without control or
//! direction signs.

use sekisho_record::{
    Class,
    quarantine::{Answer, AuditEntry, Lockdown, Refused, Request, Role, Scope, State},
};
use sekisho_store::HeldItem;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{explain::cut, words::Words};

/// Characters of one text.
const CHARS_MAX: usize = 200;
/// Columns of the names of fields.
const COLUMNS: usize = 13;

/// Text of a stranger on a terminal.
pub(super) fn clean(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let safe = |c: char| if c.is_control() || turns(c) { '\u{fffd}' } else { c };
    cut(&text.chars().map(safe).collect::<String>(), CHARS_MAX)
}

/// A time, UTC, RFC 3339.
pub(super) fn at(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| seconds.to_string())
}

/// One sentence about what was refused, with the next step.
pub(super) fn refusal(words: &Words, refused: &Refused, role: Role) -> String {
    match refused {
        Refused::Lockdown { id, reason, until } => {
            let (id, reason) = (clean(id), clean(reason));
            let until = until.map(at);
            let key = if until.is_some() { "refused-lockdown-until" } else { "refused-lockdown" };
            let until = until.unwrap_or_default();
            words.say(key, &[("id", &id), ("reason", &reason), ("until", &until)])
        }
        Refused::Role => words.say("refused-role", &[("role", &role_word(words, role))]),
        Refused::State { state } => words.say("refused-state", &[("state", &standing(words, *state))]),
        Refused::Unknown => words.say("refused-unknown", &[]),
        Refused::Same => words.say("refused-same", &[]),
        Refused::Limit => words.say("refused-limit", &[]),
    }
}

/// A role as a word.
fn role_word(words: &Words, role: Role) -> String {
    let key = match role {
        Role::Program => "role-program",
        Role::Recipient => "role-recipient",
        Role::Reader => "role-reader",
        Role::Analyst => "role-analyst",
        Role::Administrator => "role-administrator",
    };
    words.say(key, &[])
}

/// A state as a word.
fn standing(words: &Words, state: State) -> String {
    let key = match state {
        State::Held => "state-held",
        State::Requested => "state-requested",
        State::Released => "state-released",
        State::Deleted => "state-deleted",
    };
    words.say(key, &[])
}

fn class_word(words: &Words, class: Class) -> String {
    let key = match class {
        Class::Benign => "held-class-benign",
        Class::Suspicious => "held-class-suspicious",
        Class::Malicious => "held-class-malicious",
    };
    words.say(key, &[])
}

/// One held message in two lines.
pub(super) fn line(words: &Words, item: &HeldItem) -> String {
    let held = &item.held;
    let mut states: Vec<State> = item.states.iter().map(|state| state.state).collect();
    states.sort_unstable();
    states.dedup();
    let states: Vec<String> = states.into_iter().map(|state| standing(words, state)).collect();
    let first = item.states.first().map_or("", |state| state.recipient.address.as_str());
    let to = match item.recipients {
        0 | 1 => clean(first),
        count => words.say("held-and-more", &[("first", &clean(first)), ("count", &(count - 1).to_string())]),
    };
    let from = clean(if held.author.is_empty() { &held.mail_from } else { &held.author });
    let subject = clean(&held.subject);
    let about = [("from", &*from), ("to", &*to), ("subject", &*subject)];
    format!(
        "{}  {}  {} {}  {}\n    {}\n",
        at(held.at),
        clean(&held.record),
        class_word(words, held.class),
        held.score,
        states.join(", "),
        words.say("held-line", &about),
    )
}

/// A name in its columns; what is as wide as two counts as two.
fn named(name: &str) -> String {
    let wide = |c: char| if ('\u{1100}'..='\u{ffdc}').contains(&c) { 2 } else { 1 };
    let width: usize = name.chars().map(wide).sum();
    format!("{name}{}", " ".repeat(COLUMNS.saturating_sub(width)))
}

/// Everything about one held message.
pub(super) fn page(words: &Words, item: &HeldItem, requests: &[Request]) -> String {
    let held = &item.held;
    let (class, score) = (class_word(words, held.class), held.score.to_string());
    let rows = [
        ("field-record", held.record.clone()),
        ("field-arrived", at(held.at)),
        ("field-class", words.say("held-judged", &[("class", &class), ("score", &score)])),
        ("field-why", held.summary.clone()),
        ("field-rules", held.decided_by.join(", ")),
        ("field-claims", held.claimed.clone().unwrap_or_default()),
        ("field-campaign", held.campaign.clone().unwrap_or_default()),
        ("field-from", format!("{} <{}>", held.author_name, held.author)),
        ("field-envelope", format!("<{}>", held.mail_from)),
        ("field-subject", held.subject.clone()),
        ("field-size", words.say("held-bytes", &[("bytes", &held.size.to_string())])),
        ("field-intake", held.intake.clone()),
        ("field-clause", held.clause.clone()),
    ];
    let mut out = String::new();
    for (key, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&format!("{} {}\n", named(&words.say(key, &[])), clean(value)));
    }
    for state in &item.states {
        let key = if state.by.is_empty() { "held-stands" } else { "held-stands-by" };
        let (recipient, by) = (clean(&state.recipient.address), clean(&state.by));
        let (stands, since) = (standing(words, state.state), at(state.at));
        let told = &[("recipient", &*recipient), ("state", &*stands), ("by", &*by), ("at", &*since)];
        out.push_str(&format!("{} {}\n", named(&words.say("field-recipient", &[])), words.say(key, told)));
    }
    let shown = u64::try_from(item.states.len()).unwrap_or(u64::MAX);
    if item.recipients > shown {
        let more = (item.recipients - shown).to_string();
        out.push_str(&format!("{} {}\n", named(""), words.say("held-more-recipients", &[("count", &more)])));
    }
    for one in requests {
        out.push_str(&request(words, one));
    }
    out
}

/// A request in one or two lines.
pub(super) fn request(words: &Words, request: &Request) -> String {
    let told = [
        ("id", request.id.to_string()),
        ("by", clean(&request.by)),
        ("record", clean(&request.record)),
        ("recipient", clean(&request.recipient)),
        ("at", at(request.at)),
        ("words", clean(&request.words)),
    ];
    let mut out = words.say("request-line", &told.each_ref().map(|(name, value)| (*name, value.as_str())));
    out.push('\n');
    if let Some(answer) = &request.answer {
        let key = match answer.how {
            Answer::Released => "request-released",
            Answer::Refused => "request-refused",
            Answer::Deleted => "request-deleted",
        };
        let (by, said, when) = (clean(&answer.by), clean(&answer.words), at(answer.at));
        let line = words.say(key, &[("by", &by), ("at", &when), ("words", &said)]);
        out.push_str(&format!("{} {line}\n", named("")));
    }
    out
}

/// What a lockdown covers.
fn covered(words: &Words, scope: &Scope) -> String {
    match scope {
        Scope::Everything => words.say("scope-everything", &[]),
        Scope::Class { class } => words.say("scope-class", &[("class", &class_word(words, *class))]),
        Scope::Campaign { id } => words.say("scope-campaign", &[("id", id)]),
        Scope::Group { name } => words.say("scope-group", &[("name", name)]),
        Scope::Domain { name } => words.say("scope-domain", &[("name", name)]),
        Scope::Records { ids } => words.say("scope-records", &[("count", &ids.len().to_string())]),
    }
}

/// A lockdown in two lines.
pub(super) fn lockdown(words: &Words, lockdown: &Lockdown, now: i64) -> String {
    let lift = &lockdown.lift;
    let stands = match (&lift.first, &lift.second, lockdown.until) {
        (_, Some(second), _) => {
            words.say("lockdown-lifted", &[("by", &clean(&second.by)), ("at", &at(second.at))])
        }
        (_, None, Some(until)) if until <= now => words.say("lockdown-ended", &[("at", &at(until))]),
        (Some(first), None, _) => words.say("lockdown-wanted", &[("by", &clean(&first.by))]),
        (None, None, Some(until)) => words.say("lockdown-until", &[("at", &at(until))]),
        (None, None, None) => words.say("lockdown-holds", &[]),
    };
    let (by, since, reason) = (clean(&lockdown.by), at(lockdown.since), clean(&lockdown.reason));
    let ordered = words.say("lockdown-by", &[("by", &by), ("at", &since), ("reason", &reason)]);
    format!("{}  {}  {stands}\n    {ordered}\n", clean(&lockdown.id), clean(&covered(words, &lockdown.scope)))
}

/// An entry of the audit in one or two lines. What was done is the word that programs know.
pub(super) fn entry(words: &Words, entry: &AuditEntry) -> String {
    let (when, who, role) = (at(entry.at), clean(&entry.who), role_word(words, entry.role));
    let (what, on) = (clean(&entry.what), clean(&entry.on));
    let by = words.say("audit-by", &[("who", &who), ("role", &role)]);
    let mut out = format!("{:6}  {when}  {by}  {what} {on}", entry.id);
    if !entry.reason.is_empty() {
        out.push_str(&format!(": {}", clean(&entry.reason)));
    }
    if let Some(refused) = &entry.refused {
        out.push_str(&format!("\n        {}", refusal(words, refused, entry.role)));
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Refused> {
        vec![
            Refused::Lockdown { id: "L1".into(), reason: "drill".into(), until: Some(0) },
            Refused::Lockdown { id: "L1".into(), reason: "drill".into(), until: None },
            Refused::Role,
            Refused::State { state: State::Deleted },
            Refused::Unknown,
            Refused::Same,
            Refused::Limit,
        ]
    }

    #[test]
    fn what_is_refused_is_one_sentence_with_the_next_step() {
        let said = |language: &str| {
            let words = Words::new(language);
            let said: Vec<String> =
                all().iter().map(|refused| refusal(&words, refused, Role::Analyst)).collect();
            said.join("\n")
        };
        insta::assert_snapshot!(said("en"), @"
        refused: lockdown L1 covers it until 1970-01-01T00:00:00Z (drill); two administrators lift it, each with `sekisho lockdown lift L1`
        refused: lockdown L1 covers it (drill); two administrators lift it, each with `sekisho lockdown lift L1`
        refused: the role analyst may not do this; ask somebody whose role may
        refused: it is deleted already; `sekisho held show ID` says by whom
        there is no such thing; `sekisho held list`, `held requests` and `lockdown list` show what there is
        refused: you wanted this lockdown lifted already; a second administrator has to lift it
        refused: there are too many of them already; end some first
        ");
        let said = said("ja");
        assert!(said.contains("担当者") && said.lines().count() == all().len(), "{said}");
        assert!(!said.contains("refused"), "all of it is translated: {said}");
        assert_eq!(clean("a\n\u{202e}b"), "a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn names_stand_in_columns_in_both_languages() {
        assert_eq!(named("record").len(), COLUMNS);
        assert_eq!(named("件名"), format!("件名{}", " ".repeat(COLUMNS - 4)));
    }
}
