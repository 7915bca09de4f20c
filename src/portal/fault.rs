//! What goes wrong while a page is made, split by what the person can do. The guard turns it into a page in their
//! language; the cause goes to the log.

use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use vestibule_engine::{EngineError, PortError, StoreError};

use crate::pairing::PairingFault;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("decide a sign-in at the portal")]
    Engine(#[from] EngineError),
    #[error("read or write what the portal keeps")]
    Store(#[from] StoreError),
    #[error("prepare a factor")]
    Factor(#[from] PortError),
    #[error("pair a phone")]
    Pairing(#[from] PairingFault),
    #[error("draw a page")]
    Page(#[from] askama::Error),
    #[error("read or write a record of the portal")]
    Record(#[from] serde_json::Error),
    /// There is no such thing, or it is somebody else's: both look the same.
    #[error("nothing is there")]
    NotThere,
    /// Nobody is signed in, or not any more.
    #[error("nobody is signed in")]
    SignInFirst { was_away: bool },
    /// The second step is too long ago for this; afterwards the browser goes to this path.
    #[error("the second step is too long ago")]
    StepUpFirst { then: String },
    /// A recovery code is all that was given, which is too little to act in the console. The console says so.
    #[error("a recovery code is too little for this")]
    MoreThanARecoveryCodeFirst,
    /// A session that may enrol and nothing else.
    #[error("this session may only enrol")]
    EnrolFirst,
}

/// What a page is to say of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Trouble,
    NotThere,
    /// The form was not ours, or too old.
    Forged,
    TooLarge,
    TooSlow,
    MethodNotAllowed,
}

impl Told {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Trouble | Self::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotThere => StatusCode::NOT_FOUND,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// The sentences of its page.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Trouble | Self::TooSlow => "trouble",
            Self::NotThere | Self::MethodNotAllowed => "not-there",
            Self::Forged => "forged",
            Self::TooLarge => "too-large",
        }
    }
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The cause of a failure, on its way to the guard, which knows the reference.
#[derive(Clone)]
pub(crate) struct Cause(pub(crate) std::sync::Arc<Fault>);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::NotThere => Told::NotThere.into_response(),
            Self::SignInFirst { was_away: true } => Redirect::to("/sign-in?away=1").into_response(),
            Self::SignInFirst { was_away: false } => Redirect::to("/sign-in").into_response(),
            Self::StepUpFirst { then } => Redirect::to(&format!("/again?then={}", escaped(&then))).into_response(),
            Self::MoreThanARecoveryCodeFirst => Redirect::to("/console/remembered").into_response(),
            Self::EnrolFirst => Redirect::to("/devices").into_response(),
            fault => {
                let mut response = Told::Trouble.into_response();
                response.extensions_mut().insert(Cause(std::sync::Arc::new(fault)));
                response
            }
        }
    }
}

pub(crate) fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A path of ours that a link may lead back to; never another site.
pub(crate) fn own_path(path: &str) -> Option<String> {
    // A selection of all rows of a page of the console fits.
    const CHARS_MAX: usize = 6_000;
    let looks_right = path.len() <= CHARS_MAX
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|c| c.is_ascii_graphic() && c != b'\\');
    // Only what reads as a path and nothing more: no scheme, no host.
    (looks_right && path.parse::<Uri>().is_ok_and(|uri| uri.authority().is_none())).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_back_to_our_own_pages_only() {
        for fine in ["/", "/devices", "/devices/add/phone?x=1"] {
            assert_eq!(own_path(fine).as_deref(), Some(fine));
        }
        let long = format!("/{}", "a".repeat(6_000));
        for odd in ["", "devices", "//evil.example", "https://evil.example", "/\\evil.example", "/a b", "/\n", &long] {
            assert_eq!(own_path(odd), None, "{odd:?}");
        }
    }
}
