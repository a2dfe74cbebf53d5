//! Host names and addresses as rules see them: registrable domain by the ICANN section of the public suffix list.

mod ip;
#[cfg(test)]
mod tests;

use idna::AsciiDenyList;
use psl::{List, Psl, Type};
use serde::{Deserialize, Serialize};

use crate::limits::DOMAIN_BYTES_MAX;

/// A host name taken apart. Rules compare `root_domain` with names such as `workers.dev` or `github.io`, so only the
/// ICANN section of the public suffix list counts (mql.md §3.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Domain {
    /// The whole name, lower case, Unicode form; may be an unroutable label.
    pub domain: String,
    /// The registrable name (eTLD+1), lower case.
    pub root_domain: Option<String>,
    /// The label left of the public suffix.
    pub sld: Option<String>,
    /// Everything left of the registrable name; `None` when nothing is.
    pub subdomain: Option<String>,
    /// The public suffix; may hold dots (`co.uk`).
    pub tld: Option<String>,
    /// Syntactically valid and under a known public suffix.
    pub valid: bool,
    /// The ASCII form, when it differs from `domain`.
    pub punycode: Option<String>,
}

/// An IP address found in the message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Ip {
    /// Canonical text form.
    pub ip: String,
    /// 4 or 6.
    pub version: i64,
    /// How it was written, when not canonically.
    pub translation: Option<IpTranslation>,
}

/// How an address was disguised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct IpTranslation {
    /// As written.
    pub original: String,
    /// An IPv4 address inside an IPv6 one.
    pub v4_to_v6: bool,
    /// `octal`, `hex`, `decimal_integer`, `short`.
    pub encoders: Vec<String>,
}

/// Names that RFC 2606 and RFC 6761 reserve, and that documentation and tests use like real ones.
const RESERVED_TLDS: [&str; 2] = ["example", "test"];

/// Most names lie under these, and the ICANN section has no longer rule under any of them (a test asks the list).
const PLAIN_TLDS: [&str; 6] = ["com", "net", "org", "edu", "gov", "info"];

impl Domain {
    /// Takes a host name apart. Total: junk gives its own text, in lower case, that is not `valid`.
    ///
    /// A name under a suffix that the list does not know (`corp.local`) has its last label as `tld` and the last two
    /// as `root_domain`, as the list's default rule says, and is not valid.
    pub fn parse(text: &str) -> Domain {
        let text = cut(text.trim(), DOMAIN_BYTES_MAX);
        let text = text.trim_end_matches('.');
        if is_plain(text) {
            return Self::from_ascii(text.to_owned());
        }
        if text.is_empty() {
            return Self::default();
        }
        let Ok(ascii) = idna::domain_to_ascii_cow(text.as_bytes(), AsciiDenyList::URL) else {
            let mut junk = Self::from_ascii(text.to_lowercase());
            junk.valid = false;
            return junk;
        };
        let ascii = ascii.trim_end_matches('.').to_owned();
        if !ascii.contains("xn--") {
            return Self::from_ascii(ascii);
        }
        let (unicode, readable) = idna::domain_to_unicode(&ascii);
        let parsed = Self::from_ascii(ascii);
        if readable.is_err() || unicode == parsed.domain {
            return parsed;
        }
        parsed.into_unicode(unicode)
    }

    /// Takes apart a name that is in ASCII and lower case (or junk that only has to be split).
    fn from_ascii(name: String) -> Domain {
        let mut out = Domain::default();
        let (tld, known) = public_suffix(&name);
        if let Some(tld) = tld {
            out.valid = known && is_syntactic(&name);
            out.tld = Some(tld.to_owned());
            if let Some(rest) = name
                .strip_suffix(tld)
                .and_then(|rest| rest.strip_suffix('.'))
                .filter(|rest| !rest.ends_with('.') && !rest.is_empty())
            {
                let (subdomain, sld) =
                    rest.rsplit_once('.').map_or((None, rest), |(sub, sld)| (Some(sub), sld));
                out.root_domain = name.get(name.len() - tld.len() - 1 - sld.len()..).map(str::to_owned);
                out.sld = Some(sld.to_owned());
                out.subdomain = subdomain.map(str::to_owned);
            }
        }
        out.domain = name;
        out
    }

    /// The same split over the Unicode form: both forms have the same number of labels in every part.
    fn into_unicode(self, unicode: String) -> Domain {
        let tail = |part: &Option<String>| {
            let labels = part.as_ref()?.matches('.').count() + 1;
            let start = unicode.rmatch_indices('.').nth(labels - 1).map_or(0, |(at, _)| at + 1);
            unicode.get(start..)
        };
        let tld = tail(&self.tld).map(str::to_owned);
        let root_domain = tail(&self.root_domain).map(str::to_owned);
        let sld = root_domain.as_ref().and_then(|root| root.split('.').next()).map(str::to_owned);
        let subdomain = root_domain
            .as_ref()
            .and_then(|root| unicode.strip_suffix(root.as_str())?.strip_suffix('.'))
            .map(str::to_owned);
        Domain {
            root_domain,
            sld,
            subdomain,
            tld,
            valid: self.valid,
            punycode: Some(self.domain),
            domain: unicode,
        }
    }

    /// The ASCII form, whichever field holds it.
    pub fn ascii(&self) -> &str {
        self.punycode.as_deref().unwrap_or(&self.domain)
    }

    /// The registrable name, or the whole name when it has none.
    pub fn root(&self) -> &str {
        self.root_domain.as_deref().unwrap_or(&self.domain)
    }

    /// Nothing was there.
    pub fn is_empty(&self) -> bool {
        self.domain.is_empty()
    }

    /// A host that is an address: only the text, nothing of it registrable.
    pub(crate) fn of_address(ip: &str) -> Domain {
        Domain { domain: ip.to_owned(), ..Domain::default() }
    }
}

/// The public suffix by the ICANN section, and whether the list knows it. `None` for an address or an empty name.
fn public_suffix(name: &str) -> (Option<&str>, bool) {
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.is_empty() || last.bytes().all(|byte| byte.is_ascii_digit()) || name.contains([':', '@', ' ']) {
        return (None, false);
    }
    if PLAIN_TLDS.contains(&last) {
        return (Some(last), true);
    }
    let mut rest = name;
    // A private suffix hides the ICANN one it lies under: look again one label further right.
    while let Some(suffix) = List.suffix(rest.as_bytes()) {
        let found = rest.get(rest.len() - suffix.as_bytes().len()..).unwrap_or(last);
        match suffix.typ() {
            Some(Type::Icann) => return (Some(found), true),
            Some(Type::Private) => match found.split_once('.') {
                Some((_, right)) => rest = right,
                None => break,
            },
            None => break,
        }
    }
    let reserved = RESERVED_TLDS.contains(&last);
    if reserved && let Some(registry) = second_level(name, last) {
        return (Some(registry), true);
    }
    (Some(last), reserved)
}

/// Under a reserved name documentation and tests write `shop.co.example` as they would write `shop.co.uk`.
fn second_level<'a>(name: &'a str, last: &str) -> Option<&'a str> {
    let rest = name.strip_suffix(last)?.strip_suffix('.')?;
    let (owner, label) = rest.rsplit_once('.')?;
    let registry = matches!(label, "ac" | "co" | "com" | "edu" | "gov" | "net" | "org");
    (registry && !owner.is_empty()).then(|| name.get(owner.len() + 1..)).flatten()
}

/// Lower-case letters, digits, hyphens, underscores and dots, and no label that IDNA would have to look at.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
        && !text.contains("xn--")
}

/// The lengths of RFC 1035 and the characters that hosts have. Underscores and outer hyphens do occur in host names.
fn is_syntactic(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

/// The longest start of `text` that has at most `max` bytes and ends at a character.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
