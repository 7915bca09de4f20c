//! Who is asking: the client by its source address, and by nothing it says of itself (RAD-09).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ipnet::IpNet;
use vestibule_engine::PrimarySource;

use crate::config::RequireSignature;
use crate::counters::ClientCounters;
use crate::gate::Gate;
use crate::notice::Notices;
use crate::settings::ClientSettings;

/// A configured client with everything its logins need.
pub(crate) struct Client {
    pub(crate) settings: ClientSettings,
    pub(crate) primary: Arc<dyn PrimarySource>,
    pub(crate) memory: Arc<Memory>,
}

/// What is remembered of a client over a reload.
pub(crate) struct Memory {
    pub(crate) counters: ClientCounters,
    pub(crate) notices: Notices,
    pub(crate) open: Arc<Gate>,
    /// It has signed once, so it can.
    signs: AtomicBool,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            counters: ClientCounters::default(),
            notices: Notices::new(),
            open: Arc::new(Gate::new()),
            signs: AtomicBool::new(false),
        }
    }
}

impl Client {
    pub(crate) fn name(&self) -> &str {
        &self.settings.name
    }

    /// Whether an unsigned request of this client is dropped. This alone may decide it: see BLA-03, BLA-04.
    pub(crate) fn must_sign(&self) -> bool {
        match self.settings.require_signature {
            RequireSignature::Yes => true,
            RequireSignature::Auto => self.memory.signs.load(Ordering::Relaxed),
            RequireSignature::No => false,
        }
    }

    pub(crate) fn has_signed(&self, source: SocketAddr) {
        if self.settings.require_signature == RequireSignature::Yes || self.memory.signs.swap(true, Ordering::Relaxed) {
            return;
        }
        if self.settings.require_signature == RequireSignature::Auto {
            let name = self.name();
            tracing::info!(client = name, %source, "Client {name} signs its requests; unsigned ones are dropped from now on");
        }
    }
}

/// All clients, found by address: the longest prefix wins (RAD-40).
pub(crate) struct Clients {
    single: HashMap<IpAddr, Arc<Client>>,
    /// Longest prefixes first.
    networks: Vec<(IpNet, Arc<Client>)>,
    all: Vec<Arc<Client>>,
}

impl Clients {
    pub(crate) fn new(all: Vec<Arc<Client>>) -> Self {
        let (mut single, mut networks) = (HashMap::new(), Vec::new());
        for client in &all {
            for network in &client.settings.networks {
                if network.prefix_len() == network.max_prefix_len() {
                    single.insert(network.addr(), Arc::clone(client));
                } else {
                    networks.push((*network, Arc::clone(client)));
                }
            }
        }
        networks.sort_by_key(|(network, _)| std::cmp::Reverse(network.prefix_len()));
        Self { single, networks, all }
    }

    pub(crate) fn at(&self, address: IpAddr) -> Option<&Arc<Client>> {
        let address = address.to_canonical();
        let in_network = || self.networks.iter().find(|(network, _)| network.contains(&address));
        self.single.get(&address).or_else(|| in_network().map(|(_, client)| client))
    }

    pub(crate) fn all(&self) -> &[Arc<Client>] {
        &self.all
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Client>> {
        self.all.iter().find(|client| client.name() == name)
    }
}
