//! The way back to the one who asked: once, in time, and not sooner than a refusal may be.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::time::Instant;
use vestibule_listen::UdpSender;

use crate::answer::Asked;
use crate::clients::Client;
use crate::duplicates::Ticket;
use crate::notice::Cause;
use crate::wire::DoesNotFit;

/// A request that is owed an answer. Dropping it is silence: a repetition will be a new request.
pub(crate) struct Reply {
    pub(crate) client: Arc<Client>,
    pub(crate) asked: Asked,
    pub(crate) path: Path,
    pub(crate) ticket: Ticket,
    pub(crate) arrived: Instant,
}

/// Where a datagram came from and where to.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) sender: UdpSender,
    pub(crate) source: SocketAddr,
    pub(crate) local: Option<IpAddr>,
}

/// Octets on their way out, with the right to send them.
pub(crate) struct Outgoing {
    octets: Arc<[u8]>,
    path: Path,
    ticket: Ticket,
    client: Arc<Client>,
}

impl Reply {
    /// Hand over to sending. `None` when the answer is too long, which is noted.
    pub(crate) fn with(self, octets: Result<Vec<u8>, DoesNotFit>) -> Option<Outgoing> {
        match octets {
            Ok(octets) => {
                let Self { client, path, ticket, .. } = self;
                Some(Outgoing { octets: octets.into(), path, ticket, client })
            }
            Err(error) => {
                self.client.memory.counters.faults.add_one();
                self.client.memory.notices.failed(self.client.name(), self.path.source, Cause::Oversized, &error);
                None
            }
        }
    }
}

impl Outgoing {
    /// Remember the answer for repetitions and send it, unless the client has given up on the request.
    pub(crate) async fn send(self) {
        if let Some((octets, path)) = self.due() {
            path.sender.send(&octets, path.source, path.local).await;
        }
    }

    /// The same without waiting for room in the socket.
    pub(crate) fn send_now(self) {
        if let Some((octets, path)) = self.due() {
            path.sender.send_now(&octets, path.source, path.local);
        }
    }

    fn due(self) -> Option<(Arc<[u8]>, Path)> {
        let Self { octets, path, ticket, client } = self;
        let wanted = ticket.answered(&octets);
        if !wanted {
            client.memory.counters.abandoned.add_one();
        }
        wanted.then_some((octets, path))
    }
}
