//! The machine's time and chance, as the engine asks for them.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use ring::rand::{SecureRandom, SystemRandom as Ring};
use tokio::time::Instant;
use vestibule_engine::{Clock, ClockFault, PortError, Random, Timestamp};

/// One step of a code: going back further than this would make used codes fresh again (OTP-08).
const BACK_MAX: Duration = Duration::from_secs(30);

/// The wall clock, watched by the steady clock. Whenever the wall clock is behind where the steady clock says it should
/// be, it was set back, and nothing that depends on time can be judged until it has caught up.
pub struct SystemClock {
    wall: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Since some moment of its own.
    steady: Box<dyn Fn() -> Duration + Send + Sync>,
    furthest: Mutex<Furthest>,
}

/// The moment furthest ahead that the wall clock has shown, and when that was by the steady clock.
#[derive(Clone, Copy)]
struct Furthest {
    wall: Timestamp,
    steady: Duration,
}

impl SystemClock {
    pub fn new() -> Self {
        let begun = Instant::now();
        Self::reading(wall_clock, move || begun.elapsed())
    }

    fn reading(
        wall: impl Fn() -> Timestamp + Send + Sync + 'static,
        steady: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let furthest = Furthest { wall: wall(), steady: steady() };
        Self { wall: Box::new(wall), steady: Box::new(steady), furthest: Mutex::new(furthest) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        (self.wall)()
    }

    fn sound(&self) -> Result<(), ClockFault> {
        let (wall, steady) = ((self.wall)(), (self.steady)());
        let mut furthest = self.furthest.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let expected = furthest.wall.after(steady.saturating_sub(furthest.steady));
        if wall >= expected {
            *furthest = Furthest { wall, steady };
            return Ok(());
        }
        // A little behind is how a clock that runs fast is corrected; it adds up, so the mark stays where it was.
        let by = expected.since(wall);
        if by > BACK_MAX { Err(ClockFault { by }) } else { Ok(()) }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]
fn wall_clock() -> Timestamp {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => Timestamp(0).after(since),
        Err(before) => Timestamp(i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros)),
    }
}

/// The system's random numbers.
pub struct SystemRandom(Ring);

impl SystemRandom {
    pub fn new() -> Self {
        Self(Ring::new())
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemRandom {
    fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
        self.0.fill(octets).map_err(|_| PortError::unusable("read random numbers from the system"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Seconds that a test moves.
    #[derive(Clone)]
    struct Hands {
        wall: Arc<AtomicU64>,
        steady: Arc<AtomicU64>,
    }

    impl Hands {
        fn pass(&self, seconds: u64) {
            self.wall.fetch_add(seconds, Ordering::Relaxed);
            self.steady.fetch_add(seconds, Ordering::Relaxed);
        }

        fn set_back(&self, seconds: u64) {
            self.wall.fetch_sub(seconds, Ordering::Relaxed);
        }

        fn set_forward(&self, seconds: u64) {
            self.wall.fetch_add(seconds, Ordering::Relaxed);
        }
    }

    fn clock() -> (SystemClock, Hands) {
        let hands = Hands { wall: Arc::new(1_000_000_000.into()), steady: Arc::new(7.into()) };
        let Hands { wall, steady } = hands.clone();
        let wall = move || Timestamp(0).after(Duration::from_secs(wall.load(Ordering::Relaxed)));
        (SystemClock::reading(wall, move || Duration::from_secs(steady.load(Ordering::Relaxed))), hands)
    }

    // OTP-08
    #[test]
    fn a_clock_set_back_is_not_believed_until_it_has_caught_up() {
        let (clock, hands) = clock();
        assert_eq!(clock.sound(), Ok(()));
        hands.set_back(3600);
        assert_eq!(clock.sound(), Err(ClockFault { by: Duration::from_secs(3600) }));
        // Both clocks run on: the wall clock is still an hour behind.
        hands.pass(60);
        assert_eq!(clock.sound(), Err(ClockFault { by: Duration::from_secs(3600) }));
        hands.set_forward(3600);
        assert_eq!(clock.sound(), Ok(()));
    }

    // OTP-08
    #[test]
    fn small_steps_back_add_up_to_a_large_one() {
        let (clock, hands) = clock();
        hands.set_back(20);
        assert_eq!(clock.sound(), Ok(()));
        hands.pass(5);
        hands.set_back(20);
        assert_eq!(clock.sound(), Err(ClockFault { by: Duration::from_secs(40) }));
    }

    #[test]
    fn a_clock_set_forward_is_believed_and_measured_from_there() {
        let (clock, hands) = clock();
        hands.set_forward(86_400);
        assert_eq!(clock.sound(), Ok(()));
        hands.pass(10);
        assert_eq!(clock.sound(), Ok(()));
        hands.set_back(86_400);
        assert_eq!(clock.sound(), Err(ClockFault { by: Duration::from_secs(86_400) }));
    }
}
