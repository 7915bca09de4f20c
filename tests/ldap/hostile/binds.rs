//! Binds that are not alone: with requests behind them, before them and beside them, and held while a phone rings.

use std::time::Duration;

use vestibule_peers::slapd::{self, PEOPLE, user_dn};

use crate::harness::ldap_wire::request::{
    self, abandon, bind, delete, message, modify, password_modify, unbind, whoami,
};
use crate::harness::ldap_wire::{Response, Wire};
use crate::ldap::keeper::{Inside, KEEPER, PLAIN, Plan, SHED, stage};
use crate::ldap::stage::Stage;

const SOON: Duration = Duration::from_secs(5);
/// Long enough for slapd to do what it was asked, and for us to see it.
const A_WHILE: Duration = Duration::from_millis(700);

const SUCCESS: u32 = 0;
const OPERATIONS_ERROR: u32 = 1;
const PROTOCOL_ERROR: u32 = 2;
const STRONGER_AUTH_REQUIRED: u32 = 8;
const ADMIN_LIMIT_EXCEEDED: u32 = 11;
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_CREDENTIALS: u32 = 49;

const HELD: Plan<'static> = Plan { users: None, exempt: &[], application: "", limits: "", has_portal: true };

/// A bind as the keeper with `typed`, and behind it in the same segment everything that would leave a trace.
fn bind_and_more(typed: &str, dn: &str) -> Vec<u8> {
    let victim = user_dn(2);
    let more = [
        request::find(PEOPLE, "user0003"),
        modify(dn, &[(2, "description", &["changed"])]),
        password_modify(Some(&victim), None, Some("stolen")),
        request::add(&format!("cn=new,{SHED}"), &[("objectClass", &["device"]), ("cn", &["new"])]),
        request::compare(dn, "cn", "kept"),
        whoami(),
        delete(dn),
    ];
    let mut octets = message(10, &bind(&user_dn(KEEPER), typed), &[]);
    for (id, operation) in (11..).zip(more) {
        octets.extend(message(id, &operation, &[]));
    }
    octets
}

/// What ended each of the requests 10 to 17, in the order of their ids.
async fn codes(wire: &mut Wire) -> Vec<u32> {
    let mut ended: Vec<Response> = Vec::new();
    while ended.len() < 8 {
        let response = wire.next().await.unwrap_or_else(|| panic!("hung up after {ended:?}"));
        if response.is_final() {
            ended.push(response);
        }
    }
    assert_eq!(ended[0].id, 10, "something was answered before the bind: {ended:?}");
    ended.sort_by_key(|response| response.id);
    assert_eq!(ended.iter().map(|response| response.id).collect::<Vec<_>>(), (10..18).collect::<Vec<_>>());
    ended.iter().map(Response::code).collect()
}

async fn assert_nothing_was_done(stage: &Stage, inside: &mut Inside, dn: &str) {
    assert!(inside.is_as_it_was(dn).await);
    assert!(!inside.exists(&format!("cn=new,{SHED}")).await);
    assert!(Inside::is_password(stage.directory(), &user_dn(2), &slapd::user_password(2)).await);
}

#[tokio::test(flavor = "multi_thread")] // LDP-05, LDP-06, LDP-17, B2, B3
async fn requests_behind_a_held_bind_are_done_by_nobody_until_it_is_approved() {
    let Some(stage) = stage(&HELD).await else { return };
    let phone = stage.with_phone(KEEPER).await;
    let mut inside = Inside::of(stage.directory()).await;
    let dn = inside.put("kept").await;

    // Bound as somebody else before: whose rights are not used either.
    let mut wire = stage.wire_as(PLAIN).await;
    wire.send(&bind_and_more(&slapd::user_password(KEEPER), &dn)).await;
    let asked = phone.next_request(SOON).await.unwrap().expect("the phone rings");
    wire.assert_silent(A_WHILE).await;
    assert_nothing_was_done(&stage, &mut inside, &dn).await;
    phone.deny(&asked).await.unwrap();
    let mut refused = vec![OPERATIONS_ERROR; 8];
    refused[0] = INVALID_CREDENTIALS;
    assert_eq!(codes(&mut wire).await, refused);
    assert_nothing_was_done(&stage, &mut inside, &dn).await;
    assert_eq!(wire.whoami(20).await, "");
    assert_eq!(wire.ask(21, &delete(&dn)).await[0].code(), STRONGER_AUTH_REQUIRED);
    stage.assert_alive().await;

    // Approved, they are done as whoever was approved.
    wire.send(&bind_and_more(&slapd::user_password(KEEPER), &dn)).await;
    let asked = phone.next_request(SOON).await.unwrap().expect("the phone rings again");
    wire.assert_silent(A_WHILE).await;
    assert_nothing_was_done(&stage, &mut inside, &dn).await;
    phone.approve(&asked, None).await.unwrap();
    let mut done = codes(&mut wire).await;
    // slapd does them in an order of its own: what comes after the delete there finds no entry.
    for (at, otherwise) in [(2, 0), (5, 6)] {
        if done[at] == NO_SUCH_OBJECT {
            done[at] = otherwise;
        }
    }
    assert_eq!(done, [0, 0, 0, 0, 0, 6, 0, 0]);
    assert!(!inside.exists(&dn).await && inside.exists(&format!("cn=new,{SHED}")).await);
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")] // LDP-05, B2
async fn requests_behind_a_bind_with_a_wrong_code_or_password_are_not_done() {
    let Some(stage) = stage(&Plan::default()).await else { return };
    let token = stage.enrolled(KEEPER).await;
    let mut inside = Inside::of(stage.directory()).await;
    let dn = inside.put("kept").await;
    let password = slapd::user_password(KEEPER);
    for typed in [format!("{password},{}", token.wrong()), password, format!("guess,{}", token.code())] {
        for mut wire in [stage.wire().await, stage.wire_as(PLAIN).await] {
            wire.send(&bind_and_more(&typed, &dn)).await;
            let mut refused = vec![OPERATIONS_ERROR; 8];
            refused[0] = INVALID_CREDENTIALS;
            assert_eq!(codes(&mut wire).await, refused);
            assert_nothing_was_done(&stage, &mut inside, &dn).await;
        }
    }
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")] // LDP-13, B15
async fn bind_with_an_unbind_behind_it_is_given_up_and_a_late_approval_lets_nobody_in() {
    let Some(stage) = stage(&HELD).await else { return };
    let phone = stage.with_phone(KEEPER).await;
    let mut wire = stage.wire().await;
    let signs_in = message(2, &bind(&user_dn(KEEPER), &slapd::user_password(KEEPER)), &[]);
    wire.send(&signs_in).await;
    let asked = phone.next_request(SOON).await.unwrap().expect("the phone rings");
    wire.send(&message(3, &unbind(), &[])).await;
    assert_eq!(wire.ended_within(SOON).await, None, "nothing is said to whoever left");
    let late = phone.approve(&asked, None).await;
    assert!(stage.let_in("user0001").await == (0, 0), "{late:?}");

    // The same in one segment, where it may end before the phone rings at all.
    let mut wire = stage.wire().await;
    wire.send(&[signs_in, message(3, &unbind(), &[])].concat()).await;
    assert_eq!(wire.ended_within(SOON).await, None);
    tokio::time::sleep(A_WHILE).await;
    assert!(phone.requests(Duration::ZERO).await.unwrap().is_empty(), "a request nobody waits for");
    assert!(stage.let_in("user0001").await == (0, 0));
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")] // LDP-12
async fn abandon_of_a_bind_under_way_is_ignored() {
    let Some(stage) = stage(&HELD).await else { return };
    let phone = stage.with_phone(KEEPER).await;
    let mut wire = stage.wire().await;
    let signs_in = message(2, &bind(&user_dn(KEEPER), &slapd::user_password(KEEPER)), &[]);
    wire.send(&[signs_in, message(3, &abandon(2), &[])].concat()).await;
    let asked = phone.next_request(SOON).await.unwrap().expect("the phone rings");
    wire.send(&message(4, &abandon(2), &[])).await;
    wire.assert_silent(A_WHILE).await;
    phone.approve(&asked, None).await.unwrap();
    assert_eq!(wire.code(2).await, SUCCESS);
    assert_eq!(wire.whoami(5).await, format!("dn:{}", user_dn(KEEPER)));
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")] // LDP-02, LDP-05
async fn more_than_a_hundred_requests_behind_a_held_bind_or_no_ldap_end_the_connection_and_the_login() {
    let Some(stage) = stage(&HELD).await else { return };
    let phone = stage.with_phone(KEEPER).await;
    let mut inside = Inside::of(stage.directory()).await;
    let dn = inside.put("kept").await;
    let signs_in = message(2, &bind(&user_dn(KEEPER), &slapd::user_password(KEEPER)), &[]);
    let deletes = |ids: std::ops::Range<i64>| ids.flat_map(|id| message(id, &delete(&dn), &[])).collect::<Vec<u8>>();
    let large = message(3, &modify(&dn, &[(2, "description", &[&"x".repeat(300 << 10)])]), &[]);
    let garbage = b"\x31\x00".to_vec();
    for (more, notice) in [(deletes(3..104), ADMIN_LIMIT_EXCEEDED), (large, PROTOCOL_ERROR), (garbage, PROTOCOL_ERROR)]
    {
        let mut wire = stage.wire().await;
        wire.send(&signs_in).await;
        let asked = phone.next_request(SOON).await.unwrap().expect("the phone rings");
        wire.send(&more).await;
        assert_eq!(wire.ended_within(SOON).await, Some(notice));
        let late = phone.approve(&asked, None).await;
        assert_eq!(stage.let_in("user0001").await, (0, 0), "{late:?}");
    }
    assert!(inside.is_as_it_was(&dn).await);
    stage.assert_alive().await;
    stage.end().await;
}
