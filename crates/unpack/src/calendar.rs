//! Calendars and contacts (RFC 5545, RFC 6350) as lines: rules ask for properties as they were written.

use std::borrow::Cow;

use bytes::Bytes;

use crate::{
    facts::{Calendar, Component},
    gaps::Gaps,
    scan::{Scan, TextKind},
};

/// Lines that are read.
const LINES_MAX: usize = 20_000;
/// Components that are kept.
const COMPONENTS_MAX: usize = 1_000;
/// Properties of one component that are kept.
const PROPERTIES_MAX: usize = 500;
/// Characters of a value that are kept.
const VALUE_CHARS_MAX: usize = 8_192;

/// Reads a calendar or contact.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let text = sekisho_mail::charset::decode(bytes, None).text;
    let calendar = read(&text, &mut scan.budget.gaps);
    let shown = ["SUMMARY", "DESCRIPTION", "LOCATION", "NOTE", "X-ALT-DESC", "COMMENT"];
    for component in &calendar.components {
        for (name, value) in &component.properties {
            if shown.contains(&name.as_str()) {
                let html = name == "X-ALT-DESC" || value.trim_start().starts_with('<');
                let text = if html { sekisho_mail::Html::parse(value).display_text } else { value.clone() };
                scan.text(TextKind::Shown, text, format!("{} > {name}", component.name));
            }
        }
    }
    scan.facts.calendar = Some(calendar);
}

fn read(text: &str, gaps: &mut Gaps) -> Calendar {
    let mut calendar = Calendar::default();
    // Indices into `components` of those that are open.
    let mut open: Vec<usize> = Vec::new();
    for (number, line) in unfold(text).enumerate() {
        if !gaps.room(number, LINES_MAX, "lines of a calendar") {
            break;
        }
        let Some((name, value)) = property(&line) else { continue };
        match name.as_str() {
            "BEGIN" if calendar.components.len() < COMPONENTS_MAX => {
                open.push(calendar.components.len());
                calendar
                    .components
                    .push(Component { name: value.trim().to_uppercase(), ..Component::default() });
            }
            "BEGIN" => gaps.over(COMPONENTS_MAX, "components of a calendar"),
            "END" => drop(open.pop()),
            _ => {
                let whole = unescape(value);
                let value: String = whole.chars().take(VALUE_CHARS_MAX).collect();
                if value.len() < whole.len() {
                    gaps.over(VALUE_CHARS_MAX, "characters of a property");
                }
                top(&mut calendar, &name, &value, open.len());
                let component = open.last().and_then(|at| calendar.components.get_mut(*at));
                if let Some(component) = component
                    && gaps.room(component.properties.len(), PROPERTIES_MAX, "properties of a component")
                {
                    let urls = sekisho_mail::urlfind::find(&value).into_iter().filter(|f| f.url.is_web());
                    component.urls.extend(urls.map(|f| f.url.url));
                    component.properties.push((name, value));
                }
            }
        }
    }
    calendar.components.retain(|c| c.name != "VCALENDAR");
    calendar
}

/// Properties of the calendar itself.
fn top(calendar: &mut Calendar, name: &str, value: &str, depth: usize) {
    if depth > 1 {
        return;
    }
    let place = match name {
        "PRODID" => &mut calendar.product_id,
        "METHOD" => &mut calendar.method,
        "VERSION" => &mut calendar.version,
        "CALSCALE" => &mut calendar.scale,
        _ => return,
    };
    place.get_or_insert_with(|| value.to_owned());
}

/// Lines with their continuations.
fn unfold(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut lines = text.split('\n').map(|l| l.trim_end_matches('\r')).peekable();
    std::iter::from_fn(move || {
        let mut line = Cow::Borrowed(lines.next()?);
        while let Some(more) = lines.next_if(|l| l.starts_with([' ', '\t'])) {
            line.to_mut().push_str(more.get(1..).unwrap_or_default());
        }
        Some(line)
    })
}

/// `NAME;PARAMETER="a:b":value`: the colon outside of quotes.
fn property(line: &str) -> Option<(String, &str)> {
    let mut quoted = false;
    let colon = line.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ':' && !quoted
    })?;
    let (head, value) = (line.get(..colon.0)?, line.get(colon.0 + 1..)?);
    let name = head.split(';').next().unwrap_or_default().trim().to_uppercase();
    (!name.is_empty() && name.len() <= 64).then_some((name, value))
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_with_folded_values() {
        let text = "BEGIN:VCALENDAR\r\nPRODID:-//a//b\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY;LANGUAGE=\"x:y\":Sign\r\n  in\\, now\r\nDESCRIPTION:https://a.example/x\\nmore\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let found = read(text, &mut Gaps::default());
        assert_eq!(found.product_id.as_deref(), Some("-//a//b"));
        assert_eq!(found.method.as_deref(), Some("REQUEST"));
        let [event] = found.components.as_slice() else { panic!("{found:?}") };
        assert_eq!(event.name, "VEVENT");
        assert_eq!(event.properties[0], ("SUMMARY".to_owned(), "Sign in, now".to_owned()));
        assert_eq!(event.urls, ["https://a.example/x"]);
    }
}
