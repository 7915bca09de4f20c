//! Directories: where passwords are checked by LDAP, and where people and groups are looked up.
//!
//! What this crate must not know: second factors, policy, other doors. It answers the engine's questions as a
//! [`PrimarySource`](vestibule_engine::PrimarySource): whom does this name mean, is this their password.
//!
//! ```text
//!  identify ──▶ lookup connections (the service account's, shared) ──▶ search ──▶ one person, by immutable id
//!  authenticate ──▶ bind connections (nobody's, one bind at a time) ──▶ bind as that person ──▶ yes or no
//!                        └─ the first server that can be reached; a failed one rests ─┘
//! ```

mod config;
mod names;
mod upstream;

pub use config::{
    DirectoryKind, DnTemplateConfig, FindConfig, GroupBaseConfig, GroupSearchConfig, GroupsConfig, LdapConfig,
    LdapSettings, LdapTlsConfig, SearchConfig, UpnTemplateConfig,
};
pub use upstream::{LdapUpstream, ServerProbe};

#[cfg(test)]
mod tests;
