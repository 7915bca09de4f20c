//! What Google answers, and what follows from it (PSH-10).

use std::time::Duration;

use serde::Deserialize;

use crate::http::Answer;
use crate::provider::Reply;

/// How long to stay away when the quota is used up and Google does not say.
const QUOTA_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Plain(Reply),
    /// Our token is not liked; what to say if another one changes nothing.
    Unauthorized(Reply),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    error: Error,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Error {
    status: String,
    details: Vec<Detail>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    error_code: String,
    field_violations: Vec<Violation>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Violation {
    field: String,
}

impl Error {
    /// FCM's own code, or the general one where there is none.
    fn code(&self) -> &str {
        let own = self.details.iter().map(|detail| detail.error_code.as_str()).find(|code| !code.is_empty());
        let code = own.unwrap_or(&self.status);
        let is_word = code.len() <= 64 && code.bytes().all(|octet| octet.is_ascii_uppercase() || octet == b'_');
        if is_word { code } else { "" }
    }

    fn blames_the_token(&self) -> bool {
        self.details.iter().flat_map(|detail| &detail.field_violations).any(|each| each.field == "message.token")
    }

    fn blames_another_field(&self) -> bool {
        self.details.iter().flat_map(|detail| &detail.field_violations).any(|each| each.field != "message.token")
    }
}

/// `known_good`: a message like this one has been taken before.
pub(super) fn meaning(answer: &Answer, known_good: bool, retry_after: Option<Duration>) -> Meaning {
    let status = answer.status.as_u16();
    let error = serde_json::from_slice::<Body>(&answer.body).unwrap_or_default().error;
    let code = error.code();
    let said = || if code.is_empty() { format!("FCM answered {status}") } else { format!("FCM says {code}") };
    Meaning::Plain(match (status, code) {
        (200..300, _) => Reply::Taken,
        (404 | 410, "UNREGISTERED") => Reply::Gone { as_of: None },
        (404, _) => Reply::misconfigured(format!("{}: look at the project of fcm.service_account", said())),
        (400, _) if error.blames_the_token() => Reply::Gone { as_of: None },
        (400, "INVALID_ARGUMENT") if known_good && !error.blames_another_field() => Reply::Gone { as_of: None },
        (400, _) => Reply::defect(said()),
        (401, "THIRD_PARTY_AUTH_ERROR") => {
            Reply::misconfigured(format!("{}: the APNs or Web Push key at Firebase is wrong", said()))
        }
        (401, _) => {
            return Meaning::Unauthorized(Reply::misconfigured(format!("{}: look at fcm.service_account", said())));
        }
        (403, "SENDER_ID_MISMATCH") => {
            Reply::misconfigured(format!("{}: the app belongs to another project than fcm.service_account", said()))
        }
        (403, _) => Reply::misconfigured(format!("{}: may fcm.service_account send messages?", said())),
        (429, _) => Reply::Pause { after: retry_after.unwrap_or(QUOTA_PAUSE), why: said() },
        (500.., _) => match retry_after {
            Some(after) => Reply::Pause { after, why: said() },
            None => Reply::unwell(said()),
        },
        _ => Reply::refused(said()),
    })
}
