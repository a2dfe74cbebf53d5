//! Facet `link`: where links really lead, as far as can be told without looking.

use serde::Serialize;

/// Facts over all links of the newest message.
#[derive(Debug, Default, Clone, Serialize)]
pub struct LinkFacts {
    /// One entry a distinct http(s) link of the newest message, unwrapped, tracking pixels and namespaces left out.
    pub targets: Vec<Target>,
    /// Registrable domains that the links lead to, distinct; IP hosts as text.
    pub root_domains: Vec<String>,
    /// The main call to action: the most prominent link (button, image or action words).
    pub main: Option<Target>,
    /// Number of links that were wrapped.
    pub wrapped: i64,
    /// Number of wrapped links whose target cannot be told offline.
    pub opaque: i64,
    /// All targets lie in the author's registrable domain.
    pub all_own: bool,
    /// No target lies in the author's, the authenticated or the tracking domain.
    pub none_own: bool,
    /// Number of mailto links.
    pub mailto: i64,
    /// Number of tel links.
    pub tel: i64,
}

/// One link's destination.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Target {
    /// Destination URL.
    pub url: String,
    /// Its host.
    pub host: String,
    /// Its registrable domain (ICANN section); the host when it has none.
    pub root_domain: String,
    /// Text, alt or URL that it shows.
    pub display: Option<String>,
    /// Re-writers that were undone.
    pub wrappers: Vec<String>,
    /// Host of the outermost wrapper when one was undone.
    pub wrapper_host: Option<String>,
    /// The target stays hidden behind a click tracker.
    pub opaque: bool,
    /// Account id that a tracking link carries.
    pub account: Option<String>,
    /// Bulk mailer whose tracker it is.
    pub esp: Option<String>,
    /// Same registrable domain as the author; below domains whose names are sold (`sa.com`) one label more is compared.
    pub own: bool,
    /// Host is an IP address.
    pub ip_host: bool,
    /// A URL shortener.
    pub shortener: bool,
    /// A free file host, free site builder or free sub-domain host.
    pub free_host: bool,
    /// Host holds a punycode label.
    pub punycode: bool,
    /// Top-level domain is among the abused ones.
    pub suspicious_tld: bool,
    /// URL carries a recipient's address, plain, percent-encoded or base64.
    pub contains_recipient: bool,
    /// Last path segment, without a file extension, ends in exactly seven digits.
    pub seven_digits: bool,
    /// File extension of the path, lower case, when it is a download's (zip, iso, exe, …).
    pub download: Option<String>,
    /// User before the host (`https://microsoft.com@evil.example`).
    pub userinfo: bool,
    /// The shown URL's registrable domain differs.
    pub mismatched: bool,
    /// Brand whose name the host carries although the domain is not the brand's.
    pub lookalike_of: Option<String>,
    /// The registrable domain looks machine-made (random letters).
    pub random_host: bool,
    /// The link is an image's or a button's.
    pub prominent: bool,
    /// Not what the message is about: unsubscribe, preferences, legal notes, view in a browser, social profiles.
    pub auxiliary: bool,
    /// The wrapper is an open redirect of a third party (not a tracker or a protector).
    pub open_redirect: bool,
}
