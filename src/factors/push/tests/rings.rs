//! Who is rung, and what becomes of it.

use std::sync::atomic::Ordering;

use vestibule_engine::{DeliveryState, DeviceMark, SecondFactor, SecretBytes, Store};

use super::*;

fn address() -> PushAddress {
    PushAddress::Fcm { token: "token-of-a-phone".into() }
}

async fn with_address(gateway: &Gateway, since: Timestamp) -> Phone {
    let phone = Phone::new();
    gateway.store.set_push(phone.id(), Some(address_secret(&address()).unwrap()), since).await.unwrap();
    phone
}

fn rung(gateway: &Gateway) -> Vec<(AuthenticatorId, Doorbell)> {
    gateway.ringer.rings.lock().unwrap().iter().map(|ring| (ring.device, ring.doorbell)).collect()
}

#[tokio::test]
async fn every_phone_with_an_address_is_rung_and_that_it_was_is_written_down() {
    let gateway = Gateway::new();
    let (one, two, silent) = (with_address(&gateway, NOW).await, with_address(&gateway, NOW).await, Phone::new());
    let mut pending = with_address(&gateway, NOW).await;
    pending.authenticator.confirmed = false;
    let with = [&one, &two, &silent, &pending].map(|phone| phone.authenticator.clone());
    gateway.push.start(&who(), &with, &shown()).await.unwrap();
    assert_eq!(rung(&gateway), [(one.id(), Doorbell::Asked), (two.id(), Doorbell::Asked)]);
    assert_eq!(gateway.store.states(), [DeliveryState::Queued; 2]);
    let ring = gateway.ringer.rings.lock().unwrap()[0].clone();
    assert_eq!((ring.attempt, ring.until, ring.since), (shown().attempt, shown().until, NOW));
    assert!(!format!("{ring:?}").contains("token-of-a-phone"), "an address is not for logs");
}

#[tokio::test]
async fn where_one_device_is_asked_the_others_stay_silent() {
    let gateway = Gateway::new();
    let (one, two) = (with_address(&gateway, NOW).await, with_address(&gateway, NOW).await);
    let only = Challenge { device: Some(two.id()), ..shown() };
    let with = [&one, &two].map(|phone| phone.authenticator.clone());
    gateway.push.start(&who(), &with, &only).await.unwrap();
    assert_eq!(rung(&gateway), [(two.id(), Doorbell::Asked)]);
}

/// PSH-12, OOB-11: a phone that cannot be rung still sees the request when its app is opened, and nothing else is let in.
#[tokio::test]
async fn a_login_goes_on_where_no_phone_can_be_rung() {
    let gateway = Gateway::with(Policy::Off, Ringer { is_full: true, ..Ringer::default() });
    let phone = with_address(&gateway, NOW).await;
    let with = [phone.authenticator.clone()];
    gateway.push.start(&who(), &with, &shown()).await.unwrap();
    assert_eq!(gateway.store.states(), [DeliveryState::Failed]);
    let trouble = DeviceMark::Trouble("the queue of web push is full".into());
    assert_eq!(*gateway.store.marks.lock().unwrap(), [(phone.id(), trouble)]);
    assert_eq!(gateway.push.requests(&phone.authenticator, &[shown()]).len(), 1);

    gateway.store.is_down.store(true, Ordering::SeqCst);
    gateway.push.start(&who(), &with, &shown()).await.unwrap();
    gateway.push.withdraw(&with, &shown()).await;
}

/// OOB-07
#[tokio::test]
async fn when_a_request_is_over_those_that_were_rung_and_have_not_answered_are_told() {
    let gateway = Gateway::new();
    let (one, answered) = (with_address(&gateway, NOW).await, with_address(&gateway, NOW).await);
    let with = [&one, &answered].map(|phone| phone.authenticator.clone());
    gateway.push.start(&who(), &with, &shown()).await.unwrap();
    let later = with_address(&gateway, NOW).await;
    let mut noted = gateway.store.deliveries(shown().attempt).await.unwrap()[1].clone();
    noted.state = DeliveryState::Answered;
    gateway.store.note_delivery(noted).await.unwrap();
    gateway.ringer.rings.lock().unwrap().clear();
    let with = [&one, &answered, &later].map(|phone| phone.authenticator.clone());
    *gateway.clock.0.lock().unwrap() = shown().until;
    gateway.push.withdraw(&with, &shown()).await;
    assert_eq!(rung(&gateway), [(one.id(), Doorbell::Over)]);
    assert!(gateway.ringer.rings.lock().unwrap()[0].until > shown().until, "late, and still worth telling");
}

async fn report(gateway: &Gateway, phone: &Phone, doorbell: Doorbell, since: Timestamp, came: Rung) {
    let (user, attempt, until) = (ada(), shown().attempt, shown().until);
    let ring = Ring { user, device: phone.id(), attempt, address: address(), since, doorbell, until };
    gateway.push.report(&ring, came).await;
}

async fn has_address(gateway: &Gateway, phone: &Phone) -> bool {
    gateway.store.device(phone.id()).await.unwrap().unwrap().push.is_some()
}

#[tokio::test]
async fn what_became_of_a_ring_is_written_down() {
    let gateway = Gateway::new();
    let phone = with_address(&gateway, NOW).await;
    report(&gateway, &phone, Doorbell::Asked, NOW, Rung::Accepted).await;
    report(&gateway, &phone, Doorbell::Asked, NOW, Rung::Failed { why: "too late".into() }).await;
    report(&gateway, &phone, Doorbell::Asked, NOW, Rung::Misconfigured { why: "wrong topic".into() }).await;
    report(&gateway, &phone, Doorbell::Over, NOW, Rung::Accepted).await;
    let states = [DeliveryState::Accepted, DeliveryState::Failed, DeliveryState::Failed];
    assert_eq!(gateway.store.states(), states, "that a request is over is no part of its history");
    let marks: Vec<_> = gateway.store.marks.lock().unwrap().iter().map(|(_, mark)| mark.clone()).collect();
    let trouble = |why: &str| DeviceMark::Trouble(why.into());
    assert_eq!(marks, [DeviceMark::Reached, trouble("too late"), trouble("wrong topic"), DeviceMark::Reached]);
    assert!(has_address(&gateway, &phone).await, "our own mistakes cost nobody their address (PSH-04)");
}

/// PSH-08: an address is forgotten only if it is the one that is gone.
#[tokio::test]
async fn an_address_that_is_gone_is_forgotten_and_a_younger_one_is_not() {
    let gateway = Gateway::new();
    let (before, after) = (NOW.before(Duration::from_secs(9)), NOW.after(Duration::from_secs(9)));
    let cases = [
        // (rung since, present since, as of, is kept)
        (NOW, NOW, None, false),
        (NOW, NOW, Some(after), false),
        (NOW, NOW, Some(before), true),
        (before, NOW, None, true),
        (before, NOW, Some(after), true),
    ];
    for (rung, present, as_of, is_kept) in cases {
        let phone = with_address(&gateway, present).await;
        report(&gateway, &phone, Doorbell::Asked, rung, Rung::Gone { as_of }).await;
        assert_eq!(has_address(&gateway, &phone).await, is_kept, "{as_of:?}");
    }
}

#[tokio::test]
async fn what_a_stranger_can_bring_about_is_logged_once_a_minute() {
    let seldom = reports::Seldom::default();
    assert!(seldom.may_say(NOW));
    assert!(!seldom.may_say(NOW.after(Duration::from_secs(59))));
    assert!(seldom.may_say(NOW.after(Duration::from_secs(60))));
    assert!(seldom.may_say(NOW), "a clock that was set back silences nobody");
}

#[tokio::test]
async fn all_nodes_have_the_key_that_was_kept_first() {
    let store = MemoryStore::default();
    let one = GatewayKey::kept(&store).await.unwrap();
    let two = GatewayKey::kept(&store).await.unwrap();
    assert_eq!(one.public_key(), two.public_key());
    two.public_key().verify(b"x", &one.sign(b"x").unwrap()).unwrap();
    store.keep("other", SecretBytes::new("no key")).await.unwrap();
    assert!(GatewayKey::from_pkcs8(&SecretBytes::new("no key")).is_err());
}

#[test]
fn where_a_phone_may_not_be_rung_it_is_refused() {
    let refused = Gateway::new().push.accepts(&address()).unwrap_err();
    assert_eq!(refused.to_string(), "the address is refused: its host is not on the list");
}
