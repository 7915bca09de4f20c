//! The door itself: opened with settings, changed by a reload, closed.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use tokio::time::Instant;
use vestibule_engine::{Clock, Door, Engine, EngineError, Password, PortError, Random, Service, Subject, UserId};
use vestibule_listen::{
    Balancers, Seldom, ServerTls, Stopped, StreamDoor, StreamHandle, StreamLimits, StreamRules, StreamSettings, Tasks,
    TcpBindError, TlsError,
};

use crate::LdapUpstream;
use crate::bind::{By, Who};
use crate::session;
use crate::settings::{
    AccountSettings, ApplicationSettings, LdapDoorSettings, Limits, ListenerSettings, ListenerTls, closest,
};
use crate::upstream::Directory;

/// Directories by their configured names.
pub type Directories = HashMap<String, Arc<LdapUpstream>>;

/// How often the log repeats itself about what strangers and outages cause.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// The LDAP door.
#[derive(Debug, Clone, Copy)]
pub struct LdapDoor;

/// Passwords that people made for one program.
#[async_trait]
pub trait AppPasswords: Send + Sync {
    /// Whether it is one by its form. Such a password goes to no directory.
    fn is_one(&self, password: &Password) -> bool;

    /// This password, if this person made it for this application.
    async fn check(
        &self,
        password: &Password,
        person: &Subject,
        application: &str,
    ) -> Result<Option<AppPassword>, PortError>;

    /// Whether it was not revoked since.
    async fn is_held(&self, user: UserId, id: &str) -> Result<bool, PortError>;
}

/// One of them that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPassword {
    pub label: Arc<str>,
    /// Names it without opening anything.
    pub id: Arc<str>,
}

/// What lasts as long as the door.
#[derive(Clone)]
pub struct LdapParts {
    pub engine: Arc<Engine>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub app_passwords: Arc<dyn AppPasswords>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("open the LDAP door")]
    Bind(#[from] TcpBindError),
    #[error("prepare the certificate of the LDAP door")]
    Tls(#[from] TlsError),
    #[error("application {application} asks for the primary login {primary}, and there is no directory of that name")]
    UnknownDirectory { application: String, primary: String },
    /// What cannot change while the door is open.
    #[error("`ldap.{0}` was changed: that needs a restart, and until then nothing else of this change takes effect")]
    NeedsRestart(&'static str),
}

/// An open door. [`Handle::stop`] closes it, and so does stopping the tasks it was given.
pub struct Handle {
    hall: Arc<Hall>,
    configured: Vec<ListenerSettings>,
    listening: Vec<(ListenerTls, StreamHandle)>,
    tasks: Tasks,
}

/// Settings that can be changed to.
pub struct Prepared {
    settings: LdapDoorSettings,
    live: Live,
}

/// What all connections share.
pub(crate) struct Hall {
    pub(crate) logins: Arc<Engine>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) app_passwords: Arc<dyn AppPasswords>,
    random: Arc<dyn Random>,
    live: ArcSwap<Live>,
    tls: Option<ServerTls>,
    open_binds: Arc<AtomicUsize>,
    said: Said,
}

struct Live {
    applications: Vec<Arc<Application>>,
    limits: Limits,
}

/// One application, with the directory behind it.
pub(crate) struct Application {
    pub(crate) settings: ApplicationSettings,
    pub(crate) service: Service,
    pub(crate) directory: Arc<Directory>,
    misused: HashMap<Arc<str>, Seldom>,
}

/// Brakes for the log.
struct Said {
    stranger: Seldom,
    fault: Seldom,
    lost: Seldom,
    rule: Seldom,
    nameless: Seldom,
}

/// The right to have one bind decided.
pub(crate) struct Place(Arc<AtomicUsize>);

impl LdapDoor {
    /// Listen and begin to serve. Nothing is left open when an address cannot be bound. `first` is done as soon as nothing
    /// can fail any more.
    pub async fn start(
        settings: LdapDoorSettings,
        directories: &Directories,
        parts: LdapParts,
        tasks: &Tasks,
        first: impl FnOnce() + Send,
    ) -> Result<Handle, StartError> {
        let tls = settings.identity.as_ref().map(|identity| ServerTls::new(identity, &[], None)).transpose()?;
        let live = ArcSwap::from_pointee(link(&settings, directories)?);
        let LdapParts { engine, clock, random, app_passwords } = parts;
        let hall = Arc::new(Hall {
            logins: engine,
            clock,
            app_passwords,
            random,
            live,
            tls,
            open_binds: Arc::default(),
            said: Said {
                stranger: Seldom::new(SAID_EVERY),
                fault: Seldom::new(SAID_EVERY),
                lost: Seldom::new(SAID_EVERY),
                rule: Seldom::new(SAID_EVERY),
                nameless: Seldom::new(SAID_EVERY),
            },
        });
        let tasks = tasks.group();
        let mut listening = Vec::new();
        for listener in &settings.listeners {
            match listen(&hall, listener, &settings, &tasks) {
                Ok(handle) => listening.push((listener.tls, handle)),
                Err(error) => {
                    tasks.stop(Duration::ZERO).await;
                    return Err(error.into());
                }
            }
        }
        first();
        Ok(Handle { hall, configured: settings.listeners, listening, tasks })
    }
}

impl Handle {
    /// The addresses that are listened on, with their real ports, in the order of the configuration.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listening.iter().flat_map(|(_, handle)| handle.addresses().iter().copied()).collect()
    }

    /// Make ready for new settings, or say why they cannot be. A renewed certificate is shown from here on; everything else
    /// holds with [`Handle::change`].
    pub fn prepare(&self, settings: LdapDoorSettings, directories: &Directories) -> Result<Prepared, StartError> {
        if settings.listeners != self.configured {
            return Err(StartError::NeedsRestart("listeners"));
        }
        let live = link(&settings, directories)?;
        match (&settings.identity, &self.hall.tls) {
            (Some(identity), Some(tls)) => tls.swap(identity)?,
            (None, None) => {}
            _ => return Err(StartError::NeedsRestart("tls")),
        }
        Ok(Prepared { settings, live })
    }

    /// Change to what was prepared. Connections that stand go on; their next bind is judged by the new rules.
    pub fn change(&self, prepared: Prepared) {
        let Prepared { settings, live } = prepared;
        for (kind, handle) in &self.listening {
            handle.reload(rules(*kind, &settings, self.hall.tls.clone()));
        }
        self.hall.live.store(Arc::new(live));
    }

    /// Connections that are open now.
    pub fn connections(&self) -> usize {
        self.listening.iter().map(|(_, handle)| handle.counts().open).sum()
    }

    /// Stop listening, let what is asked end until `deadline` has passed, drop the rest.
    pub async fn stop(&self, deadline: Duration) -> Stopped {
        self.tasks.stop(deadline).await
    }
}

fn listen(
    hall: &Arc<Hall>,
    listener: &ListenerSettings,
    settings: &LdapDoorSettings,
    tasks: &Tasks,
) -> Result<StreamHandle, TcpBindError> {
    let rules = rules(listener.tls, settings, hall.tls.clone());
    let stream = StreamSettings { name: "ldap", addresses: vec![listener.address], rules };
    let (hall, listener) = (Arc::clone(hall), Arc::new(listener.clone()));
    StreamDoor::start(stream, tasks, move |connection| {
        session::serve(Arc::clone(&hall), Arc::clone(&listener), connection)
    })
}

fn rules(kind: ListenerTls, settings: &LdapDoorSettings, tls: Option<ServerTls>) -> StreamRules {
    let limits = StreamLimits {
        connections: settings.limits.connections,
        connections_per_source: settings.limits.connections_per_source,
        ..StreamLimits::default()
    };
    let tls = tls.filter(|_| kind == ListenerTls::Immediate);
    StreamRules { limits, tls, balancers: Balancers::new(settings.balancers.clone()) }
}

fn link(settings: &LdapDoorSettings, directories: &Directories) -> Result<Live, StartError> {
    let applications = settings.applications.iter().map(|application| {
        let directory = directories.get(&application.primary).ok_or_else(|| StartError::UnknownDirectory {
            application: application.name.to_string(),
            primary: application.primary.clone(),
        })?;
        let accounts = application.accounts.iter();
        Ok(Arc::new(Application {
            service: Service { door: Door::Ldap, name: Arc::clone(&application.name) },
            directory: directory.directory(),
            misused: accounts.map(|account| (Arc::clone(&account.name), Seldom::new(SAID_EVERY))).collect(),
            settings: application.clone(),
        }))
    });
    Ok(Live { applications: applications.collect::<Result<_, StartError>>()?, limits: settings.limits })
}

impl Hall {
    /// The application that comes to this listener from this address: the one with the closest network.
    pub(crate) fn application(&self, listener: &str, address: IpAddr) -> Option<Arc<Application>> {
        let live = self.live.load();
        closest(live.applications.iter(), |one| one.settings.fits(listener, address)).map(Arc::clone)
    }

    pub(crate) fn limits(&self) -> Limits {
        self.live.load().limits
    }

    pub(crate) fn tls(&self) -> Option<&ServerTls> {
        self.tls.as_ref()
    }

    /// A place among the binds that are decided right now, if there is one.
    pub(crate) fn place(&self) -> Option<Place> {
        let place = Place(Arc::clone(&self.open_binds));
        // Counted first, so that many at once cannot all find the last place free.
        (place.0.fetch_add(1, Ordering::AcqRel) < self.limits().open_binds).then_some(place)
    }

    /// Whether the account of a program may be used from there and now; if not, that is an alert, and whoever binds is
    /// taken for a person (LDP-23).
    pub(crate) async fn may_use(&self, application: &Application, account: &AccountSettings, address: IpAddr) -> bool {
        let why = if !account.may_come_from(address) {
            "it came from an address that is not listed for it"
        } else if account.expires.is_some_and(|until| self.clock.now() >= until) {
            "its time is over"
        } else {
            return true;
        };
        if application.misused.get(&account.name).is_some_and(|said| said.due().is_some())
            && let Err(error) = self.logins.misused(&account.name, &application.service, address, why).await
        {
            self.failed(&application.settings.name, &error);
        }
        false
    }

    /// Whether somebody who was let in by the rules of `then` still may be here, by those of `now`.
    pub(crate) async fn may_stay(
        &self,
        who: &Who,
        address: IpAddr,
        then: &Application,
        now: &Application,
    ) -> Result<bool, EngineError> {
        let may = match &who.by {
            By::Themselves => true,
            By::Account(name) => self.is_account_still(name, address, then, now),
            By::AppPassword(id) => {
                let held = self.app_passwords.is_held(who.user, id).await.map_err(EngineError::Primary)?;
                held && now.settings.app_passwords
            }
        };
        Ok(may && self.logins.may_stay(who.user, who.since).await?)
    }

    fn is_account_still(&self, name: &str, address: IpAddr, then: &Application, now: &Application) -> bool {
        let of =
            |application: &Application| application.settings.accounts.iter().find(|one| *one.name == *name).cloned();
        of(then).zip(of(now)).is_some_and(|(then, now)| {
            then.parsed.is(&now.parsed)
                && then.operations == now.operations
                && now.may_come_from(address)
                && now.expires.is_none_or(|until| self.clock.now() < until)
        })
    }

    /// When a refusal may be said: the delay counts from the bind, so that all refusals look alike, and a random quarter is
    /// added (ADM-04).
    pub(crate) fn earliest(&self, application: &Application, arrived: Instant) -> Instant {
        let delay = application.settings.reject_delay;
        let mut chance = [0];
        // Without chance the refusal is late all the same, only more evenly.
        let [part] = if self.random.fill(&mut chance).is_ok() { chance } else { [255] };
        arrived + delay + delay / 4 * u32::from(part) / 255
    }

    pub(crate) fn stranger(&self, listener: &str, address: IpAddr) {
        if let Some(more) = self.said.stranger.due() {
            tracing::warn!(
                listener, client = %address, more,
                "{address} connected to the LDAP listener {listener} and belongs to no application; add its address to one \
                 under ldap.applications"
            );
        }
    }

    pub(crate) fn failed(&self, application: &str, error: &(dyn std::error::Error + 'static)) {
        if let Some(more) = self.said.fault.due() {
            tracing::error!(
                application,
                error,
                more,
                "A request of the LDAP application {application} could not be served"
            );
        }
    }

    pub(crate) fn ended(&self, application: &str, user: UserId) {
        tracing::info!(
            application, %user,
            "Ended a connection of {application}: its user was disabled or removed or reported a login, the app password was \
             revoked, or the account is configured otherwise by now"
        );
    }

    pub(crate) fn nameless(&self, application: &str) {
        if let Some(more) = self.said.nameless.due() {
            tracing::error!(
                application,
                more,
                "The directory let somebody in by a SASL mechanism and does not say whom (WhoAmI), so nobody was let in to \
                 {application}; take the mechanism out of ldap.applications.{application}.sasl"
            );
        }
    }

    pub(crate) fn line_lost(&self, application: &Application, why: &str) {
        if let Some(more) = self.said.lost.due() {
            let (name, source) = (&*application.settings.name, &*application.directory.name);
            tracing::warn!(
                application = name,
                source.name = source,
                reason = why,
                more,
                "The directory \"{source}\" ended a connection of {name}: {why}"
            );
        }
    }

    pub(crate) fn broke_a_rule(&self, application: &str, address: IpAddr, rule: &str) {
        if let Some(more) = self.said.rule.due() {
            tracing::warn!(
                application, client = %address, rule, more,
                "{address} ({application}) sent what LDAP does not allow, and was disconnected: {rule}"
            );
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
