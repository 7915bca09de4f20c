//! A push service on this machine: real TLS and HTTP, an authority of its own, checks like the real one's, and orders to
//! fail.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use vestibule_peers::certificates::TestCa;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) version: Version,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What to answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    pub(super) endless: bool,
    pub(super) never: bool,
}

impl Told {
    pub(super) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self { status, body: body.to_string(), ..Self::default() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Check = dyn Fn(&Seen) -> Told + Send + Sync;

pub(super) struct Stand {
    pub(super) ca: TestCa,
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    seen: Mutex<Vec<Seen>>,
    orders: Mutex<VecDeque<Told>>,
    /// What it answers to those without an order: what the real one would.
    check: Box<Check>,
    connections: AtomicUsize,
    closed: watch::Sender<usize>,
    chunks: Arc<AtomicUsize>,
    phase: watch::Sender<Phase>,
    tasks: TaskTracker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    GoAway,
    Cut,
}

impl Stand {
    pub(super) async fn start(protocols: &[&str], check: impl Fn(&Seen) -> Told + Send + Sync + 'static) -> Self {
        let ca = TestCa::new().unwrap();
        let issued = ca.server(&["localhost", "127.0.0.1"]).unwrap();
        let chain = vec![CertificateDer::from_pem_file(issued.certificate_file).unwrap()];
        let key = PrivateKeyDer::from_pem_file(issued.key_file).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut tls = builder.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
        tls.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            orders: Mutex::default(),
            check: Box::new(check),
            connections: AtomicUsize::new(0),
            closed: watch::Sender::new(0),
            chunks: Arc::default(),
            phase: watch::Sender::new(Phase::Open),
            tasks: TaskTracker::new(),
        });
        let accepting = Arc::clone(&shared);
        shared.tasks.spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(tls));
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&accepting));
                accepting.tasks.spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        Arc::clone(&shared).serve(stream).await;
                    }
                    shared.closed.send_modify(|closed| *closed += 1);
                });
            }
        });
        Self { ca, address, shared }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port())
    }

    /// Answer the next request without an answer so.
    pub(super) fn will(&self, told: Told) {
        self.shared.orders.lock().unwrap().push_back(told);
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The requests since the last call.
    pub(super) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.shared.seen.lock().unwrap())
    }

    pub(super) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Pieces of 64 KiB that were taken from endless answers.
    pub(super) fn chunks(&self) -> usize {
        self.shared.chunks.load(Ordering::SeqCst)
    }

    /// Tell every connection that it should be closed (GOAWAY), and wait until all are.
    pub(super) async fn go_away(&self) {
        let open = self.connections();
        self.shared.phase.send_replace(Phase::GoAway);
        self.shared.closed.subscribe().wait_for(|closed| *closed >= open).await.unwrap();
    }

    /// Close every connection without a word.
    pub(super) fn cut(&self) {
        self.shared.phase.send_replace(Phase::Cut);
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>) {
        let mut phase = self.phase.subscribe();
        phase.mark_unchanged();
        let answering = Arc::clone(&self);
        let service = service_fn(move |request| Arc::clone(&answering).answer(request));
        let builder = auto::Builder::new(TokioExecutor::new());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        loop {
            tokio::select! {
                _ = connection.as_mut() => return,
                changed = phase.changed() => match (changed, *phase.borrow_and_update()) {
                    (Err(_), _) | (_, Phase::Cut) => return,
                    (Ok(()), Phase::GoAway) => connection.as_mut().graceful_shutdown(),
                    (Ok(()), Phase::Open) => {}
                },
            }
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Either<Full<Bytes>, Endless>>, Infallible> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        let path = parts.uri.path().to_owned();
        let seen = Seen { version: parts.version, path, headers: parts.headers, body };
        self.seen.lock().unwrap().push(seen.clone());
        let order = self.orders.lock().unwrap().pop_front();
        let told = order.unwrap_or_else(|| (self.check)(&seen));
        if told.never {
            std::future::pending::<()>().await;
        }
        let mut response = Response::builder().status(told.status);
        for (name, value) in told.headers {
            response = response.header(name, value);
        }
        let body = if told.endless {
            Either::Right(Endless(Arc::clone(&self.chunks)))
        } else {
            Either::Left(Full::new(Bytes::from(told.body)))
        };
        Ok(response.body(body).unwrap())
    }
}

/// A body that never ends.
struct Endless(Arc<AtomicUsize>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 64 * 1024])))))
    }
}
