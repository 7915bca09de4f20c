//! The door itself: opened with settings, changed by a reload, closed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use vestibule_engine::{Clock, Engine, PrimarySource, Random, Store};
use vestibule_factors::{AppPasswords, RecoveryCodes, Totp};
use vestibule_listen::{
    Balancers, Seldom, ServerTls, Stopped, StreamDoor, StreamHandle, StreamLimits, StreamRules, StreamSettings, Tasks,
    TcpBindError, TlsError,
};

use crate::assets::Assets;
use crate::compat::privacyidea::PrivacyIdea;
use crate::pairing::Pairing;
use crate::server;
use crate::settings::PortalSettings;

/// How often the log repeats itself about what people can cause.
pub(crate) const SAID_EVERY: Duration = Duration::from_secs(60);

/// Identity sources by their configured names.
pub type Primaries = HashMap<String, Arc<dyn PrimarySource>>;

/// The portal.
#[derive(Debug, Clone, Copy)]
pub struct PortalDoor;

/// What lasts as long as the door.
pub struct PortalParts {
    pub engine: Arc<Engine>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub pairing: Arc<Pairing>,
    /// What other parts answer at the same origin: phones and their apps. They see the caller's address as a
    /// [`PeerAddress`](crate::device_api::PeerAddress).
    pub routes: axum::Router,
}

/// What a reload exchanges together with the settings.
#[derive(Clone)]
pub struct PortalLinks {
    pub primaries: Primaries,
    pub totp: Arc<Totp>,
    pub recovery_codes: Arc<RecoveryCodes>,
    /// The services that take app passwords, as policy names them: `ldap/jenkins`. In the order in which they are offered.
    pub app_password_services: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("open the portal")]
    Bind(#[from] TcpBindError),
    #[error("prepare the certificate of the portal")]
    Tls(#[from] TlsError),
    #[error("the portal asks for the primary login {0}, which there is none of")]
    UnknownPrimary(String),
    /// What cannot change while the portal is open.
    #[error("`portal.{0}` was changed: that needs a restart, and until then nothing else of this change takes effect")]
    NeedsRestart(&'static str),
}

/// An open portal. [`Handle::stop`] closes it, and so does stopping the tasks it was given.
pub struct Handle {
    desk: Arc<Desk>,
    listening: StreamHandle,
    tls: Option<ServerTls>,
    configured: Vec<SocketAddr>,
}

/// What all requests share.
pub(crate) struct Desk {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) pairing: Arc<Pairing>,
    pub(crate) privacyidea: OnceLock<Arc<PrivacyIdea>>,
    pub(crate) app_passwords: AppPasswords,
    pub(crate) assets: Assets,
    pub(crate) live: ArcSwap<Live>,
    /// Anybody who is signed in can ask for the console as often as they like.
    pub(crate) asked_without_the_right: Seldom,
}

/// What a reload exchanges as a whole.
pub(crate) struct Live {
    pub(crate) settings: PortalSettings,
    /// In the order in which they are asked.
    pub(crate) primaries: Vec<Arc<dyn PrimarySource>>,
    pub(crate) totp: Arc<Totp>,
    pub(crate) recovery_codes: Arc<RecoveryCodes>,
    pub(crate) app_password_services: Vec<String>,
}

impl PortalDoor {
    /// Listen and begin to answer. Nothing is left open when an address cannot be bound. `first` is done as
    /// soon as nothing can fail any more.
    pub fn start(
        settings: PortalSettings,
        links: PortalLinks,
        parts: PortalParts,
        tasks: &Tasks,
        first: impl FnOnce(),
    ) -> Result<Handle, StartError> {
        let tls = settings
            .identity
            .as_ref()
            .map(|identity| ServerTls::new(identity, &["h2", "http/1.1"], None))
            .transpose()?;
        let stream =
            StreamSettings { name: "portal", addresses: settings.listen.clone(), rules: rules(&settings, tls.clone()) };
        let configured = settings.listen.clone();
        let PortalParts { engine, store, clock, random, pairing, routes } = parts;
        let live = ArcSwap::from_pointee(link(settings, links)?);
        let app_passwords = AppPasswords::new(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&random));
        let desk = Arc::new(Desk {
            engine,
            store,
            clock,
            random,
            pairing,
            privacyidea: OnceLock::new(),
            app_passwords,
            assets: Assets::new(),
            live,
            asked_without_the_right: Seldom::new(SAID_EVERY),
        });
        let app = server::app(&desk, routes);
        let serving = Arc::new(server::Serving::new(app, tasks));
        let listening = StreamDoor::start(stream, tasks, move |connection| {
            let serving = Arc::clone(&serving);
            async move { serving.connection(connection).await }
        })?;
        first();
        Ok(Handle { desk, listening, tls, configured })
    }
}

impl Handle {
    /// The addresses that are listened on, with their real ports.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listening.addresses().to_vec()
    }

    /// Phones with the privacyIDEA Authenticator can be added from now on as well.
    pub fn offer_privacyidea(&self, privacyidea: Arc<PrivacyIdea>) {
        // Said twice, it is offered all the same.
        self.desk.privacyidea.set(privacyidea).ok();
    }

    /// Change to new settings as a whole, or keep the old ones and say why. Requests that are being answered end under the
    /// settings they began with. `first` is done when nothing can fail any more, and before the new settings hold.
    pub fn reload(&self, settings: PortalSettings, links: PortalLinks, first: impl FnOnce()) -> Result<(), StartError> {
        if settings.listen != self.configured {
            return Err(StartError::NeedsRestart("listen"));
        }
        if settings.origin != self.desk.live.load().settings.origin {
            return Err(StartError::NeedsRestart("origin"));
        }
        let tls = match (&settings.identity, &self.tls) {
            (Some(identity), Some(tls)) => Some((identity, tls)),
            (None, None) => None,
            _ => return Err(StartError::NeedsRestart("tls")),
        };
        let rules = rules(&settings, self.tls.clone());
        let renewed = tls.map(|(identity, tls)| (identity.clone(), tls));
        let live = link(settings, links)?;
        if let Some((identity, tls)) = renewed {
            tls.swap(&identity)?;
        }
        first();
        self.listening.reload(rules);
        self.desk.live.store(Arc::new(live));
        Ok(())
    }

    /// Stop listening, let requests finish until `deadline` has passed, drop the rest.
    pub async fn stop(&self, deadline: Duration) -> Stopped {
        self.listening.stop(deadline).await
    }
}

fn rules(settings: &PortalSettings, tls: Option<ServerTls>) -> StreamRules {
    let limits = StreamLimits {
        connections: settings.connections,
        connections_per_source: settings.connections_per_source,
        ..StreamLimits::default()
    };
    StreamRules { limits, tls, balancers: Balancers::new(settings.balancers.clone()) }
}

fn link(settings: PortalSettings, links: PortalLinks) -> Result<Live, StartError> {
    let PortalLinks { primaries, totp, recovery_codes, app_password_services } = links;
    let named = settings
        .primaries
        .iter()
        .map(|name| primaries.get(name).map(Arc::clone).ok_or_else(|| StartError::UnknownPrimary(name.clone())));
    let primaries = named.collect::<Result<_, _>>()?;
    Ok(Live { settings, primaries, totp, recovery_codes, app_password_services })
}
