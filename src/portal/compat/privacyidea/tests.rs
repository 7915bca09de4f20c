//! The app of another maker, as it signs and calls.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use vestibule_engine::{Clock as _, Matching, Position, PromptKind, Store as _, UserId};
use vestibule_engine::{MatchingRule, PushRules, Settings};
use vestibule_factors::push::protocol::Policy;

use super::*;
use crate::device_api::tests::world::{Twist, World, number_of, whole};

/// The key of the app, and that of another phone.
const KEYS: [&str; 2] = ["app", "other"];

fn pkcs8(name: &str) -> Vec<u8> {
    let vectors: Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
    BASE64.decode(vectors[name].as_str().unwrap()).unwrap()
}

struct App {
    world: World,
    api: Arc<PrivacyIdea>,
    router: Router,
}

impl App {
    fn new() -> Self {
        Self::with(Twist::default())
    }

    fn with(twist: Twist) -> Self {
        let world = World::with(twist);
        let key = Arc::new(PiKey::load(vestibule_engine::SecretBytes::new(pkcs8("gateway"))).unwrap());
        let (engine, pairing) = (Arc::clone(&world.engine), Arc::clone(&world.pairing));
        let api = Arc::new(PrivacyIdea::new(PrivacyIdeaParts { engine, pairing, key }));
        let router = router(Arc::clone(&api));
        Self { world, api, router }
    }

    async fn post(&self, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let request = Request::post("/ttype/push").header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(encoded(fields))).unwrap()).await
    }

    async fn get(&self, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        self.send(Request::get(format!("/ttype/push?{}", encoded(fields))).body(Body::empty()).unwrap()).await
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        whole(self.router.clone().oneshot(request).await.unwrap()).await
    }

    fn timestamp(&self) -> String {
        let moment = time::OffsetDateTime::from_unix_timestamp(self.world.clock.now().secs()).unwrap();
        moment.format(&time::format_description::well_known::Rfc3339).unwrap()
    }

    async fn poll(&self, serial: &str, key: usize) -> (StatusCode, Value) {
        let timestamp = self.timestamp();
        let signature = sign(key, &format!("{serial}|{timestamp}"));
        self.get(&[("serial", serial), ("timestamp", &timestamp), ("signature", &signature), ("capabilities", "[]")])
            .await
    }

    /// A phone with the app, enrolled and confirmed; its serial.
    async fn phone(&self, user: UserId) -> String {
        let session = self.world.session(user);
        let begun = self.api.begin(user, session).await.unwrap();
        let (serial, credential) = scanned(&begun.link);
        assert_eq!(self.enrol(&serial, &credential, 0).await.0, StatusCode::OK);
        let done = self.api.confirm(user, session, begun.id).await.unwrap();
        assert!(matches!(done, PairingStatus::Done { totp: None, .. }));
        serial
    }

    async fn enrol(&self, serial: &str, credential: &str, key: usize) -> (StatusCode, Value) {
        let private = rsa::RsaPrivateKey::from_pkcs8_der(&pkcs8(KEYS[key])).unwrap();
        let public = private.to_public_key().to_public_key_der().unwrap();
        let pubkey = BASE64.encode(public.as_bytes());
        let fields = [
            ("enrollment_credential", credential),
            ("serial", serial),
            ("fbtoken", "no_firebase_token"),
            ("pubkey", pubkey.as_str()),
            ("capabilities", r#"["decline_reason"]"#),
        ];
        self.post(&fields).await
    }

    async fn answer(&self, fields: &[(&str, &str)], signed: &str) -> (StatusCode, Value) {
        let signature = sign(0, signed);
        let mut fields = fields.to_vec();
        fields.push(("signature", &signature));
        self.post(&fields).await
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn sign(key: usize, text: &str) -> String {
    let pair = RsaKeyPair::from_pkcs8(&pkcs8(KEYS[key])).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    base32(&signature)
}

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(octets: &[u8]) -> String {
    let mut text = String::new();
    for chunk in octets.chunks(5) {
        let bits = (0..5).fold(0_u64, |bits, at| bits << 8 | u64::from(chunk.get(at).copied().unwrap_or(0)));
        let used = (chunk.len() * 8).div_ceil(5);
        for place in 0..8 {
            text.push(if place < used { LETTERS[(bits >> (35 - 5 * place) & 31) as usize] as char } else { '=' });
        }
    }
    text
}

fn unbase32(text: &str) -> Vec<u8> {
    let (mut bits, mut held, mut octets) = (0_u32, 0, Vec::new());
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        bits = bits << 5 | u32::try_from(LETTERS.iter().position(|known| *known == letter).unwrap()).unwrap();
        held += 5;
        if held >= 8 {
            held -= 8;
            octets.push((bits >> held & 255) as u8);
        }
    }
    octets
}

fn scanned(link: &str) -> (String, String) {
    let link = url::Url::parse(link).unwrap();
    let field = |name: &str| link.query_pairs().find(|(field, _)| field == name).unwrap().1.into_owned();
    (field("serial"), field("enrollment_credential"))
}

fn value(body: &Value) -> &Value {
    assert_eq!(body["result"]["status"], true, "{body}");
    &body["result"]["value"]
}

#[tokio::test]
async fn code_to_scan_says_what_the_app_wants_to_know() {
    let app = App::new();
    let ada = app.world.person("ada b");
    let begun = app.api.begin(ada, app.world.session(ada)).await.unwrap();
    let link = url::Url::parse(&begun.link).unwrap();
    assert!(begun.link.starts_with(
        "otpauth://pipush/ada%20b?url=https%3A%2F%2Flogin.example.com%2Fttype%2Fpush&ttl=10&issuer=Example&"
    ));
    let fields: Vec<_> = link.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(fields, ["url", "ttl", "issuer", "enrollment_credential", "v", "serial", "sslverify", "poll_only"]);
    assert!(begun.link.ends_with("&sslverify=1&poll_only=True"));
    let (serial, credential) = scanned(&begun.link);
    assert!(serial.starts_with("PIPU"));
    assert_eq!(credential.len(), 40);
}

#[tokio::test]
async fn app_is_enrolled_and_given_the_key_of_the_gateway() {
    let app = App::new();
    let ada = app.world.person("ada");
    let session = app.world.session(ada);
    let begun = app.api.begin(ada, session).await.unwrap();
    let (serial, credential) = scanned(&begun.link);
    let (status, body) = app.enrol(&serial, &credential, 0).await;
    assert_eq!((status, value(&body)), (StatusCode::OK, &json!(true)));
    let key = BASE64.decode(body["detail"]["public_key"].as_str().unwrap()).unwrap();
    assert!(rsa::pkcs1::DecodeRsaPublicKey::from_pkcs1_der(&key).is_ok_and(|_: rsa::RsaPublicKey| true));
    assert!(body["time"].is_f64() && body["version"].as_str().unwrap().contains(' '), "what the app insists on");
    let status = app.api.status(ada, session, begun.id).await.unwrap();
    assert!(matches!(status, PairingStatus::Confirm { code: None, .. }));
    assert_eq!(value(&app.poll(&serial, 0).await.1), &json!([]), "not confirmed, not asked");
    app.world.phone(ada).await;
}

// P5
#[tokio::test]
async fn credential_is_good_for_one_phone() {
    let app = App::new();
    let ada = app.world.person("ada");
    let begun = app.api.begin(ada, app.world.session(ada)).await.unwrap();
    let (serial, credential) = scanned(&begun.link);
    assert_eq!(app.enrol("PIPU00000000000000000000000000000000", &credential, 0).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(app.enrol(&serial, &"0".repeat(40), 0).await.0, StatusCode::BAD_REQUEST);
    let (one, two) = tokio::join!(app.enrol(&serial, &credential, 0), app.enrol(&serial, &credential, 1));
    let mut statuses = [one.0, two.0];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::BAD_REQUEST]);
    assert_eq!(app.enrol(&serial, &credential, 1).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(app.world.store.authenticators(ada).await.unwrap().len(), 1);
}

#[tokio::test]
async fn credential_is_over_after_ten_minutes() {
    let app = App::new();
    let ada = app.world.person("ada");
    let begun = app.api.begin(ada, app.world.session(ada)).await.unwrap();
    let (serial, credential) = scanned(&begun.link);
    app.world.clock.pass(Duration::from_secs(601));
    assert_eq!(app.enrol(&serial, &credential, 0).await.0, StatusCode::BAD_REQUEST);
}

/// What the app is asked, checked as the app checks it.
async fn asked(app: &App, serial: &str) -> Value {
    let (status, body) = app.poll(serial, 0).await;
    assert_eq!(status, StatusCode::OK);
    let asked = value(&body)[0].clone();
    let text = |name: &str| asked[name].as_str().unwrap().to_owned();
    let mut signed = ["nonce", "url", "serial", "question", "title", "sslverify"].map(text).join("|");
    if asked.get("require_presence").is_some() {
        signed = format!("{signed}|{}", text("require_presence"));
    }
    let key = BASE64.decode(app.api.key.public_key_base64()).unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    key.verify(signed.as_bytes(), &unbase32(&text("signature"))).unwrap();
    let capabilities = format!(r#"{{"capabilities":{},"nonce":"{}"}}"#, text("capabilities"), text("nonce"));
    key.verify(capabilities.as_bytes(), &unbase32(&text("capabilities_signature"))).unwrap();
    asked
}

#[tokio::test]
async fn right_button_approves() {
    let app = App::new();
    let ada = app.world.person("ada");
    let serial = app.phone(ada).await;
    let prompt = app.world.login(ada).await;
    let asked = asked(&app, &serial).await;
    let question = asked["question"].as_str().unwrap();
    assert!(question.contains("ada") && question.contains("wiki") && question.contains("203.0.113.9"), "{question}");
    let (nonce, number) = (asked["nonce"].as_str().unwrap(), &*number_of(&prompt));
    assert!(asked["require_presence"].as_str().unwrap().split(',').any(|button| button == number));
    let fields = [("serial", serial.as_str()), ("nonce", nonce), ("presence_answer", number)];
    let (_, body) = app.answer(&fields, &format!("{nonce}|{serial}|{number}")).await;
    assert_eq!(value(&body), &json!(true));
    assert!(app.world.store.events().contains(&"factor.approved"));
    let (_, body) = app.answer(&fields, &format!("{nonce}|{serial}|{number}")).await;
    assert_eq!(value(&body), &json!(false), "once");
    assert_eq!(value(&app.poll(&serial, 0).await.1), &json!([]));
}

// P8
#[tokio::test]
async fn wrong_button_ends_the_request_after_one_try() {
    let app = App::new();
    let ada = app.world.person("ada");
    let serial = app.phone(ada).await;
    let prompt = app.world.login(ada).await;
    let asked = asked(&app, &serial).await;
    let (nonce, number) = (asked["nonce"].as_str().unwrap(), number_of(&prompt));
    let wrong = asked["require_presence"].as_str().unwrap().split(',').find(|button| *button != number).unwrap();
    for pressed in [wrong, number.as_str()] {
        let fields = [("serial", serial.as_str()), ("nonce", nonce), ("presence_answer", pressed)];
        let (_, body) = app.answer(&fields, &format!("{nonce}|{serial}|{pressed}")).await;
        assert_eq!(value(&body), &json!(false), "{pressed}");
    }
    assert!(!app.world.store.events().contains(&"factor.approved"));
    assert!(matches!(app.world.row(prompt.attempt).await, Position::Ended(ended) if !ended.allowed));
}

#[tokio::test]
async fn approval_without_a_button_is_a_wrong_one() {
    let app = App::new();
    let ada = app.world.person("ada");
    let serial = app.phone(ada).await;
    app.world.login(ada).await;
    let asked = asked(&app, &serial).await;
    let nonce = asked["nonce"].as_str().unwrap();
    let fields = [("serial", serial.as_str()), ("nonce", nonce)];
    assert_eq!(value(&app.answer(&fields, &format!("{nonce}|{serial}")).await.1), &json!(false));
    assert!(!app.world.store.events().contains(&"factor.approved"));
}

// P3
#[tokio::test]
async fn reason_of_a_decline_is_signed_and_a_foreign_login_is_reported() {
    let app = App::new();
    let ada = app.world.person("ada");
    let serial = app.phone(ada).await;
    let prompt = app.world.login(ada).await;
    let asked = asked(&app, &serial).await;
    let nonce = asked["nonce"].as_str().unwrap();
    let signed = format!("{nonce}|{serial}|decline|unknown_trigger");
    let fields = |reason| [("serial", serial.as_str()), ("nonce", nonce), ("decline", "1"), ("decline_reason", reason)];
    assert_eq!(value(&app.answer(&fields("cancelled"), &signed).await.1), &json!(false), "rewritten on the way");
    assert!(matches!(app.world.row(prompt.attempt).await, Position::Open(_)), "and the login unharmed");
    assert!(app.world.store.events().contains(&"push.refused"));
    assert_eq!(value(&app.answer(&fields("unknown_trigger"), &signed).await.1), &json!(true));
    assert!(app.world.store.events().contains(&"login.reported"));
}

#[tokio::test]
async fn decline_of_an_older_app_ends_the_login() {
    let app = App::new();
    let ada = app.world.person("ada");
    let serial = app.phone(ada).await;
    let prompt = app.world.login(ada).await;
    let asked = asked(&app, &serial).await;
    let nonce = asked["nonce"].as_str().unwrap();
    let fields = [("serial", serial.as_str()), ("decline", "1")];
    assert_eq!(value(&app.answer(&fields, &format!("{nonce}|{serial}|decline")).await.1), &json!(true));
    assert!(matches!(app.world.row(prompt.attempt).await, Position::Ended(ended) if !ended.allowed));
    assert!(!app.world.store.events().contains(&"login.reported"));
}

fn code_on_phone() -> Twist {
    let push = PushRules { matching: MatchingRule::FromPhone, ..PushRules::default() };
    Twist { settings: Settings { push, ..Settings::default() }, ..Twist::default() }
}

// P2
#[tokio::test]
async fn code_is_shown_on_the_phone_once_and_a_replay_shows_none() {
    let app = App::with(code_on_phone());
    let ada = app.world.person("ada");
    let serial = app.phone(ada).await;
    let prompt = app.world.login(ada).await;
    let asked = asked(&app, &serial).await;
    let nonce = asked["nonce"].as_str().unwrap();
    let fields = [("serial", serial.as_str()), ("nonce", nonce)];
    let signed = format!("{nonce}|{serial}");
    let (_, body) = app.answer(&fields, &signed).await;
    let PromptKind::Wait { matching: Matching::FromPhone(number), .. } = &prompt.kind else { panic!("no code") };
    assert_eq!((value(&body), &body["detail"]["display_code"]), (&json!(true), &json!(number.expose())));
    let (_, body) = app.answer(&fields, &signed).await;
    assert_eq!((value(&body), body.get("detail")), (&json!(false), None));
}

#[tokio::test]
async fn app_approves_nothing_where_the_person_must_be_verified() {
    let app = App::with(Twist { verification: Policy::Required, ..code_on_phone() });
    let ada = app.world.person("ada");
    let serial = app.phone(ada).await;
    app.world.login(ada).await;
    let asked = asked(&app, &serial).await;
    let nonce = asked["nonce"].as_str().unwrap();
    let fields = [("serial", serial.as_str()), ("nonce", nonce)];
    assert_eq!(value(&app.answer(&fields, &format!("{nonce}|{serial}")).await.1), &json!(false));
    assert!(!app.world.store.events().contains(&"factor.approved"));
}

// P4, P1: the same words for everything that is not this phone, at this time, with its key.
#[tokio::test]
async fn stranger_cannot_tell_an_unknown_serial_from_a_known_one() {
    let app = App::new();
    let ada = app.world.person("ada");
    let serial = app.phone(ada).await;
    app.world.login(ada).await;
    let unknown = app.poll("PIPU0123456789ABCDEF0123456789ABCDEF", 0).await;
    assert_eq!(unknown.0, StatusCode::BAD_REQUEST);
    assert_eq!(unknown.1["result"]["error"]["message"], "ERR10: Could not verify signature!");
    assert_eq!(app.poll(&serial, 1).await, unknown, "another key");
    assert_eq!(app.poll("not a serial", 0).await, unknown);
    let timestamp = app.timestamp();
    let signature = sign(0, &format!("{serial}|{timestamp}"));
    for off in [61, 61] {
        app.world.clock.pass(Duration::from_secs(off));
        let fields = [("serial", serial.as_str()), ("timestamp", &timestamp), ("signature", &signature)];
        let (status, body) = app.get(&fields).await;
        assert_eq!((status, &body["result"]), (unknown.0, &unknown.1["result"]), "an old one");
    }
    let answer = [("serial", serial.as_str()), ("nonce", "0"), ("signature", "AAAA")];
    let nobodys = [("serial", "PIPU0123456789ABCDEF0123456789ABCDEF"), ("nonce", "0"), ("signature", "AAAA")];
    assert_eq!(app.post(&answer).await, app.post(&nobodys).await);
}

#[tokio::test]
async fn token_update_is_taken_when_it_is_signed_and_in_time() {
    let app = App::new();
    let serial = app.phone(app.world.person("ada")).await;
    let timestamp = app.timestamp();
    let signature = sign(0, &format!("no_firebase_token|{serial}|{timestamp}"));
    let fields = |token| {
        [
            ("new_fb_token", token),
            ("serial", serial.as_str()),
            ("timestamp", timestamp.as_str()),
            ("signature", signature.as_str()),
        ]
    };
    assert_eq!(value(&app.post(&fields("no_firebase_token")).await.1), &json!(true));
    assert_eq!(app.post(&fields("another")).await.0, StatusCode::BAD_REQUEST);
    app.world.clock.pass(Duration::from_secs(301));
    assert_eq!(app.post(&fields("no_firebase_token")).await.0, StatusCode::BAD_REQUEST);
}

// OOB-12, F9
#[tokio::test]
async fn removed_phone_and_disabled_person_are_strangers() {
    let app = App::new();
    let ada = app.world.person("ada");
    let serial = app.phone(ada).await;
    app.world.disable(ada);
    assert_eq!(app.poll(&serial, 0).await.0, StatusCode::BAD_REQUEST);
    let eve = app.world.person("eve");
    let serial = app.phone(eve).await;
    let id = device_of_serial(&serial).unwrap();
    app.world.store.remove_authenticator(id, "portal", app.world.clock.now()).await.unwrap();
    assert_eq!(app.poll(&serial, 0).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn malformed_calls_are_answered_in_the_shape_that_the_app_reads() {
    let app = App::new();
    let long = "x".repeat(17 * 1024);
    for body in
        ["", "serial", "serial=a&serial=b&signature=c", "serial=%ff%fe&signature=%00", &long, &"a=b&".repeat(40)]
    {
        let request = Request::post("/ttype/push").body(Body::from(body.to_owned())).unwrap();
        let (status, body) = app.send(request).await;
        assert!(!status.is_server_error());
        assert_eq!(body["jsonrpc"], "2.0");
        if status != StatusCode::OK {
            assert_eq!(body["result"]["status"], false);
            assert!(body["result"]["error"]["code"].is_i64());
        }
    }
}
