//! A connection and its driver over a real socket, with the test as the server.

use bytes::BytesMut;
use futures_util::future::join_all;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use vestibule_peers::certificates::TestCa;

use super::*;
use crate::upstream::directory::Place;
use crate::upstream::driver::Driver;
use crate::upstream::line::{Line, Wire, line_over};
use crate::wire::{Measured, Message, Operation, Scope, again, measure, put};

const ASK: Ask<'_> = Ask { base: "", scope: Scope::Subtree, filter: "(a=b)", attributes: &[], limit: 1 };

struct Stage {
    shared: Arc<Shared>,
    server: TcpStream,
    driver: JoinSet<()>,
}

impl Stage {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (ours, theirs) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let shared = Arc::new(Shared::new());
        let mut driver = JoinSet::new();
        driver.spawn(Driver::new(shared.clone(), line_over(ours.unwrap()), Duration::from_secs(60)).drive());
        Self { shared, server: theirs.unwrap().0, driver }
    }

    fn ask(&self) -> Result<Asked, Refused> {
        self.shared.ask(&ASK.octets(later()).unwrap(), ASK.limit)
    }

    async fn answer(&mut self, asked: &Asked) {
        self.server.write_all(&done(asked.id.unwrap())).await.unwrap();
    }
}

/// The end of a search without entries.
fn done(id: i32) -> Vec<u8> {
    again(id, b"\x65\x07\x0a\x01\x00\x04\x00\x04\x00")
}

/// An entry of sixty thousand octets that nobody asked for.
fn unasked() -> Vec<u8> {
    let (mut entry, mut after_id) = (Vec::new(), Vec::new());
    put(&mut entry, 0x04, &vec![b'x'; 60_000]);
    put(&mut entry, 0x30, b"");
    put(&mut after_id, 0x64, &entry);
    again(7, &after_id)
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

async fn times_out(asked: Asked) {
    assert!(matches!(asked.answer(&ASK, Instant::now()).await, Err(Fault::TimedOut)));
}

/// So much time goes by, in no time.
async fn passes(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test] // FLT-02
async fn a_connection_that_let_one_wait_too_long_takes_no_more_until_it_speaks() {
    let mut stage = Stage::new().await;
    let (late, other) = (stage.ask().unwrap(), stage.ask().unwrap());
    passes(SILENCE_MAX).await;
    times_out(late).await;
    assert_eq!(stage.ask().err(), Some(Refused::Doubted));
    stage.answer(&other).await;
    assert!(other.answer(&ASK, later()).await.is_ok());
    let next = stage.ask().unwrap();
    stage.answer(&next).await;
    assert!(next.answer(&ASK, later()).await.is_ok());
}

#[tokio::test] // FLT-02
async fn a_connection_that_stays_silent_ends_with_its_last_search() {
    let mut stage = Stage::new().await;
    let (late, other) = (stage.ask().unwrap(), stage.ask().unwrap());
    passes(SILENCE_MAX).await;
    times_out(late).await;
    drop(other);
    stage.driver.join_next().await.unwrap().unwrap();
    assert_eq!(stage.ask().err(), Some(Refused::Ended));
    let mut all = Vec::new();
    stage.server.read_to_end(&mut all).await.ok();
}

#[tokio::test]
async fn a_search_that_had_little_time_is_no_reason_for_doubt() {
    let mut stage = Stage::new().await;
    drop(stage.ask().unwrap());
    times_out(stage.ask().unwrap()).await;
    let next = stage.ask().unwrap();
    stage.answer(&next).await;
    assert!(next.answer(&ASK, later()).await.is_ok());
}

#[tokio::test]
async fn a_slow_search_is_no_reason_for_doubt_where_others_are_answered() {
    let mut stage = Stage::new().await;
    let slow = [stage.ask().unwrap(), stage.ask().unwrap()];
    passes(SILENCE_MAX).await;
    let other = stage.ask().unwrap();
    stage.answer(&other).await;
    assert!(other.answer(&ASK, later()).await.is_ok());
    passes(SILENCE_MAX).await;
    let [late, dropped] = slow;
    times_out(late).await;
    drop(dropped);
    assert!(stage.ask().is_ok());
}

#[tokio::test] // FLT-02
async fn a_connection_is_doubted_too_where_all_who_asked_on_it_go_away() {
    let mut stage = Stage::new().await;
    let asked = [(); 3].map(|()| stage.ask().unwrap());
    passes(SILENCE_MAX).await;
    let [first, others @ ..] = asked;
    drop(first);
    assert_eq!(stage.ask().err(), Some(Refused::Doubted));
    drop(others);
    stage.driver.join_next().await.unwrap().unwrap();
    assert_eq!(stage.ask().err(), Some(Refused::Ended));
}

#[tokio::test] // FLT-04
async fn everybody_is_told_when_the_driver_is_stopped() {
    let mut stage = Stage::new().await;
    let asked = [(); 3].map(|()| stage.ask().unwrap());
    stage.driver.shutdown().await;
    for asked in asked {
        assert!(matches!(asked.answer(&ASK, later()).await, Err(Fault::Disconnected)));
    }
    assert_eq!(stage.ask().err(), Some(Refused::Ended));
}

#[test]
fn a_connection_on_which_too_much_is_unwritten_takes_no_more() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let shared = Arc::new(Shared::new());
    let operation = vec![0; OUTGOING_MAX / 4];
    let asked: Vec<_> = (0..20).map_while(|_| shared.ask(&operation, 1).ok()).collect();
    assert_eq!(asked.len(), 4);
}

#[tokio::test]
async fn a_server_that_writes_before_it_reads_is_heard_while_there_is_much_to_write() {
    let mut stage = Stage::new().await;
    let operation = ASK.octets(later()).unwrap();
    let long = "x".repeat(60_000);
    let long = Ask { base: &long, ..ASK }.octets(later()).unwrap();
    let asked: Vec<_> = (0..60).map(|_| stage.shared.ask(&long, 1).unwrap()).collect();
    let last = stage.shared.ask(&operation, 1).unwrap();
    for _ in 0..200 {
        stage.server.write_all(&unasked()).await.unwrap();
    }
    let mut left = asked.len() * long.len();
    let mut octets = vec![0; 1 << 20];
    while left > 0 {
        left = left.saturating_sub(stage.server.read(&mut octets).await.unwrap());
    }
    stage.answer(&last).await;
    assert!(last.answer(&ASK, later()).await.is_ok());
}

/// Both ends of TLS, on sockets that take little at once.
async fn narrow_tls() -> (Line, TlsStream<TcpStream>) {
    let ca = TestCa::new().unwrap();
    let issued = ca.server(&["127.0.0.1"]).unwrap();
    let chain = vec![CertificateDer::from_pem_file(&issued.certificate_file).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&issued.key_file).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca.ca_file()).unwrap()).unwrap();
    let provider = Arc::new(default_provider());
    let server = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let server = server.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (ours, theirs) = (ours.unwrap(), theirs.unwrap().0);
    for socket in [&ours, &theirs].map(SockRef::from) {
        socket.set_send_buffer_size(64 << 10).unwrap();
        socket.set_recv_buffer_size(64 << 10).unwrap();
    }
    let (acceptor, connector) = (TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client)));
    let name = ServerName::from(address.ip());
    let (ours, theirs) = tokio::join!(connector.connect(name, ours), acceptor.accept(theirs));
    let wire = Wire::Tls(Box::new(ours.unwrap()));
    (Line { wire, buffer: BytesMut::new(), server: Place::FIRST }, theirs.unwrap())
}

#[tokio::test]
async fn large_requests_over_tls_are_written_as_the_server_takes_them() {
    let (line, mut server) = narrow_tls().await;
    let shared = Arc::new(Shared::new());
    let mut driver = JoinSet::new();
    driver.spawn(Driver::new(shared.clone(), line, Duration::from_secs(60)).drive());
    let base = "x".repeat(60_000);
    let operation = Ask { base: &base, ..ASK }.octets(later()).unwrap();
    let asked: Vec<_> = (0..60).map(|_| shared.ask(&operation, 1).unwrap()).collect();
    let serve = async {
        // The other side cannot write now, and has to read all the same.
        for _ in 0..20 {
            server.write_all(&unasked()).await.unwrap();
        }
        let mut buffer = BytesMut::new();
        for _ in 0..60 {
            let message = loop {
                match measure(&buffer, 1 << 20).unwrap() {
                    Some(Measured { head, total }) if buffer.len() >= total => {
                        break buffer.split_to(total).split_off(head);
                    }
                    _ => assert_ne!(server.read_buf(&mut buffer).await.unwrap(), 0),
                }
            };
            let message = Message::read(&message).unwrap();
            assert!(matches!(message.operation, Operation::Search(search) if search.base == base.as_bytes()));
            server.write_all(&done(message.id)).await.unwrap();
            server.flush().await.unwrap();
        }
    };
    let answers = join_all(asked.into_iter().map(|asked| asked.answer(&ASK, later())));
    let (answers, ()) = tokio::join!(answers, serve);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}
