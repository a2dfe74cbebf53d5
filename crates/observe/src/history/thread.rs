//! Facet `thread`: the conversation that a message continues, and how the message fits it.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;
use sekisho_record::{
    Evidence,
    evidence::Thread,
    history::{Answers, Known, Match, Questions, THREAD, THREAD_PARTICIPANT, THREAD_SENDER, Trait, Why},
};

use super::{
    Recalled, days, looks,
    matter::{self, Reply},
    shingles,
    words::{self, Cut, HERE, KIND, LINK, WORD, Words},
};
use crate::{
    Context, content,
    identity::{imitated_domain, is_freemail},
    limits,
};

/// Hashes that a quotation and a stored message share at least; fewer are a greeting or a disclaimer.
const QUOTE_OVERLAP_MIN: u32 = 3;
/// Days that history goes back at least before an unknown parent says anything.
const HISTORY_DAYS_MIN: f64 = 60.0;
/// Messages of everybody that history holds at least before a link host is new to everybody.
pub(super) const HERE_MESSAGES_MIN: u64 = 50;
/// Words of a text from which on it is not asked whether it says anything of the matter.
const OWN_WORDS_MAX: u64 = 200;
/// Telling words below which nobody can say that a text takes nothing up.
const TELLING_MIN: usize = 2;
/// Aspect: addresses that took part, and the full name that each bore, [`TAB`] between them.
pub(super) const NAME: &str = "name";
/// Aspect: an author's looks in the thread. Behind the address [`TAB`], aspect, a blank and the value, again and again.
pub(super) const LOOKS: &str = "looks";
/// Between the parts of a line.
pub(super) const TAB: char = '\t';
/// Aspect: languages in which it was written.
const LANGUAGE: &str = "language";

/// Link hosts that everybody may know.
pub(super) fn ask_links(words: &Words, exact: &mut Vec<Trait>) {
    exact.extend(words.links.iter().map(|link| Trait::new(HERE, LINK, link)));
    let sender = words.sender();
    exact.extend(words.file_links.iter().map(|link| Trait::new(HERE, LINK, link)));
    exact.extend(words.file_links.iter().map(|link| Trait::new(&sender, LINK, link)));
}

/// What finds the conversation.
pub(super) fn ask(evidence: &Evidence, words: &Words, questions: &mut Questions) {
    questions.message_ids.clone_from(&words.parents);
    questions.threads = limits::HISTORY_THREADS_MAX;
    questions.thread_values = limits::HISTORY_THREAD_VALUES_MAX;
    if words::claims_reply(evidence) {
        questions.aliases = words::alias(evidence).into_iter().collect();
        let key = words::subject_key(evidence);
        questions.subject_keys = Some(key).filter(|key| !key.is_empty()).into_iter().collect();
        let quoted = evidence.model.body.previous_threads.iter().take(limits::HISTORY_QUOTED_MAX);
        let most = limits::HISTORY_ASKED_SHINGLES_MAX;
        let hashes: BTreeSet<u64> =
            quoted.flat_map(|q| shingles::shingles(without_signature(&q.text), most)).collect();
        questions.shingles = hashes.into_iter().collect();
    }
}

fn without_signature(text: &str) -> &str {
    let text = shingles::cut(text);
    let at = sekisho_mail::thread::signature_start(text).filter(|at| *at > 0);
    at.and_then(|at| text.get(..at)).unwrap_or(text)
}

/// The stored message that this one continues, and its thread.
fn best<'a>(words: &Words, answers: &'a Answers) -> Option<(&'a Match, Option<&'a Known>)> {
    let ours: Vec<&String> = words.participants().collect();
    let took_part = |m: &Match, a: &String| *a == m.sender || m.participants.contains(a);
    let shared = |m: &Match| ours.iter().any(|a| took_part(m, a));
    // A name that anybody can copy into mail to anybody: who was there before beside the author?
    let met = |m: &Match| {
        let author = &words.author;
        (*author != m.sender && took_part(m, author)) || words.recipients.iter().any(|to| took_part(m, to))
    };
    let fits = |m: &&Match| match m.why {
        Why::Reference => true,
        Why::Alias => met(m),
        Why::Quote => m.overlap >= QUOTE_OVERLAP_MIN,
        Why::Subject => shared(m),
    };
    let found = answers.matches.iter().find(fits)?;
    Some((found, answers.threads.iter().find(|t| t.subject == found.thread)))
}

/// Fills the facet.
pub(super) fn fill(
    evidence: &mut Evidence,
    words: &Words,
    recalled: &Recalled<'_>,
    context: &Context,
    at: i64,
    cut: &mut Cut,
) {
    // What could be said without history was said when the message was observed.
    let mut facts = std::mem::take(&mut evidence.thread);
    facts.known = true;
    let nothing = Known::default();
    if let Some((found, thread)) = best(words, recalled.answers) {
        let thread = thread.unwrap_or(&nothing);
        facts.found = true;
        facts.by = match found.why {
            Why::Reference => "reference",
            Why::Alias => "index",
            Why::Quote => "quote",
            Why::Subject => "subject",
        }
        .into();
        let all = thread.aspect(THREAD_SENDER).map(|a| a.total).unwrap_or_default();
        facts.messages = all.count.max(1);
        facts.dormant_days = Some(days(at, all.last_at.max(found.at)));
        facts.parent_days = Some(days(at, found.at));
        people(&mut facts, words, recalled.answers, found, thread, cut);
        facts.link_root_domains = values(thread, LINK);
        if facts.link_root_domains.len() > limits::HISTORY_LIST_MAX {
            cut.insert("HISTORY_LIST_MAX");
            facts.link_root_domains.truncate(limits::HISTORY_LIST_MAX);
        }
        // What is not told would look new.
        let told = |aspect: &&str| thread.aspect(aspect).is_none_or(|a| a.distinct <= a.values.len() as u64);
        if ![LINK, KIND, THREAD_SENDER, THREAD_PARTICIPANT].iter().all(told) {
            cut.insert("HISTORY_THREAD_VALUES_MAX");
        }
        compare_looks(&mut facts, evidence, words, thread);
        imitation(&mut facts, evidence, words, thread);
        if facts.claims_reply {
            let reply = Reply::new(evidence, shingles::own(evidence).0);
            let lines = values(thread, WORD);
            let known: Vec<&str> = lines.iter().flat_map(|line| line.split(' ')).collect();
            facts.takes_up = takes_up(evidence, &reply, &known);
        }
    } else {
        facts.parent_unknown =
            facts.claims_reply && names_parent(evidence) && goes_back(evidence, recalled, at);
    }
    let sender = words.sender();
    let here = recalled.seen(HERE, words::INBOUND, words::ONE).map_or(0, |s| s.count);
    measure_links(
        &mut facts,
        words,
        context,
        |root| recalled.seen(&sender, LINK, root).is_some(),
        |root| here < HERE_MESSAGES_MIN || recalled.seen(HERE, LINK, root).is_some(),
    );
    evidence.thread = facts;
}

/// What can be said without history.
pub(crate) fn alone(evidence: &Evidence) -> Thread {
    let (own, _) = shingles::own(evidence);
    let own_words = u64::try_from(content::words(own)).unwrap_or(0);
    // A long text speaks for itself, and one that hands nothing over asks for nothing.
    let hands_over = !evidence.link.targets.is_empty()
        || !evidence.model.attachments.is_empty()
        || !evidence.content.lures.is_empty();
    let claims_reply = words::claims_reply(evidence);
    let asks = claims_reply && own_words <= OWN_WORDS_MAX && hands_over;
    let reply = asks.then(|| Reply::new(evidence, own));
    Thread {
        claims_reply,
        own_words,
        own_matter: reply.as_ref().and_then(Reply::own_matter),
        takes_up: reply.as_ref().and_then(|reply| takes_up(evidence, reply, &[])),
        ..Thread::default()
    }
}

/// Which link hosts are new: to the thread, to the author, to everybody. The author's own domain and ours are not.
pub(super) fn measure_links(
    facts: &mut Thread,
    words: &Words,
    context: &Context,
    sender_knows: impl Fn(&str) -> bool,
    here_knows: impl Fn(&str) -> bool,
) {
    let new_root = |root: &&String| {
        **root != words.author_domain
            && !context.organisation.owns(root)
            && !(facts.found && facts.link_root_domains.contains(root))
    };
    let new: Vec<String> = words.links.iter().filter(new_root).cloned().collect();
    let without = |knows: &dyn Fn(&str) -> bool, of: &[String]| -> Vec<String> {
        of.iter().filter(|root| !knows(root)).cloned().collect()
    };
    facts.link_root_domains_new_to_sender = without(&sender_knows, &new);
    facts.link_root_domains_new_here = without(&here_knows, &facts.link_root_domains_new_to_sender);
    facts.new_link_root_domains = if facts.found { new } else { Vec::new() };
    let of_files = words.file_links.iter().filter(new_root).filter(|root| !sender_knows(root));
    facts.file_link_root_domains_new_here = of_files.filter(|root| !here_knows(root)).cloned().collect();
}

fn names_parent(evidence: &Evidence) -> bool {
    evidence.transit.reply_headers || !evidence.model.body.previous_threads.is_empty()
}

/// History is older than what is quoted, or old enough.
fn goes_back(evidence: &Evidence, recalled: &Recalled<'_>, at: i64) -> bool {
    let Some(here) = recalled.seen(HERE, words::INBOUND, words::ONE) else { return false };
    let quoted = evidence.model.body.previous_threads.iter().find_map(|q| q.date);
    here.count >= HERE_MESSAGES_MIN
        && match quoted {
            Some(date) => here.first_at < date && date < at,
            None => days(at, here.first_at) >= HISTORY_DAYS_MIN,
        }
}

/// Who took part, who is new, who is left out.
fn people(
    facts: &mut Thread,
    words: &Words,
    answers: &Answers,
    found: &Match,
    thread: &Known,
    cut: &mut Cut,
) {
    let mut before: BTreeSet<String> = BTreeSet::new();
    for m in answers.matches.iter().filter(|m| m.thread == found.thread) {
        before.insert(m.sender.clone());
        before.extend(m.participants.iter().cloned());
    }
    before.extend(values(thread, THREAD_SENDER));
    before.extend(values(thread, THREAD_PARTICIPANT));
    before.remove("");
    facts.sender_took_part = before.contains(&words.author);
    let new = words.recipients.iter().filter(|to| !before.contains(*to));
    let limit = (limits::HISTORY_LIST_MAX, "HISTORY_LIST_MAX");
    facts.added = words::bounded(new.cloned(), limit, cut);
    let now: BTreeSet<&String> = words.participants().collect();
    let parent: BTreeSet<&String> = found.participants.iter().chain(Some(&found.sender)).collect();
    let gone = parent.into_iter().filter(|a| !a.is_empty() && !now.contains(a));
    facts.dropped = words::bounded(gone.cloned(), limit, cut);
}

/// Whether the author, who took no part, bears a participant's name or writes from a domain that looks like theirs.
fn imitation(facts: &mut Thread, evidence: &Evidence, words: &Words, thread: &Known) {
    if facts.sender_took_part || words.author.is_empty() {
        return;
    }
    let named = values(thread, NAME);
    let name = words::full_name(evidence.model.sender.display_name.as_deref());
    let same_name =
        named.iter().flat_map(|line| line.split(TAB)).filter_map(|value| value.split_once(' ')).find(
            |(address, known)| *address != words.author && name.as_ref().is_some_and(|name| name == known),
        );
    if let Some((address, _)) = same_name {
        (facts.imitates, facts.imitates_by) = (Some(address.to_owned()), "name".into());
        return;
    }
    let Some(author) = evidence.model.sender.email.as_ref() else { return };
    let took_part = values(thread, THREAD_SENDER).into_iter().chain(values(thread, THREAD_PARTICIPANT));
    for address in took_part.filter(|address| !address.is_empty()) {
        let Some((_, domain)) = address.rsplit_once('@') else { continue };
        let root = words::root_of(&sekisho_mail::Domain::parse(domain));
        let other = root != words.author_domain && !is_freemail(&sekisho_mail::Domain::parse(domain));
        if other && imitated_domain(&author.domain, std::iter::once(root.as_str())).is_some() {
            (facts.imitates, facts.imitates_by) = (Some(address), "domain".into());
            return;
        }
    }
}

/// Values of an aspect of a thread.
fn values(thread: &Known, aspect: &str) -> Vec<String> {
    let values = thread.aspect(aspect).map(|a| a.values.as_slice()).unwrap_or_default();
    values.iter().map(|v| v.value.clone()).collect()
}

/// Files, language, and the author's own looks in this thread.
fn compare_looks(facts: &mut Thread, evidence: &Evidence, words: &Words, thread: &Known) {
    let kinds = values(thread, KIND);
    facts.new_attachment_kinds = words.kinds.iter().filter(|k| !kinds.contains(k)).cloned().collect();
    let languages = values(thread, LANGUAGE);
    if let Some(language) = &evidence.content.language
        && !languages.is_empty()
        && !languages.contains(language)
    {
        facts.language_changed = Some(language.clone());
    }
    let lines = values(thread, LOOKS);
    let own =
        lines.iter().filter_map(|line| line.split_once(TAB)).filter(|(author, _)| *author == words.author);
    let own: Vec<(&str, &str)> =
        own.flat_map(|(_, looks)| looks.split(TAB)).filter_map(|look| look.split_once(' ')).collect();
    for (aspect, value) in words.looks.iter().filter(|(aspect, _)| looks::OF_THREAD.contains(aspect)) {
        // What was learnt before looks were lines.
        let rows = values(thread, aspect);
        let rows =
            rows.iter().filter_map(|row| row.split_once(' ')).filter(|(author, _)| *author == words.author);
        let of_lines = own.iter().filter(|(of, _)| of == aspect).map(|(_, value)| *value);
        let mut before = of_lines.chain(rows.map(|(_, value)| value)).peekable();
        if before.peek().is_some() && !before.any(|before| before == look(value)) {
            facts.sender_changed.push((*aspect).to_owned());
        }
    }
}

/// A look within a thread, short enough to stand behind an address.
fn look(value: &str) -> String {
    value.chars().map(|c| if c == TAB { ' ' } else { c }).take(60).collect()
}

/// Share of the telling words that the thread, its subject or what is quoted of it used.
fn takes_up(evidence: &Evidence, reply: &Reply<'_>, thread: &[&str]) -> Option<f64> {
    let mut own = shingles::telling(reply.body(), limits::HISTORY_WORDS_MAX);
    // Whoever greets, signs and hands something over takes nothing up.
    own.retain(|stem| !matter::is_handover(stem));
    if own.is_empty() {
        return None;
    }
    own.retain(|stem| !reply.names().contains(stem));
    let mut left: FxHashSet<&str> = own.iter().map(String::as_str).collect();
    let all = left.len();
    let mut before = !thread.is_empty();
    for word in thread {
        left.remove(word);
    }
    // Only whether the few own words stand there is asked, and no more is read when all were found.
    let quoted = evidence.model.body.previous_threads.iter().take(limits::HISTORY_QUOTED_MAX);
    let quoted = quoted.map(|quoted| without_signature(&quoted.text));
    let subject = evidence.model.subject.base.as_deref().unwrap_or_default();
    for text in std::iter::once(subject).chain(quoted) {
        shingles::each_stem(text, shingles::TELLING_CHARS, |stem, _| {
            before = true;
            left.remove(stem);
            !left.is_empty()
        });
    }
    let taken = all - left.len();
    // One word that is taken up says something, one that is not says nothing.
    if !before || taken == 0 && own.len() < TELLING_MIN {
        return None;
    }
    Some(taken as f64 / own.len() as f64)
}

/// Parts with a mark between them, in as few lines as they fit in: a line is a value, and a value is a row of the store.
/// Each line begins with `head`.
fn lines(head: &str, mark: char, parts: impl Iterator<Item = impl AsRef<str>>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        let part = part.as_ref();
        match lines.last_mut() {
            Some(line) if line.len() + 1 + part.len() <= limits::HISTORY_LINE_BYTES_MAX => {
                line.push(mark);
                line.push_str(part);
            }
            _ if head.is_empty() => lines.push(part.to_owned()),
            _ => lines.push(format!("{head}{mark}{part}")),
        }
    }
    lines
}

/// What the message teaches its thread.
pub(super) fn teach(evidence: &Evidence, words: &Words, looks: bool, traits: &mut Vec<Trait>) {
    // Of a suspicious message the names are not believed: they may be borrowed.
    if looks {
        // In one order, whoever writes to whom: the same people are the same line.
        let mut names = words::names(evidence);
        names.sort_unstable();
        let names = names.iter().map(|(address, name)| format!("{address} {name}"));
        traits.extend(lines("", TAB, names).iter().map(|line| Trait::new(THREAD, NAME, line)));
    }
    traits.extend(lines("", ' ', words.telling.iter()).iter().map(|line| Trait::new(THREAD, WORD, line)));
    if !looks {
        return;
    }
    traits.extend(words.links.iter().map(|link| Trait::new(THREAD, LINK, link)));
    traits.extend(words.kinds.iter().map(|kind| Trait::new(THREAD, KIND, kind)));
    traits.extend(evidence.content.language.iter().map(|l| Trait::new(THREAD, LANGUAGE, l)));
    // An address with white space in it would end a part of a line where it likes, and speak for somebody else.
    if words.author.len() < 100 && !words.author.contains(char::is_whitespace) {
        let of_thread = words.looks.iter().filter(|(aspect, _)| looks::OF_THREAD.contains(aspect));
        let of_thread = of_thread.map(|(aspect, value)| format!("{aspect} {}", look(value)));
        traits
            .extend(lines(&words.author, TAB, of_thread).iter().map(|line| Trait::new(THREAD, LOOKS, line)));
    }
}
