//! Web Push at a stand-in that checks what real services check (TESTING: no TTL 400, no encoding 400, a long topic 400,
//! missing or foreign VAPID 401).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::json;
use vestibule_engine::Timestamp;
use vestibule_factors::push::{NotQueued, PushSender, Rung};

use super::stand::{Seen, Stand, Told};
use super::world::{ORIGIN, World, part, settings, subscribed, vapid, web_push_section};
use crate::http::{self, Guard, Versions};
use crate::provider::{Provider, Reply};
use crate::web_push::{Browser, WebPush};
use crate::{PushSettings, Senders, VapidKey};

const PATIENCE: Duration = Duration::from_secs(10);
const LIFE: Duration = Duration::from_secs(60);

/// As a push service would: 201, or what is wrong with the request.
fn checked(seen: &Seen, key: &str) -> Told {
    let topic = seen.header("topic");
    let topic_fits = topic.len() <= 32 && topic.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let ttl_fits = seen.header("ttl").parse::<u32>().is_ok();
    if !ttl_fits || !topic_fits || seen.header("content-encoding") != "aes128gcm" {
        return Told::status(400);
    }
    let vapid = seen.header("authorization").strip_prefix("vapid t=").and_then(|rest| rest.split_once(", k="));
    let Some((token, _)) = vapid.filter(|(_, given)| *given == key) else { return Told::status(401) };
    let (text, signature) = token.rsplit_once('.').unwrap();
    let verifying = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, URL_SAFE_NO_PAD.decode(key).unwrap());
    let signed = verifying.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).is_ok();
    let claims = part(token, 1);
    let host = seen.header("host").to_owned();
    let fits = claims["sub"].as_str().is_some_and(|sub| sub.starts_with("mailto:") || sub.starts_with("https:"))
        && (host.is_empty() || claims["aud"] == format!("https://{host}"));
    if !signed || !fits {
        return Told::status(403);
    }
    Told::status(if seen.body.len() > 4_096 { 413 } else { 201 })
}

async fn service() -> (Stand, VapidKey) {
    let key = vapid();
    let text = key.public_text();
    (Stand::start(&["http/1.1"], move |seen| checked(seen, &text)).await, key)
}

fn provider(settings: PushSettings, key: VapidKey, world: &World) -> WebPush {
    let settings = settings.web_push.unwrap();
    let guard = Guard::new(settings.permitted.clone(), None);
    let client = http::client(&settings.tls, Versions::Any, Some(guard), None).unwrap();
    WebPush::new(settings, client, key, ORIGIN, (world.ports.clock.clone(), world.ports.random.clone()))
}

/// PSH-02, PSH-03
#[tokio::test]
async fn a_browser_is_rung_as_the_standards_say_and_can_open_the_message() {
    let (stand, key) = service().await;
    let mut world = World::new();
    let browser = Browser::new();
    let senders = Senders::start(settings(&stand, web_push_section(&stand)), key, ORIGIN, &world.ports).unwrap();
    let ring = world.ring(subscribed(&stand, &browser), LIFE);
    senders.accepts(&ring.address).unwrap();
    senders.ring(ring.clone()).unwrap();
    assert_eq!(world.came().await, Rung::Accepted);

    let [seen] = stand.take_seen().try_into().unwrap();
    assert_eq!(seen.path, "/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV");
    let ttl: u64 = seen.header("ttl").parse().unwrap();
    assert!((1..=60).contains(&ttl), "the rest of the request's life, not {ttl}");
    assert_eq!(seen.header("urgency"), "high");
    assert_eq!(seen.header("topic").len(), 32);
    let token = seen.header("authorization").split_once("t=").unwrap().1.split_once(',').unwrap().0;
    let claims = part(token, 1);
    assert_eq!(claims["aud"], format!("https://localhost:{}", stand.port()));
    assert_eq!(claims["sub"], "mailto:security@example.com");
    let life = claims["exp"].as_i64().unwrap() - world.ports.clock.now().secs();
    assert!((11 * 3_600..=12 * 3_600).contains(&life), "{life}");

    let message: serde_json::Value = serde_json::from_slice(&browser.open(&seen.body)).unwrap();
    assert_eq!(
        message,
        json!({
            "web_push": 8030,
            "notification": {
                "title": "Sign-in request",
                "body": "Open to see who is asking.",
                "navigate": "https://login.example.com/authenticator/",
                "tag": "vestibule-request",
                "lang": "en",
                "dir": "auto",
            },
            "vestibule": {
                "attempt": ring.attempt.to_string(),
                "device": ring.device.to_string(),
                "state": "asked",
                "until": ring.until.0 / 1_000,
            },
        })
    );
    assert_eq!(senders.stop(PATIENCE).await, 0);
}

/// PSH-03: without a contact of its own, the portal is the contact.
#[tokio::test]
async fn without_a_contact_the_portal_is_named() {
    let (stand, key) = service().await;
    let world = World::new();
    let mut section = web_push_section(&stand);
    section["web_push"].as_object_mut().unwrap().remove("contact");
    let provider = provider(settings(&stand, section), key, &world);
    let ring = world.ring(subscribed(&stand, &Browser::new()), LIFE);
    assert_eq!(provider.send(&ring, LIFE, PATIENCE).await, Reply::Taken);
    let authorization = stand.seen()[0].header("authorization").to_owned();
    assert_eq!(part(authorization.split_once("t=").unwrap().1, 1)["sub"], ORIGIN);
}

/// PSH-03
#[tokio::test]
async fn one_token_serves_every_phone_at_the_same_service() {
    let (stand, key) = service().await;
    let world = World::new();
    let provider = provider(settings(&stand, web_push_section(&stand)), key, &world);
    for _ in 0..3 {
        let ring = world.ring(subscribed(&stand, &Browser::new()), LIFE);
        assert_eq!(provider.send(&ring, LIFE, PATIENCE).await, Reply::Taken);
    }
    let seen = stand.seen();
    assert_eq!(seen[0].header("ttl"), "60", "PSH-02: what is left of the request's life");
    assert!(seen.iter().all(|each| each.header("authorization") == seen[0].header("authorization")));
    // PSH-02: but never the same key and salt.
    assert_ne!(seen[0].body[..86], seen[1].body[..86]);
    assert_ne!(seen[0].header("topic"), seen[1].header("topic"));
}

/// PSH-04: every status with no Retry-After, with seconds and with a moment.
#[tokio::test]
async fn every_status_has_its_meaning() {
    #[derive(Clone, Copy)]
    enum Meant {
        Taken,
        Gone,
        Misconfigured,
        Defect,
        Refused,
        /// Later for this device.
        Later,
        /// Ill, or a pause for everybody where the service says how long.
        Ill,
    }
    use Meant::*;
    let (stand, key) = service().await;
    let world = World::new();
    let provider = provider(settings(&stand, web_push_section(&stand)), key, &world);
    let moment = |seconds: i64| {
        let at = time::OffsetDateTime::from_unix_timestamp(world.ports.clock.now().secs() + seconds).unwrap();
        let text = at.format(&time::format_description::well_known::Rfc2822).unwrap();
        text.replace("+0000", "GMT")
    };
    for (status, meant) in [
        (200, Taken),
        (201, Taken),
        (202, Taken),
        (204, Taken),
        (301, Refused),
        (302, Refused),
        (307, Refused),
        (308, Refused),
        (400, Misconfigured),
        (401, Misconfigured),
        (403, Misconfigured),
        (404, Gone),
        (410, Gone),
        (413, Defect),
        (405, Refused),
        (415, Refused),
        (406, Later),
        (408, Later),
        (429, Later),
        (500, Ill),
        (502, Ill),
        (503, Ill),
        (504, Ill),
    ] {
        for retry_after in [None, Some("7".to_owned()), Some(moment(7))] {
            let mut told = Told::status(status).with("location", stand.url("/elsewhere"));
            if let Some(value) = &retry_after {
                told = told.with("retry-after", value);
            }
            stand.will(told);
            let ring = world.ring(subscribed(&stand, &Browser::new()), LIFE);
            let reply = provider.send(&ring, LIFE, PATIENCE).await;
            let told_after = |after: Duration| after > Duration::from_secs(3) && after <= Duration::from_secs(7);
            let fits = match (meant, &reply) {
                (Taken, Reply::Taken)
                | (Gone, Reply::Gone { as_of: None })
                | (Misconfigured, Reply::Misconfigured { .. })
                | (Defect, Reply::Defect { .. })
                | (Refused, Reply::Refused { .. }) => true,
                (Later, Reply::Later { after, .. }) => {
                    after.is_some() == retry_after.is_some() && after.is_none_or(told_after)
                }
                (Ill, Reply::Pause { after, .. }) => retry_after.is_some() && told_after(*after),
                (Ill, Reply::Unwell { .. }) => retry_after.is_none(),
                _ => false,
            };
            assert!(fits, "{status} with Retry-After {retry_after:?} became {reply:?}");
        }
    }
    assert!(stand.seen().iter().all(|seen| seen.path.starts_with("/push/")), "PSH-04: a redirect was followed");
}

/// PSH-04: the word Apple gives helps an administrator; anything longer might be anything.
#[tokio::test]
async fn a_refusal_tells_the_services_word_and_never_the_address() {
    let (stand, key) = service().await;
    let world = World::new();
    let provider = provider(settings(&stand, web_push_section(&stand)), key, &world);
    for (body, word) in
        [(r#"{"reason":"BadJwtToken"}"#, true), ("BadJwtToken", true), ("see https://evil.example/ BadJwtToken", false)]
    {
        stand.will(Told { body: body.into(), ..Told::status(403) });
        let ring = world.ring(subscribed(&stand, &Browser::new()), LIFE);
        let Reply::Misconfigured { why } = provider.send(&ring, LIFE, PATIENCE).await else { panic!("{body}") };
        assert_eq!(why.contains("BadJwtToken"), word, "{why}");
        assert!(!why.contains("JzLQ3raZ") && !why.contains("localhost"), "{why}");
    }
}

/// A phone that gave a broken key or a strange endpoint hears so when it registers.
#[tokio::test]
async fn a_subscription_that_cannot_work_is_not_registered() {
    let (stand, key) = service().await;
    let world = World::new();
    let senders = Senders::start(settings(&stand, web_push_section(&stand)), key, ORIGIN, &world.ports).unwrap();
    let browser = Browser::new();
    let good = || (stand.url("/push/x"), URL_SAFE_NO_PAD.encode(browser.public), URL_SAFE_NO_PAD.encode([7; 16]));
    let accepts = |(endpoint, p256dh, auth): (String, String, String)| {
        senders.accepts(&vestibule_factors::push::PushAddress::WebPush { endpoint, p256dh, auth })
    };
    accepts(good()).unwrap();
    let mut off_curve = browser.public;
    off_curve[64] ^= 1;
    for p256dh in ["", "AAAA", &URL_SAFE_NO_PAD.encode(off_curve), &URL_SAFE_NO_PAD.encode([2; 65]), &"A".repeat(9_999)]
    {
        let refused = accepts((good().0, p256dh.to_owned(), good().2)).unwrap_err();
        assert!(matches!(refused, NotQueued::Refused { .. }), "{p256dh}");
    }
    for auth in ["", "AAAA", "not base64!", &URL_SAFE_NO_PAD.encode([7; 17])] {
        accepts((good().0, good().1, auth.to_owned())).unwrap_err();
    }
    accepts((stand.url(&format!("/{}", "x".repeat(3_000))), good().1, good().2)).unwrap_err();
    assert_eq!(stand.connections(), 0);
}

/// PSH-04, over the whole way: a request is sent again after the time the service asked for, and reported once.
#[tokio::test]
async fn a_service_that_asks_to_come_back_is_asked_again() {
    let (stand, key) = service().await;
    let mut world = World::new();
    let senders = Senders::start(settings(&stand, web_push_section(&stand)), key, ORIGIN, &world.ports).unwrap();
    stand.will(Told::status(503).with("retry-after", "0"));
    senders.ring(world.ring(subscribed(&stand, &Browser::new()), LIFE)).unwrap();
    assert_eq!(world.came().await, Rung::Accepted);
    assert_eq!(stand.seen().len(), 2);
    assert!(world.nothing_came());

    stand.will(Told::status(410));
    senders.ring(world.ring(subscribed(&stand, &Browser::new()), LIFE)).unwrap();
    assert_eq!(world.came().await, Rung::Gone { as_of: None });
    let late = world.ring(subscribed(&stand, &Browser::new()), Duration::ZERO);
    assert!(late.until <= Timestamp(world.ports.clock.now().0));
    senders.ring(late).unwrap();
    assert!(matches!(world.came().await, Rung::Failed { .. }), "nobody needs it any more");
    assert_eq!(stand.seen().len(), 3);
}
