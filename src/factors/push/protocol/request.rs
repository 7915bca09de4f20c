//! What a person is asked on their phone, signed by the gateway. Any node makes the same octets of the same challenge,
//! so an answer to what one node said can be judged by another.

use serde::{Deserialize, Serialize};
use vestibule_engine::{AttemptId, AuthenticatorId, Challenge, Door, Matching};

use super::{Digest, Millis, PublicKey, Signature, VERSION};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// Changes whenever what follows does.
    pub revision: String,
    pub requests: Vec<SignedRequest>,
    pub server_time: Millis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRequest {
    /// A [`Request`] as JSON: the very octets that are signed, and whose digest is the answer's context.
    pub challenge: String,
    pub signature: Signature,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub v: u8,
    pub origin: String,
    pub attempt: AttemptId,
    pub nonce: String,
    pub device: AuthenticatorId,
    pub account: String,
    pub service: ServiceName,
    #[serde(rename = "where")]
    pub place: Where,
    pub asked: Millis,
    pub until: Millis,
    /// How many digits the login shows, to be typed on the phone. The number itself is never sent (OOB-02).
    pub number: Option<Digits>,
    /// Once it has approved, the phone shows a code to type at the login.
    pub code: bool,
    pub verification: Policy,
    /// The person asked for this themselves, to see whether their phone rings.
    pub test: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceName {
    pub name: String,
    pub door: Door,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Where {
    pub address: Option<String>,
    pub station: Option<String>,
    pub client: Option<String>,
    pub place: Option<String>,
    pub known: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digits {
    pub digits: usize,
}

/// Whether a person has to show the phone that it is them (fingerprint, face, PIN) before it approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Whoever holds the unlocked phone can approve.
    #[default]
    Off,
    /// Every approval takes a fingerprint, a face or the phone's PIN.
    Required,
}

/// Why a device shows its person nothing of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    #[error("the signature is not the gateway's")]
    Signature,
    #[error("this is no request of a version we know")]
    Unreadable,
    #[error("this request is for another device or another gateway")]
    Elsewhere,
}

impl Request {
    pub(crate) fn of(challenge: &Challenge, device: AuthenticatorId, origin: &str, verification: Policy) -> Self {
        let context = challenge.context.clone();
        Self {
            v: VERSION,
            origin: origin.to_owned(),
            attempt: challenge.attempt,
            nonce: challenge.nonce.as_str().to_owned(),
            device,
            account: context.account,
            service: ServiceName { name: context.service.name.to_string(), door: context.service.door },
            place: Where {
                address: context.address,
                station: context.station,
                client: context.client,
                place: context.place,
                known: context.known,
            },
            asked: challenge.asked.into(),
            until: challenge.until.into(),
            number: match &challenge.matching {
                Matching::Shown(number) => Some(Digits { digits: number.digits() }),
                Matching::Off | Matching::FromPhone(_) => None,
            },
            code: matches!(challenge.matching, Matching::FromPhone(_)),
            verification,
            test: context.test,
        }
    }

    /// The text that is signed: JSON with the fields in the order in which they stand above.
    pub(crate) fn to_text(&self) -> String {
        // Strings, numbers and names of variants: nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl SignedRequest {
    /// For the device: the request, if the gateway signed it and it is for this device.
    pub fn open(&self, gateway: &PublicKey, origin: &str, device: AuthenticatorId) -> Result<Request, NotOurs> {
        gateway.verify(&self.challenge, &self.signature).map_err(|_| NotOurs::Signature)?;
        let request: Request = serde_json::from_str(&self.challenge).map_err(|_| NotOurs::Unreadable)?;
        if request.v != VERSION {
            return Err(NotOurs::Unreadable);
        }
        if request.origin != origin || request.device != device {
            return Err(NotOurs::Elsewhere);
        }
        Ok(request)
    }

    /// What an answer to it must name as its context.
    pub fn context(&self) -> Digest {
        Digest::of(&self.challenge)
    }
}
