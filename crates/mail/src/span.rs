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

impl Span {
    /// The span of `start..end`; offsets beyond 4 GiB are held at that bound.
    pub fn new(start: usize, end: usize) -> Self {
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span { start: narrow(start), end: narrow(end) }
    }

    /// The bytes that the span covers in the message it was taken from.
    pub fn slice(self, raw: &[u8]) -> &[u8] {
        raw.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}
