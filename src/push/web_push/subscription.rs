//! What a browser hands out when it subscribes, read with the suspicion text from outside deserves (PSH-05).

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::{Host, Url};

use crate::http::{HostRule, Permitted};

/// The longest endpoint that is kept. Browsers hand out 150 to 600 octets.
const ENDPOINT_OCTETS_MAX: usize = 2_048;

pub(super) const PUBLIC_KEY_OCTETS: usize = 65;
pub(super) const SECRET_OCTETS: usize = 16;

pub(super) struct Subscription {
    pub(super) endpoint: Url,
    /// An uncompressed point, as the browser says; whether it is on the curve, the key agreement finds out.
    pub(super) public_key: [u8; PUBLIC_KEY_OCTETS],
    pub(super) secret: [u8; SECRET_OCTETS],
}

impl Subscription {
    pub(super) fn parse(
        endpoint: &str,
        p256dh: &str,
        auth: &str,
        hosts: &[HostRule],
        permitted: &Permitted,
    ) -> Result<Self, String> {
        if endpoint.len() > ENDPOINT_OCTETS_MAX {
            return Err(format!("the endpoint is longer than {ENDPOINT_OCTETS_MAX} octets"));
        }
        let endpoint = Url::parse(endpoint).map_err(|_| "the endpoint is no URL")?;
        if endpoint.scheme() != "https" {
            return Err("the endpoint is not https".to_owned());
        }
        if !endpoint.username().is_empty() || endpoint.password().is_some() || endpoint.fragment().is_some() {
            return Err("the endpoint holds a login or a fragment".to_owned());
        }
        if !hosts.iter().any(|rule| rule.allows(&endpoint)) {
            return Err("the host of the endpoint is not in web_push.allowed_hosts".to_owned());
        }
        // An address written out passes no name lookup, so it is looked at here.
        let literal: Option<IpAddr> = match endpoint.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        };
        if literal.is_some_and(|address| !permitted.allows(address)) {
            return Err("the endpoint is a private address, and allow_private does not list it".to_owned());
        }
        let public_key: [u8; PUBLIC_KEY_OCTETS] = octets(p256dh).ok_or("p256dh is no uncompressed point")?;
        if public_key.first() != Some(&4) {
            return Err("p256dh is no uncompressed point".to_owned());
        }
        let secret = octets(auth).ok_or("auth is not 16 octets")?;
        Ok(Self { endpoint, public_key, secret })
    }

    pub(super) fn host(&self) -> String {
        self.endpoint.host_str().unwrap_or_default().to_owned()
    }

    /// The audience of a VAPID token: scheme, host and port if it is not 443 (RFC 8292 §2).
    pub(super) fn origin(&self) -> String {
        self.endpoint.origin().ascii_serialization()
    }
}

fn octets<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Longer text cannot become the octets that are wanted; it need not be decoded.
    let plausible = text.len() <= N.saturating_mul(2);
    plausible.then(|| URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok())?
}
