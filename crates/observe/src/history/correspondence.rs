//! Facet `correspondence`: who has written to whom before, and what that usually looks like.

use std::collections::BTreeSet;

use sekisho_record::{
    Evidence,
    evidence::correspondence::{Correspondence, Deviation, Opinions, Standing},
    history::{Known, OPINION, Opinion, Trait},
};

use super::{
    Recalled, days, looks,
    words::{self, DAY, HERE, INBOUND, KIND, LINK, NONE, ONE, OUTBOUND, Words},
};

/// Prevalence: messages up to which a sender is an outlier, then days on which they wrote.
const OUTLIER_MESSAGES_MAX: u64 = 2;
const RARE_DAYS_MAX: u64 = 5;
const UNCOMMON_DAYS_MAX: u64 = 20;

/// Subjects and exact traits that the facet asks for.
pub(super) fn ask(words: &Words, subjects: &mut Vec<String>, exact: &mut Vec<Trait>) {
    exact.push(Trait::new(HERE, INBOUND, ONE));
    if !words.author.is_empty() {
        subjects.push(words.sender());
        subjects.push(words.domain());
        let sender = words.sender();
        exact.extend(words.looks.iter().map(|(aspect, value)| Trait::new(&sender, *aspect, value)));
        exact.extend(words.links.iter().map(|link| Trait::new(&sender, LINK, link)));
        exact.extend(kinds(words).map(|kind| Trait::new(&sender, KIND, kind)));
        let of_domain = words.looks.iter().filter(|(aspect, _)| looks::OF_DOMAIN.contains(aspect));
        exact.extend(of_domain.map(|(aspect, value)| Trait::new(words.domain(), *aspect, value)));
    }
    subjects.extend(words.pairs.iter().map(|(pair, _)| pair.clone()));
    subjects.extend(words.reply_to.iter().map(|address| words::sender(address)));
    subjects.extend(words.reply_to_domain.iter().map(|domain| words::domain(domain)));
    if let Some(tenant) = words.tenant_subject() {
        exact.extend(words.tenant_looks.iter().map(|(aspect, value)| Trait::new(&tenant, *aspect, value)));
        exact.extend(words.links.iter().map(|link| Trait::new(&tenant, LINK, link)));
        subjects.push(tenant);
    }
}

/// Kinds of files as an aspect: a message without files says so.
pub(super) fn kinds(words: &Words) -> impl Iterator<Item = &str> {
    let none = words.kinds.is_empty().then_some(NONE);
    words.kinds.iter().map(String::as_str).chain(none)
}

/// Fills the facet.
pub(super) fn fill(evidence: &mut Evidence, words: &Words, recalled: &Recalled<'_>, at: i64) {
    let here = recalled.seen(HERE, INBOUND, ONE);
    let known = |subject: &str| recalled.known(subject);
    let ours = words.ways_known;
    let standing = |key: &str, subject: &str| standing(key, known(subject), ours, at);
    let mut facts = Correspondence {
        known: true,
        here_messages: here.map_or(0, |s| s.count),
        here_days: here.map_or(0.0, |s| days(at, s.first_at)),
        reply_to: words.reply_to.as_ref().map(|a| standing(a, &words::sender(a))),
        reply_to_domain: words.reply_to_domain.as_ref().map(|d| standing(d, &words::domain(d))),
        pair: pair(words, recalled, at),
        ..Correspondence::default()
    };
    if !words.author.is_empty() {
        facts.sender = standing(&words.author, &words.sender());
        facts.sender_domain = standing(&words.author_domain, &words.domain());
        let multiple = words.links.iter().map(|link| (LINK, link.as_str()));
        let multiple = multiple.chain(kinds(words).map(|kind| (KIND, kind)));
        let all = words.looks.iter().map(|(a, v)| (*a, v.as_str())).chain(multiple);
        facts.deviations = deviations(recalled, &words.sender(), all);
        if !words.freemail {
            let shared = words.looks.iter().filter(|(aspect, _)| looks::OF_DOMAIN.contains(aspect));
            let shared = shared.map(|(a, v)| (*a, v.as_str()));
            facts.domain_deviations = deviations(recalled, &words.domain(), shared);
        }
    }
    evidence.correspondence = facts;
}

/// How looks differ from what is usual for a subject.
pub(super) fn deviations<'a>(
    recalled: &Recalled<'_>,
    subject: &str,
    looks: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<Deviation> {
    let Some(known) = recalled.known(subject) else { return Vec::new() };
    let one = |(aspect, value)| looks::deviation(known, aspect, value, recalled.seen(subject, aspect, value));
    let mut deviations: Vec<Deviation> = looks.filter_map(one).collect();
    looks::sort(&mut deviations);
    deviations
}

/// What is remembered of an address or a domain.
fn standing(key: &str, known: Option<&Known>, ways_known: bool, at: i64) -> Standing {
    let seen = |aspect: &str| known.and_then(|k| k.aspect(aspect)).filter(|a| a.total.count > 0);
    let (wrote, written) = (seen(INBOUND).map(|a| a.total), seen(OUTBOUND).map(|a| a.total));
    let both = || wrote.iter().chain(&written);
    let ago = |then: i64| days(at, then);
    let mut standing = Standing {
        key: key.to_owned(),
        inbound: wrote.map_or(0, |s| s.count),
        outbound: written.map_or(0, |s| s.count),
        active_days: seen(DAY).map_or(0, |a| a.distinct),
        known_days: both().map(|s| s.first_at).min().map(ago),
        silent_days: both().map(|s| s.last_at).max().map(ago),
        inbound_silent_days: wrote.map(|s| ago(s.last_at)),
        outbound_silent_days: written.map(|s| ago(s.last_at)),
        solicited: ways_known.then_some(written.is_some()),
        opinions: opinions(known, at),
        ..Standing::default()
    };
    standing.prevalence = prevalence(&standing).to_owned();
    standing
}

/// What is known of somebody who never wrote.
pub(super) fn stranger(key: &str, ways_known: bool) -> Standing {
    standing(key, None, ways_known, 0)
}

/// What follows from what was set by hand.
pub(super) fn complete(standing: &mut Standing, ways_known: bool) {
    standing.solicited = ways_known.then_some(standing.outbound > 0);
    if standing.prevalence.is_empty() || standing.prevalence == "new" {
        standing.prevalence = prevalence(standing).to_owned();
    }
}

/// How common somebody's mail is (mql.md 2.6, which names no thresholds).
fn prevalence(standing: &Standing) -> &'static str {
    match (standing.inbound, standing.active_days) {
        (0, _) => "new",
        (messages, _) if messages <= OUTLIER_MESSAGES_MAX => "outlier",
        (_, days) if days <= RARE_DAYS_MAX => "rare",
        (_, days) if days <= UNCOMMON_DAYS_MAX => "uncommon",
        _ => "common",
    }
}

fn opinions(known: Option<&Known>, at: i64) -> Opinions {
    let aspect = known.and_then(|k| k.aspect(OPINION));
    let count = |opinion: Opinion| {
        let values = aspect.iter().flat_map(|a| &a.values);
        values.filter(|v| v.value == opinion.name()).map(|v| v.seen.count).sum()
    };
    let attacks = aspect.iter().flat_map(|a| &a.values).filter(|v| v.value == Opinion::Malicious.name());
    Opinions {
        malicious_days: attacks.map(|v| v.seen.last_at).max().map(|then| days(at, then)),
        benign: count(Opinion::Benign),
        spam: count(Opinion::Spam),
        malicious: count(Opinion::Malicious),
        false_positive: count(Opinion::FalsePositive),
    }
}

/// Of the pairs of author and recipient, the one that knows each other best.
fn pair(words: &Words, recalled: &Recalled<'_>, at: i64) -> Standing {
    let told = words.pairs.iter().map(|(subject, author_first)| {
        let key = subject.strip_prefix("pair:").unwrap_or(subject);
        let mut standing = standing(key, recalled.known(subject), words.ways_known, at);
        if *author_first {
            standing.flip();
        }
        standing.prevalence = String::new();
        standing
    });
    told.max_by_key(|s| s.inbound.saturating_add(s.outbound)).unwrap_or_default()
}

/// A pair seen from its other end.
trait Flip {
    fn flip(&mut self);
}

impl Flip for Standing {
    fn flip(&mut self) {
        std::mem::swap(&mut self.inbound, &mut self.outbound);
        std::mem::swap(&mut self.inbound_silent_days, &mut self.outbound_silent_days);
        self.solicited = self.solicited.map(|_| self.outbound > 0);
    }
}

/// What the message teaches about who writes to whom.
pub(super) fn teach(evidence: &Evidence, words: &Words, looks: bool, at: i64, traits: &mut Vec<Trait>) {
    traits.push(Trait::new(HERE, INBOUND, ONE));
    if words.author.is_empty() {
        return;
    }
    let (sender, domain) = (words.sender(), words.domain());
    let day = at.div_euclid(86_400).to_string();
    for subject in [&sender, &domain] {
        traits.push(Trait::new(subject, INBOUND, ONE));
        traits.push(Trait::new(subject, DAY, &day));
    }
    for (pair, author_first) in &words.pairs {
        traits.push(Trait::new(pair, if *author_first { OUTBOUND } else { INBOUND }, ONE));
    }
    traits.extend(words.recipients.iter().map(|to| Trait::new(&sender, words::RECIPIENT, to)));
    if words.from_us {
        written_to(evidence, words, traits);
    }
    if looks {
        traits.extend(words.looks.iter().map(|(aspect, value)| Trait::new(&sender, *aspect, value)));
        let shared = words.looks.iter().filter(|(aspect, _)| looks::OF_DOMAIN.contains(aspect));
        traits.extend(shared.map(|(aspect, value)| Trait::new(&domain, *aspect, value)));
        traits.extend(kinds(words).map(|kind| Trait::new(&sender, KIND, kind)));
        for link in words.links.iter().chain(&words.file_links) {
            traits.push(Trait::new(&sender, LINK, link));
            traits.push(Trait::new(HERE, LINK, link));
        }
    }
}

/// We wrote to these: what they send is solicited.
fn written_to(evidence: &Evidence, words: &Words, traits: &mut Vec<Trait>) {
    // An answering machine starts no conversation.
    if evidence.transit.auto_submitted || evidence.transit.bounce {
        return;
    }
    let domains = words.recipients.iter().filter_map(|to| to.rsplit_once('@'));
    let roots = domains.map(|(_, domain)| words::root_of(&sekisho_mail::Domain::parse(domain)));
    let domains: BTreeSet<String> = roots.filter(|root| !root.is_empty()).collect();
    traits.extend(words.recipients.iter().map(|to| Trait::new(words::sender(to), OUTBOUND, ONE)));
    traits.extend(domains.iter().map(|domain| Trait::new(words::domain(domain), OUTBOUND, ONE)));
}
