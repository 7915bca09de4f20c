//! PSH-05: an endpoint is text that somebody else chose, and nobody makes the gateway call addresses of their choice.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use vestibule_factors::push::{NotQueued, PushAddress, PushSender, Rung};

use super::stand::{Stand, Told};
use super::world::{ORIGIN, World, settings, subscribed, vapid, web_push_section};
use crate::Senders;
use crate::web_push::Browser;

const LIFE: Duration = Duration::from_secs(30);

async fn service() -> Stand {
    Stand::start(&["h2", "http/1.1"], |_| Told::status(201)).await
}

fn address(endpoint: &str) -> PushAddress {
    let browser = Browser::new();
    let (p256dh, auth) = (URL_SAFE_NO_PAD.encode(browser.public), URL_SAFE_NO_PAD.encode(browser.secret));
    PushAddress::WebPush { endpoint: endpoint.to_owned(), p256dh, auth }
}

#[tokio::test]
async fn out_of_the_box_only_the_browsers_makers_services_are_registered() {
    let stand = service().await;
    let world = World::new();
    let senders = Senders::start(settings(&stand, json!({})), vapid(), ORIGIN, &world.ports).unwrap();
    for endpoint in [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://jmt17.google.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://wns2-am3p.notify.windows.com/w/?token=abc",
        "https://web.push.apple.com/abc",
    ] {
        senders.accepts(&address(endpoint)).unwrap();
    }
    for endpoint in [
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://fcm.googleapis.com/x#fragment",
        "https://evil.example/fcm.googleapis.com",
        "https://127.0.0.1/x",
        "http://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:169.254.169.254]/x",
        "https://0x7f.1/x",
        "https://2130706433/x",
        "https://localhost/x",
        "file:///etc/passwd",
        "gopher://fcm.googleapis.com/x",
        "",
        "fcm.googleapis.com",
    ] {
        let refused = senders.accepts(&address(endpoint)).unwrap_err();
        assert!(matches!(refused, NotQueued::Refused { .. }), "{endpoint}");
        let told = refused.to_string();
        assert!(endpoint.is_empty() || !told.contains(endpoint), "the address is repeated: {told}");
    }
}

/// An allowed name that leads to a private address, as a name that is rebound would at the moment it is used.
#[tokio::test]
async fn an_allowed_name_that_leads_into_our_own_network_is_not_asked() {
    let stand = service().await;
    let mut world = World::new();
    let mut section = web_push_section(&stand);
    section["web_push"]["allow_private"] = json!(["10.0.0.0/8"]);
    let senders = Senders::start(settings(&stand, section), vapid(), ORIGIN, &world.ports).unwrap();
    let ring = world.ring(subscribed(&stand, &Browser::new()), LIFE);
    senders.accepts(&ring.address).unwrap();
    senders.ring(ring).unwrap();
    let Rung::Failed { why } = world.came().await else { panic!("it was rung") };
    assert!(why.contains("private addresses"), "{why}");
    assert_eq!(stand.connections(), 0);
}

#[tokio::test]
async fn an_allowed_private_address_written_out_needs_its_network_listed_too() {
    let stand = service().await;
    let world = World::new();
    let host = format!("127.0.0.1:{}", stand.port());
    let mut section = web_push_section(&stand);
    section["web_push"]["allowed_hosts"] = json!([host]);
    section["web_push"]["allow_private"] = json!([]);
    let senders = Senders::start(settings(&stand, section.clone()), vapid(), ORIGIN, &world.ports).unwrap();
    senders.accepts(&address(&format!("https://{host}/x"))).unwrap_err();
    section["web_push"]["allow_private"] = json!(["127.0.0.1"]);
    let senders = Senders::start(settings(&stand, section), vapid(), ORIGIN, &world.ports).unwrap();
    senders.accepts(&address(&format!("https://{host}/x"))).unwrap();
}

#[tokio::test]
async fn a_list_that_became_shorter_holds_for_phones_registered_before() {
    let stand = service().await;
    let mut world = World::new();
    let mut section = web_push_section(&stand);
    section["web_push"]["allowed_hosts"] = json!(["push.example.com"]);
    let senders = Senders::start(settings(&stand, section), vapid(), ORIGIN, &world.ports).unwrap();
    senders.ring(world.ring(subscribed(&stand, &Browser::new()), LIFE)).unwrap();
    assert!(matches!(world.came().await, Rung::Failed { .. }));
    assert_eq!(stand.connections(), 0);
}

/// An authority nobody added is not believed, even where the host is allowed.
#[tokio::test]
async fn a_service_with_a_certificate_of_nobody_we_know_is_told_nothing() {
    let stand = service().await;
    let mut world = World::new();
    let mut section = web_push_section(&stand);
    section["web_push"].as_object_mut().unwrap().remove("ca_file");
    let senders = Senders::start(settings(&stand, section), vapid(), ORIGIN, &world.ports).unwrap();
    senders.ring(world.ring(subscribed(&stand, &Browser::new()), Duration::from_millis(200))).unwrap();
    assert!(matches!(world.came().await, Rung::Failed { .. }));
    assert_eq!(stand.seen().len(), 0);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read() {
    let stand = service().await;
    let mut world = World::new();
    let senders = Senders::start(settings(&stand, web_push_section(&stand)), vapid(), ORIGIN, &world.ports).unwrap();
    stand.will(Told { endless: true, ..Told::status(201) });
    senders.ring(world.ring(subscribed(&stand, &Browser::new()), LIFE)).unwrap();
    assert_eq!(world.came().await, Rung::Accepted);
    let taken = stand.chunks() * 64;
    assert!(taken < 16 * 1024, "{taken} KiB were taken from an answer of which 4 KiB are read");
}

#[tokio::test]
async fn an_empty_list_of_hosts_turns_web_push_off() {
    let stand = service().await;
    let world = World::new();
    let section = json!({ "web_push": { "allowed_hosts": [] } });
    let senders = Senders::start(settings(&stand, section), vapid(), ORIGIN, &world.ports).unwrap();
    for refused in [
        senders.accepts(&address("https://fcm.googleapis.com/x")).unwrap_err(),
        senders.ring(world.ring(address("https://fcm.googleapis.com/x"), LIFE)).unwrap_err(),
    ] {
        assert!(matches!(refused, NotQueued::NotConfigured { provider: "Web Push" }));
    }
}
