//! TLS for doors: one certificate, the protocols a door speaks, and a way to replace the certificate while it runs.
//!
//! What this must not know: where the certificate came from. The caller reads files and watches them.

mod identity;
mod validity;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{self, Ticketer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

pub use self::identity::{IdentityError, ServerIdentity};
pub use self::validity::CertificateWarning;
use crate::Stream;

/// What a door needs to speak TLS. Clones are the same door's: a swap is seen by all of them.
#[derive(Debug, Clone)]
pub struct ServerTls(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: ArcSwap<ServerConfig>,
    alpn: Vec<Vec<u8>>,
    clients: Option<ClientRoots>,
}

/// The authorities whose client certificates a door takes. With them, a client without a certificate gets no
/// connection.
#[derive(Debug, Clone)]
pub struct ClientRoots(Arc<dyn ClientCertVerifier>);

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("make keys for TLS session tickets")]
    Tickets(#[source] rustls::Error),
    #[error("set up TLS")]
    Setup(#[source] rustls::Error),
}

#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    #[error("the TLS handshake took longer than {} seconds", .0.as_secs())]
    TooSlow(Duration),
    #[error("agree on TLS")]
    Failed(#[source] io::Error),
}

impl ServerTls {
    /// `alpn` names the protocols on top, best first, such as `h2` and `http/1.1`; none is said when it is empty.
    pub fn new(identity: &ServerIdentity, alpn: &[&str], clients: Option<ClientRoots>) -> Result<Self, TlsError> {
        let alpn: Vec<_> = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let config = ArcSwap::from_pointee(config(identity, &alpn, clients.as_ref())?);
        Ok(Self(Arc::new(Inner { config, alpn, clients })))
    }

    /// Show another certificate from the next handshake on. Connections that stand are not touched; tickets given out
    /// before end with the old certificate.
    pub fn swap(&self, identity: &ServerIdentity) -> Result<(), TlsError> {
        let inner = &*self.0;
        inner.config.store(Arc::new(config(identity, &inner.alpn, inner.clients.as_ref())?));
        Ok(())
    }

    /// Speak TLS on `stream`, or give up after `patience`. Doors that begin in the clear (LDAP's StartTLS) call this
    /// themselves, and only when they hold no octets that came before.
    pub async fn handshake(&self, stream: TcpStream, patience: Duration) -> Result<Stream, HandshakeError> {
        let acceptor = TlsAcceptor::from(self.0.config.load_full());
        match tokio::time::timeout(patience, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
            Ok(Err(cause)) => Err(HandshakeError::Failed(cause)),
            Err(_) => Err(HandshakeError::TooSlow(patience)),
        }
    }
}

impl ClientRoots {
    /// Take the certificates of a PEM file as authorities.
    pub fn from_pem(roots: &[u8]) -> Result<Self, IdentityError> {
        let mut store = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(roots) {
            store.add(root.map_err(IdentityError::Pem)?).map_err(IdentityError::Certificate)?;
        }
        if store.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider());
        Ok(Self(
            verifier.build().map_err(|cause| IdentityError::Certificate(rustls::Error::General(cause.to_string())))?,
        ))
    }
}

/// The one provider, named here so that a process that installed none works too.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// TLS 1.2 and 1.3; early data stays off, because it can be replayed.
fn config(
    identity: &ServerIdentity,
    alpn: &[Vec<u8>],
    clients: Option<&ClientRoots>,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?;
    let builder = match clients {
        Some(ClientRoots(verifier)) => builder.with_client_cert_verifier(Arc::clone(verifier)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified())));
    config.alpn_protocols = alpn.to_vec();
    config.session_storage = Arc::new(NoServerSessionStorage {});
    if clients.is_some() {
        // A resumed session would carry a client's certificate past its end and past a change of the authorities.
        config.send_tls13_tickets = 0;
    } else {
        // The state is in the ticket, so it costs no memory here; its keys are rotated every few hours.
        config.ticketer = Ticketer::new().map_err(TlsError::Tickets)?;
    }
    Ok(config)
}

#[cfg(test)]
mod tests;
