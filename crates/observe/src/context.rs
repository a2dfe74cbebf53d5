//! What the configuration says about the organisation and about whose word is believed.

use serde::{Deserialize, Serialize};

/// Everything observation needs to know that is not in the message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// The organisation that is protected.
    pub organisation: Organisation,
    /// authserv-ids (RFC 8601 §2.5) whose `Authentication-Results` count, lower case.
    pub believed: Vec<String>,
    /// Topmost `Authentication-Results` and `Received-SPF` count even without an authserv-id (Microsoft's servers
    /// write none). Only for mail that was read from such a provider's mailbox.
    pub believe_unnamed: bool,
    /// The topmost `Authentication-Results` count whoever wrote them: for archives, whose provider wrote them.
    pub believe_topmost: bool,
    /// Domains whose ARC seals count (RFC 8617 §7): mailing lists and forwarders.
    pub believed_sealers: Vec<String>,
    /// Attachments are not opened: rules about what is in them stay without evidence, and a gap says so.
    pub attachments_closed: bool,
}

/// The organisation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Organisation {
    /// Its name as people write it, and other names it goes by.
    pub names: Vec<String>,
    /// Its mail domains, lower case; sub-domains are included.
    pub domains: Vec<String>,
    /// Its people.
    pub people: Vec<Person>,
    /// Those whose name is worth most to an impostor.
    pub vips: Vec<Person>,
    /// Domains of partners: customers, suppliers, sister companies.
    pub partners: Vec<String>,
    /// Host names or domains of its own mail servers, when they differ from its mail domains.
    pub hosts: Vec<String>,
}

/// A person: the name shown and the addresses that are theirs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// Display name.
    pub name: String,
    /// Addresses, lower case.
    pub addresses: Vec<String>,
}

impl Organisation {
    /// The name is one of the mail domains or lies below one.
    pub fn owns(&self, host: &str) -> bool {
        self.domains.iter().any(|domain| is_within(host, domain))
    }

    /// The host is one of the organisation's own mail servers.
    pub fn runs(&self, host: &str) -> bool {
        self.owns(host) || self.hosts.iter().any(|own| is_within(host, own))
    }

    /// The domain is a partner's or lies below one.
    pub fn is_partner(&self, host: &str) -> bool {
        self.partners.iter().any(|domain| is_within(host, domain))
    }
}

/// `host` equals `domain` or is a sub-domain of it, case ignored.
pub fn is_within(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.as_bytes(), domain.as_bytes());
    let Some(at) = host.len().checked_sub(domain.len()) else { return false };
    let (front, back) = host.split_at(at);
    !domain.is_empty()
        && back.eq_ignore_ascii_case(domain)
        && (front.is_empty() || front.last() == Some(&b'.'))
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn a_domain_holds_itself_and_what_is_below_it_only() {
        assert!(is_within("corp.example", "corp.example"));
        assert!(is_within("MX1.Corp.Example", "corp.example"));
        assert!(!is_within("notcorp.example", "corp.example"));
        assert!(!is_within("corp.example.evil.example", "corp.example"));
        assert!(!is_within("anything", ""));
    }
}
