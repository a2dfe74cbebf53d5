//! The words for subjects, and what one message has to say about them. Made here and nowhere else, so that what is
//! learnt is found again.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;
use sekisho_mail::{Domain, EmailAddress};
use sekisho_record::Evidence;

use super::{looks, shingles};
use crate::{Context, identity::is_freemail, limits, lists};

/// The whole organisation.
pub(super) const HERE: &str = "here";
/// Aspect: the subject wrote.
pub(super) const INBOUND: &str = "inbound";
/// Aspect: somebody here wrote to the subject.
pub(super) const OUTBOUND: &str = "outbound";
/// Aspect: days on which the subject wrote.
pub(super) const DAY: &str = "day";
/// Aspect and kind: to whom the subject wrote.
pub(super) const RECIPIENT: &str = "recipient";
/// Aspect: registrable domains of links.
pub(super) const LINK: &str = "link_root_domain";
/// Aspect: kinds of files.
pub(super) const KIND: &str = "attachment_kind";
/// Aspect of a thread: telling words.
pub(super) const WORD: &str = "word";
/// Value where something counts that has no value.
pub(super) const ONE: &str = "message";
/// Value of a look that a message does not have.
pub(super) const NONE: &str = "none";

/// Everything of a message that history is asked about and taught. Put together once for a message: for its questions,
/// for what the answers say, and for its lesson.
#[derive(Debug, Default)]
pub struct Words {
    /// The author's address, lower case; empty when there is none.
    pub(super) author: String,
    /// The author's organisational domain.
    pub(super) author_domain: String,
    /// Anybody gets a mailbox there.
    pub(super) freemail: bool,
    /// The bulk-mail account.
    pub(super) tenant: Option<String>,
    /// Reply-To, when it differs from the author.
    pub(super) reply_to: Option<String>,
    /// Its organisational domain, when it differs from the author's and not anybody gets a mailbox there.
    pub(super) reply_to_domain: Option<String>,
    /// Recipients, distinct, without the author.
    pub(super) recipients: Vec<String>,
    /// Subjects of the pairs, and whether the author is the first part.
    pub(super) pairs: Vec<(String, bool)>,
    /// It is known who we are.
    pub(super) ways_known: bool,
    /// Written by one of us.
    pub(super) from_us: bool,
    /// Registrable domains that its own links lead to.
    pub(super) links: Vec<String>,
    /// Registrable domains that its files lead to.
    pub(super) file_links: Vec<String>,
    /// Kinds of its files.
    pub(super) kinds: Vec<String>,
    /// What it looks like: aspect and value.
    pub(super) looks: Vec<(&'static str, String)>,
    /// What it looks like as the mail of a bulk-mail account.
    pub(super) tenant_looks: Vec<(&'static str, String)>,
    /// Hashes of its links' shapes, with the registrable domain of each.
    pub(super) skeletons: Vec<(String, String)>,
    /// Hash of its own text.
    pub(super) text: Option<String>,
    /// Hashes of pieces of its own text.
    pub(super) shingles: Vec<u64>,
    /// Words of its own text that tell what it is about.
    pub(super) telling: Vec<String>,
    /// Hashes of its files.
    pub(super) files: Vec<String>,
    /// The conversation that it claims to continue, as its own headers name it.
    pub(super) conversation: Option<String>,
    /// Message ids that it refers to, the nearest first.
    pub(super) parents: Vec<String>,
    /// Limits at which these lists were cut.
    pub(super) cut: Cut,
}

/// Names of limits at which something was cut; each is told in a gap.
pub(super) type Cut = BTreeSet<&'static str>;

impl Words {
    /// Of what was observed; history itself changes nothing about it.
    #[must_use]
    pub fn of(evidence: &Evidence, context: &Context) -> Self {
        let model = &evidence.model;
        let author = model.sender.email.as_ref();
        let direction = &model.direction;
        let from_us = direction.internal == Some(true) || direction.outbound == Some(true);
        let mut cut = cut_texts(evidence);
        let (own, signature) = shingles::own(evidence);
        let prints = shingles::Prints::of(own, limits::HISTORY_SHINGLES_MAX);
        let mut words = Self {
            author: author.map(|email| email.email.to_lowercase()).unwrap_or_default(),
            author_domain: author.map(|email| root_of(&email.domain)).unwrap_or_default(),
            freemail: author.is_some_and(|email| is_freemail(&email.domain)),
            tenant: tenant(evidence),
            ways_known: direction.inbound.is_some(),
            from_us,
            links: links(evidence, &mut cut),
            file_links: file_links(evidence, &mut cut),
            kinds: kinds(evidence, &mut cut),
            skeletons: super::behaviour::skeletons(evidence, &mut cut),
            text: prints.fingerprint,
            shingles: prints.shingles,
            telling: shingles::telling(own, limits::HISTORY_WORDS_MAX),
            files: files(evidence, &mut cut),
            parents: parents(evidence, &mut cut),
            ..Self::default()
        };
        words.cut = cut;
        words.answers_to(evidence);
        words.addressed(evidence, context);
        words.conversation = conversation(evidence);
        words.looks = looks::of(evidence, &words, (own, signature));
        if words.tenant.is_some() {
            words.tenant_looks = looks::of_tenant(evidence, &words, own);
        }
        words
    }

    fn answers_to(&mut self, evidence: &Evidence) {
        let Some(reply) = evidence.model.headers.reply_to.first().map(|m| &m.email) else { return };
        let address = reply.email.to_lowercase();
        if address.is_empty() || address == self.author {
            return;
        }
        let domain = root_of(&reply.domain);
        let tells = !domain.is_empty() && domain != self.author_domain && !is_freemail(&reply.domain);
        self.reply_to_domain = Some(domain).filter(|_| tells);
        self.reply_to = Some(address);
    }

    fn addressed(&mut self, evidence: &Evidence, context: &Context) {
        let recipients = &evidence.model.recipients;
        let named = recipients.to.iter().chain(&recipients.cc).chain(&recipients.bcc).map(|m| &m.email);
        let delivered = evidence.model.headers.delivered_to.as_ref();
        for email in delivered.into_iter().chain(named) {
            self.addressee(email, &context.organisation);
        }
    }

    fn addressee(&mut self, email: &EmailAddress, organisation: &crate::Organisation) {
        let address = email.email.to_lowercase();
        if !address.contains('@') || address == self.author || self.recipients.contains(&address) {
            return;
        }
        if self.recipients.len() >= limits::HISTORY_RECIPIENTS_MAX {
            self.cut.insert("HISTORY_RECIPIENTS_MAX");
            return;
        }
        let ours = !self.ways_known || organisation.owns(email.domain.ascii());
        let pair = match (self.from_us, ours) {
            (false, true) => Some((address.as_str(), self.author.as_str())),
            (true, false) => Some((self.author.as_str(), address.as_str())),
            (true, true) if self.author < address => Some((self.author.as_str(), address.as_str())),
            (true, true) => Some((address.as_str(), self.author.as_str())),
            // Two outsiders.
            (false, false) => None,
        };
        if let Some((first, second)) = pair
            && !self.author.is_empty()
        {
            if self.pairs.len() < limits::HISTORY_PAIRS_MAX {
                self.pairs.push((format!("pair:{first}|{second}"), first == self.author));
            } else {
                self.cut.insert("HISTORY_PAIRS_MAX");
            }
        }
        self.recipients.push(address);
    }

    pub(super) fn sender(&self) -> String {
        sender(&self.author)
    }

    pub(super) fn domain(&self) -> String {
        domain(&self.author_domain)
    }

    /// The subject of the bulk-mail account.
    pub(super) fn tenant_subject(&self) -> Option<String> {
        self.tenant.as_ref().map(|key| format!("tenant:{key}"))
    }

    /// Author and recipients.
    pub(super) fn participants(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.author).filter(|a| !a.is_empty()).chain(&self.recipients)
    }
}

/// The subject of an address.
pub(super) fn sender(address: &str) -> String {
    format!("sender:{address}")
}

/// The subject of an organisational domain.
pub(super) fn domain(name: &str) -> String {
    format!("domain:{name}")
}

/// Registrable domain, or the name itself when it has none.
pub(super) fn root_of(domain: &Domain) -> String {
    domain.root_domain.as_deref().unwrap_or(&domain.domain).to_lowercase()
}

/// A value short enough to be remembered.
pub(super) fn short(text: &str) -> String {
    text.trim().chars().take(limits::HISTORY_VALUE_CHARS_MAX).collect()
}

fn tenant(evidence: &Evidence) -> Option<String> {
    let tenant = &evidence.tenant;
    let esp = tenant.esp.as_ref()?;
    let account = tenant.account.as_ref().or(tenant.customer_domain.as_ref())?;
    Some(short(&format!("{esp}/{account}")))
}

/// Places (registrable domains, or names at a host of many) that the message's own links lead to: those that stand only in what it quotes are not its own.
fn links(evidence: &Evidence, cut: &mut Cut) -> Vec<String> {
    let quoted = &evidence.content.quoted_link_root_domains;
    let own = &evidence.model.body.current_thread.links;
    let written = |root: &str| own.iter().any(|link| root_of(&link.href_url.domain) == root);
    let targets = evidence.link.targets.iter().map(|t| (t.root_domain.to_lowercase(), &t.host));
    let own = targets.filter(|(root, _)| !quoted.contains(root) || written(root));
    bounded(own.map(|(root, host)| place(root, host)), (limits::HISTORY_LINKS_MAX, "HISTORY_LINKS_MAX"), cut)
}

/// Whose place a host is: its registrable domain; where anybody gets a name below one, that name.
fn place(root: String, host: &str) -> String {
    let many = root == "sharepoint.com" || lists::contains("free_subdomain_hosts", &root);
    if many && host != root { short(&host.to_lowercase()) } else { root }
}

/// Registrable domains that links in files lead to.
fn file_links(evidence: &Evidence, cut: &mut Cut) -> Vec<String> {
    let urls = evidence.unpack.indicators.iter().filter(|named| named.kind == "url");
    if urls.clone().nth(limits::HISTORY_FILE_URLS_MAX).is_some() {
        cut.insert("HISTORY_FILE_URLS_MAX");
    }
    let roots = urls.take(limits::HISTORY_FILE_URLS_MAX).map(|named| {
        let url = sekisho_mail::Url::parse_loose(&named.value);
        if url.is_web() { place(root_of(&url.domain), url.domain.ascii()) } else { String::new() }
    });
    bounded(roots, (limits::HISTORY_LINKS_MAX, "HISTORY_LINKS_MAX"), cut)
}

/// Words of a name from which on two people hardly share it.
const NAME_WORDS_MIN: usize = 2;

/// A name of at least two words as it is compared; `None` for none.
pub(super) fn full_name(name: Option<&str>) -> Option<String> {
    let folded = crate::fold::fold(name?).text;
    let mut words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    // `Berg, Jonas` is Jonas Berg.
    words.sort_unstable();
    let enough = words.len() >= NAME_WORDS_MIN
        || words.iter().any(|w| w.chars().all(crate::content::is_cjk) && w.chars().count() >= 3);
    enough.then(|| short(&words.join(" ")))
}

/// Addresses of author and recipients with the full names that they bear.
pub(super) fn names(evidence: &Evidence) -> Vec<(String, String)> {
    let model = &evidence.model;
    let author = (model.sender.email.as_ref(), model.sender.display_name.as_deref());
    let others = model.recipients.to.iter().chain(&model.recipients.cc);
    let others = others.map(|m| (Some(&m.email), m.display_name.as_deref()));
    // The author and as many recipients as are known by address, each once.
    let mut seen = FxHashSet::default();
    let all = std::iter::once(author).chain(others);
    let all = all.filter(|(email, _)| email.is_some_and(|email| seen.insert(email.email.to_lowercase())));
    all.take(1 + limits::HISTORY_RECIPIENTS_MAX)
        .filter_map(|(email, name)| {
            let address = email?.email.to_lowercase();
            (address.contains('@') && !address.contains(char::is_whitespace)).then_some(())?;
            Some((address, full_name(name)?))
        })
        .collect()
}

/// Kinds of files, pictures that are part of the text left out.
fn kinds(evidence: &Evidence, cut: &mut Cut) -> Vec<String> {
    let kinds = evidence.model.attachments.iter().filter(|a| {
        let picture = a.content_type.as_deref().is_some_and(|t| t.starts_with("image/"));
        !(picture && a.content_id.is_some())
    });
    let name = |a: &sekisho_mail::Attachment| match &a.file_extension {
        Some(extension) if !extension.is_empty() => short(&extension.to_lowercase()),
        _ => short(&a.file_type),
    };
    bounded(kinds.map(name), (limits::HISTORY_KINDS_MAX, "HISTORY_KINDS_MAX"), cut)
}

/// Hashes of files, again without pictures of the text: everybody's logo is the same file.
fn files(evidence: &Evidence, cut: &mut Cut) -> Vec<String> {
    let files = evidence.model.attachments.iter().filter(|a| {
        !a.content_type.as_deref().is_some_and(|t| {
            t.starts_with("image/") || t == "text/calendar" || t == "application/pkcs7-signature"
        })
    });
    let hashes = files.map(|a| a.sha256.chars().take(32).collect());
    bounded(hashes, (limits::HISTORY_FILES_MAX, "HISTORY_FILES_MAX"), cut)
}

/// The first non-empty ones, each once; where there are more, the limit is noted.
pub(super) fn bounded(
    values: impl Iterator<Item = String>,
    (most, limit): (usize, &'static str),
    cut: &mut Cut,
) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for value in values.filter(|value| !value.is_empty()) {
        if out.contains(&value) {
            continue;
        }
        if out.len() >= most {
            cut.insert(limit);
            break;
        }
        out.push(value);
    }
    out
}

/// Texts that history reads in part.
fn cut_texts(evidence: &Evidence) -> Cut {
    let body = &evidence.model.body;
    let quoted = &body.previous_threads;
    let mut cut = Cut::new();
    if quoted.len() > limits::HISTORY_QUOTED_MAX {
        cut.insert("HISTORY_QUOTED_MAX");
    }
    let quoted = quoted.iter().take(limits::HISTORY_QUOTED_MAX).map(|q| q.text.len());
    if quoted.chain([body.current_thread.text.len()]).any(|bytes| bytes > limits::HISTORY_TEXT_BYTES_MAX) {
        cut.insert("HISTORY_TEXT_BYTES_MAX");
    }
    cut
}

/// What names the conversation without a store: the oldest message id that it refers to, else the subject, else the
/// Thread-Index.
fn conversation(evidence: &Evidence) -> Option<String> {
    if !claims_reply(evidence) {
        return None;
    }
    let headers = &evidence.model.headers;
    let root = headers.references.first().or(headers.in_reply_to.as_ref());
    let subject = || Some(subject_key(evidence)).filter(|key| !key.is_empty());
    let name = root.cloned().or_else(subject).or_else(|| alias(evidence))?;
    Some(shingles::hex(shingles::hash(name.as_bytes())))
}

/// It says that it continues something.
pub(super) fn claims_reply(evidence: &Evidence) -> bool {
    let subject = &evidence.model.subject;
    evidence.transit.reply_headers
        || evidence.transit.conversation_replies.is_some_and(|replies| replies > 0)
        || subject.is_reply
        || subject.is_forward
        || evidence.content.quotes_thread
        || !evidence.model.body.previous_threads.is_empty()
}

/// Message ids that it refers to, the nearest first.
fn parents(evidence: &Evidence, cut: &mut Cut) -> Vec<String> {
    let headers = &evidence.model.headers;
    let ids = headers.in_reply_to.iter().chain(headers.references.iter().rev());
    bounded(ids.map(|id| id_of(id)), (limits::HISTORY_PARENTS_MAX, "HISTORY_PARENTS_MAX"), cut)
}

/// The other name of its conversation: what Outlook's Thread-Index says.
pub(super) fn alias(evidence: &Evidence) -> Option<String> {
    evidence.transit.conversation.as_ref().map(|conversation| format!("index:{conversation}"))
}

/// A message id without its brackets.
pub(super) fn id_of(id: &str) -> String {
    id.trim().trim_start_matches('<').trim_end_matches('>').chars().take(1_000).collect()
}

/// Shortest subject that two unrelated messages hardly share.
const SUBJECT_CHARS_MIN: usize = 8;

/// What is left of the subject; empty when that says nothing.
pub(super) fn subject_key(evidence: &Evidence) -> String {
    let base = evidence.model.subject.base.as_deref().unwrap_or_default();
    let key = base.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let weight: usize = key.chars().map(|c| if crate::content::is_cjk(c) { 2 } else { 1 }).sum();
    if weight < SUBJECT_CHARS_MIN { String::new() } else { key.chars().take(300).collect() }
}
