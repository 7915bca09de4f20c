//! A directory as the place where the primary login is checked.

mod accounts;
mod bind_result;
mod check;
mod condition;
mod connect;
mod connection;
mod directory;
mod driver;
mod entry;
mod fault;
mod findings;
mod gate;
mod groups;
mod health;
mod identifier;
mod line;
mod line_login;
mod login;
mod lookup;
mod lookups;
mod password_policy;
mod person;
mod pool;
mod pretence;
mod probe;
mod refusals;
mod result;
mod searches;
mod seldom;
mod shared;
mod start_tls;

use std::sync::Arc;

use vestibule_engine::{PrimaryAuthenticator, PrimarySource, Random};

pub(crate) use self::directory::Directory;
#[cfg(test)]
pub(crate) use self::line::line_over;
pub(crate) use self::line::{Bound, Line};
pub(crate) use self::line_login::{LineLogin, Whom};
use self::login::Login;
pub use self::probe::ServerProbe;
use crate::config::LdapSettings;

/// One configured directory. It connects when first asked.
pub struct LdapUpstream {
    directory: Arc<Directory>,
}

impl LdapUpstream {
    /// `name` is the source's name in the configuration: part of every identity that comes from it.
    pub fn new(name: &str, settings: LdapSettings, random: Arc<dyn Random>) -> Self {
        Self { directory: Directory::new(name, settings, random) }
    }

    /// The directory itself, for the door in front of it.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory)
    }

    /// Ask every server for what logins will need of it.
    pub async fn probe(&self) -> Vec<ServerProbe> {
        probe::probe(&self.directory).await
    }
}

impl PrimarySource for LdapUpstream {
    fn name(&self) -> &str {
        &self.directory.name
    }

    fn authenticator(&self) -> Box<dyn PrimaryAuthenticator> {
        Box::new(Login::new(self.directory.clone()))
    }
}
