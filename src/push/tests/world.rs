//! What the senders need besides a push service: configuration, a clock, chance, and somebody to report to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;
use vestibule_engine::config::{Problems, SecretRef, Sources};
use vestibule_engine::{AttemptId, AuthenticatorId, Clock, PortError, Random, SecretBytes, Timestamp, UserId};
use vestibule_factors::push::{Doorbell, PushAddress, PushReports, Ring, Rung};

use super::stand::Stand;
use crate::web_push::Browser;
use crate::{Ports, PushConfig, PushSettings, VapidKey};

pub(super) const ORIGIN: &str = "https://login.example.com";

/// A wall clock that goes with tokio's time, and can be set.
pub(super) struct TestClock {
    start: Instant,
    base: AtomicI64,
}

impl TestClock {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { start: Instant::now(), base: AtomicI64::new(1_800_000_000_000_000) })
    }

    pub(super) fn advance(&self, span: Duration) {
        self.base.fetch_add(span.as_micros().try_into().unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.base.load(Ordering::SeqCst)).after(self.start.elapsed())
    }
}

pub(super) struct Chance;

impl Random for Chance {
    fn fill(&self, octets: &mut [u8]) -> Result<(), PortError> {
        SystemRandom::new().fill(octets).map_err(|_| PortError::unusable("no random octets"))
    }
}

/// Hears the reports.
pub(super) struct Reports(mpsc::UnboundedSender<(Ring, Rung)>);

#[async_trait]
impl PushReports for Reports {
    async fn report(&self, ring: &Ring, came: Rung) {
        self.0.send((ring.clone(), came)).unwrap_or_default();
    }
}

pub(super) struct World {
    pub(super) clock: Arc<TestClock>,
    pub(super) ports: Ports,
    heard: mpsc::UnboundedReceiver<(Ring, Rung)>,
}

impl World {
    pub(super) fn new() -> Self {
        let clock = TestClock::new();
        let (sender, heard) = mpsc::unbounded_channel();
        let ports = Ports { reports: Arc::new(Reports(sender)), clock: clock.clone(), random: Arc::new(Chance) };
        Self { clock, ports, heard }
    }

    /// A request to `address` that is open for that long, of a person, a device and a login nobody saw before.
    pub(super) fn ring(&self, address: PushAddress, life: Duration) -> Ring {
        let now = self.clock.now();
        Ring {
            user: UserId(Uuid::new_v4()),
            device: AuthenticatorId(Uuid::new_v4()),
            attempt: AttemptId(Uuid::new_v4()),
            address,
            since: now.before(Duration::from_secs(86_400)),
            doorbell: Doorbell::Asked,
            until: now.after(life),
        }
    }

    pub(super) async fn came(&mut self) -> Rung {
        self.heard.recv().await.unwrap().1
    }

    /// Resolves when whoever could report is gone.
    pub(super) async fn nobody_left(&mut self) -> bool {
        self.heard.recv().await.is_none()
    }

    pub(super) fn nothing_came(&mut self) -> bool {
        self.heard.try_recv().is_err()
    }
}

/// Files and secrets by name.
#[derive(Default)]
pub(crate) struct Shelf(pub(crate) HashMap<String, Vec<u8>>);

impl Shelf {
    pub(crate) fn with(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.0.insert(name.to_owned(), content.into());
        self
    }
}

impl Sources for Shelf {
    fn secret(&self, reference: &SecretRef) -> Result<SecretBytes, String> {
        let SecretRef::Credential(name) = reference else { return Err("only credentials here".into()) };
        self.0.get(name).map(|octets| SecretBytes::new(octets.clone())).ok_or_else(|| format!("there is no {name}"))
    }

    fn file(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.get(path.to_str().unwrap()).cloned().ok_or_else(|| format!("there is no {}", path.display()))
    }
}

/// The section as an administrator would write it for these stand-ins.
pub(super) fn settings(stand: &Stand, mut section: Value) -> PushSettings {
    // A machine under load is no hanging service.
    section["limits"] = json!({ "patience": "20s" });
    let shelf = Shelf::default()
        .with("ca.pem", stand.ca.ca_pem())
        .with("apns.p8", apns_key().1.clone())
        .with("account.json", service_account(&stand.url("/token")));
    let (meant, problems) = link(section, &shelf);
    assert_eq!(problems, [] as [(String, String); 0]);
    meant.unwrap()
}

pub(crate) fn link(section: Value, shelf: &Shelf) -> (Option<PushSettings>, Vec<(String, String)>) {
    let config: PushConfig = serde_json::from_value(section).unwrap();
    let mut problems = Problems::default();
    let meant = config.link("push", shelf, &mut problems);
    (meant, problems.into_vec().into_iter().map(|problem| (problem.path, problem.found)).collect())
}

pub(super) fn web_push_section(stand: &Stand) -> Value {
    json!({ "web_push": {
        "contact": "mailto:security@example.com",
        "allowed_hosts": [format!("localhost:{}", stand.port())],
        "allow_private": ["127.0.0.0/8", "::1"],
        "ca_file": PathBuf::from("ca.pem"),
    }})
}

pub(super) fn apns_section(stand: &Stand) -> Value {
    json!({ "apns": {
        "key": { "credential": "apns.p8" },
        "key_id": "ABC1234567",
        "team_id": "DEF1234567",
        "topic": "com.example.vestibule",
        "endpoint": stand.url(""),
        "ca_file": PathBuf::from("ca.pem"),
    }})
}

pub(super) fn fcm_section(stand: &Stand) -> Value {
    json!({ "fcm": {
        "service_account": { "credential": "account.json" },
        "endpoint": stand.url("/"),
        "ca_file": PathBuf::from("ca.pem"),
    }})
}

pub(super) fn vapid() -> VapidKey {
    VapidKey::load(&VapidKey::generate().unwrap()).unwrap()
}

pub(super) fn subscribed(stand: &Stand, browser: &Browser) -> PushAddress {
    PushAddress::WebPush {
        endpoint: stand.url("/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV"),
        p256dh: URL_SAFE_NO_PAD.encode(browser.public),
        auth: URL_SAFE_NO_PAD.encode(browser.secret),
    }
}

pub(super) fn iphone() -> PushAddress {
    PushAddress::Apns { token: "0123456789abcdef".repeat(4) }
}

pub(super) fn android() -> PushAddress {
    PushAddress::Fcm { token: "eXample:APA91bToken_of-an-app".to_owned() }
}

/// The public point and the `.p8` of the test's key at Apple.
pub(crate) fn apns_key() -> &'static (Vec<u8>, String) {
    static KEY: OnceLock<(Vec<u8>, String)> = OnceLock::new();
    KEY.get_or_init(|| {
        let key = rcgen::KeyPair::generate().unwrap();
        (rcgen::PublicKeyData::der_bytes(&key).to_vec(), key.serialize_pem())
    })
}

/// The service account's RSA key: made once, for it takes a moment.
pub(super) fn google_key() -> &'static rsa::RsaPrivateKey {
    static KEY: OnceLock<rsa::RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(|| rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2_048).unwrap())
}

pub(crate) fn service_account(token_url: &str) -> String {
    json!({
        "type": "service_account",
        "project_id": "example-project",
        "private_key_id": "0123456789",
        "private_key": google_key().to_pkcs8_pem(LineEnding::LF).unwrap().as_str(),
        "client_email": "push@example-project.iam.gserviceaccount.com",
        "client_id": "1",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_url,
    })
    .to_string()
}

/// The claims of a token in compact form, unverified.
pub(super) fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// What a stand-in keeps between requests.
pub(super) type Kept<T> = Arc<Mutex<T>>;
