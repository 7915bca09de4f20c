//! APNs at a stand-in that speaks HTTP/2 only and checks what Apple checks.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Version;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use vestibule_engine::Timestamp;
use vestibule_factors::push::{Doorbell, PushAddress, PushSender, Rung};

use super::stand::{Seen, Stand, Told};
use super::world::{Kept, ORIGIN, World, apns_key, apns_section, iphone, part, settings, vapid};
use crate::Senders;
use crate::apns::Apns;
use crate::http::{self, Versions};
use crate::provider::{Provider, Reply};

const PATIENCE: Duration = Duration::from_secs(10);
const LIFE: Duration = Duration::from_secs(60);

fn reason(status: u16, reason: &str) -> Told {
    Told::json(status, &json!({ "reason": reason }))
}

/// As Apple would: 200, or the reason why not. `expired`: tokens it calls too old.
fn checked(seen: &Seen, expired: &Kept<HashSet<String>>) -> Told {
    if seen.version != Version::HTTP_2 {
        return Told::status(505);
    }
    let Some(device) = seen.path.strip_prefix("/3/device/") else { return reason(404, "BadPath") };
    if device.len() != 64 {
        return reason(400, "BadDeviceToken");
    }
    let Some(token) = seen.header("authorization").strip_prefix("bearer ") else {
        return reason(403, "MissingProviderToken");
    };
    let (text, signature) = token.rsplit_once('.').unwrap();
    let verifying = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &apns_key().0);
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    if verifying.verify(text.as_bytes(), &signature).is_err()
        || part(token, 0) != json!({ "alg": "ES256", "kid": "ABC1234567" })
        || part(token, 1)["iss"] != "DEF1234567"
    {
        return reason(403, "InvalidProviderToken");
    }
    if expired.lock().unwrap().contains(token) {
        return reason(403, "ExpiredProviderToken");
    }
    for (fits, why) in [
        (seen.header("apns-topic") == "com.example.vestibule", "BadTopic"),
        (seen.header("apns-push-type") == "alert", "InvalidPushType"),
        (seen.header("apns-priority") == "10", "BadPriority"),
        (seen.header("apns-expiration").parse::<u64>().is_ok(), "BadExpirationDate"),
        ((1..=64).contains(&seen.header("apns-collapse-id").len()), "BadCollapseId"),
        (uuid::Uuid::parse_str(seen.header("apns-id")).is_ok(), "BadMessageId"),
        (!seen.body.is_empty(), "PayloadEmpty"),
    ] {
        if !fits {
            return reason(400, why);
        }
    }
    if seen.body.len() > 4_096 { reason(413, "PayloadTooLarge") } else { Told::status(200) }
}

async fn apple() -> (Stand, Kept<HashSet<String>>) {
    let expired: Kept<HashSet<String>> = Arc::new(Mutex::default());
    let known = Arc::clone(&expired);
    (Stand::start(&["h2"], move |seen| checked(seen, &known)).await, expired)
}

fn provider(stand: &Stand, world: &World) -> Apns {
    let settings = settings(stand, apns_section(stand)).apns.unwrap();
    let client = http::client(&settings.tls, Versions::Http2, None, None).unwrap();
    Apns::new(settings, client, world.ports.clock.clone())
}

/// PSH-09
#[tokio::test]
async fn an_iphone_is_rung_over_http_2_as_apple_wants_it() {
    let (stand, _) = apple().await;
    let mut world = World::new();
    let senders = Senders::start(settings(&stand, apns_section(&stand)), vapid(), ORIGIN, &world.ports).unwrap();
    let asked = world.ring(iphone(), LIFE);
    senders.accepts(&asked.address).unwrap();
    senders.ring(asked.clone()).unwrap();
    assert_eq!(world.came().await, Rung::Accepted);
    let over = vestibule_factors::push::Ring { doorbell: Doorbell::Over, ..asked.clone() };
    senders.ring(over).unwrap();
    assert_eq!(world.came().await, Rung::Accepted);

    let [asking, ending] = stand.take_seen().try_into().unwrap();
    assert_eq!(asking.header("apns-expiration"), asked.until.secs().to_string());
    assert_eq!(asking.header("apns-id"), asked.attempt.to_string());
    assert_ne!(ending.header("apns-id"), asking.header("apns-id"));
    assert_eq!(ending.header("apns-collapse-id"), asking.header("apns-collapse-id"));
    assert_eq!(ending.header("authorization"), asking.header("authorization"), "one token for both");
    let vestibule = |state: &str| {
        json!({
            "attempt": asked.attempt.to_string(), "device": asked.device.to_string(),
            "state": state, "until": asked.until.0 / 1_000,
        })
    };
    let alert = json!({ "title": "Sign-in request", "body": "Open to see who is asking." });
    let aps = json!({ "alert": alert, "sound": "default", "mutable-content": 1 });
    assert_eq!(asking.json(), json!({ "aps": aps, "vestibule": vestibule("asked") }));
    let alert = json!({ "title": "Request is over", "body": "Nothing to do." });
    let aps = json!({ "alert": alert, "mutable-content": 1 });
    assert_eq!(ending.json(), json!({ "aps": aps, "vestibule": vestibule("over") }));
    assert_eq!(stand.connections(), 1);
}

/// PSH-08: every reason Apple documents, with its status.
#[tokio::test]
async fn every_reason_has_its_meaning() {
    #[derive(Debug, Clone, Copy)]
    enum Meant {
        Misconfigured,
        Defect,
        Later,
        Pause,
        Unwell,
    }
    use Meant::*;
    let (stand, _) = apple().await;
    let world = World::new();
    let provider = provider(&stand, &world);
    for (status, word, meant) in [
        (400, "BadCollapseId", Defect),
        (400, "BadDeviceToken", Misconfigured),
        (400, "BadExpirationDate", Defect),
        (400, "BadMessageId", Defect),
        (400, "BadPriority", Defect),
        (400, "BadTopic", Misconfigured),
        (400, "DeviceTokenNotForTopic", Misconfigured),
        (400, "DuplicateHeaders", Defect),
        (400, "IdleTimeout", Later),
        (400, "InvalidPushType", Defect),
        (400, "MissingDeviceToken", Defect),
        (400, "MissingTopic", Misconfigured),
        (400, "PayloadEmpty", Defect),
        (400, "TopicDisallowed", Misconfigured),
        (400, "BadEnvironmentKeyInToken", Misconfigured),
        (403, "BadCertificate", Misconfigured),
        (403, "BadCertificateEnvironment", Misconfigured),
        (403, "BadEnvironmentKeyInToken", Misconfigured),
        (403, "Forbidden", Misconfigured),
        (403, "InvalidProviderToken", Misconfigured),
        (403, "MissingProviderToken", Misconfigured),
        (403, "UnrelatedKeyIdInToken", Misconfigured),
        (404, "BadPath", Misconfigured),
        (405, "MethodNotAllowed", Defect),
        (413, "PayloadTooLarge", Defect),
        (429, "TooManyRequests", Later),
        (429, "TooManyProviderTokenUpdates", Pause),
        (500, "InternalServerError", Unwell),
        (503, "ServiceUnavailable", Unwell),
        (503, "Shutdown", Unwell),
    ] {
        stand.will(reason(status, word));
        let reply = provider.send(&world.ring(iphone(), LIFE), LIFE, PATIENCE).await;
        let fits = match (meant, &reply) {
            (Misconfigured, Reply::Misconfigured { why })
            | (Defect, Reply::Defect { why })
            | (Later, Reply::Later { after: None, why })
            | (Pause, Reply::Pause { why, .. })
            | (Unwell, Reply::Unwell { why }) => why.contains(word) && !why.contains("0123456789abcdef"),
            _ => false,
        };
        assert!(fits, "{status} {word} became {reply:?}");
    }
}

/// PSH-08: an address is dropped only where Apple speaks of a time when the phone had given it.
#[tokio::test]
async fn a_token_apple_forgot_is_gone_only_if_it_was_ours_by_then() {
    let (stand, _) = apple().await;
    let world = World::new();
    let provider = provider(&stand, &world);
    let mut ring = world.ring(iphone(), LIFE);
    let since = ring.since.0 / 1_000;
    ring.since = Timestamp(since * 1_000);
    for word in ["Unregistered", "ExpiredToken"] {
        for (timestamp, gone) in
            [(json!(since + 1), true), (json!(since), true), (json!(since - 1), false), (Value::Null, false)]
        {
            stand.will(Told::json(410, &json!({ "reason": word, "timestamp": timestamp })));
            let reply = provider.send(&ring, LIFE, PATIENCE).await;
            let as_of = timestamp.as_i64().map(|millis| Timestamp(millis * 1_000));
            assert_eq!(reply == Reply::Gone { as_of }, gone, "{word} {timestamp} became {reply:?}");
            assert!(gone || matches!(reply, Reply::Refused { .. }));
        }
    }
}

/// PSH-08: refresh once and retry.
#[tokio::test]
async fn a_token_apple_calls_expired_is_renewed_once_and_the_phone_is_rung() {
    let (stand, expired) = apple().await;
    let world = World::new();
    let provider = provider(&stand, &world);
    let send = || async { provider.send(&world.ring(iphone(), LIFE), LIFE, PATIENCE).await };
    assert_eq!(send().await, Reply::Taken);
    let tokens = |stand: &Stand| -> Vec<String> {
        stand.take_seen().iter().map(|seen| seen.header("authorization").replace("bearer ", "")).collect()
    };
    let first = tokens(&stand).remove(0);
    expired.lock().unwrap().insert(first.clone());
    assert_eq!(send().await, Reply::Taken);
    let [refused, second] = tokens(&stand).try_into().unwrap();
    assert!(refused == first && second != first);
    // A second one within minutes would be one too many: then the clock is wrong, and an administrator has to look.
    expired.lock().unwrap().insert(second);
    assert!(matches!(send().await, Reply::Misconfigured { .. }));
    assert_eq!(stand.take_seen().len(), 1);
    world.clock.advance(Duration::from_secs(45 * 60));
    assert_eq!(send().await, Reply::Taken);
}

/// PSH-08: GOAWAY, and a connection that is lost without a word.
#[tokio::test]
async fn a_connection_apple_closes_is_replaced_within_the_life_of_the_request() {
    let (stand, _) = apple().await;
    let mut world = World::new();
    let senders = Senders::start(settings(&stand, apns_section(&stand)), vapid(), ORIGIN, &world.ports).unwrap();
    senders.ring(world.ring(iphone(), LIFE)).unwrap();
    assert_eq!(world.came().await, Rung::Accepted);
    stand.go_away().await;
    senders.ring(world.ring(iphone(), LIFE)).unwrap();
    assert_eq!(world.came().await, Rung::Accepted);
    assert_eq!(stand.connections(), 2);
    stand.cut();
    senders.ring(world.ring(iphone(), LIFE)).unwrap();
    assert_eq!(world.came().await, Rung::Accepted);
    assert_eq!(stand.connections(), 3);
}

/// What comes from a device becomes part of a path.
#[tokio::test]
async fn only_hexadecimal_tokens_are_registered_or_sent() {
    let (stand, _) = apple().await;
    let mut world = World::new();
    let senders = Senders::start(settings(&stand, apns_section(&stand)), vapid(), ORIGIN, &world.ports).unwrap();
    for token in ["", "abcd", &"g".repeat(64), &"../".repeat(30), &"a".repeat(201), &format!("{}?x", "a".repeat(64))] {
        let address = PushAddress::Apns { token: token.to_owned() };
        senders.accepts(&address).unwrap_err();
        senders.ring(world.ring(address, LIFE)).unwrap();
        assert!(matches!(world.came().await, Rung::Failed { .. }));
    }
    assert_eq!(stand.connections(), 0);
}
