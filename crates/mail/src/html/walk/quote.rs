//! Containers in which mail programs put the message that is answered or forwarded.

use super::{Attrs, Walk};
use crate::html::css::Style;
use crate::html::tag::Tag;
use crate::html::{NodeId, Quote, QuoteKind};

impl Walk<'_> {
    /// Adds the quote that begins with this element; gives its index.
    pub(super) fn quote(
        &mut self,
        id: u32,
        tag: Tag,
        attrs: &Attrs<'_>,
        style: Option<&Style>,
        start: u32,
    ) -> Option<usize> {
        let kind = kind(tag, attrs, style)?;
        self.push_quote(Quote { start, end: start, kind, node: NodeId(id) })
    }
}

fn kind(tag: Tag, attrs: &Attrs<'_>, style: Option<&Style>) -> Option<QuoteKind> {
    if let Some(kind) = attrs.id.and_then(by_id).or_else(|| attrs.class.and_then(by_class)) {
        return Some(kind);
    }
    match tag {
        Tag::Blockquote if attrs.kind.is_some_and(|kind| kind.eq_ignore_ascii_case("cite")) => {
            Some(QuoteKind::Cite)
        }
        Tag::Blockquote => Some(QuoteKind::Blockquote),
        Tag::Div if style.is_some_and(|style| style.rule_above) && is_outlook_rule(attrs) => {
            Some(QuoteKind::OutlookRule)
        }
        _ => None,
    }
}

fn by_id(id: &str) -> Option<QuoteKind> {
    // Services that rewrite mail put `x_` before ids and classes, once for each time.
    let mut id = id;
    while let Some(rest) = id.strip_prefix("x_") {
        id = rest;
    }
    Some(match id {
        "divRplyFwdMsg" => QuoteKind::OutlookHeader,
        "appendonsend" | "stopSpelling" => QuoteKind::OutlookMark,
        "mail-editor-reference-message-container" | "ms-outlook-mobile-body-separator-line" => {
            QuoteKind::OutlookMobile
        }
        "orc_reply"
        | "replySplit"
        | "isForwardContent"
        | "isReplyContent"
        | "OLK_SRC_BODY_SECTION"
        | "reply-intro"
        | "mailcontent_quote" => QuoteKind::Other,
        _ => return None,
    })
}

fn by_class(class: &str) -> Option<QuoteKind> {
    class.split_ascii_whitespace().take(8).find_map(|name| {
        let mut name = name;
        while let Some(rest) = name.strip_prefix("x_") {
            name = rest;
        }
        Some(match name {
            "gmail_quote" | "gmail_quote_container" | "gmail_extra" => QuoteKind::Gmail,
            "gmail_attr" => QuoteKind::GmailAttribution,
            "OutlookMessageHeader" => QuoteKind::OutlookOld,
            "moz-cite-prefix" => QuoteKind::ThunderbirdPrefix,
            "moz-forward-container" => QuoteKind::ThunderbirdForward,
            "yahoo_quoted" | "yahoo-quoted" => QuoteKind::Yahoo,
            "protonmail_quote" => QuoteKind::Proton,
            "zmail_extra" | "zmail_extra_hr" => QuoteKind::Zoho,
            "ms-outlook-mobile-reference-message" => QuoteKind::OutlookMobile,
            "tutanota_quote" | "WordSection1_quote" | "quoted-message" | "mail_quote" | "mcntmcntreply"
            | "front-blockquote" | "freshdesk_quote" | "zd-quote" => QuoteKind::Other,
            _ => return None,
        })
    })
}

/// The line that Outlook for Windows draws above the header of a quoted message has one of two greys, and padding.
fn is_outlook_rule(attrs: &Attrs<'_>) -> bool {
    let Some(style) = attrs.style else { return false };
    let lower = style.to_ascii_lowercase();
    ["#e1e1e1 1.0pt", "#b5c4df 1.0pt", "1pt #e1e1e1", "#b5c4df 1pt", "1.0pt #e1e1e1", "#e1e1e1 1pt"]
        .iter()
        .any(|line| lower.contains(line))
        || (lower.contains("padding:3.0pt 0") && lower.contains("border-top"))
        || (lower.contains("padding: 3pt 0") && lower.contains("border-top"))
}
