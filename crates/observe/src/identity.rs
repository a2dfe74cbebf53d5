//! Facet `identity`: who the message says it is from, and how that name is built.

mod names;

pub(crate) use names::imitated_domain;

use sekisho_mail::{Domain, EmailAddress, Mailbox};
use sekisho_record::{Evidence, evidence::Identity};

use crate::{
    View,
    brand::{Lookalike, lookalike},
    fold::fold,
    limits, lists,
};

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>) -> Identity {
    let mut identity = Identity::default();
    recipients(&mut identity, evidence);
    let author = evidence.model.sender.email.as_ref();
    display(&mut identity, evidence, view);
    let Some(author) = author else { return identity };
    address(&mut identity, author, evidence, view);
    replies(&mut identity, author, evidence);
    identity
}

/// Everything about the display name.
fn display(identity: &mut Identity, evidence: &Evidence, view: &View<'_>) {
    let Some(name) = evidence.model.sender.display_name.as_deref().filter(|n| !n.trim().is_empty()) else {
        return;
    };
    let name: String = name.chars().take(limits::DISPLAY_CHARS_MAX).collect();
    let folded = fold(&name);
    identity.display_disguised = folded.disguised;
    let author = evidence.model.sender.email.as_ref();
    let root = author.map_or("", |a| root_of(&a.domain));
    identity.display_address = shown_address(view, &folded.text);
    identity.display_address_differs =
        identity.display_address.as_ref().is_some_and(|shown| root_of(&shown.domain) != root);
    if identity.display_address.is_none() {
        identity.display_domain =
            names::shown_domain(&folded.text).map(|d| names::root(&d).to_owned()).filter(|d| d != root);
    }
    let organisation = &view.context.organisation;
    let outside = author.is_some_and(|a| !organisation.owns(&a.domain.domain));
    let address = author.map_or("", |a| a.email.as_str());
    identity.display_is_vip = outside && names::is_person(&folded.text, &organisation.vips, address);
    identity.display_is_colleague =
        identity.display_is_vip || names::is_person(&folded.text, &organisation.people, address);
    let people = recipients_of(evidence);
    identity.display_is_recipient =
        people.iter().any(|r| r.email.email != address && names::is_recipient(&folded.text, r));
    identity.display_claims_recipient_org =
        names::claims_organisation(&folded.text, organisation, &people, root);
    identity.display_folded = Some(folded.text.trim().to_owned());
}

/// The address that the display name shows, as the parser or this crate found it.
fn shown_address(view: &View<'_>, folded: &str) -> Option<EmailAddress> {
    if let Some(embedded) = view.author.and_then(|a| a.embedded.clone()) {
        return Some(embedded);
    }
    names::shown_address(folded)
}

/// Everything about the address itself.
fn address(identity: &mut Identity, author: &EmailAddress, evidence: &Evidence, view: &View<'_>) {
    let local = author.local_part.as_deref().unwrap_or_default();
    let domain = author.domain.domain.as_str();
    let organisation = &view.context.organisation;
    identity.technical_mailbox = names::is_technical(local);
    identity.random_local_part = names::is_random(local);
    identity.freemail = is_freemail(&author.domain);
    // `Anna via List <list@…>` to the list: the list's manager wrote its own address over the author's.
    let rewritten = || {
        let name = evidence.model.sender.display_name.as_deref().unwrap_or_default().to_lowercase();
        name.contains(" via ") && view.is_list_address(&author.email)
    };
    identity.sender_is_recipient =
        recipients_of(evidence).iter().any(|r| r.email.email == author.email) && !rewritten();
    if !organisation.domains.is_empty() {
        identity.author_is_org = Some(organisation.owns(domain));
    }
    if identity.author_is_org == Some(true) || organisation.is_partner(domain) {
        return;
    }
    if let Some((of, kind)) = names::imitated_partner(&author.domain, organisation) {
        identity.lookalike_of = Some(of);
        identity.lookalike_kind = Some(kind.to_owned());
        return;
    }
    let root = author.domain.root_domain.as_deref().unwrap_or(domain);
    let tld = author.domain.tld.as_deref().unwrap_or_default();
    let book = &view.knowledge.brands;
    let found: Option<Lookalike> = lookalike(book, domain, root, tld);
    // A customer's name below a help-desk host is how such hosts are made.
    let found = found.filter(|f| f.kind != "subdomain" || !book.is_known(root));
    if let Some(found) = found {
        identity.lookalike_of = book.brand(found.brand).map(|b| b.name.clone());
        identity.lookalike_kind = Some(found.kind.to_owned());
    }
}

/// Where answers would go.
fn replies(identity: &mut Identity, author: &EmailAddress, evidence: &Evidence) {
    let root = root_of(&author.domain);
    let differs = |m: &&Mailbox| !m.email.email.is_empty() && root_of(&m.email.domain) != root;
    if let Some(reply) = evidence.model.headers.reply_to.iter().find(differs) {
        identity.reply_to_differs = true;
        identity.reply_to_freemail = is_freemail(&reply.email.domain) && !is_freemail(&author.domain);
    }
    let first = evidence.model.headers.reply_to.iter().find(|m| !m.email.email.is_empty());
    identity.reply_to = first.map(|m| m.email.email.clone()).filter(|r| *r != author.email);
}

/// Whether anybody is named as a recipient.
fn recipients(identity: &mut Identity, evidence: &Evidence) {
    let recipients = &evidence.model.recipients;
    let usable = |m: &Mailbox| m.email.email.contains('@') && !m.email.domain.domain.is_empty();
    let named = recipients.to.iter().chain(&recipients.cc).any(usable);
    let undisclosed = |m: &Mailbox| {
        let name = m.display_name.as_deref().unwrap_or_default().to_ascii_lowercase();
        let local = m.email.local_part.as_deref().unwrap_or_default();
        name.contains("undisclosed")
            || local.contains("undisclosed")
            || m.email.email.starts_with("undisclosed")
    };
    let hidden = recipients.to.iter().any(undisclosed);
    let invalid = recipients.to.first().is_some_and(|m| !usable(m));
    identity.recipients_hidden = !named || hidden || invalid;
}

/// To and Cc, as many as are compared.
fn recipients_of(evidence: &Evidence) -> Vec<&Mailbox> {
    let recipients = &evidence.model.recipients;
    recipients.to.iter().chain(&recipients.cc).take(limits::RECIPIENTS_COMPARED_MAX).collect()
}

/// Registrable domain, or the name itself when it has none.
fn root_of(domain: &Domain) -> &str {
    domain.root_domain.as_deref().unwrap_or(&domain.domain)
}

/// A provider where anybody gets a mailbox.
pub(crate) fn is_freemail(domain: &Domain) -> bool {
    let label = domain.sld.as_deref().unwrap_or_default();
    let national = matches!(label, "yahoo" | "hotmail" | "outlook" | "live" | "gmx" | "yandex");
    lists::contains("free_email_providers", &domain.domain) || national && domain.subdomain.is_none()
}

#[cfg(test)]
mod tests;
