//! The configuration as it is written. Doc comments here are the reference an administrator reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vestibule_engine::config::SecretRef;
use vestibule_engine::policy_config::{LoginConfig, PolicyConfig, ThrottleConfig};
use vestibule_factors::FactorsConfig;
use vestibule_ldap::{LdapConfig, LdapDoorConfig};
use vestibule_portal::PortalConfig;
use vestibule_push::PushConfig;
use vestibule_radius::{RadiusConfig, RadiusUpstreamConfig};
use vestibule_store::StoreConfig;

/// The configuration of a Vestibule gateway.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// The name of this gateway in the audit log. Every node of a cluster needs its own. Default: the machine's host
    /// name.
    #[serde(default)]
    pub node: Option<String>,

    /// The folder for what this gateway keeps: its database and small state files. It must belong to the user the
    /// gateway runs as.
    #[serde(default = "state_folder")]
    pub state: PathBuf,

    /// The key that seals secrets in the database: 32 octets in base64, as `vestibule init` makes it. All nodes of a
    /// cluster share one. Whoever loses it loses every enrolled second factor, so keep a copy apart from the backups of
    /// the database.
    #[schemars(with = "SecretRef")]
    pub master_key: Option<SecretRef>,

    /// Earlier master keys, newest first, needed until everything was sealed anew.
    #[serde(default)]
    pub older_master_keys: Vec<SecretRef>,

    /// Where users, second factors, open logins and the audit log are kept. Not written: a SQLite file named
    /// `vestibule.db` in the state folder.
    #[serde(default)]
    pub store: Option<StoreConfig>,

    /// Where passwords are checked, by a name of your choice. Users belong to the name under which they first signed in,
    /// so do not change it later. Letters, digits, `-` and `_`.
    #[serde(default)]
    pub primaries: BTreeMap<String, PrimaryConfig>,

    /// Which login needs which second factor.
    #[serde(default)]
    pub policy: PolicyConfig,

    /// How a login that asks questions goes.
    #[serde(default)]
    pub login: LoginConfig,

    /// How often somebody may guess before waiting.
    #[serde(default)]
    pub throttle: ThrottleConfig,

    /// Second factors, and how passwords of local users are kept.
    #[serde(default)]
    pub factors: FactorsConfig,

    /// The RADIUS door: for VPN gateways, Wi-Fi, switches and everything else that asks a RADIUS server.
    #[serde(default)]
    pub radius: Option<RadiusConfig>,

    /// The LDAP door: for applications that sign people in with an LDAP bind. They connect here in place of the directory,
    /// and everything but the bind goes through to it.
    #[serde(default)]
    pub ldap: Option<LdapDoorConfig>,

    /// The portal: where people sign in to enrol and look after their second step, and where phones are answered. Without
    /// it there is no push.
    #[serde(default)]
    pub portal: Option<PortalConfig>,

    /// How phones are rung. A change takes effect with a restart.
    #[serde(default)]
    pub push: PushConfig,

    /// What is logged on standard error, and how.
    #[serde(default)]
    pub log: LogConfig,
}

/// One place where passwords are checked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PrimaryConfig {
    /// An LDAP directory: OpenLDAP, 389 Directory Server, Active Directory and others.
    Ldap(Box<LdapConfig>),
    /// A RADIUS server, asked as if the login went there directly.
    Radius(Box<RadiusUpstreamConfig>),
    /// Users that Vestibule keeps itself: `vestibule users add`.
    Local(LocalConfig),
}

/// Local users need no settings: write `local: {}`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalConfig {}

fn state_folder() -> PathBuf {
    PathBuf::from("/var/lib/vestibule")
}

/// The log is for people who operate the gateway; who signed in is in the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `text` for people and the journal, `json` for log collectors: one object a line. A change takes
    /// effect with a restart.
    pub format: LogFormat,
    /// How much is said. `debug` and `trace` are for finding faults; they hold user names, never secrets.
    pub level: LogLevel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}
