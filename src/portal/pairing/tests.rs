use std::time::Duration;

use axum::http::StatusCode;
use vestibule_engine::{Method, Store as _, TokenKind};
use vestibule_factors::push::protocol::confirmation_code;
use vestibule_factors::push::take_away;

use super::*;
use crate::device_api::tests::world::{Phone, Twist, World, secret_of};

// QRL-07, OOB-09: our own address, an opaque secret of 256 bits, in a part that opening the link does not send.
#[tokio::test]
async fn link_is_our_own_and_its_secret_is_never_sent_by_opening_it() {
    let world = World::new();
    let ada = world.person("ada");
    let begun = world.pairing.begin(ada, world.session(ada)).await.unwrap();
    let (page, secret) = begun.link.split_once("#pair=").unwrap();
    assert_eq!(page, "https://login.example.com/authenticator/");
    assert_eq!(BASE64URL.decode(secret).unwrap().len(), 32);
    assert!(begun.qr.starts_with("<svg "));
    assert_eq!(begun.id.to_string().parse(), Ok(begun.id));
    assert!(!begun.id.to_string().contains(secret));
    assert_eq!("x".parse::<PairingId>(), Err(NoPairingId));
}

#[tokio::test]
async fn both_sides_show_the_same_code_and_the_person_confirms() {
    let world = World::new();
    let ada = world.person("ada");
    let session = world.session(ada);
    let begun = world.pairing.begin(ada, session).await.unwrap();
    let waiting = world.pairing.status(ada, session, begun.id).await.unwrap();
    assert!(matches!(waiting, PairingStatus::Waiting { link, qr, .. } if link == begun.link && qr == begun.qr));
    let mut phone = Phone::new("Pixel");
    let secret = secret_of(&begun.link);
    let (status, told) = world.register(&mut phone, &secret).await;
    assert_eq!(
        (status, told["status"].as_str(), told["account"].as_str()),
        (StatusCode::OK, Some("pending"), Some("ada"))
    );
    assert_eq!(told["gateway_key"], world.key.public_key().to_string());
    let on_phone = confirmation_code(&secret, phone.id, &phone.key.public_key(), &world.key.public_key());
    let status = world.pairing.status(ada, session, begun.id).await.unwrap();
    let PairingStatus::Confirm { device, code, label, platform, .. } = status else { panic!("not to be confirmed") };
    assert_eq!((device, code), (phone.id, Some(on_phone.to_string())));
    assert_eq!((label.as_str(), platform.as_str()), ("Pixel", "Android 16"));
    let done = world.pairing.confirm(ada, session, begun.id).await.unwrap();
    let PairingStatus::Done { device, totp: Some(totp) } = done else { panic!("not done") };
    assert_eq!(device, phone.id);
    let held = world.store.authenticators(ada).await.unwrap();
    let held: Vec<_> = held.into_iter().map(|one| (one.id, one.method, one.confirmed, one.label)).collect();
    assert!(held.contains(&(phone.id, Method::Push, true, "Pixel".into())));
    assert!(held.contains(&(totp, Method::Totp, true, "Pixel".into())));
    assert_eq!(held.len(), 2);
    // A page that is loaded again, and a second click.
    let again = world.pairing.confirm(ada, session, begun.id).await.unwrap();
    assert!(matches!(again, PairingStatus::Done { device, .. } if device == phone.id));
    let later = world.pairing.status(ada, session, begun.id).await.unwrap();
    assert!(matches!(later, PairingStatus::Done { device, .. } if device == phone.id));
    assert_eq!(world.store.events().iter().filter(|event| **event == "authenticator.confirmed").count(), 1);
    // OOB-12: whoever loses the phone loses the codes it shows.
    let lost = world.store.authenticator(phone.id).await.unwrap().unwrap();
    take_away(&*world.store, &lost, "test", world.clock.now()).await.unwrap();
    assert!(world.store.authenticators(ada).await.unwrap().is_empty());
}

#[tokio::test]
async fn codes_are_given_only_where_the_administrator_wants_it() {
    let world = World::with(Twist { without_codes: true, ..Twist::default() });
    let ada = world.person("ada");
    let begun = world.pairing.begin(ada, world.session(ada)).await.unwrap();
    let (_, told) = world.register(&mut Phone::new("Pixel"), &secret_of(&begun.link)).await;
    assert!(told["totp"].is_null());
}

// OOB-09, F13: two phones scan the same code.
#[tokio::test]
async fn of_two_phones_with_the_same_code_exactly_one_is_bound() {
    let world = World::new();
    let ada = world.person("ada");
    let session = world.session(ada);
    let begun = world.pairing.begin(ada, session).await.unwrap();
    let secret = secret_of(&begun.link);
    let (mut one, mut two) = (Phone::new("mine"), Phone::new("photographed"));
    let (first, second) = tokio::join!(world.register(&mut one, &secret), world.register(&mut two, &secret));
    let mut statuses = [first.0, second.0];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::NOT_FOUND]);
    let bound: Vec<_> = world.store.authenticators(ada).await.unwrap();
    assert_eq!(bound.len(), 1);
    let (third, problem) = world.register(&mut Phone::new("late"), &secret).await;
    assert_eq!((third, problem["code"].as_str()), (StatusCode::NOT_FOUND, Some("token")));
    let status = world.pairing.status(ada, session, begun.id).await.unwrap();
    assert!(matches!(status, PairingStatus::Confirm { device, .. } if device == bound[0].id));
}

// OOB-09
#[tokio::test(start_paused = true)]
async fn code_is_over_after_five_minutes_and_with_its_session() {
    let world = World::new();
    let ada = world.person("ada");
    let session = world.session(ada);
    let begun = world.pairing.begin(ada, session).await.unwrap();
    world.clock.pass(Duration::from_secs(301));
    assert_eq!(world.register(&mut Phone::new("x"), &secret_of(&begun.link)).await.0, StatusCode::NOT_FOUND);
    assert!(matches!(world.pairing.status(ada, session, begun.id).await.unwrap(), PairingStatus::Over));

    let begun = world.pairing.begin(ada, session).await.unwrap();
    world.store.drop_tokens(ada, TokenKind::Session).await.unwrap();
    assert_eq!(world.register(&mut Phone::new("x"), &secret_of(&begun.link)).await.0, StatusCode::NOT_FOUND);
    assert!(world.store.authenticators(ada).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nobody_else_and_no_other_session_sees_or_confirms_it() {
    let world = World::new();
    let (ada, eve) = (world.person("ada"), world.person("eve"));
    let (session, other, eves) = (world.session(ada), world.session(ada), world.session(eve));
    let begun = world.pairing.begin(ada, session).await.unwrap();
    for (user, session) in [(ada, other), (eve, eves), (eve, session)] {
        assert!(matches!(world.pairing.status(user, session, begun.id).await.unwrap(), PairingStatus::Over));
    }
    let mut phone = Phone::new("Pixel");
    world.register(&mut phone, &secret_of(&begun.link)).await;
    for (user, session) in [(ada, other), (eve, eves), (eve, session)] {
        assert!(matches!(world.pairing.status(user, session, begun.id).await.unwrap(), PairingStatus::Over));
        assert!(matches!(world.pairing.confirm(user, session, begun.id).await.unwrap(), PairingStatus::Over));
        world.pairing.refuse(user, session, begun.id).await.unwrap();
    }
    assert!(!world.store.authenticator(phone.id).await.unwrap().unwrap().confirmed);
}

#[tokio::test(start_paused = true)]
async fn refused_device_is_gone_and_cannot_be_confirmed_any_more() {
    let world = World::new();
    let ada = world.person("ada");
    let session = world.session(ada);
    let begun = world.pairing.begin(ada, session).await.unwrap();
    let mut phone = Phone::new("Pixel");
    world.register(&mut phone, &secret_of(&begun.link)).await;
    world.pairing.refuse(ada, session, begun.id).await.unwrap();
    assert!(world.store.authenticators(ada).await.unwrap().is_empty());
    assert!(matches!(world.pairing.confirm(ada, session, begun.id).await.unwrap(), PairingStatus::Over));
    assert_eq!(world.call(&phone, "GET", "/device/v1/account", "").await.0, StatusCode::UNAUTHORIZED);

    let begun = world.pairing.begin(ada, session).await.unwrap();
    world.pairing.refuse(ada, session, begun.id).await.unwrap();
    assert_eq!(world.register(&mut phone, &secret_of(&begun.link)).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn confirmed_device_outlives_a_refusal_that_comes_late() {
    let world = World::new();
    let ada = world.person("ada");
    let session = world.session(ada);
    let begun = world.pairing.begin(ada, session).await.unwrap();
    let mut phone = Phone::new("Pixel");
    world.register(&mut phone, &secret_of(&begun.link)).await;
    world.pairing.confirm(ada, session, begun.id).await.unwrap();
    world.pairing.refuse(ada, session, begun.id).await.unwrap();
    assert!(world.store.authenticator(phone.id).await.unwrap().unwrap().confirmed);
}

#[tokio::test(start_paused = true)]
async fn device_that_was_not_confirmed_in_time_is_removed_by_the_next_pairing() {
    let world = World::new();
    let ada = world.person("ada");
    let session = world.session(ada);
    let begun = world.pairing.begin(ada, session).await.unwrap();
    let mut phone = Phone::new("Pixel");
    world.register(&mut phone, &secret_of(&begun.link)).await;
    world.clock.pass(Duration::from_secs(601));
    assert!(matches!(world.pairing.confirm(ada, session, begun.id).await.unwrap(), PairingStatus::Over));
    world.pairing.begin(ada, session).await.unwrap();
    assert!(world.store.authenticator(phone.id).await.unwrap().is_none());
}

#[tokio::test]
async fn new_pairing_ends_the_one_before() {
    let world = World::new();
    let ada = world.person("ada");
    let session = world.session(ada);
    let first = world.pairing.begin(ada, session).await.unwrap();
    let second = world.pairing.begin(ada, session).await.unwrap();
    assert_eq!(world.register(&mut Phone::new("x"), &secret_of(&first.link)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.register(&mut Phone::new("y"), &secret_of(&second.link)).await.0, StatusCode::OK);
}

#[tokio::test]
async fn person_who_is_disabled_meanwhile_pairs_nothing() {
    let world = World::new();
    let ada = world.person("ada");
    let begun = world.pairing.begin(ada, world.session(ada)).await.unwrap();
    world.disable(ada);
    assert_eq!(world.register(&mut Phone::new("x"), &secret_of(&begun.link)).await.0, StatusCode::NOT_FOUND);
    assert!(world.store.authenticators(ada).await.unwrap().is_empty());
}

#[tokio::test]
async fn eleventh_phone_is_refused() {
    let world = World::new();
    let ada = world.person("ada");
    for _ in 0..DEVICES_MAX {
        world.phone(ada).await;
    }
    let refused = world.pairing.begin(ada, world.session(ada)).await;
    assert!(matches!(refused, Err(PairingFault::TooManyDevices)));
}

// The secret of a code that is shown is nobody's to read: not in what is kept in the open, not in what is printed.
#[tokio::test]
async fn secret_is_kept_by_its_digest() {
    let world = World::new();
    let ada = world.person("ada");
    let begun = world.pairing.begin(ada, world.session(ada)).await.unwrap();
    let secret = secret_of(&begun.link);
    let inner = world.store.lock();
    let token = inner.tokens.values().find(|token| token.kind == TokenKind::Pairing).unwrap();
    assert_eq!(token.digest, ring::digest::digest(&ring::digest::SHA256, secret.as_bytes()).as_ref());
    assert!(!format!("{token:?} {:?} {:?}", begun.id, inner.audit).contains(&secret));
}
