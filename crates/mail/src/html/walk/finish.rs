//! What is left to do after the last node.

use super::Walk;
use crate::html::tree::Range;
use crate::html::{Html, links};
use crate::limits::LINKS_MAX;
use crate::{Link, Url};

impl Walk<'_> {
    /// Closes what is open and hands over the result with the texts' ranges of every node.
    pub(super) fn finish(mut self) -> (Html, Vec<(Range, Range)>) {
        while let Some(frame) = self.frames.pop() {
            self.leave(frame);
        }
        self.end_line();
        let mut html = self.html;
        html.display_text = self.shown.text;
        html.hidden_text = self.hidden.text;
        links::add_plain_links(&mut html.links, &html.display_text, &self.anchors);
        join_vml(&mut html.links);
        (html, self.ranges)
    }

    /// A button that only Outlook draws, in a conditional comment: its target stands in the tree only as text.
    pub(super) fn vml_link(&mut self, comment: &str) {
        let Some(shape) = comment.find("<v:").and_then(|at| comment.get(at..)) else { return };
        let tag = shape.split('>').next().unwrap_or_default();
        let Some((_, after)) = tag.split_once("href=") else { return };
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let value = match quote {
            Some(quote) => after.get(1..).and_then(|rest| rest.split(quote).next()),
            None => after.split_ascii_whitespace().next(),
        };
        let Some(href) = value.filter(|href| !href.is_empty()) else { return };
        if self.html.links.len() < LINKS_MAX {
            self.html.links.push(Link {
                href_url: Url::parse(&href.replace("&amp;", "&")),
                parser: "vml".to_owned(),
                visible: true,
                prominent: true,
                text_offset: Some(self.shown.len()),
                ..Link::default()
            });
        }
    }
}

/// The same button stands in the tree for all other programs: then it is one prominent link.
fn join_vml(links: &mut Vec<Link>) {
    if !links.iter().any(|link| link.parser == "vml") {
        return;
    }
    let buttons: std::collections::HashSet<String> =
        links.iter().filter(|link| link.parser == "vml").map(|link| link.href_url.url.clone()).collect();
    let mut seen = std::collections::HashSet::new();
    for link in links.iter_mut().filter(|link| link.parser == "hyperlink") {
        if buttons.contains(&link.href_url.url) {
            link.prominent = true;
            seen.insert(link.href_url.url.clone());
        }
    }
    links.retain(|link| link.parser != "vml" || seen.insert(link.href_url.url.clone()));
    for link in links.iter_mut().filter(|link| link.parser == "vml") {
        link.parser = "hyperlink".to_owned();
    }
}
