//! Connections on which nothing happens: how many are held, what one costs in memory, and that others still get in.
//!
//! Each kind of connection has a server of its own, because memory once taken is seldom given back.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::bail;
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep};
use vestibule_peers::process::resident;

use super::client::Client;
use super::door::Limits;
use super::message::ResultCode;
use super::report::{as_figure, milliseconds};
use super::servers::{self, Server, Way};
use super::{Options, limit, on_one_thread, turns};

/// The directory is small: its own memory is not what is asked about.
const PEOPLE: u32 = 100;
/// A source address has so many ports, and a door may take only so many connections of one.
const OF_ONE_SOURCE: u64 = 1_000;
/// What was begun for the connections is over by then.
const SETTLE: Duration = Duration::from_secs(2);

/// What was done on a connection before it became idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Connected,
    /// Asked the root DSE without signing in.
    Asked,
    /// Signed in as the service account.
    Bound,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Connected, Self::Asked, Self::Bound];

    fn title(self) -> &'static str {
        match self {
            Self::Connected => "connected, and nothing sent",
            Self::Asked => "asked the root DSE without signing in",
            Self::Bound => "signed in as the service account",
        }
    }

    /// Files that a proxy may need for one connection: its own connection to the directory is one more.
    fn files(self, way: Way) -> u64 {
        if self == Self::Connected || way == Way::Direct { 1 } else { 2 }
    }
}

pub(super) fn run(options: &Options, runtime: &Runtime) -> anyhow::Result<()> {
    let room = limit::raise(options.idle.saturating_mul(2))?;
    for kind in Kind::ALL {
        println!("\nidle connections: {}", kind.title());
        for way in options.ways() {
            let wanted = options.idle.min(room / kind.files(way));
            if wanted < options.idle {
                println!("  {:<10} the limit of open files has room for {wanted}", way.name());
            }
            let Some(slapd) = runtime.block_on(servers::directory(PEOPLE))? else { return Ok(()) };
            let limits = Limits { connections: Some(options.idle.saturating_mul(2)) };
            let started = runtime.block_on(servers::start(way, &slapd, &options.vestibule, limits))?;
            let Some(server) = started else { continue };
            on_one_thread(held(&server, kind, wanted))?.print(way, wanted);
        }
    }
    Ok(())
}

/// How it went with the connections on one way.
struct Held {
    /// Those that the server still holds at the end.
    open: u64,
    before: u64,
    at: u64,
    /// Somebody who came when all were held: what the directory said, and how long that took.
    passer: (ResultCode, Duration),
    /// Why there are no more.
    ended: Option<anyhow::Error>,
}

async fn held(server: &Server, kind: Kind, wanted: u64) -> anyhow::Result<Held> {
    // What a server makes once, it makes for the first.
    pass(server).await?;
    let before = resident(server.pid)?;
    let (mut clients, mut ended) = (Vec::new(), None);
    for number in 0..wanted {
        match idle(server, kind, source(number)).await {
            Ok(client) => clients.push(client),
            Err(error) => {
                ended = Some(error);
                break;
            }
        }
    }
    sleep(SETTLE).await;
    let at = resident(server.pid)?;
    let passer = pass(server).await?;
    let open = u64::try_from(clients.iter().filter(|client| client.is_open()).count())?;
    Ok(Held { open, before, at, passer, ended })
}

async fn idle(server: &Server, kind: Kind, source: IpAddr) -> anyhow::Result<Client> {
    let mut client = Client::connect(server.address, Some(source)).await?;
    let code = match kind {
        Kind::Connected => return Ok(client),
        Kind::Asked => client.search(&turns::root_dse()).await?.code,
        Kind::Bound => client.bind(&turns::service()).await?,
    };
    if !code.is_success() {
        bail!("the server said {code:?}");
    }
    Ok(client)
}

async fn pass(server: &Server) -> anyhow::Result<(ResultCode, Duration)> {
    let began = Instant::now();
    let mut client = Client::connect(server.address, None).await?;
    let code = client.bind(&turns::person(1)).await?;
    let took = began.elapsed();
    client.unbind().await?;
    Ok((code, took))
}

fn source(number: u64) -> IpAddr {
    let last = u8::try_from(number / OF_ONE_SOURCE % 250).unwrap_or(0);
    Ipv4Addr::new(127, 0, 1, last + 1).into()
}

impl Held {
    fn print(&self, way: Way, wanted: u64) {
        let (code, took) = self.passer;
        println!(
            "  {:<10} {:>6} of {wanted} held   {:>7.2} KiB each   {:>6.1} MiB before, {:>6.1} MiB with them   a bind \
             beside them: {}, {:.2} ms",
            way.name(),
            self.open,
            as_figure(self.at.saturating_sub(self.before)) / as_figure(self.open.max(1)) / 1024.0,
            as_figure(self.before) / f64::from(1 << 20),
            as_figure(self.at) / f64::from(1 << 20),
            if code.is_success() { "success".to_owned() } else { format!("{code:?}") },
            milliseconds(took),
        );
        if let Some(error) = &self.ended {
            println!("    no more than these: {error:#}");
        }
    }
}
