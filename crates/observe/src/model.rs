//! Composes the public message data model (mql.md §3) from what the message says about itself.

use sekisho_mail::{Field, Mailbox, Message};
use sekisho_record::{
    Evidence, Submission,
    evidence::model::{Body, BodyHtml, Headers, MessageType, Model, Recipients, Sender},
};

use crate::View;

/// What of the message does not go into the model but facets still read.
#[derive(Debug, Default)]
pub struct Rest {
    /// Header fields, top first.
    pub fields: Vec<Field>,
    /// Mailboxes of `From`.
    pub authors: Vec<Mailbox>,
    /// `Sender`.
    pub sender: Option<Mailbox>,
}

/// Builds the model; direction and authentication summary are set later, when they are known.
pub fn build(message: Message, submission: &Submission<'_>) -> (Model, Rest) {
    let author = message.author.as_ref().or(message.authors.first());
    let sender = Sender {
        display_name: author.and_then(|a| a.display_name.clone()),
        email: author.map(|a| a.email.clone()).filter(|e| !e.email.is_empty()),
    };
    let model = Model {
        sender,
        recipients: Recipients { to: message.to, cc: message.cc, bcc: message.bcc },
        subject: message.subject,
        headers: Headers {
            date: message.date,
            date_original_offset: message.date_original_offset,
            delivered_to: message.delivered_to,
            domains: message.domains,
            hops: message.hops,
            in_reply_to: message.in_reply_to,
            ips: message.ips,
            mailer: message.mailer,
            message_id: message.message_id,
            references: message.references,
            reply_to: message.reply_to,
            return_path: message.return_path,
            ..Headers::default()
        },
        body: Body {
            current_thread: message.current_thread,
            previous_threads: message.previous_threads,
            html: message.html.map(|h| BodyHtml {
                charset: h.charset,
                content_transfer_encoding: h.content_transfer_encoding,
                raw: h.raw,
                dom: message.dom.unwrap_or_default(),
                links: message.links.iter().filter(|l| l.parser == "hyperlink").cloned().collect(),
                span: h.span,
            }),
            plain: message.plain,
            links: message.links,
            ..Body::default()
        },
        attachments: message.attachments,
        defects: message.defects,
        field_spans: message.fields.iter().map(|f| (f.name.to_ascii_lowercase(), f.value_span)).collect(),
        size: i64::try_from(submission.raw.len()).unwrap_or(i64::MAX),
        ..Model::default()
    };
    (model, Rest { fields: message.fields, authors: message.authors, sender: message.sender })
}

/// Direction of the message; all unknown when the organisation's domains are not configured.
pub fn direction(evidence: &Evidence, view: &View<'_>) -> MessageType {
    let _ = (evidence, view);
    MessageType::default()
}
