//! Body parts and attachments.

use serde::{Deserialize, Serialize};

use crate::Span;

/// The decoded text of a `text/plain` or `text/html` body. Several inline parts of one kind are joined.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BodyText {
    /// Decoded text.
    pub raw: String,
    /// The charset label as written.
    pub charset: Option<String>,
    /// Transfer encoding, lower case.
    pub content_transfer_encoding: Option<String>,
    /// The encoded bytes in the message.
    #[serde(skip)]
    pub span: Span,
}

/// An attachment, or an inline part with a name or a content id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attachment {
    /// Declared name, decoded.
    pub file_name: Option<String>,
    /// Extension as written, without the dot.
    pub file_extension: Option<String>,
    /// By magic bytes with containers refined, lower case; `unknown` when undetected.
    pub file_type: String,
    /// Declared type, lower case, without parameters.
    pub content_type: Option<String>,
    /// `attachment`, `inline`.
    pub content_disposition: Option<String>,
    /// Content-ID without angle brackets.
    pub content_id: Option<String>,
    /// Transfer encoding, lower case.
    pub content_transfer_encoding: Option<String>,
    /// Decoded bytes.
    pub size: i64,
    /// Lower-case hex.
    pub md5: String,
    /// Lower-case hex.
    pub sha1: String,
    /// Lower-case hex.
    pub sha256: String,
    /// The decoded bytes; not part of the serialised evidence.
    #[serde(skip)]
    pub raw: Vec<u8>,
    /// The encoded bytes in the message.
    #[serde(skip)]
    pub span: Span,
}
