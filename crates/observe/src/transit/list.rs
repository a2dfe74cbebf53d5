//! Whether a mailing list redistributed a message, or only says so.
//!
//! `List-Id` and its like cost a sender one line: bulk mailers write them on every newsletter, and senders of phishing
//! copy them. A list is believed where its marks fit what only redistribution brings about: the message is addressed
//! to the list's posting address but reached somebody else (RFC 2919, RFC 2369), or it returns to the list's domain
//! while its author lives elsewhere. Even then it is a fact to be weighed; whoever owns a domain can run a list.

use sekisho_mail::Domain;
use sekisho_record::Evidence;

use crate::View;

/// Addresses that are read of the fields that name a list.
const ADDRESSES_MAX: usize = 16;

/// A list redistributed the message.
pub(super) fn redistributed(evidence: &Evidence, view: &View<'_>) -> bool {
    let marks = Marks::read(view);
    if !marks.claimed {
        return false;
    }
    let model = &evidence.model;
    let addressed = model.recipients.to.iter().chain(&model.recipients.cc);
    let mut addressed = addressed.map(|mailbox| mailbox.email.email.as_str());
    let reached = |list: &str| {
        let envelope =
            view.submission.envelope.into_iter().flat_map(|e| e.rcpt_to.iter().map(String::as_str));
        envelope.chain(view.values("Delivered-To")).any(|to| to.trim().eq_ignore_ascii_case(list))
    };
    if addressed.any(|to| marks.is_list(to) && !reached(to)) {
        return true;
    }
    let author = model.sender.email.as_ref().and_then(|email| email.domain.root_domain.as_deref());
    let envelope = view.submission.envelope.and_then(|e| e.mail_from.rsplit_once('@')).map(|(_, d)| root(d));
    let returns = model.headers.return_path.as_ref().map(|path| path.domain.root_domain.clone());
    let sender = view.sender.map(|sender| sender.email.domain.root_domain.clone());
    [envelope, returns, sender]
        .into_iter()
        .flatten()
        .flatten()
        .any(|domain| Some(domain.as_str()) != author && marks.domains.contains(&domain))
}

/// What the fields say of the list.
#[derive(Default)]
struct Marks<'a> {
    claimed: bool,
    /// Where one posts to.
    addresses: Vec<&'a str>,
    /// `List-Id` between its angle brackets.
    ids: Vec<&'a str>,
    /// Registrable domains of both.
    domains: Vec<String>,
}

impl<'a> Marks<'a> {
    fn read(view: &View<'a>) -> Self {
        let mut marks = Self::default();
        for field in view.fields {
            let value = field.value.as_str();
            match field.name.to_ascii_lowercase().as_str() {
                "list-id" => {
                    marks.claimed = true;
                    let id = value.rsplit_once('<').and_then(|(_, id)| id.split('>').next()).unwrap_or(value);
                    marks.add_domain(id.trim());
                    marks.ids.push(id.trim());
                }
                "list-post" | "mailing-list" | "x-beenthere" | "x-mailing-list" => {
                    marks.claimed = true;
                    addresses(value).for_each(|address| marks.add(address));
                }
                "x-mailman-version" => marks.claimed = true,
                _ => {}
            }
        }
        marks
    }

    fn add(&mut self, address: &'a str) {
        if self.addresses.len() < ADDRESSES_MAX {
            self.add_domain(address.rsplit('@').next().unwrap_or_default());
            self.addresses.push(address);
        }
    }

    fn add_domain(&mut self, host: &str) {
        if self.domains.len() < ADDRESSES_MAX {
            self.domains.extend(root(host));
        }
    }

    /// An id is the posting address with a dot for the sign (RFC 2919 §3).
    fn is_list(&self, address: &str) -> bool {
        let Some((local, host)) = address.rsplit_once('@') else { return false };
        let is_id = |id: &&str| {
            let rest = id.get(..local.len()).filter(|l| l.eq_ignore_ascii_case(local));
            rest.and_then(|_| id.get(local.len()..)?.strip_prefix('.'))
                .is_some_and(|h| h.eq_ignore_ascii_case(host))
        };
        self.addresses.iter().any(|a| a.eq_ignore_ascii_case(address)) || self.ids.iter().any(is_id)
    }
}

fn root(host: &str) -> Option<String> {
    Domain::parse(&host.to_ascii_lowercase()).root_domain
}

/// Words with an `@` in them.
fn addresses(value: &str) -> impl Iterator<Item = &str> {
    let apart = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '?' | '"');
    let words = value.split(apart).map(|word| word.strip_prefix("mailto:").unwrap_or(word));
    words.filter(|word| word.contains('@')).take(ADDRESSES_MAX)
}
