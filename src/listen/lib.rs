//! What doors need from the network and the runtime: sockets that survive, tasks that somebody owns.
//!
//! What this crate must not know: any protocol, any login, any of our other crates. It moves octets and says where they
//! came from.

mod seldom;
mod tasks;
mod udp;

pub use seldom::Seldom;
pub use tasks::{Stopped, Tasks};
pub use udp::{Batch, BindError, Datagram, UdpListener, UdpSender};
