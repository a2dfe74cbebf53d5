//! What a page wants from its reader: a password, and whether it was made for one reader.

use base64::Engine as _;
use sekisho_mail::Url;

use super::{judge::outward, page::Page};
use crate::{
    Id, IndicatorKind,
    scan::Scan,
    script::{
        decode,
        js::{Machine, What},
    },
};

/// Services whose attachments ask for a password by design: envelopes of encrypted mail.
const ENVELOPES: &[&str] = &[
    "cisco.com",
    "proofpoint.com",
    "zixcorp.com",
    "zixmail.net",
    "zixport.com",
    "zixmessagecenter.com",
    "totemo.com",
    "echoworx.com",
    "virtru.com",
    "barracudanetworks.com",
    "mimecast.com",
    "trendmicro.com",
    "office365.com",
    "sophos.com",
    "seppmail.ch",
];
/// Pieces of an address that may be a reader's; who is meant is asked for at its beginning or not at all.
const PIECES_MAX: usize = 64;
/// Links of a page that is about one thing.
const FEW_LINKS: usize = 3;

pub(super) fn check(page: &Page, machine: &Machine<'_>, scan: &mut Scan<'_>) {
    credentials(page, machine, scan);
    if let Some(address) = recipient(page, machine, scan) {
        scan.find(Id::HtmRcptEmbed, "", &address);
        scan.indicate(IndicatorKind::Email, &address, "");
    }
}

/// A password that goes elsewhere.
fn credentials(page: &Page, machine: &Machine<'_>, scan: &mut Scan<'_>) {
    if page.html.password_inputs == 0 && !page.masked_input {
        return;
    }
    let requests = machine.events.iter().filter(|e| e.what == What::Request).map(|e| e.text.as_str());
    let literal = page
        .scripts
        .iter()
        .filter(|s| s.text.contains("api.telegram.org"))
        .map(|_| "https://api.telegram.org/");
    let mut targets = page.actions.iter().map(String::as_str).chain(requests).chain(literal);
    let target = targets.find(|target| {
        let root = Url::parse(target.trim()).domain.root_domain.unwrap_or_default();
        outward(target) && !ENVELOPES.contains(&root.as_str())
    });
    if let Some(target) = target {
        scan.find(Id::HtmCredForm, "form", format!("a password goes to {target}"));
    }
}

/// The reader's address in a place where no address is shown.
fn recipient(page: &Page, machine: &Machine<'_>, scan: &Scan<'_>) -> Option<String> {
    let known = &scan.hints.recipients;
    let fits = |address: &String| {
        let own = scan.hints.sender_domain.as_deref().is_some_and(|d| address.ends_with(d));
        if known.is_empty() { !own } else { known.iter().any(|k| k.eq_ignore_ascii_case(address)) }
    };
    let refresh = page.html.refresh.iter().map(|u| u.url.as_str());
    let events = machine.events.iter().filter(|e| e.what == What::Location).map(|e| e.text.as_str());
    let links = page.links.iter().map(String::as_str).filter(|l| !l.starts_with("mailto:"));
    // A page of many links is a newsletter, whose links to unsubscribe carry an address.
    let few = page.links.len() <= FEW_LINKS;
    let links =
        links.map(|l| if few { l } else { l.find('#').and_then(|at| l.get(at..)).unwrap_or_default() });
    let links = links.filter(|l| !known.is_empty() || l.contains(['#', '?']));
    let decoded = machine.decoded.iter().map(String::as_str).filter_map(plain_address);
    let goes = refresh.chain(events).filter(|l| outward(l));
    let addresses = links.filter(|l| outward(l) || l.starts_with('#')).chain(goes).filter_map(address_in);
    // Whose address it is nobody knows without the recipients: the owner's stands in many a page's fields and paths.
    let values = page.values.iter().filter(|_| !known.is_empty()).filter_map(|v| plain_address(v));
    let hidden = decoded.chain(addresses).chain(values).find(fits);
    hidden.or_else(|| coded(page, known).find(fits))
}

/// A text that is an address and nothing else.
fn plain_address(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, host) = text.split_once('@')?;
    let part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '\'');
    let ok = (1..=64).contains(&local.len())
        && (4..=200).contains(&host.len())
        && local.chars().all(part)
        && host.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-')
        && host.rsplit_once('.').is_some_and(|(name, tld)| {
            !name.is_empty() && tld.len() >= 2 && tld.chars().all(char::is_alphabetic)
        });
    ok.then(|| text.to_lowercase())
}

/// An address in the fragment, a parameter or the last part of a web address; plain, base64 or hexadecimal.
pub(super) fn address_in(url: &str) -> Option<String> {
    let pieces = url.split(['#', '?', '&', '=', '/', ',', ';', '*', '$']).skip(1).take(PIECES_MAX);
    let mut whole = pieces.filter(|p| p.len() >= 6 && p.len() < 512).map(sekisho_mail::url::decode_percent);
    whole.find_map(|piece| plain_address(&piece).or_else(|| uncover(&piece)))
}

/// Base64 or hexadecimal of an address.
fn uncover(text: &str) -> Option<String> {
    if !(12..=400).contains(&text.len()) {
        return None;
    }
    let bytes = decode::hex(text).or_else(|| decode::base64(text.as_bytes()))?;
    plain_address(std::str::from_utf8(&bytes).ok()?)
}

/// Addresses in literals of scripts: coded, or plain where the readers are known.
fn coded<'p>(page: &'p Page, known: &'p [String]) -> impl Iterator<Item = String> + 'p {
    let texts = page.scripts.iter().map(|s| s.text.as_str());
    let forms: Vec<(String, &String)> = known
        .iter()
        .flat_map(|k| {
            let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(k);
            [(base64, k), (crate::walk::hex(k.as_bytes()), k), (k.clone(), k)]
        })
        .collect();
    texts.flat_map(move |text| {
        let small = text.len() < 1 << 20;
        let found =
            forms.iter().find(|(form, _)| small && text.contains(form.as_str())).map(|(_, k)| (*k).clone());
        let literals = text.split(['"', '\'', '`']).skip(1);
        let plain = |l: &str| plain_address(l).filter(|_| !known.is_empty());
        let literals = literals.filter_map(move |l| plain(l).or_else(|| uncover(l)));
        found.into_iter().chain(literals)
    })
}
