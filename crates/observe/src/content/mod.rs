//! Facet `content`: what the message says and asks.

mod fold;
mod language;
mod lexicon;
mod numbers;
mod people;
mod shape;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub(crate) use lexicon::is_cjk;
pub(crate) use shape::words;

use sekisho_record::{Evidence, evidence::Content};

use crate::View;

/// Bytes of the newest message that are searched for phrases: the head and the tail of a longer one.
const HEAD_BYTES: usize = 48 << 10;
const TAIL_BYTES: usize = 16 << 10;
/// Below this many words a message without thread headers that "forwards" something is read together with it.
const SHORT_WORDS: i64 = 12;

/// Observes the facet.
pub fn observe(evidence: &Evidence, view: &View<'_>) -> Content {
    let model = &evidence.model;
    let newest = newest_text(evidence);
    let newest = newest.as_ref();
    let subject = model.subject.subject.as_deref().unwrap_or_default();
    let name = model.sender.display_name.as_deref().unwrap_or_default();
    let text = fold::fold(newest);
    let head = fold::fold(&format!("{subject} \n {name}"));
    let found = lexicon::search(&head.text, &text.text);
    let mut content = Content {
        language: language::of(&text.text),
        zero_width: text.zero_width + head.zero_width,
        confusables: text.confusables + head.confusables,
        lures: found.lures,
        unsubscribe: found.unsubscribe,
        ..Content::default()
    };
    shape::observe(&mut content, evidence, newest, &text.text);
    numbers::observe(&mut content, newest, &text.text);
    people::observe(&mut content, evidence, view, newest, &text.text);
    content
}

/// The newest message, cut to a bounded size. A fake "forward" (no reply headers, next to no text of its own) hides
/// its words in what looks like a quoted message; there the first quoted message is read too.
fn newest_text(evidence: &Evidence) -> Cow<'_, str> {
    let body = &evidence.model.body;
    let own = cut(&body.current_thread.text);
    let headers = &evidence.model.headers;
    let genuine = headers.in_reply_to.is_some() || !headers.references.is_empty();
    match body.previous_threads.first() {
        Some(first) if !genuine && shape::words(&own) < SHORT_WORDS => {
            Cow::Owned(format!("{own}\n{}", cut(&first.text)))
        }
        _ => own,
    }
}

fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= HEAD_BYTES + TAIL_BYTES {
        return Cow::Borrowed(text);
    }
    let (mut head, mut tail) = (HEAD_BYTES, text.len() - TAIL_BYTES);
    while !text.is_char_boundary(head) {
        head -= 1;
    }
    while !text.is_char_boundary(tail) {
        tail += 1;
    }
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    Cow::Owned(format!("{}\n{}", part(0..head), part(tail..text.len())))
}
