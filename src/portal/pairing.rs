//! Pairing a phone: from the page that shows a QR code, over the phone that scans it, to the person who sees the same
//! code on both and says so.
//!
//! ```text
//!  page ─begin─▶ Waiting ──claim (phone, once)──▶ Confirm ──confirm (page)──▶ Done
//!                   └──────────── 5 minutes ─────────┴── refuse, or 10 minutes ──▶ Over: nothing is left of it
//! ```
//!
//! The secret in the QR code is good for one phone, for five minutes, and only while the portal session that showed it
//! lives (OOB-09). Until the person confirms, what was paired can answer nothing. It must not know pages or HTTP.

mod binding;
mod claim;
mod qr;
mod settle;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use vestibule_engine::{
    Authenticator, AuthenticatorId, Clock, Method, PortError, Random, SecretBytes, Store, StoreError, Timestamp, Token,
    TokenKind, UserId,
};
use vestibule_factors::Totp;
use vestibule_factors::push::GatewayKey;
use zeroize::Zeroizing;

pub(crate) use binding::{Bound, Offer};
pub(crate) use claim::ClaimRefused;
pub(crate) use qr::drawn;

/// How long the QR code is good for.
const OFFER_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// How long the person has to compare the codes, from the moment the phone has scanned.
const CONFIRM_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Nobody has more phones than this; each is a key that opens the account.
const DEVICES_MAX: usize = 10;

/// In the audit: by the person themselves.
const BY_PERSON: &str = "portal";
/// In the audit: nobody confirmed it in time.
const BY_EXPIRY: &str = "expiry";

#[derive(Debug, Clone)]
pub struct PairingSettings {
    /// `https://login.example.com`, without a slash at the end.
    pub origin: String,
    pub issuer: String,
    /// A paired phone shows codes as well, for the day it has no network.
    pub totp_with_pairing: bool,
}

pub struct PairingParts {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub key: Arc<GatewayKey>,
    pub totp: Arc<Totp>,
}

pub struct Pairing {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    key: Arc<GatewayKey>,
    totp: Arc<Totp>,
    pub(crate) settings: PairingSettings,
}

/// Names a pairing on the page that shows it: the digest of its secret, from which nobody gets the secret back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PairingId(pub(crate) [u8; 32]);

/// What the page shows.
pub struct Begun {
    pub id: PairingId,
    /// Holds the secret: it goes to the page of this session and nowhere else.
    pub link: String,
    /// The link as an `<svg>` without style or script.
    pub qr: String,
    pub until: Timestamp,
}

#[derive(Clone, PartialEq, Eq)]
pub enum PairingStatus {
    /// Nobody scanned it yet.
    Waiting { link: String, qr: String, until: Timestamp },
    /// A phone scanned it. The person compares the code; an app of another maker shows none.
    Confirm { device: AuthenticatorId, code: Option<String>, label: String, platform: String, until: Timestamp },
    /// It can answer from now on.
    Done { device: AuthenticatorId, totp: Option<AuthenticatorId> },
    /// Expired, refused, or never of this session.
    Over,
}

/// We could not do it. What the person may not do is [`PairingStatus::Over`].
#[derive(Debug, thiserror::Error)]
pub enum PairingFault {
    #[error("read or keep a pairing")]
    Store(#[from] StoreError),
    #[error("make the secret or the key of a pairing")]
    Random(#[from] PortError),
    #[error("read a pairing that was kept")]
    Damaged(#[source] serde_json::Error),
    #[error("draw a QR code of {0} octets")]
    TooLong(usize),
    /// The one fault that its person can mend.
    #[error("pair one more phone: there are {DEVICES_MAX} already")]
    TooManyDevices,
}

impl Pairing {
    pub fn new(parts: PairingParts, settings: PairingSettings) -> Self {
        let PairingParts { store, clock, random, key, totp } = parts;
        Self { store, clock, random, key, totp, settings }
    }

    /// An earlier pairing of this person that is not finished is over by this.
    pub async fn begin(&self, user: UserId, session: [u8; 32]) -> Result<Begun, PairingFault> {
        let mut octets = Zeroizing::new([0; 32]);
        self.random.fill(&mut *octets)?;
        let secret = Zeroizing::new(BASE64URL.encode(octets.as_slice()));
        let link = format!("{}/authenticator/#pair={}", self.settings.origin, &*secret);
        let offer = Offer { session, link, device: None };
        self.offer(TokenKind::Pairing, user, &secret, offer, OFFER_LIFETIME).await
    }

    pub async fn status(&self, user: UserId, session: [u8; 32], id: PairingId) -> Result<PairingStatus, PairingFault> {
        self.status_of(TokenKind::Pairing, user, session, id).await
    }

    /// The person says that both show the same code.
    pub async fn confirm(&self, user: UserId, session: [u8; 32], id: PairingId) -> Result<PairingStatus, PairingFault> {
        self.confirm_bound(user, session, id).await
    }

    /// The person says no, or leaves: nothing is left of it.
    pub async fn refuse(&self, user: UserId, session: [u8; 32], id: PairingId) -> Result<(), PairingFault> {
        self.refuse_of(TokenKind::Pairing, user, session, id).await
    }

    /// Keep what a QR code offers, under the digest of its secret.
    pub(crate) async fn offer(
        &self,
        kind: TokenKind,
        user: UserId,
        secret: &str,
        offer: Offer,
        lifetime: Duration,
    ) -> Result<Begun, PairingFault> {
        self.clear_away(user).await?;
        let devices = self.store.authenticators(user).await?;
        if devices.iter().filter(|device| device.method == Method::Push).count() >= DEVICES_MAX {
            return Err(PairingFault::TooManyDevices);
        }
        let now = self.clock.now();
        let (id, until) = (PairingId::of(secret), now.after(lifetime));
        let qr = drawn(&offer.link)?;
        let payload = offer.to_payload()?;
        let link = offer.link;
        let token = Token { kind, digest: id.0, user: Some(user), payload, created: now, expires: until };
        self.store.put_token(token).await?;
        Ok(Begun { id, link, qr, until })
    }

    /// Whether nobody confirmed this device in time. It counts for nothing, and is removed by whoever meets it.
    pub(crate) async fn was_abandoned(&self, device: &Authenticator) -> Result<bool, PairingFault> {
        let abandoned = self.is_abandoned(device);
        if abandoned {
            self.remove_unconfirmed(device.id, BY_EXPIRY).await?;
        }
        Ok(abandoned)
    }

    fn is_abandoned(&self, device: &Authenticator) -> bool {
        !device.confirmed && device.created.after(CONFIRM_LIFETIME) <= self.clock.now()
    }

    /// Whether the portal session that began it is still there.
    pub(crate) async fn session_lives(&self, session: &[u8; 32], now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.store.token(TokenKind::Session, session, now).await?.is_some())
    }
}

impl PairingId {
    pub(crate) fn of(secret: &str) -> Self {
        let mut digest = [0; 32];
        digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, secret.as_bytes()).as_ref());
        Self(digest)
    }
}

impl fmt::Display for PairingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL.encode(self.0))
    }
}

impl fmt::Debug for PairingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PairingId({self})")
    }
}

/// This is not the name of a pairing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read the name of a pairing")]
pub struct NoPairingId;

impl FromStr for PairingId {
    type Err = NoPairingId;

    fn from_str(text: &str) -> Result<Self, NoPairingId> {
        let octets = BASE64URL.decode(text).map_err(|_| NoPairingId)?;
        octets.try_into().map(Self).map_err(|_| NoPairingId)
    }
}

/// A secret of ours as JSON, wiped when dropped.
fn sealed(value: &impl serde::Serialize) -> Result<SecretBytes, PairingFault> {
    serde_json::to_vec(value).map(SecretBytes::new).map_err(PairingFault::Damaged)
}

/// An error with its causes, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
