//! Attempts, counters, and changes that happen whole or not at all.

use std::time::Duration;

use vestibule_engine::{
    Bell, Charge, CoalesceKey, Committed, CounterKey, Ended, Method, OpenAttempt, Position, SecretBytes, Station,
    Store, Transition, TrustEntry, TrustId, UserChange,
};

use super::on_both;
use crate::tests::places::*;

on_both!(
    an_attempt_is_kept_from_its_question_to_its_end,
    of_two_answers_at_once_one_moves_the_attempt,
    what_ended_stays_as_it_ended,
    an_attempt_begins_once,
    a_change_that_is_refused_leaves_nothing,
    wrong_answers_are_counted_through_a_restart,
    parallel_wrong_answers_are_all_counted,
    who_is_locked_gets_no_further,
    what_is_counted_is_seen_at_once_here_and_soon_elsewhere,
    the_same_login_asked_twice_is_one_attempt,
    a_key_is_free_when_its_attempt_ended_or_ran_out,
    what_ran_out_is_found_oldest_first,
    who_waits_is_woken_by_the_end,
    what_is_long_over_is_swept,
    a_group_with_one_bad_change_does_the_others,
);

fn ended(allowed: bool) -> Position {
    Position::Ended(Ended { allowed, payload: SecretBytes::new("the end") })
}

fn moves(attempt: vestibule_engine::AttemptId, from: Option<u32>, to: Position) -> Transition {
    Transition { from, to: Some(to), ..Transition::new(attempt, NOW) }
}

async fn an_attempt_is_kept_from_its_question_to_its_end(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let attempt = attempt_id();
    assert!(is_done(&store.commit(moves(attempt, None, open_position(Some(user.id)))).await.unwrap()));
    let row = store.attempt(attempt).await.unwrap().unwrap();
    let Position::Open(open) = &row.position else { panic!("not open") };
    assert_eq!((row.version, open.user, open.turn.0, open.expires), (1, Some(user.id), u64::MAX - 1, after(60)));
    assert_eq!(open.payload.expose(), b"canary-payload");
    assert_eq!(store.open_attempts().await.unwrap(), 1);

    assert!(is_done(&store.commit(moves(attempt, Some(1), open_position(Some(user.id)))).await.unwrap()));
    assert!(is_done(&store.commit(moves(attempt, Some(2), ended(true))).await.unwrap()));
    store.close().await;
    let row = place.open().await.attempt(attempt).await.unwrap().unwrap();
    let Position::Ended(end) = &row.position else { panic!("not ended") };
    assert_eq!((row.version, end.allowed, end.payload.expose()), (3, true, &b"the end"[..]));
}

async fn of_two_answers_at_once_one_moves_the_attempt(place: &Place) {
    let store = place.open().await;
    let attempt = attempt_id();
    store.commit(moves(attempt, None, open_position(None))).await.unwrap();
    let mut answers = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (store, change) = (store.clone(), moves(attempt, Some(1), ended(number % 2 == 0)));
        answers.spawn(async move { store.commit(change).await.unwrap() });
    }
    let all = answers.join_all().await;
    assert_eq!(all.iter().filter(|committed| is_done(committed)).count(), 1);
    let Some(Committed::Moved(Some(row))) = all.iter().find(|committed| !is_done(committed)) else { panic!("{all:?}") };
    assert!(row.version == 2 && matches!(row.position, Position::Ended(_)));
}

async fn what_ended_stays_as_it_ended(place: &Place) {
    let store = place.open().await;
    let attempt = attempt_id();
    store.commit(moves(attempt, None, open_position(None))).await.unwrap();
    store.commit(moves(attempt, Some(1), ended(false))).await.unwrap();
    for from in [None, Some(1), Some(2), Some(3)] {
        let committed = store.commit(moves(attempt, from, ended(true))).await.unwrap();
        assert!(matches!(committed, Committed::Moved(Some(row)) if row.version == 2), "from {from:?}");
    }
    let missing = store.commit(moves(attempt_id(), Some(1), ended(true))).await.unwrap();
    assert!(matches!(missing, Committed::Moved(None)));
}

async fn an_attempt_begins_once(place: &Place) {
    let store = place.open().await;
    let attempt = attempt_id();
    let mut begins = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (store, change) = (store.clone(), moves(attempt, None, open_position(None)));
        begins.spawn(async move { store.commit(change).await.unwrap() });
    }
    assert_eq!(begins.join_all().await.iter().filter(|committed| is_done(committed)).count(), 1);
    // A login that is over at once keeps no row, and must not hide behind one either.
    let at_once = Transition::new(attempt, NOW);
    assert!(matches!(store.commit(at_once).await.unwrap(), Committed::Moved(Some(_))));
    assert!(is_done(&store.commit(Transition::new(attempt_id(), NOW)).await.unwrap()));
    assert_eq!(store.open_attempts().await.unwrap(), 1);
}

/// Everything a change can do, with exactly one thing in its way each time.
async fn a_change_that_is_refused_leaves_nothing(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await;
    let phone = enrolled(&store, user.id, Method::Totp).await;
    let station = Station::parse("192.0.2.7").unwrap();
    let [locked, free, cleared] = ["locked", "free", "cleared"].map(|name| CounterKey(name.into()));
    let charge = |key: &CounterKey, tries| Charge { key: key.clone(), budget: budget(tries) };
    let setup =
        Transition { charge: vec![charge(&locked, 1), charge(&cleared, 9)], ..Transition::new(attempt_id(), NOW) };
    assert!(is_done(&store.commit(setup).await.unwrap()));
    let bob = store.adopt(&person("bob"), NOW).await.unwrap();
    store.change_user(bob.id, UserChange::Enabled(false), "test", NOW).await.unwrap();
    let before = (audit_lines(&store).await, store.authenticators(user.id).await.unwrap()[0].high_water);

    let trust = TrustEntry {
        id: TrustId(uuid::Uuid::new_v4()),
        user: user.id,
        service: "radius/vpn".into(),
        station: station.clone(),
        method: Method::Totp,
        granted: NOW,
        until: after(600),
    };
    let whole = || Transition {
        to: Some(open_position(Some(user.id))),
        if_enabled: Some(user.id),
        unless_locked: vec![free.clone()],
        spend: vec![step(phone, 101), item(phone, "1")],
        charge: vec![charge(&free, 1)],
        clear: vec![cleared.clone()],
        trust: Some(trust.clone()),
        signed_in: Some(user.id),
        ..decided(Some(user.id))
    };
    let hindered = [
        Transition { from: Some(1), ..whole() },
        Transition { unless_locked: vec![free.clone(), locked.clone()], ..whole() },
        Transition { if_enabled: Some(bob.id), ..whole() },
        Transition { spend: vec![item(phone, "1"), step(phone, 100)], ..whole() },
        Transition { relies_on: Some(TrustId(uuid::Uuid::new_v4())), ..whole() },
        Transition { unless_crowded: rings(user.id, "radius/vpn", 1, 0).unless_crowded, ..whole() },
    ];
    for change in hindered {
        let attempt = change.attempt;
        let how = store.commit(change).await.unwrap();
        assert!(!is_done(&how), "{how:?}");
        assert!(store.attempt(attempt).await.unwrap().is_none());
        let after = (audit_lines(&store).await, store.authenticators(user.id).await.unwrap()[0].high_water);
        assert_eq!(after, before, "{how:?}");
        assert!(store.spent_items(phone).await.unwrap().is_empty());
        let counters = store.counters(&[free.clone(), cleared.clone()]).await.unwrap();
        assert_eq!((counters[0].failures, counters[1].failures), (0, 1));
        assert!(store.trusted(user.id, "radius/vpn", &station, NOW).await.unwrap().is_none());
        assert!(store.user(user.id).await.unwrap().unwrap().last_login.is_none());
    }

    let Committed::Done { locked } = store.commit(whole()).await.unwrap() else { panic!("not done") };
    assert_eq!(locked, [(free.clone(), after(30))]);
    assert_eq!(store.counters(&[cleared]).await.unwrap()[0].failures, 0);
    assert_eq!(store.trusted(user.id, "radius/vpn", &station, NOW).await.unwrap().unwrap().id, trust.id);
    // The decision, and the lock that it started.
    assert_eq!(audit_lines(&store).await, before.0 + 2);
}

/// OTP-05, I4
async fn wrong_answers_are_counted_through_a_restart(place: &Place) {
    let store = place.open().await;
    let key = CounterKey("code-of|alice".into());
    let failure = || Transition {
        charge: vec![Charge { key: key.clone(), budget: budget(3) }],
        ..Transition::new(attempt_id(), NOW)
    };
    for _ in 0..2 {
        assert!(matches!(store.commit(failure()).await.unwrap(), Committed::Done { locked } if locked.is_empty()));
    }
    store.close().await;
    let store = place.open().await;
    assert!(matches!(store.commit(failure()).await.unwrap(), Committed::Done { locked } if locked.len() == 1));
    store.close().await;
    let counter = place.open().await.counters(std::slice::from_ref(&key)).await.unwrap()[0];
    assert_eq!((counter.failures, counter.locked_until), (3, Some(after(30))));
}

async fn parallel_wrong_answers_are_all_counted(place: &Place) {
    let store = place.open().await;
    let keys = ["code-of|a", "code-of|b"].map(|name| CounterKey(name.into()));
    let mut failures = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let charge = keys.iter().map(|key| Charge { key: key.clone(), budget: budget(1000) }).collect();
        let (store, change) = (store.clone(), Transition { charge, ..Transition::new(attempt_id(), NOW) });
        failures.spawn(async move { store.commit(change).await.unwrap() });
    }
    assert!(failures.join_all().await.iter().all(is_done));
    assert!(store.counters(&keys).await.unwrap().iter().all(|counter| counter.failures == 200));
}

async fn what_is_counted_is_seen_at_once_here_and_soon_elsewhere(place: &Place) {
    let (store, other) = (place.open().await, place.open_as("two").await);
    let keys = [CounterKey("password-of|company|alice".into())];
    let failures = async |store: &crate::Handle| store.counters(&keys).await.unwrap()[0].failures;
    assert_eq!((failures(&store).await, failures(&other).await), (0, 0));
    for expected in 1..=3 {
        let charge = vec![Charge { key: keys[0].clone(), budget: budget(3) }];
        assert!(is_done(&store.commit(Transition { charge, ..decided(None) }).await.unwrap()));
        assert_eq!(failures(&store).await, expected);
    }
    let began = tokio::time::Instant::now();
    while failures(&other).await != 3 {
        assert!(began.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.commit(Transition { clear: keys.to_vec(), ..decided(None) }).await.unwrap();
    assert_eq!(failures(&other).await, 0);
}

async fn who_is_locked_gets_no_further(place: &Place) {
    let store = place.open().await;
    let key = CounterKey("code-of|alice".into());
    let charge = vec![Charge { key: key.clone(), budget: budget(1) }];
    store.commit(Transition { charge: charge.clone(), ..Transition::new(attempt_id(), NOW) }).await.unwrap();
    // The guess itself is not counted then: it was not looked at.
    let guess = |now| Transition {
        unless_locked: vec![key.clone()],
        charge: charge.clone(),
        ..Transition::new(attempt_id(), now)
    };
    assert!(matches!(store.commit(guess(after(29))).await.unwrap(), Committed::Locked(until) if until == after(30)));
    assert_eq!(store.counters(std::slice::from_ref(&key)).await.unwrap()[0].failures, 1);
    assert!(is_done(&store.commit(guess(after(30))).await.unwrap()));
    assert_eq!(store.counters(&[key]).await.unwrap()[0].locked_until, Some(after(90)));
}

fn open_with_key(key: u8, expires: u64) -> Position {
    let Position::Open(open) = open_position(None) else { panic!("not open") };
    Position::Open(OpenAttempt { coalesce: Some(CoalesceKey([key; 32])), expires: after(expires), ..open })
}

async fn the_same_login_asked_twice_is_one_attempt(place: &Place) {
    let store = place.open().await;
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (store, change) = (store.clone(), moves(attempt_id(), None, open_with_key(1, 60)));
        logins.spawn(async move { (change.attempt, store.commit(change).await.unwrap()) });
    }
    let all = logins.join_all().await;
    let opened: Vec<_> = all.iter().filter(|(_, how)| is_done(how)).map(|(id, _)| *id).collect();
    assert_eq!(opened.len(), 1);
    assert_eq!(store.attempt_by_key(&CoalesceKey([1; 32]), NOW).await.unwrap(), Some(opened[0]));
    // The others are told which one to join.
    assert!(
        all.iter()
            .filter(|(id, _)| *id != opened[0])
            .all(|(_, how)| { matches!(how, Committed::Moved(Some(row)) if row.id == opened[0]) })
    );
    assert_eq!(store.open_attempts().await.unwrap(), 1);
}

async fn a_key_is_free_when_its_attempt_ended_or_ran_out(place: &Place) {
    let store = place.open().await;
    let key = CoalesceKey([2; 32]);
    let first = attempt_id();
    store.commit(moves(first, None, open_with_key(2, 60))).await.unwrap();
    store.commit(moves(first, Some(1), ended(false))).await.unwrap();
    assert_eq!(store.attempt_by_key(&key, NOW).await.unwrap(), None);

    let second = attempt_id();
    assert!(is_done(&store.commit(moves(second, None, open_with_key(2, 10))).await.unwrap()));
    assert_eq!(store.attempt_by_key(&key, after(10)).await.unwrap(), None);
    let third = Transition { now: after(10), ..moves(attempt_id(), None, open_with_key(2, 60)) };
    let id = third.attempt;
    assert!(is_done(&store.commit(third).await.unwrap()));
    assert_eq!(store.attempt_by_key(&key, after(10)).await.unwrap(), Some(id));
    // The one that ran out is still there to be ended.
    assert!(is_done(&store.commit(moves(second, Some(1), ended(false))).await.unwrap()));
}

async fn what_ran_out_is_found_oldest_first(place: &Place) {
    let store = place.open().await;
    let mut ids = Vec::new();
    for (key, expires) in [(3, 30), (4, 10), (5, 20), (6, 40)] {
        let change = moves(attempt_id(), None, open_with_key(key, expires));
        ids.push(change.attempt);
        store.commit(change).await.unwrap();
    }
    assert_eq!(store.expired(after(30), 10).await.unwrap(), [ids[1], ids[2], ids[0]]);
    assert_eq!(store.expired(after(30), 1).await.unwrap(), [ids[1]]);
    store.commit(moves(ids[1], Some(1), ended(false))).await.unwrap();
    assert_eq!(store.expired(after(30), 1).await.unwrap(), [ids[2]]);
}

async fn who_waits_is_woken_by_the_end(place: &Place) {
    let store = place.open().await;
    let attempt = attempt_id();
    let mut waiting = store.bells().listen(Bell::Attempt(attempt));
    store.commit(moves(attempt, None, open_position(None))).await.unwrap();
    store.commit(moves(attempt, Some(1), ended(true))).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), waiting.rung()).await.unwrap();
}

async fn what_is_long_over_is_swept(place: &Place) {
    let store = place.open().await;
    let (over, open) = (attempt_id(), attempt_id());
    store.commit(moves(over, None, open_position(None))).await.unwrap();
    store.commit(moves(over, Some(1), ended(true))).await.unwrap();
    store.commit(moves(open, None, open_position(None))).await.unwrap();
    let keys = ["once", "locked"].map(|name| CounterKey(name.into()));
    let charge =
        vec![Charge { key: keys[0].clone(), budget: budget(9) }, Charge { key: keys[1].clone(), budget: budget(1) }];
    store.commit(Transition { charge, ..Transition::new(attempt_id(), NOW) }).await.unwrap();
    store.sweep(NOW, NOW).await.unwrap();
    assert!(store.attempt(over).await.unwrap().is_some());
    store.sweep(after(20), after(20)).await.unwrap();
    assert!(store.attempt(over).await.unwrap().is_none());
    assert!(store.attempt(open).await.unwrap().is_some());
    let failures = store.counters(&keys).await.unwrap().map_failures();
    assert_eq!(failures, [0, 1], "a lock that still holds is no thing of the past");
}

trait Failures {
    fn map_failures(&self) -> Vec<u32>;
}

impl Failures for Vec<vestibule_engine::Counter> {
    fn map_failures(&self) -> Vec<u32> {
        self.iter().map(|counter| counter.failures).collect()
    }
}

/// One row that does not open must not stop the logins that share a transaction with it.
async fn a_group_with_one_bad_change_does_the_others(place: &Place) {
    let store = place.open().await;
    let bad = attempt_id();
    store.commit(moves(bad, None, open_position(None))).await.unwrap();
    store.commit(moves(bad, Some(1), ended(false))).await.unwrap();
    place.meddle("UPDATE attempts SET allowed = 1");
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..60 {
        let change = if number % 20 == 0 {
            moves(bad, Some(1), ended(true))
        } else {
            moves(attempt_id(), None, open_position(None))
        };
        let store = store.clone();
        logins.spawn(async move { store.commit(change).await });
    }
    let all = logins.join_all().await;
    assert_eq!(all.iter().filter(|how| how.is_err()).count(), 3);
    assert_eq!(all.iter().filter(|how| how.as_ref().is_ok_and(is_done)).count(), 57);
    // OPS-08: from refused to allowed by hand, it does not open.
    assert!(store.attempt(bad).await.is_err());
}
