//! Links: what an anchor shows beside what it opens, and URLs in text outside of anchors.

use crate::limits::LINKS_MAX;
use crate::{Domain, Link, Url, urlfind};

/// The target of an `href`, resolved against `<base>`; `None` when it leads nowhere else.
pub(crate) fn target(href: &str, base: Option<&str>) -> Option<Url> {
    let href = href.trim();
    if href.is_empty() || href.starts_with('#') {
        return None;
    }
    let url = Url::parse(href);
    if url.scheme.is_some() || !url.domain.is_empty() {
        return Some(url);
    }
    if let Some(joined) = base.and_then(|base| ::url::Url::parse(base).ok()?.join(href).ok()) {
        return Some(Url::parse(joined.as_str()));
    }
    // Mail programs open `www.example.com/x` as the site that the writer meant.
    let host = href.split(['/', '?', '#', ':']).next().unwrap_or_default();
    if host.contains('.') && Domain::parse(host).valid {
        return Some(Url::parse_loose(href));
    }
    Some(url)
}

/// Fills in what the anchor's text shows.
pub(crate) fn set_display(link: &mut Link, text: &str) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    match urlfind::whole(text) {
        Some(url) => link.display_url = Some(url),
        None => {
            link.display_text = Some(text.to_owned());
            if text.contains("://") {
                let found = urlfind::find(text).into_iter().find(|found| found.url.is_web());
                link.display_url = found.map(|found| found.url);
            }
        }
    }
    link.mismatched = mismatched(&link.href_url, link.display_url.as_ref());
}

/// Both have a valid domain, and their registrable domains differ.
pub(crate) fn mismatched(href: &Url, display: Option<&Url>) -> Option<bool> {
    let display = display?;
    (href.domain.valid && display.domain.valid).then(|| href.domain.root_domain != display.domain.root_domain)
}

/// URLs in a text, as links.
pub(crate) fn links_in_text(text: &str) -> Vec<Link> {
    urlfind::find(text).into_iter().map(|found| plain_link(found, 0)).collect()
}

fn plain_link(found: urlfind::Found, offset: u32) -> Link {
    Link {
        href_url: found.url,
        parser: "plain".to_owned(),
        visible: true,
        text_offset: Some(offset),
        ..Link::default()
    }
}

/// Adds the URLs of the display text that stand in no anchor, each at its place in document order.
pub(crate) fn add_plain_links(links: &mut Vec<Link>, text: &str, anchors: &[(u32, u32)]) {
    let mut anchors = anchors.iter().peekable();
    let mut found = Vec::new();
    for url in urlfind::find(text) {
        let (start, end) = (url.range.start as u32, url.range.end as u32);
        while anchors.next_if(|(_, anchor_end)| *anchor_end <= start).is_some() {}
        if anchors.peek().is_none_or(|(anchor_start, _)| *anchor_start >= end) {
            found.push(plain_link(url, start));
        }
    }
    if found.is_empty() {
        return;
    }
    links.append(&mut found);
    links.sort_by_key(|link| link.text_offset);
    links.truncate(LINKS_MAX);
}
