//! The wiring: store, factors, primaries, engine, doors, in this order; and the stop in the opposite one. Only this file
//! names concrete adapters.

mod app_passwords;
mod exchange;
mod phones;
mod tending;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use vestibule_engine::{
    AuditEvent, AuditRecord, Clock, Door, Engine, Ports, PrimarySource, Random, SecondFactor, Store,
};
use vestibule_factors::{Factors, HashPool, Invitations, LocalUsers, RecoveryCodes, Totp};
use vestibule_ldap::{Directories, LdapDoor, LdapDoorSettings, LdapParts, LdapUpstream};
use vestibule_listen::{Stopped, Tasks};
use vestibule_portal::{PortalDoor, PortalLinks, PortalParts, PortalSettings};
use vestibule_radius::{Primaries, RadiusDoor, RadiusSettings, RadiusUpstream};
use vestibule_store::Opening;

use self::app_passwords::AppPasswordDesk;
use self::exchange::{Exchangeable, Fixed};
use self::phones::{Answering, Phones};
use crate::clock::{SystemClock, SystemRandom};
use crate::config::{Config, PrimarySettings};

/// How long open logins have to end by themselves when the gateway stops. Clients repeat unanswered requests, so those
/// that are dropped begin anew at the next gateway.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// What a credential is digested with, to recognise a login asked twice.
const DIGEST_KEY: &str = "vestibule coalescing 1";

/// A gateway: [`Gateway::start`] makes one of a configuration.
#[derive(Debug, Clone, Copy)]
pub struct Gateway;

/// A running gateway.
pub struct GatewayHandle {
    tools: Tools,
    engine: Arc<Engine>,
    factors: ExchangeableFactors,
    phones: Option<Phones>,
    answering: Option<Answering>,
    radius: Option<vestibule_radius::Handle>,
    ldap: Option<vestibule_ldap::Handle>,
    portal: Option<vestibule_portal::Handle>,
    /// What a reload cannot exchange, to tell when somebody tries.
    fixed: Fixed,
}

/// What everything else is made with. It stays for the life of the gateway.
struct Tools {
    store: Arc<vestibule_store::Handle>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    hashing: Arc<HashPool>,
    tasks: Tasks,
}

/// Where passwords are checked, by name; those that are directories once more as such, for the door in front of them.
struct Sources {
    primaries: Primaries,
    directories: Directories,
}

/// The engine keeps its factors; a reload changes what is inside.
#[derive(Clone)]
struct ExchangeableFactors {
    totp: Arc<Exchangeable<Totp>>,
    recovery_codes: Arc<Exchangeable<RecoveryCodes>>,
    invitations: Arc<Exchangeable<Invitations>>,
}

impl Gateway {
    /// Open and bind everything, or nothing.
    pub async fn start(config: Config) -> anyhow::Result<GatewayHandle> {
        let fixed = Fixed::of(&config);
        let digest_key = config.keyring.derive(DIGEST_KEY);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let store = vestibule_store::open(config.store, config.keyring, &config.node, Opening::Existing, clock.now());
        let tools = Tools {
            store: store.await.context("open the store")?,
            clock,
            random: Arc::new(SystemRandom::new()),
            hashing: config.factors.pool(),
            tasks: Tasks::new(),
        };
        let factors = ExchangeableFactors::new(&config.factors, &tools);
        let sources = match tools.sources(config.primaries, &config.factors) {
            Ok(sources) => sources,
            Err(error) => return Err(tools.given_up(error).await),
        };
        let phones = match &config.portal {
            Some(portal) => match Phones::start(&tools, portal, config.push, config.factors.push).await {
                Ok(phones) => Some(phones),
                Err(error) => return Err(tools.given_up(error).await),
            },
            None => None,
        };
        let push = phones.as_ref().map(|phones| Arc::clone(&phones.push) as Arc<dyn SecondFactor>);
        let ports = Ports {
            store: tools.store.as_store(),
            clock: Arc::clone(&tools.clock),
            random: Arc::clone(&tools.random),
            factors: factors.for_engine().into_iter().chain(push).collect(),
            digest_key,
        };
        let engine = Arc::new(Engine::new(ports, config.settings));
        let mut gateway = GatewayHandle {
            tools,
            engine,
            factors,
            phones,
            answering: None,
            radius: None,
            ldap: None,
            portal: None,
            fixed,
        };
        let opened = gateway.open(config.portal, config.radius, config.ldap, &sources, &config.factors).await;
        if let Err(error) = opened {
            return Err(gateway.tools.given_up(error).await);
        }
        tending::begin(&gateway.tools, &gateway.engine);
        let version = env!("CARGO_PKG_VERSION").to_owned();
        gateway.note(AuditEvent::GatewayStarted { version, config: config.fingerprint }).await;
        Ok(gateway)
    }
}

impl GatewayHandle {
    /// Where each door listens.
    pub fn addresses(&self) -> Vec<(Door, SocketAddr)> {
        let radius = self.radius.iter().flat_map(|radius| radius.addresses()).map(|address| (Door::Radius, address));
        let ldap = self.ldap.iter().flat_map(|ldap| ldap.addresses()).map(|address| (Door::Ldap, address));
        let portal = self.portal.iter().flat_map(|portal| portal.addresses()).map(|address| (Door::Portal, address));
        radius.chain(ldap).chain(portal).collect()
    }

    /// The tasks of this gateway, for what belongs to its life.
    pub fn tasks(&self) -> &Tasks {
        &self.tools.tasks
    }

    pub fn store(&self) -> Arc<dyn Store> {
        self.tools.store.as_store()
    }

    /// Change to another configuration as a whole, or keep the present one and say why (OPS-03). Logins that are open go
    /// on. What can fail comes first; nothing after it can.
    pub async fn reload(&mut self, config: Config) -> anyhow::Result<()> {
        self.fixed.check(&config)?;
        let sources = self.tools.sources(config.primaries, &config.factors)?;
        let (engine, factors) = (Arc::clone(&self.engine), self.factors.clone());
        let hashing = Arc::clone(&self.tools.hashing);
        let links = self.tools.portal_links(&sources.primaries, &config.factors, config.ldap.as_ref());
        let ldap = match (&config.ldap, &self.ldap) {
            (Some(settings), Some(open)) => {
                let prepared = open.prepare(settings.clone(), &sources.directories);
                Some(prepared.context("change the LDAP door")?)
            }
            _ => None,
        };
        if let (Some(settings), Some(portal)) = (config.portal, &self.portal) {
            portal.reload(settings, links, || {}).context("change the portal")?;
        }
        // A client that is new may only be served by the rules that were written for it.
        let adopt = move || {
            factors.exchange(&config.factors, &hashing);
            engine.adopt(config.settings);
        };
        self.exchange_radius(config.radius, &sources.primaries, adopt).await?;
        match (ldap, &self.ldap) {
            (Some(prepared), Some(open)) => open.change(prepared),
            _ => self.exchange_ldap(config.ldap, &sources.directories).await?,
        }
        self.note(AuditEvent::ConfigReloaded { config: config.fingerprint }).await;
        Ok(())
    }

    /// Write down that another configuration was not taken.
    pub async fn refuse_reload(&self, problems: u32) {
        self.note(AuditEvent::ConfigRefused { problems }).await;
    }

    /// Doors first, so that nothing new comes in; then what works for them; the store last, because all of it is written
    /// down there.
    pub async fn stop(self) -> Stopped {
        if let Some(answering) = &self.answering {
            answering.device_api.stop();
        }
        if let Some(radius) = &self.radius {
            radius.stop(STOP_PATIENCE).await;
        }
        if let Some(ldap) = &self.ldap {
            ldap.stop(STOP_PATIENCE).await;
        }
        if let Some(portal) = &self.portal {
            portal.stop(STOP_PATIENCE).await;
        }
        if let Some(phones) = &self.phones {
            phones.stop(STOP_PATIENCE).await;
        }
        let stopped = self.tools.tasks.stop(STOP_PATIENCE).await;
        let open_attempts = self.tools.store.open_attempts().await.unwrap_or_default();
        self.note(AuditEvent::GatewayStopped { open_attempts }).await;
        self.tools.store.close().await;
        stopped
    }

    async fn open(
        &mut self,
        portal: Option<PortalSettings>,
        radius: Option<RadiusSettings>,
        ldap: Option<LdapDoorSettings>,
        sources: &Sources,
        factors: &Factors,
    ) -> anyhow::Result<()> {
        let links = self.tools.portal_links(&sources.primaries, factors, ldap.as_ref());
        self.open_portal(portal, links, factors).await?;
        self.exchange_ldap(ldap, &sources.directories).await?;
        self.exchange_radius(radius, &sources.primaries, || {}).await
    }

    async fn open_portal(
        &mut self,
        settings: Option<PortalSettings>,
        links: PortalLinks,
        factors: &Factors,
    ) -> anyhow::Result<()> {
        let (Some(settings), Some(phones)) = (settings, &self.phones) else { return Ok(()) };
        let (tools, engine) = (&self.tools, &self.engine);
        let answering = phones.answering(tools, engine, Arc::new(factors.totp())).await?;
        let mut routes = vestibule_portal::device_api::router(Arc::clone(&answering.device_api));
        if let Some(privacyidea) = &answering.privacyidea {
            routes = routes.merge(vestibule_portal::compat::privacyidea::router(Arc::clone(privacyidea)));
        }
        let parts = PortalParts {
            engine: Arc::clone(engine),
            store: tools.store.as_store(),
            clock: Arc::clone(&tools.clock),
            random: Arc::clone(&tools.random),
            pairing: Arc::clone(&answering.pairing),
            routes,
        };
        let portal = PortalDoor::start(settings, links, parts, &tools.tasks, || {})?;
        if let Some(privacyidea) = &answering.privacyidea {
            portal.offer_privacyidea(Arc::clone(privacyidea));
        }
        self.portal = Some(portal);
        self.answering = Some(answering);
        Ok(())
    }

    /// `first` is done when nothing can fail any more, and before anybody is served by the new settings.
    async fn exchange_radius(
        &mut self,
        settings: Option<RadiusSettings>,
        primaries: &Primaries,
        first: impl FnOnce() + Send,
    ) -> anyhow::Result<()> {
        match (settings, &self.radius) {
            (Some(settings), Some(open)) => {
                open.reload(settings, primaries, first).context("change the RADIUS door")?;
            }
            (Some(settings), None) => {
                let (engine, random) = (Arc::clone(&self.engine), Arc::clone(&self.tools.random));
                self.radius = Some(RadiusDoor::start(settings, engine, primaries, random, &self.tools.tasks, first)?);
            }
            (None, _) => {
                first();
                if let Some(open) = self.radius.take() {
                    open.stop(STOP_PATIENCE).await;
                }
            }
        }
        Ok(())
    }

    /// Open the LDAP door, or close it. One that stays open is changed by what was prepared for it.
    async fn exchange_ldap(
        &mut self,
        settings: Option<LdapDoorSettings>,
        directories: &Directories,
    ) -> anyhow::Result<()> {
        match (settings, &self.ldap) {
            (Some(settings), None) => {
                let tools = &self.tools;
                let parts = LdapParts {
                    engine: Arc::clone(&self.engine),
                    clock: Arc::clone(&tools.clock),
                    random: Arc::clone(&tools.random),
                    app_passwords: Arc::new(AppPasswordDesk::new(
                        tools.store.as_store(),
                        Arc::clone(&tools.clock),
                        Arc::clone(&tools.random),
                    )),
                };
                self.ldap = Some(LdapDoor::start(settings, directories, parts, &tools.tasks, || {}).await?);
            }
            (None, Some(_)) => {
                if let Some(open) = self.ldap.take() {
                    open.stop(STOP_PATIENCE).await;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A record of the gateway itself. Logins do not depend on it, so a store that cannot take it now is only told of.
    async fn note(&self, event: AuditEvent) {
        let record = AuditRecord::new(self.tools.clock.now(), event);
        if let Err(error) = self.tools.store.record(vec![record]).await {
            tracing::error!(error = &error as &dyn std::error::Error, "The audit log could not be written");
        }
    }
}

impl Tools {
    /// A start that failed leaves nothing running and nothing open.
    async fn given_up(&self, error: anyhow::Error) -> anyhow::Error {
        self.tasks.stop(Duration::ZERO).await;
        self.store.close().await;
        error
    }

    fn portal_links(&self, primaries: &Primaries, factors: &Factors, ldap: Option<&LdapDoorSettings>) -> PortalLinks {
        let for_programs = ldap.into_iter().flat_map(LdapDoorSettings::app_password_services);
        PortalLinks {
            primaries: primaries.iter().map(|(name, source)| (name.clone(), Arc::clone(source))).collect(),
            totp: Arc::new(factors.totp()),
            recovery_codes: Arc::new(factors.recovery_codes(Arc::clone(&self.hashing))),
            app_password_services: for_programs.map(|name| format!("{}/{name}", Door::Ldap)).collect(),
        }
    }

    /// Primaries by their configured names.
    fn sources(&self, settings: BTreeMap<String, PrimarySettings>, factors: &Factors) -> anyhow::Result<Sources> {
        let mut sources = Sources { primaries: Primaries::new(), directories: Directories::new() };
        for (name, settings) in settings {
            let source = self.source(name.clone(), settings, factors, &mut sources.directories)?;
            sources.primaries.insert(name, source);
        }
        Ok(sources)
    }

    fn source(
        &self,
        name: String,
        settings: PrimarySettings,
        factors: &Factors,
        directories: &mut Directories,
    ) -> anyhow::Result<Arc<dyn PrimarySource>> {
        Ok(match settings {
            PrimarySettings::Ldap(settings) => {
                let directory = Arc::new(LdapUpstream::new(&name, *settings, Arc::clone(&self.random)));
                directories.insert(name, Arc::clone(&directory));
                directory
            }
            PrimarySettings::Radius(settings) => {
                Arc::new(RadiusUpstream::start(&name, *settings, &self.random, &self.tasks))
            }
            PrimarySettings::Local => {
                let (store, hashing) = (self.store.as_store(), Arc::clone(&self.hashing));
                let users = LocalUsers::new(name, store, hashing, factors.password_cost, &*self.random);
                Arc::new(users.context("prepare local users")?)
            }
        })
    }
}

impl ExchangeableFactors {
    fn new(factors: &Factors, tools: &Tools) -> Self {
        let recovery_codes = factors.recovery_codes(Arc::clone(&tools.hashing));
        Self {
            totp: Arc::new(Exchangeable::new(factors.totp())),
            recovery_codes: Arc::new(Exchangeable::new(recovery_codes)),
            invitations: Arc::new(Exchangeable::new(factors.invitations(Arc::clone(&tools.hashing)))),
        }
    }

    fn for_engine(&self) -> Vec<Arc<dyn SecondFactor>> {
        vec![
            Arc::<Exchangeable<Totp>>::clone(&self.totp),
            Arc::<Exchangeable<RecoveryCodes>>::clone(&self.recovery_codes),
            Arc::<Exchangeable<Invitations>>::clone(&self.invitations),
        ]
    }

    fn exchange(&self, factors: &Factors, hashing: &Arc<HashPool>) {
        self.totp.exchange(factors.totp());
        self.recovery_codes.exchange(factors.recovery_codes(Arc::clone(hashing)));
        self.invitations.exchange(factors.invitations(Arc::clone(hashing)));
    }
}
