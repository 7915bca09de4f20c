//! Remembered stations.

use uuid::Uuid;
use vestibule_engine::{
    AuditEvent, AuthenticatorId, Committed, Method, SecretBytes, Station, Store, Transition, TrustEntry, TrustId,
    UserChange, UserId,
};

use super::on_both;
use crate::tests::places::*;
use crate::{Handle, Keyring, Opening};

on_both!(
    a_station_is_remembered_for_its_time,
    a_newer_entry_replaces_the_older_one,
    a_forgotten_station_lets_nobody_in,
    a_change_of_factors_or_password_forgets_every_station,
    a_station_that_somebody_else_wrote_or_changed_lets_nobody_in,
    a_remembered_station_outlasts_the_master_key,
    what_a_program_repeats_is_kept_as_it_is,
);

fn laptop() -> Station {
    Station::parse("laptop").unwrap()
}

async fn remembered(store: &Handle, user: UserId, until: u64) -> TrustEntry {
    let (id, service) = (TrustId(Uuid::new_v4()), "radius/vpn".to_owned());
    let entry =
        TrustEntry { id, user, service, station: laptop(), method: Method::Totp, granted: NOW, until: after(until) };
    let change = Transition { trust: Some(entry.clone()), ..decided(Some(user)) };
    assert!(is_done(&store.commit(change).await.unwrap()));
    entry
}

fn relying(user: UserId, id: TrustId, seconds: u64) -> Transition {
    Transition { relies_on: Some(id), if_enabled: Some(user), now: after(seconds), ..decided(Some(user)) }
}

async fn a_station_is_remembered_for_its_time(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let entry = remembered(&store, user, 60).await;
    assert_eq!(store.trusted(user, "radius/vpn", &laptop(), after(59)).await.unwrap().unwrap().id, entry.id);
    assert!(store.trusted(user, "radius/vpn", &laptop(), after(60)).await.unwrap().is_none());
    assert!(store.trusted(user, "radius/mail", &laptop(), NOW).await.unwrap().is_none());
    assert!(is_done(&store.commit(relying(user, entry.id, 59)).await.unwrap()));
    assert!(matches!(store.commit(relying(user, entry.id, 60)).await.unwrap(), Committed::TrustGone));
    let bob = store.adopt(&person("bob"), NOW).await.unwrap().id;
    assert!(matches!(store.commit(relying(bob, entry.id, 1)).await.unwrap(), Committed::TrustGone));
    store.sweep(after(61), after(61)).await.unwrap();
    assert!(store.trust_entries(None, NOW).await.unwrap().is_empty());
}

async fn a_newer_entry_replaces_the_older_one(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let old = remembered(&store, user, 60).await;
    let new = remembered(&store, user, 120).await;
    let entries = store.trust_entries(Some(user), NOW).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [new.id]);
    assert!(matches!(store.commit(relying(user, old.id, 1)).await.unwrap(), Committed::TrustGone));
}

async fn a_forgotten_station_lets_nobody_in(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let entry = remembered(&store, user, 60).await;
    assert!(store.revoke_trust(entry.id, "admin", NOW).await.unwrap());
    assert!(!store.revoke_trust(entry.id, "admin", NOW).await.unwrap());
    assert!(matches!(store.commit(relying(user, entry.id, 1)).await.unwrap(), Committed::TrustGone));
    let AuditEvent::TrustRevoked { trust, service, station, by, .. } = last_event(&store, user).await else { panic!() };
    assert_eq!((trust, service, by.as_str()), (entry.id, entry.service, "admin"));
    assert_eq!(station, entry.station.as_str());
    // Those that go together are told of one by one.
    let entry = remembered(&store, user, 60).await;
    store.change_user(user, UserChange::Enabled(false), "admin", NOW).await.unwrap();
    let AuditEvent::TrustRevoked { service, station, .. } = last_event(&store, user).await else { panic!() };
    assert_eq!((service.as_str(), station.as_str()), (entry.service.as_str(), entry.station.as_str()));
}

/// What is told of somebody last, but for what is told of the person's own row.
async fn last_event(store: &Handle, user: UserId) -> AuditEvent {
    let told = store.audit_tail(5, Some(user)).await.unwrap();
    let mut events = told.into_iter().rev().map(|line| line.record.event);
    events.find(|event| !matches!(event, AuditEvent::UserChanged { .. })).unwrap()
}

/// SES-02
async fn a_change_of_factors_or_password_forgets_every_station(place: &Place) {
    let store = place.open().await;
    let user = store.create_user(new_user("carol"), "admin", NOW).await.unwrap().id;
    let forgotten = async || store.trust_entries(Some(user), NOW).await.unwrap().is_empty();

    remembered(&store, user, 60).await;
    let phone = enrolled(&store, user, Method::Totp).await;
    assert!(forgotten().await, "an authenticator was added");

    remembered(&store, user, 60).await;
    let other = AuthenticatorId(Uuid::new_v4());
    store.add_authenticator(new_authenticator(other, user, Method::Totp, false), "carol", NOW).await.unwrap();
    assert!(!forgotten().await, "one that is not confirmed changes nothing yet");
    store.confirm_authenticator(other, &step(other, 101), NOW).await.unwrap();
    assert!(forgotten().await, "it was confirmed");

    remembered(&store, user, 60).await;
    store.remove_authenticator(phone, "admin", NOW).await.unwrap();
    assert!(forgotten().await, "an authenticator was removed");

    remembered(&store, user, 60).await;
    store.change_user(user, UserChange::DisplayName(None), "admin", NOW).await.unwrap();
    assert!(!forgotten().await, "a name proves nothing");
    store.change_user(user, UserChange::PasswordHash(SecretBytes::new("x")), "admin", NOW).await.unwrap();
    assert!(forgotten().await, "the password was changed");

    remembered(&store, user, 60).await;
    store.change_user(user, UserChange::Enabled(false), "admin", NOW).await.unwrap();
    assert!(forgotten().await, "the user was disabled");
}

async fn is_believed(store: &Handle, user: UserId, id: TrustId, seconds: u64) -> bool {
    let found = store.trusted(user, "radius/vpn", &laptop(), after(seconds)).await.unwrap();
    let listed = store.trust_entries(Some(user), after(seconds)).await.unwrap();
    let taken = store.commit(relying(user, id, seconds)).await.unwrap();
    assert!(is_done(&taken) || matches!(taken, Committed::TrustGone), "{taken:?}");
    let ways = [found.is_some(), listed.iter().any(|entry| entry.id == id), is_done(&taken)];
    assert!(ways == [true; 3] || ways == [false; 3], "{ways:?}");
    ways == [true; 3]
}

/// Whoever can write to the database has no master key.
async fn a_station_that_somebody_else_wrote_or_changed_lets_nobody_in(place: &Place) {
    let store = place.open().await;
    let (alice, bob) = (alice(&store).await.id, store.adopt(&person("bob"), NOW).await.unwrap().id);
    let real = remembered(&store, alice, 60).await;
    assert!(is_believed(&store, alice, real.id, 1).await);

    // Made by hand, with a proof that belongs to another row.
    let forged = TrustId(Uuid::new_v4());
    place.meddle(&format!(
        "INSERT INTO trust (id, user_id, service, station, method, granted, expires, proof) \
         SELECT '{forged}', '{bob}', service, station, method, granted, expires, proof FROM trust"
    ));
    assert!(!is_believed(&store, bob, forged, 1).await);
    assert!(is_believed(&store, alice, real.id, 1).await, "the other one is still ours");

    // Whatever is changed in ours, it is ours no more; put back as it was, it is.
    for (column, forged, as_it_was) in [
        ("expires", after(3600).0.to_string(), real.until.0.to_string()),
        ("granted", "1".into(), real.granted.0.to_string()),
        ("method", "'push'".into(), "'totp'".into()),
        ("proof", "substr(proof, 1, 5)".into(), String::new()),
    ] {
        place.meddle(&format!("UPDATE trust SET {column} = {forged} WHERE id = '{}'", real.id));
        assert!(!is_believed(&store, alice, real.id, 1).await, "{column}");
        if !as_it_was.is_empty() {
            place.meddle(&format!("UPDATE trust SET {column} = {as_it_was} WHERE id = '{}'", real.id));
            assert!(is_believed(&store, alice, real.id, 1).await, "{column}");
        }
    }

    // It is in nobody's way: not when the station is remembered anew, not when the user is disabled.
    let anew = remembered(&store, alice, 60).await;
    assert!(is_believed(&store, alice, anew.id, 1).await);
    place.meddle(&format!("UPDATE trust SET id = 'rubbish' WHERE user_id = '{bob}'"));
    assert!(store.trust_entries(None, NOW).await.unwrap().iter().all(|entry| entry.id == anew.id));
    store.change_user(bob, UserChange::Enabled(false), "admin", NOW).await.unwrap();
}

/// OPS-08
async fn a_remembered_station_outlasts_the_master_key(place: &Place) {
    let store = place.open().await;
    let (alice, bob) = (alice(&store).await.id, store.adopt(&person("bob"), NOW).await.unwrap().id);
    let (real, altered) = (remembered(&store, alice, 60).await, remembered(&store, bob, 60).await);
    place.meddle(&format!("UPDATE trust SET expires = expires + 1 WHERE id = '{}'", altered.id));
    store.close().await;

    let key = |octet| SecretBytes::new(vec![octet; 32]);
    let both = Keyring::new(&key(2), &[key(1)]).unwrap();
    let store = place.try_open(both, NODE, Opening::Existing).await.unwrap();
    assert!(is_believed(&store, alice, real.id, 1).await, "before the rotation");
    assert_eq!(store.rotate("admin", NOW).await.unwrap(), 2);
    assert_eq!(store.rotate("admin", NOW).await.unwrap(), 0);
    store.close().await;

    let store = place.try_open(keyring(2), NODE, Opening::Existing).await.unwrap();
    assert!(is_believed(&store, alice, real.id, 1).await, "after it, without the old key");
    assert!(!is_believed(&store, bob, altered.id, 1).await, "a rotation does not make a forged one ours");
}

/// LDP-25: its digests are a part of the name, to the last digit.
async fn what_a_program_repeats_is_kept_as_it_is(place: &Place) {
    let store = place.open().await;
    let user = alice(&store).await.id;
    let at = |end: &str| Station::kept(&format!("192.0.2.7\u{1}{}.{}{end}", "ab".repeat(32), "c".repeat(63))).unwrap();
    let entry = TrustEntry { station: at("d"), ..remembered(&store, user, 60).await };
    let entry = TrustEntry { id: TrustId(Uuid::new_v4()), service: "ldap/wiki".to_owned(), ..entry };
    let change = Transition { trust: Some(entry.clone()), ..decided(Some(user)) };
    assert!(is_done(&store.commit(change).await.unwrap()));
    let found = store.trusted(user, "ldap/wiki", &at("d"), NOW).await.unwrap().unwrap();
    assert_eq!((found.id, &found.station, found.station.shown()), (entry.id, &at("d"), "192.0.2.7"));
    assert!(store.trusted(user, "ldap/wiki", &at("e"), NOW).await.unwrap().is_none());
    let listed = store.trust_entries(Some(user), NOW).await.unwrap();
    assert_eq!(listed.iter().filter(|one| one.station.is_of_repeats()).count(), 1);
    assert!(store.revoke_trust(entry.id, "the directory", NOW).await.unwrap());
    assert!(matches!(store.commit(relying(user, entry.id, 1)).await.unwrap(), Committed::TrustGone));
}
