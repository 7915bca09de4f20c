//! Which servers are worth asking. A server that failed rests, longer with each failure in a row, so that a login does
//! not wait for what another one just found dead (FLT-01, 02, 06).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub(super) struct Health {
    state: Mutex<State>,
    cool_down: Duration,
    cool_down_max: Duration,
    /// How long one who tries a server again has, before the next one may.
    trial: Duration,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// When the last of them became known.
    last_failed: Option<Instant>,
    rests_until: Option<Instant>,
    /// The last failure was one that costs nothing to meet again.
    was_quick: bool,
    last_well: Option<Instant>,
}

impl Health {
    pub(super) fn new(cool_down: Duration, cool_down_max: Duration, trial: Duration) -> Self {
        Self { state: Mutex::default(), cool_down, cool_down_max, trial }
    }

    pub(super) fn is_usable(&self, now: Instant) -> bool {
        self.state().rests_until.is_none_or(|until| until <= now)
    }

    /// Whether to ask this server. After a rest, one login tries it, and the others wait for what comes of that.
    pub(super) fn admit(&self, now: Instant) -> bool {
        let mut state = self.state();
        match state.rests_until {
            None => true,
            Some(until) if until <= now => {
                state.rests_until = Some(now + self.trial);
                true
            }
            Some(_) => false,
        }
    }

    /// Whether asking a resting server costs nothing, should there be no other.
    pub(super) fn is_cheap_to_try(&self) -> bool {
        self.state().was_quick
    }

    /// It answered. True if it had failed before.
    pub(super) fn well(&self, now: Instant) -> bool {
        let mut state = self.state();
        let has_recovered = state.failures > 0;
        *state = State { last_well: Some(now), ..State::default() };
        has_recovered
    }

    /// It failed something that began at `began`. True if it was well until now. A server that answered somebody else
    /// in the meantime is not down: one slow question must not close it for all. And one that failed somebody else in
    /// the meantime has not failed twice: however many wait for one connection, the rest is that of one failure.
    pub(super) fn failed(&self, began: Instant, now: Instant, was_quick: bool, chance: u8) -> bool {
        let mut state = self.state();
        if [state.last_well, state.last_failed].into_iter().flatten().any(|known| known > began) {
            return false;
        }
        state.last_failed = Some(now);
        state.failures = state.failures.saturating_add(1);
        let doubled = 1_u32.checked_shl(state.failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let rest = self.cool_down.saturating_mul(doubled).min(self.cool_down_max);
        state.rests_until = Some(now + jittered(rest, chance));
        state.was_quick = was_quick;
        state.failures == 1
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Three quarters to five quarters, so that many gateways do not come back at once.
fn jittered(rest: Duration, chance: u8) -> Duration {
    rest.mul_f64(0.75 + f64::from(chance) / 510.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn health() -> Health {
        Health::new(SECOND, 30 * SECOND, 2 * SECOND)
    }

    #[tokio::test(start_paused = true)] // FLT-01
    async fn a_failed_server_rests_and_then_one_login_tries_it() {
        let health = health();
        let start = Instant::now();
        assert!(health.admit(start));
        assert!(health.failed(start, start, false, 255));
        assert!(!health.admit(start + SECOND));
        assert!(health.admit(start + 2 * SECOND));
        assert!(!health.admit(start + 2 * SECOND));
        assert!(health.well(start + 3 * SECOND));
        assert!(health.admit(start + 3 * SECOND));
    }

    #[tokio::test(start_paused = true)] // FLT-06
    async fn rests_grow_to_their_limit() {
        let health = health();
        let mut now = Instant::now();
        for _ in 0..40 {
            health.failed(now, now, false, 0);
            now += 30 * SECOND;
        }
        assert!(!health.is_usable(now - 30 * SECOND + 22 * SECOND));
        assert!(health.is_usable(now));
    }

    #[tokio::test(start_paused = true)] // FLT-06
    async fn what_many_wait_for_fails_once() {
        let health = health();
        let start = Instant::now();
        let known = start + 2 * SECOND;
        assert!(health.failed(start, known, false, 255));
        for later in 0..20 {
            assert!(!health.failed(start + SECOND, known + later * SECOND / 100, false, 255));
        }
        assert!(health.admit(known + 2 * SECOND));
        // Who tried it again met another failure.
        health.failed(known + 2 * SECOND, known + 3 * SECOND, false, 0);
        assert!(!health.is_usable(known + 4 * SECOND));
        assert!(health.is_usable(known + 5 * SECOND));
    }

    #[tokio::test(start_paused = true)] // FLT-03
    async fn one_slow_question_does_not_close_a_server_that_answers_others() {
        let health = health();
        let start = Instant::now();
        health.well(start + SECOND);
        assert!(!health.failed(start, start + 5 * SECOND, false, 0));
        assert!(health.admit(start + 5 * SECOND));
    }
}
