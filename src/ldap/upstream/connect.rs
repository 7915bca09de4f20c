//! From a server's name to a stream that may carry passwords, once TLS is on it if it shall be.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

use super::directory::Server;
use super::fault::Fault;
use super::start_tls::start_tls;
use crate::config::{LdapSettings, ServerAddress};

/// A resolver that is slower than that is passed over for the addresses it gave last (FLT-07).
const RESOLVE_MAX: Duration = Duration::from_secs(1);

/// A peer that vanished (rebooted, forgotten by a firewall) is noticed by [`UNACKNOWLEDGED_MAX`], on an idle connection or
/// on one with octets under way (FLT-04).
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(5);
/// Linux takes this for idle connections too, counted from the last octet that came: were it less than the time of three
/// probes, one that is lost would end a connection that is well.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(45);
const _: () = assert!(
    UNACKNOWLEDGED_MAX.as_secs() >= KEEPALIVE_AFTER.as_secs() + 3 * KEEPALIVE_EVERY.as_secs(),
    "three probes may be lost"
);

/// The addresses a server's name had when it was last looked up.
#[derive(Debug, Default)]
pub(super) struct Addresses(Mutex<Vec<SocketAddr>>);

/// A bare stream to a server, on which the handshake of TLS comes next if it is to have one.
pub(super) async fn reach_server(
    server: &Server,
    settings: &LdapSettings,
    deadline: Instant,
) -> Result<TcpStream, Fault> {
    let Server { address, addresses, .. } = server;
    let mut stream = reach(&addresses.resolve(address).await.map_err(Fault::connect)?, deadline).await?;
    if settings.tls.is_some() && settings.start_tls && !address.is_ldaps {
        start_tls(&mut stream).await.map_err(|fault| Fault::StartTls(Box::new(fault)))?;
    }
    Ok(stream)
}

impl Addresses {
    async fn resolve(&self, server: &ServerAddress) -> io::Result<Vec<SocketAddr>> {
        let looked_up = timeout(RESOLVE_MAX, lookup_host((server.host.as_str(), server.port))).await;
        let found = looked_up.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map(Iterator::collect::<Vec<_>>);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(found) if !found.is_empty() => {
                last.clone_from(&found);
                Ok(found)
            }
            _ if !last.is_empty() => Ok(last.clone()),
            Ok(_) => Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address")),
            Err(error) => Err(error),
        }
    }
}

/// The first address that answers. Each gets its share of the time, so that a dead one does not use it up.
async fn reach(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Fault> {
    let mut fault = Fault::TimedOut;
    for (index, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(Instant::now()) / left;
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return tuned(stream).map_err(Fault::connect),
            Ok(Err(error)) => fault = Fault::connect(error),
            Err(_elapsed) => fault = Fault::TimedOut,
        }
    }
    Err(fault)
}

fn tuned(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX))?;
    Ok(stream)
}
