//! What is held: the list, one message, its preview, and what is done with it.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query},
    http::StatusCode,
    response::Response,
};
use sekisho_record::{
    Class,
    quarantine::{Deed, HeldState, Request, State},
};
use sekisho_store::{Asked, Filter, HeldItem};
use serde::Deserialize;

use super::{Frame, Person, class_word, gone, html, line};
use crate::{
    error::{Error, state_word},
    examine::{Examined, PreviewLink},
    limits, text,
};

#[derive(Template)]
#[template(path = "held.html")]
struct List {
    f: Frame,
    locks: Vec<String>,
    words: String,
    recipient: String,
    states: Vec<(&'static str, String, bool)>,
    classes: Vec<(&'static str, String, bool)>,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    record: String,
    at: String,
    class_key: &'static str,
    class: String,
    subject: String,
    from: String,
    why: String,
    to: String,
    state: String,
}

/// What a person searches for; empty fields are none.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    words: String,
    recipient: String,
    state: String,
    class: String,
    after: String,
}

const STATES: [State; 4] = [State::Held, State::Requested, State::Released, State::Deleted];
const CLASSES: [Class; 3] = [Class::Benign, Class::Suspicious, Class::Malicious];

pub(super) async fn list(person: Person, Query(wanted): Query<Wanted>) -> Response {
    match listed(&person, &wanted).await {
        Ok((locks, rows, next)) => {
            let f = person.frame;
            let states = STATES.map(|s| (state_word(s), f.state(s), state_word(s) == wanted.state));
            let class = |c: Class| f.w.say(&format!("class-{}", class_word(c)));
            let classes = CLASSES.map(|c| (class_word(c), class(c), class_word(c) == wanted.class));
            let (states, classes) = (states.to_vec(), classes.to_vec());
            let Wanted { words, recipient, .. } = wanted;
            html(StatusCode::OK, &List { f, locks, words, recipient, states, classes, rows, next }.render())
        }
        Err(error) => person.refused(error),
    }
}

type Listed = (Vec<String>, Vec<Row>, Option<String>);

async fn listed(person: &Person, wanted: &Wanted) -> Result<Listed, Error> {
    let deeds = person.deeds();
    let some = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = Filter {
        words: wanted.words.clone(),
        // A recipient with several addresses sees the first one's mail, and may ask for another's.
        recipient: some(&wanted.recipient).or_else(|| person.caller.own.first().cloned()),
        state: STATES.into_iter().find(|state| state_word(*state) == wanted.state),
        class: CLASSES.into_iter().find(|class| class_word(*class) == wanted.class),
        ..Filter::default()
    };
    let after = some(&wanted.after).map(|after| after.parse()).transpose()?;
    let page = deeds.list(filter, after, limits::PAGE).await?;
    let f = &person.frame;
    let locks = if f.all { deeds.locks().await? } else { Vec::new() };
    let locks = locks.iter().map(|lock| f.lock_now(lock)).collect();
    let next = page.next.map(|next| {
        let mut query = url_query(&[
            ("words", &wanted.words),
            ("recipient", &wanted.recipient),
            ("state", &wanted.state),
            ("class", &wanted.class),
        ]);
        query.push_str(&format!("after={next}&lang={}", f.lang));
        format!("/held?{query}")
    });
    Ok((locks, page.items.iter().map(|item| row(f, item)).collect(), next))
}

/// Fields of a query, each with `&` behind it; empty ones are left out.
pub(super) fn url_query(fields: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
        out.push('&');
    }
    out
}

fn row(f: &Frame, item: &HeldItem) -> Row {
    let held = &item.held;
    let mut states: Vec<State> = item.states.iter().map(|state| state.state).collect();
    states.sort_unstable();
    states.dedup();
    let first = item.states.first().map(|state| line(&state.recipient.address)).unwrap_or_default();
    let to = match item.recipients {
        0 | 1 => first,
        count => f.w.say_with("held-more", &[("first", &first), ("count", &(count - 1).to_string())]),
    };
    Row {
        record: held.record.clone(),
        at: text::at(held.at),
        class_key: class_word(held.class),
        class: f.w.say(&format!("class-{}", class_word(held.class))),
        subject: subject(f, &held.subject),
        from: author(&held.author_name, &held.author),
        why: line(&held.summary),
        to,
        state: states.iter().map(|state| f.state(*state)).collect::<Vec<_>>().join(", "),
    }
}

fn subject(f: &Frame, subject: &str) -> String {
    let subject = line(subject);
    if subject.trim().is_empty() { f.w.say("message-subject-none") } else { subject }
}

fn author(name: &str, address: &str) -> String {
    line(format!("{name} <{address}>").trim())
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    f: Frame,
    record: String,
    subject: String,
    lock: Option<String>,
    rows: Vec<(String, String)>,
    states: Vec<String>,
    requests: Vec<String>,
    recipients: Vec<String>,
    deeds: Vec<Offer>,
}

/// Something that may be done with it.
struct Offer {
    name: &'static str,
    title: String,
    help: String,
    everybody: bool,
    banner: bool,
}

pub(super) async fn one(person: Person, Path(record): Path<String>) -> Response {
    let deeds = person.deeds();
    let found = async {
        let item = deeds.one(&record).await?;
        let requests = deeds.requests_for(&record).await?;
        let lock = deeds.locked(&record).await?.map(|lock| person.frame.locked(&lock));
        Ok::<_, Error>((item, requests, lock))
    };
    let (item, requests, lock) = match found.await {
        Ok(found) => found,
        Err(error) => return person.refused(error),
    };
    let offers = offers(&person, item.held.class);
    let f = person.frame;
    let page = Message {
        subject: subject(&f, &item.held.subject),
        rows: rows(&f, &item),
        states: item.states.iter().map(|state| standing(&f, state)).collect(),
        requests: requests.iter().map(|request| asking(&f, request)).collect(),
        recipients: item.states.iter().map(|state| state.recipient.address.clone()).collect(),
        deeds: offers,
        record,
        lock,
        f,
    };
    html(StatusCode::OK, &page.render())
}

fn offers(person: &Person, class: Class) -> Vec<Offer> {
    let f = &person.frame;
    let all = [("request", Deed::Request), ("release", Deed::Release), ("delete", Deed::Delete)];
    let offer = |(name, _): (&'static str, Deed)| Offer {
        name,
        title: f.w.say(&format!("deed-{name}")),
        help: f.w.say(&format!("deed-{name}-help")),
        everybody: f.all && name != "request",
        banner: name == "release",
    };
    all.into_iter().filter(|(_, deed)| person.may(*deed, class)).map(offer).collect()
}

fn rows(f: &Frame, item: &HeldItem) -> Vec<(String, String)> {
    let held = &item.held;
    [
        ("message-why", line(&held.summary)),
        ("held-class", f.w.say(&format!("class-{}", class_word(held.class)))),
        ("message-score", held.score.to_string()),
        ("message-brand", line(held.claimed.as_deref().unwrap_or_default())),
        ("message-from", author(&held.author_name, &held.author)),
        ("message-envelope", line(&format!("<{}>", held.mail_from))),
        ("held-arrived", text::at(held.at)),
        ("message-rules", line(&held.decided_by.join(", "))),
        ("message-clause", line(&held.clause)),
        ("message-intake", line(&held.intake)),
        ("message-size", text::size(held.size)),
        ("message-record", line(&held.record)),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| (f.w.say(key), value))
    .collect()
}

fn standing(f: &Frame, state: &HeldState) -> String {
    let (address, by) = (line(&state.recipient.address), line(&state.by));
    let (word, at) = (f.state(state.state), text::at(state.at));
    let values = [("address", &*address), ("state", &*word), ("at", &*at), ("by", &*by)];
    f.w.say_with(if by.is_empty() { "held-recipient" } else { "held-recipient-by" }, &values)
}

fn asking(f: &Frame, request: &Request) -> String {
    super::requests::lines(f, request).join(" ")
}

#[derive(Template)]
#[template(path = "preview.html")]
struct Previewed {
    f: Frame,
    record: String,
    rows: Vec<(String, String)>,
    text: String,
    cut: bool,
    links: Vec<PreviewLink>,
    files: Vec<String>,
    explanation: String,
}

pub(super) async fn preview(person: Person, Path(record): Path<String>) -> Response {
    let Examined { explanation, preview, .. } =
        match person.deeds().examined(&record, person.frame.lang).await {
            Ok(examined) => examined,
            Err(error) => return person.refused(error),
        };
    let f = person.frame;
    let rows = [
        ("preview-from", preview.from),
        ("preview-to", preview.to.join(", ")),
        ("preview-subject", preview.subject),
        ("preview-date", preview.date.map(text::at).unwrap_or_default()),
    ];
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    let rows = rows.map(|(key, value)| (f.w.say(key), value)).collect();
    let file = |one: &crate::PreviewFile| {
        let size = text::size(one.size);
        f.w.say_with("preview-file", &[("name", &one.name), ("kind", &one.kind), ("size", &size)])
    };
    let files = preview.files.iter().map(file).collect();
    let (text, cut, links) = (preview.text, preview.cut, preview.links);
    html(StatusCode::OK, &Previewed { f, record, rows, text, cut, links, files, explanation }.render())
}

pub(super) async fn raw(person: Person, Path(record): Path<String>) -> Response {
    match person.deeds().raw(&record).await {
        Ok(raw) => crate::api::download(raw),
        Err(error) => person.refused(error),
    }
}

/// What a person does with it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Doing {
    form: String,
    deed: String,
    recipient: String,
    banner: String,
    words: String,
}

pub(super) async fn act(person: Person, Path(record): Path<String>, Form(doing): Form<Doing>) -> Response {
    if let Some(response) = person.foreign(&doing.form) {
        return response;
    }
    match done(&person, &record, &doing).await {
        Ok(done) => gone(&format!("/held/{record}"), done, &person.frame),
        Err(error) => person.refused(error),
    }
}

async fn done(person: &Person, record: &str, doing: &Doing) -> Result<&'static str, Error> {
    let deeds = person.deeds();
    let Doing { recipient, words, .. } = doing;
    let words = text::cut(words, limits::WORDS_BYTES_MAX);
    let whom = if recipient.is_empty() { Vec::new() } else { vec![recipient.clone()] };
    match doing.deed.as_str() {
        "request" => Ok(match deeds.request(record, recipient, words).await? {
            Asked::New(_) => "requested",
            Asked::Waiting(_) => "waiting",
        }),
        "release" => {
            let released = deeds.release(record, &whom, doing.banner == "yes", words).await?;
            Ok(if released.queued.is_empty() { "already" } else { "released" })
        }
        "delete" => {
            deeds.delete(record, &whom, words).await?;
            Ok("deleted")
        }
        _ => Err(Error::Invalid("what is to be done?".to_owned())),
    }
}
