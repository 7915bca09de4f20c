//! Logins that wait for a phone: how many one node holds, what each of them costs while it waits and all in all, and how
//! soon an answer on the phone lets its person in.
//!
//! Everything goes over the wire: Access-Requests from so many client ports, and signed requests of so many phones over
//! HTTPS. One thread plays all clients and all phones, so that a core is left for the gateway.
//!
//! ```text
//!  Nas ──Access-Request──▶ gateway ◀──requests, answer── Phones
//!      ◀── Accept | Reject ──  │
//!                              └── Site: its folder, its store, the people in it
//! ```

mod nas;
mod outcome;
mod pace;
mod people;
mod phones;
mod report;
mod scenario;
mod site;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use people::People;
use report::print_others;
use scenario::{Held, Passing, held_while_others_pass, many_held};
use site::{Portal, SECRET, Site};

/// A code is good for its half minute and the one after it: a run with codes is over by then.
const SECONDS_MAX: u64 = 25;

#[derive(Args, Clone)]
pub(crate) struct Options {
    /// Pushes that wait at once.
    #[arg(long, default_value_t = 100_000)]
    pending: u32,
    /// Logins that begin in a second.
    #[arg(long, value_name = "RATE", default_value_t = 1_000)]
    begin: u32,
    /// Answers that the phones give in a second.
    #[arg(long, value_name = "RATE", default_value_t = 400)]
    answers: u32,
    /// A client asks again where it has heard nothing for so long.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    repeat: u64,
    /// After the last answer: until what is kept for repetitions is over.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    settle: u64,
    /// Pushes that wait while other logins go on.
    #[arg(long, default_value_t = 5_000)]
    held: u32,
    /// The other logins, with a code, in a second.
    #[arg(long, value_name = "RATE", default_value_t = 1_000)]
    new: u32,
    /// How long the other logins go on, at most 25.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// The gateway to measure.
    #[arg(long, value_name = "PROGRAM", default_value = "target/release/vestibule")]
    vestibule: PathBuf,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.seconds > SECONDS_MAX {
        bail!("codes are good for less than {} s: --seconds is at most {SECONDS_MAX}", options.seconds);
    }
    print_others();
    if options.pending > 0 {
        println!("\npushes that wait at once");
        let held = Held { logins: options.pending, ..held(options) };
        let measured = on_a_site(options, held.logins, held.codes(), async |site, people| {
            many_held(site, people, &held, Duration::from_secs(options.settle)).await
        })?;
        measured.print();
        measured.check()?;
    }
    if options.held > 0 {
        println!("\npushes that wait while others sign in");
        let held = held(options);
        let passing = Passing { rate: options.new, seconds: options.seconds };
        let measured = on_a_site(options, held.logins, held.codes() + passing.logins(), async |site, people| {
            held_while_others_pass(site, people, &held, &passing).await
        })?;
        measured.print();
        measured.check()?;
    }
    Ok(())
}

fn held(options: &Options) -> Held {
    Held {
        logins: options.held,
        begin: options.begin,
        answers: options.answers,
        repeat: Duration::from_secs(options.repeat),
        warm_up: 2_000,
    }
}

/// A gateway of its own with so many people who hold a phone, and so many who type codes.
fn on_a_site<T>(
    options: &Options,
    phones: u32,
    codes: u32,
    scenario: impl AsyncFnOnce(&Site, People) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = Runtime::new().context("start a runtime for the gateway's store")?;
    let portal = Portal::new()?;
    let prepared = portal.prepare(&options.vestibule, phones)?;
    let people = runtime.block_on(people::seed(&prepared, phones, codes))?;
    let gateway = runtime.block_on(prepared.start(SECRET.as_bytes()))?;
    let site = runtime.block_on(Site::beside(&gateway.prepared, portal, gateway.process.id()))?;
    let measured = on_one_thread(scenario(&site, people));
    runtime.block_on(site.close());
    measured
}

fn on_one_thread<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build().context("start the clients and the phones")?;
    runtime.block_on(LocalSet::new().run_until(work))
}
