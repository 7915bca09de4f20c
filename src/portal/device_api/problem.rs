//! What a device is told when it does not get what it asked for: one closed set of words, and never our reasons.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use vestibule_engine::{EngineError, PortError, StoreError, Timestamp};
use vestibule_factors::push::protocol::{Millis, Problem, ProblemCode, Unauthorized};

#[derive(Debug)]
pub(super) struct Refusal {
    code: ProblemCode,
    status: Option<StatusCode>,
    server_time: Option<Timestamp>,
    retry_after: Option<Duration>,
}

impl Refusal {
    pub(super) fn of(code: ProblemCode) -> Self {
        Self { code, status: None, server_time: None, retry_after: None }
    }

    /// Its clock and ours differ; with ours, so that it can set itself right.
    pub(super) fn clock(now: Timestamp) -> Self {
        Self { server_time: Some(now), ..Self::of(ProblemCode::Clock) }
    }

    pub(super) fn unauthorized(why: Unauthorized, now: Timestamp) -> Self {
        match why {
            Unauthorized::Clock => Self::clock(now),
            Unauthorized::Signature => Self::of(ProblemCode::Signature),
        }
    }

    pub(super) fn later(wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..Self::of(ProblemCode::Locked) }
    }

    pub(super) fn too_large() -> Self {
        Self { status: Some(StatusCode::PAYLOAD_TOO_LARGE), ..Self::of(ProblemCode::Malformed) }
    }

    pub(super) fn no_such_method() -> Self {
        Self { status: Some(StatusCode::METHOD_NOT_ALLOWED), ..Self::of(ProblemCode::Malformed) }
    }

    pub(super) fn nothing_here() -> Self {
        Self { status: Some(StatusCode::NOT_FOUND), ..Self::of(ProblemCode::Malformed) }
    }

    /// Something failed here; the log has it, the device has to come again.
    pub(super) fn trouble(doing: &'static str, error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %crate::pairing::chain(error), "A phone could not be served: {doing}");
        Self { retry_after: Some(Duration::from_secs(5)), ..Self::of(ProblemCode::Trouble) }
    }

    pub(super) fn code(&self) -> ProblemCode {
        self.code
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::trouble("ask the store", &error)
    }
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Self::trouble("judge a login", &error)
    }
}

impl From<PortError> for Refusal {
    fn from(error: PortError) -> Self {
        Self::trouble("read what is kept of it", &error)
    }
}

fn title(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::Token => "The pairing code is not known, was used or is over",
        ProblemCode::Key => "The key cannot be used",
        ProblemCode::Signature => "The signature is not right",
        ProblemCode::Clock => "The clocks differ too much",
        ProblemCode::Malformed => "The request cannot be read",
        ProblemCode::Device => "This device is not paired",
        ProblemCode::Over => "The request is over",
        ProblemCode::Number => "The number was wrong; the request is over",
        ProblemCode::Verification => "The person was not verified",
        ProblemCode::Locked => "Too often; wait a while",
        ProblemCode::Trouble => "Something failed here; try again",
        ProblemCode::Address => "The push address is not allowed",
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut problem = Problem::new(self.code, title(self.code));
        problem.server_time = self.server_time.map(Millis::from);
        if let Some(status) = self.status {
            problem.status = status.as_u16();
        }
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().saturating_add(1)));
        }
        response
    }
}
