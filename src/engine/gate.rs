//! Passwords of one person from one place are tried a few at a time, so that guesses sent all at once cannot all be asked
//! before the first of them is counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::CounterKey;

/// Gates nobody stands at are swept out when there are more than this.
const SWEEP_AT: usize = 1_024;

#[derive(Default)]
pub(crate) struct Gates(Mutex<HashMap<CounterKey, Weak<Semaphore>>>);

impl Gates {
    /// Wait until fewer than `at_once` are in. `None` does not happen: no gate is ever closed.
    pub(crate) async fn pass(&self, key: &CounterKey, at_once: u32) -> Option<OwnedSemaphorePermit> {
        self.gate(key, at_once).acquire_owned().await.ok()
    }

    fn gate(&self, key: &CounterKey, at_once: u32) -> Arc<Semaphore> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(key).and_then(Weak::upgrade) {
            return gate;
        }
        if gates.len() >= SWEEP_AT {
            gates.retain(|_, gate| gate.strong_count() > 0);
        }
        let gate = Arc::new(Semaphore::new(usize::try_from(at_once.max(1)).unwrap_or(1)));
        gates.insert(key.clone(), Arc::downgrade(&gate));
        gate
    }
}
