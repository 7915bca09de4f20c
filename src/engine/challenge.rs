//! What a person is asked on their phone, and what their answer must be bound to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AttemptId, AuthenticatorId, Service, Timestamp};

/// One request on a phone. A second one of the same login is another challenge, with another nonce and another number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    pub attempt: AttemptId,
    /// Drawn for every challenge: an answer to an earlier one is no answer to this one.
    pub nonce: Nonce,
    pub matching: Matching,
    /// Only this device is asked; `None`: every one that the person has.
    pub device: Option<AuthenticatorId>,
    pub context: Context,
    pub asked: Timestamp,
    pub until: Timestamp,
}

/// How the phone and the place of the login are shown to be in the same hands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matching {
    /// The place of the login can show nothing, or an administrator switched matching off.
    Off,
    /// The number stands at the login and is typed on the phone.
    Shown(Number),
    /// The phone shows the number once it has approved, and it is typed at the login.
    FromPhone(Number),
}

/// Digits that tell one login from another. They are never sent to a phone before its answer (OOB-02), and never logged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(String);

impl Number {
    /// `digits` decimal digits made of random octets; the bias of the remainder is below one in 2^32.
    pub(crate) fn draw(octets: [u8; 8], digits: u8) -> Self {
        let digits = digits.clamp(2, 9);
        let number = u64::from_be_bytes(octets) % 10_u64.pow(u32::from(digits));
        Self(format!("{number:0width$}", width = usize::from(digits)))
    }

    pub fn digits(&self) -> usize {
        self.0.len()
    }

    /// For the place of the login, and for comparing.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this was typed; spaces between digits are how people read them out.
    pub fn is(&self, typed: &str) -> bool {
        let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        subtle::ConstantTimeEq::ct_eq(self.0.as_bytes(), typed.as_bytes()).into()
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(..)")
    }
}

/// 128 random bits, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(String);

impl Nonce {
    pub(crate) fn new(octets: [u8; 16]) -> Self {
        Self(octets.iter().map(|octet| format!("{octet:02x}")).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the person is shown before they answer. All of it but the service comes from outside, so it is cleaned before it
/// gets here (OOB-06).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    pub service: Service,
    /// The account the login is for, in its canonical spelling.
    pub account: String,
    /// The person's own address, where the door knows it.
    pub address: Option<String>,
    pub station: Option<String>,
    /// Browser or device, as it calls itself.
    pub client: Option<String>,
    /// The name an administrator gave the network it comes from.
    pub place: Option<String>,
    /// The person was let in from there before, not long ago.
    pub known: bool,
    /// The person asked for this themselves, to see whether their phone rings.
    pub test: bool,
}
