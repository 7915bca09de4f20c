//! A site: a folder with a configuration, a store, people with factors, and the daemon in front of it all.

mod daemon;
mod ldap;
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
