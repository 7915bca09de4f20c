//! Vestibule as its users meet it: the real binary in front of real directories, asked by real clients.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests are outside: they have a clock, an environment and tasks of their own, and they may fail"
)]

mod harness;

mod authenticator;
mod cluster;
mod commands;
mod doors;
mod firefox;
mod kills;
mod ldap;
mod phone;
mod portal;
mod radius;
mod readme;
mod reload;
mod service;
