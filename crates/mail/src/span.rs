//! A range of bytes in the message as it was submitted.

use serde::{Deserialize, Serialize};

/// Half-open range `start..end` of the raw message bytes. Values that were decoded or joined keep the span of what
/// they were decoded from, so an exhibit can always be found again in the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}
