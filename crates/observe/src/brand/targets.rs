//! Surfaces of links and images.

use sekisho_record::Evidence;

use super::{
    book::{Book, Hold},
    claims::{Claims, LOW, MEDIUM, TRACE},
    lookalike::lookalike,
    own, words,
};
use crate::{fold::fold, limits};

/// A message with so few links is about them.
const FEW_LINKS: usize = 5;

/// Texts, shown addresses, images and hosts of the links.
pub(super) fn observe(book: &Book, evidence: &Evidence, claims: &mut Claims) {
    let few = evidence.model.body.current_thread.links.len() <= FEW_LINKS;
    for link in
        evidence.model.body.current_thread.links.iter().filter(|l| l.visible).take(limits::CLAIM_LINKS_MAX)
    {
        if let Some(shown) = &link.display_url
            && link.mismatched == Some(true)
        {
            let target = link.href_url.domain.domain.as_str();
            for (brand, hold) in book.holders(&shown.domain.domain) {
                if hold == Hold::Own && !book.owns(brand, target) {
                    // A bare host in a newsletter is a name; an address with scheme or path wants to be believed.
                    let address =
                        shown.path.as_deref().is_some_and(|p| p.len() > 1) || shown.url.contains("://www.");
                    let points = if few && address { MEDIUM } else { LOW };
                    claims.add(brand, "link_text", points, &shown.url, false);
                }
            }
        }
        if let Some(text) = &link.display_text {
            named(book, text, "link_text", TRACE, claims);
        }
    }
    let images = evidence.model.body.html.as_ref().map(|h| h.dom.images.as_slice()).unwrap_or_default();
    for image in images.iter().filter(|i| i.visible).take(limits::CLAIM_LINKS_MAX) {
        if let Some(alt) = &image.alt {
            named(book, alt, "image", LOW, claims);
        }
        file_name(book, &image.src, claims);
    }
    for target in
        evidence.link.targets.iter().filter(|t| t.lookalike_of.is_some()).take(limits::CLAIM_LINKS_MAX)
    {
        let found = lookalike(book, &target.host, &target.root_domain, own::suffix_of(&target.root_domain));
        if let Some(found) = found {
            let points = match found.kind {
                "confusable" => MEDIUM,
                _ => TRACE,
            };
            claims.add(found.brand, "link_host", points, &target.host, found.kind == "confusable");
        }
    }
}

/// A short text that is the brand and words of its role.
fn named(book: &Book, text: &str, surface: &'static str, points: u8, claims: &mut Claims) {
    if text.len() > 60 {
        return;
    }
    let folded = fold(text);
    for hit in book.find(&folded.text, 4) {
        let Some(record) = book.brand(hit.brand).filter(|b| !b.listed && !b.social) else { continue };
        if folded.text.get(hit.start..hit.end).is_some_and(words::is_badge) {
            continue;
        }
        let rest = [folded.text.get(..hit.start), folded.text.get(hit.end..)].into_iter().flatten();
        let mut rest = rest.flat_map(|r| r.split(|c: char| !c.is_alphanumeric())).filter(|w| !w.is_empty());
        let alone = rest.all(|w| {
            words::is_role(w) || matches!(w, "logo" | "icon" | "img" | "image" | "banner" | "header")
        });
        let points = match (alone, hit.weak || record.self_hosted) {
            (true, false) => points,
            (true, true) => TRACE,
            _ => 0,
        };
        claims.add(hit.brand, surface, points, text, false);
    }
}

/// The file name of an image, its extension left out.
fn file_name(book: &Book, src: &str, claims: &mut Claims) {
    let path = src.split(['?', '#']).next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    if stem.is_empty() || stem.len() > 60 || path.starts_with("data:") {
        return;
    }
    named(book, &stem.replace(['_', '-', '.', '+'], " "), "image", TRACE, claims);
}
