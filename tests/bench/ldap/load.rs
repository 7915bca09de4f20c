//! The load: a closed loop of so many connections, each with one operation under way.
//!
//! All on one thread, so that at least one core is left for the servers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::client::{Client, Found};
use super::message::{Credentials, ResultCode, Search};
use crate::histogram::Latencies;

/// After the end of a run, operations under way have so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// One operation that is measured.
#[derive(Debug)]
pub(super) enum Turn {
    Search(Wanted),
    Bind(Credentials),
    /// Connect, bind, search, unbind.
    Login(Credentials, Wanted),
}

/// A search that was answered right only if it brought so many entries or more.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) search: Search,
    pub(super) entries: u64,
}

/// Where to, and how hard.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) server: SocketAddr,
    pub(super) source: Option<IpAddr>,
    pub(super) connections: usize,
    /// Ends after this time, or when the turns run out.
    pub(super) time_max: Duration,
}

pub(super) struct Work {
    /// Each connection is opened and signs in so before the measurement begins; a login opens its own.
    pub(super) first: Option<Credentials>,
    pub(super) on_open: bool,
    pub(super) turns: Box<dyn Iterator<Item = Turn>>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) done: u64,
    /// Operations that brought something else than was wanted, by what the server said: success, where entries are missing.
    pub(super) otherwise: BTreeMap<ResultCode, u64>,
    pub(super) octets: u64,
    pub(super) took: Duration,
    pub(super) latencies: Latencies,
}

impl Outcome {
    fn add(&mut self, other: Count) {
        self.done += other.done;
        self.octets += other.octets;
        for code in other.otherwise {
            *self.otherwise.entry(code).or_default() += 1;
        }
        for took in other.took {
            self.latencies.add(took);
        }
    }
}

/// Connections that are open and wait for the start.
pub(super) struct Ready {
    load: Load,
    clients: Vec<Option<Client>>,
    turns: Turns,
}

type Turns = Rc<RefCell<Box<dyn Iterator<Item = Turn>>>>;

pub(super) async fn open(load: &Load, work: Work) -> anyhow::Result<Ready> {
    let mut clients = Vec::new();
    for _ in 0..load.connections {
        let mut client = if work.on_open { Some(Client::connect(load.server, load.source).await?) } else { None };
        if let (Some(client), Some(who)) = (&mut client, &work.first) {
            let code = client.bind(who).await?;
            if !code.is_success() {
                bail!("{} cannot sign in at {}: {code:?}", who.dn, load.server);
            }
        }
        clients.push(client);
    }
    Ok(Ready { load: load.clone(), clients, turns: Rc::new(RefCell::new(work.turns)) })
}

impl Ready {
    /// Let all connections work until the time or the turns are over. Must run in a `LocalSet`.
    pub(super) async fn run(self) -> anyhow::Result<Outcome> {
        let began = Instant::now();
        let end = began + self.load.time_max;
        let tasks: Vec<JoinHandle<anyhow::Result<Count>>> = self
            .clients
            .into_iter()
            .map(|client| {
                let (load, turns) = (self.load.clone(), Rc::clone(&self.turns));
                tokio::task::spawn_local(async move { work(client, &load, &turns, end).await })
            })
            .collect();
        let all = async {
            let mut outcome = Outcome::default();
            for task in tasks {
                outcome.add(task.await??);
            }
            Ok::<_, anyhow::Error>(outcome)
        };
        let all = timeout(self.load.time_max + PATIENCE, all).await;
        let mut outcome = all.context("wait for the last answers")??;
        outcome.took = began.elapsed();
        outcome.latencies.sort();
        Ok(outcome)
    }
}

#[derive(Default)]
struct Count {
    done: u64,
    otherwise: Vec<ResultCode>,
    octets: u64,
    took: Vec<Duration>,
}

async fn work(client: Option<Client>, load: &Load, turns: &Turns, end: Instant) -> anyhow::Result<Count> {
    let mut count = Count::default();
    let mut client = client;
    while Instant::now() < end {
        let Some(turn) = turns.borrow_mut().next() else { break };
        let began = Instant::now();
        let came = match (turn, &mut client) {
            (Turn::Search(wanted), Some(client)) => found(client.search(&wanted.search).await?, &wanted),
            (Turn::Bind(who), Some(client)) => bound(client.bind(&who).await?),
            (Turn::Login(who, wanted), _) => login(load, &who, &wanted).await?,
            (_, None) => bail!("a search or a bind needs an open connection"),
        };
        match came {
            Ok(octets) => {
                count.done += 1;
                count.octets += octets;
                count.took.push(began.elapsed());
            }
            Err(code) => count.otherwise.push(code),
        }
    }
    Ok(count)
}

/// How many octets came, or what the server said instead.
type Came = Result<u64, ResultCode>;

fn bound(code: ResultCode) -> Came {
    if code.is_success() { Ok(0) } else { Err(code) }
}

fn found(found: Found, wanted: &Wanted) -> Came {
    if found.code.is_success() && found.entries >= wanted.entries { Ok(found.octets) } else { Err(found.code) }
}

async fn login(load: &Load, who: &Credentials, wanted: &Wanted) -> anyhow::Result<Came> {
    let mut client = Client::connect(load.server, load.source).await?;
    if let Err(code) = bound(client.bind(who).await?) {
        return Ok(Err(code));
    }
    let came = found(client.search(&wanted.search).await?, wanted);
    client.unbind().await?;
    Ok(came)
}
