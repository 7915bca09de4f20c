//! From the section as written to what it means. Every problem is told, not only the first.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;
use vestibule_engine::config::{Problems, Sources, Span, load_secret};
use vestibule_listen::ServerIdentity;

use super::{LdapDoorConfig, LdapDoorTlsConfig, LdapLimitsConfig, LdapListenerConfig, LdapListenerTlsConfig};
use crate::settings::{ApplicationSettings, LdapDoorSettings, Limits, ListenerSettings, ListenerTls};

/// A name is part of log lines and counters.
const NAME_OCTETS_MAX: usize = 64;

/// A primary login as this door sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// A directory whose people are searched for.
    Searched,
    /// A directory whose people are not searched for, so that who they are is known too late.
    NotSearched,
    /// Something other than a directory.
    Other,
}

impl LdapDoorConfig {
    /// Turn the section into what it means, or note every problem of it. `primaries` are the names an application may
    /// name, and what stands behind each.
    pub fn link(
        self,
        path: &str,
        primaries: &BTreeMap<String, Behind>,
        sources: &dyn Sources,
        problems: &mut Problems,
    ) -> Option<LdapDoorSettings> {
        let listeners = link_listeners(&self.listeners, path, problems);
        let wants_tls = self.listeners.values().any(|listener| listener.tls != LdapListenerTlsConfig::Never);
        let identity = match &self.tls {
            Some(tls) => tls.link(path, sources, problems).map(Some),
            None if wants_tls => {
                let remedy = "write a certificate and its key, or `tls: never` at listeners on this machine";
                problems.error(format!("{path}.tls"), "no certificate, and a listener that speaks TLS", remedy);
                None
            }
            None => Some(None),
        };
        let balancers = networks(&self.balancers, &format!("{path}.balancers"), problems);
        let limits = self.limits.link(path, problems);
        let count = self.applications.len();
        let applications: Vec<ApplicationSettings> = self
            .applications
            .iter()
            .filter_map(|(name, application)| {
                application.link(&format!("{path}.applications.{name}"), name, &self.listeners, primaries, problems)
            })
            .collect();
        if count == 0 {
            let remedy = "add an application, or nobody can sign in by LDAP";
            problems.warn(format!("{path}.applications"), "no applications", remedy);
        }
        let apart = are_apart(&applications, path, problems);
        let (listeners, identity, balancers, limits) = (listeners?, identity?, balancers?, limits?);
        let whole = applications.len() == count && apart;
        whole.then_some(LdapDoorSettings { listeners, identity, balancers, applications, limits })
    }
}

fn link_listeners(
    written: &BTreeMap<String, LdapListenerConfig>,
    path: &str,
    problems: &mut Problems,
) -> Option<Vec<ListenerSettings>> {
    if written.is_empty() {
        let remedy = "write for example `secure: { address: \"0.0.0.0:636\" }`";
        problems.error(format!("{path}.listeners"), "no address to listen on", remedy);
        return None;
    }
    let mut listeners: Vec<ListenerSettings> = Vec::new();
    for (name, listener) in written {
        let path = format!("{path}.listeners.{name}");
        let name_fits = check_name(name, &path, problems);
        let path = format!("{path}.address");
        match listener.address.parse::<SocketAddr>() {
            Ok(address) if address.port() != 0 && listeners.iter().any(|other| other.address == address) => {
                problems.error(path, format!("{address} a second time"), "listen on each address once");
            }
            Ok(address) if name_fits => {
                let tls = match listener.tls {
                    LdapListenerTlsConfig::Immediate => ListenerTls::Immediate,
                    LdapListenerTlsConfig::StartTls => ListenerTls::StartTls,
                    LdapListenerTlsConfig::Never => ListenerTls::Never,
                };
                listeners.push(ListenerSettings { name: name.as_str().into(), address, tls });
            }
            Ok(_) => {}
            Err(_) => problems.error(path, &listener.address, "write an address and a port, like 0.0.0.0:636"),
        }
    }
    (listeners.len() == written.len()).then_some(listeners)
}

impl LdapDoorTlsConfig {
    fn link(&self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<ServerIdentity> {
        let chain = match sources.file(&self.certificate) {
            Ok(chain) => Some(chain),
            Err(why) => {
                problems.error(format!("{path}.tls.certificate"), why, "name a PEM file that the gateway may read");
                None
            }
        };
        let key = load_secret(sources, &self.key, &format!("{path}.tls.key"), problems);
        let (chain, key) = (chain?, key?);
        match ServerIdentity::from_pem(&chain, key.expose()) {
            Ok(identity) => Some(identity),
            Err(error) => {
                let remedy = "put the certificate first, its authorities after it, and the key that belongs to it";
                problems.error(format!("{path}.tls"), error.to_string(), remedy);
                None
            }
        }
    }
}

impl LdapLimitsConfig {
    fn link(&self, path: &str, problems: &mut Problems) -> Option<Limits> {
        let mut fine = true;
        for (name, value, range) in [
            ("connections", self.connections, 16..=1_000_000),
            ("connections_per_source", self.connections_per_source, 4..=1_000_000),
            ("open_binds", self.open_binds, 1..=1_000_000),
            ("request_before_bind", self.request_before_bind, 4_096..=16 << 20),
            ("request", self.request, 4_096..=64 << 20),
            ("outstanding_before_bind", self.outstanding_before_bind, 1..=100_000),
            ("outstanding", self.outstanding, 1..=100_000),
        ] {
            if !range.contains(&value) {
                let remedy = format!("write {} to {}", range.start(), range.end());
                problems.error(format!("{path}.limits.{name}"), value.to_string(), remedy);
                fine = false;
            }
        }
        let at = |name: &str| format!("{path}.limits.{name}");
        let seconds = |from, to| Duration::from_secs(from)..=Duration::from_secs(to);
        let idle_timeout = within(self.idle_timeout, seconds(10, 604_800), at("idle_timeout"), problems);
        let request_timeout = within(self.request_timeout, seconds(1, 600), at("request_timeout"), problems);
        let write_timeout = within(self.write_timeout, seconds(1, 600), at("write_timeout"), problems);
        let recheck = within(self.recheck, seconds(1, 600), at("recheck"), problems);
        let (idle_timeout, request_timeout) = (idle_timeout?, request_timeout?);
        let (write_timeout, recheck) = (write_timeout?, recheck?);
        fine.then_some(Limits {
            connections: self.connections,
            connections_per_source: self.connections_per_source,
            open_binds: self.open_binds,
            request_before_bind: self.request_before_bind,
            request: self.request,
            outstanding_before_bind: self.outstanding_before_bind,
            outstanding: self.outstanding,
            idle_timeout,
            request_timeout,
            write_timeout,
            recheck,
        })
    }
}

/// Two applications at one address and one listener could not be told apart.
fn are_apart(applications: &[ApplicationSettings], path: &str, problems: &mut Problems) -> bool {
    let mut apart = true;
    for (at, one) in applications.iter().enumerate() {
        for other in applications.iter().take(at) {
            let both_at_any = one.listeners.is_empty() || other.listeners.is_empty();
            let meet = both_at_any || one.listeners.iter().any(|name| other.listeners.contains(name));
            let shared = one.networks.iter().find(|network| other.networks.contains(network)).filter(|_| meet);
            if let Some(network) = shared {
                let found = format!("{network}, which {} has too", other.name);
                let remedy = "give each application addresses, or listeners, of its own";
                problems.error(format!("{path}.applications.{}.addresses", one.name), found, remedy);
                apart = false;
            }
        }
    }
    apart
}

pub(super) fn check_name(name: &str, path: &str, problems: &mut Problems) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = !name.is_empty() && name.len() <= NAME_OCTETS_MAX && name.chars().all(plain);
    if !fits {
        let remedy = "use up to 64 letters, digits, dashes, dots and underscores";
        problems.error(path, format!("the name \"{name}\""), remedy);
    }
    fits
}

pub(super) fn networks(written: &[String], path: &str, problems: &mut Problems) -> Option<Vec<IpNet>> {
    let mut networks = Vec::new();
    for (index, text) in written.iter().enumerate() {
        let path = format!("{path}.{index}");
        match text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>()) {
            Ok(network) if network != network.trunc() => {
                let found = format!("{network}, which has octets beyond its length");
                let remedy = format!("write {} or the single address {}", network.trunc(), network.addr());
                problems.error(path, found, remedy);
            }
            Ok(network) => networks.push(network),
            Err(_) => problems.error(path, text, "write an address or a network, like 192.0.2.7 or 192.0.2.0/24"),
        }
    }
    (networks.len() == written.len()).then_some(networks)
}

pub(super) fn within(
    span: Span,
    range: RangeInclusive<Duration>,
    path: String,
    problems: &mut Problems,
) -> Option<Duration> {
    if range.contains(&span.0) {
        return Some(span.0);
    }
    let remedy = format!("write {} to {}", Span(*range.start()), Span(*range.end()));
    problems.error(path, span.to_string(), remedy);
    None
}
