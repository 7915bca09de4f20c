//! What the log says of packets that were dropped: one line per cause, client and while, naming the likely cause.

use std::net::SocketAddr;
use std::time::Duration;

use vestibule_listen::Seldom;

/// Strangers can cause these lines, so there is one a minute.
const INTERVAL: Duration = Duration::from_secs(60);

/// The lines about one client.
#[derive(Debug)]
pub(crate) struct Notices {
    seldom: [Seldom; Cause::COUNT],
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause {
    Malformed,
    Unserved,
    WrongSignature,
    Unsigned,
    UnsignedProxied,
    Shed,
    OtherCredential,
    UnreadableName,
    UnreadablePassword,
    UnreadableAnswer,
    NotALogin,
    BadState,
    Fault,
    Oversized,
}

impl Cause {
    const COUNT: usize = Self::Oversized as usize + 1;

    fn sentence(self) -> &'static str {
        match self {
            Self::Malformed => "it is not a RADIUS packet, or damaged on the way",
            Self::Unserved => {
                "only Access-Request and Status-Server are served here; is this the accounting port of the client?"
            }
            Self::WrongSignature => {
                "its Message-Authenticator is wrong: most likely the shared secret differs on the two sides"
            }
            Self::Unsigned => {
                "it carries no Message-Authenticator: switch that on at the client, update it, or set \
                 require_message_authenticator for it"
            }
            Self::UnsignedProxied => {
                "it carries Proxy-State but no Message-Authenticator, which is how an acceptance is forged: make the proxy sign"
            }
            Self::Shed => "too many logins are open; see the limits of the radius section",
            Self::OtherCredential => {
                "it carries no plain User-Password: set the client to PAP; CHAP, MS-CHAP and EAP are not served by this primary login"
            }
            Self::UnreadableName => "its User-Name is missing, empty, not UTF-8, or holds control characters",
            Self::UnreadablePassword => {
                "its User-Password cannot be read: most likely the shared secret differs on the two sides"
            }
            Self::UnreadableAnswer => "its answer to a question is too long to be one, or not text",
            Self::NotALogin => {
                "it asks for authorization or by a hardware address only, which is not a login of a person"
            }
            Self::BadState => "its State is not one of ours: the client mixes up servers or answers an older question",
            Self::Fault => "something that is needed for it is broken",
            Self::Oversized => {
                "the answer is longer than the protocol can carry: fewer or shorter reply attributes are needed"
            }
        }
    }
}

impl Notices {
    pub(crate) fn new() -> Self {
        Self { seldom: std::array::from_fn(|_| Seldom::new(INTERVAL)) }
    }

    fn due(&self, cause: Cause) -> Option<u64> {
        self.seldom.get(cause as usize).and_then(Seldom::due)
    }

    /// A packet was dropped without an answer.
    pub(crate) fn dropped(&self, client: &str, source: SocketAddr, cause: Cause) {
        if let Some(held_back) = self.due(cause) {
            let why = cause.sentence();
            tracing::warn!(client, %source, held_back, "Dropped a RADIUS packet of client {client} at {source}: {why}");
        }
    }

    /// A request was refused before it became a login.
    pub(crate) fn refused(&self, client: &str, source: SocketAddr, cause: Cause) {
        if let Some(held_back) = self.due(cause) {
            let why = cause.sentence();
            tracing::warn!(client, %source, held_back, "Refused a RADIUS request of client {client} at {source}: {why}");
        }
    }

    /// A login could not be decided, or not be answered.
    pub(crate) fn failed(&self, client: &str, source: SocketAddr, cause: Cause, error: &dyn std::error::Error) {
        if let Some(held_back) = self.due(cause) {
            let why = cause.sentence();
            let error = chain(error);
            tracing::error!(client, %source, held_back, error, "Could not finish a login of client {client}: {why}");
        }
    }
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |cause| cause.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
