//! From an accepted socket to a connection that can be served.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::TcpStream;

use super::caps::Place;
use super::{Connection, Door, Stream, StreamRules};
use crate::proxy::{self, ProxyHeader};

/// A peer that vanished without a word is asked after this long without traffic, then a few times more; otherwise it
/// would keep its place for ever.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_PROBES: u32 = 4;

/// A socket that holds its place, on the way to being a connection.
struct Arrival {
    stream: TcpStream,
    peer: SocketAddr,
    local: SocketAddr,
    balancer: Option<SocketAddr>,
    place: Place,
}

/// Give the socket a task of its own, or close it.
pub(super) fn admit(door: &Arc<Door>, stream: TcpStream, peer: SocketAddr, local: SocketAddr) {
    let rules = door.rules.load_full();
    let Some(place) = door.caps.enter(rules.limits.connections) else {
        return door.tally.over_cap(door.name, peer.ip(), rules.limits.connections);
    };
    let balancer = rules.balancers.contain(peer.ip()).then_some(peer);
    let arrival = Arrival { stream, peer, local, balancer, place };
    // A balancer brings everybody's connections; each is counted once it said whose it is.
    let arrival = if balancer.is_some() { Some(arrival) } else { door.count(arrival, &rules) };
    if let Some(arrival) = arrival {
        door.tasks.spawn(door.name, Arc::clone(door).connect(arrival, rules));
    }
}

impl Door {
    async fn connect(self: Arc<Self>, arrival: Arrival, rules: Arc<StreamRules>) {
        let stopping = self.tasks.stopping();
        let opened = tokio::select! {
            biased;
            () = stopping.cancelled() => None,
            opened = self.open(arrival, &rules) => opened,
        };
        drop(rules);
        if let Some(connection) = opened {
            self.tally.served();
            let _counted = connection.guard.clone();
            (self.serve)(connection).await;
        }
    }

    async fn open(&self, mut arrival: Arrival, rules: &StreamRules) -> Option<Connection> {
        if arrival.balancer.is_some() {
            arrival = self.ask_balancer(arrival, rules).await?;
        }
        let Arrival { stream, peer, local, balancer, place } = arrival;
        if let Err(error) = prepare(&stream) {
            tracing::debug!(door = self.name, client = %peer, %error, "The connection of {peer} ended before it began");
            return None;
        }
        let stream = match &rules.tls {
            None => Stream::Plain(stream),
            Some(tls) => match tls.handshake(stream, rules.limits.handshake_patience).await {
                Ok(stream) => stream,
                Err(error) => {
                    self.tally.failed_handshake(self.name, peer.ip(), &error);
                    return None;
                }
            },
        };
        // A child of its own: whoever cancels that ends one connection and not the door.
        let stopping = self.tasks.stopping().child_token();
        Some(Connection { stream, peer, local, balancer, stopping, guard: place.guard() })
    }

    async fn ask_balancer(&self, mut arrival: Arrival, rules: &StreamRules) -> Option<Arrival> {
        match proxy::read(&mut arrival.stream, rules.limits.header_patience).await {
            Ok(ProxyHeader::Relayed { client, .. }) => {
                arrival.peer = client;
                self.count(arrival, rules)
            }
            // The balancer's own: it is trusted to ask for itself as often as it likes.
            Ok(ProxyHeader::Own) => Some(arrival),
            Err(error) => {
                self.tally.bad_header(self.name, arrival.peer.ip(), &error);
                None
            }
        }
    }

    /// Give it a place of its source's too.
    fn count(&self, arrival: Arrival, rules: &StreamRules) -> Option<Arrival> {
        let (client, most) = (arrival.peer.ip(), rules.limits.connections_per_source);
        let Arrival { stream, peer, local, balancer, place } = arrival;
        let Some(place) = place.of(client, most) else {
            self.tally.over_source_cap(self.name, client, most);
            return None;
        };
        Some(Arrival { stream, peer, local, balancer, place })
    }
}

/// Answers are small and awaited: they must not wait for more to send.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(stream, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(stream, KEEPALIVE_PROBES)?;
    Ok(())
}
