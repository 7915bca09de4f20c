//! What became of the doorbells: written down for the person's history, and told to whoever has to act.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use vestibule_engine::{Clock, Delivery, DeliveryState, DeviceMark, Store, StoreError, Timestamp};

use super::{Doorbell, PushReports, Ring, Rung};

/// What a device is forgotten for, in words for its owner.
const GONE: &str = "the push service no longer knows this device";

/// Writes down what came of a ring.
pub struct Reports {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    seldom: Seldom,
}

/// How far a request got, into the history and the log: true where that was not known yet.
pub async fn note_evidence(store: &dyn Store, delivery: Delivery) -> Result<bool, StoreError> {
    let (attempt, device, state) = (delivery.attempt, delivery.authenticator, delivery.state.name());
    let is_new = store.note_delivery(delivery).await?;
    if is_new {
        tracing::info!(attempt.id = %attempt, device.id = %device, state, "A request to a phone: {state}");
    }
    Ok(is_new)
}

impl Reports {
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, seldom: Seldom::default() }
    }

    async fn write_down(&self, ring: &Ring, came: Rung) -> Result<(), StoreError> {
        let now = self.clock.now();
        let (state, mark) = match came {
            Rung::Accepted => (DeliveryState::Accepted, Some(DeviceMark::Reached)),
            Rung::Gone { as_of } => {
                // Only what was rung is known to be gone, and only if it is no younger than that knowledge (PSH-08).
                let given_by = as_of.map_or(ring.since, |as_of| as_of.min(ring.since));
                self.store.drop_push(ring.device, given_by, GONE).await?;
                (DeliveryState::Failed, None)
            }
            Rung::Failed { why } => (DeliveryState::Failed, Some(DeviceMark::Trouble(why))),
            Rung::Misconfigured { why } => {
                if self.seldom.may_say(now) {
                    tracing::warn!(
                        push.kind = ?ring.address, error = why,
                        "Phones cannot be rung because of our own settings; an administrator has to act"
                    );
                }
                (DeliveryState::Failed, Some(DeviceMark::Trouble(why)))
            }
        };
        // That a request is over is told as a courtesy; how far it got is no part of the login's history.
        if ring.doorbell == Doorbell::Asked {
            let Ring { attempt, user, device: authenticator, .. } = *ring;
            note_evidence(&*self.store, Delivery { attempt, user, authenticator, state, at: now }).await?;
        }
        match mark {
            Some(mark) => self.store.mark_device(ring.device, mark, now).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl PushReports for Reports {
    async fn report(&self, ring: &Ring, came: Rung) {
        if let Err(error) = self.write_down(ring, came).await
            && self.seldom.may_say(self.clock.now())
        {
            tracing::warn!(
                device.id = %ring.device, attempt.id = %ring.attempt, error = &error as &dyn std::error::Error,
                "What became of a ring is not written down"
            );
        }
    }
}

/// Once a minute is enough for what a stranger can bring about again and again.
#[derive(Debug)]
pub(super) struct Seldom(AtomicI64);

impl Default for Seldom {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Seldom {
    const APART: Duration = Duration::from_secs(60);

    pub(super) fn may_say(&self, now: Timestamp) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        let is_due = Timestamp(last).after(Self::APART) <= now || now.0 < last;
        is_due && self.0.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
