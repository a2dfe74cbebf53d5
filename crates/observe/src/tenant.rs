//! Facet `tenant`: which bulk mailer carried the message, for which account.
//!
//! A mailer is attributed on infrastructure alone: a passing DKIM signature, the host that handed the message over, a
//! return path whose SPF passed. Vendor header fields are written by whoever wants to; they are *claims*, and claims
//! that the infrastructure contradicts are forged.

mod account;
mod table;
#[cfg(test)]
mod tests;

use sekisho_record::{Evidence, evidence::Tenant};

use crate::{View, context::is_within, link::Resolved};
use table::{Esp, Kind, Table};

/// Weights of evidence: a signature names the mailer itself, a host and a return path may serve several products.
const DKIM: u32 = 4;
const RETURN_PATH: u32 = 2;
const HOST: u32 = 2;
const CLAIM: u32 = 1;

/// One mailer's marks in this message.
struct Found<'a> {
    esp: &'a Esp,
    score: u32,
    evidence: Vec<String>,
    claimed: bool,
}

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>, resolved: &Resolved) -> Tenant {
    let table = table::table();
    let mut found: Vec<Found<'_>> = Vec::new();
    read_claims(table, view, &mut found);
    read_infrastructure(table, evidence, &mut found);
    let claimed: Vec<String> = found.iter().filter(|f| f.claimed).map(|f| f.esp.name.clone()).collect();
    let forged = is_forged(evidence, &found);
    // Some products share their machines with everything else of their maker: there the claim has to agree.
    found.retain(|f| f.score > 0 && f.esp.kind != Kind::Host && (f.claimed || !f.esp.needs_header));
    let best = found.iter().rev().max_by_key(|f| f.score + if f.claimed { CLAIM } else { 0 });
    let mut tenant = Tenant { claimed, forged, ..Tenant::default() };
    if let Some(best) = best {
        tenant.esp = Some(best.esp.name.clone());
        tenant.corroborated = true;
        tenant.evidence.clone_from(&best.evidence);
        tenant.via = via(evidence, best.esp);
        let carriers = table.carriers(best.esp).filter(|c| found.iter().any(|f| f.esp.name == c.name));
        if let Some((id, from)) = std::iter::once(best.esp)
            .chain(carriers)
            .find_map(|esp| account::find(esp, evidence, view).or_else(|| account::in_links(esp, resolved)))
        {
            tenant.account = Some(id);
            tenant.account_from = Some(from.to_owned());
        }
        tenant.customer_domain = customer(evidence, best.esp);
    }
    tenant
}

/// The entry of a mailer in `found`, made when missing.
fn entry<'f, 'a>(found: &'f mut Vec<Found<'a>>, esp: &'a Esp) -> Option<&'f mut Found<'a>> {
    let at = match found.iter().position(|f| std::ptr::eq(f.esp, esp)) {
        Some(at) => at,
        None => {
            found.push(Found { esp, score: 0, evidence: Vec::new(), claimed: false });
            found.len() - 1
        }
    };
    found.get_mut(at)
}

fn read_claims<'a>(table: &'a Table, view: &View<'_>, found: &mut Vec<Found<'a>>) {
    for field in view.fields {
        for esp in table.claimed_by(&field.name, &field.value) {
            if esp.kind != Kind::Host
                && let Some(found) = entry(found, esp)
            {
                found.claimed = true;
            }
        }
    }
}

fn read_infrastructure<'a>(table: &'a Table, evidence: &Evidence, found: &mut Vec<Found<'a>>) {
    let authentication = &evidence.authentication;
    let mut add = |esp, score, text: String| {
        if let Some(found) = entry(found, esp) {
            found.score += score;
            found.evidence.push(text);
        }
    };
    for domain in authentication.dkim_domains.iter().take(crate::limits::SIGNATURES_MAX) {
        for esp in table.dkim.of(domain) {
            add(table.esp(esp), DKIM, format!("dkim d={domain}"));
        }
    }
    if let Some(host) = &evidence.transit.sending_host {
        for esp in table.hosts.of(host) {
            add(table.esp(esp), HOST, format!("host {host}"));
        }
    }
    if authentication.spf.as_deref() == Some("pass")
        && let Some(domain) = &authentication.spf_domain
    {
        for esp in table.return_paths.of(domain) {
            add(table.esp(esp), RETURN_PATH, format!("return path {domain}"));
        }
    }
}

/// A vendor's fields stand on a message that came, provably, through somebody else, and nothing else about it fits
/// the vendor: no carrier of its, no hop that names it, no list or forwarder that kept old fields.
fn is_forged(evidence: &Evidence, found: &[Found<'_>]) -> bool {
    let proven = || found.iter().filter(|f| f.score > 0);
    if proven().next().is_none() || evidence.transit.mailing_list {
        return false;
    }
    let mut claims = found.iter().filter(|f| f.claimed).peekable();
    claims.peek().is_some()
        && claims.all(|claim| {
            claim.score == 0
                && !proven().any(|f| related(f.esp, claim.esp))
                && !evidence.model.headers.hops.iter().any(|hop| hop_names(hop, claim.esp))
        })
}

fn related(one: &Esp, other: &Esp) -> bool {
    one.carriers.contains(&other.name) || other.carriers.contains(&one.name)
}

fn hop_names(hop: &sekisho_mail::Hop, esp: &Esp) -> bool {
    let Some(received) = &hop.received else { return false };
    [&received.server, &received.helo, &received.reverse_dns, &received.source].into_iter().flatten().any(
        |text| {
            text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))
                .any(|word| esp.hosts.iter().any(|host| is_within(word, host)))
        },
    )
}

/// Through the mailer's API or its SMTP door: how its first server got the message.
fn via(evidence: &Evidence, esp: &Esp) -> Option<String> {
    let server = evidence.transit.first_server.as_deref()?;
    let own = esp.hosts.iter().any(|host| is_within(server, host));
    // SendGrid's first servers call themselves `geopod-ismtpd-12` and the like, for HTTP and SMTP alike.
    let own = own || (esp.name == "SendGrid" && server.contains("ismtpd"));
    match (own, evidence.transit.submission.as_str()) {
        (true, "http") => Some("api".into()),
        (true, "smtp" | "esmtpa") => Some("smtp".into()),
        _ => None,
    }
}

/// The author's registrable domain when it is aligned, else the first domain that is vouched for and not the mailer's.
fn customer(evidence: &Evidence, esp: &Esp) -> Option<String> {
    let author = evidence.model.sender.email.as_ref().and_then(|email| email.domain.root_domain.clone());
    if evidence.authentication.aligned == Some(true) && author.is_some() {
        return author;
    }
    let own = |domain: &str| {
        esp.dkim.iter().chain(&esp.hosts).chain(&esp.return_path).any(|d| is_within(domain, d))
    };
    evidence.authentication.root_domains.iter().find(|domain| !own(domain)).cloned()
}
