//! A gateway of one person, as the device protocol says it: it checks every signature, and tells what it was told. It can
//! be made to lie (another key), to fail, and to forget a device. It shares no code with the real one.

mod api;
mod signing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::routing::{get, post, put};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use vestibule_peers::certificates::TestCa;

pub(super) use signing::{Signer, now};

/// A request that waits on the device.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) attempt: String,
    pub(super) nonce: String,
    pub(super) challenge: String,
    pub(super) signature: String,
    pub(super) number: Option<String>,
    pub(super) code: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) id: String,
    pub(super) public_key: Vec<u8>,
    pub(super) label: String,
    pub(super) confirmation: String,
    pub(super) active: bool,
    pub(super) push: Value,
    pub(super) push_endpoint: String,
    pub(super) verification: Option<Vec<u8>>,
    pub(super) shown: Option<u64>,
    pub(super) answered: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) tokens: Vec<String>,
    pub(super) devices: Vec<Device>,
    pub(super) open: Vec<Open>,
    /// What was answered: the bodies, after every signature was right.
    pub(super) answers: Vec<Value>,
    /// `attempt state`.
    pub(super) seen: Vec<String>,
    pub(super) revision: u64,
    pub(super) verification_required: bool,
    pub(super) totp: Option<String>,
    pub(super) vapid_key: Option<String>,
    pub(super) in_trouble: bool,
    /// Everything that was wrong with what the application sent: a test that expects nothing finds it here.
    pub(super) complaints: Vec<String>,
}

pub(super) struct Inner {
    pub(super) origin: String,
    pub(super) signer: Signer,
    book: Mutex<Book>,
    changed: Notify,
}

/// Serving until dropped.
pub(super) struct Gateway {
    inner: Arc<Inner>,
    pub(super) ca: TestCa,
    _serving: JoinSet<()>,
}

impl Gateway {
    pub(super) async fn start() -> Self {
        let ca = TestCa::new().unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let inner = Arc::new(Inner { origin, signer: Signer::new(), book: Mutex::default(), changed: Notify::new() });
        let issued = ca.server(&["localhost"]).unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(signing::serve(listener, issued, routes(Arc::clone(&inner))));
        Self { inner, ca, _serving: serving }
    }

    pub(super) fn origin(&self) -> &str {
        &self.inner.origin
    }

    pub(super) fn app(&self) -> String {
        format!("{}/authenticator/", self.inner.origin)
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.inner.book()
    }

    pub(super) fn changed(&self) {
        self.inner.turn();
    }

    /// A link that pairs one device.
    pub(super) fn invite(&self) -> String {
        let token = format!("token-{}", uuid::Uuid::new_v4().simple());
        self.book().tokens.push(token.clone());
        format!("{}#pair={token}", self.app())
    }

    /// Somebody signs in: the request waits on the last device. `change` edits the challenge before it is signed.
    pub(super) fn ask(&self, number: Option<&str>, change: impl FnOnce(&mut Value)) -> String {
        self.ask_signed_by(&self.inner.signer, number, change)
    }

    pub(super) fn ask_signed_by(
        &self,
        signer: &Signer,
        number: Option<&str>,
        change: impl FnOnce(&mut Value),
    ) -> String {
        let (attempt, nonce) = (uuid::Uuid::new_v4().to_string(), uuid::Uuid::new_v4().simple().to_string());
        let now = now();
        let device = self.book().devices.last().map(|device| device.id.clone()).unwrap_or_default();
        let mut challenge = json!({
            "v": 1, "origin": self.inner.origin, "attempt": attempt, "nonce": nonce, "device": device,
            "account": "ada@example.com", "service": { "name": "Grafana", "door": "radius" },
            "where": { "address": "203.0.113.7", "station": null, "client": "Firefox on Windows",
                       "place": "Berlin, Germany", "known": true },
            "asked": now, "until": now + 60_000, "number": number.map(|digits| json!({ "digits": digits.len() })),
            "code": false, "verification": "off", "test": false,
        });
        change(&mut challenge);
        let code = (challenge["code"] == json!(true)).then(|| "4821".to_owned());
        let challenge = challenge.to_string();
        let signature = signer.sign(challenge.as_bytes());
        let open =
            Open { attempt: attempt.clone(), nonce, challenge, signature, number: number.map(str::to_owned), code };
        self.book().open.push(open);
        self.changed();
        attempt
    }

    pub(super) fn withdraw(&self) {
        self.book().open.clear();
        self.changed();
    }

    /// The person confirms in the portal that both show the same code.
    pub(super) fn confirm(&self) {
        self.book().devices.iter_mut().for_each(|device| device.active = true);
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        self.book().complaints.clone()
    }
}

impl Inner {
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn turn(&self) {
        self.book().revision += 1;
        self.changed.notify_waiters();
    }
}

fn routes(inner: Arc<Inner>) -> Router {
    let api = Router::new()
        .route("/device/v1/register", post(api::register))
        .route("/device/v1/gateway", get(api::gateway))
        .route("/device/v1/requests", get(api::requests))
        .route("/device/v1/requests/{attempt}/answer", post(api::answer))
        .route("/device/v1/requests/{attempt}/seen", post(api::seen))
        .route("/device/v1/push", put(api::push))
        .route("/device/v1/verification", put(api::verification).delete(api::verification))
        .route("/device/v1/account", get(api::account).delete(api::unpair))
        .with_state(inner);
    super::super::router().merge(api)
}
