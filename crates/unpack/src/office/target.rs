//! Targets outside a document: where a template, object or picture is loaded from, and how bad that is.

use crate::{
    Derived, Id, IndicatorKind, Place, Severity,
    scan::{Scan, TextKind},
};

/// Bytes of a target that are looked at.
/// Where a longer one leads stands at its beginning.
const TARGET_BYTES_MAX: usize = 4_096;

/// Hosts that only lead on to others.
const SHORTENERS: [&str; 18] = [
    "bit.ly",
    "bitly.com",
    "tinyurl.com",
    "t.co",
    "goo.gl",
    "is.gd",
    "v.gd",
    "cutt.ly",
    "rebrand.ly",
    "ow.ly",
    "rb.gy",
    "t.ly",
    "s.id",
    "shorturl.at",
    "tiny.cc",
    "urlz.fr",
    "t2m.io",
    "shorte.st",
];

/// Endings that no honest template or object of a mailed document has.
const ACTIVE_ENDINGS: [&str; 18] = [
    "dotm", "dot", "docm", "rtf", "php", "jpg", "jpeg", "png", "gif", "hta", "sct", "wsc", "vbs", "js",
    "xsl", "html", "htm", "exe",
];

/// Schemes and marks that hand what follows to a program of the system.
const MONIKERS: [&str; 11] = [
    "mhtml:",
    "!x-usc:",
    "ms-msdt:",
    "search-ms:",
    "script:",
    "ms-officecmd:",
    "its:",
    "mk:@msitstore:",
    "javascript:",
    "vbscript:",
    "ms-appinstaller:",
];

/// A target that is not inside the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// As written, percent escapes of plain characters undone.
    pub(crate) text: String,
    /// Host, lower case, without port; none for files of this computer.
    pub(crate) host: Option<String>,
    /// A web address.
    pub(crate) web: bool,
    /// A path of the network: Windows signs in there by itself.
    pub(crate) unc: bool,
    /// A program of the system is named that handles it.
    pub(crate) moniker: bool,
}

impl Target {
    /// Reads any text.
    pub(crate) fn of(raw: &str) -> Target {
        let text = plain(raw.trim());
        let lower = text.to_ascii_lowercase();
        let moniker = MONIKERS.iter().any(|m| starts_or_marks(&lower, m))
            || lower.contains(".html!")
            || lower.contains(".htm!");
        let mut target = Target { moniker, ..Target::default() };
        if let Some(at) = ["https://", "http://", "ftp://"].iter().filter_map(|s| lower.find(s)).min() {
            target.web = true;
            target.host = host_of(lower.get(at..).unwrap_or_default());
        } else if let Some(rest) = unc_rest(&lower) {
            target.host = rest.split(['/', '\\']).next().filter(|h| !h.is_empty()).map(str::to_owned);
            target.unc = target.host.is_some();
        }
        target.text = text;
        target
    }

    /// It is loaded over a network.
    pub(crate) fn remote(&self) -> bool {
        self.web || self.unc
    }

    /// The host is one of the reader's own network.
    pub(crate) fn intranet(&self) -> bool {
        let Some(host) = self.host.as_deref() else { return false };
        let name = host.split('@').next().unwrap_or(host);
        if let Ok(ip) = name.parse::<std::net::Ipv4Addr>() {
            return ip.is_private() || ip.is_loopback() || ip.is_link_local();
        }
        const INNER: [&str; 9] = [
            ".local",
            ".lan",
            ".corp",
            ".internal",
            ".intra",
            ".intranet",
            ".home",
            ".domain",
            ".localdomain",
        ];
        !name.contains('.') && !name.starts_with('[') && !name.starts_with("0x") && !number(name)
            || INNER.iter().any(|end| name.ends_with(end))
    }

    /// The host is the sender's own, or a SharePoint that only its members open.
    pub(crate) fn own(&self, scan: &Scan<'_>) -> bool {
        let Some(host) = self.host.as_deref() else { return false };
        let of_sender = scan.hints.sender_domain.as_deref().is_some_and(|domain| {
            host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
        });
        of_sender || host.ends_with(".sharepoint.com")
    }

    /// An address, shortener, ending or share that speaks for itself.
    pub(crate) fn blatant(&self) -> bool {
        let Some(host) = self.host.as_deref() else { return false };
        let share = host.contains('@') || self.text.to_ascii_lowercase().contains("davwwwroot");
        let bare =
            host.parse::<std::net::IpAddr>().is_ok() || host.starts_with(['[']) || host.starts_with("0x");
        let path = self.text.split(['?', '#']).next().unwrap_or_default();
        let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, e)| e);
        let active = ending.is_some_and(|e| ACTIVE_ENDINGS.contains(&e.to_ascii_lowercase().as_str()));
        share || bare || number(host) || SHORTENERS.contains(&host) || self.web && active
    }
}

fn number(host: &str) -> bool {
    host.len() >= 8 && host.bytes().all(|b| b.is_ascii_digit())
}

/// A mark may stand anywhere, a scheme only where a word begins.
fn starts_or_marks(lower: &str, mark: &str) -> bool {
    if mark.starts_with('!') {
        return lower.contains(mark);
    }
    let mut from = 0;
    while let Some(at) = lower.get(from..).and_then(|rest| rest.find(mark)).map(|at| at + from) {
        let before = lower.get(..at).and_then(|b| b.chars().next_back());
        if before.is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '/' | '.')) {
            return true;
        }
        from = at + mark.len();
    }
    false
}

/// What follows `\\` or `file://` (with any number of slashes) when a host stands there.
fn unc_rest(lower: &str) -> Option<&str> {
    let path = lower.strip_prefix("file:").unwrap_or(lower);
    let slashes = path.bytes().take_while(|b| matches!(b, b'/' | b'\\')).count();
    let rest = path.get(slashes..)?;
    // `file:///C:/x` and `file:///x` are of this computer; `file://///host/x` and `file:\\host` are not.
    let local = rest.as_bytes().get(1) == Some(&b':') || rest.is_empty() || rest.starts_with("localhost");
    let named = path.len() < lower.len();
    let of_network =
        if named { slashes == 2 || slashes >= 4 } else { slashes == 2 && path.starts_with("\\\\") };
    (of_network && !local).then_some(rest)
}

fn host_of(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#', '\\', '!']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host } else { host.split(':').next()? };
    (!host.is_empty()).then(|| host.to_owned())
}

/// Percent escapes of printable ASCII undone.
fn plain(raw: &str) -> String {
    let mut end = raw.len().min(TARGET_BYTES_MAX);
    while !raw.is_char_boundary(end) {
        end -= 1;
    }
    let raw = raw.get(..end).unwrap_or_default();
    if !raw.contains('%') {
        return raw.to_owned();
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code.filter(|c| (0x21..0x7F).contains(c) && *c != b'%') {
            Some(code) => {
                out.push(char::from(code));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// How bad something loaded from there is: a template that nobody would honestly send is worse than usual.
pub(crate) fn severity(target: &Target, id: Id, scan: &Scan<'_>) -> Severity {
    if target.intranet() || target.own(scan) {
        Severity::Low
    } else if id == Id::TplRemote && target.blatant() {
        Severity::Critical
    } else {
        id.severity()
    }
}

/// Notes the address and, for a path of the network, that the reader's password hash goes there.
pub(crate) fn note(target: &Target, place: &Place, scan: &mut Scan<'_>) {
    scan.text(TextKind::Decoded, target.text.clone(), place.clone());
    if let Some(host) = target.host.as_deref().and_then(|h| h.split('@').next()) {
        scan.indicate(IndicatorKind::Host, host, place.clone());
    }
    if target.unc {
        scan.indicate(IndicatorKind::Url, &target.text, place.clone());
        let severity = if target.intranet() || target.own(scan) { Severity::Info } else { Severity::High };
        scan.find_as(Id::UncLeak, severity, Derived::Static, place.clone(), &target.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str) -> String {
        let t = Target::of(raw);
        let flags = [
            (t.web, "web"),
            (t.unc, "unc"),
            (t.moniker, "moniker"),
            (t.intranet(), "inner"),
            (t.blatant(), "blatant"),
        ];
        let words: Vec<&str> = flags.iter().filter(|(on, _)| *on).map(|(_, w)| *w).collect();
        format!("{} {}", t.host.as_deref().unwrap_or("-"), words.join(" ")).trim().to_owned()
    }

    #[test]
    fn targets() {
        assert_eq!(check("http://alpha.example/t.dotm"), "alpha.example web blatant");
        assert_eq!(check("https://office.example/templates/letter.dotx"), "office.example web");
        assert_eq!(check("HTTP://user@203.0.113.7:8080/x"), "203.0.113.7 web blatant");
        assert_eq!(
            check("mhtml:http://b.example/p.html!x-usc:http://b.example/p.html"),
            "b.example web moniker blatant"
        );
        assert_eq!(check("http://b.example/poc.html!"), "b.example web moniker");
        assert_eq!(check(r"file:///C:\Users\x\Normal.dotm"), "-");
        assert_eq!(check("file:///home/x/y.dot"), "-");
        assert_eq!(check(r"\\evil.example@SSL\DavWWWRoot\x.dot"), "evil.example@ssl unc blatant");
        assert_eq!(check(r"file:///\\fileserver\templates\a.dotx"), "fileserver unc inner");
        assert_eq!(check("file://192.168.1.2/templates/a.dotx"), "192.168.1.2 unc inner blatant");
        assert_eq!(check("file://localhost/Users/x/a.png"), "-");
        assert_eq!(check("word/media/image1.png"), "-");
        assert_eq!(check("../customXml/item1.xml"), "-");
        assert_eq!(check("h%74tp://e.example/%41.rtf"), "e.example web blatant");
        assert_eq!(check("mailto:transcript:a@b.example"), "-");
    }
}
