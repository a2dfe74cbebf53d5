//! The leaves of the MIME tree with their places in the message, for whoever changes a message.

use crate::{Message, Span, TransferEncoding, defect::Defects, header, limits, mime, mime::Content};

/// The MIME structure of a message.
#[derive(Debug, Clone, Default)]
pub struct Structure {
    /// Where the header begins: behind an mbox separator and empty lines.
    pub head: usize,
    /// Where the body begins.
    pub body: usize,
    /// The leaves in order, at most [`limits::PARTS_MAX`].
    pub leaves: Vec<Leaf>,
}

/// A part that has no parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Declared type, lower case, without parameters; `text/plain` when none is declared.
    pub media_type: String,
    /// The charset label as written.
    pub charset: Option<String>,
    /// How its bytes travel.
    pub encoding: TransferEncoding,
    /// `Content-Transfer-Encoding` as written, lower case.
    pub encoding_label: Option<String>,
    /// `smime-type`, lower case.
    pub smime: Option<String>,
    /// It would be shown as a part of the body if it is a text.
    pub shown: bool,
    /// It has a `Content-Type` of its own.
    pub declared: bool,
    /// The subtypes of all multiparts around it, outermost first, each followed by a slash: `mixed/alternative/`.
    pub above: String,
    /// Its header, with the empty line; empty for the message itself.
    pub head: Span,
    /// Its encoded bytes.
    pub body: Span,
}

/// Reads the MIME structure of a message that was parsed from these bytes. Total.
pub fn structure(raw: &[u8], message: &Message) -> Structure {
    let mut defects = Defects::default();
    let bytes = raw.get(..limits::MESSAGE_BYTES_MAX).unwrap_or(raw);
    let (head, body) = header::place(bytes);
    let content = Content::of_message(&message.fields, &mut defects);
    let leaves = mime::leaves(bytes, body, content, &mut defects);
    Structure { head, body, leaves: leaves.into_iter().map(Leaf::of).collect() }
}

impl Leaf {
    fn of(leaf: mime::Leaf) -> Self {
        let kind = leaf.content.kind.as_ref();
        let parameter = |name| kind.and_then(|kind| kind.get(name)).filter(|value| !value.is_empty());
        let start = leaf.body.start as usize;
        let whole = leaf.parent.is_empty();
        Leaf {
            media_type: leaf.content.media_type(&leaf.parent).to_owned(),
            charset: parameter("charset").map(str::to_owned),
            encoding: leaf.content.transfer().0,
            encoding_label: leaf.content.encoding.clone(),
            smime: parameter("smime-type").map(str::to_ascii_lowercase),
            shown: leaf.is_body(),
            declared: kind.is_some(),
            head: if whole { Span::new(start, start) } else { Span::new(leaf.head, start) },
            above: leaf.above,
            body: leaf.body,
        }
    }

    /// A multipart of this subtype is around it.
    pub fn is_in(&self, subtype: &str) -> bool {
        self.above.split('/').any(|name| name == subtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_know_where_they_stand_and_what_is_around_them() {
        let raw = "A: b\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; \
            boundary=a\r\n\r\n--a\r\n\r\nplain\r\n--a\r\nContent-Type: text/html; charset=x\r\n\
            Content-Transfer-Encoding: base64\r\n\r\naGk=\r\n--a--\r\n--m\r\nContent-Type: text/plain; name=f\r\n\r\nfile\r\n--m--\r\n";
        let found = structure(raw.as_bytes(), &crate::parse(raw.as_bytes()));
        let told: Vec<_> = found
            .leaves
            .iter()
            .map(|l| {
                format!(
                    "{} {} {} {:?}",
                    l.above,
                    l.media_type,
                    l.shown,
                    l.body.slice(raw.as_bytes()).escape_ascii().to_string()
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "mixed/alternative/ text/plain true \"plain\"",
                "mixed/alternative/ text/html true \"aGk=\"",
                "mixed/ text/plain false \"file\""
            ]
        );
        let html = &found.leaves[1];
        assert!(html.head.slice(raw.as_bytes()).starts_with(b"Content-Type: text/html"));
        assert!(html.head.slice(raw.as_bytes()).ends_with(b"base64\r\n\r\n"));
        assert!(html.is_in("alternative") && !html.is_in("signed"));
        assert_eq!(&raw[found.body..found.body + 3], "--m");
    }

    #[test]
    fn a_message_of_one_part_is_its_own_leaf() {
        let raw = b"\r\nA: b\r\n\r\nbody";
        let found = structure(raw, &crate::parse(raw));
        assert_eq!((found.head, found.body, found.leaves.len()), (2, 10, 1));
        assert_eq!(found.leaves[0].body.slice(raw), b"body");
    }
}
