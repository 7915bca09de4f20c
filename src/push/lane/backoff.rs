//! When to try again: later each time, and not everybody at once.

use std::time::Duration;

use vestibule_engine::Random;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// The longest one request may take, however often it was tried.
const PATIENCE_MAX: Duration = Duration::from_secs(30);

pub(super) struct Backoff {
    next: Duration,
    patience: Duration,
}

impl Backoff {
    pub(super) fn new(patience: Duration) -> Self {
        Self { next: FIRST, patience }
    }

    /// How long this try may take. It grows with each, so that a slow line gets through in the end although a hanging
    /// service is noticed early.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// The wait before the next try; `after` is what the provider asked for.
    pub(super) fn next(&mut self, after: Option<Duration>, random: &dyn Random) -> Duration {
        let own = jittered(self.next, random);
        self.next = self.next.saturating_mul(2).min(LONGEST);
        self.patience = self.patience.saturating_mul(2).min(PATIENCE_MAX);
        match after {
            // Never sooner than asked, and the crowd that was told the same spreads out behind it.
            Some(after) => after.saturating_add(own.min(after / 8)).max(FIRST / 2),
            None => own,
        }
    }

    /// A wait that is no failure of this ring: the same for everybody, so it is spread.
    pub(super) fn spread(&self, wait: Duration, random: &dyn Random) -> Duration {
        wait.saturating_add(jittered(FIRST, random) / 2)
    }
}

/// Between a half and the whole of `span`. Without randomness the whole: it is about manners, not secrecy.
fn jittered(span: Duration, random: &dyn Random) -> Duration {
    let mut octet = [u8::MAX];
    if random.fill(&mut octet).is_err() {
        return span;
    }
    let [octet] = octet;
    (span / 2).saturating_add((span / 2).saturating_mul(octet.into()) / 255)
}

#[cfg(test)]
mod tests {
    use vestibule_engine::PortError;

    use super::*;

    struct Always(u8);

    impl Random for Always {
        fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
            octets.fill(self.0);
            Ok(())
        }
    }

    fn waits(octet: u8) -> Vec<u128> {
        let mut backoff = Backoff::new(Duration::from_secs(2));
        (0..8).map(|_| backoff.next(None, &Always(octet)).as_millis()).collect()
    }

    /// PSH-10
    #[test]
    fn waits_double_to_half_a_minute_with_half_of_each_left_to_chance() {
        assert_eq!(waits(255), [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert_eq!(waits(0), [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    }

    /// PSH-04
    #[test]
    fn nobody_comes_back_sooner_than_asked() {
        for octet in [0, 128, 255] {
            let wait = Backoff::new(Duration::from_secs(2)).next(Some(Duration::from_secs(7)), &Always(octet));
            assert!(wait >= Duration::from_secs(7) && wait < Duration::from_secs(8), "{wait:?}");
        }
    }

    #[test]
    fn a_slow_line_is_given_more_time_with_each_try() {
        let mut backoff = Backoff::new(Duration::from_secs(2));
        assert_eq!(backoff.patience(), Duration::from_secs(2));
        backoff.next(None, &Always(0));
        assert_eq!(backoff.patience(), Duration::from_secs(4));
    }
}
