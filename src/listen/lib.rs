//! What doors need from the network and the runtime: sockets that survive, tasks that somebody owns.
//!
//! What this crate must not know: any protocol, any login, any of our other crates. It moves octets and says where they
//! came from.

mod proxy;
mod seldom;
mod stream;
mod tasks;
mod tls;
mod udp;

pub use proxy::{Balancers, HeaderError, ProxyHeader, ProxyParsed, parse_proxy_header};
pub use seldom::Seldom;
pub use stream::{
    Connection, ConnectionGuard, Counts, Stream, StreamDoor, StreamHandle, StreamLimits, StreamRules, StreamSettings,
    TcpBindError,
};
pub use tasks::{Stopped, Tasks};
pub use tls::{CertificateWarning, ClientRoots, HandshakeError, IdentityError, ServerIdentity, ServerTls, TlsError};
pub use udp::{Batch, BindError, Datagram, UdpListener, UdpSender};
