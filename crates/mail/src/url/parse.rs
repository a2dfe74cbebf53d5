//! Takes a URL apart as a browser does (WHATWG URL §4.4), but keeps every piece as it was written.
//!
//! A browser normalises; rules want to see what the sender wrote. So `url`, `path` and the query stay as written
//! (without tabs and line ends, which a browser drops anywhere), and only scheme and host are normalised.

use std::borrow::Cow;
use std::collections::BTreeMap;

use memchr::{memchr, memchr3, memrchr};

use super::Url;
use crate::domain::cut;
use crate::limits::{INLINE_URL_BYTES_MAX, QUERY_PARAMS_MAX, URL_BYTES_MAX};
use crate::{Domain, Ip};

/// How the text after the scheme is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// http, https, ftp, ws, wss: any number of slashes or backslashes, then a host.
    Web,
    /// file: host only after exactly two slashes.
    File,
    /// mailto, sip, …: an address.
    Address,
    /// data, javascript, …: content.
    Inline,
    /// Host after `//`, otherwise an opaque path.
    Other,
}

impl Url {
    /// Takes a URL apart. Total: what is no URL gives its own text with an empty domain.
    pub fn parse(text: &str) -> Url {
        let text = clean(text);
        match scheme(&text) {
            Some((scheme, rest)) => with_scheme(&text, scheme, rest),
            None => without_scheme(&text),
        }
    }

    /// Like [`Url::parse`], but a text without a scheme is read as host and path (`example.com/x`), as mail programs
    /// read what people type. Such a URL has no `scheme`.
    pub fn parse_loose(text: &str) -> Url {
        let text = clean(text);
        match scheme(&text) {
            // `example.com:8080` is a host with a port, not a scheme.
            Some((scheme, rest)) if !(scheme.contains('.') && starts_with_port(rest)) => {
                with_scheme(&text, scheme, rest)
            }
            _ => {
                let mut url = Url { url: text.to_string(), ..Url::default() };
                url.set_authority(text.trim_start_matches(['/', '\\']), true);
                url
            }
        }
    }

    /// Reads `user:password@host:port/path?query#fragment`.
    fn set_authority(&mut self, rest: &str, special: bool) {
        let stop = memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
        let backslash = if special { memchr(b'\\', rest.as_bytes()) } else { None };
        let (authority, tail) = rest.split_at(stop.min(backslash.unwrap_or(stop)));
        let host = match memrchr(b'@', authority.as_bytes()) {
            Some(at) => {
                self.set_user(authority.get(..at).unwrap_or_default());
                authority.get(at + 1..).unwrap_or_default()
            }
            None => authority,
        };
        self.set_host(host);
        self.set_tail(tail, special);
    }

    fn set_user(&mut self, info: &str) {
        let (user, password) = info.split_once(':').map_or((info, None), |(user, pass)| (user, Some(pass)));
        self.username = filled(user).map(|user| decode_percent(user).into_owned());
        self.password = password.and_then(filled).map(|pass| decode_percent(pass).into_owned());
    }

    fn set_host(&mut self, host: &str) {
        let name_end = host.rfind(']').unwrap_or(0);
        let (name, port) = match host.get(name_end..).and_then(|rest| rest.rfind(':')) {
            Some(colon) => (host.get(..name_end + colon), host.get(name_end + colon + 1..)),
            None => (Some(host), None),
        };
        let name = name.unwrap_or(host);
        self.port = port.and_then(|port| port.parse::<u16>().ok()).map(i64::from);
        let name = decode_percent(name);
        self.domain = Domain::parse(&name);
        // IDNA maps full-width digits and dots, so the address may only appear in the mapped form.
        self.ip = Ip::parse(if self.domain.is_empty() { &name } else { &self.domain.domain })
            .filter(|_| !ends_in_empty_label(&name));
        if let Some(ip) = &mut self.ip {
            if let Some(how) = &mut ip.translation {
                how.original = name.trim_matches(['[', ']']).to_owned();
            }
            self.domain = Domain::of_address(&ip.ip);
        }
    }

    /// Path, query and fragment.
    fn set_tail(&mut self, tail: &str, special: bool) {
        let (tail, fragment) = tail.split_once('#').map_or((tail, None), |(tail, rest)| (tail, Some(rest)));
        let (path, query) = tail.split_once('?').map_or((tail, None), |(path, rest)| (path, Some(rest)));
        self.fragment = fragment.and_then(filled).map(str::to_owned);
        self.query_params = query.and_then(filled).map(str::to_owned);
        if let Some(query) = &self.query_params {
            self.query_params_decoded = decode_query(query);
        }
        self.path = filled(path).map(|path| match special && path.contains('\\') {
            true => path.replace('\\', "/"),
            false => path.to_owned(),
        });
    }
}

/// Behind the one dot that may end a name stands another: to a browser that is a name, whatever is before it (URL
/// Standard, "ends in a number").
fn ends_in_empty_label(name: &str) -> bool {
    // IDNA's dots.
    name.trim().chars().rev().take_while(|c| matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')).count()
        > 1
}

fn with_scheme(text: &str, scheme: Cow<'_, str>, rest: &str) -> Url {
    let kind = kind(&scheme);
    let max = if kind == Kind::Inline { INLINE_URL_BYTES_MAX } else { URL_BYTES_MAX };
    let mut url = Url { url: cut(text, max).to_owned(), ..Url::default() };
    match kind {
        Kind::Web => url.set_authority(rest.trim_start_matches(['/', '\\']), true),
        Kind::File => match strip_two_slashes(rest) {
            Some(after) => url.set_authority(after, true),
            None => url.set_tail(rest, true),
        },
        Kind::Address => set_address(&mut url, rest),
        Kind::Inline => {}
        Kind::Other => match rest.strip_prefix("//") {
            Some(after) => url.set_authority(after, false),
            None => url.set_tail(rest, false),
        },
    }
    url.scheme = Some(scheme.into_owned());
    url
}

fn without_scheme(text: &str) -> Url {
    let mut url = Url { url: text.to_owned(), ..Url::default() };
    match text.as_bytes() {
        [b'/' | b'\\', b'/' | b'\\', ..] => url.set_authority(text.trim_start_matches(['/', '\\']), true),
        [b'/' | b'\\' | b'?' | b'#' | b'.', ..] => url.set_tail(text, true),
        _ => {}
    }
    url
}

/// `user@host?subject=…`; with several addresses the first one counts.
fn set_address(url: &mut Url, rest: &str) {
    url.set_tail(rest.trim_start_matches('/'), false);
    let Some(path) = &url.path else { return };
    let path = decode_percent(path);
    let first = path.split([',', ';']).next().unwrap_or_default().trim();
    let first =
        first.strip_suffix('>').and_then(|text| text.rsplit_once('<')).map_or(first, |(_, inner)| inner);
    if let Some((user, host)) = first.rsplit_once('@') {
        url.username = filled(user).map(str::to_owned);
        url.domain = Domain::parse(host);
    }
}

fn kind(scheme: &str) -> Kind {
    match scheme {
        "http" | "https" | "ftp" | "ws" | "wss" => Kind::Web,
        "file" => Kind::File,
        "mailto" | "sip" | "sips" | "xmpp" => Kind::Address,
        "data" | "javascript" | "vbscript" | "blob" | "about" => Kind::Inline,
        _ => Kind::Other,
    }
}

/// A browser drops control characters and spaces at both ends, and tabs and line ends anywhere.
fn clean(text: &str) -> Cow<'_, str> {
    let text =
        text.trim_matches(|c: char| c <= ' ' || c == '\u{feff}' || c == '\u{200b}' || c.is_whitespace());
    // Twice the limit, since what is dropped must not push out what is kept.
    let text = cut(text, 2 * URL_BYTES_MAX);
    if memchr3(b'\t', b'\n', b'\r', text.as_bytes()).is_some() {
        let kept: String = text.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
        return Cow::Owned(cut(&kept, URL_BYTES_MAX).to_owned());
    }
    Cow::Borrowed(cut(text, URL_BYTES_MAX))
}

/// The scheme in lower case and what follows its colon.
fn scheme(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let colon = memchr(b':', text.as_bytes().get(..text.len().min(64))?)?;
    let (name, rest) = (text.get(..colon)?, text.get(colon + 1..)?);
    let mut bytes = name.bytes();
    if !bytes.next()?.is_ascii_alphabetic() {
        return None;
    }
    let mut upper = name.as_bytes().first()?.is_ascii_uppercase();
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.' => {}
            b'A'..=b'Z' => upper = true,
            _ => return None,
        }
    }
    Some((if upper { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) }, rest))
}

fn starts_with_port(rest: &str) -> bool {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let after = rest.as_bytes().get(digits);
    (1..=5).contains(&digits) && after.is_none_or(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\'))
}

fn strip_two_slashes(rest: &str) -> Option<&str> {
    rest.strip_prefix(['/', '\\'])?.strip_prefix(['/', '\\'])
}

fn filled(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Decodes `name=value&…` with `%XX` and `+`. Parameters over [`QUERY_PARAMS_MAX`] are dropped.
pub fn decode_query(query: &str) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()).take(QUERY_PARAMS_MAX) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        out.entry(decode_form(name)).or_default().push(decode_form(value));
    }
    out
}

fn decode_form(text: &str) -> String {
    match memchr(b'+', text.as_bytes()) {
        Some(_) => decode_percent(&text.replace('+', " ")).into_owned(),
        None => decode_percent(text).into_owned(),
    }
}

/// Decodes `%XX`; an incomplete escape stays as it is, bytes that are no UTF-8 become U+FFFD.
pub fn decode_percent(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let Some(first) = memchr(b'%', bytes) else { return Cow::Borrowed(text) };
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(bytes.get(..first).unwrap_or_default());
    let mut rest = bytes.get(first..).unwrap_or_default();
    loop {
        match rest {
            [b'%', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push((nibble(*high) << 4) | nibble(*low));
                rest = tail;
            }
            [byte, tail @ ..] => {
                out.push(*byte);
                rest = tail;
            }
            [] => break,
        }
    }
    Cow::Owned(match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}
