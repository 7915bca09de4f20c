//! Counters that were read a moment ago: a program that signs in a hundred times a second is not looked up as often.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use vestibule_engine::{Counter, CounterKey};

/// How long what was read is believed, and a lock never. What this process counts is known at once; what another one counts
/// in the same file, within this time. On a server, where other nodes count, nothing is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(1);
/// More are not kept at once.
const KEPT_MAX: usize = 4_096;

#[derive(Debug, Default)]
pub(crate) struct Counted(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    answers: HashMap<Vec<CounterKey>, (Instant, Vec<Counter>)>,
    /// How often something was counted since we began.
    changes: u64,
    /// When those that are not believed any more were dropped last.
    swept: Option<Instant>,
}

/// A look at the counters that is about to be taken.
pub(crate) struct Look {
    began: Instant,
    changes: u64,
}

impl Counted {
    /// What these said a moment ago, or leave to look.
    pub(crate) fn get(&self, keys: &[CounterKey]) -> Result<Vec<Counter>, Look> {
        let known = self.known();
        match known.answers.get(keys) {
            Some((read, counters)) if read.elapsed() < BELIEVED_FOR => Ok(counters.clone()),
            _ => Err(Look { began: Instant::now(), changes: known.changes }),
        }
    }

    /// What was seen; unless something was counted meanwhile, or one of them locks.
    pub(crate) fn keep(&self, look: &Look, keys: &[CounterKey], counters: &[Counter]) {
        let mut known = self.known();
        if known.changes != look.changes || counters.iter().any(|counter| counter.locked_until.is_some()) {
            return;
        }
        // Not with every login while it is full: each would look through all of them.
        if known.answers.len() >= KEPT_MAX && known.swept.is_none_or(|swept| swept.elapsed() >= BELIEVED_FOR) {
            known.answers.retain(|_, (read, _)| read.elapsed() < BELIEVED_FOR);
            known.swept = Some(Instant::now());
        }
        if known.answers.len() < KEPT_MAX {
            known.answers.insert(keys.to_vec(), (look.began, counters.to_vec()));
        }
    }

    /// Something was counted, or may have been.
    pub(crate) fn forget(&self) {
        let mut known = self.known();
        known.answers.clear();
        known.changes += 1;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use vestibule_engine::Timestamp;

    use super::*;

    fn keys(name: &str) -> Vec<CounterKey> {
        vec![CounterKey(name.into()), CounterKey("address".into())]
    }

    fn looked(counted: &Counted, keys: &[CounterKey]) -> Look {
        counted.get(keys).expect_err("nothing is kept")
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_is_believed_for_a_second() {
        let (counted, ada) = (Counted::default(), keys("ada"));
        let one = [Counter { failures: 1, ..Counter::default() }, Counter::default()];
        counted.keep(&looked(&counted, &ada), &ada, &one);
        looked(&counted, &keys("bob"));
        looked(&counted, &ada[..1]);
        tokio::time::advance(Duration::from_millis(999)).await;
        assert!(counted.get(&ada).is_ok_and(|kept| kept == one));
        tokio::time::advance(Duration::from_millis(1)).await;
        looked(&counted, &ada);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_counted_meanwhile_is_not_overlooked_and_a_lock_not_kept() {
        let (counted, ada) = (Counted::default(), keys("ada"));
        let none = [Counter::default(); 2];
        let look = looked(&counted, &ada);
        counted.forget();
        counted.keep(&look, &ada, &none);
        counted.keep(&looked(&counted, &ada), &ada, &none);
        counted.forget();
        let look = looked(&counted, &ada);
        let locked = Counter { locked_until: Some(Timestamp(1)), ..Counter::default() };
        counted.keep(&look, &ada, &[Counter::default(), locked]);
        looked(&counted, &ada);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_kept_than_there_may_be() {
        let counted = Counted::default();
        let keep = |from: usize| {
            for number in from..from + KEPT_MAX {
                let keys = keys(&number.to_string());
                counted.keep(&looked(&counted, &keys), &keys, &[]);
            }
        };
        keep(0);
        keep(KEPT_MAX);
        assert_eq!(counted.known().answers.len(), KEPT_MAX);
        tokio::time::advance(BELIEVED_FOR).await;
        keep(2 * KEPT_MAX);
        assert!(counted.get(&keys(&(2 * KEPT_MAX).to_string())).is_ok(), "the old ones made room");
    }
}
