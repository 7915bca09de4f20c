//! Every failure is a problem document (RFC 9457) with one word from a closed set that a device acts on.

use serde::{Deserialize, Serialize};

use super::Millis;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub code: ProblemCode,
    /// Where the device's clock is off, so that it can correct itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time: Option<Millis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The pairing token is unknown, used or over.
    Token,
    Key,
    Signature,
    Clock,
    Malformed,
    /// There is no such device (any more).
    Device,
    /// Decided, withdrawn, late, or somebody else's.
    Over,
    /// The number was wrong; this request is over.
    Number,
    /// The person did not show that it is them.
    Verification,
    Locked,
    Trouble,
    /// The device may not be rung there.
    Address,
}

impl ProblemCode {
    pub const ALL: [Self; 12] = [
        Self::Token,
        Self::Key,
        Self::Signature,
        Self::Clock,
        Self::Malformed,
        Self::Device,
        Self::Over,
        Self::Number,
        Self::Verification,
        Self::Locked,
        Self::Trouble,
        Self::Address,
    ];

    pub fn status(self) -> u16 {
        match self {
            Self::Key | Self::Malformed => 400,
            Self::Clock | Self::Device => 401,
            Self::Signature | Self::Verification => 403,
            Self::Token => 404,
            Self::Over => 409,
            Self::Number | Self::Address => 422,
            Self::Locked => 429,
            Self::Trouble => 503,
        }
    }
}

impl Problem {
    pub const CONTENT_TYPE: &str = "application/problem+json";

    pub fn new(code: ProblemCode, title: impl Into<String>) -> Self {
        Self { kind: "about:blank".into(), title: title.into(), status: code.status(), code, server_time: None }
    }

    /// The device's clock is off: this is the time here.
    #[must_use]
    pub fn at(mut self, now: Millis) -> Self {
        self.server_time = Some(now);
        self
    }
}
