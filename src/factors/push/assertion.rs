//! The person showed their phone that it is them: a WebAuthn assertion (Level 3 §7.2) by the credential that the device
//! registered, over the very text that the device signed.
//!
//! Of the steps of §7.2, those about choosing a credential do not arise: there is one, bound to this device.

use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;

use super::protocol::{Assertion, Digest, PublicKey};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
/// The digest of the relying party, the flags and the counter.
const DATA_OCTETS_MIN: usize = 37;
const DATA_OCTETS_MAX: usize = 1024;
const CLIENT_DATA_OCTETS_MAX: usize = 4096;

/// Which step of the verification refused an assertion. For tests and the log; a device hears "verification".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("it is not readable")]
    Unreadable,
    #[error("it is of another type")]
    Type,
    #[error("it is for another challenge")]
    Challenge,
    #[error("it was made on another site")]
    Origin,
    #[error("it was made inside another site's page")]
    Embedded,
    #[error("it is for another relying party")]
    RelyingParty,
    #[error("the person was not there")]
    Presence,
    #[error("the person did not show that it is them")]
    Verification,
    #[error("the signature is not of the registered key")]
    Signature,
}

/// The site whose assertions count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) origin: String,
    /// The host of the origin, which is what browsers take without being told.
    pub(super) relying_party: String,
}

impl Site {
    pub(super) fn new(origin: &str) -> Self {
        let host = url::Url::parse(origin).ok().and_then(|url| url.host_str().map(str::to_owned));
        Self { origin: origin.to_owned(), relying_party: host.unwrap_or_default() }
    }
}

#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin", default)]
    top_origin: Option<String>,
}

/// `signed` is the text of the answer. (WAN-02)
#[must_use = "the person is believed only if this is Ok"]
pub(super) fn verify(assertion: &Assertion, key: &PublicKey, site: &Site, signed: &str) -> Result<(), Refused> {
    let (data, client_data) = (&assertion.authenticator_data.0, &assertion.client_data.0);
    if !(DATA_OCTETS_MIN..=DATA_OCTETS_MAX).contains(&data.len()) || client_data.len() > CLIENT_DATA_OCTETS_MAX {
        return Err(Refused::Unreadable);
    }
    let said: ClientData = serde_json::from_slice(client_data).map_err(|_| Refused::Unreadable)?;
    if said.kind != "webauthn.get" {
        return Err(Refused::Type);
    }
    if said.challenge != Digest::of(signed).to_string() {
        return Err(Refused::Challenge);
    }
    if said.origin != site.origin {
        return Err(Refused::Origin);
    }
    if said.cross_origin || said.top_origin.is_some() {
        return Err(Refused::Embedded);
    }
    let (party, rest) = data.split_at_checked(32).ok_or(Refused::Unreadable)?;
    let flags = *rest.first().ok_or(Refused::Unreadable)?;
    if site.relying_party.is_empty() || party != Digest::of(&site.relying_party).as_octets() {
        return Err(Refused::RelyingParty);
    }
    if flags & USER_PRESENT == 0 {
        return Err(Refused::Presence);
    }
    if flags & USER_VERIFIED == 0 {
        return Err(Refused::Verification);
    }
    let mut octets = data.clone();
    octets.extend_from_slice(Digest::of(client_data).as_octets());
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.as_octets())
        .verify(&octets, &assertion.signature.0)
        .map_err(|_| Refused::Signature)
}
