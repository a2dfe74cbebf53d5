//! Facet `transit`: the way the message came, and what kind of mail its marks say it is.

mod list;

use std::net::IpAddr;

use sekisho_mail::{Domain, Hop, Received};
use sekisho_record::{Evidence, evidence::Transit};

use crate::{Organisation, View};

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>) -> Transit {
    let headers = &evidence.model.headers;
    let organisation = &view.context.organisation;
    let first = headers.hops.iter().find_map(|hop| hop.received.as_ref());
    let handover = handover(&headers.hops, organisation);
    let index = evidence.model.thread_index.as_ref();
    let mut transit = Transit {
        hops: headers.hops.iter().filter(|hop| hop.received.is_some()).count() as i64,
        submission: first.map_or("unknown", submission).into(),
        first_server: first.and_then(|r| r.server.as_deref()).and_then(host_of),
        origin_ip: headers.hops.iter().filter_map(public_peer).next(),
        date_skew_seconds: first
            .and_then(|r| r.time)
            .zip(headers.date)
            .map(|(received, written)| received.saturating_sub(written)),
        reply_headers: headers.in_reply_to.is_some() || !headers.references.is_empty(),
        conversation: index.map(|index| index.conversation.clone()),
        conversation_replies: index.map(|index| i64::from(index.replies)),
        ..Transit::default()
    };
    transit.sending_host = match view.submission.envelope {
        Some(envelope) if !envelope.helo.is_empty() => host_of(&envelope.helo),
        _ => handover.and_then(|hop| hop.received.as_ref()).and_then(peer_name),
    };
    transit.sending_root_domain =
        transit.sending_host.as_deref().and_then(|host| Domain::parse(host).root_domain);
    let mapi = first.and_then(|r| r.protocol.as_deref()).is_some_and(|p| has_word(p, "mapi"));
    transit.exchange_internal = mapi && handover.is_none();
    let came_from_outside = handover.is_some() || view.submission.envelope.is_some_and(from_outside);
    transit.exchange_claims_internal = came_from_outside
        && view
            .value("X-MS-Exchange-Organization-AuthAs")
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("internal"));
    read_marks(view, &mut transit);
    transit.mailing_list = list::redistributed(evidence, view);
    transit
}

fn from_outside(envelope: &sekisho_record::Envelope) -> bool {
    envelope.login.is_none() && envelope.ip.is_some_and(is_public)
}

/// What kind of mail the fields say it is.
fn read_marks(view: &View<'_>, transit: &mut Transit) {
    for field in view.fields {
        let value = field.value.as_str();
        let starts = |word: &str| value.get(..word.len()).is_some_and(|v| v.eq_ignore_ascii_case(word));
        match field.name.to_ascii_lowercase().as_str() {
            "list-unsubscribe" => {
                transit.list_unsubscribe = true;
                transit.bulk = true;
            }
            "feedback-id" => transit.bulk = true,
            "precedence" => {
                transit.bulk |= starts("bulk") || starts("junk") || starts("list");
                transit.auto_submitted |= starts("auto_reply");
            }
            "auto-submitted" => transit.auto_submitted |= !starts("no"),
            "x-autoreply" | "x-autorespond" | "x-auto-reply-from" => transit.auto_submitted = true,
            "x-failed-recipients" => transit.bounce = true,
            "content-type" => {
                let value = value.to_ascii_lowercase();
                transit.bounce |= value.starts_with("multipart/report") && value.contains("delivery-status");
            }
            _ => {}
        }
    }
}

/// How the first server got it.
fn submission(first: &Received) -> &'static str {
    let protocol = first.protocol.as_deref().unwrap_or_default();
    let protocol = protocol.split('(').next().unwrap_or_default().trim();
    let is = |names: &[&str]| names.iter().any(|name| has_word(protocol, name));
    let more = first.additional.as_deref().unwrap_or_default();
    if is(&["mapi"]) {
        "mapi"
    } else if is(&["http", "https", "httprest", "httpapi"]) {
        "http"
    } else if is(&["esmtpa", "esmtpsa", "smtpa", "smtpsa", "utf8smtpa", "utf8smtpsa", "asmtp"])
        || has_word(more, "authenticated")
    {
        "esmtpa"
    } else if is(&["local"]) || (protocol.is_empty() && first.source.is_none() && first.server.is_some()) {
        // `by host (Postfix, from userid 33)`: a program on the machine itself.
        "local"
    } else if is(&["smtp", "esmtp", "smtps", "esmtps", "utf8smtp", "utf8smtps", "lmtp", "lmtps"]) {
        "smtp"
    } else {
        "unknown"
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|w| w.eq_ignore_ascii_case(word))
}

/// The hop at which the message crossed from outside to the receiving side; `None` when it never left one side.
///
/// Read from the top, because the upper lines are those of our own servers: hops between machines of one provider,
/// of the organisation, or between private addresses are skipped, and the first that is none of these counts. What
/// stands further down may be invented.
pub(crate) fn handover<'a>(hops: &'a [Hop], organisation: &Organisation) -> Option<&'a Hop> {
    hops.iter().rev().find(|hop| hop.received.as_ref().is_some_and(|r| crosses(r, organisation)))
}

fn crosses(received: &Received, organisation: &Organisation) -> bool {
    // `by X with …` without a peer: handed on inside one machine or made there.
    let Some(peer) = peer_name(received) else { return false };
    let ip = received.ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok());
    if ip.is_some_and(|ip| !is_public(ip)) {
        return false;
    }
    // A login is a mailbox user's own machine, not a server of somebody else.
    if submission(received) == "esmtpa" || submission(received) == "http" {
        return false;
    }
    let reverse = received.reverse_dns.as_deref().and_then(host_of);
    let proven = reverse.as_deref().unwrap_or(&peer);
    let by = received.server.as_deref().and_then(host_of).unwrap_or_default();
    // A peer may call itself anything: only a name that reverse DNS confirms makes it one of ours.
    if reverse.as_deref().is_some_and(|name| organisation.runs(name)) {
        return false;
    }
    if is_border(proven, &by) {
        return true;
    }
    let (from_side, by_side) = (side(proven), side(&by));
    from_side.is_empty() || from_side != by_side
}

/// Two servers of one provider that nevertheless stand at the border between two of its customers.
fn is_border(from: &str, by: &str) -> bool {
    let microsoft =
        from.contains(".outbound.protection.outlook.com") && !by.contains(".outbound.protection.");
    microsoft || (by == "mx.google.com" && from.ends_with(".google.com"))
}

/// Registrable domain, with domains of one provider's machines taken together.
fn side(host: &str) -> String {
    let domain = Domain::parse(host);
    // Under no known public suffix (`ex1.branch.internal`) a host's parent is the closest thing to an owner.
    let parent =
        || host.split_once('.').filter(|(_, rest)| rest.contains('.')).map(|(_, rest)| rest.to_owned());
    let known = domain.root_domain.filter(|_| domain.valid);
    let root = known.or_else(parent).unwrap_or_else(|| host.to_owned());
    match root.as_str() {
        "office365.com" | "exchangelabs.com" | "hotmail.com" | "microsoft.com" => "outlook.com".into(),
        "gmail.com" | "1e100.net" => "google.com".into(),
        "yahoodns.net" => "yahoo.com".into(),
        _ => root,
    }
}

/// Every server the message passed is the organisation's own, and it began with a login or inside.
pub(crate) fn stayed_inside(hops: &[Hop], organisation: &Organisation) -> bool {
    let mut received = hops.iter().filter_map(|hop| hop.received.as_ref()).peekable();
    if received.peek().is_none() {
        return false;
    }
    received.all(|r| {
        let own_server = r.server.as_deref().and_then(host_of).is_some_and(|by| organisation.runs(&by));
        own_server && !crosses(r, organisation)
    })
}

/// The peer's name: by reverse DNS when the server recorded one, else what it called itself.
fn peer_name(received: &Received) -> Option<String> {
    let named = |text: &Option<String>| text.as_deref().and_then(host_of);
    named(&received.reverse_dns).or_else(|| named(&received.helo)).or_else(|| named(&received.source))
}

/// Address of the peer when it is a public one.
fn public_peer(hop: &Hop) -> Option<String> {
    let ip = hop.received.as_ref()?.ip.as_deref()?;
    ip.parse().ok().filter(|&ip| is_public(ip)).map(|_| ip.to_owned())
}

/// First word without brackets and final dot, lower case; `None` when it names nothing.
fn host_of(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?;
    let host = word.trim_matches(|c| matches!(c, '[' | ']' | '(' | ')' | '<' | '>' | ';' | ','));
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    (!host.is_empty() && host != "unknown").then_some(host)
}

/// Not private, loopback, link-local, documentation-free: an address of the open network. 6to4 addresses of private
/// ranges (`2002:a..`, `2002:c0a8:..`) are how one large provider writes its inner machines.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let shared = matches!(ip.octets(), [100, 64..=127, _, _]);
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || shared)
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            if let Some(v4) = ip.to_ipv4_mapped() {
                return is_public(IpAddr::V4(v4));
            }
            if a == 0x2002 {
                let ([b1, b2], [c1, c2]) = (b.to_be_bytes(), c.to_be_bytes());
                return is_public(IpAddr::from([b1, b2, c1, c2]));
            }
            !(ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
#[path = "transit/tests.rs"]
mod tests;
