//! Finds URLs and e-mail addresses in plain text, disarmed (`hxxp`, `[.]`) ones too. Linear time.

#[cfg(test)]
mod tests;

use std::ops::Range;

use memchr::memmem;

use crate::limits::{LINKS_MAX, URL_BYTES_MAX};
use crate::{Domain, Url};

/// A URL in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// The URL. Without a written scheme it has none; an e-mail address becomes a `mailto:` URL.
    pub url: Url,
    /// It was written so that it does not open.
    pub defanged: bool,
}

/// Schemes that make a URL wherever they stand. `ttp` is what is left of `http` when people cut the first letter.
const SCHEMES: [&str; 8] = ["https", "http", "ftps", "ftp", "hxxps", "hxxp", "ttps", "ttp"];

/// Suffixes under which a name alone, without scheme or path, is taken for a host. Others are too often a file name
/// or two sentences without a space between them.
const BARE_TLDS: [&str; 64] = [
    "com", "net", "org", "info", "biz", "edu", "gov", "mil", "io", "co", "app", "dev", "ai", "me", "tv",
    "xyz", "top", "site", "online", "shop", "store", "club", "vip", "live", "link", "page", "icu", "cloud",
    "tech", "space", "pro", "cc", "ru", "cn", "jp", "de", "uk", "fr", "nl", "br", "it", "au", "ca", "eu",
    "us", "ch", "at", "be", "es", "se", "no", "dk", "fi", "cz", "pt", "kr", "tw", "hk", "sg", "nz", "mx",
    "za", "ua", "example",
];

/// Finds URLs (`http://…`, `www.…`, hosts with a path or a common suffix) and e-mail addresses, in order, at most
/// [`LINKS_MAX`].
pub fn find(text: &str) -> Vec<Found> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut marks = Marks { bytes, point: Some(0), bracket: Some(0) };
    let mut at = 0;
    while out.len() < LINKS_MAX {
        let Some(mark) = marks.next(at) else { break };
        let before = bytes.get(at..mark).unwrap_or_default();
        let start = before.iter().rposition(|byte| !is_run(*byte)).map_or(at, |last| at + last + 1);
        let after = bytes.get(mark..).unwrap_or_default();
        let end = after.iter().position(|byte| !is_run(*byte)).map_or(bytes.len(), |length| mark + length);
        at = if end - start >= 4 { scan_run(text, start..end, &mut out) } else { end };
    }
    out
}

/// The bytes that say that the run around them may be a URL or an address, in order.
struct Marks<'t> {
    bytes: &'t [u8],
    /// Where the next byte of each kind is, or from where on it is looked for; `None` for nowhere.
    point: Option<usize>,
    bracket: Option<usize>,
}

impl Marks<'_> {
    /// The next one at or behind `from`.
    fn next(&mut self, from: usize) -> Option<usize> {
        self.point = self.point.and_then(|at| self.find(from.max(at), [b'.', b':', b'@']));
        self.bracket = self.bracket.and_then(|at| self.find(from.max(at), [b'[', b'(', b'{']));
        [self.point, self.bracket].into_iter().flatten().min()
    }

    fn find(&self, mut from: usize, [a, b, c]: [u8; 3]) -> Option<usize> {
        loop {
            let found = from + memchr::memchr3(a, b, c, self.bytes.get(from..)?)?;
            let next = self.bytes.get(found + 1).copied().unwrap_or(b' ');
            if self.bytes.get(found).is_some_and(|byte| hints(*byte, next)) {
                return Some(found);
            }
            from = found + 1;
        }
    }
}

/// Whether such a byte does, by the one behind it: `a.b`, `://`, `[.]`, `(at)`; not the end of a sentence.
fn hints(byte: u8, next: u8) -> bool {
    match byte {
        b'.' => next.is_ascii_alphanumeric() || matches!(next, b'[' | b'(' | b'{'),
        b':' => next == b'/',
        b'@' => true,
        _ => matches!(next, b'.' | b':' | b'/' | b'@' | b'd' | b'D' | b'a' | b'A'),
    }
}

/// The whole text is one URL or host (an anchor that shows where it leads).
pub fn whole(text: &str) -> Option<Url> {
    let text = text.trim();
    if text.len() < 4
        || text.len() > URL_BYTES_MAX
        || !text.contains(['.', ':'])
        || text.contains(char::is_whitespace)
    {
        return None;
    }
    let found = find(text);
    let first = found.into_iter().next()?;
    let rest = text.get(first.range.end..).unwrap_or_default();
    let covers = first.range.start == 0 && rest.chars().all(|c| c.is_ascii_punctuation());
    (covers && first.url.scheme.as_deref() != Some("mailto")).then_some(first.url)
}

/// Bytes that a URL or an address is written with, so far as it is ASCII.
fn is_run(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && !matches!(byte, b'<' | b'>' | b'"' | b'`')
}

/// Looks at one run of such bytes and gives where to go on (never before the run's end).
fn scan_run(text: &str, run: Range<usize>, out: &mut Vec<Found>) -> usize {
    let piece = text.get(run.clone()).unwrap_or_default();
    if let Some(armed) = refang(piece) {
        // Positions of the pieces are lost: the run as a whole is where the first URL stands.
        if let Some(found) = find_armed(&armed) {
            let start =
                run.start + piece.bytes().take_while(|byte| matches!(byte, b'(' | b'\'' | b'*')).count();
            out.push(Found { range: start..run.end, url: found, defanged: true });
            return run.end;
        }
    }
    let mut from = run.start;
    if let Some(colon) = memmem::find(piece.as_bytes(), b"://")
        && let Some(start) = scheme_start(piece, colon)
    {
        scan_words(text, run.start..run.start + start, out);
        let start = run.start + start;
        let end = url_end(text, start, true);
        let url = Url::parse(text.get(start..end).unwrap_or_default());
        if !url.domain.is_empty() {
            let (end, url) = without_tail(text, start, end, url);
            out.push(Found { range: start..end, url, defanged: false });
        }
        from = end.max(start + 1);
        if from < run.end && text.is_char_boundary(from) {
            // `https://a.example,https://b.example`: the rest is shorter, so this ends.
            return scan_run_rest(text, from..run.end, out);
        }
        return from.max(run.end);
    }
    scan_words(text, from..run.end, out);
    from = run.end;
    from
}

/// What stands in a run behind a URL: only another URL with a scheme is looked for.
fn scan_run_rest(text: &str, run: Range<usize>, out: &mut Vec<Found>) -> usize {
    let mut from = run.start;
    while from < run.end && out.len() < LINKS_MAX {
        let piece = text.get(from..run.end).unwrap_or_default();
        let Some(colon) = memmem::find(piece.as_bytes(), b"://") else { break };
        let Some(start) = scheme_start(piece, colon) else {
            from += colon + 3;
            continue;
        };
        let start = from + start;
        let end = url_end(text, start, true).max(from + colon + 3);
        let url = Url::parse(text.get(start..end).unwrap_or_default());
        if !url.domain.is_empty() {
            out.push(Found { range: start..end, url, defanged: false });
        }
        from = end;
    }
    from.max(run.end)
}

/// Where the scheme before `://` begins.
fn scheme_start(piece: &str, colon: usize) -> Option<usize> {
    let head = piece.get(..colon)?;
    SCHEMES.iter().find_map(|scheme| {
        let start = head.len().checked_sub(scheme.len())?;
        head.get(start..)?.eq_ignore_ascii_case(scheme).then_some(start)
    })
}

/// Where a URL that begins at `start` ends: before white space, quotes, full-width punctuation, and without the
/// punctuation that belongs to the sentence.
fn url_end(text: &str, start: usize, has_scheme: bool) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    // The longest scheme has five letters.
    let head = rest.as_bytes().get(..rest.len().min(8)).unwrap_or_default();
    let authority = if has_scheme { memmem::find(head, b"://").map_or(0, |at| at + 3) } else { 0 };
    let mut in_authority = true;
    let mut end = rest.len();
    let mut open: [i32; 2] = [0, 0];
    for (at, c) in rest.char_indices() {
        if at < authority {
            continue;
        }
        let stop = match c {
            '/' | '?' | '#' => {
                in_authority = false;
                false
            }
            '(' | ')' => {
                open[0] += if c == '(' { 1 } else { -1 };
                open[0] < 0
            }
            '[' | ']' => {
                open[1] += if c == '[' { 1 } else { -1 };
                open[1] < 0
            }
            ',' | ';' | '|' => starts_url(rest.get(at + 1..).unwrap_or_default()),
            '{' | '}' | '^' | '\\' if in_authority => c != '\\',
            _ if c.is_ascii() => !is_run(c as u8),
            _ => !c.is_alphanumeric() || (!in_authority && is_east_asian(c)),
        };
        if stop || at > URL_BYTES_MAX {
            end = at;
            break;
        }
    }
    let kept = rest.get(..end).unwrap_or_default();
    start + kept.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '(', '[', '|']).len().max(1)
}

fn starts_url(rest: &str) -> bool {
    rest.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("http"))
}

/// `https://example.comを見て`: words that run into the host are taken off again.
fn without_tail(text: &str, start: usize, end: usize, url: Url) -> (usize, Url) {
    if url.domain.valid || url.domain.domain.is_ascii() {
        return (end, url);
    }
    let written = text.get(start..end).unwrap_or_default();
    let Some(foreign) = written.find(|c: char| !c.is_ascii()) else { return (end, url) };
    let cut = Url::parse(written.get(..foreign).unwrap_or_default());
    if cut.domain.valid { (start + foreign, cut) } else { (end, url) }
}

/// Scripts that are written without spaces between words.
fn is_east_asian(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ffef}' | '\u{0e00}'..='\u{0eff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'%')
}

/// Addresses and hosts without a scheme.
fn scan_words(text: &str, run: Range<usize>, out: &mut Vec<Found>) {
    let mut at = run.start;
    while at < run.end && out.len() < LINKS_MAX {
        let rest = text.get(at..run.end).unwrap_or_default();
        let Some(skip) = rest.bytes().position(|byte| byte.is_ascii_alphanumeric()) else { return };
        let start = at + skip;
        let rest = rest.get(skip..).unwrap_or_default();
        let atom = rest.bytes().position(|byte| !is_atom(byte)).unwrap_or(rest.len());
        at = start
            + match rest.as_bytes().get(atom) {
                Some(b'@') => scan_address(rest, atom, start, out),
                // `mailto:` in front of an address adds nothing; any other word with a colon is no host.
                _ => scan_host(text, rest, atom, start, out),
            };
    }
}

/// An e-mail address whose local part has `atom` bytes. Gives how many bytes were read.
fn scan_address(rest: &str, atom: usize, start: usize, out: &mut Vec<Found>) -> usize {
    let domain = rest.get(atom + 1..).unwrap_or_default();
    let length = domain.bytes().position(|byte| !is_atom(byte)).unwrap_or(domain.len());
    let name = domain.get(..length).unwrap_or_default().trim_end_matches(['.', '-', '_']);
    let end = atom + 1 + name.len();
    if name.contains('.') && atom <= 64 && Domain::parse(name).valid {
        let url = Url::parse(&format!("mailto:{}", rest.get(..end).unwrap_or_default()));
        out.push(Found { range: start..start + end, url, defanged: false });
    }
    atom + 1 + length
}

/// A host name of `atom` bytes, perhaps with port and path. Gives how many bytes were read.
fn scan_host(text: &str, rest: &str, atom: usize, start: usize, out: &mut Vec<Found>) -> usize {
    let name = rest.get(..atom).unwrap_or_default();
    let host = name.trim_end_matches(['.', '-', '_']);
    let Some((_, tld)) = host.rsplit_once('.').filter(|_| atom > 3) else { return atom };
    if !tld.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return atom;
    }
    let after = rest.get(host.len()..).unwrap_or_default();
    let path = match after.strip_prefix(':') {
        Some(port) => port.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with('/'),
        None => after.starts_with('/') && after.len() > 1,
    };
    let www = host.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("www."));
    if !(path || www || is_bare_host(host, tld)) || !Domain::parse(host).valid {
        return atom;
    }
    let read = if after.starts_with(['/', ':', '?', '#']) {
        url_end(text, start, false).saturating_sub(start).max(host.len())
    } else {
        host.len()
    };
    let url = Url::parse_loose(text.get(start..start + read).unwrap_or_default());
    if url.domain.root_domain.is_some() {
        out.push(Found { range: start..start + read, url, defanged: false });
    }
    read.max(atom)
}

/// A name that is a host and no file, no abbreviation and no two sentences without a space between them.
fn is_bare_host(host: &str, tld: &str) -> bool {
    let upper = host.bytes().any(|byte| byte.is_ascii_uppercase());
    let all_upper = upper && !host.bytes().any(|byte| byte.is_ascii_lowercase());
    let plain_tld = !tld.bytes().any(|byte| byte.is_ascii_uppercase());
    let sld = host.rsplit('.').nth(1).unwrap_or_default();
    (sld.len() >= 2 || tld.len() >= 3)
        && (plain_tld || all_upper)
        && !host.contains("..")
        && BARE_TLDS.iter().any(|known| known.eq_ignore_ascii_case(tld))
}

/// The text with the marks taken out by which people disarm URLs; `None` when there are none.
fn refang(piece: &str) -> Option<String> {
    const MARKS: [(&str, &str); 12] = [
        ("[.]", "."),
        ("(.)", "."),
        ("{.}", "."),
        ("[dot]", "."),
        ("(dot)", "."),
        ("{dot}", "."),
        ("[:]", ":"),
        ("[://]", "://"),
        ("[/]", "/"),
        ("[at]", "@"),
        ("(at)", "@"),
        ("[@]", "@"),
    ];
    let hidden_scheme = starts_with_any(piece, &["hxxp", "hxtp", "htxp"]);
    if !hidden_scheme && !piece.contains(['[', '(', '{']) {
        return None;
    }
    let mut out = String::with_capacity(piece.len());
    let mut rest = piece;
    let mut found = hidden_scheme;
    if hidden_scheme {
        out.push_str("http");
        rest = piece.get(4..).unwrap_or_default();
    }
    while let Some(at) = rest.find(['[', '(', '{']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        match MARKS.iter().find(|(mark, _)| starts_with_any(after, &[mark])) {
            Some((mark, meaning)) => {
                found = true;
                out.push_str(meaning);
                rest = after.get(mark.len()..).unwrap_or_default();
            }
            None => {
                out.push_str(after.get(..1).unwrap_or_default());
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

fn starts_with_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)))
}

/// The first URL of a re-armed run.
fn find_armed(armed: &str) -> Option<Url> {
    let mut out = Vec::new();
    match memmem::find(armed.as_bytes(), b"://").and_then(|colon| scheme_start(armed, colon)) {
        Some(start) => {
            let url = Url::parse(armed.get(start..url_end(armed, start, true)).unwrap_or_default());
            return (!url.domain.is_empty()).then_some(url);
        }
        None => scan_words(armed, 0..armed.len(), &mut out),
    }
    out.into_iter().next().map(|found| found.url)
}
