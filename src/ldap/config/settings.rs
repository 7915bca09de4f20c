//! An `ldap` section as it is meant: checked, linked, secrets loaded.

use std::sync::Arc;
use std::time::Duration;

use vestibule_engine::Password;

use super::{DirectoryKind, ServerAddress};
use crate::names::distinguished::Dn;
use crate::names::template::Template;

/// What a [`LdapUpstream`](crate::LdapUpstream) is made from. Made by [`LdapConfig::link`](super::LdapConfig::link).
#[derive(Clone)]
pub struct LdapSettings {
    pub(crate) kind: DirectoryKind,
    pub(crate) servers: Vec<ServerAddress>,
    /// One for all connections of the source, so that TLS sessions are resumed: a full handshake costs a directory
    /// milliseconds. `None` is plaintext, which the administrator demanded.
    pub(crate) tls: Option<Arc<rustls::ClientConfig>>,
    pub(crate) start_tls: bool,
    pub(crate) find: Find,
    pub(crate) attributes: Attributes,
    pub(crate) groups: Groups,
    pub(crate) domains: Vec<String>,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) connections: usize,
    pub(crate) bind_connections: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) cool_down: Duration,
    pub(crate) cool_down_max: Duration,
}

/// How a name becomes an entry.
#[derive(Clone)]
pub(crate) enum Find {
    Search { account: Account, below: Below },
    DnTemplate { template: Template, read_own_entry: bool },
    UpnTemplate { template: Template, below: Below },
}

/// Where people are, and which entry is one.
#[derive(Clone)]
pub(crate) struct Below {
    pub(crate) base: String,
    pub(crate) base_dn: Dn,
    pub(crate) filter: Template,
}

/// The service account.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) dn: String,
    pub(crate) password: Password,
}

/// What is read of a person.
#[derive(Clone)]
pub(crate) struct Attributes {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) mail: String,
}

#[derive(Clone)]
pub(crate) enum Groups {
    None,
    MemberOf,
    Search { base: String, filter: Template, nested: bool },
    Tokens { base: String },
    MatchingRule { base: String },
}
