//! Whose the papers and the links are.

use sekisho_record::{
    Evidence,
    evidence::{Brand, brand::Claim},
};

use super::book::{Book, Hold};

/// Public suffixes of two labels are told by their short second label.
const SECOND_LEVEL: &[&str] =
    &["co", "com", "net", "org", "gov", "ac", "or", "ne", "go", "gob", "gouv", "edu", "lg"];

/// Registrable domain and public suffix of a host, for hosts that were found in running text.
pub(super) fn split(host: &str) -> (&str, &str) {
    let labels: Vec<&str> = host.split('.').collect();
    let country = labels.last().is_some_and(|l| l.len() == 2);
    let second =
        labels.len() >= 3 && country && labels.iter().rev().nth(1).is_some_and(|l| SECOND_LEVEL.contains(l));
    let back = |n: usize| {
        let skip: usize = labels.iter().take(labels.len().saturating_sub(n)).map(|l| l.len() + 1).sum();
        host.get(skip..).unwrap_or(host)
    };
    if second { (back(3), back(2)) } else { (back(2), back(1)) }
}

/// The public suffix of a registrable domain.
pub(super) fn suffix_of(root: &str) -> &str {
    root.split_once('.').map_or("", |(_, suffix)| suffix)
}

/// Author and first recipient are of one registrable domain.
pub(super) fn within_one_domain(evidence: &Evidence) -> bool {
    let author = evidence.model.sender.email.as_ref().and_then(|e| e.domain.root_domain.as_deref());
    let to = evidence.model.recipients.to.first().and_then(|m| m.email.domain.root_domain.as_deref());
    author.is_some() && author == to
}

/// The domains that papers vouch for: DKIM, DMARC's From, and SPF where it aligns with the author.
fn vouched(evidence: &Evidence) -> Vec<&str> {
    let papers = &evidence.authentication;
    let author = evidence.model.sender.email.as_ref().map(|e| &e.domain);
    let root = author.and_then(|d| d.root_domain.as_deref());
    let mut domains: Vec<&str> = papers.dkim_domains.iter().map(String::as_str).collect();
    if let (Some(domain), true) =
        (author, papers.dmarc.as_deref() == Some("pass") || papers.aligned == Some(true))
    {
        domains.push(&domain.domain);
    }
    if let Some(spf) = papers.spf_domain.as_deref()
        && root.is_some_and(|root| crate::context::is_within(spf, root))
    {
        domains.push(spf);
    }
    domains
}

/// Fills in who owns what.
pub(super) fn settle(book: &Book, evidence: &Evidence, found: Vec<(u16, Claim)>) -> Brand {
    let vouched = vouched(evidence);
    let author = evidence.model.sender.email.as_ref().map_or("", |e| e.domain.domain.as_str());
    let targets = &evidence.link.targets;
    let mut brand = Brand::default();
    let mut strongest: Option<u16> = None;
    for (index, mut claim) in found {
        claim.sender_owns = vouched.iter().any(|d| book.owns(index, d));
        claim.author_owns = book.owns(index, author);
        let own = targets.iter().filter(|t| book.owns(index, &t.host)).count();
        claim.links_own = own > 0;
        claim.links_all_own = own > 0 && own == targets.len();
        if claim.strength != "low" {
            if strongest.is_none() {
                strongest = Some(index);
                brand.claimed = Some(claim.brand.clone());
            }
            brand.sender_owns |= claim.sender_owns;
            brand.links_own |= claim.links_own;
        }
        brand.claims.push(claim);
    }
    if let Some(index) = strongest {
        brand.links_leave = leaves(book, evidence, index);
    }
    let holder = vouched.iter().flat_map(|d| book.holders(d)).find(|h| h.1 == Hold::Own);
    brand.sender_brand = holder.and_then(|h| book.brand(h.0)).map(|b| b.name.clone());
    brand
}

/// A link that the reader is meant to follow leads outside the brand; links to social networks do not count.
fn leaves(book: &Book, evidence: &Evidence, index: u16) -> bool {
    let social = |host: &str| book.holders(host).any(|h| book.brand(h.0).is_some_and(|b| b.social));
    let away = |host: &str| !host.is_empty() && !book.owns(index, host) && !social(host);
    let link = &evidence.link;
    let prominent = link.targets.iter().filter(|t| t.prominent).any(|t| away(&t.host));
    prominent
        || link.main.as_ref().is_some_and(|m| away(&m.host))
        || (link.main.is_none() && link.targets.iter().any(|t| away(&t.host)))
}
