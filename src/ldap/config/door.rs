//! The LDAP door's section of the configuration, as an administrator writes it. [`LdapDoorConfig::link`] makes the
//! [`LdapDoorSettings`](crate::LdapDoorSettings) that are meant.

mod account;
mod application;
mod link;
mod linked;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::config::{SecretRef, Span};

pub use account::{OperationConfig, ServiceAccountConfig};
pub use application::{AnonymousConfig, AppendConfig, ApplicationConfig, DiagnosticsConfig, OrderConfig};
pub use link::Behind;

/// Applications that sign people in with an LDAP bind, and the directory behind them. Everything but the bind goes through
/// as it comes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapDoorConfig {
    /// Where applications connect to, each by a name of your choice. A change takes effect with a restart.
    pub listeners: BTreeMap<String, LdapListenerConfig>,
    /// The certificate for listeners that speak TLS. Read again on a reload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<LdapDoorTlsConfig>,
    /// Load balancers that send a PROXY protocol header (version 1 or 2) before anything else, as addresses or networks.
    /// The address in it is taken for the client's, and nobody else's is. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub balancers: Vec<String>,
    /// The applications that may connect, each by a name of your choice. The name is what policy calls the service.
    #[serde(default)]
    pub applications: BTreeMap<String, ApplicationConfig>,
    /// How much is done at once, and how long it may take.
    #[serde(default)]
    pub limits: LdapLimitsConfig,
}

/// One address to listen on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapListenerConfig {
    /// The address and the TCP port: `0.0.0.0:636`. An IPv6 address takes IPv6 only.
    pub address: String,
    /// `immediate` (default): TLS from the first octet on, which is `ldaps://`. `start_tls`: `ldap://`, and TLS when the
    /// client asks for it; passwords are only taken then. `never`: `ldap://` without TLS, for clients on the same machine;
    /// passwords are only taken from applications with `allow_plaintext`.
    #[serde(default)]
    pub tls: LdapListenerTlsConfig,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LdapListenerTlsConfig {
    #[default]
    Immediate,
    StartTls,
    Never,
}

/// The certificate of the LDAP door and its key. Both are read again on a reload.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapDoorTlsConfig {
    /// A PEM file with the certificate, followed by those of the authorities between it and the root.
    pub certificate: PathBuf,
    /// The private key that belongs to it, in PEM.
    pub key: SecretRef,
}

/// How much is done at once, and how long it may take.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LdapLimitsConfig {
    /// Connections to each listener, 16 to 1000000. One that is signed in holds a second one to the directory. Default:
    /// 20000.
    pub connections: usize,
    /// The same for one address (for IPv6, one /64), 4 to 1000000. An application may open many. Default: 5000.
    pub connections_per_source: usize,
    /// Sign-ins being decided or waiting for a phone, 1 to 1000000. Beyond it, clients are told that we are busy.
    /// Default: 20000.
    pub open_binds: usize,
    /// Octets of one request before a sign-in, 4096 to 16777216. Default: 262144.
    pub request_before_bind: usize,
    /// Octets of one request after a sign-in, 4096 to 67108864. Default: 4194304.
    pub request: usize,
    /// Requests of one connection without an answer before a sign-in, 1 to 100000; more end the connection. Default: 100.
    pub outstanding_before_bind: usize,
    /// Requests of one connection without an answer after a sign-in, 1 to 100000; more end the connection. Default: 1000.
    pub outstanding: usize,
    /// A connection on which nothing is asked for this long is ended, 10s to 7d. Default: 1h.
    pub idle_timeout: Span,
    /// A request that has begun to come must be there whole after this long, 1s to 10m. Default: 30s.
    pub request_timeout: Span,
    /// A client that does not take what it asked for is dropped after this long, 1s to 10m. Default: 60s.
    pub write_timeout: Span,
    /// How often it is looked whether somebody who stays signed in on a connection still may, 1s to 10m. Who was disabled
    /// or removed, or says that a login was not theirs, is disconnected after that long, and so is a program whose app
    /// password was revoked or whose account is over or configured otherwise. Where the database cannot be asked, half a
    /// minute more is waited. Default: 30s.
    pub recheck: Span,
}

impl Default for LdapLimitsConfig {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_source: 5_000,
            open_binds: 20_000,
            request_before_bind: 256 << 10,
            request: 4 << 20,
            outstanding_before_bind: 100,
            outstanding: 1_000,
            idle_timeout: Span::secs(3_600),
            request_timeout: Span::secs(30),
            write_timeout: Span::secs(60),
            recheck: Span::secs(30),
        }
    }
}

#[cfg(test)]
mod tests;
