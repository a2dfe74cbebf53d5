//! The public message data model (mql.md §3), composed of what the message says about itself.

use sekisho_mail::{
    Attachment, BodyText, Defect, Domain, EmailAddress, Hop, Html, Ip, Link, Mailbox, PreviousThread, Span,
    Subject, Thread, ThreadIndex,
    authres::{Dmarc, Spf},
};
use serde::Serialize;

/// Root of the model. Absent arrays are empty, absent scalars `None` (mql.md §1.6).
#[derive(Debug, Default, Serialize)]
pub struct Model {
    /// Direction.
    #[serde(rename = "type")]
    pub direction: MessageType,
    /// Author.
    pub sender: Sender,
    /// Recipients.
    pub recipients: Recipients,
    /// Subject.
    pub subject: Subject,
    /// Header.
    pub headers: Headers,
    /// Body.
    pub body: Body,
    /// Attachments.
    pub attachments: Vec<Attachment>,
    /// The mailbox that the message is for, when the configuration names it.
    pub mailbox: Option<MailboxExtended>,
    /// What was wrong with the bytes.
    pub defects: Vec<Defect>,
    /// Spans of header fields, for exhibits: (lower-case field name, value span).
    #[serde(skip)]
    pub field_spans: Vec<(String, Span)>,
    /// Thread-Index; rules read it as `transit.conversation`.
    #[serde(skip)]
    pub thread_index: Option<ThreadIndex>,
    /// Size of the message in bytes.
    pub size: i64,
}

/// Direction; all `None` when the organisation's domains are not configured.
#[derive(Debug, Default, Clone, Serialize)]
pub struct MessageType {
    /// From outside to at least one recipient inside.
    pub inbound: Option<bool>,
    /// From inside (SPF or DKIM passed, or submitted with a login) to inside.
    pub internal: Option<bool>,
    /// From inside to at least one recipient outside.
    pub outbound: Option<bool>,
}

/// Author of the message: first mailbox of `From:`.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Sender {
    /// Display name.
    pub display_name: Option<String>,
    /// Address; `None` when there is none.
    pub email: Option<EmailAddress>,
}

/// To, Cc, Bcc.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Recipients {
    /// To.
    pub to: Vec<Mailbox>,
    /// Cc.
    pub cc: Vec<Mailbox>,
    /// Bcc.
    pub bcc: Vec<Mailbox>,
}

/// Header.
#[derive(Debug, Default, Serialize)]
pub struct Headers {
    /// What a believed server found out.
    pub auth_summary: AuthSummary,
    /// Date, seconds since the epoch.
    pub date: Option<i64>,
    /// Zone as written.
    pub date_original_offset: Option<String>,
    /// Delivered-To.
    pub delivered_to: Option<EmailAddress>,
    /// Domains of all `Received` fields.
    pub domains: Vec<Domain>,
    /// Hops, 0 closest to the sender.
    pub hops: Vec<Hop>,
    /// In-Reply-To.
    pub in_reply_to: Option<String>,
    /// Addresses of all `Received` fields.
    pub ips: Vec<Ip>,
    /// X-Mailer or User-Agent.
    pub mailer: Option<String>,
    /// Message-ID.
    pub message_id: Option<String>,
    /// References.
    pub references: Vec<String>,
    /// Reply-To.
    pub reply_to: Vec<Mailbox>,
    /// Return-Path or the envelope's `mail_from`.
    pub return_path: Option<EmailAddress>,
    /// X-Authenticated-Domain.
    pub x_authenticated_domain: Option<Domain>,
    /// X-Authenticated-Sender.
    pub x_authenticated_sender: Option<EmailAddress>,
    /// X-Client-IP.
    pub x_client_ip: Option<Ip>,
    /// X-Originating-IP.
    pub x_originating_ip: Option<Ip>,
    /// X-Secure-Server-Account.
    pub x_secure_server_account: Option<String>,
    /// X-Sender.
    pub x_sender: Option<EmailAddress>,
}

/// Summary of authentication.
#[derive(Debug, Default, Clone, Serialize)]
pub struct AuthSummary {
    /// SPF.
    pub spf: Option<SpfSummary>,
    /// DMARC.
    pub dmarc: Option<DmarcSummary>,
}

/// SPF in short.
#[derive(Debug, Default, Clone, Serialize)]
pub struct SpfSummary {
    /// Passed.
    pub pass: Option<bool>,
    /// The check itself failed (temperror, permerror).
    pub error: bool,
    /// Hop index at which it was checked.
    pub received_hop: Option<i64>,
    /// Details.
    pub details: Option<Spf>,
}

/// DMARC in short. `bestguesspass` is not a pass.
#[derive(Debug, Default, Clone, Serialize)]
pub struct DmarcSummary {
    /// Passed.
    pub pass: Option<bool>,
    /// The check itself failed.
    pub error: bool,
    /// Hop index at which it was checked.
    pub received_hop: Option<i64>,
    /// Details.
    pub details: Option<Dmarc>,
}

/// Body.
#[derive(Debug, Default, Serialize)]
pub struct Body {
    /// The newest message.
    pub current_thread: Thread,
    /// What it quotes.
    pub previous_threads: Vec<PreviousThread>,
    /// HTML body.
    pub html: Option<BodyHtml>,
    /// Plain body.
    pub plain: Option<BodyText>,
    /// Addresses found in links.
    pub ips: Vec<Ip>,
    /// All links, unwrapped, distinct by target and display.
    pub links: Vec<Link>,
}

/// HTML body with its tree.
#[derive(Debug, Default, Serialize)]
pub struct BodyHtml {
    /// Charset label.
    pub charset: Option<String>,
    /// Transfer encoding.
    pub content_transfer_encoding: Option<String>,
    /// Decoded source.
    pub raw: String,
    /// The tree; carries `display_text`, `inner_text`, `hidden_text`.
    #[serde(skip)]
    pub dom: Html,
    /// Links of the HTML part.
    #[serde(skip)]
    pub links: Vec<Link>,
    /// The encoded bytes in the message.
    #[serde(skip)]
    pub span: Span,
}

/// Owner of the mailbox.
#[derive(Debug, Default, Clone, Serialize)]
pub struct MailboxExtended {
    /// Display name.
    pub display_name: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Address.
    pub email: EmailAddress,
}
