//! Coming in with a token, and going.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;

use super::{Around, Frame, Person, from_elsewhere, html, language, page, set_cookie};
use crate::{Console, access, limits, server::Client};

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    f: Frame,
    wrong: bool,
}

/// The form.
pub(super) async fn show(Query(around): Query<Around>, headers: HeaderMap) -> Response {
    let f = Frame::public(language(around.lang.as_deref(), &headers));
    html(StatusCode::OK, &Login { f, wrong: false }.render())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    token: String,
}

/// Begins a session for whoever gives a token.
pub(super) async fn enter(
    State(console): State<Console>,
    Extension(client): Extension<Client>,
    Query(around): Query<Around>,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Response {
    let f = Frame::public(language(around.lang.as_deref(), &headers));
    if let Err(error) = console.charge(client.0, limits::PUBLIC_COST) {
        return page(&f, &error);
    }
    let settings = console.settings();
    let account = access::by_token(&settings.accounts, given.token.trim().as_bytes());
    let Some(account) = account.filter(|_| !from_elsewhere(&headers)) else {
        let error = console.wrong(client.0).await;
        return match error {
            crate::error::Error::TooMany => page(&f, &error),
            _ => html(StatusCode::UNAUTHORIZED, &Login { f, wrong: true }.render()),
        };
    };
    let session = access::session(console.signing(), account, console.now());
    let mut response = Redirect::to("/held").into_response();
    if let Some(cookie) = set_cookie(&console, &session) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    tracing::info!(who = account.name, "somebody logged in to the console");
    response
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Leaving {
    form: String,
}

/// Ends the session of this browser.
pub(super) async fn leave(person: Person, Form(leaving): Form<Leaving>) -> Response {
    if let Some(response) = person.foreign(&leaving.form) {
        return response;
    }
    let mut response = Redirect::to("/login").into_response();
    if let Some(cookie) = set_cookie(&person.console, "") {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
