//! Body parts and attachments.

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::Sha256;

use crate::{DefectKind, Span, charset, defect::Defects, filetype, limits, mime::Leaf};

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
    pub raw: bytes::Bytes,
    /// The encoded bytes in the message.
    #[serde(skip)]
    pub span: Span,
}

/// The bodies and attachments of a message.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) plain: Option<BodyText>,
    pub(crate) html: Option<BodyText>,
    pub(crate) attachments: Vec<Attachment>,
}

impl Leaf {
    /// It is shown as (part of) the body, if it is a text: no attachment, no named file, nothing that a page refers to.
    pub(crate) fn is_body(&self) -> bool {
        let attached = self.content.disposition.as_ref().is_some_and(|d| d.value == "attachment");
        let named = self.content.name().is_some() && !self.parent.is_empty();
        let beside = self.parent == "related" && self.index > 0 && self.content.id.is_some();
        !attached && !named && !beside
    }
}

/// Alternative renderings of a body that no rule reads and that are no attachment either.
const RENDERINGS: [&str; 4] = ["text/x-amp-html", "text/enriched", "text/watch-html", "text/richtext"];

/// Sorts the leaves of a message into bodies and attachments and decodes them.
pub(crate) fn sort(raw: &[u8], leaves: Vec<Leaf>, defects: &mut Defects) -> Parts {
    let mut out = Parts::default();
    for leaf in leaves {
        let media = leaf.content.media_type(&leaf.parent).to_owned();
        let whole = leaf.parent.is_empty();
        let body = leaf.is_body();
        match media.as_str() {
            "text/plain" if body => out.plain = body_text(raw, leaf, out.plain.take(), defects),
            "text/html" | "application/xhtml+xml" if body => {
                out.html = body_text(raw, leaf, out.html.take(), defects);
            }
            other if body && RENDERINGS.contains(&other) => {}
            _ if whole && leaf.body.start == leaf.body.end => {}
            _ => out.attachments.push(attachment(raw, leaf, media, defects)),
        }
    }
    out
}

/// Decodes a body and joins it to what was there of its kind.
fn body_text(raw: &[u8], leaf: Leaf, before: Option<BodyText>, defects: &mut Defects) -> Option<BodyText> {
    let (encoding, unknown) = leaf.content.transfer();
    let (bytes, broken) = encoding.decode(leaf.body.slice(raw));
    if unknown || broken {
        let name = leaf.content.encoding.clone().unwrap_or_default();
        defects.note(DefectKind::MalformedEncoding, Some(leaf.body), name);
    }
    let mut bytes = bytes.as_ref();
    if bytes.len() > limits::TEXT_BYTES_MAX {
        defects.note(DefectKind::OverLimit, Some(leaf.body), "TEXT_BYTES_MAX");
        bytes = bytes.get(..limits::TEXT_BYTES_MAX).unwrap_or(bytes);
    }
    let label = leaf.content.kind.as_ref().and_then(|k| k.get("charset")).filter(|c| !c.is_empty());
    let decoded = charset::decode(bytes, label);
    if let Some(used) = decoded.mislabelled {
        let label = label.unwrap_or("none");
        defects.note(DefectKind::MislabelledCharset, Some(leaf.body), format!("label {label}, bytes {used}"));
    }
    if decoded.lossy {
        defects.note(DefectKind::UndecodableText, Some(leaf.body), label.unwrap_or("none"));
    }
    if memchr::memchr(0, decoded.text.as_bytes()).is_some() {
        defects.note(DefectKind::NulByte, Some(leaf.body), "in a text part");
    }
    let Some(mut joined) = before else {
        return Some(BodyText {
            raw: decoded.text.into_owned(),
            charset: label.map(str::to_owned),
            content_transfer_encoding: leaf.content.encoding,
            span: leaf.body,
        });
    };
    if joined.raw.len() + decoded.text.len() < limits::TEXT_BYTES_MAX {
        if !joined.raw.ends_with('\n') {
            joined.raw.push('\n');
        }
        joined.raw.push_str(&decoded.text);
    } else {
        defects.note(DefectKind::OverLimit, Some(leaf.body), "TEXT_BYTES_MAX over several parts");
    }
    Some(joined)
}

fn attachment(raw: &[u8], leaf: Leaf, media: String, defects: &mut Defects) -> Attachment {
    let (encoding, unknown) = leaf.content.transfer();
    let (bytes, broken) = encoding.decode(leaf.body.slice(raw));
    if unknown || broken {
        let name = leaf.content.encoding.clone().unwrap_or_default();
        defects.note(DefectKind::MalformedEncoding, Some(leaf.body), name);
    }
    let file_name = leaf.content.name().map(str::to_owned);
    let file_extension = file_name.as_deref().and_then(extension);
    let declared = leaf.content.kind.is_some() || media == "message/rfc822";
    Attachment {
        file_type: filetype::detect(&bytes, &media, file_extension.as_deref()).to_owned(),
        file_name,
        file_extension,
        content_type: declared.then_some(media),
        content_disposition: leaf.content.disposition.map(|d| d.value).filter(|d| !d.is_empty()),
        content_id: leaf.content.id,
        content_transfer_encoding: leaf.content.encoding,
        size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        md5: hex(&Md5::digest(&bytes)),
        sha1: hex(&Sha1::digest(&bytes)),
        sha256: hex(&Sha256::digest(&bytes)),
        raw: bytes.into_owned().into(),
        span: leaf.body,
    }
}

/// What stands behind the last dot of a file name.
pub(crate) fn extension(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let (stem, extension) = base.trim_end().rsplit_once('.')?;
    let short = !extension.is_empty() && extension.chars().take(17).count() <= 16;
    (short && !stem.is_empty()).then(|| extension.to_owned())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| char::from(DIGITS.get(usize::from(n)).copied().unwrap_or(b'0'));
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}
