//! Facet `thread`: the conversation that a message continues, and how the message fits it. A reply inherits no trust
//! from its thread: it is measured against it.

use serde::Serialize;

/// The message against its thread.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Thread {
    /// History was asked; when false, all else here says nothing about the past (a gap tells why).
    pub known: bool,
    /// It says that it continues something: reply headers (or a Thread-Index with replies), a reply mark in the subject,
    /// quoted text.
    pub claims_reply: bool,
    /// A stored conversation was found.
    pub found: bool,
    /// How: `reference` (its headers name a stored message), `index` (its Thread-Index names the conversation of a stored
    /// message in which one of the recipients took part, or the author beside its writer), `quote` (its quoted text is a
    /// stored message's), `subject`.
    pub by: String,
    /// It names messages, or quotes text, of which none is known here although history goes back far enough.
    pub parent_unknown: bool,
    /// Stored messages in the conversation.
    pub messages: u64,
    /// Days since the last of them.
    pub dormant_days: Option<f64>,
    /// Days since the message that it answers.
    pub parent_days: Option<f64>,
    /// The author wrote or received a message of it before.
    pub sender_took_part: bool,
    /// The author took no part, and looks like this address that did.
    pub imitates: Option<String>,
    /// How: `name` (the same full name at another address), `domain` (a domain that looks like theirs).
    pub imitates_by: String,
    /// Addresses that took part before and are not addressed now.
    pub dropped: Vec<String>,
    /// Addresses, other than the author's, that are new to it.
    pub added: Vec<String>,
    /// Registrable domains that this message links to (in its own text, not in what it quotes) and no message of the
    /// thread did.
    pub new_link_root_domains: Vec<String>,
    /// Of those, the ones that this author never linked to either.
    pub link_root_domains_new_to_sender: Vec<String>,
    /// Of those, the ones that nobody here has seen in any message.
    pub link_root_domains_new_here: Vec<String>,
    /// Registrable domains that the thread has linked to.
    pub link_root_domains: Vec<String>,
    /// Registrable domains that its files lead to, and neither the thread, nor this author, nor anybody here did.
    pub file_link_root_domains_new_here: Vec<String>,
    /// Kinds of files that it carries and the thread did not.
    pub new_attachment_kinds: Vec<String>,
    /// Its language, when the thread was in another one.
    pub language_changed: Option<String>,
    /// Its author wrote in this thread with another client, network, signature or greeting: the aspects.
    pub sender_changed: Vec<String>,
    /// Words of its own text, without quotations and signature.
    pub own_words: u64,
    /// Different words of its own text that say what it is about; 0 when it only greets, thanks and hands something over,
    /// so that it fits every thread. `None` when it is no reply, has more than 200 words, or hands nothing over (no link, no
    /// file, no lure).
    pub own_matter: Option<u64>,
    /// Share of its telling words that the thread (without history, what is quoted of it) used before, 0 to 1; `None`
    /// when there are too few to say.
    pub takes_up: Option<f64>,
}
