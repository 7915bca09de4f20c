//! The privacyIDEA Authenticator: a phone app of another maker that people may have already. It asks by itself while it
//! is open (polling); we have no address to ring it at.
//!
//! ```text
//!  page ─begin─▶ QR (otpauth://pipush) ──▶ app: POST key ─▶ enrol ─▶ page asks: is it yours? ─▶ confirm
//!  app: GET ─▶ poll: what it is asked        app: POST ─▶ answer | update
//! ```
//!
//! One address for everything, `/ttype/push`, and one shape for every answer ([`envelope`]). A stranger hears the same
//! words for an unknown serial, a wrong signature and a clock that is off. What the app signs holds less than what our
//! own does (no context, no time), so an organisation switches this on by itself.

mod answer;
mod enrol;
mod envelope;
mod poll;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Method as HttpMethod;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use vestibule_engine::{Authenticator, Engine, Method, StoreError, TokenKind, User, UserId};
use vestibule_factors::push::DeviceRecord;
use vestibule_factors::push::privacyidea::{PiDevice, PiKey, device_of_serial};

use crate::device_api::{Pace, PeerAddress, Rate, place};
use crate::pairing::{Begun, Pairing, PairingFault, PairingId, PairingStatus};
use envelope::{Said, Unsaid};

/// A key of 4096 bits and its signature are two kilobytes.
const BODY_OCTETS_MAX: usize = 16 * 1024;
const BODY_PATIENCE: Duration = Duration::from_secs(10);
/// Its form has seven fields today.
const FIELDS_MAX: usize = 32;
/// The app asks every three seconds for each account; an office shares one address.
const OF_ADDRESS: Rate = Rate { burst: 1_000, refill: Duration::from_millis(10) };
/// Calls without a right signature, by address.
const FAILED: Rate = Rate { burst: 30, refill: Duration::from_secs(2) };

pub struct PrivacyIdeaParts {
    pub engine: Arc<Engine>,
    pub pairing: Arc<Pairing>,
    pub key: Arc<PiKey>,
}

pub struct PrivacyIdea {
    engine: Arc<Engine>,
    pairing: Arc<Pairing>,
    key: Arc<PiKey>,
    of_address: Pace<Option<IpAddr>>,
    failed: Pace<Option<IpAddr>>,
}

impl PrivacyIdea {
    pub fn new(parts: PrivacyIdeaParts) -> Self {
        let PrivacyIdeaParts { engine, pairing, key } = parts;
        Self { engine, pairing, key, of_address: Pace::new(OF_ADDRESS), failed: Pace::new(FAILED) }
    }

    /// As [`Pairing::begin`], for this app.
    pub async fn begin(&self, user: UserId, session: [u8; 32]) -> Result<Begun, PairingFault> {
        enrol::begin(self, user, session).await
    }

    pub async fn status(&self, user: UserId, session: [u8; 32], id: PairingId) -> Result<PairingStatus, PairingFault> {
        self.pairing.status_of(TokenKind::Enrolment, user, session, id).await
    }

    /// The person says that their app lists the account now.
    pub async fn confirm(&self, user: UserId, session: [u8; 32], id: PairingId) -> Result<PairingStatus, PairingFault> {
        self.pairing.confirm_bound(user, session, id).await
    }

    pub async fn refuse(&self, user: UserId, session: [u8; 32], id: PairingId) -> Result<(), PairingFault> {
        self.pairing.refuse_of(TokenKind::Enrolment, user, session, id).await
    }

    /// Where the app asks and answers.
    fn url(&self) -> String {
        format!("{}/ttype/push", self.pairing.settings.origin)
    }
}

pub fn router(api: Arc<PrivacyIdea>) -> Router {
    Router::new().route("/ttype/push", get(spoken).post(spoken)).with_state(api)
}

async fn spoken(State(api): State<Arc<PrivacyIdea>>, request: Request<Body>) -> Response {
    let now = api.pairing.clock.now();
    let place = place(request.extensions().get::<PeerAddress>().map(|peer| peer.0));
    if api.of_address.take(place).is_err() {
        return Unsaid::TooOften.into_envelope(now).into_response();
    }
    let said = match form(request).await {
        Ok((HttpMethod::GET, form)) => poll::poll(&api, &form).await,
        Ok((_, form)) => posted(&api, &form).await,
        Err(unsaid) => Err(unsaid),
    };
    let is_guess = match &said {
        Ok(said) => said.is_nothing,
        Err(unsaid) => matches!(unsaid, Unsaid::Signature | Unsaid::Enrolment),
    };
    // Who guesses is slowed down; others behind the same address are not.
    if is_guess && api.failed.take(place).is_err() {
        return Unsaid::TooOften.into_envelope(now).into_response();
    }
    said.map_or_else(|unsaid| unsaid.into_envelope(now), |said| said.into_envelope(now)).into_response()
}

async fn posted(api: &PrivacyIdea, form: &Form) -> Result<Said, Unsaid> {
    if form.has("fbtoken") && form.has("pubkey") {
        return enrol::enrol(api, form).await;
    }
    if form.has("new_fb_token") {
        return poll::update(api, form).await;
    }
    answer::answer(api, form).await
}

/// The fields that were sent. Those that we do not know are left alone: newer apps send more.
struct Form(Vec<(String, String)>);

impl Form {
    fn parse(encoded: &[u8]) -> Result<Self, Unsaid> {
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(encoded)
            .take(FIELDS_MAX + 1)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        if fields.len() > FIELDS_MAX { Err(Unsaid::Parameters) } else { Ok(Self(fields)) }
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(field, _)| field == name)
    }

    /// A field that is there twice is not there: nobody may choose which of the two was signed.
    fn optional(&self, name: &str) -> Result<Option<&str>, Unsaid> {
        let mut named = self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str());
        match (named.next(), named.next()) {
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
            (_, Some(_)) => Err(Unsaid::Parameters),
        }
    }

    fn required(&self, name: &str) -> Result<&str, Unsaid> {
        self.optional(name)?.ok_or(Unsaid::Parameters)
    }
}

async fn form(request: Request<Body>) -> Result<(HttpMethod, Form), Unsaid> {
    let (parts, body) = request.into_parts();
    if parts.method == HttpMethod::GET || parts.method == HttpMethod::HEAD {
        let query = parts.uri.query().unwrap_or_default();
        return Ok((HttpMethod::GET, Form::parse(query.as_bytes())?));
    }
    let whole = tokio::time::timeout(BODY_PATIENCE, to_bytes(body, BODY_OCTETS_MAX)).await;
    let whole = whole.map_err(|_| Unsaid::Parameters)?.map_err(|_| Unsaid::Parameters)?;
    Ok((parts.method, Form::parse(&whole)?))
}

/// The phone of a serial, and its person.
struct Phone {
    device: Authenticator,
    record: PiDevice,
    user: User,
}

impl PrivacyIdea {
    /// Nobody is told which of these it was that is missing (P4).
    async fn phone(&self, serial: &str) -> Result<Phone, Unsaid> {
        let id = device_of_serial(serial).ok_or(Unsaid::Signature)?;
        let store = &self.pairing.store;
        let device = store.authenticator(id).await?.filter(|device| device.method == Method::Push);
        let device = device.ok_or(Unsaid::Signature)?;
        if self.pairing.was_abandoned(&device).await.map_err(|fault| Unsaid::trouble(&fault))? {
            return Err(Unsaid::Signature);
        }
        let DeviceRecord::Privacyidea(record) = DeviceRecord::of(&device.secret)? else {
            return Err(Unsaid::Signature);
        };
        let user = store.user(device.user).await?.filter(|user| user.enabled).ok_or(Unsaid::Signature)?;
        Ok(Phone { device, record, user })
    }
}

impl From<StoreError> for Unsaid {
    fn from(error: StoreError) -> Self {
        Self::trouble(&error)
    }
}

impl From<vestibule_engine::EngineError> for Unsaid {
    fn from(error: vestibule_engine::EngineError) -> Self {
        Self::trouble(&error)
    }
}

impl From<vestibule_engine::PortError> for Unsaid {
    fn from(error: vestibule_engine::PortError) -> Self {
        Self::trouble(&error)
    }
}
