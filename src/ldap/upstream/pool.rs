//! Connections to one server that wait to be used again, and a limit on how many there are.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use super::connection::Connection;
use super::fault::Fault;
use super::gate::Gate;

pub(super) struct Pool {
    /// The one used last is used first, so that those beyond today's need grow old and go.
    idle: Mutex<Vec<Connection>>,
    idle_timeout: Duration,
    gate: Gate,
}

/// The right to have one connection.
pub(super) struct Slot<'a> {
    pool: &'a Pool,
    _turn: SemaphorePermit<'a>,
}

impl Pool {
    pub(super) fn new(size: usize, idle_timeout: Duration) -> Self {
        Self { idle: Mutex::default(), idle_timeout, gate: Gate::new(size, 1) }
    }

    /// A slot, waited for until `deadline`.
    pub(super) async fn slot(&self, deadline: Instant) -> Result<Slot<'_>, Fault> {
        Ok(Slot { pool: self, _turn: self.gate.turn(deadline).await? })
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
