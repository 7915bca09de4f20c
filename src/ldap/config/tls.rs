//! Who may be believed to be the directory (LDP-29). Certificates and names are always verified.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use vestibule_engine::config::{Problems, Sources};

use super::LdapTlsConfig;

impl LdapTlsConfig {
    pub(super) fn link(&self, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<Arc<ClientConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let built = builder.and_then(|builder| match &self.ca_file {
            Some(file) => {
                let roots = roots(file, &format!("{path}.ca_file"), sources, problems);
                Ok(roots.map(|roots| builder.with_root_certificates(roots).with_no_client_auth()))
            }
            None => builder.with_platform_verifier().map(|builder| Some(builder.with_no_client_auth())),
        });
        match built {
            Ok(config) => config.map(Arc::new),
            Err(error) => {
                let remedy = "name a file with the directory's authority in ca_file";
                problems.error(path, format!("the authorities of this system cannot be used: {error}"), remedy);
                None
            }
        }
    }
}

fn roots(file: &Path, path: &str, sources: &dyn Sources, problems: &mut Problems) -> Option<RootCertStore> {
    let remedy = "name a PEM file with the certificate of the authority that signed the servers' certificates";
    let mut refuse = |why: String| {
        problems.error(path, why, remedy);
        None
    };
    let pem = match sources.file(file) {
        Ok(pem) => pem,
        Err(why) => return refuse(why),
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let added = certificate
            .map_err(|error| error.to_string())
            .and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()));
        if let Err(why) = added {
            return refuse(format!("{} holds a certificate that cannot be read: {why}", file.display()));
        }
    }
    if roots.is_empty() {
        return refuse(format!("{} holds no certificate", file.display()));
    }
    Some(roots)
}
