//! What the store keeps beside logins: devices and how far a request to one got, and what holders of a secret may do.

use serde::{Deserialize, Serialize};

use crate::{AttemptId, AuthenticatorId, SecretBytes, Timestamp, UserId};

/// What is known of a device besides its key: where it is rung, and when it was last heard of.
#[derive(Debug, Clone)]
pub struct Device {
    pub id: AuthenticatorId,
    /// The push factor's own record of the address, sealed at rest.
    pub push: Option<SecretBytes>,
    pub push_since: Option<Timestamp>,
    pub last_seen: Option<Timestamp>,
    pub last_shown: Option<Timestamp>,
    pub last_answered: Option<Timestamp>,
    /// Why it could not be rung the last time, for its owner and the administrator.
    pub trouble: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceMark {
    /// It asked us something.
    Seen,
    /// It showed a request.
    Shown,
    Answered,
    /// It could not be rung.
    Trouble(String),
    /// It could be rung.
    Reached,
}

/// How far a request on a phone got. Each at most once a challenge and device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    pub attempt: AttemptId,
    pub user: UserId,
    pub authenticator: AuthenticatorId,
    pub state: DeliveryState,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// On its way to the push service.
    Queued,
    /// The push service took it.
    Accepted,
    /// The push service did not take it.
    Failed,
    /// The device showed a notification.
    Shown,
    /// The person opened it.
    Opened,
    Answered,
}

impl DeliveryState {
    pub const ALL: [Self; 6] = [Self::Queued, Self::Accepted, Self::Failed, Self::Shown, Self::Opened, Self::Answered];

    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Shown => "shown",
            Self::Opened => "opened",
            Self::Answered => "answered",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Something that is known by a secret that only its holder has: a session, a pairing. The store keeps the secret's
/// digest, never the secret.
#[derive(Debug, Clone)]
pub struct Token {
    pub kind: TokenKind,
    /// SHA-256 of the secret.
    pub digest: [u8; 32],
    pub user: Option<UserId>,
    /// Its owner's own record, sealed at rest.
    pub payload: SecretBytes,
    pub created: Timestamp,
    pub expires: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Somebody is signed in to the portal.
    Session,
    /// Somebody is on the way in: a login at the portal that waits for its second step.
    SigningIn,
    /// A device may be paired, once.
    Pairing,
    /// A device was paired and waits for its confirmation; the digest is that of the pairing's secret.
    Paired,
    /// An enrolment of a phone app of another maker.
    Enrolment,
    /// A password that a person made for one program.
    AppPassword,
}

impl TokenKind {
    pub const ALL: [Self; 6] =
        [Self::Session, Self::SigningIn, Self::Pairing, Self::Paired, Self::Enrolment, Self::AppPassword];

    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::SigningIn => "signing-in",
            Self::Pairing => "pairing",
            Self::Paired => "paired",
            Self::Enrolment => "enrolment",
            Self::AppPassword => "app-password",
        }
    }
}
