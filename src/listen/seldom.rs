//! A brake for log lines that strangers can cause.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets one line through per interval and counts what it held back, so that a flood costs one line and the line says
/// how large the flood was.
#[derive(Debug)]
pub struct Seldom {
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    held_back: u64,
}

impl Seldom {
    pub const fn new(interval: Duration) -> Self {
        Self { interval, state: Mutex::new(State { last: None, held_back: 0 }) }
    }

    /// `Some(n)` when it is time to speak; `n` lines were held back since the last one.
    pub fn due(&self) -> Option<u64> {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| now.duration_since(last) < self.interval) {
            state.held_back = state.held_back.saturating_add(1);
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_one_line_and_the_next_line_says_how_many_were_held_back() {
        let seldom = Seldom::new(Duration::from_secs(10));
        assert_eq!(seldom.due(), Some(0));
        assert_eq!((0..500).filter_map(|_| seldom.due()).count(), 0);
        tokio::time::advance(Duration::from_secs(11)).await;
        assert_eq!(seldom.due(), Some(500));
    }
}
