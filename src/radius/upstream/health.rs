//! Whether a server answers (RFC 3539 §3.4, RFC 5997 §4; STS-04).
//!
//! ```text
//!   Up ──a login unanswered──▶ Suspect ──probe unanswered──▶ Down ──three probes answered in a row──▶ Up
//!   ▲                             │
//!   └──a login or probe answered──┘
//! ```
//!
//! A server that is not probed goes down after three logins unanswered in a row and is tried again after a while.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Answers in a row that bring a server back: one could be luck.
const REVIVE_AFTER: u32 = 3;
/// Logins unanswered in a row that take down a server that is not probed.
const GIVE_UP_AFTER: u32 = 3;
/// How long a server that is not probed is left alone.
const LEAVE_ALONE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Health {
    is_probed: bool,
    state: Mutex<State>,
    pub(crate) worse: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Up { unanswered: u32 },
    Suspect,
    Down { since: Instant, answered: u32 },
}

/// What a change means to an administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    None,
    WentDown,
    CameBack,
}

impl Health {
    pub(crate) fn new(is_probed: bool) -> Self {
        Self { is_probed, state: Mutex::new(State::Up { unanswered: 0 }), worse: Notify::new() }
    }

    /// Whether logins should go here.
    pub(crate) fn is_usable(&self) -> bool {
        match *self.lock() {
            State::Up { .. } | State::Suspect => true,
            State::Down { since, .. } => !self.is_probed && since.elapsed() >= LEAVE_ALONE,
        }
    }

    /// Whether a probe is called for.
    pub(crate) fn is_in_doubt(&self) -> bool {
        !matches!(*self.lock(), State::Up { .. })
    }

    pub(crate) fn login_answered(&self) -> Change {
        let mut state = self.lock();
        match *state {
            // Only probes bring a probed server back: see REVIVE_AFTER.
            State::Down { .. } if self.is_probed => Change::None,
            State::Down { .. } => {
                *state = State::Up { unanswered: 0 };
                Change::CameBack
            }
            State::Up { .. } | State::Suspect => {
                *state = State::Up { unanswered: 0 };
                Change::None
            }
        }
    }

    pub(crate) fn login_unanswered(&self) -> Change {
        let mut state = self.lock();
        match *state {
            State::Up { .. } if self.is_probed => {
                *state = State::Suspect;
                self.worse.notify_one();
                Change::None
            }
            State::Up { unanswered } if unanswered + 1 < GIVE_UP_AFTER => {
                *state = State::Up { unanswered: unanswered + 1 };
                Change::None
            }
            State::Up { .. } => {
                *state = State::Down { since: Instant::now(), answered: 0 };
                Change::WentDown
            }
            State::Suspect => Change::None,
            State::Down { .. } => {
                *state = State::Down { since: Instant::now(), answered: 0 };
                Change::None
            }
        }
    }

    pub(crate) fn probe_answered(&self) -> Change {
        let mut state = self.lock();
        match *state {
            State::Down { since, answered } if answered + 1 < REVIVE_AFTER => {
                *state = State::Down { since, answered: answered + 1 };
                Change::None
            }
            State::Down { .. } => {
                *state = State::Up { unanswered: 0 };
                Change::CameBack
            }
            State::Up { .. } | State::Suspect => {
                *state = State::Up { unanswered: 0 };
                Change::None
            }
        }
    }

    pub(crate) fn probe_unanswered(&self) -> Change {
        let mut state = self.lock();
        match *state {
            State::Down { since, .. } => {
                *state = State::Down { since, answered: 0 };
                Change::None
            }
            State::Up { .. } | State::Suspect => {
                *state = State::Down { since: Instant::now(), answered: 0 };
                Change::WentDown
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_unanswered_login_raises_doubt_and_an_unanswered_probe_settles_it() {
        let health = Health::new(true);
        assert_eq!((health.login_unanswered(), health.is_in_doubt(), health.is_usable()), (Change::None, true, true));
        assert_eq!((health.probe_unanswered(), health.is_usable()), (Change::WentDown, false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_ignores_one_login_but_answers_a_probe_stays_up() {
        let health = Health::new(true);
        health.login_unanswered();
        assert_eq!((health.probe_answered(), health.is_in_doubt()), (Change::None, false));
    }

    // STS-04: three in a row; a server that comes and goes does not come back.
    #[tokio::test(start_paused = true)]
    async fn three_answers_in_a_row_bring_a_server_back_and_fewer_do_not() {
        let health = Health::new(true);
        health.probe_unanswered();
        for _ in 0..10 {
            assert_eq!((health.probe_answered(), health.probe_answered()), (Change::None, Change::None));
            assert_eq!((health.login_answered(), health.probe_unanswered()), (Change::None, Change::None));
            assert!(!health.is_usable());
        }
        let changes = [health.probe_answered(), health.probe_answered(), health.probe_answered()];
        assert_eq!((changes, health.is_usable()), ([Change::None, Change::None, Change::CameBack], true));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_not_probed_is_left_alone_for_a_minute_after_three_unanswered_logins() {
        let health = Health::new(false);
        assert_eq!((health.login_unanswered(), health.login_unanswered()), (Change::None, Change::None));
        assert_eq!((health.login_unanswered(), health.is_usable()), (Change::WentDown, false));
        tokio::time::advance(LEAVE_ALONE).await;
        assert!(health.is_usable());
        health.login_unanswered();
        assert!(!health.is_usable(), "one more try that is not answered, and it is left alone again");
        assert_eq!((health.login_answered(), health.is_usable()), (Change::CameBack, true));
    }
}
