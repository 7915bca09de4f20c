//! A gateway without its doors: the real engine, push factor and pairing over a store in memory, and phones that call it
//! as phones do.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::{Router, response::Response};
use serde_json::Value;
use tower::ServiceExt as _;
use uuid::Uuid;
use vestibule_engine::*;
use vestibule_factors::push::protocol::{Authorization, DeviceKey, Millis, Policy, Register};
use vestibule_factors::push::{GatewayKey, NotQueued, Push, PushAddress, PushPorts, PushSender, PushSettings, Ring};
use vestibule_factors::{Totp, TotpSettings};

use super::memory::MemoryStore;
use crate::device_api::{DeviceApi, DeviceApiParts, DeviceSettings, PeerAddress, router};
use crate::pairing::{Pairing, PairingParts, PairingSettings, PairingStatus};

pub(crate) const ORIGIN: &str = "https://login.example.com";
const START: i64 = 1_800_000_000;

pub(crate) struct FakeClock(AtomicI64);

impl FakeClock {
    pub(crate) fn pass(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A counter, well stirred, so that a failing run can be run again.
pub(crate) struct FakeRandom(AtomicU64);

impl Random for FakeRandom {
    fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
        for octet in octets {
            let mut x = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *octet = (x >> 56) as u8;
        }
        Ok(())
    }
}

/// Rings nobody, and remembers whom; takes addresses of one host only.
#[derive(Default)]
pub(crate) struct Bellboy(pub(crate) Mutex<Vec<Ring>>);

impl PushSender for Bellboy {
    fn ring(&self, ring: Ring) -> Result<(), NotQueued> {
        self.0.lock().unwrap().push(ring);
        Ok(())
    }

    fn accepts(&self, address: &PushAddress) -> Result<(), NotQueued> {
        match address {
            PushAddress::WebPush { endpoint, .. } if endpoint.starts_with("https://push.example.net/") => Ok(()),
            PushAddress::WebPush { .. } => Err(NotQueued::Refused { why: "the host is not allowed".into() }),
            _ => Err(NotQueued::NotConfigured { provider: "APNs" }),
        }
    }
}

pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) random: Arc<FakeRandom>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) pairing: Arc<Pairing>,
    pub(crate) api: Arc<DeviceApi>,
    pub(crate) router: Router,
    pub(crate) key: Arc<GatewayKey>,
}

/// How the world differs from the usual one.
#[derive(Default)]
pub(crate) struct Twist {
    pub(crate) settings: Settings,
    pub(crate) verification: Policy,
    pub(crate) without_codes: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Twist::default())
    }

    pub(crate) fn with(twist: Twist) -> Self {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(FakeClock(AtomicI64::new(START * 1_000_000)));
        let random = Arc::new(FakeRandom(AtomicU64::new(7)));
        let key = Arc::new(GatewayKey::generate().unwrap());
        let totp = Arc::new(Totp::new(TotpSettings::default()));
        let ports = PushPorts { store: store.clone(), sender: Arc::new(Bellboy::default()), clock: clock.clone() };
        let push_settings = PushSettings { origin: ORIGIN.into(), user_verification: twist.verification };
        let push = Arc::new(Push::new(ports, Arc::clone(&key), &push_settings));
        let factors: Vec<Arc<dyn SecondFactor>> = vec![push.clone(), totp.clone()];
        let digest_key = SecretBytes::new([7; 32]);
        let ports = Ports { store: store.clone(), clock: clock.clone(), random: random.clone(), factors, digest_key };
        let engine = Arc::new(Engine::new(ports, twist.settings));
        let parts = PairingParts {
            store: store.clone(),
            clock: clock.clone(),
            random: random.clone(),
            key: Arc::clone(&key),
            totp,
        };
        let settings = PairingSettings {
            origin: ORIGIN.into(),
            issuer: "Example".into(),
            totp_with_pairing: !twist.without_codes,
        };
        let pairing = Arc::new(Pairing::new(parts, settings));
        let settings = DeviceSettings { origin: ORIGIN.into(), issuer: "Example".into(), help: None, vapid_key: None };
        let parts = DeviceApiParts {
            engine: Arc::clone(&engine),
            store: store.clone(),
            clock: clock.clone(),
            push,
            pairing: Arc::clone(&pairing),
            settings,
        };
        let api = Arc::new(DeviceApi::new(parts));
        let router = router(Arc::clone(&api));
        Self { store, clock, random, engine, pairing, api, router, key }
    }

    pub(crate) fn person(&self, name: &str) -> UserId {
        let id = UserId(Uuid::new_v4());
        let subject = Subject { source: "local".into(), id: name.into(), name: name.into() };
        let user = User {
            id,
            subject,
            display_name: None,
            mail: None,
            groups: Vec::new(),
            enabled: true,
            created: self.clock.now(),
            last_login: None,
        };
        self.store.lock().users.insert(id, user);
        id
    }

    /// Signed in to the portal; the digest of the session.
    pub(crate) fn session(&self, user: UserId) -> [u8; 32] {
        let digest = *Uuid::new_v4().as_bytes();
        let digest: [u8; 32] = [digest, digest].concat().try_into().unwrap();
        let (created, expires) = (self.clock.now(), self.clock.now().after(Duration::from_secs(3600)));
        let (kind, payload) = (TokenKind::Session, SecretBytes::default());
        let token = Token { kind, digest, user: Some(user), payload, created, expires };
        self.store.lock().tokens.insert((kind, digest), token);
        digest
    }

    /// A phone that was paired and confirmed.
    pub(crate) async fn phone(&self, user: UserId) -> Phone {
        let session = self.session(user);
        let begun = self.pairing.begin(user, session).await.unwrap();
        let mut phone = Phone::new("Pixel");
        let (status, _) = self.register(&mut phone, &secret_of(&begun.link)).await;
        assert_eq!(status, StatusCode::OK);
        let done = self.pairing.confirm(user, session, begun.id).await.unwrap();
        assert!(matches!(done, PairingStatus::Done { .. }));
        phone
    }

    pub(crate) async fn register(&self, phone: &mut Phone, token: &str) -> (StatusCode, Value) {
        let register = Register::sign(&phone.key, ORIGIN, token, &phone.label, "Android 16", self.millis()).unwrap();
        let (status, body) = self.unsigned("POST", "/device/v1/register", serde_json::to_vec(&register).unwrap()).await;
        if let Some(id) = body["device"].as_str() {
            phone.id = id.parse().unwrap();
        }
        (status, body)
    }

    pub(crate) async fn unsigned(&self, method: &str, target: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        self.send(Request::builder().method(method).uri(target).body(body.into()).unwrap()).await
    }

    /// A call of that phone, signed as it should be.
    pub(crate) async fn call(&self, phone: &Phone, method: &str, target: &str, body: &str) -> (StatusCode, Value) {
        self.send(self.signed(phone, method, target, body)).await
    }

    pub(crate) fn signed(&self, phone: &Phone, method: &str, target: &str, body: &str) -> Request<Body> {
        let time = self.millis();
        let signed = Authorization::sign(&phone.key, ORIGIN, method, target, phone.id, time, body.as_bytes()).unwrap();
        let request = Request::builder().method(method).uri(target).header(header::AUTHORIZATION, signed.to_string());
        request.body(Body::from(body.to_owned())).unwrap()
    }

    pub(crate) async fn send(&self, mut request: Request<Body>) -> (StatusCode, Value) {
        request.extensions_mut().insert(PeerAddress(IpAddr::from([192, 0, 2, 7])));
        let response = self.router.clone().oneshot(request).await.unwrap();
        whole(response).await
    }

    pub(crate) fn millis(&self) -> Millis {
        Millis::from(self.clock.now())
    }

    /// Somebody signs in as this person, at a page that shows a number.
    pub(crate) async fn login(&self, user: UserId) -> Prompt {
        let subject = self.store.lock().users[&user].subject.clone();
        let name = UserName::parse(&subject.name).unwrap();
        let person =
            Person { subject, groups: Vec::new(), display_name: None, mail: None, carried: Carried::default() };
        let request = LoginRequest {
            user: name,
            service: Service { door: Door::Portal, name: "wiki".into() },
            origin: Origin {
                address: IpAddr::from([203, 0, 113, 9]),
                station: None,
                direct: true,
                client: Some("Firefox".into()),
            },
            channel: Channel { prompts: Prompts::Page, patience: Duration::ZERO },
            passcode: None,
            splitting: Splitting::default(),
            insist: Insist::Factor,
            terms: Terms::default(),
        };
        match self.engine.begin(request, Primary::Proven(person)).await.unwrap() {
            Step::Show(prompt) => prompt,
            Step::Done(verdict) => panic!("decided at once: {verdict:?}"),
        }
    }

    /// Where the login stands, as its page would see it.
    pub(crate) async fn row(&self, attempt: AttemptId) -> Position {
        self.store.attempt(attempt).await.unwrap().unwrap().position
    }

    pub(crate) fn disable(&self, user: UserId) {
        self.store.lock().users.get_mut(&user).unwrap().enabled = false;
    }
}

pub(crate) async fn whole(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

pub(crate) fn number_of(prompt: &Prompt) -> String {
    match &prompt.kind {
        PromptKind::Wait { matching: Matching::Shown(number), .. } => number.expose().to_owned(),
        other => panic!("no number is shown: {other:?}"),
    }
}

pub(crate) fn secret_of(link: &str) -> String {
    link.split_once("#pair=").unwrap().1.to_owned()
}

pub(crate) struct Phone {
    pub(crate) key: DeviceKey,
    pub(crate) id: AuthenticatorId,
    pub(crate) label: String,
}

impl Phone {
    pub(crate) fn new(label: &str) -> Self {
        Self { key: DeviceKey::generate().unwrap(), id: AuthenticatorId(Uuid::nil()), label: label.into() }
    }
}
