//! One account of a phone: what pairing gives, and what is kept of it.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use vestibule_engine::AuthenticatorId;
use vestibule_factors::push::protocol::{
    ConfirmationCode, DeviceKey, PublicKey, Register, Registered, confirmation_code,
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::line::{Line, Sent};
use super::{PairingLink, Phone, PhoneError, Surroundings};

/// As it is kept. It holds the private key, so whoever has it is this device.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub origin: String,
    pub device: AuthenticatorId,
    pub issuer: String,
    /// The name the person signs in with.
    pub name: String,
    pub label: String,
    /// The gateway's public key: what it did not sign is not believed.
    pub(super) gateway_key: String,
    /// Our own, PKCS#8.
    pub(super) private_key: Hidden,
    /// How far the gateway's clock is ahead of ours, in milliseconds.
    #[serde(default)]
    pub(super) clock_ahead: i64,
    /// The authority this account was paired with, where that is none of this machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authority: Option<String>,
    /// The key of its codes, as an `otpauth://` address, where the gateway gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) totp: Option<Hidden>,
}

/// A text that is gone from memory when it is dropped.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub(super) struct Hidden(String);

/// Who it is; never a key.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({} at {}, {})", self.name, self.origin, self.device)
    }
}

impl Account {
    pub(super) fn key(&self) -> Result<DeviceKey, PhoneError> {
        let unusable = PhoneError::Unusable("the key of this account");
        let Ok(octets) = URL_SAFE_NO_PAD.decode(self.private_key.0.as_bytes()).map(Zeroizing::new) else {
            return Err(unusable);
        };
        DeviceKey::from_pkcs8(&octets).map_err(|_| unusable)
    }

    pub(super) fn gateway(&self) -> Result<PublicKey, PhoneError> {
        PublicKey::parse(&self.gateway_key).ok_or(PhoneError::Unusable("the gateway's key of this account"))
    }

    /// The key of its codes, as an `otpauth://` address.
    pub fn totp(&self) -> Option<&str> {
        self.totp.as_ref().map(|address| address.0.as_str())
    }
}

/// A phone that was just paired.
pub struct Paired {
    pub phone: Phone,
    /// What the portal must show as well.
    pub code: ConfirmationCode,
}

impl fmt::Debug for Paired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Paired({:?}, {})", self.phone.account, self.code)
    }
}

pub(super) async fn pair(
    link: &PairingLink,
    label: &str,
    platform: &str,
    surroundings: &Surroundings,
) -> Result<Paired, PhoneError> {
    let unusable = |_| PhoneError::Unusable("a new key");
    let key = DeviceKey::generate().map_err(unusable)?;
    let line = Line::new(&link.origin, None, 0, surroundings)?;
    let register = |now| {
        let body = Register::sign(&key, &link.origin, &link.token, label, platform, now).map_err(unusable)?;
        let body = serde_json::to_vec(&body).map_err(|_| PhoneError::Unusable("this label"))?;
        Ok(Sent { authorization: None, body })
    };
    let heard = line.exchange(Method::POST, "/device/v1/register", Duration::ZERO, register).await?;
    let registered: Registered = heard.body()?;
    let code = confirmation_code(&link.token, registered.device, &key.public_key(), &registered.gateway_key);
    let account = Account {
        origin: link.origin.clone(),
        device: registered.device,
        issuer: registered.issuer,
        name: registered.account,
        label: label.to_owned(),
        gateway_key: registered.gateway_key.to_string(),
        private_key: Hidden(URL_SAFE_NO_PAD.encode(key.to_pkcs8().expose())),
        clock_ahead: line.clock_ahead(),
        authority: surroundings.authority.clone(),
        totp: registered.totp.map(Hidden),
    };
    Ok(Paired { phone: Phone::of(account, surroundings)?, code })
}
