//! What a request of the API says: who, of what, and what for. What cannot be read is answered as everything else is, with
//! problem details.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{StatusCode, header, request::Parts},
    response::IntoResponse as _,
};
use serde::de::DeserializeOwned;

use crate::{
    Console, access,
    deeds::{Caller, Deeds},
    error::Error,
    server::Client,
    state::Settings,
};

/// Somebody with a valid token.
pub(super) struct Visitor {
    pub(super) console: Console,
    pub(super) settings: Arc<Settings>,
    pub(super) caller: Caller,
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Error> {
        let settings = console.settings();
        let field = parts.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
        let caller = field.and_then(access::bearer).and_then(|token| console.by_token(&settings, token));
        match caller {
            Some(caller) => Ok(Self { console: console.clone(), settings, caller }),
            None => Err(console.wrong(parts.extensions.get::<Client>().and_then(|client| client.0)).await),
        }
    }
}

impl Visitor {
    pub(super) fn deeds(&self) -> Deeds<'_> {
        self.console.deeds(&self.settings, &self.caller)
    }
}

/// What the path names. A name that cannot be one is that of nothing.
pub(super) struct Of<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Console> for Of<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Error> {
        match Path::from_request_parts(parts, console).await {
            Ok(Path(named)) => Ok(Self(named)),
            Err(_) => Err(Error::NotFound),
        }
    }
}

/// What the query says.
pub(super) struct Searched<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Console> for Searched<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Error> {
        match Query::from_request_parts(parts, console).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(error) => Err(Error::Invalid(error.body_text())),
        }
    }
}

/// What a body says.
pub(super) struct Said<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Console> for Said<T> {
    type Rejection = Error;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Error> {
        let kind = request.headers().get(header::CONTENT_TYPE).map(|value| value.as_bytes());
        // A form of a browser can send no other kind without asking first.
        if !kind.unwrap_or_default().starts_with(b"application/json") {
            return Err(Error::Invalid("the body is JSON: Content-Type: application/json".to_owned()));
        }
        let body = Bytes::from_request(request, console).await.map_err(|error| {
            match error.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Error::TooLong,
                _ => Error::Invalid("the body did not come as a whole".to_owned()),
            }
        })?;
        serde_json::from_slice(&body).map(Self).map_err(|error| Error::Invalid(format!("the body: {error}")))
    }
}
