//! Doors on TCP: who may connect and how often, behind which balancers, with or without TLS, and how it ends.
//!
//! ```text
//! accept -> a place under the cap -> PROXY header (listed balancers) -> a place for the address -> TLS -> serve
//! ```
//!
//! What this must not know: what is said on the connection.

mod accept;
mod bind;
mod caps;
mod connection;
mod octets;
mod open;
mod rules;
mod tally;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;

pub use self::bind::TcpBindError;
use self::caps::Caps;
pub use self::caps::ConnectionGuard;
pub use self::connection::Connection;
pub use self::octets::Stream;
pub use self::rules::{StreamLimits, StreamRules};
pub use self::tally::Counts;
use self::tally::Tally;
use crate::{Stopped, Tasks};

/// Where a door listens, and by which rules it lets in.
#[derive(Debug, Clone)]
pub struct StreamSettings {
    /// What the log calls the door.
    pub name: &'static str,
    /// Port 0 takes a free one. An IPv6 address takes IPv6 only.
    pub addresses: Vec<SocketAddr>,
    pub rules: StreamRules,
}

/// Listens and serves, see [`StreamDoor::start`].
#[derive(Debug, Clone, Copy)]
pub struct StreamDoor;

/// A door that is open. Dropping this leaves it open until its [`Tasks`] stop.
pub struct StreamHandle {
    door: Arc<Door>,
    addresses: Vec<SocketAddr>,
}

type Serve = dyn Fn(Connection) -> BoxFuture<'static, ()> + Send + Sync;

struct Door {
    name: &'static str,
    tasks: Tasks,
    rules: ArcSwap<StreamRules>,
    caps: Arc<Caps>,
    tally: Tally,
    serve: Box<Serve>,
}

impl StreamDoor {
    /// Bind every address, or none of them, and give each connection to `serve` as a task of its own in a group inside
    /// `tasks`. Must be called within a Tokio runtime.
    ///
    /// A connection counts until the future of `serve` has ended and every clone of its guard is gone. The future
    /// should end soon after [`Connection::stopping`]; at the end of a stop's patience it is dropped.
    pub fn start<F>(
        settings: StreamSettings,
        tasks: &Tasks,
        serve: impl Fn(Connection) -> F + Send + Sync + 'static,
    ) -> Result<StreamHandle, TcpBindError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let StreamSettings { name, addresses, rules } = settings;
        let listeners: Vec<(SocketAddr, TcpListener)> =
            addresses.into_iter().map(bind::bind).collect::<Result<_, _>>()?;
        let door = Arc::new(Door {
            name,
            tasks: tasks.group(),
            rules: ArcSwap::from_pointee(rules),
            caps: Arc::default(),
            tally: Tally::default(),
            serve: Box::new(move |connection| Box::pin(serve(connection))),
        });
        let addresses = listeners.iter().map(|&(address, _)| address).collect();
        for (address, listener) in listeners {
            door.tasks.spawn(name, accept::accept(Arc::clone(&door), listener, address));
        }
        Ok(StreamHandle { door, addresses })
    }
}

impl StreamHandle {
    /// The bound addresses in the order of the settings, with the real ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Let in by other rules from the next connection on. Connections that stand are kept, above a lowered cap too.
    /// For a new certificate alone, [`crate::ServerTls::swap`] is enough.
    pub fn reload(&self, rules: StreamRules) {
        self.door.rules.store(Arc::new(rules));
    }

    /// Stop accepting, ask every connection to finish, wait for them for `patience`, drop the rest.
    pub async fn stop(&self, patience: Duration) -> Stopped {
        self.door.tasks.stop(patience).await
    }

    pub fn counts(&self) -> Counts {
        self.door.tally.counts(self.door.caps.open())
    }
}

impl fmt::Debug for StreamHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut handle = f.debug_struct("StreamHandle");
        handle.field("name", &self.door.name).field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
