//! The same work on four ways to one directory: direct, through what OpenLDAP brings itself, and through the LDAP door.
//!
//! ```text
//!             ┌──────────────────────▶ slapd
//!             ├──▶ slapd, back-ldap ──▶   │
//!  generator ─┼──▶ lloadd ────────────▶   │
//!             └──▶ Vestibule ─────────▶   │
//! ```
//!
//! The generator is a client written for this alone, and shares nothing with the door: see [`ber`] and [`message`].

mod ber;
mod client;
mod door;
mod idle;
mod limit;
mod load;
mod message;
mod report;
mod scenario;
mod servers;
#[cfg(test)]
mod tests;
mod turns;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;
use vestibule_peers::process::cpu_time;
use vestibule_peers::slapd::Slapd;

use crate::code;
use door::Limits;
use load::Load;
use report::{Cpu, Row, print_heading, print_legend};
use scenario::Scenario;
use servers::{Running, Server, Way};

#[derive(Args, Clone)]
pub(crate) struct Options {
    /// Only this work; may be given more than once.
    #[arg(long)]
    only: Vec<Scenario>,
    /// Only these ways to the directory; may be given more than once.
    #[arg(long)]
    through: Vec<Way>,
    /// People in the directory. Each can use a code once, so that run ends when all of them did.
    #[arg(long, default_value_t = 5_000)]
    users: u32,
    /// The longest that one run takes.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    seconds: u64,
    /// Connections that work at once.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Connections that each fetch a large result at once.
    #[arg(long, default_value_t = 4)]
    large_connections: usize,
    /// Hold so many connections on which nothing happens, instead of the load.
    #[arg(long, value_name = "CONNECTIONS", default_value_t = 0)]
    idle: u64,
    /// The gateway to measure.
    #[arg(long, value_name = "PROGRAM", default_value = "target/release/vestibule")]
    vestibule: PathBuf,
}

impl Options {
    fn ways(&self) -> impl Iterator<Item = Way> {
        Way::ALL.into_iter().filter(|way| self.through.is_empty() || self.through.contains(way))
    }

    fn scenarios(&self) -> impl Iterator<Item = Scenario> {
        Scenario::ALL.into_iter().filter(|scenario| self.only.is_empty() || self.only.contains(scenario))
    }

    fn connections(&self, scenario: Scenario) -> usize {
        if scenario == Scenario::Large { self.large_connections } else { self.connections }
    }
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let runtime = Runtime::new().context("start a runtime for the peers")?;
    if options.idle > 0 {
        return idle::run(options, &runtime);
    }
    let Some(slapd) = runtime.block_on(servers::directory(options.users))? else { return Ok(()) };
    let mut servers = Vec::new();
    for way in options.ways() {
        servers.extend(runtime.block_on(servers::start(way, &slapd, &options.vestibule, Limits::default()))?);
    }
    print_legend();
    for scenario in options.scenarios() {
        print_heading(scenario, options.connections(scenario));
        let mut direct = None;
        for server in servers.iter().filter(|server| scenario.runs_on(server.way)) {
            let row = measure(options, scenario, server, &slapd, &runtime)?;
            row.print(direct.as_ref());
            if row.way == Way::Direct {
                direct = Some(row);
            }
        }
    }
    Ok(())
}

fn measure(
    options: &Options,
    scenario: Scenario,
    server: &Server,
    slapd: &Slapd,
    runtime: &Runtime,
) -> anyhow::Result<Row> {
    let mut load = Load {
        server: server.address,
        source: None,
        connections: options.connections(scenario),
        time_max: Duration::from_secs(options.seconds),
    };
    let mut code = None;
    if let Running::Gateway(gateway) = &server.running {
        if scenario.signs_people_in() {
            door::let_everybody_in(&gateway.prepared, options.users)?;
        }
        if scenario == Scenario::BindCode {
            door::enrol(&gateway.prepared, options.users, runtime)?;
            code = Some(code::next());
            load.source = Some(door::CODED);
        }
    }
    let slapd = slapd.pid().context("slapd is not running")?;
    let (outcome, cpu) = on_one_thread(async {
        let ready = load::open(&load, scenario.work(options.users, code.as_deref())).await?;
        let before = cpu_of(server, slapd)?;
        let outcome = ready.run().await?;
        anyhow::Ok((outcome, cpu_of(server, slapd)?.since(before)))
    })?;
    if outcome.done == 0 {
        bail!("{}: nothing succeeded: {:?}", server.way.name(), outcome.otherwise);
    }
    Ok(Row { scenario, way: server.way, outcome, cpu })
}

fn cpu_of(server: &Server, slapd: u32) -> anyhow::Result<Cpu> {
    Ok(Cpu {
        itself: if server.way == Way::Direct { Duration::ZERO } else { cpu_time(server.pid)? },
        slapd: cpu_time(slapd)?,
        generator: cpu_time(std::process::id())?,
    })
}

fn on_one_thread<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build().context("start the generator")?;
    runtime.block_on(LocalSet::new().run_until(work))
}
