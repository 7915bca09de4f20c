//! Who sends (RFC 8292): a short-lived token signed with the key the subscription was made for.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

use super::resource::Refusal;

/// RFC 8292 §2.
const LIFE_SECONDS_MAX: u64 = 24 * 60 * 60;

/// Whether this header lets its sender use a subscription made for `key` at the service with this `origin`.
pub(super) fn check(header: Option<&str>, key: Option<&str>, origin: &str) -> Result<(), Refusal> {
    let header = header.ok_or(Refusal(401, "no Authorization"))?;
    let fields = header.strip_prefix("vapid ").ok_or(Refusal(401, "Authorization is not vapid"))?;
    let field = |name: &str| {
        let fields = fields.split(',').filter_map(|field| field.trim().split_once('='));
        fields.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    };
    let token = field("t").ok_or(Refusal(401, "no token"))?;
    let signer = field("k").ok_or(Refusal(401, "no key"))?;
    if key.is_some_and(|key| key.trim_end_matches('=') != signer) {
        return Err(Refusal(403, "the key of another sender"));
    }
    let claims = verified(token, signer).ok_or(Refusal(401, "the signature is wrong"))?;
    check_claims(&claims, origin, now())
}

/// The claims, if the signature over them is right.
fn verified(token: &str, signer: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Value = json(header)?;
    if header["alg"] != "ES256" {
        return None;
    }
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, URL_SAFE_NO_PAD.decode(signer).ok()?);
    key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    json(claims)
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn check_claims(claims: &Value, origin: &str, now: u64) -> Result<(), Refusal> {
    if claims["aud"] != origin {
        return Err(Refusal(401, "aud is another service"));
    }
    match claims["exp"].as_u64() {
        None => return Err(Refusal(401, "no exp")),
        Some(over) if over <= now => return Err(Refusal(401, "exp is over")),
        Some(over) if over > now + LIFE_SECONDS_MAX => return Err(Refusal(401, "exp is more than a day away")),
        Some(_) => {}
    }
    let contact = claims["sub"].as_str().unwrap_or_default();
    if !contact.starts_with("mailto:") && !contact.starts_with("https:") {
        return Err(Refusal(401, "sub names nobody"));
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a peer has a clock of its own")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
