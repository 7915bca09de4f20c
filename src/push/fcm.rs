//! FCM: Android phones with a native app, over the HTTP v1 interface.

mod answer;
mod token;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Url};
use serde_json::json;
use vestibule_engine::Clock;
use vestibule_factors::push::{PushAddress, Ring};

use crate::doorbell;
use crate::http::{self, NoAnswer};
use crate::provider::{Provider, Reply};
use crate::settings::FcmSettings;
use crate::web_push::whole_seconds;

use answer::Meaning;
use token::AccessToken;

/// The longest registration token that is kept. Google's are around 160 characters and have no promised length.
const TOKEN_OCTETS_MAX: usize = 4_096;

pub(crate) struct Fcm {
    client: Client,
    endpoint: Url,
    token: AccessToken,
    clock: Arc<dyn Clock>,
    /// Whether our messages have been taken since the start: then a refused one is the address's fault.
    payload_known_good: AtomicBool,
}

impl Fcm {
    pub(crate) fn new(settings: FcmSettings, client: Client, clock: Arc<dyn Clock>) -> Option<Self> {
        let endpoint =
            settings.endpoint.join(&format!("v1/projects/{}/messages:send", settings.account.project)).ok()?;
        let token = AccessToken::new(settings.account, client.clone(), Arc::clone(&clock));
        Some(Self { client, endpoint, token, clock, payload_known_good: AtomicBool::new(false) })
    }

    async fn once(&self, body: &str, access_token: &str, patience: Duration) -> Meaning {
        let request = self
            .client
            .post(self.endpoint.clone())
            .header(AUTHORIZATION, format!("Bearer {access_token}"))
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_owned());
        let answer = match http::exchange(request, patience).await {
            Ok(answer) => answer,
            Err(NoAnswer::Unreachable { why } | NoAnswer::Forbidden { why }) => {
                return Meaning::Plain(Reply::unwell(why));
            }
        };
        let known_good = self.payload_known_good.load(Ordering::Relaxed);
        let meaning = answer::meaning(&answer, known_good, answer.retry_after(self.clock.now()));
        if meaning == Meaning::Plain(Reply::Taken) {
            self.payload_known_good.store(true, Ordering::Relaxed);
        }
        meaning
    }
}

fn message(ring: &Ring, device: &str, life: Duration) -> String {
    let android = json!({
        "priority": "HIGH",
        "ttl": format!("{}s", whole_seconds(life)),
        "collapse_key": doorbell::TAG,
    });
    json!({ "message": { "token": device, "data": doorbell::fcm_data(ring), "android": android } }).to_string()
}

#[async_trait]
impl Provider for Fcm {
    fn name(&self) -> &'static str {
        "FCM"
    }

    fn accepts(&self, address: &PushAddress) -> Result<(), String> {
        let PushAddress::Fcm { token } = address else { return Err("it is no FCM token".to_owned()) };
        let fits = (1..=TOKEN_OCTETS_MAX).contains(&token.len()) && token.bytes().all(|octet| octet.is_ascii_graphic());
        fits.then_some(()).ok_or_else(|| format!("an FCM token is 1 to {TOKEN_OCTETS_MAX} plain characters"))
    }

    fn host(&self, _: &PushAddress) -> String {
        self.endpoint.host_str().unwrap_or_default().to_owned()
    }

    async fn send(&self, ring: &Ring, life: Duration, patience: Duration) -> Reply {
        let PushAddress::Fcm { token: device } = &ring.address else {
            return Reply::defect("it is no FCM token");
        };
        let body = message(ring, device, life);
        let first = match self.token.current(patience).await {
            Ok(token) => token,
            Err(reply) => return reply,
        };
        if let Meaning::Plain(reply) = self.once(&body, &first, patience).await {
            return reply;
        }
        // It may have been called back before its time: another one, once.
        self.token.forget(&first);
        match self.token.current(patience).await {
            Ok(second) => match self.once(&body, &second, patience).await {
                Meaning::Plain(reply) | Meaning::Unauthorized(reply) => reply,
            },
            Err(reply) => reply,
        }
    }
}
