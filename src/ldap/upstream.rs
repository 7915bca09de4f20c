//! A directory as the place where the primary login is checked.

mod ber;
mod bind_result;
mod check;
mod connect;
mod connection;
mod directory;
mod entry;
mod fault;
mod groups;
mod health;
mod identifier;
mod login;
mod lookup;
mod password_policy;
mod person;
mod pool;
mod pretence;
mod probe;
mod seldom;
mod start_tls;

use std::sync::Arc;

use vestibule_engine::{PrimaryAuthenticator, PrimarySource, Random};

use self::directory::Directory;
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
        Self { directory: Arc::new(Directory::new(name, settings, random)) }
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
