//! Two gateways on one database.

use std::time::Duration;

use vestibule_engine::{
    Bell, Charge, CoalesceKey, Committed, CounterKey, Delivery, DeliveryState, DeviceMark, Ended, Method, OpenAttempt,
    Position, SecretBytes, Store, StoreError, TokenKind, Transition,
};

use super::places::*;
use crate::config::{PostgresAuthorities, PostgresSettings};
use crate::{OpenError, Opening, ProblemKind, StoreSettings, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_gateways_on_one_postgres_spend_and_count_together() {
    let Some(place) = Place::server().await else { return };
    a_code_opens_once_between_them(&place).await;
    failures_are_counted_by_both(&place).await;
    the_same_login_at_both_is_one_attempt(&place).await;
    an_end_at_one_wakes_the_other(&place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_gateways_on_one_postgres_ring_phones_and_pair_devices_together() {
    let Some(place) = Place::server().await else { return };
    of_a_hundred_takers_at_both_one_gets_the_token(&place).await;
    no_more_logins_ring_one_phone_than_may_whichever_node_they_come_to(&place).await;
    of_many_keys_that_two_gateways_make_one_is_kept(&place).await;
    deliveries_and_marks_of_the_same_devices_at_both_do_not_wait_in_a_circle(&place).await;
    a_listener_that_was_cut_wakes_everybody_when_it_is_back(&place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn gateways_on_postgres_watch_each_other_and_get_over_a_cut() {
    let Some(place) = Place::server().await else { return };
    a_chain_cut_with_its_end_is_found_by_the_other(&place).await;
    let Some(place) = Place::server().await else { return };
    two_processes_of_one_name_do_not_fork_the_chain(&place).await;
    a_cut_connection_fails_closed_and_comes_back(&place).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_is_opened_by_many_at_once_and_only_by_those_who_may() {
    let Some(place) = Place::server().await else { return };
    gateways_that_start_together_make_one_database(&place).await;
    tls_is_used_and_checked(&place).await;
    what_is_wrong_with_a_server_is_told(&place).await;
}

async fn gateways_that_start_together_make_one_database(place: &Place) {
    let [one, two, three, four] = ["one", "two", "three", "four"].map(|node| place.open_as(node));
    let (one, two, three, four) = tokio::join!(one, two, three, four);
    for store in [&one, &two, &three, &four] {
        assert_eq!(store.deployment(), one.deployment());
        assert!(is_done(&store.commit(decided(None)).await.unwrap()));
    }
    assert_eq!(one.audit_nodes().await.unwrap(), ["four", "one", "three", "two"]);
    for store in [one, two, three, four] {
        store.close().await;
    }
}

fn settings(place: &Place) -> PostgresSettings {
    match place.settings() {
        StoreSettings::Postgres(settings) => settings,
        StoreSettings::Sqlite { .. } => panic!("not a server"),
    }
}

async fn opened(settings: PostgresSettings) -> Result<std::sync::Arc<crate::Handle>, OpenError> {
    open(StoreSettings::Postgres(settings), keyring(1), "one", Opening::Existing, NOW).await
}

async fn tls_is_used_and_checked(place: &Place) {
    let Place::Server(server, database) = place else { panic!("not a server") };
    let with = |host: &str, pem: &str| PostgresSettings {
        host: host.into(),
        tls: Some(PostgresAuthorities::Pem(pem.as_bytes().to_vec())),
        ..settings(place)
    };
    let store = opened(with("localhost", server.ca_pem())).await.unwrap();
    assert!(is_done(&store.commit(decided(None)).await.unwrap()));
    let encrypted = "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) \
                     WHERE a.application_name = 'vestibule' AND a.datname = current_database()";
    assert_eq!(server.sql(database, encrypted).unwrap().trim(), "t");
    store.close().await;

    let stranger = vestibule_peers::certificates::TestCa::new().unwrap();
    let refused = opened(with("localhost", stranger.ca_pem())).await.unwrap_err();
    assert!(matches!(refused, OpenError::Unreachable { .. }), "another authority: {refused}");
    let refused = opened(with("127.0.0.1", server.ca_pem())).await.unwrap_err();
    assert!(matches!(refused, OpenError::Unreachable { .. }), "another name: {refused}");
}

async fn what_is_wrong_with_a_server_is_told(place: &Place) {
    let refused = opened(PostgresSettings { port: 1, ..settings(place) }).await.unwrap_err();
    assert!(matches!(refused, OpenError::Unreachable { .. }), "{refused}");
    let refused = opened(PostgresSettings { user: "nobody".into(), ..settings(place) }).await.unwrap_err();
    assert!(matches!(refused, OpenError::SignInRefused { .. }), "{refused}");
    let refused = opened(PostgresSettings { database: "nothing".into(), ..settings(place) }).await.unwrap_err();
    assert!(matches!(refused, OpenError::NoDatabase { .. }), "{refused}");
}

/// OTP-03
async fn a_code_opens_once_between_them(place: &Place) {
    let stores = [place.open_as("one").await, place.open_as("two").await];
    let user = alice(&stores[0]).await;
    let phone = enrolled(&stores[0], user.id, Method::Totp).await;
    let codes = enrolled(&stores[0], user.id, Method::RecoveryCode).await;
    for spend in [step(phone, 101), item(codes, "1")] {
        let mut logins = tokio::task::JoinSet::new();
        for number in 0..500 {
            let store = stores[number % 2].clone();
            let mut change = decided(Some(user.id));
            (change.spend, change.if_enabled, change.signed_in) = (vec![spend.clone()], Some(user.id), Some(user.id));
            logins.spawn(async move { store.commit(change).await.unwrap() });
        }
        assert_eq!(logins.join_all().await.iter().filter(|committed| is_done(committed)).count(), 1);
    }
    for store in stores {
        assert!(store.audit_verify().await.unwrap().problem.is_none());
        store.close().await;
    }
}

/// I4: and no two of them wait for each other in a circle, whatever order the keys come in.
async fn failures_are_counted_by_both(place: &Place) {
    let stores = [place.open_as("one").await, place.open_as("two").await];
    let keys: Vec<_> = (0..10).map(|number| CounterKey(format!("code-of|{number}"))).collect();
    let mut failures = tokio::task::JoinSet::new();
    for number in 0..300 {
        let mut charge: Vec<_> = keys.iter().map(|key| Charge { key: key.clone(), budget: budget(10_000) }).collect();
        charge.rotate_left(number % 10);
        let (store, change) = (stores[number % 2].clone(), Transition { charge, ..Transition::new(attempt_id(), NOW) });
        failures.spawn(async move { store.commit(change).await.unwrap() });
    }
    assert!(failures.join_all().await.iter().all(is_done));
    assert!(stores[0].counters(&keys).await.unwrap().iter().all(|counter| counter.failures == 300));
    for store in stores {
        store.close().await;
    }
}

async fn the_same_login_at_both_is_one_attempt(place: &Place) {
    let stores = [place.open_as("one").await, place.open_as("two").await];
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..100 {
        let Position::Open(open) = open_position(None) else { panic!("not open") };
        let to = Some(Position::Open(OpenAttempt { coalesce: Some(CoalesceKey([9; 32])), ..open }));
        let (store, change) = (stores[number % 2].clone(), Transition { to, ..Transition::new(attempt_id(), NOW) });
        logins.spawn(async move { store.commit(change).await.unwrap() });
    }
    let all = logins.join_all().await;
    assert_eq!(all.iter().filter(|how| is_done(how)).count(), 1);
    assert!(all.iter().all(|how| is_done(how) || matches!(how, Committed::Moved(Some(_)))));
    for store in stores {
        store.close().await;
    }
}

async fn an_end_at_one_wakes_the_other(place: &Place) {
    // Of one name: what tells processes apart is not their name.
    let [one, two] = [place.open_as("one").await, place.open_as("one").await];
    let user = alice(&one).await.id;
    // The other listens once its connection stands, which nobody can see from here: one login after another until it
    // does. Then everybody is woken once, which is no proof: nobody may be whom it does not concern.
    let heard = async {
        loop {
            let begin = Transition { to: Some(ringing_position(user, "radius/vpn")), ..decided(Some(user)) };
            let ended = Position::Ended(Ended { allowed: true, payload: SecretBytes::new("end") });
            let end = Transition { from: Some(1), to: Some(ended), ..begin.clone() };
            let [mut login, mut phone, mut other] =
                [Bell::Attempt(begin.attempt), Bell::User(user), Bell::Attempt(attempt_id())]
                    .map(|bell| two.bells().listen(bell));
            assert!(is_done(&one.commit(begin).await.unwrap()));
            let wait = Duration::from_millis(200);
            let begun = tokio::time::timeout(wait, phone.rung()).await.is_ok();
            assert!(is_done(&one.commit(end).await.unwrap()));
            let moved = tokio::time::timeout(wait, login.rung()).await.is_ok();
            let ended = tokio::time::timeout(wait, phone.rung()).await.is_ok();
            let is_other_quiet = tokio::time::timeout(Duration::ZERO, other.rung()).await.is_err();
            if begun && moved && ended && is_other_quiet {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), heard).await.unwrap();
    one.close().await;
    two.close().await;
}

/// Word may have been lost while there was no connection: whoever waits looks.
async fn a_listener_that_was_cut_wakes_everybody_when_it_is_back(place: &Place) {
    let store = place.open_as("one").await;
    let Place::Server(server, database) = place else { panic!("not a server") };
    let woken = async {
        for _ in 0..2 {
            let mut waiting = store.bells().listen(Bell::Attempt(attempt_id()));
            while tokio::time::timeout(Duration::from_millis(500), waiting.rung()).await.is_err() {
                server.cut_connections(database).unwrap();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), woken).await.unwrap();
    store.close().await;
}

/// OOB-09: and whoever gets it has it whole.
async fn of_a_hundred_takers_at_both_one_gets_the_token(place: &Place) {
    let stores = [place.open_as("one").await, place.open_as("two").await];
    let user = alice(&stores[0]).await.id;
    for round in 0..10 {
        let token = token(TokenKind::Pairing, round, Some(user));
        stores[0].put_token(token.clone()).await.unwrap();
        let mut takers = tokio::task::JoinSet::new();
        for number in 0..100 {
            let (store, digest) = (stores[number % 2].clone(), token.digest);
            takers.spawn(async move { store.take_token(TokenKind::Pairing, &digest, NOW).await.unwrap() });
        }
        let taken: Vec<_> = takers.join_all().await.into_iter().flatten().collect();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].payload.expose(), b"canary-token");
    }
    for store in stores {
        store.close().await;
    }
}

/// OOB-04
async fn no_more_logins_ring_one_phone_than_may_whichever_node_they_come_to(place: &Place) {
    let stores = [place.open_as("one").await, place.open_as("two").await];
    for round in 0..10 {
        let user = stores[0].adopt(&person(&format!("rung{round}")), NOW).await.unwrap().id;
        let mut logins = tokio::task::JoinSet::new();
        for number in 0..60 {
            let service = ["radius/vpn", "ldap/files", "portal/portal"][number % 3];
            let (store, change) = (stores[number % 2].clone(), rings(user, service, 2, 3));
            logins.spawn(async move { store.commit(change).await.unwrap() });
        }
        let all = logins.join_all().await;
        assert_eq!(all.iter().filter(|how| is_done(how)).count(), 3);
        assert!(all.iter().all(|how| is_done(how) || matches!(how, Committed::Crowded)));
        assert_eq!(stores[1].ringing(user, NOW).await.unwrap().len(), 3);
    }
    for store in stores {
        store.close().await;
    }
}

async fn of_many_keys_that_two_gateways_make_one_is_kept(place: &Place) {
    let stores = [place.open_as("one").await, place.open_as("two").await];
    let mut makers = tokio::task::JoinSet::new();
    for number in 0..40 {
        let store = stores[number % 2].clone();
        makers
            .spawn(async move { store.keep("gateway-key", SecretBytes::new(format!("key {number}"))).await.unwrap() });
    }
    let all = makers.join_all().await;
    let kept = stores[0].kept("gateway-key").await.unwrap().unwrap();
    assert!(all.iter().all(|one| one.expose() == kept.expose()));
    for store in stores {
        store.close().await;
    }
}

/// What phones do on one node beside logins on another, all on the same rows, without a circle.
async fn deliveries_and_marks_of_the_same_devices_at_both_do_not_wait_in_a_circle(place: &Place) {
    let stores = [place.open_as("one").await, place.open_as("two").await];
    let user = alice(&stores[0]).await.id;
    let mut devices = Vec::new();
    for _ in 0..4 {
        devices.push(enrolled(&stores[0], user, Method::Push).await);
    }
    let attempt = attempt_id();
    let mut all = tokio::task::JoinSet::new();
    for number in 0..200 {
        let store = stores[number % 2].clone();
        let device = devices[if number % 2 == 0 { number / 2 % 4 } else { 3 - number / 2 % 4 }];
        all.spawn(async move {
            store.mark_device(device, DeviceMark::Shown, NOW).await.unwrap();
            let state = DeliveryState::ALL[number / 8 % 6];
            let delivery = Delivery { attempt, user, authenticator: device, state, at: NOW };
            usize::from(store.note_delivery(delivery).await.unwrap())
        });
    }
    assert_eq!(all.join_all().await.into_iter().sum::<usize>(), 24, "each step of each device once");
    assert_eq!(stores[1].deliveries(attempt).await.unwrap().len(), 24);
    for store in stores {
        assert!(store.audit_verify().await.unwrap().problem.is_none());
        store.close().await;
    }
}

/// LOG-04
async fn a_chain_cut_with_its_end_is_found_by_the_other(place: &Place) {
    let [one, two] = [place.open_as("one").await, place.open_as("two").await];
    for _ in 0..5 {
        one.commit(decided(None)).await.unwrap();
    }
    let before = place.open_as("three").await;
    before.close().await;
    two.witness(NOW).await.unwrap();
    two.witness(NOW).await.unwrap();
    let seen = two.audit_from("two", 1, 10).await.unwrap();
    assert_eq!(seen.len(), 1, "what did not move is not told again");
    assert_eq!(seen[0].record.event.id(), "audit.witness");
    one.witness(NOW).await.unwrap();
    assert_eq!(one.audit_from("one", 1, 10).await.unwrap().len(), 5, "a witness is not witnessed");
    assert!(two.audit_verify().await.unwrap().problem.is_none());
    place.meddle("DELETE FROM audit WHERE node = 'one'; DELETE FROM audit_heads WHERE node = 'one'");
    let problem = two.audit_verify().await.unwrap().problem.unwrap();
    assert_eq!((problem.node.as_str(), problem.sequence, problem.kind), ("one", 5, ProblemKind::WitnessMismatch));
    one.close().await;
    two.close().await;
}

async fn two_processes_of_one_name_do_not_fork_the_chain(place: &Place) {
    let stores = [place.open_as("same").await, place.open_as("same").await];
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..200 {
        let store = stores[number % 2].clone();
        logins.spawn(async move { store.commit(decided(None)).await.unwrap() });
    }
    assert!(logins.join_all().await.iter().all(is_done));
    let verified = stores[0].audit_verify().await.unwrap();
    assert_eq!((verified.lines, verified.problem), (200, None));
    for store in stores {
        store.close().await;
    }
}

async fn a_cut_connection_fails_closed_and_comes_back(place: &Place) {
    let store = place.open_as("one").await;
    let Place::Server(server, database) = place else { panic!("not a server") };
    let mut opened = 0;
    for _ in 0..10 {
        server.cut_connections(database).unwrap();
        match store.commit(decided(None)).await {
            Ok(committed) => opened += usize::from(is_done(&committed)),
            Err(error) => assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}"),
        }
    }
    let mut tries = 0;
    while !store.commit(decided(None)).await.is_ok_and(|committed| is_done(&committed)) {
        tries += 1;
        assert!(tries < 20, "it does not come back");
    }
    // Whatever was answered is there.
    let lines = store.audit_from("one", 1, 100).await.unwrap().len();
    assert!(lines > opened, "{lines} lines, {opened} answered");
    store.close().await;
}
