//! A device registers: it proves that it has the key it names, with the token that the portal showed.

use std::fmt;

use serde::{Deserialize, Serialize};
use vestibule_engine::{AuthenticatorId, Timestamp};

use super::{
    CLOCK_MAX, DeviceKey, KeyError, Millis, PublicKey, Signature, Status, Unauthorized, is_base64url, register_text,
};

/// A name a person gives their phone.
const LABEL_CHARS_MAX: usize = 64;
const PLATFORM_CHARS_MAX: usize = 64;
/// 32 octets in base64url have 43.
const TOKEN_CHARS: std::ops::RangeInclusive<usize> = 20..=128;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    pub token: String,
    pub public_key: PublicKey,
    pub label: String,
    pub platform: String,
    pub time: Millis,
    pub signature: Signature,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    pub device: AuthenticatorId,
    pub issuer: String,
    pub account: String,
    pub gateway_key: PublicKey,
    /// An `otpauth://` address, where the gateway hands out a code generator along with the key.
    pub totp: Option<String>,
    pub status: Status,
    pub server_time: Millis,
}

impl Register {
    pub fn sign(
        key: &DeviceKey,
        origin: &str,
        token: &str,
        label: &str,
        platform: &str,
        time: Millis,
    ) -> Result<Self, KeyError> {
        let public_key = key.public_key();
        let signature = key.sign(register_text(origin, token, &public_key, time))?;
        Ok(Self { token: token.into(), public_key, label: label.into(), platform: platform.into(), time, signature })
    }

    /// Whether the fields have the size and the letters they may have.
    pub fn is_sane(&self) -> bool {
        let is_plain = |text: &str, most| text.chars().count() <= most && !text.chars().any(char::is_control);
        TOKEN_CHARS.contains(&self.token.len())
            && is_base64url(&self.token)
            && !self.label.trim().is_empty()
            && is_plain(&self.label, LABEL_CHARS_MAX)
            && is_plain(&self.platform, PLATFORM_CHARS_MAX)
    }

    #[must_use = "a device is believed only if this is Ok"]
    pub fn verify(&self, origin: &str, now: Timestamp) -> Result<(), Unauthorized> {
        if !self.time.is_near(now, CLOCK_MAX) {
            return Err(Unauthorized::Clock);
        }
        let text = register_text(origin, &self.token, &self.public_key, self.time);
        self.public_key.verify(text, &self.signature).map_err(|_| Unauthorized::Signature)
    }
}

/// The address of the code generator holds a key.
impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("device", &self.device).field("status", &self.status).finish_non_exhaustive()
    }
}

/// The token is a secret until it is used up.
impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register").field("label", &self.label).field("platform", &self.platform).finish_non_exhaustive()
    }
}
