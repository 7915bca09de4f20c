//! What is in an answer.

use serde_json::json;

use super::door::{LEGACY, STRICT, TestClient, TestDoor};
use crate::wire::number;

fn attributes(heard: &super::door::Heard) -> Vec<(u8, Vec<u8>)> {
    heard.packet().attributes().skip(1).map(|attribute| (attribute.kind, attribute.value.to_vec())).collect()
}

// RAD-10
#[tokio::test(start_paused = true)]
async fn proxy_state_comes_back_as_it_went_in_every_kind_of_answer() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let states: [&[u8]; 3] = [&[0; 5], &[0xAB; 253], b"third"];
    let proxied: Vec<(u8, &[u8])> = states.iter().map(|state| (number::PROXY_STATE, *state)).collect();
    for (user, code) in [("alice", 2), ("deny", 3), ("ask", 11), ("a\0b", 3)] {
        let request = client.login(user, "secret", &proxied);
        let heard = client.ask(&request).await.unwrap();
        let back: Vec<&[u8]> = heard.packet().all(number::PROXY_STATE).collect();
        assert_eq!((heard.code(), back.as_slice()), (code, &states[..]), "{user}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_full_of_proxy_state_is_refused_in_one_packet_all_the_same() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let full = [[0xCD; 253]; 15];
    let mut proxied: Vec<(u8, &[u8])> = full.iter().map(|state| (number::PROXY_STATE, &state[..])).collect();
    proxied.push((number::PROXY_STATE, &[1; 230]));
    let request = client.signed(crate::wire::Code::ACCESS_REQUEST, [9; 16], &proxied);
    assert_eq!(request.len(), 4095);
    assert_eq!(client.ask(&request).await.unwrap().code(), 3);
}

// BLA-09, and the rule that strangers learn nothing
#[tokio::test(start_paused = true)]
async fn refusals_are_alike_in_every_octet_but_those_that_must_differ() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let mut seen = std::collections::BTreeSet::new();
    for (user, password) in [("deny", "x"), ("nobody", "x"), ("deny", "another password"), ("a\0b", "x")] {
        let request = client.login(user, password, &[]);
        seen.insert(attributes(&client.ask(&request).await.unwrap()));
    }
    assert_eq!(seen, [vec![(number::REPLY_MESSAGE, b"Sign-in refused.".to_vec())]].into());
}

// BLA-09
#[tokio::test(start_paused = true)]
async fn nothing_that_the_request_said_is_in_an_answer_to_a_client_that_need_not_sign() {
    let door = TestDoor::start();
    let crafted = "C".repeat(200);
    door.carry(&[(number::USER_NAME, crafted.as_bytes()), (number::REPLY_MESSAGE, crafted.as_bytes()), (25, b"class")]);
    let client = door.client(LEGACY).await;
    let request = TestClient::unsigned(&client.login(&crafted, &"C".repeat(100), &[(31, crafted.as_bytes())]));
    let heard = client.ask(&request).await.unwrap();
    assert_eq!((heard.code(), attributes(&heard)), (2, vec![(25, b"class".to_vec())]));

    let relayed = TestClient::unsigned(&client.login("relayed", "secret", &[]));
    assert_eq!(client.ask(&relayed).await.unwrap().text(), "One more answer is needed. Enter it now.");
}

// RAD-26
#[tokio::test(start_paused = true)]
async fn a_long_question_of_an_upstream_arrives_in_several_pieces() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let request = client.login("relayed", "secret", &[]);
    let heard = client.ask(&request).await.unwrap();
    assert_eq!((heard.packet().all(number::REPLY_MESSAGE).count(), heard.text()), (3, "Your PIN, please: ".repeat(30)));
    assert_eq!(heard.packet().first(number::PROMPT), Some(&[0; 4][..]));
}

// RAD-27
#[tokio::test(start_paused = true)]
async fn what_the_upstream_granted_is_delivered_with_the_acceptance_and_with_nothing_else() {
    let door = TestDoor::start();
    let granted: Vec<(u8, Vec<u8>)> = (0..20u8)
        .map(|n| match n % 4 {
            0 => (25, vec![n; 9]),
            1 => (26, vec![0, 0, 0, 9, 1, 4, n, n]),
            2 => (11, format!("filter {n}").into_bytes()),
            _ => (8, vec![10, 0, 0, n]),
        })
        .collect();
    door.carry(&granted.iter().map(|(kind, value)| (*kind, value.as_slice())).collect::<Vec<_>>());
    let client = door.client(STRICT).await;
    for (user, code) in [("deny", 3), ("ask", 11)] {
        let request = client.login(user, "secret", &[]);
        let heard = client.ask(&request).await.unwrap();
        assert_eq!(heard.code(), code);
        assert!(attributes(&heard).iter().all(|attribute| !granted.contains(attribute)), "{user}");
    }
    let request = client.login("alice", "secret", &[]);
    assert_eq!(attributes(&client.ask(&request).await.unwrap()), granted);
    // The same on the path through a question.
    let request = client.login("ask", "492039", &[(number::STATE, &super::door::ATTEMPT.to_octets())]);
    assert_eq!(attributes(&client.ask(&request).await.unwrap()), granted);
}

#[tokio::test(start_paused = true)]
async fn only_the_attributes_that_are_let_through_are_handed_on() {
    let mut config = TestDoor::config();
    config["clients"]["strict"]["pass_through"] = json!({ "only": ["Class"] });
    config["clients"]["legacy"]["pass_through"] = json!("none");
    let door = TestDoor::start_with(&config);
    door.carry(&[(25, b"class"), (11, b"filter"), (26, &[0, 0, 0, 9, 1, 3, 1])]);
    for (last, expected) in [(STRICT, vec![(25, b"class".to_vec())]), (LEGACY, vec![])] {
        let client = door.client(last).await;
        let request = client.login("alice", "secret", &[]);
        assert_eq!(attributes(&client.ask(&request).await.unwrap()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn reply_attributes_are_added_for_the_groups_they_are_meant_for() {
    let mut config = TestDoor::config();
    config["clients"]["strict"]["reply_attributes"] = json!([
        { "name": "Session-Timeout", "value": 3600 },
        { "name": "Filter-Id", "value": "everybody", "groups": ["Staff", "guests"] },
        { "vendor": { "id": 9, "type": 1 }, "value": "shell:priv-lvl=15", "groups": ["admins"] },
        { "name": "Tunnel-Type", "value": "VLAN", "groups": ["guests"] },
    ]);
    let door = TestDoor::start_with(&config);
    let client = door.client(STRICT).await;
    let timeout = (27, vec![0, 0, 14, 16]);
    let filter = (11, b"everybody".to_vec());
    let shell = (26, [&[0, 0, 0, 9, 1, 19][..], b"shell:priv-lvl=15"].concat());
    for (user, expected) in [
        ("alice", vec![timeout.clone(), filter.clone()]),
        ("boss", vec![timeout.clone(), filter, shell]),
        ("deny", vec![(number::REPLY_MESSAGE, b"Sign-in refused.".to_vec())]),
    ] {
        let request = client.login(user, "secret", &[]);
        assert_eq!(attributes(&client.ask(&request).await.unwrap()), expected, "{user}");
    }
}

/// An acceptance without its restrictions would grant more than was meant.
#[tokio::test(start_paused = true)]
async fn an_acceptance_that_does_not_fit_is_not_sent_in_part() {
    let door = TestDoor::start();
    let big = [7; 253];
    door.carry(&[(25, &big[..]); 15]);
    let client = door.client(STRICT).await;
    let state = [8; 253];
    let request = client.login("alice", "secret", &[(number::PROXY_STATE, &state)]);
    client.send(&request).await;
    assert!(client.hears_nothing().await);
    assert_eq!((door.counts("strict").accepted, door.counts("strict").faults), (0, 1));
    let request = client.login("alice", "secret", &[]);
    assert_eq!(client.ask(&request).await.unwrap().code(), 2);
}
