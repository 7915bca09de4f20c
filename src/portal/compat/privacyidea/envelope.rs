//! The one shape in which that app is answered.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vestibule_engine::Timestamp;

/// The app reads a number of versions after a space, and nothing of it decides anything.
const VERSION: &str = concat!("Vestibule ", env!("CARGO_PKG_VERSION"));

/// What was asked for.
pub(super) struct Said {
    value: Value,
    detail: Option<Value>,
    /// The answer was to nothing. It looks like any other, and counts as a guess.
    pub(super) is_nothing: bool,
}

impl Said {
    pub(super) fn value(value: impl Into<Value>) -> Self {
        Self { value: value.into(), detail: None, is_nothing: false }
    }

    pub(super) fn nothing() -> Self {
        Self { is_nothing: true, ..Self::value(false) }
    }

    pub(super) fn with(self, detail: Value) -> Self {
        Self { detail: Some(detail), ..self }
    }

    pub(super) fn into_envelope(self, now: Timestamp) -> Envelope {
        let mut body = common(now, &json!({ "status": true, "value": self.value }));
        if let (Some(detail), Some(fields)) = (self.detail, body.as_object_mut()) {
            fields.insert("detail".into(), detail);
        }
        Envelope { status: StatusCode::OK, body }
    }
}

/// Why there is nothing to say. A closed set, and the words of each are always the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsaid {
    /// Unknown serial, wrong signature, or a clock that is off: nobody is told which (P4).
    Signature,
    /// The credential is not known, was used, or is over.
    Enrolment,
    Parameters,
    TooOften,
    Trouble,
}

impl Unsaid {
    pub(super) fn trouble(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %crate::pairing::chain(error), "A phone with the privacyIDEA Authenticator could not be served");
        Self::Trouble
    }

    pub(super) fn into_envelope(self, now: Timestamp) -> Envelope {
        let (status, code, words) = match self {
            Self::Signature => (StatusCode::BAD_REQUEST, 10, "ERR10: Could not verify signature!"),
            Self::Enrolment => (StatusCode::BAD_REQUEST, 905, "ERR905: The enrollment is not known or over."),
            Self::Parameters => (StatusCode::BAD_REQUEST, 905, "ERR905: Missing parameters!"),
            Self::TooOften => (StatusCode::TOO_MANY_REQUESTS, 10, "ERR10: Too often; wait a while."),
            Self::Trouble => (StatusCode::SERVICE_UNAVAILABLE, 903, "ERR903: Something failed here; try again."),
        };
        let mut body = common(now, &json!({ "status": false, "error": { "code": code, "message": words } }));
        if let Some(fields) = body.as_object_mut() {
            fields.insert("detail".into(), Value::Null);
        }
        Envelope { status, body }
    }
}

/// The app takes the time for a number with a fraction, and nothing else.
fn common(now: Timestamp, result: &Value) -> Value {
    let time = now.0.div_euclid(1000) as f64 / 1000.0;
    json!({
        "jsonrpc": "2.0", "id": 1, "result": result, "time": time,
        "version": VERSION, "versionnumber": env!("CARGO_PKG_VERSION"),
    })
}

pub(super) struct Envelope {
    status: StatusCode,
    body: Value,
}

impl IntoResponse for Envelope {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}
