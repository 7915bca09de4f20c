//! Directories that cannot be trusted: no password is sent to them, and the log says what is wrong (LDP-29).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vestibule_peers::certificates::TestCa;
use vestibule_peers::ldap_tools::code;
use vestibule_peers::slapd::{Options, Slapd, user_dn, user_password};

use crate::harness::Site;
use crate::ldap::stage::{Stage, site_with, slapd_primary};

#[tokio::test]
async fn server_with_a_certificate_for_another_name_hears_no_password() {
    let options = Options { certificate_names: vec!["ldap.example.org".to_owned()], ..Options::small() };
    let Some(slapd) = Slapd::start(options).await.unwrap() else { return };
    let ca = slapd.ca().unwrap().ca_pem().to_owned();
    let (immediate, started) = (slapd.tls_url(), slapd.url());
    for (url, tls) in
        [(immediate, "tls: { ca_file: directory.pem }"), (started, "tls: { ca_file: directory.pem, start_tls: true }")]
    {
        let Some(site) = site_with(&slapd_primary(&[&url], &[tls])).await else { return };
        site.file("directory.pem", &ca);
        refused_as_unavailable(site, &["cannot be used", "not valid for"]).await;
    }
}

#[tokio::test]
async fn server_of_an_unknown_authority_hears_no_password() {
    let Some(slapd) = Slapd::start(Options::small()).await.unwrap() else { return };
    let stranger = TestCa::new().unwrap();
    let tls = "tls: { ca_file: directory.pem }";
    let Some(site) = site_with(&slapd_primary(&[&slapd.tls_url()], &[tls])).await else { return };
    site.file("directory.pem", stranger.ca_pem());
    refused_as_unavailable(site, &["cannot be used", "invalid peer certificate"]).await;
}

#[tokio::test]
async fn server_that_refuses_start_tls_is_asked_for_nothing_else() {
    let Some(slapd) = Slapd::start(Options { tls: false, ..Options::small() }).await.unwrap() else { return };
    let tapped = Tapped::before(slapd.address()).await;
    let primary = slapd_primary(&[&tapped.url], &["tls: { start_tls: true }"]);
    let Some(site) = site_with(&primary).await else { return };
    refused_as_unavailable(site, &["cannot be used", "start TLS"]).await;
    let heard = tapped.heard.lock().unwrap().clone();
    let requests = heard.windows(2).filter(|pair| *pair == [0x77, 0x18]).count();
    assert_eq!(heard.len(), 31 * requests, "only requests for TLS: {heard:02x?}");
    assert!(requests > 0 && !heard.windows(3).any(|octets| octets == b"pw-"));
}

/// Nobody is let in, and these words are in one line of the log.
async fn refused_as_unavailable(mut site: Site, words: &[&str]) {
    let door = site.with_ldap("      anonymous: read\n", "").unwrap();
    let Some(mut stage) = Stage::start(site, door).await else { return };
    for name in ["user0001".to_owned(), user_dn(1)] {
        let away = stage.tools().bind(&name, &user_password(1)).whoami().await.unwrap();
        assert_eq!(away.code, code::UNAVAILABLE, "{away:?}");
    }
    // Nor is anything asked for somebody who does not sign in.
    let away = stage.tools().search("ou=people,dc=example,dc=org", "(uid=user0001)", &[]).await.unwrap();
    assert_eq!(away.code, code::UNAVAILABLE, "{away:?}");
    let log = stage.daemon.log();
    assert!(log.lines().any(|line| words.iter().all(|word| line.contains(word))), "{words:?}:\n{log}");
    stage.daemon.expecting("could not be served");
    stage.end().await;
}

/// Between a gateway and its directory: what the former says is written down.
struct Tapped {
    url: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Tapped {
    async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ldap://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&heard);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(client, server, Arc::clone(&book)));
            }
        });
        Self { url, heard }
    }
}

async fn pass(client: TcpStream, server: SocketAddr, book: Arc<Mutex<Vec<u8>>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = TcpStream::connect(server).await.unwrap().into_split();
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut octets = [0; 4096];
    while let Ok(read @ 1..) = from_client.read(&mut octets).await {
        book.lock().unwrap().extend_from_slice(&octets[..read]);
        to_server.write_all(&octets[..read]).await.unwrap();
    }
    back.abort();
}
