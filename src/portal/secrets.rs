//! Secrets that a browser holds, and what the store keeps of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};
use subtle::ConstantTimeEq;
use vestibule_engine::{PortError, Random};
use zeroize::Zeroizing;

/// Random octets of a secret: 256 bits, twice what SES-01 asks for.
const OCTETS: usize = 32;
/// Their length as text.
const CHARS: usize = 43;

/// What a cookie holds. Never logged, never stored: the store keeps its digest.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn draw(random: &dyn Random) -> Result<Self, PortError> {
        let mut octets = Zeroizing::new([0; OCTETS]);
        random.fill(&mut *octets)?;
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(*octets))))
    }

    /// What a browser brought, where it can be one of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let looks_right = text.len() == CHARS && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c));
        looks_right.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut octets = [0; 32];
        octets.copy_from_slice(digest::digest(&digest::SHA256, self.0.as_bytes()).as_ref());
        octets
    }

    /// What a form of this browser carries, so that no other site can send it (HTP-16).
    pub(crate) fn form_token(&self) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, b"vestibule form 1"))
    }

    pub(crate) fn made(&self, form_token: &str) -> bool {
        self.form_token().as_bytes().ct_eq(form_token.as_bytes()).into()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A name for something that is kept under a digest, which tells nothing of that digest: it may stand in a page.
pub(crate) fn reference(digest: &[u8; 32]) -> String {
    let twice = digest::digest(&digest::SHA256, digest);
    twice.as_ref().iter().take(8).map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Random for Counting {
        fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
            octets.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            Ok(())
        }
    }

    #[test] // SES-01
    fn a_secret_is_long_survives_a_cookie_and_is_told_nowhere() {
        let random = Counting(std::sync::atomic::AtomicU8::new(1));
        let (one, other) = (Secret::draw(&random).unwrap(), Secret::draw(&random).unwrap());
        assert_eq!(one.expose().len(), CHARS);
        assert_eq!(Secret::parse(one.expose()).unwrap().digest(), one.digest());
        assert_ne!(one.digest(), other.digest());
        assert_eq!(format!("{one:?}"), "Secret(..)");
        for odd in ["", "short", &"a".repeat(44), &"!".repeat(43)] {
            assert!(Secret::parse(odd).is_none(), "{odd}");
        }
    }

    #[test] // HTP-16
    fn a_form_token_is_good_for_its_own_browser_only() {
        let random = Counting(std::sync::atomic::AtomicU8::new(1));
        let (one, other) = (Secret::draw(&random).unwrap(), Secret::draw(&random).unwrap());
        assert!(one.made(&one.form_token()));
        assert!(!one.made(&other.form_token()) && !one.made("") && !one.made(one.expose()));
        assert_ne!(one.form_token(), one.expose());
    }
}
