//! When to repeat a request: after about 2 s, then twice as long each time, never more than about 16 s (RFC 5080
//! §2.2.1; RAD-16).

use std::time::Duration;

use vestibule_engine::Random;

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(16);

#[derive(Debug, Default)]
pub(crate) struct Pace {
    last: Option<Duration>,
}

impl Pace {
    /// How long to wait for an answer to the next sending.
    pub(crate) fn next(&mut self, random: &dyn Random) -> Duration {
        let wait = match self.last {
            None => vary(FIRST, FIRST, random),
            Some(last) => vary(last * 2, last, random),
        };
        let wait = if wait > LONGEST { vary(LONGEST, LONGEST, random) } else { wait };
        self.last = Some(wait);
        wait
    }
}

/// `base`, more or less by up to a tenth of `of`, so that nodes that began together do not stay in step.
pub(crate) fn vary(base: Duration, of: Duration, random: &dyn Random) -> Duration {
    let mut chance = [128];
    // Without chance there is no variation, which only costs evenness.
    let [chance] = if random.fill(&mut chance).is_ok() { chance } else { [128] };
    base + of / 5 * u32::from(chance) / 255 - of / 10
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Chance;

    // RAD-16
    #[test]
    fn waits_double_within_a_tenth_and_end_at_sixteen_seconds() {
        let random = Chance::new(1);
        for _ in 0..100 {
            let mut pace = Pace::default();
            let mut last = pace.next(&random).as_secs_f64();
            assert!((1.8..=2.2).contains(&last), "{last}");
            for _ in 0..6 {
                let wait = pace.next(&random).as_secs_f64();
                let doubled = (1.9 * last..=2.1 * last).contains(&wait);
                assert!(doubled || (14.4..=17.6).contains(&wait), "{wait} after {last}");
                last = wait;
            }
        }
    }

    // RAD-16: no two in lockstep.
    #[test]
    fn waits_differ_from_run_to_run() {
        let random = Chance::new(2);
        let waits: std::collections::BTreeSet<_> = (0..100).map(|_| Pace::default().next(&random)).collect();
        assert!(waits.len() > 50);
    }
}
