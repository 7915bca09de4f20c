//! The section as a whole: listeners, limits, and what clients must not share.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use vestibule_engine::config::{Problems, Sources};

use super::{LimitsConfig, RadiusConfig};
use crate::settings::{ClientSettings, RadiusSettings};

/// The most a kernel is asked to hold; more would only be stale by the time it is read.
const RECEIVE_BUFFER_MAX: usize = 64 << 20;

impl RadiusConfig {
    /// Turn the section into what it means, or note every problem of it. `primaries` are the names a client may name.
    pub fn link(
        self,
        path: &str,
        primaries: &BTreeSet<String>,
        sources: &dyn Sources,
        problems: &mut Problems,
    ) -> Option<RadiusSettings> {
        let listeners = link_listeners(&self.listeners, path, problems);
        let limits_hold = self.limits.check(path, problems);
        let defaults = self.defaults;
        let count = self.clients.len();
        let clients: Vec<ClientSettings> = self
            .clients
            .into_iter()
            .filter_map(|(name, client)| {
                let path = format!("{path}.clients.{name}");
                client.link(&path, &name, &defaults, primaries, sources, problems)
            })
            .collect();
        if count == 0 {
            problems.warn(format!("{path}.clients"), "no clients", "add a client, or nobody can sign in by RADIUS");
        }
        let apart = networks_are_apart(&clients, path, problems);
        warn_of_shared_secrets(&clients, path, problems);
        let whole = clients.len() == count && limits_hold && apart;
        listeners.filter(|_| whole).map(|listeners| RadiusSettings { listeners, clients, limits: self.limits })
    }
}

fn link_listeners(written: &[String], path: &str, problems: &mut Problems) -> Option<Vec<SocketAddr>> {
    let mut listeners = Vec::new();
    for (index, text) in written.iter().enumerate() {
        let path = format!("{path}.listeners.{index}");
        match text.parse() {
            Ok(address) if listeners.contains(&address) => {
                problems.error(path, format!("{address} a second time"), "listen on each address once");
            }
            Ok(address) => listeners.push(address),
            Err(_) => problems.error(path, text, "write an address and a port, like 0.0.0.0:1812 or [::]:1812"),
        }
    }
    if written.is_empty() {
        problems.error(format!("{path}.listeners"), "no address to listen on", "write for example 0.0.0.0:1812");
    }
    (!listeners.is_empty() && listeners.len() == written.len()).then_some(listeners)
}

/// Two clients with the same network could not be told apart (RAD-40); one inside the other can.
fn networks_are_apart(clients: &[ClientSettings], path: &str, problems: &mut Problems) -> bool {
    let mut owners: BTreeMap<IpNet, &str> = BTreeMap::new();
    let mut apart = true;
    for client in clients {
        for network in &client.networks {
            if let Some(other) = owners.insert(*network, &client.name) {
                let path = format!("{path}.clients.{}.addresses", client.name);
                let found = format!("{network}, which client {other} has too");
                problems.error(path, found, "give each address to one client");
                apart = false;
            }
        }
    }
    apart
}

fn warn_of_shared_secrets(clients: &[ClientSettings], path: &str, problems: &mut Problems) {
    for (index, client) in clients.iter().enumerate() {
        if let Some(other) = clients.iter().take(index).find(|other| other.secret == client.secret) {
            problems.warn(
                format!("{path}.clients.{}.secret", client.name),
                format!("the same secret as client {}", other.name),
                "give each client a secret of its own, so that one that leaks opens one client only",
            );
        }
    }
}

impl LimitsConfig {
    fn check(&self, path: &str, problems: &mut Problems) -> bool {
        let mut at_least_one = |name: &str, value: usize| {
            if value == 0 {
                problems.error(format!("{path}.limits.{name}"), "0", "write 1 or more");
            }
            value > 0
        };
        let counts = at_least_one("open_logins", self.open_logins)
            & at_least_one("open_logins_per_client", self.open_logins_per_client);
        let lifetime = self.kept_answer_lifetime.0;
        let lifetime_fits = (Duration::from_secs(5)..=Duration::from_secs(30)).contains(&lifetime);
        if !lifetime_fits {
            let found = self.kept_answer_lifetime.to_string();
            problems.error(format!("{path}.limits.kept_answer_lifetime"), found, "write 5s to 30s");
        }
        let room = self.open_logins.saturating_add(self.open_logins / 4);
        let answers_fit = self.kept_answers > room;
        if !answers_fit {
            problems.error(
                format!("{path}.limits.kept_answers"),
                self.kept_answers.to_string(),
                format!("write more than {room}: every open login has a place among them"),
            );
        }
        let buffer_fits = (65_536..=RECEIVE_BUFFER_MAX).contains(&self.receive_buffer);
        if !buffer_fits {
            let found = self.receive_buffer.to_string();
            problems.error(format!("{path}.limits.receive_buffer"), found, "write 65536 to 67108864");
        }
        counts && lifetime_fits && answers_fit && buffer_fits
    }
}
