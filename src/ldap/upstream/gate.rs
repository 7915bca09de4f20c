//! A limit on how much is done at once, and on how many wait for their turn.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::fault::Fault;

/// Who waits behind more than that for each connection would not be served in time anyway (FLT-03).
const WAITING_PER_CONNECTION_MAX: usize = 256;

pub(super) struct Gate {
    turns: Semaphore,
    waiting: AtomicUsize,
    waiting_max: usize,
}

impl Gate {
    /// So many connections, each with so many at once.
    pub(super) fn new(connections: usize, each: usize) -> Self {
        Self {
            turns: Semaphore::new(connections.saturating_mul(each)),
            waiting: AtomicUsize::new(0),
            waiting_max: connections.saturating_mul(WAITING_PER_CONNECTION_MAX),
        }
    }

    /// A turn, waited for until `deadline`.
    pub(super) async fn turn(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, Fault> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        let place = Waiting(&self.waiting);
        if place.0.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
            return Err(Fault::Busy);
        }
        match timeout_at(deadline, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(Fault::Busy),
        }
    }
}

/// One that waits; counted until it does not.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
