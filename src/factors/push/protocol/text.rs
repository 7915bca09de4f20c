//! The texts that are signed: lines, each a field, the first one naming what it is. A field that is absent is `-`.

use vestibule_engine::AuthenticatorId;

use super::{Digest, Millis, PublicKey};

/// What a device signs with its new key when it registers.
pub fn register_text(origin: &str, token: &str, public_key: &PublicKey, time: Millis) -> String {
    format!("vestibule-register-1\n{origin}\n{token}\n{public_key}\n{time}")
}

/// What a device signs of every request after that. `target` is the path with its query, as it was sent.
pub fn request_text(
    origin: &str,
    method: &str,
    target: &str,
    device: AuthenticatorId,
    time: Millis,
    body: &[u8],
) -> String {
    let body = Digest::of(body);
    format!("vestibule-request-1\n{origin}\n{method}\n{target}\n{device}\n{time}\n{body}")
}

/// A field that may be absent.
pub(super) fn or_dash(field: Option<&str>) -> &str {
    field.unwrap_or("-")
}
