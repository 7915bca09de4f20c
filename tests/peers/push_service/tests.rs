//! What senders are told, and what browsers get.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{SinkExt, StreamExt};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::{Acknowledged, PushService};
use crate::certificates::TestCa;

struct Stand {
    ca: TestCa,
    service: PushService,
    key: EcdsaKeyPair,
}

impl Stand {
    async fn new() -> Self {
        let ca = TestCa::new().unwrap();
        let service = PushService::start(&ca).await.unwrap();
        Self { ca, service, key: key() }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.ca.ca_pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(("127.0.0.1", self.service.port)).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }

    /// A browser that said hello.
    async fn browser(&self, name: Option<&str>) -> (Browser, String) {
        let mut asked = self.service.browser_address().into_client_request().unwrap();
        asked.headers_mut().insert("sec-websocket-protocol", "push-notification".parse().unwrap());
        let (socket, _) = tokio_tungstenite::client_async(asked, self.connect().await).await.unwrap();
        let mut browser = Browser(socket);
        browser.say(json!({ "messageType": "hello", "use_webpush": true, "uaid": name, "broadcasts": {} })).await;
        let hello = browser.hear().await;
        (browser, hello["uaid"].as_str().unwrap().to_owned())
    }

    async fn subscribed(&self, browser: &mut Browser) -> String {
        let key = URL_SAFE_NO_PAD.encode(self.key.public_key());
        browser.say(json!({ "messageType": "register", "channelID": "channel", "key": key })).await;
        let endpoint = browser.hear().await["pushEndpoint"].as_str().unwrap().to_owned();
        endpoint.strip_prefix(&self.origin()).unwrap().to_owned()
    }

    fn origin(&self) -> String {
        format!("https://{}", self.service.authority())
    }

    fn authorization(&self, key: &EcdsaKeyPair, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "typ": "JWT", "alg": "ES256" })), part(claims));
        let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        let [signature, public] = [signature.as_ref(), key.public_key().as_ref()].map(|it| URL_SAFE_NO_PAD.encode(it));
        format!("vapid t={signed}.{signature}, k={public}")
    }

    fn right(&self) -> Vec<(&'static str, String)> {
        let claims = json!({ "aud": self.origin(), "exp": now() + 60, "sub": "mailto:it@example.com" });
        vec![
            ("authorization", self.authorization(&self.key, &claims)),
            ("ttl", "30".to_owned()),
            ("content-encoding", "aes128gcm".to_owned()),
        ]
    }

    async fn post(&self, path: &str, headers: &[(&str, String)], body: &[u8]) -> u16 {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("POST {path} HTTP/1.1\r\nhost: it\r\n{headers}content-length: {}\r\n\r\n", body.len());
        let mut stream = self.connect().await;
        stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        std::str::from_utf8(&status).unwrap().strip_prefix("HTTP/1.1 ").unwrap().parse().unwrap()
    }
}

struct Browser(WebSocketStream<TlsStream<TcpStream>>);

impl Browser {
    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        serde_json::from_str(self.0.next().await.unwrap().unwrap().to_text().unwrap()).unwrap()
    }
}

fn key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a token is for now")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Looks like an encrypted message as far as a push service can tell.
fn body() -> Vec<u8> {
    [&[7; 16][..], &[0, 0, 16, 0, 65, 4], &[9; 64], &[1; 100]].concat()
}

#[tokio::test]
async fn sender_is_refused_by_the_rule_it_breaks() {
    let stand = Stand::new().await;
    let (mut browser, _) = stand.browser(None).await;
    let path = stand.subscribed(&mut browser).await;
    let with = |name: &'static str, value: Option<String>| {
        let kept = stand.right().into_iter().filter(|(found, _)| *found != name);
        kept.chain(value.map(|value| (name, value))).collect::<Vec<_>>()
    };
    let claims = |aud: &str, exp: u64, sub: &str| json!({ "aud": aud, "exp": exp, "sub": sub });
    let signed = |claims: &Value| with("authorization", Some(stand.authorization(&stand.key, claims)));
    let (origin, mail) = (stand.origin(), "mailto:it@example.com");
    let good = claims(&origin, now() + 60, mail);
    let foreign = stand.authorization(&key(), &good);
    let own = stand.authorization(&stand.key, &good);
    let (token, signer) = (foreign.split_once(',').unwrap().0, own.split_once(',').unwrap().1);
    let forged = format!("{token},{signer}");
    for (what, status, headers, body) in [
        ("right", 201, stand.right(), body()),
        ("no TTL", 400, with("ttl", None), body()),
        ("TTL in words", 400, with("ttl", Some("soon".to_owned())), body()),
        ("no encoding", 400, with("content-encoding", None), body()),
        ("older encoding", 400, with("content-encoding", Some("aesgcm".to_owned())), body()),
        ("topic of 33", 400, with("topic", Some("t".repeat(33))), body()),
        ("topic of 32", 201, with("topic", Some("t".repeat(32))), body()),
        ("urgency", 400, with("urgency", Some("very".to_owned())), body()),
        ("in the clear", 400, stand.right(), b"Sign-in request".to_vec()),
        ("too large", 413, stand.right(), [body(), vec![0; 4_096]].concat()),
        ("nobody's", 401, with("authorization", None), body()),
        ("foreign key", 403, with("authorization", Some(foreign)), body()),
        ("forged", 401, with("authorization", Some(forged)), body()),
        ("wrong aud", 401, signed(&claims("https://push.example.com", now() + 60, mail)), body()),
        ("over", 401, signed(&claims(&origin, now() - 60, mail)), body()),
        ("too long", 401, signed(&claims(&origin, now() + 25 * 3_600, mail)), body()),
        ("no contact", 401, signed(&claims(&origin, now() + 60, "")), body()),
    ] {
        assert_eq!(stand.post(&path, &headers, &body).await, status, "{what}: {:?}", stand.service.sent().last());
    }
    assert_eq!(stand.post("/wpush/v2/nothing", &stand.right(), &body()).await, 404);
    browser.say(json!({ "messageType": "unregister", "channelID": "channel" })).await;
    while browser.hear().await["messageType"] != "unregister" {}
    assert_eq!(stand.post(&path, &stand.right(), &body()).await, 410);
}

#[tokio::test]
async fn message_waits_for_a_browser_that_is_away_and_the_newest_of_a_topic_alone() {
    let stand = Stand::new().await;
    let (mut browser, name) = stand.browser(None).await;
    let path = stand.subscribed(&mut browser).await;
    drop(browser);
    for topic in ["a", "a", "b"] {
        let headers = [stand.right(), vec![("topic", topic.to_owned())]].concat();
        assert_eq!(stand.post(&path, &headers, &body()).await, 201);
    }
    let (mut browser, again) = stand.browser(Some(&name)).await;
    assert_eq!(again, name);
    for _ in ["the second a", "b"] {
        let message = browser.hear().await;
        assert_eq!(message["data"], URL_SAFE_NO_PAD.encode(body()));
        let update = json!({ "channelID": "channel", "version": message["version"], "code": 100 });
        browser.say(json!({ "messageType": "ack", "updates": [update] })).await;
    }
    // Nothing else comes before the answer to this.
    browser.say(json!({})).await;
    assert_eq!(browser.hear().await, json!({}));
    let codes: Vec<u64> = stand.service.acknowledged().iter().map(|Acknowledged { code, .. }| *code).collect();
    assert_eq!(codes, [100, 100]);
}
