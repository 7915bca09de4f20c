//! All senders together: the port's implementation, and who owns what runs.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vestibule_engine::{Clock, Random};
use vestibule_factors::push::{NotQueued, PushAddress, PushReports, PushSender, Ring};

use crate::apns::Apns;
use crate::config::is_plausible_contact;
use crate::fcm::Fcm;
use crate::http::{self, Guard, Versions};
use crate::lane::Lane;
use crate::provider::Provider;
use crate::settings::PushSettings;
use crate::web_push::{VapidKey, WebPush};

/// What the senders ask of the world besides the network.
#[derive(Clone)]
pub struct Ports {
    pub reports: Arc<dyn PushReports>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

#[derive(Debug, thiserror::Error)]
#[error("start the sender for {provider}")]
pub struct StartError {
    provider: &'static str,
    #[source]
    cause: Option<reqwest::Error>,
}

/// Rings phones. What it runs belongs to it: [`Senders::stop`] ends it, dropping it abandons it.
pub struct Senders {
    web_push: Option<Arc<Lane>>,
    apns: Option<Arc<Lane>>,
    fcm: Option<Arc<Lane>>,
    tasks: TaskTracker,
    stopping: CancellationToken,
    abandoned: CancellationToken,
}

impl Senders {
    /// `origin` is the portal's, without a slash at its end: where notifications lead, and the contact push services
    /// are told where `web_push.contact` is not set. Must be called within a runtime.
    pub fn start(settings: PushSettings, vapid: VapidKey, origin: &str, ports: &Ports) -> Result<Self, StartError> {
        let stopping = CancellationToken::new();
        let PushSettings { web_push, apns, fcm, limits, proxy } = settings;
        let lane = |provider: Box<dyn Provider>| {
            let Ports { reports, clock, random } = ports.clone();
            Arc::new(Lane::new(provider, limits, reports, clock, random, stopping.clone()))
        };
        let client = |provider, tls: &rustls::ClientConfig, versions, guard| {
            let built = http::client(tls, versions, guard, proxy.as_ref());
            built.map_err(|cause| StartError { provider, cause: Some(cause.without_url()) })
        };
        let (mut web_push_lane, mut apns_lane, mut fcm_lane) = (None, None, None);
        if let Some(settings) = web_push {
            warn_of_contact(settings.contact.as_deref(), origin);
            let guard = Guard::new(settings.permitted.clone(), proxy.as_ref().and_then(url::Url::host_str));
            let client = client("Web Push", &settings.tls, Versions::Any, Some(guard))?;
            let ports = (Arc::clone(&ports.clock), Arc::clone(&ports.random));
            web_push_lane = Some(lane(Box::new(WebPush::new(settings, client, vapid, origin, ports))));
        }
        if let Some(settings) = apns {
            let client = client("APNs", &settings.tls, Versions::Http2, None)?;
            apns_lane = Some(lane(Box::new(Apns::new(settings, client, Arc::clone(&ports.clock)))));
        }
        if let Some(settings) = fcm {
            let client = client("FCM", &settings.tls, Versions::Any, None)?;
            let fcm = Fcm::new(settings, client, Arc::clone(&ports.clock));
            fcm_lane = Some(lane(Box::new(fcm.ok_or(StartError { provider: "FCM", cause: None })?)));
        }
        let (tasks, abandoned) = (TaskTracker::new(), CancellationToken::new());
        Ok(Self { web_push: web_push_lane, apns: apns_lane, fcm: fcm_lane, tasks, stopping, abandoned })
    }

    /// Take no more rings, let open requests finish within `patience`, drop the rest. Says how many were dropped; those
    /// logins go on, for the app shows what is open without a doorbell.
    pub async fn stop(&self, patience: Duration) -> usize {
        for lane in [&self.web_push, &self.apns, &self.fcm].into_iter().flatten() {
            lane.close();
        }
        self.stopping.cancel();
        self.tasks.close();
        let in_time = tokio::time::timeout(patience, self.tasks.wait()).await.is_ok();
        let left = if in_time { 0 } else { self.tasks.len() };
        self.abandoned.cancel();
        self.tasks.wait().await;
        left
    }

    /// Rings that wait or are being sent, for all providers.
    pub fn open(&self) -> usize {
        self.tasks.len()
    }

    fn lane(&self, address: &PushAddress) -> Result<&Arc<Lane>, NotQueued> {
        let (lane, provider) = match address {
            PushAddress::WebPush { .. } => (&self.web_push, "Web Push"),
            PushAddress::Apns { .. } => (&self.apns, "APNs"),
            PushAddress::Fcm { .. } => (&self.fcm, "FCM"),
        };
        lane.as_ref().ok_or(NotQueued::NotConfigured { provider })
    }
}

impl PushSender for Senders {
    fn ring(&self, ring: Ring) -> Result<(), NotQueued> {
        let lane = self.lane(&ring.address)?;
        let queued = lane.queue(ring)?;
        let (carry, abandoned) = (Arc::clone(lane).carry(queued), self.abandoned.clone());
        self.tasks.spawn(async move { abandoned.run_until_cancelled(carry).await });
        Ok(())
    }

    fn accepts(&self, address: &PushAddress) -> Result<(), NotQueued> {
        self.lane(address)?.accepts(address)
    }
}

impl Drop for Senders {
    fn drop(&mut self) {
        self.abandoned.cancel();
    }
}

/// Apple refuses tokens whose contact cannot be one.
fn warn_of_contact(contact: Option<&str>, origin: &str) {
    if contact.is_none() && !is_plausible_contact(origin) {
        tracing::warn!(
            "Some push services will refuse us: {origin} cannot be reached from outside, so it is no contact; \
             set push.web_push.contact"
        );
    }
}
