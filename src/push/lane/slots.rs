//! One doorbell for each device: rings for the same device go one after the other, and the newest wins.
//!
//! Without this, "the request is over" could overtake the request it is about, or replace the doorbell of a newer one,
//! and a phone would be rung for a request that was withdrawn before anybody heard of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use vestibule_engine::{AttemptId, AuthenticatorId, Timestamp};
use vestibule_factors::push::{Doorbell, Ring};

/// Devices that are remembered until their request is over. Beyond it they are rung without this care.
const DEVICES_MAX: usize = 200_000;

#[derive(Default)]
pub(super) struct Slots(Arc<Mutex<HashMap<AuthenticatorId, Newest>>>);

/// The newest request a device was rung for by this process.
struct Newest {
    attempt: AttemptId,
    until: Timestamp,
    /// The provider took the doorbell.
    taken: bool,
    over: bool,
    turn: Arc<Semaphore>,
}

/// A ring's place in its device's slot.
pub(super) struct Slot {
    slots: Arc<Mutex<HashMap<AuthenticatorId, Newest>>>,
    device: AuthenticatorId,
    attempt: AttemptId,
    doorbell: Doorbell,
    turn: Arc<Semaphore>,
}

impl Slots {
    pub(super) fn enter(&self, ring: &Ring, now: Timestamp) -> Slot {
        let mut devices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if devices.len() >= DEVICES_MAX {
            devices.retain(|_, newest| now < newest.until);
        }
        let turn =
            devices.get(&ring.device).map_or_else(|| Arc::new(Semaphore::new(1)), |known| Arc::clone(&known.turn));
        match ring.doorbell {
            Doorbell::Asked if devices.len() < DEVICES_MAX || devices.contains_key(&ring.device) => {
                let (attempt, until) = (ring.attempt, ring.until);
                // The same request once more (a person asked for it) is not new to a phone that was rung for it.
                let known = devices.get(&ring.device).filter(|known| known.attempt == attempt);
                let (taken, over) = known.map_or((false, false), |known| (known.taken, known.over));
                let newest = Newest { attempt, until, taken, over, turn: Arc::clone(&turn) };
                devices.insert(ring.device, newest);
            }
            Doorbell::Asked => {}
            Doorbell::Over => {
                if let Some(newest) = devices.get_mut(&ring.device).filter(|newest| newest.attempt == ring.attempt) {
                    newest.over = true;
                }
            }
        }
        let (device, attempt, doorbell) = (ring.device, ring.attempt, ring.doorbell);
        Slot { slots: Arc::clone(&self.0), device, attempt, doorbell, turn }
    }
}

impl Slot {
    /// Resolves when no other ring for this device is on its way.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turn.acquire().await.ok()
    }

    /// Whether there is nothing left to say: a newer request rang, or this one is over, or nobody was told of it.
    pub(super) fn is_overtaken(&self) -> bool {
        let devices = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        // Another node may have rung for it: then it has to be said.
        let Some(newest) = devices.get(&self.device) else { return false };
        if newest.attempt != self.attempt {
            return true;
        }
        match self.doorbell {
            Doorbell::Asked => newest.over,
            Doorbell::Over => !newest.taken,
        }
    }

    pub(super) fn taken(&self) {
        let mut devices = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if self.doorbell == Doorbell::Asked
            && let Some(newest) = devices.get_mut(&self.device).filter(|newest| newest.attempt == self.attempt)
        {
            newest.taken = true;
        }
    }
}
