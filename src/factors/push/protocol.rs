//! The device protocol, version 1: what a phone and the gateway say to each other, and what each of them signs.
//!
//! Keys are ECDSA P-256, written as their uncompressed point; signatures are `r || s` over SHA-256. What is signed is a
//! text of lines, so that a program in any language builds the same octets. Nothing here knows the time, a store or a
//! socket: the same code serves the gateway and `vestibule phone`. Whoever writes a device of their own can check it
//! against `protocol/vectors.json`.

mod answer;
mod authorization;
mod bodies;
mod confirmation;
mod key;
mod octets;
mod problem;
mod register;
mod request;
#[cfg(test)]
mod tests;
mod text;

use std::time::Duration;

pub use answer::{AnswerBody, AnswerResult, AnswerText, Answered, Assertion, Decision, Reason};
pub use authorization::{Authorization, SCHEME, Unauthorized};
pub use bodies::{
    Account, Gateway, Nowhere, PushKind, PushState, Seen, SeenState, SetPush, SetVerification, Status, TokenAddress,
    VerificationState, WebPushAddress,
};
pub use confirmation::{ConfirmationCode, confirmation_code};
pub use key::{DeviceKey, KeyError, NotSigned};
pub use octets::{Digest, Millis, Octets, PublicKey, Signature};
pub use problem::{Problem, ProblemCode};
pub use register::{Register, Registered};
pub use request::{Digits, NotOurs, Policy, Request, Requests, ServiceName, SignedRequest, Where};
pub use text::{register_text, request_text};

pub(crate) use octets::is_base64url;

/// What is said here fits in far less; a longer body is not read.
pub const BODY_OCTETS_MAX: usize = 16 * 1024;
/// How far a device's clock may be off: long enough for one that is set by hand, short enough that what was recorded
/// is soon worthless.
pub const CLOCK_MAX: Duration = Duration::from_secs(5 * 60);
/// How long a device may wait for news in one request: below what proxies cut.
pub const WAIT_MAX: Duration = Duration::from_secs(25);
/// The version of this protocol.
pub const VERSION: u8 = 1;
