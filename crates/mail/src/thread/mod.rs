//! The newest message, apart from the thread it quotes.

mod attribution;
mod banner;
mod build;
mod dates;
mod headers_block;
mod lines;
mod mailbox;
mod signature;
mod split;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use build::build;
pub use signature::signature_start;
pub use split::{split_marked, split_text};

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

/// Where a quote container of the HTML begins or ends, as an offset into the display text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Byte offset into the display text.
    pub offset: usize,
    /// What is there.
    pub kind: MarkKind,
}

/// Kinds of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// A reply or forward container begins: an attribution or header block stands here, everything below is quoted
    /// (`gmail_quote`, `divRplyFwdMsg`, `appendonsend`, `yahoo_quoted`, `moz-cite-prefix`, `moz-forward-container`).
    Reply,
    /// `<blockquote type=cite>`, `<blockquote class=gmail_quote>` opens.
    QuoteStart,
    /// It closes.
    QuoteEnd,
}

/// An HTML body as this module sees it.
#[derive(Debug, Clone, Copy)]
pub struct HtmlView<'a> {
    /// Display text.
    pub text: &'a str,
    /// Quote containers, ascending by offset.
    pub marks: &'a [Mark],
}

/// Which bytes of a text belong to which message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// The newest message; more than one range when it answers between quotes.
    pub current: Vec<Range<usize>>,
    /// The header block or attribution line that follows it.
    pub preamble: Option<Range<usize>>,
    /// Banners at its top; not part of `current`.
    pub banners: Vec<Range<usize>>,
    /// Quoted messages, most recent first.
    pub quoted: Vec<Quoted>,
}

/// One quoted message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quoted {
    /// Its header block or attribution line.
    pub preamble: Option<Range<usize>>,
    /// Its text.
    pub text: Vec<Range<usize>>,
    /// Banners in it.
    pub banners: Vec<Range<usize>>,
    /// 1 for the message that was answered, 2 for the one before it, ….
    pub level: usize,
    /// `>` marks at the start of each of its lines.
    pub angles: usize,
}

/// Whose text an offset is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The newest message (and what lies between messages).
    Current,
    /// Its banner with that index.
    Banner(usize),
    /// The quoted message with that index, its preamble included.
    Quoted(usize),
}

/// Separates the newest message from what it quotes: on the display text of the HTML when there is one, else on the
/// plain text.
pub fn split(plain: Option<&str>, html: Option<&HtmlView<'_>>) -> (Thread, Vec<PreviousThread>) {
    let (text, marks): (&str, &[Mark]) = match html {
        Some(view) if !view.text.trim().is_empty() => (view.text, view.marks),
        _ => (plain.unwrap_or_default(), &[]),
    };
    let split = split_marked(text, marks);
    build(text, &split)
}

impl Split {
    /// Whose text the offset is in.
    pub fn locate(&self, offset: usize) -> Place {
        let within = |range: &Range<usize>| range.contains(&offset);
        // The ranges of one message ascend.
        let among = |ranges: &[Range<usize>]| {
            let behind = ranges.partition_point(|range| range.start <= offset);
            behind.checked_sub(1).and_then(|index| ranges.get(index)).is_some_and(within)
        };
        if let Some(index) = self.banners.iter().position(within) {
            return Place::Banner(index);
        }
        let mine = |quoted: &Quoted| {
            quoted.preamble.as_ref().is_some_and(within) || among(&quoted.text) || among(&quoted.banners)
        };
        self.quoted.iter().position(mine).map_or(Place::Current, Place::Quoted)
    }
}
