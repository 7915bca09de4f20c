//! What the three kinds of push service have in common, and what their answers mean.

use std::time::Duration;

use async_trait::async_trait;
use vestibule_engine::Timestamp;
use vestibule_factors::push::{PushAddress, Ring};

/// One kind of push service. It sends once; when to try again is the lane's business.
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    /// As an administrator calls it.
    fn name(&self) -> &'static str;

    /// Whether a device may register this address, or why not. The reason never repeats the address.
    fn accepts(&self, address: &PushAddress) -> Result<(), String>;

    /// The host that would be asked: what fails together, waits together.
    fn host(&self, address: &PushAddress) -> String;

    /// Ask once. Nobody needs the doorbell after `life`.
    async fn send(&self, ring: &Ring, life: Duration, patience: Duration) -> Reply;
}

/// What an answer of a push service (or none) means for the ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Taken,
    /// The address is known no more.
    Gone {
        as_of: Option<Timestamp>,
    },
    /// This device has to wait; other devices need not.
    Later {
        after: Option<Duration>,
        why: String,
    },
    /// Everybody who is rung through this host has to wait that long.
    Pause {
        after: Duration,
        why: String,
    },
    /// No answer, or one that says the service is ill.
    Unwell {
        why: String,
    },
    /// Refused for good.
    Refused {
        why: String,
    },
    /// An administrator has to act.
    Misconfigured {
        why: String,
    },
    /// We sent what nobody should send.
    Defect {
        why: String,
    },
}

impl Reply {
    pub(crate) fn unwell(why: impl Into<String>) -> Self {
        Self::Unwell { why: why.into() }
    }

    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }

    pub(crate) fn misconfigured(why: impl Into<String>) -> Self {
        Self::Misconfigured { why: why.into() }
    }

    pub(crate) fn defect(why: impl Into<String>) -> Self {
        Self::Defect { why: why.into() }
    }
}
