//! The keys Apple and Google hand out, read into what can sign.

use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use url::Url;
use vestibule_engine::SecretBytes;

use crate::settings::ServiceAccount;

/// Apple's `.p8`: a P-256 key in PKCS#8, as PEM.
pub(super) fn apns(pem: &SecretBytes) -> Result<Arc<EcdsaKeyPair>, String> {
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.expose())
        .map_err(|_| "it is no key in PEM with the heading PRIVATE KEY".to_owned())?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_pkcs8_der(), &SystemRandom::new())
        .map(Arc::new)
        .map_err(|_| "it is no P-256 key".to_owned())
}

/// Google's file, with what is used of it. It has more, and Google may add to it.
#[derive(Deserialize)]
struct Written {
    #[serde(rename = "type")]
    kind: String,
    project_id: String,
    #[serde(default)]
    private_key_id: String,
    private_key: String,
    client_email: String,
    token_uri: String,
}

pub(super) fn service_account(json: &SecretBytes) -> Result<ServiceAccount, String> {
    // The parser's own words may quote what it read.
    let written: Written =
        serde_json::from_slice(json.expose()).map_err(|_| "it is no key file of a service account".to_owned())?;
    // Wiped when it goes out of scope.
    let pem = SecretBytes::new(written.private_key);
    if written.kind != "service_account" {
        return Err("it is a key file of another kind than service_account".to_owned());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    if written.project_id.is_empty() || !written.project_id.chars().all(plain) {
        return Err("its project_id is no name of a project".to_owned());
    }
    let token_url = Url::parse(&written.token_uri).ok().filter(|url| url.scheme() == "https" && url.has_host());
    let key =
        PrivatePkcs8KeyDer::from_pem_slice(pem.expose()).map_err(|_| "its private_key is no key in PEM".to_owned())?;
    Ok(ServiceAccount {
        project: written.project_id,
        email: written.client_email,
        key_id: written.private_key_id,
        key: rsa::KeyPair::from_pkcs8(key.secret_pkcs8_der())
            .map_err(|_| "its private_key is no RSA key of 2048 to 4096 bits".to_owned())?,
        token_url: token_url.ok_or("its token_uri is no https URL")?,
    })
}
