//! Against a real slapd, and against listeners that behave badly.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use vestibule_engine::Password;
use vestibule_peers::certificates::TestCa;
use vestibule_peers::slapd::{self, Options, Slapd};

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn peer(address: SocketAddr, protection: Protection, trust: Trust) -> Peer {
    Peer { address, from: None, protection, name: "localhost".to_owned(), trust, patience: PATIENCE }
}

fn authority(slapd: &Slapd) -> Trust {
    Trust::in_authorities(slapd.ca().unwrap().ca_pem().as_bytes()).unwrap()
}

#[tokio::test]
async fn somebody_signs_in_hears_who_they_are_and_reads_their_entry_on_every_kind_of_connection() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    for (address, protection) in [
        (slapd.tls_address(), Protection::Immediate),
        (slapd.address(), Protection::StartTls),
        (slapd.address(), Protection::Never),
    ] {
        let mut session = peer(address, protection, authority(&slapd)).connect().await.unwrap();
        let dn = slapd::user_dn(7);
        let heard = session.bind(&dn, &Password::new(slapd::user_password(7))).await.unwrap();
        assert_eq!(heard, Heard { code: 0, text: String::new() });
        assert_eq!(session.who_am_i().await.unwrap().1, format!("dn:{dn}"));
        let (heard, read) = session.read(Wanted::At(&dn)).await.unwrap();
        let read = read.unwrap();
        assert_eq!((heard.code, &*read.dn, read.first("UID")), (0, &*dn, Some("user0007")));
        let found = Wanted::Below { base: &dn, attribute: "uid", value: "user0007" };
        assert_eq!(session.read(found).await.unwrap().1.unwrap().dn, dn);
        let filter_in_it = Wanted::Below { base: &dn, attribute: "uid", value: "*)(uid=*" };
        assert_eq!(session.read(filter_in_it).await.unwrap().1, None, "LDP-33");
        session.close().await;
    }
}

#[tokio::test]
async fn refusal_is_an_answer_and_no_error() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let mut session = peer(slapd.address(), Protection::Never, authority(&slapd)).connect().await.unwrap();
    let heard = session.bind(&slapd::user_dn(7), &Password::new("guess")).await.unwrap();
    assert_eq!(heard.code, 49);
    assert_eq!(session.who_am_i().await.unwrap().1, "");
}

#[tokio::test]
async fn certificate_of_somebody_else_ends_it_before_anything_is_said() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let other = TestCa::new().unwrap();
    let issued = other.server(&["localhost"]).unwrap();
    let certificate = std::fs::read(issued.certificate_file).unwrap();
    for trust in [Trust::in_authorities(other.ca_pem().as_bytes()), Trust::exactly(&certificate)] {
        let trust = trust.unwrap();
        for (address, protection) in
            [(slapd.tls_address(), Protection::Immediate), (slapd.address(), Protection::StartTls)]
        {
            let refused = peer(address, protection, trust.clone()).connect().await.err();
            assert!(matches!(refused, Some(AskError::Tls(_))), "{refused:?}");
        }
    }
    let named = Peer {
        name: "ldap.example.org".to_owned(),
        ..peer(slapd.tls_address(), Protection::Immediate, authority(&slapd))
    };
    assert!(matches!(named.connect().await.err(), Some(AskError::Tls(_))), "another name");
}

#[tokio::test]
async fn certificate_that_is_known_is_taken_under_any_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ca = TestCa::new().unwrap();
    let issued = ca.server(&["somewhere.example.org"]).unwrap();
    let (chain, key) = (std::fs::read(&issued.certificate_file).unwrap(), std::fs::read(&issued.key_file).unwrap());
    let identity = vestibule_listen::ServerIdentity::from_pem(&chain, &key).unwrap();
    let tls = vestibule_listen::ServerTls::new(&identity, &[], None).unwrap();
    let asked = peer(listener.local_addr().unwrap(), Protection::Immediate, Trust::exactly(&chain).unwrap());
    let server = async { tls.handshake(listener.accept().await.unwrap().0, PATIENCE).await };
    let (client, server) = tokio::join!(asked.connect(), server);
    client.unwrap();
    server.unwrap();
}

#[tokio::test] // LDP-07
async fn bind_without_a_name_or_a_password_is_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let trust = Trust::of_this_system().unwrap();
    let mut session = peer(listener.local_addr().unwrap(), Protection::Never, trust).connect().await.unwrap();
    let (mut accepted, _) = listener.accept().await.unwrap();
    for (name, password) in [("cn=a", ""), ("", "secret"), (" ", "secret")] {
        let refused = session.bind(name, &Password::new(password)).await;
        assert!(matches!(refused, Err(AskError::Empty)), "{name:?} {password:?}");
    }
    drop(session);
    let mut sent = Vec::new();
    accepted.read_to_end(&mut sent).await.unwrap();
    assert_eq!(sent, b"");
}

#[tokio::test]
async fn server_that_hangs_up_babbles_or_is_silent_is_an_error_in_words() {
    let notice = crate::wire::notice_of_disconnection(crate::wire::Answer::new(52, "the gateway stops"));
    let of_another = again(9, &crate::wire::bind_result(crate::wire::Answer::new(0, "")));
    for (said, expected) in [
        (&b""[..], "the connection ended without an answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the answer is not LDAP"),
        (b"\x30\x84\x7f\xff\xff\xff", "the answer is not LDAP"),
        (&notice, "the connection was ended: the gateway stops (code 52)"),
        (&of_another, "the answer is not LDAP"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let trust = Trust::of_this_system().unwrap();
        let mut session = peer(listener.local_addr().unwrap(), Protection::Never, trust).connect().await.unwrap();
        let (mut accepted, _) = listener.accept().await.unwrap();
        let mut read = [0; 256];
        let server = async {
            assert!(accepted.read(&mut read).await.unwrap() > 0);
            accepted.write_all(said).await.unwrap();
            drop(accepted);
        };
        let secret = Password::new("secret");
        let (error, ()) = tokio::join!(session.bind("cn=a", &secret), server);
        assert_eq!(error.unwrap_err().to_string(), expected);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, trust) = (listener.local_addr().unwrap(), Trust::of_this_system().unwrap());
    let impatient = Peer { patience: Duration::from_millis(50), ..peer(address, Protection::Never, trust) };
    let mut session = impatient.connect().await.unwrap();
    assert!(matches!(session.who_am_i().await, Err(AskError::Silence(_))));
}
