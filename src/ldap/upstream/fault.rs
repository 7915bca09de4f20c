//! How a server can fail us, split by what to do about it.

use std::io;
use std::sync::Arc;

use vestibule_engine::PortError;

use super::result::LdapResult;

/// The most of a server's own words that is kept for the log.
const WORDS_MAX: usize = 300;

/// Of a connection that many wait for, each of them is told the same.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Fault {
    /// Nothing was asked: another server can be asked instead.
    #[error("connect to the server")]
    Connect(#[source] Arc<io::Error>),
    /// The server does not offer StartTLS, or not now. Never a reason to go on unprotected (LDP-29).
    #[error("start TLS")]
    StartTls(#[source] Box<Self>),
    /// Asked, and the connection ended before an answer.
    #[error("the connection ended without an answer")]
    Disconnected,
    #[error("no answer in time")]
    TimedOut,
    /// What comes is not LDAP, so nothing that comes behind it can be understood either.
    #[error("the answer cannot be used: {0}")]
    Garbled(&'static str),
    /// One question was answered with what cannot be used, or is beyond a limit of ours. Others are answered as ever.
    #[error("the answer cannot be used: {0}")]
    Strange(&'static str),
    #[error("the server answers: {0}")]
    Answered(Words),
    /// The service account itself may not sign in. No other server is asked: that would lock it.
    #[error("the service account is refused: {0}")]
    Account(Words),
    /// Not sent, for a reason of ours.
    #[error("{0}")]
    NotAsked(&'static str),
    #[error("all connections to the server are in use")]
    Busy,
}

/// A server's result: the code and its own words, fit for a log.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(super) code: u32,
    text: String,
}

impl std::fmt::Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (code {})", self.text, self.code)
    }
}

impl Words {
    pub(super) fn of(result: &LdapResult) -> Self {
        let said: String = result.text.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        let meaning = match result.code {
            // LDP-30: what Active Directory says to unsigned plaintext.
            8 | 13 => "it demands a protected connection: use ldaps:// or start_tls",
            10 => "it refers to another server, where passwords are not sent",
            32 => "the entry does not exist",
            49 => "the name or password is wrong",
            50 => "access is denied",
            51 => "it is busy",
            52 => "it is unavailable",
            53 => "it is unwilling",
            _ => "it cannot",
        };
        let text = if said.is_empty() { meaning.to_owned() } else { format!("{meaning}: {said}") };
        Self { code: result.code, text }
    }
}

impl Fault {
    pub(super) fn connect(error: io::Error) -> Self {
        Self::Connect(Arc::new(error))
    }

    /// Whether a lookup is repeated at the next server: this one is down, says that it cannot now, or is asked too much.
    pub(super) fn may_ask_elsewhere(&self) -> bool {
        let cannot_now = matches!(self, Self::Answered(words) if matches!(words.code, 51 | 52 | 80));
        self.means_down() || cannot_now || matches!(self, Self::Busy)
    }

    /// Whether the server shall rest. One that answers, whatever it answers, is not down: one person's strange account
    /// must not close it for all.
    pub(super) fn means_down(&self) -> bool {
        match self {
            Self::Connect(_) | Self::StartTls(_) | Self::Disconnected | Self::TimedOut | Self::Garbled(_) => true,
            Self::Strange(_) | Self::Answered(_) | Self::Account(_) | Self::NotAsked(_) | Self::Busy => false,
        }
    }

    /// Whether it is what the server said to the question itself.
    pub(super) fn is_an_answer(&self) -> bool {
        matches!(self, Self::Answered(_) | Self::Strange(_))
    }

    /// Failed at once, at no cost for anybody: a connection that was refused.
    pub(super) fn is_quick(&self) -> bool {
        matches!(self, Self::Connect(error) if error.kind() == io::ErrorKind::ConnectionRefused)
    }

    /// What the engine is told: what we were doing, and why it did not work.
    pub(crate) fn into_port_error(self, doing: String) -> PortError {
        match self {
            Self::Busy => PortError::busy(doing),
            Self::Connect(_) | Self::StartTls(_) | Self::Disconnected | Self::TimedOut => {
                PortError::unreachable(doing, self)
            }
            Self::Garbled(_) | Self::Strange(_) | Self::Answered(_) | Self::Account(_) | Self::NotAsked(_) => {
                PortError::Unusable { doing, cause: Some(Box::new(self)) }
            }
        }
    }
}

/// An error and its causes in one line, for the log.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Wrappers of the standard library repeat what they wrap.
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
