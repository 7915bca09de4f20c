//! The load generator: a closed loop that keeps a window of logins open.
//!
//! One task a socket, all on one thread, so that at least one core is left for the server. Every answer is verified, and
//! every login is a new request with a new authenticator, never a retransmit.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::UdpSocket;
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout_at};

use crate::histogram::Latencies;
use crate::packet::{self, Authenticator, Login};

/// A login without an answer for so long is lost.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where to, and how hard.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) server: SocketAddr,
    pub(crate) secret: &'static [u8],
    /// Client sockets, as of so many NASes or worker ports.
    pub(crate) sockets: usize,
    /// Logins open at once on each socket; an identifier has 8 bits, so at most 256.
    pub(crate) window: u8,
    /// Ends after this time, or when the logins run out.
    pub(crate) time_max: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    pub(crate) lost: u64,
    /// Answers that were not authentic, or to nothing we asked.
    pub(crate) forged: u64,
    pub(crate) took: Duration,
    pub(crate) latencies: Latencies,
}

impl Outcome {
    pub(crate) fn answered(&self) -> u64 {
        self.accepted + self.rejected
    }

    pub(crate) fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of logins, told in four digits")]
        let answered = self.answered() as f64;
        answered / self.took.as_secs_f64().max(f64::EPSILON)
    }
}

/// Send all of `logins`, and count.
pub(crate) fn run(load: &Load, logins: impl Iterator<Item = Login> + 'static) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the generator")?;
    let logins: Logins = Rc::new(RefCell::new(logins));
    runtime.block_on(LocalSet::new().run_until(drive(load, logins)))
}

type Logins = Rc<RefCell<dyn Iterator<Item = Login>>>;

async fn drive(load: &Load, logins: Logins) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let mut tasks = Vec::new();
    for number in 0..load.sockets {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.context("open a client socket")?;
        socket.connect(load.server).await.context("point a client socket at the server")?;
        let client = Client::new(socket, load.clone(), Rc::clone(&logins), number);
        tasks.push(tokio::task::spawn_local(client.run(began + load.time_max)));
    }
    let mut outcome = Outcome::default();
    for task in tasks {
        let count = task.await??;
        outcome.took = outcome.took.max(count.last_answer.saturating_duration_since(began));
        count.add_to(&mut outcome);
    }
    outcome.latencies.sort();
    Ok(outcome)
}

/// A login on its way.
#[derive(Clone, Copy)]
struct Open {
    authenticator: Authenticator,
    since: Instant,
}

struct Client {
    socket: UdpSocket,
    load: Load,
    logins: Logins,
    open: Vec<Option<Open>>,
    open_count: usize,
    /// Authenticators need to differ, not to surprise: the server is the one under test.
    counter: u128,
    count: Count,
}

struct Count {
    /// The run is measured until here: waiting for what was lost is no work of the server's.
    last_answer: Instant,
    accepted: u64,
    rejected: u64,
    lost: u64,
    forged: u64,
    took: Vec<Duration>,
}

impl Count {
    fn new() -> Self {
        Self { last_answer: Instant::now(), accepted: 0, rejected: 0, lost: 0, forged: 0, took: Vec::new() }
    }

    fn add_to(self, outcome: &mut Outcome) {
        outcome.accepted += self.accepted;
        outcome.rejected += self.rejected;
        outcome.lost += self.lost;
        outcome.forged += self.forged;
        for took in self.took {
            outcome.latencies.add(took);
        }
    }
}

impl Client {
    fn new(socket: UdpSocket, load: Load, logins: Logins, number: usize) -> Self {
        let open = vec![None; usize::from(load.window)];
        // Runs and sockets must not repeat each other's requests, or the server would answer from its cache.
        let counter = (u128::from(std::process::id()) << 96) | ((number as u128) << 64);
        Self { socket, load, logins, open, open_count: 0, counter, count: Count::new() }
    }

    async fn run(mut self, end: Instant) -> anyhow::Result<Count> {
        let mut more = true;
        let mut buffer = [0; 4096];
        while more || self.open_count > 0 {
            more = more && Instant::now() < end && self.fill().await?;
            if self.open_count == 0 {
                continue;
            }
            match timeout_at(self.oldest() + PATIENCE, self.socket.recv(&mut buffer)).await {
                Ok(Ok(length)) => {
                    self.take(buffer.get(..length).unwrap_or_default());
                    while let Ok(length) = self.socket.try_recv(&mut buffer) {
                        self.take(buffer.get(..length).unwrap_or_default());
                    }
                }
                Ok(Err(error)) => return Err(error).context("receive an answer"),
                Err(_) => self.give_up_old(),
            }
        }
        Ok(self.count)
    }

    /// Open logins until the window is full; false when there are no more.
    async fn fill(&mut self) -> anyhow::Result<bool> {
        for id in 0..self.load.window {
            let Some(None) = self.open.get(usize::from(id)) else { continue };
            let Some(login) = self.logins.borrow_mut().next() else { return Ok(false) };
            self.counter += 1;
            let authenticator = self.counter.to_be_bytes();
            let request = packet::request(&login, id, &authenticator, self.load.secret);
            if let Some(slot) = self.open.get_mut(usize::from(id)) {
                *slot = Some(Open { authenticator, since: Instant::now() });
                self.open_count += 1;
            }
            self.socket.send(&request).await.context("send a request")?;
        }
        Ok(true)
    }

    fn oldest(&self) -> Instant {
        self.open.iter().flatten().map(|open| open.since).min().unwrap_or_else(Instant::now)
    }

    fn take(&mut self, answer: &[u8]) {
        let asked = answer.get(1).and_then(|id| self.open.get_mut(usize::from(*id)));
        let Some((slot, open)) = asked.and_then(|slot| slot.map(|open| (slot, open))) else {
            self.count.forged += 1;
            return;
        };
        match packet::authentic_code(answer, &open.authenticator, self.load.secret) {
            Some(packet::ACCESS_ACCEPT) => self.count.accepted += 1,
            Some(packet::ACCESS_REJECT) => self.count.rejected += 1,
            _ => {
                self.count.forged += 1;
                return;
            }
        }
        *slot = None;
        self.open_count -= 1;
        self.count.last_answer = Instant::now();
        self.count.took.push(self.count.last_answer.saturating_duration_since(open.since));
    }

    fn give_up_old(&mut self) {
        for slot in &mut self.open {
            if slot.is_some_and(|open| open.since.elapsed() >= PATIENCE) {
                *slot = None;
                self.open_count -= 1;
                self.count.lost += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::null::NullServer;

    #[test]
    fn every_login_is_answered_once_by_a_server_that_accepts_everybody() {
        let server = NullServer::start(b"secret").unwrap();
        let load = Load {
            server: server.address(),
            secret: b"secret",
            sockets: 3,
            window: 16,
            time_max: Duration::from_secs(60),
        };
        let logins = (0..5_000).map(|number| Login { user: format!("u{number}"), password: "x".to_owned() });
        let outcome = run(&load, logins).unwrap();
        assert_eq!((outcome.accepted, outcome.rejected, outcome.lost, outcome.forged), (5_000, 0, 0, 0));
    }
}
