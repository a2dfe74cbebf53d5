//! URLs in decoded texts: a scheme, then as far as a URL can go. UNC and WebDAV paths count as addresses, too.

use memchr::memmem;
use sekisho_mail::urlfind;

use crate::scan::TextKind;

/// Bytes of a URL at most.
const URL_BYTES_MAX: usize = 2_048;
/// URLs of one text at most.
const URLS_MAX: usize = 256;
/// Letters of a scheme at most.
const SCHEME_MAX: usize = 12;

/// Hosts whose URLs name formats, not places (XML namespaces, schemas).
const NAMESPACES: [&str; 26] = [
    "schemas.microsoft.com",
    "schemas.openxmlformats.org",
    "purl.oclc.org",
    "purl.org",
    "www.w3.org",
    "w3.org",
    "ns.adobe.com",
    "schemas.xmlsoap.org",
    "iptc.org",
    "xml.org",
    "www.aiim.org",
    "dublincore.org",
    "docs.oasis-open.org",
    "openoffice.org",
    "ns.useplus.org",
    "cipa.jp",
    "www.iec.ch",
    "www.npes.org",
    "schemas.android.com",
    "java.sun.com",
    "xmlpdf.com",
    "www.xfa.org",
    "www.inkscape.org",
    "sodipodi.sourceforge.net",
    "creativecommons.org",
    "www.idpf.org",
];

/// Calls for each URL of a text; `false` when there are more than are read.
pub(super) fn each(text: &str, kind: TextKind, call: &mut impl FnMut(&str)) -> bool {
    let mut left = URLS_MAX;
    if kind == TextKind::Shown {
        let all = urlfind::find(text);
        let whole = all.len() <= URLS_MAX;
        for found in all.into_iter().take(URLS_MAX) {
            if found.url.is_web() && found.url.has_host() && !is_namespace(&found.url.url) {
                call(&found.url.url);
            }
        }
        return whole;
    }
    for mark in memmem::find_iter(text.as_bytes(), b"://") {
        if left == 0 {
            return false;
        }
        if let Some(url) = around(text, mark) {
            left -= 1;
            call(&url);
        }
    }
    for mark in memmem::find_iter(text.as_bytes(), b"\\\\") {
        if left == 0 {
            return false;
        }
        if let Some(path) = unc(text, mark) {
            left -= 1;
            call(path);
        }
    }
    true
}

/// The URL whose `://` stands at `mark`, armed again where it was disarmed.
fn around(text: &str, mark: usize) -> Option<String> {
    let before = text.get(..mark)?;
    let letters = before.bytes().rev().take(SCHEME_MAX).take_while(u8::is_ascii_alphabetic).count();
    let scheme = before.get(mark - letters..)?.to_ascii_lowercase();
    let known = ["https", "http", "hxxps", "hxxp", "ftp", "file"];
    // A letter may stand before the scheme without a gap (`=URLhttp://`): the longest known scheme at the end counts.
    let scheme = known.into_iter().find(|known| scheme.ends_with(known))?;
    let rest = text.get(mark + 3..)?;
    let end = rest
        .char_indices()
        .take_while(|(at, c)| *at < URL_BYTES_MAX && in_url(*c))
        .last()
        .map_or(0, |(at, c)| at + c.len_utf8());
    let rest = rest.get(..end)?.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\\', '&']);
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit('@').next()?;
    let plausible = host.contains('.') || host.starts_with('[') || host.starts_with("0x") || is_number(host);
    if !plausible || is_placeholder(host) {
        return None;
    }
    let url = format!("{}://{rest}", scheme.replace("hxxp", "http"));
    (!is_namespace(&url)).then_some(url)
}

fn is_number(host: &str) -> bool {
    host.len() >= 8 && host.bytes().all(|b| b.is_ascii_digit())
}

/// `http://%s.example`, `http://...`: parts of a program, not places.
fn is_placeholder(host: &str) -> bool {
    host.starts_with('.') || host.contains("..") || host.starts_with(['%', '{', '$', '*'])
}

fn in_url(c: char) -> bool {
    !(c.is_whitespace()
        || c.is_control()
        || matches!(c, '"' | '\'' | '<' | '>' | '|' | '`' | '^' | '\u{fffd}'))
}

/// `\\host\share…`, `\\host@SSL\DavWWWRoot\…`.
fn unc(text: &str, mark: usize) -> Option<&str> {
    if mark > 0 && text.as_bytes().get(mark - 1).is_some_and(|b| *b == b'\\' || *b == b':') {
        return None;
    }
    let rest = text.get(mark + 2..)?;
    let end = rest
        .char_indices()
        .take_while(|(at, c)| *at < URL_BYTES_MAX && in_url(*c) && !matches!(c, ',' | ';' | ')'))
        .last()
        .map_or(0, |(at, c)| at + c.len_utf8());
    let body = rest.get(..end)?;
    let (host, share) = body.split_once('\\')?;
    let name = host.split('@').next()?;
    let is_host = name.contains('.')
        && name.len() >= 4
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        && !name.starts_with('.');
    (is_host && !share.is_empty()).then(|| text.get(mark..mark + 2 + end)).flatten()
}

/// The host of a URL that [`each`] gave.
pub(super) fn host(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map(|(_, rest)| rest).or_else(|| url.strip_prefix("\\\\"))?;
    let host = rest.split(['/', '?', '#', '\\']).next()?;
    let host = if url.starts_with('\\') { host.split('@').next()? } else { host.rsplit('@').next()? };
    let host = host.split(':').next()?;
    (!host.is_empty()).then_some(host)
}

/// A name of a format.
pub(crate) fn is_namespace(url: &str) -> bool {
    let Some(host) = host(url) else { return false };
    let host = host.to_ascii_lowercase();
    NAMESPACES.contains(&host.as_str())
}
