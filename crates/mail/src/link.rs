//! A link: what it shows and what it opens.

use serde::{Deserialize, Serialize};

use crate::{Span, Url, html::NodeId};

/// A link of a body.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Link {
    /// Anchor text when it is not itself a URL.
    pub display_text: Option<String>,
    /// The URL that the anchor text shows.
    pub display_url: Option<Url>,
    /// The URL that opens.
    pub href_url: Url,
    /// Both URLs are valid and their registrable domains differ; `None` when one is missing or invalid.
    pub mismatched: Option<bool>,
    /// `hyperlink` (from HTML) or `plain` (found in text).
    pub parser: String,
    /// A reader would see it.
    pub visible: bool,
    /// `src` of the image that is the link's face.
    pub image_src: Option<String>,
    /// `alt` text of that image.
    pub image_alt: Option<String>,
    /// In the newest message, not in the quoted thread.
    pub current: bool,
    /// Looks like what a reader is meant to press: a button, a coloured cell, a picture.
    #[serde(default)]
    pub prominent: bool,
    /// Where it stands.
    #[serde(skip)]
    pub span: Option<Span>,
    /// Where it stands in the display text of the HTML body.
    #[serde(skip)]
    pub text_offset: Option<u32>,
    /// Its element in the HTML body.
    #[serde(skip)]
    pub node: Option<NodeId>,
}
