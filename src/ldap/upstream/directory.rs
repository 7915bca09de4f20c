//! A directory: its servers as one. Lookups go over connections of the service account ([`lookup`](super::lookup)),
//! passwords over connections of their own ([`check`](super::check)); which server is asked is decided here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};
use vestibule_engine::{PortError, Random};

use super::accounts::Accounts;
use super::connect::Addresses;
use super::connection::Connection;
use super::fault::{Fault, chain};
use super::health::Health;
use super::line::Line;
use super::lookups::Lookups;
use super::person::attributes;
use super::pool::Pool;
use super::pretence::Pretence;
use super::refusals::Refusals;
use crate::config::{Find, LdapSettings, ServerAddress};

pub(crate) struct Directory {
    pub(crate) name: Arc<str>,
    pub(crate) settings: LdapSettings,
    /// What is read of a person.
    pub(super) attributes: Vec<String>,
    pub(super) pretence: Pretence,
    servers: Vec<Server>,
    random: Arc<dyn Random>,
    account_rests_until: Mutex<Option<Instant>>,
    /// How it words a wrong password.
    pub(crate) refusals: Refusals,
    /// Who the accounts of programs are.
    pub(super) accounts: Accounts,
    /// For tasks, which outlive who started them and must not keep the directory.
    pub(super) itself: Weak<Self>,
}

/// Which server of the directory: its place in the configured order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(usize);

pub(super) struct Server {
    pub(super) place: Place,
    pub(super) address: ServerAddress,
    pub(super) addresses: Addresses,
    pub(super) lookups: Lookups,
    pub(super) binds: Pool,
    health: Health,
}

impl Place {
    /// Some server, where a test has only one.
    #[cfg(test)]
    pub(super) const FIRST: Self = Self(0);
}

impl Directory {
    pub(super) fn new(name: &str, settings: LdapSettings, random: Arc<dyn Random>) -> Arc<Self> {
        let servers = settings.servers.iter().enumerate();
        let servers = servers.map(|(at, address)| Server::new(Place(at), address.clone(), &settings)).collect();
        Arc::new_cyclic(|itself| Self {
            name: name.into(),
            attributes: attributes(&settings.attributes, &settings.groups, settings.kind),
            settings,
            pretence: Pretence::default(),
            servers,
            random,
            account_rests_until: Mutex::default(),
            refusals: Refusals::default(),
            accounts: Accounts::default(),
            itself: Weak::clone(itself),
        })
    }

    pub(super) fn servers(&self) -> &[Server] {
        &self.servers
    }

    pub(super) fn server(&self, place: Place) -> Option<&Server> {
        self.servers.get(place.0)
    }

    /// When something that begins now has to be over.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.settings.timeout
    }

    pub(super) async fn open(&self, server: &Server, deadline: Instant) -> Result<Connection, Fault> {
        Line::open(self, server, deadline).await.map(Connection::new)
    }

    /// The servers to ask, in order, `preferred` before all. Resting ones are left out, unless all rest and asking costs
    /// nothing.
    pub(super) fn candidates(&self, preferred: Option<Place>) -> impl Iterator<Item = &Server> {
        let now = Instant::now();
        let is_any_usable = self.servers.iter().any(|server| server.health.is_usable(now));
        let is_preferred = move |server: &&Server| Some(server.place) == preferred;
        let others = self.servers.iter().filter(move |server| !is_preferred(server));
        self.servers.iter().filter(is_preferred).chain(others).filter(move |server| {
            if is_any_usable { server.health.admit(now) } else { server.health.is_cheap_to_try() }
        })
    }

    pub(super) fn is_well(&self, server: &Server) {
        if server.health.well(Instant::now()) {
            info!(
                source.name = %self.name, server = %server.address,
                "The directory server {} of \"{}\" answers again", server.address, self.name
            );
        }
    }

    /// Whether people are looked up before their password is checked.
    pub(super) fn has_account(&self) -> bool {
        matches!(self.settings.find, Find::Search { .. })
    }

    /// When the service account may be tried again, if it was refused.
    pub(super) fn account_rests(&self) -> MutexGuard<'_, Option<Instant>> {
        self.account_rests_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_failed(&self, server: &Server, fault: &Fault, began: Instant) {
        if !fault.means_down() {
            return;
        }
        if server.health.failed(began, Instant::now(), fault.is_quick(), self.chance()) {
            warn!(
                source.name = %self.name, server = %server.address, reason = %chain(fault),
                "The directory server {} of \"{}\" cannot be used; it rests for a moment and the next one is asked",
                server.address, self.name
            );
        }
    }

    /// How long a refused bind takes, for one that is only pretended.
    pub(super) fn pretended_duration(&self) -> Duration {
        self.pretence.draw(self.chance())
    }

    /// Chance where nothing is secret; without it, the middle.
    fn chance(&self) -> u8 {
        let mut chance = [128];
        self.random.fill(&mut chance).ok();
        let [chance] = chance;
        chance
    }

    pub(super) fn all_failed(&self, last: Option<Fault>, doing: &str) -> PortError {
        match last {
            Some(fault) => fault.into_port_error(format!("{doing}: no server could be used")),
            None => PortError::Unreachable { doing: format!("{doing}: every server failed a moment ago"), cause: None },
        }
    }
}

impl Server {
    fn new(place: Place, address: ServerAddress, settings: &LdapSettings) -> Self {
        let trial = settings.connect_timeout.saturating_add(settings.timeout);
        Self {
            place,
            address,
            addresses: Addresses::default(),
            lookups: Lookups::new(settings.connections, settings.idle_timeout),
            binds: Pool::new(settings.bind_connections, settings.idle_timeout),
            health: Health::new(settings.cool_down, settings.cool_down_max, trial),
        }
    }
}
