//! Rings phones: Web Push (RFC 8030, 8291, 8292), APNs and FCM behind the factor's port `PushSender`.
//!
//! A push message is a doorbell. It carries two ids and a moment, no name, no number, no address and no decision; the
//! phone fetches what is asked from the gateway itself. So nothing here is trusted with a login, and a login works with
//! every provider down.
//!
//! ```text
//!  ring() ─▶ Lane (one for each provider: bounded queue) ─▶ Slot (one at a time for each device, the newest wins)
//!                │                                               │
//!                │◀── breaker and permits for each host ◀────────┘
//!                ▼
//!           Provider { web_push | apns | fcm } ──HTTP──▶ Reply ─▶ retry within the request's life, or report a Rung
//! ```
//!
//! What this crate must not know: who asks, for which service, from where, and what the phone answers. It sees the
//! factor's port and nothing else of ours.

mod alarm;
mod apns;
mod config;
mod doorbell;
mod fcm;
mod http;
mod jws;
mod lane;
mod provider;
mod senders;
mod settings;
mod web_push;

pub use config::{ApnsConfig, FcmConfig, LimitsConfig, PushConfig, WebPushConfig};
pub use senders::{Ports, Senders, StartError};
pub use settings::{ApnsSettings, FcmSettings, Limits, PushSettings, WebPushSettings};
pub use web_push::{VapidKey, VapidKeyError};

#[cfg(test)]
mod tests;
