//! Short notices: to whoever asked, that there is an answer; to whoever answers, that somebody asks.

use sekisho_record::quarantine::{Answer, Held};

use crate::{
    digest::{author, moment, subject},
    limits::{NAME_CHARS_MAX, WORDS_CHARS_MAX},
    page::Block,
    safe,
    schedule::Clock,
    telling::{Answered, Asked},
    words::Words,
};

/// Subject and content of the notice of an answer; `held` while the message is known.
pub(crate) fn answered(
    answer: &Answered,
    held: Option<&Held>,
    clock: Clock,
    words: Words,
) -> (String, Vec<Block>) {
    let how = match answer.how {
        Answer::Released => "released",
        Answer::Refused => "refused",
        Answer::Deleted => "deleted",
    };
    let mut blocks = vec![Block::Words(words.say(&format!("answer-{how}"), &[]))];
    let mut rows = Vec::new();
    if let Some(held) = held {
        rows.push((words.say("row-from", &[]), author(held, words)));
        rows.push((words.say("row-since", &[]), moment(held.at, clock)));
    }
    let said = safe::line(&answer.words, WORDS_CHARS_MAX);
    if !said.is_empty() {
        rows.push((words.say("row-words", &[]), said));
    }
    let title = held.map_or_else(|| words.say("no-subject", &[]), |held| subject(held, words));
    blocks.push(Block::Item { title, rows, link: None });
    if answer.how == Answer::Released {
        blocks.push(Block::Words(words.say("answer-care", &[])));
    }
    blocks.push(Block::Words(words.say("automatic", &[])));
    (words.say(&format!("answer-subject-{how}"), &[]), blocks)
}

/// Subject and content of the notice that there are new requests; each with its message while that is known.
pub(crate) fn asked(
    asked: &Asked,
    held: &[Option<Held>],
    console: &str,
    clock: Clock,
    words: Words,
) -> (String, Vec<Block>) {
    let count = (asked.requests.len() + asked.more).to_string();
    let mut blocks = vec![Block::Words(words.say("asked-intro", &[("count", &count)]))];
    for (one, held) in
        asked.requests.iter().zip(held.iter().map(Option::as_ref).chain(std::iter::repeat(None)))
    {
        let mut rows = vec![(words.say("row-for", &[]), safe::line(&one.recipient, NAME_CHARS_MAX))];
        if let Some(held) = held {
            rows.push((words.say("row-from", &[]), author(held, words)));
        }
        rows.push((words.say("row-request", &[]), format!("{} ({})", one.id, moment(one.at, clock))));
        let said = safe::line(&one.words, WORDS_CHARS_MAX);
        if !said.is_empty() {
            rows.push((words.say("row-words", &[]), said));
        }
        let title = held.map_or_else(|| words.say("no-subject", &[]), |held| subject(held, words));
        blocks.push(Block::Item { title, rows, link: None });
    }
    if asked.more > 0 {
        blocks.push(Block::Words(words.say("digest-more", &[("count", &asked.more.to_string())])));
    }
    blocks.push(Block::Words(words.say("asked-where", &[("console", console)])));
    blocks.push(Block::Words(words.say("automatic", &[])));
    (words.say("asked-subject", &[("count", &count)]), blocks)
}
