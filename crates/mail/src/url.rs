//! URLs as rules see them.

mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Domain, Ip};

pub use parse::{decode_percent, decode_query};

/// A URL taken apart (host per WHATWG).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Url {
    /// The whole URL.
    pub url: String,
    /// Scheme, lower case: `http`, `https`, `mailto`, `tel`, `file`, …
    pub scheme: Option<String>,
    /// Host as a domain; for an IP host only `domain` is set and `valid` is false.
    pub domain: Domain,
    /// Host as an address.
    pub ip: Option<Ip>,
    /// Port, when written.
    pub port: Option<i64>,
    /// Path with its leading slash; `None` when empty.
    pub path: Option<String>,
    /// Raw query without `?`.
    pub query_params: Option<String>,
    /// Name → percent-decoded values, in order of the names.
    pub query_params_decoded: BTreeMap<String, Vec<String>>,
    /// Text after `#`.
    pub fragment: Option<String>,
    /// User before `@`.
    pub username: Option<String>,
    /// Password before `@`.
    pub password: Option<String>,
    /// Which re-writers were undone to get here.
    pub rewrite: Option<Rewrite>,
}

/// What was undone to reach a URL.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rewrite {
    /// Names of the re-writers, outermost first (mql.md appendix A).
    pub encoders: Vec<String>,
    /// The URL as it stood in the message.
    pub original: Option<String>,
}

impl Url {
    /// A web page: http or https, or no scheme but a host.
    pub fn is_web(&self) -> bool {
        match self.scheme.as_deref() {
            Some("http" | "https") => true,
            Some(_) => false,
            None => !self.domain.is_empty(),
        }
    }

    /// Has a host that the internet could know: a valid domain or an address.
    pub fn has_host(&self) -> bool {
        self.domain.valid || self.ip.is_some()
    }
}
