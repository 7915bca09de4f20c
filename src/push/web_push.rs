//! Web Push: browsers on any platform, without an account at anybody.

mod encrypt;
mod subscription;
mod vapid;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, StatusCode};
use vestibule_engine::{Clock, Random};
use vestibule_factors::push::{PushAddress, Ring};

use crate::http::{self, Answer, HostRule, NoAnswer, Permitted};
use crate::provider::{Provider, Reply};
use crate::{doorbell, settings};

use encrypt::Agreed;
use subscription::Subscription;
use vapid::Vapid;

pub use vapid::{VapidKey, VapidKeyError};

#[cfg(test)]
pub(crate) use encrypt::tests::Browser;

pub(crate) struct WebPush {
    client: Client,
    hosts: Vec<HostRule>,
    permitted: Permitted,
    vapid: Vapid,
    /// The portal's, where a click on the notification leads.
    origin: String,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl WebPush {
    pub(crate) fn new(
        settings: settings::WebPushSettings,
        client: Client,
        key: VapidKey,
        origin: &str,
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
    ) -> Self {
        let contact = settings.contact.unwrap_or_else(|| origin.to_owned());
        Self {
            client,
            hosts: settings.hosts,
            permitted: settings.permitted,
            vapid: Vapid::new(key, contact),
            origin: origin.to_owned(),
            clock,
            random,
        }
    }

    fn subscription(&self, address: &PushAddress) -> Result<Subscription, String> {
        let PushAddress::WebPush { endpoint, p256dh, auth } = address else {
            return Err("it is no Web Push address".to_owned());
        };
        Subscription::parse(endpoint, p256dh, auth, &self.hosts, &self.permitted)
    }

    fn body(&self, ring: &Ring, subscription: &Subscription) -> Result<Vec<u8>, String> {
        let mut salt = [0; encrypt::SALT_OCTETS];
        self.random.fill(&mut salt).map_err(|error| format!("no random octets: {error}"))?;
        let agreed = Agreed::with(&subscription.public_key).map_err(|_| "the key of the device is on no curve")?;
        let payload = doorbell::web_push(ring, &self.origin).to_string();
        encrypt::seal(&agreed, &subscription.secret, &salt, payload.as_bytes(), encrypt::PADDED_OCTETS)
            .map_err(|_| "the doorbell does not fit".to_owned())
    }
}

#[async_trait]
impl Provider for WebPush {
    fn name(&self) -> &'static str {
        "Web Push"
    }

    fn accepts(&self, address: &PushAddress) -> Result<(), String> {
        let subscription = self.subscription(address)?;
        // A key that is no point of the curve would fail every doorbell: say so while somebody is there to hear it.
        Agreed::with(&subscription.public_key).map(|_| ()).map_err(|_| "the key is on no curve".to_owned())
    }

    fn host(&self, address: &PushAddress) -> String {
        self.subscription(address).map(|subscription| subscription.host()).unwrap_or_default()
    }

    async fn send(&self, ring: &Ring, life: Duration, patience: Duration) -> Reply {
        // The list of hosts may have become shorter since the device gave its address.
        let subscription = match self.subscription(&ring.address) {
            Ok(subscription) => subscription,
            Err(why) => return Reply::refused(why),
        };
        let body = match self.body(ring, &subscription) {
            Ok(body) => body,
            Err(why) => return Reply::refused(why),
        };
        let Ok(authorization) = self.vapid.authorization(&subscription.origin(), self.clock.now()) else {
            return Reply::defect("the VAPID key does not sign");
        };
        let request = self
            .client
            .post(subscription.endpoint)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("ttl", whole_seconds(life))
            .header("urgency", "high")
            .header("topic", doorbell::slot(ring.device))
            .body(body);
        match http::exchange(request, patience).await {
            Ok(answer) => meaning(&answer, answer.retry_after(self.clock.now())),
            Err(NoAnswer::Unreachable { why }) => Reply::unwell(why),
            Err(NoAnswer::Forbidden { why }) => Reply::refused(why),
        }
    }
}

/// Seconds of life left, rounded up: 0 would mean "only if the phone listens this instant".
pub(crate) fn whole_seconds(life: Duration) -> u64 {
    life.as_secs().saturating_add(u64::from(life.subsec_nanos() > 0)).max(1)
}

/// PSH-04, RFC 8030 §5 and §7.3.
fn meaning(answer: &Answer, retry_after: Option<Duration>) -> Reply {
    let status = answer.status;
    match status {
        _ if status.is_success() => Reply::Taken,
        StatusCode::NOT_FOUND | StatusCode::GONE => Reply::Gone { as_of: None },
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Reply::misconfigured(format!(
            "the push service refused us with {}: look at web_push.contact, the VAPID key and the clock{}",
            status.as_u16(),
            code(&answer.body).map(|code| format!(" (it says {code})")).unwrap_or_default(),
        )),
        StatusCode::PAYLOAD_TOO_LARGE => Reply::defect("the push service finds the doorbell too large"),
        StatusCode::REQUEST_TIMEOUT | StatusCode::NOT_ACCEPTABLE | StatusCode::TOO_MANY_REQUESTS => {
            Reply::Later { after: retry_after, why: answered(status) }
        }
        _ if status.is_server_error() => match retry_after {
            Some(after) => Reply::Pause { after, why: answered(status) },
            None => Reply::unwell(answered(status)),
        },
        _ if status.is_redirection() => {
            Reply::refused(format!("the push service wants to send us elsewhere ({})", status.as_u16()))
        }
        _ => Reply::refused(answered(status)),
    }
}

pub(crate) fn answered(status: StatusCode) -> String {
    format!("the push service answered {}", status.as_u16())
}

/// The word services give for a refusal (`BadJwtToken`), where the answer is nothing but such a word or a `reason`.
fn code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let reason = serde_json::from_str::<serde_json::Value>(text)
        .ok()
        .and_then(|json| Some(json.get("reason")?.as_str()?.to_owned()))
        .unwrap_or_else(|| text.to_owned());
    let is_word = (1..=64).contains(&reason.len()) && reason.bytes().all(|octet| octet.is_ascii_alphanumeric());
    is_word.then_some(reason)
}
