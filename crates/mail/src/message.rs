//! The message: everything that can be read from its bytes alone.

use std::borrow::Cow;

use crate::{
    Attachment, AuthResults, BodyText, Defect, DefectKind, EmailAddress, Field, Hop, Html, Link, Mailbox,
    PreviousThread, Subject, Thread, ThreadIndex, address, bodies, chain, date,
    defect::Defects,
    domain::{Domain, Ip},
    header, limits,
    mime::{self, Content},
    part, subject, thread_index, words,
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
    /// Thread-Index.
    pub thread_index: Option<ThreadIndex>,
    /// Date as seconds since the epoch.
    pub date: Option<i64>,
    /// Zone of the date as written.
    pub date_original_offset: Option<String>,
    /// X-Mailer or User-Agent.
    pub mailer: Option<String>,
    /// The chain, index 0 closest to the sender.
    pub hops: Vec<Hop>,
    /// `Authentication-Results` and `ARC-Authentication-Results` fields, top first, whoever wrote them.
    pub auth_results: Vec<AuthResults>,
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
    let mut defects = Defects::default();
    let bytes = raw.get(..limits::MESSAGE_BYTES_MAX).unwrap_or(raw);
    if bytes.len() < raw.len() {
        defects.note(DefectKind::OverLimit, None, "MESSAGE_BYTES_MAX");
    }
    let (fields, body) = header::read(bytes, &mut defects);
    header::note_duplicates(&fields, &mut defects);
    let mut message = Message { fields, ..Message::default() };
    message.read_people(&mut defects);
    message.read_ids(&mut defects);
    message.read_chain(&mut defects);
    let content = Content::of_message(&message.fields, &mut defects);
    let leaves = mime::leaves(bytes, body, content, &mut defects);
    let parts = part::sort(bytes, leaves, &mut defects);
    message.plain = parts.plain;
    message.html = parts.html;
    message.attachments = parts.attachments;
    bodies::read(&mut message);
    if message.dom.as_ref().is_some_and(|dom| dom.over_limit) {
        defects.note(DefectKind::OverLimit, None, "HTML_BYTES_MAX, HTML_NODES_MAX or LINKS_MAX");
    }
    message.defects = defects.into_vec();
    message
}

/// Reads the header fields only, all that [`leaf::structure`](crate::leaf::structure) needs; everything else stays
/// empty. Total.
pub fn header_only(raw: &[u8]) -> Message {
    let bytes = raw.get(..limits::MESSAGE_BYTES_MAX).unwrap_or(raw);
    Message { fields: header::read(bytes, &mut Defects::default()).0, ..Message::default() }
}

impl Message {
    /// The first field of this name, in any case.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.is(name))
    }

    /// All fields of this name, top first.
    pub fn fields_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |f| f.is(name))
    }

    /// The value of the first field of this name with its encoded words decoded.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.field(name).map(|f| words::decode(&f.value, &mut Defects::default()))
    }

    fn mailboxes(&self, name: &str, defects: &mut Defects) -> Vec<Mailbox> {
        self.field(name).map(|f| address::parse_list(&f.value, defects)).unwrap_or_default()
    }

    fn read_people(&mut self, defects: &mut Defects) {
        self.authors = self.mailboxes("From", defects);
        self.author = self.authors.first().cloned();
        if !self.fields.is_empty() && !self.authors.iter().any(|a| a.email.is_address()) {
            defects.note(DefectKind::MissingAuthor, None, "no From field with an address");
        }
        self.sender = self.mailboxes("Sender", defects).into_iter().next();
        self.reply_to = self.mailboxes("Reply-To", defects);
        self.to = self.mailboxes("To", defects);
        self.cc = self.mailboxes("Cc", defects);
        self.bcc = self.mailboxes("Bcc", defects);
        let address = |name| self.field(name).map(|f| EmailAddress::parse(&f.value));
        let (return_path, delivered_to) = (address("Return-Path"), address("Delivered-To"));
        (self.return_path, self.delivered_to) = (return_path, delivered_to);
    }

    fn read_ids(&mut self, defects: &mut Defects) {
        let subject = self.field("Subject").map(|f| words::decode(&f.value, defects));
        self.subject = subject::parse(subject.as_deref());
        self.message_id = self.field("Message-ID").and_then(|f| ids(&f.value, 1).pop());
        self.in_reply_to = self.field("In-Reply-To").and_then(|f| ids(&f.value, 1).pop());
        let references = self.field("References").map(|f| ids(&f.value, limits::REFERENCES_MAX));
        self.references = references.unwrap_or_default();
        self.thread_index = self.field("Thread-Index").and_then(|f| thread_index::parse(f, defects));
        self.mailer = self.text("X-Mailer").or_else(|| self.text("User-Agent")).map(Cow::into_owned);
        let Some(date) = self.field("Date") else { return };
        match date::parse(&date.value) {
            Some(parsed) => (self.date, self.date_original_offset) = (Some(parsed.seconds), parsed.offset),
            None => defects.note(DefectKind::MalformedDate, Some(date.span), date.value.as_str()),
        }
    }

    fn read_chain(&mut self, defects: &mut Defects) {
        let chain = chain::read(&self.fields, defects);
        self.hops = chain.hops;
        self.auth_results = chain.auth_results;
        self.domains = chain.domains;
        self.ips = chain.ips;
    }
}

/// Message ids of a field, without angle brackets; what stands outside of any counts when there are none.
fn ids(value: &str, most: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = value;
    while let Some((_, tail)) = rest.split_once('<') {
        let Some((id, after)) = tail.split_once('>') else { break };
        if out.len() >= most {
            return out;
        }
        out.push(id.split_whitespace().collect());
        rest = after;
    }
    if out.is_empty() {
        let bare = value.split_whitespace().map(|w| w.trim_matches(['<', '>', ',', ';']));
        out.extend(bare.filter(|w| w.contains('@')).take(most).map(str::to_owned));
    }
    if out.is_empty() && !value.trim().is_empty() {
        out.push(value.trim().trim_matches(['<', '>']).to_owned());
    }
    out
}
