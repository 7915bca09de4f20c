//! An upstream RADIUS server as the primary login: it checks the password, and what it grants is held until the second
//! factor has been given.
//!
//! ```text
//!  RadiusUpstream ─┬─ Server ─┬─ Line (a socket, 256 identifiers)
//!                  │          ├─ Line
//!                  │          └─ Health ◀─ watchdog (Status-Server)
//!                  └─ Server ...
//! ```

mod authenticator;
mod health;
mod line;
mod pace;
mod server;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::DropGuard;
use vestibule_engine::{PrimaryAuthenticator, PrimarySource, Random};
use vestibule_listen::{Seldom, Tasks};

use crate::wire::SharedSecret;
pub(crate) use line::{NoAnswer, check};
pub(crate) use pace::Pace;

use authenticator::Login;
use server::Server;

/// What the configuration of an upstream means.
#[derive(Debug, Clone)]
pub struct UpstreamSettings {
    pub(crate) servers: Vec<ServerSettings>,
    pub(crate) timeout: Duration,
    pub(crate) tries: u32,
    pub(crate) nas_identifier: String,
    pub(crate) group_attribute: Option<u8>,
    pub(crate) sockets_per_server: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct ServerSettings {
    pub(crate) address: SocketAddr,
    pub(crate) secret: SharedSecret,
    pub(crate) require_signature: bool,
    pub(crate) status_check: bool,
}

/// An identity source made of upstream RADIUS servers. Dropping the last reference closes its sockets.
pub struct RadiusUpstream {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    name: String,
    timeout: Duration,
    tries: u32,
    nas_identifier: String,
    group_attribute: Option<u8>,
    servers: Vec<Arc<Server>>,
    hidden_dropped: Seldom,
    _closing: DropGuard,
}

impl RadiusUpstream {
    /// `name` is the configured name of the source. Sockets are opened when the first login needs them.
    pub fn start(name: &str, settings: UpstreamSettings, random: &Arc<dyn Random>, tasks: &Tasks) -> Self {
        let closing = tasks.stopping().child_token();
        let (sockets, identifier) = (settings.sockets_per_server, settings.nas_identifier.as_str());
        let open = |server: ServerSettings| {
            let status_check = server.status_check;
            let server =
                Arc::new(Server::new(server, sockets, identifier, Arc::clone(random), tasks.clone(), closing.clone()));
            if status_check {
                tasks.spawn("radius watchdog", Arc::clone(&server).watch());
            }
            server
        };
        let servers = settings.servers.into_iter().map(open).collect();
        let shared = Shared {
            name: name.to_owned(),
            timeout: settings.timeout,
            tries: settings.tries,
            nas_identifier: settings.nas_identifier,
            group_attribute: settings.group_attribute,
            servers,
            hidden_dropped: Seldom::new(Duration::from_secs(3600)),
            _closing: closing.drop_guard(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Whether at least one server is believed to answer.
    pub fn is_ready(&self) -> bool {
        self.shared.servers.iter().any(|server| server.is_usable())
    }
}

impl PrimarySource for RadiusUpstream {
    fn name(&self) -> &str {
        &self.shared.name
    }

    fn authenticator(&self) -> Box<dyn PrimaryAuthenticator> {
        Box::new(Login::new(Arc::clone(&self.shared)))
    }
}

#[cfg(test)]
mod tests;
