//! Where a door is entered, and as which application, by its settings: what a client on the same machine goes by.

use std::net::{IpAddr, SocketAddr};

use super::Protection;
use crate::LdapDoorSettings;
use crate::settings::{ListenerTls, closest};

/// A listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entrance<'a> {
    pub listener: &'a str,
    pub address: SocketAddr,
    pub protection: Protection,
}

impl LdapDoorSettings {
    pub fn entrances(&self) -> impl Iterator<Item = Entrance<'_>> {
        self.listeners.iter().map(|listener| Entrance {
            listener: &listener.name,
            address: listener.address,
            protection: match listener.tls {
                ListenerTls::Immediate => Protection::Immediate,
                ListenerTls::StartTls => Protection::StartTls,
                ListenerTls::Never => Protection::Never,
            },
        })
    }

    /// The application for which the door takes a connection from this address to this listener.
    pub fn application_at(&self, listener: &str, address: IpAddr) -> Option<&str> {
        closest(self.applications.iter(), |one| one.fits(listener, address)).map(|application| &*application.name)
    }

    /// Whether a connection from this address has to begin with the header of a balancer.
    pub fn is_balancer(&self, address: IpAddr) -> bool {
        self.balancers.iter().any(|balancer| balancer.contains(&address.to_canonical()))
    }
}
