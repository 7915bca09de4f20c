//! The token that says who we are to Apple: signed by us, good for an hour, to be made no oftener than every 20 minutes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ring::error::Unspecified;
use ring::signature::EcdsaKeyPair;
use serde_json::json;
use vestibule_engine::Timestamp;

use crate::jws;

/// PSH-09: reused for 20 to 60 minutes. This leaves a quarter of an hour for clocks that differ.
const USE: Duration = Duration::from_secs(45 * 60);

/// A new one sooner than this is what Apple calls too many.
const RENEWAL_MIN: Duration = Duration::from_secs(20 * 60);

pub(super) struct ProviderToken {
    key: Arc<EcdsaKeyPair>,
    key_id: String,
    team_id: String,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    token: Option<(Timestamp, Arc<str>)>,
    /// When Apple last made us throw one away.
    renewed: Option<Timestamp>,
}

impl ProviderToken {
    pub(super) fn new(key: Arc<EcdsaKeyPair>, key_id: String, team_id: String) -> Self {
        Self { key, key_id, team_id, kept: Mutex::default() }
    }

    pub(super) fn current(&self, now: Timestamp) -> Result<Arc<str>, Unspecified> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, token)) = &kept.token
            && *made <= now
            && now.since(*made) < USE
        {
            return Ok(Arc::clone(token));
        }
        self.make(&mut kept, now)
    }

    /// Another one in place of `refused`, which Apple called expired. `None` where that would be too many: then it is
    /// not the token's age, and somebody should look at the clock.
    pub(super) fn renewed(&self, refused: &str, now: Timestamp) -> Option<Arc<str>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else was refused at the same time and has made it already.
        if let Some((_, token)) = kept.token.as_ref().filter(|(_, token)| **token != *refused) {
            return Some(Arc::clone(token));
        }
        if kept.renewed.is_some_and(|renewed| now.since(renewed) < RENEWAL_MIN) {
            return None;
        }
        kept.renewed = Some(now);
        self.make(&mut kept, now).ok()
    }

    fn make(&self, kept: &mut Kept, now: Timestamp) -> Result<Arc<str>, Unspecified> {
        let header = json!({ "alg": "ES256", "kid": self.key_id });
        let claims = json!({ "iss": self.team_id, "iat": now.secs() });
        let token: Arc<str> = jws::es256(&header, &claims, &self.key)?.into();
        kept.token = Some((now, Arc::clone(&token)));
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING;

    use super::*;

    fn token() -> ProviderToken {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let octets = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, octets.as_ref(), &random).unwrap();
        ProviderToken::new(Arc::new(key), "ABC1234567".into(), "DEF1234567".into())
    }

    fn minutes(minutes: i64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000 + minutes * 60)
    }

    /// PSH-09
    #[test]
    fn a_token_is_reused_for_45_minutes() {
        let token = token();
        let first = token.current(minutes(0)).unwrap();
        assert_eq!(token.current(minutes(44)).unwrap(), first);
        assert_ne!(token.current(minutes(45)).unwrap(), first);
    }

    /// PSH-08: TooManyProviderTokenUpdates must not be earned.
    #[test]
    fn a_token_called_expired_is_renewed_once_in_20_minutes_however_many_rings_hear_it() {
        let token = token();
        let first = token.current(minutes(0)).unwrap();
        let second = token.renewed(&first, minutes(1)).unwrap();
        assert_ne!(second, first);
        assert_eq!(token.renewed(&first, minutes(1)).unwrap(), second);
        assert_eq!(token.renewed(&second, minutes(20)), None);
        assert_ne!(token.renewed(&second, minutes(21)).unwrap(), second);
    }
}
