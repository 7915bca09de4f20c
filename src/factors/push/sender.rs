//! The port between the push factor and those who ring phones.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use vestibule_engine::{AttemptId, AuthenticatorId, Timestamp, UserId};

/// Where a device is rung. As the store keeps it (sealed) and the device gave it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PushAddress {
    WebPush { endpoint: String, p256dh: String, auth: String },
    Apns { token: String },
    Fcm { token: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doorbell {
    Asked,
    Over,
}

#[derive(Debug, Clone)]
pub struct Ring {
    pub user: UserId,
    pub device: AuthenticatorId,
    pub attempt: AttemptId,
    pub address: PushAddress,
    /// When the device gave this address.
    pub since: Timestamp,
    pub doorbell: Doorbell,
    /// Nobody needs it after that.
    pub until: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum NotQueued {
    #[error("the queue of {provider} is full")]
    Full { provider: &'static str },
    #[error("{provider} is not configured")]
    NotConfigured { provider: &'static str },
    #[error("the address is refused: {why}")]
    Refused { why: String },
}

/// An address is a capability to ring: it does not belong into a log.
impl std::fmt::Debug for PushAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WebPush { .. } => "WebPush(..)",
            Self::Apns { .. } => "Apns(..)",
            Self::Fcm { .. } => "Fcm(..)",
        })
    }
}

/// Rings phones. Never waits: it queues, and tells what came of it through [`PushReports`].
pub trait PushSender: Send + Sync {
    fn ring(&self, ring: Ring) -> Result<(), NotQueued>;
    /// Whether a device may register this address (scheme, host, size): SSRF rules.
    fn accepts(&self, address: &PushAddress) -> Result<(), NotQueued>;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rung {
    /// The provider took it.
    Accepted,
    /// The provider knows this address no more; true of addresses given before `as_of` (APNs says when).
    Gone { as_of: Option<Timestamp> },
    /// It could not be delivered in time, or the provider refused it for a reason of its own.
    Failed { why: String },
    /// Our own settings are wrong (key, topic, project): an administrator has to act. The address stays.
    Misconfigured { why: String },
}

#[async_trait]
pub trait PushReports: Send + Sync {
    async fn report(&self, ring: &Ring, came: Rung);
}
