//! The senders against stand-ins of the push services, over real TLS, and the lane in paused time.

mod apns;
mod fcm;
mod lane;
mod payload;
mod senders;
mod slots;
mod ssrf;
mod stand;
mod web_push;
pub(crate) mod world;
