//! What can go wrong between us and a database, split by what is done about it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use vestibule_engine::StoreError;

use crate::keyring::{KeyringError, Unopened};

/// Why, shared among all the changes that one failure hit.
#[derive(Debug, Clone)]
pub(crate) struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    pub(crate) fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self(Arc::new(Said(text.into())))
    }

    /// Whether another process held the file for too long.
    pub(crate) fn is_sqlite_busy(&self) -> bool {
        self.0
            .downcast_ref::<rusqlite::Error>()
            .and_then(rusqlite::Error::sqlite_error_code)
            .is_some_and(|code| matches!(code, rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Fault {
    /// Somebody else changed the same rows at the same time. The same change, tried again, sees what they did.
    #[error("{0}")]
    Clash(#[source] Cause),
    #[error("{0}")]
    Unavailable(#[source] Cause),
    /// The disk has no room.
    #[error("{0}")]
    Full(#[source] Cause),
    #[error("{0}")]
    Damaged(#[source] Cause),
    /// A write to the disk failed after it was handed over: nobody knows what is there now.
    #[error("{0}")]
    Unsure(#[source] Cause),
    #[error("{0}")]
    Refused(String),
}

impl Fault {
    pub(crate) fn damaged(text: impl Into<String>) -> Self {
        Self::Damaged(Cause::text(text))
    }

    pub(crate) fn unavailable(text: impl Into<String>) -> Self {
        Self::Unavailable(Cause::text(text))
    }

    pub(crate) fn refused<T>(text: impl Into<String>) -> Result<T, Self> {
        Err(Self::Refused(text.into()))
    }

    pub(crate) fn while_doing(self, doing: &str) -> StoreError {
        let doing = doing.to_owned();
        match self {
            Self::Clash(cause) | Self::Unavailable(cause) | Self::Full(cause) => {
                StoreError::Unavailable { doing, cause: Some(Box::new(cause)) }
            }
            Self::Damaged(cause) | Self::Unsure(cause) => StoreError::Damaged { doing, cause: Some(Box::new(cause)) },
            Self::Refused(why) => StoreError::Refused(why),
        }
    }
}

impl From<Unopened> for Fault {
    fn from(error: Unopened) -> Self {
        Self::Damaged(Cause::new(error))
    }
}

impl From<KeyringError> for Fault {
    fn from(error: KeyringError) -> Self {
        Self::Unavailable(Cause::new(error))
    }
}
