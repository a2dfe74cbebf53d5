//! Held mail as people read it in a terminal. Texts of strangers are one line each, without control or direction signs.

use sekisho_record::quarantine::{Answer, Lockdown, Refused, Request, Role, Scope, State};
use sekisho_store::HeldItem;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::explain::cut;

/// Characters of one text.
const CHARS_MAX: usize = 200;

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
pub(super) fn refusal(refused: &Refused, role: Role) -> String {
    match refused {
        Refused::Lockdown { id, reason, until } => {
            let end = until.map_or_else(String::new, |until| format!(" until {}", at(until)));
            let (id, reason) = (clean(id), clean(reason));
            format!(
                "refused: lockdown {id} covers it{end} ({reason}); two administrators lift it, each with `sekisho lockdown lift {id}`"
            )
        }
        Refused::Role => {
            let who = format!("{role:?}").to_lowercase();
            format!("refused: the role {who} may not do this; ask somebody whose role may")
        }
        Refused::State { state } => {
            format!("refused: it is {} already; `sekisho held show ID` says by whom", standing(*state))
        }
        Refused::Unknown => {
            "there is no such thing; `sekisho held list`, `held requests` and `lockdown list` show what there is"
                .to_owned()
        }
        Refused::Same => {
            "refused: you wanted this lockdown lifted already; a second administrator has to lift it".to_owned()
        }
        Refused::Limit => {
            "refused: there are too many of them already; end some first".to_owned()
        }
    }
}

/// A state as a word.
fn standing(state: State) -> &'static str {
    match state {
        State::Held => "held",
        State::Requested => "requested",
        State::Released => "released",
        State::Deleted => "deleted",
    }
}

/// One held message in two lines.
pub(super) fn line(item: &HeldItem) -> String {
    let held = &item.held;
    let mut states: Vec<&str> = item.states.iter().map(|state| standing(state.state)).collect();
    states.sort_unstable();
    states.dedup();
    let first = item.states.first().map_or("", |state| state.recipient.address.as_str());
    let more = match item.recipients {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    format!(
        "{}  {}  {} {}  {}\n    {} to {}{more}: {}\n",
        at(held.at),
        clean(&held.record),
        sekisho_policy::decide::class_word(held.class),
        held.score,
        states.join(", "),
        clean(if held.author.is_empty() { &held.mail_from } else { &held.author }),
        clean(first),
        clean(&held.subject),
    )
}

/// Everything about one held message.
pub(super) fn page(item: &HeldItem, requests: &[Request]) -> String {
    let held = &item.held;
    let rows = [
        ("record", held.record.clone()),
        ("arrived", at(held.at)),
        ("class", format!("{}, score {}", sekisho_policy::decide::class_word(held.class), held.score)),
        ("why", held.summary.clone()),
        ("rules", held.decided_by.join(", ")),
        ("claims to be", held.claimed.clone().unwrap_or_default()),
        ("campaign", held.campaign.clone().unwrap_or_default()),
        ("from", format!("{} <{}>", held.author_name, held.author)),
        ("envelope", format!("<{}>", held.mail_from)),
        ("subject", held.subject.clone()),
        ("size", format!("{} bytes", held.size)),
        ("came by", held.intake.clone()),
        ("clause", held.clause.clone()),
    ];
    let mut out = String::new();
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&format!("{name:13} {}\n", clean(value)));
    }
    for state in &item.states {
        let by = if state.by.is_empty() { String::new() } else { format!(" by {}", clean(&state.by)) };
        let recipient = clean(&state.recipient.address);
        out.push_str(&format!(
            "{:13} {recipient}: {}{by}, {}\n",
            "recipient",
            standing(state.state),
            at(state.at)
        ));
    }
    let shown = u64::try_from(item.states.len()).unwrap_or(u64::MAX);
    if item.recipients > shown {
        out.push_str(&format!("{:13} and {} more\n", "", item.recipients - shown));
    }
    for one in requests {
        out.push_str(&request(one));
    }
    out
}

/// A request in one or two lines.
pub(super) fn request(request: &Request) -> String {
    let (record, recipient, by) = (clean(&request.record), clean(&request.recipient), clean(&request.by));
    let mut out = format!(
        "request {:5} {} asks for {record} for {recipient}, {}: {}\n",
        request.id,
        by,
        at(request.at),
        clean(&request.words)
    );
    if let Some(answer) = &request.answer {
        let how = match answer.how {
            Answer::Released => "released",
            Answer::Refused => "refused",
            Answer::Deleted => "deleted",
        };
        let (by, words) = (clean(&answer.by), clean(&answer.words));
        out.push_str(&format!("              {how} by {by}, {}: {words}\n", at(answer.at)));
    }
    out
}

/// A lockdown in one or two lines.
pub(super) fn lockdown(lockdown: &Lockdown, now: i64) -> String {
    let scope = match &lockdown.scope {
        Scope::Everything => "everything".to_owned(),
        Scope::Class { class } => format!("class {}", sekisho_policy::decide::class_word(*class)),
        Scope::Campaign { id } => format!("campaign {id}"),
        Scope::Group { name } => format!("group {name}"),
        Scope::Domain { name } => format!("domain {name}"),
        Scope::Records { ids } => format!("{} messages", ids.len()),
    };
    let lift = &lockdown.lift;
    let stands = match (&lift.first, &lift.second, lockdown.until) {
        (_, Some(second), _) => format!("lifted by {}, {}", second.by, at(second.at)),
        (_, None, Some(until)) if until <= now => format!("ended {}", at(until)),
        (Some(first), None, _) => {
            format!("holds; {} wants it lifted, a second administrator has to", first.by)
        }
        (None, None, Some(until)) => format!("holds until {}", at(until)),
        (None, None, None) => "holds until two administrators lift it".to_owned(),
    };
    format!(
        "{}  {}  {}\n    ordered by {}, {}: {}\n",
        clean(&lockdown.id),
        clean(&scope),
        clean(&stands),
        clean(&lockdown.by),
        at(lockdown.since),
        clean(&lockdown.reason)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_one_sentence_with_the_next_step() {
        let all = [
            Refused::Lockdown { id: "L1".into(), reason: "drill".into(), until: Some(0) },
            Refused::Role,
            Refused::State { state: State::Deleted },
            Refused::Unknown,
            Refused::Same,
            Refused::Limit,
        ];
        let said: Vec<String> = all.iter().map(|refused| refusal(refused, Role::Analyst)).collect();
        insta::assert_snapshot!(said.join("\n"), @"
        refused: lockdown L1 covers it until 1970-01-01T00:00:00Z (drill); two administrators lift it, each with `sekisho lockdown lift L1`
        refused: the role analyst may not do this; ask somebody whose role may
        refused: it is deleted already; `sekisho held show ID` says by whom
        there is no such thing; `sekisho held list`, `held requests` and `lockdown list` show what there is
        refused: you wanted this lockdown lifted already; a second administrator has to lift it
        refused: there are too many of them already; end some first
        ");
        assert_eq!(clean("a\n\u{202e}b"), "a\u{fffd}\u{fffd}b");
    }
}
