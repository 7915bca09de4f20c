//! The words and ids a push message carries, for each provider in its own shape (PSH-06).
//!
//! Every provider can read what it delivers, except on Web Push, so there is nothing in it that a stranger may not
//! know: two random ids, whether the request is open, and until when. The words are the same for everybody; the web app
//! and the native apps put their user's language in place of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use serde_json::{Value, json};
use vestibule_engine::AuthenticatorId;
use vestibule_factors::push::{Doorbell, Ring};

/// What replaces an earlier doorbell on the phone.
pub(crate) const TAG: &str = "vestibule-request";

/// Declarative Web Push, which a service worker reads as well. `origin` is the portal's.
pub(crate) fn web_push(ring: &Ring, origin: &str) -> Value {
    let (title, body) = words(ring.doorbell);
    json!({
        "web_push": 8030,
        "notification": {
            "title": title,
            "body": body,
            "navigate": format!("{origin}/authenticator/"),
            "tag": TAG,
            "lang": "en",
            "dir": "auto",
        },
        "vestibule": reference(ring),
    })
}

pub(crate) fn apns(ring: &Ring) -> Value {
    let (title, body) = words(ring.doorbell);
    let mut aps = json!({ "alert": { "title": title, "body": body }, "mutable-content": 1 });
    // That a request is over is no reason to make the phone ring again.
    if let (Doorbell::Asked, Some(aps)) = (ring.doorbell, aps.as_object_mut()) {
        aps.insert("sound".to_owned(), json!("default"));
    }
    json!({ "aps": aps, "vestibule": reference(ring) })
}

/// The data of an FCM message: texts only, so the reference travels as JSON in a text.
pub(crate) fn fcm_data(ring: &Ring) -> Value {
    json!({ "vestibule": reference(ring).to_string() })
}

fn words(doorbell: Doorbell) -> (&'static str, &'static str) {
    match doorbell {
        Doorbell::Asked => ("Sign-in request", "Open to see who is asking."),
        Doorbell::Over => ("Request is over", "Nothing to do."),
    }
}

fn reference(ring: &Ring) -> Value {
    json!({
        "attempt": ring.attempt,
        "device": ring.device,
        "state": match ring.doorbell { Doorbell::Asked => "asked", Doorbell::Over => "over" },
        "until": ring.until.0.div_euclid(1_000),
    })
}

/// One per device, so that of several undelivered doorbells the newest replaces the others: 32 URL-safe characters
/// (RFC 8030 §5.4; Apple takes 64). Hashed, so that it is no second name of the device.
pub(crate) fn slot(device: AuthenticatorId) -> String {
    let hash = digest::digest(&digest::SHA256, format!("vestibule-slot-1\n{device}").as_bytes());
    URL_SAFE_NO_PAD.encode(hash.as_ref().first_chunk::<24>().unwrap_or(&[0; 24]))
}
