//! What is printed: one line a server, what each was measured at elsewhere or is meant to reach, and how they compare.

use std::time::Duration;

use crate::generator::Outcome;

/// One server under one load.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) server: &'static str,
    /// What DESIGN's table says of it: measured before, or aimed at.
    pub(crate) expected: &'static str,
    pub(crate) outcome: Outcome,
    pub(crate) cpu: Duration,
    /// Its memory after the run, in octets.
    pub(crate) resident: u64,
    /// What stands behind it and works for each login as well: its name and its CPU time.
    pub(crate) behind: Option<(&'static str, Duration)>,
}

impl Row {
    fn cpu_per_login(&self, cpu: Duration) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of logins, told in four digits")]
        let logins = self.outcome.answered().max(1) as f64;
        cpu.as_secs_f64() * 1e6 / logins
    }

    pub(crate) fn print(&self) {
        let Outcome { accepted, rejected, lost, forged, latencies, .. } = &self.outcome;
        println!(
            "  {:<42} {:>8.0}/s   p50 {:>7.2} ms   p99 {:>7.2} ms   {:>6.1} µs CPU a login   [{}]",
            self.server,
            self.outcome.rate(),
            milliseconds(latencies.percentile(50)),
            milliseconds(latencies.percentile(99)),
            self.cpu_per_login(self.cpu),
            self.expected,
        );
        let behind = self.behind.map_or(String::new(), |(name, cpu)| {
            format!("; behind it, {name}: {:.1} µs a login", self.cpu_per_login(cpu))
        });
        println!(
            "    {accepted} accepted, {rejected} rejected, {lost} lost, {forged} not authentic; {} MiB resident{behind}",
            self.resident >> 20
        );
    }
}

/// How the second compares with the first.
pub(crate) fn print_ratio(theirs: &Row, ours: &Row) {
    let ratio = ours.cpu_per_login(ours.cpu) / theirs.cpu_per_login(theirs.cpu).max(f64::EPSILON);
    let rate = ours.outcome.rate() / theirs.outcome.rate().max(f64::EPSILON);
    println!("  ratio: {ratio:.2} times its CPU a login, {rate:.2} times its logins a second");
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
