//! Who asks for what, and the answers.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query},
    http::StatusCode,
    response::Response,
};
use sekisho_record::quarantine::{Answer, Request, State};
use sekisho_store::Reply;
use serde::Deserialize;

use super::{Frame, Person, gone, html, line};
use crate::{error::Error, limits, text};

#[derive(Template)]
#[template(path = "requests.html")]
struct List {
    f: Frame,
    locks: Vec<String>,
    all: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    id: i64,
    record: String,
    title: String,
    lines: Vec<String>,
    open: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    all: bool,
    after: i64,
}

pub(super) async fn list(person: Person, Query(wanted): Query<Wanted>) -> Response {
    let deeds = person.deeds();
    let found = async {
        let locks = deeds.locks().await?;
        Ok::<_, Error>((locks, deeds.requests(!wanted.all, wanted.after).await?))
    };
    let (locks, all) = match found.await {
        Ok(found) => found,
        Err(error) => return person.refused(error),
    };
    let full = all.len() >= sekisho_store::limits::LIST_PAGE_MAX;
    let f = person.frame;
    let next = all.last().filter(|_| full);
    let next = next.map(|last| format!("/requests?all={}&after={}&lang={}", wanted.all, last.id, f.lang));
    let locks = locks.iter().map(|lock| f.lock_now(lock)).collect();
    let rows = all.iter().map(|request| row(&f, request)).collect();
    html(StatusCode::OK, &List { f, locks, all: wanted.all, rows, next }.render())
}

fn row(f: &Frame, request: &Request) -> Row {
    let (id, recipient) = (request.id.to_string(), line(&request.recipient));
    Row {
        id: request.id,
        record: request.record.clone(),
        title: f.w.say_with("requests-title", &[("id", &id), ("recipient", &recipient)]),
        lines: lines(f, request),
        open: request.answer.is_none(),
    }
}

/// A request and its answer, sentence by sentence.
pub(super) fn lines(f: &Frame, request: &Request) -> Vec<String> {
    let (by, at) = (line(&request.by), text::at(request.at));
    let mut out = vec![f.w.say_with("requests-by", &[("by", &by), ("at", &at)])];
    if !request.words.is_empty() {
        out.push(f.w.say_of("requests-words", "words", &line(&request.words)));
    }
    if let Some(answer) = &request.answer {
        let how = f.state(match answer.how {
            Answer::Released => State::Released,
            Answer::Refused => State::Held,
            Answer::Deleted => State::Deleted,
        });
        let (by, at) = (line(&answer.by), text::at(answer.at));
        out.push(f.w.say_with("requests-answer", &[("how", &how), ("by", &by), ("at", &at)]));
        if !answer.words.is_empty() {
            out.push(f.w.say_of("requests-words", "words", &line(&answer.words)));
        }
    }
    out
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answering {
    form: String,
    answer: String,
    words: String,
}

pub(super) async fn answer(
    person: Person,
    Path(id): Path<i64>,
    Form(answering): Form<Answering>,
) -> Response {
    if let Some(response) = person.foreign(&answering.form) {
        return response;
    }
    let words = text::cut(&answering.words, limits::WORDS_BYTES_MAX);
    let (reply, done) = match answering.answer.as_str() {
        "release" => (Reply::Release { banner: false }, "released"),
        "refuse" => (Reply::Refuse, "answered"),
        _ => return person.refused(Error::Invalid("which answer?".to_owned())),
    };
    match person.deeds().answer(id, reply, words).await {
        Ok(_) => gone("/requests", done, &person.frame),
        Err(error) => person.refused(error),
    }
}
