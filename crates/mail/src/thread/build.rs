//! Ranges become messages: text, sender, recipients, subject, date.

use std::ops::Range;

use super::{
    Banner, PreviousThread, Quoted, Split, Thread, ThreadRecipients, attribution, dates,
    headers_block::{self, Label},
    lines, mailbox,
};
use crate::{Mailbox, subject};

/// Builds the messages of a split text. Links are left to the caller, who asks [`Split::locate`].
pub fn build(text: &str, split: &Split) -> (Thread, Vec<PreviousThread>) {
    let current = Thread {
        text: gather(text, &split.current, 0),
        links: Vec::new(),
        preamble: split.preamble.clone().map(|range| trimmed(text, range)),
        banners: banners(text, &split.banners),
    };
    let previous =
        split.quoted.iter().enumerate().map(|(index, quoted)| previous(text, index, quoted)).collect();
    (current, previous)
}

fn trimmed(text: &str, range: Range<usize>) -> String {
    text.get(range).unwrap_or_default().trim().to_owned()
}

fn banners(text: &str, ranges: &[Range<usize>]) -> Vec<Banner> {
    ranges.iter().map(|range| Banner { text: trimmed(text, range.clone()), links: Vec::new() }).collect()
}

/// The text of ranges without `angles` quote marks a line.
fn gather(text: &str, ranges: &[Range<usize>], angles: usize) -> String {
    let parts = ranges.iter().filter_map(|range| text.get(range.clone()));
    if angles == 0 {
        let mut out = String::with_capacity(parts.clone().map(str::len).sum());
        parts.for_each(|part| out.push_str(part));
        return trim_in_place(out);
    }
    let mut out = String::new();
    for line in parts.flat_map(|part| part.split_inclusive('\n')) {
        let (_, at) = lines::angles(line, angles);
        let rest = line.get(at..).unwrap_or_default();
        out.push_str(if at > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest });
    }
    trim_in_place(out)
}

fn trim_in_place(mut text: String) -> String {
    text.truncate(text.trim_end().len());
    let lead = text.len() - text.trim_start().len();
    if lead > 0 {
        text.drain(..lead);
    }
    text
}

fn previous(text: &str, index: usize, quoted: &Quoted) -> PreviousThread {
    let mut out = PreviousThread {
        index: i64::try_from(index).unwrap_or(i64::MAX),
        text: gather(text, &quoted.text, quoted.angles),
        banners: banners(text, &quoted.banners),
        ..PreviousThread::default()
    };
    if let Some(range) = &quoted.preamble {
        let raw = text.get(range.clone()).unwrap_or_default();
        fill(&mut out, raw);
        out.preamble = Some(raw.trim().to_owned());
    }
    out
}

/// Lines of a preamble without quote marks.
fn bare(preamble: &str) -> impl Iterator<Item = &str> {
    preamble.lines().map(|line| {
        let (_, at) = lines::angles(line, usize::MAX);
        line.get(at..).unwrap_or_default().trim()
    })
}

fn fill(out: &mut PreviousThread, preamble: &str) {
    let mut labelled = false;
    let head: Vec<&str> = bare(preamble).filter(|line| headers_block::separator(line).is_none()).collect();
    let start = head.iter().position(|line| headers_block::label(line).is_some());
    let english = head.iter().any(|line| line.to_ascii_lowercase().starts_with("sent:"));
    let fields = start.map(|at| headers_block::fields(head.iter().skip(at).copied())).unwrap_or_default();
    for (kind, value) in fields {
        labelled |= kind == Label::From;
        match kind {
            Label::From => out.sender = mailbox::parse(&value),
            Label::Date => out.date = dates::find(&value, english).map(|found| found.epoch),
            Label::To => out.recipients.to = mailbox::list(&value),
            Label::Cc => out.recipients.cc = mailbox::list(&value),
            Label::Bcc => out.recipients.bcc = mailbox::list(&value),
            Label::Subject => out.subject = subject::parse(Some(&value)),
            Label::Other => {}
        }
    }
    if !labelled {
        let line = head.join(" ");
        let (sender, date) = attribution::take_apart(line.trim());
        out.sender = sender.as_deref().and_then(mailbox::parse);
        out.date = out.date.or(date);
    }
    out.recipients = std::mem::take(&mut out.recipients).without_empty();
}

impl ThreadRecipients {
    fn without_empty(mut self) -> ThreadRecipients {
        let named = |mailbox: &Mailbox| {
            !mailbox.email.email.is_empty()
                || mailbox.display_name.as_deref().is_some_and(|name| !name.is_empty())
        };
        for list in [&mut self.to, &mut self.cc, &mut self.bcc] {
            list.retain(named);
        }
        self
    }
}
