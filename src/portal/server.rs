//! HTTP on the connections of the door: HTTP/1.1 and HTTP/2, with a limit on everything a stranger can send.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tower::ServiceExt as _;
use vestibule_listen::{Connection, Tasks};

use crate::door::Desk;
use crate::{guard, pages};

/// All headers of a request together; browsers send about 2 KiB.
const HEADER_OCTETS_MAX: u32 = 32 * 1024;
/// Header lines of a request.
const HEADERS_MAX: usize = 64;
/// From the first octet of a request to the end of its header: longer is a client that holds a place (slowloris).
const HEADER_PATIENCE: Duration = Duration::from_secs(10);
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 64;
/// An HTTP/2 connection without a word is asked whether anybody is there.
const PING_EVERY: Duration = Duration::from_secs(60);

/// The other end of the connection a request came on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What serves every connection.
pub(crate) struct Serving {
    app: Router,
    http: auto::Builder<OwnTasks>,
}

/// HTTP/2 works in tasks; they are ours to stop.
#[derive(Clone)]
struct OwnTasks(Tasks);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for OwnTasks {
    fn execute(&self, future: F) {
        self.0.spawn("portal request", future);
    }
}

/// Every route, behind the guard.
pub(crate) fn app(desk: &Arc<Desk>, routes: Router) -> Router {
    let pages = pages::router().layer(axum::middleware::from_fn_with_state(Arc::clone(desk), guard::page));
    let others = routes
        .merge(crate::authenticator::router())
        .layer(axum::middleware::from_fn_with_state(Arc::clone(desk), guard::other));
    others.merge(pages).layer(axum::extract::DefaultBodyLimit::max(guard::BODY_OCTETS_MAX))
}

impl Serving {
    pub(crate) fn new(app: Router, tasks: &Tasks) -> Self {
        let mut http = auto::Builder::new(OwnTasks(tasks.clone()));
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_PATIENCE)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEADER_OCTETS_MAX as usize);
        http.http2()
            .timer(TokioTimer::new())
            .max_header_list_size(HEADER_OCTETS_MAX)
            .max_concurrent_streams(STREAMS_MAX)
            .keep_alive_interval(PING_EVERY);
        Self { app, http }
    }

    /// Answer what comes on this connection until it ends, or until the door closes and what has begun is answered.
    pub(crate) async fn connection(&self, connection: Connection) {
        let Connection { stream, peer, stopping, guard, .. } = connection;
        let app = self.app.clone();
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            let app = app.clone();
            async move { Ok::<Response, std::convert::Infallible>(answer(app, request, peer).await) }
        });
        let serving = self.http.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(serving);
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = stopping.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error = &*error, client = %peer, "A connection to the portal ended in an error");
        }
        drop(guard);
    }
}

async fn answer(app: Router, request: hyper::Request<Incoming>, peer: SocketAddr) -> Response {
    let mut request: Request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(Peer(peer));
    match app.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
