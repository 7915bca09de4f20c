//! APNs: iPhones with a native app, over HTTP/2.

mod answer;
mod token;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Url};
use uuid::Uuid;
use vestibule_engine::Clock;
use vestibule_factors::push::{Doorbell, PushAddress, Ring};

use crate::doorbell;
use crate::http::{self, NoAnswer};
use crate::provider::{Provider, Reply};
use crate::settings::ApnsSettings;

use answer::Meaning;
use token::ProviderToken;

/// A device token is hexadecimal; Apple says its length may change and to allow for 100 octets.
const TOKEN_DIGITS: std::ops::RangeInclusive<usize> = 64..=200;

pub(crate) struct Apns {
    client: Client,
    endpoint: Url,
    topic: String,
    token: ProviderToken,
    clock: Arc<dyn Clock>,
}

impl Apns {
    pub(crate) fn new(settings: ApnsSettings, client: Client, clock: Arc<dyn Clock>) -> Self {
        let token = ProviderToken::new(settings.key, settings.key_id, settings.team_id);
        Self { client, endpoint: settings.endpoint, topic: settings.topic, token, clock }
    }

    /// PSH-09
    fn request(&self, ring: &Ring, device: &str, provider_token: &str) -> Option<RequestBuilder> {
        let url = self.endpoint.join(&format!("3/device/{device}")).ok()?;
        let request = self
            .client
            .post(url)
            .header(AUTHORIZATION, format!("bearer {provider_token}"))
            .header(CONTENT_TYPE, "application/json")
            .header("apns-push-type", "alert")
            .header("apns-topic", &self.topic)
            .header("apns-priority", "10")
            .header("apns-expiration", ring.until.secs())
            .header("apns-collapse-id", doorbell::slot(ring.device))
            .header("apns-id", id(ring).to_string())
            .body(doorbell::apns(ring).to_string());
        Some(request)
    }

    async fn once(&self, ring: &Ring, device: &str, provider_token: &str, patience: Duration) -> Meaning {
        let Some(request) = self.request(ring, device, provider_token) else {
            return Meaning::Plain(Reply::defect("the address of the device makes no URL"));
        };
        match http::exchange(request, patience).await {
            Ok(answer) => answer::meaning(&answer, ring.since, answer.retry_after(self.clock.now())),
            Err(NoAnswer::Unreachable { why } | NoAnswer::Forbidden { why }) => Meaning::Plain(Reply::unwell(why)),
        }
    }
}

/// Ours for this message: the attempt's own, and its neighbour for the message that it is over.
fn id(ring: &Ring) -> Uuid {
    match ring.doorbell {
        Doorbell::Asked => ring.attempt.0,
        Doorbell::Over => Uuid::from_u128(ring.attempt.0.as_u128() ^ 1),
    }
}

#[async_trait]
impl Provider for Apns {
    fn name(&self) -> &'static str {
        "APNs"
    }

    fn accepts(&self, address: &PushAddress) -> Result<(), String> {
        let PushAddress::Apns { token } = address else { return Err("it is no APNs token".to_owned()) };
        let fits = TOKEN_DIGITS.contains(&token.len()) && token.bytes().all(|octet| octet.is_ascii_hexdigit());
        fits.then_some(()).ok_or_else(|| "an APNs token is 64 to 200 hexadecimal digits".to_owned())
    }

    fn host(&self, _: &PushAddress) -> String {
        self.endpoint.host_str().unwrap_or_default().to_owned()
    }

    async fn send(&self, ring: &Ring, _: Duration, patience: Duration) -> Reply {
        let PushAddress::Apns { token: device } = &ring.address else {
            return Reply::defect("it is no APNs token");
        };
        // What the store keeps was checked when it came; it becomes part of a path, so it is checked where it does.
        if let Err(why) = self.accepts(&ring.address) {
            return Reply::refused(why);
        }
        let Ok(provider_token) = self.token.current(self.clock.now()) else {
            return Reply::defect("the APNs key does not sign");
        };
        let expired = match self.once(ring, device, &provider_token, patience).await {
            Meaning::Plain(reply) => return reply,
            Meaning::Expired(reply) => reply,
        };
        let Some(renewed) = self.token.renewed(&provider_token, self.clock.now()) else { return expired };
        match self.once(ring, device, &renewed, patience).await {
            Meaning::Plain(reply) | Meaning::Expired(reply) => reply,
        }
    }
}
