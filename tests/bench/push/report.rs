//! What is printed: what others were measured at, what we are measured at, and how they compare.

use std::time::Duration;

use super::outcome::Outcome;

/// What DESIGN's table says of FreeRADIUS as a proxy, which only remembers a packet: octets for a login that it holds.
const PROXY_OCTETS: f64 = 17_000.0;
/// What it says of FreeRADIUS with a module that waits for the phone, at 20 logins a second: 96 of 400 were answered.
const BLOCKING_ANSWERED: f64 = 96.0 / 400.0;

/// Logins that waited for a phone, and what they cost.
#[derive(Debug, Default)]
pub(super) struct Waited {
    pub(super) logins: u32,
    /// Memory of the gateway in octets: without them, with all of them waiting, and when they were over.
    pub(super) before: u64,
    pub(super) at: u64,
    pub(super) after: u64,
    /// CPU time until all of them waited.
    pub(super) cpu_begin: Duration,
    /// A while in which they only waited.
    pub(super) quiet: Duration,
    pub(super) cpu_quiet: Duration,
    /// The answers of the phones.
    pub(super) answers: Duration,
    pub(super) cpu_answers: Duration,
    pub(super) outcome: Outcome,
}

/// The same, while others signed in with a code.
#[derive(Debug)]
pub(super) struct Passed {
    pub(super) waited: Waited,
    pub(super) others: Outcome,
    pub(super) took: Duration,
    pub(super) cpu: Duration,
}

pub(super) fn print_others() {
    println!("what others hold (measured before, on such a machine)");
    println!("  FreeRADIUS, a module that waits for the phone    96 of 400 logins answered at 20/s");
    println!("  FreeRADIUS, proxy, somebody else waits          5,000 held, 17.0 kB each");
}

impl Waited {
    fn octets_each(&self) -> f64 {
        each(as_figure(self.at.saturating_sub(self.before)), self.logins)
    }

    fn cpu_each(&self) -> f64 {
        each(micros(self.cpu_begin + self.cpu_answers), self.logins)
    }

    /// Of those that were held, how many came out as their person wanted.
    fn share(&self) -> f64 {
        each(as_figure(self.outcome.accepted + self.outcome.rejected), self.logins)
    }

    pub(super) fn print(&self) {
        println!(
            "  {:<42} {:>8} held   {:>6.2} KiB each   [target: 100,000 held, at most 4 KiB each]",
            "Vestibule, push, durable record",
            self.logins,
            self.octets_each() / 1024.0,
        );
        println!(
            "    {:.1} MiB resident before, {:.1} MiB with all of them, {:.1} MiB when they are over",
            mebi(self.before),
            mebi(self.at),
            mebi(self.after)
        );
        self.print_cpu();
        let (took, latencies) = (self.answers.as_secs_f64(), &self.outcome.latencies);
        println!(
            "    answer on the phone to Access-Accept   p50 {:>7.2} ms   p99 {:>7.2} ms   max {:>7.2} ms   at {:.0} \
             answers/s",
            milliseconds(latencies.percentile(50)),
            milliseconds(latencies.percentile(99)),
            milliseconds(latencies.percentile(100)),
            f64::from(self.logins) / took.max(f64::EPSILON),
        );
        println!("    {}", self.outcome);
        println!(
            "  ratio: {:.2} times the memory of FreeRADIUS as a proxy for each login held; {:.1} times the share of \
             logins answered of its module that waits",
            self.octets_each() / PROXY_OCTETS,
            self.share() / BLOCKING_ANSWERED,
        );
    }

    fn print_cpu(&self) {
        let waiting = if self.quiet.is_zero() {
            String::new()
        } else {
            let share = 100.0 * self.cpu_quiet.as_secs_f64() / self.quiet.as_secs_f64();
            format!("; while all only wait, {share:.1} % of a core")
        };
        println!(
            "    {:.0} µs CPU a login: {:.0} until it waits, {:.0} for the two calls of the phone and the end{waiting}",
            self.cpu_each(),
            each(micros(self.cpu_begin), self.logins),
            each(micros(self.cpu_answers), self.logins),
        );
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.outcome.check()
    }
}

impl Passed {
    pub(super) fn print(&self) {
        let latencies = &self.others.latencies;
        let logins = self.others.accepted;
        println!(
            "  {:<42} {:>8.0}/s   p50 {:>7.2} ms   p99 {:>7.2} ms   {:>6.1} µs CPU a login   [target: 1,000/s beside 5,000 \
             held, none lost]",
            "Vestibule, local, TOTP, beside the held",
            as_figure(logins) / self.took.as_secs_f64().max(f64::EPSILON),
            milliseconds(latencies.percentile(50)),
            milliseconds(latencies.percentile(99)),
            micros(self.cpu) / as_figure(logins.max(1)),
        );
        println!("    {}", self.others);
        self.waited.print();
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.others.check()?;
        self.waited.check()
    }
}

fn each(of_all: f64, logins: u32) -> f64 {
    of_all / f64::from(logins.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "told in four digits")]
fn as_figure(count: u64) -> f64 {
    count as f64
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn mebi(octets: u64) -> f64 {
    as_figure(octets) / f64::from(1 << 20)
}
