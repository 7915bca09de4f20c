//! Real peers for tests and benchmarks: each starts in a temporary folder, on ports of its own, and dies with its guard.
//!
//! What this crate must not know: anything of ours. It depends on no member of the workspace, so that it can stand on
//! the other side of every door.

#[cfg(test)]
mod tests;

pub mod apache;
pub mod certificates;
pub mod chromium;
pub mod directory;
mod errand;
pub mod firefox;
pub mod freeradius;
pub mod ldap_tools;
pub mod nslcd;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod push_service;
pub mod python_ldap;
pub mod radclient;
pub mod raw_ldap;
pub mod readme;
pub mod samba;
pub mod slapd;
pub mod terminal;
pub mod tools;
