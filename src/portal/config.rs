//! The portal section of the configuration, as an administrator writes it.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::config::{SecretRef, Span};

mod console;
mod contrast;
mod link;
#[cfg(test)]
mod tests;

pub use console::{ConsoleConfig, TeamConfig};
pub(crate) use contrast::Colour;

/// The pages where people sign in, enrol their phones and look after their second step, and the address that phones
/// talk to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    /// Addresses and TCP ports to listen on. An IPv6 address takes IPv6 only: write both families to have both.
    /// Default: 0.0.0.0:8443.
    #[serde(default = "default_listen")]
    pub listen: Vec<String>,
    /// How browsers and phones reach the portal: `https://`, a name, and a port where it is not 443, without a path.
    /// Phones are paired with this address: changing it later means pairing them again.
    pub origin: String,
    /// The certificate. Left out only behind a reverse proxy that ends TLS and is listed in `trusted_proxies`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<PortalTlsConfig>,
    /// Reverse proxies in front of the portal, as addresses or networks. `X-Forwarded-For` is read from these and from
    /// nobody else. Without `tls`, nobody else is answered at all. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_proxies: Vec<String>,
    /// Load balancers that send a PROXY protocol header before anything else, as addresses or networks. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub balancers: Vec<String>,
    /// The primary logins that check the password, by their names under `primaries`. The first that knows the name
    /// decides.
    pub primaries: Vec<String>,
    /// What the pages show of your organisation.
    #[serde(default)]
    pub site: SiteConfig,
    /// How long people stay signed in to the portal.
    #[serde(default)]
    pub session: SessionConfig,
    /// The console: where administrators see who is remembered where, and take it back. Not written: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console: Option<ConsoleConfig>,
    /// How much is done at once.
    #[serde(default)]
    pub limits: PortalLimitsConfig,
}

fn default_listen() -> Vec<String> {
    vec!["0.0.0.0:8443".to_owned()]
}

/// The certificate of the portal and its key. Both are read again on a reload.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalTlsConfig {
    /// A PEM file with the certificate, followed by those of the authorities between it and the root.
    pub certificate: PathBuf,
    /// The private key that belongs to it, in PEM.
    pub key: SecretRef,
}

/// What the pages show of your organisation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SiteConfig {
    /// The name above every page and in the authenticator, 1 to 64 characters. Default: Vestibule.
    pub name: String,
    /// Whom people ask for help: an e-mail address, an `https://` address or a telephone number. Not written: nobody is
    /// named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// A colour for buttons and links, such as `#2B50C8`. It is refused where white text on it, or it on white, could
    /// not be read (contrast below 4.5 : 1). Dark pages keep their own. Not written: blue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
}

impl Default for SiteConfig {
    fn default() -> Self {
        Self { name: "Vestibule".to_owned(), help: None, accent: None }
    }
}

/// How long people stay signed in to the portal.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionConfig {
    /// A session ends when its owner did nothing for this long, 1m to 24h. Default: 1h.
    pub idle: Span,
    /// A session ends at the latest this long after the sign-in, 5m to 7d. Default: 24h.
    pub absolute: Span,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self { idle: Span::secs(3_600), absolute: Span::secs(86_400) }
    }
}

/// How much is done at once.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PortalLimitsConfig {
    /// Connections over all, 16 to 1000000. Every phone that waits for requests holds one. Default: 20000.
    pub connections: usize,
    /// Connections from one address (for IPv6, one /64), 4 to 1000000. A whole office may share one. Default: 1024.
    pub connections_per_source: usize,
    /// How long after the request a refused sign-in is told at the earliest, at most 10s; a random quarter is added. It
    /// slows down guessing and hides why a sign-in was refused. Default: 1s.
    pub refusal_delay: Span,
}

impl Default for PortalLimitsConfig {
    fn default() -> Self {
        Self { connections: 20_000, connections_per_source: 1_024, refusal_delay: Span::secs(1) }
    }
}
