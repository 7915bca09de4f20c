//! The door itself: opened with settings, changed by a reload, closed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;
use vestibule_engine::{Engine, PrimarySource, Random};
use vestibule_listen::{BindError, Seldom, Stopped, Tasks, UdpListener};

use crate::clients::{Client, Clients, Memory};
use crate::counters::{Counter, Counts};
use crate::delays::Delays;
use crate::gate::Gate;
use crate::login::Desk;
use crate::logins::Logins;
use crate::receive::{self, Hall, Live};
use crate::settings::RadiusSettings;

/// Identity sources by their configured names.
pub type Primaries = HashMap<String, Arc<dyn PrimarySource>>;

/// The RADIUS door.
#[derive(Debug, Clone, Copy)]
pub struct RadiusDoor;

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("open the RADIUS door")]
    Bind(#[from] BindError),
    /// The address is taken by a listener of ours that the same change would close.
    #[error(
        "listen on UDP {wanted} while {open} is still open: changing one into the other needs a restart, and until then \
         nothing else of this change takes effect"
    )]
    InOwnWay {
        wanted: SocketAddr,
        open: SocketAddr,
        #[source]
        cause: std::io::Error,
    },
    #[error("client {client} asks for the primary login {primary}, which there is none of")]
    UnknownPrimary { client: String, primary: String },
}

/// An open door. Dropping it does not close it; [`Handle::stop`] does, and so does stopping the tasks it was given.
pub struct Handle {
    hall: Arc<Hall>,
    listening: Mutex<Vec<Listening>>,
}

struct Listening {
    /// As configured: port 0 stays 0 here, so that a reload knows it again.
    configured: SocketAddr,
    bound: SocketAddr,
    closing: CancellationToken,
}

impl RadiusDoor {
    /// Bind every listener and begin to answer. Nothing is left open when one of them cannot be bound. `first` is done
    /// when nothing can fail any more, and before anybody is answered.
    pub fn start(
        settings: RadiusSettings,
        engine: Arc<Engine>,
        primaries: &Primaries,
        random: Arc<dyn Random>,
        tasks: &Tasks,
        first: impl FnOnce(),
    ) -> Result<Handle, StartError> {
        Self::open(settings, engine, primaries, random, tasks, first)
    }

    pub(crate) fn open(
        settings: RadiusSettings,
        logins: Arc<dyn Logins>,
        primaries: &Primaries,
        random: Arc<dyn Random>,
        tasks: &Tasks,
        first: impl FnOnce(),
    ) -> Result<Handle, StartError> {
        let tasks = tasks.group();
        let desk = Arc::new(Desk { logins, random, delays: Delays::new(settings.limits.delayed_rejects) });
        let (listeners, live) = prepare(settings, primaries, &Clients::new(Vec::new()))?;
        let bound = bind(&listeners, live.limits.receive_buffer, &[])?;
        first();
        let hall = Arc::new(Hall {
            live: ArcSwap::from_pointee(live),
            desk: Arc::clone(&desk),
            open: Arc::new(Gate::new()),
            unknown_client: Counter::default(),
            strangers: Seldom::new(Duration::from_secs(60)),
            panics: Counter::default(),
            panicking: Seldom::new(Duration::from_secs(60)),
            tasks: tasks.clone(),
        });
        let stopping = tasks.stopping();
        tasks.spawn("radius refusals", async move {
            desk.delays.run(stopping, |outgoing| outgoing.send_now()).await;
        });
        let listening = bound.into_iter().map(|(configured, listener)| listen(&hall, configured, listener)).collect();
        Ok(Handle { hall, listening: Mutex::new(listening) })
    }
}

impl Handle {
    /// The addresses that are listened on, with their real ports.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.lock().iter().map(|listening| listening.bound).collect()
    }

    /// Change to new settings as a whole, or keep the old ones and say why. Open logins go on, and are answered by the
    /// settings they began under. `first` is done when nothing can fail any more, and before the new settings hold.
    pub fn reload(
        &self,
        settings: RadiusSettings,
        primaries: &Primaries,
        first: impl FnOnce(),
    ) -> Result<(), StartError> {
        let mut listening = self.lock();
        let (wanted, live) = prepare(settings, primaries, &self.hall.live.load().clients)?;
        let kept: Vec<SocketAddr> = listening.iter().map(|listening| listening.configured).collect();
        let bound = bind(&wanted, live.limits.receive_buffer, &kept)
            .map_err(|error| in_own_way(error, listening.iter().filter(|open| !wanted.contains(&open.configured))))?;
        first();
        self.hall.desk.delays.limit_to(live.limits.delayed_rejects);
        self.hall.live.store(Arc::new(live));
        listening.retain(|listening| {
            let stays = wanted.contains(&listening.configured);
            if !stays {
                listening.closing.cancel();
            }
            stays
        });
        listening.extend(bound.into_iter().map(|(configured, listener)| listen(&self.hall, configured, listener)));
        Ok(())
    }

    /// Stop listening, let open logins finish until `deadline` has passed, drop the rest.
    pub async fn stop(&self, deadline: Duration) -> Stopped {
        self.hall.tasks.stop(deadline).await
    }

    pub fn counters(&self) -> Counts {
        let live = self.hall.live.load();
        let clients = live.clients.all().iter();
        Counts {
            unknown_client: self.hall.unknown_client.read(),
            panics: self.hall.panics.read(),
            open_logins: self.hall.open.inside(),
            clients: clients.map(|client| (client.name().to_owned(), client.memory.counters.read())).collect(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Listening>> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Link clients with their primaries. Those that were there before keep what is remembered of them.
fn prepare(
    settings: RadiusSettings,
    primaries: &Primaries,
    before: &Clients,
) -> Result<(Vec<SocketAddr>, Live), StartError> {
    let RadiusSettings { listeners, clients, limits } = settings;
    let linked = clients.into_iter().map(|settings| {
        let Some(primary) = primaries.get(&settings.primary).map(Arc::clone) else {
            let (client, primary) = (settings.name.to_string(), settings.primary);
            return Err(StartError::UnknownPrimary { client, primary });
        };
        let memory =
            before.named(&settings.name).map_or_else(|| Arc::new(Memory::new()), |old| Arc::clone(&old.memory));
        Ok(Arc::new(Client { settings, primary, memory }))
    });
    let clients = Clients::new(linked.collect::<Result<_, _>>()?);
    Ok((listeners, Live { clients, limits }))
}

fn bind(
    wanted: &[SocketAddr],
    receive_buffer: usize,
    kept: &[SocketAddr],
) -> Result<Vec<(SocketAddr, UdpListener)>, BindError> {
    let new = wanted.iter().filter(|address| !kept.contains(address));
    new.map(|&address| UdpListener::bind(address, receive_buffer).map(|listener| (address, listener))).collect()
}

/// A new listener is bound before old ones are closed, so that a reload that fails changes nothing. Where the new one
/// needs the very port that an old one `closing` has, that cannot be done.
fn in_own_way<'a>(error: BindError, mut closing: impl Iterator<Item = &'a Listening>) -> StartError {
    let BindError { address: wanted, cause } = error;
    let overlaps = |open: SocketAddr| {
        let covers = open.ip() == wanted.ip() || open.ip().is_unspecified() || wanted.ip().is_unspecified();
        open.port() == wanted.port() && open.is_ipv4() == wanted.is_ipv4() && covers
    };
    let in_use = cause.kind() == std::io::ErrorKind::AddrInUse;
    match closing.find(|open| in_use && overlaps(open.bound)) {
        Some(open) => StartError::InOwnWay { wanted, open: open.bound, cause },
        None => BindError { address: wanted, cause }.into(),
    }
}

fn listen(hall: &Arc<Hall>, configured: SocketAddr, listener: UdpListener) -> Listening {
    let bound = listener.address();
    let closing = hall.tasks.stopping().child_token();
    tracing::info!(listener = %bound, "Listening for RADIUS on UDP {bound}");
    hall.tasks.spawn("radius listener", receive::run(Arc::clone(hall), listener, closing.clone()));
    Listening { configured, bound, closing }
}
