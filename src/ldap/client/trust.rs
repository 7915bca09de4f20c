//! Whom a client takes for the door.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt;

/// Which certificates are believed.
#[derive(Debug, Clone)]
pub struct Trust(pub(super) Arc<ClientConfig>);

#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("read the certificates as PEM")]
    Pem(#[source] pem::Error),
    #[error("there is no certificate in it")]
    NoCertificate,
    #[error("use the certificates")]
    Unusable(#[source] rustls::Error),
}

impl Trust {
    /// What the authorities of this system vouch for.
    pub fn of_this_system() -> Result<Self, TrustError> {
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.and_then(BuilderVerifierExt::with_platform_verifier).map_err(TrustError::Unusable)?;
        Ok(Self(Arc::new(builder.with_no_client_auth())))
    }

    /// What these authorities vouch for, and no others.
    pub fn in_authorities(pem: &[u8]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.map_err(TrustError::Pem)?).map_err(TrustError::Unusable)?;
        }
        if roots.is_empty() {
            return Err(TrustError::NoCertificate);
        }
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = builder.map_err(TrustError::Unusable)?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// The first certificate of this file and no other, whatever name and authority is in it: for those who know which one
    /// the door was given.
    pub fn exactly(pem: &[u8]) -> Result<Self, TrustError> {
        let first = CertificateDer::pem_slice_iter(pem).next().ok_or(TrustError::NoCertificate)?;
        let only = Arc::new(Only { certificate: first.map_err(TrustError::Pem)?, provider: provider() });
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.map_err(TrustError::Unusable)?.dangerous().with_custom_certificate_verifier(only);
        Ok(Self(Arc::new(builder.with_no_client_auth())))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// One certificate. Whoever shows it must have its key: that is proved by the signatures.
#[derive(Debug)]
struct Only {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *shown == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
