//! Pages for people who have logged in with a token: what is held, requests, lockdowns, the audit. Plain HTML and forms;
//! everything works without scripts, with a keyboard and with a screen reader.

mod audit;
mod held;
mod lockdowns;
mod login;
mod requests;

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{FromRequestParts, Query},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use sekisho_record::quarantine::{Deed, Lockdown, Refused, Role, Scope};
use serde::Deserialize;

use crate::{
    Console, access,
    deeds::{Caller, Deeds},
    error::{Error, state_word},
    limits,
    state::Settings,
    text,
    words::{Language, Words},
};

/// Name of the session's cookie.
const COOKIE: &str = "sekisho_session";

/// Routes of the pages.
pub(crate) fn router() -> Router<Console> {
    Router::new()
        .route("/", get(async || Redirect::to("/held")))
        .route("/login", get(login::show).post(login::enter))
        .route("/logout", post(login::leave))
        .route("/held", get(held::list))
        .route("/held/{record}", get(held::one).post(held::act))
        .route("/held/{record}/preview", get(held::preview))
        .route("/held/{record}/raw", get(held::raw))
        .route("/requests", get(requests::list))
        .route("/requests/{id}", post(requests::answer))
        .route("/lockdowns", get(lockdowns::list).post(lockdowns::order))
        .route("/lockdowns/{id}", post(lockdowns::lift))
        .route("/audit", get(audit::list))
}

/// What every page has around it.
pub(crate) struct Frame {
    pub(crate) w: Words,
    pub(crate) lang: &'static str,
    pub(crate) other: &'static str,
    /// Who has logged in.
    pub(crate) who: Option<String>,
    /// Sees what concerns everybody.
    pub(crate) all: bool,
    /// May answer requests.
    pub(crate) acts: bool,
    /// May order lockdowns.
    pub(crate) administers: bool,
    /// Token of the page's forms.
    pub(crate) form: String,
    /// What was done just now.
    pub(crate) done: Option<String>,
}

impl Frame {
    /// For whoever has not logged in.
    pub(crate) fn public(language: Language) -> Self {
        Self {
            w: Words::new(language),
            lang: language.tag(),
            other: language.other().tag(),
            who: None,
            all: false,
            acts: false,
            administers: false,
            form: String::new(),
            done: None,
        }
    }

    /// A lockdown in one line, for whoever wants to release.
    fn locked(&self, lockdown: &Lockdown) -> String {
        let reason = text::line(&lockdown.reason, limits::PREVIEW_LINE_BYTES_MAX);
        self.w.say_with("lock-covers", &[("id", &lockdown.id), ("reason", &reason)])
    }

    /// The same for a list of messages.
    fn lock_now(&self, lockdown: &Lockdown) -> String {
        let reason = text::line(&lockdown.reason, limits::PREVIEW_LINE_BYTES_MAX);
        let scope = self.scope(&lockdown.scope);
        self.w.say_with("lock-now", &[("id", &lockdown.id), ("reason", &reason), ("scope", &scope)])
    }

    /// What a lockdown covers.
    fn scope(&self, scope: &Scope) -> String {
        let of = |kind: &str, value: &str| {
            self.w.say_of(
                &format!("scope-of-{kind}"),
                "value",
                &text::line(value, limits::PREVIEW_LINE_BYTES_MAX),
            )
        };
        match scope {
            Scope::Everything => self.w.say("scope-everything"),
            Scope::Class { class } => of("class", &self.w.say(&format!("class-{}", class_word(*class)))),
            Scope::Campaign { id } => of("campaign", id),
            Scope::Group { name } => of("group", name),
            Scope::Domain { name } => of("domain", name),
            Scope::Records { ids } => of("records", &ids.len().to_string()),
        }
    }

    /// A time of a list.
    fn state(&self, state: sekisho_record::quarantine::State) -> String {
        self.w.say(&format!("state-{}", state_word(state)))
    }

    /// A sentence about what was refused.
    fn refused(&self, refused: &Refused) -> String {
        self.said(&Error::Refused(refused.clone()))
    }

    /// A sentence about what was not done.
    fn said(&self, error: &Error) -> String {
        let key = format!("no-{}", error.code());
        match error {
            Error::Invalid(why) => self.w.say_of(&key, "why", why),
            Error::Refused(Refused::Lockdown { reason, .. }) => {
                self.w.say_of(&key, "reason", &text::line(reason, limits::PREVIEW_LINE_BYTES_MAX))
            }
            Error::Refused(Refused::State { state }) => self.w.say_of(&key, "state", &self.state(*state)),
            _ => self.w.say(&key),
        }
    }
}

/// A class as a word.
pub(crate) fn class_word(class: sekisho_record::Class) -> &'static str {
    match class {
        sekisho_record::Class::Benign => "benign",
        sekisho_record::Class::Suspicious => "suspicious",
        sekisho_record::Class::Malicious => "malicious",
    }
}

/// A page of words, with one form at most.
#[derive(Template)]
#[template(path = "plain.html")]
pub(crate) struct Plain {
    pub(crate) f: Frame,
    pub(crate) heading: String,
    pub(crate) paragraphs: Vec<String>,
    pub(crate) rows: Vec<(String, String)>,
    pub(crate) explanation: Option<String>,
    pub(crate) ask: Option<Ask>,
}

/// Its form.
pub(crate) struct Ask {
    pub(crate) action: String,
    pub(crate) form: String,
    /// Label of the field for words, if there is one.
    pub(crate) words: Option<String>,
    pub(crate) button: String,
}

impl Plain {
    /// An empty one.
    pub(crate) fn of(f: Frame) -> Self {
        Self {
            f,
            heading: String::new(),
            paragraphs: Vec::new(),
            rows: Vec::new(),
            explanation: None,
            ask: None,
        }
    }
}

/// A page as an answer.
pub(crate) fn html(status: StatusCode, page: &Result<String, askama::Error>) -> Response {
    match page {
        Ok(page) => {
            (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.clone()).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The page about something that was not done.
pub(crate) fn page(frame: &Frame, error: &Error) -> Response {
    let language = if frame.lang == "ja" { Language::Japanese } else { Language::English };
    let f =
        Frame { who: frame.who.clone(), form: frame.form.clone(), all: frame.all, ..Frame::public(language) };
    let (heading, paragraphs) = (f.w.say("no-title"), vec![f.said(error)]);
    html(error.status(), &Plain { heading, paragraphs, ..Plain::of(f) }.render())
}

/// In which language somebody reads.
pub(crate) fn language(query: Option<&str>, headers: &HeaderMap) -> Language {
    let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::asked(query, accept)
}

/// Whether a browser says that another site sent this form.
pub(crate) fn from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(|value| value.as_bytes());
    site.is_some_and(|site| site != b"same-origin" && site != b"none")
}

/// What every page reads of its query.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Around {
    lang: Option<String>,
    done: Option<String>,
}

/// What a page may say was done; nothing else is shown of what a link says.
const DONE: [&str; 10] = [
    "requested",
    "waiting",
    "released",
    "already",
    "deleted",
    "answered",
    "locked",
    "lift-first",
    "lifted",
    "lift-over",
];

/// Somebody who has logged in.
pub(crate) struct Person {
    console: Console,
    settings: Arc<Settings>,
    caller: Caller,
    cookie: String,
    elsewhere: bool,
    frame: Frame,
}

impl FromRequestParts<Console> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let settings = console.settings();
        let cookie = cookie(&parts.headers);
        let caller = cookie.as_deref().and_then(|cookie| console.by_session(&settings, cookie));
        let (Some(cookie), Some(caller)) = (cookie, caller) else {
            return Err(Redirect::to("/login").into_response());
        };
        let Query(around) = Query::<Around>::try_from_uri(&parts.uri).unwrap_or_default();
        let language = language(around.lang.as_deref(), &parts.headers);
        let rights = &settings.rights;
        let may = |deed: Deed| rights.0.get(&caller.role).is_some_and(|deeds| deeds.contains_key(&deed));
        let mut frame = Frame {
            who: Some(caller.who.clone()),
            all: caller.role != Role::Recipient,
            acts: may(Deed::Answer),
            administers: may(Deed::Lock),
            form: access::form(console.signing(), &cookie),
            ..Frame::public(language)
        };
        let done = around.done.as_deref().and_then(|done| DONE.iter().find(|known| **known == done));
        frame.done = done.map(|done| frame.w.say(&format!("done-{done}")));
        let elsewhere = from_elsewhere(&parts.headers);
        Ok(Self { console: console.clone(), settings, caller, cookie, elsewhere, frame })
    }
}

impl Person {
    fn deeds(&self) -> Deeds<'_> {
        self.console.deeds(&self.settings, &self.caller)
    }

    fn may(&self, deed: Deed, class: sekisho_record::Class) -> bool {
        self.settings.rights.allows(self.caller.role, deed, class)
    }

    /// The answer to a form that did not come from a page of this session.
    fn foreign(&self, form: &str) -> Option<Response> {
        if access::is_form(self.console.signing(), &self.cookie, form) && !self.elsewhere {
            return None;
        }
        let f = Frame { who: self.frame.who.clone(), ..Frame::public(self.language()) };
        let (heading, paragraphs) = (f.w.say("no-title"), vec![f.w.say("no-form")]);
        Some(html(StatusCode::FORBIDDEN, &Plain { heading, paragraphs, ..Plain::of(f) }.render()))
    }

    fn language(&self) -> Language {
        if self.frame.lang == "ja" { Language::Japanese } else { Language::English }
    }

    /// The page about something that was not done.
    fn refused(&self, error: Error) -> Response {
        page(&self.frame, &error.noted())
    }
}

/// The cookie of a session.
fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
}

/// Sets the cookie; an empty value ends the session.
fn set_cookie(console: &Console, value: &str) -> Option<HeaderValue> {
    let secure = if console.settings().secure { "; Secure" } else { "" };
    let age = if value.is_empty() { 0 } else { limits::SESSION_S };
    let text = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}");
    HeaderValue::from_str(&text).ok()
}

/// Where somebody goes after something was done.
fn gone(to: &str, done: &str, frame: &Frame) -> Response {
    Redirect::to(&format!("{to}?done={done}&lang={}", frame.lang)).into_response()
}

/// One line of a stranger, as pages show it.
fn line(text: &str) -> String {
    text::line(&text::defanged(text), limits::PREVIEW_LINE_BYTES_MAX)
}
