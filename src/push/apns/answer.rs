//! What Apple answers, and what follows from it (PSH-08).

use std::time::Duration;

use serde::Deserialize;
use vestibule_engine::Timestamp;

use crate::http::Answer;
use crate::provider::Reply;

/// After "too many tokens": the least time between two of them.
const TOKEN_PAUSE: Duration = Duration::from_secs(20 * 60);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Plain(Reply),
    /// Our token is too old for Apple; what to say if another one changes nothing.
    Expired(Reply),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    reason: String,
    /// Milliseconds: when Apple last knew the device token to be good for nothing.
    timestamp: Option<i64>,
}

/// `since`: when the device gave us its token.
pub(super) fn meaning(answer: &Answer, since: Timestamp, retry_after: Option<Duration>) -> Meaning {
    let status = answer.status.as_u16();
    let body: Body = serde_json::from_slice(&answer.body).unwrap_or_default();
    // Apple's own words are a closed list; anything else does not belong into a log.
    let reason = if body.reason.bytes().all(|octet| octet.is_ascii_alphanumeric()) { body.reason.as_str() } else { "" };
    let said = || if reason.is_empty() { format!("APNs answered {status}") } else { format!("APNs says {reason}") };
    Meaning::Plain(match (status, reason) {
        (200, _) => Reply::Taken,
        (403, "ExpiredProviderToken") => {
            return Meaning::Expired(Reply::misconfigured("APNs finds our token too old: look at the clock"));
        }
        (400, "BadDeviceToken") => {
            Reply::misconfigured("APNs says BadDeviceToken: the app and apns.sandbox may be of different environments")
        }
        (400, "DeviceTokenNotForTopic" | "BadTopic" | "MissingTopic" | "TopicDisallowed") => {
            Reply::misconfigured(format!("{}: look at apns.topic", said()))
        }
        (_, "BadEnvironmentKeyInToken") => {
            Reply::misconfigured("APNs says BadEnvironmentKeyInToken: the key and apns.sandbox do not fit")
        }
        (403, _) => Reply::misconfigured(format!("{}: look at apns.key, key_id and team_id", said())),
        (404, _) => Reply::misconfigured(format!("{}: look at apns.endpoint", said())),
        (410, _) => gone(body.timestamp, since),
        (429, "TooManyProviderTokenUpdates") => Reply::Pause { after: retry_after.unwrap_or(TOKEN_PAUSE), why: said() },
        (429, _) | (400, "IdleTimeout") => Reply::Later { after: retry_after, why: said() },
        (500.., _) => match retry_after {
            Some(after) => Reply::Pause { after, why: said() },
            None => Reply::unwell(said()),
        },
        (400 | 405 | 413, _) => Reply::defect(said()),
        _ => Reply::refused(said()),
    })
}

/// Apple may speak of the token before the app got the present one: only what it says of a token that was ours by then
/// counts.
fn gone(timestamp: Option<i64>, since: Timestamp) -> Reply {
    match timestamp.map(|millis| Timestamp(millis.saturating_mul(1_000))) {
        Some(as_of) if since <= as_of => Reply::Gone { as_of: Some(as_of) },
        Some(_) => Reply::refused("APNs says that the address was gone before the device gave it to us"),
        None => Reply::refused("APNs says that the address is gone, but not since when"),
    }
}
