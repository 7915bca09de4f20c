//! The way of a ring to one provider: queued within bounds, sent a few at a time, tried again while somebody may still
//! need it. A provider, a host or a device that hangs holds up nobody else (PSH-11).

mod backoff;
mod breaker;
mod hosts;
mod slots;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vestibule_engine::{Clock, Random};
use vestibule_factors::push::{NotQueued, PushAddress, PushReports, Ring, Rung};

use crate::alarm::Alarm;
use crate::provider::{Provider, Reply};
use crate::settings::Limits;

use backoff::Backoff;
use breaker::Permission;
use hosts::{Host, Hosts};
use slots::{Slot, Slots};

pub(crate) struct Lane {
    provider: Box<dyn Provider>,
    limits: Limits,
    /// One permit for each ring that waits or is being sent.
    queue: Arc<Semaphore>,
    /// One for each request that is open.
    at_once: Semaphore,
    hosts: Hosts,
    slots: Slots,
    reports: Arc<dyn PushReports>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Asked to finish: whoever waits to try again gives up.
    stopping: CancellationToken,
    alarms: Alarms,
}

#[derive(Default)]
struct Alarms {
    misconfigured: Alarm,
    defect: Alarm,
    failed: Alarm,
}

/// A ring that has its place in the queue.
pub(crate) struct Queued {
    ring: Ring,
    slot: Slot,
    _place: OwnedSemaphorePermit,
}

/// What one try brought.
enum Tried {
    Answered(Reply),
    /// Not asked; ask again after that.
    Wait(Duration),
    /// A newer ring for this device makes this one pointless.
    Overtaken,
}

impl Lane {
    pub(crate) fn new(
        provider: Box<dyn Provider>,
        limits: Limits,
        reports: Arc<dyn PushReports>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            provider,
            limits,
            queue: Arc::new(Semaphore::new(limits.queue)),
            at_once: Semaphore::new(limits.at_once),
            hosts: Hosts::new(limits.at_once_per_host),
            slots: Slots::default(),
            reports,
            clock,
            random,
            stopping,
            alarms: Alarms::default(),
        }
    }

    pub(crate) fn accepts(&self, address: &PushAddress) -> Result<(), NotQueued> {
        self.provider.accepts(address).map_err(|why| NotQueued::Refused { why })
    }

    pub(crate) fn queue(&self, ring: Ring) -> Result<Queued, NotQueued> {
        let full = |_| NotQueued::Full { provider: self.provider.name() };
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(full)?;
        let slot = self.slots.enter(&ring, self.clock.now());
        Ok(Queued { ring, slot, _place: place })
    }

    /// Take nothing more.
    pub(crate) fn close(&self) {
        self.queue.close();
    }

    /// From the queue to the report. A ring that another overtook, or that a stop cut short, is not reported: nothing
    /// became known of its address.
    pub(crate) async fn carry(self: Arc<Self>, queued: Queued) {
        let Queued { ring, slot, _place } = queued;
        if let Some(came) = self.deliver(&ring, &slot).await {
            self.tell(&came);
            self.reports.report(&ring, came).await;
        }
    }

    async fn deliver(&self, ring: &Ring, slot: &Slot) -> Option<Rung> {
        let end = Instant::now() + ring.until.since(self.clock.now());
        let host = self.hosts.of(&self.provider.host(&ring.address));
        let mut backoff = Backoff::new(self.limits.patience);
        let mut last = "its turn did not come in time".to_owned();
        loop {
            if Instant::now() >= end {
                return Some(self.too_late(&last));
            }
            let tried = tokio::select! {
                tried = self.try_once(ring, slot, &host, end, backoff.patience()) => tried,
                () = tokio::time::sleep_until(end) => return Some(self.too_late(&last)),
            };
            let wait = match tried {
                Tried::Overtaken => return None,
                Tried::Wait(wait) => backoff.spread(wait, &*self.random),
                Tried::Answered(reply) => {
                    let (after, why) = match self.settle(reply) {
                        Ok(rung) => return Some(rung),
                        Err(again) => again,
                    };
                    last = why;
                    backoff.next(after, &*self.random)
                }
            };
            // Waiting for a moment when nobody needs it any more helps nobody: say so now.
            if Instant::now() + wait >= end {
                return Some(self.too_late(&last));
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stopping.cancelled() => return None,
            }
        }
    }

    async fn try_once(&self, ring: &Ring, slot: &Slot, host: &Host, end: Instant, patience: Duration) -> Tried {
        let _turn = slot.turn().await;
        if slot.is_overtaken() {
            return Tried::Overtaken;
        }
        // The host's permit first: those who wait for a slow host hold nothing that others need.
        let _host = host.permit().await;
        let _one = self.at_once.acquire().await;
        if slot.is_overtaken() {
            return Tried::Overtaken;
        }
        if let Permission::Wait(wait) = host.breaker.ask(Instant::now()) {
            return Tried::Wait(wait);
        }
        let life = end.saturating_duration_since(Instant::now());
        // Twice: a token may have to be bought first.
        let sent = tokio::time::timeout(patience.saturating_mul(2), self.provider.send(ring, life, patience)).await;
        let reply = sent.unwrap_or_else(|_| Reply::unwell("no answer in time"));
        host.learn(&reply, self.provider.name());
        if reply == Reply::Taken {
            slot.taken();
        }
        Tried::Answered(reply)
    }

    /// What is final, or after which time to try again and why.
    fn settle(&self, reply: Reply) -> Result<Rung, (Option<Duration>, String)> {
        Ok(match reply {
            Reply::Taken => Rung::Accepted,
            Reply::Gone { as_of } => Rung::Gone { as_of },
            Reply::Later { after, why } => return Err((after, why)),
            Reply::Pause { after, why } => return Err((Some(after), why)),
            Reply::Unwell { why } => return Err((None, why)),
            Reply::Refused { why } => Rung::Failed { why },
            Reply::Misconfigured { why } => Rung::Misconfigured { why },
            Reply::Defect { why } => {
                if let Some(held_back) = self.alarms.defect.due() {
                    let provider = self.provider.name();
                    tracing::error!(
                        push.provider = provider,
                        held_back,
                        "A doorbell for {provider} was made wrong, which is a defect of ours: {why}"
                    );
                }
                Rung::Failed { why }
            }
        })
    }

    fn too_late(&self, last: &str) -> Rung {
        Rung::Failed { why: format!("{} did not take it while the request was open: {last}", self.provider.name()) }
    }

    /// Told seldom: a wrong key fails every ring there is.
    fn tell(&self, came: &Rung) {
        let provider = self.provider.name();
        match came {
            Rung::Misconfigured { why } => {
                if let Some(held_back) = self.alarms.misconfigured.due() {
                    tracing::error!(
                        push.provider = provider,
                        held_back,
                        "Push by {provider} does not work until its configuration is put right: {why}"
                    );
                }
            }
            Rung::Failed { why } => {
                if let Some(held_back) = self.alarms.failed.due() {
                    tracing::warn!(
                        push.provider = provider,
                        held_back,
                        "A phone could not be rung by {provider}; its request can be answered by opening the app: {why}"
                    );
                }
            }
            Rung::Accepted | Rung::Gone { .. } => {}
        }
    }
}
