//! What may change while a door is open.

use std::time::Duration;

use crate::{Balancers, ServerTls};

/// By which rules a door lets connections in.
#[derive(Debug, Clone, Default)]
pub struct StreamRules {
    pub limits: StreamLimits,
    /// `None` is a door without TLS: on a machine of its own, or behind something that speaks it.
    pub tls: Option<ServerTls>,
    /// Who must send a PROXY header; everybody else must not.
    pub balancers: Balancers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// Connections of the door at one time. Each holds an open file and some tens of KiB.
    pub connections: usize,
    /// Connections of one IPv4 address or one IPv6 /64 at one time, so that one client cannot take all of them.
    pub connections_per_source: usize,
    /// How long a balancer has for its header. It sends it at once; a longer wait only helps whoever holds places.
    pub header_patience: Duration,
    /// How long a client has for the TLS handshake: some round trips, over a bad mobile network too.
    pub handshake_patience: Duration,
}

impl StreamLimits {
    pub const CONNECTIONS: usize = 4096;
    /// An office behind one address: some forty browsers with six connections each.
    pub const CONNECTIONS_PER_SOURCE: usize = 256;
    pub const HEADER_PATIENCE: Duration = Duration::from_secs(5);
    pub const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            connections: Self::CONNECTIONS,
            connections_per_source: Self::CONNECTIONS_PER_SOURCE,
            header_patience: Self::HEADER_PATIENCE,
            handshake_patience: Self::HANDSHAKE_PATIENCE,
        }
    }
}
