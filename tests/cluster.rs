//! Two gateways over one PostgreSQL: what one began, the other can finish, and nothing counts twice.

use std::net::SocketAddr;
use std::time::Duration;

use vestibule::clock::SystemClock;
use vestibule_engine::{AuthenticatorId, Clock, DeliveryState, Store};
use vestibule_factors::push::GatewayKey;
use vestibule_factors::push::protocol::{AnswerBody, Authorization, Decision, DeviceKey, Millis, Requests};
use vestibule_peers::radclient::Answer;
use vestibule_store::Handle;

use crate::harness::{ANOTHER_NODE, Site, StoreKind, add_user, challenge, enrol, pap};

#[tokio::test(flavor = "multi_thread")]
async fn challenge_begun_at_one_gateway_ends_at_the_other_and_its_code_is_spent_at_both() {
    let Some(here) = Site::local(StoreKind::Postgres).await.unwrap() else { return };
    let store = here.store().await;
    let user = add_user(&store, "ada", "correct horse").await;
    let token = enrol(&store, user.id).await;
    let there = here.another_node("b").unwrap();
    let (Some(client_here), Some(client_there)) = (challenge(&here), challenge(&there)) else { return };
    let (daemon_here, daemon_there) = (here.start().await.unwrap(), there.start().await.unwrap());
    // From a station that is known: what comes from there twice is one login (RAD-14).
    let first = [
        ("User-Name", "ada"),
        ("User-Password", "correct horse"),
        ("Calling-Station-Id", "198.51.100.7"),
        ("Message-Authenticator", "0x00"),
    ];
    let asked = client_here.send("auth", &first).await.unwrap();
    let state = asked.reply().unwrap().value("State").unwrap().to_owned();
    // RAD-14: asked again at the other gateway, it is the same question.
    let again = client_there.send("auth", &first).await.unwrap();
    assert_eq!(again.reply().unwrap().value("State"), Some(state.as_str()));
    let code = token.code();
    let answer = [
        ("User-Name", "ada"),
        ("User-Password", code.as_str()),
        ("State", state.as_str()),
        ("Calling-Station-Id", "198.51.100.7"),
        ("Message-Authenticator", "0x00"),
    ];
    assert!(client_there.send("auth", &answer).await.unwrap().is("Access-Accept"));
    assert!(client_here.send("auth", &answer).await.unwrap().is("Access-Reject"));
    let typed = format!("correct horse,{code}");
    for site in [&here, &there] {
        assert!(pap(site).unwrap().login("ada", &typed).await.unwrap().is("Access-Reject"));
    }
    daemon_here.stop().await;
    daemon_there.stop().await;
    assert!(store.audit_verify().await.unwrap().problem.is_none());
    assert!(store.audit_nodes().await.unwrap().len() >= 2);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_codes_at_two_gateways_are_counted_together() {
    // OTP-05, I4
    let Some(here) = Site::local(StoreKind::Postgres).await.unwrap() else { return };
    let store = here.store().await;
    let user = add_user(&store, "ada", "correct horse").await;
    let token = enrol(&store, user.id).await;
    let there = here.another_node("b").unwrap();
    let (Some(client_here), Some(client_there)) = (pap(&here), pap(&there)) else { return };
    let (daemon_here, daemon_there) = (here.start().await.unwrap(), there.start().await.unwrap());
    for client in [&client_here, &client_there, &client_here, &client_there, &client_here] {
        let typed = format!("correct horse,{}", token.wrong());
        assert!(client.login("ada", &typed).await.unwrap().is("Access-Reject"));
    }
    let right = format!("correct horse,{}", token.code());
    assert!(
        client_there.login("ada", &right).await.unwrap().is("Access-Reject"),
        "the lock of one is none at the other"
    );
    daemon_here.stop().await;
    daemon_there.stop().await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn login_held_at_one_gateway_is_approved_at_the_other() {
    let Some(mut here) = Site::local(StoreKind::Postgres).await.unwrap() else { return };
    here.with_portal("").unwrap();
    let store = here.store().await;
    let user = add_user(&store, "ada", "correct horse").await;
    let (phone, key) = here.phone_and_key(&store, user.id, "ada").await;
    let there = here.another_node("b").unwrap();
    let Some(client) = pap(&there) else { return };
    let (daemon_here, daemon_there) = (here.start().await.unwrap(), there.start().await.unwrap());
    // The phone talks to this gateway; the VPN asks the other one, and its answer is held there.
    let approve = async {
        let asked = phone.next_request(Duration::from_secs(6)).await.unwrap().expect("a request");
        phone.shown(asked.attempt()).await.unwrap();
        phone.opened(asked.attempt()).await.unwrap();
        phone.approve(&asked, None).await.unwrap();
        asked.attempt()
    };
    let (answer, attempt) = tokio::join!(client.login("ada", "correct horse"), approve);
    assert!(answer.unwrap().is("Access-Accept"));
    let evidence: Vec<_> = store.deliveries(attempt).await.unwrap().into_iter().map(|one| one.state).collect();
    assert_eq!(evidence, [DeliveryState::Shown, DeliveryState::Opened, DeliveryState::Answered]);
    // A yes here and a no there at once: one of them counts, and the gateway that holds the login agrees which.
    let mut won = [0, 0];
    for round in 0..8 {
        let both = async {
            let asked = phone.next_request(Duration::from_secs(6)).await.unwrap().expect("a request");
            let no = denial_there(&here, &key, phone.device(), &store).await;
            // From a yes that has a head start to a no that has one.
            let yes = async {
                tokio::time::sleep(Duration::from_millis(2 * round)).await;
                phone.approve(&asked, None).await
            };
            let no = async {
                tokio::time::sleep(Duration::from_millis(2 * (7 - round))).await;
                no.send().await.unwrap().status().is_success()
            };
            tokio::join!(no, yes)
        };
        let (answer, (no, yes)) = tokio::join!(client.login("ada", "correct horse"), both);
        assert_ne!(yes.is_ok(), no, "two answers, and both or neither were taken: {yes:?}");
        match answer.unwrap() {
            Answer::Reply(reply) => assert_eq!(reply.code == "Access-Accept", yes.is_ok()),
            Answer::Silence => panic!("no answer"),
        }
        won[usize::from(no)] += 1;
        // An approval clears what denials cost; those that went before must not stop the phone from ringing.
        store.clear_locks(user.id, "test", SystemClock::new().now()).await.unwrap();
    }
    println!("a yes won {} times, a no {} times", won[0], won[1]);
    daemon_here.stop().await;
    daemon_there.stop().await;
    assert!(store.audit_verify().await.unwrap().problem.is_none());
    store.close().await;
}

/// A no to what is asked, ready to be sent to the portal of the other node.
async fn denial_there(
    here: &Site,
    key: &DeviceKey,
    device: AuthenticatorId,
    store: &Handle,
) -> reqwest::RequestBuilder {
    let origin = &here.portal().origin;
    let ca = reqwest::Certificate::from_pem(here.portal().ca.ca_pem().as_bytes()).unwrap();
    let other = SocketAddr::from((ANOTHER_NODE, 0));
    let client = reqwest::Client::builder().tls_certs_only([ca]).resolve("localhost", other).build().unwrap();
    let now = || Millis::from(SystemClock::new().now());
    let gateway = GatewayKey::kept(store).await.unwrap().public_key();
    let look = "/device/v1/requests?wait=0";
    let signed = Authorization::sign(key, origin, "GET", look, device, now(), b"").unwrap();
    let heard = client.get(format!("{origin}{look}")).header("authorization", signed.to_string()).send().await.unwrap();
    let waiting: Requests = serde_json::from_slice(&heard.bytes().await.unwrap()).unwrap();
    let asked = waiting.requests.first().expect("a request, at the other node too");
    let request = asked.open(&gateway, origin, device).unwrap();
    let answer = AnswerBody::sign(key, asked, &request, Decision::Deny, None, None, now()).unwrap();
    let body = serde_json::to_vec(&answer).unwrap();
    let target = format!("/device/v1/requests/{}/answer", request.attempt);
    let signed = Authorization::sign(key, origin, "POST", &target, device, now(), &body).unwrap();
    client
        .post(format!("{origin}{target}"))
        .header("authorization", signed.to_string())
        .header("content-type", "application/json")
        .body(body)
}
