//! Too much of everything: requests, connections, and answers that nobody reads.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use vestibule_peers::process::{cpu_time, resident};
use vestibule_peers::slapd::{self, PEOPLE, SUFFIX, user_dn};

use crate::harness::ldap_wire::Wire;
use crate::harness::ldap_wire::request::{SUBTREE, Search, find, message, present, whoami};
use crate::ldap::keeper::{KEEPER, PLAIN, Plan, stage};

const SOON: Duration = Duration::from_secs(5);
const STRONGER_AUTH_REQUIRED: u32 = 8;
const MIB: u64 = 1 << 20;

#[tokio::test] // LDP-02
async fn ten_thousand_requests_at_once_end_the_connection() {
    let Some(stage) = stage(&Plan { users: Some(300), exempt: &[KEEPER], ..Plan::default() }).await else { return };
    let everybody = Search::new(PEOPLE, SUBTREE, present("objectClass")).operation();
    let before = resident(stage.daemon.pid()).unwrap();
    for operation in [whoami(), everybody] {
        let mut wire = stage.wire_as(KEEPER).await;
        let flood: Vec<u8> = (10..10_010).flat_map(|id| message(id, &operation, &[])).collect();
        // Its writing ends where the server hangs up; in the middle of an entry there is no room for a farewell.
        wire.send_blindly(&flood).await.ok();
        wire.rest_within(SOON).await;
    }
    assert!(stage.daemon.log().contains("too many requests at once"), "{}", stage.daemon.log());
    let grown = resident(stage.daemon.pid()).unwrap().saturating_sub(before);
    assert!(grown < 16 * MIB, "{grown} octets");
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-02, LDP-08
async fn ten_thousand_requests_of_a_stranger_are_refused_one_by_one() {
    let Some(stage) = stage(&Plan::default()).await else { return };
    let mut wire = stage.wire().await;
    let flood: Vec<u8> = (1..=10_000).flat_map(|id| message(id, &find(SUFFIX, "user0001"), &[])).collect();
    wire.send(&flood).await;
    for id in 1..=10_000 {
        assert_eq!(wire.code(id).await, STRONGER_AUTH_REQUIRED);
    }
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-26, LDP-34
async fn slow_reader_holds_no_memory_stops_the_directory_and_is_left() {
    const TIMES: i64 = 80;
    let plan = Plan {
        users: Some(1_000),
        exempt: &[KEEPER],
        application: "      allow_plaintext: true\n",
        limits: "write_timeout: 4s",
        ..Plan::default()
    };
    let Some(stage) = stage(&plan).await else { return };
    let slapd = stage.directory().pid().unwrap();
    stage.assert_alive().await;
    let mut wire = Wire::with_small_window(stage.door.local()).await;
    assert_eq!(wire.bind(1, &user_dn(KEEPER), &slapd::user_password(KEEPER)).await, 0);
    let before = resident(stage.daemon.pid()).unwrap();
    let everybody = Search::new(PEOPLE, SUBTREE, present("objectClass")).operation();
    let flood: Vec<u8> = (10..10 + TIMES).flat_map(|id| message(id, &everybody, &[])).collect();
    wire.send_blindly(&flood).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    // Others are served meanwhile. (One such client may take half of slapd's threads, so two would stop it without us, too.)
    stage.assert_alive().await;
    let (at_rest, held) = (cpu_time(slapd).unwrap(), resident(stage.daemon.pid()).unwrap());
    sleep(Duration::from_secs(1)).await;
    let (worked, later) = (cpu_time(slapd).unwrap().saturating_sub(at_rest), resident(stage.daemon.pid()).unwrap());
    assert!(worked < Duration::from_millis(50), "slapd worked {worked:?} for nobody");
    assert!(held.saturating_sub(before) < 4 * MIB, "{before} octets, and {held} with a slow reader");
    assert!(later.saturating_sub(held) < MIB, "{held} octets, and {later} a second later");
    sleep(Duration::from_secs(3)).await;
    // Only what was on the way is there to read, and then the end.
    let octets = wire.rest_within(SOON).await;
    assert!(octets < 8 * MIB, "{octets} octets of some {TIMES} times 300 kB");
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-34
async fn connections_over_the_cap_of_an_address_are_closed_and_the_others_stand() {
    const CAP: usize = 40;
    let Some(stage) = stage(&Plan { limits: "connections_per_source: 40", ..Plan::default() }).await else { return };
    let mut within = Vec::new();
    for _ in 0..CAP - 1 {
        within.push(stage.wire_as(PLAIN).await);
    }
    let mut last = stage.wire_as(PLAIN).await;
    for _ in 0..2_000 {
        let mut over = Wire::plain(stage.door.secure()).await;
        assert_eq!(over.rest_within(SOON).await, 0);
    }
    for wire in within.iter_mut().step_by(10).chain([&mut last]) {
        assert_eq!(wire.whoami(2).await, format!("dn:{}", user_dn(PLAIN)));
    }
    drop(within);
    // Their places are free as soon as the gateway has seen that they left.
    let patience = Instant::now() + SOON;
    loop {
        let mut wire = Wire::plain(stage.door.plain()).await;
        wire.send(&message(1, &whoami(), &[])).await;
        if wire.next().await.is_some() {
            break;
        }
        assert!(Instant::now() < patience, "places are not given back");
    }
    stage.assert_alive().await;
    stage.end().await;
}
