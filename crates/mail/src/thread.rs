//! The newest message, apart from the thread it quotes.

use serde::{Deserialize, Serialize};

use crate::{Link, Mailbox, Subject};

/// What the sender wrote now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Thread {
    /// Text without quoted history, reply headers and external-sender banners.
    pub text: String,
    /// Links in it.
    pub links: Vec<Link>,
    /// The reply or forward header block that followed it, as one string.
    pub preamble: Option<String>,
    /// "External sender" banners that were cut off.
    pub banners: Vec<Banner>,
}

/// One quoted message; index 0 is the most recent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PreviousThread {
    /// Place in the thread.
    pub index: i64,
    /// Its text.
    pub text: String,
    /// The quoted From/Sent/To/Subject block or attribution line.
    pub preamble: Option<String>,
    /// Claimed sender.
    pub sender: Option<Mailbox>,
    /// Claimed recipients.
    pub recipients: ThreadRecipients,
    /// Claimed subject.
    pub subject: Subject,
    /// Claimed date, seconds since the epoch; zone UTC when none is written.
    pub date: Option<i64>,
    /// Links in it.
    pub links: Vec<Link>,
    /// Banners in it.
    pub banners: Vec<Banner>,
}

/// Recipients that a quoted message names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ThreadRecipients {
    /// To.
    pub to: Vec<Mailbox>,
    /// Cc.
    pub cc: Vec<Mailbox>,
    /// Bcc.
    pub bcc: Vec<Mailbox>,
}

/// A warning that some gateway put in front.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Banner {
    /// Its text.
    pub text: String,
    /// Links in it.
    pub links: Vec<Link>,
}
