//! A one-time thing is spent once.

use std::collections::HashSet;

use vestibule_engine::{
    Budgets, Charge, Committed, CounterKey, Method, SIGHTING, Spend, Store, Timestamp, Transition, UserChange,
};

use super::on_both;
use crate::tests::places::*;

on_both!(
    one_code_sent_five_hundred_times_at_once_opens_once,
    a_step_is_used_up_with_all_before_it,
    a_recovery_code_is_used_once,
    a_recovery_code_stays_used_after_a_restart,
    an_authenticator_that_is_gone_or_unconfirmed_or_somebody_elses_spends_nothing,
    one_change_cannot_spend_a_thing_twice,
    what_spends_nothing_but_the_attempt_says_when_it_was_used,
    a_last_login_is_told_to_the_minute_and_a_sighting_to_the_hour,
    a_hundred_people_at_once_each_get_in_once,
);

/// OTP-03
async fn one_code_sent_five_hundred_times_at_once_opens_once(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let phone = enrolled(&store, user.id, Method::Totp).await;
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..500 {
        let store = store.clone();
        let mut change = decided(Some(user.id));
        change.spend = vec![step(phone, 101)];
        logins.spawn(async move { store.commit(change).await.unwrap() });
    }
    let all = logins.join_all().await;
    assert_eq!(all.iter().filter(|committed| is_done(committed)).count(), 1);
    assert_eq!(all.iter().filter(|committed| matches!(committed, Committed::Spent)).count(), 499);
    assert_eq!(store.authenticators(user.id).await.unwrap()[0].high_water, 101);
    // One record: those that were refused left nothing.
    let lines = store.audit_tail(1000, Some(user.id)).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.record.event.id() == "login.decided").count(), 1);
}

async fn a_step_is_used_up_with_all_before_it(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let phone = enrolled(&store, user.id, Method::Totp).await;
    for (number, opens) in [(100, false), (103, true), (103, false), (102, false), (101, false), (104, true)] {
        let mut change = decided(Some(user.id));
        change.spend = vec![step(phone, number)];
        assert_eq!(is_done(&store.commit(change).await.unwrap()), opens, "step {number}");
    }
    let held = &store.authenticators(user.id).await.unwrap()[0];
    assert_eq!((held.high_water, held.drift, held.last_used), (104, 1, Some(NOW)));
}

async fn a_recovery_code_is_used_once(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let codes = enrolled(&store, user.id, Method::RecoveryCode).await;
    for (number, opens) in [("1", true), ("1", false), ("2", true), ("2", false)] {
        let mut change = decided(Some(user.id));
        change.spend = vec![item(codes, number)];
        assert_eq!(is_done(&store.commit(change).await.unwrap()), opens, "code {number}");
    }
    assert_eq!(store.spent_items(codes).await.unwrap(), ["1", "2"]);
}

async fn a_recovery_code_stays_used_after_a_restart(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let codes = enrolled(&store, user.id, Method::RecoveryCode).await;
    let mut change = decided(Some(user.id));
    change.spend = vec![item(codes, "1")];
    assert!(is_done(&store.commit(change.clone()).await.unwrap()));
    store.close().await;
    change.attempt = attempt_id();
    assert!(matches!(place.open().await.commit(change).await.unwrap(), Committed::Spent));
}

async fn an_authenticator_that_is_gone_or_unconfirmed_or_somebody_elses_spends_nothing(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let bob = store.adopt(&person("bob"), NOW).await.unwrap();
    let gone = enrolled(&store, user.id, Method::Totp).await;
    store.remove_authenticator(gone, "test", NOW).await.unwrap();
    let unconfirmed = vestibule_engine::AuthenticatorId(uuid::Uuid::new_v4());
    store.add_authenticator(new_authenticator(unconfirmed, user.id, Method::Totp, false), "test", NOW).await.unwrap();
    let of_bob = enrolled(&store, bob.id, Method::Totp).await;
    for authenticator in [gone, unconfirmed, of_bob] {
        for spend in [step(authenticator, 101), item(authenticator, "1"), Spend::Attempt { authenticator }] {
            let mut change = decided(Some(user.id));
            (change.spend, change.if_enabled) = (vec![spend], Some(user.id));
            assert!(matches!(store.commit(change).await.unwrap(), Committed::Spent));
        }
    }
}

async fn one_change_cannot_spend_a_thing_twice(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let phone = enrolled(&store, user.id, Method::Totp).await;
    for spend in [vec![step(phone, 101), step(phone, 101)], vec![item(phone, "1"), item(phone, "1")]] {
        let mut change = decided(Some(user.id));
        change.spend = spend;
        assert!(matches!(store.commit(change).await.unwrap(), Committed::Spent));
    }
    assert_eq!(store.authenticators(user.id).await.unwrap()[0].high_water, 100);
    assert!(store.spent_items(phone).await.unwrap().is_empty());
}

async fn what_spends_nothing_but_the_attempt_says_when_it_was_used(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let phone = enrolled(&store, user.id, Method::Push).await;
    let mut change = decided(Some(user.id));
    (change.spend, change.signed_in) = (vec![Spend::Attempt { authenticator: phone }], Some(user.id));
    assert!(is_done(&store.commit(change).await.unwrap()));
    assert_eq!(store.authenticators(user.id).await.unwrap()[0].last_used, Some(NOW));
    assert_eq!(store.user(user.id).await.unwrap().unwrap().last_login, Some(NOW));
}

/// What happens a hundred times a second is not written down as often, and never told wrong by more than that.
async fn a_last_login_is_told_to_the_minute_and_a_sighting_to_the_hour(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let keys = [CounterKey("known-at|here".into()), CounterKey("password-from|here".into())];
    let told = async |now: Timestamp| {
        let charge = vec![
            Charge { key: keys[0].clone(), budget: SIGHTING },
            Charge { key: keys[1].clone(), budget: Budgets::default().password_from },
        ];
        let change = Transition { charge, signed_in: Some(user.id), now, ..decided(Some(user.id)) };
        assert!(is_done(&store.commit(change).await.unwrap()));
        let last_login = store.user(user.id).await.unwrap().unwrap().last_login.unwrap();
        let counters = store.counters(&keys).await.unwrap();
        assert_eq!(counters[1].last_failure, Some(now), "a failure is counted each time");
        (last_login, counters[0].last_failure.unwrap())
    };
    assert_eq!(told(NOW).await, (NOW, NOW));
    assert_eq!(told(after(59)).await, (NOW, NOW));
    assert_eq!(told(after(60)).await, (after(60), NOW));
    assert_eq!(told(after(3_599)).await, (after(3_599), NOW));
    assert_eq!(told(after(3_600)).await, (after(3_599), after(3_600)));
    // The clock was set back.
    assert_eq!(told(NOW).await, (NOW, NOW));
}

async fn a_hundred_people_at_once_each_get_in_once(place: &Place) {
    let store = place.open().await;
    let mut logins = tokio::task::JoinSet::new();
    let mut disabled = HashSet::new();
    for number in 0..100 {
        let user = store.adopt(&person(&format!("user{number}")), NOW).await.unwrap().id;
        let phone = enrolled(&store, user, Method::Totp).await;
        if number % 10 == 0 {
            store.change_user(user, UserChange::Enabled(false), "test", NOW).await.unwrap();
            disabled.insert(user);
        }
        for _ in 0..3 {
            let store = store.clone();
            let mut change = decided(Some(user));
            (change.spend, change.if_enabled, change.signed_in) = (vec![step(phone, 101)], Some(user), Some(user));
            logins.spawn(async move { (user, store.commit(change).await.unwrap()) });
        }
    }
    let all = logins.join_all().await;
    assert_eq!(all.iter().filter(|(_, committed)| is_done(committed)).count(), 90);
    assert!(all.iter().filter(|(user, _)| disabled.contains(user)).all(|(_, how)| matches!(how, Committed::UserGone)));
    assert!(store.audit_verify().await.unwrap().problem.is_none());
}
