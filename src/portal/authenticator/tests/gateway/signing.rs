//! Keys, digests, TLS and the time of the stand-in.

use std::sync::Arc;

use axum::Router;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use vestibule_peers::certificates::Issued;

pub(crate) struct Signer(EcdsaKeyPair);

impl Signer {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap())
    }

    pub(super) fn public_key(&self) -> String {
        encode(self.0.public_key().as_ref())
    }

    pub(super) fn sign(&self, text: &[u8]) -> String {
        encode(self.0.sign(&SystemRandom::new(), text).unwrap().as_ref())
    }
}

pub(super) fn verified(key: &[u8], text: &str, signature: &str) -> bool {
    let signature = decode(signature);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(text.as_bytes(), &signature).is_ok()
}

/// A WebAuthn assertion: over its data and the digest of the client's data; person present and verified.
pub(super) fn asserted(key: &[u8], data: &str, client_data: &str, signature: &str, signed_text: &str) -> bool {
    let (mut signed, client_data) = (decode(data), decode(client_data));
    let Some(flags) = signed.get(32).copied() else { return false };
    signed.extend_from_slice(digest(&SHA256, &client_data).as_ref());
    let client: serde_json::Value = serde_json::from_slice(&client_data).unwrap();
    let challenge = encode(digest(&SHA256, signed_text.as_bytes()).as_ref());
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(&signed, &decode(signature)).is_ok()
        && flags & 0b101 == 0b101
        && client["type"] == "webauthn.get"
        && client["challenge"] == challenge
}

pub(super) fn encode(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

pub(super) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap_or_default()
}

pub(super) fn hash(octets: &[u8]) -> String {
    encode(digest(&SHA256, octets).as_ref())
}

pub(super) fn confirmation(token: &str, device: &str, public_key: &str, gateway_key: &str) -> String {
    let text = format!("vestibule-confirm-1\n{token}\n{device}\n{public_key}\n{gateway_key}");
    let first = digest(&SHA256, text.as_bytes()).as_ref()[..8].try_into().unwrap();
    let code = u64::from_be_bytes(first) % 1_000_000;
    format!("{:03} {:03}", code / 1000, code % 1000)
}

#[expect(clippy::disallowed_methods, reason = "the other side of the wire has a clock of its own")]
pub(crate) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// HTTP over TLS, until the task is dropped.
pub(super) async fn serve(listener: TcpListener, issued: Issued, app: Router) {
    let certificates = CertificateDer::pem_file_iter(&issued.certificate_file).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&issued.key_file).unwrap();
    let builder =
        ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let mut config = builder.unwrap().with_no_client_auth().with_single_cert(certificates, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, app) = (acceptor.clone(), app.clone());
        connections.spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                let service = TowerToHyperService::new(app);
                auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await.ok();
            }
        });
    }
}
