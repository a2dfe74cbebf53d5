//! What was not done, and why: for programs a stable code and the next step, for people a sentence of the catalogue.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sekisho_record::quarantine::{Refused, State};
use sekisho_store::StoreError;
use serde_json::{Value, json};

/// Something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// No valid token, or no session.
    #[error("no valid token")]
    Unauthorized,
    /// Rights, a lockdown or the state of things forbid it; the audit says so.
    #[error("refused: {0:?}")]
    Refused(Refused),
    /// The request cannot be understood. Public text.
    #[error("{0}")]
    Invalid(String),
    /// The body is over the limit.
    #[error("the body is too long")]
    TooLong,
    /// No such page or place.
    #[error("there is nothing here")]
    NotFound,
    /// Another method is needed.
    #[error("this method is not for this place")]
    Method,
    /// It asks too often.
    #[error("too many requests")]
    TooMany,
    /// It took too long.
    #[error("it took too long")]
    TimedOut,
    /// The bytes of the message are not there any more.
    #[error("the bytes of the message are not there any more")]
    Gone,
    /// The message could not be looked into.
    #[error("the message could not be looked into: {0}")]
    Unreadable(String),
    /// The store is away, full or wrong.
    #[error("the store: {0}")]
    Store(StoreError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            // What the caller named is over a limit: its words are ours.
            StoreError::Limit(why) => Self::Invalid(why),
            error => Self::Store(error),
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl Error {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Refused(refused) => match refused {
                Refused::Lockdown { .. } => StatusCode::LOCKED,
                Refused::Role => StatusCode::FORBIDDEN,
                Refused::Unknown => StatusCode::NOT_FOUND,
                Refused::State { .. } | Refused::Same | Refused::Limit => StatusCode::CONFLICT,
            },
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Gone => StatusCode::GONE,
            Self::Unreadable(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Store(_) | Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A word that never changes, for programs; the catalogue has `no-` and this word for people.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Refused(refused) => match refused {
                Refused::Lockdown { .. } => "lockdown",
                Refused::Role => "role",
                Refused::Unknown => "unknown",
                Refused::State { .. } => "state",
                Refused::Same => "same_administrator",
                Refused::Limit => "limit",
            },
            Self::Invalid(_) => "invalid",
            Self::TooLong => "too_long",
            Self::NotFound => "not_found",
            Self::Method => "method_not_allowed",
            Self::TooMany => "too_many",
            Self::TimedOut => "timed_out",
            Self::Gone => "gone",
            Self::Unreadable(_) => "unreadable",
            Self::Store(_) => "store",
        }
    }

    /// What to do now, for whoever writes the program.
    fn next(&self) -> &'static str {
        match self {
            Self::Unauthorized => "send `Authorization: Bearer TOKEN` with a token of [console] tokens",
            Self::Refused(refused) => match refused {
                Refused::Lockdown { .. } => {
                    "ask for it (POST /api/v1/held/RECORD/request): requests wait; two administrators lift a lockdown"
                }
                Refused::Role => "use a token whose role may do this ([rights] in the configuration)",
                Refused::Unknown => "GET /api/v1/held, /requests and /lockdowns say what there is",
                Refused::State { .. } => "GET /api/v1/held/RECORD says who brought it there",
                Refused::Same => "a second administrator has to lift it, with a token of another name",
                Refused::Limit => "end some first",
            },
            Self::Invalid(_) => "docs/console.md says what it takes",
            Self::TooLong => "name fewer records or recipients in one call",
            Self::NotFound | Self::Method => "docs/console.md names every place",
            Self::TooMany => "wait, then ask less often",
            Self::TimedOut | Self::Store(_) => "try again later; the log says what is wrong",
            Self::Gone => "only its entry in the quarantine is left",
            Self::Unreadable(_) => "download the message instead; the log says what is wrong",
        }
    }

    /// A sentence for whoever may read it.
    fn detail(&self) -> Option<String> {
        match self {
            Self::Invalid(why) => Some(why.clone()),
            Self::Refused(Refused::Lockdown { id, reason, .. }) => {
                Some(format!("lockdown {id} covers it: {reason}"))
            }
            Self::Refused(Refused::State { state }) => Some(format!("it is {} already", state_word(*state))),
            _ => None,
        }
    }

    /// As problem details (RFC 9457).
    pub(crate) fn json(&self) -> Value {
        let status = self.status();
        let mut out = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "code": self.code(),
            "detail": self.detail(),
            "next": self.next(),
        });
        if let (Self::Refused(refused), Some(fields)) = (self, out.as_object_mut()) {
            fields.insert("refused".to_owned(), serde_json::to_value(refused).unwrap_or_default());
        }
        out
    }

    /// Says in the log what nobody else is told.
    pub(crate) fn noted(self) -> Self {
        match &self {
            Self::Store(error) => tracing::warn!(%error, "the console cannot use the store"),
            Self::Unreadable(why) => tracing::warn!(why, "a held message could not be looked into"),
            _ => {}
        }
        self
    }
}

/// A state as a word.
pub(crate) fn state_word(state: State) -> &'static str {
    match state {
        State::Held => "held",
        State::Requested => "requested",
        State::Released => "released",
        State::Deleted => "deleted",
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let error = self.noted();
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response =
            (error.status(), [(header::CONTENT_TYPE, kind)], error.json().to_string()).into_response();
        if matches!(error, Self::Unauthorized) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(error, Self::TooMany) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}
