//! What a device answers, signed together with everything it was asked (OOB-03).

use std::fmt;

use serde::{Deserialize, Serialize};
use vestibule_engine::{AttemptId, AuthenticatorId};

use super::text::or_dash;
use super::{DeviceKey, Digest, KeyError, Millis, Octets, Request, Signature, SignedRequest};

/// The most digits a number to compare has.
const NUMBER_DIGITS_MAX: usize = 9;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approve,
    Deny,
    /// Deny, and say that somebody else tries to sign in.
    Report,
}

impl Decision {
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Report => "report",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    NotMe,
    Mistake,
}

impl Reason {
    pub fn name(self) -> &'static str {
        match self {
            Self::NotMe => "not_me",
            Self::Mistake => "mistake",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerBody {
    pub nonce: String,
    pub decision: Decision,
    /// What the person typed: the digits that the login shows.
    pub number: Option<String>,
    pub reason: Option<Reason>,
    pub context: Digest,
    pub time: Millis,
    pub signature: Signature,
    #[serde(default)]
    pub verification: Option<Assertion>,
}

/// A WebAuthn assertion over the signed text: the person showed the phone that it is them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    pub authenticator_data: Octets,
    pub client_data: Octets,
    /// In DER, as WebAuthn has it.
    pub signature: Octets,
}

/// What is signed. `Display` writes it.
#[derive(Debug, Clone, Copy)]
pub struct AnswerText<'a> {
    pub origin: &'a str,
    pub attempt: AttemptId,
    pub nonce: &'a str,
    pub device: AuthenticatorId,
    pub decision: Decision,
    pub number: Option<&'a str>,
    pub reason: Option<Reason>,
    pub context: Digest,
    pub time: Millis,
}

impl fmt::Display for AnswerText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, attempt, nonce, device, context, time, .. } = self;
        let (decision, reason) = (self.decision.name(), or_dash(self.reason.map(Reason::name)));
        let number = or_dash(self.number);
        write!(
            f,
            "vestibule-answer-1\n{origin}\n{attempt}\n{nonce}\n{device}\n{decision}\n{number}\n{reason}\n{context}\n{time}"
        )
    }
}

impl AnswerBody {
    /// For the device: answer a request that it has opened. Where verification is required, the caller adds it.
    pub fn sign(
        key: &DeviceKey,
        asked: &SignedRequest,
        request: &Request,
        decision: Decision,
        number: Option<&str>,
        reason: Option<Reason>,
        time: Millis,
    ) -> Result<Self, KeyError> {
        let context = asked.context();
        let Request { origin, attempt, nonce, device, .. } = request;
        let (attempt, device) = (*attempt, *device);
        let text = AnswerText { origin, attempt, nonce, device, decision, number, reason, context, time };
        let signature = key.sign(text.to_string())?;
        let (nonce, number) = (nonce.clone(), number.map(str::to_owned));
        Ok(Self { nonce, decision, number, reason, context, time, signature, verification: None })
    }

    /// What its signature must be over, if it answers that attempt.
    pub fn text<'a>(&'a self, origin: &'a str, attempt: AttemptId, device: AuthenticatorId) -> AnswerText<'a> {
        AnswerText {
            origin,
            attempt,
            nonce: &self.nonce,
            device,
            decision: self.decision,
            number: self.number.as_deref(),
            reason: self.reason,
            context: self.context,
            time: self.time,
        }
    }

    /// Whether its fields can stand in a line of their own: without this, one text could be read as two answers.
    pub fn is_sane(&self) -> bool {
        let is_number =
            |typed: &str| (1..=NUMBER_DIGITS_MAX).contains(&typed.len()) && typed.bytes().all(|c| c.is_ascii_digit());
        let is_nonce = self.nonce.len() == 32 && self.nonce.bytes().all(|c| c.is_ascii_hexdigit());
        is_nonce && self.number.as_deref().is_none_or(is_number)
    }
}

/// What was typed is not for logs.
impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerBody").field("decision", &self.decision).field("time", &self.time).finish_non_exhaustive()
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    pub result: AnswerResult,
    /// To be typed at the login, where it asks for it.
    pub code: Option<String>,
}

/// Nor is what is to be typed at the login.
impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered").field("result", &self.result).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerResult {
    Approved,
    Denied,
    Reported,
}
