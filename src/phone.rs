//! A phone in software: the other end of the device protocol, with which a terminal, a test or a script approves sign-ins
//! as the app on a phone does.
//!
//! What it must not know: the engine, the store, the portal. It has what a phone has: a link, a key of its own, the
//! gateway's public key, and HTTPS. It believes nothing that this key did not sign, whatever the connection says.
//!
//! ```text
//!  PairingLink ── Phone::pair ──▶ Paired { phone, code }     the code is compared with the portal's, and confirmed there
//!  phone.requests(wait) ──▶ [Request] ── phone.approve | deny | report ──▶ Answered
//!  phone.account(): what to keep for the next time; where it is kept is its caller's business
//! ```

mod account;
mod answer;
mod error;
mod line;
mod link;
mod request;
mod surroundings;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use vestibule_engine::AuthenticatorId;
use vestibule_factors::push::protocol::{self, DeviceKey, PublicKey};

pub use account::{Account, Paired};
pub use answer::Answered;
pub use error::{LinkRefused, PhoneError};
pub use link::PairingLink;
pub use request::Request;
pub use surroundings::Surroundings;

use line::{Line, Sent, Signer};

/// One account on a phone.
pub struct Phone {
    account: Account,
    key: DeviceKey,
    gateway: PublicKey,
    line: Line,
    /// What was waiting when the gateway was last asked, in its own words.
    revision: Mutex<Option<String>>,
}

impl Phone {
    /// Use what a link gives. The device can answer nothing until its owner has confirmed, in the portal, that both show
    /// the same code.
    pub async fn pair(
        link: &PairingLink,
        label: &str,
        platform: &str,
        surroundings: &Surroundings,
    ) -> Result<Paired, PhoneError> {
        account::pair(link, label, platform, surroundings).await
    }

    /// A phone that was paired before.
    pub fn of(account: Account, surroundings: &Surroundings) -> Result<Self, PhoneError> {
        let key = account.key()?;
        let gateway = account.gateway()?;
        let line = Line::new(&account.origin, account.authority.as_deref(), account.clock_ahead, surroundings)?;
        Ok(Self { account, key, gateway, line, revision: Mutex::new(None) })
    }

    /// What to keep for the next time, with what was learned of the gateway's clock.
    pub fn account(&self) -> Account {
        Account { clock_ahead: self.line.clock_ahead(), ..self.account.clone() }
    }

    pub fn device(&self) -> AuthenticatorId {
        self.account.device
    }

    /// What the gateway says of this device.
    pub async fn status(&self) -> Result<protocol::Account, PhoneError> {
        self.ask(Method::GET, "/device/v1/account").await
    }

    /// Wait until the code was confirmed in the portal. Where somebody said there that the codes differ, or nobody said
    /// anything for too long, this ends with [`PhoneError::Unpaired`].
    pub async fn confirmed(&self) -> Result<(), PhoneError> {
        while self.status().await?.status != protocol::Status::Active {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    /// Give the account up, on both sides. One that the gateway does not know any more is given up as well.
    pub async fn unpair(&self) -> Result<(), PhoneError> {
        match self.send(Method::DELETE, "/device/v1/account").await {
            Err(PhoneError::Unpaired) => Ok(()),
            said => said.map(|_| ()),
        }
    }

    /// What waits for an answer. With a `wait`, and unless this is the first look, only when that has changed or the wait
    /// is over.
    pub async fn requests(&self, wait: Duration) -> Result<Vec<Request>, PhoneError> {
        let after = if wait.is_zero() { None } else { self.revision() };
        let wait = wait.min(protocol::WAIT_MAX);
        let mut query = format!("/device/v1/requests?wait={}", wait.as_secs());
        if let Some(after) = after {
            query = format!("{query}&after={}", request::escaped(&after));
        }
        let path = query;
        let heard =
            self.line.exchange(Method::GET, &path, wait, |now| self.signed(now, &Method::GET, &path, &[])).await?;
        let waiting: protocol::Requests = heard.body()?;
        let opened: Result<Vec<Request>, PhoneError> =
            waiting.requests.into_iter().map(|signed| Request::open(signed, self)).collect();
        let opened = opened?;
        *self.revision.lock().unwrap_or_else(PoisonError::into_inner) = Some(waiting.revision);
        Ok(opened)
    }

    /// The next request, waiting for one if there is none yet; `None` where none came in time.
    pub async fn next_request(&self, patience: Duration) -> Result<Option<Request>, PhoneError> {
        let until = tokio::time::Instant::now() + patience;
        let mut waiting = self.requests(Duration::ZERO).await?;
        loop {
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            if !waiting.is_empty() || left.is_zero() {
                return Ok(waiting.into_iter().next());
            }
            // Whole seconds only: a part of one would ask without waiting.
            waiting = self.requests(left.max(Duration::from_secs(1))).await?;
        }
    }

    fn revision(&self) -> Option<String> {
        self.revision.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ask<T: serde::de::DeserializeOwned>(&self, method: Method, path: &str) -> Result<T, PhoneError> {
        self.send(method, path).await?.body()
    }

    async fn send(&self, method: Method, path: &str) -> Result<line::Heard, PhoneError> {
        self.line.exchange(method.clone(), path, Duration::ZERO, |now| self.signed(now, &method, path, &[])).await
    }

    fn signed(&self, now: protocol::Millis, method: &Method, path: &str, body: &[u8]) -> Result<Sent, PhoneError> {
        let signer = Signer { key: &self.key, origin: &self.account.origin, device: self.account.device };
        signer.sign(now, method, path, body)
    }
}

/// Between two looks whether somebody has confirmed in the portal.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
