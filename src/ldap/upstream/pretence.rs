//! Taking as long for a name nobody has as for a wrong password (ADM-04).
//!
//! A bind as somebody who does not exist would not do: directories answer it without hashing anything, so it is fast
//! where a real refusal is slow; Active Directory writes a failed login for each; and the password, which may be
//! somebody's real one typed beside the wrong name, would travel for nothing. So nothing is sent but one harmless read,
//! which costs the round trip a bind costs, and then time passes until it was as long as one of the last binds that
//! were refused, drawn at random. Nobody's failures are counted by that, and nobody is locked.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many refused binds are remembered. Enough to show their spread, few enough to follow a change within minutes.
const REMEMBERED_MAX: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Pretence(Mutex<VecDeque<Duration>>);

impl Pretence {
    /// A bind took so long. The service account's count too: its password is hashed like any other, and they are there
    /// before anybody mistyped one.
    pub(super) fn note(&self, took: Duration) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.pop_front();
        }
        remembered.push_back(took);
    }

    /// How long one took.
    pub(super) fn draw(&self, chance: u8) -> Duration {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = usize::from(chance).checked_rem(remembered.len()).unwrap_or(0);
        remembered.get(index).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_one_of_the_last_that_were_noted() {
        let pretence = Pretence::default();
        assert_eq!(pretence.draw(9), Duration::ZERO);
        for millis in 0..1000 {
            pretence.note(Duration::from_millis(millis));
        }
        for chance in 0..=255 {
            assert!(pretence.draw(chance) >= Duration::from_millis(936));
        }
    }
}
