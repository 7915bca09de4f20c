//! What gets no answer, and which number each of them moves.

use super::door::{AUTO, LEGACY, STRANGER, STRICT, TestClient, TestDoor};
use crate::client::Said;
use crate::counters::ClientCounts;
use crate::wire::{Code, number};

fn only(name: &str, count: u64) -> ClientCounts {
    let mut written = serde_json::to_value(ClientCounts::default()).unwrap();
    written[name] = count.into();
    let read = |field: &str| written[field].as_u64().unwrap();
    ClientCounts {
        accepted: read("accepted"),
        rejected: read("rejected"),
        challenged: read("challenged"),
        faults: read("faults"),
        abandoned: read("abandoned"),
        duplicates: read("duplicates"),
        status: read("status"),
        malformed: read("malformed"),
        unserved: read("unserved"),
        wrong_signature: read("wrong_signature"),
        unsigned: read("unsigned"),
        unsigned_proxied: read("unsigned_proxied"),
        shed: read("shed"),
    }
}

// RAD-01, RAD-02, RAD-42
#[tokio::test(start_paused = true)]
async fn damaged_packets_get_no_answer_and_move_one_counter() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let right = client.login("alice", "secret", &[]);
    let with_length = |length: u16| {
        let mut packet = right.clone();
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet
    };
    let attribute_too_long = [&right[..], &[1, 255]].concat();
    let mut damaged = vec![vec![1], with_length(19), with_length(4097), with_length(4000), attribute_too_long];
    damaged[4][3] += 2;
    for packet in &damaged {
        client.send(packet).await;
    }
    assert!(client.hears_nothing().await);
    assert_eq!(door.counts("strict"), only("malformed", 5));

    // RAD-01: octets past the length are padding.
    let padded = [&right[..], &[0xFF; 20]].concat();
    assert_eq!(client.ask(&padded).await.unwrap().code(), 2);
}

// RAD-09
#[tokio::test(start_paused = true)]
async fn the_source_address_alone_says_which_client_it_is() {
    let door = TestDoor::start();
    let stranger = door.client(STRANGER).await;
    stranger.send(&stranger.login("alice", "secret", &[])).await;
    assert!(stranger.hears_nothing().await);
    let counts = door.handle.counters();
    assert_eq!((counts.unknown_client, counts.clients["strict"].clone()), (1, ClientCounts::default()));

    // One client with the secret of another, whatever it says its address is.
    let mut borrowed = door.client(STRICT).await;
    borrowed.secret = door.client(LEGACY).await.secret;
    let request = borrowed.login("alice", "secret", &[(4, &[127, 0, 0, LEGACY]), (number::NAS_IDENTIFIER, b"legacy")]);
    borrowed.send(&request).await;
    assert!(borrowed.hears_nothing().await);
    assert_eq!(door.counts("strict"), only("wrong_signature", 1));
    assert_eq!(door.calls(), []);
}

// RAD-38
#[tokio::test(start_paused = true)]
async fn of_all_codes_only_two_are_answered() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    for code in (0..=255).filter(|code| ![1, 12].contains(code)) {
        let authenticator = [code.max(1); 16];
        client.send(&client.signed(Code(code), authenticator, &[(number::USER_NAME, b"alice")])).await;
    }
    assert!(client.hears_nothing().await);
    assert_eq!(door.counts("strict"), only("unserved", 254));
}

// BLA-03
#[tokio::test(start_paused = true)]
async fn a_client_that_must_sign_and_does_not_gets_nothing_and_nothing_happens() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let request = TestClient::unsigned(&client.login("alice", "secret", &[]));
    client.send(&request).await;
    assert!(client.hears_nothing().await);
    assert_eq!((door.counts("strict"), door.calls()), (only("unsigned", 1), vec![]));
}

// BLA-04
#[tokio::test(start_paused = true)]
async fn a_client_that_need_not_sign_must_if_the_request_went_through_a_proxy() {
    let door = TestDoor::start();
    let client = door.client(LEGACY).await;
    let proxied = client.login("alice", "secret", &[(number::PROXY_STATE, b"injected")]);
    client.send(&TestClient::unsigned(&proxied)).await;
    assert!(client.hears_nothing().await);
    assert_eq!((door.counts("legacy"), door.calls()), (only("unsigned_proxied", 1), vec![]));

    let plain = TestClient::unsigned(&client.login("alice", "secret", &[]));
    assert_eq!(client.ask(&plain).await.unwrap().code(), 2);
    assert_eq!(client.ask(&proxied).await.unwrap().code(), 2);
}

// BLA-04, BLA-08
#[tokio::test(start_paused = true)]
async fn a_client_on_auto_must_sign_from_its_first_signed_request_on() {
    let door = TestDoor::start();
    let client = door.client(AUTO).await;
    let unsigned = TestClient::unsigned(&client.login("alice", "secret", &[]));
    assert_eq!(client.ask(&unsigned).await.unwrap().code(), 2);
    let signed = client.login("alice", "secret", &[]);
    assert_eq!(client.ask(&signed).await.unwrap().code(), 2);
    client.send(&TestClient::unsigned(&client.login("alice", "secret", &[]))).await;
    assert!(client.hears_nothing().await);
    assert_eq!(door.counts("auto").unsigned, 1);
}

// BLA-05
#[tokio::test(start_paused = true)]
async fn a_wrong_signature_is_dropped_for_every_client_and_every_kind_of_packet() {
    let door = TestDoor::start();
    for (last, name) in [(STRICT, "strict"), (AUTO, "auto"), (LEGACY, "legacy")] {
        let client = door.client(last).await;
        let mut request = client.login("alice", "secret", &[]);
        request[22] ^= 1;
        let mut status = client.signed(Code::STATUS_SERVER, [9; 16], &[]);
        status[30] ^= 0x80;
        client.send(&request).await;
        client.send(&status).await;
        assert!(client.hears_nothing().await);
        assert_eq!(door.counts(name), only("wrong_signature", 2));
    }
    assert_eq!(door.calls(), []);
}

// STS-01, STS-02, STS-05
#[tokio::test(start_paused = true)]
async fn status_server_is_answered_without_a_login_and_only_if_signed() {
    let door = TestDoor::start();
    for (last, name) in [(STRICT, "strict"), (LEGACY, "legacy")] {
        let client = door.client(last).await;
        let status = client.signed(
            Code::STATUS_SERVER,
            [9; 16],
            &[(number::USER_NAME, b"alice"), (number::USER_PASSWORD, &[7; 16]), (number::PROXY_STATE, b"p")],
        );
        client.send(&TestClient::unsigned(&status)).await;
        assert!(client.hears_nothing().await);
        let heard = client.ask(&status).await.unwrap();
        assert_eq!((heard.code(), heard.packet().first(number::PROXY_STATE)), (2, Some(&b"p"[..])));
        assert_eq!(door.counts(name), ClientCounts { status: 1, unsigned: 1, ..ClientCounts::default() });
    }
    assert_eq!(door.calls(), []);
}

// RAD-33
#[tokio::test(start_paused = true)]
async fn when_too_many_logins_are_open_new_ones_are_dropped_and_answers_to_questions_are_not() {
    let mut config = TestDoor::config();
    config["limits"] = serde_json::json!({ "open_logins": 2, "open_logins_per_client": 2 });
    let door = TestDoor::start_with(&config);
    let client = door.client(STRICT).await;
    for _ in 0..2 {
        client.send(&client.login("waits", "secret", &[])).await;
    }
    let third = client.login("alice", "secret", &[]);
    client.send(&third).await;
    assert!(client.hears_nothing_yet().await);
    assert_eq!((door.counts("strict").shed, door.handle.counters().open_logins), (1, 2));

    let half_in = client.login("alice", "492039", &[(number::STATE, &super::door::ATTEMPT.to_octets())]);
    assert_eq!(client.ask(&half_in).await.unwrap().code(), 2);

    door.script.waits.add_permits(2);
    assert!(client.hear().await.is_some() && client.hear().await.is_some());
    // What was dropped was not remembered: the repetition is served.
    assert_eq!(client.ask(&third).await.unwrap().code(), 2);
    assert_eq!(door.handle.counters().open_logins, 0);
}

#[tokio::test(start_paused = true)]
async fn our_own_client_takes_no_answer_that_is_not_signed_for_its_question() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let answer = client.exchange("alice", "secret", None).await;
    assert_eq!((answer.said, answer.signed), (Said::Accept, true));
    let question = crate::client::Question {
        user: "alice".to_owned(),
        password: vestibule_engine::Password::new("secret"),
        state: None,
        nas_identifier: "test".to_owned(),
        calling_station: None,
    };
    let sent = client.peer.write(&question, 3, &super::Chance::new(4)).unwrap();
    client.send(&sent.octets).await;
    let heard = client.hear().await.unwrap().0;
    assert!(client.peer.read(&sent, &heard).is_some());
    for at in 0..heard.len() {
        let mut changed = heard.clone();
        changed[at] ^= 1;
        assert!(client.peer.read(&sent, &changed).is_none(), "octet {at}");
    }
    // Blast-RADIUS turns on answers without a signature.
    assert!(client.peer.read(&sent, &TestClient::unsigned(&heard)).is_none());
}
