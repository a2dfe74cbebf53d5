//! What was wrong with a message that was parsed anyway.

use serde::{Deserialize, Serialize};

use crate::Span;

/// One thing that the message's writer did wrong, or that was over a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// What kind.
    pub kind: DefectKind,
    /// Where, if it is somewhere.
    pub span: Option<Span>,
    /// The detail for a person: a charset label, a limit's name and value. Never more than 200 characters.
    pub detail: String,
}

/// Kinds of defects. The serialised names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DefectKind {
    /// Nothing at all, or no header.
    Empty,
    /// A limit of [`crate::limits`] was reached; the rest was dropped.
    OverLimit,
    /// A header line without a colon, or with bytes that no field name has; a `Thread-Index` that cannot be read.
    MalformedField,
    /// A field that may occur once occurs more often (`From`, `Subject`, `Date`, `To`, …).
    DuplicateField,
    /// No `From` field, or none with an address.
    MissingAuthor,
    /// An address that does not parse.
    MalformedAddress,
    /// An encoded word (RFC 2047) that does not decode.
    MalformedEncodedWord,
    /// A charset label that is unknown, or that the bytes contradict; the detail names both.
    MislabelledCharset,
    /// Bytes that the charset cannot hold; replaced by U+FFFD.
    UndecodableText,
    /// A multipart without its closing boundary.
    UnclosedMultipart,
    /// A transfer encoding that is unknown or broken.
    MalformedEncoding,
    /// A NUL byte in header or text.
    NulByte,
    /// A bare CR or bare LF among CRLF line ends (differs between parsers).
    MixedLineEnds,
    /// A date that does not parse.
    MalformedDate,
    /// Two `Content-Type` fields or parameters that parsers may read differently.
    AmbiguousStructure,
}

/// Collects defects up to a bound, so that hostile input cannot grow the list.
#[derive(Debug, Default)]
pub struct Defects {
    list: Vec<Defect>,
}

impl Defects {
    /// Notes a defect; silently drops it once [`crate::limits::DEFECTS_MAX`] are held.
    pub fn note(&mut self, kind: DefectKind, span: Option<Span>, detail: impl Into<String>) {
        if self.list.len() < crate::limits::DEFECTS_MAX {
            let mut detail: String = detail.into();
            if let Some((cut, _)) = detail.char_indices().nth(200) {
                detail.truncate(cut);
            }
            self.list.push(Defect { kind, span, detail });
        }
    }

    /// True when one of this kind was noted.
    pub fn has(&self, kind: DefectKind) -> bool {
        self.list.iter().any(|d| d.kind == kind)
    }

    /// What was noted.
    pub fn into_vec(self) -> Vec<Defect> {
        self.list
    }
}
