//! StartTLS: what is slipped in around it, and when it is refused.

use std::time::Duration;

use vestibule_peers::slapd::{self, user_dn};

use crate::harness::ldap_wire::Wire;
use crate::harness::ldap_wire::request::{START_TLS, bind, extended, message, root_dse};
use crate::ldap::keeper::{PLAIN, Plan, stage};
use crate::ldap::stage::Stage;

const SOON: Duration = Duration::from_secs(5);
const PROTOCOL_ERROR: u32 = 2;

fn start_tls(id: i64) -> Vec<u8> {
    message(id, &extended(START_TLS, None), &[])
}

async fn logins(stage: &Stage) -> usize {
    stage.events().await.len()
}

#[tokio::test] // LDP-10, B6
async fn what_comes_before_the_handshake_is_not_taken_for_the_clients() {
    let Some(stage) = stage(&Plan::default()).await else { return };
    let signs_in = message(2, &bind(&user_dn(PLAIN), &slapd::user_password(PLAIN)), &[]);
    let before = logins(&stage).await;
    // In one segment.
    let mut wire = Wire::plain(stage.door.plain()).await;
    wire.send(&[start_tls(1), signs_in.clone()].concat()).await;
    assert_eq!(wire.ended_within(SOON).await, Some(PROTOCOL_ERROR));
    // A part of one is enough.
    let mut wire = Wire::plain(stage.door.plain()).await;
    wire.send(&[&start_tls(1)[..], &signs_in[..3]].concat()).await;
    assert_eq!(wire.ended_within(SOON).await, Some(PROTOCOL_ERROR));
    // In the next one, where the handshake should begin.
    let mut wire = Wire::plain(stage.door.plain()).await;
    wire.send(&start_tls(1)).await;
    assert_eq!(wire.code(1).await, 0);
    wire.send(&signs_in).await;
    wire.rest_within(SOON).await;
    assert_eq!(logins(&stage).await, before, "a bind in the clear was decided");
    // Done right, it is all there.
    let mut wire = Wire::plain(stage.door.plain()).await;
    wire.send(&start_tls(1)).await;
    assert_eq!(wire.code(1).await, 0);
    let mut wire = wire.start_tls(stage.door.ca.ca_pem()).await.unwrap();
    wire.send(&signs_in).await;
    assert_eq!(wire.code(2).await, 0);
    assert_eq!(wire.whoami(3).await, format!("dn:{}", user_dn(PLAIN)));
    stage.assert_alive().await;
    stage.end().await;
}

#[tokio::test] // LDP-09
async fn start_tls_is_refused_where_it_cannot_be() {
    let Some(stage) = stage(&Plan::default()).await else { return };
    let answer = async |wire: &mut Wire, id: i64| {
        let answer = wire.answers(id).await.pop().unwrap();
        assert_eq!(answer.name().as_deref(), Some(START_TLS));
        answer.code()
    };
    // Twice, and on a connection that had TLS from the start.
    let mut wire = Wire::plain(stage.door.plain()).await;
    wire.send(&start_tls(1)).await;
    assert_eq!(answer(&mut wire, 1).await, 0);
    let twice = wire.start_tls(stage.door.ca.ca_pem()).await.unwrap();
    for mut wire in [twice, stage.wire().await] {
        wire.send(&start_tls(2)).await;
        assert_eq!(answer(&mut wire, 2).await, 1);
        assert_eq!(wire.bind(3, &user_dn(PLAIN), &slapd::user_password(PLAIN)).await, 0);
    }
    // Where it is not offered.
    let mut wire = Wire::plain(stage.door.local()).await;
    wire.send(&start_tls(1)).await;
    assert_eq!(answer(&mut wire, 1).await, PROTOCOL_ERROR);
    // While something else is asked.
    let mut wire = Wire::plain(stage.door.plain()).await;
    wire.send(&[message(1, &root_dse(&[]), &[]), start_tls(2)].concat()).await;
    let mut ended = Vec::new();
    while ended.len() < 2 {
        ended.extend(
            wire.next().await.filter(|response| response.is_final()).map(|response| (response.id, response.code())),
        );
    }
    ended.sort_unstable();
    assert_eq!(ended, [(1, 0), (2, 1)]);
    stage.assert_alive().await;
    stage.end().await;
}
