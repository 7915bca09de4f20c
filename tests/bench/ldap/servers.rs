//! What is measured side by side: one directory, and what stands before it.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;
use vestibule_peers::slapd::{self, Slapd, SlapdProxy};

use super::door::{self, Limits};
use crate::gateway::Gateway;

/// The way to the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Way {
    Direct,
    /// A slapd that asks the other one.
    BackLdap,
    /// OpenLDAP's load balancer.
    Lloadd,
    Vestibule,
}

impl Way {
    pub(super) const ALL: [Self; 4] = [Self::Direct, Self::BackLdap, Self::Lloadd, Self::Vestibule];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::BackLdap => "back-ldap",
            Self::Lloadd => "lloadd",
            Self::Vestibule => "Vestibule",
        }
    }
}

/// A server that is under test, and how it ends.
pub(super) struct Server {
    pub(super) way: Way,
    pub(super) address: SocketAddr,
    pub(super) pid: u32,
    pub(super) running: Running,
}

pub(super) enum Running {
    /// The directory itself, which everybody shares.
    Directory,
    Proxy(#[expect(dead_code, reason = "it ends when this goes")] SlapdProxy),
    Gateway(Box<Gateway>),
}

/// The directory that stands behind all of them; `None` where slapd is not installed.
pub(super) async fn directory(users: u32) -> anyhow::Result<Option<Slapd>> {
    // Who searches for everybody must get everybody.
    let global = "sizelimit unlimited".to_owned();
    Slapd::start(slapd::Options { users, tls: false, global, ..slapd::Options::default() }).await
}

/// Start what stands on this way; `None` where it is not installed.
pub(super) async fn start(way: Way, slapd: &Slapd, vestibule: &Path, limits: Limits) -> anyhow::Result<Option<Server>> {
    let (address, pid, running) = match way {
        Way::Direct => (slapd.address(), slapd.pid().context("slapd is not running")?, Running::Directory),
        Way::BackLdap => match SlapdProxy::back_ldap(slapd).await? {
            Some(proxy) => (proxy.address(), proxy.pid(), Running::Proxy(proxy)),
            None => return Ok(None),
        },
        Way::Lloadd => match SlapdProxy::lloadd(slapd).await? {
            Some(proxy) => (proxy.address(), proxy.pid(), Running::Proxy(proxy)),
            None => return Ok(None),
        },
        Way::Vestibule => {
            let gateway = door::start(vestibule, slapd, limits).await?;
            (gateway.address(), gateway.process.id(), Running::Gateway(Box::new(gateway)))
        }
    };
    Ok(Some(Server { way, address, pid, running }))
}
