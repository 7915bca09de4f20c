//! What is sealed, and with which key.

use vestibule_engine::{Method, SecretBytes, Store, StoreError, TokenKind, Transition};

use super::on_both;
use crate::tests::places::*;
use crate::{Keyring, OpenError, Opening};

on_both!(
    a_secret_moved_to_another_row_does_not_open,
    a_wrong_master_key_is_refused_before_anything_is_written,
    everything_is_sealed_anew_and_the_old_key_is_not_needed_any_more,
    a_rotation_that_was_interrupted_goes_on_where_it_stopped,
    a_newer_schema_is_refused,
    nothing_is_made_where_something_should_be,
    a_node_name_is_checked,
);

/// OTP-09
async fn a_secret_moved_to_another_row_does_not_open(place: &Place) {
    let store = place.open().await;
    let alice = alice(&store).await;
    let carol = store.create_user(new_user("carol"), "admin", NOW).await.unwrap();
    let dave = store.create_user(new_user("dave"), "admin", NOW).await.unwrap();
    let [one, other] = [alice.id, carol.id];
    let [mine, theirs] = [enrolled(&store, one, Method::Totp).await, enrolled(&store, other, Method::Totp).await];
    assert_eq!(store.authenticators(one).await.unwrap().len(), 1);
    place.meddle(&format!(
        "UPDATE authenticators SET secret = (SELECT a.secret FROM authenticators a WHERE a.id = '{theirs}') \
         WHERE id = '{mine}'"
    ));
    assert!(matches!(store.authenticators(one).await.unwrap_err(), StoreError::Damaged { .. }));
    assert!(store.authenticators(other).await.is_ok());
    // The same secret, given to another user as it is.
    place.meddle(&format!("UPDATE authenticators SET user_id = '{one}' WHERE id = '{theirs}'"));
    assert!(store.authenticators(one).await.is_err());

    place.meddle(&format!(
        "UPDATE users SET password_hash = (SELECT u.password_hash FROM users u WHERE u.id = '{}') WHERE id = '{}'",
        dave.id, carol.id
    ));
    assert!(matches!(store.local_account("carol").await.unwrap_err(), StoreError::Damaged { .. }));
    assert!(store.local_account("dave").await.is_ok());
}

async fn a_wrong_master_key_is_refused_before_anything_is_written(place: &Place) {
    place.open().await.close().await;
    let refused = place.try_open(keyring(2), NODE, Opening::Existing).await.unwrap_err();
    let OpenError::WrongKey { wanted, have, .. } = &refused else { panic!("{refused}") };
    assert_eq!((wanted, have), (&keyring(1).key_id(), &keyring(2).key_id()));
    place.try_open(keyring(1), NODE, Opening::Existing).await.unwrap();
}

/// OPS-08
async fn everything_is_sealed_anew_and_the_old_key_is_not_needed_any_more(place: &Place) {
    let store = place.open().await;
    let user = store.create_user(new_user("carol"), "admin", NOW).await.unwrap();
    for _ in 0..3 {
        enrolled(&store, user.id, Method::Totp).await;
    }
    let open = Transition { to: Some(open_position(Some(user.id))), ..decided(Some(user.id)) };
    let attempt = open.attempt;
    store.commit(open).await.unwrap();
    let ringing = rings(user.id, "radius/vpn", 1, 1);
    store.commit(ringing.clone()).await.unwrap();
    let phone = enrolled(&store, user.id, Method::Push).await;
    store.set_push(phone, Some(SecretBytes::new("canary-push")), NOW).await.unwrap();
    for (number, kind) in [(1, TokenKind::Session), (1, TokenKind::Pairing), (2, TokenKind::Session)] {
        store.put_token(token(kind, number, Some(user.id))).await.unwrap();
    }
    store.put_token(token(TokenKind::Pairing, 3, None)).await.unwrap();
    store.keep("gateway-key", SecretBytes::new("canary-kept")).await.unwrap();
    store.close().await;

    let key = |octet| SecretBytes::new(vec![octet; 32]);
    let both = Keyring::new(&key(2), &[key(1)]).unwrap();
    let store = place.try_open(both, NODE, Opening::Existing).await.unwrap();
    // Four authenticators, a password, two logins, an address, four tokens, a key.
    assert_eq!(store.rotate("admin", NOW).await.unwrap(), 13);
    assert_eq!(store.rotate("admin", NOW).await.unwrap(), 0);
    store.close().await;

    let store = place.try_open(keyring(2), NODE, Opening::Existing).await.unwrap();
    assert_eq!(store.authenticators(user.id).await.unwrap()[0].secret.expose(), b"canary-seed");
    assert!(store.local_account("carol").await.unwrap().unwrap().password_hash.is_some());
    assert!(store.attempt(attempt).await.unwrap().is_some());
    assert_eq!(store.ringing(user.id, NOW).await.unwrap()[0].id, ringing.attempt);
    assert_eq!(store.device(phone).await.unwrap().unwrap().push.unwrap().expose(), b"canary-push");
    assert_eq!(store.tokens_of(user.id, TokenKind::Session, NOW).await.unwrap().len(), 2);
    for number in [1, 3] {
        let taken = store.take_token(TokenKind::Pairing, &[number; 32], NOW).await.unwrap().unwrap();
        assert_eq!(taken.payload.expose(), b"canary-token");
    }
    assert_eq!(store.kept("gateway-key").await.unwrap().unwrap().expose(), b"canary-kept");
    assert!(is_done(&store.commit(decided(None)).await.unwrap()));
    assert!(store.audit_verify().await.unwrap().problem.is_none());
    let told = store.audit_tail(3, None).await.unwrap();
    assert_eq!(told[0].record.event.id(), "key.rotated");
    store.close().await;
    assert!(matches!(
        place.try_open(keyring(1), NODE, Opening::Existing).await.unwrap_err(),
        OpenError::WrongKey { .. }
    ));
}

/// OPS-08
async fn a_rotation_that_was_interrupted_goes_on_where_it_stopped(place: &Place) {
    let store = place.open().await;
    let mut users = Vec::new();
    for number in 0..10 {
        let user = store.adopt(&person(&format!("user{number}")), NOW).await.unwrap().id;
        for _ in 0..25 {
            enrolled(&store, user, Method::Totp).await;
        }
        users.push(user);
    }
    store.close().await;

    let key = |octet| SecretBytes::new(vec![octet; 32]);
    let both = || Keyring::new(&key(2), &[key(1)]).unwrap();
    let store = place.try_open(both(), NODE, Opening::Existing).await.unwrap();
    let batch = crate::change::Change::Reseal(crate::rotation::Column::Authenticators);
    let done = store.change("test", batch, "admin", NOW).await.unwrap();
    assert!(matches!(done, crate::change::Outcome::Count(200)), "{done:?}");
    drop(store);

    let store = place.try_open(both(), NODE, Opening::Existing).await.unwrap();
    for user in &users {
        assert_eq!(store.authenticators(*user).await.unwrap().len(), 25, "all of them open half-way");
    }
    assert_eq!(store.rotate("admin", NOW).await.unwrap(), 50);
    store.close().await;
    let store = place.try_open(keyring(2), NODE, Opening::Existing).await.unwrap();
    assert_eq!(store.authenticators(users[9]).await.unwrap().len(), 25);
}

async fn a_newer_schema_is_refused(place: &Place) {
    place.open().await.close().await;
    place.meddle("UPDATE meta SET value = '9' WHERE name = 'schema'");
    let refused = place.try_open(keyring(1), NODE, Opening::Create).await.unwrap_err();
    assert!(matches!(refused, OpenError::NewerSchema { found: 9, .. }), "{refused}");
    assert!(refused.to_string().contains("install the version"));
}

async fn nothing_is_made_where_something_should_be(place: &Place) {
    let refused = place.try_open(keyring(1), NODE, Opening::Existing).await.unwrap_err();
    assert!(matches!(refused, OpenError::Missing(_)), "{refused}");
    place.open().await.close().await;
    let again = place.try_open(keyring(1), NODE, Opening::Existing).await.unwrap();
    let deployment = again.deployment().to_owned();
    again.close().await;
    assert_eq!(place.open().await.deployment(), deployment, "what is there is opened, not made anew");
}

async fn a_node_name_is_checked(place: &Place) {
    for name in ["", "a b", "ä", "{", &"x".repeat(65)] {
        let refused = place.try_open(keyring(1), name, Opening::Create).await.unwrap_err();
        assert!(matches!(refused, OpenError::NodeName(_)), "{refused}");
    }
}
