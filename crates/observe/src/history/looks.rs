//! What a message looks like, and how it differs from what is usual for a sender, a domain or a bulk-mail account.
//!
//! A value departs from what is usual when it was hardly seen before and the aspect is one that tells: one value stands
//! in nearly all messages, or the aspect had very few values in many messages (by Good and Turing, the chance that an
//! ordinary message brings a new value is about the share of values that were seen once).

use sekisho_mail::thread::signature_start;
use sekisho_record::{
    Evidence,
    evidence::correspondence::Deviation,
    history::{Known, Seen},
};

use super::{
    shingles,
    words::{NONE, Words, root_of, short},
};
use crate::limits;

/// Messages below which nothing is usual.
pub(super) const USUAL_TOTAL_MIN: u64 = 5;
/// Share of the usual value, in percent, from which on another one departs from it.
const USUAL_PERCENT_MIN: u64 = 80;
/// Messages from which on few different values are a habit.
const HABIT_TOTAL_MIN: u64 = 20;
/// Different values for each hundred messages, at most, that are a habit.
const HABIT_DISTINCT_PERCENT_MAX: u64 = 10;
/// Share of messages, in percent, up to which a value still counts as unusual.
const SEEN_PERCENT_MAX: u64 = 3;

/// Aspects, the most telling first: what another machine or another person has to get wrong comes before what people
/// change on any day.
const TELLING: &[&str] = &[
    "tenant",
    "dkim_domain",
    "reply_to",
    "network",
    "brand",
    "author",
    "display_name",
    "client",
    "message_id_shape",
    "link_root_domain",
    "via",
    "list_unsubscribe",
    "language",
    "time_zone",
    "submission",
    "attachment_kind",
    "signature",
    "greeting",
    "charset",
    "format",
    "hour",
];

/// Aspects of the infrastructure that a domain's people share.
pub(super) const OF_DOMAIN: &[&str] = &["tenant", "dkim_domain", "network", "submission"];
/// Aspects that are compared within a thread.
pub(super) const OF_THREAD: &[&str] =
    &["client", "network", "signature", "greeting", "message_id_shape", "time_zone"];

/// What a message looks like: aspect and value, [`NONE`] where it lacks what others have. `own` and `signed` are its own
/// text and its signature.
pub(super) fn of(
    evidence: &Evidence,
    words: &Words,
    (own, signed): (&str, Option<&str>),
) -> Vec<(&'static str, String)> {
    let headers = &evidence.model.headers;
    let mut looks = vec![
        ("display_name", none(evidence.model.sender.display_name.as_deref())),
        ("reply_to", none(words.reply_to.as_deref())),
        ("tenant", none(words.tenant.as_deref())),
        ("dkim_domain", none(evidence.authentication.dkim_domains.first().map(String::as_str))),
        ("client", headers.mailer.as_deref().map_or_else(|| NONE.into(), client)),
        ("submission", none(Some(&evidence.transit.submission))),
        ("format", format(evidence).into()),
        ("signature", signature(signed)),
    ];
    let body = &evidence.model.body;
    let charset = body.html.as_ref().and_then(|h| h.charset.as_deref());
    let charset = charset.or_else(|| body.plain.as_ref().and_then(|p| p.charset.as_deref()));
    let selector = evidence.model.headers.hops.iter().find_map(|hop| {
        let signature = hop.signature.as_ref()?;
        let domain = signature.domain.as_deref()?.to_lowercase();
        evidence.authentication.dkim_domains.contains(&domain).then(|| signature.selector.clone())?
    });
    let optional = [
        ("network", network(evidence)),
        ("dkim_selector", selector.as_deref().map(short)),
        ("message_id_shape", headers.message_id.as_deref().map(message_id_shape)),
        ("time_zone", headers.date_original_offset.as_deref().map(short)),
        ("hour", hour(evidence)),
        ("charset", charset.map(|c| short(&c.to_lowercase()))),
        ("language", evidence.content.language.clone()),
        ("greeting", greeting(own)),
    ];
    looks.extend(optional.into_iter().filter_map(|(aspect, value)| Some((aspect, value?))));
    looks.retain(|(_, value)| !value.is_empty());
    looks
}

/// What a message looks like as the mail of a bulk-mail account.
pub(super) fn of_tenant(evidence: &Evidence, words: &Words, own: &str) -> Vec<(&'static str, String)> {
    let yes = |b: bool| String::from(if b { "yes" } else { "no" });
    let mut looks = vec![
        ("display_name", none(evidence.model.sender.display_name.as_deref())),
        // Departments of a customer write from addresses of their own below one domain.
        ("author", none(Some(&words.author_domain))),
        ("brand", none(evidence.brand.claimed.as_deref())),
        ("reply_to", none(words.reply_to.as_deref())),
        ("list_unsubscribe", yes(evidence.transit.list_unsubscribe)),
        ("format", format(evidence).into()),
    ];
    let optional = [
        ("via", evidence.tenant.via.clone()),
        ("hour", hour(evidence)),
        ("language", evidence.content.language.clone()),
        ("greeting", greeting(own)),
    ];
    looks.extend(optional.into_iter().filter_map(|(aspect, value)| Some((aspect, value?))));
    looks
}

fn none(value: Option<&str>) -> String {
    value.map(short).filter(|v| !v.is_empty()).unwrap_or_else(|| NONE.into())
}

/// The family of a mail program, without its versions: `Microsoft Outlook 16.0` is `microsoft outlook`.
fn client(mailer: &str) -> String {
    let lower = mailer.to_lowercase();
    for name in ["thunderbird", "seamonkey", "k-9 mail", "evolution"] {
        if lower.contains(name) {
            return name.into();
        }
    }
    let end = lower.find(|c: char| c.is_ascii_digit() || matches!(c, '/' | '(' | '[' | ',' | ';'));
    let name = lower.get(..end.unwrap_or(lower.len())).unwrap_or_default();
    let name = name.trim_end_matches(['v', ' ', '-', ':']).trim();
    short(if name.is_empty() { &lower } else { name })
}

/// The registrable domain of the host that handed the message over, else the network of its origin.
fn network(evidence: &Evidence) -> Option<String> {
    if let Some(domain) = &evidence.transit.sending_root_domain {
        return Some(short(domain));
    }
    match evidence.transit.origin_ip.as_ref()?.parse::<std::net::IpAddr>().ok()? {
        std::net::IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            Some(format!("{a}.{b}.{c}.0/24"))
        }
        std::net::IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            Some(format!("{a:x}:{b:x}:{c:x}::/48"))
        }
    }
}

/// How a message id is built: `a` for letters, `9` for digits, `x` for both mixed, a repeated pattern once.
fn message_id_shape(id: &str) -> String {
    let id = super::words::id_of(id);
    let (local, host) = id.rsplit_once('@').unwrap_or((&id, ""));
    let mut runs: Vec<char> = Vec::new();
    let mut run: Option<char> = None;
    for c in local.chars().take(200) {
        if c.is_alphanumeric() {
            let kind = if c.is_numeric() { '9' } else { 'a' };
            run = Some(run.map_or(kind, |r| if r == kind { r } else { 'x' }));
        } else {
            runs.extend(run.take());
            runs.push(c);
        }
    }
    runs.extend(run);
    // `x-x-x-x` and `x-x-x` are one habit.
    let mut shape: Vec<char> = Vec::new();
    for c in runs {
        shape.push(c);
        while let [head @ .., a, b, x, y] = shape.as_slice()
            && (a, b) == (x, y)
        {
            let keep = head.len() + 2;
            shape.truncate(keep);
        }
    }
    let host = root_of(&sekisho_mail::Domain::parse(host));
    short(&format!("{}@{host}", shape.into_iter().take(40).collect::<String>()))
}

/// A quarter of the day, by the clock of whoever wrote.
fn hour(evidence: &Evidence) -> Option<String> {
    let headers = &evidence.model.headers;
    let date = headers.date?;
    let offset = headers.date_original_offset.as_deref().and_then(minutes).unwrap_or(0);
    let hour = date.checked_add(offset * 60)?.rem_euclid(86_400) / 3_600;
    Some(
        match hour {
            0..=5 => "night",
            6..=11 => "morning",
            12..=17 => "afternoon",
            _ => "evening",
        }
        .into(),
    )
}

fn minutes(offset: &str) -> Option<i64> {
    let digits: String = offset.chars().filter(char::is_ascii_digit).take(4).collect();
    let number: i64 = digits.parse().ok()?;
    let minutes = (number / 100) * 60 + number % 100;
    Some(if offset.trim().starts_with('-') { -minutes } else { minutes })
}

fn format(evidence: &Evidence) -> &'static str {
    match (&evidence.model.body.plain, &evidence.model.body.html) {
        (Some(_), Some(_)) => "both",
        (None, Some(_)) => "html",
        (Some(_), None) => "plain",
        (None, None) => NONE,
    }
}

/// A hash of the signature's lines; its text is nobody's business.
fn signature(text: Option<&str>) -> String {
    let Some(text) = text else { return NONE.into() };
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() { NONE.into() } else { shingles::hex(shingles::hash(words.join(" ").as_bytes())) }
}

/// Words of a line that may be a greeting.
const GREETING_WORDS_MAX: usize = 6;

/// The first word of a short first line: `hi`, `dear`, `hej`. Whom it greets is another matter.
fn greeting(own: &str) -> Option<String> {
    let line = own.lines().map(str::trim).find(|line| !line.is_empty())?;
    let mut words = line.split_whitespace();
    let first: String = words.next()?.chars().filter(|c| c.is_alphabetic()).take(20).collect();
    let greets = words.count() < GREETING_WORDS_MAX && signature_start(line).is_none() && !first.is_empty();
    Some(if greets { first.to_lowercase() } else { NONE.into() })
}

/// How a value differs from what is usual; `None` when it does not, or too little is known.
pub(super) fn deviation(known: &Known, aspect: &str, value: &str, seen: Option<Seen>) -> Option<Deviation> {
    let told = known.aspect(aspect)?;
    let total = told.total.count;
    let seen = seen.map_or(0, |s| s.count);
    let usual = told.values.first()?;
    let percent = |part: u64| part.saturating_mul(100).checked_div(total).unwrap_or(0);
    let constant = total >= USUAL_TOTAL_MIN && percent(usual.seen.count) >= USUAL_PERCENT_MIN;
    let habit = total >= HABIT_TOTAL_MIN && percent(told.distinct) <= HABIT_DISTINCT_PERCENT_MAX;
    let unusual = seen == 0 || percent(seen) < SEEN_PERCENT_MAX;
    (usual.value != value && unusual && (constant || (habit && seen == 0))).then(|| Deviation {
        aspect: aspect.into(),
        value: value.into(),
        usual: usual.value.clone(),
        usual_count: usual.seen.count,
        total,
        seen,
    })
}

/// The most telling first.
pub(super) fn sort(deviations: &mut Vec<Deviation>) {
    let rank = |d: &Deviation| TELLING.iter().position(|a| *a == d.aspect).unwrap_or(TELLING.len());
    deviations.sort_by_key(|d| (rank(d), std::cmp::Reverse(d.usual_count)));
    deviations.truncate(limits::HISTORY_LIST_MAX);
}
