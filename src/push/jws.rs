//! Signed tokens (RFC 7515, compact form): who we are, to those who deliver for us.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::error::Unspecified;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{EcdsaKeyPair, RSA_PKCS1_SHA256};
use serde_json::Value;

/// ES256. `key` must be one for fixed-length signatures, as JWS wants them.
pub(crate) fn es256(header: &Value, claims: &Value, key: &EcdsaKeyPair) -> Result<String, Unspecified> {
    let text = signed_text(header, claims);
    let signature = key.sign(&SystemRandom::new(), text.as_bytes())?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// RS256.
pub(crate) fn rs256(header: &Value, claims: &Value, key: &RsaKeyPair) -> Result<String, Unspecified> {
    let text = signed_text(header, claims);
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn signed_text(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}
