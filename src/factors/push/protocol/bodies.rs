//! The smaller bodies: where a device is rung, what it says of itself, what it is told of its account.

use serde::{Deserialize, Serialize};

use super::{Millis, Octets, Policy, PublicKey};
use crate::push::PushAddress;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its owner has not confirmed in the portal yet that it is theirs: it can answer nothing.
    Pending,
    Active,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    pub state: SeenState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenState {
    Shown,
    Opened,
}

/// Where to ring this device from now on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SetPush {
    WebPush(WebPushAddress),
    Apns(TokenAddress),
    Fcm(TokenAddress),
    /// Nowhere: the device asks by itself.
    None(Nowhere),
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebPushAddress {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenAddress {
    pub token: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nowhere {}

impl SetPush {
    pub fn address(self) -> Option<PushAddress> {
        match self {
            Self::WebPush(WebPushAddress { endpoint, p256dh, auth }) => {
                Some(PushAddress::WebPush { endpoint, p256dh, auth })
            }
            Self::Apns(TokenAddress { token }) => Some(PushAddress::Apns { token }),
            Self::Fcm(TokenAddress { token }) => Some(PushAddress::Fcm { token }),
            Self::None(Nowhere {}) => None,
        }
    }
}

/// An address is a capability to ring.
impl std::fmt::Debug for SetPush {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WebPush(_) => "WebPush(..)",
            Self::Apns(_) => "Apns(..)",
            Self::Fcm(_) => "Fcm(..)",
            Self::None(_) => "None",
        })
    }
}

/// The key by which the phone shows that its person is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetVerification {
    pub credential_id: Octets,
    pub public_key: PublicKey,
}

impl SetVerification {
    /// WebAuthn ids have at most 1023 octets.
    const CREDENTIAL_ID_OCTETS_MAX: usize = 1023;

    pub fn is_sane(&self) -> bool {
        (1..=Self::CREDENTIAL_ID_OCTETS_MAX).contains(&self.credential_id.0.len())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub status: Status,
    pub issuer: String,
    pub account: String,
    pub label: String,
    pub push: PushState,
    pub last_shown: Option<Millis>,
    pub last_answered: Option<Millis>,
    pub verification: VerificationState,
    pub server_time: Millis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushState {
    pub kind: PushKind,
    pub since: Option<Millis>,
    pub trouble: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushKind {
    WebPush,
    Apns,
    Fcm,
    None,
}

impl From<Option<&PushAddress>> for PushKind {
    fn from(address: Option<&PushAddress>) -> Self {
        match address {
            Some(PushAddress::WebPush { .. }) => Self::WebPush,
            Some(PushAddress::Apns { .. }) => Self::Apns,
            Some(PushAddress::Fcm { .. }) => Self::Fcm,
            None => Self::None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationState {
    pub policy: Policy,
    pub registered: bool,
}

/// What anybody may know of this gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateway {
    pub issuer: String,
    pub origin: String,
    pub vapid_key: Option<PublicKey>,
    pub version: String,
    pub languages: Vec<String>,
    pub help: Option<String>,
    pub server_time: Millis,
}
