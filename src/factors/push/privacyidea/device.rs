//! A phone with that app: its serial, its key, and what it signs when it asks for news.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Iso8601;
use time::{OffsetDateTime, PrimitiveDateTime};
use vestibule_engine::{AuthenticatorId, Timestamp};

use super::{PiRefused, base32};
use crate::push::protocol::{Millis, Octets};

/// What such serials begin with where that app comes from.
const SERIAL_PREFIX: &str = "PIPU";
/// The key of 4096 bits that the app makes has 736 characters.
const KEY_CHARS_MAX: usize = 2048;
const KEY_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// How far the app's clock may be off when it asks for news.
const POLL_CLOCK_MAX: Duration = Duration::from_secs(60);
/// The same when it names another address to ring.
const UPDATE_CLOCK_MAX: Duration = Duration::from_secs(5 * 60);
/// Longer ones come from nobody who means well.
const PUSH_TOKEN_CHARS_MAX: usize = 4096;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PiDevice {
    pub serial: String,
    /// An `RSAPublicKey` (PKCS#1) in DER.
    pub public_key: Octets,
}

/// The serial is the device's id, so that one leads to the other.
pub fn serial_of(id: AuthenticatorId) -> String {
    format!("{SERIAL_PREFIX}{:X}", id.0.simple())
}

pub fn device_of_serial(serial: &str) -> Option<AuthenticatorId> {
    let id = AuthenticatorId(uuid::Uuid::try_parse(serial.strip_prefix(SERIAL_PREFIX)?).ok()?);
    (serial_of(id) == serial).then_some(id)
}

impl PiDevice {
    /// `public_key` as the app sends it: a `SubjectPublicKeyInfo` in base 64, now and then in its url-safe letters, or
    /// with a space where a form ate the plus.
    pub fn register(id: AuthenticatorId, public_key: &str) -> Result<Self, PiRefused> {
        if public_key.len() > KEY_CHARS_MAX {
            return Err(PiRefused::Key);
        }
        let text = public_key.trim().replace(['-', ' '], "+").replace('_', "/");
        let der = BASE64.decode(text).map_err(|_| PiRefused::Key)?;
        let key = rsa::RsaPublicKey::from_public_key_der(&der).map_err(|_| PiRefused::Key)?;
        if !KEY_BITS.contains(&key.n().bits()) {
            return Err(PiRefused::Key);
        }
        let pkcs1 = key.to_pkcs1_der().map_err(|_| PiRefused::Key)?;
        Ok(Self { serial: serial_of(id), public_key: Octets(pkcs1.as_bytes().to_vec()) })
    }

    /// The app asks what there is.
    pub fn verify_poll(&self, timestamp: &str, signature: &str, now: Timestamp) -> Result<(), PiRefused> {
        is_near(timestamp, now, POLL_CLOCK_MAX)?;
        self.verify(&format!("{}|{timestamp}", self.serial), signature)
    }

    /// The app says where it can be rung from now on.
    pub fn verify_update(
        &self,
        new_token: &str,
        timestamp: &str,
        signature: &str,
        now: Timestamp,
    ) -> Result<(), PiRefused> {
        if new_token.len() > PUSH_TOKEN_CHARS_MAX || new_token.contains('|') {
            return Err(PiRefused::Malformed);
        }
        is_near(timestamp, now, UPDATE_CLOCK_MAX)?;
        self.verify(&format!("{new_token}|{}|{timestamp}", self.serial), signature)
    }

    pub(super) fn verify(&self, text: &str, signature: &str) -> Result<(), PiRefused> {
        let signature = base32::decode(signature).ok_or(PiRefused::Malformed)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public_key.0)
            .verify(text.as_bytes(), &signature)
            .map_err(|_| PiRefused::Signature)
    }
}

/// ISO 8601, in UTC where it names no zone.
fn is_near(timestamp: &str, now: Timestamp, most: Duration) -> Result<(), PiRefused> {
    // The longest form with a fraction and a zone has 35 characters.
    if timestamp.len() > 40 {
        return Err(PiRefused::Clock);
    }
    let moment = OffsetDateTime::parse(timestamp, &Iso8601::DEFAULT)
        .or_else(|_| PrimitiveDateTime::parse(timestamp, &Iso8601::DEFAULT).map(PrimitiveDateTime::assume_utc))
        .map_err(|_| PiRefused::Clock)?;
    let millis = i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).map_err(|_| PiRefused::Clock)?;
    Millis(millis).is_near(now, most).then_some(()).ok_or(PiRefused::Clock)
}
