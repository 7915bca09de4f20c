//! Clients behind a load balancer, strangers, and too many of either (L9).

use std::time::Duration;

use vestibule_peers::slapd::{user_dn, user_name, user_password};

use super::{application, from, said};
use crate::harness::ldap_wire::request::{message, root_dse};
use crate::harness::{Site, StoreKind};
use crate::ldap::stage::Stage;

const SOON: Duration = Duration::from_secs(5);

fn v1(client: &str) -> Vec<u8> {
    format!("PROXY TCP4 {client} 192.0.2.1 51004 636\r\n").into_bytes()
}

/// `2001:db8::7`, in the binary version of the header.
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24\
    \x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\xc7\x3c\x02\x7c";

#[tokio::test]
async fn client_behind_a_balancer_is_known_by_its_own_address_and_nobody_else_can_claim_one() {
    let branch = application("branch", "\"192.0.2.0/24\", \"2001:db8::/32\"", "      direct: true\n");
    let more = format!("{branch}  balancers: [\"127.0.0.3\"]\n");
    let Some(mut site) = Site::with_directory(StoreKind::Sqlite).await.unwrap() else { return };
    site.more.push_str(&format!(
        "policy: {{ rules: [{{ name: office, services: [branch], networks: [192.0.2.7, \"2001:db8::7\"], users: [{}], \
         require: skip }}] }}\n",
        user_name(1)
    ));
    let door = site.with_ldap("", &more).unwrap();
    let Some(stage) = Stage::start(site, door).await else { return };
    let (dn, password) = (user_dn(1), user_password(1));
    for (header, address, code) in [
        (v1("192.0.2.7"), "192.0.2.7", 0),
        (V2.to_vec(), "2001:db8::7", 0),
        // Another address of the same application, for which the rule was not written.
        (v1("192.0.2.8"), "192.0.2.8", 49),
    ] {
        let mut wire = from(3, stage.door.local()).await;
        wire.send(&header).await;
        assert_eq!(wire.bind(1, &dn, &password).await, code, "{address}");
        let decision = stage.last_decision().await;
        assert_eq!((&*decision.service, &*decision.address), ("ldap/branch", address));
        // The header comes before TLS.
        let mut wire = from(3, stage.door.secure()).await;
        wire.send(&header).await;
        let mut wire = wire.start_tls(stage.door.ca.ca_pem()).await.unwrap();
        assert_eq!(wire.bind(1, &dn, &password).await, code, "{address}, TLS");
    }
    // The balancer itself is no client, and whoever is behind it is one only if an application has their address.
    let mut silent = from(3, stage.door.local()).await;
    silent.send(&root_dse(&[])).await;
    assert_eq!(silent.ended_within(SOON).await, None);
    assert_eq!(said(&stage.daemon, "it must begin with a PROXY protocol header"), 1);
    let mut stranger = from(3, stage.door.local()).await;
    stranger.send(&v1("203.0.113.9")).await;
    assert_eq!(stranger.ended_within(SOON).await, None);
    assert_eq!(
        said(&stage.daemon, "203.0.113.9 connected to the LDAP listener local and belongs to no application"),
        1
    );

    // To anybody else the header is no LDAP.
    for header in [v1("192.0.2.7"), V2.to_vec()] {
        let mut liar = from(1, stage.door.local()).await;
        liar.send(&header).await;
        assert_eq!(liar.ended_within(SOON).await, Some(2), "a protocol error");
    }
    assert_eq!(said(&stage.daemon, "127.0.0.1 (app) sent what LDAP does not allow"), 1, "and the log repeats nothing");
    stage.end().await;
}

#[tokio::test] // LDP-34
async fn strangers_and_too_many_connections_are_closed_and_the_log_says_so_once() {
    let more = application("others", "\"127.0.0.2\", \"127.0.0.4\", \"127.0.0.5\", \"127.0.0.6\"", "")
        + "  limits: { connections: 16, connections_per_source: 4 }\n";
    let Some(stage) = Stage::before_slapd("", &more).await else { return };
    for _ in 0..3 {
        assert_eq!(from(9, stage.door.local()).await.ended_within(SOON).await, None);
    }
    assert_eq!(said(&stage.daemon, "127.0.0.9 connected to the LDAP listener local and belongs to no application"), 1);

    let mut held = Vec::new();
    for source in [1, 2, 4] {
        for _ in 0..4 {
            let mut wire = from(source, stage.door.local()).await;
            assert_eq!(wire.ask(1, &root_dse(&["namingContexts"])).await.pop().unwrap().code(), 0);
            held.push(wire);
        }
        assert_eq!(from(source, stage.door.local()).await.ended_within(SOON).await, None, "the fifth of one");
    }
    assert_eq!(said(&stage.daemon, "has 4 connections to the ldap and gets no more"), 1);
    for _ in 0..4 {
        held.push(from(5, stage.door.local()).await);
    }
    assert_eq!(from(6, stage.door.local()).await.ended_within(SOON).await, None, "the seventeenth");
    assert_eq!(said(&stage.daemon, "The ldap has 16 connections and takes no more"), 1);
    // Those that stand are served on, another listener has places of its own, and one that goes makes room.
    for wire in &mut held {
        assert_eq!(wire.ask(2, &root_dse(&["namingContexts"])).await.pop().unwrap().code(), 0);
    }
    let elsewhere = stage.tools().search_with(&["-s", "base"], "", "(objectClass=*)", &["1.1"]).await.unwrap();
    assert_eq!(elsewhere.code, 0);
    drop(held.pop());
    let mut next = None;
    for _ in 0..50 {
        let mut wire = from(6, stage.door.local()).await;
        wire.send(&message(3, &root_dse(&["namingContexts"]), &[])).await;
        next = wire.next().await;
        if next.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(next.is_some(), "no room after one has gone");
    stage.end().await;
}
