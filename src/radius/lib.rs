//! The RADIUS door: network gear asks here whether somebody may come in (RFC 2865).
//!
//! What this crate must not know: how a login is decided, where users are kept, files and environment. It reads packets,
//! tells the engine who wants in, and writes the verdict back.
//!
//! ```text
//!  datagram ─▶ receive: client, packet, signature, duplicate, room ─▶ login ─▶ engine
//!  datagram ◀─ reply: remembered for repetitions ◀─ delays (refusals) ◀─ answer ◀─┘
//!                                        upstream: a RADIUS server as the primary login
//! ```

mod answer;
mod carried;
mod challenge;
pub mod client;
mod clients;
pub mod config;
mod counters;
mod delays;
mod duplicates;
mod gate;
mod login;
mod logins;
mod notice;
mod receive;
mod reply;
mod request;
mod server;
mod settings;
mod upstream;
mod wire;

pub use config::{RadiusConfig, RadiusUpstreamConfig};
pub use counters::{ClientCounts, Counts};
pub use server::{Handle, Primaries, RadiusDoor, StartError};
pub use settings::RadiusSettings;
pub use upstream::{RadiusUpstream, UpstreamSettings};

#[cfg(test)]
mod tests;
