//! Lockdowns: which there are and were, ordering one, lifting one.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query},
    http::StatusCode,
    response::Response,
};
use sekisho_record::{
    Class,
    quarantine::{Lockdown, Scope},
};
use sekisho_store::Lifted;
use serde::Deserialize;

use super::{Frame, Person, class_word, gone, html, line};
use crate::{error::Error, limits, text};

#[derive(Template)]
#[template(path = "lockdowns.html")]
struct List {
    f: Frame,
    rows: Vec<Row>,
    kinds: Vec<(&'static str, String)>,
    next: Option<String>,
}

struct Row {
    id: String,
    title: String,
    lines: Vec<String>,
    holds: bool,
    button: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    before: Option<i64>,
}

const KINDS: [&str; 6] = ["everything", "class", "group", "domain", "campaign", "records"];

pub(super) async fn list(person: Person, Query(wanted): Query<Wanted>) -> Response {
    let (all, next) = match person.deeds().lockdowns(wanted.before).await {
        Ok(found) => found,
        Err(error) => return person.refused(error),
    };
    let (now, f) = (person.console.now(), person.frame);
    let rows = all.iter().map(|one| row(&f, one, now)).collect();
    let kinds = KINDS.map(|kind| (kind, f.w.say(&format!("scope-{kind}")))).to_vec();
    let next = next.map(|next| format!("/lockdowns?before={next}&lang={}", f.lang));
    html(StatusCode::OK, &List { f, rows, kinds, next }.render())
}

fn row(f: &Frame, lockdown: &Lockdown, now: i64) -> Row {
    let (by, at, reason) = (line(&lockdown.by), text::at(lockdown.since), line(&lockdown.reason));
    let mut lines = vec![f.w.say_with("lock-line", &[("by", &by), ("at", &at), ("reason", &reason)])];
    let lift = &lockdown.lift;
    let first = lift.first.as_ref().map(|first| (line(&first.by), text::at(first.at)));
    let holds = lockdown.holds(now);
    lines.push(match (&lift.second, lockdown.until, &first) {
        (Some(second), _, _) => {
            let first = first.as_ref().map(|(by, _)| by.as_str()).unwrap_or_default();
            let (second, at) = (line(&second.by), text::at(second.at));
            f.w.say_with("lock-lifted", &[("first", first), ("second", &second), ("at", &at)])
        }
        (None, Some(until), _) if !holds => f.w.say_of("lock-over", "at", &text::at(until)),
        (None, _, Some((by, at))) => f.w.say_with("lock-first", &[("by", by), ("at", at)]),
        (None, Some(until), None) => f.w.say_of("lock-holds-until", "at", &text::at(until)),
        (None, None, None) => f.w.say("lock-holds"),
    });
    let scope = f.scope(&lockdown.scope);
    Row {
        title: f.w.say_with("lock-title", &[("scope", &scope), ("id", &lockdown.id)]),
        button: if lift.first.is_some() { f.w.say("lock-lift-second") } else { f.w.say("lock-lift") },
        id: lockdown.id.clone(),
        lines,
        holds,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ordering {
    form: String,
    of: String,
    value: String,
    hours: String,
    words: String,
}

impl Ordering {
    fn scope(&self) -> Result<Scope, Error> {
        let value = || self.value.trim().to_owned();
        Ok(match self.of.as_str() {
            "everything" => Scope::Everything,
            "class" => {
                let wanted = value().to_lowercase();
                let all = [Class::Benign, Class::Suspicious, Class::Malicious];
                let class = all.into_iter().find(|class| class_word(*class) == wanted);
                let class =
                    class.ok_or_else(|| Error::Invalid("benign, suspicious, malicious".to_owned()))?;
                Scope::Class { class }
            }
            "group" => Scope::Group { name: value() },
            "domain" => Scope::Domain { name: value() },
            "campaign" => Scope::Campaign { id: value() },
            "records" => {
                let ids = self.value.split([',', ' ']).map(str::trim).filter(|id| !id.is_empty());
                Scope::Records { ids: ids.map(str::to_owned).collect() }
            }
            _ => return Err(Error::Invalid("what is to be covered?".to_owned())),
        })
    }

    fn until(&self, now: i64) -> Result<Option<i64>, Error> {
        let hours = self.hours.trim();
        if hours.is_empty() {
            return Ok(None);
        }
        let hours = hours.parse::<u32>().ok().filter(|h| (1..=limits::LOCKDOWN_HOURS_MAX).contains(h));
        let hours = hours.ok_or_else(|| Error::Invalid(format!("1–{} h", limits::LOCKDOWN_HOURS_MAX)))?;
        Ok(Some(now.saturating_add(i64::from(hours).saturating_mul(3_600))))
    }
}

pub(super) async fn order(person: Person, Form(ordering): Form<Ordering>) -> Response {
    if let Some(response) = person.foreign(&ordering.form) {
        return response;
    }
    let ordered = async {
        let (scope, until) = (ordering.scope()?, ordering.until(person.console.now())?);
        let words = text::cut(&ordering.words, limits::WORDS_BYTES_MAX);
        person.deeds().lock(&scope, until, words).await
    };
    match ordered.await {
        Ok(_) => gone("/lockdowns", "locked", &person.frame),
        Err(error) => person.refused(error),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Lifting {
    form: String,
    words: String,
}

pub(super) async fn lift(person: Person, Path(id): Path<String>, Form(lifting): Form<Lifting>) -> Response {
    if let Some(response) = person.foreign(&lifting.form) {
        return response;
    }
    let words = text::cut(&lifting.words, limits::WORDS_BYTES_MAX);
    let done = match person.deeds().lift(&id, words).await {
        Ok(Lifted::First) => "lift-first",
        Ok(Lifted::Now) => "lifted",
        Ok(Lifted::Over) => "lift-over",
        Err(error) => return person.refused(error),
    };
    gone("/lockdowns", done, &person.frame)
}
