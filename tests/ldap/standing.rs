//! Connections that stand while something happens to the person on them: disabled, reported, an app password revoked.

use std::sync::Arc;
use std::time::Duration;

use vestibule::clock::{SystemClock, SystemRandom};
use vestibule_engine::{Clock, Store, User, UserChange};
use vestibule_factors::AppPasswords;
use vestibule_peers::slapd;

use super::keeper::{Inside, KEEPER, PLAIN, Plan, SHED, stage};
use super::stage::Stage;
use crate::harness::find;
use crate::harness::ldap_wire::request::{SUBTREE, Search, present};
use crate::harness::ldap_wire::{ENTRY, Wire, request};

/// What the directory's answers may take.
const SOON: Duration = Duration::from_secs(5);
/// As the sites here say, and a little more.
const RECHECK: Duration = Duration::from_millis(1_100);
/// RFC 4511 §4.4.1: strongerAuthRequired in a notice says that what was established does not hold any more.
const STRONGER_AUTH_REQUIRED: u32 = 8;

/// Everybody who signs in here is asked about again after a second.
async fn often(plan: Plan<'_>) -> Option<Stage> {
    stage(&Plan { limits: "recheck: 1s", ..plan }).await
}

async fn person(stage: &Stage, number: u32) -> User {
    find(&stage.store, &slapd::user_name(number)).await.unwrap()
}

async fn disable(stage: &Stage, number: u32) {
    let (user, now) = (person(stage, number).await.id, SystemClock::new().now());
    stage.store.change_user(user, UserChange::Enabled(false), "test", now).await.unwrap();
}

/// LDP-06: who is nobody any more does nothing more, on a connection from before either.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_does_nothing_more_on_a_connection_that_stood_before() {
    let Some(stage) = often(Plan { exempt: &[KEEPER], ..Plan::default() }).await else { return };
    let mut inside = Inside::of(stage.directory()).await;
    let kept = inside.put("kept").await;
    let (mut keeper, mut other) = (stage.wire_as(KEEPER).await, stage.wire_as(PLAIN).await);
    tokio::time::sleep(RECHECK).await;
    assert_eq!(keeper.whoami(2).await, format!("dn:{}", slapd::user_dn(KEEPER)), "asked about, and nothing against it");

    disable(&stage, KEEPER).await;
    tokio::time::sleep(RECHECK).await;
    keeper.send(&request::message(3, &request::delete(&kept), &[])).await;
    assert_eq!(keeper.ended_within(SOON).await, Some(STRONGER_AUTH_REQUIRED));
    assert!(inside.is_as_it_was(&kept).await);
    assert_eq!(other.whoami(3).await, format!("dn:{}", slapd::user_dn(PLAIN)), "nobody else is disturbed");
    assert!(stage.daemon.log().contains("Ended a connection of app"), "{}", stage.daemon.log());
    stage.end().await;
}

/// A search without an end brings nothing more either; until then, it goes through the door as it is (RFC 4533).
#[tokio::test(flavor = "multi_thread")]
async fn standing_search_tells_nothing_more_once_its_owner_is_disabled() {
    let Some(stage) = often(Plan { exempt: &[KEEPER], ..Plan::default() }).await else { return };
    let mut inside = Inside::of(stage.directory()).await;
    let first = inside.put("first").await;
    let mut keeper = stage.wire_as(KEEPER).await;
    let search = Search::new(SHED, SUBTREE, present("objectClass")).operation();
    let refresh_and_persist = request::control("1.3.6.1.4.1.4203.1.9.1.1", true, Some(b"\x30\x03\x0a\x01\x03"));
    keeper.send(&request::message(2, &search, &[refresh_and_persist])).await;
    until_entry(&mut keeper, &first).await;
    let second = inside.put("second").await;
    until_entry(&mut keeper, &second).await;

    disable(&stage, KEEPER).await;
    tokio::time::sleep(RECHECK).await;
    inside.put("third").await;
    assert_eq!(keeper.ended_within(SOON).await, Some(STRONGER_AUTH_REQUIRED), "and not what it was about");
    stage.end().await;
}

/// Read until this entry has come.
async fn until_entry(wire: &mut Wire, dn: &str) {
    loop {
        let said = wire.next_within(SOON).await.expect("an entry in time").expect("a connection");
        if said.tag == ENTRY && said.dn() == dn {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_that_a_login_was_not_theirs_ends_what_stood_before_and_may_sign_in_anew() {
    let application = "      patience: 8s\n      app_passwords: true\n";
    let Some(stage) = often(Plan { has_portal: true, application, ..Plan::default() }).await else { return };
    let phone = stage.with_phone(3).await;
    let (dn, password) = (slapd::user_dn(3), slapd::user_password(3));
    let mut stood = stage.wire().await;
    let approved = async {
        let asked = phone.next_request(SOON).await.unwrap().expect("a request");
        phone.approve(&asked, None).await.unwrap();
    };
    assert_eq!(tokio::join!(stood.bind(1, &dn, &password), approved).0, 0);
    tokio::time::sleep(RECHECK).await;
    assert_eq!(stood.whoami(2).await, format!("dn:{dn}"));

    let mut stranger = stage.wire().await;
    let typed = format!("{password},push");
    let reported = async {
        let asked = phone.next_request(SOON).await.unwrap().expect("a request");
        phone.report(&asked).await.unwrap();
    };
    assert_ne!(tokio::join!(stranger.bind(1, &dn, &typed), reported).0, 0);
    tokio::time::sleep(RECHECK).await;
    stood.send(&request::message(3, &request::whoami(), &[])).await;
    assert_eq!(stood.ended_within(SOON).await, Some(STRONGER_AUTH_REQUIRED));

    // By an app password they made, they get in and stay.
    let secret =
        app_passwords(&stage).make(person(&stage, 3).await.id, "ldap/app", "Build", "test").await.unwrap().secret;
    let mut anew = stage.wire().await;
    assert_eq!(anew.bind(1, &dn, secret.reveal()).await, 0);
    tokio::time::sleep(RECHECK).await;
    assert_eq!(anew.whoami(2).await, format!("dn:{dn}"));
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")] // L5
async fn program_whose_app_password_is_revoked_looks_up_nothing_more() {
    let application = "      app_passwords: true\n";
    let Some(stage) = often(Plan { application, ..Plan::default() }).await else { return };
    let user = stage.known(&slapd::user_name(3), &slapd::user_password(3)).await.id;
    let app_passwords = app_passwords(&stage);
    let mut wires = Vec::new();
    let mut ids = Vec::new();
    for label in ["Build", "Mail"] {
        let made = app_passwords.make(user, "ldap/app", label, "test").await.unwrap();
        let mut wire = stage.wire().await;
        assert_eq!(wire.bind(1, &slapd::user_dn(3), made.secret.reveal()).await, 0);
        wires.push(wire);
        ids.push(made.id);
    }
    assert!(app_passwords.revoke(user, ids[0], "test").await.unwrap());
    tokio::time::sleep(RECHECK).await;
    let [revoked, kept] = &mut wires[..] else { panic!("two connections") };
    revoked.send(&request::message(2, &request::find(slapd::PEOPLE, "user0001"), &[])).await;
    assert_eq!(revoked.ended_within(SOON).await, Some(STRONGER_AUTH_REQUIRED));
    assert_eq!(kept.whoami(2).await, format!("dn:{}", slapd::user_dn(3)), "the other one goes on");
    stage.end().await;
}

fn app_passwords(stage: &Stage) -> AppPasswords {
    AppPasswords::new(stage.store.as_store(), Arc::new(SystemClock::new()), Arc::new(SystemRandom::new()))
}
