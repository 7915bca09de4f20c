//! Leaves a host alone that does not answer, and looks now and then whether it is back (PSH-11).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row until the host is left alone.
const FAILURES_MAX: u32 = 5;

/// How long at first, doubling up to the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// How long a look may take before another is allowed, should the first one have been given up.
const LOOK: Duration = Duration::from_secs(5);

/// When to ask again while somebody looks.
const NEWS: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permission {
    Go,
    Wait(Duration),
}

/// What changed, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    None,
    LeftAlone(Duration),
    Back,
}

#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Clone, Copy)]
enum State {
    Well {
        failures: u32,
        paused: Option<Instant>,
    },
    /// Nobody asks until then.
    Alone {
        until: Instant,
        span: Duration,
    },
    /// One ring is there to look.
    Looking {
        until: Instant,
        span: Duration,
    },
}

impl Default for State {
    fn default() -> Self {
        Self::Well { failures: 0, paused: None }
    }
}

impl Breaker {
    pub(super) fn ask(&self, now: Instant) -> Permission {
        let mut state = self.state();
        match *state {
            State::Well { paused: Some(until), .. } if now < until => Permission::Wait(until - now),
            State::Well { .. } => Permission::Go,
            State::Alone { until, .. } if now < until => Permission::Wait(until - now),
            State::Looking { until, .. } if now < until => Permission::Wait((until - now).min(NEWS)),
            State::Alone { span, .. } | State::Looking { span, .. } => {
                *state = State::Looking { until: now + LOOK, span };
                Permission::Go
            }
        }
    }

    /// The host answered, whatever it said.
    pub(super) fn well(&self) -> Change {
        let mut state = self.state();
        let change = if matches!(*state, State::Well { .. }) { Change::None } else { Change::Back };
        let paused = if let State::Well { paused, .. } = *state { paused } else { None };
        *state = State::Well { failures: 0, paused };
        change
    }

    pub(super) fn unwell(&self, now: Instant) -> Change {
        let mut state = self.state();
        let span = match *state {
            State::Well { failures, paused } if failures + 1 < FAILURES_MAX => {
                *state = State::Well { failures: failures + 1, paused };
                return Change::None;
            }
            State::Well { .. } => FIRST,
            // Requests that were open when the others failed say nothing new.
            State::Alone { .. } => return Change::None,
            State::Looking { span, .. } => span.saturating_mul(2).min(LONGEST),
        };
        *state = State::Alone { until: now + span, span };
        Change::LeftAlone(span)
    }

    /// The host asked to be left alone until then; it is well otherwise.
    pub(super) fn pause(&self, until: Instant) {
        let mut state = self.state();
        let paused = match *state {
            State::Well { paused: Some(paused), .. } => paused.max(until),
            _ => until,
        };
        *state = State::Well { failures: 0, paused: Some(paused) };
    }

    /// Nothing is remembered that would be missed.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        match *self.state() {
            State::Well { failures: 0, paused } => paused.is_none_or(|paused| paused <= now),
            State::Well { .. } => false,
            State::Alone { until, .. } | State::Looking { until, .. } => until + LONGEST < now,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(at: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 1..FAILURES_MAX {
            assert_eq!(breaker.unwell(at), Change::None);
        }
        assert_eq!(breaker.unwell(at), Change::LeftAlone(FIRST));
        breaker
    }

    /// PSH-11
    #[tokio::test(start_paused = true)]
    async fn a_host_that_fails_five_times_in_a_row_is_left_alone_and_one_ring_looks_after_it() {
        let start = Instant::now();
        let breaker = broken(start);
        assert_eq!(breaker.ask(start), Permission::Wait(FIRST));
        assert_eq!(breaker.ask(start + FIRST), Permission::Go);
        assert_eq!(breaker.ask(start + FIRST), Permission::Wait(NEWS));
        assert_eq!(breaker.well(), Change::Back);
        assert_eq!(breaker.ask(start + FIRST), Permission::Go);
    }

    #[tokio::test(start_paused = true)]
    async fn each_look_in_vain_doubles_the_time_up_to_half_a_minute() {
        let mut now = Instant::now();
        let breaker = broken(now);
        let mut spans = Vec::new();
        for _ in 0..6 {
            let Permission::Wait(wait) = breaker.ask(now) else { panic!("asked too soon") };
            now += wait;
            assert_eq!(breaker.ask(now), Permission::Go);
            let Change::LeftAlone(span) = breaker.unwell(now) else { panic!("a failed look is forgotten") };
            spans.push(span.as_secs());
        }
        assert_eq!(spans, [2, 4, 8, 16, 30, 30]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_was_given_up_is_followed_by_another() {
        let start = Instant::now();
        let breaker = broken(start);
        assert_eq!(breaker.ask(start + FIRST), Permission::Go);
        assert_eq!(breaker.ask(start + FIRST + LOOK), Permission::Go);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_with_answers_between_them_leave_nobody_alone() {
        let breaker = Breaker::default();
        for _ in 0..100 {
            assert_eq!(breaker.unwell(Instant::now()), Change::None);
            assert_eq!(breaker.well(), Change::None);
        }
    }

    /// PSH-04
    #[tokio::test(start_paused = true)]
    async fn a_pause_that_was_asked_for_holds_although_other_answers_are_fine() {
        let start = Instant::now();
        let breaker = Breaker::default();
        breaker.pause(start + Duration::from_secs(9));
        assert_eq!(breaker.well(), Change::None);
        assert_eq!(breaker.ask(start), Permission::Wait(Duration::from_secs(9)));
        assert_eq!(breaker.ask(start + Duration::from_secs(9)), Permission::Go);
    }
}
