//! Connections that stand while something happens to whoever is on them: disabled, reported, an app password revoked, an
//! account configured otherwise. Whether anything is asked on them makes no difference.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use vestibule::clock::{SystemClock, SystemRandom};
use vestibule_engine::{Clock, Store, User, UserChange};
use vestibule_factors::AppPasswords;
use vestibule_peers::slapd::{self, user_dn, user_password};

use super::keeper::{Inside, KEEPER, PLAIN, Plan, SHED, stage};
use super::stage::Stage;
use crate::harness::find;
use crate::harness::ldap_wire::request::{START_TLS, SUBTREE, Search, present};
use crate::harness::ldap_wire::{ENTRY, Wire, request};

/// What the directory's answers may take, and a reload.
const SOON: Duration = Duration::from_secs(8);
/// As the sites here say, and a little more.
const RECHECK: Duration = Duration::from_millis(1_200);
/// RFC 4511 §4.4.1: strongerAuthRequired in a notice says that what was established does not hold any more.
const STRONGER_AUTH_REQUIRED: u32 = 8;

/// Everybody who signs in here is asked about again after a second.
async fn often(plan: Plan<'_>) -> Option<Stage> {
    stage(&Plan { limits: "recheck: 1s", ..plan }).await
}

async fn person(stage: &Stage, number: u32) -> User {
    find(&stage.store, &slapd::user_name(number)).await.unwrap()
}

async fn enable(stage: &Stage, number: u32, enabled: bool) {
    let (user, now) = (person(stage, number).await.id, SystemClock::new().now());
    stage.store.change_user(user, UserChange::Enabled(enabled), "test", now).await.unwrap();
}

async fn assert_signed_in(wire: &mut Wire, id: i64, number: u32) {
    assert_eq!(wire.whoami(id).await, format!("dn:{}", user_dn(number)));
}

/// Ended as somebody who may not be here any more, though nothing is asked.
async fn assert_ended(wire: &mut Wire) {
    assert_eq!(wire.ended_within(SOON).await, Some(STRONGER_AUTH_REQUIRED));
}

/// LDP-06: who is nobody any more is nobody on a connection from before either.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_or_removed_is_disconnected_and_nobody_else_is() {
    let Some(stage) = often(Plan { exempt: &[KEEPER, 2, 3], ..Plan::default() }).await else { return };
    let (mut keeper, mut back, mut gone) =
        (stage.wire_as(KEEPER).await, stage.wire_as(2).await, stage.wire_as(3).await);
    let mut other = stage.wire_as(PLAIN).await;
    tokio::time::sleep(RECHECK).await;
    assert_signed_in(&mut keeper, 2, KEEPER).await;

    enable(&stage, KEEPER, false).await;
    // Somebody thought better of it before anybody looked: what stood before is over all the same.
    enable(&stage, 2, false).await;
    enable(&stage, 2, true).await;
    let user = person(&stage, 3).await.id;
    stage.store.delete_user(user, "test", SystemClock::new().now()).await.unwrap();
    for wire in [&mut keeper, &mut back, &mut gone] {
        assert_ended(wire).await;
    }
    assert_signed_in(&mut other, 3, PLAIN).await;
    let mut anew = stage.wire_as(2).await;
    tokio::time::sleep(RECHECK).await;
    assert_signed_in(&mut anew, 3, 2).await;
    assert!(stage.daemon.log().contains("Ended a connection of app"), "{}", stage.daemon.log());
    stage.end().await;
}

/// A search without an end goes through the door as it is (RFC 4533), and brings nothing once its owner is disabled.
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

    enable(&stage, KEEPER, false).await;
    tokio::time::sleep(RECHECK).await;
    inside.put("third").await;
    assert_ended(&mut keeper).await;
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

/// The connection goes on in TLS, and so does who is on it.
#[tokio::test(flavor = "multi_thread")]
async fn who_signed_in_before_start_tls_is_asked_about_behind_it() {
    let application = "      allow_plaintext: true\n";
    let Some(stage) = often(Plan { application, ..Plan::default() }).await else { return };
    let mut wire = Wire::plain(stage.door.plain()).await;
    assert_eq!(wire.bind(1, &user_dn(PLAIN), &user_password(PLAIN)).await, 0);
    wire.send(&request::message(2, &request::extended(START_TLS, None), &[])).await;
    assert_eq!(wire.code(2).await, 0);
    let mut wire = wire.start_tls(stage.door.ca.ca_pem()).await.unwrap();
    tokio::time::sleep(RECHECK).await;
    assert_signed_in(&mut wire, 3, PLAIN).await;
    enable(&stage, PLAIN, false).await;
    assert_ended(&mut wire).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_that_a_login_was_not_theirs_ends_what_stood_before_and_may_sign_in_anew() {
    let application = "      patience: 8s\n      app_passwords: true\n";
    let Some(stage) = often(Plan { has_portal: true, application, ..Plan::default() }).await else { return };
    let phone = stage.with_phone(3).await;
    let (dn, password) = (user_dn(3), user_password(3));
    let mut stood = stage.wire().await;
    let approved = async {
        let asked = phone.next_request(SOON).await.unwrap().expect("a request");
        phone.approve(&asked, None).await.unwrap();
    };
    assert_eq!(tokio::join!(stood.bind(1, &dn, &password), approved).0, 0);
    tokio::time::sleep(RECHECK).await;
    assert_signed_in(&mut stood, 2, 3).await;

    let mut stranger = stage.wire().await;
    let typed = format!("{password},push");
    let reported = async {
        let asked = phone.next_request(SOON).await.unwrap().expect("a request");
        phone.report(&asked).await.unwrap();
    };
    assert_ne!(tokio::join!(stranger.bind(1, &dn, &typed), reported).0, 0);
    assert_ended(&mut stood).await;

    // By an app password they made, they get in and stay.
    let user = person(&stage, 3).await.id;
    let secret = app_passwords(&stage).make(user, "ldap/app", "Build", "test").await.unwrap().secret;
    let mut anew = stage.wire().await;
    assert_eq!(anew.bind(1, &dn, secret.reveal()).await, 0);
    tokio::time::sleep(RECHECK).await;
    assert_signed_in(&mut anew, 2, 3).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")] // L5
async fn program_whose_app_password_is_revoked_is_disconnected_and_another_one_goes_on() {
    let application = "      app_passwords: true\n";
    let Some(stage) = often(Plan { application, ..Plan::default() }).await else { return };
    let user = stage.known(&slapd::user_name(3), &user_password(3)).await.id;
    let app_passwords = app_passwords(&stage);
    let mut wires = Vec::new();
    let mut ids = Vec::new();
    for label in ["Build", "Mail"] {
        let made = app_passwords.make(user, "ldap/app", label, "test").await.unwrap();
        let mut wire = stage.wire().await;
        assert_eq!(wire.bind(1, &user_dn(3), made.secret.reveal()).await, 0);
        wires.push(wire);
        ids.push(made.id);
    }
    let [revoked, kept] = &mut wires[..] else { panic!("two connections") };
    assert!(app_passwords.revoke(user, ids[0], "test").await.unwrap());
    assert_ended(revoked).await;
    assert_signed_in(kept, 2, 3).await;
    stage.end().await;
}

fn app_passwords(stage: &Stage) -> AppPasswords {
    AppPasswords::new(stage.store.as_store(), Arc::new(SystemClock::new()), Arc::new(SystemRandom::new()))
}

/// L5, LDP-23: an account is what the configuration says now.
#[tokio::test(flavor = "multi_thread")]
async fn account_that_is_configured_otherwise_is_disconnected() {
    let account = |number: u32, more: &str| format!("        user{number}: {{ dn: \"{}\"{more} }}\n", user_dn(number));
    let mut before = String::from("      service_accounts:\n");
    let mut after = before.clone();
    for (number, then, now) in [
        (4, Some(""), Some("")),
        (5, Some(""), None),
        (6, Some(", operations: [search, modify]"), Some(", operations: [search]")),
        (7, Some(""), Some(", networks: [\"192.0.2.7\"]")),
        (8, Some(", expires: 2999-01-01"), Some(", expires: 2020-01-01")),
    ] {
        then.into_iter().for_each(|more| before.write_str(&account(number, more)).unwrap());
        now.into_iter().for_each(|more| after.write_str(&account(number, more)).unwrap());
    }
    let Some(mut stage) = often(Plan { application: &before, ..Plan::default() }).await else { return };
    let mut wires = Vec::new();
    for number in 4..=8 {
        wires.push(stage.wire_as(number).await);
    }
    tokio::time::sleep(RECHECK).await;
    for (wire, number) in wires.iter_mut().zip(4..) {
        assert_signed_in(wire, 2, number).await;
    }
    stage.site.more = stage.site.more.replace(&before, &after);
    stage.site.write();
    for wire in wires.iter_mut().skip(1) {
        assert_ended(wire).await;
    }
    assert_signed_in(&mut wires[0], 3, 4).await;
    stage.end().await;
}
