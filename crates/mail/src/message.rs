//! The message: everything that can be read from its bytes alone.

use crate::{
    Attachment, BodyText, Defect, EmailAddress, Field, Hop, Html, Link, Mailbox, PreviousThread, Subject,
    Thread,
    domain::{Domain, Ip},
};

/// A parsed message. Everything borrowed from nowhere: cheap to keep, safe to send to another thread.
#[derive(Debug, Default)]
pub struct Message {
    /// Header fields in order, top first.
    pub fields: Vec<Field>,
    /// First mailbox of `From:` (the author, RFC 5598).
    pub author: Option<Mailbox>,
    /// All mailboxes of `From:`.
    pub authors: Vec<Mailbox>,
    /// `Sender:`.
    pub sender: Option<Mailbox>,
    /// `Reply-To:`.
    pub reply_to: Vec<Mailbox>,
    /// `To:`.
    pub to: Vec<Mailbox>,
    /// `Cc:`.
    pub cc: Vec<Mailbox>,
    /// `Bcc:`.
    pub bcc: Vec<Mailbox>,
    /// `Return-Path:` (topmost); `None` when absent, an empty address for `<>`.
    pub return_path: Option<EmailAddress>,
    /// `Delivered-To:` (topmost).
    pub delivered_to: Option<EmailAddress>,
    /// Subject.
    pub subject: Subject,
    /// Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// In-Reply-To, first id, without angle brackets.
    pub in_reply_to: Option<String>,
    /// References, without angle brackets.
    pub references: Vec<String>,
    /// Date as seconds since the epoch.
    pub date: Option<i64>,
    /// Zone of the date as written.
    pub date_original_offset: Option<String>,
    /// X-Mailer or User-Agent.
    pub mailer: Option<String>,
    /// The chain, index 0 closest to the sender.
    pub hops: Vec<Hop>,
    /// Every domain found in `Received` fields, distinct, sender first.
    pub domains: Vec<Domain>,
    /// Every address found in `Received` fields, distinct, sender first.
    pub ips: Vec<Ip>,
    /// The `text/plain` body.
    pub plain: Option<BodyText>,
    /// The `text/html` body.
    pub html: Option<BodyText>,
    /// The tree of the HTML body with what a reader would see of it.
    pub dom: Option<Html>,
    /// Links of the whole body, distinct by target and display; `current` tells where they stand.
    pub links: Vec<Link>,
    /// The newest message.
    pub current_thread: Thread,
    /// What it quotes.
    pub previous_threads: Vec<PreviousThread>,
    /// Attachments.
    pub attachments: Vec<Attachment>,
    /// What was wrong.
    pub defects: Vec<Defect>,
}

/// Reads a message. Total: any bytes give a value.
pub fn parse(raw: &[u8]) -> Message {
    let _ = raw;
    Message::default()
}
