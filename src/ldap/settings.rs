//! What the configuration of the door means: checked, linked, with secrets loaded.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use vestibule_engine::{Order, Splitting, Timestamp};
use vestibule_listen::ServerIdentity;

use crate::names::distinguished::Dn;

/// Everything the LDAP door is told.
#[derive(Debug, Clone)]
pub struct LdapDoorSettings {
    pub(crate) listeners: Vec<ListenerSettings>,
    pub(crate) identity: Option<ServerIdentity>,
    pub(crate) balancers: Vec<IpNet>,
    pub(crate) applications: Vec<ApplicationSettings>,
    pub(crate) limits: Limits,
}

impl LdapDoorSettings {
    /// The configured names of the applications: the services that policy may name.
    pub fn service_names(&self) -> impl Iterator<Item = &str> {
        self.applications.iter().map(|application| &*application.name)
    }

    /// The applications for which people may make passwords.
    pub fn app_password_services(&self) -> impl Iterator<Item = &str> {
        self.applications.iter().filter(|one| one.app_passwords).map(|one| &*one.name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListenerSettings {
    pub(crate) name: Arc<str>,
    pub(crate) address: SocketAddr,
    pub(crate) tls: ListenerTls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListenerTls {
    /// From the first octet on (`ldaps://`).
    Immediate,
    /// When the client asks for it.
    StartTls,
    Never,
}

#[derive(Debug, Clone)]
pub(crate) struct ApplicationSettings {
    pub(crate) name: Arc<str>,
    pub(crate) networks: Vec<IpNet>,
    /// The listeners it comes to; empty: any.
    pub(crate) listeners: Vec<Arc<str>>,
    pub(crate) primary: String,
    pub(crate) splitting: Splitting,
    pub(crate) patience: Duration,
    pub(crate) reject_delay: Duration,
    pub(crate) order: Order,
    pub(crate) direct: bool,
    pub(crate) allow_plaintext: bool,
    pub(crate) anonymous: Anonymous,
    pub(crate) coalesce: Option<Duration>,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) app_passwords: bool,
    /// SASL mechanisms that the directory checks.
    pub(crate) sasl: Arc<[String]>,
    pub(crate) accounts: Vec<AccountSettings>,
}

/// What may be asked without signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anonymous {
    Refuse,
    RootDse,
    Read,
}

/// Whether the directory's own words of a refused password go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Diagnostics {
    Pass,
    Generic,
}

/// The account of a program.
#[derive(Debug, Clone)]
pub(crate) struct AccountSettings {
    pub(crate) name: Arc<str>,
    pub(crate) dn: String,
    pub(crate) parsed: Dn,
    /// Where it may be used from; empty: from where the application may.
    pub(crate) networks: Vec<IpNet>,
    pub(crate) operations: Operations,
    pub(crate) expires: Option<Timestamp>,
}

/// What the account of a program may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one operation, and they are independent")]
pub(crate) struct Operations {
    pub(crate) search: bool,
    pub(crate) compare: bool,
    pub(crate) modify: bool,
    pub(crate) add: bool,
    pub(crate) delete: bool,
    pub(crate) rename: bool,
    pub(crate) extended: bool,
    pub(crate) proxied_authorization: bool,
}

/// How much is done at once, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) connections_per_source: usize,
    pub(crate) open_binds: usize,
    pub(crate) request_before_bind: usize,
    pub(crate) request: usize,
    pub(crate) outstanding_before_bind: usize,
    pub(crate) outstanding: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) recheck: Duration,
}

/// Of several that fit a connection, the one whose network is the smallest around its address.
pub(crate) fn closest<A>(applications: impl Iterator<Item = A>, fits: impl Fn(&A) -> Option<u8>) -> Option<A> {
    let fitting = applications.filter_map(|one| Some((fits(&one)?, one)));
    fitting.max_by_key(|(prefix, _)| *prefix).map(|(_, application)| application)
}

impl ApplicationSettings {
    /// How closely it fits a connection: the length of the prefix its address matches; `None` if it does not.
    pub(crate) fn fits(&self, listener: &str, address: IpAddr) -> Option<u8> {
        let is_here = self.listeners.is_empty() || self.listeners.iter().any(|name| **name == *listener);
        let address = address.to_canonical();
        let prefixes = self.networks.iter().filter(|network| network.contains(&address)).map(IpNet::prefix_len);
        prefixes.max().filter(|_| is_here)
    }
}

impl AccountSettings {
    pub(crate) fn may_come_from(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(&address))
    }
}
