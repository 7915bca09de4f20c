//! Keys of devices and of the gateway, and what they sign.

use std::fmt;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use vestibule_engine::SecretBytes;

use super::{PublicKey, Signature};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("make a key")]
    Make,
    #[error("read a key: it is no PKCS#8 key on P-256")]
    Read,
    #[error("sign with a key")]
    Sign,
}

/// This was not signed by that key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not of that key")]
pub struct NotSigned;

/// The private half of a device's key, for whoever is the device.
pub struct DeviceKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
    pkcs8: SecretBytes,
    /// The library takes chance for keys and signatures from the system only.
    random: SystemRandom,
}

impl DeviceKey {
    pub fn generate() -> Result<Self, KeyError> {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Self::from_pkcs8(pkcs8.map_err(|_| KeyError::Make)?.as_ref())
    }

    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random);
        let pair = pair.map_err(|_| KeyError::Read)?;
        let point = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Read)?;
        let public = PublicKey::from_octets(point).ok_or(KeyError::Read)?;
        Ok(Self { pair, public, pkcs8: SecretBytes::new(pkcs8), random })
    }

    /// For keeping it: whoever has this is the device.
    pub fn to_pkcs8(&self) -> &SecretBytes {
        &self.pkcs8
    }

    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    pub fn sign(&self, octets: impl AsRef<[u8]>) -> Result<Signature, KeyError> {
        let signature = self.pair.sign(&self.random, octets.as_ref()).map_err(|_| KeyError::Sign)?;
        let octets = signature.as_ref().try_into().map_err(|_| KeyError::Sign)?;
        Signature::from_octets(octets).ok_or(KeyError::Sign)
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKey({})", self.public)
    }
}

impl PublicKey {
    /// There is one algorithm, so there is none to choose or to confuse (OOB-03).
    pub fn verify(&self, octets: impl AsRef<[u8]>, signature: &Signature) -> Result<(), NotSigned> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.as_octets())
            .verify(octets.as_ref(), signature.as_octets())
            .map_err(|_| NotSigned)
    }
}
