//! Mailboxes as mail programs write them into quoted text: `Name <a@b>`, `Name [mailto:a@b]`, `Name (a@b)`, `a@b`.

use crate::{EmailAddress, Mailbox, limits::MAILBOXES_MAX};

/// Whether something like `a@b` stands in the text.
pub(super) fn contains_address(text: &str) -> bool {
    find_address(text).is_some()
}

/// The first address: where it stands.
fn find_address(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'@', bytes).take(8) {
        let part = |c: char| {
            c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '=' | '\'' | '/' | '&' | '%' | '#')
        };
        let head = text.get(..at).unwrap_or_default();
        let tail = text.get(at + 1..).unwrap_or_default();
        let start =
            head.char_indices().rev().take(128).take_while(|(_, c)| part(*c)).last().map_or(at, |(i, _)| i);
        let host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        let end =
            tail.char_indices().take(255).find(|(_, c)| !host(*c)).map_or(tail.len().min(1020), |(i, _)| i);
        let end = tail.get(..end).unwrap_or_default().trim_end_matches(['.', '-']).len();
        // Notes writes `Eva Muster/FIRM@FIRM`, which is a name.
        let notes = text.get(start..at).is_some_and(|local| local.contains('/'))
            && !tail.get(..end).is_some_and(|host| host.contains('.'));
        if start < at && end > 0 && !notes {
            return Some((start, at + 1 + end));
        }
    }
    None
}

/// Reads one mailbox; `None` when nothing is there.
pub(super) fn parse(text: &str) -> Option<Mailbox> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ';' | ',' | '*' | '\u{200b}'));
    if text.is_empty() {
        return None;
    }
    let Some((start, end)) = find_address(text) else {
        let name = clean(text);
        return (!name.is_empty()).then(|| Mailbox {
            display_name: Some(name),
            email: EmailAddress::default(),
            embedded: None,
        });
    };
    // A name that is itself an address comes first: `a@b <a@b>`.
    let (start, end) = match text.get(end..).and_then(|rest| rest.find('<')).map(|at| end + at) {
        Some(open) => find_address(text.get(open..).unwrap_or_default())
            .map_or((start, end), |(s, e)| (open + s, open + e)),
        None => (start, end),
    };
    let before = text.get(..start).unwrap_or_default();
    let before = before.strip_suffix("mailto:").unwrap_or(before);
    let mut name = clean(before);
    if name.is_empty() {
        name = clean(comment(text.get(end..).unwrap_or_default()));
    }
    Some(Mailbox {
        embedded: crate::address::embedded(&name),
        display_name: (!name.is_empty()).then_some(name),
        email: EmailAddress::parse(text.get(start..end).unwrap_or_default()),
    })
}

/// `(Name)` behind an address.
fn comment(text: &str) -> &str {
    let Some(open) = text.find('(') else { return "" };
    text.get(open + 1..).and_then(|rest| rest.split(')').next()).unwrap_or_default()
}

fn clean(name: &str) -> String {
    let name = name.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\''
                    | '<'
                    | '>'
                    | '('
                    | '['
                    | ']'
                    | ','
                    | ';'
                    | ':'
                    | '*'
                    | '“'
                    | '”'
                    | '„'
                    | '«'
                    | '»'
                    | '‘'
                    | '’'
            )
    });
    let name = name.strip_suffix(" via").unwrap_or(name);
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reads a list. Commas separate only where addresses stand; `Last, First` is one name.
pub(super) fn list(text: &str) -> Vec<Mailbox> {
    let pieces: Vec<&str> = if text.contains([';', '；']) {
        text.split([';', '；']).collect()
    } else if text.contains('@') {
        commas(text)
    } else {
        vec![text]
    };
    pieces.into_iter().filter_map(parse).take(MAILBOXES_MAX).collect()
}

/// Splits at commas behind an address or where the piece holds one.
fn commas(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut start, mut quoted, mut at_sign) = (0, false, false);
    for (index, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '@' => at_sign = true,
            ',' | '，' | '、' if !quoted && at_sign => {
                out.push(text.get(start..index).unwrap_or_default());
                (start, at_sign) = (index + c.len_utf8(), false);
            }
            _ => {}
        }
    }
    out.push(text.get(start..).unwrap_or_default());
    out
}
