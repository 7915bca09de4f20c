//! UDP for servers: many datagrams a system call, and answers that leave from the address the question came to.
//!
//! On a machine with several addresses a plain socket answers from whichever address the route prefers, and clients
//! drop such an answer. So each datagram carries the local address it was sent to, and a reply names it (RAD-39).

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use rustix::net::sockopt::{self, Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::Seldom;

/// One slot of a batch. The kernel may hand over a run of datagrams of one sender in one piece of up to this size.
const SLOT_OCTETS: usize = 65_536;

/// How long to wait after a failed receive, so that an error that stays does not become a busy loop.
const RECEIVE_ERROR_PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug, thiserror::Error)]
#[error("listen on UDP {address}")]
pub struct BindError {
    pub address: SocketAddr,
    #[source]
    pub cause: io::Error,
}

/// A bound UDP socket that is received from in one place.
#[derive(Debug)]
pub struct UdpListener {
    shared: Arc<Shared>,
    address: SocketAddr,
}

/// The way back through a listener's socket. Cheap to clone; keeps the socket open.
#[derive(Debug, Clone)]
pub struct UdpSender(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    socket: UdpSocket,
    state: UdpSocketState,
    receive_errors: Seldom,
    send_errors: Seldom,
}

/// What one receive brought.
pub struct Batch {
    slots: Vec<u8>,
    metas: [RecvMeta; BATCH_SIZE],
    filled: usize,
}

#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    pub octets: &'a [u8],
    pub source: SocketAddr,
    /// The address of ours that it was sent to, where the system tells.
    pub local: Option<IpAddr>,
}

impl UdpListener {
    /// Bind `address`; port 0 takes a free one. An IPv6 address takes IPv6 only, so that `0.0.0.0` and `[::]` can be
    /// listened on side by side. `receive_buffer` is how much the kernel may hold while we are busy; a system limit
    /// (`net.core.rmem_max`) may make it smaller.
    pub fn bind(address: SocketAddr, receive_buffer: usize) -> Result<Self, BindError> {
        Self::open(address, receive_buffer).map_err(|cause| BindError { address, cause })
    }

    fn open(address: SocketAddr, receive_buffer: usize) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_recv_buffer_size(receive_buffer)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        let state = UdpSocketState::new((&socket).into())?;
        let_large_answers_be_fragmented(&socket, address)?;
        let socket = UdpSocket::from_std(socket.into())?;
        let address = socket.local_addr()?;
        let shared = Shared {
            socket,
            state,
            receive_errors: Seldom::new(Duration::from_secs(60)),
            send_errors: Seldom::new(Duration::from_secs(60)),
        };
        Ok(Self { shared: Arc::new(shared), address })
    }

    /// The bound address, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn sender(&self) -> UdpSender {
        UdpSender(Arc::clone(&self.shared))
    }

    /// Wait for datagrams. An error of the socket is logged and waited over; it never ends the listening.
    pub async fn receive(&self, batch: &mut Batch) {
        loop {
            match self.shared.receive(batch).await {
                Ok(()) => return,
                Err(error) => {
                    if let Some(held_back) = self.shared.receive_errors.due() {
                        tracing::warn!(listener = %self.address, %error, held_back, "Could not receive on UDP {}", self.address);
                    }
                    tokio::time::sleep(RECEIVE_ERROR_PAUSE).await;
                }
            }
        }
    }
}

/// The socket state forbids fragmentation, as QUIC wants it. A RADIUS answer may be 4096 octets long and must arrive.
fn let_large_answers_be_fragmented(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => sockopt::set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::DONT)?,
        SocketAddr::V6(_) => sockopt::set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::DONT)?,
    }
    Ok(())
}

impl UdpSender {
    /// Send `octets` to `to`, from our address `from` where it is known. What cannot be sent is logged and lost, as any
    /// datagram may be.
    pub async fn send(&self, octets: &[u8], to: SocketAddr, from: Option<IpAddr>) -> bool {
        let transmit = Transmit { destination: to, ecn: None, contents: octets, segment_size: None, src_ip: from };
        let shared = &*self.0;
        let mut sent = shared.try_send(&transmit);
        while matches!(&sent, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            if let Err(error) = shared.socket.writable().await {
                sent = Err(error);
                break;
            }
            sent = shared.try_send(&transmit);
        }
        shared.note(sent, to, octets.len())
    }

    /// Send now or not at all: for answers so cheap that waiting for room would cost more than losing them.
    pub fn send_now(&self, octets: &[u8], to: SocketAddr, from: Option<IpAddr>) -> bool {
        let transmit = Transmit { destination: to, ecn: None, contents: octets, segment_size: None, src_ip: from };
        self.0.note(self.0.try_send(&transmit), to, octets.len())
    }
}

impl Shared {
    async fn receive(&self, batch: &mut Batch) -> io::Result<()> {
        batch.filled = 0;
        batch.filled = self
            .socket
            .async_io(Interest::READABLE, || {
                let mut slots = batch.slots.chunks_exact_mut(SLOT_OCTETS).map(IoSliceMut::new);
                let mut slots: [IoSliceMut<'_>; BATCH_SIZE] =
                    std::array::from_fn(|_| slots.next().unwrap_or_else(|| IoSliceMut::new(&mut [])));
                self.state.recv((&self.socket).into(), &mut slots, &mut batch.metas)
            })
            .await?;
        Ok(())
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.socket.try_io(Interest::WRITABLE, || self.state.try_send((&self.socket).into(), transmit))
    }

    fn note(&self, sent: io::Result<()>, to: SocketAddr, octets: usize) -> bool {
        let Err(error) = sent else { return true };
        if let Some(held_back) = self.send_errors.due() {
            tracing::warn!(client = %to, octets, %error, held_back, "Could not send {octets} octets by UDP to {to}");
        }
        false
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Batch {
    pub fn new() -> Self {
        // Untouched pages of this cost nothing.
        Self { slots: vec![0; SLOT_OCTETS * BATCH_SIZE], metas: [RecvMeta::default(); BATCH_SIZE], filled: 0 }
    }

    pub fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.slots.chunks_exact(SLOT_OCTETS).zip(&self.metas).take(self.filled).flat_map(|(slot, meta)| {
            let run = slot.get(..meta.len).unwrap_or_default();
            // An empty datagram has no chunks; nobody misses it.
            run.chunks(meta.stride.max(1)).map(|octets| Datagram { octets, source: meta.addr, local: meta.dst_ip })
        })
    }
}

#[cfg(test)]
mod tests;
