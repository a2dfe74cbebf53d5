//! RFC 5322 messages, read by the same parser as the message itself.

use bytes::Bytes;

use crate::{
    Place, Relation,
    scan::{Around, Child, Scan, TextKind},
};

/// Attachments of one message that are entered.
const ATTACHMENTS_MAX: usize = 500;

/// Reads a message: its texts first, because they may open its attachments.
pub(crate) fn analyse(bytes: &Bytes, scan: &mut Scan<'_>) {
    let message = sekisho_mail::parse(bytes);
    scan.around = Some(Around {
        recipients: message.to.iter().chain(&message.cc).map(|m| m.email.email.to_lowercase()).collect(),
        sender_domain: message.author.as_ref().and_then(|m| m.email.domain.root_domain.clone()),
        date: message.date,
    });
    scan.text(TextKind::Shown, message.subject.subject.clone().unwrap_or_default(), Place::new("subject"));
    if let Some(plain) = &message.plain {
        scan.text(TextKind::Shown, plain.raw.clone(), "text");
    }
    if let Some(html) = &message.dom {
        scan.text(TextKind::Shown, html.display_text.clone(), "html");
    }
    if message.attachments.len() > ATTACHMENTS_MAX {
        scan.left_out(format!("{} parts, of which {ATTACHMENTS_MAX} were read", message.attachments.len()));
    }
    for attachment in message.attachments.into_iter().take(ATTACHMENTS_MAX) {
        scan.child(Child {
            name: attachment.file_name.unwrap_or_default(),
            declared: attachment.content_type,
            relation: Relation::Attachment,
            bytes: attachment.raw,
            ..Child::default()
        });
    }
}
