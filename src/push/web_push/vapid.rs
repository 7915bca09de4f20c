//! Who we are to push services (RFC 8292): a key of our own, and a token for each service signed with it.
//!
//! A subscription is tied to this key for its life. So there is one key for an installation, made once and kept; with a
//! new one every browser has to subscribe again.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::json;
use vestibule_engine::{SecretBytes, Timestamp};

use crate::jws;

/// RFC 8292 allows a day; half of it stays valid where the service's clock is off.
const TOKEN_LIFE: Duration = Duration::from_secs(12 * 3_600);

/// A token is used for half of its life.
const TOKEN_USE: Duration = Duration::from_secs(6 * 3_600);

/// Tokens that are kept. There are a handful of services; a wildcard among the allowed hosts must not fill memory.
const TOKENS_MAX: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum VapidKeyError {
    #[error("make a VAPID key: the system gave no random octets")]
    NotMade,
    #[error("load the VAPID key: it is no P-256 key in PKCS#8")]
    NotRead,
}

/// The key browsers subscribe with. Its private half never leaves this type.
#[derive(Clone)]
pub struct VapidKey {
    pair: Arc<EcdsaKeyPair>,
    public: [u8; 65],
}

impl VapidKey {
    /// A new key as PKCS#8 octets, to be kept sealed and given to [`VapidKey::load`] at every start.
    pub fn generate() -> Result<SecretBytes, VapidKeyError> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        made.map(|octets| SecretBytes::new(octets.as_ref())).map_err(|_| VapidKeyError::NotMade)
    }

    pub fn load(pkcs8: &SecretBytes) -> Result<Self, VapidKeyError> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.expose(), &random)
            .map_err(|_| VapidKeyError::NotRead)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| VapidKeyError::NotRead)?;
        Ok(Self { pair: Arc::new(pair), public })
    }

    /// The uncompressed point: `applicationServerKey` of the browser's `subscribe`.
    pub fn public_point(&self) -> &[u8; 65] {
        &self.public
    }

    /// The same as base64url without padding, as the device protocol and the `vapid` scheme write it.
    pub fn public_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public)
    }
}

impl fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VapidKey({})", self.public_text())
    }
}

/// Makes the `Authorization` of requests, one token for each push service.
pub(super) struct Vapid {
    key: VapidKey,
    contact: String,
    tokens: Mutex<HashMap<String, (Timestamp, Arc<str>)>>,
}

impl Vapid {
    /// `contact`: whom the push service asks when something is odd, `mailto:` or `https:`.
    pub(super) fn new(key: VapidKey, contact: String) -> Self {
        Self { key, contact, tokens: Mutex::default() }
    }

    /// `origin` is that of the endpoint.
    pub(super) fn authorization(&self, origin: &str, now: Timestamp) -> Result<String, Unspecified> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes a token from the future, which services may find too long-lived.
        let usable = |made: Timestamp| made <= now && now.since(made) < TOKEN_USE;
        if let Some((_, token)) = tokens.get(origin).filter(|(made, _)| usable(*made)) {
            return Ok(self.header(token));
        }
        let token = self.token(origin, now)?;
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(origin.to_owned(), (now, token.as_str().into()));
        Ok(self.header(&token))
    }

    fn header(&self, token: &str) -> String {
        format!("vapid t={token}, k={}", self.key.public_text())
    }

    fn token(&self, origin: &str, now: Timestamp) -> Result<String, Unspecified> {
        let claims = json!({ "aud": origin, "exp": now.after(TOKEN_LIFE).secs(), "sub": self.contact });
        jws::es256(&json!({ "typ": "JWT", "alg": "ES256" }), &claims, &self.key.pair)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vapid() -> Vapid {
        let key = VapidKey::load(&VapidKey::generate().unwrap()).unwrap();
        Vapid::new(key, "mailto:security@example.com".into())
    }

    fn claims(authorization: &str) -> serde_json::Value {
        let part = authorization.split(['.', ',']).nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    /// PSH-03
    #[test]
    fn a_token_names_one_service_is_reused_for_six_hours_and_valid_for_twelve() {
        let vapid = vapid();
        let start = Timestamp::from_secs(1_800_000_000);
        let at = |origin: &str, hours: u64| {
            vapid.authorization(origin, start.after(Duration::from_secs(hours * 3_600))).unwrap()
        };
        let first = at("https://push.example.com", 0);
        assert_eq!(
            claims(&first),
            json!({
                "aud": "https://push.example.com",
                "exp": 1_800_000_000 + 12 * 3_600,
                "sub": "mailto:security@example.com",
            })
        );
        assert_eq!(at("https://push.example.com", 5), first);
        assert_ne!(at("https://push.example.net", 5), first);
        assert_eq!(claims(&at("https://push.example.com", 6))["exp"], 1_800_000_000 + 18 * 3_600);
    }

    #[test]
    fn a_clock_set_back_makes_a_new_token() {
        let vapid = vapid();
        let late = vapid.authorization("https://a.example", Timestamp::from_secs(2_000_000_000)).unwrap();
        let early = vapid.authorization("https://a.example", Timestamp::from_secs(1_800_000_000)).unwrap();
        assert_eq!(claims(&early)["exp"], 1_800_000_000 + 12 * 3_600);
        assert_ne!(early, late);
    }

    #[test]
    fn many_services_do_not_fill_memory() {
        let vapid = vapid();
        for each in 0..=TOKENS_MAX {
            vapid.authorization(&format!("https://{each}.example"), Timestamp::from_secs(1_800_000_000)).unwrap();
        }
        assert!(vapid.tokens.lock().unwrap().len() <= TOKENS_MAX);
    }

    #[test]
    fn a_kept_key_is_the_same_key_after_a_restart_and_is_never_shown() {
        let kept = VapidKey::generate().unwrap();
        let (one, two) = (VapidKey::load(&kept).unwrap(), VapidKey::load(&kept).unwrap());
        assert_eq!(one.public_point(), two.public_point());
        assert_eq!(one.public_point()[0], 4);
        assert_eq!(format!("{one:?}"), format!("VapidKey({})", one.public_text()));
        VapidKey::load(&SecretBytes::new(*b"no key")).unwrap_err();
    }
}
