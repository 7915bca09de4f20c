//! What the engine asks of the world besides the store: the time, chance, and words for "it did not work".

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long from `earlier` to this moment; nothing when it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// The wall clock ran backwards, so codes and expiry times cannot be judged (OTP-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the wall clock was set back by {} s; codes are refused until it has caught up", .by.as_secs())]
pub struct ClockFault {
    pub by: Duration,
}

pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// Whether the wall clock can be believed: it has not gone back against the steady clock by more than a code step.
    fn sound(&self) -> Result<(), ClockFault> {
        Ok(())
    }
}

pub trait Random: Send + Sync {
    /// Fill with unpredictable octets. An implementation that cannot must say so; there is no second-best.
    fn fill(&self, octets: &mut [u8]) -> Result<(), PortError>;
}

/// Something outside the engine failed. The engine never reads it as an answer.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Nobody could be asked: connection refused, timed out, every server down.
    #[error("{doing}")]
    Unreachable {
        doing: String,
        #[source]
        cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// We were answered, but not in a way that can be relied on.
    #[error("{doing}")]
    Unusable {
        doing: String,
        #[source]
        cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// We are doing as much of this as we allow ourselves at once.
    #[error("{doing}")]
    Busy { doing: String },
}

impl PortError {
    pub fn unreachable(doing: impl Into<String>, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unreachable { doing: doing.into(), cause: Some(Box::new(cause)) }
    }

    pub fn unusable(doing: impl Into<String>) -> Self {
        Self::Unusable { doing: doing.into(), cause: None }
    }

    pub fn busy(doing: impl Into<String>) -> Self {
        Self::Busy { doing: doing.into() }
    }
}
