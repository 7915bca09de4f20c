//! One upstream server: its sockets, its health, and asking it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vestibule_engine::{PortError, Random};
use vestibule_listen::{Seldom, Tasks};

use super::ServerSettings;
use super::health::{Change, Health};
use super::line::{Call, Line, NoAnswer};
use super::pace::{Pace, vary};
use crate::wire::{Authenticator, Code, DoesNotFit, SharedSecret, Writer, number};

/// How long a probe may take.
const PROBE_PATIENCE: Duration = Duration::from_secs(3);
/// Between two probes (RFC 3539 §3.4.1 asks for at least 6 s).
const PROBE_EVERY: Duration = Duration::from_secs(10);

pub(crate) struct Server {
    settings: ServerSettings,
    nas_identifier: String,
    lines: Mutex<Vec<Arc<Line>>>,
    lines_max: usize,
    health: Health,
    random: Arc<dyn Random>,
    tasks: Tasks,
    closing: CancellationToken,
    odd_answers: Arc<OddAnswers>,
}

/// The lines of the log about datagrams that were no answers.
struct OddAnswers {
    server: SocketAddr,
    forged: Seldom,
    unsigned: Seldom,
}

/// One try at a server.
pub(crate) enum Asked {
    Answered(Vec<u8>),
    /// It did not answer in time.
    Unanswered,
}

impl Server {
    pub(crate) fn new(
        settings: ServerSettings,
        lines_max: usize,
        nas_identifier: &str,
        random: Arc<dyn Random>,
        tasks: Tasks,
        closing: CancellationToken,
    ) -> Self {
        let often = Duration::from_secs(60);
        let odd_answers =
            OddAnswers { server: settings.address, forged: Seldom::new(often), unsigned: Seldom::new(often) };
        Self {
            health: Health::new(settings.status_check),
            settings,
            nas_identifier: nas_identifier.to_owned(),
            lines: Mutex::default(),
            lines_max,
            random,
            tasks,
            closing,
            odd_answers: Arc::new(odd_answers),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.settings.address
    }

    pub(crate) fn secret(&self) -> &SharedSecret {
        &self.settings.secret
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.health.is_usable()
    }

    /// Ask up to `tries` times, not beyond `deadline`, and note what that says of the server. `write` makes the packet
    /// for an identifier and an authenticator; repetitions are the same octets.
    pub(crate) async fn ask(
        &self,
        tries: u32,
        deadline: Instant,
        write: impl FnOnce(u8, &Authenticator) -> Result<Vec<u8>, DoesNotFit>,
    ) -> Result<Asked, PortError> {
        let (mut call, octets) = self.place(write)?;
        let mut pace = Pace::default();
        for _ in 0..tries {
            if let Err(error) = call.send(&octets).await {
                tracing::debug!(server = %self.address(), %error, "Could not send to the upstream RADIUS server");
            }
            let until = (Instant::now() + pace.next(&*self.random)).min(deadline);
            if let Ok(Ok(answer)) = tokio::time::timeout_at(until, &mut call.answer).await {
                self.tell(self.health.login_answered());
                return Ok(Asked::Answered(answer));
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        self.tell(self.health.login_unanswered());
        Ok(Asked::Unanswered)
    }

    fn place(
        &self,
        write: impl FnOnce(u8, &Authenticator) -> Result<Vec<u8>, DoesNotFit>,
    ) -> Result<(Call, Vec<u8>), PortError> {
        // RAD-19: from the operating system, new for each request.
        let mut authenticator = [0; 16];
        self.random.fill(&mut authenticator)?;
        let call = self.call(authenticator)?;
        let octets = write(call.identifier, &authenticator).map_err(|error| PortError::Unusable {
            doing: "write a request to the upstream RADIUS server".to_owned(),
            cause: Some(Box::new(error)),
        })?;
        Ok((call, octets))
    }

    /// A free identifier, on a new socket if need be.
    fn call(&self, authenticator: Authenticator) -> Result<Call, PortError> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(call) = lines.iter().find_map(|line| line.call(authenticator)) {
            return Ok(call);
        }
        let busy = || PortError::busy(format!("find a free identifier for the RADIUS server {}", self.address()));
        if lines.len() >= self.lines_max {
            return Err(busy());
        }
        let opened = Line::open(self.address());
        let line = opened.map_err(|error| {
            PortError::unreachable(format!("open a socket to the RADIUS server {}", self.address()), error)
        })?;
        let line = Arc::new(line);
        let odd = Arc::clone(&self.odd_answers);
        self.tasks.spawn(
            "radius upstream",
            Arc::clone(&line).run(
                self.settings.secret.clone(),
                self.settings.require_signature,
                self.closing.clone(),
                move |why| odd.note(why),
            ),
        );
        lines.push(Arc::clone(&line));
        line.call(authenticator).ok_or_else(busy)
    }

    /// Probe while the server is in doubt (STS-04): never a repetition, never more than one in [`PROBE_EVERY`].
    pub(crate) async fn watch(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.closing.cancelled() => return,
                () = self.health.worse.notified() => {}
            }
            while self.health.is_in_doubt() {
                let answered = self.probe().await;
                self.tell(if answered { self.health.probe_answered() } else { self.health.probe_unanswered() });
                tokio::select! {
                    () = self.closing.cancelled() => return,
                    () = tokio::time::sleep(vary(PROBE_EVERY, PROBE_EVERY, &*self.random)) => {}
                }
            }
        }
    }

    async fn probe(&self) -> bool {
        let write = |identifier, authenticator: &Authenticator| {
            let mut writer = Writer::new(Code::STATUS_SERVER, identifier);
            writer.put(number::NAS_IDENTIFIER, self.nas_identifier.as_bytes())?;
            Ok(writer.seal_request(authenticator, self.secret()))
        };
        let Ok((mut call, octets)) = self.place(write) else { return false };
        call.send(&octets).await.is_ok()
            && matches!(tokio::time::timeout(PROBE_PATIENCE, &mut call.answer).await, Ok(Ok(_)))
    }

    fn tell(&self, change: Change) {
        let server = self.address();
        match change {
            Change::None => {}
            Change::WentDown => {
                tracing::warn!(%server, "The upstream RADIUS server {server} does not answer; the others are asked")
            }
            Change::CameBack => tracing::info!(%server, "The upstream RADIUS server {server} answers again"),
        }
    }
}

impl OddAnswers {
    fn note(&self, why: NoAnswer) {
        let server = self.server;
        match why {
            NoAnswer::Unsigned => {
                if let Some(held_back) = self.unsigned.due() {
                    tracing::warn!(
                        %server, held_back,
                        "Dropped an answer of the RADIUS server {server}: it carries no Message-Authenticator; update the \
                         server, or set require_message_authenticator to false for it"
                    );
                }
            }
            NoAnswer::Forged => {
                if let Some(held_back) = self.forged.due() {
                    tracing::warn!(
                        %server, held_back,
                        "Dropped an answer of the RADIUS server {server}: its authenticator is wrong; most likely the \
                         shared secret differs on the two sides"
                    );
                }
            }
            NoAnswer::Malformed | NoAnswer::Unasked => {
                tracing::debug!(%server, ?why, "Dropped a datagram that answers nothing");
            }
        }
    }
}
