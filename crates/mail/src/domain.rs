//! Host names and addresses as rules see them: registrable domain by the ICANN section of the public suffix list.

use serde::{Deserialize, Serialize};

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
