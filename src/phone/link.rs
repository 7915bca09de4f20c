//! The link in a pairing QR code.

use std::fmt;

use reqwest::Url;
use zeroize::Zeroizing;

use super::LinkRefused;

/// `https://login.example.com/authenticator/#pair=...`. Opening it tells nobody the token: it is in the fragment.
#[derive(Clone)]
pub struct PairingLink {
    pub(super) origin: String,
    pub(super) token: Zeroizing<String>,
}

/// Ours are 43 characters; nothing near this is one.
const TOKEN_OCTETS_MAX: usize = 256;

impl PairingLink {
    pub fn parse(text: &str) -> Result<Self, LinkRefused> {
        let url = Url::parse(text.trim()).map_err(|_| LinkRefused::NoOrigin)?;
        if url.scheme() != "https" || url.host_str().is_none() {
            return Err(LinkRefused::NoOrigin);
        }
        let token = url.fragment().and_then(|fragment| fragment.strip_prefix("pair=")).ok_or(LinkRefused::NoToken)?;
        let is_base64url = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        if token.is_empty() || token.len() > TOKEN_OCTETS_MAX || !token.bytes().all(is_base64url) {
            return Err(LinkRefused::NoToken);
        }
        Ok(Self { origin: url.origin().ascii_serialization(), token: Zeroizing::new(token.to_owned()) })
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// Never the token.
impl fmt::Debug for PairingLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PairingLink({}, ..)", self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_of_a_portal_gives_its_origin_and_the_token() {
        let link = PairingLink::parse(" https://Login.Example.com:8443/authenticator/#pair=abc-_9\n").unwrap();
        assert_eq!((link.origin(), link.token.as_str()), ("https://login.example.com:8443", "abc-_9"));
        assert!(!format!("{link:?}").contains("abc-_9"));
        let usual = PairingLink::parse("https://login.example.com:443/authenticator/#pair=a").unwrap();
        assert_eq!(usual.origin(), "https://login.example.com");
    }

    #[test]
    fn what_is_no_pairing_link_is_refused() {
        for (text, why) in [
            ("http://login.example.com/authenticator/#pair=abc", LinkRefused::NoOrigin),
            ("login.example.com", LinkRefused::NoOrigin),
            ("otpauth://totp/x?secret=AAAA", LinkRefused::NoOrigin),
            ("https://login.example.com/authenticator/", LinkRefused::NoToken),
            ("https://login.example.com/authenticator/?pair=abc", LinkRefused::NoToken),
            ("https://login.example.com/authenticator/#pair=", LinkRefused::NoToken),
            ("https://login.example.com/authenticator/#pair=a%20b", LinkRefused::NoToken),
        ] {
            assert_eq!(PairingLink::parse(text).unwrap_err(), why, "{text}");
        }
    }
}
