//! The `Authorization` header of a device: which one it is, when it asked, and its signature over the whole request.

use std::fmt;

use vestibule_engine::{AuthenticatorId, Timestamp};

use super::{CLOCK_MAX, DeviceKey, KeyError, Millis, PublicKey, Signature, request_text};

pub const SCHEME: &str = "Vestibule";
/// A header of ours has 200 octets.
const HEADER_OCTETS_MAX: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorization {
    pub device: AuthenticatorId,
    pub time: Millis,
    pub signature: Signature,
}

/// Why a request is not believed to come from its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorized {
    #[error("the clock of the device is more than five minutes off")]
    Clock,
    #[error("the signature is not the device's")]
    Signature,
}

impl Authorization {
    pub fn sign(
        key: &DeviceKey,
        origin: &str,
        method: &str,
        target: &str,
        device: AuthenticatorId,
        time: Millis,
        body: &[u8],
    ) -> Result<Self, KeyError> {
        let signature = key.sign(request_text(origin, method, target, device, time, body))?;
        Ok(Self { device, time, signature })
    }

    /// The value of the header: the scheme, then exactly three parameters, each quoted, in any order.
    pub fn parse(header: &str) -> Option<Self> {
        if header.len() > HEADER_OCTETS_MAX {
            return None;
        }
        let (scheme, parameters) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return None;
        }
        let (mut device, mut time, mut signature) = (None, None, None);
        for parameter in parameters.split(',') {
            let (name, value) = parameter.trim().split_once('=')?;
            let value = value.strip_prefix('"')?.strip_suffix('"')?;
            let slot = match name {
                "device" => &mut device,
                "time" => &mut time,
                "signature" => &mut signature,
                _ => return None,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        let (device, time) = (device?, time?);
        let parsed = Self {
            device: device.parse().ok()?,
            time: Millis(time.parse().ok()?),
            signature: Signature::parse(signature?)?,
        };
        // One way to write each: what is signed is the canonical form.
        (parsed.device.to_string() == device && parsed.time.to_string() == time).then_some(parsed)
    }

    #[must_use = "a request is believed only if this is Ok"]
    pub fn verify(
        &self,
        key: &PublicKey,
        origin: &str,
        method: &str,
        target: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unauthorized> {
        if !self.time.is_near(now, CLOCK_MAX) {
            return Err(Unauthorized::Clock);
        }
        let text = request_text(origin, method, target, self.device, self.time, body);
        key.verify(text, &self.signature).map_err(|_| Unauthorized::Signature)
    }
}

impl fmt::Display for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { device, time, signature } = self;
        write!(f, r#"{SCHEME} device="{device}", time="{time}", signature="{signature}""#)
    }
}
