//! A connection on which a test writes LDAP by hand, octet for octet: in the clear, in TLS, or in TLS from some octet on.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::Context as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What the kernel keeps for a reader who does not read: as little as it lets us ask for, so that its sender notices.
const SMALL_WINDOW: u32 = 4096;

#[derive(Debug)]
pub enum RawLdap {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl RawLdap {
    pub async fn plain(server: SocketAddr) -> anyhow::Result<Self> {
        Self::connect(server, None).await
    }

    /// One that takes little before it makes the other side wait.
    pub async fn with_small_window(server: SocketAddr) -> anyhow::Result<Self> {
        Self::connect(server, Some(SMALL_WINDOW)).await
    }

    /// In TLS from the first octet on, trusting the authority in `ca_pem` and no other.
    pub async fn tls(server: SocketAddr, ca_pem: &str) -> anyhow::Result<Self> {
        Self::plain(server).await?.start_tls(ca_pem).await
    }

    /// Shake hands on what was in the clear until now.
    pub async fn start_tls(self, ca_pem: &str) -> anyhow::Result<Self> {
        let Self::Plain(stream) = self else { anyhow::bail!("TLS is on already") };
        let name = ServerName::IpAddress(stream.peer_addr()?.ip().into());
        let stream = connector(ca_pem)?.connect(name, stream).await.context("shake hands")?;
        Ok(Self::Tls(Box::new(stream)))
    }

    async fn connect(server: SocketAddr, window: Option<u32>) -> anyhow::Result<Self> {
        let socket = if server.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        if let Some(window) = window {
            socket.set_recv_buffer_size(window)?;
        }
        let stream = socket.connect(server).await.with_context(|| format!("connect to {server}"))?;
        // What is written at once leaves at once, so that a test decides what shares a segment.
        stream.set_nodelay(true)?;
        Ok(Self::Plain(stream))
    }
}

fn connector(ca_pem: &str) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

impl AsyncRead for RawLdap {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for RawLdap {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, octets),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
