//! How long logins took: every one is kept, so that a percentile is exact.

use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<u32>);

impl Latencies {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    pub(crate) fn sort(&mut self) {
        self.0.sort_unstable();
    }

    /// The time that `percent` of all logins stayed within; call [`Latencies::sort`] first.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        let micros = self.0.get(last * percent / 100).copied().unwrap_or(0);
        Duration::from_micros(u64::from(micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_time_that_so_many_stayed_within() {
        let mut latencies = Latencies::default();
        for micros in (0..=100).rev() {
            latencies.add(Duration::from_micros(micros));
        }
        latencies.sort();
        assert_eq!(latencies.percentile(50), Duration::from_micros(50));
        assert_eq!(latencies.percentile(99), Duration::from_micros(99));
        assert_eq!(Latencies::default().percentile(99), Duration::ZERO);
    }
}
