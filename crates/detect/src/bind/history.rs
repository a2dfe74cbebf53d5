//! What is remembered as rules see it: our own facets, and the profiles of the public language. What was not asked is
//! unknown, never absent: rules that it would decide end indeterminate.

use sekisho_mql::value::{Arena, Outcome, Value};
use sekisho_record::{
    Evidence,
    evidence::{
        Behaviour, Correspondence, Thread,
        behaviour::{Pace, TenantPace},
        correspondence::{Deviation, Opinions, Standing},
    },
};

use super::{
    Show,
    host::{EvidenceHost, Function},
    object, shape,
};

/// The capability that is missing.
const HISTORY: &str = "history";
/// The same where it is not known who we are, and so not to whom we wrote.
const DOMAINS: &str = "organisation.domains";

/// The fact when history was asked.
fn told<'a, T: Show>(known: bool, fact: &'a T, arena: &'a Arena) -> Value<'a> {
    if known { fact.show(arena) } else { arena.unknown(HISTORY) }
}

/// Fields of a facet that say something only when history was asked.
macro_rules! remembered {
    ($type:ty, $name:literal { $($open:ident)* } { $($field:ident)* }) => {
        impl super::Shape for $type {
            const NAME: &'static str = $name;
            const FIELDS: &'static [super::Getter<Self>] = &[
                $((stringify!($open), |it, arena| it.$open.show(arena)),)*
                $((stringify!($field), |it, arena| told(it.known, &it.$field, arena)),)*
            ];
        }
    };
}

remembered!(Correspondence, "Correspondence" { known } {
    here_messages here_days sender sender_domain reply_to reply_to_domain pair deviations domain_deviations
});
shape!(Standing, "Standing" {
    key, inbound, outbound, active_days, known_days, silent_days, inbound_silent_days, outbound_silent_days,
    solicited = |it, arena| solicited(it.solicited, arena), prevalence, opinions,
});
shape!(Opinions, "Opinions" { benign, spam, malicious, false_positive, malicious_days });
shape!(Deviation, "Deviation" { aspect, value, usual, usual_count, total, seen });
remembered!(Thread, "ThreadFacts" { known claims_reply own_words own_matter takes_up } {
    found by parent_unknown messages dormant_days parent_days sender_took_part dropped added
    new_link_root_domains link_root_domains_new_to_sender link_root_domains_new_here link_root_domains
    file_link_root_domains_new_here new_attachment_kinds imitates imitates_by language_changed sender_changed
});
remembered!(Behaviour, "Behaviour" { known } {
    sender tenant skeleton_senders_day skeleton_senders_hour skeleton_hosts_day text_senders_day file_senders_day
});
shape!(Pace, "Pace" {
    threads_10_minutes, threads_hour, threads_day, dormant_threads_day, new_recipients_hour, new_recipients_day,
    messages_hour, messages_day, usual_messages_day, same_skeleton_day, same_text_day, same_file_day,
    same_skeleton_week, same_text_week,
});
shape!(TenantPace, "TenantPace" {
    key, messages, known_days, messages_hour, messages_day, usual_messages_day, deviations,
});

fn solicited(solicited: Option<bool>, arena: &Arena) -> Value<'_> {
    solicited.map_or_else(|| arena.unknown(DOMAINS), Value::Bool)
}

/// `SenderProfile` (mql.md 2.6).
struct Profile {
    standing: Standing,
    since: DaysSince,
    auth_failed: bool,
}

struct DaysSince {
    last_contact: Option<f64>,
    last_inbound: Option<f64>,
    last_outbound: Option<f64>,
    first_contact: Option<f64>,
}

shape!(DaysSince, "DaysSince" { last_contact, last_inbound, last_outbound, first_contact });
shape!(Profile, "SenderProfile" {
    any_messages_benign = |it, _arena| Value::Bool(it.standing.opinions.benign > 0),
    any_messages_malicious_or_spam =
        |it, _arena| Value::Bool(it.standing.opinions.malicious > 0 || it.standing.opinions.spam > 0),
    auth_failed,
    days_known = |it, _arena| Value::Float(it.standing.known_days.unwrap_or(0.0)),
    prevalence = |it, _arena| Value::Str(&it.standing.prevalence),
    solicited = |it, arena| solicited(it.standing.solicited, arena),
    days_since = |it, arena| object(&it.since, arena),
    any_false_positives = |it, _arena| Value::Bool(it.standing.opinions.false_positive > 0),
});

/// Functions about what is remembered.
pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("profile.by_sender", |host, _, arena| profile(host, "profile.by_sender", by_sender, arena)),
    ("profile.by_sender_email", |host, _, arena| {
        profile(host, "profile.by_sender_email", |e| Some(&e.correspondence.sender), arena)
    }),
    ("profile.by_sender_domain", |host, _, arena| {
        profile(host, "profile.by_sender_domain", |e| Some(&e.correspondence.sender_domain), arena)
    }),
    ("beta.profile.by_reply_to", |host, _, arena| {
        profile(host, "beta.profile.by_reply_to", by_reply_to, arena)
    }),
    ("history.by_sender", |host, _, arena| Outcome::Value(object(&host.evidence.correspondence, arena))),
    ("history.by_thread", |host, _, arena| Outcome::Value(object(&host.evidence.thread, arena))),
    ("history.behaviour", |host, _, arena| Outcome::Value(object(&host.evidence.behaviour, arena))),
];

/// A profile; missing when history was not asked, null when the message names nobody.
fn profile<'a>(
    host: &EvidenceHost<'a>,
    name: &'static str,
    of: fn(&Evidence) -> Option<&Standing>,
    arena: &'a Arena,
) -> Outcome<'a> {
    let evidence = host.evidence;
    if !evidence.correspondence.known {
        return Outcome::Missing(name);
    }
    let Some(standing) = of(evidence).filter(|s| !s.key.is_empty()) else {
        return Outcome::Value(Value::Null);
    };
    let profile = Profile {
        since: DaysSince {
            last_contact: standing.silent_days,
            last_inbound: standing.inbound_silent_days,
            last_outbound: standing.outbound_silent_days,
            first_contact: standing.known_days,
        },
        standing: standing.clone(),
        auth_failed: evidence.authentication.failed,
    };
    Outcome::Value(object(arena.keep(profile), arena))
}

/// The address where anybody gets a mailbox, else the domain.
fn by_sender(evidence: &Evidence) -> Option<&Standing> {
    let facts = &evidence.correspondence;
    Some(if evidence.identity.freemail { &facts.sender } else { &facts.sender_domain })
}

/// The same for Reply-To.
fn by_reply_to(evidence: &Evidence) -> Option<&Standing> {
    let facts = &evidence.correspondence;
    let first = evidence.model.headers.reply_to.first()?;
    let Some(reply_to) = &facts.reply_to else { return by_sender(evidence) };
    let root = first.email.domain.root_domain.as_deref().unwrap_or(&first.email.domain.domain);
    if root == facts.sender_domain.key && !evidence.identity.freemail {
        return Some(&facts.sender_domain);
    }
    facts.reply_to_domain.as_ref().or(Some(reply_to))
}

#[cfg(test)]
mod tests {
    use sekisho_mql::{Arena, Expect, Rule, RuleSet};
    use sekisho_record::{
        Evidence,
        evidence::correspondence::{Opinions, Standing},
    };

    use crate::{
        bind::host::{EvidenceHost, Shared},
        rules::schema,
    };

    /// A supplier who wrote 42 times.
    fn known() -> Evidence {
        let mut evidence = Evidence::default();
        let facts = &mut evidence.correspondence;
        facts.known = true;
        facts.sender_domain = Standing {
            key: "steel.example".into(),
            inbound: 42,
            known_days: Some(700.0),
            silent_days: Some(3.5),
            solicited: Some(true),
            prevalence: "common".into(),
            opinions: Opinions { malicious: 1, ..Opinions::default() },
            ..Standing::default()
        };
        facts.sender =
            Standing { key: "ann@steel.example".into(), prevalence: "new".into(), ..Standing::default() };
        evidence.thread.known = true;
        evidence.thread.found = true;
        evidence
    }

    fn check(evidence: &Evidence, query: &str) -> String {
        let rule = Rule::new(query, schema(), Expect::Any)
            .unwrap_or_else(|d| panic!("{}", d.iter().map(|d| d.render(query, 0)).collect::<String>()));
        let set = RuleSet::compile([("query", &rule)], schema());
        let shared = Shared::new(schema(), std::collections::BTreeMap::default(), Vec::new());
        let host = EvidenceHost::new(evidence, &shared);
        let arena = Arena::new();
        set.session(&host, &arena).value_text(0, 1_000)
    }

    #[test]
    fn profiles_are_answered() {
        let evidence = known();
        assert_eq!(check(&evidence, "profile.by_sender().prevalence"), "common");
        assert_eq!(check(&evidence, "profile.by_sender_email().prevalence"), "new");
        assert_eq!(check(&evidence, "profile.by_sender().solicited"), "true");
        assert_eq!(check(&evidence, "profile.by_sender().any_messages_malicious_or_spam"), "true");
        assert_eq!(check(&evidence, "profile.by_sender().days_since.last_contact > 3"), "true");
        assert_eq!(check(&evidence, "history.by_thread().found"), "true");
        assert_eq!(check(&evidence, "history.by_sender().sender_domain.inbound == 42"), "true");
    }

    #[test]
    fn what_was_not_asked_is_unknown_and_not_false() {
        let nothing = Evidence::default();
        for query in [
            "not profile.by_sender().solicited",
            "thread.found",
            "length(correspondence.deviations) == 0",
            "behaviour.sender.threads_10_minutes < 5",
            "coalesce(history.by_thread().dormant_days, 0.0) == 0",
        ] {
            assert!(!matches!(check(&nothing, query).as_str(), "true" | "false" | "null"), "{query}");
        }
        assert_eq!(check(&nothing, "history.by_thread().known"), "false");
        // Nobody said which domains are ours: nobody can say to whom we wrote.
        let mut evidence = known();
        evidence.correspondence.sender_domain.solicited = None;
        assert!(!matches!(
            check(&evidence, "profile.by_sender().solicited").as_str(),
            "true" | "false" | "null"
        ));
    }
}
