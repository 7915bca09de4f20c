use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind, SupportedProtocolVersion};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

struct Pem {
    certificate: String,
    key: String,
}

impl Pem {
    fn made(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Self { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
    }

    fn new() -> Self {
        Self::made(|_| ())
    }

    fn identity(&self) -> Result<ServerIdentity, IdentityError> {
        ServerIdentity::from_pem(self.certificate.as_bytes(), self.key.as_bytes())
    }

    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }
}

/// A client that trusts `servers` and remembers sessions.
fn client(servers: &[&Pem], versions: &[&'static SupportedProtocolVersion], own: Option<&Pem>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    servers.iter().for_each(|server| roots.add(server.der()).unwrap());
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_protocol_versions(versions).unwrap().with_root_certificates(roots);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![own.der()], key).unwrap()
        }
    };
    config.resumption = Resumption::in_memory_sessions(8);
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"other".to_vec()];
    TlsConnector::from(Arc::new(config))
}

/// A handshake, then a word from the server (with which its tickets arrive).
async fn meet(tls: &ServerTls, client: &TlsConnector) -> (Result<Stream, HandshakeError>, TlsStream<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async {
        let mut stream = tls.handshake(listener.accept().await.unwrap().0, PATIENCE).await?;
        stream.write_all(b"!").await.unwrap();
        stream.flush().await.unwrap();
        Ok(stream)
    };
    let visit = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut stream = client.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
        // An alert comes here, when the server did not like us.
        drop(stream.read_u8().await);
        stream
    };
    tokio::join!(serve, visit)
}

fn kind(stream: &TlsStream<TcpStream>) -> HandshakeKind {
    stream.get_ref().1.handshake_kind().unwrap()
}

fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

#[tokio::test]
async fn a_certificate_swapped_between_two_handshakes_is_seen_by_the_second_and_does_not_end_the_first() {
    let (old, new) = (Pem::new(), Pem::new());
    let tls = ServerTls::new(&old.identity().unwrap(), &[], None).unwrap();
    let client = client(&[&old, &new], rustls::ALL_VERSIONS, None);
    let (first, mut first_client) = meet(&tls, &client).await;
    tls.clone().swap(&new.identity().unwrap()).unwrap();
    let (_second, second_client) = meet(&tls, &client).await;
    assert_eq!((shown(&first_client), shown(&second_client)), (old.der(), new.der()));
    // A ticket of the old certificate's time is not taken.
    assert_eq!(kind(&second_client), HandshakeKind::Full);

    first.unwrap().write_all(b"still here").await.unwrap();
    let mut heard = [0; 10];
    first_client.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"still here");
}

#[tokio::test]
async fn both_versions_are_spoken_and_a_client_that_comes_back_resumes() {
    let pem = Pem::new();
    let tls = ServerTls::new(&pem.identity().unwrap(), &["h2", "http/1.1"], None).unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let client = client(&[&pem], &[version], None);
        let (served, first) = meet(&tls, &client).await;
        let served = served.unwrap();
        assert_eq!((served.alpn(), served.is_tls()), (Some(&b"http/1.1"[..]), true));
        let (_, second) = meet(&tls, &client).await;
        assert_eq!((kind(&first), kind(&second)), (HandshakeKind::Full, HandshakeKind::Resumed), "{version:?}");
    }
}

#[tokio::test]
async fn where_client_certificates_are_asked_for_only_ours_get_in_and_each_time_anew() {
    let server = Pem::new();
    let for_clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let (ours, strange) = (Pem::made(for_clients), Pem::made(for_clients));
    let roots = ClientRoots::from_pem(ours.certificate.as_bytes()).unwrap();
    let tls = ServerTls::new(&server.identity().unwrap(), &[], Some(roots)).unwrap();
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let known = client(&[&server], &[version], Some(&ours));
        for _ in 0..2 {
            let (served, visitor) = meet(&tls, &known).await;
            assert_eq!(served.unwrap().client_certificates(), Some(&[ours.der()][..]));
            assert_eq!(kind(&visitor), HandshakeKind::Full);
        }
    }
    for own in [None, Some(&strange)] {
        let (served, _) = meet(&tls, &client(&[&server], &[&rustls::version::TLS13], own)).await;
        assert!(matches!(served, Err(HandshakeError::Failed(_))));
    }
    assert!(matches!(ClientRoots::from_pem(b"nothing"), Err(IdentityError::NoCertificate)));
}

#[test]
fn each_thing_that_can_be_wrong_with_the_files_is_told_apart() {
    let (pem, other) = (Pem::new(), Pem::new());
    let read = |chain: &str, key: &str| ServerIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err();
    assert!(matches!(read("", &pem.key), IdentityError::NoCertificate));
    // The two files in the wrong order.
    assert!(matches!(read(&pem.key, &pem.certificate), IdentityError::NoCertificate));
    assert!(matches!(read(&pem.certificate, ""), IdentityError::NoKey));
    assert!(matches!(read(&pem.certificate, &pem.certificate), IdentityError::NoKey));
    assert!(matches!(read(&pem.certificate, &other.key), IdentityError::Mismatch));
    let authority_first = other.certificate.clone() + &pem.certificate;
    assert!(matches!(read(&authority_first, &pem.key), IdentityError::Mismatch));
    let encrypted = pem.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    assert!(matches!(read(&pem.certificate, &encrypted), IdentityError::EncryptedKey));
    let older = pem.key.replacen("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1);
    assert!(matches!(read(&pem.certificate, &older), IdentityError::EncryptedKey));
    let broken = pem.certificate.replace("END", "DNE");
    assert!(matches!(read(&broken, &pem.key), IdentityError::Pem(_)));
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(read(nonsense, &pem.key), IdentityError::Certificate(_)));
}

#[test]
fn both_may_be_in_one_file() {
    let pem = Pem::new();
    let file = pem.key.clone() + &pem.certificate;
    assert!(ServerIdentity::from_pem(file.as_bytes(), file.as_bytes()).is_ok());
}

#[test]
fn neither_an_error_nor_the_debug_text_shows_anything_of_the_key() {
    let pem = Pem::new();
    let secret = pem.key.lines().nth(1).unwrap();
    // A line that is quoted by the reader's own error.
    let damaged = format!("-----BEGIN {secret}\n{}", pem.key);
    let error = ServerIdentity::from_pem(pem.certificate.as_bytes(), damaged.as_bytes()).unwrap_err();
    assert!(matches!(error, IdentityError::Key));
    let texts = format!("{error} {error:?} {:?} {:?}", std::error::Error::source(&error), pem.identity().unwrap());
    assert!(!texts.contains(secret.get(..8).unwrap()), "{texts}");
}

#[test]
fn a_certificate_outside_its_time_is_a_warning_with_the_date() {
    // Beyond 2049 dates are written in the longer form.
    for (from, until) in [(1999, 2030), (2026, 2049), (2030, 2051), (2050, 2099)] {
        let identity = Pem::made(|params| {
            params.not_before = date_time_ymd(from, 2, 3);
            params.not_after = date_time_ymd(until, 11, 30);
        })
        .identity()
        .unwrap();
        let at = |year: i32| -> Option<String> {
            let now: OffsetDateTime = date_time_ymd(year, 7, 1);
            identity.warning(now).map(|warning| warning.to_string())
        };
        assert_eq!(identity.valid_until(), Some(date_time_ymd(until, 11, 30)));
        assert_eq!(at(from - 1), Some(format!("the certificate is not valid before {from}-02-03")));
        assert_eq!((at(from), at(until)), (None, None));
        assert_eq!(at(until + 1), Some(format!("the certificate expired on {until}-11-30")));
    }
}

#[test]
fn a_certificate_cut_or_damaged_anywhere_is_read_without_harm() {
    let der = Pem::new().der();
    assert!(validity::Validity::of(&der).is_some());
    for place in 0..der.len() {
        assert_eq!(validity::Validity::of(&der[..place]), None, "cut at {place}");
        for octet in [0, 0x7f, 0x80, 0x84, 0xff] {
            let mut damaged = der.to_vec();
            damaged[place] = octet;
            std::hint::black_box(validity::Validity::of(&damaged));
        }
    }
}
