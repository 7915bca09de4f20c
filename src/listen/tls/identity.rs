//! A certificate chain and its key, read and checked before a door shows them.

use std::fmt;
use std::sync::Arc;

use rustls::InconsistentKeys;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;

use super::provider;
use super::validity::{CertificateWarning, Validity};

/// A certificate chain with the key that fits it.
#[derive(Clone)]
pub struct ServerIdentity {
    certified: Arc<CertifiedKey>,
    validity: Option<Validity>,
}

/// Why octets are no certificate and key. None of the texts, and none of their causes, holds anything of the key.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("there is no certificate in it (no line \"BEGIN CERTIFICATE\")")]
    NoCertificate,
    #[error("read the certificates as PEM")]
    Pem(#[source] pem::Error),
    #[error("read the certificate")]
    Certificate(#[source] rustls::Error),
    #[error("there is no private key in it (no line \"BEGIN PRIVATE KEY\")")]
    NoKey,
    #[error("the private key is protected by a passphrase; store it without one, readable by the service only")]
    EncryptedKey,
    #[error("the private key is damaged or of a kind that is not supported; RSA, ECDSA P-256 or P-384 and Ed25519 are")]
    Key,
    #[error("the key does not belong to the first certificate in the file; put the server's own certificate first")]
    Mismatch,
}

impl ServerIdentity {
    /// Read a chain, the server's own certificate first, and its key. Both may be parts of one file.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(IdentityError::Pem)?;
        let validity = Validity::of(chain.first().ok_or(IdentityError::NoCertificate)?);
        // A wrong line of a PEM file is quoted in its error, and here it would be a line of the key.
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            _ if is_encrypted(key) => IdentityError::EncryptedKey,
            pem::Error::NoItemsFound => IdentityError::NoKey,
            _ => IdentityError::Key,
        })?;
        let key = provider().key_provider.load_private_key(key).map_err(|_| IdentityError::Key)?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) => Ok(Self { certified: Arc::new(certified), validity }),
            Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(IdentityError::Mismatch),
            Err(rustls::Error::InconsistentKeys(_)) => Err(IdentityError::Key),
            Err(cause) => Err(IdentityError::Certificate(cause)),
        }
    }

    /// The end of the certificate's life, where it can be read.
    pub fn valid_until(&self) -> Option<OffsetDateTime> {
        self.validity.map(|validity| validity.until)
    }

    /// What clients will hold against the certificate at `now`. It is shown to them all the same: a door that is shut
    /// tells an administrator less than a browser's warning.
    pub fn warning(&self, now: OffsetDateTime) -> Option<CertificateWarning> {
        self.validity?.warning(now)
    }

    pub(super) fn certified(&self) -> CertifiedKey {
        CertifiedKey::clone(&self.certified)
    }
}

/// The key stays out of every log.
impl fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let certificates = self.certified.cert.len();
        f.debug_struct("ServerIdentity")
            .field("certificates", &certificates)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

/// In the way of PKCS #8, or in the older one.
fn is_encrypted(pem: &[u8]) -> bool {
    let says = |mark: &[u8]| pem.windows(mark.len()).any(|window| window == mark);
    says(b"BEGIN ENCRYPTED PRIVATE KEY") || says(b"Proc-Type: 4,ENCRYPTED")
}
