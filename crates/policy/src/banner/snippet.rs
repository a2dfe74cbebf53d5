//! What is put into a part: characters of its own charset, with a place where it can be made longer without a change.

/// A text that goes into a part, in the part's charset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snippet {
    /// Bytes before the place where it may be padded.
    before: Vec<u8>,
    /// One pad.
    pad: Vec<u8>,
    /// Bytes behind that place.
    after: Vec<u8>,
}

impl Snippet {
    /// Of a text with bare line feeds and the byte where it may be padded by `pad`.
    pub(super) fn new(text: &str, pad_at: usize, pad: &str, line_end: &str) -> Self {
        let (before, after) = text.split_at_checked(pad_at).unwrap_or((text, ""));
        let bytes = |text: &str| text.replace('\n', line_end).into_bytes();
        Self { before: bytes(before), pad: pad.into(), after: bytes(after) }
    }

    /// With its text written by `write`; `None` where that cannot write it.
    pub(super) fn written(&self, write: impl Fn(&str) -> Option<Vec<u8>>) -> Option<Self> {
        let piece = |bytes: &[u8]| write(std::str::from_utf8(bytes).ok()?);
        Some(Self { before: piece(&self.before)?, pad: piece(&self.pad)?, after: piece(&self.after)? })
    }

    /// The bytes, padded so that their number and `others` together are a multiple of `of`.
    pub(super) fn padded(&self, others: usize, of: usize) -> Vec<u8> {
        let mut out = self.before.clone();
        let of = of.max(1);
        for _ in 0..of {
            if (out.len() + self.after.len() + others).is_multiple_of(of) {
                break;
            }
            out.extend_from_slice(&self.pad);
        }
        out.extend_from_slice(&self.after);
        out
    }
}
