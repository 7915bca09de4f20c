//! Connections to one server that wait to be used again, and a limit on how many there are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::connection::Connection;
use super::fault::Fault;

/// Who waits behind more than that for each connection would not be served in time anyway (FLT-03).
const WAITING_PER_SLOT_MAX: usize = 256;

pub(super) struct Pool {
    /// The one used last is used first, so that those beyond today's need grow old and go.
    idle: Mutex<Vec<Connection>>,
    idle_timeout: Duration,
    slots: Semaphore,
    waiting: AtomicUsize,
    waiting_max: usize,
}

/// The right to have one connection.
pub(super) struct Slot<'a> {
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
}

impl Pool {
    pub(super) fn new(size: usize, idle_timeout: Duration) -> Self {
        Self {
            idle: Mutex::default(),
            idle_timeout,
            slots: Semaphore::new(size),
            waiting: AtomicUsize::new(0),
            waiting_max: size.saturating_mul(WAITING_PER_SLOT_MAX),
        }
    }

    /// A slot, waited for until `deadline`.
    pub(super) async fn slot(&self, deadline: Instant) -> Result<Slot<'_>, Fault> {
        if let Ok(permit) = self.slots.try_acquire() {
            return Ok(Slot { pool: self, _permit: permit });
        }
        let place = Waiting(&self.waiting);
        if place.0.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
            return Err(Fault::Busy);
        }
        match timeout_at(deadline, self.slots.acquire()).await {
            Ok(Ok(permit)) => Ok(Slot { pool: self, _permit: permit }),
            _ => Err(Fault::Busy),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot<'_> {
    /// A connection that was used before and still lives. Dead and old ones are closed on the way.
    pub(super) fn idle(&self) -> Option<Connection> {
        loop {
            let mut connection = self.pool.idle().pop()?;
            if connection.idle_since().elapsed() >= self.pool.idle_timeout {
                // Those below were used even earlier.
                self.pool.idle().clear();
                return None;
            }
            if connection.is_alive() {
                return Some(connection);
            }
        }
    }

    /// Keep the connection for the next one. Whoever has doubts about its state drops it instead.
    pub(super) fn keep(self, mut connection: Connection) {
        connection.rest();
        let mut idle = self.pool.idle();
        // The first was used longest ago; today's need does not reach it.
        if idle.first().is_some_and(|first| first.idle_since().elapsed() >= self.pool.idle_timeout) {
            idle.remove(0);
        }
        idle.push(connection);
    }
}

/// One that waits; counted until it does not.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
