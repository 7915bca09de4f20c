//! Binds that a phone decides: held, approved, declined, gone; and one ring for what is one sign-in, on two gateways too.

use std::time::Duration;

use vestibule::clock::SystemClock;
use vestibule::phone::Phone;
use vestibule_engine::{AuditEvent, Clock, Store, Withdrawn};
use vestibule_peers::ldap_tools::{LdapTools, code};
use vestibule_store::Handle;

use crate::harness::{ANOTHER_NODE, LdapSite, Site, StoreKind, find};

const NAME: &str = "user0001";
const PASSWORD: &str = "pw-user0001";
const SOON: Duration = Duration::from_secs(8);

/// A person with a phone. Their first bind, refused for want of a factor, makes them known.
async fn with_phone(site: &Site, door: &LdapSite, store: &Handle) -> Option<Phone> {
    let first = door.person(NAME, PASSWORD)?.whoami().await.unwrap();
    assert_eq!(first.code, code::INVALID_CREDENTIALS, "{first:?}");
    let user = find(store, NAME).await.unwrap();
    Some(site.phone(store, user.id, NAME).await)
}

async fn approve(phone: &Phone) {
    let asked = phone.next_request(SOON).await.unwrap().expect("a request");
    phone.opened(asked.attempt()).await.unwrap();
    phone.approve(&asked, None).await.unwrap();
}

/// How often a phone was asked, and how many binds were let in.
async fn counted(store: &Handle) -> (usize, usize) {
    let (mut rings, mut allowed) = (0, 0);
    for line in store.audit_tail(1_000, None).await.unwrap() {
        match line.record.event {
            AuditEvent::LoginPrompted { .. } => rings += 1,
            AuditEvent::LoginDecided(decision) if decision.allowed => allowed += 1,
            _ => {}
        }
    }
    (rings, allowed)
}

#[tokio::test(flavor = "multi_thread")]
async fn bind_is_held_until_the_phone_has_answered_and_two_at_once_ring_once() {
    let Some(mut site) = Site::with_directory(StoreKind::Sqlite).await.unwrap() else { return };
    site.with_portal("").unwrap();
    let door = site.with_ldap("      patience: 8s\n", "").unwrap();
    let daemon = site.start().await.unwrap();
    let store = site.store().await;
    let Some(phone) = with_phone(&site, &door, &store).await else { return };
    let bind = || async { door.person(NAME, PASSWORD).unwrap().whoami().await.unwrap() };
    // LDP-24: the application opens two connections for one sign-in.
    let (first, second, ()) = tokio::join!(bind(), bind(), approve(&phone));
    assert_eq!((first.code, second.code), (code::SUCCESS, code::SUCCESS), "{first:?} {second:?}");
    assert_eq!(counted(&store).await, (1, 2), "one ring, two sign-ins on record");
    // And once more a moment later, which is the same sign-in still.
    assert_eq!(bind().await.code, code::SUCCESS);
    assert_eq!(counted(&store).await, (1, 3));
    // Another text is another sign-in: it rings, and the answer is no.
    let keyword = || async { door.person(NAME, &format!("{PASSWORD},push")).unwrap().whoami().await.unwrap() };
    let deny = async {
        let asked = phone.next_request(SOON).await.unwrap().expect("a request");
        phone.deny(&asked).await.unwrap();
    };
    let (refused, ()) = tokio::join!(keyword(), deny);
    assert_eq!((refused.code, refused.diagnostic()), (code::INVALID_CREDENTIALS, None));
    store.close().await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")] // LDP-13
async fn client_that_hangs_up_takes_the_ring_with_it_and_a_late_yes_opens_nothing() {
    let Some(mut site) = Site::with_directory(StoreKind::Sqlite).await.unwrap() else { return };
    site.with_portal("").unwrap();
    let door = site.with_ldap("      patience: 20s\n", "").unwrap();
    let daemon = site.start().await.unwrap();
    let store = site.store().await;
    let Some(phone) = with_phone(&site, &door, &store).await else { return };
    // The program is killed while the phone rings.
    let tools = door.person(NAME, PASSWORD).unwrap();
    let held = tokio::spawn(async move { tools.whoami().await });
    let asked = phone.next_request(SOON).await.unwrap().expect("a request");
    held.abort();
    let gone = async {
        loop {
            let lines = store.audit_tail(100, None).await.unwrap();
            let withdrawn = lines.iter().find_map(|line| match &line.record.event {
                AuditEvent::LoginWithdrawn { attempt, why } if *attempt == asked.attempt() => Some(*why),
                AuditEvent::LoginDecided(decision) if decision.attempt == asked.attempt() => {
                    assert!(!decision.allowed, "{decision:?}");
                    Some(Withdrawn::ClientGone)
                }
                _ => None,
            });
            match withdrawn {
                Some(why) => return why,
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let why = tokio::time::timeout(Duration::from_secs(5), gone).await.expect("the ring ends with the client");
    assert_eq!(why, Withdrawn::ClientGone);
    assert!(phone.approve(&asked, None).await.is_err(), "a late yes was taken");
    assert_eq!(counted(&store).await.1, 0, "nobody was let in");
    assert_eq!(store.open_attempts().await.unwrap(), 0);
    store.close().await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bind_held_at_one_gateway_and_repeated_at_the_other_rings_once_and_opens_both() {
    let Some(mut here) = Site::with_directory(StoreKind::Postgres).await.unwrap() else { return };
    here.with_portal("").unwrap();
    let mut there = here.another_node("b").unwrap();
    let door = here.with_ldap("      patience: 10s\n", "").unwrap();
    there.open_ldap(&door, ANOTHER_NODE, "      patience: 10s\n", "").unwrap();
    let (daemon_here, daemon_there) = (here.start().await.unwrap(), there.start().await.unwrap());
    let store = here.store().await;
    let Some(phone) = with_phone(&here, &door, &store).await else { return };
    let other = LdapTools::new(door.secure_url_at(ANOTHER_NODE)).unwrap().ca(door.ca_file());
    let dn = format!("uid={NAME},{}", vestibule_peers::slapd::PEOPLE);
    let late = async {
        // When the phone rings already.
        tokio::time::sleep(Duration::from_millis(700)).await;
        other.clone().bind(&dn, PASSWORD).whoami().await.unwrap()
    };
    let answer = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        approve(&phone).await;
    };
    let tools = door.person(NAME, PASSWORD).unwrap();
    let (first, second, ()) = tokio::join!(tools.whoami(), late, answer);
    assert_eq!((first.unwrap().code, second.code), (code::SUCCESS, code::SUCCESS));
    assert_eq!(counted(&store).await, (1, 2), "one ring, two sign-ins on record");
    // What was given here counts there for the moment, until somebody revokes it.
    assert_eq!(other.clone().bind(&dn, PASSWORD).whoami().await.unwrap().code, code::SUCCESS);
    let user = find(&store, NAME).await.unwrap();
    let now = SystemClock::new().now();
    let entries = store.trust_entries(Some(user.id), now).await.unwrap();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert!(store.revoke_trust(entries[0].id, "test", now).await.unwrap());
    let again = other.bind(&dn, PASSWORD);
    let (refused, ()) = tokio::join!(again.whoami(), async {
        let asked = phone.next_request(SOON).await.unwrap().expect("asked anew");
        phone.deny(&asked).await.unwrap();
    });
    assert_eq!(refused.unwrap().code, code::INVALID_CREDENTIALS);
    store.close().await;
    daemon_here.stop().await;
    daemon_there.stop().await;
}
