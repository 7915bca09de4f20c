//! Logins that ring a phone.

use std::time::Duration;

use vestibule_engine::{
    Bell, Charge, Committed, CounterKey, Ended, Listening, Method, OpenAttempt, Position, SecretBytes, Station, Store,
    TokenKind, Transition, TrustEntry, TrustId, UserId,
};

use super::on_both;
use crate::Handle;
use crate::tests::places::*;

on_both!(
    what_rings_a_phone_is_found_the_oldest_first_until_it_is_over,
    as_many_ring_as_may_and_one_more_is_told,
    a_place_is_free_again_when_one_ended_or_ran_out,
    a_login_that_rings_already_does_not_stand_in_its_own_way,
    a_phone_of_who_is_disabled_is_not_rung,
    of_many_at_once_no_more_ring_than_may,
    who_waits_for_a_phone_is_woken_by_begin_change_and_end,
    a_user_who_goes_wakes_those_who_wait,
    a_report_takes_back_what_a_stranger_may_have_won,
    what_is_granted_after_a_report_stays,
);

fn ended() -> Position {
    Position::Ended(Ended { allowed: false, payload: SecretBytes::new("the end") })
}

fn moves(change: &Transition, from: u32, to: Position) -> Transition {
    Transition { from: Some(from), to: Some(to), ..Transition::new(change.attempt, NOW) }
}

async fn what_rings_a_phone_is_found_the_oldest_first_until_it_is_over(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let quiet = Transition { to: Some(open_position(Some(user))), ..decided(Some(user)) };
    store.commit(quiet.clone()).await.unwrap();
    let mut ids = Vec::new();
    for second in 0..3 {
        let Position::Open(open) = ringing_position(user, "radius/vpn") else { panic!("not open") };
        // The one that came first may stay longest.
        let to = Some(Position::Open(OpenAttempt { expires: after(100 - second * 10), ..open }));
        let change = Transition { to, now: after(second), ..decided(Some(user)) };
        assert!(is_done(&store.commit(change.clone()).await.unwrap()));
        ids.push(change.attempt);
    }
    let found = async |now| store.ringing(user, now).await.unwrap().iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(found(after(3)).await, ids);
    let first = &store.ringing(user, after(3)).await.unwrap()[0];
    let Position::Open(open) = &first.position else { panic!("not open") };
    assert_eq!((open.ringing.as_deref(), open.payload.expose()), (Some("radius/vpn"), &b"canary-payload"[..]));
    assert_eq!(found(after(80)).await, ids[..2], "one that ran out");
    let again = Transition { from: Some(1), to: Some(ringing_position(user, "radius/vpn")), now: after(50), ..quiet };
    assert!(is_done(&store.commit(Transition { attempt: ids[0], ..again }).await.unwrap()));
    assert_eq!(found(after(3)).await, ids, "it is as old as when it began");
    let end = Transition { from: Some(2), to: Some(ended()), ..Transition::new(ids[0], NOW) };
    assert!(is_done(&store.commit(end).await.unwrap()));
    assert_eq!(found(after(3)).await, ids[1..]);
    assert!(store.ringing(UserId(uuid::Uuid::new_v4()), NOW).await.unwrap().is_empty());
}

/// OOB-04
async fn as_many_ring_as_may_and_one_more_is_told(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let bob = store.adopt(&person("bob"), NOW).await.unwrap().id;
    let ring =
        async |user, service, of_service, in_all| store.commit(rings(user, service, of_service, in_all)).await.unwrap();
    assert!(is_done(&ring(user, "radius/vpn", 1, 2).await));
    let before = audit_lines(&store).await;
    assert!(matches!(ring(user, "radius/vpn", 1, 2).await, Committed::Crowded), "of this service");
    assert_eq!((audit_lines(&store).await, store.open_attempts().await.unwrap()), (before, 1), "it left something");
    assert!(is_done(&ring(user, "ldap/files", 1, 2).await));
    assert!(matches!(ring(user, "portal/portal", 1, 2).await, Committed::Crowded), "in all");
    assert!(is_done(&ring(bob, "radius/vpn", 1, 2).await), "somebody else's phone");
    assert!(matches!(ring(bob, "portal/portal", 0, 9).await, Committed::Crowded), "none may");
}

async fn a_place_is_free_again_when_one_ended_or_ran_out(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let first = rings(user, "radius/vpn", 1, 1);
    assert!(is_done(&store.commit(first.clone()).await.unwrap()));
    assert!(matches!(store.commit(rings(user, "radius/vpn", 1, 1)).await.unwrap(), Committed::Crowded));
    assert!(is_done(&store.commit(moves(&first, 1, ended())).await.unwrap()));
    assert!(is_done(&store.commit(rings(user, "radius/vpn", 1, 1)).await.unwrap()));
    let later = Transition { now: after(60), ..rings(user, "radius/vpn", 1, 1) };
    assert!(is_done(&store.commit(later).await.unwrap()));
}

async fn a_login_that_rings_already_does_not_stand_in_its_own_way(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let first = rings(user, "radius/vpn", 1, 1);
    store.commit(first.clone()).await.unwrap();
    assert!(is_done(&store.commit(Transition { from: Some(1), ..first.clone() }).await.unwrap()));
    // It goes on without ringing, and another one may.
    assert!(is_done(&store.commit(moves(&first, 2, open_position(Some(user)))).await.unwrap()));
    assert!(is_done(&store.commit(rings(user, "radius/vpn", 1, 1)).await.unwrap()));
    assert!(matches!(store.commit(Transition { from: Some(3), ..first }).await.unwrap(), Committed::Crowded));
}

async fn a_phone_of_who_is_disabled_is_not_rung(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    store.change_user(user, vestibule_engine::UserChange::Enabled(false), "admin", NOW).await.unwrap();
    assert!(matches!(store.commit(rings(user, "radius/vpn", 1, 1)).await.unwrap(), Committed::UserGone));
}

async fn of_many_at_once_no_more_ring_than_may(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..100 {
        let store = store.clone();
        let change = rings(user, if number % 2 == 0 { "radius/vpn" } else { "ldap/files" }, 2, 3);
        logins.spawn(async move { store.commit(change).await.unwrap() });
    }
    let all = logins.join_all().await;
    assert_eq!(all.iter().filter(|how| is_done(how)).count(), 3);
    assert_eq!(all.iter().filter(|how| matches!(how, Committed::Crowded)).count(), 97);
}

async fn is_rung(waiting: &mut Listening) -> bool {
    tokio::time::timeout(Duration::from_secs(20), waiting.rung()).await.is_ok()
}

/// What rings for nobody shows at once: bells ring before anything that is asked later is answered.
async fn is_quiet(store: &Handle, waiting: &mut Listening) -> bool {
    store.commit(decided(None)).await.unwrap();
    tokio::time::timeout(Duration::from_millis(50), waiting.rung()).await.is_err()
}

async fn who_waits_for_a_phone_is_woken_by_begin_change_and_end(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let mut phone = store.bells().listen(Bell::User(user));
    if let Place::Server(server, database) = place {
        // Everybody is woken once, when word from the others can arrive.
        let listens = format!(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = '{database}' AND query LIKE 'LISTEN%' \
             AND state = 'idle'"
        );
        let mut looks = 0;
        while server.sql(database, &listens).unwrap().trim() == "0" {
            looks += 1;
            assert!(looks < 500, "nobody listens");
        }
        drop(tokio::time::timeout(Duration::from_millis(500), phone.rung()).await);
    }
    let first = rings(user, "radius/vpn", 9, 9);
    let mut login = store.bells().listen(Bell::Attempt(first.attempt));
    store.commit(first.clone()).await.unwrap();
    assert!(is_rung(&mut phone).await);
    assert!(is_quiet(&store, &mut login).await, "it only began");
    store.commit(Transition { from: Some(1), ..first.clone() }).await.unwrap();
    assert!(is_rung(&mut phone).await && is_rung(&mut login).await);
    store.commit(moves(&first, 2, open_position(Some(user)))).await.unwrap();
    assert!(is_rung(&mut phone).await && is_rung(&mut login).await, "it rings no more");
    store.commit(moves(&first, 3, open_position(Some(user)))).await.unwrap();
    assert!(is_rung(&mut login).await);
    assert!(is_quiet(&store, &mut phone).await, "it did not ring, and does not");
    store.commit(moves(&first, 4, ringing_position(user, "radius/vpn"))).await.unwrap();
    store.commit(moves(&first, 5, ended())).await.unwrap();
    assert!(is_rung(&mut phone).await && is_rung(&mut login).await);
    while !is_quiet(&store, &mut login).await {}
    assert!(matches!(store.commit(moves(&first, 5, ended())).await.unwrap(), Committed::Moved(Some(_))));
    assert!(is_quiet(&store, &mut login).await, "nothing moved");
}

async fn a_user_who_goes_wakes_those_who_wait(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let phone = enrolled(&store, user, Method::Push).await;
    let first = rings(user, "radius/vpn", 9, 9);
    store.commit(first.clone()).await.unwrap();
    let [mut login, mut waiting] =
        [Bell::Attempt(first.attempt), Bell::User(user)].map(|bell| store.bells().listen(bell));
    // OOB-12
    store.remove_authenticator(phone, "admin", NOW).await.unwrap();
    assert!(is_rung(&mut waiting).await);
    store.change_user(user, vestibule_engine::UserChange::Enabled(false), "admin", NOW).await.unwrap();
    assert!(is_rung(&mut waiting).await);
    store.delete_user(user, "admin", NOW).await.unwrap();
    assert!(is_rung(&mut waiting).await && is_rung(&mut login).await);
}

fn trust(user: UserId, station: &str) -> TrustEntry {
    let (id, station) = (TrustId(uuid::Uuid::new_v4()), Station::parse(station).unwrap());
    let (service, method) = ("radius/vpn".to_owned(), Method::Push);
    TrustEntry { id, user, service, station, method, granted: NOW, until: after(6000) }
}

/// OOB-04, SES-03
async fn a_report_takes_back_what_a_stranger_may_have_won(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let bob = store.adopt(&person("bob"), NOW).await.unwrap().id;
    for who in [user, bob] {
        for station in ["laptop", "tablet"] {
            store.commit(Transition { trust: Some(trust(who, station)), ..decided(Some(who)) }).await.unwrap();
        }
    }
    let kinds = [TokenKind::Session, TokenKind::SigningIn, TokenKind::Pairing];
    for (number, kind) in (0..).zip(kinds) {
        store.put_token(token(kind, number, Some(user))).await.unwrap();
        store.put_token(token(kind, number + 10, Some(bob))).await.unwrap();
    }
    let known = |name: &str| {
        let subject = person(name).subject;
        CounterKey::known_at(&subject.source, &subject.id, "192.0.2.66")
    };
    let places = [known("alice"), known("bob")];
    let charge = places.iter().map(|key| Charge { key: key.clone(), budget: budget(9) }).collect();
    store.commit(Transition { charge, ..decided(None) }).await.unwrap();
    let first = rings(user, "radius/vpn", 9, 9);
    store.commit(first.clone()).await.unwrap();
    // One that is refused forgets nothing.
    let report = Transition { forget: Some(user), ..moves(&first, 1, ended()) };
    assert!(!is_done(&store.commit(Transition { from: Some(7), ..report.clone() }).await.unwrap()));
    assert_eq!(store.trust_entries(Some(user), NOW).await.unwrap().len(), 2);
    assert!(is_done(&store.commit(report).await.unwrap()));

    let left = async |who| {
        let mut left = vec![store.trust_entries(Some(who), NOW).await.unwrap().len()];
        for kind in kinds {
            left.push(store.tokens_of(who, kind, NOW).await.unwrap().len());
        }
        left
    };
    assert_eq!(left(user).await, [0, 0, 0, 1]);
    assert_eq!(left(bob).await, [2, 1, 1, 1]);
    let seen: Vec<_> = store.counters(&places).await.unwrap().iter().map(|place| place.last_failure).collect();
    assert_eq!(seen, [None, Some(NOW)], "the stranger's place is known on");
    let told = store.audit_tail(3, Some(user)).await.unwrap();
    let told: Vec<_> = told.iter().map(|line| line.record.event.id()).collect();
    assert_eq!(told, ["trust.revoked", "trust.revoked", "session.ended"]);
    assert!(store.audit_verify().await.unwrap().problem.is_none());
}

/// Whatever shares a transaction with it.
async fn what_is_granted_after_a_report_stays(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let (before, with, after) = (trust(user, "laptop"), trust(user, "tablet"), trust(user, "desk"));
    let commit = |change| {
        let store = store.clone();
        async move { store.commit(change).await.unwrap() }
    };
    let (one, two, three) = tokio::join!(
        commit(Transition { trust: Some(before), ..decided(Some(user)) }),
        commit(Transition { forget: Some(user), trust: Some(with.clone()), ..decided(Some(user)) }),
        commit(Transition { trust: Some(after.clone()), ..decided(Some(user)) }),
    );
    assert!([one, two, three].iter().all(is_done));
    let mut left: Vec<_> = store.trust_entries(Some(user), NOW).await.unwrap().iter().map(|one| one.id).collect();
    left.sort();
    let mut expected = vec![with.id, after.id];
    expected.sort();
    assert_eq!(left, expected);
}
