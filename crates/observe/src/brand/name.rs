//! Surfaces of the author: display name, local part, host labels, look-alike domain.

use sekisho_record::Evidence;

use super::{
    book::{Book, Hit},
    claims::{Claims, HIGH, LOW, MEDIUM, TRACE},
    lookalike::lookalike,
    own, words,
};
use crate::{
    fold::{fold, skeleton, unspace},
    limits,
};

/// The display name.
pub(super) fn display(book: &Book, evidence: &Evidence, claims: &mut Claims) {
    let Some(name) = evidence.model.sender.display_name.as_deref().filter(|n| !n.trim().is_empty()) else {
        return;
    };
    let name: String = name.chars().take(limits::DISPLAY_CHARS_MAX).collect();
    let folded = fold(&name);
    let spaced = unspace(&folded.text);
    let text = spaced.as_deref().unwrap_or(&folded.text);
    let disguised = folded.disguised || spaced.is_some();
    let hits = book.find(text, limits::HITS_MAX);
    for hit in &hits {
        let points = weigh(book, text, hit);
        claims.add(hit.brand, "display_name", points, &name, disguised);
    }
    shown_domains(book, text, &name, claims);
    if hits.is_empty() {
        imitations(book, evidence, text, &name, claims);
    }
}

/// How much a name in the display name claims.
fn weigh(book: &Book, text: &str, hit: &Hit) -> u8 {
    let Some(record) = book.brand(hit.brand) else { return 0 };
    let (before, after) =
        (text.get(..hit.start).unwrap_or_default(), text.get(hit.end..).unwrap_or_default());
    let rest =
        before.split(|c: char| !c.is_alphanumeric()).chain(after.split(|c: char| !c.is_alphanumeric()));
    let mut strangers = 0usize;
    let mut roles = 0usize;
    for word in rest.filter(|w| !w.is_empty()) {
        // Chinese and Japanese have no spaces; what stands beside a name there is an office or a topic.
        if words::is_role(word) || !word.is_ascii() && words::is_cjk_phrase(word) {
            roles += 1;
        } else {
            strangers += 1;
        }
    }
    let whole = strangers == 0;
    let topic = words::is_topic(after);
    let spoken_for = before.ends_with(" for ") || before.ends_with(" at ") || before.ends_with(" from ");
    match (hit.weak, record.listed) {
        _ if topic => TRACE,
        (false, false) if spoken_for => MEDIUM,
        (false, false) => HIGH,
        (true, false) if whole && roles > 0 => HIGH,
        (true, false) if whole => MEDIUM,
        // `Chase Miller` is a person, `Ledger Data Notice` is not.
        (true, false) if strangers <= 2 && roles > 0 && before.trim().is_empty() => LOW,
        (false, true) if whole => MEDIUM,
        (false, true) => LOW,
        (true, true) if whole && roles > 0 => LOW,
        _ => TRACE,
    }
}

/// Domain names and addresses that the display name shows: the brand's own, or ones that imitate it.
fn shown_domains(book: &Book, text: &str, name: &str, claims: &mut Claims) {
    for word in text.split([' ', '<', '>', '(', ')', '"', '\'', ',', ';']).take(limits::HITS_MAX) {
        let domain = word.rsplit_once('@').map_or(word, |(_, domain)| domain).trim_matches('.');
        if !domain.contains('.') || !domain.is_ascii() || domain.len() > 253 {
            continue;
        }
        for (brand, hold) in book.holders(domain) {
            if hold == super::book::Hold::Own {
                claims.add(brand, "display_name", HIGH, name, false);
            }
        }
        let (root, tld) = own::split(domain);
        if let Some(found) = lookalike(book, domain, root, tld) {
            claims.add(found.brand, "display_name", HIGH, name, found.kind != "subdomain");
        }
    }
}

/// Names written with digits for letters, or with one letter wrong.
fn imitations(book: &Book, evidence: &Evidence, text: &str, name: &str, claims: &mut Claims) {
    let list: Vec<&str> = text.split(' ').filter(|w| !w.is_empty()).take(16).collect();
    let author = evidence.model.sender.email.as_ref().map_or("", |e| e.domain.domain.as_str());
    let author = skeleton(author);
    for from in 0..list.len() {
        for to in from + 1..=list.len().min(from + 3) {
            let word = list.get(from..to).unwrap_or_default().concat();
            let word =
                word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '@' | '$' | '!' | '|'));
            if word.len() < 5 || word.len() > 40 {
                continue;
            }
            if let Some(brand) = book.disguised(word) {
                claims.add(brand, "display_name", HIGH, name, true);
            } else if to == from + 1
                && word.len() >= 7
                && !author.contains(&skeleton(word))
                && let Some(brand) = book.misspelt(word, 7)
            {
                claims.add(brand, "display_name", MEDIUM, name, true);
            } else if to > from + 1
                && let Some(found) = book.compact(word).filter(|n| !n.weak)
            {
                claims.add(found.brand, "display_name", MEDIUM, name, true);
            }
        }
    }
}

/// The address: local part, labels below the registrable domain, and a domain that imitates a brand's.
pub(super) fn address(book: &Book, evidence: &Evidence, claims: &mut Claims) {
    let Some(email) = evidence.model.sender.email.as_ref() else { return };
    let domain = email.domain.domain.as_str();
    if let Some(local) = email.local_part.as_deref() {
        let text = fold(&local.replace(['.', '_', '-', '+', '='], " ")).text;
        for hit in book.find(&text, 4) {
            let listed = book.brand(hit.brand).is_none_or(|b| b.listed);
            let rest = [text.get(..hit.start), text.get(hit.end..)].into_iter().flatten();
            let alone = rest.flat_map(|r| r.split(' ')).filter(|w| !w.is_empty()).all(words::is_role);
            let points = match (hit.weak, alone) {
                _ if listed => TRACE,
                (false, true) => MEDIUM,
                (false, false) | (true, true) => LOW,
                (true, false) => 0,
            };
            claims.add(hit.brand, "local_part", points, &email.email, false);
        }
    }
    let root = email.domain.root_domain.as_deref().unwrap_or(domain);
    let tld = email.domain.tld.as_deref().unwrap_or_default();
    if let Some(found) = lookalike(book, domain, root, tld) {
        let (surface, points) = match found.kind {
            "subdomain" if book.is_known(root) => ("subdomain", TRACE),
            "subdomain" => ("subdomain", MEDIUM),
            "confusable" => ("lookalike_domain", HIGH),
            "combo" => ("lookalike_domain", MEDIUM),
            _ => ("lookalike_domain", LOW),
        };
        claims.add(found.brand, surface, points, domain, found.kind == "confusable");
    }
}
