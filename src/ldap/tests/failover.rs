//! Servers that are down, silent, slow or mad.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use vestibule_engine::PortError;
use vestibule_peers::ports::Port;

use super::support::{identify, login, searching, small_directory, told, upstream};

#[tokio::test] // FLT-01
async fn the_next_server_is_asked_when_the_first_refuses_connections() {
    let Some(slapd) = small_directory().await else { return };
    let closed = Port::free().unwrap();
    let upstream = upstream(searching(&[&format!("ldap://{}", closed.address()), &slapd.url()], json!({})));
    login(&upstream, "user0001", "pw-user0001").await.accepted();
}

#[tokio::test] // FLT-02
async fn the_next_server_is_asked_when_the_first_is_silent_and_later_logins_do_not_wait_for_it() {
    let Some(slapd) = small_directory().await else { return };
    // Takes connections, as a kernel does for a program that hangs, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("ldap://{}", silent.local_addr().unwrap());
    let timing = json!({ "timeout": "2s", "connect_timeout": "1s", "cool_down": "10m", "cool_down_max": "10m" });
    let upstream = upstream(searching(&[&silent_url, &slapd.url()], timing));
    login(&upstream, "user0001", "pw-user0001").await.accepted();
    let accepted = async {
        let mut count = 0;
        while tokio::time::timeout(Duration::from_millis(50), silent.accept()).await.is_ok() {
            count += 1;
        }
        count
    };
    assert_eq!(accepted.await, 1);
    for _ in 0..5 {
        login(&upstream, "user0001", "pw-user0001").await.accepted();
    }
    assert!(tokio::time::timeout(Duration::from_millis(50), silent.accept()).await.is_err());
}

#[tokio::test] // FLT-01
async fn no_server_is_an_error_and_neither_a_yes_nor_a_no() {
    let closed = Port::free().unwrap();
    let upstream = upstream(searching(&[&format!("ldap://{}", closed.address())], json!({})));
    let error = login(&upstream, "user0001", "pw-user0001").await.failed();
    assert!(matches!(error, PortError::Unreachable { .. }));
    assert!(!told(&error).contains("pw-user0001"));
}

#[tokio::test] // FLT-04
async fn logins_go_on_after_the_server_was_restarted() {
    let Some(mut slapd) = small_directory().await else { return };
    let upstream = upstream(searching(&[&slapd.url()], json!({})));
    for _ in 0..3 {
        login(&upstream, "user0001", "pw-user0001").await.accepted();
    }
    slapd.stop();
    login(&upstream, "user0001", "pw-user0001").await.failed();
    slapd.serve().await.unwrap();
    login(&upstream, "user0001", "pw-user0001").await.accepted();
}

#[tokio::test] // FLT-04
async fn connections_that_the_server_closed_while_idle_are_replaced_unnoticed() {
    let Some(mut slapd) = small_directory().await else { return };
    let upstream = upstream(searching(&[&slapd.url()], json!({})));
    let logins = || {
        let upstream = &upstream;
        futures_util::future::join_all((0..8).map(move |_| async {
            login(upstream, "user0002", "pw-user0002").await.accepted();
        }))
    };
    logins().await;
    slapd.stop();
    slapd.serve().await.unwrap();
    logins().await;
}

#[tokio::test] // FLT-05
async fn a_server_that_speaks_rubbish_is_an_error() {
    for rubbish in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        // An empty message, one without an id, an unknown operation, a result without its parts.
        b"\x30\x00",
        b"\x30\x05\x61\x03\x0a\x01\x00",
        b"\x30\x0c\x02\x01\x01\x7f\x07\x0a\x01\x00\x04\x00\x04\x00",
        b"\x30\x05\x02\x01\x01\x61\x00",
        b"\x30\x0c\x02\x01\x09\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ldap://{}", listener.local_addr().unwrap());
        let upstream = upstream(searching(&[&url], json!({ "timeout": "2s" })));
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.readable().await.unwrap();
            stream.write_all(rubbish).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(login(&upstream, "user0001", "pw-user0001"), server);
        outcome.failed();
    }
}

#[tokio::test]
async fn a_probe_tells_of_each_server() {
    let Some(slapd) = small_directory().await else { return };
    let closed = Port::free().unwrap();
    let upstream = upstream(searching(&[&slapd.url(), &format!("ldap://{}", closed.address())], json!({})));
    let probes = upstream.probe().await;
    assert!(probes[0].outcome.is_ok(), "{probes:?}");
    let why = probes[1].outcome.as_ref().unwrap_err();
    assert!(why.contains("refused"), "{why}");
    assert!(identify(&upstream, "user0001").await.is_some());
}
