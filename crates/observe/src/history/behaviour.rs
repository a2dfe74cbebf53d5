//! Facet `behaviour`: what an account does within minutes, hours and days. What happened is counted also when it was
//! recognised as an attack: a burst does not end with its first message that is caught.

use sekisho_record::{
    Evidence,
    evidence::{
        behaviour::{Behaviour, Pace, TenantPace},
        correspondence::Deviation,
    },
    history::{Count, Questions, Tick, Window},
};

use super::{
    Recalled, correspondence, days, matter, shingles,
    words::{self, LINK, RECIPIENT, Words},
};
use crate::limits;

const TEN_MINUTES: i64 = 600;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
const MONTH: i64 = 30 * DAY;
/// Days after which a conversation sleeps.
const DORMANT_DAYS: f64 = 30.0;

/// Kinds of ticks.
const ANSWERED: &str = "answered_thread";
const DORMANT: &str = "dormant_answer";
const MESSAGE: &str = "message";
const BY: &str = "by";
const HOST: &str = "host";

/// Windows that the facet asks for.
pub(super) fn ask(words: &Words, at: i64, questions: &mut Questions) {
    let mut window = |subject: &str, kind: &str, spans: &[i64]| {
        questions.windows.extend(spans.iter().map(|span| Window {
            subject: subject.to_owned(),
            kind: kind.to_owned(),
            since: at.saturating_sub(*span),
            // What arrived in this very second counts.
            until: at.saturating_add(1),
        }));
    };
    if !words.author.is_empty() {
        let sender = words.sender();
        window(&sender, ANSWERED, &[TEN_MINUTES, HOUR, DAY]);
        if let Some(conversation) = &words.conversation {
            window(&sender, &within(ANSWERED, conversation), &[TEN_MINUTES, HOUR, DAY]);
            window(&sender, &within(DORMANT, conversation), &[DAY]);
        }
        window(&sender, DORMANT, &[DAY]);
        window(&sender, RECIPIENT, &[HOUR, DAY]);
        window(&sender, MESSAGE, &[HOUR, DAY, MONTH]);
        for (subject, _) in same(words) {
            window(&sender, &subject, &[HOUR, DAY, WEEK]);
            window(&subject, BY, &[HOUR, DAY]);
        }
        for (skeleton, _) in &words.skeletons {
            window(&skeleton_subject(skeleton), HOST, &[DAY]);
        }
    }
    if let Some(tenant) = words.tenant_subject() {
        window(&tenant, MESSAGE, &[HOUR, DAY, MONTH]);
    }
    let first =
        words.recipients.iter().map(|to| sekisho_record::history::Trait::new(words.sender(), RECIPIENT, to));
    questions.exact.extend(first);
}

fn within(kind: &str, conversation: &str) -> String {
    format!("{kind}/{conversation}")
}

fn skeleton_subject(hash: &str) -> String {
    format!("skeleton:{hash}")
}

/// What is sent several times: subject, and which of the three it is.
fn same(words: &Words) -> Vec<(String, Same)> {
    let skeletons = words.skeletons.iter().map(|(hash, _)| (skeleton_subject(hash), Same::Skeleton));
    let text = words.text.iter().map(|hash| (format!("text:{hash}"), Same::Text));
    let files = words.files.iter().map(|hash| (format!("file:{hash}"), Same::File));
    skeletons.chain(text).chain(files).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Same {
    Skeleton,
    Text,
    File,
}

/// Fills the facet.
pub(super) fn fill(evidence: &mut Evidence, words: &Words, recalled: &Recalled<'_>, at: i64) {
    let count = |subject: &str, kind: &str, span: i64| recalled.count(subject, kind, at.saturating_sub(span));
    let mut facts = Behaviour { known: true, ..Behaviour::default() };
    if !words.author.is_empty() {
        facts.sender = pace(evidence, words, recalled, &count);
        let sender = words.sender();
        for (subject, what) in same(words) {
            // The account is among them already when it sent the same before.
            let others = |span: i64| {
                count(&subject, BY, span).distinct + u64::from(count(&sender, &subject, span).count == 0)
            };
            let (own, hour, day) = (count(&sender, &subject, DAY).count + 1, others(HOUR), others(DAY));
            let week = count(&sender, &subject, WEEK).count + 1;
            let pace = &mut facts.sender;
            match what {
                Same::Skeleton => {
                    pace.same_skeleton_day = pace.same_skeleton_day.max(own);
                    pace.same_skeleton_week = pace.same_skeleton_week.max(week);
                    facts.skeleton_senders_day = facts.skeleton_senders_day.max(day);
                    facts.skeleton_senders_hour = facts.skeleton_senders_hour.max(hour);
                }
                Same::Text => {
                    pace.same_text_day = own;
                    pace.same_text_week = week;
                    facts.text_senders_day = day;
                }
                Same::File => {
                    pace.same_file_day = pace.same_file_day.max(own);
                    facts.file_senders_day = facts.file_senders_day.max(day);
                }
            }
        }
        for (skeleton, _) in &words.skeletons {
            let hosts = count(&skeleton_subject(skeleton), HOST, DAY).distinct;
            facts.skeleton_hosts_day = facts.skeleton_hosts_day.max(hosts).max(1);
        }
    }
    facts.tenant = tenant(words, recalled, &count, at);
    evidence.behaviour = facts;
}

fn pace(
    evidence: &Evidence,
    words: &Words,
    recalled: &Recalled<'_>,
    count: &dyn Fn(&str, &str, i64) -> Count,
) -> Pace {
    let sender = words.sender();
    let threads = |kind: &str, span: i64, this: bool| {
        let before = count(&sender, kind, span).distinct;
        let again =
            words.conversation.as_ref().is_some_and(|c| count(&sender, &within(kind, c), span).count > 0);
        before + u64::from(this && words.conversation.is_some() && !again)
    };
    let first = words.recipients.iter().filter(|to| recalled.seen(&sender, RECIPIENT, to).is_none()).count();
    let first = u64::try_from(first).unwrap_or(0);
    let messages = |span: i64| count(&sender, MESSAGE, span).count + 1;
    Pace {
        threads_10_minutes: threads(ANSWERED, TEN_MINUTES, true),
        threads_hour: threads(ANSWERED, HOUR, true),
        threads_day: threads(ANSWERED, DAY, true),
        dormant_threads_day: threads(DORMANT, DAY, dormant(evidence)),
        new_recipients_hour: count(&sender, RECIPIENT, HOUR).new + first,
        new_recipients_day: count(&sender, RECIPIENT, DAY).new + first,
        messages_hour: messages(HOUR),
        messages_day: messages(DAY),
        usual_messages_day: usual(count(&sender, MESSAGE, MONTH), count(&sender, MESSAGE, DAY)),
        ..Pace::default()
    }
}

/// Messages on an ordinary active day, the last 24 hours left out. The value of such a tick is its day. Of a busy account
/// only the newest are counted, so its earliest day may be no whole one and is not taken for one; 0 when no other is left.
fn usual(month: Count, day: Count) -> f64 {
    let messages = month.count.saturating_sub(day.count);
    let days = month.distinct.saturating_sub(day.distinct.min(1) + u64::from(month.capped));
    if days == 0 { 0.0 } else { messages as f64 / days as f64 }
}

fn dormant(evidence: &Evidence) -> bool {
    evidence.thread.dormant_days.is_some_and(|days| days > DORMANT_DAYS)
}

fn tenant(
    words: &Words,
    recalled: &Recalled<'_>,
    count: &dyn Fn(&str, &str, i64) -> Count,
    at: i64,
) -> Option<TenantPace> {
    let subject = words.tenant_subject()?;
    let seen = recalled.known(&subject).and_then(|k| k.aspect(words::INBOUND)).map(|a| a.total);
    let seen = seen.filter(|s| s.count > 0);
    let links = words.links.iter().map(|link| (LINK, link.as_str()));
    let all = words.tenant_looks.iter().map(|(a, v)| (*a, v.as_str())).chain(links);
    Some(TenantPace {
        key: words.tenant.clone().unwrap_or_default(),
        messages: seen.map_or(0, |s| s.count),
        known_days: seen.map(|s| days(at, s.first_at)),
        messages_hour: count(&subject, MESSAGE, HOUR).count + 1,
        messages_day: count(&subject, MESSAGE, DAY).count + 1,
        usual_messages_day: usual(count(&subject, MESSAGE, MONTH), count(&subject, MESSAGE, DAY)),
        deviations: strange(words, correspondence::deviations(recalled, &subject, all)),
    })
}

/// Letters from which on a word of a name can be the customer's.
const NAME_LETTERS_MIN: usize = 4;

/// Without names that share a word with the usual one or with the author's domain: a customer's departments and people
/// (`Ember & Maize Careers`, `Anna from Ember`) are the customer.
fn strange(words: &Words, mut deviations: Vec<Deviation>) -> Vec<Deviation> {
    let label = words.author_domain.split('.').next().unwrap_or_default();
    deviations.retain(|deviation| {
        let names = |text: &str| shingles::stems(text, NAME_LETTERS_MIN, usize::MAX);
        deviation.aspect != "display_name" || {
            let usual = names(&deviation.usual);
            let kin = |word: &String| {
                !matter::is_handover(word) && (usual.contains(word) || label.contains(word.as_str()))
            };
            !names(&deviation.value).iter().any(kin)
        }
    });
    deviations
}

/// What happened with this message.
pub(super) fn ticks(evidence: &Evidence, words: &Words, at: i64) -> Vec<Tick> {
    let day = at.div_euclid(DAY).to_string();
    let mut ticks = Vec::new();
    let mut tick = |subject: &str, kind: &str, value: &str| {
        ticks.push(Tick { subject: subject.into(), kind: kind.into(), value: value.into(), lasting: true });
    };
    if let Some(tenant) = words.tenant_subject() {
        tick(&tenant, MESSAGE, &day);
    }
    if words.author.is_empty() {
        return ticks;
    }
    let sender = words.sender();
    tick(&sender, MESSAGE, &day);
    if let Some(conversation) = &words.conversation {
        tick(&sender, ANSWERED, conversation);
        tick(&sender, &within(ANSWERED, conversation), words::ONE);
        if dormant(evidence) {
            tick(&sender, DORMANT, conversation);
            tick(&sender, &within(DORMANT, conversation), words::ONE);
        }
    }
    for to in &words.recipients {
        tick(&sender, RECIPIENT, to);
    }
    for (subject, _) in same(words) {
        tick(&sender, &subject, words::ONE);
        tick(&subject, BY, &words.author);
    }
    for (skeleton, root) in &words.skeletons {
        tick(&skeleton_subject(skeleton), HOST, root);
    }
    ticks
}

/// What the message teaches about its bulk-mail account.
pub(super) fn teach(words: &Words, looks: bool, traits: &mut Vec<sekisho_record::history::Trait>) {
    use sekisho_record::history::Trait;
    let Some(tenant) = words.tenant_subject() else { return };
    traits.push(Trait::new(&tenant, words::INBOUND, words::ONE));
    if looks {
        traits.extend(words.tenant_looks.iter().map(|(aspect, value)| Trait::new(&tenant, *aspect, value)));
        traits.extend(words.links.iter().map(|link| Trait::new(&tenant, LINK, link)));
    }
}

/// Digits in a row from which on a link's shape tells something by itself.
const DIGITS_MIN: usize = 5;
/// Path segments from which on it does.
const SEGMENTS_MIN: usize = 4;

/// The shapes of the message's own links without their hosts, hashed: each segment of the path as classes of
/// characters, digits counted (`a/a-9{7}`). Shapes that everybody's links have are left out.
pub(super) fn skeletons(evidence: &Evidence, cut: &mut words::Cut) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for target in evidence.link.targets.iter().filter(|t| !t.auxiliary && !t.opaque) {
        let Some(shape) = skeleton(&target.url) else { continue };
        let hash = shingles::hex(shingles::hash(shape.as_bytes()));
        if !out.iter().any(|(known, _)| *known == hash) {
            if out.len() >= limits::HISTORY_SKELETONS_MAX {
                cut.insert("HISTORY_SKELETONS_MAX");
                break;
            }
            out.push((hash, words::short(&target.root_domain)));
        }
    }
    out
}

/// The shape of a URL's path; `None` when it tells nothing.
pub(super) fn skeleton(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let path = rest.split_once('/')?.1.split(['?', '#']).next().unwrap_or_default();
    let mut shape = String::new();
    let (mut longest, mut segments) = (0, 0);
    for segment in path.split('/').filter(|s| !s.is_empty()).take(12) {
        segments += 1;
        shape.push('/');
        let mut letters = false;
        let mut digits = 0;
        let flush = |shape: &mut String, letters: &mut bool, digits: &mut usize| {
            if *digits > 0 {
                shape.push_str(&format!("9{{{digits}}}"));
            }
            if *letters {
                shape.push('a');
            }
            (*letters, *digits) = (false, 0);
        };
        for c in segment.chars().take(80) {
            if c.is_ascii_digit() {
                if letters {
                    flush(&mut shape, &mut letters, &mut digits);
                }
                digits += 1;
                longest = longest.max(digits);
            } else if c.is_alphanumeric() || c == '%' {
                if digits > 0 {
                    flush(&mut shape, &mut letters, &mut digits);
                }
                letters = true;
            } else {
                flush(&mut shape, &mut letters, &mut digits);
                shape.push(c);
            }
        }
        flush(&mut shape, &mut letters, &mut digits);
    }
    (longest >= DIGITS_MIN || segments >= SEGMENTS_MIN).then_some(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_is_counted_in_part_is_no_usual_day() {
        let count = |count, distinct, capped| Count { count, distinct, new: 0, capped };
        let rounded = |month, day| usual(month, day).round() as u64;
        assert_eq!(rounded(count(300, 11, false), count(50, 1, false)), 25);
        // 1,900 a day: of the day before only 100 are within the newest 2,000.
        assert_eq!(rounded(count(2_000, 2, true), count(1_900, 1, false)), 0);
        // The same numbers counted whole: a hundred yesterday.
        assert_eq!(rounded(count(2_000, 2, false), count(1_900, 1, false)), 100);
    }
}
