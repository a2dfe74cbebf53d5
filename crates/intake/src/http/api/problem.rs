//! Errors of the API as problem details (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::refused::Refused;
use super::wire::ProblemDetails;

/// An error.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str) -> Self {
        Self { status, code, detail: None }
    }

    /// With a public text.
    pub(super) fn because(self, why: String) -> Self {
        Self { detail: Some(why), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let details = ProblemDetails {
            kind: "about:blank".into(),
            title: self.status.canonical_reason().unwrap_or_default().into(),
            status: self.status.as_u16(),
            code: self.code.into(),
            detail: self.detail,
        };
        let body = serde_json::to_string(&details).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        (self.status, [(header::CONTENT_TYPE, kind)], body).into_response()
    }
}

/// A request that is refused.
pub(super) fn problem(refused: Refused) -> Response {
    let status = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Problem::new(status, refused.code()).because(refused.to_string()).into_response();
    // What is left of the request is not read.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A request without a valid token.
pub(super) fn unauthorized() -> Response {
    let mut response = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized").into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
