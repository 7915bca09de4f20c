//! A push service of our own, as Mozilla's: browsers hold a WebSocket to it, and senders bring messages over HTTPS.
//!
//! It is as strict with senders as the real ones are (RFC 8030, 8188, 8292), and it never sees what it carries: only the
//! browser can read a message. Both sides come to one TLS port with a certificate of the test's authority.
//!
//! ```text
//!   sender ──POST /wpush/v2/TOKEN──▶ [`resource`] ──▶ [`book`] ──▶ [`browser`] ══WebSocket══ Firefox
//! ```

#![expect(clippy::indexing_slicing, reason = "a JSON value answers null where there is nothing")]

mod book;
mod browser;
mod http;
mod resource;
#[cfg(test)]
mod tests;
mod vapid;

use std::sync::Arc;

use anyhow::Context;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::certificates::TestCa;
use book::Book;

pub use book::{Acknowledged, Sent};

/// A running push service. Dropping it ends it and all its connections.
pub struct PushService {
    port: u16,
    book: Arc<Book>,
    _tasks: JoinSet<()>,
}

impl PushService {
    pub async fn start(ca: &TestCa) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let acceptor = acceptor(ca)?;
        let book = Arc::new(Book::new(format!("https://localhost:{port}")));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, acceptor, Arc::clone(&book)));
        Ok(Self { port, book, _tasks: tasks })
    }

    /// Host and port of the addresses it hands out.
    pub fn authority(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Where browsers connect.
    pub fn browser_address(&self) -> String {
        format!("wss://localhost:{}/", self.port)
    }

    /// Every message that was brought, taken or not, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.book.sent()
    }

    /// What browsers said of the messages they got.
    pub fn acknowledged(&self) -> Vec<Acknowledged> {
        self.book.acknowledged()
    }
}

fn acceptor(ca: &TestCa) -> anyhow::Result<TlsAcceptor> {
    let issued = ca.server(&["localhost", "127.0.0.1"])?;
    let chain = vec![CertificateDer::from_pem_file(&issued.certificate_file)?];
    let key = PrivateKeyDer::from_pem_file(&issued.key_file)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    // A WebSocket begins as HTTP/1.1.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, book: Arc<Book>) {
    // They end with this task.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, book) = (acceptor.clone(), Arc::clone(&book));
        connections.spawn(async move {
            if let Err(error) = serve(stream, acceptor, &book).await {
                println!("push service: a connection ended: {error:#}");
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, book: &Book) -> anyhow::Result<()> {
    let mut stream = BufReader::new(acceptor.accept(stream).await.context("speak TLS")?);
    while let Some(request) = http::read(&mut stream).await? {
        if let Some(key) = request.websocket_key() {
            http::switch(&mut stream, key).await?;
            return browser::serve(stream, book).await;
        }
        let answer = resource::take(&request, book);
        http::write(&mut stream, &answer).await?;
    }
    Ok(())
}
