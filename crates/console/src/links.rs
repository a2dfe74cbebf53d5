//! `/t/TOKEN`: what the signed links of banners and digests lead to, without a login.
//!
//! * **Opening one changes nothing**: programs that look for harm in mail open its links. The page has one button; its form
//!   carries a signature over the ticket.
//! * **What it does** is what its recipient may do, asked anew each time: a lockdown holds for links that were sent before it.
//! * A link that is no ticket of ours, or not whole, says nothing but that.

use askama::Template as _;
use axum::{
    Extension, Form, Router,
    extract::{Path, Query, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::get,
};
use sekisho_record::quarantine::{Refused, Role, Via};
use sekisho_store::{Asked, HeldItem, Purpose, Ticket, Void};
use serde::Deserialize;

use crate::{
    Console, access,
    deeds::{Caller, Deeds},
    error::Error,
    limits,
    pages::{Ask, Frame, Plain, html, language, page},
    server::Client,
    text,
};

/// Routes of the links.
pub(crate) fn router() -> Router<Console> {
    Router::new().route("/t/{token}", get(show).post(act))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asking {
    lang: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pressed {
    form: String,
    words: String,
}

/// What a token says, whatever it is for.
fn opened(console: &Console, token: &str) -> Result<Ticket, Void> {
    for what in [Purpose::Report, Purpose::Details, Purpose::Request, Purpose::Confirm] {
        match console.tickets().open(token, what, console.now()) {
            Err(Void::Purpose) => {}
            other => return other,
        }
    }
    Err(Void::Forged)
}

fn name(what: Purpose) -> &'static str {
    match what {
        Purpose::Report => "report",
        Purpose::Details => "details",
        Purpose::Request => "request",
        Purpose::Confirm => "confirm",
    }
}

/// Whoever has the link, as far as it says.
fn caller(ticket: &Ticket) -> Caller {
    let own: Vec<String> = Some(ticket.recipient.clone()).filter(|one| !one.is_empty()).into_iter().collect();
    let who = own.first().cloned().unwrap_or_else(|| "link".to_owned());
    Caller { who, role: Role::Recipient, via: Via::Digest, own }
}

/// The page of a link that is worth nothing; whoever tries many has to wait.
async fn void(console: &Console, client: Client, frame: Frame, why: Void) -> Response {
    let (status, key) = match why {
        Void::Expired => (StatusCode::GONE, "ticket-expired"),
        Void::Forged | Void::Purpose => (StatusCode::NOT_FOUND, "ticket-void"),
    };
    if status == StatusCode::NOT_FOUND
        && let error @ Error::TooMany = console.wrong(client.0).await
    {
        return page(&frame, &error);
    }
    let heading = frame.w.say(&format!("{key}-title"));
    let paragraphs = vec![frame.w.say(key)];
    html(status, &Plain { heading, paragraphs, ..Plain::of(frame) }.render())
}

async fn show(
    State(console): State<Console>,
    Extension(client): Extension<Client>,
    Path(token): Path<String>,
    Query(asking): Query<Asking>,
    headers: HeaderMap,
) -> Response {
    let frame = Frame::public(language(asking.lang.as_deref(), &headers));
    if let Err(error) = console.charge(client.0, limits::PUBLIC_COST) {
        return page(&frame, &error);
    }
    let ticket = match opened(&console, &token) {
        Ok(ticket) => ticket,
        Err(why) => return void(&console, client, frame, why).await,
    };
    let (settings, caller) = (console.settings(), caller(&ticket));
    let item = match about(&console.deeds(&settings, &caller), &ticket).await {
        Ok(item) => item,
        Err(error) => return page(&frame, &error),
    };
    let what = name(ticket.what);
    let words = (ticket.what != Purpose::Details).then(|| frame.w.say("ticket-words"));
    let ask = Ask {
        action: format!("/t/{token}?lang={}", frame.lang),
        form: access::form(console.signing(), &token),
        words,
        button: frame.w.say(&format!("ticket-{what}-button")),
    };
    let heading = frame.w.say(&format!("ticket-{what}-title"));
    let paragraphs = vec![frame.w.say(&format!("ticket-{what}-intro"))];
    let rows = rows(&frame, item.as_ref());
    html(StatusCode::OK, &Plain { heading, paragraphs, rows, ask: Some(ask), ..Plain::of(frame) }.render())
}

/// The held message of a ticket, as its recipient may see it.
async fn about(deeds: &Deeds<'_>, ticket: &Ticket) -> Result<Option<HeldItem>, Error> {
    match deeds.one(&ticket.record).await {
        Ok(item) => Ok(Some(item)),
        Err(Error::Refused(Refused::Unknown)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the page says about the message, so that a person knows which it is.
fn rows(frame: &Frame, item: Option<&HeldItem>) -> Vec<(String, String)> {
    let Some(HeldItem { held, .. }) = item else { return Vec::new() };
    let line = |one: &str| text::line(&text::defanged(one), limits::PREVIEW_LINE_BYTES_MAX);
    let from = format!("{} <{}>", held.author_name, held.author);
    [
        ("message-from", line(from.trim())),
        ("preview-subject", line(&held.subject)),
        ("held-arrived", text::at(held.at)),
        ("message-why", line(&held.summary)),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| (frame.w.say(key), value))
    .collect()
}

async fn act(
    State(console): State<Console>,
    Extension(client): Extension<Client>,
    Path(token): Path<String>,
    Query(asking): Query<Asking>,
    headers: HeaderMap,
    pressed: Result<Form<Pressed>, FormRejection>,
) -> Response {
    let frame = Frame::public(language(asking.lang.as_deref(), &headers));
    if let Err(error) = console.charge(client.0, limits::PUBLIC_COST) {
        return page(&frame, &error);
    }
    let ticket = match opened(&console, &token) {
        Ok(ticket) => ticket,
        Err(why) => return void(&console, client, frame, why).await,
    };
    let Form(pressed) = pressed.unwrap_or_default();
    if !access::is_form(console.signing(), &token, &pressed.form) || crate::pages::from_elsewhere(&headers) {
        let heading = frame.w.say("no-title");
        let paragraphs = vec![frame.w.say("no-form")];
        return html(StatusCode::FORBIDDEN, &Plain { heading, paragraphs, ..Plain::of(frame) }.render());
    }
    let (settings, caller) = (console.settings(), caller(&ticket));
    let deeds = console.deeds(&settings, &caller);
    let said = text::cut(&pressed.words, limits::WORDS_BYTES_MAX);
    let done = match ticket.what {
        Purpose::Report => report(&deeds, &ticket, said, &frame).await,
        Purpose::Details => details(&deeds, &ticket, &frame).await,
        _ if ticket.recipient.is_empty() => Ok(Done::of("no-title", vec![frame.w.say("ticket-anybody")])),
        Purpose::Request => request(&deeds, &ticket, said, &frame).await,
        Purpose::Confirm => confirm(&deeds, &ticket, said, &frame).await,
    };
    match done {
        Ok(Done { heading, mut paragraphs, explanation }) => {
            paragraphs.push(frame.w.say("ticket-rest"));
            let heading = frame.w.say(heading);
            html(StatusCode::OK, &Plain { heading, paragraphs, explanation, ..Plain::of(frame) }.render())
        }
        Err(error) => page(&frame, &error),
    }
}

/// What came of it.
struct Done {
    /// Key of the heading.
    heading: &'static str,
    paragraphs: Vec<String>,
    explanation: Option<String>,
}

impl Done {
    fn of(heading: &'static str, paragraphs: Vec<String>) -> Self {
        Self { heading, paragraphs, explanation: None }
    }
}

async fn report(deeds: &Deeds<'_>, ticket: &Ticket, said: &str, frame: &Frame) -> Result<Done, Error> {
    let new = deeds.report(&ticket.record, said).await?;
    let key = if new { "ticket-reported" } else { "ticket-reported-again" };
    Ok(Done::of("ticket-reported-title", vec![frame.w.say(key)]))
}

async fn details(deeds: &Deeds<'_>, ticket: &Ticket, frame: &Frame) -> Result<Done, Error> {
    Ok(match deeds.details(&ticket.record, frame.lang).await? {
        Some(examined) => Done {
            explanation: Some(examined.explanation),
            ..Done::of("ticket-details-shown-title", Vec::new())
        },
        None => Done::of("ticket-details-none-title", vec![frame.w.say("ticket-details-none")]),
    })
}

async fn request(deeds: &Deeds<'_>, ticket: &Ticket, said: &str, frame: &Frame) -> Result<Done, Error> {
    let asked = deeds.request(&ticket.record, &ticket.recipient, said).await?;
    let key = match asked {
        Asked::New(_) => "ticket-asked",
        Asked::Waiting(_) => "ticket-waiting",
    };
    let mut paragraphs = vec![frame.w.say(key)];
    if let Some(lockdown) = deeds.locked(&ticket.record).await? {
        let reason = text::line(&lockdown.reason, limits::PREVIEW_LINE_BYTES_MAX);
        paragraphs.push(frame.w.say_of("ticket-locked", "reason", &reason));
    }
    Ok(Done::of("ticket-asked-title", paragraphs))
}

/// Releases what its recipient may release, and asks somebody for anything else.
async fn confirm(deeds: &Deeds<'_>, ticket: &Ticket, said: &str, frame: &Frame) -> Result<Done, Error> {
    let own = std::slice::from_ref(&ticket.recipient);
    match deeds.release(&ticket.record, own, false, said).await {
        Ok(released) => {
            let key = if released.queued.is_empty() { "ticket-released-before" } else { "ticket-released" };
            Ok(Done::of("ticket-released-title", vec![frame.w.say(key)]))
        }
        Err(Error::Refused(Refused::Role | Refused::Lockdown { .. })) => {
            request(deeds, ticket, said, frame).await
        }
        Err(error) => Err(error),
    }
}
