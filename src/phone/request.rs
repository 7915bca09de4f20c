//! A request that the gateway signed for this device.

use std::ops::Deref;

use vestibule_engine::{AttemptId, Timestamp};
use vestibule_factors::push::protocol::{self, SignedRequest};

use super::{Phone, PhoneError};

/// Proven to be the gateway's, for this device and this origin (DEVICE protocol: signature, origin, device).
#[derive(Debug, Clone)]
pub struct Request {
    /// As it came: what an answer is bound to.
    pub(super) signed: SignedRequest,
    asked: protocol::Request,
}

/// What it says.
impl Deref for Request {
    type Target = protocol::Request;

    fn deref(&self) -> &protocol::Request {
        &self.asked
    }
}

impl Request {
    pub(super) fn open(signed: SignedRequest, phone: &Phone) -> Result<Self, PhoneError> {
        let account = &phone.account;
        let asked = signed
            .open(&phone.gateway, &account.origin, account.device)
            .map_err(|_| PhoneError::Untrusted("a request that was not signed for this device"))?;
        Ok(Self { signed, asked })
    }

    pub fn attempt(&self) -> AttemptId {
        self.asked.attempt
    }

    /// How many digits stand at the login and have to be typed here.
    pub fn digits(&self) -> Option<usize> {
        self.asked.number.as_ref().map(|number| number.digits)
    }

    pub fn asked(&self) -> Timestamp {
        self.asked.asked.into()
    }

    pub fn until(&self) -> Timestamp {
        self.asked.until.into()
    }

    /// Whether it has to be approved with a fingerprint, a face or a PIN.
    pub fn needs_verification(&self) -> bool {
        self.asked.verification == protocol::Policy::Required
    }
}

/// Percent-encoded for a query, all but letters, digits and what is safe anywhere.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(octet)),
            _ => escaped.push_str(&format!("%{octet:02X}")),
        }
    }
    escaped
}
