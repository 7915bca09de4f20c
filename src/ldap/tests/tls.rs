//! A directory that cannot prove who it is gets no password (LDP-29).

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vestibule_peers::certificates::TestCa;
use vestibule_peers::slapd::{Options, Slapd};

use super::support::{login, searching, small_directory, told, upstream};

fn trusting(ca: &TestCa) -> Value {
    json!({ "allow_plaintext": false, "tls": { "ca_file": ca.ca_file() } })
}

#[tokio::test] // LDP-29
async fn ldaps_and_start_tls_sign_in_with_a_verified_server() {
    let Some(slapd) = small_directory().await else { return };
    let ldaps = upstream(searching(&[&slapd.tls_url()], trusting(slapd.ca().unwrap())));
    login(&ldaps, "user0001", "pw-user0001").await.accepted();
    let mut config = searching(&[&slapd.url()], trusting(slapd.ca().unwrap()));
    config["tls"]["start_tls"] = json!(true);
    login(&upstream(config), "user0001", "pw-user0001").await.accepted();
}

#[tokio::test] // LDP-29
async fn a_server_of_another_authority_is_not_used() {
    let Some(slapd) = small_directory().await else { return };
    let stranger = TestCa::new().unwrap();
    let mut config = searching(&[&slapd.tls_url()], trusting(&stranger));
    let error = told(&login(&upstream(config.clone()), "user0001", "pw-user0001").await.failed());
    assert!(error.contains("invalid peer certificate"), "{error}");
    config["servers"] = json!([slapd.url()]);
    config["tls"]["start_tls"] = json!(true);
    let error = told(&login(&upstream(config), "user0001", "pw-user0001").await.failed());
    assert!(error.contains("invalid peer certificate"), "{error}");
}

#[tokio::test] // LDP-29
async fn a_server_with_another_name_is_not_used() {
    let options =
        Options { certificate_names: vec!["elsewhere.example".into(), "127.0.0.2".into()], ..Options::small() };
    let Some(slapd) = Slapd::start(options).await.unwrap() else { return };
    let upstream = upstream(searching(&[&slapd.tls_url()], trusting(slapd.ca().unwrap())));
    let error = told(&login(&upstream, "user0001", "pw-user0001").await.failed());
    assert!(error.contains("not valid for name"), "{error}");
}

#[tokio::test] // LDP-29
async fn a_server_name_is_verified_too() {
    let Some(slapd) = small_directory().await else { return };
    let url = format!("ldaps://localhost:{}", slapd.tls_address().port());
    let upstream = upstream(searching(&[&url], trusting(slapd.ca().unwrap())));
    login(&upstream, "user0001", "pw-user0001").await.accepted();
}

#[tokio::test] // LDP-29
async fn a_server_without_start_tls_is_an_error_and_never_plaintext() {
    let Some(slapd) = Slapd::start(Options { tls: false, ..Options::small() }).await.unwrap() else { return };
    let ca = TestCa::new().unwrap();
    let mut config = searching(&[&slapd.url()], trusting(&ca));
    config["tls"]["start_tls"] = json!(true);
    let error = told(&login(&upstream(config), "user0001", "pw-user0001").await.failed());
    assert!(error.contains("start TLS"), "{error}");
}

#[tokio::test] // LDP-10, LDP-29
async fn rubbish_in_place_of_the_start_tls_answer_ends_the_connection() {
    let ca = TestCa::new().unwrap();
    for rubbish in [
        &b"\x30\x84\x7f\xff\xff\xff"[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x80\x00\x00",
        // Success, and behind it what looks like the answer to a bind that was never sent.
        b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ldap://{}", listener.local_addr().unwrap());
        let mut config = searching(&[&url], trusting(&ca));
        config["tls"]["start_tls"] = json!(true);
        let upstream = upstream(config);
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 31]).await.unwrap();
            stream.write_all(rubbish).await.unwrap();
            let mut after = Vec::new();
            stream.read_to_end(&mut after).await.ok();
            after
        };
        let (outcome, after) = tokio::join!(login(&upstream, "user0001", "pw-user0001"), server);
        outcome.failed();
        let password = vestibule_peers::slapd::READER_PASSWORD.as_bytes();
        assert!(!after.windows(password.len()).any(|window| window == password));
    }
}
