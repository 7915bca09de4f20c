//! Remembered stations.

use uuid::Uuid;
use vestibule_engine::{
    AuthenticatorId, Committed, Method, SecretBytes, Station, Store, Transition, TrustEntry, TrustId, UserChange,
    UserId,
};

use super::on_both;
use crate::Handle;
use crate::tests::places::*;

on_both!(
    a_station_is_remembered_for_its_time,
    a_newer_entry_replaces_the_older_one,
    a_forgotten_station_lets_nobody_in,
    a_change_of_factors_or_password_forgets_every_station,
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
    assert_eq!(store.audit_tail(1, Some(user)).await.unwrap()[0].record.event.id(), "trust.revoked");
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
