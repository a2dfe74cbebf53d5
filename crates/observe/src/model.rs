//! Composes the public message data model (mql.md §3) from what the message says about itself.

use sekisho_mail::{AuthResults, Domain, EmailAddress, Field, Ip, Link, Mailbox, Message};
use sekisho_record::{
    Evidence, Submission,
    evidence::model::{Body, BodyHtml, Headers, MailboxExtended, MessageType, Model, Recipients, Sender},
};

use crate::{View, transit};

/// What of the message does not go into the model but facets still read.
#[derive(Debug, Default)]
pub struct Rest {
    /// Header fields, top first.
    pub fields: Vec<Field>,
    /// `Authentication-Results` and their ARC copies, top first.
    pub auth_results: Vec<AuthResults>,
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
    let envelope_from = submission.envelope.map(|e| address_of(&e.mail_from));
    let mut headers = Headers {
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
        return_path: envelope_from.or(message.return_path),
        ..Headers::default()
    };
    read_x_fields(&message.fields, &mut headers);
    let model = Model {
        sender,
        recipients: Recipients { to: message.to, cc: message.cc, bcc: message.bcc },
        subject: message.subject,
        headers,
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
            ips: link_ips(&message.links),
            links: message.links,
        },
        attachments: message.attachments,
        defects: message.defects,
        thread_index: message.thread_index,
        field_spans: message.fields.iter().map(|f| (f.name.to_ascii_lowercase(), f.value_span)).collect(),
        size: i64::try_from(submission.raw.len()).unwrap_or(i64::MAX),
        ..Model::default()
    };
    (
        model,
        Rest {
            fields: message.fields,
            auth_results: message.auth_results,
            authors: message.authors,
            sender: message.sender,
        },
    )
}

/// Direction of the message; all unknown when the organisation's domains are not configured.
///
/// Mail that merely says to be from inside is inbound: inside is who logged in, whose aligned papers pass, or what
/// never left the organisation's own servers.
pub fn direction(evidence: &Evidence, view: &View<'_>) -> MessageType {
    let organisation = &view.context.organisation;
    if organisation.domains.is_empty() {
        return MessageType::default();
    }
    let (named_inside, named_outside) = recipients(evidence, view);
    let says_inside =
        evidence.model.sender.email.as_ref().is_some_and(|e| organisation.owns(e.domain.ascii()));
    let login = view.submission.envelope.is_some_and(|e| e.login.is_some());
    let from_inside = says_inside
        && (login
            || evidence.authentication.aligned == Some(true)
            || transit::stayed_inside(&evidence.model.headers.hops, organisation));
    // A stored message that names nobody inside (a blind copy, a list) was still delivered here.
    let to_inside = named_inside || (view.submission.envelope.is_none() && !from_inside);
    MessageType {
        inbound: Some(!from_inside && to_inside),
        internal: Some(from_inside && named_inside),
        outbound: Some(from_inside && named_outside),
    }
}

/// Whether somebody inside and somebody outside is a recipient, by the envelope when there is one.
fn recipients(evidence: &Evidence, view: &View<'_>) -> (bool, bool) {
    let organisation = &view.context.organisation;
    let inside = |address: &str| address.rsplit_once('@').is_some_and(|(_, d)| organisation.owns(d));
    let (mut any_inside, mut any_outside) = (false, false);
    let mut see = |address: &str| {
        any_inside |= inside(address);
        any_outside |= address.contains('@') && !inside(address);
    };
    if let Some(envelope) = view.submission.envelope.filter(|e| !e.rcpt_to.is_empty()) {
        envelope.rcpt_to.iter().for_each(|address| see(address));
        return (any_inside, any_outside);
    }
    let recipients = &evidence.model.recipients;
    for mailbox in recipients.to.iter().chain(&recipients.cc).chain(&recipients.bcc) {
        see(&mailbox.email.email);
    }
    if let Some(address) = &evidence.model.headers.delivered_to {
        see(&address.email);
    }
    (any_inside, any_outside)
}

/// The person that the message is for, when there is one recipient and the configuration names them.
pub fn mailbox(evidence: &Evidence, view: &View<'_>) -> Option<MailboxExtended> {
    let address = match view.submission.envelope.map(|e| e.rcpt_to.as_slice()) {
        Some([only]) => only.as_str(),
        Some(_) => return None,
        None => evidence.model.headers.delivered_to.as_ref().map(|a| a.email.as_str())?,
    };
    let organisation = &view.context.organisation;
    let mut known = organisation.people.iter().chain(&organisation.vips);
    let person = known.find(|p| p.addresses.iter().any(|a| a.eq_ignore_ascii_case(address)))?;
    let (first, last) = person.name.trim().rsplit_once(' ').unwrap_or((person.name.trim(), ""));
    let given = |name: &str| Some(name.to_owned()).filter(|n| !n.is_empty());
    Some(MailboxExtended {
        display_name: given(&person.name),
        first_name: given(first),
        last_name: given(last),
        email: address_of(address),
    })
}

fn address_of(text: &str) -> EmailAddress {
    let email = text.trim().trim_matches(|c| matches!(c, '<' | '>')).to_lowercase();
    match email.rsplit_once('@') {
        Some((local, domain)) => EmailAddress {
            local_part: Some(local.to_owned()),
            domain: Domain::parse(domain),
            email: email.clone(),
        },
        None => EmailAddress { email, ..EmailAddress::default() },
    }
}

/// Fields that webmail and relays add about who really sent it.
fn read_x_fields(fields: &[Field], headers: &mut Headers) {
    for field in fields {
        let name = field.name.as_str();
        if !name.get(..2).is_some_and(|p| p.eq_ignore_ascii_case("x-")) {
            continue;
        }
        let value = field.value.trim();
        let bare = value.trim_matches(|c| matches!(c, '[' | ']' | '<' | '>'));
        match name.to_ascii_lowercase().as_str() {
            "x-authenticated-domain" => headers.x_authenticated_domain = Some(Domain::parse(value)),
            "x-authenticated-sender" => headers.x_authenticated_sender = Some(address_of(value)),
            "x-client-ip" => headers.x_client_ip = Ip::parse_strict(bare),
            "x-originating-ip" => headers.x_originating_ip = Ip::parse_strict(bare),
            "x-secure-server-account" => headers.x_secure_server_account = Some(value.to_owned()),
            "x-sender" => headers.x_sender = Some(address_of(value)),
            _ => {}
        }
    }
}

/// Distinct addresses that links have as their host.
fn link_ips(links: &[Link]) -> Vec<Ip> {
    let mut ips: Vec<Ip> = Vec::new();
    for ip in links.iter().filter_map(|link| link.href_url.ip.as_ref()) {
        if !ips.contains(ip) {
            ips.push(ip.clone());
        }
    }
    ips
}
