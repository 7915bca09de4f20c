//! Settings that change while the door is open.

use serde_json::json;

use super::door::{AUTO, LEGACY, STRICT, TestClient, TestDoor, primaries};
use super::link;
use crate::server::StartError;

#[tokio::test(start_paused = true)]
async fn a_reload_changes_clients_and_keeps_open_logins_counters_and_what_was_learned() {
    let door = TestDoor::start();
    let open = door.client(STRICT).await;
    open.send(&open.login("waits", "secret", &[])).await;
    let auto = door.client(AUTO).await;
    let signed = auto.login("alice", "secret", &[]);
    auto.ask(&signed).await.unwrap();

    let mut config = TestDoor::config();
    config["clients"]["strict"]["secret"] = json!({ "env": "another secret that is long enough" });
    config["clients"].as_object_mut().unwrap().remove("legacy");
    let before = door.handle.addresses();
    door.handle.reload(link(config).0.unwrap(), &primaries(), || {}).unwrap();
    assert_eq!(door.handle.addresses(), before);

    // The open login is answered with the secret it was asked with.
    door.script.waits.add_permits(1);
    let heard = open.hear().await.unwrap();
    assert!(crate::wire::is_answer_to(&heard.packet(), &open.secret, &[1; 16]));
    // New ones need the new secret.
    open.send(&open.login("alice", "secret", &[])).await;
    assert!(open.hears_nothing().await);
    let counts = door.counts("strict");
    assert_eq!((counts.accepted, counts.wrong_signature), (1, 1));
    // A client that has shown that it signs still must.
    auto.send(&TestClient::unsigned(&auto.login("alice", "secret", &[]))).await;
    assert!(auto.hears_nothing().await);
    // A client that is gone is a stranger.
    let legacy = door.client(LEGACY).await;
    legacy.send(&legacy.login("alice", "secret", &[])).await;
    assert!(legacy.hears_nothing().await);
    assert_eq!(door.handle.counters().unknown_client, 1);
}

#[tokio::test(start_paused = true)]
async fn a_reload_binds_new_listeners_and_closes_old_ones() {
    let door = TestDoor::start();
    let mut config = TestDoor::config();
    config["listeners"] = json!(["127.0.0.1:0"]);
    door.handle.reload(link(config).0.unwrap(), &primaries(), || {}).unwrap();
    let addresses = door.handle.addresses();
    assert!(addresses.len() == 1 && addresses[0].port() != door.port());
    let client = door.client(STRICT).await;
    let request = client.login("alice", "secret", &[]);
    client.send(&request).await;
    // The old port is closed: either silence or a refusal of the system.
    let mut octets = [0; 100];
    let heard = tokio::time::timeout(std::time::Duration::from_secs(5), client.socket.recv(&mut octets)).await;
    assert!(!matches!(heard, Ok(Ok(_))));
    client.socket.connect(addresses[0]).await.unwrap();
    assert_eq!(client.ask(&request).await.unwrap().code(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_cannot_be_done_changes_nothing() {
    let door = TestDoor::start();
    let taken = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut config = TestDoor::config();
    config["listeners"] = json!([taken.local_addr().unwrap().to_string()]);
    config["clients"].as_object_mut().unwrap().remove("strict");
    let too_early = || panic!("it cannot be done");
    let refused = door.handle.reload(link(config).0.unwrap(), &primaries(), too_early);
    assert!(matches!(refused, Err(StartError::Bind(_))));

    let mut config = TestDoor::config();
    config["clients"]["strict"]["primary"] = "ldap".into();
    let mut fewer = primaries();
    fewer.remove("ldap");
    let refused = door.handle.reload(link(config).0.unwrap(), &fewer, too_early).unwrap_err();
    assert_eq!(refused.to_string(), "client strict asks for the primary login ldap, which there is none of");

    let client = door.client(STRICT).await;
    let request = client.login("alice", "secret", &[]);
    assert_eq!(client.ask(&request).await.unwrap().code(), 2);
}

// OPS-03
#[tokio::test(start_paused = true)]
async fn what_a_change_needs_first_is_done_before_new_clients_are_served() {
    let door = TestDoor::start();
    let mut config = TestDoor::config();
    config["clients"].as_object_mut().unwrap().remove("legacy");
    let clients = || door.handle.counters().clients.into_keys().collect::<Vec<_>>();
    let mut served_then = Vec::new();
    door.handle.reload(link(config).0.unwrap(), &primaries(), || served_then = clients()).unwrap();
    assert_eq!(served_then, ["auto", "legacy", "silent", "strict"]);
    assert_eq!(clients(), ["auto", "silent", "strict"]);
}

// OPS-03
#[tokio::test(start_paused = true)]
async fn a_listener_that_is_in_the_way_of_its_own_successor_takes_a_restart_and_says_so() {
    let door = TestDoor::start();
    let mut config = TestDoor::config();
    config["listeners"] = json!([format!("127.0.0.1:{}", door.port())]);
    let refused =
        door.handle.reload(link(config).0.unwrap(), &primaries(), || panic!("it cannot be done")).unwrap_err();
    let wanted = format!(
        "listen on UDP 127.0.0.1:{port} while 0.0.0.0:{port} is still open: changing one into the other needs a restart",
        port = door.port()
    );
    assert!(refused.to_string().starts_with(&wanted), "{refused}");
    let client = door.client(STRICT).await;
    assert_eq!(client.ask(&client.login("alice", "secret", &[])).await.unwrap().code(), 2);
    // What somebody else has taken is nothing that a restart would give us.
    let taken = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut config = TestDoor::config();
    config["listeners"] = json!([taken.local_addr().unwrap().to_string()]);
    let refused =
        door.handle.reload(link(config).0.unwrap(), &primaries(), || panic!("it cannot be done")).unwrap_err();
    assert!(matches!(refused, StartError::Bind(_)), "{refused}");
}

// RAD-39
#[tokio::test(start_paused = true)]
async fn clients_with_ipv6_addresses_are_served_beside_the_others() {
    let mut config = TestDoor::config();
    config["listeners"] = json!(["127.0.0.1:0", "[::1]:0"]);
    config["clients"]["strict"]["addresses"] = json!(["::1", "127.0.0.2"]);
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        eprintln!("not run: this machine has no IPv6");
        return;
    }
    let door = TestDoor::start_with(&config);
    let request = door.client(STRICT).await.login("alice", "secret", &[]);
    let six = tokio::net::UdpSocket::bind("[::1]:0").await.unwrap();
    six.connect(door.handle.addresses()[1]).await.unwrap();
    six.send(&request).await.unwrap();
    let mut octets = [0; 100];
    let heard = tokio::time::timeout(std::time::Duration::from_secs(5), six.recv(&mut octets)).await.unwrap().unwrap();
    assert_eq!((octets[0], heard >= 38), (2, true));
    assert_eq!(door.last_request().origin.address.to_string(), "::1");
}
