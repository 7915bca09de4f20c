//! What is kept of a pairing while it goes on: first what is offered, then what was bound.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use vestibule_engine::{AuthenticatorId, Method, NewAuthenticator, SecretBytes, Token, UserId};

use super::{PairingFault, sealed};

/// The QR code that a session shows.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Offer {
    pub(crate) session: [u8; 32],
    /// For drawing the code again when the page is loaded again.
    pub(crate) link: String,
    /// Which device it will be, where the QR code says so (an app that knows serial numbers only).
    pub(crate) device: Option<AuthenticatorId>,
}

/// The device that took an offer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Bound {
    pub(crate) session: [u8; 32],
    pub(crate) device: AuthenticatorId,
    pub(crate) code: Option<String>,
    pub(crate) label: String,
    pub(crate) platform: String,
    /// The codes that the same device shows. They are enrolled when it is confirmed, and not before.
    pub(crate) totp: Option<Codes>,
    pub(crate) done: bool,
}

/// A code generator that the device was given.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Codes {
    pub(crate) id: AuthenticatorId,
    secret: Vec<u8>,
}

impl Codes {
    pub(crate) fn of(new: &NewAuthenticator) -> Self {
        Self { id: new.id, secret: new.secret.expose().to_vec() }
    }

    /// Confirmed by what confirms its device: no code of it was used yet.
    pub(crate) fn enrolled(&self, user: UserId, label: &str) -> NewAuthenticator {
        NewAuthenticator {
            id: self.id,
            user,
            method: Method::Totp,
            label: label.to_owned(),
            secret: SecretBytes::new(self.secret.clone()),
            confirmed: true,
            high_water: -1,
        }
    }
}

impl Drop for Codes {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}

impl Offer {
    pub(crate) fn to_payload(&self) -> Result<SecretBytes, PairingFault> {
        sealed(self)
    }

    pub(crate) fn of(token: &Token) -> Result<Self, PairingFault> {
        serde_json::from_slice(token.payload.expose()).map_err(PairingFault::Damaged)
    }
}

impl Bound {
    pub(crate) fn to_payload(&self) -> Result<SecretBytes, PairingFault> {
        sealed(self)
    }

    pub(crate) fn of(token: &Token) -> Result<Self, PairingFault> {
        serde_json::from_slice(token.payload.expose()).map_err(PairingFault::Damaged)
    }
}

/// Whether it belongs to this person and to this session of theirs.
pub(crate) fn belongs(token: &Token, kept: &[u8; 32], user: UserId, session: &[u8; 32]) -> bool {
    token.user == Some(user) && bool::from(kept.ct_eq(session))
}
