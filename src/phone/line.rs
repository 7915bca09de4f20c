//! The line to the gateway: HTTPS, signed requests, its problems in our words, and a clock that is put right once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde::de::DeserializeOwned;
use vestibule_engine::{AuthenticatorId, Clock};
use vestibule_factors::push::protocol::{Authorization, DeviceKey, Millis, Problem, ProblemCode};

use super::surroundings::certificates;
use super::{LinkRefused, PhoneError, Surroundings};

/// Until a connection stands.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// For an answer, besides what the gateway was told to wait.
const ANSWER_PATIENCE: Duration = Duration::from_secs(15);
/// No answer of a gateway is longer: a few requests of a few kilobytes each.
const BODY_OCTETS_MAX: usize = 256 * 1024;

pub(super) struct Line {
    client: Client,
    origin: String,
    clock: Arc<dyn Clock>,
    /// How far the gateway's clock is ahead of ours, in milliseconds.
    ahead: AtomicI64,
}

/// What is sent, made anew for every try because the time is in it.
pub(super) struct Sent {
    pub(super) authorization: Option<String>,
    pub(super) body: Vec<u8>,
}

/// Who signs a request.
pub(super) struct Signer<'a> {
    pub(super) key: &'a DeviceKey,
    pub(super) origin: &'a str,
    pub(super) device: AuthenticatorId,
}

impl Signer<'_> {
    pub(super) fn sign(&self, now: Millis, method: &Method, path: &str, body: &[u8]) -> Result<Sent, PhoneError> {
        let signed = Authorization::sign(self.key, self.origin, method.as_str(), path, self.device, now, body);
        let authorization = signed.map_err(|_| PhoneError::Unusable("the key of this account"))?;
        Ok(Sent { authorization: Some(authorization.to_string()), body: body.to_owned() })
    }
}

/// What a gateway said that did as it was told.
pub(super) struct Heard(Vec<u8>);

impl Heard {
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, PhoneError> {
        serde_json::from_slice(&self.0).map_err(|_| PhoneError::Untrusted("the answer is not as the protocol says"))
    }
}

impl Line {
    pub(super) fn new(
        origin: &str,
        authority: Option<&str>,
        ahead: i64,
        surroundings: &Surroundings,
    ) -> Result<Self, PhoneError> {
        let authority = surroundings.authority.as_deref().or(authority);
        let client = client(authority).map_err(|_| PhoneError::Unusable("TLS of this machine"))?;
        let clock = Arc::clone(&surroundings.clock);
        Ok(Self { client, origin: origin.to_owned(), clock, ahead: AtomicI64::new(ahead) })
    }

    pub(super) fn clock_ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }

    /// By the gateway's clock, as far as we know it.
    pub(super) fn now(&self) -> Millis {
        let Millis(own) = Millis::from(self.clock.now());
        Millis(own.saturating_add(self.clock_ahead()))
    }

    /// Ask, and where the gateway says that our clock is wrong, put it right and ask once more.
    pub(super) async fn exchange(
        &self,
        method: Method,
        path: &str,
        wait: Duration,
        make: impl Fn(Millis) -> Result<Sent, PhoneError>,
    ) -> Result<Heard, PhoneError> {
        let mut is_put_right = false;
        loop {
            match self.try_once(&method, path, wait, make(self.now())?).await? {
                Ok(heard) => return Ok(heard),
                Err(Problem { code: ProblemCode::Clock, server_time: Some(theirs), .. }) if !is_put_right => {
                    self.put_right(theirs);
                    is_put_right = true;
                }
                Err(problem) => return Err(of_problem(problem)),
            }
        }
    }

    fn put_right(&self, Millis(theirs): Millis) {
        let Millis(own) = Millis::from(self.clock.now());
        self.ahead.store(theirs.saturating_sub(own), Ordering::Relaxed);
    }

    async fn try_once(
        &self,
        method: &Method,
        path: &str,
        wait: Duration,
        sent: Sent,
    ) -> Result<Result<Heard, Problem>, PhoneError> {
        let unreachable = |cause| PhoneError::Unreachable { doing: format!("ask {}", self.origin), cause };
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.origin));
        if let Some(authorization) = sent.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if !sent.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json").body(sent.body);
        }
        let mut response = request.timeout(wait + ANSWER_PATIENCE).send().await.map_err(unreachable)?;
        let body = body(&mut response).await.map_err(unreachable)?;
        let body = body.ok_or(PhoneError::Untrusted("the answer is longer than any of the protocol"))?;
        let status = response.status();
        if status.is_success() {
            return Ok(Ok(Heard(body)));
        }
        match serde_json::from_slice(&body) {
            Ok(problem) => Ok(Err(problem)),
            // Somebody in between, or a gateway that cannot even say what is wrong.
            Err(_) if status.is_server_error() => Err(PhoneError::Trouble),
            Err(_) => {
                let title = "not in words of the device protocol".to_owned();
                Err(PhoneError::Refused { status: status.as_u16(), code: "-".to_owned(), title })
            }
        }
    }
}

/// `None` where it is too long.
async fn body(response: &mut Response) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len().saturating_add(chunk.len()) > BODY_OCTETS_MAX {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

fn of_problem(problem: Problem) -> PhoneError {
    match problem.code {
        ProblemCode::Token => LinkRefused::Over.into(),
        ProblemCode::Device => PhoneError::Unpaired,
        ProblemCode::Over => PhoneError::Over,
        ProblemCode::Number => PhoneError::WrongNumber,
        ProblemCode::Locked => PhoneError::Locked,
        ProblemCode::Trouble => PhoneError::Trouble,
        ProblemCode::Verification => PhoneError::VerificationNeeded,
        code => {
            let word = serde_json::to_value(code).ok().and_then(|word| word.as_str().map(ToOwned::to_owned));
            PhoneError::Refused { status: problem.status, code: word.unwrap_or_default(), title: problem.title }
        }
    }
}

/// Never follows a redirect: what was signed was signed for this origin.
fn client(authority: Option<&str>) -> anyhow::Result<Client> {
    // The program installs it at its start. Those who use us as a library may not have.
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        rustls::crypto::ring::default_provider().install_default().ok();
    }
    let mut builder = Client::builder()
        .https_only(true)
        .redirect(Policy::none())
        .connect_timeout(CONNECT_PATIENCE)
        .user_agent(concat!("vestibule-phone/", env!("CARGO_PKG_VERSION")));
    if let Some(authority) = authority {
        builder = builder.tls_certs_only(certificates(authority)?);
    }
    builder.build().context("set up TLS")
}
