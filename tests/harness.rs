//! A site: a folder with a configuration, a store, people with factors, and the daemon in front of it all.

pub(crate) mod chance;
mod daemon;
mod ldap;
pub(crate) mod ldap_wire;
mod people;
mod phones;
mod site;

pub(crate) use daemon::{Daemon, challenge, pap};
pub(crate) use ldap::{LdapSite, reader_account};
pub(crate) use people::{Token, add_user, enrol, find, now};
pub(crate) use phones::{PortalSite, ring_at_nobody};
pub(crate) use site::{ANOTHER_NODE, Site, StoreKind, vestibule};

/// The secret all test clients share with the gateway: long enough for no warning.
pub(crate) const SECRET: &str = "a-long-test-secret-between-us-0001";
