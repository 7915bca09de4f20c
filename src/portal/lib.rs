//! The portal: the pages where people sign in, enrol and look after their second step; and, at the same origin, what
//! their phones talk to.
//!
//! What this crate must not know: how a factor judges, where things are stored, who else lets people in. Every login here
//! goes through the engine like any other; a page knows a session, a session knows a person, and nothing here makes a
//! grant.
//!
//! ```text
//!  browser ──▶ server ─▶ guard ─┬─▶ sign_in ──▶ Engine ──Grant──▶ session
//!             (limits)  (CSRF,  ├─▶ devices ──▶ factors, pairing, Store
//!                      headers) ├─▶ app_passwords
//!                               ├─▶ history, sessions
//!                               ├─▶ console (administrators)
//!  phone  ──▶ server ───────────┴─▶ device_api, compat, authenticator
//! ```

mod app_passwords;
mod assets;
mod authenticator;
mod browser;
pub mod compat;
mod config;
mod console;
mod cookies;
pub mod device_api;
mod devices;
mod door;
mod fault;
mod guard;
mod history;
mod pages;
pub mod pairing;
mod primaries;
mod secrets;
mod server;
mod session;
mod sessions;
mod settings;
mod sign_in;
mod signing_in;
mod typed;
mod visit;
mod words;

pub use config::{
    ConsoleConfig, PortalConfig, PortalLimitsConfig, PortalTlsConfig, SessionConfig, SiteConfig, TeamConfig,
};
pub use door::{Handle, PortalDoor, PortalLinks, PortalParts, Primaries, StartError};
pub use settings::PortalSettings;
