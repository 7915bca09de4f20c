//! From a server's name to a connection that may carry passwords.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ldap3::{LdapConnAsync, LdapConnSettings, StdStream};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use super::connection::Connection;
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

/// Connect, and protect the connection as the configuration demands. Everything is over by `deadline`.
pub(super) async fn connect(
    server: &ServerAddress,
    addresses: &Addresses,
    settings: &LdapSettings,
    deadline: Instant,
) -> Result<Connection, Fault> {
    timeout_at(deadline, connect_in_time(server, addresses, settings, deadline)).await.map_err(|_| Fault::TimedOut)?
}

async fn connect_in_time(
    server: &ServerAddress,
    addresses: &Addresses,
    settings: &LdapSettings,
    deadline: Instant,
) -> Result<Connection, Fault> {
    let stream = reach_address(server, addresses, settings, deadline).await?;
    let tls = settings.tls.as_ref().filter(|_| server.is_ldaps || settings.start_tls);
    let mut wanted = LdapConnSettings::new();
    if let Some(tls) = tls {
        wanted = wanted.set_config(tls.clone());
    }
    let stream = stream.into_std().map_err(Fault::Connect)?;
    // ldap3 takes the scheme for whether to speak TLS on the stream, and the host for the name to verify.
    let url = ServerAddress { is_ldaps: tls.is_some(), ..server.clone() }.to_string();
    let (connection, ldap) = LdapConnAsync::with_settings(wanted.set_std_stream(StdStream::Tcp(stream)), &url).await?;
    Ok(Connection::new(connection, ldap))
}

/// A bare stream to a server, on which the handshake of TLS comes next if it is to have one.
pub(super) async fn reach_server(
    server: &Server,
    settings: &LdapSettings,
    deadline: Instant,
) -> Result<TcpStream, Fault> {
    reach_address(&server.address, &server.addresses, settings, deadline).await
}

async fn reach_address(
    server: &ServerAddress,
    addresses: &Addresses,
    settings: &LdapSettings,
    deadline: Instant,
) -> Result<TcpStream, Fault> {
    let mut stream = reach(&addresses.resolve(server).await.map_err(Fault::Connect)?, deadline).await?;
    if settings.tls.is_some() && settings.start_tls && !server.is_ldaps {
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
            Ok(Ok(stream)) => return tuned(stream).map_err(Fault::Connect),
            Ok(Err(error)) => fault = Fault::Connect(error),
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
