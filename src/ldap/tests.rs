//! Against a real slapd, and against a scripted server for what slapd does not do (Active Directory's answers, rubbish).

mod config;
mod failover;
mod groups;
mod names;
mod passwords;
mod scripted;
mod support;
mod tls;
