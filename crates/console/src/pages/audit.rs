//! Who did what, and what was refused.

use askama::Template;
use axum::{extract::Query, http::StatusCode, response::Response};
use sekisho_record::quarantine::AuditEntry;
use sekisho_store::AuditFilter;
use serde::Deserialize;

use super::{Frame, Person, held::url_query, html, line};
use crate::text;

#[derive(Template)]
#[template(path = "audit.html")]
struct List {
    f: Frame,
    on: String,
    by: String,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    id: i64,
    at: String,
    who: String,
    what: String,
    refused: Option<String>,
    on: String,
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    on: String,
    by: String,
    before: Option<i64>,
}

pub(super) async fn list(person: Person, Query(wanted): Query<Wanted>) -> Response {
    let Wanted { on, by, before } = wanted;
    let filter = AuditFilter { on: on.trim().to_owned(), who: by.trim().to_owned() };
    let all = match person.deeds().audit(&filter, before).await {
        Ok(all) => all,
        Err(error) => return person.refused(error),
    };
    let full = all.len() >= sekisho_store::limits::LIST_PAGE_MAX;
    let f = person.frame;
    let next = all.last().filter(|_| full).map(|last| {
        format!("/audit?{}before={}&lang={}", url_query(&[("on", &on), ("by", &by)]), last.id, f.lang)
    });
    let rows = all.iter().map(|entry| row(&f, entry)).collect();
    html(StatusCode::OK, &List { f, on, by, rows, next }.render())
}

fn row(f: &Frame, entry: &AuditEntry) -> Row {
    let role = format!("{:?}", entry.role).to_lowercase();
    let refused = entry.refused.as_ref().map(|refused| f.refused(refused));
    Row {
        id: entry.id,
        at: text::at(entry.at),
        who: format!("{} ({})", line(&entry.who), f.w.say(&format!("role-{role}"))),
        what: line(&entry.what),
        refused: refused.map(|why| f.w.say_of("audit-refused", "why", &why)),
        on: line(&entry.on),
        reason: line(&entry.reason),
    }
}
