//! Vestibule: a second factor in front of the logins you already have.
//!
//! This crate is the wiring: the command line, the configuration, and one function that puts store, factors, primaries,
//! engine and doors together. The login itself is in `vestibule-engine`; each door and each adapter has its own crate.

pub mod cli;
pub mod clock;
pub mod config;
pub mod gateway;
pub mod phone;
pub mod reload;
pub mod telemetry;
