//! Requests that come more than once, too late, or never end.

use std::time::Duration;

use super::door::{LEGACY, STRICT, TestDoor};
use crate::wire::number;

// RAD-12, RAD-15
#[tokio::test(start_paused = true)]
async fn five_copies_during_a_login_and_three_after_it_are_one_login_and_one_answer() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let request = client.login("waits", "secret", &[]);
    for _ in 0..5 {
        client.send(&request).await;
    }
    assert!(client.hears_nothing_yet().await, "while the login is open");
    door.script.waits.add_permits(1);
    let first = client.hear().await.unwrap();
    assert!(client.hears_nothing_yet().await, "one answer is enough for all copies");
    for _ in 0..3 {
        assert_eq!(client.ask(&request).await.unwrap().0, first.0);
    }
    assert_eq!((first.code(), door.calls().len()), (2, 1));
    assert_eq!(door.counts("strict").duplicates, 4 + 3);
}

// RAD-12: a refusal that waits for its time is still one answer.
#[tokio::test(start_paused = true)]
async fn copies_of_a_refused_request_do_not_make_it_count_twice() {
    let mut config = TestDoor::config();
    config["defaults"]["reject_delay"] = "2s".into();
    let door = TestDoor::start_with(&config);
    let client = door.client(STRICT).await;
    let request = client.login("deny", "wrong", &[]);
    for _ in 0..4 {
        client.send(&request).await;
    }
    assert_eq!(client.hear().await.unwrap().code(), 3);
    assert!(client.hears_nothing().await);
    assert_eq!((door.calls().len(), door.counts("strict").rejected), (1, 1));
}

// RAD-13
#[tokio::test(start_paused = true)]
async fn a_request_that_the_client_gave_up_on_is_not_answered_any_more() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let mut old = client.login("waits", "secret", &[]);
    let mut new = client.login("alice", "secret", &[]);
    (old[1], new[1]) = (7, 7);
    let (old, new) = (resigned(&client, &old), resigned(&client, &new));
    client.send(&old).await;
    let answer = client.ask(&new).await.unwrap();
    assert_eq!(answer.code(), 2);
    door.script.waits.add_permits(1);
    assert!(client.hears_nothing().await);
    assert_eq!(door.counts("strict").abandoned, 1);
    assert_eq!(client.ask(&new).await.unwrap().0, answer.0);
}

/// The signature covers the identifier.
fn resigned(client: &super::door::TestClient, request: &[u8]) -> Vec<u8> {
    let packet = crate::wire::Packet::parse(request).unwrap();
    let mut writer = crate::wire::Writer::new(packet.code(), packet.identifier());
    for attribute in packet.attributes().filter(|attribute| attribute.kind != number::MESSAGE_AUTHENTICATOR) {
        writer.put(attribute.kind, attribute.value).unwrap();
    }
    writer.seal_request(packet.authenticator(), &client.secret)
}

// RAD-13: a packet that is not believed does not touch what is remembered.
#[tokio::test(start_paused = true)]
async fn a_forged_copy_does_not_disturb_the_open_login() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    let request = client.login("waits", "secret", &[]);
    client.send(&request).await;
    let mut forged = request.clone();
    forged[10] ^= 1;
    client.send(&forged).await;
    while door.calls().is_empty() || door.counts("strict").wrong_signature == 0 {
        tokio::task::yield_now().await;
    }
    door.script.waits.add_permits(1);
    let heard = client.hear().await.unwrap();
    assert!(crate::wire::is_answer_to(&heard.packet(), &client.secret, &request[4..20].try_into().unwrap()));
    assert_eq!((heard.code(), door.calls().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn when_something_is_broken_the_client_hears_nothing_or_a_refusal_as_configured() {
    let door = TestDoor::start();
    for user in ["broken", "stuck"] {
        let strict = door.client(STRICT).await;
        let request = strict.login(user, "secret", &[]);
        strict.send(&request).await;
        assert!(strict.hears_nothing().await);
        // Nothing was said, so a repetition is tried again.
        strict.send(&request).await;
        assert!(strict.hears_nothing().await);

        let legacy = door.client(LEGACY).await;
        let request = legacy.login(user, "secret", &[]);
        assert_eq!(legacy.ask(&request).await.unwrap().code(), 3);
    }
    assert_eq!(door.calls().len(), 6);
    assert_eq!((door.counts("strict").faults, door.counts("legacy").faults), (4, 2));
    assert_eq!(door.handle.counters().open_logins, 0);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_panics_is_silence_and_the_door_stays_open() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    client.send(&client.login("panics", "secret", &[])).await;
    assert!(client.hears_nothing().await);
    assert_eq!((door.tasks.panics(), door.handle.counters().open_logins), (1, 0));
    let request = client.login("alice", "secret", &[]);
    assert_eq!(client.ask(&request).await.unwrap().code(), 2);
}

// RAD-30
#[tokio::test(start_paused = true)]
async fn every_refusal_comes_at_the_same_time_after_the_request_whatever_the_reason() {
    let mut config = TestDoor::config();
    config["defaults"]["reject_delay"] = "1s".into();
    let door = TestDoor::start_with(&config);
    for _ in 0..10 {
        for user in ["deny", "nobody", ""] {
            let client = door.client(STRICT).await;
            let request = client.login(user, "wrong", &[]);
            let asked = tokio::time::Instant::now();
            assert_eq!(client.ask(&request).await.unwrap().code(), 3);
            let took = asked.elapsed();
            assert!((Duration::from_secs(1)..=Duration::from_millis(1260)).contains(&took), "{user}: {took:?}");
        }
    }
}

// RAD-30: what took its time elsewhere is not delayed again.
#[tokio::test(start_paused = true)]
async fn the_delay_counts_from_the_request() {
    let mut config = TestDoor::config();
    config["defaults"]["reject_delay"] = "1s".into();
    let door = TestDoor::start_with(&config);
    let client = door.client(LEGACY).await;
    let request = client.login("stuck", "secret", &[]);
    let asked = tokio::time::Instant::now();
    assert_eq!(client.ask(&request).await.unwrap().code(), 3);
    // Patience 25 s and 10 s of grace, nothing added.
    assert_eq!(asked.elapsed().as_secs(), 35);
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_open_logins_finish_and_takes_no_new_ones() {
    let door = TestDoor::start();
    let client = door.client(STRICT).await;
    client.send(&client.login("waits", "secret", &[])).await;
    while door.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let late = client.login("alice", "secret", &[]);
    let (stopped, answered) = tokio::join!(door.handle.stop(Duration::from_secs(5)), async {
        tokio::task::yield_now().await;
        client.send(&late).await;
        door.script.waits.add_permits(1);
        client.hear().await
    });
    assert_eq!((stopped.abandoned, answered.unwrap().code()), (0, 2));
    assert_eq!(door.calls().len(), 1);
}
