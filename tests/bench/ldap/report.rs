//! What is printed: for each kind of work one line a way to the directory, and how it compares with the direct one.
//!
//! Wall-clock figures of a shared machine are noise; the CPU time of what stands on the way is the figure to compare.

use std::time::Duration;

use super::load::Outcome;
use super::scenario::Scenario;
use super::servers::Way;

/// CPU time that a run took of each process.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cpu {
    /// What stands before the directory; nothing on the direct way.
    pub(super) itself: Duration,
    pub(super) slapd: Duration,
    pub(super) generator: Duration,
}

impl Cpu {
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            itself: self.itself.saturating_sub(before.itself),
            slapd: self.slapd.saturating_sub(before.slapd),
            generator: self.generator.saturating_sub(before.generator),
        }
    }
}

/// One way under one kind of work.
pub(super) struct Row {
    pub(super) scenario: Scenario,
    pub(super) way: Way,
    pub(super) outcome: Outcome,
    pub(super) cpu: Cpu,
}

impl Row {
    /// How much was done, in what is told of this work: operations or megabytes.
    fn amount(&self) -> f64 {
        if self.scenario.is_in_megabytes() {
            as_figure(self.outcome.octets) / 1e6
        } else {
            as_figure(self.outcome.done)
        }
    }

    fn rate(&self) -> f64 {
        self.amount() / self.outcome.took.as_secs_f64().max(f64::EPSILON)
    }

    fn each(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / self.amount().max(f64::EPSILON)
    }

    /// Of all servers together: what an operation costs whoever runs them.
    fn together(&self) -> f64 {
        self.each(self.cpu.itself + self.cpu.slapd)
    }

    pub(super) fn print(&self, direct: Option<&Self>) {
        let latencies = &self.outcome.latencies;
        let itself = (self.way != Way::Direct).then(|| self.each(self.cpu.itself));
        let (rate_ratio, cpu_ratio) = direct.map(|direct| self.to(direct)).unzip();
        println!(
            "  {:<10} {:>9.0} {:>9.2} {:>9.2} {:>9} {:>9.1} {:>9.1} {:>8} {:>8}   {}",
            self.way.name(),
            self.rate(),
            milliseconds(latencies.percentile(50)),
            milliseconds(latencies.percentile(99)),
            or_nothing(itself, 1),
            self.each(self.cpu.slapd),
            self.each(self.cpu.generator),
            or_nothing(rate_ratio, 2),
            or_nothing(cpu_ratio, 2),
            self.scenario.expected(self.way).unwrap_or_default(),
        );
        if !self.outcome.otherwise.is_empty() {
            println!("    answered otherwise: {:?}", self.outcome.otherwise);
        }
    }

    /// Its rate and its CPU time in terms of the direct way's.
    fn to(&self, direct: &Self) -> (f64, f64) {
        (self.rate() / direct.rate().max(f64::EPSILON), self.together() / direct.together().max(f64::EPSILON))
    }
}

pub(super) fn print_legend() {
    println!(
        "µs are CPU time for one operation (for large results, one megabyte): of what stands before slapd itself, of"
    );
    println!(
        "slapd, and of the generator. Ratios are to the direct way: of the rate, and of the CPU time of all servers."
    );
}

pub(super) fn print_heading(scenario: Scenario, connections: usize) {
    println!("\n{}; {connections} connections", scenario.title());
    println!(
        "  {:<10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8} {:>8}",
        "",
        if scenario.is_in_megabytes() { "MB/s" } else { "per s" },
        "p50 ms",
        "p99 ms",
        "itself µs",
        "slapd µs",
        "gen. µs",
        "rate",
        "CPU"
    );
}

fn or_nothing(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"))
}

#[expect(clippy::cast_precision_loss, reason = "told in four digits")]
pub(super) fn as_figure(count: u64) -> f64 {
    count as f64
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
