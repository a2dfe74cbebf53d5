//! `Content-Type` and `Content-Disposition` with their parameters (RFC 2045, RFC 2231), read tolerantly.

use std::borrow::Cow;

use crate::{charset, defect::Defects, limits, words};

/// A value and its parameters. Names are lower case; split and percent-encoded values (RFC 2231) are put together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params {
    /// What stands before the first `;`, lower case.
    pub(crate) value: String,
    pub(crate) list: Vec<(String, String)>,
    /// A parameter stands twice, with two values.
    pub(crate) ambiguous: bool,
}

impl Params {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.list.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The part before the slash.
    pub(crate) fn major(&self) -> &str {
        self.value.split('/').next().unwrap_or_default()
    }

    /// Reads an unfolded value.
    pub(crate) fn parse(text: &str, defects: &mut Defects) -> Params {
        let text = text.trim_start();
        let end = text.find([';', ' ', '\t']).unwrap_or(text.len());
        let (value, mut rest) = text.split_at_checked(end).unwrap_or((text, ""));
        let value = value.trim().trim_matches('"');
        let mut out = Params { value: value.to_ascii_lowercase(), ..Params::default() };
        let mut pieces: Vec<(String, Cow<'_, str>)> = Vec::new();
        while let Some(after) = rest.find([';', ' ', '\t']).and_then(|at| rest.get(at + 1..)) {
            if pieces.len() >= limits::PARAMETERS_MAX {
                break;
            }
            let Some((name, value, next)) = parameter(after) else { break };
            if !name.is_empty() {
                pieces.push((name, value));
            }
            rest = next;
        }
        out.assemble(pieces, defects);
        out
    }

    /// Joins `name*0`, `name*1*`, … and decodes `charset'language'%41`.
    fn assemble(&mut self, pieces: Vec<(String, Cow<'_, str>)>, defects: &mut Defects) {
        let mut split: Vec<(String, Vec<Piece<'_>>)> = Vec::new();
        for (name, value) in pieces {
            let Some((base, mark)) = name.split_once('*') else {
                let value = words::decode(&value, defects).into_owned();
                if self.list.iter().any(|(n, v)| *n == name && *v != value) {
                    self.ambiguous = true;
                }
                self.list.push((name, value));
                continue;
            };
            let encoded = mark.is_empty() || mark.ends_with('*');
            let number = mark.trim_end_matches('*').parse().unwrap_or(0);
            match split.iter_mut().find(|(n, _)| n == base) {
                Some((_, parts)) => parts.push((number, encoded, value)),
                None => split.push((base.to_owned(), vec![(number, encoded, value)])),
            }
        }
        for (name, mut parts) in split {
            parts.sort_by_key(|(number, ..)| *number);
            let value = extended(&parts);
            // The extended form wins over the plain one that is there for old programs.
            self.list.retain(|(n, _)| *n != name);
            self.list.push((name, value));
        }
    }
}

/// Number, whether it is percent-encoded, and text of one `name*N*=…`.
type Piece<'a> = (u32, bool, Cow<'a, str>);

fn extended(parts: &[Piece<'_>]) -> String {
    let mut bytes = Vec::new();
    let mut label = None;
    for (at, (_, encoded, value)) in parts.iter().enumerate() {
        let mut value: &str = value;
        if at == 0 && *encoded {
            let mut fields = value.splitn(3, '\'');
            if let (Some(charset), Some(_), Some(text)) = (fields.next(), fields.next(), fields.next()) {
                label = Some(charset.to_owned()).filter(|c| !c.is_empty());
                value = text;
            }
        }
        if *encoded {
            percent(value, &mut bytes);
        } else {
            bytes.extend_from_slice(value.as_bytes());
        }
    }
    charset::decode(&bytes, label.as_deref()).text.into_owned()
}

fn percent(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%'
            && let [a, b, after @ ..] = tail
            && let (Some(high), Some(low)) = ((*a as char).to_digit(16), (*b as char).to_digit(16))
        {
            out.push((high << 4 | low) as u8);
            rest = after;
        } else {
            out.push(byte);
        }
    }
}

/// One `name=value`; gives back what follows, beginning with a separator.
fn parameter(text: &str) -> Option<(String, Cow<'_, str>, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
    if text.is_empty() {
        return None;
    }
    let name_end = text.find(['=', ';']).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(name_end)?;
    let Some(value) = rest.strip_prefix('=') else {
        return Some((String::new(), Cow::Borrowed(""), rest));
    };
    let name =
        name.trim().rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default().to_ascii_lowercase();
    let value = value.trim_start();
    if let Some(inner) = value.strip_prefix('"') {
        let (value, rest) = quoted(inner);
        return Some((name, value, rest));
    }
    let end = value.find(';').unwrap_or(value.len());
    let (value, rest) = value.split_at_checked(end)?;
    let value = value.trim_end();
    // Only file names may hold spaces without quotation marks: people wrote them that way.
    let spaced = name.starts_with("name") || name.starts_with("filename");
    let cut = if spaced || value.starts_with("=?") {
        value
    } else {
        value.split_whitespace().next().unwrap_or_default()
    };
    Some((name, Cow::Borrowed(cut), rest))
}

/// A quoted string whose opening mark is gone.
fn quoted(text: &str) -> (Cow<'_, str>, &str) {
    let Some(end) = text.find(['"', '\\']) else { return (Cow::Borrowed(text), "") };
    if text.as_bytes().get(end) == Some(&b'"') {
        let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (Cow::Borrowed(value), rest.get(1..).unwrap_or_default());
    }
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (Cow::Owned(out), text.get(at + 1..).unwrap_or_default()),
            '\\' => out.extend(chars.next().map(|(_, c)| c)),
            _ => out.push(c),
        }
    }
    (Cow::Owned(out), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, value: &str, want: &[(&str, &str)]) {
        let p = Params::parse(text, &mut Defects::default());
        let list: Vec<_> = p.list.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!((p.value.as_str(), list.as_slice()), (value, want), "{text}");
    }

    #[test]
    fn parameters() {
        check("Text/Plain", "text/plain", &[]);
        check("text/html; charset=\"utf-8\"; x=y", "text/html", &[("charset", "utf-8"), ("x", "y")]);
        check("a/b;name=\"a;b\\\"c\";d=e", "a/b", &[("name", "a;b\"c"), ("d", "e")]);
        check(
            "attachment; filename=my file.pdf; size=3",
            "attachment",
            &[("filename", "my file.pdf"), ("size", "3")],
        );
        check("text/plain; charset = utf-8", "text/plain", &[("charset", "utf-8")]);
        check("text/plain charset=utf-8", "text/plain", &[("charset", "utf-8")]);
        check("multipart/mixed; boundary=\"a b\"", "multipart/mixed", &[("boundary", "a b")]);
    }

    #[test]
    fn extended_parameters() {
        check("a/b; filename*=UTF-8''%e3%81%82.txt", "a/b", &[("filename", "あ.txt")]);
        check(
            "a/b; filename*0*=utf-8'ja'%e3%81; filename*1*=%82; filename*2=.txt",
            "a/b",
            &[("filename", "あ.txt")],
        );
        check("a/b; name=\"=?utf-8?B?44GC?=.txt\"", "a/b", &[("name", "あ.txt")]);
        check("a/b; filename=x; filename*=utf-8''y", "a/b", &[("filename", "y")]);
    }
}
