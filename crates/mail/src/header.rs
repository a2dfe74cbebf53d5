//! Header fields as they were written.

use serde::{Deserialize, Serialize};

use crate::Span;

/// One header field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Name in its original case.
    pub name: String,
    /// Unfolded value, trimmed, charset repaired, encoded words as written (not decoded).
    pub value: String,
    /// The whole field with its line end.
    pub span: Span,
    /// The value alone.
    pub value_span: Span,
}
