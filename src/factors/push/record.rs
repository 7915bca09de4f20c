//! What the store keeps of a device, and what an answer from elsewhere carries to its judge. Both are ours to write and
//! nobody else's to read.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vestibule_engine::{
    Answer, Authenticator, AuthenticatorId, Method, NewAuthenticator, PortError, Random, SecretBytes, Store,
    StoreError, Timestamp, UserId,
};

use super::PushAddress;
use super::privacyidea::{PiAnswer, PiDevice};
use super::protocol::{AnswerBody, Decision, Octets, PublicKey};
use crate::shown::new_id;

/// The secret of an authenticator of [`Method::Push`]. It holds public keys only; the store seals it all the same, so
/// that nobody can put another key there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DeviceRecord {
    /// Speaks [our protocol](super::protocol).
    Vestibule(VestibuleDevice),
    /// A phone with the privacyIDEA Authenticator.
    Privacyidea(PiDevice),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VestibuleDevice {
    pub public_key: PublicKey,
    /// As it calls itself: shown to its owner, believed nowhere.
    pub platform: String,
    pub verification: Option<Credential>,
}

/// The key that a phone uses only after its person showed that it is them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    pub credential_id: Octets,
    pub public_key: PublicKey,
}

impl DeviceRecord {
    pub fn of(secret: &SecretBytes) -> Result<Self, PortError> {
        read(secret, "read what is kept of a device: the record is damaged")
    }

    pub fn to_secret(&self) -> Result<SecretBytes, PortError> {
        write(self, "write down a device")
    }
}

/// A device that is not confirmed yet: it can answer nothing.
pub fn new_device(
    user: UserId,
    label: &str,
    record: &DeviceRecord,
    random: &dyn Random,
) -> Result<NewAuthenticator, PortError> {
    new_device_as(new_id(random)?, user, label, record)
}

/// The same, where its id was given out before: it is part of what a phone of another maker was shown.
pub fn new_device_as(
    id: AuthenticatorId,
    user: UserId,
    label: &str,
    record: &DeviceRecord,
) -> Result<NewAuthenticator, PortError> {
    let (label, secret) = (label.to_owned(), record.to_secret()?);
    Ok(NewAuthenticator { id, user, method: Method::Push, label, secret, confirmed: false, high_water: 0 })
}

/// The id of the code generator that is paired together with this device, where one is. The two are one thing in a hand:
/// who loses the device loses both.
pub fn codes_of(device: AuthenticatorId) -> AuthenticatorId {
    AuthenticatorId(uuid::Uuid::from_u128(device.0.as_u128() ^ 1))
}

/// Take an authenticator away, and with a device the codes that it shows.
pub async fn take_away(store: &dyn Store, one: &Authenticator, by: &str, now: Timestamp) -> Result<(), StoreError> {
    let codes = match one.method {
        Method::Push => store.authenticator(codes_of(one.id)).await?,
        _ => None,
    };
    store.remove_authenticator(one.id, by, now).await?;
    match codes {
        Some(codes) if codes.user == one.user => match store.remove_authenticator(codes.id, by, now).await {
            // Somebody else was first.
            Err(StoreError::Refused(_)) => Ok(()),
            removed => removed,
        },
        _ => Ok(()),
    }
}

/// As the store keeps it, sealed: an address is a capability to ring.
pub fn address_secret(address: &PushAddress) -> Result<SecretBytes, PortError> {
    write(address, "write down where a device is rung")
}

pub fn address_of(secret: &SecretBytes) -> Result<PushAddress, PortError> {
    read(secret, "read where a device is rung: the record is damaged")
}

/// What a device sent, for [`Push`](super::Push) to judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    pub(super) device: AuthenticatorId,
    pub(super) given: Given,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Given {
    Device(AnswerBody),
    Privacyidea(PiAnswer),
}

impl Proof {
    pub fn of_device(device: AuthenticatorId, answer: AnswerBody) -> Self {
        Self { device, given: Given::Device(answer) }
    }

    pub fn of_privacyidea(device: AuthenticatorId, answer: PiAnswer) -> Self {
        Self { device, given: Given::Privacyidea(answer) }
    }

    /// The answer for the engine, which hands it back to the factor to be judged.
    pub fn into_answer(self) -> Answer {
        let decision = self.decision();
        // A proof that could not be written proves nothing, and is judged so.
        let proof = write(&self, "write down a proof").unwrap_or_default();
        match decision {
            Decision::Approve => Answer::Approved { method: Method::Push, proof },
            Decision::Deny => Answer::Declined { method: Method::Push, reported: false, proof },
            Decision::Report => Answer::Declined { method: Method::Push, reported: true, proof },
        }
    }

    /// What the device says, and under which an answer to the engine must stand as well.
    pub(super) fn decision(&self) -> Decision {
        match &self.given {
            Given::Device(answer) => answer.decision,
            Given::Privacyidea(answer) => answer.decision(),
        }
    }

    /// The proof, if the answer carries one of ours and says what it says.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        let (proof, decided) = match answer {
            Answer::Approved { method: Method::Push, proof } => (proof, Decision::Approve),
            Answer::Declined { method: Method::Push, reported: false, proof } => (proof, Decision::Deny),
            Answer::Declined { method: Method::Push, reported: true, proof } => (proof, Decision::Report),
            _ => return None,
        };
        let proof: Self = serde_json::from_slice(proof.expose()).ok()?;
        (proof.decision() == decided).then_some(proof)
    }
}

fn write(value: &impl Serialize, doing: &str) -> Result<SecretBytes, PortError> {
    serde_json::to_vec(value)
        .map(SecretBytes::new)
        .map_err(|cause| PortError::Unusable { doing: doing.into(), cause: Some(Box::new(cause)) })
}

/// What the parser would say of a damaged record may quote it.
fn read<T: DeserializeOwned>(secret: &SecretBytes, doing: &str) -> Result<T, PortError> {
    serde_json::from_slice(secret.expose()).map_err(|_| PortError::unusable(doing))
}
