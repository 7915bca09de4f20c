use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::{ServerIdentity, ServerTls};

fn made() -> (ServerIdentity, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let identity = ServerIdentity::from_pem(cert.pem().as_bytes(), signing_key.serialize_pem().as_bytes()).unwrap();
    (identity, cert.der().clone())
}

fn with(tls: &ServerTls) -> StreamRules {
    StreamRules { tls: Some(tls.clone()), ..StreamRules::default() }
}

async fn secured(stream: TcpStream, trusted: &CertificateDer<'static>) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(ring::default_provider().into());
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn a_new_certificate_is_shown_from_the_next_connection_on_and_no_connection_is_lost() {
    let ((first, first_der), (second, second_der), (third, third_der)) = (made(), made(), made());
    let tls = ServerTls::new(&first, &[], None).unwrap();
    let handle = opened(with(&tls));
    let mut connections = vec![secured(dial(&handle).await, &first_der).await];
    tls.swap(&second).unwrap();
    connections.push(secured(dial(&handle).await, &second_der).await);
    handle.reload(with(&ServerTls::new(&third, &[], None).unwrap()));
    connections.push(secured(dial(&handle).await, &third_der).await);
    for connection in &mut connections {
        assert!(!greeting(connection).await.is_empty() && is_answered(connection).await);
    }
}

#[tokio::test]
async fn a_balancer_speaks_before_tls_does() {
    let (identity, der) = made();
    let balancers = Balancers::new(vec!["127.0.0.3/32".parse().unwrap()]);
    let handle = opened(StreamRules { balancers, ..with(&ServerTls::new(&identity, &[], None).unwrap()) });
    let mut stream = dial_from(3, &handle).await;
    stream.write_all(b"PROXY TCP6 2001:db8::7 2001:db8::1 51004 443\r\n").await.unwrap();
    assert_eq!(greeting(&mut secured(stream, &der).await).await, "[2001:db8::7]:51004");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_slow_to_agree_on_tls_is_closed() {
    let handle = opened(with(&ServerTls::new(&made().0, &[], None).unwrap()));
    let mut silent = dial(&handle).await;
    silent.write_all(b"\x16\x03\x01").await.unwrap();
    let begun = tokio::time::Instant::now();
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    assert!(begun.elapsed() < 2 * StreamLimits::HANDSHAKE_PATIENCE, "on the paused clock");
    until(|| handle.counts().open == 0).await;
    assert_eq!((handle.counts().failed_handshakes, handle.counts().served), (1, 0));
}

#[tokio::test]
async fn what_is_no_tls_never_reaches_the_door() {
    let handle = opened(with(&ServerTls::new(&made().0, &[], None).unwrap()));
    // A stranger's PROXY header is not read as one here either.
    for first in [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], b"PROXY TCP4 192.0.2.7 192.0.2.1 51004 443\r\n"] {
        let mut stream = dial(&handle).await;
        stream.write_all(first).await.unwrap();
        let mut alert = Vec::new();
        drop(stream.read_to_end(&mut alert).await);
        assert!(!alert.starts_with(b"127."), "{}", alert.escape_ascii());
    }
    until(|| handle.counts().open == 0).await;
    assert_eq!((handle.counts().failed_handshakes, handle.counts().served), (2, 0));
}
