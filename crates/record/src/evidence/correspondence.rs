//! Facet `correspondence`: who has written to whom before, and what that usually looks like.

use serde::Serialize;

/// What is remembered of the sender and of the recipients' exchange with them. Everything was seen *before* this
/// message.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Correspondence {
    /// History was asked; when false, all else here says nothing (a gap tells why).
    pub known: bool,
    /// Messages of everybody that history holds, at most those of this organisation.
    pub here_messages: u64,
    /// Days that history goes back.
    pub here_days: f64,
    /// The author's address.
    pub sender: Standing,
    /// The author's organisational domain.
    pub sender_domain: Standing,
    /// The Reply-To address, when it differs from the author.
    pub reply_to: Option<Standing>,
    /// Its organisational domain, when that differs from the author's and not anybody gets a mailbox there.
    pub reply_to_domain: Option<Standing>,
    /// The recipients and the author: of several recipients the one who knows the author best.
    pub pair: Standing,
    /// How this message differs from what the author's mail usually looks like; the most telling first.
    pub deviations: Vec<Deviation>,
    /// How it differs from what the mail of the author's domain usually looks like: network, signing domain, bulk mailer,
    /// the way it was submitted. Nothing for providers where anybody gets a mailbox.
    pub domain_deviations: Vec<Deviation>,
}

/// What is remembered of one key: an address, a domain, or a pair.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// The address, domain or pair (`mailbox|correspondent`).
    pub key: String,
    /// Messages that they wrote.
    pub inbound: u64,
    /// Messages from us to them.
    pub outbound: u64,
    /// Different days on which they wrote.
    pub active_days: u64,
    /// Days since the first message in either direction; `None` for a stranger.
    pub known_days: Option<f64>,
    /// Days since the last message in either direction.
    pub silent_days: Option<f64>,
    /// Days since their last message.
    pub inbound_silent_days: Option<f64>,
    /// Days since our last message.
    pub outbound_silent_days: Option<f64>,
    /// We wrote to them before; `None` when it is not known who we are (no domains are configured).
    pub solicited: Option<bool>,
    /// `new`, `outlier`, `rare`, `uncommon` or `common` (mql.md 2.6); empty when unknown.
    pub prevalence: String,
    /// What was thought of their messages.
    pub opinions: Opinions,
}

/// How many messages were thought what.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Opinions {
    /// Harmless.
    pub benign: u64,
    /// Unwanted.
    pub spam: u64,
    /// An attack.
    pub malicious: u64,
    /// Called an attack, and none.
    pub false_positive: u64,
    /// Days since the last attack; `None` when there was none.
    pub malicious_days: Option<f64>,
}

/// One way in which a message differs from what is usual.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Deviation {
    /// What differs: `display_name`, `reply_to`, `network`, `tenant`, `dkim_domain`, `client`, `message_id_shape`,
    /// `time_zone`, `hour`, `language`, `signature`, `greeting`, `link_root_domain`, `attachment_kind`, ….
    pub aspect: String,
    /// What this message has.
    pub value: String,
    /// What is usual; empty when nothing is.
    pub usual: String,
    /// In how many of the messages before the usual value stood.
    pub usual_count: u64,
    /// How many messages before told about this aspect.
    pub total: u64,
    /// In how many of them this message's value stood.
    pub seen: u64,
}
