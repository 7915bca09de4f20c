//! FCM at a stand-in that sells tokens for signed assertions and checks what Google checks.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use vestibule_factors::push::{PushAddress, PushSender, Rung};

use super::stand::{Seen, Stand, Told};
use super::world::{Kept, ORIGIN, World, android, fcm_section, google_key, part, settings, vapid};
use crate::Senders;
use crate::fcm::Fcm;
use crate::http::{self, Versions};
use crate::provider::{Provider, Reply};

const PATIENCE: Duration = Duration::from_secs(10);
const LIFE: Duration = Duration::from_secs(30);

/// The token that is good now.
type Token = Kept<String>;

fn error(status: u16, general: &str, own: Option<&str>) -> Told {
    let details =
        own.map(|code| json!({ "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code }));
    Told::json(
        status,
        &json!({ "error": {
            "code": status, "message": "words for people", "status": general, "details": Vec::from_iter(details),
        }}),
    )
}

fn sells(seen: &Seen, good: &Token, sold: &AtomicU32) -> Told {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&seen.body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value);
    assert_eq!(field("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (text, signature) = field("assertion").rsplit_once('.').unwrap();
    let key = google_key();
    let verifying = RsaPublicKeyComponents { n: key.n().to_bytes_be(), e: key.e().to_bytes_be() };
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let claims = part(text, 1);
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    let good_claims = claims["iss"] == "push@example-project.iam.gserviceaccount.com"
        && claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
        && claims["aud"].as_str().unwrap().ends_with("/token")
        && life <= 3_600;
    if verifying.verify(&RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), &signature).is_err() || !good_claims {
        return Told::json(400, &json!({ "error": "invalid_grant" }));
    }
    let token = format!("ya29.token-{}", sold.fetch_add(1, Ordering::SeqCst));
    good.lock().unwrap().clone_from(&token);
    Told::json(200, &json!({ "access_token": token, "expires_in": 3_599, "token_type": "Bearer" }))
}

fn checked(seen: &Seen, good: &Token, sold: &AtomicU32) -> Told {
    if seen.path == "/token" {
        return sells(seen, good, sold);
    }
    if seen.path != "/v1/projects/example-project/messages:send" {
        return error(404, "NOT_FOUND", None);
    }
    if seen.header("authorization") != format!("Bearer {}", good.lock().unwrap()) {
        return error(401, "UNAUTHENTICATED", None);
    }
    let message = &seen.json()["message"];
    let texts_only = message["data"].as_object().is_some_and(|data| data.values().all(Value::is_string));
    let ttl = message["android"]["ttl"]
        .as_str()
        .and_then(|ttl| ttl.strip_suffix('s'))
        .is_some_and(|ttl| ttl.parse::<u32>().is_ok());
    if !message["token"].is_string() || !texts_only || !ttl || message["android"]["priority"] != "HIGH" {
        return error(400, "INVALID_ARGUMENT", Some("INVALID_ARGUMENT"));
    }
    Told::json(200, &json!({ "name": "projects/example-project/messages/0:1" }))
}

struct Google {
    stand: Stand,
    good: Token,
    sold: Arc<AtomicU32>,
}

impl Google {
    async fn start() -> Self {
        google_key();
        let (good, sold): (Token, Arc<AtomicU32>) = (Arc::new(Mutex::default()), Arc::default());
        let (known, counted) = (Arc::clone(&good), Arc::clone(&sold));
        let stand = Stand::start(&["h2", "http/1.1"], move |seen| checked(seen, &known, &counted)).await;
        Self { stand, good, sold }
    }

    fn sold(&self) -> u32 {
        self.sold.load(Ordering::SeqCst)
    }
}

fn provider(google: &Google, world: &World) -> Fcm {
    let settings = settings(&google.stand, fcm_section(&google.stand)).fcm.unwrap();
    let client = http::client(&settings.tls, Versions::Any, None, None).unwrap();
    Fcm::new(settings, client, world.ports.clock.clone()).unwrap()
}

/// PSH-10
#[tokio::test]
async fn an_android_phone_is_rung_as_google_wants_it() {
    let google = Google::start().await;
    let mut world = World::new();
    let settings = settings(&google.stand, fcm_section(&google.stand));
    let senders = Senders::start(settings, vapid(), ORIGIN, &world.ports).unwrap();
    let ring = world.ring(android(), LIFE);
    senders.accepts(&ring.address).unwrap();
    senders.ring(ring.clone()).unwrap();
    assert_eq!(world.came().await, Rung::Accepted);
    let message = google.stand.seen().last().unwrap().json();
    assert_eq!(message["message"]["token"], "eXample:APA91bToken_of-an-app");
    assert_eq!(message["message"]["android"]["collapse_key"], "vestibule-request");
    assert!(message["message"].get("notification").is_none(), "the app shows it, in its user's language");
    let inner: Value = serde_json::from_str(message["message"]["data"]["vestibule"].as_str().unwrap()).unwrap();
    assert_eq!(
        inner,
        json!({
            "attempt": ring.attempt.to_string(), "device": ring.device.to_string(),
            "state": "asked", "until": ring.until.0 / 1_000,
        })
    );
}

/// PSH-10: every error code of FCM, before any message was taken.
#[tokio::test]
async fn every_error_has_its_meaning() {
    #[derive(Debug, Clone, Copy)]
    enum Meant {
        Gone,
        Misconfigured,
        Defect,
        Pause(u64),
        Unwell,
    }
    use Meant::*;
    let google = Google::start().await;
    let world = World::new();
    let provider = provider(&google, &world);
    // The token first, so that the orders below are for messages.
    google.stand.will(Told::json(200, &json!({ "access_token": "x", "expires_in": 3_600 })));
    google.stand.will(error(404, "NOT_FOUND", Some("UNREGISTERED")));
    let send = || async { provider.send(&world.ring(android(), LIFE), LIFE, PATIENCE).await };
    assert_eq!(send().await, Reply::Gone { as_of: None });
    for (status, general, own, retry_after, meant) in [
        (404, "NOT_FOUND", Some("UNREGISTERED"), None, Gone),
        (404, "NOT_FOUND", None, None, Misconfigured),
        (400, "INVALID_ARGUMENT", Some("INVALID_ARGUMENT"), None, Defect),
        (400, "INVALID_ARGUMENT", None, None, Defect),
        (401, "UNAUTHENTICATED", Some("THIRD_PARTY_AUTH_ERROR"), None, Misconfigured),
        (403, "PERMISSION_DENIED", Some("SENDER_ID_MISMATCH"), None, Misconfigured),
        (403, "PERMISSION_DENIED", None, None, Misconfigured),
        (429, "RESOURCE_EXHAUSTED", Some("QUOTA_EXCEEDED"), None, Pause(60)),
        (429, "RESOURCE_EXHAUSTED", Some("QUOTA_EXCEEDED"), Some("7"), Pause(7)),
        (500, "INTERNAL", Some("INTERNAL"), None, Unwell),
        (503, "UNAVAILABLE", Some("UNAVAILABLE"), None, Unwell),
        (503, "UNAVAILABLE", Some("UNAVAILABLE"), Some("3"), Pause(3)),
    ] {
        let told = error(status, general, own);
        google.stand.will(if let Some(after) = retry_after { told.with("retry-after", after) } else { told });
        let reply = send().await;
        let fits = match (meant, &reply) {
            (Gone, Reply::Gone { as_of: None })
            | (Misconfigured, Reply::Misconfigured { .. })
            | (Defect, Reply::Defect { .. })
            | (Unwell, Reply::Unwell { .. }) => true,
            (Pause(seconds), Reply::Pause { after, .. }) => *after == Duration::from_secs(seconds),
            _ => false,
        };
        assert!(fits, "{status} {general} {own:?} {retry_after:?} became {reply:?}");
        assert!(!format!("{reply:?}").contains("APA91b"), "the address is repeated: {reply:?}");
    }
}

/// PSH-10: deleted only if the payload is known good.
#[tokio::test]
async fn an_invalid_argument_is_the_phones_fault_only_if_our_messages_were_taken_before() {
    let google = Google::start().await;
    let world = World::new();
    let provider = provider(&google, &world);
    let send = || async { provider.send(&world.ring(android(), LIFE), LIFE, PATIENCE).await };
    let violation = |field: &str| {
        let violations = json!([{ "field": field, "description": "Invalid" }]);
        let detail = json!({ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations });
        Told::json(400, &json!({ "error": { "status": "INVALID_ARGUMENT", "details": [detail] } }))
    };
    assert_eq!(google.sold(), 0);
    assert_eq!(send().await, Reply::Taken);
    google.stand.will(error(400, "INVALID_ARGUMENT", Some("INVALID_ARGUMENT")));
    assert_eq!(send().await, Reply::Gone { as_of: None });
    google.stand.will(violation("message.token"));
    assert_eq!(send().await, Reply::Gone { as_of: None });
    google.stand.will(violation("message.android.ttl"));
    assert!(matches!(send().await, Reply::Defect { .. }));
}

/// PSH-10: refreshed before its hour is over, bought once for many.
#[tokio::test]
async fn a_token_is_bought_once_for_many_rings_and_renewed_before_it_ends() {
    let google = Google::start().await;
    let world = World::new();
    let provider = provider(&google, &world);
    let send = || async { provider.send(&world.ring(android(), LIFE), LIFE, PATIENCE).await };
    let (one, two, three) = tokio::join!(send(), send(), send());
    assert_eq!([one, two, three], [Reply::Taken, Reply::Taken, Reply::Taken]);
    assert_eq!(google.sold(), 1);
    world.clock.advance(Duration::from_secs(3_599 - 300 - 60));
    assert_eq!(send().await, Reply::Taken);
    assert_eq!(google.sold(), 1);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(send().await, Reply::Taken);
    assert_eq!(google.sold(), 2);
}

#[tokio::test]
async fn a_token_google_called_back_is_replaced_once_and_the_phone_is_rung() {
    let google = Google::start().await;
    let world = World::new();
    let provider = provider(&google, &world);
    let send = || async { provider.send(&world.ring(android(), LIFE), LIFE, PATIENCE).await };
    assert_eq!(send().await, Reply::Taken);
    *google.good.lock().unwrap() = "another".to_owned();
    assert_eq!(send().await, Reply::Taken);
    assert_eq!(google.sold(), 2);
    // Where no token is liked, it is asked twice and no more.
    google.stand.take_seen();
    google.stand.will(error(401, "UNAUTHENTICATED", None));
    google.stand.will(Told::json(200, &json!({ "access_token": "x", "expires_in": 3_600 })));
    assert!(matches!(send().await, Reply::Misconfigured { .. }));
    assert_eq!(google.stand.seen().len(), 3);
}

#[tokio::test]
async fn a_refused_service_account_is_told_and_google_is_left_alone_for_a_minute() {
    let google = Google::start().await;
    let world = World::new();
    let provider = provider(&google, &world);
    let send = || async { provider.send(&world.ring(android(), LIFE), LIFE, PATIENCE).await };
    google.stand.will(Told::json(400, &json!({ "error": "invalid_grant" })));
    for _ in 0..3 {
        assert!(matches!(send().await, Reply::Misconfigured { .. }));
    }
    assert_eq!(google.stand.seen().len(), 1);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(send().await, Reply::Taken);
}

#[tokio::test]
async fn a_token_seller_that_is_ill_is_no_fault_of_the_configuration() {
    let google = Google::start().await;
    let world = World::new();
    let provider = provider(&google, &world);
    let send = || async { provider.send(&world.ring(android(), LIFE), LIFE, PATIENCE).await };
    google.stand.will(Told::status(503));
    assert!(matches!(send().await, Reply::Unwell { .. }));
    google.stand.will(Told::status(429).with("retry-after", "5"));
    assert!(matches!(send().await, Reply::Pause { .. }));
    google.stand.will(Told { body: "<html>".into(), ..Told::status(200) });
    assert!(matches!(send().await, Reply::Unwell { .. }));
    assert_eq!(send().await, Reply::Taken);
}

#[tokio::test]
async fn a_strange_token_is_not_registered() {
    let google = Google::start().await;
    let mut world = World::new();
    let settings = settings(&google.stand, fcm_section(&google.stand));
    let senders = Senders::start(settings, vapid(), ORIGIN, &world.ports).unwrap();
    for token in ["", "with space", "line\nbreak", &"x".repeat(4_097)] {
        senders.accepts(&PushAddress::Fcm { token: token.to_owned() }).unwrap_err();
    }
    google.stand.will(Told::json(400, &json!({ "error": "invalid_grant" })));
    senders.ring(world.ring(android(), LIFE)).unwrap();
    assert!(matches!(world.came().await, Rung::Misconfigured { .. }));
}
