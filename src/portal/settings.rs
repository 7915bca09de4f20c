//! What an administrator meant: the portal's settings, linked and checked.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use vestibule_engine::UserId;
use vestibule_listen::ServerIdentity;

use crate::config::Colour;

/// The portal as it is meant.
#[derive(Debug)]
pub struct PortalSettings {
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) origin: Origin,
    pub(crate) identity: Option<ServerIdentity>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) balancers: Vec<IpNet>,
    pub(crate) primaries: Vec<String>,
    pub(crate) site: Site,
    pub(crate) session: SessionTimes,
    /// `None`: there is no console.
    pub(crate) console: Option<ConsoleSettings>,
    pub(crate) connections: usize,
    pub(crate) connections_per_source: usize,
    pub(crate) refusal_delay: Duration,
}

/// `https://login.example.com`: what a browser sends as `Origin`, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) String);

/// What the pages show of the organisation.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) help: Option<Help>,
    pub(crate) accent: Option<Colour>,
}

/// Whom to ask, and how a click gets there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Help {
    pub(crate) shown: String,
    pub(crate) link: String,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionTimes {
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
}

/// Who may use the console, and from where.
#[derive(Debug)]
pub(crate) struct ConsoleSettings {
    pub(crate) administrators: Vec<Team>,
    pub(crate) auditors: Vec<Team>,
    pub(crate) networks: Vec<IpNet>,
}

/// People of one source.
#[derive(Debug)]
pub(crate) struct Team {
    /// As people are kept under it.
    pub(crate) source: String,
    pub(crate) users: Vec<Named>,
    pub(crate) groups: Vec<String>,
}

/// One person, as they were written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    Id(UserId),
    /// Canonical.
    Name(String),
}

impl PortalSettings {
    /// The origin that phones are paired with: `https://login.example.com`.
    pub fn origin(&self) -> &str {
        &self.origin.0
    }

    /// The name above every page.
    pub fn site_name(&self) -> &str {
        &self.site.name
    }

    /// Whom people ask for help.
    pub fn help(&self) -> Option<&str> {
        self.site.help.as_ref().map(|help| help.shown.as_str())
    }
}
