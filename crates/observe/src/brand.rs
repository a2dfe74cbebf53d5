//! Facet `brand`: which brands the message claims to be, and whether its papers and links are theirs.
//!
//! Every surface on which a writer presents itself is searched for names ([`book`]); a surface adds points to the
//! brand's claim ([`claims`]). A name that is only talked about claims nothing.

mod body;
pub mod book;
mod claims;
pub mod lookalike;
mod name;
mod own;
mod targets;
mod words;

use rustc_hash::FxHashMap;
use sekisho_record::{
    Evidence,
    evidence::{Brand, LinkFacts},
};

pub use book::{BadLine, Book, Record, check};
pub use lookalike::{Lookalike, lookalike};

use crate::View;
use claims::{Claims, LOW, MEDIUM, TRACE};

/// Surfaces of the text, which forwarded, listed and quoted mail carries for others.
const TEXT_SURFACES: &[&str] =
    &["subject", "heading", "phrase", "sign_off", "copyright", "link_text", "image", "link_host"];

/// Lower-case letters and digits of a name: the form in which names of brands are compared.
#[must_use]
pub fn slug(name: &str) -> String {
    let folded = crate::fold::fold(name);
    folded.text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The registrable part of a host name that was found in running text.
#[must_use]
pub fn registrable(host: &str) -> &str {
    own::split(host).0
}

/// The label left of the public suffix of a host name that was found in running text or in the configuration.
#[must_use]
pub fn label_of(host: &str) -> &str {
    registrable(host).split('.').next().unwrap_or_default()
}

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>) -> Brand {
    let book = &view.knowledge.brands;
    let mut claims = Claims::default();
    name::display(book, evidence, &mut claims);
    name::address(book, evidence, &mut claims);
    body::subject(book, evidence, &mut claims);
    body::text(book, evidence, &mut claims);
    targets::observe(book, evidence, &mut claims);
    temper(&mut claims, evidence, view);
    let most = |brand| match book.brand(brand) {
        Some(b) if b.self_hosted => MEDIUM - 1,
        Some(b) if b.panel => MEDIUM,
        _ => u8::MAX,
    };
    own::settle(book, evidence, claims.finish(book, most))
}

/// Weakens what stands there for others: discussion lists, replies, mail inside one organisation.
fn temper(claims: &mut Claims, evidence: &Evidence, view: &View<'_>) {
    let list = is_discussion(view);
    let reply = evidence.transit.reply_headers || evidence.model.headers.in_reply_to.is_some();
    let within = own::within_one_domain(evidence);
    if list || reply || within || evidence.transit.bounce {
        claims.cap(TRACE, TEXT_SURFACES);
    }
    if list {
        claims.cap(LOW, &["display_name", "local_part", "subdomain"]);
    }
}

/// A mailing list on which people write, as opposed to a newsletter that says `List-Id` too.
fn is_discussion(view: &View<'_>) -> bool {
    let marks =
        ["List-Post", "Mailing-List", "X-Mailman-Version", "X-BeenThere", "X-Mailing-List", "List-Archive"];
    let bulk =
        ["Feedback-ID", "X-Feedback-ID", "X-CSA-Complaints", "X-SFMC-Stack", "X-SG-EID", "X-Mailgun-Sid"];
    marks.iter().any(|m| view.has(m)) && !bulk.iter().any(|m| view.has(m))
}

/// Says of each link target which brand its host imitates.
pub fn mark_lookalikes(book: &Book, links: &mut LinkFacts) {
    let mut seen: FxHashMap<String, Option<String>> = FxHashMap::default();
    let LinkFacts { targets, main, .. } = links;
    for target in targets.iter_mut().chain(main) {
        if seen.len() >= crate::limits::LOOKALIKE_HOSTS_MAX {
            break;
        }
        if let Some(known) = seen.get(&target.host) {
            target.lookalike_of.clone_from(known);
            continue;
        }
        let tld = own::suffix_of(&target.root_domain);
        let found = lookalike(book, &target.host, &target.root_domain, tld);
        target.lookalike_of = found.and_then(|f| book.brand(f.brand)).map(|b| b.name.clone());
        seen.insert(target.host.clone(), target.lookalike_of.clone());
    }
}

#[cfg(test)]
mod tests;
