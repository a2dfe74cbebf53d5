//! HTML as a reader sees it: the tree (HTML5 rules), the text that is shown and the text that is hidden, the links.
//!
//! One parse builds the arena; one walk computes everything else.

/// An HTML body: its tree and what one walk over it found.
#[derive(Debug, Default)]
pub struct Html {
    /// Text that a reader would see; hidden elements and invisible characters removed.
    pub display_text: String,
    /// All text without tags, hidden text included.
    pub inner_text: String,
    /// Text that is in the source and that a reader would not see.
    pub hidden_text: String,
}
