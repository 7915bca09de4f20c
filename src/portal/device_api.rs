//! What a person's phone talks to: pairing, the requests it is asked to answer, its answers, its own account.
//!
//! Every call but three is signed by the key that the phone made when it was paired. A phone learns its own requests and
//! nothing of anybody else. What it says is judged twice: here for its signature, and by the engine for what it means.
//! It must not know pages, sessions or cookies: nothing here reads one.
//!
//! ```text
//!  phone ──register──▶ Pairing (once, by the secret of a QR code)
//!        ──signed────▶ Caller (device, person, body) ─▶ requests | answer | seen | push | verification | account
//!                                                            ▲         │
//!                                              Bell::User ───┘         └──▶ Engine::respond
//! ```

mod account;
mod answer;
mod gateway;
mod limits;
mod problem;
mod register;
mod requests;
mod signed;
#[cfg(test)]
pub(crate) mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::{get, post, put};
use tokio::sync::watch;
use vestibule_engine::{Clock, Engine, Store};
use vestibule_factors::push::Push;
use vestibule_factors::push::protocol::PublicKey;

use crate::pairing::Pairing;
use limits::{Limits, Waiting};
pub(crate) use limits::{Pace, Rate, place};
use problem::Refusal;

/// Where a request comes from, after what a load balancer says of it was judged. The server puts it into the request's
/// extensions; requests without it share one allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

#[derive(Debug, Clone)]
pub struct DeviceSettings {
    /// `https://login.example.com`, without a slash at the end: part of every signed text.
    pub origin: String,
    /// What the phone calls the organisation.
    pub issuer: String,
    /// What a person without access should read or call.
    pub help: Option<String>,
    /// The key of Web Push, as the browser wants it.
    pub vapid_key: Option<PublicKey>,
}

pub struct DeviceApiParts {
    pub engine: Arc<Engine>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub push: Arc<Push>,
    pub pairing: Arc<Pairing>,
    pub settings: DeviceSettings,
}

pub struct DeviceApi {
    engine: Arc<Engine>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    push: Arc<Push>,
    pairing: Arc<Pairing>,
    settings: DeviceSettings,
    limits: Limits,
    waiting: Waiting,
    stopping: watch::Sender<bool>,
}

impl DeviceApi {
    pub fn new(parts: DeviceApiParts) -> Self {
        let DeviceApiParts { engine, store, clock, push, pairing, settings } = parts;
        let (limits, waiting, stopping) = (Limits::default(), Waiting::default(), watch::Sender::new(false));
        Self { engine, store, clock, push, pairing, settings, limits, waiting, stopping }
    }

    /// Phones that wait are answered now: we are stopping.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }
}

/// Everything below `/device/v1`.
pub fn router(api: Arc<DeviceApi>) -> Router {
    let v1 = Router::new()
        .route("/register", post(register::register))
        .route("/requests", get(requests::list))
        .route("/requests/{attempt}/answer", post(answer::answer))
        .route("/requests/{attempt}/seen", post(requests::seen))
        .route("/push", put(account::set_push))
        .route("/verification", put(account::set_verification).delete(account::drop_verification))
        .route("/account", get(account::show).delete(account::unpair))
        .route("/gateway", get(gateway::show))
        .route("/openapi.json", get(gateway::document))
        .method_not_allowed_fallback(async || Refusal::no_such_method())
        .fallback(async || Refusal::nothing_here());
    Router::new().nest("/device/v1", v1).layer(axum::middleware::map_response(kept_by_nobody)).with_state(api)
}

/// Answers are for one device: no cache on the way keeps them, and no browser guesses what they are.
async fn kept_by_nobody(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
