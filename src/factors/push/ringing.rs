//! Ringing phones, and telling those that were rung that nobody waits any more.

use std::time::Duration;

use vestibule_engine::{Authenticator, Challenge, Delivery, DeliveryState, DeviceMark, StoreError, Timestamp};

use super::factor::asked;
use super::reports::note_evidence;
use super::{Doorbell, Push, Ring, address_of};

/// How long it is worth telling a phone that a request is over: it replaces a notification that may still stand there.
const OVER_TOLD_FOR: Duration = Duration::from_secs(5 * 60);

impl Push {
    /// Ring one device, if it gave an address. That it cannot be rung ends no login: it may ask by itself (PSH-12).
    pub(super) async fn ring(&self, device: &Authenticator, challenge: &Challenge) -> Result<(), StoreError> {
        let Some(ring) = self.ring_for(device, challenge, Doorbell::Asked, challenge.until).await? else {
            return Ok(());
        };
        match self.sender.ring(ring) {
            Ok(()) => self.note(device, challenge, DeliveryState::Queued).await,
            Err(not_queued) => {
                if self.seldom.may_say(self.clock.now()) {
                    tracing::warn!(
                        user.id = %device.user, device.id = %device.id, error = %not_queued,
                        "A phone could not be rung; its app still shows the request when it is opened"
                    );
                }
                self.note(device, challenge, DeliveryState::Failed).await?;
                let trouble = DeviceMark::Trouble(not_queued.to_string());
                self.store.mark_device(device.id, trouble, self.clock.now()).await
            }
        }
    }

    async fn ring_for(
        &self,
        device: &Authenticator,
        challenge: &Challenge,
        doorbell: Doorbell,
        until: Timestamp,
    ) -> Result<Option<Ring>, StoreError> {
        let Some(known) = self.store.device(device.id).await? else { return Ok(None) };
        let (Some(secret), Some(since)) = (known.push, known.push_since) else { return Ok(None) };
        let Ok(address) = address_of(&secret) else {
            tracing::error!(device.id = %device.id, "The address of a phone is damaged; it has to open its app");
            return Ok(None);
        };
        let (user, attempt) = (device.user, challenge.attempt);
        Ok(Some(Ring { user, device: device.id, attempt, address, since, doorbell, until }))
    }

    async fn note(
        &self,
        device: &Authenticator,
        challenge: &Challenge,
        state: DeliveryState,
    ) -> Result<(), StoreError> {
        let (attempt, user, authenticator) = (challenge.attempt, device.user, device.id);
        let delivery = Delivery { attempt, user, authenticator, state, at: self.clock.now() };
        note_evidence(&*self.store, delivery).await.map(|_| ())
    }

    /// Tell the phones that were rung, and have not answered themselves, that nobody waits any more.
    pub(super) async fn take_back(&self, with: &[Authenticator], challenge: &Challenge) -> Result<(), StoreError> {
        let deliveries = self.store.deliveries(challenge.attempt).await?;
        let reached = |device: &Authenticator, wanted: DeliveryState| {
            deliveries.iter().any(|one| one.authenticator == device.id && one.state == wanted)
        };
        let until = self.clock.now().after(OVER_TOLD_FOR);
        for device in asked(with, challenge) {
            if !reached(device, DeliveryState::Queued) || reached(device, DeliveryState::Answered) {
                continue;
            }
            if let Some(ring) = self.ring_for(device, challenge, Doorbell::Over, until).await? {
                // A phone that does not hear of it asks before it shows buttons (OOB-08).
                if let Err(not_queued) = self.sender.ring(ring) {
                    tracing::debug!(device.id = %device.id, error = %not_queued, "A phone is not told of an end");
                }
            }
        }
        Ok(())
    }
}
