//! The gateway's RSA key for those phones. Made once for all nodes and all of them, and kept sealed in the store.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs8::EncodePrivateKey as _;
use vestibule_engine::{SecretBytes, Store};

use super::{PiRefused, base32};
use crate::push::KeyFault;
use crate::push::protocol::KeyError;

const KEPT_AS: &str = "push-privacyidea-key";
/// As strong as what the phone makes would be asked to be, and three times as fast to sign with.
const BITS: usize = 3072;

pub struct PiKey {
    pair: RsaKeyPair,
    pkcs8: SecretBytes,
    public: String,
    /// For what is drawn alike on all nodes and can be foretold by nobody else.
    draws: hmac::Key,
}

impl PiKey {
    /// The key that is kept, or a new one. Making one takes seconds, on a thread of its own.
    pub async fn kept(store: &dyn Store) -> Result<Self, KeyFault> {
        if let Some(kept) = store.kept(KEPT_AS).await? {
            return Ok(Self::load(kept)?);
        }
        let made = tokio::task::spawn_blocking(Self::generate).await.map_err(|_| KeyError::Make)??;
        Ok(Self::load(store.keep(KEPT_AS, made).await?)?)
    }

    /// A new key, as PKCS#8.
    pub fn generate() -> Result<SecretBytes, KeyError> {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS).map_err(|_| KeyError::Make)?;
        let pkcs8 = key.to_pkcs8_der().map_err(|_| KeyError::Make)?;
        Ok(SecretBytes::new(pkcs8.as_bytes()))
    }

    pub fn load(pkcs8: SecretBytes) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8.expose()).map_err(|_| KeyError::Read)?;
        let public = BASE64.encode(pair.public_key());
        let seed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"vestibule-privacyidea-draws-1"), pkcs8.expose());
        let draws = hmac::Key::new(hmac::HMAC_SHA256, seed.as_ref());
        Ok(Self { pair, pkcs8, public, draws })
    }

    pub fn to_pkcs8(&self) -> &SecretBytes {
        &self.pkcs8
    }

    /// As the app reads it: PKCS#1 in base 64, on one line.
    pub fn public_key_base64(&self) -> &str {
        &self.public
    }

    /// A signature in base 32.
    pub(super) fn sign(&self, text: &str) -> Result<String, PiRefused> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| PiRefused::Sign)?;
        Ok(base32::encode(&signature))
    }

    /// A number that every node draws alike for the same words.
    pub(super) fn draw(&self, nonce: &str, at: u32) -> u64 {
        let drawn = hmac::sign(&self.draws, format!("{nonce}|{at}").as_bytes());
        drawn.as_ref().iter().take(8).fold(0, |number, octet| (number << 8) | u64::from(*octet))
    }
}

impl std::fmt::Debug for PiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PiKey(..)")
    }
}
