//! The subject without its reply and forward prefixes.

use serde::{Deserialize, Serialize};

/// A decoded subject.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Subject {
    /// As decoded; `None` when there is no Subject field, `Some("")` when it is empty.
    pub subject: Option<String>,
    /// Without prefixes and leading `[tags]`.
    pub base: Option<String>,
    /// A reply prefix stands in it (`RE:`, `AW:`, `SV:`, `回复:`, …).
    pub is_reply: bool,
    /// A forward prefix stands in it.
    pub is_forward: bool,
    /// An automatic reply's prefix stands in it.
    pub is_auto_reply: bool,
    /// Leading `[tags]`.
    pub tags: Vec<String>,
}
