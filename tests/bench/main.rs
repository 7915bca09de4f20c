//! Load side by side: what people use today and Vestibule, on the same machine, under the same generator.
//!
//! Wall-clock figures of a shared machine are noise. The figure to compare is the CPU time that the serving process used
//! for one login, read from the kernel.

mod code;
#[cfg(test)]
#[path = "../fuzz/replay.rs"]
mod fuzz;
mod gateway;
mod generator;
mod histogram;
mod ldap;
mod null;
mod packet;
mod push;
mod radius;
mod report;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

#[derive(Parser)]
#[command(name = "vestibule-bench", about = "Vestibule beside what people use today, under the same load")]
struct Arguments {
    #[command(subcommand)]
    door: Door,
}

#[derive(Subcommand)]
enum Door {
    /// Logins over RADIUS: local users, a directory, another RADIUS server.
    Radius(Options),
    /// Logins over RADIUS that wait for a phone: how many are held, what one costs, how soon an answer lets in.
    Push(push::Options),
    /// Binds and searches over LDAP: direct, through OpenLDAP's own proxies, through the gateway.
    Ldap(ldap::Options),
}

#[derive(Args, Clone)]
pub(crate) struct Options {
    /// Only this scenario.
    #[arg(long)]
    only: Option<Scenario>,
    /// How many users there are. Each can log in once per code, so Vestibule's runs end when all of them did.
    #[arg(long, default_value_t = 20_000)]
    users: u32,
    /// The longest that one run takes.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    seconds: u64,
    /// Logins that are open at once.
    #[arg(long, default_value_t = 256)]
    window: u16,
    /// The gateway to measure.
    #[arg(long, value_name = "PROGRAM", default_value = "target/release/vestibule")]
    vestibule: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    Local,
    Directory,
    Relay,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().door {
        Door::Radius(options) => radius::run(&options),
        Door::Push(options) => push::run(&options),
        Door::Ldap(options) => ldap::run(&options),
    }
}
