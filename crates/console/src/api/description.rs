//! The description of the API (OpenAPI), generated from its handlers and types, and the answers that many of them share.

use std::sync::OnceLock;

use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
use utoipa::{
    IntoResponses, Modify, OpenApi, ToSchema,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};

use super::shapes::Refused;

/// The description as JSON, as it is checked in.
pub fn description() -> String {
    let mut json = Description::openapi().to_pretty_json().unwrap_or_default();
    json.push('\n');
    json
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "about", security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = Value), Open))]
pub(super) async fn openapi() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(description).as_str();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sekisho: the console",
        version = "1",
        description = "What is held: search, look, ask, release, delete; lockdowns and the audit. Times are seconds since 1970. docs/console.md is the manual."
    ),
    nest((path = "/api/v1", api = Places)),
    components(schemas(Problem)),
    modifiers(&Bearer),
    tags(
        (name = "about", description = "Who asks, and what there is"),
        (name = "held", description = "Held messages"),
        (name = "requests", description = "Requests for release"),
        (name = "lockdowns", description = "Who takes the right to release away from everyone, and gives it back"),
        (name = "audit", description = "What was done and what was refused")
    )
)]
struct Description;

#[derive(OpenApi)]
#[openapi(paths(
    super::me,
    super::list,
    super::one,
    super::preview,
    super::evidence,
    super::raw,
    super::request,
    super::release,
    super::delete,
    super::requests,
    super::answer,
    super::lockdowns,
    super::lock,
    super::lift,
    super::audit,
    openapi
))]
struct Places;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "A token of the configuration ([[console.tokens]]); its role says what it may do ([rights]).",
        ));
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
        // Of every place that does not say otherwise.
        api.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    }
}

/// Problem details (RFC 9457): what was not done, and why.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes what `Error::json` writes")]
pub(crate) struct Problem {
    /// Always `about:blank`.
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// A word that never changes.
    code: Code,
    /// A sentence about this case.
    #[schema(required)]
    detail: Option<String>,
    /// What to do now.
    next: String,
    /// Why rights, a lockdown or the state of things forbid it.
    #[schema(nullable = false)]
    refused: Option<Refused>,
}

/// Why something was not done, in a word that never changes.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "it describes what `Error::code` says")]
pub(crate) enum Code {
    Unauthorized,
    Lockdown,
    Role,
    Unknown,
    State,
    SameAdministrator,
    Limit,
    Invalid,
    TooLong,
    NotFound,
    MethodNotAllowed,
    TooMany,
    TimedOut,
    Gone,
    Unreadable,
    Store,
}

/// What anybody may be answered.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes answers")]
pub(super) enum Open {
    /// `too_many`: it asks too often
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// `timed_out`, `store`: try again later
    #[response(status = 503, content_type = "application/problem+json")]
    Away(Problem),
}

/// What whoever needs a token may be answered.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes answers")]
pub(super) enum Closed {
    /// `unauthorized`: no valid token
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// `too_many`: it asks too often
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// `timed_out`, `store`: try again later
    #[response(status = 503, content_type = "application/problem+json")]
    Away(Problem),
}

/// What whoever asks in words may be answered.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes answers")]
pub(super) enum Asked {
    /// `invalid`: the request cannot be understood
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(Problem),
}

/// What whoever sends a body may be answered.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes answers")]
pub(super) enum Said {
    /// `invalid`: the request cannot be understood
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(Problem),
    /// `too_long`: the body is over the limit
    #[response(status = 413, content_type = "application/problem+json")]
    TooLong(Problem),
}

/// What the role decides.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes answers")]
pub(super) enum Rights {
    /// `role`: the role may not do this
    #[response(status = 403, content_type = "application/problem+json")]
    Role(Problem),
}

/// What a thing that is named may be.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes answers")]
pub(super) enum Named {
    /// `unknown`, `not_found`: there is no such thing, or it is not for this token
    #[response(status = 404, content_type = "application/problem+json")]
    Unknown(Problem),
}

/// What a message may be that is looked into.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes answers")]
pub(super) enum Opened {
    /// `gone`: its bytes are not kept any more
    #[response(status = 410, content_type = "application/problem+json")]
    Gone(Problem),
    /// `unreadable`: it could not be looked into
    #[response(status = 500, content_type = "application/problem+json")]
    Unreadable(Problem),
}

/// What the state of things forbids.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes answers")]
pub(super) enum Standing {
    /// `state`, `same_administrator`, `limit`: as things stand it cannot be done
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
}

/// What a lockdown forbids.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "it describes answers")]
pub(super) enum Locked {
    /// `lockdown`: a lockdown covers it; `refused` has its id, reason and end
    #[response(status = 423, content_type = "application/problem+json")]
    Lockdown(Problem),
}
