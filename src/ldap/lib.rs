//! LDAP on both sides: the door that applications bind at, and directories, where passwords are checked and where people
//! and groups are looked up.
//!
//! What this crate must not know: second factors, policy, other doors. It tells the engine who binds and answers its
//! questions as a [`PrimarySource`](vestibule_engine::PrimarySource): whom does this name mean, is this their password.
//!
//! ```text
//!  client ─▶ session: pump ──▶ bind ──▶ engine             (door, wire, session, bind, answer)
//!               │   octets       │ on this client's own line
//!               ▼                ▼
//!           directory ◀──────── line                        (upstream)
//!
//!  identify ──▶ lookup connections (the service account's, each with many searches) ──▶ one person, by immutable id
//!  authenticate ──▶ bind connections (nobody's, one bind at a time) ──▶ bind as that person ──▶ yes or no
//!                        └─ the first server that can be reached; a failed one rests ─┘
//! ```

mod answer;
mod bind;
pub mod client;
mod config;
mod door;
mod names;
mod sasl;
mod session;
mod settings;
mod upstream;
mod wire;

pub use config::{
    AnonymousConfig, AppendConfig, ApplicationConfig, Behind, DiagnosticsConfig, DirectoryKind, DnTemplateConfig,
    FindConfig, GroupBaseConfig, GroupSearchConfig, GroupsConfig, LdapConfig, LdapDoorConfig, LdapDoorTlsConfig,
    LdapLimitsConfig, LdapListenerConfig, LdapListenerTlsConfig, LdapSettings, LdapTlsConfig, OperationConfig,
    OrderConfig, SearchConfig, ServiceAccountConfig, UpnTemplateConfig,
};
pub use door::{AppPassword, AppPasswords, Directories, Handle, LdapDoor, LdapParts, Prepared, StartError};
#[doc(hidden)]
pub use session::fuzzing;
pub use settings::LdapDoorSettings;
pub use upstream::{LdapUpstream, ServerProbe};

#[cfg(test)]
mod tests;
