//! Servers that break rules, hang or disappear in the middle: never a yes, never a second bind where the first may have
//! been read.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::super::support::{identify, login, searching, upstream};
use super::{Request, Say, Scripted, bind_result, entry, found, result, tlv};

const ALICE: &str = "uid=alice,ou=people,dc=example,dc=org";

fn alice() -> Vec<u8> {
    entry(ALICE, &[("entryUUID", &[b"a-uuid"]), ("uid", &[b"alice"])])
}

/// A server that knows Alice and answers binds by `answer`.
async fn knowing_alice(answer: impl Fn(usize) -> Say + Send + Sync + 'static) -> Scripted {
    Scripted::start(move |request, heard| match request {
        Request::Bind { .. } => answer(heard.binds().len()),
        Request::Search { .. } => found(vec![alice()]),
    })
    .await
}

fn say(code: u8) -> Say {
    Say::Messages(vec![bind_result(code, "")])
}

#[tokio::test] // FLT-04
async fn a_bind_that_is_not_answered_is_not_sent_to_another_server() {
    let hung = knowing_alice(|_| Say::Nothing).await;
    let other = knowing_alice(|_| say(0)).await;
    let servers = [hung.url.as_str(), &other.url];
    let upstream = upstream(searching(&servers, json!({ "timeout": "300ms" })));
    login(&upstream, "alice", "secret").await.failed();
    assert_eq!(hung.heard.binds(), [ALICE]);
    assert!(other.heard.binds().is_empty());
}

#[tokio::test] // LDP-22
async fn the_server_that_found_somebody_checks_their_password_while_it_is_well() {
    let busy = Scripted::start(|request, _| match request {
        Request::Bind { .. } => say(0),
        Request::Search { .. } => Say::Messages(vec![tlv(0x65, &result(51, ""))]),
    })
    .await;
    let other = knowing_alice(|_| say(0)).await;
    let upstream = upstream(searching(&[&busy.url, &other.url], json!({})));
    login(&upstream, "alice", "secret").await.accepted();
    assert_eq!((busy.heard.binds().len(), other.heard.binds().len()), (0, 1));
}

#[tokio::test] // FLT-04
async fn a_bind_on_a_new_connection_that_ends_is_not_repeated() {
    let leaving = knowing_alice(|_| Say::HangUp).await;
    let other = knowing_alice(|_| say(0)).await;
    let upstream = upstream(searching(&[&leaving.url, &other.url], json!({})));
    login(&upstream, "alice", "secret").await.failed();
    assert_eq!(leaving.heard.binds().len(), 1);
    assert!(other.heard.binds().is_empty());
}

#[tokio::test] // FLT-04
async fn a_bind_on_an_idle_connection_that_turns_out_closed_is_sent_once_more() {
    let server = knowing_alice(|binds| if binds == 2 { Say::HangUp } else { say(0) }).await;
    let upstream = upstream(searching(&[&server.url], json!({})));
    login(&upstream, "alice", "secret").await.accepted();
    login(&upstream, "alice", "secret").await.accepted();
    assert_eq!(server.heard.binds().len(), 3);
}

#[tokio::test]
async fn trouble_of_the_server_is_an_error_and_is_not_asked_elsewhere() {
    // Referral, SASL in progress, busy, unavailable, unwilling, other.
    for code in [10, 14, 51, 52, 53, 80] {
        let server = knowing_alice(move |_| say(code)).await;
        let other = knowing_alice(|_| say(0)).await;
        let upstream = upstream(searching(&[&server.url, &other.url], json!({})));
        login(&upstream, "alice", "secret").await.failed();
        assert!(other.heard.binds().is_empty(), "{code}");
    }
}

#[tokio::test]
async fn a_connection_after_an_unclean_answer_is_not_used_again() {
    let server = knowing_alice(|binds| if binds == 1 { say(80) } else { say(0) }).await;
    let upstream = upstream(searching(&[&server.url], json!({})));
    login(&upstream, "alice", "secret").await.failed();
    login(&upstream, "alice", "secret").await.accepted();
    // One for lookups, and one for each bind.
    assert_eq!(server.heard.connections.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn connections_are_used_again_after_clean_answers() {
    let server = knowing_alice(|binds| say(if binds % 2 == 0 { 0 } else { 49 })).await;
    let upstream = upstream(searching(&[&server.url], json!({})));
    for _ in 0..5 {
        login(&upstream, "alice", "wrong").await.refused();
        login(&upstream, "alice", "secret").await.accepted();
    }
    assert_eq!(server.heard.connections.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_entry_from_elsewhere_or_without_a_name_is_nobody() {
    for dn in ["", " ", "cn=admin,dc=example,dc=org", "ou=people,dc=example,dc=org", "not a dn"] {
        let dn = dn.to_owned();
        let server = Scripted::start(move |request, _| match request {
            Request::Bind { .. } => say(0),
            Request::Search { .. } => found(vec![entry(&dn, &[("entryUUID", &[b"a-uuid"])])]),
        })
        .await;
        let upstream = upstream(searching(&[&server.url], json!({})));
        assert_eq!(identify(&upstream, "alice").await, None);
    }
}

#[tokio::test]
async fn more_entries_than_were_asked_for_are_an_error() {
    let server = Scripted::start(|request, _| match request {
        Request::Bind { .. } => say(0),
        Request::Search { .. } => found(vec![alice(); 1000]),
    })
    .await;
    login(&upstream(searching(&[&server.url], json!({}))), "alice", "secret").await.failed();
}

#[tokio::test]
async fn two_entries_are_nobody_even_when_the_server_says_there_are_more() {
    let server = Scripted::start(|request, _| match request {
        Request::Bind { .. } => say(0),
        Request::Search { .. } => Say::Messages(vec![alice(), alice(), tlv(0x65, &result(4, "size limit exceeded"))]),
    })
    .await;
    assert_eq!(identify(&upstream(searching(&[&server.url], json!({}))), "alice").await, None);
}

#[tokio::test] // FLT-05
async fn an_answer_of_the_wrong_shape_is_never_a_yes() {
    for answer in [
        // A result without its parts, without a code, with text that is not UTF-8; what is no result; an entry.
        tlv(0x61, &[]),
        tlv(0x61, &tlv(0x0A, &[])),
        tlv(0x61, &[tlv(0x0A, &[0]), tlv(0x04, b"\xff"), tlv(0x04, b"")].concat()),
        tlv(0x04, b"yes"),
        alice(),
    ] {
        let server = knowing_alice(move |_| Say::Messages(vec![answer.clone()])).await;
        let upstream = upstream(searching(&[&server.url], json!({ "timeout": "1s" })));
        login(&upstream, "alice", "secret").await.failed();
    }
}
