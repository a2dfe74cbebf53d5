//! History in words, for the cases of rule pages: each line says what is remembered of one thing.
//!
//! ```text
//! here messages=900 days=400 link_root_domains=a.example,b.example
//! sender inbound=42 outbound=12 known_days=400 silent_days=3 active_days=30 link_root_domains=a.example
//! domain inbound=900 known_days=2000          (also: pair, reply_to, reply_to_domain)
//! deviation client value=none usual=thunderbird usual_count=40 total=42    (also: domain_deviation, tenant_deviation)
//! thread found by=reference dormant_days=214 messages=6 link_root_domains=a.example attachment_kinds=pdf
//! pace threads_10_minutes=9 same_text_day=9
//! behaviour skeleton_senders_day=3
//! tenant key=Mailgun/shop messages=500 known_days=90
//! ```
//!
//! A name without a value is `true`; a value with spaces stands in quotation marks. What follows from the message and
//! these lines (which links are new, whether the text takes anything up) is worked out as it is for real mail.

use sekisho_record::{
    Evidence,
    evidence::{
        behaviour::{Pace, TenantPace},
        correspondence::{Deviation, Standing},
    },
};

use super::{correspondence, thread, words::Words};
use crate::Context;

/// Hosts that are known, and files of the thread.
#[derive(Default)]
struct Known {
    sender_links: Vec<String>,
    here_links: Vec<String>,
    kinds: Vec<String>,
}

/// Puts what the lines say into the evidence, as if history had answered it.
///
/// # Errors
/// What is wrong with a line, for whoever wrote it.
pub fn script(evidence: &mut Evidence, text: &str, context: &Context) -> Result<(), String> {
    let words = Words::of(evidence, context);
    evidence.correspondence = sekisho_record::evidence::Correspondence {
        known: true,
        sender: correspondence::stranger(&words.author, words.ways_known),
        sender_domain: correspondence::stranger(&words.author_domain, words.ways_known),
        reply_to: words.reply_to.as_ref().map(|a| correspondence::stranger(a, words.ways_known)),
        reply_to_domain: words
            .reply_to_domain
            .as_ref()
            .map(|d| correspondence::stranger(d, words.ways_known)),
        pair: correspondence::stranger("", words.ways_known),
        ..Default::default()
    };
    evidence.thread = thread::alone(evidence);
    evidence.thread.known = true;
    evidence.behaviour.known = true;
    evidence.behaviour.sender = Pace {
        threads_10_minutes: u64::from(evidence.thread.claims_reply),
        threads_hour: u64::from(evidence.thread.claims_reply),
        threads_day: u64::from(evidence.thread.claims_reply),
        messages_hour: 1,
        messages_day: 1,
        ..Pace::default()
    };
    let mut known = Known::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        remember(evidence, line, &mut known, words.ways_known)
            .map_err(|why| format!("history `{line}`: {why}"))?;
    }
    let mut facts = std::mem::take(&mut evidence.thread);
    if facts.found {
        let new = words.kinds.iter().filter(|kind| !known.kinds.contains(kind));
        facts.new_attachment_kinds = new.cloned().collect();
    }
    let thread_links = facts.link_root_domains.clone();
    let here = evidence.correspondence.here_messages;
    thread::measure_links(
        &mut facts,
        &words,
        context,
        |root| known.sender_links.iter().any(|l| l == root),
        |root| {
            here < thread::HERE_MESSAGES_MIN
                || [&known.here_links, &known.sender_links, &thread_links]
                    .iter()
                    .any(|l| l.iter().any(|l| l == root))
        },
    );
    evidence.thread = facts;
    Ok(())
}

/// Sets the field that is named to the value that is written.
macro_rules! set {
    ($target:expr, $key:expr, $value:expr; $($field:ident)*) => {
        match $key {
            $(stringify!($field) => { read(&mut $target.$field, $value)?; true })*
            _ => false,
        }
    };
}

fn remember(evidence: &mut Evidence, line: &str, known: &mut Known, ways: bool) -> Result<(), String> {
    let mut words = split(line).into_iter();
    let what = words.next().unwrap_or_default();
    let mut deviation = Deviation::default();
    if what.ends_with("deviation") {
        deviation.aspect = words.next().ok_or("the aspect is missing")?;
    }
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((&word, "true"));
        let facts = &mut evidence.correspondence;
        let reached = match what.as_str() {
            "here" => match key {
                "messages" => read(&mut facts.here_messages, value).map(|()| true)?,
                "days" => read(&mut facts.here_days, value).map(|()| true)?,
                "link_root_domains" => read(&mut known.here_links, value).map(|()| true)?,
                _ => false,
            },
            "sender" if key == "link_root_domains" => read(&mut known.sender_links, value).map(|()| true)?,
            "sender" => standing(&mut facts.sender, key, value)?,
            "domain" => standing(&mut facts.sender_domain, key, value)?,
            "pair" => standing(&mut facts.pair, key, value)?,
            "reply_to" => standing(facts.reply_to.get_or_insert_default(), key, value)?,
            "reply_to_domain" => standing(facts.reply_to_domain.get_or_insert_default(), key, value)?,
            "deviation" | "domain_deviation" | "tenant_deviation" => {
                set!(deviation, key, value; value usual usual_count total seen)
            }
            "thread" if key == "attachment_kinds" => read(&mut known.kinds, value).map(|()| true)?,
            "thread" => {
                set!(evidence.thread, key, value; found by parent_unknown messages dormant_days parent_days
                sender_took_part imitates imitates_by dropped added link_root_domains language_changed sender_changed
                takes_up)
            }
            "pace" => set!(evidence.behaviour.sender, key, value; threads_10_minutes threads_hour threads_day
                dormant_threads_day new_recipients_hour new_recipients_day messages_hour messages_day
                usual_messages_day same_skeleton_day same_text_day same_file_day same_skeleton_week same_text_week),
            "behaviour" => set!(evidence.behaviour, key, value; skeleton_senders_day skeleton_senders_hour
                skeleton_hosts_day text_senders_day file_senders_day),
            "tenant" => {
                let tenant: &mut TenantPace = evidence.behaviour.tenant.get_or_insert_default();
                set!(tenant, key, value; key messages known_days messages_hour messages_day usual_messages_day)
            }
            _ => return Err(format!("nothing is called `{what}`")),
        };
        if !reached {
            return Err(format!("`{what}` has no `{key}`"));
        }
    }
    let facts = &mut evidence.correspondence;
    match what.as_str() {
        "deviation" => facts.deviations.push(deviation),
        "domain_deviation" => facts.domain_deviations.push(deviation),
        "tenant_deviation" => {
            evidence.behaviour.tenant.get_or_insert_default().deviations.push(deviation);
        }
        "sender" => correspondence::complete(&mut facts.sender, ways),
        "domain" => correspondence::complete(&mut facts.sender_domain, ways),
        "pair" => correspondence::complete(&mut facts.pair, ways),
        "reply_to" => facts.reply_to.iter_mut().for_each(|s| correspondence::complete(s, ways)),
        "reply_to_domain" => facts.reply_to_domain.iter_mut().for_each(|s| correspondence::complete(s, ways)),
        _ => {}
    }
    Ok(())
}

fn standing(standing: &mut Standing, key: &str, value: &str) -> Result<bool, String> {
    Ok(set!(standing, key, value; inbound outbound active_days known_days silent_days inbound_silent_days
        outbound_silent_days prevalence)
        || set!(standing.opinions, key, value; benign spam malicious false_positive malicious_days))
}

/// Words of a line; quotation marks hold one together and are dropped.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(String::new()),
            c => words.last_mut().map(|w| w.push(c)).unwrap_or_default(),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A value that can be read from text.
trait Read {
    fn read(text: &str) -> Option<Self>
    where
        Self: Sized;
}

macro_rules! read_by_parse {
    ($($type:ty)*) => { $(impl Read for $type {
        fn read(text: &str) -> Option<Self> {
            text.parse().ok()
        }
    })* };
}
read_by_parse!(u64 f64 bool String);

impl<T: Read> Read for Option<T> {
    fn read(text: &str) -> Option<Self> {
        if text == "null" { Some(None) } else { T::read(text).map(Some) }
    }
}

impl Read for Vec<String> {
    fn read(text: &str) -> Option<Self> {
        Some(text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }
}

fn read<T: Read>(target: &mut T, text: &str) -> Result<(), String> {
    *target = T::read(text).ok_or_else(|| format!("`{text}` cannot be read"))?;
    Ok(())
}
