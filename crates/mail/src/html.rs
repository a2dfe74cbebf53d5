//! HTML as a reader sees it: the tree (HTML5 rules), the text that is shown and the text that is hidden, the links.
//!
//! One parse builds the arena; one walk computes everything else.

mod css;
mod links;
mod node;
mod sink;
mod tag;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod tree;
mod walk;
mod xpath;

use crate::{Link, Url};

pub use node::NodeRef;
pub use tree::NodeId;
pub use xpath::{XPath, XPathError};

/// An HTML body: its tree and what one walk over it found. Offsets are bytes of `display_text` unless said otherwise.
#[derive(Debug, Default)]
pub struct Html {
    /// Text that a reader would see; hidden elements and invisible characters removed.
    pub display_text: String,
    /// All text without tags, hidden text included.
    pub inner_text: String,
    /// Text that is in the source and that a reader would not see.
    pub hidden_text: String,
    /// Links in document order, those of plain text (`parser` "plain") among them.
    pub links: Vec<Link>,
    /// Images in document order.
    pub images: Vec<Image>,
    /// The first visible lines and all headings, with their look.
    pub lines: Vec<Line>,
    /// Where quoted messages begin, by their containers, in document order.
    pub quotes: Vec<Quote>,
    /// Where each run of visible text begins and which text node it came from; ascending.
    pub runs: Vec<(u32, NodeId)>,
    /// Text of the first `<title>`.
    pub title: Option<String>,
    /// Target of `<base href>`.
    pub base: Option<String>,
    /// Target of `<meta http-equiv=refresh>`.
    pub refresh: Option<Url>,
    /// Forms.
    pub forms: u32,
    /// Fields a person can fill in.
    pub inputs: u32,
    /// Password fields.
    pub password_inputs: u32,
    /// `<script>` elements and `on…` handlers.
    pub scripts: u32,
    /// Frames and embedded objects.
    pub frames: u32,
    /// Comments that only Outlook reads (`<!--[if mso]>`).
    pub conditional_comments: u32,
    /// A limit was reached and the rest was dropped.
    pub over_limit: bool,
    pub(crate) tree: tree::Tree,
}

/// An image of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `src`.
    pub src: String,
    /// `alt`.
    pub alt: Option<String>,
    /// Width in pixels, when written.
    pub width: Option<u32>,
    /// Height in pixels, when written.
    pub height: Option<u32>,
    /// A reader would see it (neither hidden nor of one pixel).
    pub visible: bool,
    /// The image is in a link.
    pub linked: bool,
    /// Where it stands in `display_text`.
    pub text_offset: u32,
    /// Its element.
    pub node: NodeId,
}

/// A visible line and its look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Largest font of the line.
    pub font_px: f32,
    /// Some of it is bold.
    pub bold: bool,
    /// 1–6 in a heading, otherwise 0.
    pub heading: u8,
}

/// A container in which mail programs put the message that is answered or forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// Where its text begins.
    pub start: u32,
    /// One past its text; equal to `start` for a mark (`<hr>`, an empty `<div id=appendonsend>`).
    pub end: u32,
    /// Whose it is.
    pub kind: QuoteKind,
    /// Its element.
    pub node: NodeId,
}

/// Kinds of quote containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuoteKind {
    /// `div.gmail_quote`, `div.gmail_quote_container`.
    Gmail,
    /// `div.gmail_attr`: the attribution line.
    GmailAttribution,
    /// `blockquote type=cite` (Apple Mail, Thunderbird).
    Cite,
    /// Any other `blockquote`.
    Blockquote,
    /// `#divRplyFwdMsg`: Outlook on the web, the header of the quoted message.
    OutlookHeader,
    /// `#appendonsend`, `hr#stopSpelling`: Outlook on the web, the quoted message follows.
    OutlookMark,
    /// A thin line above the header of the quoted message: Outlook for Windows.
    OutlookRule,
    /// `div.OutlookMessageHeader`.
    OutlookOld,
    /// `#mail-editor-reference-message-container`: Outlook for phones and Mac.
    OutlookMobile,
    /// `.moz-cite-prefix`: Thunderbird, the attribution line.
    ThunderbirdPrefix,
    /// `.moz-forward-container`.
    ThunderbirdForward,
    /// `.yahoo_quoted`, `.yahoo-quoted`.
    Yahoo,
    /// `.protonmail_quote`.
    Proton,
    /// `.zmail_extra`: Zoho.
    Zoho,
    /// Other programs' containers (`#orc_reply`, `.tutanota_quote`, `.ms-outlook-mobile-reference-message`, …).
    Other,
}

impl Html {
    /// Parses HTML by the rules of HTML5 and walks it. Total: any text gives a tree.
    pub fn parse(source: &str) -> Html {
        let bounded = crate::domain::cut(source, crate::limits::HTML_BYTES_MAX);
        let (tree, over_limit) = tokens::build(bounded);
        let mut html = walk::walk(tree);
        html.over_limit |= over_limit || bounded.len() < source.len();
        html
    }

    /// The document, root of the tree.
    pub fn document(&self) -> NodeRef<'_> {
        NodeRef::of(self, 0)
    }

    /// A node by its id.
    pub fn node(&self, id: NodeId) -> NodeRef<'_> {
        NodeRef::of(self, id.0)
    }

    /// How many nodes the tree has.
    pub fn node_count(&self) -> usize {
        self.tree.nodes.len()
    }

    /// The text node that a byte of `display_text` came from.
    pub fn node_at(&self, offset: u32) -> Option<NodeRef<'_>> {
        let index = self.runs.partition_point(|(start, _)| *start <= offset).checked_sub(1)?;
        self.runs.get(index).map(|(_, id)| self.node(*id))
    }
}
