//! What holders of a secret may do, and what is kept for all gateways.

use vestibule_engine::{SecretBytes, Store, StoreError, Token, TokenKind, UserChange};

use super::on_both;
use crate::tests::places::*;

on_both!(
    a_token_is_found_by_its_kind_and_digest_until_it_is_over,
    a_token_stands_once,
    of_a_hundred_takers_one_gets_the_token,
    a_token_is_changed_while_it_is_there,
    who_writes_to_the_database_makes_and_prolongs_no_token,
    tokens_of_a_user_are_listed_and_dropped_by_kind,
    who_is_disabled_or_gets_a_new_password_is_signed_out,
    nobody_is_signed_in_who_is_disabled_or_gone,
    a_token_that_does_not_open_stops_no_login,
    what_is_over_is_swept,
    what_is_kept_is_kept_once,
    what_is_too_large_is_refused,
);

const KIND: TokenKind = TokenKind::Session;

async fn a_token_is_found_by_its_kind_and_digest_until_it_is_over(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    store.put_token(token(KIND, 1, Some(user))).await.unwrap();
    store.put_token(token(TokenKind::Pairing, 2, None)).await.unwrap();
    store.close().await;
    let store = place.open().await;
    let found = store.token(KIND, &[1; 32], NOW).await.unwrap().unwrap();
    assert_eq!((found.kind, found.digest, found.user), (KIND, [1; 32], Some(user)));
    assert_eq!((found.created, found.expires, found.payload.expose()), (NOW, after(600), &b"canary-token"[..]));
    assert!(store.token(TokenKind::Pairing, &[2; 32], after(599)).await.unwrap().unwrap().user.is_none());
    assert!(store.token(KIND, &[1; 32], after(600)).await.unwrap().is_none());
    assert!(store.token(TokenKind::SigningIn, &[1; 32], NOW).await.unwrap().is_none());
    assert!(store.token(KIND, &[3; 32], NOW).await.unwrap().is_none());
    assert!(store.take_token(KIND, &[1; 32], after(600)).await.unwrap().is_none());
    assert!(store.take_token(KIND, &[1; 32], NOW).await.unwrap().is_some());
    assert!(store.token(KIND, &[1; 32], NOW).await.unwrap().is_none());
}

async fn a_token_stands_once(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    store.put_token(token(KIND, 1, Some(user))).await.unwrap();
    let again = store.put_token(Token { user: None, ..token(KIND, 1, None) }).await;
    assert!(matches!(again, Err(StoreError::Refused(_))), "{again:?}");
    assert_eq!(store.token(KIND, &[1; 32], NOW).await.unwrap().unwrap().user, Some(user));
    store.put_token(token(TokenKind::Paired, 1, None)).await.unwrap();
}

/// OOB-09
async fn of_a_hundred_takers_one_gets_the_token(place: &Place) {
    let store = place.open().await;
    store.put_token(token(TokenKind::Pairing, 1, None)).await.unwrap();
    let mut takers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let store = store.clone();
        takers.spawn(async move { store.take_token(TokenKind::Pairing, &[1; 32], NOW).await.unwrap() });
    }
    assert_eq!(takers.join_all().await.iter().flatten().count(), 1);
}

async fn a_token_is_changed_while_it_is_there(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let change = async |payload: &str, expires| {
        store.change_token(KIND, &[1; 32], SecretBytes::new(payload), expires).await.unwrap()
    };
    assert!(!change("none", after(700)).await);
    store.put_token(token(KIND, 1, Some(user))).await.unwrap();
    assert!(change("changed", after(900)).await);
    let found = store.token(KIND, &[1; 32], after(800)).await.unwrap().unwrap();
    assert_eq!((found.payload.expose(), found.created, found.expires), (&b"changed"[..], NOW, after(900)));
    store.take_token(KIND, &[1; 32], NOW).await.unwrap().unwrap();
    assert!(!change("late", after(900)).await);
    assert!(store.token(KIND, &[1; 32], NOW).await.unwrap().is_none());
}

/// SES-01, OPS-08
async fn who_writes_to_the_database_makes_and_prolongs_no_token(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let bob = store.adopt(&person("bob"), NOW).await.unwrap().id;
    let set = |what: &str, value: String| format!("UPDATE tokens SET {what} = {value}");
    let meddlings = [
        set("expires", format!("{}", after(60_000).0)),
        set("created", format!("{}", after(1).0)),
        set("user_id", format!("'{bob}'")),
        set("user_id", "NULL".to_owned()),
        set("kind", "'session'".to_owned()),
    ];
    for (number, meddling) in (1..).zip(meddlings) {
        store.put_token(token(TokenKind::SigningIn, number, Some(user))).await.unwrap();
        place.meddle(&meddling);
        for kind in [TokenKind::SigningIn, KIND] {
            let found = store.token(kind, &[number; 32], NOW).await;
            assert!(matches!(found, Ok(None) | Err(StoreError::Damaged { .. })), "{meddling}: {found:?}");
            let taken = store.take_token(kind, &[number; 32], NOW).await;
            assert!(matches!(taken, Ok(None) | Err(StoreError::Damaged { .. })), "{meddling}: {taken:?}");
            let changed = store.change_token(kind, &[number; 32], SecretBytes::new("mine"), after(1)).await;
            assert!(matches!(changed, Ok(false) | Err(StoreError::Damaged { .. })), "{meddling}: {changed:?}");
        }
        place.meddle("DELETE FROM tokens");
    }
}

async fn tokens_of_a_user_are_listed_and_dropped_by_kind(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let bob = store.adopt(&person("bob"), NOW).await.unwrap().id;
    for (number, who, kind) in
        [(1, user, KIND), (2, user, KIND), (3, user, TokenKind::Pairing), (4, bob, KIND), (5, user, KIND)]
    {
        let (created, expires) = (after(u64::from(10 - number)), after(if number == 5 { 20 } else { 600 }));
        store.put_token(Token { created, expires, ..token(kind, number, Some(who)) }).await.unwrap();
    }
    let listed = async |who, kind| {
        let found = store.tokens_of(who, kind, after(20)).await.unwrap();
        found.iter().map(|token| token.digest[0]).collect::<Vec<_>>()
    };
    assert_eq!(listed(user, KIND).await, [2, 1], "the oldest first, and none that is over");
    assert_eq!(store.drop_tokens(user, KIND).await.unwrap(), 3);
    assert!(listed(user, KIND).await.is_empty());
    assert_eq!(listed(user, TokenKind::Pairing).await, [3]);
    assert_eq!(listed(bob, KIND).await, [4]);
    store.delete_user(bob, "admin", NOW).await.unwrap();
    assert!(store.token(KIND, &[4; 32], NOW).await.unwrap().is_none(), "they go with their user");
}

/// SES-03
async fn who_is_disabled_or_gets_a_new_password_is_signed_out(place: &Place) {
    let store = place.open().await;
    let user = store.create_user(new_user("carol"), "admin", NOW).await.unwrap().id;
    let kinds = [TokenKind::Session, TokenKind::SigningIn, TokenKind::Pairing];
    let changes = [UserChange::PasswordHash(SecretBytes::new("$argon2id$another")), UserChange::Enabled(false)];
    for (change, left) in changes.into_iter().zip([[0, 0, 1], [0, 0, 0]]) {
        for (number, kind) in (1..).zip(kinds) {
            drop(store.put_token(token(kind, number, Some(user))).await);
        }
        store.change_user(user, change, "admin", NOW).await.unwrap();
        for (kind, left) in kinds.into_iter().zip(left) {
            assert_eq!(store.tokens_of(user, kind, NOW).await.unwrap().len(), left, "{kind:?}");
        }
        let told = store.audit_tail(1, None).await.unwrap();
        assert_eq!(told[0].record.event.id(), "session.ended");
    }
}

async fn nobody_is_signed_in_who_is_disabled_or_gone(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    store.change_user(user, UserChange::Enabled(false), "admin", NOW).await.unwrap();
    let gone = vestibule_engine::UserId(uuid::Uuid::new_v4());
    for who in [user, gone] {
        let put = store.put_token(token(KIND, 1, Some(who))).await;
        assert!(matches!(put, Err(StoreError::Refused(_))), "{put:?}");
    }
    assert!(store.token(KIND, &[1; 32], NOW).await.unwrap().is_none());
}

async fn a_token_that_does_not_open_stops_no_login(place: &Place) {
    let store = place.open().await;
    store.put_token(token(KIND, 1, None)).await.unwrap();
    place.meddle(&format!("UPDATE tokens SET expires = {}", after(60_000).0));
    let mut all = tokio::task::JoinSet::new();
    for number in 0..60_u8 {
        let store = store.clone();
        all.spawn(async move {
            match number % 3 {
                0 => store.take_token(KIND, &[1; 32], NOW).await.is_ok(),
                1 => store.put_token(token(KIND, 100 + number, None)).await.is_err(),
                _ => !is_done(&store.commit(decided(None)).await.unwrap()),
            }
        });
    }
    assert!(all.join_all().await.iter().all(|is_wrong| !is_wrong));
    assert!(store.token(KIND, &[101; 32], NOW).await.unwrap().is_some());
}

async fn what_is_over_is_swept(place: &Place) {
    let store = place.open().await;
    store.put_token(token(KIND, 1, None)).await.unwrap();
    store.put_token(token(TokenKind::Pairing, 1, None)).await.unwrap();
    store.put_token(Token { expires: after(6000), ..token(KIND, 2, None) }).await.unwrap();
    store.sweep(after(600), NOW).await.unwrap();
    assert!(store.token(KIND, &[1; 32], NOW).await.unwrap().is_some());
    store.sweep(after(601), NOW).await.unwrap();
    assert!(store.token(KIND, &[1; 32], NOW).await.unwrap().is_none());
    assert!(store.token(TokenKind::Pairing, &[1; 32], NOW).await.unwrap().is_none());
    assert!(store.token(KIND, &[2; 32], NOW).await.unwrap().is_some());
}

async fn what_is_kept_is_kept_once(place: &Place) {
    let store = place.open().await;
    assert!(store.kept("gateway-key").await.unwrap().is_none());
    let mut makers = tokio::task::JoinSet::new();
    for number in 0..20 {
        let store = store.clone();
        makers
            .spawn(async move { store.keep("gateway-key", SecretBytes::new(format!("key {number}"))).await.unwrap() });
    }
    let all = makers.join_all().await;
    assert!(all.iter().all(|one| one.expose() == all[0].expose()));
    store.keep("another", SecretBytes::new("key of another")).await.unwrap();
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.kept("gateway-key").await.unwrap().unwrap().expose(), all[0].expose());
    // OPS-08: what is kept under one name does not open under another.
    place.meddle("UPDATE kept SET value = (SELECT k.value FROM kept k WHERE k.name = 'another')");
    assert!(matches!(store.kept("gateway-key").await, Err(StoreError::Damaged { .. })));
    assert!(store.keep("gateway-key", SecretBytes::new("in its place")).await.is_err());
}

async fn what_is_too_large_is_refused(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let phone = enrolled(&store, user, vestibule_engine::Method::Push).await;
    let large = || SecretBytes::new(vec![1; 64 * 1024 + 1]);
    store.put_token(token(KIND, 1, None)).await.unwrap();
    for refused in [
        store.put_token(Token { payload: large(), ..token(KIND, 2, None) }).await,
        store.change_token(KIND, &[1; 32], large(), after(1)).await.map(drop),
        store.keep("large", large()).await.map(drop),
        store.keep(&"n".repeat(65), SecretBytes::new("value")).await.map(drop),
        store.set_push(phone, Some(large()), NOW).await,
        store.label_authenticator(phone, &"l".repeat(201), "admin", NOW).await,
        store.label_authenticator(phone, "two\nlines", "admin", NOW).await,
    ] {
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    }
}
