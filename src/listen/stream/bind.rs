//! Sockets that listen on TCP.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// Connections the kernel completes for us while we are busy; a system limit (`net.core.somaxconn`) may make it fewer.
const BACKLOG: i32 = 1024;

#[derive(Debug, thiserror::Error)]
#[error("listen on TCP {address}")]
pub struct TcpBindError {
    pub address: SocketAddr,
    #[source]
    pub cause: io::Error,
}

impl TcpBindError {
    /// What an administrator can do about it.
    pub fn remedy(&self) -> &'static str {
        match self.cause.kind() {
            io::ErrorKind::AddrInUse => {
                "Another program listens there, or two doors do: `ss -ltnp` shows it. Stop it or choose another port."
            }
            io::ErrorKind::AddrNotAvailable => {
                "This machine does not have that address. Take one it has, or 0.0.0.0 or [::] for all of them."
            }
            io::ErrorKind::PermissionDenied => {
                "Ports below 1024 need the capability CAP_NET_BIND_SERVICE. Grant it or choose a higher port."
            }
            _ => "Check the address and that the system offers its family (IPv4 or IPv6).",
        }
    }
}

/// Bind `address`, and tell the address with the real port.
pub(super) fn bind(address: SocketAddr) -> Result<(SocketAddr, TcpListener), TcpBindError> {
    open(address).map_err(|cause| TcpBindError { address, cause })
}

fn open(address: SocketAddr) -> io::Result<(SocketAddr, TcpListener)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // So that 0.0.0.0 and [::] can be listened on side by side.
        socket.set_only_v6(true)?;
    }
    // A restart must not wait for old connections to be forgotten by the kernel.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from_std(socket.into())?;
    Ok((listener.local_addr()?, listener))
}
