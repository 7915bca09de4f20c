//! Who may be believed to be a push service: the authorities of this system, and those an administrator adds.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use vestibule_engine::config::{Problems, Sources};

pub(super) fn tls(
    ca_file: Option<&Path>,
    path: &str,
    sources: &dyn Sources,
    problems: &mut Problems,
) -> Option<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let path = format!("{path}.ca_file");
    let more = match ca_file {
        Some(file) => authorities(file, &path, sources, problems)?,
        None => Vec::new(),
    };
    let built = Verifier::new_with_extra_roots(more, Arc::clone(&provider)).and_then(|verifier| {
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        // "Dangerous" is that a verifier is brought along; this one is the system's.
        Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
    });
    match built {
        Ok(config) => Some(Arc::new(config)),
        Err(error) => {
            let remedy = "install the system's ca-certificates, or name a file with the push service's authority";
            problems.error(path, format!("the authorities of this system cannot be used: {error}"), remedy);
            None
        }
    }
}

fn authorities(
    file: &Path,
    path: &str,
    sources: &dyn Sources,
    problems: &mut Problems,
) -> Option<Vec<CertificateDer<'static>>> {
    let read = sources.file(file).and_then(|pem| {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        found.map_err(|error| format!("{} holds a certificate that cannot be read: {error}", file.display()))
    });
    let why = match read {
        Ok(found) if !found.is_empty() => return Some(found),
        Ok(_) => format!("{} holds no certificate", file.display()),
        Err(why) => why,
    };
    problems.error(path, why, "name a PEM file with the certificate of the authority");
    None
}
