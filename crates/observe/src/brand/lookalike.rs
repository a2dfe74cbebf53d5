//! Host names that imitate a brand's.

use super::{
    book::{Book, Hold},
    words,
};
use crate::fold::fold;

/// How a host imitates a brand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookalike {
    /// Whose name.
    pub brand: u16,
    /// `confusable`, `typo`, `combo`, `subdomain`, `tld`.
    pub kind: &'static str,
}

/// Country codes that are sold as general ones, where a brand's name says little about the brand.
const LOOSE_COUNTRIES: &[&str] = &[
    "cc", "co", "cf", "ga", "gq", "ml", "tk", "pw", "ws", "su", "ru", "cn", "me", "io", "to", "ly", "gg",
    "sbs", "icu",
];

/// Ordinary words and well-known names that are one letter from a brand's.
const ORDINARY: &[&str] =
    &["revolt", "discard", "barclay", "samson", "norden", "citric", "correo", "postbus", "telegraf"];

/// What brand the host imitates, if any. `root` is its registrable domain, `tld` the public suffix.
#[must_use]
pub fn lookalike(book: &Book, host: &str, root: &str, tld: &str) -> Option<Lookalike> {
    if host.is_empty() || book.holders(host).any(|(_, hold)| hold != Hold::Tenants) {
        return None;
    }
    let sld = root.strip_suffix(tld).map_or(root, |s| s.trim_end_matches('.'));
    let tenant_host = book.is_known(host);
    if !tenant_host && let Some(found) = of_label(book, sld, tld) {
        return Some(found);
    }
    let front = host.strip_suffix(root).unwrap_or_default().trim_end_matches('.');
    if front.is_empty() { None } else { of_front(book, front) }
}

/// The registrable label imitates a brand.
fn of_label(book: &Book, sld: &str, tld: &str) -> Option<Lookalike> {
    let folded = fold(sld);
    let word = folded.text.as_str();
    let found = |brand, kind| Some(Lookalike { brand, kind });
    if let Some(name) = book.compact(word).filter(|n| !n.weak) {
        if word != sld {
            return found(name.brand, "confusable");
        }
        let national = tld.rsplit('.').next().is_some_and(|t| t.len() == 2 && !LOOSE_COUNTRIES.contains(&t));
        let listed = book.brand(name.brand).is_none_or(|b| b.listed);
        return if word.len() >= 5 && !national && !listed { found(name.brand, "tld") } else { None };
    }
    if let Some(brand) = book.disguised(word) {
        return found(brand, "confusable");
    }
    if let Some(brand) = combo(book, word) {
        return found(brand, "combo");
    }
    if ORDINARY.contains(&word) {
        return None;
    }
    book.misspelt(word, 6).and_then(|brand| found(brand, "typo"))
}

/// A brand's name joined with words of trust: `microsoft-security`, `paypalverify`, `secure-chase-login`.
fn combo(book: &Book, word: &str) -> Option<u16> {
    if word.contains('-') {
        let parts: Vec<&str> = word.split('-').filter(|p| !p.is_empty()).collect();
        for from in 0..parts.len().min(8) {
            for to in from + 1..=parts.len().min(from + 3) {
                let name: String = parts.get(from..to)?.concat();
                let Some(name) = book.compact(&name).or_else(|| book.disguised(&name).map(strong)) else {
                    continue;
                };
                let rest = parts.iter().enumerate().filter(|(i, _)| *i < from || *i >= to);
                let mut words = rest.map(|(_, p)| *p).peekable();
                let listed = book.brand(name.brand).is_none_or(|b| b.listed);
                if words.peek().is_some()
                    && words.all(|p| words::is_host_word(p) || words::is_host_words(p))
                    && !listed
                {
                    return Some(name.brand);
                }
            }
        }
        return None;
    }
    for cut in 2..word.len().saturating_sub(1) {
        let (Some(front), Some(back)) = (word.get(..cut), word.get(cut..)) else { continue };
        for (name, rest) in [(front, back), (back, front)] {
            // The name is looked up first: that is one hash, and it nearly always ends here.
            let Some(found) = (name.len() >= 5).then(|| book.compact(name)).flatten() else { continue };
            let listed = book.brand(found.brand).is_none_or(|b| b.listed);
            if !listed && !found.weak && words::is_host_words(rest) {
                return Some(found.brand);
            }
        }
    }
    None
}

fn strong(brand: u16) -> super::book::Name {
    super::book::Name { brand, weak: false }
}

/// A label left of somebody else's registrable domain is a brand's name or its domain.
fn of_front(book: &Book, front: &str) -> Option<Lookalike> {
    let labels: Vec<&str> = front.split('.').collect();
    for pair in labels.windows(2) {
        if let [name, tld] = pair {
            let domain = format!("{name}.{tld}");
            if let Some((brand, _)) = book.holders(&domain).find(|h| h.1 == Hold::Own) {
                return Some(Lookalike { brand, kind: "subdomain" });
            }
        }
    }
    for label in labels {
        let named = book.compact(label).filter(|n| !n.weak && label.len() >= 5);
        let named =
            named.filter(|n| book.brand(n.brand).is_some_and(|b| !b.listed && !b.self_hosted && !b.social));
        if let Some(name) = named {
            return Some(Lookalike { brand: name.brand, kind: "subdomain" });
        }
        if let Some(brand) = combo(book, label) {
            return Some(Lookalike { brand, kind: "subdomain" });
        }
    }
    None
}
