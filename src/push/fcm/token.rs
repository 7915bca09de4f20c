//! The token that says who we are to Google: bought with an assertion signed by the service account's key (RFC 7523).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;
use vestibule_engine::{Clock, Timestamp};

use crate::http::{self, Answer, NoAnswer};
use crate::jws;
use crate::provider::Reply;
use crate::settings::ServiceAccount;

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";

/// How long the assertion is good for; Google allows no more.
const ASSERTION_LIFE: Duration = Duration::from_secs(3_600);

/// A token is renewed this long before its end (PSH-10), so that none expires on its way.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// The longest life of a token we believe in.
const LIFE_MAX: Duration = Duration::from_secs(3_600);

/// After a refusal, Google is not asked again for this long: neither the key nor the clock changes within a second.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);

/// The longest token that is kept.
const TOKEN_OCTETS_MAX: usize = 3_500;

pub(super) struct AccessToken {
    account: Arc<ServiceAccount>,
    client: Client,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
    /// One asks, the others wait for what it brings.
    asking: Semaphore,
}

#[derive(Default)]
enum Kept {
    #[default]
    Nothing,
    Token {
        token: Arc<str>,
        renew: Timestamp,
    },
    Refused {
        why: String,
        until: Timestamp,
    },
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u32,
}

impl AccessToken {
    pub(super) fn new(account: Arc<ServiceAccount>, client: Client, clock: Arc<dyn Clock>) -> Self {
        Self { account, client, clock, kept: Mutex::default(), asking: Semaphore::new(1) }
    }

    /// A token that is good for minutes, or what its lack means for the ring.
    pub(super) async fn current(&self, patience: Duration) -> Result<Arc<str>, Reply> {
        if let Some(known) = self.known() {
            return known;
        }
        let Ok(_turn) = self.asking.acquire().await else {
            return Err(Reply::defect("nobody may ask for a token"));
        };
        match self.known() {
            Some(known) => known,
            None => self.ask(patience).await,
        }
    }

    /// `refused` was called invalid before its time.
    pub(super) fn forget(&self, refused: &str) {
        let mut kept = self.kept();
        if matches!(&*kept, Kept::Token { token, .. } if **token == *refused) {
            *kept = Kept::Nothing;
        }
    }

    fn known(&self) -> Option<Result<Arc<str>, Reply>> {
        let now = self.clock.now();
        match &*self.kept() {
            Kept::Token { token, renew } if now < *renew => Some(Ok(Arc::clone(token))),
            Kept::Refused { why, until } if now < *until => Some(Err(Reply::misconfigured(why))),
            _ => None,
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, patience: Duration) -> Result<Arc<str>, Reply> {
        let now = self.clock.now();
        let assertion = self.assertion(now).ok_or_else(|| Reply::defect("the service account's key does not sign"))?;
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)];
        let request = self.client.post(self.account.token_url.clone()).form(&form);
        let answer = match http::exchange(request, patience).await {
            Ok(answer) => answer,
            Err(NoAnswer::Unreachable { why } | NoAnswer::Forbidden { why }) => {
                return Err(Reply::unwell(format!("ask Google for a token: {why}")));
            }
        };
        if answer.status.is_success() {
            return self.keep(&answer, now);
        }
        Err(self.refused(&answer, now))
    }

    fn assertion(&self, now: Timestamp) -> Option<String> {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.account.key_id });
        let claims = json!({
            "iss": self.account.email,
            "scope": SCOPE,
            "aud": self.account.token_url.as_str(),
            "iat": now.secs(),
            "exp": now.after(ASSERTION_LIFE).secs(),
        });
        jws::rs256(&header, &claims, &self.account.key).ok()
    }

    fn keep(&self, answer: &Answer, now: Timestamp) -> Result<Arc<str>, Reply> {
        let granted: Granted = serde_json::from_slice(&answer.body)
            .map_err(|_| Reply::unwell("ask Google for a token: the answer is no token"))?;
        let plain = granted.access_token.bytes().all(|octet| octet.is_ascii_graphic());
        if granted.access_token.is_empty() || granted.access_token.len() > TOKEN_OCTETS_MAX || !plain {
            return Err(Reply::unwell("ask Google for a token: the answer is no token"));
        }
        let token: Arc<str> = granted.access_token.into();
        let life = Duration::from_secs(granted.expires_in.into()).min(LIFE_MAX);
        let renew = now.after(life.saturating_sub(RENEW_BEFORE));
        *self.kept() = Kept::Token { token: Arc::clone(&token), renew };
        Ok(token)
    }

    fn refused(&self, answer: &Answer, now: Timestamp) -> Reply {
        let status = answer.status.as_u16();
        if status == 429 || status >= 500 {
            let why = format!("Google answered {status} when asked for a token");
            return match answer.retry_after(now) {
                Some(after) => Reply::Pause { after, why },
                None => Reply::Unwell { why },
            };
        }
        let why = format!("Google refuses a token with {status}: look at fcm.service_account and the clock");
        *self.kept() = Kept::Refused { why: why.clone(), until: now.after(REFUSED_PAUSE) };
        Reply::Misconfigured { why }
    }
}
