//! What a door gets to serve.

use std::net::SocketAddr;

use tokio_util::sync::CancellationToken;

use super::{ConnectionGuard, Stream};

#[derive(Debug)]
pub struct Connection {
    pub stream: Stream,
    /// Whose connection it is: what a listed balancer said, otherwise the other end.
    pub peer: SocketAddr,
    /// Our end of it, where it was accepted.
    pub local: SocketAddr,
    /// The listed balancer it came through. Its address is also `peer` when it asks for itself (a health check).
    pub balancer: Option<SocketAddr>,
    /// Resolves, or reads as cancelled, when the connection should finish what it is at and close.
    pub stopping: CancellationToken,
    pub guard: ConnectionGuard,
}
