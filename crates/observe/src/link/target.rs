//! Facts of one link's destination.

use sekisho_mail::{Link, Url};
use sekisho_record::evidence::link::Target;

use super::{recipient::Needles, words};
use crate::{
    limits::LINK_DISPLAY_CHARS_MAX,
    lists,
    unwrap::{LayerKind, Unwrapped},
};

/// Hosts of XML namespaces and document types, which text and markup mention and nobody visits.
const NAMESPACES: &[&str] =
    &["w3.org", "schemas.microsoft.com", "schemas.openxmlformats.org", "purl.org", "xmlns.com"];

/// Where companies have profiles, and where their apps are: feet of mails are full of them.
const PROFILES: &[&str] = &[
    "facebook.com",
    "twitter.com",
    "x.com",
    "instagram.com",
    "linkedin.com",
    "youtube.com",
    "pinterest.com",
    "tiktok.com",
    "apps.apple.com",
    "itunes.apple.com",
    "play.google.com",
    "threads.net",
    "line.me",
];

/// A namespace, not a place.
pub(super) fn is_namespace(url: &Url) -> bool {
    let domain = &url.domain;
    NAMESPACES.iter().any(|entry| domain.root() == *entry || domain.domain == *entry)
}

/// The link's targets. With `outer`, the page of an unlisted redirect, that page is one too, and comes first: a
/// link to `evil.example/?url=https://bank.example` must not count as the bank's. Sites that are known, and the
/// author's own, are believed to redirect.
pub(super) fn build(
    link: &Link,
    found: Option<&Unwrapped>,
    outer: Option<&Url>,
    author: &str,
    needles: &Needles,
) -> Vec<Target> {
    let mut out = Vec::with_capacity(1);
    if let Some(outer) = outer {
        let root = outer.domain.root();
        let own = lists::holder(&outer.domain) == author;
        let known = lists::contains("high_trust_sender_root_domains", root) && !is_free_host(&outer.domain);
        if !own && !known {
            out.push(one(outer, link, None, author, needles));
        }
    }
    match found {
        Some(found) => out.push(one(&found.target, link, Some(found), author, needles)),
        None => out.push(one(&link.href_url, link, None, author, needles)),
    }
    out
}

fn one(url: &Url, link: &Link, found: Option<&Unwrapped>, author: &str, needles: &Needles) -> Target {
    let domain = &url.domain;
    let root = domain.root();
    let opaque = found.is_some_and(|found| found.opaque);
    let display = display(link);
    let mut target = Target {
        url: url.url.clone(),
        host: domain.domain.clone(),
        root_domain: root.to_owned(),
        opaque,
        own: !author.is_empty() && lists::holder(domain) == author,
        ip_host: url.ip.is_some(),
        shortener: on_list("url_shorteners", domain),
        free_host: is_free_host(domain),
        punycode: domain.punycode.is_some() || domain.domain.contains("xn--"),
        suspicious_tld: domain.tld.as_deref().is_some_and(|tld| lists::contains("suspicious_tlds", tld))
            || lists::contains("suspicious_tlds", root),
        contains_recipient: needles.in_url(&url.url),
        seven_digits: url.path.as_deref().is_some_and(ends_in_seven_digits),
        download: url.path.as_deref().and_then(download),
        userinfo: url.username.is_some(),
        mismatched: !opaque && shows_another(link, url),
        random_host: domain.sld.as_deref().is_some_and(looks_random),
        prominent: link.prominent || link.image_src.is_some(),
        ..Target::default()
    };
    if let Some(found) = found {
        add_layers(&mut target, found);
    }
    target.auxiliary = is_auxiliary(&target, display.as_deref(), link);
    target.display = display;
    target
}

fn add_layers(target: &mut Target, found: &Unwrapped) {
    let undone = || found.layers.iter().filter(|layer| !layer.opaque);
    target.wrappers = undone().map(|layer| layer.encoder.to_owned()).collect();
    target.wrapper_host = undone().next().map(|layer| layer.host.clone());
    target.account = found.layers.iter().find_map(|layer| layer.account.clone());
    target.esp = found.layers.iter().find_map(|layer| layer.esp).map(str::to_owned);
    target.open_redirect = found.layers.iter().any(|layer| {
        layer.kind == LayerKind::OpenRedirect
            && !layer.opaque
            && !layer.host.ends_with(target.root_domain.as_str())
    });
}

/// Anybody can put a page or a file there.
fn is_free_host(domain: &sekisho_mail::Domain) -> bool {
    ["free_subdomain_hosts", "free_file_hosts", "self_service_creation_platform_domains"]
        .iter()
        .any(|list| on_list(list, domain))
}

/// The registrable domain or a host below it is on the list.
fn on_list(list: &str, domain: &sekisho_mail::Domain) -> bool {
    lists::contains(list, domain.root())
        || domain.subdomain.is_some() && lists::holds_host(list, &domain.domain)
}

/// Text, alternative text or URL, whichever a reader sees first.
fn display(link: &Link) -> Option<String> {
    let shown = link
        .display_text
        .as_deref()
        .or(link.image_alt.as_deref())
        .or(link.display_url.as_ref().map(|url| url.url.as_str()))?
        .trim();
    let end = shown.char_indices().nth(LINK_DISPLAY_CHARS_MAX).map_or(shown.len(), |(at, _)| at);
    shown.get(..end).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn shows_another(link: &Link, url: &Url) -> bool {
    link.display_url
        .as_ref()
        .is_some_and(|shown| shown.domain.valid && url.has_host() && shown.domain.root() != url.domain.root())
}

/// Exactly seven digits end the last segment, or stand right before its file extension; a slash may follow.
fn ends_in_seven_digits(path: &str) -> bool {
    let segment = path.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let extension = |word: &str| {
        (2..=4).contains(&word.len())
            && word.bytes().all(|b| b.is_ascii_alphanumeric())
            && word.bytes().any(|b| b.is_ascii_alphabetic())
    };
    let segment =
        segment.rsplit_once('.').filter(|(_, after)| extension(after)).map_or(segment, |(stem, _)| stem);
    segment.bytes().rev().take_while(u8::is_ascii_digit).count() == 7
}

/// The extension when it is a file's that one downloads.
fn download(path: &str) -> Option<String> {
    // These end host names and pages at least as often as files.
    const AMBIGUOUS: &[&str] =
        &["com", "app", "run", "action", "command", "workflow", "website", "one", "htm", "html", "z"];
    let (stem, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    if stem.is_empty() || extension.is_empty() || extension.len() > 12 {
        return None;
    }
    let extension = extension.to_ascii_lowercase();
    let listed = [
        "file_extensions_common_archives",
        "file_extensions_executables",
        "file_extensions_macros",
        "file_extensions_suspicious",
    ]
    .iter()
    .any(|list| lists::contains(list, &extension));
    (listed && !AMBIGUOUS.contains(&extension.as_str())).then_some(extension)
}

/// Long and hardly pronounceable: a long run of consonants, next to no vowels, or letters and digits in turns.
pub(super) fn looks_random(label: &str) -> bool {
    if label.len() < 8 || !label.is_ascii() {
        return false;
    }
    let is_vowel = |b: u8| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    let (mut vowels, mut letters, mut run, mut longest, mut turns) = (0u32, 0u32, 0u32, 0u32, 0u32);
    let mut before_digit = None;
    for byte in label.bytes() {
        if byte == b'-' {
            run = 0;
            continue;
        }
        let digit = byte.is_ascii_digit();
        if before_digit.is_some_and(|before| before != digit) {
            turns += 1;
        }
        before_digit = Some(digit);
        if digit || is_vowel(byte) {
            run = 0;
        } else {
            run += 1;
            longest = longest.max(run);
        }
        letters += u32::from(!digit);
        vowels += u32::from(is_vowel(byte));
    }
    longest >= 7
        || (longest >= 5 && letters >= 10 && vowels * 5 < letters)
        || (letters >= 10 && vowels * 7 < letters)
        || turns >= 4
}

/// At the foot of the mail, not what it is about. What asks for action is never auxiliary by its URL alone.
fn is_auxiliary(target: &Target, display: Option<&str>, link: &Link) -> bool {
    let shown = display.unwrap_or("");
    if words::is_auxiliary(shown) {
        return true;
    }
    let asks = words::is_action(shown);
    let profile = PROFILES.contains(&target.root_domain.as_str()) || PROFILES.contains(&target.host.as_str());
    !asks && !link.prominent && (profile || words::is_auxiliary_url(&target.url))
}

/// How strongly the link calls for action.
pub(super) fn appeal(target: &Target, link: &Link) -> i32 {
    let shown = target.display.as_deref().unwrap_or("");
    let asks = words::is_action(shown);
    let bare = target.url.split("://").nth(1).is_none_or(|rest| !rest.trim_end_matches('/').contains('/'));
    let logo = bare && link.image_src.is_some() && !asks;
    let mut score = 0;
    score += if link.prominent { 4 } else { 0 };
    score += if link.image_src.is_some() { 1 } else { 0 };
    score += if asks { 3 } else { 0 };
    score -= if logo { 4 } else { 0 };
    score -= if link.visible { 0 } else { 3 };
    score -= if words::is_auxiliary_url(&target.url) { 2 } else { 0 };
    score
}
