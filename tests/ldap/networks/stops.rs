//! A gateway that is told to stop while it is in use (LDP-27).

use std::time::Duration;

use vestibule_engine::{AuditEvent, Store};
use vestibule_peers::slapd::{Options, PEOPLE, READER_DN, READER_PASSWORD, Slapd, user_dn, user_password};

use crate::harness::ldap_wire::Wire;
use crate::harness::ldap_wire::request::{SUBTREE, Search, bind, message, present, root_dse};
use crate::harness::reader_account;
use crate::ldap::stage::{Stage, site_before};

const USERS: u32 = 3_000;
/// More than the system keeps for a client that does not read.
const SEARCHES: i64 = 12;
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn gateway_that_stops_ends_what_is_under_way_and_says_goodbye() {
    let options = Options { users: USERS, global: "sizelimit unlimited".to_owned(), ..Options::default() };
    let Some(slapd) = Slapd::start(options).await.unwrap() else { return };
    let Some(mut site) = site_before(slapd).await else { return };
    site.with_portal("").unwrap();
    let application = format!("      allow_plaintext: true\n{}", reader_account());
    let door = site.with_ldap(&application, "").unwrap();
    let Some(stage) = Stage::start(site, door).await else { return };
    let phone = stage.with_phone(1).await;

    let (mut idle, mut held) = (Wire::plain(stage.door.local()).await, Wire::plain(stage.door.local()).await);
    assert_eq!(idle.ask(1, &root_dse(&["namingContexts"])).await.len(), 2);
    held.send(&message(1, &bind(&user_dn(1), &user_password(1)), &[])).await;
    assert!(phone.next_request(SOON).await.unwrap().is_some());
    let mut busy = Wire::with_small_window(stage.door.local()).await;
    assert_eq!(busy.bind(1, READER_DN, READER_PASSWORD).await, 0);
    let everybody = Search::new(PEOPLE, SUBTREE, present("uid")).operation();
    for id in 2..2 + SEARCHES {
        busy.send_blindly(&message(id, &everybody, &[])).await.unwrap();
    }
    // What goes by is more than is kept anywhere, so it has begun and cannot be over.
    assert!(busy.next().await.is_some());

    let Stage { site: _site, daemon, store, .. } = stage;
    let clients = async {
        assert_eq!(held.ended_within(SOON).await, Some(52), "nobody waits for the phone any more");
        assert_eq!(idle.ended_within(SOON).await, Some(52));
        let (mut entries, mut ends) = (1, 0);
        loop {
            let response = busy.next().await.expect("a notice before the end");
            match response.id {
                0 => break assert_eq!(response.code(), 52),
                _ if response.is_final() => ends += i64::from(response.code() == 0),
                _ => entries += 1,
            }
        }
        assert_eq!(ends, SEARCHES);
        let special = 8;
        assert_eq!(entries, SEARCHES * i64::from(USERS + special));
        assert_eq!(busy.ended_within(SOON).await, None, "one notice and the end");
    };
    tokio::join!(daemon.stop(), clients);
    assert_eq!(store.open_attempts().await.unwrap(), 0);
    let records = store.audit_tail(100, None).await.unwrap().into_iter().map(|line| line.record.event);
    let is_withdrawn = |event: AuditEvent| match event {
        AuditEvent::LoginDecided(decision) => decision.denial.is_some_and(|denial| denial.name() == "withdrawn"),
        _ => false,
    };
    assert!(records.into_iter().any(is_withdrawn), "and the phone rings no more");
    store.close().await;
}
