//! Mailboxes.

use std::borrow::Cow;

use memchr::memchr;
use serde::{Deserialize, Serialize};

use crate::{DefectKind, Domain, defect::Defects, limits, words};

/// An address, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EmailAddress {
    /// The whole address, lower case. For a mailbox without an address (`Undisclosed recipients`) the empty string.
    pub email: String,
    /// Before the `@`.
    pub local_part: Option<String>,
    /// After the `@`.
    pub domain: Domain,
}

/// A mailbox of an address field (RFC 5322 §3.4).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mailbox {
    /// Decoded display name; `None` when absent, `Some("")` when present and empty.
    pub display_name: Option<String>,
    /// The address.
    pub email: EmailAddress,
    /// An address that the display name itself shows (`"ceo@corp.example" <x@evil.example>`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub embedded: Option<EmailAddress>,
}

impl EmailAddress {
    /// Reads an addr-spec, with or without angle brackets, route, comments and white space. Total: what has no `@`
    /// is kept as a local part.
    pub fn parse(text: &str) -> EmailAddress {
        let text = text.trim();
        let text = text.strip_prefix('<').unwrap_or(text).trim_start_matches('<');
        let text = text.strip_suffix('>').unwrap_or(text).trim_end_matches('>');
        let text = strip_comments(text);
        let text = without_route(text.trim());
        let text = text
            .get(..floor(text, 1_000))
            .unwrap_or_default()
            .trim_matches(|c: char| c.is_whitespace() || c == '\'');
        let text = if memchr(b'"', text.as_bytes()).is_none() && text.chars().any(char::is_whitespace) {
            Cow::Owned(text.split_whitespace().collect::<String>())
        } else {
            Cow::Borrowed(text)
        };
        let Some((local, host)) = text.rsplit_once('@') else {
            let email = text.to_lowercase();
            let local_part = (!email.is_empty()).then(|| email.clone());
            return EmailAddress { email, local_part, domain: Domain::default() };
        };
        let host = host.trim_matches(|c: char| c.is_whitespace() || matches!(c, '.' | '>' | ';' | ','));
        let local = local.trim();
        let local = local.strip_prefix("mailto:").unwrap_or(local).to_lowercase();
        let host = host.to_lowercase();
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(&host);
        EmailAddress {
            email: format!("{local}@{host}"),
            domain: Domain::parse(bare),
            local_part: Some(local),
        }
    }

    /// There is a local part and a host.
    pub fn is_address(&self) -> bool {
        self.local_part.as_ref().is_some_and(|l| !l.is_empty()) && !self.domain.domain.is_empty()
    }
}

/// The largest character boundary that is not beyond `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

/// An obsolete route (`@a,@b:user@host`) says nothing about the address.
fn without_route(text: &str) -> &str {
    if text.starts_with('@')
        && let Some((_, rest)) = text.split_once(':')
        && rest.contains('@')
    {
        return rest;
    }
    text
}

fn strip_comments(text: &str) -> Cow<'_, str> {
    if memchr(b'(', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut depth = 0usize;
    let kept = text.chars().filter(|c| match c {
        '(' => {
            depth += 1;
            false
        }
        ')' if depth > 0 => {
            depth -= 1;
            false
        }
        _ => depth == 0,
    });
    Cow::Owned(kept.collect())
}

/// Reads every mailbox of an unfolded address field, groups taken apart.
pub fn parse_list(value: &str, defects: &mut Defects) -> Vec<Mailbox> {
    let value = value.get(..floor(value, limits::VALUE_BYTES_MAX)).unwrap_or_default();
    let mut reader = Reader::new(value, defects);
    reader.run();
    reader.boxes
}

/// The mailbox that is collected at the moment.
#[derive(Default)]
struct Item {
    phrase: String,
    /// A quoted string stood in it: an empty name was written, not left out.
    quoted: bool,
    comment: Option<String>,
    angle: Option<String>,
}

struct Reader<'a, 'd> {
    rest: &'a str,
    item: Item,
    group: Option<(String, usize)>,
    boxes: Vec<Mailbox>,
    defects: &'d mut Defects,
    /// Kinds of brackets that are known not to close any more; looking again would be quadratic.
    open_comment: bool,
    open_quote: bool,
    open_angle: bool,
}

impl<'a, 'd> Reader<'a, 'd> {
    fn new(rest: &'a str, defects: &'d mut Defects) -> Self {
        Reader {
            rest,
            item: Item::default(),
            group: None,
            boxes: Vec::new(),
            defects,
            open_comment: false,
            open_quote: false,
            open_angle: false,
        }
    }

    fn run(&mut self) {
        while let Some(&byte) = self.rest.as_bytes().first() {
            if self.boxes.len() >= limits::MAILBOXES_MAX {
                self.defects.note(DefectKind::OverLimit, None, "MAILBOXES_MAX in one address field");
                return;
            }
            match byte {
                b'"' if !self.open_quote => self.quoted(),
                b'(' if !self.open_comment => self.comment(),
                b'<' if !self.open_angle => self.angle(),
                b',' => self.comma(),
                b';' => self.semicolon(),
                b':' if self.group.is_none() && self.begins_group() => {
                    let name = std::mem::take(&mut self.item).phrase;
                    self.group = Some((name, self.boxes.len()));
                    self.skip(1);
                }
                _ => self.plain(),
            }
        }
        self.flush();
        self.end_group();
    }

    fn skip(&mut self, n: usize) {
        self.rest = self.rest.get(n..).unwrap_or_default();
    }

    fn begins_group(&self) -> bool {
        let phrase = self.item.phrase.trim();
        !phrase.is_empty()
            && !phrase.contains('@')
            && self.item.angle.is_none()
            && !phrase.eq_ignore_ascii_case("mailto")
    }

    /// Everything up to the next byte that means something; encoded words are taken whole, whatever they hold.
    fn plain(&mut self) {
        let bytes = self.rest.as_bytes();
        let mut end = 1;
        if self.rest.starts_with("=?")
            && let Some(length) = encoded_word(self.rest)
        {
            end = length;
        }
        while let Some(byte) = bytes.get(end) {
            if b"\"(<,;:=".contains(byte) {
                break;
            }
            end += 1;
        }
        let (text, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.item.phrase.push_str(text);
        self.rest = rest;
    }

    fn quoted(&mut self) {
        let body = self.rest.get(1..).unwrap_or_default();
        let mut text = String::new();
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = body.get(at + 1..).unwrap_or_default();
                    if self.rest.starts_with('@') && self.item.phrase.trim().is_empty() {
                        // A quoted local part, not a name.
                        self.item.phrase.push_str(&format!("\"{text}\""));
                        return;
                    }
                    self.item.phrase.push_str(&text);
                    self.item.quoted = true;
                    return;
                }
                '\\' => text.extend(chars.next().map(|(_, c)| c)),
                _ => text.push(c),
            }
        }
        self.open_quote = true;
        self.defects.note(DefectKind::MalformedAddress, None, "a quotation mark that does not close");
        // Read on as if it were not there.
        self.rest = body;
    }

    fn comment(&mut self) {
        let mut depth = 0usize;
        let mut escaped = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '(' => depth += 1,
                ')' => {
                    depth -= 1;
                    if depth == 0 {
                        let text = self.rest.get(1..at).unwrap_or_default();
                        self.item.comment.get_or_insert_with(|| text.to_owned());
                        self.skip(at + 1);
                        return;
                    }
                }
                _ => {}
            }
        }
        self.open_comment = true;
    }

    fn angle(&mut self) {
        let body = self.rest.get(1..).unwrap_or_default();
        let end = match memchr(b'>', body.as_bytes()) {
            Some(end) => end,
            None => {
                self.open_angle = true;
                self.defects.note(DefectKind::MalformedAddress, None, "an angle bracket that does not close");
                memchr(b',', body.as_bytes()).unwrap_or(body.len())
            }
        };
        let inner = body.get(..end).unwrap_or_default();
        let after = end + usize::from(body.as_bytes().get(end) == Some(&b'>'));
        self.rest = body.get(after..).unwrap_or_default().trim_start_matches('>');
        match self.item.angle.take() {
            // Of several the last address counts; the others are text of the name.
            Some(earlier) if inner.contains('@') => {
                self.defects.note(DefectKind::MalformedAddress, None, "more than one address in a mailbox");
                self.item.phrase.push_str(&format!(" <{earlier}> "));
                self.item.angle = Some(inner.to_owned());
            }
            Some(earlier) => self.item.angle = Some(earlier),
            None if inner.contains('@') || !self.rest.contains('<') => {
                self.item.angle = Some(inner.to_owned())
            }
            None => self.item.phrase.push_str(&format!("<{inner}>")),
        }
    }

    fn comma(&mut self) {
        self.skip(1);
        let unfinished = self.item.angle.is_none() && !self.item.phrase.contains('@');
        if unfinished && !self.item.phrase.trim().is_empty() && self.rest.contains('@') {
            // `Doe, Jane <jane@…>` without quotation marks.
            self.item.phrase.push(',');
            return;
        }
        self.flush();
    }

    fn semicolon(&mut self) {
        self.skip(1);
        self.flush();
        self.end_group();
    }

    fn end_group(&mut self) {
        if let Some((name, before)) = self.group.take()
            && self.boxes.len() == before
        {
            let name = words::decode(name.trim(), self.defects).into_owned();
            self.boxes.push(Mailbox { display_name: Some(name), ..Mailbox::default() });
        }
    }

    fn flush(&mut self) {
        let item = std::mem::take(&mut self.item);
        self.boxes.extend(build(item, self.defects));
    }
}

/// Length of the encoded word that `text` begins with.
fn encoded_word(text: &str) -> Option<usize> {
    let bytes = text.as_bytes().get(..600).unwrap_or(text.as_bytes());
    let mut marks = bytes.iter().enumerate().skip(2).filter(|(_, b)| **b == b'?').map(|(at, _)| at);
    let (_, second) = (marks.next()?, marks.next()?);
    let end = marks.find(|&at| at > second && bytes.get(at + 1) == Some(&b'='))?;
    Some(end + 2)
}

fn build(item: Item, defects: &mut Defects) -> Option<Mailbox> {
    let phrase = item.phrase.trim();
    if let Some(angle) = item.angle {
        let email = EmailAddress::parse(&angle);
        let doubled = email.local_part.as_ref().is_some_and(|l| l.contains('@') && !l.contains('"'));
        if doubled || !email.is_address() && !angle.trim().is_empty() {
            defects.note(DefectKind::MalformedAddress, None, angle.as_str());
        }
        let name = match (phrase.is_empty(), item.quoted, item.comment) {
            (true, false, Some(comment)) => Some(display(&comment, defects)),
            (true, false, None) => None,
            _ => Some(display(phrase, defects)),
        };
        return Some(finish(name, email));
    }
    if phrase.is_empty() {
        let comment = item.comment?;
        return Some(finish(Some(display(&comment, defects)), EmailAddress::default()));
    }
    if phrase.contains('@') {
        return Some(bare(phrase, item.comment, defects));
    }
    let name = display(phrase, defects);
    if name.contains('@') && name != phrase {
        // The whole mailbox was put into encoded words.
        defects.note(DefectKind::MalformedAddress, None, "an address inside encoded words");
        let inner = name.rsplit_once('<').filter(|(_, a)| a.contains('@'));
        let (name, address) =
            inner.map_or((None, name.as_str()), |(n, a)| (Some(n.trim().trim_matches('"')), a));
        return Some(finish(name.map(str::to_owned), EmailAddress::parse(address)));
    }
    if name.is_ascii() && !name.contains(' ') && !name.to_ascii_lowercase().contains("recipients") {
        // `root`, `MAILER-DAEMON`: a local part alone.
        defects.note(DefectKind::MalformedAddress, None, name.as_str());
    }
    Some(finish(Some(name), EmailAddress::default()))
}

/// `jane@x.example (Jane)`, or an address among words without angle brackets.
fn bare(phrase: &str, comment: Option<String>, defects: &mut Defects) -> Mailbox {
    let (mut name, mut address) = (String::new(), None);
    if phrase.starts_with('"') || phrase.split_whitespace().nth(1).is_none() {
        address = Some(phrase);
    } else {
        for word in phrase.split_whitespace() {
            if word.contains('@') && address.is_none() {
                address = Some(word);
            } else {
                name.push_str(word);
                name.push(' ');
            }
        }
        defects.note(DefectKind::MalformedAddress, None, phrase);
    }
    let email = EmailAddress::parse(address.unwrap_or(phrase));
    let name = if name.is_empty() { comment } else { Some(name.trim().to_owned()) };
    finish(name.map(|n| display(&n, defects)), email)
}

fn display(phrase: &str, defects: &mut Defects) -> String {
    let decoded = words::decode(phrase, defects);
    let trimmed = decoded.trim();
    if trimmed.contains(['\t', '\r', '\n']) || trimmed.contains("  ") {
        return trimmed.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    trimmed.to_owned()
}

fn finish(display_name: Option<String>, email: EmailAddress) -> Mailbox {
    let embedded = display_name.as_deref().and_then(embedded);
    Mailbox { display_name, email, embedded }
}

/// The first address that a text shows.
pub fn embedded(text: &str) -> Option<EmailAddress> {
    let folded;
    let text = if text.contains('＠') {
        folded = text.replace('＠', "@");
        folded.as_str()
    } else {
        text
    };
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|t| memchr(b'@', t.as_bytes())).map(|n| n + from) {
        let local_start = text.get(from..at)?.rfind(|c: char| !is_local(c)).map_or(from, |n| {
            from + n + text.get(from + n..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8)
        });
        let tail = text.get(at + 1..)?;
        let host_end =
            tail.find(|c: char| !(c.is_alphanumeric() || c == '.' || c == '-')).unwrap_or(tail.len());
        let host = tail.get(..host_end)?.trim_matches(|c| c == '.' || c == '-');
        if local_start < at && host.contains('.') {
            return Some(EmailAddress::parse(text.get(local_start..at + 1 + host_end)?));
        }
        from = at + 1;
    }
    None
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, want: &[(Option<&str>, &str)]) {
        let mut defects = Defects::default();
        let got = parse_list(value, &mut defects);
        let got: Vec<_> = got.iter().map(|m| (m.display_name.as_deref(), m.email.email.as_str())).collect();
        assert_eq!(got, want, "{value}");
    }

    #[test]
    fn mailboxes_of_the_standard() {
        check("a@b.example", &[(None, "a@b.example")]);
        check("<A@B.Example>", &[(None, "a@b.example")]);
        check("Jane Doe <jane@x.example>", &[(Some("Jane Doe"), "jane@x.example")]);
        check(
            "\"Doe, Jane\" <jane@x.example>, b@c.example",
            &[(Some("Doe, Jane"), "jane@x.example"), (None, "b@c.example")],
        );
        check("\"\" <a@b.example>", &[(Some(""), "a@b.example")]);
        check("a@b.example (Jane (x) Doe)", &[(Some("Jane (x) Doe"), "a@b.example")]);
        check("Jane (work) <jane@x.example>", &[(Some("Jane"), "jane@x.example")]);
        check("\"a\\\"b\" <a@b.example>", &[(Some("a\"b"), "a@b.example")]);
        check("<@r1.example,@r2.example:a@b.example>", &[(None, "a@b.example")]);
        check("<>", &[(None, "")]);
        check("", &[]);
        check("\"odd local\"@b.example", &[(None, "\"odd local\"@b.example")]);
    }

    #[test]
    fn groups() {
        check("Undisclosed recipients:;", &[(Some("Undisclosed recipients"), "")]);
        check("undisclosed-recipients:", &[(Some("undisclosed-recipients"), "")]);
        check(
            "Team: a@b.example, B <b@b.example>;, c@d.example",
            &[(None, "a@b.example"), (Some("B"), "b@b.example"), (None, "c@d.example")],
        );
    }

    #[test]
    fn encoded_names() {
        check("=?utf-8?Q?Doe,_Jane?= <j@x.example>", &[(Some("Doe, Jane"), "j@x.example")]);
        check("\"=?utf-8?B?44GC?=\" <j@x.example>", &[(Some("あ"), "j@x.example")]);
        check("=?utf-8?Q?=E3=81?=\t=?utf-8?Q?=82?= <j@x.example>", &[(Some("あ"), "j@x.example")]);
        check("=?utf-8?Q?Bank_=3Ca=40bank=2Eexample=3E?=", &[(Some("Bank"), "a@bank.example")]);
    }

    #[test]
    fn malformed_mailboxes_give_what_they_have() {
        check("Doe, Jane <jane@x.example>", &[(Some("Doe, Jane"), "jane@x.example")]);
        check("Jane <jane@x.example", &[(Some("Jane"), "jane@x.example")]);
        check("\"Jane <jane@x.example>", &[(Some("Jane"), "jane@x.example")]);
        check("<a@b@c.example>", &[(None, "a@b@c.example")]);
        check("<bank@bank.example> <x@evil.example>", &[(Some("<bank@bank.example>"), "x@evil.example")]);
        check("Jane jane@x.example", &[(Some("Jane"), "jane@x.example")]);
        check("<< a@b.example >>", &[(None, "a@b.example")]);
        check("Postmaster", &[(Some("Postmaster"), "")]);
        check("'a@b.example'", &[(None, "a@b.example")]);
        check("a@b.example;c@d.example", &[(None, "a@b.example"), (None, "c@d.example")]);
    }

    #[test]
    fn names_that_show_an_address() {
        let show = |value: &str| {
            let list = parse_list(value, &mut Defects::default());
            list.first().and_then(|m| m.embedded.clone()).map(|e| e.email)
        };
        assert_eq!(show("\"ceo@corp.example\" <x@evil.example>").as_deref(), Some("ceo@corp.example"));
        assert_eq!(show("\"Max (Max＠Corp.example)\" <x@evil.example>").as_deref(), Some("max@corp.example"));
        assert_eq!(show("\"Max @ work\" <x@evil.example>"), None);
    }

    #[test]
    fn a_list_of_brackets_is_linear() {
        for piece in ["(", "\"", "<", "=?", "((a)", ",a", "a:", "a@b,"] {
            parse_list(&piece.repeat(50_000), &mut Defects::default());
        }
    }
}
