//! Word and host lists that ship with the program, under the names that rules know them by.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

/// Entries in file order, and the same as a set.
struct List {
    name: &'static str,
    entries: Vec<&'static str>,
    set: FxHashSet<&'static str>,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../data/lists/", $name, ".txt")))),*]
    };
}

/// Name and text of each file: one entry a line, `#` begins a comment.
const FILES: &[(&str, &str)] = files![
    "bulk_mailer_url_root_domains",
    "disposable_email_providers",
    "file_extensions_common_archives",
    "file_extensions_executables",
    "file_extensions_macros",
    "file_extensions_suspicious",
    "file_types_images",
    "free_email_providers",
    "free_file_hosts",
    "free_subdomain_hosts",
    "high_trust_sender_root_domains",
    "replyto_service_domains",
    "self_service_creation_platform_domains",
    "social_landing_hosts",
    "suspicious_subjects",
    "suspicious_tlds",
    "url_shorteners",
];

static LISTS: LazyLock<FxHashMap<&'static str, List>> =
    LazyLock::new(|| FILES.iter().map(|(name, text)| (*name, read(name, text))).collect());

fn read(name: &'static str, text: &'static str) -> List {
    let entries: Vec<&'static str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    List { name, set: entries.iter().copied().collect(), entries }
}

/// The entries of a list; `None` when no list of that name ships.
#[must_use]
pub fn builtin(name: &str) -> Option<&'static [&'static str]> {
    LISTS.get(name).map(|list| list.entries.as_slice())
}

/// The list holds this entry exactly.
#[must_use]
pub fn contains(name: &str, entry: &str) -> bool {
    LISTS.get(name).is_some_and(|list| list.set.contains(entry))
}

/// The list holds this host, or a domain that it lies below.
#[must_use]
pub fn holds_host(name: &str, host: &str) -> bool {
    let Some(list) = LISTS.get(name) else { return false };
    let mut rest = host;
    // No entry has more labels than this.
    for _ in 0..8 {
        if list.set.contains(rest) {
            return true;
        }
        match rest.split_once('.') {
            Some((_, below)) => rest = below,
            None => return false,
        }
    }
    false
}

/// Domains that a registry sells names below, as a country's registry does: the root domain says nothing about who it is.
const SOLD_BELOW: &[&str] = &[
    "ae.org", "br.com", "cn.com", "com.de", "de.com", "eu.com", "gb.net", "hu.net", "in.net", "jp.net",
    "jpn.com", "mex.com", "ru.com", "sa.com", "se.net", "uk.com", "uk.net", "us.com", "us.org", "za.com",
];

/// Whose a name is: its root domain, or below a root whose names are sold (`sa.com`) that with one label more. Rules see
/// the root domain (mql.md §3.3); who owns what is decided by this.
pub(crate) fn holder(domain: &sekisho_mail::Domain) -> &str {
    let root = domain.root();
    if !SOLD_BELOW.contains(&root) {
        return root;
    }
    let below =
        domain.domain.strip_suffix(root).and_then(|front| front.strip_suffix('.')).unwrap_or_default();
    let front = below.rfind('.').map_or(0, |at| at + 1);
    domain.domain.get(front..).filter(|_| !below.is_empty()).unwrap_or(root)
}

/// Every list with its entries, in the order of the names.
pub fn all() -> impl Iterator<Item = (&'static str, Vec<String>)> {
    FILES
        .iter()
        .filter_map(|(name, _)| LISTS.get(name))
        .map(|list| (list.name, list.entries.iter().map(|entry| (*entry).to_owned()).collect()))
}

#[cfg(test)]
mod tests {
    use super::{FILES, builtin, contains, holds_host};

    #[test]
    fn every_list_is_sorted_enough_to_review_distinct_and_lower_case() {
        for (name, _) in FILES {
            let entries = builtin(name).unwrap();
            assert!(entries.len() >= 10, "{name} is nearly empty");
            let distinct: std::collections::BTreeSet<_> = entries.iter().collect();
            assert_eq!(distinct.len(), entries.len(), "{name} has an entry twice");
            assert!(entries.iter().all(|e| *e == e.to_lowercase()), "{name} has capitals");
        }
        assert_eq!(builtin("org_domains"), None);
    }

    #[test]
    fn names_below_a_sold_domain_have_their_own_holder() {
        let of = |host: &str| super::holder(&sekisho_mail::Domain::parse(host)).to_owned();
        assert_eq!(of("www.shop.example"), "shop.example");
        assert_eq!(of("mail.shop.sa.com"), "shop.sa.com");
        assert_eq!(of("shop.sa.com"), "shop.sa.com");
        assert_eq!(of("sa.com"), "sa.com");
        assert_eq!(of(""), "");
        assert!(super::SOLD_BELOW.iter().all(|root| contains("free_subdomain_hosts", root)));
    }

    #[test]
    fn hosts_match_on_label_borders() {
        assert!(contains("url_shorteners", "bit.ly"));
        assert!(holds_host("free_subdomain_hosts", "a.b.pages.dev"));
        assert!(!holds_host("free_subdomain_hosts", "notpages.dev"));
        assert!(!contains("free_email_providers", "corp.example"));
    }
}
