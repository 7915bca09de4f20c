//! Devices: what changes of them, where they are rung, how far a request got.

use uuid::Uuid;
use vestibule_engine::{
    AttemptId, AuthenticatorId, Delivery, DeliveryState, DeviceMark, Ended, Method, Position, SecretBytes, Store,
    StoreError, Timestamp, Transition, UserId,
};

use super::on_both;
use crate::tests::places::*;

on_both!(
    an_authenticator_is_read_renamed_and_resealed,
    one_authenticator_at_most_is_asked_first,
    a_device_is_known_once_it_was_heard_of,
    a_device_that_polls_is_written_down_now_and_then,
    what_was_wrong_is_forgotten_when_the_device_is_reached,
    an_address_that_was_replaced_meanwhile_is_not_dropped,
    an_address_of_another_device_or_of_before_does_not_open,
    a_device_that_is_gone_leaves_nothing_and_is_not_made,
    each_step_of_a_request_is_noted_once_with_its_record,
    deliveries_are_swept_with_their_attempts,
);

fn address(text: &str) -> Option<SecretBytes> {
    Some(SecretBytes::new(text))
}

async fn an_authenticator_is_read_renamed_and_resealed(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let phone = enrolled(&store, user, Method::Push).await;
    store.label_authenticator(phone, "Alice's telephone", "alice", NOW).await.unwrap();
    store.reseal_authenticator(phone, SecretBytes::new("another key"), NOW).await.unwrap();
    store.close().await;
    let store = place.open().await;
    let found = store.authenticator(phone).await.unwrap().unwrap();
    assert_eq!(
        (found.label.as_str(), found.secret.expose(), found.user),
        ("Alice's telephone", &b"another key"[..], user)
    );
    assert_eq!((found.high_water, found.confirmed, found.preferred), (100, true, false));
    let told = store.audit_tail(2, Some(user)).await.unwrap();
    let told: Vec<_> = told.iter().map(|line| serde_json::to_value(&line.record.event).unwrap()).collect();
    let expected = |what: &str, by: &str| {
        serde_json::json!(
            {"event": "authenticator.changed", "user": user, "authenticator": phone, "what": what, "by": by}
        )
    };
    assert_eq!(told, [expected("label", "alice"), expected("key", "device")]);

    let gone = AuthenticatorId(Uuid::new_v4());
    assert!(store.authenticator(gone).await.unwrap().is_none());
    assert!(matches!(store.label_authenticator(gone, "x", "alice", NOW).await, Err(StoreError::Refused(_))));
    assert!(matches!(store.reseal_authenticator(gone, SecretBytes::new("x"), NOW).await, Err(StoreError::Refused(_))));
}

async fn one_authenticator_at_most_is_asked_first(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let bob = store.adopt(&person("bob"), NOW).await.unwrap().id;
    let [one, other] = [enrolled(&store, user, Method::Push).await, enrolled(&store, user, Method::Totp).await];
    let of_bob = enrolled(&store, bob, Method::Push).await;
    let preferred = async |user: UserId| {
        let held = store.authenticators(user).await.unwrap();
        held.into_iter().filter(|one| one.preferred).map(|one| one.id).collect::<Vec<_>>()
    };
    for (wanted, records) in [(Some(one), 1), (Some(one), 0), (Some(other), 2), (None, 1), (None, 0), (Some(one), 1)] {
        let before = audit_lines(&store).await;
        store.prefer_authenticator(user, wanted, NOW).await.unwrap();
        assert_eq!(preferred(user).await, Vec::from_iter(wanted));
        assert_eq!(audit_lines(&store).await - before, records, "{wanted:?}");
    }
    let refused = store.prefer_authenticator(user, Some(of_bob), NOW).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!((preferred(user).await, preferred(bob).await), (vec![one], vec![]));
}

async fn a_device_is_known_once_it_was_heard_of(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let [one, other] = [enrolled(&store, user, Method::Push).await, enrolled(&store, user, Method::Push).await];
    assert!(store.devices(user).await.unwrap().is_empty() && store.device(one).await.unwrap().is_none());
    store.set_push(one, address("canary-push"), NOW).await.unwrap();
    store.mark_device(one, DeviceMark::Shown, after(10)).await.unwrap();
    store.mark_device(one, DeviceMark::Answered, after(20)).await.unwrap();
    store.mark_device(other, DeviceMark::Seen, after(5)).await.unwrap();
    store.close().await;
    let store = place.open().await;
    let known = store.devices(user).await.unwrap();
    assert_eq!(known.len(), 2);
    let device = store.device(one).await.unwrap().unwrap();
    assert_eq!((device.push.unwrap().expose(), device.push_since), (&b"canary-push"[..], Some(NOW)));
    assert_eq!(
        (device.last_seen, device.last_shown, device.last_answered),
        (Some(after(20)), Some(after(10)), Some(after(20)))
    );
    let device = store.device(other).await.unwrap().unwrap();
    assert_eq!((device.last_seen, device.last_shown, device.push.is_some()), (Some(after(5)), None, false));
    // Another node's clock is a little behind.
    store.mark_device(one, DeviceMark::Shown, after(9)).await.unwrap();
    let device = store.device(one).await.unwrap().unwrap();
    assert_eq!((device.last_seen, device.last_shown), (Some(after(20)), Some(after(10))));
    store.set_push(one, None, after(30)).await.unwrap();
    let device = store.device(one).await.unwrap().unwrap();
    assert_eq!((device.push.is_some(), device.push_since), (false, None));
}

async fn a_device_that_polls_is_written_down_now_and_then(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let phone = enrolled(&store, user, Method::Push).await;
    for (second, seen) in [(0, 0), (1, 0), (29, 0), (30, 30), (31, 30), (90, 90)] {
        store.mark_device(phone, DeviceMark::Seen, after(second)).await.unwrap();
        assert_eq!(store.device(phone).await.unwrap().unwrap().last_seen, Some(after(seen)), "at {second}");
    }
}

async fn what_was_wrong_is_forgotten_when_the_device_is_reached(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let phone = enrolled(&store, user, Method::Push).await;
    let trouble = async || store.device(phone).await.unwrap().and_then(|device| device.trouble);
    store.mark_device(phone, DeviceMark::Reached, NOW).await.unwrap();
    assert!(store.device(phone).await.unwrap().is_none(), "nothing was wrong");
    let why = || DeviceMark::Trouble("the push service is away".into());
    store.mark_device(phone, why(), NOW).await.unwrap();
    assert_eq!(trouble().await.as_deref(), Some("the push service is away"));
    store.mark_device(phone, DeviceMark::Reached, NOW).await.unwrap();
    assert_eq!(trouble().await, None);
    store.mark_device(phone, why(), NOW).await.unwrap();
    store.set_push(phone, address("new"), NOW).await.unwrap();
    assert_eq!(trouble().await, None, "of a new address nothing is known");
    store.mark_device(phone, DeviceMark::Trouble("ä".repeat(400)), NOW).await.unwrap();
    assert_eq!(trouble().await.unwrap().len(), 500);
}

/// PSH-08
async fn an_address_that_was_replaced_meanwhile_is_not_dropped(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let phone = enrolled(&store, user, Method::Push).await;
    store.drop_push(phone, after(100), "gone").await.unwrap();
    assert!(store.device(phone).await.unwrap().is_none(), "there was nothing to drop");
    store.set_push(phone, address("one"), after(10)).await.unwrap();
    store.drop_push(phone, after(9), "gone").await.unwrap();
    let device = store.device(phone).await.unwrap().unwrap();
    assert_eq!((device.push.unwrap().expose(), device.trouble), (&b"one"[..], None));
    store.drop_push(phone, after(10), "the push service knows it no more").await.unwrap();
    let device = store.device(phone).await.unwrap().unwrap();
    assert_eq!((device.push.is_some(), device.push_since), (false, None));
    assert_eq!(device.trouble.as_deref(), Some("the push service knows it no more"));
    store.set_push(phone, address("two"), after(20)).await.unwrap();
    assert_eq!(store.device(phone).await.unwrap().unwrap().push.unwrap().expose(), b"two");
}

/// OPS-08
async fn an_address_of_another_device_or_of_before_does_not_open(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let [one, other] = [enrolled(&store, user, Method::Push).await, enrolled(&store, user, Method::Push).await];
    store.set_push(one, address("one"), NOW).await.unwrap();
    store.set_push(other, address("other"), NOW).await.unwrap();
    place.meddle(&format!("UPDATE devices SET push_since = push_since + 1 WHERE id = '{other}'"));
    assert!(matches!(store.device(other).await, Err(StoreError::Damaged { .. })));
    assert!(store.device(one).await.unwrap().unwrap().push.is_some());
    place.meddle(&format!(
        "UPDATE devices SET push_since = push_since - 1, push = (SELECT d.push FROM devices d WHERE d.id = '{one}') \
         WHERE id = '{other}'"
    ));
    assert!(matches!(store.devices(user).await, Err(StoreError::Damaged { .. })));
}

async fn a_device_that_is_gone_leaves_nothing_and_is_not_made(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let phone = enrolled(&store, user, Method::Push).await;
    store.set_push(phone, address("one"), NOW).await.unwrap();
    store.remove_authenticator(phone, "admin", NOW).await.unwrap();
    let refused = store.set_push(phone, address("two"), NOW).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    for mark in [DeviceMark::Seen, DeviceMark::Shown, DeviceMark::Trouble("x".into()), DeviceMark::Reached] {
        store.mark_device(phone, mark, NOW).await.unwrap();
    }
    store.drop_push(phone, after(9), "gone").await.unwrap();
    assert!(store.device(phone).await.unwrap().is_none() && store.devices(user).await.unwrap().is_empty());
}

fn delivery(
    attempt: AttemptId,
    user: UserId,
    device: AuthenticatorId,
    state: DeliveryState,
    at: Timestamp,
) -> Delivery {
    Delivery { attempt, user, authenticator: device, state, at }
}

async fn each_step_of_a_request_is_noted_once_with_its_record(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let [one, other] = [enrolled(&store, user, Method::Push).await, enrolled(&store, user, Method::Push).await];
    let attempt = attempt_id();
    let before = audit_lines(&store).await;
    let steps = [
        (one, DeliveryState::Queued, 0, true),
        (one, DeliveryState::Shown, 3, true),
        (one, DeliveryState::Accepted, 3, true),
        (one, DeliveryState::Shown, 4, false),
        (other, DeliveryState::Queued, 1, true),
        (one, DeliveryState::Queued, 9, false),
    ];
    for (device, state, second, is_new) in steps {
        let noted = store.note_delivery(delivery(attempt, user, device, state, after(second))).await.unwrap();
        assert_eq!(noted, is_new, "{state:?}");
    }
    let expected = [
        (one, DeliveryState::Queued, 0),
        (other, DeliveryState::Queued, 1),
        (one, DeliveryState::Accepted, 3),
        (one, DeliveryState::Shown, 3),
    ];
    let expected = expected.map(|(device, state, second)| delivery(attempt, user, device, state, after(second)));
    assert_eq!(store.deliveries(attempt).await.unwrap(), expected);
    assert!(store.deliveries(attempt_id()).await.unwrap().is_empty());
    assert_eq!(audit_lines(&store).await, before + 4);
    let told = &store.audit_tail(1, Some(user)).await.unwrap()[0].record;
    assert_eq!(
        serde_json::to_value(&told.event).unwrap(),
        serde_json::json!({"event": "push.delivery", "attempt": attempt, "user": user, "authenticator": one, "state": "accepted"})
    );
    assert_eq!(told.at, after(3));
}

async fn deliveries_are_swept_with_their_attempts(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let phone = enrolled(&store, user, Method::Push).await;
    let (begin, other) = (rings(user, "radius/vpn", 9, 9), rings(user, "radius/vpn", 9, 9));
    for change in [&begin, &other] {
        store.commit(change.clone()).await.unwrap();
        let noted = delivery(change.attempt, user, phone, DeliveryState::Queued, NOW);
        assert!(store.note_delivery(noted).await.unwrap());
    }
    let end = Position::Ended(Ended { allowed: true, payload: SecretBytes::new("end") });
    store.commit(Transition { from: Some(1), to: Some(end), ..Transition::new(begin.attempt, NOW) }).await.unwrap();
    store.sweep(after(20), NOW).await.unwrap();
    assert!(store.deliveries(begin.attempt).await.unwrap().is_empty());
    assert_eq!(store.deliveries(other.attempt).await.unwrap().len(), 1, "of one that is there");
    let late = delivery(begin.attempt, user, phone, DeliveryState::Shown, after(30));
    assert!(store.note_delivery(late).await.unwrap());
    store.delete_user(user, "admin", NOW).await.unwrap();
    assert!(store.deliveries(other.attempt).await.unwrap().is_empty());
    store.sweep(after(31), NOW).await.unwrap();
    assert!(store.deliveries(begin.attempt).await.unwrap().is_empty());
}
